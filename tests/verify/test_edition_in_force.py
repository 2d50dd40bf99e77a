"""When an edition of a procedure or calendar counts, by its row in the trust bundle and by what the log proves."""

from typing import Any

import pytest

from certsvc.verify.editions import begun, perhaps_replaced, replaced
from certsvc.verify.trusted import When

ROW: dict[str, Any] = {"from": 100, "to": 200, "from_index": 10, "to_index": 20}


def by_its_word(stated: int) -> When:
    return When(stated, stated, stated)


def logged(stated: int, index: int, earliest: int | None = None, latest: int | None = None) -> When:
    return When(stated, stated if earliest is None else earliest, stated if latest is None else latest, index)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (by_its_word(99), False), (by_its_word(100), True), (by_its_word(300), True),
        (logged(99, 10), False), (logged(100, 9), False), (logged(100, 10), True),
        # A beginning is judged by the stated time.
        (logged(99, 10, latest=130), False),
    ],
)  # fmt: skip
def test_an_edition_begins_at_its_time_and_at_its_place(act: When, expected: bool) -> None:
    assert begun(ROW, 0, act) is expected


def test_an_edition_does_not_begin_before_it_says_so_itself() -> None:
    assert [begun(ROW, 150, by_its_word(at)) for at in (149, 150)] == [False, True]


@pytest.mark.parametrize(
    ("act", "surely", "perhaps"),
    [
        (by_its_word(199), False, False), (by_its_word(200), True, True),
        # The place of the successor is reached and its time is not, or its time and not its place.
        (logged(199, 30), False, False), (logged(300, 19), False, False), (logged(200, 20), True, True),
        # Dated back: the log proves it, or leaves it open.
        (logged(150, 20, earliest=200, latest=210), True, True),
        (logged(150, 20, earliest=199, latest=200), False, True),
        (logged(150, 20, earliest=198, latest=199), False, False),
        (logged(150, 19, earliest=200, latest=210), False, False),
        # By its own word it was not before.
        (logged(200, 20, earliest=150, latest=199), True, False),
    ],
)  # fmt: skip
def test_an_edition_is_replaced_when_its_successor_has_begun(act: When, surely: bool, perhaps: bool) -> None:
    assert (replaced(ROW, act), perhaps_replaced(ROW, act)) == (surely, perhaps)


def test_without_a_successor_nothing_ends_an_edition() -> None:
    row = ROW | {"to": None, "to_index": None}
    assert not any(ask(row, act) for ask in (replaced, perhaps_replaced) for act in (by_its_word(900), logged(900, 90)))


def test_a_successor_without_a_place_replaces_by_its_time() -> None:
    row = ROW | {"to_index": None}
    assert [replaced(row, logged(at, 0)) for at in (199, 200)] == [False, True]
