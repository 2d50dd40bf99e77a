"""Files, rosters and entries."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from rows_for_tests import FILE, PERSON, ROSTER, add_act, add_roster, entry
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from certsvc.core.errors import Refused
from certsvc.store import people, rosters


@pytest.fixture
def roster(engine: Engine) -> Engine:
    with engine.begin() as connection:
        add_roster(connection)
    return engine


def test_a_file_is_imported_once(roster: Engine) -> None:
    with roster.connect() as connection:
        assert rosters.find_roster_file(connection, "file-1") == FILE
        assert rosters.find_roster_file(connection, "file-2") is None
    with pytest.raises(Refused) as caught, roster.begin() as connection:
        rosters.add_roster_file(connection, replace(FILE, name="另一名.xlsx"))
    assert caught.value.code == "file_known"


def test_rosters_are_numbered_on_beyond_four_digits(roster: Engine) -> None:
    with roster.begin() as connection:
        assert rosters.next_roster_id(connection) == "R0002"
        for roster_id in ("R9999", "R10000"):
            rosters.add_roster(connection, replace(ROSTER, id=roster_id))
        assert rosters.next_roster_id(connection) == "R10001"
        assert [row.id for row in rosters.list_rosters(connection)] == ["R10000", "R9999", "R0001"]
        assert rosters.find_roster(connection, "R0001") == ROSTER
        assert rosters.find_roster(connection, "R0404") is None


def test_the_first_roster_is_number_one(engine: Engine) -> None:
    with engine.begin() as connection:
        assert rosters.next_roster_id(connection) == "R0001"


def test_two_imports_at_one_moment_get_different_roster_numbers(roster: Engine) -> None:
    gate = threading.Barrier(4)
    failures: list[BaseException] = []

    def run() -> None:
        gate.wait()
        try:
            for _ in range(5):
                with roster.begin() as connection:
                    roster_id = rosters.next_roster_id(connection)
                    rosters.add_roster(connection, replace(ROSTER, id=roster_id))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with roster.connect() as connection:
        assert [row.id for row in rosters.list_rosters(connection)] == [f"R{n:04d}" for n in range(21, 0, -1)]


def test_entries_come_back_whole_and_by_position(roster: Engine) -> None:
    with roster.connect() as connection:
        assert rosters.list_entries(connection, "R0001") == (entry(3), entry(2), entry(1))
        assert rosters.find_entry(connection, "entry-2") == entry(2)
        assert rosters.find_entry(connection, "nobody") is None
        assert rosters.list_entries_of_person(connection, "person-1") == (entry(1),)


def test_the_entry_of_a_person_and_target_is_found(roster: Engine) -> None:
    target: dict[str, Any] = {"series": "01", "specialty": "示例专业", "level": "senior", "year": 2026}
    with roster.connect() as connection:
        assert rosters.find_entry_of_target(connection, "person-1", **target) == entry(1)
        assert rosters.find_entry_of_target(connection, "person-1", **(target | {"year": 2025})) is None


BAD_ENTRIES = {
    "same_row_again": entry(9, person_id="person-1", year=2020, row_key="row-1"),
    "same_person_and_target_again": entry(9, person_id="person-1"),
    "same_commitment_again": entry(9, person_id="person-1", year=2020, commitment="commitment-1"),
}
IMPOSSIBLE_ENTRIES = {
    "unknown_person": entry(9, person_id="nobody"),
    "unknown_level": entry(9, person_id="person-1", year=2020, level="正高级"),
    "unknown_sex": entry(9, person_id="person-1", year=2020, sex="女"),
    "short_salt": entry(9, person_id="person-1", year=2020, entry_salt=b"s" * 31),
}


@pytest.mark.parametrize("bad", IMPOSSIBLE_ENTRIES.values(), ids=IMPOSSIBLE_ENTRIES.keys())
def test_an_entry_that_the_program_should_never_have_made_is_not_stored(roster: Engine, bad: Any) -> None:
    with pytest.raises(IntegrityError), roster.begin() as connection:
        rosters.add_entries(connection, [bad])


@pytest.mark.parametrize("bad", BAD_ENTRIES.values(), ids=BAD_ENTRIES.keys())
def test_a_repeated_entry_is_refused_with_its_whole_batch(roster: Engine, bad: Any) -> None:
    with pytest.raises(Refused) as caught, roster.begin() as connection:
        people.add_person(connection, replace(PERSON, id="person-8"))
        rosters.add_entries(connection, [entry(8), bad])
    assert caught.value.code == "entry_exists"
    with roster.connect() as connection:
        assert rosters.find_entry(connection, "entry-8") is None


def test_an_entry_that_was_replaced_makes_room_for_one_and_goes_no_further(roster: Engine) -> None:
    target: dict[str, Any] = {"series": "01", "specialty": "示例专业", "level": "senior", "year": 2026}
    anew = entry(9, person_id="person-1", roster_id="R0002")
    with roster.begin() as connection:
        act = add_act(connection)
        rosters.add_roster(connection, replace(ROSTER, id="R0002"))
        rosters.replace_entries(connection, ["entry-1"], "R0002")
        rosters.add_entries(connection, [anew])
        assert rosters.find_entry_of_target(connection, "person-1", **target) == anew
        assert rosters.list_entries(connection, "R0001") == (entry(3), entry(2))
        assert rosters.find_entry(connection, "entry-1") == entry(1, replaced_by="R0002")
    for code, step in {
        "entry_struck": lambda connection: rosters.set_heads(connection, {"entry-1": act}),
        "entry_exists": lambda connection: rosters.replace_entries(connection, ["entry-1"], "R0002"),
    }.items():
        with pytest.raises(Refused) as caught, roster.begin() as connection:
            step(connection)
        assert caught.value.code == code
    with pytest.raises(Refused) as caught, roster.begin() as connection:
        rosters.add_entries(connection, [replace(anew, id="entry-10", row_key="row-10", commitment="commitment-10")])
    assert caught.value.code == "entry_exists"


def test_no_entries_are_no_fault(roster: Engine) -> None:
    with roster.begin() as connection:
        rosters.add_entries(connection, [])
        rosters.set_heads(connection, {})
        rosters.strike(connection, [], "act")


def test_heads_move_and_struck_entries_leave_the_list(roster: Engine) -> None:
    with roster.begin() as connection:
        act = add_act(connection)
        rosters.set_heads(connection, {"entry-1": act, "entry-2": act})
        rosters.strike(connection, ["entry-3"], act)
        live = (entry(2, head_act=act), entry(1, head_act=act))
        assert rosters.list_entries(connection, "R0001") == live
        assert rosters.list_entries(connection, "R0001", live_only=False) == (entry(3, struck_by=act), *live)


@pytest.mark.parametrize("late", ["entry-3", "nobody"], ids=["struck", "unknown"])
def test_a_struck_or_unknown_entry_goes_no_further(roster: Engine, late: str) -> None:
    with roster.begin() as connection:
        act = add_act(connection)
        rosters.strike(connection, ["entry-3"], act)
    for step in (
        lambda connection: rosters.set_heads(connection, {"entry-1": act, late: act}),
        lambda connection: rosters.strike(connection, ["entry-1", late], act),
    ):
        with pytest.raises(Refused) as caught, roster.begin() as connection:
            step(connection)
        assert caught.value.code == "entry_struck"
    with roster.connect() as connection:
        assert rosters.find_entry(connection, "entry-1") == entry(1)


def test_a_head_must_be_an_act(roster: Engine) -> None:
    with pytest.raises(IntegrityError), roster.begin() as connection:
        rosters.set_heads(connection, {"entry-1": "no-act"})
