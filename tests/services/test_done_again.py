"""What was done in vain is done again: who stands in nobody's way is taken in anew, up to a new certificate."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from support_instance import SmallInstance
from world_for_tests import ACCEPT, BATCHES, ONE_UNIT, WALKS, World

from certsvc.core.calendar import local_date
from certsvc.core.errors import CertsvcError, Refused
from certsvc.core.outcomes import Fault
from certsvc.demo.people import Batch, Crowd
from certsvc.instance import Instance
from certsvc.services import doctor, documents, status, withdrawal
from certsvc.services.compromise import Officers, condemn, remedy
from certsvc.services.damage import find_damage
from certsvc.services.import_roster import ImportResult
from certsvc.services.issue import Issued
from certsvc.services.overview import roster_view
from certsvc.services.soundness import Soundness
from certsvc.services.standing import CERTIFIED, CONDEMNED, ENDED, IN_HAND, STOLEN, STRUCK, VOID
from certsvc.services.status import Proposal
from certsvc.services.verify_evidence import verify_code
from certsvc.store import certificates as certificate_store
from certsvc.store import documents as document_store
from certsvc.store import rosters as roster_store
from certsvc.store.rows import Entry

PAPER = {"number": "示例函〔2025〕9号", "title": "示例处置文件", "date": "2025-03-13"}
TWO = Officers("H1", "H2")
T01 = replace(BATCHES["T01"], units=ONE_UNIT)
YES = {**ACCEPT, "*:applies_again": "accept"}


def again(world: World, decisions: Mapping[str, str] = ACCEPT, **changes: object) -> ImportResult:
    """The same people in a new file."""
    world.crowd = Crowd(2025)
    told = {"file": "again.xlsx", "heading": f"示例名单(重新办理,{local_date(world.instance.now())})", **changes}
    return world.import_file(world.file(replace(T01, **told)), decisions)  # type: ignore[arg-type]


def steal(world: World, whose: str = "XC", use: str = "officer") -> tuple[str, int]:
    """The key of an officer or an office was in other hands from the morning of the vote on; it is condemned today."""
    with world.instance.engines.read.connect() as connection:
        key = (
            documents.officer_key(connection, whose) if use == "officer" else documents.own_key(connection, whose, use)
        )
    today = world.instance.now()
    world.at(18, hour=9)
    since = world.instance.now()
    world.instance.set_clock(today)
    condemn(world.instance, key.jkt, since, PAPER)
    return key.jkt, since


def revoke(world: World, stolen: tuple[str, int]) -> None:
    settled = remedy(world.instance, find_damage(world.instance, *stolen), "revoke", TWO, PAPER)
    assert settled.done and not settled.left


def carry_on(world: World, roster_id: str, start: float) -> list[Issued]:
    """Every act of T01 on the roster, and its certificates."""
    for day, kind, officers in WALKS["T01"]:
        world.at(start + day)
        world.sign(kind, roster_id, *officers)
    world.at(start + 40)
    return world.issue(roster_id)


def every_entry(world: World, roster_id: str) -> list[Entry]:
    return list(world.entries(roster_id, live_only=False))


def test_after_the_drill_everybody_is_taken_in_anew_up_to_a_valid_certificate(anywhere: World) -> None:
    first = anywhere.issue(anywhere.ready())
    revoke(anywhere, steal(anywhere))
    anywhere.at(42)
    result = again(anywhere)
    assert (result.rosters, result.entries, result.people_new, result.standing) == (["R0002"], 2, 0, [])
    assert {(one.roster_id, one.standing.why) for one in result.again} == {("R0001", CONDEMNED)}
    second = carry_on(anywhere, "R0002", 42)
    assert {verify_code(anywhere.instance, one.code).verdict for one in second} == {"valid"}
    assert {verify_code(anywhere.instance, one.code).verdict for one in first} == {"void"}
    assert {one.state for one in anywhere.certificates("R0001")} == {"revoked"}
    pairs = [one.certificate for one in (*first, *second)]
    for name in ("number", "licence_id", "code_key", "sha256", "idx", "entry_id"):
        assert len({getattr(one, name) for one in pairs}) == 4, name


def test_who_had_no_certificate_yet_is_taken_in_anew_and_goes_no_further_on_the_old_roster(province: World) -> None:
    roster_id = province.take_in(T01)
    province.walk("T01", roster_id, until="approve")
    province.at(33)
    steal(province)
    assert again(province).rosters == ["R0002"]
    assert {one.replaced_by for one in every_entry(province, roster_id)} == {"R0002"}
    view = roster_view(province.instance, roster_id)
    assert (view.people, view.struck, view.issued, view.again) == (0, 0, 0, ("R0002", "R0002"))
    province.at(36)
    with pytest.raises(Refused) as refused:
        province.sign("approve", roster_id, "AP")
    assert refused.value.code == "roster_empty"
    assert {verify_code(province.instance, one.code).verdict for one in carry_on(province, "R0002", 42)} == {"valid"}


def test_a_certificate_that_was_begun_on_a_path_that_counts_no_more_is_not_completed(province: World) -> None:
    roster_id = province.ready()
    stolen = steal(province)
    with pytest.raises(CertsvcError) as refused:
        province.issue(roster_id)
    assert refused.value.code == "own_check_failed"
    assert find_damage(province.instance, *stolen).certificates == ()
    again(province)
    with province.instance.engines.read.connect() as connection:
        assert certificate_store.list_intents(connection) == ()
    with pytest.raises(Refused) as refused:
        province.issue(roster_id)
    assert refused.value.code == "nothing_to_issue"


def test_a_certificate_that_was_not_revoked_yet_stands_in_the_way(province: World) -> None:
    province.issue(province.ready())
    stolen = steal(province)
    result = again(province)
    assert (result.rosters, {one.standing.why for one in result.standing}) == ([], {VOID})
    revoke(province, stolen)
    assert {one.standing.why for one in again(province).again} == {CONDEMNED}


def test_the_very_same_file_takes_in_anew_whom_it_brought_before(province: World) -> None:
    roster_id = province.take_in(T01)
    province.walk("T01", roster_id, until="approve")
    path = province.folder / T01.file
    assert province.import_file(path).repeated
    province.at(33)
    steal(province)
    result = province.import_file(path)
    assert (result.rosters, result.repeated) == (["R0002"], False)
    assert province.import_file(path).repeated


@pytest.mark.parametrize("certified", [False, True])
def test_who_stands_in_the_register_is_told_with_the_roster_and_not_added(province: World, certified: bool) -> None:
    if certified:
        province.issue(province.ready())
    else:
        province.take_in(T01)
    before = len(every_entry(province, "R0001"))
    result = again(province)
    assert (result.rosters, result.entries, result.entries_same) == ([], 0, 2)
    assert [(one.roster_id, one.standing.why) for one in result.standing] == [
        ("R0001", CERTIFIED if certified else IN_HAND)
    ] * before


def test_who_was_turned_down_is_voted_on_again_when_an_officer_says_so_and_by_no_file_alone(province: World) -> None:
    failed: Batch = replace(T01, people=3, failed=1)
    roster_id = province.take_in(failed)
    province.walk("T01", roster_id)
    province.at(40)
    assert len(province.issue(roster_id)) == 2
    province.at(42)
    result = again(province, people=3)
    assert (result.rosters, [one.standing.why for one in result.standing]) == ([], [STRUCK, CERTIFIED, CERTIFIED])
    result = again(province, YES, people=3)
    assert (result.rosters, result.entries, len(result.standing)) == (["R0002"], 1, 2)
    assert {verify_code(province.instance, one.code).verdict for one in carry_on(province, "R0002", 42)} == {"valid"}


def test_whose_certificate_a_thief_revoked_is_taken_in_anew_when_an_officer_says_so(province: World) -> None:
    (one, other) = province.issue(province.ready())
    proposal = status.propose(
        province.instance, Proposal("revoke", one.code, "H3", PAPER, "procedure", retroactive=True)
    )
    status.approve(province.instance, proposal, "H2")
    province.at(42)
    steal(province, "H3")
    assert again(province).rosters == []
    assert [met.standing.why for met in again(province, YES).again] == [ENDED]
    (new,) = carry_on(province, "R0002", 42)
    assert {verify_code(province.instance, each.code).verdict for each in (other, new)} == {"valid"}
    assert verify_code(province.instance, one.code).verdict == "void"


def test_whose_acts_lost_their_time_with_a_stolen_log_key_is_taken_in_anew_by_the_file_alone(province: World) -> None:
    province.issue(province.ready())
    province.at(42)
    revoke(province, steal(province, "ROOT", "log"))
    assert {one.standing.why for one in again(province).again} == {STOLEN}
    assert {verify_code(province.instance, one.code).verdict for one in carry_on(province, "R0002", 42)} == {"valid"}


def test_a_title_that_was_withdrawn_comes_back_when_an_officer_says_so_and_by_no_file_alone(province: World) -> None:
    (one, _other) = province.issue(province.ready())
    proposal = status.propose(province.instance, Proposal("withdraw", one.code, "H1", PAPER, "holder_request"))
    status.approve(province.instance, proposal, "H2")
    province.at(42)
    assert [one.standing.why for one in again(province).standing] == [ENDED, CERTIFIED]
    result = again(province, YES)
    assert [met.standing.why for met in result.again] == [ENDED]
    assert len(carry_on(province, "R0002", 42)) == 1
    assert verify_code(province.instance, one.code).verdict == "withdrawn"


def test_what_was_revoked_for_a_stolen_credential_key_alone_is_done_again_without_a_question(province: World) -> None:
    province.issue(province.ready())
    revoke(province, steal(province, "SL-HRSS", "credential"))
    assert {one.standing.why for one in again(province).again} == {STOLEN}


# --- nothing is signed on what counts no more ----------------------------------------------------------------------


def test_after_a_theft_no_office_signs_on_what_the_thief_may_have_signed(province: World) -> None:
    roster_id = province.take_in(T01)
    province.walk("T01", roster_id, until="approve")
    province.at(33)
    steal(province)
    province.at(36)
    before = province.census()
    with pytest.raises(Fault) as refused:
        province.sign("approve", roster_id, "AP")
    assert (refused.value.code, refused.value.about.act) == ("key_compromised", "evaluate")
    assert (refused.value.about.org, refused.value.about.figures["people"]) == ("SL-XC", "2")
    assert province.census() == before
    (spoilt,) = roster_view(province.instance, roster_id).spoilt
    assert (spoilt.fault.code, len(spoilt.people)) == ("key_compromised", 2)


def test_the_doctor_has_nothing_issued_on_what_counts_no_more(province: World) -> None:
    roster_id = province.ready()
    with_hint = {"certsvc issue R0001", "certsvc roster check R0001"}
    assert with_hint & {one.hint for one in doctor.visit(province.home)} == {"certsvc issue R0001"}
    steal(province)
    assert with_hint & {one.hint for one in doctor.visit(province.home)} == {"certsvc roster check R0001"}
    again(province)
    assert not with_hint & {one.hint for one in doctor.visit(province.home)}
    assert roster_id == "R0001"


def test_after_a_theft_what_was_signed_before_it_goes_on_to_a_valid_certificate(province: World) -> None:
    """The harmless sibling: the key of the unit's officer was stolen after the unit had signed."""
    roster_id = province.take_in(T01)
    province.walk("T01", roster_id, until="approve")
    province.at(33)
    steal(province, "U1")
    for day, kind, officers in (36, "approve", ("AP",)), (39, "issue", ("H1", "H2")):
        province.at(day)
        province.sign(kind, roster_id, *officers)
    assert roster_view(province.instance, roster_id).spoilt == ()
    province.at(40)
    assert {verify_code(province.instance, one.code).verdict for one in province.issue(roster_id)} == {"valid"}


