"""When a document was made, as far as it is proved (formats.md 6): by the log, between two checkpoints that witnesses saw,
or only by the document's own word.

Under a root that requires a log (`strict`) the log's time is trusted, and what the document says must fit it. Under any
other root the document's word is taken, and a log proof that comes along is checked for what it shows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple, TypeVar

from certsvc.core.bundle import Shared
from certsvc.core.encoding import digest
from certsvc.core.errors import Malformed
from certsvc.core.jose import Jws
from certsvc.core.leaves import act_tags, commitment, parse_leaf
from certsvc.core.logged import Logged, LogKeys, Span, check_stands, log_keys, span_between
from certsvc.core.memory import Remembers
from certsvc.core.outcomes import Fault, NotRun, Unknown

T = TypeVar("T")

#: What was signed is logged within a day, and clocks differ by two minutes at most (docs/format.md 6.2).
LAG, SKEW = 86_400, 120
#: What a checkpoint lacks, rather than what is false about it.
UNBELIEVED = ("witness_quorum", "log_key_ended")
#: Which signature of an act is the organisation's seal (formats.md 1).
_SEAL = 1


class When(NamedTuple):
    """When a document was made; seconds since 1970 UTC, all three the same unless the log says it."""

    stated: int
    earliest: int
    latest: int
    last_index: int | None = None
    """The highest place in the log that it can have; None unless its place is proved."""


class Word(When):
    """What a document says itself, `stated` three times, beside a place that something else proves for it: all ends are
    judged by its word, and a theft by the place (docs/decisions/0037)."""


@dataclass(frozen=True)
class Place:
    """Where a document stands in the log."""

    index: int
    span: Span


@dataclass(frozen=True, eq=False)
class LogView(Remembers):
    """What the evidence of a path shows about the log."""

    shared: Shared
    trust: Jws | None
    """The newest trust bundle at hand; None where nobody at hand signed it."""
    carried: Jws | None
    """The trust bundle of the evidence, likewise."""
    strict: bool

    @cached_property
    def keys(self) -> LogKeys:
        """Raises Unknown for a trust bundle that names none, or under a strict root no witnesses, or that nobody signed."""
        if self.trust is None:
            raise Unknown("key_unknown", typ="trust+jwt")
        trust = self.trust.unverified_payload
        if not trust["log_vkeys"] or (self.strict and trust["witness_policy"] is None):
            raise Unknown("log_key_unknown")
        return _keys_named(self.trust, self.carried)

    @cached_property
    def _logged(self) -> Mapping[str, Logged | None]:
        shared = self.shared
        pairs = (
            *zip(shared.acts, shared.acts_logged, strict=False),
            *zip(shared.grants, shared.grants_logged, strict=False),
        )
        return {document.sha256: logged for document, logged in pairs}

    def has_proof(self, document: Jws) -> bool:
        return self._logged.get(document.sha256) is not None

    def place(self, document: Jws) -> Place:
        """Where an act or a grant of the path stands. Raises as `placed`; remembered, whatever it is."""
        return raised(self.remember(("place", document.sha256), lambda _: outcome_of(lambda: self._place(document))))

    def _place(self, document: Jws) -> Place:
        # A grant counts from its place on, so nothing has to say that it was not there before.
        late = document.typ == "grant+jwt"
        expected = EXPECTED[document.typ](document)
        after = None if late else partial(self._check_tag, document)
        return self.placed(self._logged.get(document.sha256), expected, after, late)

    def _check_tag(self, act: Jws, leaf: Mapping[str, Any]) -> None:
        """Returns if the act's entry has the once-tag that the act before it on the path makes, or there is none before."""
        place, payload = self.shared.places[act.sha256], act.unverified_payload
        before = self.shared.acts[place - 1] if place else None
        if before is None or before.sha256 not in payload["prev"]:
            return
        logged = self._logged.get(before.sha256)
        if logged is None or logged.proof.extra is None:
            raise self.missing()
        if act_tags([logged.proof.extra], payload["act"], payload["part"])[0] not in leaf["u"]:
            # The salt of an entry that is about another act, or stands in no log, may be anybody's and accuses nobody.
            opened = outcome_of(lambda: self._check_opened(logged, before)) is None
            raise Fault("once_tag") if opened else self.missing()

    def _check_opened(self, logged: Logged, act: Jws) -> None:
        """Returns if the salt opens the commitment of an entry of the log to the act."""
        if parse_leaf(logged.entry).get("c") != commitment(act.body, logged.proof.extra or b""):
            raise Fault("commit_mismatch", member="c")
        check_stands(logged, self.span(logged.before, logged.proof.checkpoint))

    def placed(
        self,
        logged: Logged | None,
        expected: "Expected",
        after: Callable[[Mapping[str, Any]], None] | None = None,
        late: bool = False,
    ) -> Place:
        """The place that `logged` proves for a document whose entry has the members `expected(salt)`.

        `after` checks the once-tags of an entry that stands in the log. `late`: no earlier checkpoint is needed.
        What is there is compared before it is said what is missing (docs/decisions/0027).

        Raises Fault commit_mismatch, once_tag, inclusion_bad, checkpoint_bad; Unknown log_proof_missing,
        log_key_unknown, log_key_ended, witness_quorum; NotRun where there is no proof and none is required.
        """
        if logged is None:
            raise self.missing()
        leaf = check_entry(logged, expected)
        if self.strict and logged.before is None and not late:
            raise self.missing()
        span = self.span(logged.before, logged.proof.checkpoint)
        check_stands(logged, span)
        if after is not None:
            after(leaf)
        return Place(logged.proof.index, span)

    def span(self, before: bytes | None, having: bytes) -> Span:
        """As `span_between`; that nobody can believe a checkpoint proves nothing against anybody."""
        try:
            return span_between(before, having, self.keys)
        except Fault as fault:
            if fault.code in UNBELIEVED:
                raise Unknown(fault.code, **fault.about.figures) from fault
            raise

    def missing(self) -> Exception:
        return Unknown("log_proof_missing") if self.strict else NotRun("log_not_required")

    def when(self, document: Jws) -> When:
        """When an act or a grant was signed; of any other document its own word. Never raises."""
        return self.remember(("when", document.sha256), lambda _: self._when(document))

    def _when(self, document: Jws) -> When:
        if document.sha256 not in self._logged:
            return by_its_word(document)
        return self.dated(document, lambda: self.place(document))

    def dated(self, document: Jws, place: Callable[[], Place]) -> When:
        """When a document was signed that stands at `place`; its own word where that cannot be told. Never raises."""
        found = outcome_of(place) if self.strict else None
        # The log family says what is wrong with a proof that does not hold.
        return (
            _within(found.span, time_of(document), found.index) if isinstance(found, Place) else by_its_word(document)
        )

    def dated_within(self, stated: int, span: Callable[[], Span]) -> When:
        """The same for everything between two checkpoints, in the worst case."""
        found = outcome_of(span) if self.strict else None
        return (
            _within(found, stated, found.having.size - 1) if isinstance(found, Span) else When(stated, stated, stated)
        )


