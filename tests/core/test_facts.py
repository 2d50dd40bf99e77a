"""Facts in whole numbers: each at its boundary, and nothing that is no number ever makes one true."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc import resources
from certsvc.core.facts import FACTS, FactCase, approved_ratio, counted_hours, dated_rightly, fact_holds, live_ban
from certsvc.core.schemas import LEVEL

TARGET = {"series": "05", "level": "deputy_senior", "year": 2025}
PERCENT = {"percent": {"deputy_senior": 70, "senior": 30}}
EXTRA = {**PERCENT, "extra_points": {"deputy_senior": 5}}
#: The procedure says the most, the grant what was approved.
GRANTED = {**EXTRA, "granted": True}
#: A confirmation: the level stays.
STAY = {"min_step": 0, "max_step": 0, "entry_levels": []}
BY_LEVEL = {"deputy_senior": {"rank": 3, "years": 3}, "intermediate": {"rank": 2, "years": 3}}
DAY, TWO_LATER = date(2025, 3, 17), date(2025, 3, 19)


def approved(percent: Any, level: str = "deputy_senior") -> dict[str, dict[str, Any]]:
    return {"granted": {level: percent}}


def case(
    facts: Mapping[str, Any] = {}, row: Mapping[str, Any] = {}, args: Mapping[str, Any] = {}, **other: Any
) -> FactCase:
    numbers = {name: other.pop(name) for name in ("applied", "passed", "granted", "day", "signed") if name in other}
    return FactCase(facts, row, TARGET | other, args, **{"applied": 0, "passed": 0} | numbers)


def hours(professional: Any, public: Any) -> dict[str, Any]:
    return {"professional_hours": professional, "public_hours": public}


def ban(first: Any, last: Any = None) -> dict[str, Any]:
    return {"ban_from": first, "ban_until": last}


HOLD_AND_FAIL: list[tuple[str, FactCase, FactCase]] = [
    ("quorum_two_thirds", case({"members": 25, "present": 17}), case({"members": 25, "present": 16})),
    ("quorum_two_thirds", case({"members": 3, "present": 2}), case({"members": 3, "present": 1})),
    ("quorum_two_thirds", case({"members": 25, "present": 25}), case({"members": 25, "present": 26})),
    ("quorum_two_thirds", case({"members": 1, "present": 1}), case({"members": 0, "present": 0})),
    ("quorum_two_thirds", case({"members": 1, "present": 1}), case({"members": -3, "present": -2})),
    ("yes_two_thirds", case({"present": 22}, {"yes": 15}), case({"present": 22}, {"yes": 14})),
    ("yes_two_thirds", case({"present": 3}, {"yes": 2}), case({"present": 3}, {"yes": 4})),
    ("yes_two_thirds", case({"present": 3}, {"yes": 3}), case({"present": -9}, {"yes": -1})),
    ("votes_add_up", case({"present": 20}, {"yes": 15, "no": 4, "abstain": 1}), case({"present": 20}, {"yes": 15, "no": 4, "abstain": 0})),
    ("votes_add_up", case({"present": 20}, {"yes": 20, "no": 0, "abstain": 0}), case({"present": 20}, {"yes": 21, "no": -1, "abstain": 0})),
    ("within_ratio", case(args=PERCENT, applied=90, passed=63), case(args=PERCENT, applied=90, passed=64)),
    ("within_ratio", case(args=EXTRA, applied=4, passed=3), case(args=PERCENT, applied=4, passed=3)),
    ("within_ratio", case(args=PERCENT, applied=10, passed=3, level="senior"), case(args=PERCENT, applied=10, passed=4, level="senior")),
    ("within_ratio", case(args=PERCENT, applied=0, passed=0), case(args=PERCENT, applied=0, passed=0, level="junior")),
    ("within_ratio", case(args=GRANTED, applied=90, passed=45, **approved(50)), case(args=GRANTED, applied=90, passed=46, **approved(50))),
    ("within_ratio", case(args=GRANTED, applied=4, passed=3, **approved(75)), case(args=GRANTED, applied=4, passed=3, **approved(76))),
    ("within_ratio", case(args=GRANTED, applied=10, passed=0, **approved(1)), case(args=GRANTED, applied=10, passed=0, **approved(0))),
    ("within_ratio", case(args=GRANTED, applied=9, passed=1, **approved(70)), case(args=GRANTED, applied=9, passed=1, **approved(70, "senior"))),
    ("within_ratio", case(args=PERCENT, applied=90, passed=63, **approved(1)), case(args=GRANTED, applied=90, passed=63)),
    ("within_ratio", case(args=GRANTED, applied=9, passed=1, **approved(70)), case({"ratio_percent": 70}, args=GRANTED, applied=9, passed=1)),
    ("within_posts", case({"posts": 3}, passed=3), case({"posts": 3}, passed=4)),
    ("level_step", case(row={"current_level": "intermediate"}), case(row={"current_level": "assistant"})),
    ("level_step", case(row={"current_level": "assistant"}, args={"max_step": 2}), case(row={"current_level": "deputy_senior"}, args={"max_step": 2})),
    ("level_step", case(row={"current_level": None}, level="assistant"), case(row={"current_level": None}, level="intermediate")),
    ("level_step", case(row={"current_level": None}, args={"entry_levels": ["deputy_senior"]}), case(row={"current_level": None}, args={"entry_levels": []})),
    ("level_step", case(row={"current_level": "junior"}, level="assistant"), case(row={"current_level": "none"}, level="assistant")),
    ("education_check", case(row=hours(60, 30)), case(row=hours(59, 30))),
    ("education_check", case(row=hours(60, 30)), case(row=hours(60, 29))),
    ("education_check", case(row=hours(60, 30)), case(row=hours(59, 400))),
    ("education_check", case(row=hours(90, 0)), case(row=hours(89, 0))),
    ("education_check", case(row=hours(90, 0)), case(row=hours(90, -1))),
    ("education_check", case(row=hours(75, 15)), case(row=hours(75, 14))),
    ("education_check", case(row=hours(0, 0), year=2022), case(row=hours(0, 0), year=2023)),
    ("education_check", case(row={}, args={"from_year": 2026}), case(row={"education": True})),
    ("education_check", case(row=hours(60, 30)), case(row={"professional_hours": 90})),
    ("education_check", case(row=hours(60, 30)), case(row=hours("60", 30))),
    ("education_check", case(row=hours(60, 30)), case(row=hours(True, 90))),
    ("no_ban", case(row=ban(None)), case(row=ban(None, "2025-03-16"), day=DAY)),
    ("no_ban", case(row=ban(None)), case(row={"ban": False}, day=DAY)),
    ("no_ban", case(row=ban(None)), case(row={"ban_from": None}, day=DAY)),
    ("no_ban", case(row=ban("2022-03-17", "2025-03-16"), day=DAY), case(row=ban("2022-03-17", "2025-03-17"), day=DAY)),
    ("no_ban", case(row=ban("2025-03-18", "2028-03-17"), day=DAY), case(row=ban("2025-03-17", "2028-03-16"), day=DAY)),
    ("no_ban", case(row=ban("2025-03-18"), day=DAY), case(row=ban("2025-03-17"), day=DAY)),
    ("no_ban", case(row=ban("2025-03-18"), day=DAY), case(row=ban("2000-01-01"), day=DAY)),
    ("no_ban", case(row=ban("2025-03-18"), day=DAY), case(row=ban("2025-03-18"))),
    ("no_ban", case(row=ban("2025-03-18", "2025-03-18"), day=DAY), case(row=ban("2025-03-18", "2025-03-16"), day=DAY)),
    ("no_ban", case(row=ban("2025-03-18"), day=DAY), case(row=ban("18.3.2025"), day=DAY)),
    ("no_ban", case(row=ban("2025-03-18"), day=DAY), case(row=ban("20250318"), day=DAY)),
    ("no_ban", case(row=ban("2020-01-01", "2021-01-04"), day=DAY), case(row=ban("2020-01-01", "2021-W01-1"), day=DAY)),
    ("no_ban", case(row=ban("2199-12-31"), day=DAY), case(row=ban("2200-01-01"), day=DAY)),
    ("no_ban", case(row=ban("2022-03-17", "2025-03-16"), day=DAY), case(row=ban("2022-03-17", "3 years"), day=DAY)),
    ("no_ban", case(row=ban("2025-03-18"), day=DAY), case(row=ban(False), day=DAY)),
    ("no_ban", case(row=ban("2025-03-20"), day=DAY, signed=TWO_LATER), case(row=ban("2025-03-19"), day=DAY, signed=TWO_LATER)),
    ("no_ban", case(row=ban("2025-03-20"), day=DAY, signed=TWO_LATER), case(row=ban("2025-03-18", "2025-03-18"), day=DAY, signed=TWO_LATER)),
    ("no_ban", case(row=ban("2022-03-17", "2025-03-16"), day=DAY, signed=TWO_LATER), case(row=ban("2022-03-17", "2025-03-17"), day=DAY, signed=TWO_LATER)),
    ("no_ban", case(row=ban("2025-03-20"), day=TWO_LATER, signed=DAY), case(row=ban("2025-03-17", "2025-03-17"), day=TWO_LATER, signed=DAY)),
    ("level_step", case(row={"current_level": "deputy_senior"}, args=STAY), case(row={"current_level": "intermediate"}, args=STAY)),
    ("level_step", case(row={"current_level": "deputy_senior"}, args=STAY), case(row={"current_level": "senior"}, args=STAY)),
    ("level_step", case(row={"current_level": "intermediate"}), case(row={"current_level": "deputy_senior"})),
    ("at_least_for_level", case(row={"rank": 3, "years": 3}, args=BY_LEVEL), case(row={"rank": 2, "years": 3}, args=BY_LEVEL)),
    ("at_least_for_level", case(row={"rank": 2, "years": 3}, args=BY_LEVEL, level="intermediate"), case(row={"rank": 2, "years": 2}, args=BY_LEVEL, level="intermediate")),
    ("at_least_for_level", case(row={"rank": 3, "years": 3}, args=BY_LEVEL), case(row={"rank": 3, "years": 3}, args=BY_LEVEL, level="senior")),
    ("at_least_for_level", case(row={"rank": 3, "years": 3}, args=BY_LEVEL), case(row={"rank": 3}, args={"deputy_senior": 3})),
    ("one_of", case(row={"word": "b"}, args={"word": ["a", "b"]}), case(row={"word": "c"}, args={"word": ["a", "b"]})),
    ("one_of", case(row={"word": "b"}, args={"word": ["a", "b"]}), case(args={"word": ["a", "b"]})),
    ("county_unit", case(region="220122"), case(region="220112")),
    ("county_unit", case(region="220181"), case(region="220180")),
    ("county_unit", case(region="220121"), case(region="220120")),
    ("county_unit", case(region="220150"), case(region="220151")),
    ("county_unit", case(region="222401"), case(region="222400")),
    ("county_unit", case(region="222120"), case(region="222020")),
    ("county_unit", case(region="225020"), case(region="225120")),
    ("county_unit", case(region="220199"), case(region="JL-CBS")),
    ("county_unit", case(region="220122"), case(region="2201222")),
    ("county_unit", case(region="220122"), case(region="２２０１２２")),
    ("appraised_each_year", case(row={"level_years": 6, "appraisals": 6}), case(row={"level_years": 6, "appraisals": 5})),
    ("appraised_each_year", case(row={"level_years": 1, "appraisals": 1}), case(row={"level_years": 0, "appraisals": 1})),
    ("stage", case({"stage": 2}, args={"stage": 2}), case({"stage": 3}, args={"stage": 2})),
    ("stage", case({"stage": 1}, args={"stage": 1}), case({"stage": True}, args={"stage": 1})),
    ("not_exam_series", case(args={"exam": ["05:senior"]}), case(args={"exam": ["05:deputy_senior"]})),
    ("at_least", case(row={"score": 60}, args={"score": 60}), case(row={"score": 59}, args={"score": 60})),
]  # fmt: skip


@pytest.mark.parametrize(("name", "holds", "fails"), HOLD_AND_FAIL)
def test_a_fact_holds_on_one_side_of_its_boundary_and_not_on_the_other(
    name: str, holds: FactCase, fails: FactCase
) -> None:
    assert fact_holds(name, holds)
    assert not fact_holds(name, fails)


def test_every_fact_has_a_boundary_and_a_source() -> None:
    assert {name for name, _, _ in HOLD_AND_FAIL} == FACTS.keys()
    assert all(fact.rule and fact.name == name for name, fact in FACTS.items())


NO_NUMBERS = [None, True, False, "", "20", "twenty", [], {}, "²"]
NUMBERS = ["members", "present", "yes", "no", "abstain", "posts", "score", "deputy_senior"]


@pytest.mark.parametrize("wrong", NO_NUMBERS, ids=repr)
@pytest.mark.parametrize(
    "name", ["quorum_two_thirds", "yes_two_thirds", "votes_add_up", "within_ratio", "within_posts", "at_least"]
)
def test_what_is_no_whole_number_never_makes_a_fact_true(name: str, wrong: Any) -> None:
    good = {"members": 1, "present": 1, "yes": 1, "no": 0, "abstain": 0, "deputy_senior": 70, "posts": 9, "score": 60}
    args = {"within_ratio": GRANTED, "at_least": {"score": 60}}.get(name, {})
    assert fact_holds(name, case(good, good, args, applied=10, passed=1, granted=good))
    used = {
        "quorum_two_thirds": ("members", "present"), "yes_two_thirds": ("yes", "present"),
        "votes_add_up": ("yes", "no", "abstain", "present"), "within_ratio": ("deputy_senior",),
        "within_posts": ("posts",), "at_least": ("score",),
    }[name]  # fmt: skip
    for figure in used:
        for bad in (good | {figure: wrong}, {n: v for n, v in good.items() if n != figure}):
            assert not fact_holds(name, case(bad, bad, args, applied=10, passed=1, granted=bad)), figure


@pytest.mark.parametrize("code", [region.code for region in resources.regions().values()])
def test_counties_are_told_from_districts_by_their_codes(code: str) -> None:
    """By the names of the table: 市辖区 end in 区, counties and county-level cities do not."""
    region = resources.regions()[code]
    county = region.kind == "county" and not region.name_zh.endswith("区")
    assert fact_holds("county_unit", case(region=code)) == county


#: fact -> arguments that are misspelt, of another form, missing or of nothing, none of which may let anything pass.
AMISS: list[tuple[str, FactCase, dict[str, Any]]] = [
    ("within_ratio", case(args=GRANTED, applied=4, passed=3, **approved(75)), {**EXTRA, "grantd": True}),
    ("within_ratio", case(args=GRANTED, applied=4, passed=3, **approved(75)), {**EXTRA, "granted": "false"}),
    ("within_ratio", case(args=EXTRA, applied=4, passed=3), {**EXTRA, "extra_points": {"deputy": 5}}),
    ("quorum_two_thirds", case({"members": 25, "present": 17}), {"members": 30}),
    ("level_step", case(row={"current_level": "intermediate"}), {"min_steps": 2}),
    ("level_step", case(row={"current_level": "intermediate"}), {"max_step": True}),
    ("level_step", case(row={"current_level": "intermediate"}), {"entry_levels": ["deputy-senior"]}),
    ("education_check", case(row=hours(60, 30)), {"from": 2020}),
    ("education_check", case(row=hours(60, 30)), {"from_year": "2020"}),
    ("not_exam_series", case(args={"exam": ["05:senior"]}), {"exam": ["05:deputy-senior"]}),
    ("not_exam_series", case(args={"exam": ["05:senior"]}), {"exam": "06:deputy_senior"}),
    ("not_exam_series", case(args={"exam": ["05:senior"]}), {}),
    ("at_least", case(row={"score": 60}, args={"score": 60}), {}),
    ("at_least", case(row={"score": 60}, args={"score": 60}), {"score": "60"}),
    ("at_least_for_level", case(row={"rank": 3, "years": 3}, args=BY_LEVEL), {"deputy_senior": {}}),
    ("at_least_for_level", case(row={"rank": 3, "years": 3}, args=BY_LEVEL), {**BY_LEVEL, "deputy": {"rank": 3}}),
    ("at_least_for_level", case(row={"rank": 3, "years": 3}, args=BY_LEVEL), {}),
    ("one_of", case(row={"word": "b"}, args={"word": ["a", "b"]}), {}),
    ("one_of", case(row={"word": "b"}, args={"word": ["a", "b"]}), {"word": "abc"}),
    ("stage", case({"stage": 1}, args={"stage": 1}), {"stage": 1, "stages": 3}),
]


@pytest.mark.parametrize(("name", "holds", "args"), AMISS)
def test_a_fact_does_not_hold_with_an_argument_that_it_does_not_take(
    name: str, holds: FactCase, args: dict[str, Any]
) -> None:
    assert fact_holds(name, holds)
    assert not fact_holds(name, holds._replace(args=args))
    assert FACTS[name].arguments.faults(args)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("at_least", {"servce_years": 30}),
        ("at_least", {"occupation": 1}),
        ("at_least_for_level", {"senior": {"skil_rank": 6}}),
        ("one_of", {"ocupation": ["物联网"]}),
    ],
)
def test_data_that_no_row_has_are_refused_where_a_procedure_is_read(name: str, args: dict[str, Any]) -> None:
    """Whoever asks for them makes the fact false for everybody."""
    assert FACTS[name].arguments.fit(args)
    ((zh, en),) = FACTS[name].arguments.faults(args)
    assert "occupation" in en or "service_years" in en
    assert zh and not fact_holds(name, case(args=args, level="senior"))


@pytest.mark.parametrize("code", resources.tracks())
def test_the_arguments_of_every_procedure_that_ships_are_known(code: str) -> None:
    for step in resources.tracks()[code].procedure["steps"]:
        for fact in (*step["facts"], *step["row_facts"]):
            assert FACTS[fact["name"]].arguments.faults(fact["args"]) == ()


def test_a_fact_that_nobody_knows_is_false() -> None:
    assert not fact_holds("moon_is_full", case())


@given(st.integers(-5, 60), st.integers(-5, 60))
def test_two_thirds_are_two_thirds_in_exact_numbers(members: int, present: int) -> None:
    expected = 0 < present <= members and Fraction(present, members) >= Fraction(2, 3)
    assert fact_holds("quorum_two_thirds", case({"members": members, "present": present})) == expected


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(1, 70))
def test_a_ratio_is_rounded_down_in_exact_numbers(applied: int, passed: int, percent: int) -> None:
    expected = passed <= Fraction(applied * percent, 100).__floor__()
    one = case(args=GRANTED, applied=applied, passed=passed, **approved(percent))
    assert fact_holds("within_ratio", one) == expected


@given(
    st.sampled_from(sorted(FACTS)),
    st.dictionaries(st.sampled_from(NUMBERS), st.none() | st.booleans() | st.integers() | st.text(max_size=3)),
)
def test_no_signed_figures_make_a_fact_raise(name: str, figures: dict[str, Any]) -> None:
    for level in LEVEL.values:
        for args in (
            PERCENT,
            GRANTED,
            {},
            *(one.args for fact, *cases in HOLD_AND_FAIL for one in cases if fact == name),
        ):
            one = case(figures, figures, args, level=level, applied=9, passed=3, granted=figures)
            assert fact_holds(name, one) in (True, False)
            assert isinstance(approved_ratio(one), int)


def test_the_approved_share_is_told_and_nought_where_nobody_approved_one() -> None:
    assert approved_ratio(case(args=EXTRA)) == 75
    assert approved_ratio(case(args=GRANTED, **approved(60))) == 60
    assert approved_ratio(case(args=GRANTED)) == 0
    assert approved_ratio(case(args=GRANTED, **approved("60"))) == 0


# --- what is signed of a person's figures ---------------------------------------------------------------------------


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_hours_that_count_tell_the_same_as_all_hours_and_never_more_than_is_asked(done: int, public: int) -> None:
    """人社部令第25号 第八条, said the other way round."""
    counted = counted_hours(done, public)
    lawful = done + public >= 90 and 3 * done >= 2 * 90
    assert fact_holds("education_check", case(row=counted)) == fact_holds(
        "education_check", case(row=hours(done, public))
    )
    assert fact_holds("education_check", case(row=counted)) == lawful
    assert sum(counted.values()) <= 90
    assert counted["professional_hours"] <= done and counted["public_hours"] <= public


@pytest.mark.parametrize(
    ("bans", "signed"),
    [
        ([], ban(None)),
        ([["2022-03-17", "2025-03-16"]], ban(None)),
        ([["2022-03-18", "2025-03-17"]], ban("2022-03-18", "2025-03-17")),
        ([["2024-01-01", None]], ban("2024-01-01")),
        ([["2026-01-01", None], ["2024-01-01", "2025-12-31"], ["2020-01-01", "2020-12-31"]], ban("2024-01-01", "2025-12-31")),
    ],
)  # fmt: skip
def test_of_bans_only_the_first_that_is_not_over_is_signed(bans: list[list[str | None]], signed: Any) -> None:
    assert live_ban(bans, DAY) == signed


SPANS = st.tuples(st.integers(0, 12), st.none() | st.integers(0, 12)).filter(
    lambda one: one[1] is None or one[0] <= one[1]
)


@given(st.lists(SPANS, max_size=4), st.integers(2, 6), st.integers(0, 4))
def test_the_one_ban_that_is_signed_tells_of_all_whether_one_lasts_between_paper_and_act(
    spans: list[tuple[int, int | None]], paper: int, later: int
) -> None:
    days = [date(2025, 3, 1 + n) for n in range(13)]
    bans = [(days[first].isoformat(), None if last is None else days[last].isoformat()) for first, last in spans]
    barred = any(first <= paper + later and (last is None or paper <= last) for first, last in spans)
    asked = case(row=live_ban(bans, days[paper]), day=days[paper], signed=days[paper + later])
    assert fact_holds("no_ban", asked) != barred


@pytest.mark.parametrize(
    ("first_paper", "rightly"),
    [(date(2024, 12, 31), False), (date(2025, 1, 1), True), (date(2026, 12, 31), True), (date(2027, 1, 1), False)],
)
def test_an_application_is_of_the_year_of_its_first_paper_or_of_the_one_before(
    first_paper: date, rightly: bool
) -> None:
    assert dated_rightly(2025, first_paper) is rightly
