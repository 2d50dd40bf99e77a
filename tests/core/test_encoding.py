"""Strict JSON, base64url and canonical JSON: one meaning has one form, and everything else is refused."""

import base64
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.encoding import MAX_DEPTH, b64, canonical, digest, parse_json, rewrite, tagged, unb64
from certsvc.core.errors import Malformed

WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)

REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "json"),
    "two_values": (b"{}{}", "json"),
    "duplicate_member": (b'{"a":1,"a":1}', "json_duplicate"),
    "duplicate_member_deep_inside": (b'[{"a":{"b":1,"b":2}}]', "json_duplicate"),
    "duplicate_member_in_another_spelling": (b'{"a":1,"\\u0061":2}', "json_duplicate"),
    "fraction": (b"1.0", "json_number"),
    "exponent": (b"1e2", "json_number"),
    "not_a_number": (b"[NaN]", "json_number"),
    "infinity": (b"[-Infinity]", "json_number"),
    "beyond_2_53": (b"9007199254740992", "json_number"),
    "far_below_2_53": (b"-9007199254740992", "json_number"),
    "fifty_digits": (b"9" * 50, "json_number"),
    "ten_thousand_digits": (b"9" * 10_000, "json_number"),
    "byte_order_mark": (b"\xef\xbb\xbf{}", "json"),
    "not_utf8": (b'"\xff"', "json"),
    "surrogate_in_utf8": (b'"\xed\xa0\x80"', "json"),
    "lone_surrogate": (b'"\\ud800"', "json_canonical"),
    "lone_surrogate_as_a_name": (b'{"\\uDC00":1}', "json_canonical"),
    "utf16": ('"a"'.encode("utf-16"), "json"),
    "single_quotes": (b"{'a':1}", "json"),
    "trailing_comma": (b"[1,]", "json"),
    "unclosed": (b'{"a":', "json"),
    "control_character": (b'"\x01"', "json"),
    "one_too_deep": (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "json_depth"),
    "ten_thousand_deep": (b"[" * 10_000 + b"]" * 10_000, "json_depth"),
    "ten_thousand_objects_deep": (b'{"a":' * 10_000, "json_depth"),
    "million_deep": (b"[" * 1_000_000, "json_depth"),
}


