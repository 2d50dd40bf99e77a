"""A mirror: the published log as plain files that any web server can serve (C2SP tlog-tiles), and the way back.

`export` brings a folder up to what is published. It never shrinks it, and the checkpoint is written last, after all
that it covers is durable: whoever is stopped midway leaves the mirror of before with a few files too many.
`recover` is the way out of a database that is behind what was signed (log.md 2.3 #10): it replays what the mirror has
and the database lacks, after rebuilding every hash up to the root that the log signed.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from certsvc.core.checkpoint import Checkpoint, Head, parse_head, verify_checkpoint
from certsvc.core.errors import Malformed, NotFound, NotReady, Refused
from certsvc.core.leaves import parse_leaf
from certsvc.core.note import Note, VerifierKey, format_line, format_note, parse_note, verified_signatures
from certsvc.core.outcomes import Fault
from certsvc.core.tiles import (
    ENTRIES,
    HEIGHT,
    WIDTH,
    Tile,
    decode_entries,
    edge_root,
    grow,
    tile_path,
    tiles_at,
    width_at,
)
from certsvc.instance import Instance
from certsvc.services import cosign, high_water, log
from certsvc.services.log_proofs import note_of, root_at
from certsvc.services.log_reading import checkpoint_shown
from certsvc.store import log as log_store
from certsvc.store.log_rows import LogCheckpoint, LogState

CHECKPOINT, CHECKPOINTS, LOCK = "checkpoint", "checkpoints", ".lock"


@dataclass(frozen=True)
class Exported:
    """What an export did: size of the mirror, and how many files are new."""

    size: int
    files: int


@dataclass(frozen=True)
class Recovered:
    """What a recovery did: size of the log, entries that came from the mirror, and once-tags in it that another
    entry, which still waits, has as well: each of them is an act that was done twice."""

    size: int
    entries: int
    repeated: int


# --- export ----------------------------------------------------------------------------------------------------------


def export(instance: Instance, folder: Path) -> Exported:
    """Brings the mirror in `folder` up to what is published. Raises NotFound before the first checkpoint; Refused for
    a folder that is ahead of us or holds another log; NotReady(mirror_busy, log_rolled_back)."""
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        note = checkpoint_shown(instance)
        if note is None:
            zh, en = "日志尚未发布检查点", "The log has no checkpoint yet."
            raise NotFound("log_unpublished", zh, en, "certsvc log tick")
        size = parse_head(parse_note(note).text).size
        old = _old_size(instance, folder, size)
        written = _export_tiles(instance, folder, size) | _export_checkpoints(instance, folder, old, size)
        for place in {place for path in written for place in path.parents if place.is_relative_to(folder)}:
            high_water.sync_folder(place)
        high_water.write_durably(folder / CHECKPOINT, note)
    return Exported(size, len(written))


def _old_size(instance: Instance, folder: Path, size: int) -> int:
    """The size that the mirror has, 0 for a new one. Raises Refused unless our log begins with all of it."""
    if not (folder / CHECKPOINT).exists():
        return 0
    with instance.engines.read.connect() as connection:
        _, old = read_head(instance, connection, folder)
        if old.size > size:
            zh, en = "镜像比数据库新,不会缩短", f"The mirror has {old.size} entries, the published log {size}."
            raise Refused("mirror_ahead", zh, en, f"certsvc log recover {folder}")
        if root_at(connection, old.size) != old.root:
            zh, en = "镜像与本日志不一致", f"The first {old.size} entries of the mirror are not those of the log."
            raise Refused("mirror_other", zh, en, "certsvc log export ANOTHER")
    return old.size


def _export_tiles(instance: Instance, folder: Path, size: int) -> set[Path]:
    with instance.engines.read.connect() as connection:
        sizes = [one for one in log_store.list_sizes(connection) if one <= size]
        missing = {folder / tile_path(tile): tile for tile in _tiles(size, sizes)}
        missing = {path: tile for path, tile in missing.items() if not path.exists()}
        for path, tile in missing.items():
            _write(path, log_store.read_tile(connection, tile))
    return set(missing)


def _tiles(size: int, sizes: list[int]) -> Iterator[Tile]:
    """All that a reader of the newest checkpoint needs, and what readers of older ones still may ask for.

    tlog-tiles lets a partial tile go once the full one is there.
    """
    older = {_right(level, one) for level in range(-(-size.bit_length() // HEIGHT)) for one in sizes}
    partial = {tile for tile in older if tile.width > 0 and width_at(tile.level, tile.n, size) < WIDTH}
    for tile in partial.union(tiles_at(size)):
        yield tile
        if tile.level == 0:
            yield Tile(ENTRIES, tile.n, tile.width)


def _right(level: int, size: int) -> Tile:
    n, width = divmod(size >> HEIGHT * level, WIDTH)
    return Tile(level, n, width)


def _export_checkpoints(instance: Instance, folder: Path, old: int, size: int) -> set[Path]:
    """Every published checkpoint since `old`; that one too, as witnesses may have signed it meanwhile."""
    written = set()
    with instance.engines.read.connect() as connection:
        for one in log_store.list_sizes(connection, old):
            found = log_store.find_checkpoint(connection, one)
            if found is not None and one <= size:
                path = folder / _checkpoint_name(one)
                _write(path, note_of(connection, found, latest=True))
                written.add(path)
    return written


def _checkpoint_name(size: int) -> str:
    """Grouped as the paths of tiles are, so that no folder has more than a thousand names."""
    return tile_path(Tile(0, size)).replace("tile/0", CHECKPOINTS, 1)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    high_water.write_whole(path, data)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / LOCK).open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            zh, en = "该镜像正被另一进程导出", f"Another process exports to {folder}."
            raise NotReady("mirror_busy", zh, en, f"certsvc log export {folder}") from error
        yield


# --- recovery --------------------------------------------------------------------------------------------------------


def read_head(instance: Instance, connection: Connection, folder: Path) -> tuple[Note, Checkpoint]:
    """The mirror's checkpoint, signed by our log. Raises NotFound, and Malformed for one that is not."""
    try:
        note = parse_note((folder / CHECKPOINT).read_bytes())
        return note, _verified(note, instance, log.log_keys(instance, connection))
    except FileNotFoundError as error:
        zh, en = f"{folder} 不是日志镜像", f"{folder} is no mirror of a log."
        raise NotFound("mirror_missing", zh, en, "certsvc log recover MIRROR") from error


