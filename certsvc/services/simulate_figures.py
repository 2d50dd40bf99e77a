"""What a draft asks for and the procedure that was followed did not: nobody stated it, which is no fault.

In a trial figures are what the roster file has, and calendars those of the register, as an act under the draft would have
taken them; a fact whose figures it lacks cannot be asked, and is left open.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from itertools import pairwise
from typing import Any

from certsvc.core.facts import asks_for_hours
from certsvc.core.jose import Jws
from certsvc.services.act_rules import MEETING_FIGURES, NAMED_BY_ARGS, ROW_FIGURES, row_facts
from certsvc.store.rows import Entry
from certsvc.verify.pairing import Step, pairing, step_of
from certsvc.verify.path import Path

#: Figures of which null says something: that there is no title, or no ban.
NULLABLE = frozenset({"current_level", "ban_from", "ban_until"})
MEMBERS = ("facts", "row_facts")
#: Number of a step, member, number of the fact there.
Place = tuple[int, str, int]


@dataclass(frozen=True, eq=False)
class SuppliedPath(Path):
    """A path whose acts state also what the roster file and the register add; never one that a verification shares."""

    added: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Act -> figures of the meeting."""
    counted_by: Mapping[str, str] = field(default_factory=dict)
    """Act -> hash of the calendar by which it closes a notice."""

    def facts_of(self, act: Jws) -> Mapping[str, Any]:
        """What an act states, and what is added to it."""
        return {**self.added.get(act.sha256, {}), **super().facts_of(act)}

    def calendar_of(self, act: Jws) -> str | None:
        """What an act states, else what is added to it."""
        return super().calendar_of(act) or self.counted_by.get(act.sha256)


@dataclass(frozen=True)
class Laid:
    """An act with the step that it did by the draft, and by the procedure that was followed."""

    act: Jws
    number: int
    drafted: Step
    followed: Step | None


@dataclass(frozen=True)
class Gap:
    """A fact that cannot be asked: nobody was asked for its figures, and the roster file does not have them."""

    place: Place
    act: str
    org: str
    names: tuple[str, ...]
    rule: str


@dataclass(frozen=True)
class Supplied:
    """By act: what the roster file adds to its facts, and to those of one person."""

    meeting: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()


def laid_beside(drafted: Path, followed: Path) -> list[Laid]:
    """The acts that did a step of the draft. Both paths have the same acts."""
    places = pairing(drafted).places
    return [Laid(act, places[act.sha256], step, step_of(followed, act)) for step, act in pairing(drafted).done]


def supply(
    laid: Iterable[Laid], entry: Entry, day: date, rows: Mapping[str, Any], others: Mapping[str, list[Entry]]
) -> Supplied:
    """What the roster file adds for one person. `day` is that of the first paper of the path, `rows` are the signed facts
    of the person and `others` the entries on it, both by act."""
    meeting, row, gaps = {}, {}, []
    for one in laid:
        name = one.act.sha256
        signed = {"facts": one.act.unverified_payload["facts"], "row_facts": rows[name] or {}}
        added = {
            "facts": dict(_of_meeting(_unasked(one, "facts", entry) - signed["facts"].keys(), others.get(name, []))),
            "row_facts": dict(
                _of_person(one.drafted, _unasked(one, "row_facts", entry), entry, day, signed["row_facts"])
            ),
        }
        meeting[name], row[name] = added["facts"], added["row_facts"]
        gaps += [gap for member in MEMBERS for gap in _gaps(one, member, entry, {**signed[member], **added[member]})]
    return Supplied(meeting, row, tuple(gaps))


def closing_unasked(laid: Iterable[Laid], acts: Iterable[Jws]) -> list[Jws]:
    """The acts, in the order of the path, that close a notice by the draft and none by the procedure that was followed."""
    following = {one.sha256: after for one, after in pairwise(acts)}
    new = (one.act.sha256 for one in laid if _is_notice(one.drafted) and not _is_notice(one.followed))
    return [following[name] for name in new if name in following]


def _is_notice(step: Step | None) -> bool:
    return step is not None and step["min_working_days"] is not None


def supplied_path(path: Path, added: Mapping[str, Mapping[str, Any]], counted_by: Mapping[str, str]) -> SuppliedPath:
    """A path of its own, like `path` and with what is added."""
    same = {one.name: getattr(path, one.name) for one in fields(Path)}
    return SuppliedPath(**same, added=added, counted_by=counted_by)


def without(draft: Mapping[str, Any], places: Iterable[Place]) -> dict[str, Any]:
    """`draft` without the facts at these places."""
    left_out = set(places)
    steps = [
        step | {m: [fact for k, fact in enumerate(step[m]) if (n, m, k) not in left_out] for m in MEMBERS}
        for n, step in enumerate(draft["steps"])
    ]
    return {**draft, "steps": steps}


def _figures(fact: Mapping[str, Any], entry: Entry) -> set[str]:
    """The signed figures that a fact is judged by for this entry, but those of another fact of the same act."""
    name, args = fact["name"], fact["args"]
    if name == "at_least_for_level":
        return set(args.get(entry.level, ()))
    if name == "education_check" and not asks_for_hours(args, entry.year):
        return set()
    if name == "no_ban":
        return {"ban_from", "ban_until"}
    if name in NAMED_BY_ARGS:
        return set(NAMED_BY_ARGS[name](args))
    return {*MEETING_FIGURES.get(name, ()), *ROW_FIGURES.get(name, ())}


def _unasked(one: Laid, member: str, entry: Entry) -> set[str]:
    """The figures of a step of the draft that nobody was asked for by the procedure that was followed."""
    asked = [] if one.followed is None else one.followed[member]
    wanted, stated = (
        {name for fact in facts for name in _figures(fact, entry)} for facts in (one.drafted[member], asked)
    )
    return wanted - stated


def _of_meeting(names: Iterable[str], entries: Iterable[Entry]) -> Iterator[tuple[str, int]]:
    """As `act_rules.meeting_facts` takes them: what all rows agree on."""
    for name in names:
        stated = {one.columns.get(name) for one in entries} - {None}
        if len(stated) == 1:
            yield name, int(stated.pop())


def _of_person(
    step: Step, names: set[str], entry: Entry, day: date, signed: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    for name, value in (row_facts(step, entry, day) or {}).items():
        if name in names and name not in signed and (value is not None or name in NULLABLE):
            yield name, value


def _gaps(one: Laid, member: str, entry: Entry, known: Mapping[str, Any]) -> Iterator[Gap]:
    unasked, payload = _unasked(one, member, entry), one.act.unverified_payload
    for number, fact in enumerate(one.drafted[member]):
        lacking = tuple(sorted(_figures(fact, entry) & unasked - known.keys()))
        if lacking:
            yield Gap((one.number, member, number), payload["act"], payload["org"], lacking, one.drafted["rule"])
