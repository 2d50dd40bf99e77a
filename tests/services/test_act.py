"""Acts: what the prescribed way allows, step by step, and that a refusal leaves nothing behind."""

from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text
from world_for_tests import BATCHES, PAPER, PAPERS, WALKS, World

from certsvc.cli.errors import fault_words
from certsvc.core.errors import CertsvcError, Malformed, NotFound, Refused
from certsvc.core.outcomes import Fault, Unknown
from certsvc.core.schemas import LIFECYCLE_ACTS
from certsvc.services import act, act_rules, documents, enrol
from certsvc.services.delegation import Delegation, delegate
from certsvc.services.overview import roster_view
from certsvc.services.verify_evidence import verify_code
from certsvc.store import keys as key_store

T01 = BATCHES["T01"]
#: Days from 2025-03-02 to the end of a committee's three years.
THREE_YEARS = 3 * 365


def refused(world: World, kind: str, roster_id: str, *officers: str, **order: Any) -> CertsvcError | Fault:
    """Why an act is refused; nothing may have changed."""
    before = world.census()
    with pytest.raises((CertsvcError, Fault)) as error:
        world.sign(kind, roster_id, *officers, **order)
    assert world.census() == before
    assert isinstance(error.value, CertsvcError | Fault)
    return error.value


def pseudonym(world: World, officer_id: str) -> str:
    with world.instance.engines.read.connect() as connection:
        officer = key_store.find_officer(connection, officer_id)
    assert officer is not None
    return officer.pseudonym


@pytest.mark.parametrize("track", WALKS)
def test_every_track_leads_to_a_valid_certificate(province: World, track: str) -> None:
    roster_id = province.take_in(BATCHES[track])
    province.walk(track, roster_id)
    issued = province.issue(roster_id)
    assert len(issued) == BATCHES[track].people - BATCHES[track].failed
    for one in issued:
        report = verify_code(province.instance, one.code)
        assert (report.verdict, report.reason) == ("valid", None)


# --- one rule each --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Breach:
    """A roster that breaks one rule, the step at which it shows, and what the refusal says."""

    name: str
    code: str
    kind: str
    officers: tuple[str, ...]
    track: str = "T01"
    changes: dict[str, Any] = field(default_factory=dict)
    order: dict[str, Any] = field(default_factory=dict)
    day: float | None = None
    """Day of the act, when it is not the lawful one."""
    act: str | None = None
    """The act that the refusal names, when it is not the one that was asked for."""
    figures: dict[str, str] = field(default_factory=dict)


def votes(yes: int, no: int, abstain: int) -> dict[str, Any]:
    return {"extra": (("yes", yes), ("no", no), ("abstain", abstain))}


