"""Issuing CAs: rotated without downtime, condemned with all that they certified, and everything sound stays verifiable."""

from dataclasses import replace

import pytest
from cryptography import x509
from test_compromise import TWO, Two, before_and_after, code_of, key_of, split, verdicts, versions
from world_for_tests import PAPER, World

from certsvc.core.bundle import parse_bundle
from certsvc.core.chain import has_issued
from certsvc.core.encoding import b64
from certsvc.core.errors import CertsvcError
from certsvc.core.jose import parse_document
from certsvc.services import certifiers, documents, enrol, key_events, pdf, publish
from certsvc.services.beside import published_update
from certsvc.services.compromise import condemn, remedy
from certsvc.services.damage import find_damage
from certsvc.services.doctor import bring_up_to_date, visit
from certsvc.services.rotation import rotate_key, rotate_officer
from certsvc.services.verify_evidence import Asked, Found, fresh_bundle, verify_code, verify_file, verify_offline
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store.rows import SigningKey


@pytest.fixture
def two(province: World) -> Two:
    return before_and_after(province)


@pytest.fixture
def two_anywhere(anywhere: World) -> Two:
    return before_and_after(anywhere)


def ca_of(world: World) -> SigningKey:
    return key_of(world, "SL-HRSS", "ca")


def keys_of(world: World) -> tuple[SigningKey, ...]:
    with world.instance.engines.read.connect() as connection:
        return key_store.list_signing_keys(connection)


def trust_rows(world: World) -> dict[str, dict[str, object]]:
    with world.instance.engines.read.connect() as connection:
        return {row["jkt"]: row for row in documents.current_trust(connection).unverified_payload["keys"]}


def frozen(world: World, number: str) -> bytes:
    """The evidence as it was handed out with version 1."""
    first = next(one for one in versions(world)[number] if one.version == 1)
    assert first.frozen_bundle is not None
    return first.frozen_bundle


def file_verdict(world: World, data: bytes) -> tuple[str, str | None]:
    """What somebody says offline who has an old file and what the register publishes today."""
    now, update = world.instance.now(), published_update(world.instance, publish.list_uri(world.instance)).write()
    asked = Asked(now, now, newer_status=update)
    report = verify_offline(Found(bundle=data), world.instance.anchors, asked)
    return report.verdict, report.reason


# --- rotation ------------------------------------------------------------------------------------------------------


def test_root_and_issuing_ca_have_a_row_in_the_trust_bundle_and_an_event_that_they_begin(province: World) -> None:
    rows = {row["use"]: row for row in trust_rows(province).values() if row["use"] in ("root", "ca")}
    assert {use: (row["to"], row["reason"], row["good_before"]) for use, row in rows.items()} == {
        "root": (None, None, None),
        "ca": (None, None, None),
    }
    assert rows["ca"]["jkt"] == ca_of(province).jkt
    with province.instance.engines.read.connect() as connection:
        for row in rows.values():
            (event,) = document_store.list_documents(connection, "key+jwt", str(row["jkt"]))
            assert parse_document(event.body, event.typ).unverified_payload["from"] == row["from"]


def test_a_new_ca_certifies_what_comes_and_the_old_one_vouches_for_what_it_certified(two: Two) -> None:
    world, early, late, _since = two
    changed = rotate_key(world.instance, "SL-HRSS", "ca")
    fresh = rotate_officer(world.instance, "H1").new
    assert has_issued(changed.new.certificate, fresh.certificate)
    assert not has_issued(changed.old.certificate, fresh.certificate)
    world.at(230)
    more = world.certified(2)
    assert verdicts(world, early + late + more) == {"valid"}
    bundle = fresh_bundle(world.instance, more[0].code)
    assert bundle is not None
    # Officer H1 signs with a key of the new CA, everybody else with one of the old.
    assert parse_bundle(bundle).certs[-2:] == (changed.old.certificate, changed.new.certificate)
    assert trust_rows(world)[changed.old.jkt]["reason"] == "rotated"
    assert verify_file(world.instance, pdf.certificate_pdf(world.instance, more[0].code)).verdict == "valid"


def test_the_published_keys_name_the_ca_that_certified_each(province: World) -> None:
    province.at(0)
    changed = rotate_key(province.instance, "SL-HRSS", "ca")
    seal = rotate_key(province.instance, "SL-HRSS", "seal")
    chains = {key["kid"]: key["x5c"] for key in publish.jwks(province.instance)["keys"]}
    assert chains[seal.new.jkt][1] != chains[seal.old.jkt][1]
    assert len(chains[seal.new.jkt]) == len(chains[seal.old.jkt]) == 2
    assert not {changed.old.jkt, changed.new.jkt} & chains.keys()


