"""The last status list of a rotated key answers until a new one can be signed; that of a stolen key answers nothing."""

from collections.abc import Iterator

import pytest
from world_for_tests import PAPER, World, witnesses_away

from certsvc.core.errors import NotReady
from certsvc.services import compromise, documents, log_leaves, publish
from certsvc.services.beside import published_update
from certsvc.services.issue import Issued
from certsvc.services.rotation import rotate_key
from certsvc.services.verify_evidence import Asked, Found, fresh_bundle, verify_code, verify_offline

HOUR = 3_600


@pytest.fixture
def issued(province: World) -> Iterator[list[Issued]]:
    """Certificates whose list is some hours old, so that it would be signed anew."""
    made = province.issue(province.ready())
    assert verify_code(province.instance, made[0].code).verdict == "valid"
    later(province, 5)
    yield made


def later(world: World, hours: int) -> None:
    world.instance.set_clock(world.instance.now() + hours * HOUR)


def status_key(world: World) -> str:
    with world.instance.engines.read.connect() as connection:
        return documents.own_key(connection, "SL-HRSS", "status").jkt


def listed(world: World) -> tuple[str, int]:
    """The key of the list that is published now, and its second."""
    found = publish.current_status_list(world.instance, publish.list_uri(world.instance))
    return found.signatures[0].unverified_kid, found.unverified_payload["iat"]


def test_while_no_witness_answers_the_list_of_a_rotated_status_key_goes_on_answering(
    province: World, issued: list[Issued]
) -> None:
    old, bundle = status_key(province), fresh_bundle(province.instance, issued[0].code)
    assert bundle is not None
    with witnesses_away(province):
        rotate_key(province.instance, "SL-HRSS", "status")
        for hours in (0, 1, 24):
            later(province, hours)
            now = province.instance.now()
            assert verify_code(province.instance, issued[0].code).verdict == "valid"
            assert listed(province)[0] == old
            # Nobody who holds the newest trust bundle thinks otherwise.
            update = published_update(province.instance, publish.list_uri(province.instance)).write()
            for one in (bundle, fresh_bundle(province.instance, issued[0].code)):
                asked = Asked(now, now, newer_status=update)
                assert verify_offline(Found(bundle=one), province.instance.anchors, asked).verdict == "valid"
    log_leaves.settle(province.instance)
    later(province, 1)
    assert listed(province)[0] == status_key(province) != old
    assert verify_code(province.instance, issued[0].code).verdict == "valid"


def test_it_answers_no_longer_than_it_holds(province: World, issued: list[Issued]) -> None:
    with witnesses_away(province):
        rotate_key(province.instance, "SL-HRSS", "status")
        later(province, publish.LIST_TERM // HOUR)
        with pytest.raises(NotReady) as refused:
            verify_code(province.instance, issued[0].code)
    assert refused.value.code == "waiting_for_log"


def test_the_list_of_a_stolen_status_key_answers_nothing(province: World, issued: list[Issued]) -> None:
    key, since = status_key(province), province.instance.now()
    with witnesses_away(province):
        later(province, 1)
        compromise.condemn(province.instance, key, since, PAPER)
        with pytest.raises(NotReady) as refused:
            listed(province)
    assert refused.value.code == "waiting_for_log"


def test_where_witnesses_answer_the_next_list_is_of_the_new_key_at_once(province: World, issued: list[Issued]) -> None:
    old, at = listed(province)
    rotate_key(province.instance, "SL-HRSS", "status")
    key, then = listed(province)
    assert key == status_key(province) != old
    assert then > at
