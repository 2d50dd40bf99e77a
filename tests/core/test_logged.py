"""Log proofs as bundles carry them: one way to write each, nothing too long, and no word that the checkpoint does not say."""

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.checkpoint import Head, Proof, WitnessPolicy, format_head, format_proof
from certsvc.core.encoding import b64
from certsvc.core.errors import Malformed
from certsvc.core.jose import thumbprint
from certsvc.core.leaves import MAX_BYTES as MAX_ENTRY
from certsvc.core.leaves import act_leaf, certificate_leaf
from certsvc.core.logged import (
    MAX_NOTE,
    MAX_PROOF,
    Logged,
    LogKeys,
    Span,
    check_stands,
    checkpoint_in,
    log_keys,
    logged_json,
    parse_logged,
    span_between,
)
from certsvc.core.merkle import inclusion_path, leaf_hash, levels
from certsvc.core.note import Note, format_note
from certsvc.core.outcomes import Fault

VECTORS = Path(__file__).parents[1] / "vectors"
sys.path.insert(0, str(VECTORS))

from insecure_log import LOG, NINE, ORIGIN, POLICY, WITNESSES, cosigned, entry, head_at, times  # noqa: E402

KEYS = LogKeys((LOG.key,), POLICY)
LOG_JKT = thumbprint(Ed25519PublicKey.from_public_bytes(LOG.key.public))
SALTS = st.binary(min_size=32, max_size=32)
HASHES = st.binary(min_size=32, max_size=32)
#: A log of this many entries; every checkpoint of it is signed by all witnesses, a minute after the one before.
SIZE = 12
SIZES = st.integers(0, SIZE)


def note_at(size: int) -> bytes:
    return format_note(cosigned(head_at(size), times(60 * size, 60 * size + 1, 60 * size + 2)))


NOTES = [note_at(size) for size in range(SIZE + 1)]
TREES = [levels([leaf_hash(entry(index)) for index in range(size)]) for size in range(SIZE + 1)]


def logged_at(index: int, size: int, before: int | None = None) -> Logged:
    path = tuple(inclusion_path(TREES[size], index))
    return Logged(entry(index), Proof(None, index, path, NOTES[size]), None if before is None else NOTES[before])


def code_of(run: Callable[[], object]) -> str:
    try:
        run()
    except (Malformed, Fault) as refused:
        return refused.code
    return ""


# --- written and read ------------------------------------------------------------------------------------------------


@given(
    st.binary(max_size=MAX_ENTRY).map(lambda data: bytes(byte & 0x7F for byte in data)),
    st.none() | SALTS,
    st.integers(0, 2**63 - 1),
    st.lists(HASHES, max_size=63),
    st.sampled_from(NOTES),
    st.none() | st.sampled_from(NOTES),
)
def test_a_log_proof_is_read_as_it_was_written(
    leaf: bytes, salt: bytes | None, index: int, path: list[bytes], note: bytes, before: bytes | None
) -> None:
    logged = Logged(leaf, Proof(salt, index, tuple(path), note), before)
    value = logged_json(logged)
    assert parse_logged(value) == logged
    assert logged_json(parse_logged(value)) == value


def test_none_is_none() -> None:
    assert parse_logged(None) is None
    assert logged_json(None) is None


@given(st.integers(0, 10_000), st.sampled_from(["entry", "proof", "before"]), st.integers(1, 0x24F))
def test_another_character_is_another_proof_or_none(place: int, member: str, other: int) -> None:
    """What is read is written as it was read, so no byte may change unseen."""
    genuine = logged_json(logged_at(3, 5, 3))
    assert genuine is not None
    text = genuine[member]
    at = place % len(text)
    value = {**genuine, member: text[:at] + chr(other) + text[at + 1 :]}
    try:
        found = parse_logged(value)
    except Malformed:
        return
    assert logged_json(found) == value
    assert (found == parse_logged(genuine)) == (value == genuine)


@given(st.text(max_size=400), st.text(max_size=400), st.none() | st.text(max_size=400))
def test_the_reader_raises_nothing_but_malformed(leaf: str, proof: str, before: str | None) -> None:
    for text in (proof, f"c2sp.org/tlog-proof@v1\nindex 0\n\n{proof}"):
        try:
            parse_logged({"entry": leaf, "proof": text, "before": before})
        except Malformed as refused:
            assert refused.code


def long_note(size: int) -> bytes:
    """A checkpoint of exactly so many bytes, by the line of a name that nobody knows."""
    text = format_head(head_at(4)) + "\n— "
    return f"{text}{'a' * (size - len(text.encode()) - 10)} AAAAAAAA\n".encode()


def written(**changes: Any) -> dict[str, Any]:
    value = logged_json(logged_at(3, 5, 3))
    assert value is not None
    return {**value, **changes}


def with_proof(salt: bytes | None = None, path: int = 3, note: bytes = NOTES[5]) -> str:
    return format_proof(Proof(salt, 3, (bytes(32),) * path, note)).decode()


