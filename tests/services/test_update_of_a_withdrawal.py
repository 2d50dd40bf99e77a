"""What is laid beside an old file when the grant that its issuer stands on was withdrawn since."""

from dataclasses import replace

import pytest
from world_for_tests import PAPER, World

from certsvc.services import documents
from certsvc.services.beside import Update, published_update
from certsvc.services.delegation import give_top_grant
from certsvc.services.publish import list_uri, renew_status_list
from certsvc.services.verify_evidence import Asked, Found, verify_offline
from certsvc.services.withdrawal import withdraw_grant


@pytest.fixture
def withdrawn(province: World) -> World:
    """Two certificates before and two after the point up to which the authority's own grant was good, withdrawn on day 170."""
    province.certified(0)
    province.at(60)
    since = province.instance.now()
    province.certified(1)
    with province.instance.engines.read.connect() as connection:
        top = documents.grants_of(connection, "SL-HRSS")[0].sha256
    province.at(170)
    withdraw_grant(province.instance, top, "compromised", PAPER, since)
    return province


def verdicts(world: World, update: Update) -> list[str]:
    now = world.instance.now()
    asked, anchors = Asked(now, now, newer_status=update.write()), world.instance.anchors
    return [verify_offline(Found(bundle=one.frozen_bundle), anchors, asked).verdict for one in world.certificates()]


def test_a_trust_bundle_that_withdraws_a_grant_counts_though_the_list_beside_it_rests_on_that_grant(
    withdrawn: World,
) -> None:
    update = published_update(withdrawn.instance, list_uri(withdrawn.instance))
    assert verdicts(withdrawn, update) == ["cannot_decide", "cannot_decide", "void", "void"]
    assert verdicts(withdrawn, replace(update, status=None, logged=None, grants=(), grants_logged=())) == [
        "cannot_decide", "cannot_decide", "void", "void",
    ]  # fmt: skip


def test_under_a_new_grant_the_newest_list_makes_old_files_fresh_again_and_what_was_void_stays_void(
    withdrawn: World,
) -> None:
    give_top_grant(withdrawn.instance)
    withdrawn.at(172)
    renew_status_list(withdrawn.instance, list_uri(withdrawn.instance))
    update = published_update(withdrawn.instance, list_uri(withdrawn.instance))
    assert verdicts(withdrawn, update) == ["valid", "valid", "void", "void"]


def test_a_list_that_was_put_beside_by_a_stranger_takes_no_withdrawal_away(withdrawn: World) -> None:
    update = published_update(withdrawn.instance, list_uri(withdrawn.instance))
    assert update.status is not None
    signed = update.status.body.rpartition(b".")
    forged = replace(update, status=replace(update.status, body=signed[0] + b"." + signed[2][::-1]))
    assert "valid" not in verdicts(withdrawn, forged)
