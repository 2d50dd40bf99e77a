"""Editions of procedures and calendars: which one counts at a time, and until when, as the verifier asks it
(docs/decisions/0028). Pure functions of what was signed and of its places in the log.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from certsvc.core.calendar import local_date
from certsvc.core.jose import Jws
from certsvc.services.log_points import Points

#: Whether the second edition takes the place of the first from its beginning on.
Follows = Callable[[dict[str, Any], dict[str, Any]], bool]


def begins(edition: Jws) -> int:
    """From when on an edition counts, in seconds: no act can name what is not signed yet."""
    said = edition.unverified_payload
    return int(max(said.get("nbf", said["iat"]), said["iat"]))


def procedure_at(procedures: Sequence[Jws], at: int) -> Jws | None:
    """The newest procedure that has begun by `at`, of those of one track; None where it has ended since.

    What it has replaced does not return when it ends.
    """
    found = _current(_in_turn(procedures), at, _same_track)
    return next((one for one in found if at <= one.unverified_payload["exp"]), None)


def calendar_at(calendars: Sequence[Jws], at: int) -> Jws | None:
    """The calendar that has begun by `at` and that no newer one replaces: one that has the day, else the newest."""
    today = local_date(at).isoformat()
    has_today = lambda said: said["first"] <= today <= said["last"]  # noqa: E731
    found = _current(_in_turn(calendars), at, _covers)
    return max(reversed(found), key=lambda one: has_today(one.unverified_payload), default=None)


def procedure_rows(procedures: Sequence[Jws], points: Points) -> list[dict[str, Any]]:
    """What a trust bundle says of procedures: each stands until the next version of its track has begun."""
    spans = _spans(procedures, points, _same_track)
    return [{"track": one.unverified_payload["track"], "sha256": one.sha256, **span} for one, span in spans]


def calendar_rows(calendars: Sequence[Jws], points: Points) -> list[dict[str, Any]]:
    """What a trust bundle says of calendars: each stands until a newer one has all of its days."""
    return [{"sha256": one.sha256, **span} for one, span in _spans(calendars, points, _covers)]


def _same_track(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return bool(first["track"] == second["track"])


def _covers(first: dict[str, Any], second: dict[str, Any]) -> bool:
    # A calendar of other days says nothing about these.
    return bool(second["first"] <= first["first"] and first["last"] <= second["last"])


def _in_turn(editions: Sequence[Jws]) -> list[Jws]:
    """By version where they have one, then as they were signed."""
    payload = lambda one: one.unverified_payload  # noqa: E731
    return sorted(editions, key=lambda one: (payload(one).get("version", 0), payload(one)["iat"]))


def _current(in_turn: list[Jws], at: int, follows: Follows) -> list[Jws]:
    """Those that have begun by `at` and that nothing which has begun follows, oldest first."""
    begun = [one for one in in_turn if begins(one) <= at]
    return [one for place, one in enumerate(begun) if next(_later(one, begun[place + 1 :], follows), None) is None]


def _later(one: Jws, behind: Sequence[Jws], follows: Follows) -> Iterator[Jws]:
    return (later for later in behind if follows(one.unverified_payload, later.unverified_payload))


def _spans(editions: Sequence[Jws], points: Points, follows: Follows) -> Iterator[tuple[Jws, dict[str, int | None]]]:
    """Each edition with the beginning of its own and that of the successor that counts first."""
    in_turn = _in_turn(editions)
    places = {one.sha256: place for place, one in enumerate(in_turn)}
    starts = {one.sha256: (begins(one), points.place(one.sha256) or 0) for one in editions}
    for one in editions:
        behind = _later(one, in_turn[places[one.sha256] + 1 :], follows)
        begin, index = starts[one.sha256]
        to, to_index = min((starts[later.sha256] for later in behind), default=(None, None))
        yield one, {"from": begin, "to": to, "from_index": index, "to_index": to_index}