def test_a_ca_is_rotated_with_the_key_of_the_root_only(province: World) -> None:
    province.at(0)
    (province.home / "keys" / "root.pem").unlink()
    with pytest.raises(CertsvcError) as error:
        rotate_key(province.instance, "SL-HRSS", "ca")
    assert error.value.code == "root_offline"
    assert ca_of(province).ended_reason is None


def test_the_ca_in_service_is_not_withdrawn_and_another_one_is(two: Two) -> None:
    world, early, late, since = two
    first = ca_of(world)
    second = rotate_key(world.instance, "SL-HRSS", "ca").new
    world.at(230)
    condemn(world.instance, first.jkt, since, PAPER)
    third = ca_of(world)
    assert len({first.jkt, second.jkt, third.jkt}) == 3
    with pytest.raises(CertsvcError) as error:
        key_events.end_key(world.instance, third.jkt)
    assert error.value.code == "key_use"
    assert key_events.end_key(world.instance, second.jkt).ended_reason == "withdrawn"
    assert verdicts(world, early + late) == {"valid"}


def test_the_root_is_neither_rotated_nor_condemned_here(province: World) -> None:
    province.at(0)
    (root,) = (key for key in keys_of(province) if key.use == "root")
    for refused in (
        lambda: rotate_key(province.instance, "ROOT", "root"),
        lambda: condemn(province.instance, root.jkt, root.valid_from, PAPER),
        lambda: key_events.end_key(province.instance, root.jkt),
    ):
        with pytest.raises(CertsvcError) as error:
            refused()
        assert error.value.code == "key_use"


# --- theft ---------------------------------------------------------------------------------------------------------


def test_before_anything_is_done_all_that_stands_on_the_stolen_ca_since_is_suspect(two: Two) -> None:
    world, early, late, since = two
    damage = find_damage(world.instance, ca_of(world).jkt, since)
    assert split(damage) == ({o.certificate.number for o in early}, {o.certificate.number for o in late})
    certified = {one.name for one in damage.traces if one.kind == "x509"}
    assert certified == {
        key.jkt for key in keys_of(world) if key.use not in ("policy", "log", "witness", "archive", "root", "ca")
    }
    assert all((one.at >= since) == (not one.sound) for one in damage.traces if one.kind != "x509")
    assert {"act+jwt", "grant+jwt", "statuslist+jwt"} <= {one.kind for one in damage.traces}


def test_after_the_theft_of_a_ca_its_keys_are_certified_anew_and_everything_is_verifiable(two_anywhere: Two) -> None:
    world, early, late, since = two_anywhere
    old, before = ca_of(world), {key.jkt: key for key in keys_of(world)}
    done = condemn(world.instance, old.jkt, since, PAPER)
    assert done.replaced is not None
    new = done.replaced.new
    for key in keys_of(world):
        had = before.get(key.jkt)
        if had is None or key.use == "ca" or not has_issued(old.certificate, had.certificate):
            continue
        assert replace(key, certificate=had.certificate) == had
        assert has_issued(new.certificate, key.certificate)
        was, now = (x509.load_der_x509_certificate(one.certificate) for one in (had, key))
        assert (was.subject, was.public_key(), was.not_valid_before_utc, was.not_valid_after_utc) == (
            now.subject, now.public_key(), now.not_valid_before_utc, now.not_valid_after_utc,
        )  # fmt: skip
    assert verdicts(world, early + late) == {"valid"}
    row = trust_rows(world)[old.jkt]
    assert (row["reason"], row["good_before"], trust_rows(world)[new.jkt]["to"]) == ("compromised", since, None)


def test_files_of_before_the_theft_of_a_ca_stay_valid_and_those_of_since_are_void(two: Two) -> None:
    world, early, late, since = two
    files = [(frozen(world, o.certificate.number), o in late) for o in early + late]
    condemn(world.instance, ca_of(world).jkt, since, PAPER)
    for data, is_late in files:
        assert file_verdict(world, data) == (("void", "ca_compromised") if is_late else ("valid", None))
    # The register itself knows whose keys they are.
    assert verify_file(world.instance, pdf.certificate_pdf(world.instance, late[0].code)).verdict == "valid"


