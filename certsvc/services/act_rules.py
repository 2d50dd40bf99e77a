"""What one act is decided on, and the decision: pure, with the predicates that the verifier itself asks.

Each refusal is a Fault with the code that the verifier would give, so that nothing is signed which would be void.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from certsvc import resources
from certsvc.core.calendar import local_date, working_days
from certsvc.core.claims import Target
from certsvc.core.facts import (
    FactCase,
    approved_ratio,
    asks_for_hours,
    counted_hours,
    dated_rightly,
    fact_holds,
    live_ban,
)
from certsvc.core.grants import Grant, check_allows, check_begun, check_nesting, granted_ratios
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.core.schemas import DOCUMENT
from certsvc.core.shape import check_shape
from certsvc.register.columns import says_no_title
from certsvc.store.rows import Entry, Officer, SigningKey
from certsvc.store.rows import Roster as RosterRow
from certsvc.verify.steps import called_for

#: fact of a procedure -> the figures that it needs from the roster file, of the meeting and of the person's row.
MEETING_FIGURES = {
    "quorum_two_thirds": ("members", "present"),
    "within_posts": ("posts",),
    "stage": ("stage",),
}
ROW_FIGURES = {
    "yes_two_thirds": ("yes",),
    "votes_add_up": ("yes", "no", "abstain"),
    "level_step": ("current_level",),
    "education_check": ("professional_hours", "public_hours"),
    "no_ban": ("bans",),
    "appraised_each_year": ("appraisals", "level_years"),
}
#: Facts whose arguments name the figures of the row that they are asked of.
NAMED_BY_ARGS: dict[str, Callable[[Mapping[str, Any]], Iterable[str]]] = {
    "at_least": lambda args: args,
    "one_of": lambda args: args,
    "at_least_for_level": lambda args: [name for figures in args.values() for name in figures],
}
#: Track -> awards that a year is planned to have (吉林省2022年职称工作通知 一(一)3): a target, never a limit.
YEARLY_TARGETS = {"T14": 2000}
#: Codes of a grant that was not meant for this act at all; a grant that was meant for it says more.
FAR_OFF = ("key_unknown_to_grant", "act_not_granted", "role_not_allowed")


@dataclass(frozen=True)
class Order:
    """What an officer asks for."""

    kind: str
    roster_id: str
    officer_ids: tuple[str, ...]
    document: Mapping[str, str] | None = None
    """number, title, date of the paper behind the act; a default is made from the roster when it is None."""
    facts: Mapping[str, int] = field(default_factory=dict)
    strike: frozenset[str] = frozenset()
    """Row keys or entry ids of people who do not go further."""


@dataclass(frozen=True)
class Gathered:
    """Everything the decision looks at. `entries` go further, `struck` do not."""

    order: Order
    now: int
    roster: RosterRow
    entries: tuple[Entry, ...]
    struck: tuple[Entry, ...]
    previous: Mapping[str, Jws]
    """Head act of every entry, by hash."""
    ranks: Mapping[str, int]
    """Heads that did this very step already -> place of their role in the step (county before city)."""
    procedure: Jws
    step: Mapping[str, Any]
    previous_step: Mapping[str, Any] | None
    officers: tuple[Officer, ...]
    officer_keys: tuple[SigningKey, ...]
    seal: SigningKey
    grants: Mapping[str, Grant]
    own_grants: tuple[Grant, ...]
    calendar: Jws
    hands: Mapping[str, set[str]]
    """Act kind -> organisations and humans that signed it for any of these entries."""
    done: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Head act -> the roles under which its step was done so far."""
    opened: Mapping[str, int] = field(default_factory=dict)
    """Head act -> the second by which the log had it, where a log is required; its own time counts for others."""
    began: Mapping[str, date] = field(default_factory=dict)
    """Entry id -> the day of the paper of the first act of its path, where the step asks for it; else that of this one."""

    @property
    def org(self) -> str:
        return self.officers[0].org_id

    @property
    def target(self) -> Target:
        return target_of(self.entries[0])

    @property
    def document(self) -> dict[str, str]:
        """The paper behind the act, as it was named or as a default says it."""
        if self.order.document is not None:
            return dict(self.order.document)
        title = f"{self.roster.label} {self.order.kind}"[:200]
        number = f"{self.roster.id}-{self.order.kind}"
        return {"number": number, "title": title, "date": local_date(self.now).isoformat()}

    @property
    def written(self) -> date:
        """The day of the paper, on which was decided what the act says."""
        return date.fromisoformat(self.document["date"])

    @property
    def heads(self) -> dict[str, Jws]:
        """The head acts of those who go further."""
        return {e.head_act: self.previous[e.head_act] for e in self.entries if e.head_act}


