"""What the register knows of an applicant itself is asked before the file's word for it is signed (A09, A16)."""

from dataclasses import replace

import pytest
from world_for_tests import BATCHES, PAPER, World

from certsvc.demo.people import Crowd
from certsvc.services.import_roster import ImportResult
from certsvc.services.issue import Issued
from certsvc.services.status import Proposal, approve, propose

ONE = replace(BATCHES["T01"], people=1, failed=0, specialties=("机械设计",))
HIGHER = {"level": "正高级", "title": "正高级工程师"}
#: A year later, to the day.
NEXT = {"year": 2026, "file": "next.xlsx"}


def file(world: World, day: float, **changes: object) -> ImportResult:
    """The same person in a file of that day."""
    world.crowd = Crowd(13)
    world.at(day, hour=9)
    return world.import_file(world.file(replace(ONE, **changes)), {})  # type: ignore[arg-type]


def given(world: World) -> Issued:
    """Somebody has a certificate as 高级工程师 for 机械设计."""
    (roster_id,) = file(world, 0).rosters
    world.walk("T01", roster_id)
    world.at(40)
    (one,) = world.issue(roster_id)
    return one


def end(world: World, one: Issued, kind: str, reason: str, **effect: object) -> None:
    """On day 42, 2025-04-14."""
    world.at(42)
    order = Proposal(kind, one.code, "H1", {**PAPER, "date": "2025-04-13"}, reason, **effect)  # type: ignore[arg-type]
    approve(world.instance, propose(world.instance, order), "H2")


def asked(result: ImportResult) -> list[str]:
    assert bool(result.open_questions) != bool(result.rosters)
    return [question.code for question in result.open_questions]


# --- the title ------------------------------------------------------------------------------------------------------


def test_the_title_that_somebody_has_already_is_not_given_again_unasked(province: World) -> None:
    held = given(province)
    result = file(province, 365, **NEXT)
    (question,) = result.open_questions
    assert (question.code, question.key.endswith(":title_held")) == ("title_held", True)
    for text in (question.zh, question.en):
        assert held.certificate.number in text and "高级工程师" in text
    assert "现职称级别为中级" in question.zh and "from intermediate" in question.en
    accepted = province.import_file(province.folder / "next.xlsx", {question.key: "accept"})
    assert len(accepted.rosters) == 1


@pytest.mark.parametrize(("changes", "codes"), [
    ({**HIGHER, "current_title": "高级工程师"}, []),
    ({**HIGHER, "current_title": "工程师"}, ["level_skipped", "title_held"]),
    ({"specialties": ("电气工程",)}, []),
    ({"specialties": ("",)}, ["title_held"]),
    ({"series": "农业技术人员", "title": "高级农艺师", "current_title": "农艺师"}, []),
    ({"track": "外省确认", "current_title": "高级工程师", "extra": (("evidence_items", 1),)}, []),
    ({"failed": 1}, ["title_held"]),
], ids=["one_level_up", "one_level_up_from_less", "another_specialty", "no_specialty", "another_series", "confirmed", "not_passed"])  # fmt: skip
def test_what_is_asked_of_somebody_who_has_a_title(
    province: World, changes: dict[str, object], codes: list[str]
) -> None:
    given(province)
    assert asked(file(province, 365, **NEXT, **changes)) == codes


def test_a_second_way_to_the_same_title_is_asked_about_while_the_first_is_not_over(province: World) -> None:
    (first,) = file(province, 0).rosters
    assert asked(file(province, 0, file="a.xlsx", year=2023)) == []
    province.walk("T01", first, until="recommend")
    result = file(province, 0, file="b.xlsx", year=2024)
    assert asked(result) == ["title_held"]
    assert first in result.open_questions[0].zh
    # The level that the first leads to is not held yet, so nobody has to state it.
    assert asked(file(province, 0, file="c.xlsx", year=2024, **HIGHER, current_title="高级工程师")) == []


@pytest.mark.parametrize(("kind", "reason", "effect"), [
    ("withdraw", "holder_request", {}), ("revoke", "issuing_error", {"retroactive": True}),
])  # fmt: skip
def test_a_title_that_ended_without_fraud_is_no_question(
    province: World, kind: str, reason: str, effect: dict[str, object]
) -> None:
    end(province, given(province), kind, reason, **effect)
    assert asked(file(province, 70, file="b.xlsx", specialties=("电气工程",))) == []
    assert asked(file(province, 365, **NEXT)) == []


# --- the ban --------------------------------------------------------------------------------------------------------


def test_who_lost_a_title_by_fraud_does_not_apply_unasked_for_three_years(province: World) -> None:
    one = given(province)
    end(province, one, "revoke", "fraud", retroactive=True)
    (question,) = file(province, 70, file="b.xlsx", specialties=("电气工程",)).open_questions
    assert question.code == "ban_not_stated"
    for text in (question.zh, question.en):
        assert one.certificate.number in text and "2025-04-14" in text and "2028-04-13" in text
    accepted = province.import_file(province.folder / "b.xlsx", {question.key: "accept"})
    assert len(accepted.rosters) == 1


#: Day 1138 is 2028-04-14.
@pytest.mark.parametrize(("day", "extra", "codes"), [
    (1137, (), ["ban_not_stated"]),
    (1138, (), []),
    (1137, (("ban", "2025-04-14"), ("ban_until", "2028-04-13")), []),
    (1137, (("ban", "2025-04-14"),), []),
    (1137, (("ban", "2022-04-14"), ("ban_until", "2025-04-13")), ["ban_not_stated"]),
], ids=["last_day", "the_day_after", "stated", "stated_without_an_end", "another_that_is_over"])  # fmt: skip
def test_until_when_a_revocation_for_fraud_is_asked_about(
    province: World, day: int, extra: tuple[tuple[str, object], ...], codes: list[str]
) -> None:
    end(province, given(province), "revoke", "fraud", retroactive=True)
    assert asked(file(province, day, year=2028, file="later.xlsx", extra=extra)) == codes


def test_after_fraud_both_the_lost_title_and_the_ban_are_decided_on(province: World) -> None:
    end(province, given(province), "revoke", "fraud", retroactive=True)
    result = file(province, 70, file="b.xlsx", heading="示例名单(重新办理)")
    assert (result.rosters, [one.standing.why for one in result.standing]) == ([], ["ended"])
    path = province.folder / "b.xlsx"
    again = province.import_file(path, {"*:applies_again": "accept"})
    assert [question.code for question in again.open_questions] == ["ban_not_stated"]
    both = {"*:applies_again": "accept", "*:ban_not_stated": "accept"}
    assert len(province.import_file(path, both).rosters) == 1


def test_nobody_is_asked_about_somebody_who_is_new(province: World) -> None:
    end(province, given(province), "revoke", "fraud", retroactive=True)
    province.at(365)
    result = province.import_file(province.file(replace(ONE, **NEXT)), {})  # type: ignore[arg-type]
    assert result.people_new == 1 and not result.open_questions