def recover(instance: Instance, folder: Path) -> Recovered:
    """Replays what the mirror has and the database lacks, then shows the mirror's checkpoint.

    Raises Refused(mirror_short) for a mirror that ends before what was signed or published or witnessed;
    Refused(mirror_other) where its entries do not lead to the signed root or not on from ours; Malformed for files
    that are not a mirror's. Then nothing has changed.
    """
    seen = max((head.size for head in cosign.witnessed_heads(instance)), default=0)
    with instance.engines.write.begin() as connection:
        state = log_store.lock_state(connection)
        note, head = read_head(instance, connection, folder)
        mark = high_water.read(instance.home)
        floor = max(state.pub_size, mark.size if mark else 0, seen)
        if head.size < floor:
            zh, en = "镜像不够新", f"The mirror has {head.size} entries, {floor} were signed."
            raise Refused("mirror_short", zh, en, "certsvc log recover ANOTHER")
        repeated = _replay(connection, state, folder, head.size)
        _compare_roots(connection, head, mark)
        _import_checkpoints(instance, connection, folder, head.size)
        ours = format_note(_log_lines(note, log.log_keys(instance, connection)))
        log_store.add_checkpoint(connection, LogCheckpoint(head.size, head.root, ours))
        log_store.set_published(connection, head.size, ours)
        # Under the lock, as by everybody who raises the mark. If the transaction fails, this is done once more.
        high_water.keep(instance.home, Head(head.origin, head.size, head.root))
    return Recovered(head.size, max(0, head.size - state.size), repeated)