BREACHES = (
    # order
    Breach("recommend_before_the_notice", "act_missing", "recommend", ("CC",), act="unit_notice", day=0),
    Breach("act_of_another_track", "act_not_in_procedure", "file", ("AP",)),
    # authority
    Breach("committee_beyond_its_level", "level_out_of_scope", "evaluate", ("MC",)),
    Breach("city_of_another_region", "region_out_of_scope", "recommend", ("JL",)),
    Breach(
        "committee_of_another_series", "series_out_of_scope", "accept", ("EC",),
        changes={"series": "农业技术人员", "title": "高级农艺师", "current_title": "农艺师"},
    ),
    Breach("committee_of_another_track", "track_out_of_scope", "accept", ("EC",), track="T05"),
    Breach("role_of_another_office", "role_not_allowed", "approve", ("SV",)),
    Breach("grant_that_ended", "grant_expired", "accept", ("EC",), day=THREE_YEARS),
    # time
    Breach(
        "notice_of_four_working_days", "interval_short", "recommend", ("CC",), day=4, act="unit_notice",
        figures={"days": "4", "needed": "5"},
    ),
    Breach(
        "notice_over_a_holiday", "interval_short", "settle_objections", ("SV",), day=24, act="result_notice",
        figures={"days": "3", "needed": "5"},
    ),
    Breach("paper_of_tomorrow", "document_date", "approve", ("AP",), order={"document": {**PAPER, "date": "2025-04-09"}}),
    Breach("paper_of_last_year", "document_date", "approve", ("AP",), order={"document": {**PAPER, "date": "2024-04-08"}}),
    Breach(
        "paper_older_than_the_one_before", "document_order", "approve", ("AP",),
        order={"document": {**PAPER, "date": "2025-04-03"}},
        figures={"date": "2025-04-03", "follows": "settle_objections", "earlier": "2025-04-04"},
    ),
    Breach(
        "paper_older_than_the_grant", "document_before_grant", "unit_notice", ("U1",),
        order={"document": {**PAPER, "date": "2025-03-01"}}, figures={"date": "2025-03-01", "begun": "2025-03-02"},
    ),
    Breach(
        "application_of_long_ago", "application_year", "unit_notice", ("U1",), changes={"year": 2023},
        figures={"year": "2023", "opened": "2025"},
    ),
    # people
    Breach("one_officer_for_issue", "signer_not_distinct", "issue", ("H1",), figures={"needed": "2", "found": "1"}),
    Breach("same_officer_twice_for_issue", "signer_not_distinct", "issue", ("H1", "H1")),
    Breach("two_officers_and_one_of_them_again", "signer_not_distinct", "issue", ("H1", "H2", "H1")),
    Breach("three_officers_for_issue", "signer_not_distinct", "issue", ("H1", "H2", "H3")),
    Breach("two_officers_for_approval", "signer_not_distinct", "approve", ("AP", "H1")),
    Breach("officers_of_two_offices", "org_mismatch", "issue", ("H1", "AP")),
    # facts
    Breach("no_quorum", "fact_quorum_two_thirds", "evaluate", ("EC",), order={"facts": {"members": 32}}),
    Breach("more_present_than_members", "fact_quorum_two_thirds", "evaluate", ("EC",), order={"facts": {"members": 20}}),
    Breach("votes_that_do_not_add_up", "fact_votes_add_up", "evaluate", ("EC",), order={"facts": {"present": 20}}),
    Breach("passed_without_two_thirds", "fact_yes_two_thirds", "evaluate", ("EC",), changes=votes(13, 8, 0)),
    Breach("level_skipped", "fact_level_step", "accept", ("EC",), changes={"current_title": "助理工程师"}),
    Breach("education_missing", "fact_education_check", "accept", ("EC",), changes={"extra": (("professional_hours", 59),)}),
    Breach("banned_person", "fact_no_ban", "accept", ("EC",), changes={"extra": (("ban", "2024-03-17"),)}),
    # tracks
    Breach(
        "more_passed_than_the_ratio", "fact_within_ratio", "evaluate", ("XC",), track="T03", changes={"failed": 1},
        figures={"applied": "4", "passed": "3", "approved": "55"},
    ),
    Breach(
        "more_passed_than_posts", "fact_within_posts", "evaluate", ("XC",), track="T03",
        changes={"extra": (("posts", 1),)},
    ),
    Breach("banned_motor_engineer", "fact_no_ban", "accept", ("AF",), track="T04", changes={"extra": (("ban", "2024-03-17"),)}),
    Breach(
        "new_occupation_at_the_highest_level", "level_beyond_track", "unit_notice", ("U1",), track="T05",
        changes={"level": "正高级", "title": "正高级工程师", "current_title": "高级工程师"},
    ),
    Breach(
        "twenty_nine_years_of_service", "fact_at_least", "accept", ("GC",), track="T06",
        changes={"extra": (("service_years", 29), ("level_years", 12))},
    ),
    Breach(
        "nine_years_at_the_level", "fact_at_least", "accept", ("GC",), track="T06",
        changes={"extra": (("service_years", 31), ("level_years", 9))},
    ),
    Breach(
        "series_with_an_examination", "fact_not_exam_series", "accept", ("XC",), track="T06",
        changes={"series": "会计人员", "title": "高级会计师", "current_title": "会计师", "specialties": ("会计",)},
    ),
    Breach(
        "teacher_of_twenty_nine_years", "fact_at_least", "accept", ("XC",), track="T10",
        changes={"extra": (("service_years", 29),)},
    ),
    Breach(
        "too_many_teachers", "fact_within_ratio", "evaluate", ("XC",), track="T10", changes={"failed": 1},
        figures={"applied": "5", "passed": "4", "approved": "60"},
    ),
    Breach(
        "engineer_among_teachers", "series_beyond_track", "unit_notice", ("U1",), track="T10",
        changes={"series": "工程技术人员", "title": "高级工程师", "current_title": "工程师"},
    ),
    Breach(
        "engineer_among_rural_talent", "series_beyond_track", "unit_notice", ("U1",), track="T14",
        changes={"series": "工程技术人员", "title": "高级工程师", "current_title": "工程师"},
    ),
    Breach("banned_farmer", "fact_no_ban", "accept", ("XC",), track="T14", changes={"extra": (PAPERS, ("ban", "2024-03-17"))}),
)  # fmt: skip


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.name)
def test_an_act_that_breaks_a_rule_is_refused_and_leaves_nothing(province: World, breach: Breach) -> None:
    roster_id = province.take_in(replace(BATCHES[breach.track], **breach.changes))
    if breach.name != "recommend_before_the_notice":
        province.walk(breach.track, roster_id, until=breach.kind)
    if breach.day is not None:
        province.at(breach.day)
    fault = refused(province, breach.kind, roster_id, *breach.officers, **breach.order)
    assert isinstance(fault, Fault), fault
    assert fault.code == breach.code
    assert breach.figures.items() <= fault.about.figures.items()
    if not breach.code.endswith("_beyond_track"):
        assert fault.about.act == (breach.act or breach.kind)


