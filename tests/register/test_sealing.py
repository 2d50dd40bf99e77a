"""Sealed values open only with their key and in their place; look-up keys tell nothing."""

import json
import os
from pathlib import Path

import pytest

from certsvc.core.encoding import b64
from certsvc.core.errors import Malformed, NotReady
from certsvc.register.sealing import DataKeys, create_data_keys, load_data_keys

KEYS = DataKeys(b"\x01" * 32, b"\x02" * 32)
OTHER = DataKeys(b"\x03" * 32, b"\x04" * 32)
NUMBER = "220000198001020000"
PLACE = b"identity_document/idd-1"
# printf '%s\\0%s\\0%s' certsvc/blind/v1 resident_id NUMBER | openssl dgst -sha256 -mac HMAC -macopt hexkey:0202…
EXPECTED = "4097d1464733b076858e861738d7ea1f42f25f87bb2c473166150b3a668f68d5"


def test_what_was_sealed_comes_back() -> None:
    assert KEYS.unseal(KEYS.seal(NUMBER.encode(), PLACE), PLACE) == NUMBER.encode()
    assert KEYS.unseal(KEYS.seal(b"", PLACE), PLACE) == b""


def test_sealing_twice_gives_different_bytes_that_do_not_show_the_value() -> None:
    first, second = (KEYS.seal(NUMBER.encode(), PLACE) for _ in range(2))
    assert first[8:20] != second[8:20]
    assert first[20:] != second[20:]
    assert NUMBER.encode() not in first


def test_every_changed_byte_is_noticed() -> None:
    sealed = KEYS.seal(b"salt", PLACE)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises((Malformed, NotReady)) as caught:
            KEYS.unseal(bytes(changed), PLACE)
        assert caught.value.code == ("data_key_unknown" if position < 8 else "sealed_bytes")


def test_a_value_moved_to_another_row_does_not_open() -> None:
    with pytest.raises(Malformed) as caught:
        KEYS.unseal(KEYS.seal(b"value", PLACE), b"identity_document/idd-2")
    assert caught.value.code == "sealed_bytes"


@pytest.mark.parametrize("length", [0, 7, 20, 35])
def test_bytes_too_short_to_be_sealed_are_malformed(length: int) -> None:
    with pytest.raises(Malformed) as caught:
        KEYS.unseal(KEYS.seal(b"", PLACE)[:length], PLACE)
    assert caught.value.code == "sealed_bytes"


def test_another_key_is_named_as_the_reason() -> None:
    with pytest.raises(NotReady) as caught:
        OTHER.unseal(KEYS.seal(b"value", PLACE), PLACE)
    assert caught.value.code == "data_key_unknown"


def test_a_look_up_key_is_the_same_for_the_same_value_only() -> None:
    assert KEYS.blind("resident_id", NUMBER) == EXPECTED
    other_kind, other_value = KEYS.blind("passport", NUMBER), KEYS.blind("resident_id", NUMBER[:-1] + "1")
    assert len({other_kind, other_value, OTHER.blind("resident_id", NUMBER), EXPECTED}) == 4


def test_look_up_does_not_depend_on_the_sealing_key() -> None:
    assert DataKeys(OTHER.seal_key, KEYS.index_key).blind("resident_id", NUMBER) == EXPECTED


def test_kind_and_value_cannot_run_into_each_other() -> None:
    with pytest.raises(ValueError, match="NUL"):
        KEYS.blind("resident_id\x002", "2")


def test_keys_do_not_show_in_a_traceback() -> None:
    assert repr(KEYS) == "DataKeys()"


@pytest.mark.parametrize(
    ("seal", "index"),
    [(b"1" * 32, b"1" * 32), (b"1" * 16, b"2" * 32), (b"1" * 32, b"")],
    ids=["same", "short", "empty"],
)
def test_weak_keys_are_refused(seal: bytes, index: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        DataKeys(seal, index)


def test_created_keys_are_private_fresh_and_load_again(tmp_path: Path) -> None:
    os.umask(0o022)
    keys = create_data_keys(tmp_path / "data-keys.json")
    assert (tmp_path / "data-keys.json").stat().st_mode & 0o777 == 0o600
    assert load_data_keys(tmp_path / "data-keys.json") == keys
    assert create_data_keys(tmp_path / "other.json") != keys


def test_existing_keys_are_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "data-keys.json"
    create_data_keys(path)
    before = path.read_bytes()
    with pytest.raises(NotReady) as caught:
        create_data_keys(path)
    assert caught.value.code == "data_keys_exist"
    assert path.read_bytes() == before


def test_missing_keys_are_put_back_and_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(NotReady) as caught:
        load_data_keys(tmp_path / "data-keys.json")
    assert (caught.value.code, caught.value.hint) == ("data_keys_missing", f"cp -a COPY/. {tmp_path}")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610])
def test_keys_that_others_may_touch_are_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "data-keys.json"
    create_data_keys(path)
    path.chmod(mode)
    with pytest.raises(NotReady) as caught:
        load_data_keys(path)
    assert (caught.value.code, caught.value.hint) == ("data_keys_mode", f"chmod 600 {path}")


GOOD = {"format": "certsvc-data-keys/1", "seal": b64(KEYS.seal_key), "index": b64(KEYS.index_key)}
BAD_FILES = {
    "empty": "",
    "not_json": "seal=1",
    "not_an_object": "[]",
    "other_format": json.dumps(GOOD | {"format": "certsvc-data-keys/2"}),
    "no_format": json.dumps({"seal": GOOD["seal"], "index": GOOD["index"]}),
    "no_index_key": json.dumps({"format": GOOD["format"], "seal": GOOD["seal"]}),
    "foreign_member": json.dumps(GOOD | {"more": "x"}),
    "short_key": json.dumps(GOOD | {"seal": "AQEB"}),
    "key_not_base64url": json.dumps(GOOD | {"seal": "=" * 43}),
    "key_not_a_string": json.dumps(GOOD | {"seal": 1}),
    "same_key_twice": json.dumps(GOOD | {"index": GOOD["seal"]}),
}


@pytest.mark.parametrize("text", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_that_is_not_a_key_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "data-keys.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(NotReady) as caught:
        load_data_keys(path)
    assert caught.value.code == "data_keys_form"
