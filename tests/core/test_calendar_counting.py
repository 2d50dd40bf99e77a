"""Working days are counted by arithmetic; here they are counted one by one, and by the kept library."""

from datetime import date, datetime, timedelta
from typing import Any

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.calendar import SHANGHAI, exceptions, working_days
from certsvc.core.outcomes import Unknown

FIRST, LAST = date(2024, 12, 1), date(2025, 3, 31)
DAYS = st.dates(FIRST - timedelta(20), LAST + timedelta(20))
LISTED = st.lists(DAYS.map(date.isoformat), max_size=40)
CALENDARS = st.fixed_dictionaries(
    {"first": DAYS.map(date.isoformat), "last": DAYS.map(date.isoformat), "days_off": LISTED, "workdays": LISTED}
)


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).timestamp())


def is_worked(calendar: dict[str, Any], day: date) -> bool:
    """The rule as it is written, for one day."""
    text = day.isoformat()
    if not calendar["first"] <= text <= calendar["last"]:
        raise Unknown("calendar_span", day=text)
    return text in calendar["workdays"] if day.weekday() >= 5 else text not in calendar["days_off"]


def one_by_one(calendar: dict[str, Any], opened: date, closed: date) -> int:
    days = (opened + timedelta(n) for n in range(max(0, (closed - opened).days)))
    return sum(is_worked(calendar, day) for day in days)


@given(CALENDARS, DAYS, DAYS)
def test_as_many_days_are_counted_as_there_are_or_the_first_one_outside_is_named(
    calendar: dict[str, Any], opened: date, closed: date
) -> None:
    try:
        expected = one_by_one(calendar, opened, closed)
    except Unknown as outside:
        with pytest.raises(Unknown) as unknown:
            working_days(calendar, midnight(opened), midnight(closed))
        assert (unknown.value.code, unknown.value.about) == (outside.code, outside.about)
    else:
        assert working_days(calendar, midnight(opened), midnight(closed)) == expected
        assert working_days(calendar, midnight(opened), midnight(closed), exceptions(calendar)) == expected


def test_as_many_days_are_counted_as_the_kept_library_knows() -> None:
    years = sorted({day.year for day in chinese_calendar.constants.holidays})
    first, last = date(2019, 1, 1), date(years[-1], 12, 31)
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    worked = [chinese_calendar.is_workday(day) for day in days]
    calendar = {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "days_off": [d.isoformat() for d, works in zip(days, worked, strict=True) if d.weekday() < 5 and not works],
        "workdays": [d.isoformat() for d, works in zip(days, worked, strict=True) if d.weekday() >= 5 and works],
    }
    known = exceptions(calendar)
    for begin in range(0, len(days), 3):
        for length in (0, 1, 5, 9, 40, 400):
            end = min(begin + length, len(days) - 1)
            found = working_days(calendar, midnight(days[begin]), midnight(days[end]), known)
            assert found == sum(worked[begin:end])
