"""Procedure: any other order, any omission, any doubled act is void; ratios, posts and lists count what was signed."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_changes import apply_changes, day
from support_forge import Forge, judge
from support_instance import SCHEDULE, TARGET, SmallInstance

from certsvc.core.bundle import parse_bundle
from certsvc.core.calendar import local_date
from certsvc.core.errors import Malformed
from certsvc.verify.report import Report

KINDS = [kind for kind, _, _ in SCHEDULE]


def walked(small: SmallInstance, kinds: list[str]) -> Report:
    """The report on a path of these acts in this order, linked and dated lawfully in other respects."""
    forge = Forge(small)
    acts, printed = forge.tree["acts"], forge.tree["credential"]["certificate"]
    for number, kind in enumerate(kinds):
        acts[kind]["prev"] = [f"@acts.{kinds[number - 1]}"] if number else []
        acts[kind]["iat"] = day(SCHEDULE[number][2])
        acts[kind]["document"]["date"] = local_date(acts[kind]["iat"]).isoformat()
        acts[kind]["calendar"] = "@calendar"
    printed["approval"]["date"] = acts["approve"]["document"]["date"]
    printed["award_date"] = acts["evaluate"]["document"]["date"]
    forge.tree["credential"]["awardedDate"] = f"{printed['award_date']}T00:00:00Z"
    forge.tree["path"] = kinds
    forge.tree["credential"]["evidence"][0]["id"] = f"urn:certsvc:act:@acts.{kinds[-1]}"
    used = {acts[kind]["grants"][0] for kind in kinds} | {"@grants.issuer"}
    forge.tree["grants"] = {role: one for role, one in forge.tree["grants"].items() if f"@grants.{role}" in used}
    return judge(small, forge.build())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(KINDS))
def test_the_acts_in_any_other_order_are_void(small_instance: SmallInstance, kinds: list[str]) -> None:
    report = walked(small_instance, kinds)
    if kinds == KINDS:
        assert report.verdict == "valid"
    else:
        assert (report.verdict, report.reason) == ("void", "order")


def test_the_acts_in_their_order_are_valid_as_the_other_tests_date_them(small_instance: SmallInstance) -> None:
    assert walked(small_instance, KINDS).verdict == "valid"


@pytest.mark.parametrize("left_out", [*combinations(KINDS, 1), *combinations(KINDS[1:7], 2)], ids="+".join)
def test_a_path_that_leaves_out_an_act_is_void(left_out: tuple[str, ...], small_instance: SmallInstance) -> None:
    report = walked(small_instance, [kind for kind in KINDS if kind not in left_out])
    assert report.verdict == "void"
    absent = [(row.code, row.about.act) for row in report.rows if row.id == "acts_complete" and row.outcome == "fail"]
    assert absent == [("act_missing", kind) for kind in left_out]


def test_of_an_act_that_is_missing_and_others_out_of_order_the_missing_one_is_told(
    small_instance: SmallInstance,
) -> None:
    report = walked(small_instance, [*KINDS[:5], "approve", "settle_objections", "issue"])
    assert (report.verdict, report.reason, report.about.act) == ("void", "act_missing", "result_notice")


@pytest.mark.parametrize("doubled", [kind for kind in KINDS if kind != "recommend"])
def test_a_path_that_does_an_act_twice_is_void(doubled: str, small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    again = f"{doubled}2"
    changes: list[dict[str, Any]] = [
        {"do": "copy", "at": f"acts.{doubled}", "to": f"acts.{again}"},
        {"do": "copy", "at": f"rows.{doubled}", "to": f"rows.{again}"},
        {"do": "set", "at": f"acts.{again}.jti", "to": "a-again"},
        {"do": "set", "at": f"acts.{again}.prev", "to": [f"@acts.{doubled}"]},
        {"do": "set", "at": f"acts.{again}.roster.root", "to": f"@roster.{again}"},
    ]
    apply_changes(forge, changes)
    place = KINDS.index(doubled) + 1
    forge.tree["path"].insert(place, again)
    if place < len(KINDS):
        forge.tree["acts"][KINDS[place]]["prev"] = [f"@acts.{again}"]
    else:
        forge.tree["credential"]["evidence"][0]["id"] = f"urn:certsvc:act:@acts.{again}"
    report = judge(small_instance, forge.build())
    assert (report.verdict, report.reason) == ("void", "order")


# --- figures of the whole list -------------------------------------------------------------------------------------


def asked_at_vote(
    name: str, args: dict[str, Any], facts: dict[str, Any], *more: dict[str, Any]
) -> list[dict[str, Any]]:
    """The vote's step asks for one more fact, and the committee states these figures."""
    return [
        {"do": "add", "at": "procedure.steps.4.facts", "value": {"name": name, "args": args}},
        {"do": "set", "at": "acts.evaluate.facts", "to": {"members": 25, "present": 20} | facts},
        *more,
    ]


