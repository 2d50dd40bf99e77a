"""Certificates signed under a grant of a stolen policy key: the drill gave that grant again, and they are suspect all the same.

Nothing is done under a grant before it is given (docs/format.md 3.3), so that verifiers call them void (decision 34).
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from test_compromise import TWO, code_of, key_of, numbers, verdicts, versions
from world_for_tests import BATCHES, ONE_UNIT, PAPER, RATIOS, WALKS, World

from certsvc import resources
from certsvc.services import documents, log_leaves
from certsvc.services.beside import published_update
from certsvc.services.compromise import condemn, grants_to_give, remedy
from certsvc.services.damage import Damage, find_damage
from certsvc.services.delegation import Delegation, delegate
from certsvc.services.issue import Issued
from certsvc.services.publish import list_uri
from certsvc.services.rotation import rotate_key
from certsvc.services.verify_evidence import Asked, Found, verify_code, verify_offline

Stolen = tuple[World, list[Issued], list[Issued], str, int]


@pytest.fixture
def stolen(province: World) -> Stolen:
    """Certificates of before a theft and two that were signed after it with a key that was rotated in between, under an
    act of before; the policy key and the theft. The clock stands after all that."""
    early = province.certified(0)
    roster = replace(BATCHES["T01"], file="T01-late.xlsx", people=2, units=ONE_UNIT)
    province.at(112, hour=9)
    (roster_id,) = province.import_file(province.file(roster)).rosters
    for day, kind, officers in WALKS["T01"]:
        province.at(112 + day)
        province.sign(kind, roster_id, *officers)
    since = province.instance.now() + 60
    province.at(112 + 39, hour=11)
    rotate_key(province.instance, "SL-HRSS", "credential")
    province.at(112 + 40)
    late = province.issue(roster_id)
    province.at(112 + 41)
    return province, early, late, key_of(province, "ROOT", "policy").jkt, since


def suspect(damage: Damage) -> dict[str, tuple[str, ...]]:
    return {one.number: one.causes for one in damage.certificates if not one.sound}


def test_they_are_suspect_before_and_after_the_grant_is_given_again(stolen: Stolen) -> None:
    world, early, late, policy, since = stolen
    expected = dict.fromkeys(numbers(late), ("grant",))
    assert suspect(find_damage(world.instance, policy, since)) == expected
    assert verdicts(world, early + late) == {"valid"}
    assert len(condemn(world.instance, policy, since, PAPER).withdrawn) == 1
    assert suspect(find_damage(world.instance, policy, since)) == expected
    assert (verdicts(world, early), verdicts(world, late)) == ({"valid"}, {"void"})


def test_they_are_signed_anew_and_nothing_is_left(stolen: Stolen) -> None:
    world, early, late, policy, since = stolen
    condemn(world.instance, policy, since, PAPER)
    settled = remedy(world.instance, find_damage(world.instance, policy, since), "resign", TWO, PAPER)
    assert (settled.done, settled.left) == (2, [])
    assert [one for one in find_damage(world.instance, policy, since).certificates if one.open] == []
    assert verdicts(world, early) == {"valid"}
    mended = [versions(world)[number][-1] for number in numbers(late)]
    assert {(one.version, verify_code(world.instance, code_of(world, one)).verdict) for one in mended} == {(2, "valid")}


def test_what_is_signed_after_the_grant_was_given_again_is_sound(stolen: Stolen) -> None:
    """The harmless sibling."""
    world, _early, _late, policy, since = stolen
    condemn(world.instance, policy, since, PAPER)
    after = world.certified(2)
    assert not numbers(after) & suspect(find_damage(world.instance, policy, since)).keys()
    assert verdicts(world, after) == {"valid"}


def calendar_anew(world: World) -> None:
    documents.publish_calendar(world.instance)
    documents.publish_trust(world.instance)


def edition_anew(world: World) -> None:
    """The procedure of T01 is signed once more; what it says is as before."""
    with log_leaves.transaction(world.instance) as connection:
        payload = {**resources.tracks()["T01"].procedure, "iat": world.instance.now()}
        key = documents.own_key(connection, "ROOT", "policy")
        documents.store_signed(world.instance, connection, key, "procedure+jwt", payload, "T01")
        documents.publish_trust_within(world.instance, connection)


@pytest.mark.parametrize(("sign", "cause", "first"), [
    (calendar_anew, "calendar", "recommend"), (edition_anew, "procedure", "unit_notice"),
])  # fmt: skip
def test_certificates_under_a_calendar_or_a_procedure_that_was_signed_since_are_suspect_and_revoked(
    province: World, sign: Callable[[World], None], cause: str, first: str
) -> None:
    early = province.certified(0)
    province.at(60)
    since = province.instance.now()
    province.at(61)
    sign(province)
    late = province.certified(1)
    policy = key_of(province, "ROOT", "policy").jkt
    damage = find_damage(province.instance, policy, since)
    condemn(province.instance, policy, since, PAPER)
    assert (verdicts(province, early), verdicts(province, late)) == ({"valid"}, {"void"})
    assert find_damage(province.instance, policy, since).certificates == damage.certificates
    assert suspect(damage) == dict.fromkeys(numbers(late), ("act",))
    acts = [(one.what, one.cause) for one in damage.traces if one.kind == "act+jwt"]
    assert (acts[0], {one.sound for one in damage.traces if one.kind == "act+jwt"}) == ((first, cause), {False})
    assert remedy(province.instance, damage, "revoke", TWO, PAPER).done == len(late)
    assert {one.state for number in numbers(late) for one in versions(province)[number]} == {"revoked"}


def test_grants_that_fell_with_one_of_the_thief_have_to_be_given_anew_and_what_the_drill_gave_again_has_not(
    province: World,
) -> None:
    world, authority = province, province.instance.settings.authority
    world.at(60)
    since, policy = world.instance.now(), key_of(world, "ROOT", "policy").jkt
    world.at(61)
    rotate_key(world.instance, authority, "grant")
    for role in ("committee", "committee_office"):
        delegate(world.instance, Delegation("SL-XC", role, PAPER))
    rotate_key(world.instance, "SL-XC", "seal")
    world.at(170)
    condemn(world.instance, policy, since, PAPER)
    damage = find_damage(world.instance, policy, since)
    assert {one.what for one in damage.traces if one.cause == "grant"} == {"committee", "committee_office"}
    assert grants_to_give(world.instance, damage) == [("SL-XC", "committee"), ("SL-XC", "committee_office")]
    for role in ("committee", "committee_office"):
        delegate(world.instance, Delegation("SL-XC", role, PAPER, narrowed={"regions": ["220000"]}, ratios=RATIOS))
    assert grants_to_give(world.instance, damage) == []
    assert verdicts(world, world.certified(3)) == {"valid"}


@pytest.mark.parametrize("use", [None, "status", "pdf"])
def test_files_with_a_trust_bundle_of_the_thief_are_renewed(province: World, use: str | None) -> None:
    """Any trust bundle that was published since: the register knows better, a file alone does not."""
    province.certified(0)
    province.at(60)
    since, policy = province.instance.now(), key_of(province, "ROOT", "policy").jkt
    province.at(61)
    if use is None:
        documents.publish_trust(province.instance)
    else:
        rotate_key(province.instance, "SL-HRSS", use)
    late = numbers(province.certified(1))
    province.at(170)
    before = find_damage(province.instance, policy, since)
    condemn(province.instance, policy, since, PAPER)
    damage = find_damage(province.instance, policy, since)
    assert damage.pages == before.pages
    assert {one.number for one in damage.pages} == late
    assert suspect(damage) == {}
    assert alone(province) == {number: number not in late for number in versions(province)}
    assert remedy(province.instance, damage, "renew", TWO, PAPER).left == []
    assert alone(province) == dict.fromkeys(versions(province), True)
    assert find_damage(province.instance, policy, since).pages == ()


def alone(world: World) -> dict[str, bool]:
    """Of the newest version of each number, whether its file is valid offline, beside today's list."""
    now, update = world.instance.now(), published_update(world.instance, list_uri(world.instance)).write()
    asked = Asked(now, now, newer_status=update)
    files = {number: Found(bundle=found[-1].frozen_bundle) for number, found in versions(world).items()}
    return {
        number: verify_offline(file, world.instance.anchors, asked).verdict == "valid" for number, file in files.items()
    }
