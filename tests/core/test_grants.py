"""Grants only narrow: every dimension at its boundary, chains of any shape, and nothing loops."""

from copy import deepcopy
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.calendar import SHANGHAI
from certsvc.core.claims import Target
from certsvc.core.grants import (
    DIMENSIONS,
    MAX_DEPTH,
    OFFICES,
    RATIO_GIVERS,
    Grant,
    ancestry,
    check_allows,
    check_begun,
    check_lasts,
    check_nesting,
    granted_ratios,
)
from certsvc.core.outcomes import Fault, Unknown
from certsvc.core.schemas import ROLES

TARGET = Target("05", "机械", "deputy_senior", "高级工程师", "T01", "220102", 2025)
SCOPE = {
    "series": ["05", "07"], "specialties": ["*"], "levels": ["deputy_senior", "intermediate"],
    "regions": ["220100"], "tracks": ["T01", "T06"], "years": {"from": 2024, "to": 2026},
}  # fmt: skip


def grant(sha256: str, parent: str | None = None, **other: Any) -> Grant:
    """A grant of `ORG` to itself, so that chains are easy: key `g` may grant."""
    payload = {
        "iss": "ROOT" if parent is None else "ORG", "sub": "ORG", "parent": parent, "role": "hrss",
        "keys": [{"jkt": "g", "use": "grant"}], "acts": ["evaluate", "approve"], "scope": deepcopy(SCOPE),
        "ratios": {}, "depth": 3, "iat": 100, "nbf": 100, "exp": 1000,
    } | other  # fmt: skip
    signer = ("p", "policy", "ROOT") if parent is None else ("g", "grant", "ORG")
    return Grant(sha256, payload, *signer)


def chain(*grants: Grant) -> dict[str, Grant]:
    return {one.sha256: one for one in grants}


def pair(**child: Any) -> dict[str, Grant]:
    return chain(grant("top"), grant("child", "top", **({"depth": 2} | child)))


def test_a_child_like_its_parent_but_for_the_depth_is_lawful() -> None:
    check_nesting(pair()["child"], pair())


def narrowed(dimension: str, value: Any) -> dict[str, Any]:
    return {"scope": deepcopy(SCOPE) | {dimension: value}}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp())


NARROWER = [
    narrowed("series", ["05"]),
    narrowed("series", []),
    narrowed("specialties", ["机械"]),
    narrowed("levels", ["deputy_senior"]),
    narrowed("regions", ["220102", "220103"]),
    narrowed("tracks", ["T06"]),
    narrowed("years", {"from": 2025, "to": 2025}),
    {"nbf": 101},
    {"exp": 999},
    {"acts": ["evaluate"]},
    {"acts": []},
    {"depth": 0},
]
WIDER: dict[str, tuple[dict[str, Any], str]] = {
    "another_series": (narrowed("series", ["05", "08"]), "scope_widened"),
    "all_series": (narrowed("series", ["*"]), "scope_widened"),
    "all_and_one_series": (narrowed("series", ["05", "*"]), "scope_widened"),
    "another_level": (narrowed("levels", ["senior"]), "scope_widened"),
    "the_province": (narrowed("regions", ["220000"]), "scope_widened"),
    "a_second_city": (narrowed("regions", ["220100", "220200"]), "scope_widened"),
    "star_for_a_region": (narrowed("regions", ["*"]), "scope_widened"),
    "another_track": (narrowed("tracks", ["T02"]), "scope_widened"),
    "an_earlier_year": (narrowed("years", {"from": 2023, "to": 2026}), "scope_widened"),
    "a_later_year": (narrowed("years", {"from": 2024, "to": 2027}), "scope_widened"),
    "years_backwards": (narrowed("years", {"from": 2026, "to": 2024}), "scope_widened"),
    "another_act": ({"acts": ["evaluate", "issue"]}, "scope_widened"),
    "earlier": ({"nbf": 99}, "scope_widened"),
    "longer": ({"exp": 1001}, "scope_widened"),
    "no_time_at_all": ({"nbf": 500, "exp": 500}, "scope_widened"),
    "same_depth": ({"depth": 3}, "depth_exceeded"),
    "depth_below_nought": ({"depth": -1}, "depth_exceeded"),
    "from_another": ({"iss": "OTHER"}, "grant_signer"),
    "committee_for_long": ({"role": "committee", "exp": at("1973-01-02T00:00")}, "committee_term"),
    "committee_office_for_long": ({"role": "committee_office", "exp": at("1973-01-02T00:00")}, "committee_term"),
}


