"""Working days from a signed calendar: Shanghai's civil days, the closing day not counted."""

from datetime import date, datetime

import pytest

from certsvc.core.calendar import SHANGHAI, local_date, utc_text, working_days
from certsvc.core.outcomes import Unknown

#: Spring Festival 2025 with its two shifted days (国办发明电〔2024〕12号).
CALENDAR = {
    "first": "2025-01-01",
    "last": "2025-02-28",
    "days_off": ["2025-01-28", "2025-01-29", "2025-01-30", "2025-01-31", "2025-02-03", "2025-02-04"],
    "workdays": ["2025-01-26", "2025-02-08"],
}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp())


@pytest.mark.parametrize(
    ("opened", "closed", "days"),
    [
        ("2025-01-06T09:00", "2025-01-10T18:00", 4),
        ("2025-01-06T09:00", "2025-01-11T00:00", 5),
        ("2025-01-06T23:59", "2025-01-13T00:00", 5),
        ("2025-01-10T09:00", "2025-01-13T09:00", 1),
        ("2025-01-26T09:00", "2025-02-07T09:00", 4),
        ("2025-01-26T09:00", "2025-02-08T09:00", 5),
        ("2025-02-08T09:00", "2025-02-09T09:00", 1),
        ("2025-01-06T09:00", "2025-01-06T18:00", 0),
        ("2025-01-07T09:00", "2025-01-06T09:00", 0),
    ],
    ids=[
        "monday_to_friday", "to_saturday_midnight", "late_evening_counts_its_day", "over_a_weekend",
        "over_spring_festival", "a_saturday_that_is_worked", "from_a_worked_saturday", "same_day", "backwards",
    ],
)  # fmt: skip
def test_working_days_are_counted_from_the_first_day_to_the_one_before_the_last(
    opened: str, closed: str, days: int
) -> None:
    assert working_days(CALENDAR, at(opened), at(closed)) == days


@pytest.mark.parametrize("day", ["2024-12-31", "2025-03-01"])
def test_a_day_outside_the_calendar_is_unknown(day: str) -> None:
    with pytest.raises(Unknown) as unknown:
        working_days(CALENDAR, at(day), at(day) + 86_400)
    assert unknown.value.code == "calendar_span"


@pytest.mark.parametrize("day", ["2025-01-01", "2025-02-28"])
def test_the_first_and_the_last_day_are_inside_the_calendar(day: str) -> None:
    assert working_days(CALENDAR, at(day), at(day) + 86_400) == 1


def test_a_day_begins_at_midnight_in_shanghai() -> None:
    assert local_date(at("2025-01-06T00:00")) == date(2025, 1, 6)
    assert local_date(at("2025-01-06T00:00") - 1) == date(2025, 1, 5)


def test_times_inside_documents_are_utc() -> None:
    assert utc_text(at("2025-01-06T08:00")) == "2025-01-06T00:00:00Z"


@pytest.mark.parametrize(("opened", "enough", "days"), [
    ("2025-02-24", 5, 5), ("2025-02-21", 5, 6), ("2025-02-25", 5, None), ("2025-02-24", None, None), ("2025-03-01", 0, None),
], ids=["enough", "more_than_enough", "one_too_few", "any_number", "opened_beyond_the_end"])  # fmt: skip
def test_days_beyond_the_calendar_are_not_needed_where_those_within_are_enough(
    opened: str, enough: int | None, days: int | None
) -> None:
    if days is None:
        with pytest.raises(Unknown) as unknown:
            working_days(CALENDAR, at(opened), at("2025-03-05"), enough=enough)
        assert unknown.value.about.figures == {"day": "2025-03-01"}
    else:
        assert working_days(CALENDAR, at(opened), at("2025-03-05"), enough=enough) == days


def test_a_short_time_within_the_calendar_is_told_as_it_is() -> None:
    assert working_days(CALENDAR, at("2025-02-24"), at("2025-02-28"), enough=5) == 4
    with pytest.raises(Unknown):
        working_days(CALENDAR, at("2024-12-31"), at("2025-02-01"), enough=5)
