"""The case under judgement: evidence, anchors and two times. Checks read it; nothing writes it."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from certsvc.core.bundle import Bundle, Shared
from certsvc.core.chain import Anchor
from certsvc.core.claims import Target, entry_commitment, entry_digest, person_commitment
from certsvc.core.jose import Jws
from certsvc.core.logged import Logged
from certsvc.core.memory import once
from certsvc.core.note import Note
from certsvc.core.titles import NO_TITLES, TitleCatalogue
from certsvc.verify.batch import Batch, batch_of, newest, stated_by
from certsvc.verify.path import Path, kids_of, path_of


@dataclass(frozen=True)
class DocumentFindings:
    """What a reader of files found about the carrier of the bundle (formats.md 7, PDF)."""

    kind: str
    """pdf | picture: only a pdf carries a signature of ours."""
    faults: tuple[str, ...] = ()
    signer: bytes | None = None
    """DER of the certificate in the PDF signature."""
    issuing_ca: bytes | None = None
    registered: bool | None = None
    """Whether the register made this very signature; None when no register was asked."""


@dataclass(frozen=True)
class Evidence:
    """Everything that was brought. `bundle` is parsed and unverified."""

    bundle: Bundle
    document: DocumentFindings | None = None
    registered: str | None = None
    """What the register says: the hash of the credential it holds under this number and version; "" when it holds
    another; None when no register was asked."""
    annulled: Jws | None = None
    """The decision that revoked a later version from the beginning, or from a day before that version was issued, as the
    register holds it; None without one."""
    newer_status: Jws | None = None
    """A status list brought beside the bundle, or the newest that this verifier ever saw."""
    newer_trust: Jws | None = None
    """The same for the trust bundle."""
    newer_status_logged: Logged | None = None
    """Log proof of `newer_status`."""
    checkpoint: Note | None = None
    """A checkpoint of the log brought beside the bundle; unverified."""


@lru_cache(maxsize=1024)
def _last_asked(shared: Shared, target: Target) -> list[tuple[tuple[Any, ...], Batch]]:
    """Where the batch is kept that was asked for last, with all that decides which it is; empty at first."""
    return []


@dataclass(eq=False)
class Case:
    """One verification: pure data in, outcomes out. Not frozen, since a million are made; nothing writes it all the same."""

    evidence: Evidence
    anchors: tuple[Anchor, ...]
    at: int
    """The time that is asked about, seconds since 1970 UTC."""
    now: int
    """The time at which is asked; freshness is judged by it, but of a list that was signed at `known` or later."""
    max_age: int | None = None
    """Oldest acceptable status list in seconds; None: as long as the list says."""
    known: int | None = None
    """Only what had been declared by this time counts; None: all that is known now."""
    titles: TitleCatalogue = NO_TITLES
    """The catalogue of titles that the verifier holds, as it holds roots."""

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
    def issued_at(self) -> int:
        return int(self.credential["nbf"])

    @once
    def batch(self) -> Batch:
        """The half of the evidence that other certificates share."""
        bundle, told = self.bundle, self._told()
        # What says the same as the last one that was asked for is the same batch: no need to look it up.
        last = _last_asked(bundle.shared, bundle.entries[-1].target)
        # Read once: other threads ask for other batches.
        found = last[0] if last else None
        if found is None or found[0] != told:
            found = told, self._batch()
            last[:] = [found]
        return found[1]

    def _told(self) -> tuple[Any, ...]:
        """All that a batch is known by beside what its certificates share in the path."""
        bundle, brought, credential = self.bundle, self.evidence, self.credential
        printed, logged = credential["certificate"], bundle.logged
        # In the order of its members: this is done for each of ten thousand certificates.
        return (
            self.anchors, self.known, self.now, self.max_age, bundle.credential.signatures[0].unverified_kid,
            credential["nbf"], credential["iss"], credential["issuer"], credential["evidence"], printed["approval"],
            printed["award_date"], printed["track_word"], printed["committee"], credential["validFrom"],
            printed["issue_date"], credential["awardedDate"], credential["status"]["status_list"]["uri"], printed["version"],
            len(bundle.entries), bundle.corrections, bundle.events, bundle.status_list, bundle.status_logged,
            logged and logged.before, logged and logged.proof.checkpoint, brought.newer_trust, brought.newer_status, brought.newer_status_logged,
            brought.checkpoint, brought.registered is not None, brought.document,
        )  # fmt: skip

    def _batch(self) -> Batch:
        bundle, brought, credential = self.bundle, self.evidence, self.credential
        trust, logged = newest(bundle.trust, brought.newer_trust), bundle.logged
        path = path_of(
            bundle.shared, trust, tuple(anchor.der for anchor in self.anchors), bundle.entries[-1].target, self.known,
            self._kids_beside(),
        )  # fmt: skip
        older = bundle.trust if trust is brought.newer_trust else brought.newer_trust
        return batch_of(
            path,
            bundle.credential.signatures[0].unverified_kid,
            self.issued_at,
            stated_by(credential, len(bundle.entries)),
            bundle.corrections,
            bundle.events,
            bundle.status_list,
            brought.newer_status,
            () if brought.newer_trust is None or older is None else (older,),
            self.now,
            self.max_age,
            brought.registered is not None,
            brought.document is not None and brought.document.kind == "pdf",
            None if logged is None else (logged.before, logged.proof.checkpoint),
            (bundle.status_logged, brought.newer_status_logged),
            brought.checkpoint,
        )

    def _kids_beside(self) -> frozenset[str]:
        """The keys that signatures beside the path name: of the certificate, lifecycle acts, status lists, trust bundles."""
        bundle, brought = self.bundle, self.evidence
        acts = [act for event in (*bundle.corrections, *bundle.events) for act in (event.propose, event.decide)]
        lists = (bundle.status_list, brought.newer_status, bundle.trust, brought.newer_trust)
        return kids_of([bundle.credential, *acts, *(one for one in lists if one is not None)])

    @once
    def shown(self) -> dict[int, bool]:
        """Place on the path -> whether the entry stands on the list there, where that was asked."""
        return {}

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
