"""The theft of the log key: what was logged between the theft and the next key has no proof of its time any more.

The list of the drill and the verdict of every verifier are one, at the register and offline.
"""

from dataclasses import replace

import pytest
from test_compromise import TWO, Two, before_and_after, code_of, numbers, split, versions
from world_for_tests import BATCHES, ONE_UNIT, PAPER, WALKS, World, witnesses_away

from certsvc.core.errors import NotReady
from certsvc.services import log_leaves, status
from certsvc.services.beside import published_update
from certsvc.services.compromise import condemn, remedy
from certsvc.services.damage import find_damage
from certsvc.services.delegation import Delegation, delegate
from certsvc.services.issue import Issued
from certsvc.services.publish import list_uri
from certsvc.services.verify_evidence import Asked, Found, verify_code, verify_offline
from certsvc.store import keys as key_store
from certsvc.store.rows import Certificate


@pytest.fixture
def two(province: World) -> Two:
    """Certificates of before a theft, and a whole roster from its first act to its certificates after it."""
    return before_and_after(province)


def log_key(world: World) -> str:
    with world.instance.engines.read.connect() as connection:
        return key_store.list_signing_keys(connection, org_id="ROOT", use="log")[0].jkt


def verdicts(world: World, numbers: set[str]) -> tuple[set[str], set[str]]:
    """What is said of the newest versions at the register, and offline beside today's list."""
    newest = [found[-1] for number, found in versions(world).items() if number in numbers]
    return {verify_code(world.instance, code_of(world, one)).verdict for one in newest}, {
        offline(world, one) for one in newest
    }


def offline(world: World, one: Certificate) -> str:
    now, update = world.instance.now(), published_update(world.instance, list_uri(world.instance)).write()
    asked = Asked(now, now, newer_status=update)
    return verify_offline(Found(bundle=one.frozen_bundle), world.instance.anchors, asked).verdict


def walked(world: World) -> tuple[str, int]:
    """A roster whose last act is signed on a day, and the time of a theft that evening."""
    roster_id = world.take_in(replace(BATCHES["T01"], units=ONE_UNIT))
    for day, kind, officers in WALKS["T01"]:
        world.at(day)
        world.sign(kind, roster_id, *officers)
    world.at(39, hour=20)
    return roster_id, world.instance.now()


def issued_at_the_end(world: World) -> tuple[list[Issued], int]:
    """The certificates of such a roster, issued a day after, and the time of the theft."""
    roster_id, since = walked(world)
    world.at(40)
    return world.issue(roster_id), since


def test_what_was_done_since_is_suspect_and_its_certificates_are_revoked(two: Two) -> None:
    world, early, late, since = two
    world.at(200)
    jkt = log_key(world)
    damage = find_damage(world.instance, jkt, since)
    condemn(world.instance, jkt, since, PAPER)
    assert verdicts(world, numbers(early)) == ({"valid"}, {"valid"})
    assert verdicts(world, numbers(late)) == ({"cannot_decide"}, {"cannot_decide"})
    assert split(find_damage(world.instance, jkt, since)) == split(damage) == (set(), numbers(late))
    suspect = [one.what for one in damage.traces if one.cause == "log"]
    assert suspect == [kind for _day, kind, _officers in WALKS["T01"]]
    assert {code for _one, code in remedy(world.instance, damage, "resign", TWO, PAPER).left} == {"not_resignable"}
    assert remedy(world.instance, damage, "revoke", TWO, PAPER).done == len(late)
    assert not [one for one in find_damage(world.instance, jkt, since).certificates if one.open]
    assert verdicts(world, numbers(world.certified(2))) == ({"valid"}, {"valid"})


def test_a_certificate_on_acts_of_before_is_signed_anew(province: World) -> None:
    issued, since = issued_at_the_end(province)
    province.at(60)
    jkt = log_key(province)
    damage = find_damage(province.instance, jkt, since)
    condemn(province.instance, jkt, since, PAPER)
    assert verdicts(province, numbers(issued)) == ({"cannot_decide"}, {"cannot_decide"})
    assert {one.causes for one in damage.certificates} == {("log",)}
    assert find_damage(province.instance, jkt, since).certificates == damage.certificates
    assert remedy(province.instance, damage, "resign", TWO, PAPER).left == []
    assert verdicts(province, numbers(issued)) == ({"valid"}, {"valid"})
    assert not [one for one in find_damage(province.instance, jkt, since).certificates if one.open]