def test_what_was_handed_out_since_is_signed_anew_once_and_the_next_version_is_valid(two: Two) -> None:
    world, early, late, since = two
    old = ca_of(world)
    condemn(world.instance, old.jkt, since, PAPER)
    damage = find_damage(world.instance, old.jkt, since)
    assert {one.number for one in damage.certificates if one.resignable} == {o.certificate.number for o in late}
    settled = remedy(world.instance, damage, "resign", TWO, PAPER)
    assert (settled.done, settled.left) == (len(late), [])
    again = find_damage(world.instance, old.jkt, since)
    assert not [one for one in again.certificates if one.open]
    census = world.census()
    assert remedy(world.instance, again, "resign", TWO, PAPER).done == 0
    assert world.census() == census
    for one in late:
        second = max(versions(world)[one.certificate.number], key=lambda v: v.version)
        code = code_of(world, second)
        assert (second.version, verify_code(world.instance, code).verdict) == (2, "valid")
        assert verify_file(world.instance, pdf.certificate_pdf(world.instance, code)).verdict == "valid"
        assert second.frozen_bundle is not None
        assert b64(old.certificate).encode() not in second.frozen_bundle
    assert verdicts(world, early) == {"valid"}


def test_the_drill_for_a_ca_done_twice_certifies_once_and_the_theft_is_moved_earlier_only(two: Two) -> None:
    world, early, _late, since = two
    old = ca_of(world)
    condemn(world.instance, old.jkt, since, PAPER)
    census, keys = world.census(), keys_of(world)
    assert condemn(world.instance, old.jkt, since, PAPER).already
    assert (world.census(), keys_of(world)) == (census, keys)
    with pytest.raises(CertsvcError) as error:
        condemn(world.instance, old.jkt, since + 1, PAPER)
    assert error.value.code == "since_later"
    assert condemn(world.instance, old.jkt, early[0].certificate.issued_at, PAPER).replaced is None
    assert file_verdict(world, frozen(world, early[0].certificate.number)) == ("void", "ca_compromised")
    assert verdicts(world, early) == {"valid"}


def test_a_ca_that_was_replaced_may_turn_out_to_have_been_stolen_afterwards(two: Two) -> None:
    world, early, late, _since = two
    old = rotate_key(world.instance, "SL-HRSS", "ca").old
    world.at(230)
    stolen = world.instance.now() - 60
    done = condemn(world.instance, old.jkt, stolen, PAPER)
    assert done.replaced is not None
    row = trust_rows(world)[old.jkt]
    assert (row["reason"], row["good_before"]) == ("compromised", stolen)
    assert row["to"] == old.valid_to < stolen
    assert verdicts(world, early + late) == {"valid"}
    assert file_verdict(world, frozen(world, late[0].certificate.number)) == ("valid", None)


def test_without_the_key_of_the_root_nothing_changes(two: Two) -> None:
    world, _early, _late, since = two
    (world.home / "keys" / "root.pem").unlink()
    census, keys = world.census(), keys_of(world)
    with pytest.raises(CertsvcError) as error:
        condemn(world.instance, ca_of(world).jkt, since, PAPER)
    assert (error.value.code, world.census(), keys_of(world)) == ("root_offline", census, keys)


def test_nobody_is_enrolled_with_a_certificate_of_a_stolen_ca(two: Two) -> None:
    world, _early, _late, since = two
    with world.instance.engines.read.connect() as connection:
        late_comer = enrol.make_successor(world.instance, connection, key_of(world, "SL-XC", "seal"))
    condemn(world.instance, ca_of(world).jkt, since, PAPER)
    with world.instance.engines.write.begin() as connection, pytest.raises(CertsvcError) as error:
        key_events.certify(world.instance, connection, [late_comer])
    assert error.value.code == "ca_changed"


def test_a_home_that_is_older_than_the_history_of_its_ca_goes_on_and_enters_it_once(province: World) -> None:
    province.at(0)
    with province.instance.engines.write.begin() as connection:
        connection.exec_driver_sql("DELETE FROM signing_key WHERE use IN ('root', 'ca')")
    assert not certifiers.is_recorded(province.instance)
    issued = province.certified(0)
    assert verdicts(province, issued) == {"valid"}
    findings = [one.hint for one in visit(province.home) if "issuing CA" in one.en]
    assert findings == ["certsvc doctor --upgrade"]
    for _ in range(2):
        bring_up_to_date(province.home)
        assert sorted(key.use for key in keys_of(province) if key.use in ("root", "ca")) == ["ca", "root"]
    assert {"root", "ca"} <= {row["use"] for row in trust_rows(province).values()}
    assert not [one for one in visit(province.home) if "issuing CA" in one.en]
