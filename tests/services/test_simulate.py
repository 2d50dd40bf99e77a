"""A draft is tried against real rosters: it makes void exactly those that it forbids, for its own reasons, and writes nothing."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from world_for_tests import BATCHES, PAPER, WALKS, World, witnesses_away

from certsvc import resources
from certsvc.core.errors import Malformed, Refused
from certsvc.services import documents, log_leaves, withdrawal
from certsvc.services.simulate import Outcome, Simulation, read_draft, simulate
from certsvc.services.verify_evidence import verify_code

T01: dict[str, Any] = resources.tracks()["T01"].procedure
STEP = {step["act"]: place for place, step in enumerate(T01["steps"])}
YEARS: tuple[str, str, str] = ("accept", "row_facts", "at_least")


@pytest.fixture
def world(province: World) -> World:
    """R0001: two people, issued. R0002: three people, one of whom failed, acts done and nothing issued. R0003: begun.

    R0004 is of another track.
    """
    province.issue(province.ready(2))
    second = province.take_in(replace(BATCHES["T01"], file="second.xlsx", people=3, failed=1))
    province.walk("T01", second, until="issue")
    province.at(39)
    # The paper of the issue is of the day before.
    province.sign("issue", second, "H1", "H2", document={**PAPER, "date": "2025-04-10"})
    third = province.take_in(replace(BATCHES["T01"], file="third.xlsx", people=2))
    province.walk("T01", third, until="accept")
    province.take_in(BATCHES["T06"])
    province.at(60)
    return province


def changed(*changes: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The present procedure with changes, as somebody would write a draft."""
    draft = copy.deepcopy(T01)
    for change in changes:
        change(draft)
    return read_draft(json.dumps(draft).encode())


def outcomes(found: Simulation) -> dict[str, Outcome]:
    return {one.roster.id: one for one in found.outcomes}


def reasons(outcome: Outcome) -> set[tuple[str, str | None, str | None]]:
    return {(reason.code, reason.act, reason.org) for reason in outcome.reasons}


def longer(*acts: str, days: int) -> Callable[[dict[str, Any]], None]:
    def change(draft: dict[str, Any]) -> None:
        for act in acts:
            draft["steps"][STEP[act]]["min_working_days"] = days

    return change


def asks(act: str, member: str, name: str, **args: Any) -> Callable[[dict[str, Any]], object]:
    return lambda draft: draft["steps"][STEP[act]][member].append({"name": name, "args": args})


def one_more_step(draft: dict[str, Any]) -> None:
    draft["steps"].insert(STEP["issue"], {**draft["steps"][STEP["approve"]], "act": "file"})


Reasons = set[tuple[str, str | None, str | None]]
STRICTER: dict[str, tuple[list[Callable[[dict[str, Any]], object]], Reasons]] = {
    "eight_days_of_notice": (
        [longer("unit_notice", "result_notice", days=8)],
        {("interval_short", "unit_notice", "SL-U1")},
    ),
    "ten_days_of_notice": (
        [longer("unit_notice", "result_notice", days=10)],
        {("interval_short", "unit_notice", "SL-U1"), ("interval_short", "result_notice", "SL-OR")},
    ),
    "a_quorum_that_nobody_had": (
        [asks("evaluate", "row_facts", "at_least", yes=25)],
        {("fact_at_least", "evaluate", "SL-XC")},
    ),
    "a_share_that_the_procedure_fixes": (
        [asks("evaluate", "facts", "within_ratio", percent={"deputy_senior": 40})],
        {("fact_within_ratio", "evaluate", "SL-XC")},
    ),
    "one_more_step": ([one_more_step], {("act_missing", "file", "SL-AP")}),
    "two_officers_at_the_vote": (
        [lambda draft: draft["steps"][STEP["evaluate"]].update(signers=2)],
        {("signer_not_distinct", "evaluate", "SL-XC")},
    ),
    "another_pair_apart": (
        [lambda draft: draft["apart"].append(["accept", "evaluate"])],
        {("apart", "evaluate", "SL-XC")},
    ),
    "another_role": (
        [lambda draft: draft["steps"][STEP["result_notice"]].update(roles=["supervisor"])],
        {("role_not_allowed", "result_notice", "SL-OR")},
    ),
    "not_for_this_level": (
        [lambda draft: draft["levels"].remove("deputy_senior")],
        {("level_beyond_track", None, None)},
    ),
    "not_for_this_series": ([lambda draft: draft.update(series=["01"])], {("series_beyond_track", None, None)}),
    "another_pair_of_people": (
        [lambda draft: draft["apart_people"].append(["accept", "evaluate"])],
        {("apart_people", "evaluate", "SL-XC")},
    ),
    "two_recommendations_apart": ([lambda draft: draft["apart"].append(["recommend", "recommend"])], set()),
    "one_step_fewer": (
        [
            lambda draft: draft["steps"].pop(STEP["draw"]),
            lambda draft: draft["apart_people"].remove(["draw", "approve"]),
        ],
        {("order", "draw", "SL-XC")},
    ),
}


