"""What the log proves to others: inclusion, consistency, and the checkpoints around an entry (C2SP tlog-proof).

No proof is handed out that does not hold: a damaged tile is found here and not by whoever relies on the proof.
"""

from dataclasses import dataclass, replace
from functools import cache

from sqlalchemy import Connection

from certsvc.core.checkpoint import Proof, close_note, format_proof
from certsvc.core.errors import NotFound
from certsvc.core.logged import Logged, LogKeys
from certsvc.core.merkle import (
    HashOf,
    consistency_holds,
    consistency_path_at,
    inclusion_holds,
    inclusion_path_at,
    leaf_hash,
    tree_root,
)
from certsvc.core.note import format_note, parse_note
from certsvc.core.tiles import ENTRIES, WIDTH, Tile, decode_entries, hash_of_tiles
from certsvc.store import log as log_store
from certsvc.store.log_rows import LogCheckpoint, LogEntry


@dataclass(frozen=True)
class Span:
    """Two neighbours among the cosigned checkpoints: whatever was logged between them has both in its evidence.

    Nothing about it changes any more: neither is the newest, or the newest only gets later lines, and the first count.
    """

    start: int
    size: int
    root: bytes
    before: bytes | None
    """Closed note of the last one without, with the newest lines."""
    after: bytes
    """Closed note of the first one with, with the first lines."""


def hash_of(connection: Connection) -> HashOf:
    """Look-ups in the stored tiles, each of which is read once."""
    return hash_of_tiles(cache(lambda level, n: log_store.read_longest(connection, level, n)))


def root_at(connection: Connection, size: int) -> bytes:
    """The root of the first `size` entries, which are all stored."""
    state = log_store.read_state(connection)
    return state.root if size == state.size else tree_root(size, hash_of(connection))


def entry_at(connection: Connection, index: int) -> bytes:
    """The bytes of a logged entry, out of its bundle."""
    n, slot = divmod(index, WIDTH)
    bundle = log_store.read_tile(connection, Tile(ENTRIES, n, slot + 1))
    return decode_entries(bundle, slot + 1)[slot]


def inclusion_proof(connection: Connection, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]), leaf sibling first. Raises NotFound beyond what is published, NotReady(log_damaged)."""
    if not 0 <= index < size <= log_store.read_state(connection).pub_size:
        raise _beyond(f"entry {index} of {size}")
    look_up = hash_of(connection)
    path = inclusion_path_at(index, size, look_up)
    if not inclusion_holds(leaf_hash(entry_at(connection, index)), index, size, path, _root(connection, size, look_up)):
        raise log_store.damaged(f"entry {index} is not what its tiles say")
    return path


def consistency(connection: Connection, old: int, new: int) -> list[bytes]:
    """PROOF(old, D[new]). Raises NotFound beyond what is published, NotReady(log_damaged)."""
    if not 0 <= old <= new <= log_store.read_state(connection).pub_size:
        raise _beyond(f"sizes {old} and {new}")
    look_up = hash_of(connection)
    path = consistency_path_at(old, new, look_up)
    if not consistency_holds(old, new, _root(connection, old, look_up), _root(connection, new, look_up), path):
        raise log_store.damaged(f"size {old} does not lead to size {new}")
    return path


def span_of(connection: Connection, index: int, keys: LogKeys) -> Span | None:
    """The cosigned checkpoints around the entry at `index`; None while none has it."""
    having = log_store.first_with(connection, index, keys.policy.threshold)
    after = None
    while having and (after := closed(connection, having, keys, latest=False)) is None:
        having = log_store.first_with(connection, having.size, keys.policy.threshold)
    if having is None or after is None:
        return None
    start, before = last_believed(connection, index, keys)
    return Span(start, having.size, having.root, before, after)


def last_believed(connection: Connection, index: int, keys: LogKeys) -> tuple[int, bytes | None]:
    """The last cosigned checkpoint without the entry at `index`: its size and its closed note; (0, None) if there is none."""
    without, before = log_store.last_without(connection, index, keys.policy.threshold), None
    while without and (before := closed(connection, without, keys, latest=True)) is None:
        without = log_store.last_without(connection, without.size - 1, keys.policy.threshold)
    return (without.size if without else 0), before


def closed(connection: Connection, checkpoint: LogCheckpoint, keys: LogKeys, *, latest: bool) -> bytes | None:
    """The note as bundles hold it: the line that the log signed it with then, and those of the policy by name.

    None if that leaves too few: witnesses and keys of the log come and go.
    """
    note = parse_note(note_of(connection, checkpoint, latest=latest))
    believed = {(line.name, line.key_id) for line in note.signatures if keys.believes(line, checkpoint.size)}
    key = next((one for one in keys.log if (one.name, one.key_id) in believed), None)
    counted = replace(keys.policy, keys=keys.policy.keys_for(checkpoint.size), limits=())
    whole = key and close_note(note, key, counted)
    return format_note(whole) if whole and len(whole.signatures) > counted.threshold else None


def logged_in(row: LogEntry, span: Span, look_up: HashOf) -> Logged:
    """The evidence of a placed entry under the checkpoint of its span. Raises NotReady(log_damaged)."""
    if row.idx is None:
        raise LookupError(row.id)
    path = inclusion_path_at(row.idx, span.size, look_up)
    if not inclusion_holds(leaf_hash(row.entry), row.idx, span.size, path, span.root):
        raise log_store.damaged(f"entry {row.idx} is not what its tiles say")
    return Logged(row.entry, Proof(row.salt, row.idx, tuple(path), span.after), span.before)


def proof_at(connection: Connection, index: int) -> bytes:
    """The tlog-proof of the entry at `index` under the newest checkpoint, with its salt if we have it."""
    top = log_store.newest(connection)
    if top is None or not 0 <= index < top.size:
        raise _beyond(f"entry {index}")
    row = log_store.find_by_index(connection, index)
    return _proof(connection, index, row.salt if row else None, top)


def note_of(connection: Connection, checkpoint: LogCheckpoint, *, latest: bool) -> bytes:
    """The checkpoint with the line of the log and then its witnesses' by name: their newest lines, or their first.

    The first line proves how early an entry was there, the newest how late another was not (formats.md 6).
    """
    rows = log_store.list_cosignatures(connection, checkpoint.size)
    lines = "".join(row.latest if latest else row.line for row in rows)
    return checkpoint.note + lines.encode()


def _proof(connection: Connection, index: int, salt: bytes | None, top: LogCheckpoint) -> bytes:
    path = inclusion_proof(connection, index, top.size)
    return format_proof(Proof(salt, index, tuple(path), note_of(connection, top, latest=True)))


def _root(connection: Connection, size: int, look_up: HashOf) -> bytes:
    """The root that was signed for this size, or what the tiles say of a size that was never published."""
    published = log_store.find_checkpoint(connection, size)
    return published.root if published else tree_root(size, look_up)


def _beyond(en: str) -> NotFound:
    return NotFound("log_beyond", "超出已公开的日志", f"Beyond the published log: {en}.", "certsvc log checkpoint")