def decide(g: Gathered) -> tuple[Grant, ...]:
    """The grants under which the act is lawful. Raises Fault with the code that the verifier would give; Malformed."""
    # Grants and facts are asked on the day of the paper, so the paper comes first.
    _check_document(g)
    _check_people(g)
    _check_track(g)
    grants = _allowing(g)
    _check_interval(g)
    _check_facts(g, granted_ratios(grants[0], g.grants))
    _check_apart(g)
    return grants


def _check_people(g: Gathered) -> None:
    needed, found = g.step["signers"], len({o.pseudonym for o in g.officers})
    if found != needed or len(g.officers) != needed:
        raise Fault("signer_not_distinct", g.order.kind, g.org, needed=needed, found=found)
    if len({o.org_id for o in g.officers}) != 1:
        raise Fault("org_mismatch", g.order.kind, g.org)
    if not g.entries:
        raise Fault("roster_size", g.order.kind, g.org)


def _check_track(g: Gathered) -> None:
    procedure, target = g.procedure.unverified_payload, g.target
    if target.level not in procedure["levels"]:
        raise Fault("level_beyond_track", level=target.level)
    if "*" not in procedure["series"] and target.series not in procedure["series"]:
        raise Fault("series_beyond_track", series=target.series)
    for one in {target_of(e) for e in g.entries}:
        resources.titles().check_level(one.series, one.level, one.title)
        if not g.heads and not dated_rightly(one.year, g.written):
            raise Fault("application_year", g.order.kind, g.org, year=one.year, opened=g.written.year)


def _allowing(g: Gathered) -> tuple[Grant, ...]:
    """The first grant that allows every target with all keys; raises the fault of the one that comes nearest."""
    faults = [Fault("key_unknown_to_grant", g.order.kind, g.org)]
    for grant in g.own_grants:
        try:
            _check_grant(g, grant)
            return (grant,)
        except Fault as fault:
            faults.append(fault)
    nearest: Callable[[Fault], int] = lambda fault: FAR_OFF.index(fault.code) if fault.code in FAR_OFF else len(FAR_OFF)  # noqa: E731
    raise max(faults, key=nearest)


def _check_grant(g: Gathered, grant: Grant) -> None:
    check_nesting(grant, g.grants)
    keys = [(g.seal.jkt, "seal"), *((k.jkt, "officer") for k in g.officer_keys)]
    if not all(grant.has_key(*key) for key in keys):
        raise Fault("key_unknown_to_grant", g.order.kind, g.org)
    role = grant.payload["role"]
    if role not in g.step["roles"]:
        raise Fault("role_not_allowed", g.order.kind, g.org, roles=",".join(g.step["roles"]))
    for target in {target_of(e) for e in g.entries}:
        check_allows(grant, g.order.kind, target, g.now)
    check_begun(grant, g.order.kind, g.written)
    if any(g.step["roles"].index(role) <= g.ranks[name] for name in g.heads if name in g.ranks):
        raise Fault("order", g.order.kind, g.org)
    _check_lower(g, role)


def _check_lower(g: Gathered, role: str) -> None:
    """Whoever is below signs first: afterwards it would be out of order, and without it the result void."""
    roles = g.step["roles"]
    below = [one for one in called_for(g.step, g.roster.region) if roles.index(one) < roles.index(role)]
    for entry in g.entries:
        done = g.done.get(entry.head_act or "", frozenset()) if entry.head_act in g.ranks else frozenset()
        if lacking := [one for one in below if one not in done]:
            raise Fault("act_missing", g.order.kind, g.org, roles=lacking[0])


def _check_interval(g: Gathered) -> None:
    if g.previous_step is None or g.previous_step["min_working_days"] is None:
        return
    for act in g.heads.values():
        payload, needed = act.unverified_payload, g.previous_step["min_working_days"]
        if payload["act"] != g.previous_step["act"]:
            continue
        # A notice counts from when everybody could see it, as the verifier counts (docs/format.md 4).
        opened = g.opened.get(act.sha256, payload["iat"])
        try:
            days = working_days(g.calendar.unverified_payload, opened, g.now, enough=needed)
        except Unknown as gap:
            raise Unknown(gap.code, **gap.about.figures, act=payload["act"], org=payload["org"]) from gap
        if days < needed:
            raise Fault("interval_short", g.previous_step["act"], payload["org"], days=days, needed=needed)


