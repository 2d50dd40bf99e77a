"""Who is who: the number first, never the name alone, a person in every doubt."""

from dataclasses import replace

import pytest

from certsvc.register.matching import REASONS, Incoming, Match, match
from certsvc.store.rows import KnownPerson

ROW = Incoming("resident_id", "key-1", "样章红", "1980-01-02", "F", "示例大学")
KNOWN = KnownPerson("person-1", "样章红", ("样章红",), "1980-01-02", "F", ("示例大学",))


def test_the_same_number_name_birth_and_sex_are_the_same_person() -> None:
    assert match(ROW, KNOWN, ()) == Match.same("person-1")


def test_the_same_number_is_enough_in_another_unit() -> None:
    assert match(replace(ROW, unit="样章医院"), KNOWN, (KNOWN,)) == Match.same("person-1")


def test_a_former_name_counts() -> None:
    renamed = replace(KNOWN, name="样章青", name_folds=("样章红", "样章青"))
    assert match(ROW, renamed, ()) == Match.same("person-1")


@pytest.mark.parametrize(
    ("bearer", "reason"),
    [
        (replace(KNOWN, name_folds=("样章青",)), "number_other_name"),
        (replace(KNOWN, birth="1980-01-03"), "number_other_birth"),
        (replace(KNOWN, sex="M"), "number_other_birth"),
    ],
    ids=["other_name", "other_birth", "other_sex"],
)
def test_the_same_number_with_other_facts_is_a_question(bearer: KnownPerson, reason: str) -> None:
    assert match(ROW, bearer, ()) == Match.ask((bearer,), reason)


def test_an_unknown_number_and_nobody_alike_is_a_new_person() -> None:
    assert match(ROW, None, ()) == Match.new()


@pytest.mark.parametrize(
    "unit", ["示例大学", "示例大学 ", "示例\u3000大学"], ids=["same", "trailing_space", "wide_space"]
)
def test_name_birth_sex_and_unit_without_the_number_are_a_question(unit: str) -> None:
    assert match(replace(ROW, unit=unit), None, (KNOWN,)) == Match.ask((KNOWN,), "same_person_other_number")


def test_a_unit_written_in_full_width_or_capitals_is_the_same() -> None:
    known = replace(KNOWN, units=("Sample\uff08甲\uff09公司",))
    assert match(replace(ROW, unit="SAMPLE(甲)公司"), None, (known,)).reason == "same_person_other_number"


def test_the_same_name_birth_and_sex_in_another_unit_is_somebody_else() -> None:
    assert match(replace(ROW, unit="样章医院"), None, (KNOWN,)) == Match.new()


@pytest.mark.parametrize(
    "stranger",
    [replace(KNOWN, birth="1981-01-02"), replace(KNOWN, sex="M"), replace(KNOWN, name_folds=("样章青",))],
    ids=["other_birth", "other_sex", "other_name"],
)
def test_name_and_unit_alone_are_nobody(stranger: KnownPerson) -> None:
    assert match(ROW, None, (stranger,)) == Match.new()


@pytest.mark.parametrize("unit", ["", "  "], ids=["empty", "blank"])
def test_a_row_without_a_unit_cannot_tell_two_people_apart(unit: str) -> None:
    assert match(replace(ROW, unit=unit), None, (KNOWN,)) == Match.ask((KNOWN,), "unit_unknown")


def test_a_person_without_a_unit_cannot_be_told_apart() -> None:
    jobless = replace(KNOWN, units=("",))
    assert match(ROW, None, (jobless,)) == Match.ask((jobless,), "unit_unknown")


def test_only_those_in_doubt_are_shown_the_likeliest_first() -> None:
    elsewhere = replace(KNOWN, person_id="person-2", units=("样章医院",))
    jobless = replace(KNOWN, person_id="person-3", units=())
    assert match(ROW, None, (elsewhere, jobless, KNOWN)) == Match.ask((KNOWN, jobless), "same_person_other_number")
    assert match(ROW, None, (elsewhere, jobless)) == Match.ask((jobless,), "unit_unknown")


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_said_in_both_languages(reason: str) -> None:
    zh, en = REASONS[reason]
    assert zh and en.endswith(".") and en.isascii()
