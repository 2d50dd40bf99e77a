"""Identity numbers and organisation codes against vectors, and what the check characters promise."""

import dataclasses
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core import identity
from certsvc.core.errors import Malformed

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "identity.json").read_text(encoding="utf-8"))
BIRTHS = st.dates(date(1900, 1, 1), date(1999, 12, 31))


def outcome(call: str, args: list[Any]) -> Any:
    """The result of a call in JSON's types."""
    result = getattr(identity, call)(*args)
    if not isinstance(result, identity.IdDocument):
        return result
    return dataclasses.asdict(result) | {"birth": result.birth.isoformat() if result.birth else None}


def resident_number(birth: date, sequence: int) -> str:
    first17 = f"220000{birth:%Y%m%d}{sequence:03d}"
    return first17 + identity.check_character(first17)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_identity_vectors_come_out_as_written(vector: dict[str, Any]) -> None:
    if "error" not in vector:
        assert outcome(**vector["input"]) == vector["expected"]
        return
    with pytest.raises(Malformed) as caught:
        outcome(**vector["input"])
    assert caught.value.code == vector["error"]


@given(BIRTHS, st.integers(0, 999), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_every_wrong_character_of_a_resident_number_is_noticed(birth: date, seq: int, at: int, char: str) -> None:
    number = resident_number(birth, seq)
    if number[at] == char:
        return
    with pytest.raises(Malformed):
        identity.parse_id_document("resident_id", number[:at] + char + number[at + 1 :])


@given(BIRTHS, st.integers(0, 995))
def test_a_15_digit_number_becomes_the_18_digit_number_of_the_same_person(birth: date, sequence: int) -> None:
    number = resident_number(birth, sequence)
    short = number[:6] + number[8:17]
    full = identity.parse_id_document("resident_id", number)
    assert (full.birth, full.sex, full.original) == (birth, "M" if sequence % 2 else "F", None)
    assert identity.parse_id_document("resident_id", short) == dataclasses.replace(full, original=short)


@given(st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_every_wrong_character_of_a_credit_code_is_noticed(at: int, char: str) -> None:
    code = "112200009999999985"
    if code[at] == char:
        return
    with pytest.raises(Malformed):
        identity.check_uscc(code[:at] + char + code[at + 1 :])


def test_a_wrong_length_is_told_without_repeating_the_number() -> None:
    with pytest.raises(Malformed) as caught:
        identity.parse_id_document("resident_id", "22000019850615001")
    assert "17" in caught.value.zh
    assert "19850615" not in caught.value.zh + caught.value.en


def test_a_number_of_another_document_names_that_document() -> None:
    with pytest.raises(Malformed, match="foreign permanent resident") as caught:
        identity.parse_id_document("resident_id", "932682198501010017")
    assert "外国人永久居留身份证" in caught.value.zh


def test_an_unknown_kind_of_document_is_refused_with_the_kinds_that_are_known() -> None:
    with pytest.raises(Malformed, match=r"^id_kind:") as caught:
        identity.kind_from_zh("军官证")
    assert all(spec.zh in caught.value.zh for spec in identity.KINDS.values())
