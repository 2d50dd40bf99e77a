"""Status lists of 4 bits and of one: every slot its own, and no bomb."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.encoding import b64, unb64
from certsvc.core.errors import Malformed
from certsvc.core.schemas import LIFECYCLE_ACT, LIFECYCLE_ACTS
from certsvc.core.statuslist import AFTER, SLOTS, VALID, encode_bitstring, pack, unpack, value_at, values_of

VALUES = st.dictionaries(st.integers(0, SLOTS - 1), st.sampled_from([0, 1, 2, 3, 11]), max_size=30)


@given(VALUES)
def test_every_slot_has_its_own_value_and_all_others_are_valid(values: dict[int, int]) -> None:
    raw = unpack(pack(values))
    assert {slot: value_at(raw, slot) for slot in values} == values
    assert all(value_at(raw, slot) == values.get(slot, VALID) for near in values for slot in (near ^ 1, near ^ 2))


@given(VALUES)
def test_a_bit_is_set_exactly_for_what_is_not_valid(values: dict[int, int]) -> None:
    text = encode_bitstring(values)
    raw = gzip.decompress(unb64(text.removeprefix("u")))
    assert text[0] == "u" and len(raw) * 8 == SLOTS
    # W3C Bitstring Status List 1.0, 2.2: the first index is the left-most bit.
    bits = {slot for slot in values if raw[slot // 8] & 0x80 >> slot % 8}
    assert bits == {slot for slot, value in values.items() if value != VALID}
    assert sum(byte.bit_count() for byte in raw) == len(bits)


def test_the_even_slot_is_the_low_half_of_its_byte() -> None:
    # draft-ietf-oauth-status-list 4.1: from the least significant bit.
    assert unpack(pack({0: 1, 1: 11}))[0] == 0xB1


@pytest.mark.parametrize("values", [{}, {0: 1}, {1: 11}, {0: 2, 1: 3, 2: 1, SLOTS - 2: 15, SLOTS - 1: 8}])
def test_what_was_packed_is_read_again_slot_by_slot(values: dict[int, int]) -> None:
    assert values_of(unpack(pack(values))) == values


BOMBS = {
    "not_base64": "*",
    "not_zlib": b64(b"zzzz"),
    "empty": "",
    "one_byte_short": b64(zlib.compress(bytes(SLOTS // 2 - 1))),
    "one_byte_long": b64(zlib.compress(bytes(SLOTS // 2 + 1))),
    "ten_megabytes": b64(zlib.compress(bytes(10_000_000), 9)),
    "cut_off": b64(zlib.compress(bytes(SLOTS // 2), 9)[:-4]),
    "bytes_after_it": b64(zlib.compress(bytes(SLOTS // 2), 9) + b"x"),
    "two_streams": b64(zlib.compress(bytes(SLOTS // 2), 9) * 2),
    "gzip": b64(gzip.compress(bytes(SLOTS // 2))),
}


@pytest.mark.parametrize("lst", BOMBS.values(), ids=BOMBS.keys())
def test_what_is_not_exactly_one_list_is_refused(lst: str) -> None:
    with pytest.raises(Malformed) as refused:
        unpack(lst)
    assert refused.value.code in ("status_form", "base64")


@pytest.mark.parametrize("slot", [-1, SLOTS, 2**31, 2**64])
def test_a_slot_outside_the_list_is_refused(slot: int) -> None:
    with pytest.raises(Malformed, match=r"^status_form:"):
        value_at(bytes(SLOTS // 2), slot)


def test_the_last_slot_is_inside_the_list() -> None:
    assert value_at(unpack(pack({SLOTS - 1: 3})), SLOTS - 1) == 3


def test_terminal_states_are_terminal_and_all_values_may_be_signed() -> None:
    assert [AFTER[value] for value in (1, 3, 11)] == [{}, {}, {}]
    assert {act for after in AFTER.values() for act in after} == set(LIFECYCLE_ACTS)
    assert set(AFTER) == set(LIFECYCLE_ACT["value"].values)


def test_a_bitstring_is_the_same_bytes_at_every_time() -> None:
    packed = gzip.compress(bytes(16_384), 9, mtime=0)
    assert encode_bitstring({}) == encode_bitstring({}) and unb64(encode_bitstring({})[1:])[4:8] == packed[
        4:8
    ] == bytes(4)
