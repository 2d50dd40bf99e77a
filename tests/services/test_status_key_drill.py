"""The theft of the status key: a file with a list of the thief's days in it is believed at the register only (decision 50)."""

from test_compromise import TWO, code_of, key_of, numbers, versions
from world_for_tests import PAPER, World

from certsvc.services.beside import published_update
from certsvc.services.compromise import condemn, remedy
from certsvc.services.damage import find_damage
from certsvc.services.publish import list_uri
from certsvc.services.verify_evidence import Asked, Found, verify_code, verify_offline


def verdicts(world: World, wanted: set[str]) -> tuple[set[str], set[str]]:
    """What is said of the newest versions at the register, and offline beside today's list."""
    now, update = world.instance.now(), published_update(world.instance, list_uri(world.instance)).write()
    asked, anchors = Asked(now, now, newer_status=update), world.instance.anchors
    newest = [found[-1] for number, found in versions(world).items() if number in wanted]
    return {verify_code(world.instance, code_of(world, one)).verdict for one in newest}, {
        verify_offline(Found(bundle=one.frozen_bundle), anchors, asked).verdict for one in newest
    }


def test_files_of_since_the_theft_are_named_and_renewed_and_no_certificate_is_suspect(anywhere: World) -> None:
    early = numbers(anywhere.certified(0))
    anywhere.at(60)
    since = anywhere.instance.now()
    late = numbers(anywhere.certified(1))
    anywhere.at(170)
    jkt = key_of(anywhere, "SL-HRSS", "status").jkt
    damage = find_damage(anywhere.instance, jkt, since)
    condemn(anywhere.instance, jkt, since, PAPER)
    assert (verdicts(anywhere, early), verdicts(anywhere, late)) == (({"valid"},) * 2, ({"valid"}, {"cannot_decide"}))
    assert (damage.certificates, {one.number for one in damage.pages}) == ((), late)
    assert find_damage(anywhere.instance, jkt, since).pages == damage.pages
    assert remedy(anywhere.instance, damage, "resign", TWO, PAPER).done == 0
    assert remedy(anywhere.instance, damage, "renew", TWO, PAPER).left == []
    assert verdicts(anywhere, early | late) == ({"valid"}, {"valid"})
    assert find_damage(anywhere.instance, jkt, since).pages == ()
