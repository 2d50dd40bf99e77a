"""Working days (工作日) from a signed calendar, with the State Council's shifted days; never read live."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Any

from certsvc.core.outcomes import Unknown

#: Public notices are counted in civil days of Asia/Shanghai, which has had no daylight saving since 1991.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
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


def is_working_day(calendar: dict[str, Any], day: date) -> bool:
    """True if `day` is worked under the calendar payload. Raises Unknown outside its span."""
    text = day.isoformat()
    if not calendar["first"] <= text <= calendar["last"]:
        raise Unknown("calendar_span", day=text)
    if day.weekday() >= 5:
        return text in calendar["workdays"]
    return text not in calendar["days_off"]


def working_days(calendar: dict[str, Any], opened: int, closed: int) -> int:
    """How many working days d have date(opened) <= d < date(closed) (formats.md 4). Raises Unknown outside the span."""
    first, last = local_date(opened), local_date(closed)
    days = (first + timedelta(n) for n in range(max(0, (last - first).days)))
    return sum(is_working_day(calendar, day) for day in days)