def _replay(connection: Connection, state: LogState, folder: Path, size: int) -> int:
    """Appends the mirror's entries from our size on; gives back how many of their once-tags are taken."""
    edge, repeated = log.read_edge(connection, state), 0
    waiting = {entry: row for row, entry in log_store.list_waiting(connection, 2**31 - 1)}
    while edge.size < size:
        entries = _entries(folder, edge.size, size)
        places = dict(enumerate(entries, edge.size))
        known = {waiting[entry]: index for index, entry in places.items() if entry in waiting}
        log_store.place(connection, known)
        fresh = {index: entry for index, entry in places.items() if entry not in waiting}
        log_store.add_logged(connection, fresh, int(time.time()))
        for index, entry in fresh.items():
            repeated += log_store.add_free_tags(connection, index, parse_leaf(entry).get("u", []))
        growth = grow(edge, entries)
        log_store.put_tiles(connection, growth.changed)
        edge = growth.edge
    if edge.size > state.size:
        log_store.advance(connection, state.size, edge.size, edge_root(edge))
    return repeated


def _entries(folder: Path, start: int, size: int) -> list[bytes]:
    """The mirror's entries of one bundle, from `start` on."""
    n, slot = divmod(start, WIDTH)
    width = width_at(ENTRIES, n, size)
    path = folder / tile_path(Tile(ENTRIES, n, width))
    try:
        return decode_entries(path.read_bytes(), width)[slot:]
    except FileNotFoundError as error:
        raise Malformed("mirror_gap", f"镜像缺少 {path}", f"The mirror lacks {path}.") from error


def _compare_roots(connection: Connection, head: Checkpoint, mark: Head | None) -> None:
    """Every hash has been rebuilt: what the log signed, now and before, must be among the roots."""
    for signed in (head, mark):
        if signed is not None and root_at(connection, signed.size) != signed.root:
            zh, en = "镜像与已签署的日志不一致", f"The entries do not lead to the root signed for size {signed.size}."
            raise Refused("mirror_other", zh, en, "certsvc log recover ANOTHER")


def _import_checkpoints(instance: Instance, connection: Connection, folder: Path, size: int) -> None:
    """The older checkpoints of the mirror, each with the cosignatures of witnesses that we know."""
    keys, witnesses = log.log_keys(instance, connection), [one.key for one in cosign.witnesses(instance)]
    for path in sorted((folder / CHECKPOINTS).rglob("[0-9][0-9][0-9]")):
        note = parse_note(path.read_bytes())
        head = _verified(note, instance, keys)
        if head.size > size or root_at(connection, head.size) != head.root:
            raise Malformed("mirror_form", f"{path} 与日志不一致", f"{path} is of another log.")
        row = LogCheckpoint(head.size, head.root, format_note(_log_lines(note, keys)))
        log_store.add_checkpoint(connection, row)
        for key in verified_signatures(note, witnesses):
            for line in note.signatures:
                if (line.name, line.key_id) == (key.name, key.key_id):
                    log_store.put_cosignature(connection, head.size, key.name, format_line(line))


def _log_lines(note: Note, keys: tuple[VerifierKey, ...]) -> Note:
    """The note with the lines of the log alone, which have been verified."""
    names = {(key.name, key.key_id) for key in keys}
    return Note(note.text, tuple(line for line in note.signatures if (line.name, line.key_id) in names))


def _verified(note: Note, instance: Instance, keys: tuple[VerifierKey, ...]) -> Checkpoint:
    try:
        head = verify_checkpoint(note, keys, log.ALONE, closed=False)
    except Fault as error:
        raise _not_ours(str(error)) from error
    if head.origin != log.origin(instance):
        raise _not_ours(head.origin)
    return head


def _not_ours(en: str) -> Malformed:
    return Malformed("mirror_form", "镜像的检查点不是本日志签署的", f"The checkpoint is not signed by this log: {en}.")