RATIO = {"percent": {"deputy_senior": 70}}
MERGED = {"do": "set", "at": "acts.evaluate.prev", "to": ["@acts.draw", "A" * 43]}
COUNT = {"do": "set", "at": "acts.evaluate.roster.count", "to": 3}
FIGURES: dict[str, tuple[list[dict[str, Any]], str, str | None]] = {
    "three_of_three_at_100": (asked_at_vote("within_ratio", {"percent": {"deputy_senior": 100}}, {"ratio_percent": 100}), "valid", None),
    "three_of_three_at_70": (asked_at_vote("within_ratio", RATIO, {"ratio_percent": 70}), "void", "fact_within_ratio"),
    "more_than_the_province_allows": (asked_at_vote("within_ratio", RATIO, {"ratio_percent": 100}), "void", "fact_within_ratio"),
    "a_merged_list_is_not_at_hand": (asked_at_vote("within_ratio", RATIO, {"ratio_percent": 70}, MERGED), "cannot_decide", "prev_missing"),
    "a_merged_list_matters_for_ratios_only": ([MERGED], "valid", None),
    "as_many_as_posts": (asked_at_vote("within_posts", {}, {"posts": 3}), "valid", None),
    "more_than_posts": (asked_at_vote("within_posts", {}, {"posts": 2}), "void", "fact_within_posts"),
    "exam_series": (asked_at_vote("not_exam_series", {"exam": ["05:deputy_senior"]}, {}), "void", "fact_not_exam_series"),
    "no_exam_series": (asked_at_vote("not_exam_series", {"exam": ["05:senior"]}, {}), "valid", None),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "verdict", "code"), FIGURES.values(), ids=FIGURES.keys())
def test_figures_of_the_whole_list_are_counted_and_never_believed(
    changes: list[dict[str, Any]], verdict: str, code: str | None, small_instance: SmallInstance
) -> None:
    report = judge(small_instance, apply_changes(Forge(small_instance), changes).build())
    assert (report.verdict, report.reason) == (verdict, code)


def test_a_failed_fact_tells_the_figures_that_decided(small_instance: SmallInstance) -> None:
    changes = [
        {"do": "set", "at": "acts.evaluate.facts", "to": {"members": 25, "present": 22}},
        {"do": "set", "at": "rows.evaluate.0.facts", "to": {"yes": 14, "no": 7, "abstain": 1}},
    ]
    about = judge(small_instance, apply_changes(Forge(small_instance), changes).build()).about
    assert (about.act, about.org) == ("evaluate", "COMM")
    assert {"present": "22", "yes": "14", "no": "7", "abstain": "1"}.items() <= about.figures.items()


