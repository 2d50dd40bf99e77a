"""Times that are typed at the command line: what every option takes, and what none does."""

from collections.abc import Iterator

import click
import pytest

from certsvc.cli.main import cli
from certsvc.cli.options import Moment
from certsvc.core.calendar import local_date, seconds_typed, utc_text
from certsvc.web.errors import Invalid
from certsvc.web.inputs import parse_time

LATER = seconds_typed("9999-12-31")
TAKEN = {
    "1000-01-01T00:00:00Z": "1000-01-01T00:00:00Z",
    "1969-06-01": "1969-06-01T15:59:59Z",
    "2024-03-15T10:00:00.5+08:00": "2024-03-15T02:00:00Z",
    "9999-12-31": "9999-12-31T15:59:59Z",
    " 2024-03-15 ": "2024-03-15T15:59:59Z",
    "2024-03-15t02:00:00z": "2024-03-15T02:00:00Z",
    "2024-03-15 10:00:00+08:00": "2024-03-15T02:00:00Z",
}
REFUSED = [
    "0001-01-01",
    "0001-01-01T00:00:00+08:00",
    "0999-12-31T23:59:59Z",
    "9999-12-31T16:00:00Z",
    "9999-12-31T23:59:59-08:00",
    "10000-01-01",
    "2024-03-15T10:00:00",
    "2024-02-30",
    "2026-W23-1",
    "20260601",
    "2026-152",
    "2026-06-01T00:00+08:00",
    "2026-06-01T00:00:00+0800",
    "2026-06-01T23:59:60+08:00",
    "２０２６-０６-０１",
    "",
    "yesterday",
]


def options(command: click.Command) -> Iterator[click.Parameter]:
    """Every option of a command and of those below it."""
    yield from command.params
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below is not None
            yield from options(below)


@pytest.mark.parametrize(("text", "meant"), TAKEN.items())
def test_a_time_is_taken_to_the_second_and_a_day_to_its_end_in_shanghai(text: str, meant: str) -> None:
    seconds = Moment().convert(text, None, None)
    assert utc_text(seconds) == meant
    assert local_date(seconds).year in (1000, 1969, 2024, 9999)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_time_or_of_a_year_that_no_answer_can_name_is_wrong_usage(text: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        Moment().convert(text, None, None)
    assert text in str(caught.value)


@pytest.mark.parametrize("text", [*TAKEN, *REFUSED])
def test_page_and_interface_take_the_times_that_the_command_line_takes(text: str) -> None:
    """An empty text asks about now on a page, and is wrong usage of an option."""
    try:
        typed = Moment().convert(text, None, None)
    except click.BadParameter:
        typed = None
    try:
        sent = parse_time(text, LATER)
    except Invalid:
        sent = None
    assert typed == sent


def test_every_option_that_takes_a_time_reads_it_alike() -> None:
    times = {"at", "since", "clock", "good_before"}
    found = [one for one in options(cli) if one.name in times]
    assert {one.name for one in found} == times
    assert all(isinstance(one.type, Moment) for one in found)