def test_no_act_is_signed_for_a_title_of_another_level_however_it_came_into_the_store(province: World) -> None:
    """The importer refuses such a row; who writes into the store is stopped at the next act."""
    roster_id = province.take_in(T01)
    province.at(0)
    with province.instance.engines.read.connect() as connection:
        gathered = act.gather(province.instance, connection, act.Order("unit_notice", roster_id, ("U1",)))
    first, *others = gathered.entries
    assert act_rules.decide(replace(gathered, entries=(replace(first, title="示例工程师"), *others)))
    with pytest.raises(Fault) as caught:
        act_rules.decide(replace(gathered, entries=(*others, replace(first, title="正高级工程师"))))
    assert caught.value.code == "title_beyond_level"


@pytest.mark.parametrize(
    ("ratios", "approved"),
    [({"deputy_senior": 76}, "76"), ({"senior": 45}, "0"), ({}, "0")],
    ids=["beyond_what_the_procedure_knows", "for_another_level", "none"],
)
def test_a_committee_whose_ratio_nobody_could_approve_passes_nobody(
    province: World, ratios: dict[str, int], approved: str
) -> None:
    roster_id = province.take_in(BATCHES["T03"])
    province.at(-1, hour=20)
    new_committee(province, ratios=ratios)
    province.walk("T03", roster_id, until="evaluate")
    fault = refused(province, "evaluate", roster_id, "NC")
    assert isinstance(fault, Fault)
    assert fault.code == "fact_within_ratio"
    assert fault.about.figures["approved"] == approved
    province.sign("evaluate", roster_id, "XC")


def test_a_grant_in_another_role_does_not_help_a_committee_of_another_series(province: World) -> None:
    roster_id = province.take_in(BATCHES["T01"])
    province.at(-1, hour=20)
    new_committee(province, narrowed={"series": ["08"]})
    delegate(province.instance, Delegation("SL-NC", "organiser", PAPER, acts=("evaluate",)))
    province.walk("T01", roster_id, until="evaluate")
    fault = refused(province, "evaluate", roster_id, "NC")
    assert isinstance(fault, Fault)
    assert (fault.code, fault.about.org) == ("series_out_of_scope", "SL-NC")
    province.sign("evaluate", roster_id, "EC")


def new_committee(world: World, **wanted: Any) -> str:
    """A committee with the officer NC at the present clock; gives back its grant."""
    enrol.enrol_organisation(world.instance, enrol.NewOrganisation("SL-NC", "示例", "N", "committee", None, "220000"))
    enrol.enrol_officer(world.instance, "NC", "SL-NC", "样章人")
    return delegate(world.instance, Delegation("SL-NC", "committee", PAPER, **wanted))


