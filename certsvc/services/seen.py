"""What a verifier has seen: the newest status list and trust bundle of each root, so that no older one ever counts.

A revocation that was known once is known for good (threats: a list is held back, or an old one is shown again). The
folder holds public documents only, one file each, replaced as a whole.
"""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

from certsvc.core.bundle import Bundle, parse_bundle
from certsvc.core.chain import Anchor
from certsvc.core.errors import CertsvcError
from certsvc.services.beside import Update, proved, read_update, update_in
from certsvc.services.verify_evidence import Asked, Found, verify_offline
from certsvc.verify.report import Report

#: A list dated further ahead than clocks differ is not kept; it would outlive every true one.
SKEW = 120


@dataclass(frozen=True)
class Seen:
    """The memory in one folder."""

    folder: Path

    def verify(self, found: Found, anchors: tuple[Anchor, ...], asked: Asked) -> Report:
        """As `verify_offline`, with the newest lists that were ever seen; what is newer and holds is kept."""
        try:
            bundle = None if found.bundle is None else parse_bundle(found.bundle)
        except CertsvcError:
            bundle = None
        if bundle is None:
            return verify_offline(found, anchors, asked)
        status, trust = self._brought(bundle, asked)
        status, trust = self._newest(anchors, status), self._newest(anchors, trust)
        asked = replace(asked, newer_status=status.write(), newer_trust=trust.write())
        report = verify_offline(found, anchors, asked)
        for one in (status, trust):
            if all(proved(report, document) for document in one.documents):
                self._keep(anchors, one, asked.now)
        return report

    @staticmethod
    def _brought(bundle: Bundle, asked: Asked) -> tuple[Update, Update]:
        """The newest list, and the newest trust bundle, each alone with what its key needs."""
        brought = [update_in(bundle), *(read_update(one) for one in (asked.newer_status, asked.newer_trust) if one)]
        lists = [replace(one, trust=None) for one in brought if one.status is not None]
        trusts = [replace(one, status=None, logged=None) for one in brought if one.trust is not None]
        return max(lists, key=_time), max(trusts, key=_time)

    def _newest(self, anchors: tuple[Anchor, ...], brought: Update) -> Update:
        path = self._file(anchors, brought)
        try:
            kept = read_update(path.read_bytes()) if path.is_file() else brought
            return max(brought, kept, key=_time)
        except (CertsvcError, ValueError):
            # A damaged memory is no memory; the document at hand is judged as it is.
            return brought

    def _keep(self, anchors: tuple[Anchor, ...], one: Update, now: int) -> None:
        if _time(one) > now + SKEW:
            return
        path = self._file(anchors, one)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_bytes(one.write())
        draft.replace(path)

    def _file(self, anchors: tuple[Anchor, ...], update: Update) -> Path:
        """One file for each kind, root and address of a list."""
        (document,) = update.documents
        what = document.unverified_payload.get("sub", "") + document.typ
        name = hashlib.sha256(b"".join(anchor.der for anchor in anchors) + what.encode()).hexdigest()
        return self.folder / f"{name}.jwt"


def _time(one: Update) -> int:
    """Of its one document. Raises ValueError when it has none, or both."""
    (document,) = one.documents
    return int(document.unverified_payload["iat"])
