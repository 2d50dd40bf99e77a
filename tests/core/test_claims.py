"""Commitments: every part of what is committed to changes the commitment, and the bytes are those of the format."""

import hashlib
from dataclasses import replace

import pytest

from certsvc.core.claims import (
    FIELDS,
    NO_ROW,
    OPEN_FIELDS,
    Target,
    entry_commitment,
    field_commitment,
    field_commitments,
    person_commitment,
    roster_leaf,
    row_commitment,
)
from certsvc.core.encoding import b64, unb64

SALT, OTHER = bytes(32), bytes([1]) * 32
TARGET = Target("05", "机械", "deputy_senior", "高级工程师", "T01", "220100", 2025)
VALUES = {"name": "样章甲", "sex": "M", "birth": "1985-06-15", "id": "220000198506150012"}


def test_a_field_commitment_is_the_hash_that_the_format_says() -> None:
    data = b"certsvc/field/v1\x00" + SALT + b"name\x00" + "样章甲".encode()
    assert field_commitment("name", "样章甲", SALT) == b64(hashlib.sha256(data).digest())


def test_a_person_commitment_is_over_canonical_json_of_all_fields() -> None:
    commitments = field_commitments(VALUES, dict.fromkeys(FIELDS, SALT))
    inner = ",".join(f'"{name}":"{commitments[name]}"' for name in ("birth", "id", "name", "sex"))
    data = b"certsvc/person/v1\x00{" + inner.encode() + b"}"
    assert person_commitment(commitments) == b64(hashlib.sha256(data).digest())


def test_an_entry_commitment_is_over_salt_and_hash_of_the_target() -> None:
    person = b64(OTHER)
    inner = (
        '{"level":"deputy_senior","person":"' + person + '","region":"220100","series":"05","specialty":"机械",'
        '"title":"高级工程师","track":"T01","year":2025}'
    )
    data = b"certsvc/entry/v1\x00" + SALT + hashlib.sha256(inner.encode()).digest()
    assert entry_commitment(person, TARGET, SALT) == b64(hashlib.sha256(data).digest())


def test_a_row_commitment_is_over_salt_and_hash_of_the_facts() -> None:
    data = b"certsvc/row/v1\x00" + SALT + hashlib.sha256(b'{"no":4,"yes":14}').digest()
    assert row_commitment({"yes": 14, "no": 4}, SALT) == hashlib.sha256(data).digest()


def test_a_row_without_facts_is_32_zero_bytes() -> None:
    assert row_commitment(None, None) == NO_ROW == bytes(32)


def test_a_row_with_no_facts_at_all_is_not_a_row_without_facts() -> None:
    assert row_commitment({}, SALT) != NO_ROW


def test_a_leaf_is_entry_then_row() -> None:
    assert roster_leaf(b64(OTHER), SALT) == OTHER + SALT


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_is_bound_to_its_name_its_value_and_its_salt(field: str) -> None:
    base = field_commitment(field, "x", SALT)
    assert base != field_commitment(field, "y", SALT)
    assert base != field_commitment(field, "x", OTHER)
    assert len({field_commitment(name, "x", SALT) for name in FIELDS}) == len(FIELDS)


@pytest.mark.parametrize("member", TARGET.to_json().keys())
def test_an_entry_is_bound_to_every_member_of_its_target(member: str) -> None:
    other = replace(TARGET, **{member: 2026 if member == "year" else "x"})
    assert entry_commitment(b64(SALT), other, SALT) != entry_commitment(b64(SALT), TARGET, SALT)


def test_an_entry_is_bound_to_its_person_and_its_salt() -> None:
    base = entry_commitment(b64(SALT), TARGET, SALT)
    assert base not in (entry_commitment(b64(OTHER), TARGET, SALT), entry_commitment(b64(SALT), TARGET, OTHER))
    assert len(unb64(base)) == 32


def test_the_salt_of_the_id_number_is_not_among_the_open_ones() -> None:
    assert set(FIELDS) - set(OPEN_FIELDS) == {"id"}


def test_the_scope_of_a_roster_is_what_its_entries_share() -> None:
    assert TARGET.scope() == {
        "series": "05", "level": "deputy_senior", "track": "T01", "region": "220100", "year": 2025,
    }  # fmt: skip