#: name -> (changes that are just allowed, changes that are just refused, code).
LIMITS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "an entry": ({"entry": "x" * MAX_ENTRY}, {"entry": "x" * (MAX_ENTRY + 1)}, "bundle_size"),
    "an earlier note": (
        {"before": long_note(MAX_NOTE).decode()}, {"before": long_note(MAX_NOTE + 4).decode()}, "bundle_size",
    ),
    "a note in a proof": (
        {"proof": with_proof(note=long_note(MAX_NOTE))}, {"proof": with_proof(note=long_note(MAX_NOTE + 4))},
        "bundle_size",
    ),
    "a path": ({"proof": with_proof(path=63)}, {"proof": with_proof(path=64)}, "checkpoint_form"),
    "a long salt": ({"proof": with_proof(bytes(32))}, {"proof": with_proof(bytes(33))}, "leaf_form"),
    "a short salt": ({"proof": with_proof(bytes(32))}, {"proof": with_proof(bytes(31))}, "leaf_form"),
    "a proof": (
        {"proof": with_proof(bytes(32), 63, long_note(MAX_NOTE))}, {"proof": "x" * (MAX_PROOF + 1)}, "bundle_size",
    ),
    "letters of an entry": ({"entry": "\x7f"}, {"entry": "é"}, "leaf_form"),
}  # fmt: skip


@pytest.mark.parametrize(("allowed", "refused", "code"), LIMITS.values(), ids=LIMITS.keys())
def test_no_part_of_a_log_proof_is_longer_than_it_may_be(
    allowed: dict[str, Any], refused: dict[str, Any], code: str
) -> None:
    assert code_of(lambda: parse_logged(written(**allowed))) == ""
    assert code_of(lambda: parse_logged(written(**refused))) == code


def test_a_note_of_any_length_is_not_verified_either() -> None:
    """The checkpoint of a status list comes another way."""
    text = format_head(head_at(4))
    assert len(long_note(MAX_NOTE + 4)) == MAX_NOTE + 4
    assert code_of(lambda: checkpoint_in(long_note(MAX_NOTE + 4), KEYS)) == "bundle_size"
    assert code_of(lambda: checkpoint_in(long_note(MAX_NOTE), KEYS)) == "checkpoint_bad"
    assert checkpoint_in(format_note(Note(text, cosigned(head_at(4), times(1, 2, 3)).signatures)), KEYS).size == 4


# --- leaves ----------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=300), SALTS, HASHES, HASHES)
def test_a_certificate_has_the_leaf_that_an_act_would_have(
    document: bytes, salt: bytes, signer: bytes, tag: bytes
) -> None:
    one, other = b64(signer), b64(tag)
    assert certificate_leaf(one, document, salt, other) == act_leaf(one, document, salt, [other])


# --- what checkpoints prove ------------------------------------------------------------------------------------------


@given(st.none() | SIZES, SIZES)
def test_a_span_is_what_lies_between_an_earlier_and_a_later_checkpoint(before: int | None, having: int) -> None:
    found = None if before is None else NOTES[before]
    if before is not None and before >= having:
        assert code_of(lambda: span_between(found, NOTES[having], KEYS)) == "checkpoint_bad"
        return
    span = span_between(found, NOTES[having], KEYS)
    assert span.having.size == having
    assert (span.without and span.without.size) == before
    # Two of three clocks must have reached a time before it counts.
    assert span.time is None if before is None else (span.time is not None and span.time.before < span.time.after)
    if before is not None and span.time is not None:
        second = times(60 * before + 1, 60 * having + 1, 0)
        assert {span.time.before, span.time.after} <= set(second.values())


@given(SIZES, SIZES, st.integers(0, SIZE), st.integers(0, SIZE))
def test_an_entry_stands_only_in_its_place_and_only_between_its_checkpoints(
    before: int, having: int, index: int, claimed: int
) -> None:
    if not before < having or index >= having:
        return
    span = span_between(NOTES[before], NOTES[having], KEYS)
    logged = logged_at(index, having)
    moved = Logged(logged.entry, Proof(None, claimed, logged.proof.path, logged.proof.checkpoint), None)
    expected = "" if claimed == index >= before else "checkpoint_bad" if claimed < before else "inclusion_bad"
    assert code_of(lambda: check_stands(moved, span)) == expected
    other = Logged(logged.entry + b" ", moved.proof, None)
    assert code_of(lambda: check_stands(other, span)) in {"checkpoint_bad", "inclusion_bad"}


