"""The case under judgement: evidence, anchors and two times. Checks read it; nothing writes it."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from certsvc.core.bundle import Bundle, Shared
from certsvc.core.chain import Anchor
from certsvc.core.claims import Target, entry_commitment, entry_digest, person_commitment
from certsvc.core.jose import Jws
from certsvc.core.logged import Logged
from certsvc.core.note import Note
from certsvc.verify.batch import Batch, Stated, batch_of, newest
from certsvc.verify.memory import once
from certsvc.verify.path import Path, path_of


@dataclass(frozen=True)
class DocumentFindings:
    """What a reader of files found about the carrier of the bundle (formats.md 7, PDF)."""

    kind: str
    """pdf | picture: only a pdf carries a signature of ours."""
    faults: tuple[str, ...] = ()
    signer: bytes | None = None
    """DER of the certificate in the PDF signature."""
    issuing_ca: bytes | None = None


@dataclass(frozen=True)
class Evidence:
    """Everything that was brought. `bundle` is parsed and unverified."""

    bundle: Bundle
    document: DocumentFindings | None = None
    registered: str | None = None
    """What the register says: the hash of the credential it holds under this number and version; "" when it holds
    another; None when no register was asked."""
    newer_status: Jws | None = None
    """A status list brought beside the bundle, or the newest that this verifier ever saw."""
    newer_trust: Jws | None = None
    """The same for the trust bundle."""
    newer_status_logged: Logged | None = None
    """Log proof of `newer_status`."""
    checkpoint: Note | None = None
    """A checkpoint of the log brought beside the bundle; unverified."""


Asked = tuple[tuple[Any, ...], tuple[Any, ...], Batch]
"""What decides the path and the rest of a batch, and the batch."""


@lru_cache(maxsize=1024)
def _last_asked(shared: Shared, target: Target) -> list[Asked]:
    """Where the batch is kept that was asked for last; empty at first."""
    return []


@dataclass(frozen=True)
class Case:
    """One verification: pure data in, outcomes out."""

    evidence: Evidence
    anchors: tuple[Anchor, ...]
    at: int
    """The time that is asked about, seconds since 1970 UTC."""
    now: int
    """The time at which is asked; freshness is judged by it."""
    max_age: int | None = None
    """Oldest acceptable status list in seconds; None: as long as the list says."""
    known: int | None = None
    """Only what had been declared by this time counts; None: all that is known now."""

    def as_known_at(self, known: int) -> "Case":
        """The same case with what was decided later left out."""
        return replace(self, known=known)

    @property
    def bundle(self) -> Bundle:
        return self.evidence.bundle

    @property
    def credential(self) -> dict[str, Any]:
        return self.bundle.credential.unverified_payload

    @property
    def target(self) -> Target:
        """The target of the entry that the credential was issued for."""
        return self.bundle.entries[-1].target

    @property
    def issued_at(self) -> int:
        return int(self.credential["nbf"])

    @once
    def batch(self) -> Batch:
        """The half of the evidence that other certificates share."""
        bundle, brought, printed = self.bundle, self.evidence, self.credential["certificate"]
        trust, approval = newest(bundle.trust, brought.newer_trust), printed["approval"]
        credential = self.credential
        # In the order of its members: this is done for each of ten thousand certificates.
        stated = Stated(
            credential["iss"], credential["issuer"]["id"], credential["issuer"]["name"],
            credential["evidence"][0]["id"] if credential["evidence"] else "",
            approval["org"], approval["number"], approval["date"], printed["award_date"], printed["track_word"],
            credential["validFrom"], printed["issue_date"], credential["awardedDate"],
            credential["status"]["status_list"]["uri"], len(bundle.entries),
        )  # fmt: skip
        beside = (
            ()
            if brought.newer_trust is None
            else (bundle.trust if trust is brought.newer_trust else brought.newer_trust,)
        )
        file = brought.document is not None and brought.document.kind == "pdf"
        logged = bundle.logged
        seen = (trust, self.anchors, self.known)
        rest = (
            bundle.credential.signatures[0].unverified_kid, self.issued_at, stated, bundle.corrections, bundle.events,
            bundle.status_list, brought.newer_status, beside, self.now, self.max_age, brought.registered is not None, file,
            None if logged is None else (logged.before, logged.proof.checkpoint),
            (bundle.status_logged, brought.newer_status_logged), brought.checkpoint,
        )  # fmt: skip
        # All that a batch is known by, so what equals the last one asked for is the same one: no need to look it up.
        last = _last_asked(bundle.shared, bundle.entries[-1].target)
        # Read once: other threads ask for other batches.
        found = last[0] if last else None
        if found is None or found[0] != seen or found[1] != rest:
            roots = tuple(anchor.der for anchor in self.anchors)
            path = path_of(bundle.shared, trust, roots, self.target, self.known)
            found = seen, rest, batch_of(path, *rest)
            last[:] = [found]
        return found[2]

    @once
    def path(self) -> Path:
        return self.batch.path

    @once
    def persons(self) -> tuple[str, ...]:
        """The person commitment of each version, recomputed."""
        return tuple(person_commitment(one.commitments) for one in self.bundle.entries)

    @once
    def commitments(self) -> tuple[str, ...]:
        """The entry commitment of each version, recomputed."""
        entries = zip(self.persons, self.bundle.entries, strict=True)
        return tuple(entry_commitment(person, one.target, one.salt) for person, one in entries)

    @once
    def entry_bytes(self) -> bytes:
        """The first half of this person's leaf on every roster."""
        first = self.bundle.entries[0]
        return entry_digest(self.persons[0], first.target, first.salt)