@pytest.mark.parametrize(
    "columns", ["json_remove(columns, '$.current_title')", "json_set(columns, '$.current_title', '高工')"]
)
def test_a_level_that_the_register_does_not_know_is_not_signed_as_no_title(province: World, columns: str) -> None:
    """Rows of before, which came in so; whoever has no title is told from them by a word."""
    roster_id = province.take_in(BATCHES["T07"])
    province.walk("T07", roster_id, until="accept")
    with province.instance.engines.write.begin() as connection:
        connection.execute(text(f"UPDATE entry SET columns = {columns}"))  # noqa: S608 -- two values of this test
    fault = refused(province, "accept", roster_id, "XC")
    assert isinstance(fault, Fault)
    assert (fault.code, "current_level" in fault.about.figures) == ("fact_level_step", False)
    assert "未写明现职称" in fault_words(fault.code, fault.about)[0]
    with province.instance.engines.write.begin() as connection:
        connection.execute(text("UPDATE entry SET columns = json_set(columns, '$.current_title', '无')"))
    province.sign("accept", roster_id, "XC")


def test_a_level_that_has_to_follow_on_a_title_is_refused_to_whom_has_none(province: World) -> None:
    roster_id = province.take_in(replace(T01, current_title="无"))
    province.walk("T01", roster_id, until="accept")
    fault = refused(province, "accept", roster_id, "EC")
    assert isinstance(fault, Fault)
    assert [words.count("无职称") + words.count("no title") for words in fault_words(fault.code, fault.about)] == [1, 1]


def test_rural_talents_of_the_province_itself_need_an_office_that_is_its_city(province: World) -> None:
    """As the question at the import says: county and city are called for nowhere, and nobody else may."""
    province.at(0, hour=9)
    path = province.file(replace(BATCHES["T14"], region="吉林省"))
    (question,) = {one.code: one for one in province.import_file(path).open_questions}.values()
    assert question.code == "region_without_office" and "220000" in question.en
    (roster_id,) = province.import_file(path, {"*:region_without_office": "accept"}).rosters
    province.walk("T14", roster_id, until=9)
    fault = refused(province, "recommend", roster_id, "XD")
    assert isinstance(fault, Fault) and fault.code == "role_not_allowed"
    enrol.enrol_organisation(province.instance, enrol.NewOrganisation("SL-PC", "示例", "P", "office", None, "220000"))
    enrol.enrol_officer(province.instance, "PC", "SL-PC", "样章人")
    delegate(province.instance, Delegation("SL-PC", "city", {**PAPER, "date": "2025-03-12"}))
    province.sign("recommend", roster_id, "PC")


# --- order ----------------------------------------------------------------------------------------------------------


def test_no_act_of_the_way_can_be_signed_twice(province: World) -> None:
    roster_id = province.take_in(T01)
    for day, kind, officers in WALKS["T01"]:
        province.at(day)
        province.sign(kind, roster_id, *officers)
        again = refused(province, kind, roster_id, *officers)
        assert isinstance(again, Fault)
        assert (again.code, again.about.act) == ("act_done_already", kind)


def test_no_act_of_the_way_can_be_left_out(province: World) -> None:
    roster_id = province.take_in(T01)
    walk = WALKS["T01"]
    for (day, kind, officers), (later, following, others) in pairwise(walk):
        province.at(later)
        fault = refused(province, following, roster_id, *others)
        assert isinstance(fault, Fault)
        assert (fault.code, fault.about.act) == ("act_missing", kind)
        assert fault.about.figures["roles"]
        # Everybody who was granted it for these people is named; those who did it are among them.
        holders = fault.about.figures["holders"].split(",")
        assert fault.about.org == holders[0]
        with province.instance.engines.read.connect() as connection:
            assert {key_store.find_officer(connection, one).org_id for one in officers} <= set(holders)  # type: ignore[union-attr]
        province.at(day)
        province.sign(kind, roster_id, *officers)


@pytest.mark.parametrize("opened", [21, 29], ids=["long_enough_before", "not_yet"])
def test_a_notice_over_the_end_of_the_calendar_is_closed_once_it_was_long_enough_before(
    province: World, opened: int
) -> None:
    """Nobody knows the days off of the year after; they make no notice shorter."""
    with province.instance.engines.read.connect() as connection:
        calendar = documents.current_calendar(connection).unverified_payload
    year = int(calendar["last"][:4])
    province.at((date(year, 12, opened) - date(2025, 3, 3)).days)
    (roster_id,) = province.import_file(province.file(replace(BATCHES["T01"], year=year))).rosters
    province.sign("unit_notice", roster_id, "U1")
    province.at((date(year + 1, 1, 4) - date(2025, 3, 3)).days)
    if opened == 21:
        assert province.sign("recommend", roster_id, "CC").count == 2
        return
    with pytest.raises(Unknown) as unknown:
        province.sign("recommend", roster_id, "CC")
    named = {"day": f"{year + 1}-01-01", "act": "unit_notice", "org": "SL-U1"}
    assert (unknown.value.code, unknown.value.about.figures) == ("calendar_span", named)


