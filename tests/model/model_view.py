"""What lies before the verifier, as the model sees it; signatures, keys and offices (docs/format.md 1, 2, 7.2)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone

from values_for_tests import Act, Certificate, Edition, Event, Facts, Grant, Half, Key, Question

Finding = tuple[str, str, str]
SHANGHAI = timezone(timedelta(hours=8))
#: How far ahead of ours a clock may be, in seconds.
CLOCK_SKEW = 120
#: 1.4: the uses of the keys of each kind of document, signature by signature.
USES: dict[str, tuple[tuple[str, ...], ...]] = {
    "credential": (("credential",),),
    "act": (("officer",), ("seal",), ("officer",)),
    "grant": (("policy", "grant"),),
    "policy": (("policy",),),
    "trust": (("policy",),),
    "status": (("status",),),
}


@dataclass(frozen=True)
class Rules:
    """Switches. Without one of the first three the model is wrong; the others decide what docs/format.md leaves open."""

    withdrawal: bool = True
    retroactive: bool = True
    good_before: bool = True
    later_acts_unjudged: bool = True
    """Lifecycle acts decided after the time asked about are not judged at all for what was known then."""
    lists_known_then: bool = True
    """A list that was out by the time asked about counts for what was known then; before it, what is missing is open."""
    pairs_between_lists: bool = True
    """Between two lists of one value that is not final a change may have been made and undone (5.5)."""
    then_does_not_age: bool = True
    """A list of the time of knowledge or later tells all that was known then, whenever it is read (Annex A, then and now)."""
    proposals_follow: bool = True
    """A proposal, not only its decision, is no older than the certificate it names (5.4, section 6)."""
    register: bool = False
    """The register was asked, which knows what became of later versions."""


@dataclass(frozen=True)
class Document:
    """Something signed: by which keys, when, and what it is."""

    what: str
    time: int
    by: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """What lies before the verifier. `known`: only what was declared by then counts; None: everything."""

    facts: Facts
    question: Question
    rules: Rules
    known: int | None = None

    @property
    def certificate(self) -> Certificate:
        return self.facts.certificates[self.question.certificate]

    @property
    def edition(self) -> Edition:
        return self.facts.editions[self.question.taken]

    @property
    def brought(self) -> Edition | None:
        return None if self.question.brought is None else self.facts.editions[self.question.brought]

    @property
    def newest(self) -> Edition:
        """5.5: the newer of the list in the bundle and one that was brought beside it."""
        newer = self.brought
        return newer if newer is not None and newer.at > self.edition.at else self.edition

    def tells_of_then(self, signed: int) -> bool:
        return self.rules.then_does_not_age and self.known is not None and self.known <= signed

    @property
    def path(self) -> list[Act]:
        return [self.facts.acts[name] for name in self.certificate.path]

    @property
    def all_events(self) -> list[Event]:
        about = [self.facts.events[name] for name in self.edition.events]
        return sorted((e for e in about if e.certificate == self.certificate.name), key=lambda e: e.q)

    @property
    def events(self) -> list[Event]:
        """Those that had been decided by the time of knowledge."""
        return [e for e in self.all_events if self.known is None or e.decide.iat <= self.known]

    @property
    def later_versions(self) -> list[Certificate]:
        """What corrections of this certificate led to."""
        return [
            one
            for one in self.facts.certificates.values()
            if one.person == self.certificate.person and one.version > self.certificate.version
        ]

    @property
    def corrections(self) -> list[Event]:
        return [self.facts.events[name] for name in self.certificate.corrections]

    @property
    def judged(self) -> list[Event]:
        """The acts of this certificate that are judged."""
        return self.events if self.rules.later_acts_unjudged else self.all_events

    @property
    def halves(self) -> list[tuple[Event, Half]]:
        return [(e, half) for e in [*self.corrections, *self.judged] for half in (e.propose, e.decide)]

    @property
    def grants(self) -> dict[str, Grant]:
        """7.2: those that acts name, those of the issuer, and all above them."""
        named = {name for act in self.path for name in act.grants}
        named |= {n for e in [*self.corrections, *self.all_events] for h in (e.propose, e.decide) for n in h.grants}
        named |= {name for name in self.edition.grants if self.facts.grants[name].sub == self.certificate.org}
        return {one.name: one for name in named for one in line(self.facts, name)}

    def key(self, name: str) -> Key:
        return self.facts.keys[name]


def documents(view: View) -> Iterator[Document]:
    yield Document("credential", view.certificate.nbf, (view.certificate.key,))
    yield from (Document("act", act.iat, act.by) for act in view.path)
    yield from (Document("act", half.iat, half.by) for _, half in view.halves)
    yield from (Document("grant", grant.iat, (grant.by,)) for grant in view.grants.values())
    # Procedure and calendar are of one time and one key.
    yield Document("policy", view.facts.procedure.iat, (view.facts.procedure.policy_key,))
    yield Document("trust", view.edition.at, (view.edition.trust_key,))
    yield Document("status", view.edition.at, (view.edition.status_key,))
    if view.brought is not None:
        yield Document("status", view.brought.at, (view.brought.status_key,))


def integrity(view: View) -> Iterator[Finding]:
    """1.3, and section 2 step 1: a list that was brought is read with the certificates of the bundle."""
    if any(act.forged for act in view.path):
        yield "integrity", "fail", "sig_bad"
    inside = {key for d in documents(replace(view, question=replace(view.question, brought=None))) for key in d.by}
    inside |= {key for e in view.all_events for half in (e.propose, e.decide) for key in half.by}
    if view.brought is not None and view.brought.status_key not in inside:
        yield "integrity", "unknown", "key_unknown"


def keys_certified(view: View) -> Iterator[Finding]:
    """Section 2 step 7: use, and the time of the document within the certificate of its key."""
    for document in documents(view):
        for key, uses in zip((view.key(name) for name in document.by), USES[document.what], strict=False):
            if not key.begins <= document.time <= key.ends:
                # 3.5: status list and trust bundle are judged by others, not the certificate by them.
                yield "chain", "unknown" if document.what in ("status", "trust") else "fail", "cert_time"
            if key.use not in uses:
                yield "chain", "fail", "cert_use"


def offices_match_keys(view: View) -> Iterator[Finding]:
    """4.4: all signers of an act are of the organisation that it names. 5.1: so is the key of the certificate."""
    for org, by in [(a.org, a.by) for a in view.path] + [(h.org, h.by) for _, h in view.halves]:
        if any(view.key(name).org != org for name in by):
            yield "chain", "fail", "org_mismatch"


def line(facts: Facts, name: str) -> list[Grant]:
    """A grant and all above it."""
    grant = facts.grants[name]
    return [grant, *(line(facts, grant.parent) if grant.parent else [])]


def day_of(time: int) -> date:
    return datetime.fromtimestamp(time, SHANGHAI).date()
