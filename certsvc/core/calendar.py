"""Working days (工作日) from a signed calendar, with the State Council's shifted days; never read live."""

import re
from bisect import bisect_left
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Any, NamedTuple

from certsvc.core.outcomes import Unknown

#: Public notices are counted in civil days of Asia/Shanghai, which has had no daylight saving since 1991.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
#: RFC 3339 5.6, with a blank where an unencoded + of an address became one.
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?)(?:([Zz])|([+ -])(\d\d:\d\d))", re.ASCII)
_FIRST = datetime(1000, 1, 1, tzinfo=UTC).timestamp()
_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=SHANGHAI).timestamp()


@lru_cache(maxsize=4096)
def local_date(seconds: int) -> date:
    """The civil date in Asia/Shanghai of a time in seconds since 1970 UTC."""
    return datetime.fromtimestamp(seconds, SHANGHAI).date()


def day_begins(day: date) -> int:
    """The first second of a civil day in Asia/Shanghai, in seconds since 1970 UTC."""
    return int(datetime.combine(day, time(), SHANGHAI).timestamp())


def years_later(day: date, years: int) -> date:
    """The corresponding day `years` later; where the month has none, its last (民法典 第二百零二条)."""
    with suppress(ValueError):
        return day.replace(year=day.year + years)
    return date(day.year + years, 2, 28)


@lru_cache(maxsize=4096)
def utc_text(seconds: int) -> str:
    """RFC 3339 UTC with whole seconds, the form of times inside documents."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(moment: datetime) -> int:
    """Seconds since 1970 UTC of a time with an offset that somebody gave.

    Raises ValueError where its year has no four digits in UTC or in Asia/Shanghai: no report could tell it (RFC 3339, 1).
    """
    seconds = int(moment.timestamp())
    if not _FIRST <= seconds <= _LAST:
        raise ValueError("no such year")
    return seconds


def seconds_typed(text: str, begins: bool = False) -> int:
    """Seconds since 1970 UTC of a date or an RFC 3339 time that somebody typed; a date means its last second in Asia/Shanghai,
    or with `begins` its first.

    Raises ValueError for anything else, as for other forms of ISO 8601, and as `seconds_of`.
    """
    given = text.strip()
    if _DAY.fullmatch(given):
        day = date.fromisoformat(given)
        return seconds_of(datetime.combine(day, time(), SHANGHAI)) if begins else day_ends(day)
    found = _INSTANT.fullmatch(given)
    if found is None:
        raise ValueError("neither a date nor RFC 3339")
    instant, utc, sign, offset = found.groups()
    return seconds_of(datetime.fromisoformat(instant + ("Z" if utc else (sign.strip() or "+") + offset)))


def day_ends(day: date) -> int:
    """The last second of a civil day in Asia/Shanghai, in seconds since 1970 UTC. Raises as `seconds_of`."""
    return seconds_of(datetime.combine(day, time(23, 59, 59), SHANGHAI))


class Exceptions(NamedTuple):
    """The days of a calendar that are not as their weekday says, each once, as proleptic Gregorian ordinals in order."""

    off: tuple[int, ...]
    """From Monday to Friday, and not worked."""
    worked: tuple[int, ...]
    """Saturdays and Sundays that are."""


def exceptions(calendar: dict[str, Any]) -> Exceptions:
    """Those of a calendar payload; they may be thousands, so whoever counts often reads them once."""
    off = {date.fromisoformat(text) for text in set(calendar["days_off"])}
    worked = {date.fromisoformat(text) for text in set(calendar["workdays"])}
    return Exceptions(
        tuple(sorted(day.toordinal() for day in off if day.weekday() < 5)),
        tuple(sorted(day.toordinal() for day in worked if day.weekday() >= 5)),
    )


def working_days(
    calendar: dict[str, Any], opened: int, closed: int, known: Exceptions | None = None, enough: int | None = None
) -> int:
    """How many working days d have date(opened) <= d < date(closed) (docs/format.md 4.6). Raises Unknown outside the span.

    Where only the end lies beyond the span, and `enough` of them do not, so many are within it that are given back: days
    that the calendar does not know make no time shorter. `known` are the exceptions of the calendar, where they were read
    before. No day is looked at by itself: signed times may lie centuries apart.
    """
    first, last = local_date(opened), local_date(closed)
    if last <= first:
        return 0
    begins, ends = date.fromisoformat(calendar["first"]), date.fromisoformat(calendar["last"])
    if not begins <= first <= ends:
        raise Unknown("calendar_span", day=first.isoformat())
    begin, end = first.toordinal(), min(last.toordinal(), ends.toordinal() + 1)
    known = known or exceptions(calendar)
    days = _weekdays(end) - _weekdays(begin) - _between(known.off, begin, end) + _between(known.worked, begin, end)
    if end < last.toordinal() and (enough is None or days < enough):
        raise Unknown("calendar_span", day=date.fromordinal(end).isoformat())
    return days


def _weekdays(ordinal: int) -> int:
    """How many days from Monday to Friday come before the day of this ordinal, from 0001-01-01 on, a Monday."""
    weeks, days = divmod(ordinal - 1, 7)
    return 5 * weeks + min(days, 5)


def _between(days: tuple[int, ...], begin: int, end: int) -> int:
    """How many of `days`, which are in order, have begin <= day < end."""
    return bisect_left(days, end) - bisect_left(days, begin)