@pytest.mark.parametrize("child", NARROWER)
def test_a_narrower_child_is_lawful(child: dict[str, Any]) -> None:
    check_nesting(pair(**child)["child"], pair(**child))


@pytest.mark.parametrize(("child", "code"), WIDER.values(), ids=WIDER.keys())
def test_a_wider_child_is_refused(child: dict[str, Any], code: str) -> None:
    with pytest.raises(Fault) as fault:
        check_nesting(pair(**child)["child"], pair(**child))
    assert (fault.value.code, fault.value.about.org) == (code, "ORG")
    assert fault.value.about.figures == ({"dimension": dimension_of(child)} if code == "scope_widened" else {})


def dimension_of(child: dict[str, Any]) -> str:
    """In what a child differs from its parent."""
    if "scope" in child:
        return next(name for name, value in child["scope"].items() if value != SCOPE[name])
    return "acts" if "acts" in child else "time"


@pytest.mark.parametrize(
    ("jkt", "use", "org"),
    [("x", "grant", "ORG"), ("g", "seal", "ORG"), ("g", "policy", "ORG"), ("g", "grant", "OTHER")],
    ids=["key_not_in_parent", "seal_key", "policy_key", "key_of_another_office"],
)
def test_only_the_grant_key_that_the_parent_names_may_sign_a_child(jkt: str, use: str, org: str) -> None:
    grants = pair()
    other = Grant("child", grants["child"].payload, jkt, use, org)
    with pytest.raises(Fault, match=r"^grant_signer$") as fault:
        check_nesting(other, grants | {"child": other})
    assert fault.value.about.org == "ORG"


@pytest.mark.parametrize(("use", "org"), [("grant", "ROOT"), ("policy", "ORG")], ids=["grant_key", "other_office"])
def test_only_the_policy_key_in_its_own_name_may_sign_a_top_grant(use: str, org: str) -> None:
    top = Grant("top", grant("top").payload, "p", use, org)
    with pytest.raises(Fault, match=r"^root_unknown$") as fault:
        check_nesting(top, {"top": top})
    assert fault.value.about.org == "ORG"


def test_parents_that_name_each_other_are_a_loop() -> None:
    grants = chain(grant("a", "b"), grant("b", "c"), grant("c", "a"))
    with pytest.raises(Fault, match=r"^chain_loop$"):
        list(ancestry(grants["a"], grants))


def test_a_grant_that_is_its_own_parent_is_a_loop() -> None:
    grants = chain(grant("a", "a"))
    with pytest.raises(Fault, match=r"^chain_loop$") as fault:
        check_nesting(grants["a"], grants)
    assert fault.value.about.org == "ORG"


def line(length: int) -> dict[str, Grant]:
    parents = [None, *(f"g{n}" for n in range(length - 1))]
    return chain(*(grant(f"g{n}", parent, depth=99 - n) for n, parent in enumerate(parents)))


def test_a_line_of_the_longest_length_is_lawful_and_a_longer_one_is_not() -> None:
    check_nesting(line(MAX_DEPTH)[f"g{MAX_DEPTH - 1}"], line(MAX_DEPTH))
    with pytest.raises(Fault, match=r"^depth_exceeded$"):
        check_nesting(line(MAX_DEPTH + 1)[f"g{MAX_DEPTH}"], line(MAX_DEPTH + 1))


def test_ten_thousand_parents_cost_four_steps() -> None:
    grants, seen = line(10_000), []
    with pytest.raises(Fault, match=r"^depth_exceeded$"):
        for step in ancestry(grants["g9999"], grants):
            seen.append(step)
    assert len(seen) == MAX_DEPTH


def test_a_parent_that_is_not_at_hand_is_unknown_and_no_fault() -> None:
    grants = pair()
    del grants["top"]
    with pytest.raises(Unknown, match=r"^grant_missing$") as gap:
        check_nesting(grants["child"], grants)
    assert gap.value.about.figures == {"org": "ORG"}


def test_a_fault_above_counts_for_every_grant_below() -> None:
    grants = chain(grant("top"), grant("mid", "top", depth=2, acts=["issue"]), grant("low", "mid", depth=1, acts=[]))
    with pytest.raises(Fault, match=r"^scope_widened$"):
        check_nesting(grants["low"], grants)