@pytest.mark.parametrize(
    ("reason", "refused"), [("compromised", True), ("withdrawn", False)], ids=["never good", "good until today"]
)
def test_what_was_done_under_a_grant_goes_on_unless_it_was_compromised_by_then(
    province: World, reason: str, refused: bool
) -> None:
    roster_id = province.take_in(T01)
    province.walk("T01", roster_id, until="approve")
    province.at(33)
    for grant in withdrawal.list_grants(province.instance, "SL-XC"):
        withdrawal.withdraw_grant(province.instance, grant.sha256, reason, PAPER)
    province.at(36)
    if not refused:
        assert province.sign("approve", roster_id, "AP").count == 2
        return
    with pytest.raises(Fault) as fault:
        province.sign("approve", roster_id, "AP")
    assert (fault.value.code, fault.value.about.act, fault.value.about.org) == ("grant_withdrawn", "accept", "SL-XC")
    assert {one.standing.why for one in again(province).again} == {CONDEMNED}


def test_of_two_units_only_the_people_of_the_one_whose_key_was_stolen_are_held_up(province: World) -> None:
    """They are struck from the act and taken in anew; the others go on, and both get valid certificates."""
    both = replace(T01, file="both.xlsx", people=4, units=("示例机械研究所", "示例勘测设计院"))
    roster_id = province.take_in(both)
    province.sign("unit_notice", roster_id, "U1")
    province.at(0, hour=15)
    since = province.instance.now()
    province.sign("unit_notice", roster_id, "U2")
    for day, kind, officers in WALKS["T01"][1:7]:
        province.at(day)
        province.sign(kind, roster_id, *officers)
    with province.instance.engines.read.connect() as connection:
        key = documents.officer_key(connection, "U2")
    province.at(33)
    condemn(province.instance, key.jkt, since, PAPER)
    province.at(36)
    with pytest.raises(Fault) as fault:
        province.sign("approve", roster_id, "AP")
    assert (fault.value.about.act, fault.value.about.figures["people"]) == ("unit_notice", "2")
    (spoilt,) = roster_view(province.instance, roster_id).spoilt
    assert province.sign("approve", roster_id, "AP", strike=spoilt.people).count == 2
    province.at(39)
    province.sign("issue", roster_id, "H1", "H2")
    province.at(40)
    assert {verify_code(province.instance, one.code).verdict for one in province.issue(roster_id)} == {"valid"}