@pytest.mark.parametrize(
    ("roster_id", "officers", "kind", "code"),
    [
        ("R9999", ("U1",), NotFound, "roster_unknown"),
        ("R0001", ("NOBODY",), NotFound, "officer_unknown"),
        ("R0001", (), Refused, "officer_missing"),
    ],
)
def test_an_unknown_roster_or_officer_is_named(
    province: World, roster_id: str, officers: tuple[str, ...], kind: type[CertsvcError], code: str
) -> None:
    province.take_in(T01)
    error = refused(province, "unit_notice", roster_id, *officers)
    assert isinstance(error, kind)
    assert error.code == code


@pytest.mark.parametrize(
    "document", [{"number": "1", "title": "1"}, {**PAPER, "date": "2025-02-30"}], ids=["undated", "30 February"]
)
def test_a_paper_that_is_not_written_as_papers_are_is_refused(province: World, document: dict[str, str]) -> None:
    roster_id = province.take_in(T01)
    assert isinstance(refused(province, "unit_notice", roster_id, "U1", document=document), Malformed)


def test_the_reason_of_the_grant_that_comes_nearest_is_told(province: World) -> None:
    """The older grant, as committee office, says nothing about a vote."""
    roster_id = province.take_in(T01)
    province.at(-1, hour=20)
    enrol.enrol_organisation(
        province.instance, enrol.NewOrganisation("SL-NC", "示例", "N", "committee", None, "220000")
    )
    enrol.enrol_officer(province.instance, "NC", "SL-NC", "样章人")
    for hour, role, levels in ((20, "committee_office", ["deputy_senior"]), (21, "committee", ["intermediate"])):
        province.at(-1, hour)
        delegate(province.instance, Delegation("SL-NC", role, PAPER, narrowed={"levels": levels}))
    province.walk("T01", roster_id, until="evaluate")
    fault = refused(province, "evaluate", roster_id, "NC")
    assert isinstance(fault, Fault)
    assert fault.code == "level_out_of_scope"


# --- several units, several offices ---------------------------------------------------------------------------------


def test_each_unit_answers_for_its_own_people(province: World) -> None:
    roster_id = province.take_in(replace(T01, people=5, units=("示例机械研究所", "示例勘测设计院")))
    first = province.sign("unit_notice", roster_id, "U1")
    assert (first.count, first.remaining) == (3, 2)
    second = province.sign("unit_notice", roster_id, "U2")
    assert (second.count, second.remaining) == (2, 0)
    stranger = refused(province, "unit_notice", roster_id, "U3")
    assert isinstance(stranger, Refused)
    assert stranger.code == "unit_absent"
    province.at(9)
    assert province.sign("recommend", roster_id, "CC").count == 5


def test_a_city_recommends_late_units_by_themselves_and_nobody_twice(province: World) -> None:
    roster_id = province.take_in(replace(T01, people=3, units=("示例机械研究所", "示例勘测设计院")))
    province.sign("unit_notice", roster_id, "U1")
    province.at(9)
    assert province.sign("recommend", roster_id, "CC").count == 2
    province.sign("unit_notice", roster_id, "U2")
    missing = refused(province, "accept", roster_id, "EC")
    assert isinstance(missing, Fault)
    assert (missing.code, missing.about.act) == ("act_missing", "recommend")
    province.at(18)
    assert province.sign("recommend", roster_id, "CC").count == 1
    for days, kind, officers in WALKS["T01"][2:]:
        province.at(days + 10)
        province.sign(kind, roster_id, *(("EC",) if officers == ("XC",) else officers))
    issued = province.issue(roster_id)
    # The acceptance merges two lists, and so is longer than the one that each path came through.
    assert [verify_code(province.instance, one.code).verdict for one in issued] == ["valid"] * 3