def test_a_draft_equal_to_the_present_procedure_makes_nothing_void(world: World) -> None:
    before, seen = world.census(), []
    found = simulate(world.instance, changed(), 2025, lambda *count: seen.append(count))
    got = outcomes(found)
    assert {name: one.verdict for name, one in got.items()} == {"R0001": "lawful", "R0002": "lawful", "R0003": "open"}
    assert [(one.people, one.certificates, one.affected, one.already) for one in got.values()] == [
        (2, 2, 0, 0), (2, 0, 0, 0), (0, 0, 0, 0),
    ]  # fmt: skip
    assert (found.count("lawful"), found.count("open"), found.count("void")) == (2, 1, 0)
    assert seen == [(2, 4), (4, 4), (4, 4)]
    assert world.census() == before


def test_a_stricter_draft_makes_void_what_it_forbids_and_says_why(world: World) -> None:
    got = {name: outcomes(simulate(world.instance, changed(*changes), 2025)) for name, (changes, _) in STRICTER.items()}
    for roster, certificates in (("R0001", 2), ("R0002", 0)):
        assert {name: reasons(one[roster]) for name, one in got.items()} == {n: r for n, (_, r) in STRICTER.items()}
        for name, (_, expected) in STRICTER.items():
            one = got[name][roster]
            told = (one.verdict, one.affected, one.affected_certificates)
            assert told == (("void", 2, certificates) if expected else ("lawful", 0, 0)), name
            assert {reason.people for reason in one.reasons} <= {2}
    assert {one["R0003"].verdict for one in got.values()} == {"open"}


def test_a_draft_that_only_some_rosters_break_makes_only_those_void(world: World) -> None:
    draft = changed(asks("evaluate", "facts", "within_ratio", percent={"deputy_senior": 70}))
    got = outcomes(simulate(world.instance, draft, 2025))
    # 2 of 2 passed on the first, 2 of 3 on the second.
    assert (got["R0001"].verdict, got["R0002"].verdict) == ("void", "lawful")
    assert got["R0001"].reasons[0].figures["passed"] == "2"


def test_a_draft_with_a_shorter_lag_makes_void_what_rests_on_an_older_paper(world: World) -> None:
    got = outcomes(simulate(world.instance, changed(lambda draft: draft.update(document_lag_days=0)), 2025))
    assert (got["R0001"].verdict, reasons(got["R0002"])) == ("lawful", {("document_date", "issue", "SL-HRSS")})


def test_a_draft_that_asks_for_what_nobody_can_know_leaves_it_open(world: World) -> None:
    # No act follows on the last one, so how long it stood cannot be counted.
    got = outcomes(simulate(world.instance, changed(longer("issue", days=1)), 2025))
    assert (got["R0001"].verdict, {code for code, *_ in reasons(got["R0001"])}) == ("cannot_decide", {"notice_open"})


def test_a_notice_that_only_the_draft_asks_for_is_counted_by_the_calendar_in_force_then(world: World) -> None:
    """Accepted on a Monday, drawn on the Wednesday; nobody was asked for a calendar, and the register has it."""
    documents.publish_calendar(world.instance)
    documents.publish_trust(world.instance)
    long, kept, figures = longer("accept", days=3), longer("accept", days=2), asks(*YEARS, service_years=5)
    got = outcomes(simulate(world.instance, changed(kept), 2025))
    assert (got["R0001"].verdict, got["R0002"].verdict) == ("lawful", "lawful")
    for changes in ([long], [long, figures], [long, asks("evaluate", "facts", "stage", stage=1)]):
        one = outcomes(simulate(world.instance, changed(*changes), 2025))["R0001"]
        assert (one.verdict, reasons(one)) == ("void", {("interval_short", "accept", "SL-XC")})
        assert (one.affected, one.reasons[0].figures["days"], one.reasons[0].figures["needed"]) == (2, "2", "3")