ALLOWED_AT = [100, 500, 1000]
DENIED: dict[str, tuple[dict[str, Any], int, str]] = {
    "act": ({"acts": ["approve"]}, 500, "act_not_granted"),
    "before": ({}, 99, "grant_not_yet"),
    "before_it_was_signed": ({"iat": 501}, 500, "grant_not_yet"),
    "after": ({}, 1001, "grant_expired"),
    "level": (narrowed("levels", ["senior"]), 500, "level_out_of_scope"),
    "series": (narrowed("series", ["07"]), 500, "series_out_of_scope"),
    "specialty": (narrowed("specialties", ["电气"]), 500, "specialty_out_of_scope"),
    "region": (narrowed("regions", ["220103"]), 500, "region_out_of_scope"),
    "track": (narrowed("tracks", ["T06"]), 500, "track_out_of_scope"),
    "year_before": (narrowed("years", {"from": 2026, "to": 2027}), 500, "year_out_of_scope"),
    "year_after": (narrowed("years", {"from": 2020, "to": 2024}), 500, "year_out_of_scope"),
    "nothing": (narrowed("series", []), 500, "series_out_of_scope"),
}


@pytest.mark.parametrize("at", ALLOWED_AT)
def test_a_grant_allows_from_its_first_second_to_its_last(at: int) -> None:
    check_allows(grant("top"), "evaluate", TARGET, at)


@pytest.mark.parametrize("until", [0, 600, 1000])
def test_a_grant_lasts_to_its_last_second(until: int) -> None:
    check_lasts(grant("top"), until)


def test_a_grant_that_may_have_ended_when_it_was_used_decides_nothing() -> None:
    with pytest.raises(Unknown) as refused:
        check_lasts(grant("top"), 1001)
    assert (refused.value.code, refused.value.about.figures) == ("time_unproved", {"until": "1000"})


@pytest.mark.parametrize("years", [{"from": 2025, "to": 2030}, {"from": 2020, "to": 2025}])
def test_the_first_and_the_last_year_of_a_grant_count(years: dict[str, int]) -> None:
    check_allows(grant("top", **narrowed("years", years)), "evaluate", TARGET, 500)


@pytest.mark.parametrize(("other", "at", "code"), DENIED.values(), ids=DENIED.keys())
def test_a_grant_denies_what_lies_outside_and_says_in_what(other: dict[str, Any], at: int, code: str) -> None:
    with pytest.raises(Fault) as fault:
        check_allows(grant("top", **other), "evaluate", TARGET, at)
    about = fault.value.about
    assert (fault.value.code, about.act, about.org) == (code, "evaluate", "ORG")
    assert about.figures == ({"value": LACKING[code]} if code in LACKING else {})


#: code -> the value of the target that the scope lacks.
LACKING = {
    "level_out_of_scope": "deputy_senior", "series_out_of_scope": "05", "specialty_out_of_scope": "机械",
    "region_out_of_scope": "220102", "track_out_of_scope": "T01", "year_out_of_scope": "2025",
}  # fmt: skip


# --- ratios --------------------------------------------------------------------------------------------------------

RATIO = {"senior": 45}


@pytest.mark.parametrize("role", ROLES)
def test_only_an_office_of_human_resources_gives_a_ratio(role: str) -> None:
    grants = chain(grant("top", role=role), grant("child", "top", depth=2, role="committee", ratios=RATIO))
    if role in RATIO_GIVERS:
        check_nesting(grants["child"], grants)
    else:
        with pytest.raises(Fault, match=r"^ratio_self_given$") as fault:
            check_nesting(grants["child"], grants)
        assert fault.value.about.org == "ORG"


def test_nobody_makes_itself_an_office_to_give_itself_a_ratio() -> None:
    grants = chain(
        grant("top"),
        grant("university", "top", depth=2, role="organiser"),
        grant("office", "university", depth=1, role="supervisor"),
        grant("committee", "office", depth=0, role="committee", ratios=RATIO),
    )
    check_nesting(grants["office"], grants)
    with pytest.raises(Fault, match=r"^ratio_self_given$"):
        check_nesting(grants["committee"], grants)