def test_somebody_whose_unit_never_answers_can_be_left_behind(province: World) -> None:
    roster_id = province.take_in(replace(T01, people=3, units=("示例机械研究所", "未登记的单位")))
    assert province.sign("unit_notice", roster_id, "U1").remaining == 1
    province.at(9)
    province.sign("recommend", roster_id, "CC")
    province.at(14)
    assert isinstance(refused(province, "accept", roster_id, "XC"), Fault)
    (late,) = (e for e in province.entries(roster_id) if e.unit_name == "未登记的单位")
    done = province.sign("accept", roster_id, "XC", strike=frozenset({late.id}))
    assert (done.count, done.struck) == (2, 1)
    assert [e.unit_name for e in province.entries(roster_id)] == ["示例机械研究所"] * 2


def test_county_and_city_recommend_in_this_order_and_each_once(province: World) -> None:
    farm = replace(T01, people=2, units=("示例县农业技术站",), region="农安县")
    roster_id = province.take_in(farm)
    province.sign("unit_notice", roster_id, "U4")
    province.at(9)
    province.sign("recommend", roster_id, "CO")
    assert isinstance(refused(province, "recommend", roster_id, "CO"), Fault)
    province.sign("recommend", roster_id, "CC")
    for officer in ("CO", "CC"):
        again = refused(province, "recommend", roster_id, officer)
        assert isinstance(again, Fault)
        assert again.code == "act_done_already"
    for days, kind, officers in WALKS["T01"][2:]:
        province.at(days)
        province.sign(kind, roster_id, *officers)
    (one, _) = province.issue(roster_id)
    report = verify_code(province.instance, one.code)
    assert [link.org for link in report.chain if link.name == "recommend"] == ["SL-CO", "SL-CC"]


def test_in_a_county_neither_the_city_nor_the_committee_goes_ahead_of_who_recommends_below(province: World) -> None:
    """逐级: a result without one of them would be void, so nothing is signed that leads there."""
    roster_id = province.take_in(replace(T01, people=2, units=("示例县农业技术站",), region="农安县"))
    province.sign("unit_notice", roster_id, "U4")
    province.at(9)
    for kind, officer, lacking in (("recommend", "CC", "county"), ("recommend", "CO", ""), ("accept", "XC", "city")):
        if not lacking:
            province.sign(kind, roster_id, officer)
            view = roster_view(province.instance, roster_id)
            assert view.next_step is not None and (view.next_step.act, view.next_step.done) == ("recommend", 0)
            continue
        fault = refused(province, kind, roster_id, officer)
        assert isinstance(fault, Fault)
        assert (fault.code, fault.about.act) == ("act_missing", "recommend")
        assert fault.about.figures["roles"] == lacking
    province.sign("recommend", roster_id, "CC")
    assert province.sign("accept", roster_id, "XC").count == 2


def test_acts_of_one_second_still_form_a_path(province: World) -> None:
    """A script signs faster than a clock ticks, so the order of a path is in its links and not in its times."""
    for n in range(4):
        roster_id = province.take_in(replace(T01, file=f"{n}.xlsx", people=1))
        province.sign("unit_notice", roster_id, "U1")
        province.at(9)
        for kind, officer in (("recommend", "CC"), ("accept", "XC"), ("draw", "XC"), ("evaluate", "XC")):
            province.sign(kind, roster_id, officer)
        province.sign("result_notice", roster_id, "OR")
        province.at(19)
        province.sign("settle_objections", roster_id, "SV")
        province.sign("approve", roster_id, "AP")
        province.sign("issue", roster_id, "H1", "H2")
        assert len(province.issue(roster_id)) == 1


# --- who goes further ----------------------------------------------------------------------------------------------


def test_people_who_were_not_passed_are_struck_at_the_vote_and_get_no_certificate(province: World) -> None:
    roster_id = province.take_in(replace(T01, people=5, failed=2))
    province.walk("T01", roster_id, until="evaluate")
    done = province.sign("evaluate", roster_id, "EC")
    assert (done.count, done.struck) == (3, 2)
    struck = [e for e in province.entries(roster_id, live_only=False) if e.struck_by]
    assert [e.columns["passed"] for e in struck] == [False, False]
    assert {e.struck_by for e in struck} == {done.sha256}
    for days, kind, officers in WALKS["T01"][5:]:
        province.at(days)
        province.sign(kind, roster_id, *officers)
    issued = province.issue(roster_id)
    assert {one.certificate.entry_id for one in issued}.isdisjoint({e.id for e in struck})
    assert len(issued) == 3