@given(st.integers(1, SIZE), st.data())
def test_a_path_of_another_length_or_with_another_bit_leads_nowhere(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    span, logged = span_between(None, NOTES[size], KEYS), logged_at(index, size)
    path = list(logged.proof.path)
    others = [[*path, bytes(32)], path[:-1] if path else [bytes(32)]]
    if path:
        place, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
        changed = bytearray(path[place])
        changed[bit // 8] ^= 1 << bit % 8
        others.append([*path[:place], bytes(changed), *path[place + 1 :]])
    for other in others:
        found = Logged(logged.entry, Proof(None, index, tuple(other), NOTES[size]), None)
        assert code_of(lambda found=found: check_stands(found, span)) == "inclusion_bad"
    check_stands(logged, span)


def test_a_checkpoint_of_the_same_entries_in_another_order_is_another_log() -> None:
    leaves = [entry(n) for n in range(5)]
    random.Random(1).shuffle(leaves)
    tree = levels([leaf_hash(one) for one in leaves])
    span = span_between(None, NOTES[5], KEYS)
    for index, leaf in enumerate(leaves):
        found = Logged(leaf, Proof(None, index, tuple(inclusion_path(tree, index)), NOTES[5]), None)
        assert code_of(lambda found=found: check_stands(found, span)) == "inclusion_bad"


def test_without_witnesses_a_span_has_no_time() -> None:
    text = format_head(head_at(5))
    alone = [format_note(Note(format_head(head_at(n)), (LOG.line(format_head(head_at(n))),))) for n in (3, 5)]
    nobody = LogKeys((LOG.key,), WitnessPolicy(0, ()))
    assert span_between(*alone, nobody) == Span(
        checkpoint_in(alone[0], nobody), checkpoint_in(format_note(Note(text, (LOG.line(text),))), nobody), None
    )


def test_one_witness_is_enough_for_a_time_where_one_is_asked() -> None:
    alone = [format_note(cosigned(head_at(n), times(60 * n))) for n in (3, 5)]
    one = LogKeys((LOG.key,), WitnessPolicy(1, POLICY.keys))
    time = span_between(*alone, one).time
    assert time is not None and (time.before, time.after) == (NINE + 180, NINE + 300)


def test_a_checkpoint_of_another_origin_ends_no_span() -> None:
    text = format_head(Head("another.example/log", 3, bytes(32)))
    lines = (LOG.line(text), *(one.line(text, 1) for one in WITNESSES.values()))
    assert code_of(lambda: span_between(format_note(Note(text, lines)), NOTES[5], KEYS)) == "checkpoint_bad"
    assert ORIGIN != "another.example/log"


def why(act: Callable[[], object]) -> dict[str, str]:
    with pytest.raises(Fault) as refused:
        act()
    return refused.value.about.figures


def test_what_is_on_the_wrong_side_or_leads_nowhere_is_said_with_its_place() -> None:
    assert why(lambda: span_between(NOTES[5], NOTES[5], KEYS)) == {"why": "wrong_side"}
    assert why(lambda: span_between(NOTES[6], NOTES[5], KEYS)) == {"why": "wrong_side"}
    span = span_between(NOTES[2], NOTES[5], KEYS)
    assert why(lambda: check_stands(logged_at(1, 5), span)) == {"why": "wrong_side", "index": "1"}
    other = Logged(b"{}", logged_at(3, 5).proof, None)
    assert why(lambda: check_stands(other, span)) == {"index": "3", "size": "5"}


def trust_with(reason: str, **points: int | None) -> dict[str, Any]:
    row = {"jkt": LOG_JKT, "to": 9, "reason": reason, "to_index": None, "good_before_index": None, **points}
    return {"log_vkeys": [LOG.vkey], "witness_policy": None, "keys": [row]}


@pytest.mark.parametrize(("ended", "limit"), [
    (trust_with("rotated", to_index=7), 7),
    (trust_with("rotated", to_index=7, good_before_index=3), 7),
    (trust_with("rotated"), 0),
    (trust_with("compromised", to_index=7, good_before_index=3), 3),
    (trust_with("compromised", to_index=7, good_before_index=8), 7),
    (trust_with("compromised", to_index=7), 0),
    ({**trust_with("rotated", to_index=7), "keys": []}, None),
])  # fmt: skip
def test_an_ended_key_of_the_log_is_believed_up_to_its_end(ended: dict[str, Any], limit: int | None) -> None:
    keys = log_keys(ended)
    line = LOG.line(format_head(head_at(5)))
    assert keys.limit_of(line) == limit
    assert [keys.believes(line, size) for size in (0, 3, 7, 8)] == [
        limit is None or size <= limit for size in (0, 3, 7, 8)
    ]


def test_a_witness_that_only_the_evidence_names_is_a_former_one() -> None:
    first, second, third = sorted(WITNESSES.values(), key=lambda one: one.vkey)
    before = {
        "log_vkeys": [LOG.vkey],
        "keys": [],
        "witness_policy": {"threshold": 1, "vkeys": [first.vkey, second.vkey]},
    }
    after = {**before, "witness_policy": {"threshold": 1, "vkeys": [second.vkey, third.vkey]}}
    assert log_keys(after, before).former == (first.key,)
    assert log_keys(after, before).policy.keys == (second.key, third.key)
    assert log_keys(after).former == log_keys(after, after).former == ()
