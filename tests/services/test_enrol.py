"""Enrolment: keys under the issuing CA, one pseudonym per human, nobody twice, and no leftovers that block."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from world_for_tests import PAPER, World

from certsvc.core.errors import CertsvcError, Malformed, NotFound, NotReady, Refused
from certsvc.core.jose import thumbprint
from certsvc.services import documents, enrol, key_events
from certsvc.services.delegation import Delegation, delegate
from certsvc.services.overview import offices
from certsvc.store import keys as key_store

UNIT = enrol.NewOrganisation("SL-NEW", "示例新单位", "Sample New Unit", "unit", "112200009999999985", "220100")


def key_files(world: World) -> set[str]:
    return {path.name for path in (world.home / "keys").iterdir()}


def refused(world: World, new: enrol.NewOrganisation | None = None, *officer: str) -> CertsvcError:
    """Why an enrolment is refused; neither a row nor a key may be left."""
    before = world.census(), key_files(world)
    with pytest.raises(CertsvcError) as error:
        if new is not None:
            enrol.enrol_organisation(world.instance, new)
        else:
            enrol.enrol_officer(world.instance, *officer)
    assert (world.census(), key_files(world)) == before
    return error.value


def subject(certificate: bytes, oid: x509.ObjectIdentifier) -> str:
    name = x509.load_der_x509_certificate(certificate).subject
    return str(name.get_attributes_for_oid(oid)[0].value)


def test_an_organisation_gets_one_key_for_each_use(province: World) -> None:
    keys = enrol.enrol_organisation(province.instance, UNIT)
    assert set(keys) == {"seal"}
    seal = keys["seal"]
    assert subject(seal.certificate, NameOID.ORGANIZATION_IDENTIFIER) == "SL-NEW"
    assert thumbprint(province.instance.signer(seal).public_key) == seal.jkt
    with province.instance.engines.read.connect() as connection:
        row = key_store.find_organisation(connection, "SL-NEW")
    assert row is not None
    assert (row.uscc, row.local_code) == ("112200009999999985", None)


def test_an_organisation_without_a_uscc_has_its_id_as_local_code(province: World) -> None:
    with province.instance.engines.read.connect() as connection:
        row = key_store.find_organisation(connection, "SL-U1")
    assert row is not None
    assert (row.uscc, row.local_code) == (None, "SL-U1")


def test_a_human_keeps_one_pseudonym_across_organisations(province: World) -> None:
    with province.instance.engines.read.connect() as connection:
        first = key_store.find_officer(connection, "H1")
    assert first is not None
    key = enrol.enrol_officer(province.instance, "H1-AP", "SL-AP", "尤样章", first.pseudonym)
    assert subject(key.certificate, NameOID.SERIAL_NUMBER) == first.pseudonym
    with province.instance.engines.read.connect() as connection:
        assert {one.id for one in key_store.list_officers(connection, pseudonym=first.pseudonym)} == {"H1", "H1-AP"}


def test_pseudonyms_tell_nothing_and_never_repeat(province: World) -> None:
    with province.instance.engines.read.connect() as connection:
        officers = key_store.list_officers(connection)
    assert len({one.pseudonym for one in officers}) == len(officers)
    assert all(len(one.pseudonym) == 16 and one.id not in one.pseudonym for one in officers)


def test_nobody_is_enrolled_twice(province: World) -> None:
    again = enrol.NewOrganisation("SL-U1", "示例机械研究所", "again", "unit", None, "220100")
    assert refused(province, again).code == "org_known"
    assert refused(province, None, "U1", "SL-U1", "样章人").code == "officer_known"
    assert refused(province, None, "U1", "SL-U2", "样章人").code == "officer_known"
    with province.instance.engines.read.connect() as connection:
        known = key_store.find_officer(connection, "U1")
    assert known is not None
    error = refused(province, None, "U1B", "SL-U1", "样章人", known.pseudonym)
    assert isinstance(error, Refused)
    assert error.code == "human_known"


@pytest.mark.parametrize("name", ["周样办", "周 样办", "周样办 "])
def test_a_name_that_the_office_has_already_is_not_silently_a_second_human(province: World, name: str) -> None:
    error = refused(province, None, "U1B", "SL-U1", name)
    assert isinstance(error, Refused)
    assert (error.code, error.hint.endswith("--another-human"), "U1" in error.en) == ("namesake", True, True)
    enrol.enrol_officer(province.instance, "U1C", "SL-U2", name)


def test_who_left_and_comes_back_is_the_same_human_with_a_new_key(province: World) -> None:
    with province.instance.engines.read.connect() as connection:
        former = key_store.find_officer(connection, "U1")
        (key,) = key_store.list_signing_keys(connection, officer_id="U1")
    assert former is not None
    # While the key is good there is nothing to come back to.
    assert refused(province, None, "U1", "SL-U1", "周样办", former.pseudonym).code == "officer_known"
    key_events.end_key(province.instance, key.jkt)
    assert refused(province, None, "U1B", "SL-U1", "周样办").code == "namesake"
    assert refused(province, None, "U1", "SL-U1", "周样办").code == "officer_known"
    assert refused(province, None, "U1", "SL-U2", "周样办", former.pseudonym).code == "officer_known"
    fresh = enrol.enrol_officer(province.instance, "U1", "SL-U1", "周样办", former.pseudonym)
    assert subject(fresh.certificate, NameOID.SERIAL_NUMBER) == former.pseudonym
    with province.instance.engines.read.connect() as connection:
        assert documents.officer_key(connection, "U1") == fresh != key
        assert [one.id for one in key_store.list_officers(connection, org_id="SL-U1")] == ["U1"]
    assert thumbprint(province.instance.signer(fresh).public_key) == fresh.jkt


def test_two_humans_of_one_name_are_two_when_somebody_says_so(province: World) -> None:
    enrol.enrol_officer(province.instance, "U1B", "SL-U1", "周样办", another_human=True)
    with province.instance.engines.read.connect() as connection:
        officers = key_store.list_officers(connection, org_id="SL-U1")
    assert len({one.pseudonym for one in officers}) == len(officers) == 2


def test_a_namesake_may_be_a_human_of_another_office(province: World) -> None:
    with province.instance.engines.read.connect() as connection:
        elsewhere = key_store.find_officer(connection, "U2")
    assert elsewhere is not None
    key = enrol.enrol_officer(province.instance, "U1B", "SL-U1", "周样办", elsewhere.pseudonym)
    assert subject(key.certificate, NameOID.SERIAL_NUMBER) == elsewhere.pseudonym


def test_an_officer_of_nowhere_is_refused(province: World) -> None:
    error = refused(province, None, "X1", "SL-NOWHERE", "样章人")
    assert isinstance(error, NotFound)
    assert error.code == "org_unknown"


@pytest.mark.parametrize("name", ["../root", "a/b", "", "a b", "SL.U1", "单位", "x" * 65, "-x"])
def test_an_id_that_is_no_file_name_is_refused(province: World, name: str) -> None:
    new = enrol.NewOrganisation(name, "示例", "Sample", "unit", None, "220100")
    for error in (refused(province, new), refused(province, None, name, "SL-U1", "样章人")):
        assert isinstance(error, Malformed)
        assert error.code == "id_form"


def test_a_uscc_with_a_wrong_check_character_is_refused(province: World) -> None:
    new = enrol.NewOrganisation("SL-NEW", "示例", "Sample", "unit", "112200009999999986", "220100")
    assert refused(province, new).code == "uscc_check_character"


def test_a_region_that_does_not_exist_is_refused(province: World) -> None:
    assert refused(province, replace(UNIT, region="999999")).code == "region_unknown"


def test_a_key_that_belongs_into_the_ceremony_is_not_made(province: World) -> None:
    new = enrol.NewOrganisation("SL-NEW", "示例", "Sample", "unit", None, "220100", ("policy",))
    assert refused(province, new).code == "key_use"


def test_a_key_that_an_interruption_left_does_not_block_and_is_kept(province: World) -> None:
    left = province.home / "keys" / "SL-NEW.seal.pem"
    left.write_bytes(b"a key that nobody registered")
    left.chmod(0o600)
    seal = enrol.enrol_organisation(province.instance, UNIT)["seal"]
    assert thumbprint(province.instance.signer(seal).public_key) == seal.jkt
    (kept,) = (path for path in Path(left.parent).iterdir() if "unregistered" in path.name)
    assert kept.read_bytes() == b"a key that nobody registered"


def test_a_signer_with_another_key_than_registered_is_refused(province: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with province.instance.engines.read.connect() as connection:
        (credential,) = key_store.list_signing_keys(connection, org_id="SL-HRSS", use="credential")
    monkeypatch.setenv("CERTSVC_SIGNER_CREDENTIAL", f"file:{province.home / 'keys' / 'SL-HRSS.pdf.pem'}")
    with pytest.raises(NotReady) as error:
        province.instance.signer(credential)
    assert error.value.code == "signer_mismatch"


def test_a_grant_names_the_keys_of_those_it_is_given_to(province: World) -> None:
    enrol.enrol_organisation(province.instance, UNIT)
    key = enrol.enrol_officer(province.instance, "N1", "SL-NEW", "样章人")
    delegate(province.instance, Delegation("SL-NEW", "unit", PAPER))
    (office,) = (one for one in offices(province.instance) if one.organisation.id == "SL-NEW")
    (grant,) = office.grants
    assert grant.officer_keys == {key.jkt}
    assert (grant.role, grant.acts) == ("unit", ("unit_notice",))