def test_a_certificate_whose_status_was_changed_since_is_signed_anew(province: World) -> None:
    (one, other) = province.certified(0)
    province.at(60)
    since = province.instance.now()
    for act, reason, day in (("suspend", "inquiry", 61), ("reinstate", "cleared", 62)):
        province.at(day)
        order = status.Proposal(act, one.code, "H3", PAPER, reason)
        status.approve(province.instance, status.propose(province.instance, order), "H2")
    province.at(80)
    jkt = log_key(province)
    damage = find_damage(province.instance, jkt, since)
    condemn(province.instance, jkt, since, PAPER)
    assert verdicts(province, numbers([other])) == ({"valid"}, {"valid"})
    assert verify_code(province.instance, one.code).verdict == "cannot_decide"
    assert split(damage)[1] == numbers([one])
    assert remedy(province.instance, damage, "resign", TWO, PAPER).left == []
    assert verdicts(province, numbers([one])) == ({"valid"}, {"valid"})


def test_what_the_next_key_took_up_within_a_day_is_sound_and_gets_a_new_file(province: World) -> None:
    """The harmless sibling: the time is proved to the day, by checkpoints of both keys; a file of before shows one of the thief's."""
    issued, since = issued_at_the_end(province)
    province.at(40, hour=12)
    jkt = log_key(province)
    damage = find_damage(province.instance, jkt, since)
    condemn(province.instance, jkt, since, PAPER)
    assert verdicts(province, numbers(issued)) == ({"valid"}, {"cannot_decide"})
    assert [one for one in damage.certificates if not one.sound] == []
    assert {one.number for one in damage.pages} == numbers(issued)
    assert find_damage(province.instance, jkt, since).pages == damage.pages
    assert remedy(province.instance, damage, "renew", TWO, PAPER).left == []
    assert verdicts(province, numbers(issued)) == ({"valid"}, {"valid"})
    assert find_damage(province.instance, jkt, since).pages == ()


def test_a_revocation_of_those_days_stays_the_officers_own(province: World) -> None:
    (one, other) = province.certified(0)
    province.at(60)
    since = province.instance.now()
    province.at(61)
    order = status.Proposal("revoke", one.code, "H3", PAPER, "fraud", retroactive=True)
    status.approve(province.instance, status.propose(province.instance, order), "H2")
    province.at(80)
    jkt = log_key(province)
    condemn(province.instance, jkt, since, PAPER)
    damage = find_damage(province.instance, jkt, since)
    assert "revoke" in {trace.what for trace in damage.traces if trace.cause == "log"}
    assert [line for line in damage.certificates if "taken" in line.causes] == []
    assert verdicts(province, numbers([other])) == ({"valid"}, {"valid"})


@pytest.mark.parametrize("then", ["resign", "renew"])
def test_nothing_is_signed_anew_before_anybody_has_seen_the_next_key(province: World, then: str) -> None:
    issued, since = issued_at_the_end(province)
    province.at(60)
    jkt = log_key(province)
    with witnesses_away(province):
        condemn(province.instance, jkt, since, PAPER)
        damage = find_damage(province.instance, jkt, since)
        with pytest.raises(NotReady, match="proof of its time") as told:
            remedy(province.instance, damage, then, TWO, PAPER)
    assert (told.value.code, told.value.hint) == ("waiting_for_log", "certsvc log tick")
    assert {found[-1].version for found in versions(province).values()} == {1}
    province.instance.set_clock(province.instance.now() + 4 * 3600)
    log_leaves.look_out(province.instance)
    assert remedy(province.instance, damage, "resign", TWO, PAPER).left == []
    assert verdicts(province, numbers(issued)) == ({"valid"}, {"valid"})


def test_a_list_that_rests_on_a_checkpoint_of_the_thief_is_replaced_at_once(province: World) -> None:
    issued = province.certified(0)
    province.at(60)
    since = province.instance.now()
    province.at(61)
    delegate(province.instance, Delegation("SL-XC", "committee", PAPER))
    province.at(80)
    assert verdicts(province, numbers(issued)) == ({"valid"}, {"valid"})
    province.instance.set_clock(province.instance.now() + 120)
    condemn(province.instance, log_key(province), since, PAPER)
    assert verdicts(province, numbers(issued)) == ({"valid"}, {"valid"})