def _check_facts(g: Gathered, granted: Mapping[str, int]) -> None:
    applied = sum(act.unverified_payload["roster"]["count"] for act in g.heads.values())
    meeting = meeting_facts(g)
    for entry in g.entries:
        day = g.began.get(entry.id, g.written)
        row = row_facts(g.step, entry, day) or {}
        for fact in (*g.step["facts"], *g.step["row_facts"]):
            target = target_of(entry).to_json()
            case = FactCase(
                meeting, row, target, fact["args"], applied, len(g.entries), granted, day, local_date(g.now)
            )
            if not fact_holds(fact["name"], case):
                who = entry.position if fact in g.step["row_facts"] else ""
                counts = {"applied": applied, "passed": len(g.entries), "approved": approved_ratio(case)}
                figures = {**meeting, **row, **counts, "row": who}
                raise Fault(f"fact_{fact['name']}", g.order.kind, g.org, **figures)


def _check_apart(g: Gathered) -> None:
    people = {f"human:{o.pseudonym}" for o in g.officers}
    for code, own in (("apart", people | {f"org:{g.org}"}), ("apart_people", people)):
        for first, second in g.procedure.unverified_payload[code]:
            other = {first: second, second: first}.get(g.order.kind)
            if other is not None and g.hands.get(other, set()) & own:
                raise Fault(code, g.order.kind, g.org, apart_from=other)


def _check_document(g: Gathered) -> None:
    """The paper is dated no later than today, not longer ago than the procedure's lag, and not before any it follows.

    Raises Malformed, Fault.
    """
    check_shape(g.document, DOCUMENT)
    written, signed = g.written, local_date(g.now)
    if not 0 <= (signed - written).days <= g.procedure.unverified_payload["document_lag_days"]:
        raise Fault("document_date", g.order.kind, g.org, date=written.isoformat())
    # Everybody's own path is verified, so it follows all of the acts that come together here.
    for before in (act.unverified_payload for act in g.heads.values()):
        if g.document["date"] < before["document"]["date"]:
            figures = {"follows": before["act"], "earlier": before["document"]["date"]}
            raise Fault("document_order", g.order.kind, g.org, date=g.document["date"], **figures)


# --- the figures that facts are asked of ---------------------------------------------------------------------------


def meeting_facts(g: Gathered) -> dict[str, int]:
    """The figures of the meeting: from the order, else from the roster file, where all rows must agree."""
    facts: dict[str, int] = {}
    for name in _figures(g.step["facts"], MEETING_FIGURES):
        stated = {e.columns.get(name) for e in (*g.entries, *g.struck)} - {None}
        if name in g.order.facts:
            facts[name] = g.order.facts[name]
        elif len(stated) == 1:
            facts[name] = int(stated.pop())
    return facts


def row_facts(step: Mapping[str, Any], entry: Entry, day: date) -> dict[str, Any] | None:
    """The facts about one person that the step asks for, from the roster file; None when it asks for none.

    `day` is that of the first paper of the person's path: what was over by then is not told.

    Of what is asked only as much as the rule needs: whoever gets the bundle gets these figures.
    """
    facts: dict[str, Any] = {}
    for fact in step["row_facts"]:
        least = LEAST.get(fact["name"])
        plain = {name: entry.columns.get(name) for name in _figures([fact], ROW_FIGURES)}
        facts |= plain if least is None else least(fact["args"], entry, day)
    return facts or None


def _hours(args: Mapping[str, Any], entry: Entry, day: date) -> dict[str, int]:
    """The hours that count; nothing where none are asked for, or the roster does not say."""
    stated = [entry.columns.get(name) for name in ROW_FIGURES["education_check"]]
    if None in stated or not asks_for_hours(args, entry.year):
        return {}
    return counted_hours(*map(int, stated))


def _ban(args: Mapping[str, Any], entry: Entry, day: date) -> dict[str, str | None]:
    """The days of the ban that is not over; nothing where the roster does not say whether there is one."""
    bans = entry.columns.get("bans")
    return {} if bans is None else live_ban(bans, day)


def _level_held(args: Mapping[str, Any], entry: Entry, day: date) -> dict[str, str | None]:
    """The level held before, null for whom the roster says that there is no title; nothing where it does not say."""
    level, title = entry.columns.get("current_level"), entry.columns.get("current_title")
    return {} if level is None and not says_no_title(title or "") else {"current_level": level}


#: Fact -> what is signed of a person's figures, where that is less than the figures themselves.
LEAST: dict[str, Callable[[Mapping[str, Any], Entry, date], Mapping[str, Any]]] = {
    "education_check": _hours,
    "no_ban": _ban,
    "level_step": _level_held,
}


def _figures(facts: list[dict[str, Any]], table: Mapping[str, tuple[str, ...]]) -> list[str]:
    names: list[str] = []
    for fact in facts:
        named = NAMED_BY_ARGS.get(fact["name"])
        names += table.get(fact["name"], ()) if named is None else named(fact["args"])
    return list(dict.fromkeys(names))


def target_of(entry: Entry) -> Target:
    return Target(entry.series, entry.specialty, entry.level, entry.title, entry.track, entry.region, entry.year)
