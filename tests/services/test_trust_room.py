"""A trust bundle has room for what must always be published, however many organisations there are."""

from dataclasses import replace

import pytest
from support_instance import DAY, SmallInstance

from certsvc import resources
from certsvc.core.encoding import b64, canonical, marks_in
from certsvc.core.errors import Refused
from certsvc.services import compromise, documents, key_events, log_leaves, trust_room
from certsvc.services.doctor import visit
from certsvc.services.enrol import NewOrganisation, enrol_officer, enrol_organisation
from certsvc.services.rotation import rotate_key, rotate_officer
from certsvc.services.verify_evidence import verify_code
from certsvc.services.withdrawal import withdraw_grant
from certsvc.store import keys as key_store
from certsvc.store.rows import SigningKey

#: Rows of keys, in tests of what is left out.
MOST = 20
PAPER = {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-02-17"}


def unit(number: int) -> NewOrganisation:
    return NewOrganisation(f"NEW{number}", f"示例单位{number}", "New", "unit", None, "220100")


def key_of(small: SmallInstance, org: str, use: str) -> SigningKey:
    with small.instance.engines.read.connect() as connection:
        return documents.own_key(connection, org, use)


def told(small: SmallInstance) -> dict[str, str | None]:
    """Thumbprint -> reason of every key that the newest trust bundle names."""
    with small.instance.engines.read.connect() as connection:
        return {one["jkt"]: one["reason"] for one in documents.current_trust(connection).unverified_payload["keys"]}


def test_an_organisation_more_makes_no_trust_bundle_larger(small: SmallInstance) -> None:
    small.instance.set_clock(small.now + DAY)
    before = len(documents.publish_trust(small.instance).body)
    for number in range(5):
        enrol_organisation(small.instance, unit(number))
    assert len(documents.publish_trust(small.instance).body) == before
    assert key_of(small, "NEW0", "seal").jkt not in told(small)


def test_a_key_of_any_organisation_is_told_when_it_has_ended(small: SmallInstance) -> None:
    small.instance.set_clock(small.now + DAY)
    ended = key_events.end_key(small.instance, key_of(small, "UNIT", "seal").jkt)
    rotated = rotate_key(small.instance, "CITY", "seal")
    assert told(small)[ended.jkt] == "withdrawn"
    assert told(small)[rotated.old.jkt] == "rotated"
    assert rotated.new.jkt not in told(small)
    assert verify_code(small.instance, small.issued[0].code).verdict == "valid"


def many_rotated(small: SmallInstance, count: int) -> tuple[list[SigningKey], int]:
    """As many rotated keys of one office, and a time at which their certificates have ended."""
    old = rotate_key(small.instance, "CITY", "seal").old
    keys = [replace(old, jkt=f"{number:043d}", valid_to=old.valid_to + number) for number in range(count)]
    return keys, small.now + 9 * 366 * DAY


def test_of_too_many_rotated_keys_the_first_are_left_out_once_their_certificates_have_ended(
    small: SmallInstance,
) -> None:
    keys, later = many_rotated(small, MOST + 3)
    kept = trust_room.shed(list(reversed(keys)), ("HRSS",), later, MOST)
    assert {key.jkt for key in keys} - {key.jkt for key in kept} == {key.jkt for key in keys[:3]}
    assert trust_room.shed(keys[:MOST], ("HRSS",), later, MOST) == keys[:MOST]


@pytest.mark.parametrize("why", ["stolen", "withdrawn", "living certificate", "own"])
def test_what_must_be_told_is_never_left_out(small: SmallInstance, why: str) -> None:
    keys, later = many_rotated(small, MOST + 3)
    if why in ("stolen", "withdrawn"):
        reason = "compromised" if why == "stolen" else why
        keys = [replace(key, ended_reason=reason) for key in keys]
    own = ("CITY",) if why == "own" else ("HRSS",)
    assert trust_room.shed(keys, own, small.now if why == "living certificate" else later, MOST) == keys


def test_with_little_room_left_nobody_is_enrolled_and_whatever_must_be_published_is(
    small: SmallInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.instance.set_clock(small.now + DAY)
    monkeypatch.setattr(trust_room, "ENROL", 0)
    monkeypatch.setattr(trust_room, "ROTATE", 0)
    for refused in (
        lambda: enrol_organisation(small.instance, unit(1)),
        lambda: enrol_officer(small.instance, "UNIT-9", "UNIT", "示例经办人九"),
        lambda: rotate_key(small.instance, "CITY", "seal"),
        lambda: rotate_officer(small.instance, "CITY-1"),
    ):
        with pytest.raises(Refused) as caught:
            refused()
        assert caught.value.code == "trust_full"
    rotate_key(small.instance, "HRSS", "seal")
    stolen = key_of(small, "CITY", "seal")
    compromise.condemn(small.instance, stolen.jkt, small.instance.now() - 60, PAPER)
    key_events.end_key(small.instance, key_of(small, "UNIT", "seal").jkt)
    with small.instance.engines.read.connect() as connection:
        (grant,) = documents.living_grants_of(connection, "SUPV", small.instance.now())
    withdraw_grant(small.instance, grant.sha256, "withdrawn", PAPER)
    assert told(small)[stolen.jkt] == "compromised"


def test_the_doctor_says_it_before_nobody_is_enrolled_any_more(
    small: SmallInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said() -> list[str]:
        return [one.state for one in visit(small.instance.home) if "trust bundle is" in one.en]

    assert said() == []
    monkeypatch.setattr(trust_room, "WARN", 0)
    assert said() == ["warn"]
    monkeypatch.setattr(trust_room, "ENROL", 0)
    assert said() == ["bad"]


def full(small: SmallInstance, keys: int, editions: int) -> int:
    """Publishes a trust bundle with so many rotated keys of offices, whose certificates have ended, and so many editions
    of each procedure; how full it is."""
    instance = small.instance
    old = rotate_key(instance, "CITY", "seal").old
    assert old is not None
    with log_leaves.transaction(instance) as connection:
        for number in range(keys):
            jkt = b64((10_000 + number).to_bytes(32, "big"))
            key_store.add_signing_key(connection, replace(old, jkt=jkt, uri=f"file:{number}.pem"))
        policy = documents.own_key(connection, "ROOT", "policy")
        for track, one in resources.tracks().items():
            for number in range(editions):
                edition = {**one.procedure, "version": number + 2, "iat": instance.now()}
                documents.store_signed(instance, connection, policy, "procedure+jwt", edition, track)
    documents.publish_trust(instance)
    with instance.engines.read.connect() as connection:
        return trust_room.used(connection)


@pytest.mark.parametrize(("keys", "editions"), [(1_300, 0), (800, 16)], ids=["keys", "keys and procedures"])
def test_a_trust_bundle_leaves_out_as_much_as_leaves_room_in_all_that_a_reader_counts(
    small: SmallInstance, monkeypatch: pytest.MonkeyPatch, keys: int, editions: int
) -> None:
    """It was full at 64 % of its bytes, for the commas, and every rotation, end, withdrawal and drill was rolled back."""
    monkeypatch.setattr(trust_room, "_is_past", lambda key, now: True)
    small.instance.set_clock(small.now + DAY)
    assert trust_room.KEEP - 2 <= full(small, keys, editions) <= trust_room.KEEP + 1
    rotate_key(small.instance, "HRSS", "seal")


def test_the_doctor_sees_how_full_a_trust_bundle_is_by_whatever_is_most(small: SmallInstance) -> None:
    small.instance.set_clock(small.now + DAY)
    assert trust_room.WARN <= full(small, 900, 0) < trust_room.ENROL
    assert [one.state for one in visit(small.instance.home) if "trust bundle is" in one.en] == ["warn"]


def test_each_kind_of_row_has_as_many_parts_as_are_counted_for_it(small: SmallInstance) -> None:
    small.instance.set_clock(small.now + DAY)
    rotate_key(small.instance, "CITY", "seal")
    with small.instance.engines.read.connect() as connection:
        (grant,) = documents.living_grants_of(connection, "SUPV", small.instance.now())
    withdraw_grant(small.instance, grant.sha256, "withdrawn", PAPER)
    with small.instance.engines.read.connect() as connection:
        said = documents.current_trust(connection).unverified_payload
    # The comma before the next row counts as well.
    assert {marks_in(canonical(row)) + 1 for row in said["keys"]} == {trust_room.KEY_PARTS}
    rows = [*said["withdrawn"], *said["procedures"], *said["calendars"]]
    assert max(marks_in(canonical(row)) + 1 for row in rows) == trust_room.OTHER_PARTS