@lru_cache(maxsize=64)
def _keys_named(trust: Jws, carried: Jws | None) -> LogKeys:
    """Always the same object for the same documents: what was verified under it is known by it."""
    return log_keys(trust.unverified_payload, None if carried is None else carried.unverified_payload)


def _within(span: Span, stated: int, index: int) -> When:
    time = span.time
    return When(stated, stated, stated, index) if time is None else When(stated, time.earliest, time.after, index)


def check_entry(logged: Logged, expected: "Expected") -> dict[str, Any]:
    """The members of an entry that is about the document: each but the once-tags as expected. Raises Fault commit_mismatch."""
    try:
        leaf = parse_leaf(logged.entry)
    except Malformed as error:
        raise Fault("commit_mismatch", member="entry") from error
    # A salt opens a commitment; beside a public entry it would be bytes that nobody signed and that may be anything.
    if (logged.proof.extra is None) == ("c" in leaf):
        raise Fault("commit_mismatch", member="salt")
    wanted = {"v": 1, **expected(logged.proof.extra or b"")}
    wrong = [name for name in sorted((wanted.keys() | leaf.keys()) - {"u"}) if leaf.get(name) != wanted.get(name)]
    if wrong:
        raise Fault("commit_mismatch", member=wrong[0])
    return leaf


