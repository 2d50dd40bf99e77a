"""Signed notes: who signed, what is ignored, and what refuses the whole note."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.errors import Malformed
from certsvc.core.note import (
    COSIGNATURE,
    ED25519,
    MAX_BYTES,
    MAX_SIGNATURES,
    Note,
    NoteSignature,
    VerifierKey,
    decode_base64,
    encode_base64,
    format_line,
    format_note,
    format_vkey,
    message_to_sign,
    parse_note,
    parse_vkey,
    verified_signatures,
)
from certsvc.core.outcomes import Fault

VECTORS = Path(__file__).parents[1] / "vectors"
sys.path.insert(0, str(VECTORS))

import make_log_vectors as maker  # noqa: E402
from insecure_log import LOG, NINE, WITNESS_NAMES, WITNESSES, insecure_signer  # noqa: E402
from log_note_cases import SPEC_VKEY  # noqa: E402

FOUND: dict[str, Any] = json.loads((VECTORS / "log" / "note.json").read_text("utf-8"))
NAMES = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="+"), min_size=1, max_size=20)


def ids(case: dict[str, Any]) -> str:
    return str(case["id"])


@pytest.mark.parametrize("name", maker.make())
def test_the_vectors_of_the_log_are_made_again_byte_for_byte(name: str) -> None:
    assert (VECTORS / "log" / name).read_text("utf-8") == maker.make()[name]


@pytest.mark.parametrize("case", FOUND["vkeys"], ids=ids)
def test_a_verifier_key_is_read_as_its_vector_says(case: dict[str, Any]) -> None:
    expected = case["expected"]
    if "refused" in expected:
        with pytest.raises(Malformed) as refused:
            parse_vkey(case["vkey"])
        assert refused.value.code == expected["refused"]
        return
    key = parse_vkey(case["vkey"])
    assert (key.name, key.kind, encode_base64(key.public)) == (expected["name"], expected["type"], expected["public"])
    assert key.key_id.hex() == expected["key_id"]
    assert format_vkey(key) == case["vkey"]


def test_no_part_of_a_verifier_key_and_none_with_a_changed_letter_is_one() -> None:
    """The manglings of golang.org/x/mod/sumdb/note."""
    vkey = SPEC_VKEY
    parts = {vkey[first:last] for first in range(len(vkey)) for last in range(first, len(vkey) + 1)} - {vkey}
    changed = {vkey[:at] + chr(ord(vkey[at]) + 1) + vkey[at + 1 :] for at in range(len(vkey))}
    for text in (*parts, *changed, "\ud800" + vkey):
        with pytest.raises(Malformed):
            parse_vkey(text)


@pytest.mark.parametrize("case", FOUND["cases"], ids=ids)
def test_a_note_is_read_as_its_vector_says(case: dict[str, Any]) -> None:
    keys, data = [parse_vkey(one) for one in case["vkeys"]], case["note"].encode()
    if "refused" in case["expected"]:
        with pytest.raises((Malformed, Fault)) as refused:
            verified_signatures(parse_note(data), keys)
        assert refused.value.code == case["expected"]["refused"]
        return
    note = parse_note(data)
    assert {key.name: time for key, time in verified_signatures(note, keys).items()} == case["expected"]["signed"]
    assert format_note(note) == data


@given(NAMES, st.sampled_from([ED25519, COSIGNATURE]), st.binary(min_size=32, max_size=32))
def test_a_verifier_key_is_read_back(name: str, kind: int, public: bytes) -> None:
    key = VerifierKey(name, kind, public)
    assert parse_vkey(format_vkey(key)) == key


@given(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters=[chr(n) for n in range(32)])),
    st.lists(
        st.builds(NoteSignature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1)),
        min_size=1,
        max_size=5,
    ),
)
def test_a_note_is_read_back(text: str, signatures: list[NoteSignature]) -> None:
    note = Note(f"x{text}\n", tuple(signatures))
    assert parse_note(format_note(note)) == note


@given(st.binary(max_size=80))
def test_the_reader_raises_nothing_but_malformed(data: bytes) -> None:
    try:
        note = parse_note(b"text\n\n" + data)
    except Malformed:
        return
    assert format_note(note) == b"text\n\n" + data


@given(st.integers(0, 2**63 - 1))
def test_a_cosignature_holds_for_its_own_time(time: int) -> None:
    witness = WITNESSES[WITNESS_NAMES[0]]
    note = Note("text\n", (witness.line("text\n", time),))
    assert verified_signatures(note, [witness.key]) == {witness.key: time}


def test_a_cosignature_is_over_its_header_its_time_and_the_whole_text() -> None:
    # The message printed in C2SP tlog-cosignature.
    body = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    message = message_to_sign(WITNESSES[WITNESS_NAMES[0]].key, body, 1679315147)
    assert message == b"cosignature/v1\ntime 1679315147\n" + body.encode()
    assert message_to_sign(LOG.key, body) == body.encode()


def test_one_key_has_two_ids_for_two_kinds_of_signature() -> None:
    assert LOG.key.key_id != insecure_signer(LOG.key.name, COSIGNATURE).key.key_id


@pytest.mark.parametrize("length", [0, 1, 7, 8, 63, 71, 73])
def test_a_cosignature_of_another_length_is_refused(length: int) -> None:
    witness = WITNESSES[WITNESS_NAMES[0]].key
    note = Note("text\n", (NoteSignature(witness.name, witness.key_id, bytes(length)),))
    with pytest.raises(Fault, match=r"^checkpoint_bad$") as refused:
        verified_signatures(note, [witness])
    assert refused.value.about.figures == {"why": "signature", "key": witness.name}


def test_a_key_that_signed_twice_is_named() -> None:
    witness = WITNESSES[WITNESS_NAMES[0]]
    note = Note("text\n", (witness.line("text\n", 1), witness.line("text\n", 2)))
    with pytest.raises(Fault, match=r"^checkpoint_bad$") as refused:
        verified_signatures(note, [witness.key])
    assert refused.value.about.figures == {"why": "signed_twice", "key": witness.key.name}


NOT_NOTES = {
    "not_utf8": b"\xff\n\n\xe2\x80\x94 a AAAAAAA=\n",
    "surrogate": b"\xed\xa0\x80\n\n\xe2\x80\x94 a AAAAAAA=\n",
    "empty": b"",
    "newlines_only": b"\n\n\n",
    "empty_text": b"\n\n\xe2\x80\x94 a AAAAAAA=\n",
    "nought_byte": b"a\0\n\n\xe2\x80\x94 a AAAAAAA=\n",
    "escape": b"a\x1b\n\n\xe2\x80\x94 a AAAAAAA=\n",
    "unit_separator": b"a\x1f\n\n\xe2\x80\x94 a AAAAAAA=\n",
    "vertical_tab": b"a\x0b\n\n\xe2\x80\x94 a AAAAAAA=\n",
}


@pytest.mark.parametrize("data", NOT_NOTES.values(), ids=NOT_NOTES.keys())
def test_what_is_no_note_is_refused(data: bytes) -> None:
    assert parse_note(b"a\n\n\xe2\x80\x94 a AAAAAAA=\n").text == "a\n"
    with pytest.raises(Malformed, match=r"^note_form:"):
        parse_note(data)


def test_a_note_may_be_so_long_and_have_so_many_signatures_and_no_more() -> None:
    line = format_line(NoteSignature("a", bytes(4), b"x"))
    most = f"text\n\n{line * MAX_SIGNATURES}"
    assert len(parse_note(most.encode()).signatures) == MAX_SIGNATURES >= 16
    longest = b"x" * (MAX_BYTES - len(f"\n\n{line}".encode())) + f"\n\n{line}".encode()
    assert parse_note(longest)
    for too_much in ((most + line).encode(), b"x" + longest):
        with pytest.raises(Malformed, match=r"^note_form:"):
            parse_note(too_much)


@given(st.binary())
def test_base64_is_read_back(data: bytes) -> None:
    assert decode_base64(encode_base64(data)) == data


@pytest.mark.parametrize(
    "text", ["AA", "AB==", "AAB=", "AA==\n", " AAAA", "AA-_", "A", "AAAA=", "\u0391AAA", "AAAA AAAA"]
)
def test_base64_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match=r"^base64:"):
        decode_base64(text)


def test_the_time_of_a_witness_is_not_compared_with_any_clock() -> None:
    witness = WITNESSES[WITNESS_NAMES[0]]
    note = Note("text\n", (witness.line("text\n", NINE * 100),))
    assert verified_signatures(note, [witness.key])[witness.key] == NINE * 100