def test_a_notice_is_left_open_where_the_register_had_no_calendar_that_counts(world: World) -> None:
    """All that it had are of a stolen key."""
    with world.instance.engines.write.begin() as connection:
        connection.execute(
            text("UPDATE signing_key SET ended_reason = 'compromised', good_before = 1 WHERE \"use\" = 'policy'")
        )
    got = outcomes(simulate(world.instance, changed(longer("accept", days=1)), 2025))
    assert (got["R0001"].verdict, {code for code, *_ in reasons(got["R0001"])}) == (
        "cannot_decide",
        {"calendar_missing"},
    )


def test_another_year_or_track_is_another_question(world: World) -> None:
    assert simulate(world.instance, changed(), 2024).outcomes == ()
    found = simulate(world.instance, changed(lambda draft: draft.update(track="T06")), 2025)
    assert [(one.roster.id, one.verdict) for one in found.outcomes] == [("R0004", "open")]


# --- by the log ------------------------------------------------------------------------------------------------------


def committee_of(world: World) -> str:
    found = withdrawal.list_grants(world.instance, "SL-XC")
    return next(one.sha256 for one in found if one.role == "committee")


def moment(world: World, day: int) -> int:
    world.at(day)
    return world.instance.now()


@pytest.mark.parametrize(("reason", "good_before", "code"), [
    ("expired", None, None), ("withdrawn", None, None), ("compromised", 19, None), ("compromised", 17, "grant_withdrawn"),
])  # fmt: skip
def test_a_grant_that_was_withdrawn_later_is_judged_as_a_verifier_does(
    province: World, reason: str, good_before: int | None, code: str | None
) -> None:
    (issued, _) = province.issue(province.ready(2))
    until = None if good_before is None else moment(province, good_before)
    province.at(100)
    withdrawal.withdraw_grant(province.instance, committee_of(province), reason, PAPER, until)
    report = verify_code(province.instance, issued.code)
    assert (report.verdict, report.reason) == (("void", code) if code else ("valid", None))
    (got,) = simulate(province.instance, changed(), 2025).outcomes
    assert (got.verdict, got.already) == (("void", 2) if code else ("lawful", 0))
    assert reasons(got) == ({(code, "evaluate", "SL-XC")} if code else set())


def walk_on(world: World, roster: str, place: int) -> None:
    """All acts of T01 from number `place` on, each on its day; forty days in, all of it is over."""
    for day, kind, officers in WALKS["T01"][place:]:
        world.at(day)
        world.sign(kind, roster, *officers)
    world.at(40)


def back(world: World, day: int) -> None:
    """The witnesses see on that morning what was signed while they were away."""
    world.at(day, hour=9)
    log_leaves.look_out(world.instance)
    log_leaves.settle(world.instance)


def test_a_notice_that_the_log_may_have_seen_too_late_is_left_open_as_a_verifier_leaves_it(province: World) -> None:
    roster = province.take_in(BATCHES["T01"])
    province.walk("T01", roster, until="recommend")
    # Five working days from Monday to Friday: whoever closes on Friday closes too early, and nobody saw that it was Saturday.
    province.at(4, hour=11)
    log_leaves.look_out(province.instance)
    with witnesses_away(province):
        province.at(5, hour=8)
        province.sign("recommend", roster, "CC")
    back(province, 5)
    walk_on(province, roster, 2)
    with pytest.raises(Refused, match=r"unknown \(interval_unproved\)"):
        province.issue(roster)
    (got,) = simulate(province.instance, changed(), 2025).outcomes
    assert (got.verdict, got.already, {one.code for one in got.reasons}) == ("cannot_decide", 2, {"interval_unproved"})