def test_each_pair_of_acts_that_must_be_apart_has_a_row_that_names_both(small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    rows = [row for row in judge(small_instance, forge.build()).rows if row.id == "powers_separated"]
    assert {row.outcome for row in rows} == {"pass"}
    named = [[row.about.figures["apart_from"], row.about.act] for row in rows]
    procedure = forge.tree["procedure"]
    assert named == procedure["apart"] + procedure["apart_people"]


def test_an_act_is_never_compared_with_itself(small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    forge.tree["procedure"]["apart"] = [["approve", "approve"], ["recommend", "recommend"]]
    assert judge(small_instance, forge.build()).verdict == "valid"


@pytest.mark.parametrize("person", [0, 1, 2])
def test_the_votes_for_one_person_do_not_touch_another(person: int, small_instance: SmallInstance) -> None:
    """The next person's votes were too few; the roster, and with it every proof, is another one."""
    forge = Forge(small_instance, person)
    forge.tree["rows"]["evaluate"][1]["facts"] = {"yes": 1, "no": 18, "abstain": 1}
    assert judge(small_instance, forge.build()).verdict == "valid"
    forge.tree["rows"]["evaluate"][0]["facts"] = {"yes": 1, "no": 18, "abstain": 1}
    assert judge(small_instance, forge.build()).reason == "fact_yes_two_thirds"


def test_a_track_without_approval_quotes_its_filing(small_instance: SmallInstance) -> None:
    """As T03 does: the office files, and the certificate prints the paper of that filing."""
    forge = Forge(small_instance)
    tree = forge.tree
    changes: list[dict[str, Any]] = [
        {"do": "copy", "at": "acts.approve", "to": "acts.file"},
        {"do": "copy", "at": "rows.approve", "to": "rows.file"},
        {"do": "set", "at": "acts.file.act", "to": "file"},
        {"do": "set", "at": "acts.file.roster.root", "to": "@roster.file"},
        {"do": "set", "at": "acts.issue.prev", "to": ["@acts.file"]},
        {"do": "set", "at": "grants.hrss.acts", "to": ["file"]},
        {"do": "set", "at": "procedure.steps.7.act", "to": "file"},
        {"do": "set", "at": "procedure.apart", "to": [["evaluate", "file"]]},
        {"do": "set", "at": "path.7", "to": "file"},
    ]
    apply_changes(forge, changes)
    assert judge(small_instance, forge.build()).verdict == "valid"
    tree["acts"]["file"]["document"]["number"] = "示例9号"
    report = judge(small_instance, forge.build())
    assert (report.verdict, report.reason, report.about.act) == ("void", "cert_mismatch", "issue")
    assert report.about.figures["member"] == "approval"


def test_a_list_that_the_last_act_divides_is_gone_through_in_its_first_part(small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    whole = {"root": "@roster.issue", "count": 3}
    forge.tree["acts"]["issue"]["parts"] = [whole]
    assert judge(small_instance, forge.build()).verdict == "valid"
    forge.tree["acts"]["issue"]["parts"] = [{"root": "A" * 43, "count": 3}]
    assert judge(small_instance, forge.build()).reason == "inclusion_bad"


def test_a_ban_is_judged_by_its_days_from_the_first_paper_to_the_act(small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    fact, facts = {"name": "no_ban", "args": {}}, forge.tree["rows"]["accept"][0]["facts"]
    asked = [one["name"] for one in forge.tree["procedure"]["steps"][2]["row_facts"]]
    if "no_ban" not in asked:
        forge.tree["procedure"]["steps"][2]["row_facts"].append(fact)
    days = (
        ("2022-01-07", "2025-01-06", None), ("2022-01-08", "2025-01-07", "fact_no_ban"),
        ("2025-01-18", None, None), ("2025-01-17", None, "fact_no_ban"),
    )  # fmt: skip
    for first, last, reason in days:
        facts |= {"ban_from": first, "ban_until": last}
        report = judge(small_instance, forge.build())
        assert report.reason == reason
        # The source of the fact, not of the step that asks for it.
        rules = [row.rule for row in report.rows if row.code == "fact_no_ban"]
        assert rules == ([] if reason is None else ["人社部令第40号 第十三条"])


@pytest.mark.parametrize(("given", "reason"), [(100, None), (99, "fact_within_ratio"), (None, "fact_within_ratio")])
def test_the_ratio_that_counts_is_the_one_in_the_grant_of_the_act(
    given: int | None, reason: str | None, small_instance: SmallInstance
) -> None:
    args = {"percent": {"deputy_senior": 100}, "granted": True}
    forge = apply_changes(Forge(small_instance), asked_at_vote("within_ratio", args, {}))
    forge.tree["grants"]["committee"]["ratios"] = {} if given is None else {"deputy_senior": given}
    assert judge(small_instance, forge.build()).reason == reason


def test_the_office_states_of_every_list_whom_it_is_about(small_instance: SmallInstance) -> None:
    scopes = [act["roster"]["scope"] for act in Forge(small_instance).tree["acts"].values()]
    assert scopes == [TARGET.scope()] * len(KINDS)


def test_a_notice_is_open_until_an_act_closes_it(small_instance: SmallInstance) -> None:
    """The last act is asked to have lasted as a notice; the one before it is closed by it."""
    forge = Forge(small_instance)
    for place, verdict, reason in ((7, "void", "interval_short"), (8, "cannot_decide", "notice_open")):
        forge.tree["acts"]["issue"]["calendar"] = "@calendar"
        steps = Forge(small_instance).tree["procedure"]["steps"]
        steps[place]["min_working_days"] = 5
        forge.tree["procedure"]["steps"] = steps
        report = judge(small_instance, forge.build())
        assert (report.verdict, report.reason) == (verdict, reason)


@pytest.mark.parametrize(("second", "reason"), [(42.5, None), (42.7, None), (42.3, "order")])
def test_a_second_correction_comes_after_the_first(
    second: float, reason: str | None, small_instance: SmallInstance
) -> None:
    changes = [
        {"do": "correct", "name": "样章改", "at": day(42.5)},
        {"do": "reissue", "at": day(second)},
    ]
    assert judge(small_instance, apply_changes(Forge(small_instance), changes).build()).reason == reason


@pytest.mark.parametrize(
    ("member", "seconds", "reason"),
    [("nbf", 0, None), ("nbf", 1, "procedure_superseded"), ("exp", 0, None), ("exp", -1, "procedure_superseded")],
)
def test_a_procedure_is_in_force_from_its_first_second_to_its_last(
    member: str, seconds: int, reason: str | None, small_instance: SmallInstance
) -> None:
    forge = Forge(small_instance)
    forge.tree["procedure"][member] = forge.tree["acts"]["unit_notice"]["iat"] + seconds
    assert judge(small_instance, forge.build()).reason == reason


def test_a_track_with_neither_approval_nor_filing_quotes_the_issue(small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    tree, paper = forge.tree, forge.tree["acts"]["issue"]["document"]
    tree["path"].remove("approve")
    del tree["procedure"]["steps"][7], tree["grants"]["hrss"]
    tree["procedure"]["apart"] = []
    tree["acts"]["issue"]["prev"] = ["@acts.settle_objections"]
    approval = tree["credential"]["certificate"]["approval"]
    approval |= {"org": tree["credential"]["issuer"]["name"], "number": paper["number"], "date": paper["date"]}
    assert judge(small_instance, forge.build()).reason is None
    approval["number"] = "示例9号"
    report = judge(small_instance, forge.build())
    assert (report.reason, report.about.act, report.about.figures["member"]) == ("cert_mismatch", "issue", "approval")


def test_facts_about_a_person_are_believed_on_no_list_that_says_nothing_of_anybody(
    small_instance: SmallInstance,
) -> None:
    """The list and the proof are those of the act before; the facts beside them were signed by nobody."""
    row = {"salt": "A" * 43, "facts": {"yes": 20, "no": 0, "abstain": 0}}
    places = [n for n, kind in enumerate(KINDS) if kind in ("recommend", "draw", "approve")]
    for place in places:
        changes = [{"do": "bundle_set", "at": f"path.{place}.proof.row", "to": row}]
        report = judge(small_instance, apply_changes(Forge(small_instance), changes).build())
        assert (report.verdict, report.reason, report.about.act) == ("tampered", "inclusion_bad", KINDS[place])


@pytest.mark.parametrize(("count", "reason"), [(65_536, "inclusion_bad"), (65_537, "roster_size"), (0, "roster_size")])
def test_a_roster_has_at_most_65536_places(count: int, reason: str, small_instance: SmallInstance) -> None:
    changes = [{"do": "set", "at": "acts.recommend.roster.count", "to": count}]
    report = judge(small_instance, apply_changes(Forge(small_instance), changes).build())
    assert reason in [row.code for row in report.rows if row.id == "entry_on_every_roster"]


@pytest.mark.parametrize("name", ["apart", "apart_people"])
@pytest.mark.parametrize("kinds", [[], ["evaluate"], ["draw", "evaluate", "approve"]], ids=["none", "one", "three"])
def test_what_must_be_apart_are_pairs(small_instance: SmallInstance, name: str, kinds: list[str]) -> None:
    """Of anything else no check could say what it asks for."""
    forge = Forge(small_instance)
    forge.tree["procedure"][name] = [kinds]
    with pytest.raises(Malformed) as refused:
        forge.document("procedure")
        parse_bundle(forge.build())
    assert refused.value.code == "member_form" and f"{name}[0]" in refused.value.en
    forge = Forge(small_instance)
    forge.tree["procedure"][name] = [["draw", "issue"]]
    assert judge(small_instance, forge.build()).verdict == "valid"
