"""The batch (批): what certificates share that were issued together, beside their path. Judged once, like the path.

Issuer, head act, quoted approval, status list and the time of asking are the same for all of them; the person, the
number and the slot are not, and cannot be seen from here.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import takewhile
from typing import Any, NamedTuple

from certsvc.core.bundle import Event
from certsvc.core.chain import Identity
from certsvc.core.jose import Jws
from certsvc.core.logged import Logged, Span
from certsvc.core.memory import Remembers
from certsvc.core.note import Note
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.path import BY_SIGNATURES, Path, time_of
from certsvc.verify.trusted import Expected, Place, When, Word, decision_entry, list_entry, outcome_of, raised


class Stated(NamedTuple):
    """What every certificate of the batch says in the same words."""

    iss: str
    issuer_id: str
    issuer_name: str
    head: str
    """Address of the act that it stands on."""
    approval_org: str
    approval_number: str
    approval_date: str
    award_date: str
    track_word: str
    committee: str
    valid_from: str
    issue_date: str
    awarded_date: str
    list_uri: str
    versions: int
    """Entries at hand: one more than corrections."""
    version: int
    """Which of them the certificate says that it is."""


def stated_by(credential: dict[str, Any], versions: int) -> Stated:
    """What a certificate says that its batch says with it."""
    printed, evidence = credential["certificate"], credential["evidence"]
    approval = printed["approval"]
    return Stated(
        iss=credential["iss"],
        issuer_id=credential["issuer"]["id"],
        issuer_name=credential["issuer"]["name"],
        head=evidence[0]["id"] if evidence else "",
        approval_org=approval["org"],
        approval_number=approval["number"],
        approval_date=approval["date"],
        award_date=printed["award_date"],
        track_word=printed["track_word"],
        committee=printed["committee"],
        valid_from=credential["validFrom"],
        issue_date=printed["issue_date"],
        awarded_date=credential["awardedDate"],
        list_uri=credential["status"]["status_list"]["uri"],
        versions=versions,
        version=printed["version"],
    )


@dataclass(frozen=True, eq=False)
class Batch(Remembers):
    """The shared half of a case, seen at one time."""

    path: Path
    kid: str
    """Names the key that signed the certificate; unverified."""
    issued_at: int
    stated: Stated
    corrections: tuple[Event, ...]
    events: tuple[Event, ...]
    status_carried: Jws
    status_brought: Jws | None
    trust_beside: tuple[Jws, ...]
    """Trust bundles beside the path's, which is the newest."""
    now: int
    max_age: int | None
    register: bool
    """Whether a register was asked."""
    file: bool
    """Whether the evidence came in a file that bears a signature."""
    logged_between: tuple[bytes | None, bytes] | None = None
    """Notes of the last checkpoint without the certificate and the first with it; None where it came without proof."""
    lists_logged: tuple[Logged | None, Logged | None] = (None, None)
    """Log proofs of the two status lists."""
    checkpoint: Note | None = None
    """A checkpoint brought beside the bundle."""

    @cached_property
    def status_list(self) -> Jws:
        """The newest list at hand."""
        return newest(self.status_carried, self.status_brought)

    @cached_property
    def lifecycle_acts(self) -> tuple[Jws, ...]:
        """Proposal and decision of every correction and event at hand."""
        return _halves((*self.corrections, *self.events))

    @cached_property
    def heard(self) -> tuple[Event, ...]:
        """The events up to the first of which a key is not at hand: what nobody at hand signed may be anybody's, and what
        follows on it as well."""
        return tuple(takewhile(lambda one: self.path.heard(one.propose) and self.path.heard(one.decide), self.events))

    @cached_property
    def counted(self) -> tuple[Event, ...]:
        """Of the events heard those that were decided by the time whose knowledge is asked for."""
        known = self.path.known
        return self.heard if known is None else tuple(e for e in self.heard if time_of(e.decide) <= known)

    def tells_of_then(self, signed_at: int) -> bool:
        """Whether a list signed then tells all that was known at the time whose knowledge is asked for, however old it is."""
        return self.path.known is not None and signed_at >= self.path.known

    @cached_property
    def counted_acts(self) -> tuple[Jws, ...]:
        return _halves((*self.corrections, *self.counted))

    @cached_property
    def lists(self) -> tuple[Jws, ...]:
        """Status lists, and trust bundles beside the path's own."""
        brought = () if self.status_brought is None else (self.status_brought,)
        return (self.status_carried, *brought, *self.trust_beside)

    @cached_property
    def issuer(self) -> Identity:
        """Who signed the certificate. Raises as `Path.signer`."""
        return self.path.certified(self.kid, "vc+jwt", 0, self.when)

    @cached_property
    def logged(self) -> Mapping[str, tuple[Logged | None, Expected]]:
        """Hash -> log proof and entry of each decision and each status list at hand."""
        lists = zip((self.status_carried, self.status_brought), self.lists_logged, strict=True)
        found = {one.sha256: (logged, list_entry(one)) for one, logged in lists if one is not None}
        events = (*self.corrections, *self.events)
        return found | {event.decide.sha256: (event.logged, decision_entry(event.decide)) for event in events}

    def place(self, document: Jws) -> Place:
        """Where a decision or a status list stands in the log. Raises as `LogView.placed`; remembered."""
        asked = self.remember(
            ("place", document.sha256),
            lambda _: outcome_of(lambda: self.path.log.placed(*self.logged[document.sha256])),
        )
        return raised(asked)

    def when_of(self, document: Jws) -> When:
        """When a lifecycle act or a list was signed: a proposal not after its decision, which names it."""
        events = (*self.corrections, *self.events)
        named = next((event.decide for event in events if event.propose is document), document)
        if named.sha256 not in self.logged:
            return self.path.when(document)
        return self.path.log.dated(document, lambda: self.place(named))

    def word_of(self, document: Jws) -> Word | None:
        """What a proposal says itself of its time, where the place of its decision dates it; None for all else."""
        when = self.when_of(document)
        proposed = any(event.propose is document for event in (*self.corrections, *self.events))
        if not proposed or when.last_index is None:
            return None
        return Word(when.stated, when.stated, when.stated, when.last_index)

    @contextmanager
    def doubting(self, act: Jws) -> Iterator[None]:
        """As `Path.unproved` of a decision: a signature that it lacks accuses nobody where only the log could tell that it
        was never made, and its proof is not at hand. Nothing but the certificate names one, if it is its last correction."""
        try:
            yield
        except Fault as fault:
            decision = act.sha256 in self.logged and self.stated.head.rpartition(":")[2] != act.sha256
            if fault.code in BY_SIGNATURES and self.path.strict and decision and self.logged[act.sha256][0] is None:
                raise Unknown("log_proof_missing") from fault
            raise

    @property
    def log_asked(self) -> bool:
        """Whether the certificate's place in the log is asked: where one is required, or comes with a proof."""
        return self.path.strict or self.logged_between is not None

    @cached_property
    def span(self) -> Span:
        """The two checkpoints between which the certificates were logged. Raises as `LogView.span`, or `missing`."""
        log, (before, having) = self.path.log, self.logged_between or (None, None)
        if having is None or (log.strict and before is None):
            raise log.missing()
        return log.span(before, having)

    @cached_property
    def when(self) -> When:
        """When the certificates of the batch were signed, in the worst case."""
        return self.path.log.dated_within(self.issued_at, lambda: self.span)


def _halves(events: tuple[Event, ...]) -> tuple[Jws, ...]:
    return tuple(act for event in events for act in (event.propose, event.decide))


#: The batch of these values: always the same one, with all that was found out about it.
batch_of = lru_cache(maxsize=512)(Batch)


def newest(carried: Jws, brought: Jws | None) -> Jws:
    """The later of two documents of one kind."""
    later = brought is not None and brought.unverified_payload["iat"] > carried.unverified_payload["iat"]
    return brought if later and brought is not None else carried
