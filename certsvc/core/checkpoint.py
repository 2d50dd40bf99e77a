"""Checkpoints of the log (C2SP tlog-checkpoint), the quorum of witnesses over them, and offline proofs (C2SP tlog-proof).

A size and a root are believed only as members of a `Checkpoint`, and `verify_checkpoint` alone makes these.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from certsvc.core.errors import Malformed
from certsvc.core.merkle import inclusion_holds
from certsvc.core.note import (
    COSIGNATURE,
    ED25519,
    MAX_BYTES,
    Note,
    VerifierKey,
    decode_base64,
    encode_base64,
    parse_note,
    parse_vkey,
    verified_signatures,
)
from certsvc.core.outcomes import Fault

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
#: No tree of less than 2^63 leaves has a longer path (tlog-witness has the same limit).
MAX_PATH = 63

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Head:
    """The three lines that a log signs. Alone it proves nothing."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class Checkpoint:
    """A tree head that the log signed and enough witnesses saw."""

    origin: str
    size: int
    root: bytes
    witness_times: dict[str, int]
    """Name of each witness of the policy that cosigned -> its time in seconds since 1970 UTC."""


@dataclass(frozen=True)
class WitnessPolicy:
    """How many of which witnesses must have cosigned (TRUST.witness_policy)."""

    threshold: int
    keys: tuple[VerifierKey, ...]
    limits: tuple[int | None, ...] = ()
    """For each of `keys` the largest size whose cosignature counts; None while it is a witness, and where nothing is said."""

    def keys_for(self, size: int) -> tuple[VerifierKey, ...]:
        """Those whose cosignature of a checkpoint of this size counts."""
        pairs = zip_longest(self.keys, self.limits[: len(self.keys)])
        return tuple(key for key, limit in pairs if limit is None or size <= limit)


@dataclass(frozen=True)
class Proof:
    """A parsed tlog-proof. Nothing in it is verified yet, and `extra` is never signed by anyone."""

    extra: bytes | None
    """Ours: the 32-byte salt that opens the leaf."""
    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    """The signed note, verbatim."""


def parse_log_keys(vkeys: Iterable[str]) -> tuple[VerifierKey, ...]:
    """The keys of TRUST.log_vkeys. Raises Malformed for any that is not a log's."""
    return _keys_of_kind(vkeys, ED25519)


def parse_policy(threshold: int, vkeys: Iterable[str]) -> WitnessPolicy:
    """The policy of TRUST.witness_policy. Raises Malformed for one that cannot be satisfied, or that counts twice.

    A cosignature does not name its witness, so one key under two names would be two witnesses (tlog-cosignature).
    """
    keys = _keys_of_kind(vkeys, COSIGNATURE)
    if not 1 <= threshold <= len({key.name for key in keys}) == len(keys):
        en = "Two witnesses share a name, or the threshold is not between 1 and their number."
        raise Malformed("witness_policy", "见证人重名,或见证人数要求无法满足", en)
    return WitnessPolicy(threshold, keys)


