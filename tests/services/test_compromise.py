"""The compromise drill: what is sound and what is suspect, and each certificate settled exactly once, killed or not."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import drilled_for_tests
import pytest
from watched_for_tests import watched
from world_for_tests import PAPER, WALKS, World, environment

from certsvc.core.errors import CertsvcError
from certsvc.core.jose import parse_document
from certsvc.services import compromise, documents, issue, pdf, publish, status
from certsvc.services.compromise import Officers, condemn, remedy
from certsvc.services.damage import Damage, find_damage
from certsvc.services.delegation import Delegation, delegate
from certsvc.services.issue import Issued
from certsvc.services.rotation import rotate_key
from certsvc.services.verify_evidence import verify_code, verify_file
from certsvc.services.withdrawal import withdraw_grant
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import status as status_store
from certsvc.store.rows import Certificate, SigningKey

TWO = Officers("H1", "H2")
#: Between the issue of the first roster and that of the second.
THEFT_DAY = 60
ALL_KEYS = (("SL-HRSS", "status"), ("SL-HRSS", "credential"), ("SL-XC", "seal"), ("H1", "officer"),
            ("SL-HRSS", "pdf"), ("SL-HRSS", "grant"), ("SL-HRSS", "seal"), ("ROOT", "archive"), ("ROOT", "policy"))  # fmt: skip


def before_and_after(world: World) -> tuple[World, list[Issued], list[Issued], int]:
    """The world with certificates of before and after a theft, and the time of the theft. The clock stands after both."""
    early = world.certified(0)
    world.at(THEFT_DAY)
    since = world.instance.now()
    return world, early, world.certified(1), since


@pytest.fixture
def two(province: World) -> tuple[World, list[Issued], list[Issued], int]:
    return before_and_after(province)


@pytest.fixture
def two_anywhere(anywhere: World) -> tuple[World, list[Issued], list[Issued], int]:
    """The same, on each kind of database."""
    return before_and_after(anywhere)


Two = tuple[World, list[Issued], list[Issued], int]


def key_of(world: World, whose: str, use: str) -> SigningKey:
    with world.instance.engines.read.connect() as connection:
        if use == "officer":
            return documents.officer_key(connection, whose)
        return documents.own_key(connection, whose, use)


def split(damage: Damage) -> tuple[set[str], set[str]]:
    """Numbers of the sound and of the suspect certificates."""
    rows = damage.certificates
    return {one.number for one in rows if one.sound}, {one.number for one in rows if not one.sound}


def numbers(issued: list[Issued]) -> set[str]:
    return {one.certificate.number for one in issued}


def lost_grants(damage: Damage) -> set[str]:
    """Hashes of the grants that the key itself gave after the theft."""
    return {one.name for one in damage.traces if (one.kind, one.cause) == ("grant+jwt", "signature")}


def verdicts(world: World, issued: list[Issued]) -> set[str]:
    return {verify_code(world.instance, one.code).verdict for one in issued}


def versions(world: World) -> dict[str, list[Certificate]]:
    found: dict[str, list[Certificate]] = {}
    for one in world.certificates():
        found.setdefault(one.number, []).append(one)
    return found


def code_of(world: World, one: Certificate) -> str:
    return world.instance.data_keys.unseal(one.code_sealed, f"code/{one.id}".encode()).decode()


# --- what is found -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("whose", "use", "cause"), [
    ("SL-HRSS", "credential", "signature"), ("SL-XC", "seal", "act"), ("XC", "officer", "act"),
    ("H1", "officer", "act"), ("SL-HRSS", "seal", "act"),
])  # fmt: skip
def test_certificates_are_split_at_the_theft(two: Two, whose: str, use: str, cause: str) -> None:
    world, early, late, since = two
    damage = find_damage(world.instance, key_of(world, whose, use).jkt, since)
    assert split(damage) == (numbers(early), numbers(late))
    assert {one.causes for one in damage.certificates if not one.sound} == {(cause,)}


def test_a_theft_at_the_very_second_of_a_signature_makes_it_suspect(two: Two) -> None:
    world, _early, late, _since = two
    key, at = key_of(world, "SL-HRSS", "credential"), late[0].certificate.issued_at
    assert split(find_damage(world.instance, key.jkt, at))[1] == numbers(late)
    assert split(find_damage(world.instance, key.jkt, at + 1))[1] == set()


def test_acts_that_follow_a_suspect_act_are_suspect_though_others_signed_them(two: Two) -> None:
    world, _early, _late, since = two
    damage = find_damage(world.instance, key_of(world, "SL-CC", "seal").jkt, since)
    found = {one.what: one.cause for one in damage.traces if not one.sound}
    after = [kind for _day, kind, _officers in WALKS["T01"]]
    after = after[after.index("recommend") :]
    assert found == {"recommend": "signature", **dict.fromkeys(after[1:], "act")}
    assert [one.what for one in damage.traces if one.sound] == ["recommend"]


def test_what_a_stolen_grant_key_gave_after_the_theft_is_suspect_with_all_that_stands_on_it(province: World) -> None:
    early = province.certified(0)
    province.at(THEFT_DAY)
    since = province.instance.now()
    with province.instance.engines.read.connect() as connection:
        old = [g.sha256 for g in documents.grants_of(connection, "SL-XC")]
    for role in ("committee", "committee_office"):
        delegate(province.instance, Delegation("SL-XC", role, PAPER))
    for name in old:
        withdraw_grant(province.instance, name, "expired", PAPER)
    late = province.certified(1)
    damage = find_damage(province.instance, key_of(province, "SL-HRSS", "grant").jkt, since)
    assert split(damage)[1] == numbers(late)
    assert len(lost_grants(damage)) == 2
    kinds = {(one.kind, one.what, one.cause) for one in damage.traces if not one.sound}
    assert {
        ("grant+jwt", "committee", "signature"),
        ("act+jwt", "accept", "grant"),
        ("act+jwt", "issue", "act"),
    } <= kinds
    assert verdicts(province, early + late) == {"valid"}
    done = condemn(province.instance, damage.key.jkt, since, PAPER)
    assert set(done.withdrawn) == lost_grants(damage)
    assert (verdicts(province, early), verdicts(province, late)) == ({"valid"}, {"void"})


def test_a_certificate_that_a_suspect_act_changed_is_suspect(two: Two) -> None:
    world, early, _late, since = two
    key = key_of(world, "H3", "officer")
    proposal = status.propose(world.instance, status.Proposal("suspend", early[0].code, "H3", PAPER, "inquiry"))
    status.approve(world.instance, proposal, "H2")
    damage = find_damage(world.instance, key.jkt, since)
    (line,) = damage.certificates
    assert (line.number, line.causes, line.resignable) == (early[0].certificate.number, ("event",), False)
    order = status.Proposal("revoke", early[1].code, "H3", PAPER, "procedure", retroactive=True)
    proposal = status.propose(world.instance, order)
    status.approve(world.instance, proposal, "H2")
    (_line, ended) = find_damage(world.instance, key.jkt, since).certificates
    assert (ended.number, ended.causes, ended.open) == (early[1].certificate.number, ("taken",), False)


def test_status_lists_of_a_stolen_status_key_are_split_and_no_certificate_is_suspect(two: Two) -> None:
    world, _early, _late, since = two
    damage = find_damage(world.instance, key_of(world, "SL-HRSS", "status").jkt, since)
    assert {(one.kind, one.sound) for one in damage.traces} == {("statuslist+jwt", True), ("statuslist+jwt", False)}
    assert damage.certificates == ()


def test_looking_changes_nothing(two: Two) -> None:
    world, _early, _late, since = two
    before = world.census()
    find_damage(world.instance, key_of(world, "SL-HRSS", "seal").jkt, since)
    assert world.census() == before


# --- the key -------------------------------------------------------------------------------------------------------


def test_after_the_theft_of_any_key_what_it_signed_before_stays_valid(two: Two) -> None:
    world, early, _late, since = two
    for whose, use in ALL_KEYS:
        key = key_of(world, whose, use)
        done = condemn(world.instance, key.jkt, since, PAPER)
        assert done.replaced is not None
        assert key_of(world, whose, use) == done.replaced.new
        assert verdicts(world, early) == {"valid"}, use


@pytest.mark.parametrize(("whose", "use", "code"), [("SL-HRSS", "credential", "key_compromised"),
                                                    ("SL-XC", "seal", "key_compromised")])  # fmt: skip
def test_after_the_theft_what_the_key_signed_since_is_void(two: Two, whose: str, use: str, code: str) -> None:
    world, _early, late, since = two
    condemn(world.instance, key_of(world, whose, use).jkt, since, PAPER)
    report = verify_code(world.instance, late[0].code)
    assert (report.verdict, report.reason) == ("void", code)


def test_the_register_the_event_and_the_trust_bundle_say_the_same_of_a_stolen_key(two: Two) -> None:
    world, _early, _late, since = two
    jkt, now = key_of(world, "SL-HRSS", "seal").jkt, world.instance.now()
    condemn(world.instance, jkt, since, PAPER)
    with world.instance.engines.read.connect() as connection:
        key = documents.key_by_jkt(connection, jkt)
        event = document_store.list_documents(connection, "key+jwt", jkt)[-1]
        trust = documents.current_trust(connection).unverified_payload
    said = parse_document(event.body, event.typ).unverified_payload
    (row,) = (one for one in trust["keys"] if one["jkt"] == jkt)
    assert (key.ended_reason, key.valid_to, key.good_before) == ("compromised", now, since)
    for one in (said, row):
        assert (one["reason"], one["to"], one["good_before"]) == ("compromised", now, since)


def test_the_drill_done_twice_ends_and_replaces_the_key_once(two: Two) -> None:
    world, _early, _late, since = two
    jkt = key_of(world, "SL-HRSS", "credential").jkt
    assert not condemn(world.instance, jkt, since, PAPER).already
    before = world.census()
    assert condemn(world.instance, jkt, since, PAPER).already
    assert world.census() == before


def test_a_theft_is_moved_earlier_and_never_later(two: Two) -> None:
    world, early, _late, since = two
    jkt = key_of(world, "SL-HRSS", "credential").jkt
    condemn(world.instance, jkt, since, PAPER)
    with pytest.raises(CertsvcError) as error:
        condemn(world.instance, jkt, since + 1, PAPER)
    assert error.value.code == "since_later"
    assert verdicts(world, early) == {"valid"}
    assert condemn(world.instance, jkt, early[0].certificate.issued_at, PAPER).replaced is None
    assert verdicts(world, early) == {"void"}


def test_a_rotated_key_may_turn_out_to_have_been_stolen(two: Two) -> None:
    world, early, late, since = two
    old = rotate_key(world.instance, "SL-HRSS", "credential").old
    done = condemn(world.instance, old.jkt, since, PAPER)
    assert (done.replaced, done.already) == (None, False)
    assert (verdicts(world, early), verdicts(world, late)) == ({"valid"}, {"void"})


def test_a_theft_does_not_lie_ahead(two: Two) -> None:
    world, _early, _late, _since = two
    before = world.census()
    with pytest.raises(CertsvcError) as error:
        condemn(world.instance, key_of(world, "SL-XC", "seal").jkt, world.instance.now() + 1, PAPER)
    assert (error.value.code, world.census()) == ("since_future", before)


def test_a_stolen_status_key_leaves_no_moment_without_a_list_that_counts(two: Two) -> None:
    world, early, late, since = two
    done = condemn(world.instance, key_of(world, "SL-HRSS", "status").jkt, since, PAPER)
    with world.instance.engines.read.connect() as connection:
        latest = status_store.latest_status_list(connection, publish.list_uri(world.instance))
        assert latest is not None
        document = documents.load_document(connection, latest.sha256, "statuslist+jwt")
    assert done.replaced is not None
    assert document.signatures[0].unverified_kid == done.replaced.new.jkt
    assert verdicts(world, early + late) == {"valid"}


def test_what_was_begun_with_a_stolen_key_is_completed_with_the_next_one(province: World) -> None:
    roster_id = province.ready()
    (first, _second) = issue.intend(province.instance, list(province.entries(roster_id)))
    province.instance.set_clock(province.instance.now() + 3600)
    done = condemn(province.instance, key_of(province, "SL-HRSS", "credential").jkt, first.created_at, PAPER)
    issued = province.issue(roster_id)
    assert first.number in numbers(issued)
    assert done.replaced is not None
    for one in issued:
        credential = parse_document(one.certificate.credential, "vc+jwt")
        assert credential.signatures[0].unverified_kid == done.replaced.new.jkt
    assert verdicts(province, issued) == {"valid"}


def test_procedures_and_calendars_that_a_stolen_policy_key_signed_no_longer_count(province: World) -> None:
    province.at(0)
    policy = key_of(province, "ROOT", "policy")
    with province.instance.engines.read.connect() as connection:
        calendar = documents.current_calendar(connection)
        tracks = {row.subject for row in document_store.list_documents(connection, "procedure+jwt")}
    since = calendar.unverified_payload["iat"] + 1
    condemn(province.instance, policy.jkt, since, PAPER)
    with province.instance.engines.read.connect() as connection:
        assert documents.current_calendar(connection).sha256 == calendar.sha256
    condemn(province.instance, policy.jkt, since - 1, PAPER)
    with province.instance.engines.read.connect() as connection, pytest.raises(CertsvcError) as error:
        documents.current_calendar(connection)
    assert error.value.code == "document_absent"
    assert set(documents.publish_procedures(province.instance)) == tracks
    documents.publish_calendar(province.instance)
    trust = documents.publish_trust(province.instance).unverified_payload
    assert len(trust["procedures"]) == len(tracks)
    assert calendar.sha256 not in [row["sha256"] for row in trust["calendars"]]
    assert len(trust["calendars"]) == 1


def test_certificates_of_before_the_theft_of_the_policy_key_stay_valid(two: Two) -> None:
    world, early, late, since = two
    condemn(world.instance, key_of(world, "ROOT", "policy").jkt, since, PAPER)
    assert verdicts(world, early + late) == {"valid"}


def test_what_rotations_gave_the_authority_since_the_theft_of_the_policy_key_is_given_again(two: Two) -> None:
    world, early, _late, since = two
    new = rotate_key(world.instance, "SL-HRSS", "status").new
    done = condemn(world.instance, key_of(world, "ROOT", "policy").jkt, since, PAPER)
    with world.instance.engines.read.connect() as connection:
        living = documents.living_grants_of(connection, "SL-HRSS", world.instance.now())
    naming = [one for one in living if {"jkt": new.jkt, "use": "status"} in one.unverified_payload["keys"]]
    assert len(naming) == len(done.withdrawn) == 1
    assert naming[0].sha256 not in done.withdrawn
    assert verdicts(world, early) == {"valid"}


@pytest.mark.parametrize("change", [{"sub": "SL-XC"}, {"depth": 3}, {"keys": [{"jkt": "A" * 43, "use": "seal"}]}])
def test_what_a_thief_gave_with_the_policy_key_is_not_given_again(province: World, change: dict[str, object]) -> None:
    province.at(0)
    with province.instance.engines.read.connect() as connection:
        (top,) = documents.grants_of(connection, "SL-HRSS")
    said = {name: value for name, value in top.unverified_payload.items() if name not in ("jti", "iss", "iat")}
    forged = documents.give_grant(province.instance, {**said, **change})
    since = province.instance.now()
    assert condemn(province.instance, key_of(province, "ROOT", "policy").jkt, since, PAPER).withdrawn == (forged,)
    with province.instance.engines.read.connect() as connection:
        tops = [
            row.sha256
            for row in document_store.list_documents(connection, "grant+jwt")
            if parse_document(row.body, row.typ).unverified_payload["parent"] is None
        ]
    assert set(tops) == {top.sha256, forged}


# --- the certificates ----------------------------------------------------------------------------------------------


def test_certificates_on_a_sound_path_are_signed_anew(two_anywhere: Two) -> None:
    world, early, late, since = two_anywhere
    jkt = key_of(world, "SL-HRSS", "credential").jkt
    done = condemn(world.instance, jkt, since, PAPER)
    settled = remedy(world.instance, find_damage(world.instance, jkt, since), "resign", TWO, PAPER)
    assert (settled.done, settled.left) == (len(late), [])
    for number, found in versions(world).items():
        if number in numbers(early):
            assert [one.state for one in found] == ["in_force"]
            continue
        assert [(one.version, one.state) for one in found] == [(1, "superseded"), (2, "in_force")]
        old, new = (parse_document(one.credential, "vc+jwt") for one in found)
        printed = [one.unverified_payload["certificate"] for one in (old, new)]
        same = ("name", "sex", "birth", "target", "award_date", "number")
        assert [printed[0][name] for name in same] == [printed[1][name] for name in same]
        assert done.replaced is not None
        assert new.signatures[0].unverified_kid == done.replaced.new.jkt
        assert verify_code(world.instance, code_of(world, found[1])).verdict == "valid"
    assert verdicts(world, early) == {"valid"}
    assert not [one for one in find_damage(world.instance, jkt, since).certificates if one.open]


def test_certificates_on_a_suspect_path_are_not_signed_anew_but_revoked(two: Two) -> None:
    world, early, late, since = two
    jkt = key_of(world, "SL-XC", "seal").jkt
    condemn(world.instance, jkt, since, PAPER)
    settled = remedy(world.instance, find_damage(world.instance, jkt, since), "resign", TWO, PAPER)
    assert settled.done == 0
    assert {code for _one, code in settled.left} == {"not_resignable"}
    settled = remedy(world.instance, find_damage(world.instance, jkt, since), "revoke", TWO, PAPER)
    assert (settled.done, settled.left) == (len(late), [])
    for one in late:
        with world.instance.engines.read.connect() as connection:
            (event,) = status_store.list_events(connection, one.certificate.id)
            act = documents.load_document(connection, event.decide_sha256, "act+jwt").unverified_payload
        assert (event.kind, event.retroactive, act["reason"]) == ("revoke", True, "key_compromised")
    assert verdicts(world, early) == {"valid"}


def test_files_of_a_stolen_pdf_key_are_found_and_their_certificates_get_a_next_version(two: Two) -> None:
    world, _early, late, since = two
    jkt = key_of(world, "SL-HRSS", "pdf").jkt
    pdf.certificate_pdf(world.instance, late[0].code)
    damage = find_damage(world.instance, jkt, since)
    assert [(one.number, one.causes) for one in damage.certificates] == [(late[0].certificate.number, ("file",))]
    condemn(world.instance, jkt, since, PAPER)
    assert remedy(world.instance, damage, "resign", TWO, PAPER).done == 1
    (_old, new) = versions(world)[late[0].certificate.number]
    assert verify_file(world.instance, pdf.certificate_pdf(world.instance, code_of(world, new))).verdict == "valid"


def test_a_suspended_certificate_is_left_by_resigning_and_named(two: Two) -> None:
    world, _early, late, since = two
    proposal = status.propose(world.instance, status.Proposal("suspend", late[0].code, "H1", PAPER, "inquiry"))
    status.approve(world.instance, proposal, "H2")
    jkt = key_of(world, "SL-HRSS", "credential").jkt
    condemn(world.instance, jkt, since, PAPER)
    settled = remedy(world.instance, find_damage(world.instance, jkt, since), "resign", TWO, PAPER)
    assert settled.done == len(late) - 1
    assert [(one.number, code) for one, code in settled.left] == [(late[0].certificate.number, "suspended")]
    proposal = status.propose(world.instance, status.Proposal("reinstate", late[0].code, "H1", PAPER, "cleared"))
    status.approve(world.instance, proposal, "H2")
    settled = remedy(world.instance, find_damage(world.instance, jkt, since), "resign", TWO, PAPER)
    assert (settled.done, settled.left) == (1, [])


def test_who_was_honestly_suspended_and_corrected_with_a_stolen_key_is_told_apart(two: Two) -> None:
    """What is wrong with a status of its own does not go into the next version; a correction does."""
    world, early, _late, since = two
    jkt, held = key_of(world, "H3", "officer").jkt, [one.certificate.number for one in early]

    def change(act: str, code: str, proposer: str = "H3", reason: str = "inquiry", **more: Any) -> None:
        proposal = status.propose(world.instance, status.Proposal(act, code, proposer, PAPER, reason, **more))
        status.approve(world.instance, proposal, "H2")

    change("suspend", early[0].code)
    change("reinstate", early[0].code, reason="cleared")
    change("correct", early[1].code, reason="correction", changes={"name": "样章丁"})
    condemn(world.instance, jkt, since, PAPER)
    settled = remedy(world.instance, find_damage(world.instance, jkt, since), "resign", TWO, PAPER)
    assert (settled.done, [(one.number, code) for one, code in settled.left]) == (1, [(held[1], "not_resignable")])
    (_first, mended) = versions(world)[held[0]]
    assert verify_code(world.instance, code_of(world, mended)).verdict == "valid"


@pytest.mark.parametrize(("pair", "code"), [(("H1", "H1"), "same_human"), (("H1", "NOBODY"), "officer_unknown")])
def test_two_humans_are_needed(two: Two, pair: tuple[str, str], code: str) -> None:
    world, _early, _late, since = two
    jkt = key_of(world, "SL-HRSS", "credential").jkt
    condemn(world.instance, jkt, since, PAPER)
    before = world.census()
    with pytest.raises(CertsvcError) as error:
        remedy(world.instance, find_damage(world.instance, jkt, since), "resign", Officers(*pair), PAPER)
    assert (error.value.code, world.census()) == (code, before)


@pytest.mark.parametrize("stop", ["propose_within", "approve_within"])
@pytest.mark.parametrize("then", ["resign", "revoke"])
def test_a_stop_anywhere_in_a_certificate_leaves_it_untouched_and_the_next_run_goes_on(
    two: Two, then: str, stop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _early, late, since = two
    jkt = key_of(world, "SL-HRSS", "credential").jkt
    condemn(world.instance, jkt, since, PAPER)
    real, calls = getattr(status, stop), []

    def stopping(*arguments: object) -> object:
        calls.append(arguments)
        done = real(*arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(compromise.status, stop, stopping)
    with pytest.raises(KeyboardInterrupt):
        remedy(world.instance, find_damage(world.instance, jkt, since), then, TWO, PAPER)
    monkeypatch.undo()
    damage = find_damage(world.instance, jkt, since)
    assert sum(one.open for one in damage.certificates) == len(late) - 1
    with world.instance.engines.read.connect() as connection:
        assert status_store.list_proposals(connection, state="open") == ()
    assert remedy(world.instance, damage, then, TWO, PAPER).done == len(late) - 1
    once_each(world, late, then)


def once_each(world: World, late: list[Issued], then: str) -> None:
    """Every suspect certificate was settled exactly once."""
    for one in late:
        found = versions(world)[one.certificate.number]
        with world.instance.engines.read.connect() as connection:
            events = [event.kind for c in found for event in status_store.list_events(connection, c.id)]
        assert (len(found), events) == ((2, ["correct"]) if then == "resign" else (1, ["revoke"]))


def test_sound_certificates_stay_valid_for_whoever_verifies_during_the_drill(two: Two) -> None:
    world, early, _late, since = two
    with watched(world, early) as watch:
        for whose, use in ALL_KEYS:
            watch.goes_on()
            key = key_of(world, whose, use)
            condemn(world.instance, key.jkt, since, PAPER)
            damage = find_damage(world.instance, key.jkt, since)
            remedy(world.instance, damage, "resign", TWO, PAPER)
    assert len(watch.seen) > len(ALL_KEYS)
    assert set(watch.seen) == {("valid", None)}


def test_a_list_of_damage_that_is_out_of_date_settles_nobody_twice(two: Two) -> None:
    world, _early, late, since = two
    jkt = key_of(world, "SL-HRSS", "credential").jkt
    condemn(world.instance, jkt, since, PAPER)
    damage = find_damage(world.instance, jkt, since)
    for _ in range(2):
        assert remedy(world.instance, damage, "resign", TWO, PAPER).left == []
    once_each(world, late, "resign")


def test_kill_9_in_the_middle_of_the_drill_gives_every_certificate_exactly_once(province: World) -> None:
    early = province.certified(0)
    province.at(THEFT_DAY)
    since = province.instance.now()
    late = province.certified(1, people=24)
    jkt = key_of(province, "SL-HRSS", "credential").jkt
    killed = 0
    for target in (1, 6, 12):
        process = start(province, jkt, since)
        while settled(province) < target:
            time.sleep(0.005)
        process.kill()
        killed += "done" not in finished(process)
        assert verdicts(province, early) == {"valid"}
    assert killed == 3
    assert 12 <= settled(province) < len(late)
    assert finished(start(province, jkt, since)) == "done\n"
    once_each(province, late, "resign")
    newest = [found[-1] for number, found in versions(province).items() if number in numbers(late)]
    assert {verify_code(province.instance, code_of(province, one)).verdict for one in newest} == {"valid"}
    with province.instance.engines.read.connect() as connection:
        assert len(key_store.list_signing_keys(connection, org_id="SL-HRSS", use="credential")) == 2


def settled(world: World) -> int:
    """How many certificates have been signed anew."""
    return sum(one.state == "superseded" for one in world.certificates())


def finished(process: "subprocess.Popen[str]") -> str:
    """What a program said after `ready`, once it has ended. Not by `communicate`, which forgets what is buffered."""
    assert process.stdout is not None
    with process.stdout:
        output = process.stdout.read()
    process.wait(60)
    return output


def start(world: World, jkt: str, since: int) -> "subprocess.Popen[str]":
    """The program at the moment at which its work on certificates begins."""
    program = Path(drilled_for_tests.__file__)
    command = [sys.executable, str(program), str(world.home), str(world.instance.clock), jkt, str(since), "resign"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(world.home, world.url))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process
