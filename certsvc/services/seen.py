"""What a verifier has seen: the newest status list and trust bundle of each root, so that no older one ever counts.

A revocation that was known once is known for good (threats: a list is held back, or an old one is shown again). The
folder holds public documents only, one file each, replaced as a whole.
"""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

from certsvc.core.bundle import Bundle, parse_bundle
from certsvc.core.chain import Anchor, ChainFault, identify, key_in
from certsvc.core.errors import CertsvcError, Refused
from certsvc.services.beside import Update, proved, read_update, update_in
from certsvc.services.verify_evidence import Asked, Found, verify_offline
from certsvc.verify.path import jkt_of
from certsvc.verify.report import Report

#: A list dated further ahead than clocks differ is not kept; it would outlive every true one.
SKEW = 120


@dataclass(frozen=True)
class Seen:
    """The memory in one folder."""

    folder: Path

    def verify(self, found: Found, anchors: tuple[Anchor, ...], asked: Asked) -> Report:
        """As `verify_offline`, with the newest lists that were ever seen; what is newer and holds is kept.

        Raises Refused for a memory that is damaged: what it knew may have been a revocation.
        """
        try:
            bundle = None if found.bundle is None else parse_bundle(found.bundle)
        except CertsvcError:
            bundle = None
        root = None if bundle is None else _root_above(bundle, anchors)
        if bundle is None or root is None:
            return verify_offline(found, anchors, asked)
        status, trust = (self._newest(bundle, (root, anchors), one) for one in self._brought(bundle, asked))
        asked = replace(asked, newer_status=status.write(), newer_trust=trust.write())
        report = verify_offline(found, anchors, asked)
        for one in (status, trust):
            if all(proved(report, document) for document in one.documents):
                self._keep(root, one, asked.now)
        return report

    @staticmethod
    def _brought(bundle: Bundle, asked: Asked) -> tuple[Update, Update]:
        """The newest list, and the newest trust bundle, each alone with what its key needs."""
        brought = [update_in(bundle), *(read_update(one) for one in (asked.newer_status, asked.newer_trust) if one)]
        lists = [replace(one, trust=None) for one in brought if one.status is not None]
        trusts = [replace(one, status=None, logged=None) for one in brought if one.trust is not None]
        return max(lists, key=_time), max(trusts, key=_time)

    def _newest(self, bundle: Bundle, roots: tuple[bytes, tuple[Anchor, ...]], brought: Update) -> Update:
        """What was brought or what is kept, whichever is newer. Raises Refused for a file that is damaged."""
        root, anchors = roots
        # Until 0.1 one file was kept for all the roots that were pinned together.
        together = b"".join(anchor.der for anchor in anchors)
        files = {self._file(above, brought) for above in (root, together)}
        return max([brought, *(_read(file, bundle) for file in sorted(files) if file.is_file())], key=_time)

    def _keep(self, root: bytes, one: Update, now: int) -> None:
        if _time(one) > now + SKEW:
            return
        path = self._file(root, one)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_bytes(one.write())
        draft.replace(path)

    def _file(self, above: bytes, update: Update) -> Path:
        """One file for each kind, root and address of a list."""
        (document,) = update.documents
        what = document.unverified_payload.get("sub", "") + document.typ
        return self.folder / f"{hashlib.sha256(above + what.encode()).hexdigest()}.jwt"


def _root_above(bundle: Bundle, anchors: tuple[Anchor, ...]) -> bytes | None:
    """DER of the root above the key that the certificate names; None where none that is held stands there."""
    kid = bundle.credential.signatures[0].unverified_kid
    named = [der for der in bundle.certs if jkt_of(der) == kid]
    try:
        return identify(named[0], bundle.certs, tuple(anchor.der for anchor in anchors)).root if named else None
    except ChainFault:
        return None


def _read(file: Path, bundle: Bundle) -> Update:
    """The memory in one file. Raises Refused where it is cut short, or its signature does not hold any more."""
    try:
        kept = read_update(file.read_bytes())
        (document,) = kept.documents
        signed = document.signatures[0].unverified_kid
        keys = [key_in(der) for der in (*kept.certs, *bundle.certs) if jkt_of(der) == signed]
        whole = not keys or document.signed_by(keys[0])
    except (CertsvcError, ValueError, OSError):
        whole = False
    if not whole:
        zh, en = f"见过的状态表已损坏:{file}", f"What was seen is damaged: {file}"
        hint = f"删除该文件并带上最新状态表 · rm {file}; certsvc verify … --status LIST --seen {file.parent}"
        raise Refused("seen_damaged", zh, en, hint)
    return kept


def _time(one: Update) -> int:
    """Of its one document. Raises ValueError when it has none, or both."""
    (document,) = one.documents
    return int(document.unverified_payload["iat"])