def test_people_struck_by_hand_go_no_further_and_the_rest_does(province: World) -> None:
    roster_id = province.take_in(replace(T01, people=3))
    gone = province.entries(roster_id)[1]
    done = province.sign("unit_notice", roster_id, "U1", strike=frozenset({gone.row_key}))
    assert (done.count, done.struck) == (2, 1)
    assert gone.id not in {e.id for e in province.entries(roster_id)}


def test_an_act_about_nobody_is_refused(province: World) -> None:
    roster_id = province.take_in(T01)
    everybody = frozenset(e.id for e in province.entries(roster_id))
    fault = refused(province, "unit_notice", roster_id, "U1", strike=everybody)
    assert isinstance(fault, Fault)
    assert fault.code == "roster_size"


@pytest.mark.parametrize(
    ("day", "code"), [("2025-03-16", "fact_no_ban"), ("2025-03-17", "fact_no_ban"), ("2025-03-18", None)]
)
def test_a_ban_that_begins_between_the_paper_and_the_act_bars_the_person(
    day: str, code: str | None, province: World
) -> None:
    roster_id = province.take_in(replace(T01, extra=(("ban", day),)))
    province.walk("T01", roster_id, until="accept")
    paper = {**PAPER, "date": "2025-03-15"}
    if code is None:
        province.sign("accept", roster_id, "XC", document=paper)
    else:
        fault = refused(province, "accept", roster_id, "XC", document=paper)
        assert isinstance(fault, Fault)
        assert fault.code == code


# --- powers that must be apart --------------------------------------------------------------------------------------


def twin(world: World, officer_id: str, of: str, org: str, role: str) -> None:
    """The human behind `of` becomes an officer of another office, which grants the new key its role."""
    world.at(-1, hour=20)
    enrol.enrol_officer(world.instance, officer_id, org, "样章人", pseudonym(world, of))
    delegate(world.instance, Delegation(org, role, PAPER, officers=(officer_id,)))


@pytest.mark.parametrize(("of", "act"), [("EC", "evaluate"), ("U1", "unit_notice"), ("U2", "unit_notice")])
def test_the_human_who_did_the_one_cannot_do_the_other_in_another_office(province: World, of: str, act: str) -> None:
    roster_id = province.take_in(replace(T01, people=2, units=("示例机械研究所", "示例勘测设计院")))
    twin(province, "AP2", of, "SL-AP", "hrss")
    province.at(0)
    province.sign("unit_notice", roster_id, "U1")
    province.sign("unit_notice", roster_id, "U2")
    for days, kind, officers in WALKS["T01"][1:7]:
        province.at(days)
        province.sign(kind, roster_id, *(("EC",) if officers == ("XC",) else officers))
    province.at(36)
    fault = refused(province, "approve", roster_id, "AP2")
    assert isinstance(fault, Fault)
    assert fault.code == "apart"
    assert fault.about.figures["apart_from"] in {act, "accept"}
    province.sign("approve", roster_id, "AP")


def test_an_office_that_voted_cannot_approve_by_another_officer(province: World) -> None:
    roster_id = province.take_in(T01)
    province.at(-1, hour=20)
    enrol.enrol_officer(province.instance, "XC2", "SL-XC", "样章副")
    delegate(province.instance, Delegation("SL-XC", "hrss", PAPER, officers=("XC2",)))
    province.walk("T01", roster_id, until="approve")
    fault = refused(province, "approve", roster_id, "XC2")
    assert isinstance(fault, Fault)
    assert fault.code == "apart"


def test_one_human_with_two_officer_ids_is_not_two_signers(province: World) -> None:
    roster_id = province.take_in(T01)
    twin(province, "H1X", "H1", "SL-AP", "issuer")
    delegate(province.instance, Delegation("SL-AP", "issuer", PAPER, officers=("AP",), acts=("issue",)))
    province.walk("T01", roster_id, until="issue")
    fault = refused(province, "issue", roster_id, "H1", "H1X")
    assert isinstance(fault, Fault)
    assert fault.code == "signer_not_distinct"


def test_lifecycle_acts_are_no_acts_about_rosters(province: World) -> None:
    roster_id = province.take_in(T01)
    for kind in LIFECYCLE_ACTS:
        fault = refused(province, kind, roster_id, "H1")
        assert isinstance(fault, Fault)
        assert fault.code == "act_not_in_procedure"
