"""A way to a title (取得方式) as one data file: the procedure that is signed, and the words by which rosters name it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from certsvc.core.encoding import parse_json
from certsvc.core.errors import Malformed
from certsvc.core.facts import FACTS, step_range
from certsvc.core.schemas import PROCEDURE
from certsvc.core.shape import TEXT, check_shape

#: The one member of a track's file that is not signed: what an office writes may tell what a paper must not.
WORDS = "roster_words"
_SHAPE = {WORDS: [TEXT], **{name: shape for name, shape in PROCEDURE.items() if name != "iat"}}


@dataclass(frozen=True)
class Track:
    """One file of data/procedures."""

    words: tuple[str, ...]
    """What a cell of a roster may hold for it; the first also names the roster, and with it the papers signed."""
    procedure: dict[str, Any]
    """What is signed, without the time of signing."""

    @property
    def code(self) -> str:
        return str(self.procedure["track"])

    @cached_property
    def steps(self) -> tuple[int, int] | None:
        """The fewest and the most levels from the present title to the new one; None where the procedure asks for none."""
        facts = [fact for step in self.procedure["steps"] for fact in (*step["facts"], *step["row_facts"])]
        ranges = [step_range(fact["args"]) for fact in facts if fact["name"] == "level_step"]
        return (max(low for low, _ in ranges), min(high for _, high in ranges)) if ranges else None


def parse_track(data: bytes) -> Track:
    """The track written in `data`. Raises Malformed, naming the member that is wrong."""
    value = parse_json(data)
    check_shape(value, _SHAPE, "track")
    for where, zh, en in wrong_members(value):
        code = value["track"]
        raise Malformed("track_member", f"{code} 的文件有误:{where}:{zh}", f"{code} is wrong at {where}: {en}.")
    if not value[WORDS]:
        raise Malformed(
            "track_words", f"{value['track']} 没有花名册用语", f"{value['track']} has no words for rosters."
        )
    return Track(tuple(value[WORDS]), procedure_in(value))


def procedure_in(value: dict[str, Any]) -> dict[str, Any]:
    """The members that are signed of a track's file."""
    return {name: member for name, member in value.items() if name != WORDS}


def by_code(tracks: Iterable[Track]) -> dict[str, Track]:
    """Code -> track, in the order of the codes. Raises Malformed(track_words): two files have one code."""
    found: dict[str, Track] = {}
    for track in sorted(tracks, key=lambda one: one.code):
        if track.code in found:
            zh, en = f"取得方式 {track.code} 有两个文件", f"Two files are of the track {track.code}."
            raise Malformed("track_words", zh, en)
        found[track.code] = track
    return found


def wrong_members(procedure: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Where a procedure of the right shape names what does not exist, and what: (member, Chinese, English).

    It may name facts, their arguments, and acts among its steps; no number of days is below nought, and it ends no earlier
    than it begins.
    """
    yield from _wrong_acts(procedure)
    days = [("document_lag_days", procedure["document_lag_days"])]
    for n, step in enumerate(procedure["steps"]):
        days.append((f"steps[{n}].min_working_days", step["min_working_days"] or 0))
        for member in ("facts", "row_facts"):
            for m, fact in enumerate(step[member]):
                yield from _wrong_fact(f"steps[{n}].{member}[{m}]", fact)
    for where, number in days:
        if number < 0:
            yield where, "不得小于 0", "is not below nought"
    if procedure["exp"] < procedure["nbf"]:
        yield "exp", "不得早于 nbf", "is not before nbf"


def _wrong_acts(procedure: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    kinds = {step["act"] for step in procedure["steps"]}
    pairs = [(f"{name}[{n}]", one) for name in ("apart", "apart_people") for n, one in enumerate(procedure[name])]
    for where, act in [(where, act) for where, pair in pairs for act in pair] + [
        ("award_date", procedure["award_date"])
    ]:
        if act not in kinds:
            yield where, f"步骤中没有 {act}", f"{act} is no step of it"
    for where, pair in pairs:
        if len(pair) != 2 or (pair[0] == pair[1] and not _done_twice(procedure, pair[0])):
            yield where, "须写两个环节", "names two acts"


def _done_twice(procedure: dict[str, Any], kind: str) -> bool:
    """Whether there may be two acts of the kind, which can then be apart from each other."""
    steps = [step for step in procedure["steps"] if step["act"] == kind]
    return len(steps) > 1 or any(step["each_role"] and len(step["roles"]) > 1 for step in steps)


def _wrong_fact(where: str, fact: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    name = fact["name"]
    if name not in FACTS:
        yield f"{where}.name", f"没有事实规则 {name}", f"no fact is called {name}"
        return
    for zh, en in FACTS[name].arguments.faults(fact["args"]):
        yield f"{where}.args", f"{name} {zh}", f"of {name}, {en}"