@pytest.mark.parametrize(("data", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_our_json_is_refused_with_its_reason(data: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse_json(data)
    assert refused.value.code == code


def test_a_number_that_is_refused_is_quoted_no_further_than_its_twentieth_character() -> None:
    with pytest.raises(Malformed, match=r"number 0\.123456789012345678 is"):
        parse_json(b"0.1234567890123456789")


DEEPEST = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH


@pytest.mark.parametrize("data", [DEEPEST, b"9007199254740991", b"-9007199254740991", b'{"a":' + DEEPEST[1:-1] + b"}"])
def test_what_is_just_allowed_is_canonical(data: bytes) -> None:
    parse_json(data, canonical_only=True)


@pytest.mark.parametrize("canonical_only", [False, True])
@pytest.mark.parametrize("data", [
    b"[" + DEEPEST + b"]", b"[" + b"[]," * 40 + DEEPEST + b"]", b"[" * 7 + b"[]," + DEEPEST[6:-6] + b"]" * 7,
])  # fmt: skip
def test_what_stands_beside_brackets_makes_none_of_them_shallower(data: bytes, canonical_only: bool) -> None:
    with pytest.raises(Malformed) as refused:
        parse_json(data, canonical_only=canonical_only)
    assert refused.value.code == "json_depth"


@pytest.mark.parametrize("plane", [0x10000, 0x40000, 0x80000, 0xC0000, 0x100000])
def test_names_beyond_the_basic_plane_stand_where_utf_16_has_them(plane: int) -> None:
    """Each of them begins with another byte in UTF-8, where they come after U+FFEE; in UTF-16 they come before."""
    first, second = chr(plane), "\uffee"
    data = f'{{"{first}":1,"{second}":2}}'.encode()
    assert rewrite({second: 2, first: 1}) == canonical({second: 2, first: 1}) == data


@pytest.mark.parametrize("value", [2**70, "\ud800", {"a": [-(2**64)]}])
def test_what_the_fast_writer_does_not_write_is_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        rewrite(value)


def test_brackets_inside_strings_do_not_count_as_depth() -> None:
    text = "[{" * 100 + '"\\'
    assert parse_json(json.dumps([text]).encode()) == [text]


def test_the_deepest_document_that_is_read_is_read() -> None:
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


@pytest.mark.parametrize("number", [2**53 - 1, -(2**53) + 1, 0])
def test_the_largest_exact_integers_are_read(number: int) -> None:
    assert parse_json(str(number).encode()) == number


NOT_CANONICAL = {
    "space": b'{"a": 1}',
    "newline_at_the_end": b"[]\n",
    "members_out_of_order": b'{"b":1,"a":1}',
    "escaped_letter": b'"\\u0061"',
    "escaped_slash": b'"\\/"',
    "upper_case_escape": b'"\\u001F"',
    "minus_nought": b"-0",
    "astral_name_before_private_use": '{"\ue000":1,"\U00010000":1}'.encode(),
}


@pytest.mark.parametrize("data", NOT_CANONICAL.values(), ids=NOT_CANONICAL.keys())
def test_json_in_another_form_is_read_but_not_as_canonical(data: bytes) -> None:
    parse_json(data)
    with pytest.raises(Malformed) as refused:
        parse_json(data, canonical_only=True)
    assert refused.value.code == "json_canonical"


@given(JSON)
def test_canonical_json_is_what_rfc8785_writes_and_is_read_back(value: Any) -> None:
    try:
        data = rfc8785.dumps(value)
    except UnicodeEncodeError:
        with pytest.raises(Malformed):
            canonical(value)
        return
    assert canonical(value) == rewrite(value) == data
    assert parse_json(data, canonical_only=True) == value


@given(st.binary(max_size=60))
def test_the_parser_raises_nothing_but_malformed_and_accepts_only_what_json_accepts(data: bytes) -> None:
    try:
        value = parse_json(data)
    except Malformed:
        return
    assert json.loads(data.decode()) == value


@pytest.mark.parametrize("value", [float("nan"), {1: 2}, object(), "\ud800", 2**53])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(Malformed) as refused:
        canonical(value)
    assert refused.value.code == "json"


@given(st.binary())
def test_base64url_is_read_back(data: bytes) -> None:
    assert unb64(b64(data)) == data
    assert b64(data) == base64.urlsafe_b64encode(data).decode().rstrip("=")


@given(st.text(alphabet=st.characters(max_codepoint=0x2FF), max_size=12))
def test_only_the_one_form_of_base64url_is_accepted(text: str) -> None:
    try:
        raw = unb64(text)
    except Malformed as error:
        assert error.code == "base64"
        return
    assert b64(raw) == text


@pytest.mark.parametrize(
    "text",
    ["AA==", "AA=", "A", "AB", "AAB", "A A", "AAAA\n", "+AAA", "/AAA", "AA.A", "\u0391AAA"],
    ids=[
        "two_pads",
        "one_pad",
        "one_letter",
        "loose_bits",
        "loose_bit",
        "space",
        "newline",
        "plus",
        "slash",
        "dot",
        "greek",
    ],
)
def test_base64url_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        unb64(text)


def test_a_tagged_hash_begins_with_its_domain() -> None:
    # sha256(b"certsvc/entry/v1\0" + b"ab"), computed with coreutils.
    assert tagged("entry", b"a", b"b").hex() == "5a8e9505c8420d22d570e1de777f94043990d81a093798441d52cdea037375c5"
    assert tagged("entry", b"ab") != tagged("row", b"ab")


def test_a_digest_is_base64url_of_sha_256() -> None:
    # RFC 6234 test "abc".
    assert digest(b"abc") == b64(bytes.fromhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
