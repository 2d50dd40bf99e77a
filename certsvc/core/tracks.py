"""A way to a title (取得方式) as one data file: the procedure that is signed, and the words by which rosters name it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from certsvc.core.encoding import parse_json
from certsvc.core.errors import Malformed
from certsvc.core.facts import step_range
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
