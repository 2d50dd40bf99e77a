"""Numbers, codes and identifiers against vectors; what their check characters and typing rules promise."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core import codes
from certsvc.core.errors import Malformed
from certsvc.core.titles import LEVELS

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "codes.json").read_text(encoding="utf-8"))
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TYPE, ISSUER = "112200009999999985001", "112200009999999985"

numbers = st.builds(
    codes.certificate_number,
    st.integers(1950, 2199),
    st.text("0123456789", min_size=4, max_size=4),
    st.sampled_from([f"{number:02d}" for number in range(1, 28)] + ["L1", "X1", "X2", "X3"]),
    st.sampled_from([level.token for level in LEVELS]),
    st.integers(1, 999_999),
)
secrets = st.integers(0, 2**75 - 1)
licences = st.builds(
    codes.licence_identifier,
    st.just(TYPE),
    st.just(ISSUER),
    st.text(ALPHANUMERIC, min_size=7, max_size=32),
    st.integers(1, 999),
)


def with_wrong_character(data: st.DataObject, text: str, alphabet: str) -> str:
    at = data.draw(st.integers(0, len(text) - 1))
    char = data.draw(st.sampled_from(alphabet).filter(lambda char: char != text[at]))
    return text[:at] + char + text[at + 1 :]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_code_vectors_come_out_as_written(vector: dict[str, Any]) -> None:
    call = getattr(codes, vector["input"]["call"])
    if "error" not in vector:
        assert call(*vector["input"]["args"]) == vector["expected"]
        return
    with pytest.raises(Malformed) as caught:
        call(*vector["input"]["args"])
    assert caught.value.code == vector["error"]


@given(numbers, st.data())
def test_every_wrong_character_of_a_certificate_number_is_noticed(number: str, data: st.DataObject) -> None:
    with pytest.raises(Malformed):
        codes.check_certificate_number(with_wrong_character(data, number, ALPHANUMERIC))


@given(secrets, st.data())
def test_every_wrong_character_of_a_verification_code_is_noticed(secret: int, data: st.DataObject) -> None:
    wrong = with_wrong_character(data, codes.verification_code(secret), CROCKFORD)
    with pytest.raises(Malformed) as caught:
        codes.parse_verification_code(wrong)
    assert caught.value.code == "check_character"


@given(licences, st.data())
def test_every_wrong_character_of_a_licence_identifier_is_noticed(licence: str, data: st.DataObject) -> None:
    with pytest.raises(Malformed):
        codes.check_licence_identifier(with_wrong_character(data, licence, ALPHANUMERIC + "."))


def test_all_wrong_characters_of_one_example_each_are_noticed() -> None:
    for check, text, alphabet in (
        (codes.check_certificate_number, "2220230101042000007Q", ALPHANUMERIC),
        (codes.parse_verification_code, "7K9Q2MX4TD8F3WAE", CROCKFORD),
        (codes.check_licence_identifier, f"1.2.156.3005.2.{TYPE}.{ISSUER}.2022000123.001.G", ALPHANUMERIC),
    ):
        for at in range(len(text)):
            for char in set(alphabet) - {text[at]}:
                with pytest.raises(Malformed):
                    check(text[:at] + char + text[at + 1 :])


@given(numbers)
def test_a_made_certificate_number_passes_its_own_check(number: str) -> None:
    assert codes.check_certificate_number(number) == number
    assert len(number) == 20


@given(secrets)
def test_a_code_survives_being_printed_in_groups_and_typed_in_lower_case(secret: int) -> None:
    code = codes.verification_code(secret)
    assert codes.parse_verification_code(codes.group_code(code).lower()) == code


@given(secrets)
def test_a_code_carries_all_75_bits(secret: int) -> None:
    value = 0
    for char in codes.verification_code(secret)[:15]:
        value = value * 32 + CROCKFORD.index(char)
    assert value == secret


@given(secrets)
def test_a_code_typed_with_letters_for_digits_is_the_same_code(secret: int) -> None:
    code = codes.verification_code(secret)
    for zero, one in (("O", "I"), ("o", "l"), ("0", "L"), ("O", "i")):
        assert codes.parse_verification_code(code.replace("0", zero).replace("1", one)) == code


@pytest.mark.parametrize("too_much", [-1, 2**75])
def test_more_than_75_bits_are_a_programming_error(too_much: int) -> None:
    with pytest.raises(ValueError, match="75"):
        codes.verification_code(too_much)


@given(licences)
def test_a_made_licence_identifier_passes_its_own_check(licence: str) -> None:
    assert codes.check_licence_identifier(licence.lower()) == licence


def test_a_mistyped_code_says_which_position_and_why() -> None:
    with pytest.raises(Malformed) as caught:
        codes.parse_verification_code("7K9Q-2MX4-TD8F-3WAF")
    assert "第 16 位" in caught.value.zh
    assert "0/O" in caught.value.zh


def test_a_check_character_that_does_not_fit_is_named_by_its_place() -> None:
    number = codes.certificate_number(2025, "2520", "05", "deputy_senior", 1)
    code = codes.verification_code(0)
    for check, text in ((codes.check_certificate_number, number), (codes.parse_verification_code, code)):
        wrong = text[:-1] + ("2" if text[-1] != "2" else "3")
        with pytest.raises(Malformed, match=rf"\(position {len(text)}\)") as caught:
            check(wrong)
        assert f"第 {len(text)} 位" in caught.value.zh


def test_a_number_says_year_series_and_level_of_its_award() -> None:
    number = codes.certificate_number(2025, "2520", "X1", "intermediate", 7)
    assert codes.award_of(number) == codes.award_in(2025, "X1", "intermediate") == "222025X13"
    others = {codes.award_in(2024, "X1", "intermediate"), codes.award_in(2025, "X2", "intermediate")}
    assert codes.award_of(number) not in others | {codes.award_in(2025, "X1", "senior")}


def test_a_licence_identifier_names_one_number_and_one_version() -> None:
    number = codes.certificate_number(2025, "2000", "05", "deputy_senior", 7)
    licence = codes.licence_identifier("112200009999999985001", "112200009999999985", number, 12)
    assert codes.names_version(licence, number, 12)
    assert not codes.names_version(licence, number, 1)
    assert not codes.names_version(licence, number[1:], 12)
    assert not codes.names_version(licence[:-1], number, 12)
