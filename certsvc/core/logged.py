"""That a document was logged, as a bundle carries it (formats.md 6, 7): its entry, its proof, and a checkpoint before.

Written `{"entry", "proof", "before"}`: the bytes of the log entry; a C2SP tlog-proof of it under the first checkpoint
with enough cosignatures that contains it, whose `extra` is the salt that opens the entry; and the note of the last such
checkpoint without it. Both notes as they are, so each stands by itself in anybody else's reader.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from certsvc.core.checkpoint import Proof, format_proof, parse_head, parse_proof
from certsvc.core.errors import Malformed
from certsvc.core.note import parse_note


@dataclass(frozen=True)
class Logged:
    """The evidence of one log entry. Nothing in it is verified yet."""

    entry: bytes
    """The leaf: what the log hashed."""
    proof: Proof
    before: bytes | None
    """Note of the last cosigned checkpoint without the entry; None when there is none."""


def parse_logged(value: dict[str, Any] | None) -> Logged | None:
    """The member `log` of a bundle. Raises Malformed; both notes must at least name a size."""
    if value is None:
        return None
    proof, before = parse_proof(value["proof"].encode()), value["before"]
    _named(proof.checkpoint)
    return Logged(_ascii(value["entry"]), proof, None if before is None else _named(before.encode()))


def logged_json(logged: Logged | None) -> dict[str, Any] | None:
    """`logged` as `parse_logged` reads it."""
    if logged is None:
        return None
    before = None if logged.before is None else logged.before.decode()
    return {"entry": logged.entry.decode(), "proof": format_proof(logged.proof).decode(), "before": before}


@lru_cache(maxsize=4096)
def _named(note: bytes) -> bytes:
    """`note`, the same object for all entries under one checkpoint, once it is known to be one."""
    parse_head(parse_note(note).text)
    return note


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError as error:
        raise Malformed("leaf_form", "日志条目格式错误", "A log entry holds characters outside ASCII.") from error