@pytest.mark.parametrize("role", ROLES)
def test_only_an_office_that_approves_makes_another_one(role: str) -> None:
    grants = chain(grant("top", role=role), grant("child", "top", depth=2, role="hrss"))
    if role in OFFICES:
        check_nesting(grants["child"], grants)
    else:
        with pytest.raises(Fault, match=r"^scope_widened$") as fault:
            check_nesting(grants["child"], grants)
        assert fault.value.about.figures == {"dimension": "role"}


def test_a_ratio_of_its_own_goes_before_the_one_above_which_goes_down_the_line() -> None:
    grants = chain(
        grant("top"),
        grant("city", "top", depth=2, ratios={"senior": 45, "deputy_senior": 55}),
        grant("own", "city", depth=1, ratios={"senior": 60}),
        grant("none", "city", depth=1),
    )
    check_nesting(grants["own"], grants)
    assert granted_ratios(grants["own"], grants) == {"senior": 60}
    assert granted_ratios(grants["none"], grants) == {"senior": 45, "deputy_senior": 55}
    assert granted_ratios(grants["top"], grants) == {}


def test_a_key_is_granted_for_one_use() -> None:
    assert grant("top").has_key("g", "grant")
    assert not grant("top").has_key("g", "seal")


LISTS = st.lists(st.sampled_from(["05", "06", "07", "*"]), max_size=3)


@given(LISTS, LISTS, LISTS)
def test_narrowing_twice_is_narrowing(a: list[str], b: list[str], c: list[str]) -> None:
    within = DIMENSIONS["series"]
    if within(a, b) and within(b, c):
        assert within(a, c)


@given(LISTS, LISTS)
def test_what_a_child_allows_its_parent_allows(child: list[str], parent: list[str]) -> None:
    within = DIMENSIONS["series"]
    if within(child, parent):
        assert all(within([one], parent) for one in ("05", "06", "07") if within([one], child))


@pytest.mark.parametrize("role", ["committee", "committee_office"])
@pytest.mark.parametrize(
    ("begins", "last"),
    [
        ("2025-01-05T10:00", "2028-01-05"),
        ("2025-01-05T00:00", "2028-01-05"),
        ("2025-01-05T23:59", "2028-01-05"),
        ("2026-03-01T10:00", "2029-03-01"),
        ("2028-02-29T10:00", "2031-02-28"),
        ("2028-02-28T10:00", "2031-02-28"),
        ("2025-02-28T10:00", "2028-02-28"),
        ("2025-03-01T10:00", "2028-03-01"),
    ],
)
def test_a_filing_ends_with_the_day_of_the_same_name_three_years_later(role: str, begins: str, last: str) -> None:
    end = at(f"{last}T23:59:59")
    for seconds, code in ((0, None), (1, "committee_term"), (86_400, "committee_term")):
        top = grant("top", role=role, nbf=at(begins), exp=end + seconds)
        assert refusal(top) == code


@pytest.mark.parametrize(
    "times", [(0, 2**53 - 1), (1 - 2**53, 0), (2**53 - 2, 2**53 - 1), (253_380_000_000, 253_390_000_000)]
)
def test_a_filing_at_times_that_no_calendar_has_is_refused(times: tuple[int, int]) -> None:
    assert refusal(grant("top", role="committee", nbf=times[0], exp=times[1])) == "committee_term"
    assert refusal(grant("top", role="unit", nbf=times[0], exp=times[1])) is None


def refusal(top: Grant) -> str | None:
    """The code with which a top grant is refused."""
    try:
        check_nesting(top, chain(top))
    except Fault as fault:
        return fault.code
    return None


#: 2025-03-02 00:00 in Asia/Shanghai.
MIDNIGHT = 1_740_844_800


@pytest.mark.parametrize("begins", [MIDNIGHT - 86_400, MIDNIGHT - 1])
def test_a_paper_may_be_of_the_day_on_which_its_grant_begins_whenever_that_was_signed(begins: int) -> None:
    check_begun(grant("own", nbf=begins, iat=MIDNIGHT + 9), "evaluate", date(2025, 3, 1))


def test_a_paper_of_the_day_before_its_grant_began_is_told_with_both_days() -> None:
    with pytest.raises(Fault) as caught:
        check_begun(grant("own", nbf=MIDNIGHT), "evaluate", date(2025, 3, 1))
    about = caught.value.about
    assert (caught.value.code, about.act, about.org) == ("document_before_grant", "evaluate", "ORG")
    assert about.figures == {"date": "2025-03-01", "begun": "2025-03-02"}
