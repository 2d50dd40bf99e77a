"""That a document was logged, as a bundle carries it (formats.md 6, 7): its entry, its proof, and a checkpoint before.

Written `{"entry", "proof", "before"}`: the bytes of the log entry; a C2SP tlog-proof of it under the first checkpoint
with enough cosignatures that contains it, whose `extra` is the salt that opens the entry; and the note of the last such
checkpoint without it. Both notes as they are, so each stands by itself in anybody else's reader.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from certsvc.core.checkpoint import (
    Checkpoint,
    Proof,
    WitnessPolicy,
    format_proof,
    parse_head,
    parse_log_keys,
    parse_policy,
    parse_proof,
    verify_checkpoint,
)
from certsvc.core.errors import Malformed
from certsvc.core.jose import thumbprint
from certsvc.core.leaves import MAX_BYTES as MAX_ENTRY
from certsvc.core.merkle import inclusion_holds, leaf_hash
from certsvc.core.note import NoteSignature, VerifierKey, parse_note
from certsvc.core.outcomes import Fault
from certsvc.core.trusted_time import TrustedTime, trusted_time

#: The largest note in a bundle; the closed form of 32 lines with names of 120 bytes is smaller.
MAX_NOTE = 8192
#: A salt, an index and 63 hashes beside the note.
MAX_PROOF = MAX_NOTE + 4096
#: Bytes of a leaf salt.
SALT = 32


@dataclass(frozen=True)
class Logged:
    """The evidence of one log entry. Nothing in it is verified yet."""

    entry: bytes
    """The leaf: what the log hashed."""
    proof: Proof
    before: bytes | None
    """Note of the last cosigned checkpoint without the entry; None when there is none."""


def parse_logged(value: dict[str, Any] | None) -> Logged | None:
    """The member `log` of a bundle. Raises Malformed; both notes must at least name a size.

    What is refused here for its length is never remembered, so hostile bundles do not fill the memory.
    """
    if value is None:
        return None
    entry, before = _ascii(value["entry"]), value["before"]
    _check_length("entry", entry, MAX_ENTRY)
    _check_length("proof", value["proof"], MAX_PROOF)
    proof = parse_proof(value["proof"].encode())
    if proof.extra is not None and len(proof.extra) != SALT:
        raise Malformed("leaf_form", "日志条目的盐值格式错误", f"The salt of a log entry has {SALT} bytes.")
    proof = Proof(proof.extra, proof.index, proof.path, _named(proof.checkpoint))
    return Logged(entry, proof, None if before is None else _named(before.encode()))


def logged_json(logged: Logged | None) -> dict[str, Any] | None:
    """`logged` as `parse_logged` reads it."""
    if logged is None:
        return None
    before = None if logged.before is None else logged.before.decode()
    return {"entry": logged.entry.decode(), "proof": format_proof(logged.proof).decode(), "before": before}


@lru_cache(maxsize=4096)
def _named(note: bytes) -> bytes:
    """`note`, the same object for all entries under one checkpoint, once it is known to be one."""
    _check_length("note", note, MAX_NOTE)
    parse_head(_parsed(note).text)
    return note


_parsed = lru_cache(maxsize=1024)(parse_note)


def _check_length(what: str, data: bytes | str, most: int) -> None:
    if len(data) > most:
        zh, en = "证据包中的日志证明过长", f"The {what} of a log proof in a bundle has at most {most} bytes."
        raise Malformed("bundle_size", zh, en)


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError as error:
        raise Malformed("leaf_form", "日志条目格式错误", "A log entry holds characters outside ASCII.") from error


@dataclass(frozen=True, eq=False)
class LogKeys:
    """Whom to believe about the log: its keys, and how many of which witnesses (TRUST.log_vkeys, witness_policy)."""

    log: tuple[VerifierKey, ...]
    policy: WitnessPolicy
    limits: tuple[int | None, ...] = ()
    """For each of `log` the largest size that it may have signed; None while it lives."""
    former: tuple[VerifierKey, ...] = ()
    """Witnesses that the evidence names and the newest policy does not: see `verify_checkpoint`."""

    def believes(self, line: NoteSignature, size: int) -> bool:
        """Whether the key of a signature line may have signed a checkpoint of that size."""
        limit = self.limit_of(line)
        return limit is None or size <= limit

    def limit_of(self, line: NoteSignature) -> int | None:
        """The largest size that the key of a signature line may have signed."""
        pairs = zip(self.log, self.limits, strict=False)
        return next((limit for key, limit in pairs if (key.name, key.key_id) == (line.name, line.key_id)), None)


@dataclass(frozen=True)
class Span:
    """Two verified checkpoints of one log: entries of this span are in the later one, and not in the earlier one."""

    without: Checkpoint | None
    having: Checkpoint
    time: TrustedTime | None
    """None unless witnesses saw both."""


def log_keys(trust: Mapping[str, Any], carried: Mapping[str, Any] | None = None) -> LogKeys:
    """The keys that a trust bundle names; without a policy nobody need have cosigned. Raises Malformed.

    `carried` is the trust bundle of the evidence, where the other one is newer.

    A key that has ended is believed for what it signed before: up to the entry that tells of its end or, if it was
    stolen, up to the size that was good. So is a witness.
    """
    keys, ends = parse_log_keys(trust["log_vkeys"]), {row["jkt"]: row for row in trust["keys"] if row["to"] is not None}
    limits = tuple(_limit(ends.get(_jkt(key.public))) for key in keys)
    policy = trust["witness_policy"]
    wanted, before = _policy(policy), _policy(None if carried is None else carried["witness_policy"])
    seen = tuple(_limit(ends.get(_jkt(key.public))) for key in wanted.keys)
    wanted = replace(wanted, limits=seen) if any(limit is not None for limit in seen) else wanted
    return LogKeys(keys, wanted, limits, tuple(key for key in before.keys if key not in wanted.keys))


def _policy(said: Mapping[str, Any] | None) -> WitnessPolicy:
    return WitnessPolicy(0, ()) if said is None else parse_policy(said["threshold"], said["vkeys"])


@lru_cache(maxsize=1024)
def checkpoint_in(note: bytes, keys: LogKeys) -> Checkpoint:
    """The verified checkpoint in a note of a bundle. Raises as `verify_checkpoint`, and Fault `log_key_ended`."""
    _check_length("note", note, MAX_NOTE)
    parsed = _parsed(note)
    found = verify_checkpoint(parsed, keys.log, keys.policy, former=keys.former)
    line = parsed.signatures[0]
    if not keys.believes(line, found.size):
        raise Fault("log_key_ended", size=found.size, limit=keys.limit_of(line))
    return found


@lru_cache(maxsize=64)
def _jkt(public: bytes) -> str:
    return thumbprint(Ed25519PublicKey.from_public_bytes(public))


def _limit(ended: Mapping[str, Any] | None) -> int | None:
    if ended is None:
        return None
    points = ["to_index", "good_before_index"] if ended["reason"] == "compromised" else ["to_index"]
    return min(ended[point] or 0 for point in points)


def span_between(before: bytes | None, having: bytes, keys: LogKeys) -> Span:
    """The span between two notes. Raises as `verify_checkpoint`, and Fault `checkpoint_bad` for a span without entries."""
    later = checkpoint_in(having, keys)
    if before is None:
        return Span(None, later, None)
    earlier = checkpoint_in(before, keys)
    if earlier.origin != later.origin or earlier.size >= later.size:
        raise Fault("checkpoint_bad", why="wrong_side")
    witnessed = keys.policy.threshold > 0
    return Span(earlier, later, trusted_time(earlier.size, earlier, later, keys.policy) if witnessed else None)


def check_stands(logged: Logged, span: Span) -> None:
    """Returns if the entry stands in the log, within `span`. Raises Fault `checkpoint_bad`, `inclusion_bad`."""
    index, having = logged.proof.index, span.having
    if index < (span.without.size if span.without else 0):
        raise Fault("checkpoint_bad", why="wrong_side", index=index)
    if not inclusion_holds(leaf_hash(logged.entry), index, having.size, logged.proof.path, having.root):
        raise Fault("inclusion_bad", index=index, size=having.size)
