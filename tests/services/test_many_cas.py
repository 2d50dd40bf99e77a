"""However often keys are rotated, no genuine certificate has more issuing CAs in its evidence than a reader takes."""

import pytest
from lifecycle_for_tests import PAPER, days_later, do, refused
from support_instance import DAY, START, SmallInstance

from certsvc.core.chain import MAX_ISSUING_CAS
from certsvc.core.errors import Refused
from certsvc.services import certifiers, compromise, documents, rotation
from certsvc.services.room import LIMITS
from certsvc.services.verify_evidence import Asked, Found, fresh_bundle, verify_code, verify_offline
from certsvc.store.rows import SigningKey

YEAR = 365 * DAY


def cas(small: SmallInstance) -> tuple[SigningKey, ...]:
    with small.instance.engines.read.connect() as connection:
        return certifiers.list_cas(small.instance, connection)


def rotate_ca(small: SmallInstance) -> bool:
    """Whether it was rotated, or refused as one that lasts."""
    try:
        rotation.rotate_key(small.instance, "HRSS", "ca")
    except Refused as error:
        assert (error.code, error.hint) == ("ca_lasts", "certsvc doctor")
        return False
    return True


def verdicts(small: SmallInstance) -> set[str]:
    """Of one certificate, at the register and offline by a bundle of today."""
    instance, code = small.instance, small.issued[0].code
    data, asked = fresh_bundle(instance, code), Asked(instance.now(), instance.now())
    offline = verify_offline(Found(bundle=data), instance.anchors, asked)
    return {verify_code(instance, code).verdict, offline.verdict}


def test_a_title_that_is_suspended_every_year_stays_valid_however_often_the_ca_is_to_be_rotated(
    small: SmallInstance,
) -> None:
    """In the eighth year it was `tampered`, for the ninth CA in its evidence."""
    instance, made = small.instance, 0
    for year in range(1, 9):
        instance.set_clock(small.now + int(year * 0.85 * YEAR))
        made += rotate_ca(small)
        for officer in ("HRSS-1", "HRSS-2"):
            rotation.rotate_officer(instance, officer)
        for use in ("seal", "status"):
            rotation.rotate_key(instance, "HRSS", use)
        documents.publish_trust(instance)
        for kind in ("suspend", "reinstate"):
            instance.set_clock(instance.now() + DAY)
            do(small, kind)
        assert verdicts(small) == {"valid"}, year
    assert made == certifiers.MOST_CAS - 1


def test_a_ca_that_lasts_is_rotated_while_few_stand_and_a_stolen_one_always_is(small: SmallInstance) -> None:
    days_later(small, 1)
    assert [rotate_ca(small) for _ in range(certifiers.MOST_CAS)] == [True] * (certifiers.MOST_CAS - 1) + [False]
    days_later(small, 2)
    compromise.condemn(small.instance, cas(small)[0].jkt, small.instance.now() - 60, PAPER)
    assert len(cas(small)) == certifiers.MOST_CAS + 1
    assert not rotate_ca(small)
    # What the stolen one certified stands on another, so it takes no room.
    assert verdicts(small) == {"valid"}


def test_a_ca_that_ends_is_rotated_however_many_stand(small: SmallInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certifiers, "MOST_CAS", 1)
    small.instance.set_clock(START + 6 * YEAR)
    assert not rotate_ca(small)
    small.instance.set_clock(START + 7 * YEAR)
    assert rotate_ca(small)
    assert not rotate_ca(small)


@pytest.mark.parametrize("kind", ["suspend", "correct"])
def test_what_keeps_a_title_alive_is_refused_while_there_is_room_for_the_cas_of_its_revocation(
    small: SmallInstance, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    assert LIMITS["cas"] == MAX_ISSUING_CAS
    monkeypatch.setitem(LIMITS, "cas", 2)
    days_later(small, 1)
    error = refused(small, lambda: do(small, kind))
    assert error.code == "evidence_full"
    do(small, "revoke")
    assert verdicts(small) == {"revoked"}
