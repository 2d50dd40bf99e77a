"""The key ceremony: all keys in their places, nothing overwritten, nothing half made."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from sqlalchemy import text
from world_for_tests import database, opened

from certsvc.core.chain import instance_flags, read_anchor
from certsvc.core.errors import Malformed, NotReady
from certsvc.core.kinds import CEREMONY_USES, CERTIFYING_USES, USE_OF_EKU
from certsvc.instance import open_instance
from certsvc.services.ceremony import Plan, hold_ceremony
from certsvc.services.enrol import AUTHORITY_USES
from certsvc.store import keys as key_store

NOW = 1_740_900_000
PLAN = Plan("https://sample.invalid/", "HRSS", "示例省人社厅(样章)", "Sample HRSS", "112200009999999985", test=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with database(None):
        hold_ceremony(tmp_path / "home", PLAN, NOW)
    return tmp_path / "home"


def test_every_key_is_private_and_is_made_once(home: Path) -> None:
    files = sorted((home / "keys").iterdir())
    assert stat.S_IMODE((home / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    authority = {f"HRSS.{use}.pem" for use in AUTHORITY_USES}
    ceremony = {f"{use}.pem" for use in (*CEREMONY_USES, "root", "issuing-ca")}
    assert {file.name for file in files} == authority | ceremony | {"data.json"}
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pems = [file for file in files if file.suffix == ".pem"]
    public = {load_pem_private_key(pem.read_bytes(), None).public_key().public_bytes(*form) for pem in pems}
    assert len(public) == len(pems)


@pytest.mark.parametrize("required", [False, True])
def test_the_root_says_for_ever_whether_a_log_is_required(tmp_path: Path, required: bool) -> None:
    with database(None):
        hold_ceremony(tmp_path / "home", replace(PLAN, log_required=required), NOW)
    with opened(tmp_path / "home") as instance:
        (anchor,) = instance.anchors
        ca = x509.load_pem_x509_certificate((instance.home / "issuing-ca.crt").read_bytes())
    assert (anchor.test, anchor.log_required) == instance_flags(ca) == (True, required)


def test_the_transcript_names_every_certificate_by_its_fingerprint(home: Path) -> None:
    transcript = (home / "ceremony.txt").read_text(encoding="utf-8")
    with opened(home) as instance, instance.engines.read.connect() as connection:
        rows = key_store.list_signing_keys(connection)
    certificates = [x509.load_der_x509_certificate(row.certificate) for row in rows]
    files = [x509.load_pem_x509_certificate((home / name).read_bytes()) for name in ("roots.pem", "issuing-ca.crt")]
    assert all(one in certificates for one in files)
    lines = transcript.splitlines()
    assert len(lines) == len(certificates) == len(CEREMONY_USES) + len(AUTHORITY_USES) + 2
    for certificate in certificates:
        (line,) = (one for one in lines if certificate.fingerprint(SHA256()).hex() in one)
        assert f"{certificate.not_valid_before_utc:%Y-%m-%d}" in line
        assert f"{certificate.not_valid_after_utc:%Y-%m-%d}" in line


def test_every_registered_key_has_one_use_and_opens(home: Path) -> None:
    with opened(home) as instance:
        with instance.engines.read.connect() as connection:
            rows = key_store.list_signing_keys(connection)
        assert {row.use for row in rows} == {*CEREMONY_USES, *AUTHORITY_USES, *CERTIFYING_USES}
        assert all(instance.signer(row).sign(b"message") for row in rows)
        for row in (one for one in rows if one.use not in CERTIFYING_USES):
            certificate = x509.load_der_x509_certificate(row.certificate)
            (oid,) = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            assert USE_OF_EKU[oid.dotted_string] == row.use


def test_the_public_address_has_no_slash_at_its_end(home: Path) -> None:
    with opened(home) as instance:
        assert (instance.public_url, instance.host) == ("https://sample.invalid", "sample.invalid")


def test_a_test_root_says_so_and_a_production_root_does_not(home: Path, tmp_path: Path) -> None:
    with database(None):
        hold_ceremony(tmp_path / "production", replace(PLAN, test=False), NOW)
    roots = [
        x509.load_pem_x509_certificate((place / "roots.pem").read_bytes()) for place in (home, tmp_path / "production")
    ]
    assert [read_anchor(root).test for root in roots] == [True, False]
    assert "TEST" in roots[0].subject.rfc4514_string()
    assert "TEST" not in roots[1].subject.rfc4514_string()


def test_a_root_of_the_other_kind_is_not_opened(home: Path, tmp_path: Path) -> None:
    with database(None):
        hold_ceremony(tmp_path / "production", replace(PLAN, test=False), NOW)
    (home / "roots.pem").write_bytes((tmp_path / "production" / "roots.pem").read_bytes())
    with pytest.raises(NotReady) as error, opened(home):
        pass
    assert error.value.code == "environment_mixed"


@pytest.mark.parametrize("name", ["keys", "keys/root.pem", "keys/data.json"])
def test_a_key_that_others_may_read_is_not_used(home: Path, name: str) -> None:
    (home / name).chmod(0o755 if name == "keys" else 0o640)
    with pytest.raises(NotReady) as error, opened(home):
        pass
    assert error.value.code == "key_mode"
    assert error.value.hint.startswith("chmod")


def test_nothing_is_ever_overwritten(home: Path) -> None:
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    with pytest.raises(NotReady) as error, database(None):
        hold_ceremony(home, PLAN, NOW)
    assert error.value.code == "home_exists"
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("mine")
    with pytest.raises(NotReady), database(None):
        hold_ceremony(tmp_path / "home", PLAN, NOW)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["letter.txt"]


def test_a_plan_that_cannot_be_carried_out_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Malformed) as error, database(None):
        hold_ceremony(tmp_path / "home", replace(PLAN, authority_uscc="112200009999999986"), NOW)
    assert error.value.code == "uscc_check_character"
    assert list(tmp_path.iterdir()) == []


def test_what_an_interrupted_ceremony_left_is_made_anew(tmp_path: Path) -> None:
    draft = tmp_path / "home.ceremony" / "keys"
    draft.mkdir(parents=True)
    (draft / "root.pem").write_text("half a key")
    with database(None):
        hold_ceremony(tmp_path / "home", PLAN, NOW)
        open_instance(tmp_path / "home").close()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_an_empty_folder_becomes_the_home(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with database(None):
        hold_ceremony(tmp_path / "home", PLAN, NOW)
    assert (tmp_path / "home" / "roots.pem").is_file()


def test_a_database_of_another_instance_is_refused_and_not_touched(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.sqlite3'}"
    with database(url):
        hold_ceremony(tmp_path / "first", PLAN, NOW)
        with pytest.raises(NotReady) as error:
            hold_ceremony(tmp_path / "second", PLAN, NOW)
    assert error.value.code == "database_taken"
    assert not list(tmp_path.glob("second*"))
    with opened(tmp_path / "first", url) as instance, instance.engines.read.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM organisation")).scalar_one() == 2


def test_two_homes_share_no_key(home: Path, tmp_path: Path) -> None:
    with database(None):
        hold_ceremony(tmp_path / "other", PLAN, NOW)
    files = [{p.name: p.read_bytes() for p in (place / "keys").iterdir()} for place in (home, tmp_path / "other")]
    assert files[0].keys() == files[1].keys()
    assert all(files[0][name] != files[1][name] for name in files[0])
