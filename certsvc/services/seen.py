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
from certsvc.core.encoding import canonical
from certsvc.core.errors import CertsvcError
from certsvc.core.jose import Jws, parse_document
from certsvc.core.logged import Logged, logged_json
from certsvc.services.verify_evidence import Asked, Found, read_status, verify_offline
from certsvc.verify.report import Report

#: A list dated further ahead than clocks differ is not kept; it would outlive every true one.
SKEW = 120


@dataclass(frozen=True)
class _List:
    """A status list, with the proof that its snapshot was logged if there is one, or a trust bundle."""

    document: Jws
    logged: Logged | None = None

    @property
    def time(self) -> int:
        return int(self.document.unverified_payload["iat"])

    @property
    def body(self) -> bytes:
        """As `read_status` reads it."""
        if self.logged is None:
            return self.document.body
        return canonical({"list": self.document.body.decode(), "log": logged_json(self.logged)})


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
        lists = [self._newest(anchors, one) for one in self._brought(bundle, asked)]
        asked = replace(asked, newer_status=lists[0].body, newer_trust=lists[1].body)
        report = verify_offline(found, anchors, asked)
        for one in lists:
            if _proved(report, one.document):
                self._keep(anchors, one, asked.now)
        return report

    @staticmethod
    def _brought(bundle: Bundle, asked: Asked) -> tuple[_List, _List]:
        status = _List(bundle.status_list, bundle.status_logged)
        if asked.newer_status is not None:
            status = max(status, _List(*read_status(asked.newer_status)), key=_time)
        return status, _List(bundle.trust)

    def _newest(self, anchors: tuple[Anchor, ...], brought: _List) -> _List:
        path = self._file(anchors, brought.document)
        try:
            kept = _read(path.read_bytes(), brought.document.typ) if path.is_file() else brought
        except CertsvcError:
            # A damaged memory is no memory; the document at hand is judged as it is.
            return brought
        return max(brought, kept, key=_time)

    def _keep(self, anchors: tuple[Anchor, ...], one: _List, now: int) -> None:
        if one.time > now + SKEW:
            return
        path = self._file(anchors, one.document)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_bytes(one.body)
        draft.replace(path)

    def _file(self, anchors: tuple[Anchor, ...], document: Jws) -> Path:
        """One file for each kind, root and address of a list."""
        what = document.unverified_payload.get("sub", "") + document.typ
        name = hashlib.sha256(b"".join(anchor.der for anchor in anchors) + what.encode()).hexdigest()
        return self.folder / f"{name}.jwt"


def _proved(report: Report, document: Jws) -> bool:
    """Whether the list itself was proved, whatever became of the certificate: signature, key, and right to sign it."""
    about = [row for row in report.rows if row.evidence == document.sha256]
    if document.typ == "statuslist+jwt":
        about += [row for row in report.rows if row.id == "status_key_granted"]
    return {"integrity", "chain", "authority"} <= {row.family for row in about if row.outcome == "pass"} and all(
        row.outcome == "pass" for row in about
    )


def _read(body: bytes, typ: str) -> _List:
    return _List(*read_status(body)) if typ == "statuslist+jwt" else _List(parse_document(body, typ))


def _time(one: _List) -> int:
    return one.time
