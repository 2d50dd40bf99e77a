"""Checkpoints and offline proofs: size and root are believed only under the log's signature and a quorum."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.checkpoint import (
    Checkpoint,
    Head,
    Proof,
    WitnessPolicy,
    close_note,
    format_head,
    format_proof,
    parse_head,
    parse_log_keys,
    parse_policy,
    parse_proof,
    verify_checkpoint,
    verify_proof,
)
from certsvc.core.errors import Malformed
from certsvc.core.merkle import leaf_hash
from certsvc.core.note import COSIGNATURE, MAX_BYTES, Note, encode_base64, parse_note
from certsvc.core.outcomes import Fault

VECTORS = Path(__file__).parents[1] / "vectors"
sys.path.insert(0, str(VECTORS))

from insecure_log import (  # noqa: E402
    LOG,
    ORIGIN,
    POLICY,
    WITNESS_NAMES,
    WITNESSES,
    cosigned,
    entry,
    head_at,
    insecure_signer,
    proof_at,
    times,
)

WITNESS_VKEYS = [WITNESSES[name].vkey for name in WITNESS_NAMES]
HASHES = st.binary(min_size=32, max_size=32)


def cases(name: str) -> list[dict[str, Any]]:
    return list(json.loads((VECTORS / "log" / f"{name}.json").read_text("utf-8"))["cases"])


@pytest.mark.parametrize("case", cases("checkpoint"), ids=lambda case: case["id"])
def test_a_checkpoint_is_judged_as_its_vector_says(case: dict[str, Any]) -> None:
    keys, policy, expected = parse_log_keys(case["log_vkeys"]), parse_policy(**case["witness_policy"]), case["expected"]
    if "refused" in expected:
        with pytest.raises((Malformed, Fault)) as refused:
            verify_checkpoint(parse_note(case["note"].encode()), keys, policy, closed=case["closed"])
        assert refused.value.code == expected["refused"]
        return
    found = verify_checkpoint(parse_note(case["note"].encode()), keys, policy, closed=case["closed"])
    assert {**asdict(found), "root": encode_base64(found.root)} == expected


@pytest.mark.parametrize("case", cases("proof"), ids=lambda case: case["id"])
def test_a_proof_is_judged_as_its_vector_says(case: dict[str, Any]) -> None:
    keys, policy, expected = parse_log_keys(case["log_vkeys"]), parse_policy(**case["witness_policy"]), case["expected"]
    leaf = leaf_hash(case["entry"].encode())
    if "refused" in expected:
        with pytest.raises((Malformed, Fault)) as refused:
            verify_proof(parse_proof(case["proof"].encode()), leaf, keys, policy)
        assert refused.value.code == expected["refused"]
        return
    proof = parse_proof(case["proof"].encode())
    assert format_proof(proof) == case["proof"].encode()
    assert verify_proof(proof, leaf, keys, policy).size == expected["size"]
    extra = None if proof.extra is None else encode_base64(proof.extra)
    assert (proof.index, extra) == (expected["index"], expected["extra"])


@given(st.integers(0, 2**63 - 1), HASHES)
def test_a_head_is_read_back(size: int, root: bytes) -> None:
    head = Head(ORIGIN, size, root)
    assert parse_head(format_head(head)) == head


@given(st.none() | st.binary(min_size=1), st.integers(0, 2**63 - 1), st.lists(HASHES, max_size=63), st.binary())
def test_a_proof_is_read_back(extra: bytes | None, index: int, path: list[bytes], checkpoint: bytes) -> None:
    proof = Proof(extra, index, tuple(path), checkpoint)
    assert parse_proof(format_proof(proof)) == proof


@given(st.binary(max_size=60))
def test_the_reader_of_proofs_raises_nothing_but_malformed(data: bytes) -> None:
    for front in (b"", b"c2sp.org/tlog-proof@v1\n", b"c2sp.org/tlog-proof@v1\nindex "):
        try:
            proof = parse_proof(front + data)
        except Malformed:
            continue
        assert format_proof(proof) == front + data


@given(st.text(max_size=40))
def test_the_reader_of_heads_raises_nothing_but_malformed(text: str) -> None:
    for front in ("", f"{ORIGIN}\n", f"{ORIGIN}\n7\n"):
        try:
            head = parse_head(front + text)
        except Malformed:
            continue
        assert format_head(head) == front + text


@given(st.integers(1, 40), st.data())
def test_every_entry_is_proved_and_no_other_entry_is(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = proof_at(index, size, times(1, 2))
    found = verify_proof(proof, leaf_hash(entry(index)), [LOG.key], POLICY)
    assert found == Checkpoint(ORIGIN, size, head_at(size).root, times(1, 2))
    with pytest.raises(Fault, match=r"^inclusion_bad$") as refused:
        verify_proof(proof, leaf_hash(entry(index + 1)), [LOG.key], POLICY)
    assert refused.value.about.figures == {"index": str(index), "size": str(size)}


@pytest.mark.parametrize("threshold", [1, 2, 3])
@pytest.mark.parametrize("seen", [0, 1, 2, 3])
def test_exactly_k_of_n_witnesses_are_enough(threshold: int, seen: int) -> None:
    note, policy = cosigned(head_at(7), times(*range(seen))), WitnessPolicy(threshold, POLICY.keys)
    if seen >= threshold:
        assert len(verify_checkpoint(note, [LOG.key], policy).witness_times) == seen
        return
    with pytest.raises(Fault) as refused:
        verify_checkpoint(note, [LOG.key], policy)
    assert refused.value.code == "witness_quorum"
    assert refused.value.about.figures == {"found": str(seen), "needed": str(threshold)}


def test_a_log_that_nobody_knows_proves_nothing() -> None:
    with pytest.raises(Fault, match=r"^checkpoint_bad$"):
        verify_checkpoint(cosigned(head_at(7), times(1, 2)), [], POLICY, closed=False)


def test_two_logs_under_one_note_are_refused() -> None:
    other = insecure_signer("log.example/other")
    note = cosigned(head_at(7), times(1, 2))
    both = Note(note.text, (*note.signatures, other.line(note.text)))
    with pytest.raises(Fault, match=r"^checkpoint_bad$") as refused:
        verify_checkpoint(both, [LOG.key, other.key], POLICY, closed=False)
    assert refused.value.about.figures == {"why": "origin", "origin": ORIGIN}


def test_a_note_of_the_open_page_is_closed_for_a_bundle() -> None:
    note = cosigned(head_at(7), times(1, 2, 3))
    renewed, stranger = insecure_signer(ORIGIN, seed="renewed log"), insecure_signer("a.example", COSIGNATURE)
    page = Note(note.text, (renewed.line(note.text), stranger.line(note.text, 1), *reversed(note.signatures)))
    keys = [LOG.key, renewed.key]
    with pytest.raises(Fault, match=r"^checkpoint_bad$") as refused:
        verify_checkpoint(page, keys, POLICY)
    assert refused.value.about.figures == {"why": "not_closed", "origin": ORIGIN}
    assert close_note(page, LOG.key, POLICY) == note
    assert verify_checkpoint(note, keys, POLICY) == verify_checkpoint(page, keys, POLICY, closed=False)


BAD_POLICIES: dict[str, tuple[int, list[str], str]] = {
    "nobody_needed": (0, WITNESS_VKEYS, "witness_policy"),
    "more_than_there_are": (4, WITNESS_VKEYS, "witness_policy"),
    "nobody_named": (0, [], "witness_policy"),
    "negative": (-1, WITNESS_VKEYS, "witness_policy"),
    "witness_named_twice": (2, [WITNESS_VKEYS[0]] * 2, "vkey_form"),
    "one_key_two_names": (2, [WITNESS_VKEYS[0], insecure_signer("b.example", COSIGNATURE, WITNESS_NAMES[0]).vkey], "vkey_form"),
    "one_name_two_keys": (2, [WITNESS_VKEYS[0], insecure_signer(WITNESS_NAMES[0], COSIGNATURE, "b").vkey], "witness_policy"),
    "log_as_witness": (1, [LOG.vkey], "vkey_form"),
}  # fmt: skip


@pytest.mark.parametrize(("threshold", "vkeys", "code"), BAD_POLICIES.values(), ids=BAD_POLICIES.keys())
def test_a_policy_that_cannot_hold_or_counts_twice_is_refused(threshold: int, vkeys: list[str], code: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse_policy(threshold, vkeys)
    assert refused.value.code == code


def test_a_policy_is_read_as_the_trust_bundle_writes_it() -> None:
    assert parse_policy(threshold=2, vkeys=WITNESS_VKEYS) == POLICY


def test_log_keys_are_keys_of_logs_each_once_and_may_share_the_origin() -> None:
    renewed = insecure_signer(ORIGIN, seed="renewed log")
    assert parse_log_keys([LOG.vkey, renewed.vkey]) == (LOG.key, renewed.key)
    for wrong in ([WITNESS_VKEYS[0]], [LOG.vkey, LOG.vkey]):
        with pytest.raises(Malformed, match=r"^vkey_form:"):
            parse_log_keys(wrong)


def test_a_proof_may_be_so_long_and_no_longer() -> None:
    front = b"c2sp.org/tlog-proof@v1\nindex 0\n\n"
    assert parse_proof(front + bytes(MAX_BYTES - len(front)))
    with pytest.raises(Malformed, match=r"^checkpoint_form:"):
        parse_proof(front + bytes(MAX_BYTES - len(front) + 1))