@pytest.mark.parametrize(("proved", "verdict", "code"), [
    (True, "void", "interval_short"), (False, "cannot_decide", "interval_unproved"),
])  # fmt: skip
def test_a_notice_is_counted_from_the_day_on_which_the_log_had_it(
    province: World, proved: bool, verdict: str, code: str
) -> None:
    """Signed on Monday and seen on Tuesday; where it is `proved` the witnesses had not seen it on Tuesday morning."""
    roster = province.take_in(BATCHES["T01"])
    if proved:
        province.at(1, hour=8)
        log_leaves.look_out(province.instance)
    with witnesses_away(province):
        province.at(0)
        province.sign("unit_notice", roster, "U1")
    back(province, 1)
    walk_on(province, roster, 1)
    assert len(province.issue(roster)) == 2
    # Monday to the Tuesday after next are seven working days.
    six, seven = (simulate(province.instance, changed(longer("unit_notice", days=days)), 2025) for days in (6, 7))
    assert [one.verdict for one in (*six.outcomes, *seven.outcomes)] == ["lawful", verdict]
    assert [(one.code, one.act) for one in seven.outcomes[0].reasons] == [(code, "unit_notice")]


# --- drafts ----------------------------------------------------------------------------------------------------------

BAD: dict[str, tuple[bytes, str, str]] = {
    "no_json": (b"{", "json", "JSON"),
    "a_list": (b"[]", "member_form", "draft"),
    "member_missing": (
        json.dumps({n: v for n, v in T01.items() if n != "apart"}).encode(),
        "missing_member",
        "draft.apart",
    ),
    "member_unknown": (json.dumps({**T01, "quorum": 1}).encode(), "unknown_member", "draft.quorum"),
    "number_as_text": (json.dumps({**T01, "version": "1"}).encode(), "member_form", "draft.version"),
}


@pytest.mark.parametrize(("data", "code", "named"), BAD.values(), ids=BAD.keys())
def test_what_is_no_procedure_is_refused_by_the_member_that_is_wrong(data: bytes, code: str, named: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_draft(data)
    assert refused.value.code == code
    assert named in refused.value.en


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str, str]] = {
    "role": (lambda d: d["steps"][0].update(roles=["mayor"]), "member_form", "draft.steps[0].roles[0]"),
    "act": (lambda d: d["steps"][2].update(act="wish"), "member_form", "draft.steps[2].act"),
    "signers": (lambda d: d["steps"][0].update(signers=3), "member_form", "draft.steps[0].signers"),
    "days": (lambda d: d["steps"][0].update(min_working_days=-1), "draft_member", "steps[0].min_working_days"),
    "lag": (lambda d: d.update(document_lag_days=-1), "draft_member", "document_lag_days"),
    "fact": (asks("evaluate", "facts", "moon_is_full"), "draft_member", f"steps[{STEP['evaluate']}].facts["),
    "row_fact": (asks("accept", "row_facts", "moon"), "draft_member", f"steps[{STEP['accept']}].row_facts["),
    "argument_unknown": (
        asks("evaluate", "facts", "within_ratio", percent={"senior": 40}, grantd=True),
        "draft_member",
        "grantd",
    ),
    "argument_form": (asks("evaluate", "facts", "stage", stage="1"), "draft_member", "stage"),
    "argument_missing": (asks("evaluate", "facts", "within_ratio", granted=True), "draft_member", "percent"),
    "figure": (asks("accept", "row_facts", "at_least", servce_years=3), "draft_member", "servce_years"),
    "award_date": (lambda d: d.update(award_date="file"), "draft_member", "award_date"),
    "apart_of_no_step": (lambda d: d["apart"].append(["file", "issue"]), "draft_member", "apart["),
    "apart_of_one": (lambda d: d["apart"].append(["issue", "issue"]), "draft_member", "apart["),
    "apart_of_three": (lambda d: d["apart"].append(["accept", "issue", "accept"]), "member_form", "apart["),
    "people_of_no_step": (lambda d: d["apart_people"].append(["file", "issue"]), "draft_member", "apart_people["),
    "people_of_one": (lambda d: d["apart_people"].append(["issue", "issue"]), "draft_member", "apart_people["),
}


@pytest.mark.parametrize(("change", "code", "named"), WRONG.values(), ids=WRONG.keys())
def test_a_draft_with_a_wrong_member_names_it(
    change: Callable[[dict[str, Any]], object], code: str, named: str
) -> None:
    with pytest.raises(Malformed) as refused:
        changed(change)
    assert refused.value.code == code
    assert named in refused.value.en and named in refused.value.zh
    assert refused.value.hint == "certsvc procedure show T01"


def test_a_draft_may_say_when_it_was_signed_and_is_judged_without(world: World) -> None:
    late = changed(lambda draft: draft.update(iat=4_000_000_000, nbf=4_000_000_000, exp=4_000_000_001))
    assert outcomes(simulate(world.instance, late, 2025))["R0001"].verdict == "lawful"


