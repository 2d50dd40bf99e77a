"""The theft of a witness of the log: what only it and too few others had cosigned has no proof of its time any more.

The list of the drill and the verdict of every verifier are one, as after the theft of the log key.
"""

from pathlib import Path

import pytest
from test_compromise import TWO, Two, before_and_after, numbers, split
from test_log_key_drill import issued_at_the_end, verdicts, walked
from test_witness_ends import THIRD, first_of, jkt_of
from test_witnessed_log import key_row
from world_for_tests import PAPER, WALKS, World, witnesses_away

from certsvc.core.errors import NotFound, Refused
from certsvc.services import appointment, documents
from certsvc.services.compromise import Condemned, condemn, remedy
from certsvc.services.damage import find_damage
from certsvc.services.witness import create


@pytest.fixture
def two(province: World) -> Two:
    """Certificates of before a theft, and a whole roster from its first act to its certificates after it."""
    return before_and_after(province)


def third_appointed(world: World, tmp_path: Path) -> None:
    appointment.appoint(world.instance, create(tmp_path / "third", THIRD), f"file:{tmp_path / 'third'}")


def stolen(world: World, tmp_path: Path, since: int) -> str:
    """A third witness is appointed long after, then the first of the two of before ends as stolen; its key."""
    name = first_of(world)
    third_appointed(world, tmp_path)
    appointment.end(world.instance, name, "compromised", since)
    return jkt_of(world, name)


def test_what_it_cosigned_since_is_suspect_and_its_certificates_are_revoked(two: Two, tmp_path: Path) -> None:
    world, early, late, since = two
    world.at(170)
    jkt = stolen(world, tmp_path, since)
    assert verdicts(world, numbers(early)) == ({"valid"}, {"valid"})
    assert verdicts(world, numbers(late)) == ({"cannot_decide"}, {"cannot_decide"})
    assert condemn(world.instance, jkt, since, PAPER) == Condemned(None, (), True)
    damage = find_damage(world.instance, jkt, since)
    assert split(damage) == (set(), numbers(late))
    assert [one.what for one in damage.traces if one.cause == "log"] == [kind for _day, kind, _officers in WALKS["T01"]]
    assert {code for _one, code in remedy(world.instance, damage, "resign", TWO, PAPER).left} == {"not_resignable"}
    assert remedy(world.instance, damage, "revoke", TWO, PAPER).done == len(late)
    assert not [one for one in find_damage(world.instance, jkt, since).certificates if one.open]
    assert verdicts(world, numbers(world.certified(2))) == ({"valid"}, {"valid"})


def test_a_certificate_on_acts_of_before_is_signed_anew(province: World, tmp_path: Path) -> None:
    issued, since = issued_at_the_end(province)
    province.at(60)
    jkt = stolen(province, tmp_path, since)
    assert verdicts(province, numbers(issued)) == ({"cannot_decide"}, {"cannot_decide"})
    damage = find_damage(province.instance, jkt, since)
    assert {one.causes for one in damage.certificates} == {("log",)}
    assert remedy(province.instance, damage, "resign", TWO, PAPER).left == []
    assert verdicts(province, numbers(issued)) == ({"valid"}, {"valid"})
    assert not [one for one in find_damage(province.instance, jkt, since).certificates if one.open]


def test_where_enough_others_cosigned_nothing_is_suspect(province: World, tmp_path: Path) -> None:
    province.at(0)
    third_appointed(province, tmp_path)
    world, early, late, since = before_and_after(province)
    world.at(170)
    appointment.end(world.instance, name := first_of(world), "compromised", since)
    damage = find_damage(world.instance, jkt_of(world, name), since)
    assert [one for one in damage.certificates if not one.sound] == []
    assert verdicts(world, numbers([*early, *late])) == ({"valid"}, {"valid"})


def test_a_file_that_shows_too_few_others_is_made_anew(province: World, tmp_path: Path) -> None:
    province.at(0)
    third_appointed(province, tmp_path)
    roster_id, since = walked(province)
    # All three cosign behind the theft; of the certificates only the stolen one and one other do, until the next entry.
    documents.publish_trust(province.instance)
    province.at(40)
    with witnesses_away(province, THIRD):
        issued = province.issue(roster_id)
    province.at(40, hour=11)
    documents.publish_trust(province.instance)
    name = first_of(province)
    appointment.end(province.instance, name, "compromised", since)
    jkt = jkt_of(province, name)
    assert verdicts(province, numbers(issued)) == ({"valid"}, {"cannot_decide"})
    damage = find_damage(province.instance, jkt, since)
    assert [one for one in damage.certificates if not one.sound] == []
    assert {one.number for one in damage.pages} == numbers(issued)
    assert remedy(province.instance, damage, "renew", TWO, PAPER).left == []
    assert verdicts(province, numbers(issued)) == ({"valid"}, {"valid"})
    assert find_damage(province.instance, jkt, since).pages == ()


def test_a_witness_in_service_is_listed_and_ended_by_its_own_command(two: Two, tmp_path: Path) -> None:
    world, _, late, since = two
    world.at(170)
    jkt = jkt_of(world, first_of(world))
    third_appointed(world, tmp_path)
    assert split(find_damage(world.instance, jkt, since)) == (set(), numbers(late))
    with pytest.raises(Refused) as error:
        condemn(world.instance, jkt, since, PAPER)
    assert error.value.code == "witness_in_service"
    assert (error.value.hint or "").startswith(f"certsvc witness end {first_of(world)} --reason compromised")


def test_a_witness_that_left_may_turn_out_to_have_been_stolen(two: Two, tmp_path: Path) -> None:
    world, early, late, since = two
    world.at(170)
    name = first_of(world)
    third_appointed(world, tmp_path)
    appointment.end(world.instance, name, "withdrawn")
    assert verdicts(world, numbers([*early, *late])) == ({"valid"}, {"valid"})
    assert condemn(world.instance, jkt_of(world, name), since, PAPER) == Condemned(None, (), False)
    assert condemn(world.instance, jkt_of(world, name), since, PAPER).already
    row = key_row(world, jkt_of(world, name))
    assert (row["reason"], row["good_before"]) == ("compromised", since)
    with pytest.raises(Refused) as error:
        condemn(world.instance, jkt_of(world, name), since + 1, PAPER)
    assert error.value.code == "since_later"
    assert verdicts(world, numbers(late)) == ({"cannot_decide"}, {"cannot_decide"})
    assert split(find_damage(world.instance, jkt_of(world, name), since)) == (set(), numbers(late))


def test_of_one_of_which_nothing_counts_no_later_time_is_taken(two: Two, tmp_path: Path) -> None:
    world, early, late, since = two
    world.at(170)
    name = first_of(world)
    third_appointed(world, tmp_path)
    _left, key = appointment.end(world.instance, name, "compromised")
    with pytest.raises(Refused) as error:
        condemn(world.instance, key.jkt, since, PAPER)
    assert error.value.code == "since_later"
    assert verdicts(world, numbers([*early, *late])) == ({"cannot_decide"}, {"cannot_decide"})
    assert split(find_damage(world.instance, key.jkt, key.valid_from)) == (set(), numbers([*early, *late]))


def test_a_key_that_nobody_registered_is_none(province: World) -> None:
    with pytest.raises(NotFound) as error:
        find_damage(province.instance, "A" * 43, 0)
    assert error.value.code == "key_unregistered"