#: salt -> the members of the entry beside `v` and the once-tags.
Expected = Callable[[bytes], dict[str, Any]]


def act_entry(document: Jws) -> Expected:
    """Of an act on a path; of a certificate likewise, by its one signature."""
    seal = document.signatures[min(_SEAL, len(document.signatures) - 1)].unverified_kid
    return lambda salt: {"k": "act", "o": seal, "c": commitment(document.body, salt)}


def decision_entry(document: Jws) -> Expected:
    """Of a decided lifecycle act: it moves one slot of one list to one value, once."""
    payload, act = document.unverified_payload, act_entry(document)
    slot = {"l": payload["slot"]["uri"], "i": payload["slot"]["idx"], "s": payload["value"], "q": payload["q"]}
    return lambda salt: {**act(salt), "k": "status", **slot}


def list_entry(document: Jws) -> Expected:
    payload = document.unverified_payload
    return lambda _: {"k": "snapshot", "l": payload["sub"], "n": payload["n"], "d": digest(document.body)}


def _grant_entry(document: Jws) -> Expected:
    return lambda _: {"k": "grant", "d": digest(document.body)}


#: typ of what a path logs -> its entry.
EXPECTED: dict[str, Callable[[Jws], Expected]] = {"act+jwt": act_entry, "grant+jwt": _grant_entry}


def time_of(document: Jws) -> int:
    """The time that a document states: its own word, proved by nobody (formats.md 6, asserted)."""
    payload = document.unverified_payload
    return int(payload["iat"] if "iat" in payload else payload["nbf"])


def by_its_word(document: Jws) -> When:
    stated = time_of(document)
    return When(stated, stated, stated)


def outcome_of(ask: Callable[[], T]) -> T | Exception:
    """What `ask` gives, or the reason why it gives nothing, which can be remembered as well."""
    try:
        return ask()
    except (Fault, Unknown, NotRun, Malformed) as refused:
        return refused


def raised(found: T | Exception) -> T:
    """What `outcome_of` found. Raises the reason why it found nothing."""
    if isinstance(found, Exception):
        # It is raised many times, and must not keep the frames of each: they hold the case that was asked about.
        raise found.with_traceback(None)
    return found


def check_stated(when: When) -> None:
    """Returns if what a document says of its time fits the log, wherever in its span it was logged.

    Raises Fault time_mismatch where it fits nowhere in the span; Unknown time_unproved where it fits here and not there:
    whoever shows other checkpoints than the nearest widens the span, and must not gain by it.
    """
    figures: dict[str, Any] = {"signed": when.stated, "earliest": when.earliest, "latest": when.latest}
    if when.stated > when.latest + SKEW or when.stated < when.earliest - LAG:
        raise Fault("time_mismatch", **figures, backdated=when.stated < when.earliest)
    if when.stated < when.latest - LAG or when.stated > when.earliest + LAG:
        raise Unknown("time_unproved", **figures)


def check_not_ahead(when: When) -> None:
    """As `check_stated` for what may well be logged later than it was signed, and does not count before (grants)."""
    if when.stated > when.latest + SKEW:
        raise Fault("time_mismatch", signed=when.stated, earliest=when.earliest, latest=when.latest, backdated=False)