# --- figures that nobody was asked for --------------------------------------------------------------------------------


def carried_through(world: World, *extra: tuple[str, object], people: int = 2) -> Any:
    """A T01 roster with these columns, issued; then what a draft makes of it."""
    roster = world.take_in(replace(BATCHES["T01"], people=people, extra=extra))
    world.walk("T01", roster)
    world.at(40)
    world.issue(roster)
    return lambda *changes: simulate(world.instance, changed(*changes), 2025).outcomes[0]


def test_a_figure_that_only_the_draft_asks_for_is_what_the_roster_file_has(province: World) -> None:
    of = carried_through(province, ("service_years", 12), ("posts", 2), ("occupation", "物联网"))
    for fits, breaks in (
        (asks(*YEARS, service_years=12), asks(*YEARS, service_years=13)),
        (asks("accept", "row_facts", "one_of", occupation=["物联网"]), asks("accept", "row_facts", "one_of", occupation=["航空"])),
        (asks("evaluate", "row_facts", "level_step"), asks("evaluate", "row_facts", "level_step", min_step=2)),
        (asks("evaluate", "row_facts", "no_ban"), None),
        (asks("evaluate", "row_facts", "education_check"), None),
        (asks("evaluate", "facts", "within_posts"), None),
    ):  # fmt: skip
        assert (of(fits).verdict, of(fits).reasons) == ("lawful", ())
        if breaks is not None:
            (reason,) = of(breaks).reasons
            assert (of(breaks).verdict, reason.verdict, reason.people) == ("void", "void", 2)
    assert of(asks(*YEARS, service_years=13)).reasons[0].figures["service_years"] == "12"


def test_more_passed_than_the_posts_of_the_roster_file_is_void(province: World) -> None:
    got = carried_through(province, ("posts", 1))(asks("evaluate", "facts", "within_posts"))
    assert (got.verdict, reasons(got)) == ("void", {("fact_within_posts", "evaluate", "SL-XC")})
    assert (got.reasons[0].figures["passed"], got.reasons[0].figures["posts"]) == ("2", "1")


def test_a_figure_that_nobody_has_leaves_it_open_and_says_whose(province: World) -> None:
    of = carried_through(province)
    for change, act, org, name in (
        (asks(*YEARS, service_years=5), "accept", "SL-XC", "service_years"),
        (asks("evaluate", "facts", "within_posts"), "evaluate", "SL-XC", "posts"),
        (asks("evaluate", "facts", "stage", stage=1), "evaluate", "SL-XC", "stage"),
        (asks("accept", "row_facts", "at_least_for_level", deputy_senior={"level_years": 5}), "accept", "SL-XC", "level_years"),
    ):  # fmt: skip
        got = of(change)
        assert (got.verdict, reasons(got)) == ("cannot_decide", {("figure_unasked", act, org)})
        assert (got.reasons[0].figures, got.affected) == ({"names": name}, 2)
    # What is wrong besides is told as it is, and a fact of the same name that can be asked is asked.
    got = of(asks(*YEARS, service_years=5), asks("evaluate", "row_facts", "at_least", yes=25))
    assert (got.verdict, reasons(got)) == ("void", {("fact_at_least", "evaluate", "SL-XC")})


def test_a_figure_that_was_asked_for_counts_as_it_was_stated(province: World) -> None:
    """The roster file says 21 votes for; whatever it says now, the vote is the one that was signed."""
    of = carried_through(province, ("yes", 14), ("no", 7), ("abstain", 0))
    with province.instance.engines.write.begin() as connection:
        connection.execute(text("UPDATE entry SET columns = json_set(columns, '$.yes', 21)"))
    got = of(asks("evaluate", "row_facts", "at_least", yes=15))
    assert (got.verdict, got.reasons[0].figures["yes"]) == ("void", "14")


def test_a_trial_leaves_no_trace_in_what_a_verification_finds(province: World) -> None:
    roster = province.take_in(replace(BATCHES["T01"], extra=(("posts", 1),)))
    province.walk("T01", roster)
    province.at(40)
    issued = province.issue(roster)
    for _ in range(2):
        draft = changed(asks("evaluate", "facts", "within_posts"))
        assert simulate(province.instance, draft, 2025).outcomes[0].verdict == "void"
        assert {verify_code(province.instance, one.code).verdict for one in issued} == {"valid"}
