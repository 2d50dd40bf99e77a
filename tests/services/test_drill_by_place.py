"""The drill under a root that requires the log, with witnesses that are silent for two hours: what was signed before a theft
and seen by nobody until after it. The list of the drill and the verdict of every verifier are one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from support_instance import SmallInstance
from test_compromise import lost_grants
from world_for_tests import BATCHES, ONE_UNIT, PAPER, WALKS, World, witnesses_away

from certsvc.core.errors import NotReady
from certsvc.services import documents, log_leaves, status
from certsvc.services.beside import published_update
from certsvc.services.coming_into_force import finish_waiting
from certsvc.services.compromise import Officers, condemn, remedy
from certsvc.services.damage import Damage, find_damage
from certsvc.services.delegation import Delegation, delegate
from certsvc.services.publish import list_uri
from certsvc.services.rotation import rotate_key
from certsvc.services.verify_evidence import Asked, Found, verify_code, verify_offline
from certsvc.services.withdrawal import withdraw_grant
from certsvc.store import keys as key_store
from certsvc.store.rows import Certificate, SigningKey
from certsvc.verify.report import Report

TWO = Officers("H1", "H2")
#: Days between two rosters. What is late is signed at ten; the key is stolen at eleven, and the witnesses are back at twelve.
APART = 112
VOTE, ISSUED = 18, 40
Split = dict[str, bool]
"""Name -> whether it is sound."""


@contextmanager
def silence(world: World) -> Iterator[None]:
    """Nobody sees at ten what is signed inside; at twelve somebody does."""
    log_leaves.look_out(world.instance)
    day = world.instance.now() - 10 * 3600
    with witnesses_away(world):
        yield
    world.instance.set_clock(day + 12 * 3600)
    log_leaves.look_out(world.instance)
    log_leaves.settle(world.instance)


def eleven(world: World, day: int) -> int:
    """The moment of the theft; the clock stays where it was."""
    kept = world.instance.now()
    world.at(day, hour=11)
    since = world.instance.now()
    world.instance.set_clock(kept)
    return since


def roster_of(world: World, number: int, late: str = "") -> None:
    """A roster from import to certificates; its act of the kind `late`, or its certificates (vc+jwt), nobody sees at first."""
    shift = number * APART
    world.at(shift, hour=9)
    roster = replace(BATCHES["T01"], file=f"T01-{number}.xlsx", people=2, units=ONE_UNIT)
    (roster_id,) = world.import_file(world.file(roster)).rosters
    for day, kind, officers in WALKS["T01"]:
        world.at(shift + day)
        if kind == late:
            with silence(world):
                world.sign(kind, roster_id, *officers)
        else:
            world.sign(kind, roster_id, *officers)
    world.at(shift + ISSUED)
    if late != "vc+jwt":
        world.issue(roster_id)
        return
    with silence(world), pytest.raises(NotReady, match="waiting_for_log"):
        world.issue(roster_id)
    finish_waiting(world.instance)


def key_of(world: World, whose: str, use: str) -> SigningKey:
    with world.instance.engines.read.connect() as connection:
        if use == "officer":
            return documents.officer_key(connection, whose)
        return key_store.list_signing_keys(connection, org_id=whose, use=use)[0]


def report_on(world: World, one: Certificate) -> Report:
    code = world.instance.data_keys.unseal(one.code_sealed, f"code/{one.id}".encode()).decode()
    return verify_code(world.instance, code)


def listed(damage: Damage) -> tuple[Split, Split]:
    """What the key itself signed and what stands on it, and the certificates."""
    return {one.name: one.sound for one in damage.traces}, {one.id: one.sound for one in damage.certificates}


def agrees(world: World, damage: Damage) -> Split:
    """The certificates as verifiers split them, and as the drill does."""
    certified = listed(damage)[1]
    found: Split = {}
    for one in world.certificates():
        report = report_on(world, one)
        assert (report.verdict, report.reason) in {("valid", None), ("void", "key_compromised")}
        found[one.id] = report.verdict == "valid"
        for row in report.rows:
            if row.id in ("keys_in_service", "own_keys_in_service") and row.evidence is not None:
                cause = next((trace.cause for trace in damage.traces if trace.name == row.evidence), "")
                assert (row.outcome == "fail") == (cause == "signature"), row
    assert found == {name: certified.get(name, True) for name in found}
    return found


# --- acts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("whose", "use"), [("SL-XC", "seal"), ("XC", "officer")])
def test_an_act_that_nobody_saw_before_the_theft_is_suspect_and_its_certificates_are_revoked(
    province: World, whose: str, use: str
) -> None:
    roster_of(province, 0)
    roster_of(province, 1, late="evaluate")
    jkt, since = key_of(province, whose, use).jkt, eleven(province, APART + VOTE)
    damage = find_damage(province.instance, jkt, since)
    suspect = {(one.what, one.cause) for one in damage.traces if not one.sound}
    assert ("evaluate", "signature") in suspect and ("accept", "signature") not in suspect
    assert next(one.at for one in damage.traces if one.cause == "signature") < since
    condemn(province.instance, jkt, since, PAPER)
    assert sorted(agrees(province, damage).values()) == [False, False, True, True]
    assert listed(find_damage(province.instance, jkt, since)) == listed(damage)
    settled = remedy(province.instance, damage, "revoke", TWO, PAPER)
    assert (settled.done, settled.left) == (2, [])
    assert not [one for one in find_damage(province.instance, jkt, since).certificates if one.open]


def test_an_act_that_was_seen_before_the_theft_is_sound_to_the_second(province: World) -> None:
    roster_of(province, 0)
    key = key_of(province, "SL-XC", "seal")
    province.at(VOTE)
    seen = province.instance.now()
    province.at(60)
    assert find_damage(province.instance, key.jkt, seen).traces[-1].cause != ""
    damage = find_damage(province.instance, key.jkt, seen + 1)
    assert {one.cause for one in damage.traces} == {""}
    condemn(province.instance, key.jkt, seen + 1, PAPER)
    assert set(agrees(province, damage).values()) == {True}


def test_a_proposal_counts_with_its_decision(province: World) -> None:
    roster_of(province, 0)
    one, other = province.certificates()
    jkt, splits = key_of(province, "H3", "officer").jkt, {}
    for certificate, hour in ((one, 10), (other, 12)):
        province.at(60)
        proposed = status.propose(
            province.instance, status.Proposal("suspend", certificate.number, "H3", PAPER, "inquiry")
        )
        province.at(60, hour=hour)
        status.approve(province.instance, proposed, "H2")
        splits[certificate.id] = hour == 10
    since = eleven(province, 60)
    damage = find_damage(province.instance, jkt, since)
    assert {line.id: line.sound for line in damage.certificates if line.causes} == {other.id: False}
    condemn(province.instance, jkt, since, PAPER)
    said = {each.id: report_on(province, each) for each in (one, other)}
    assert {name: report.verdict for name, report in said.items()} == {one.id: "suspended", other.id: "void"}
    assert said[other.id].reason == "key_compromised"
    assert remedy(province.instance, damage, "revoke", TWO, PAPER).done == 1


# --- certificates ----------------------------------------------------------------------------------------------------


def test_a_certificate_that_nobody_saw_before_the_theft_is_signed_anew(province: World) -> None:
    roster_of(province, 0)
    roster_of(province, 1, late="vc+jwt")
    jkt, since = key_of(province, "SL-HRSS", "credential").jkt, eleven(province, APART + ISSUED)
    damage = find_damage(province.instance, jkt, since)
    assert {one.issued_at < since for one in damage.certificates} == {True}
    condemn(province.instance, jkt, since, PAPER)
    assert sorted(agrees(province, damage).values()) == [False, False, True, True]
    assert remedy(province.instance, damage, "resign", TWO, PAPER).left == []
    newest = [one for one in province.certificates() if one.state == "in_force"]
    assert sorted(one.version for one in newest) == [1, 1, 2, 2]
    assert {report_on(province, one).verdict for one in newest} == {"valid"}


def test_a_certificate_that_waits_for_the_log_when_its_key_is_condemned_is_signed_anew(province: World) -> None:
    roster_id = province.ready()
    jkt, since = key_of(province, "SL-HRSS", "credential").jkt, eleven(province, ISSUED)
    with silence(province):
        with pytest.raises(NotReady, match="waiting_for_log"):
            province.issue(roster_id)
        province.instance.set_clock(since + 1800)
        condemn(province.instance, jkt, since, PAPER)
        damage = find_damage(province.instance, jkt, since)
        assert [(one.state, one.resignable) for one in damage.certificates] == [("waiting_for_log", True)] * 2
        assert remedy(province.instance, damage, "resign", TWO, PAPER).left == []
    assert finish_waiting(province.instance) == 2
    found = province.certificates()
    assert sorted((one.version, one.state) for one in found) == [(1, "superseded")] * 2 + [(2, "in_force")] * 2
    assert {report_on(province, one).verdict for one in found if one.version == 2} == {"valid"}


def test_a_file_with_the_chain_of_a_stolen_ca_is_lost_where_nobody_saw_its_certificate_before(province: World) -> None:
    roster_of(province, 0)
    roster_of(province, 1, late="vc+jwt")
    jkt, since = key_of(province, "SL-HRSS", "ca").jkt, eleven(province, APART + ISSUED)
    condemn(province.instance, jkt, since, PAPER)
    damage = find_damage(province.instance, jkt, since)
    now, found = province.instance.now(), {}
    asked = Asked(now, now, newer_status=published_update(province.instance, list_uri(province.instance)).write())
    for one in province.certificates():
        report = verify_offline(Found(bundle=one.frozen_bundle), province.instance.anchors, asked)
        assert (report.verdict, report.reason) in {("valid", None), ("void", "ca_compromised")}
        found[one.id] = report.verdict == "valid"
    assert found == listed(damage)[1]
    assert sorted(found.values()) == [False, False, True, True]
    assert remedy(province.instance, damage, "resign", TWO, PAPER).left == []


# --- grants ----------------------------------------------------------------------------------------------------------


def test_a_grant_that_nobody_saw_before_the_theft_is_withdrawn_and_what_stands_on_it_is_suspect(
    province: World,
) -> None:
    roster_of(province, 0)
    province.at(60)
    with province.instance.engines.read.connect() as connection:
        old = [grant.sha256 for grant in documents.grants_of(connection, "SL-XC")]
    with silence(province):
        given = [
            delegate(province.instance, Delegation("SL-XC", role, PAPER)) for role in ("committee", "committee_office")
        ]
    for name in old:
        withdraw_grant(province.instance, name, "expired", PAPER)
    roster_of(province, 1)
    jkt, since = key_of(province, "SL-HRSS", "grant").jkt, eleven(province, 60)
    damage = find_damage(province.instance, jkt, since)
    assert lost_grants(damage) == set(given)
    assert set(condemn(province.instance, jkt, since, PAPER).withdrawn) == set(given)
    assert sorted(agrees(province, damage).values()) == [False, False, True, True]
    assert remedy(province.instance, damage, "revoke", TWO, PAPER).left == []


def test_a_grant_of_the_issuer_that_nobody_saw_before_the_theft_spoils_no_earlier_certificate(province: World) -> None:
    roster_of(province, 0)
    province.at(60)
    with silence(province):
        rotate_key(province.instance, "SL-HRSS", "credential")
    province.at(70)
    jkt, since = key_of(province, "ROOT", "policy").jkt, eleven(province, 60)
    damage = find_damage(province.instance, jkt, since)
    assert len(lost_grants(damage)) == 1
    condemn(province.instance, jkt, since, PAPER)
    assert set(agrees(province, damage).values()) == {True}


# --- other roots -----------------------------------------------------------------------------------------------------


def test_under_a_root_that_requires_no_log_the_time_in_a_document_decides(small: SmallInstance) -> None:
    with small.instance.engines.read.connect() as connection:
        key = documents.own_key(connection, "HRSS", "credential")
    at = small.issued[0].certificate.issued_at
    for since, sound in ((at, False), (at + 1, True)):
        damage = find_damage(small.instance, key.jkt, since)
        assert damage.size is None
        assert {one.sound for one in damage.certificates} == {sound}