def first_fault(instance: Instance) -> tuple[str, str | None, str | None]:
    with instance.engines.read.connect() as connection:
        entries = roster_store.list_entries(connection, "R0001")
        (spoilt,) = Soundness(connection).spoilt_for(entries)
    assert spoilt.people == {one.id for one in entries}
    return spoilt.fault.code, spoilt.fault.about.act, spoilt.fault.about.org


@pytest.mark.parametrize(
    ("org", "use", "act"), [("SL-XC", "seal", "evaluate"), ("SL-HRSS", "grant", ""), ("SL-CC", "seal", "")]
)
def test_the_register_says_of_a_path_in_the_log_what_the_verifier_says(
    province: World, org: str, use: str, act: str
) -> None:
    (one, _other) = province.issue(province.ready())
    assert province.instance.anchors[0].log_required
    steal(province, org, use)
    report = verify_code(province.instance, one.code)
    if not act:
        assert report.verdict == "valid"
        assert roster_view(province.instance, "R0001").spoilt == ()
        return
    assert (report.verdict, report.reason, report.about.act) == ("void", "key_compromised", act)
    assert first_fault(province.instance) == (report.reason, report.about.act, report.about.org)


def test_the_register_says_of_a_path_without_a_log_what_the_verifier_says(small: SmallInstance) -> None:
    assert not small.instance.anchors[0].log_required
    with small.instance.engines.read.connect() as connection:
        key = documents.own_key(connection, "COMM", "seal")
        acts = {one.kind: one.iat for one in document_store.list_acts(connection, "R0001")}
    for since, act in (acts["evaluate"] + 1, None), (acts["evaluate"], "evaluate"), (acts["accept"], "accept"):
        condemn(small.instance, key.jkt, since, PAPER)
        report = verify_code(small.instance, small.issued[0].code)
        assert (report.reason, report.about.act) == (("key_compromised", act) if act else (None, None))
        spoilt = roster_view(small.instance, "R0001").spoilt
        assert [one.fault.about.act for one in spoilt] == ([act] if act else [])