def parse_head(text: str) -> Head:
    """The three lines in `text`. Raises Malformed; extension lines, which no monitor can audit, are refused too."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise _malformed("a checkpoint is three lines: origin, size, root")
    return Head(lines[0], _decimal(lines[1]), _hash(lines[2]))


def format_head(head: Head) -> str:
    """The note text for `head`, without signatures."""
    return f"{head.origin}\n{head.size}\n{encode_base64(head.root)}\n"


def verify_checkpoint(
    note: Note,
    log_keys: Sequence[VerifierKey],
    policy: WitnessPolicy,
    *,
    closed: bool = True,
    former: Sequence[VerifierKey] = (),
) -> Checkpoint:
    """The checkpoint in `note`, if its log and enough witnesses of `policy` signed it.

    Raises Malformed for a text of another form; Fault `checkpoint_bad` for a signature that does not hold, no log
    signature, or a log of another name than the origin; Fault `witness_quorum` for too few witnesses. `closed` is for
    notes inside bundles, which have the form that `close_note` gives them (formats.md 7). `former` witnesses were of the
    policy when the note was written: their lines may stand in it and must hold, and count for nothing, as do those of a
    witness that has ended under a larger checkpoint than its last. Not checked: that
    witness times lie in the past.
    """
    head = parse_head(note.text)
    whoever = WitnessPolicy(policy.threshold, (*policy.keys, *former))
    signed = verified_signatures(note, (*log_keys, *whoever.keys))
    logs = [key for key in signed if key.kind == ED25519]
    if not logs or any(key.name != head.origin for key in logs):
        raise Fault("checkpoint_bad", why="origin", origin=head.origin)
    if closed and (len(logs) != 1 or note != close_note(note, logs[0], whoever)):
        raise Fault("checkpoint_bad", why="not_closed", origin=head.origin)
    counted = policy.keys_for(head.size)
    times = {key.name: time for key, time in signed.items() if time is not None and key in counted}
    if len(times) < policy.threshold:
        raise Fault("witness_quorum", found=len(times), needed=policy.threshold)
    return Checkpoint(head.origin, head.size, head.root, times)


def close_note(note: Note, log_key: VerifierKey, policy: WitnessPolicy) -> Note:
    """The note with the line of `log_key` and then those of the policy's witnesses by name, as bundles hold it.

    Lines that nothing verifies, or another order, would be bytes that may change while the evidence stays the same.
    """
    order = [log_key, *sorted(policy.keys, key=lambda key: key.name)]
    lines = [line for key in order for line in note.signatures if (line.name, line.key_id) == key.line]
    return Note(note.text, tuple(lines))


def parse_proof(data: bytes) -> Proof:
    """The tlog-proof written in `data`. Raises Malformed."""
    if len(data) > MAX_BYTES:
        raise _malformed(f"longer than {MAX_BYTES} bytes")
    front, blank, checkpoint = data.partition(b"\n\n")
    header, *lines = front.decode("utf-8", "replace").split("\n")
    if header != PROOF_HEADER or not blank or not lines:
        raise _malformed(f"a proof begins with {PROOF_HEADER} and has a blank line")
    extra = decode_base64(lines.pop(0).removeprefix("extra ")) if lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index ") or len(lines) > MAX_PATH + 1 or extra == b"":
        raise _malformed(f"no index line, an empty extra line, or more than {MAX_PATH} hashes")
    index, *path = lines
    return Proof(extra, _decimal(index.removeprefix("index ")), tuple(map(_hash, path)), checkpoint)


def format_proof(proof: Proof) -> bytes:
    extra = [] if proof.extra is None else [f"extra {encode_base64(proof.extra)}"]
    lines = [PROOF_HEADER, *extra, f"index {proof.index}", *map(encode_base64, proof.path), "", ""]
    return "\n".join(lines).encode() + proof.checkpoint


def verify_proof(
    proof: Proof, leaf: bytes, log_keys: Sequence[VerifierKey], policy: WitnessPolicy, *, closed: bool = True
) -> Checkpoint:
    """The verified checkpoint under which the leaf hash `leaf` stands at `proof.index`.

    Size and root come from that checkpoint and from nowhere else. Raises as `parse_note` and `verify_checkpoint`, and
    Fault `inclusion_bad`.
    """
    checkpoint = verify_checkpoint(parse_note(proof.checkpoint), log_keys, policy, closed=closed)
    if not inclusion_holds(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root):
        raise Fault("inclusion_bad", index=proof.index, size=checkpoint.size)
    return checkpoint


def _keys_of_kind(vkeys: Iterable[str], kind: int) -> tuple[VerifierKey, ...]:
    keys = tuple(parse_vkey(text) for text in vkeys)
    distinct = len({key.public for key in keys}) == len({(key.name, key.key_id) for key in keys}) == len(keys)
    if not distinct or any(key.kind != kind for key in keys):
        raise Malformed("vkey_form", "日志公钥重复或类型不符", "Verifier keys are repeated or of another type.")
    return keys


def _decimal(text: str) -> int:
    """ASCII decimal without leading zeros, below 2^63."""
    if not _DECIMAL.fullmatch(text) or int(text) >= 2**63:
        raise _malformed("a number is decimal without leading zeros, below 2^63")
    return int(text)


def _hash(text: str) -> bytes:
    raw = decode_base64(text)
    if len(raw) != 32:
        raise _malformed("a hash has 32 bytes")
    return raw


def _malformed(en: str) -> Malformed:
    return Malformed("checkpoint_form", "日志检查点或证明格式错误", f"The checkpoint or proof is malformed: {en}.")
