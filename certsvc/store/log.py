"""The rows of the transparency log: outbox, tiles, state, checkpoints, cosignatures. Only SQL; `services.log` decides."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from sqlalchemy import Connection, Select, bindparam, func, insert, select, text, update

from certsvc.core.errors import NotReady, Refused
from certsvc.core.tiles import ENTRIES, HASH_BYTES, Tile
from certsvc.store.engine import insert_or, refusing
from certsvc.store.log_rows import LogCheckpoint, LogCosignature, LogEntry, LogState
from certsvc.store.log_tables import (
    log_bundle,
    log_checkpoint,
    log_cosignature,
    log_entry,
    log_state,
    log_tag,
    log_tile,
)
from certsvc.store.shelf import LOG_CHECKPOINTS, LOG_COSIGNATURES, LOG_ENTRIES, LOG_STATES

#: Names in one question; SQLite takes 32,766 and PostgreSQL 65,535.
NAMES = 1_000

_BY_KEY = LOG_ENTRIES.select.where(log_entry.c.dedup_key == bindparam("key"))
_BY_INDEX = LOG_ENTRIES.select.where(log_entry.c.idx == bindparam("idx"))
# Of several entries about one subject the last: one that has no place yet is later than all that have one.
_BY_SUBJECT = LOG_ENTRIES.select.where(log_entry.c.subject == bindparam("subject")).order_by(log_entry.c.id.desc())
_WAITING = (
    select(log_entry.c.id, log_entry.c.entry)
    .where(log_entry.c.idx.is_(None))
    .order_by(log_entry.c.id)
    .limit(bindparam("most"))
)
_LAST_WAITING = select(func.max(log_entry.c.id)).where(log_entry.c.idx.is_(None))
_IS_WAITING = select(log_entry.c.id).where(log_entry.c.idx.is_(None), log_entry.c.id <= bindparam("until")).limit(1)
_OLDEST_WAITING = select(func.count(), func.min(log_entry.c.created_at)).where(log_entry.c.idx.is_(None))
_PLACE = update(log_entry).where(log_entry.c.id == bindparam("of"), log_entry.c.idx.is_(None))
_TILE = select(log_tile.c.data).where(log_tile.c.level == bindparam("level"), log_tile.c.n == bindparam("n"))
_BUNDLE = select(log_bundle.c.data).where(log_bundle.c.n == bindparam("n"))
_ADVANCE = update(log_state).where(log_state.c.id == 1, log_state.c.size == bindparam("old"))
_PUBLISH = update(log_state).where(
    log_state.c.id == 1, log_state.c.pub_size <= bindparam("to"), log_state.c.size >= bindparam("to")
)
_DURABLE = text(
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local')"
)
_CHECKPOINT = LOG_CHECKPOINTS.select.where(log_checkpoint.c.size == bindparam("size"))
_SIZES = (
    select(log_checkpoint.c.size).where(log_checkpoint.c.size >= bindparam("least")).order_by(log_checkpoint.c.size)
)
_COSIGNATURES = LOG_COSIGNATURES.select.where(log_cosignature.c.size == bindparam("size")).order_by(
    log_cosignature.c.witness
)
_BEFORE = log_entry.alias()
# A leaf that waits stands behind the durable log and the leaves that wait before it.
_PLACES = select(
    log_entry.c.dedup_key,
    func.coalesce(
        log_entry.c.idx,
        select(log_state.c.size).where(log_state.c.id == 1).scalar_subquery()
        + select(func.count()).where(_BEFORE.c.idx.is_(None), _BEFORE.c.id < log_entry.c.id).scalar_subquery(),
    ),
).where(log_entry.c.dedup_key.in_(bindparam("keys", expanding=True)))
_WITHIN = (
    select(log_entry.c.subject)
    .where(log_entry.c.subject.in_(bindparam("names", expanding=True)))
    .group_by(log_entry.c.subject)
    .having(func.count(log_entry.c.idx) == func.count(), func.max(log_entry.c.idx) < bindparam("size"))
)
_BETWEEN = select(log_entry.c.subject).where(
    log_entry.c.idx >= bindparam("start"), log_entry.c.idx < bindparam("end"), log_entry.c.subject.is_not(None)
)
_WAITING_SUBJECTS = select(log_entry.c.subject).where(log_entry.c.idx.is_(None), log_entry.c.subject.is_not(None))
_FIRST_LINES = select(log_cosignature.c.size, log_cosignature.c.witness, log_cosignature.c.line).where(
    log_cosignature.c.size.in_(
        select(log_cosignature.c.size)
        .where(log_cosignature.c.size < bindparam("below"))
        .distinct()
        .order_by(log_cosignature.c.size.desc())
        .limit(bindparam("most"))
    )
)
_WITNESSED = select(func.max(log_cosignature.c.size)).where(
    log_cosignature.c.witness == bindparam("witness"), log_cosignature.c.size <= bindparam("most")
)


# --- the outbox ------------------------------------------------------------------------------------------------------


def add_entry(
    connection: Connection, dedup_key: str, entry: bytes, *, subject: str | None, salt: bytes | None, now: int
) -> int | None:
    """Puts an entry into the outbox and gives back its row id; None if this key is known already."""
    values = {"dedup_key": dedup_key, "entry": entry, "subject": subject, "salt": salt, "created_at": now}
    statement = insert_or(connection, log_entry).on_conflict_do_nothing().returning(log_entry.c.id)
    added = connection.execute(statement, values).scalar()
    return None if added is None else int(added)


def add_tags(connection: Connection, entry_id: int, tags: Sequence[str]) -> None:
    """Keeps the once-tags of an entry. Raises Refused(log_tag_taken) for one that another entry has."""
    en = "Another entry of the log has this once-tag: what it says can be said only once."
    with refusing("log_tag_taken", "日志中已有同一环节的条目,不能重复办理", en):
        if tags:
            connection.execute(insert(log_tag), [{"tag": tag, "entry_id": entry_id} for tag in tags])


def find_by_key(connection: Connection, dedup_key: str) -> LogEntry | None:
    """The entry of this key, or None."""
    return LOG_ENTRIES.one(connection, _BY_KEY, key=dedup_key)


def find_by_index(connection: Connection, index: int) -> LogEntry | None:
    """The entry at this place of the log, or None."""
    return LOG_ENTRIES.one(connection, _BY_INDEX, idx=index)


def find_by_subject(connection: Connection, subject: str) -> LogEntry | None:
    """The last entry about `subject`, or None."""
    return LOG_ENTRIES.one(connection, _BY_SUBJECT, subject=subject)


def find_places(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    """Key of each of these entries that is known -> its index, or for one that waits the index that it comes to."""
    return {key: int(index) for key, index in connection.execute(_PLACES, {"keys": list(keys)})}


def seen_within(connection: Connection, names: Iterable[str], size: int) -> set[str]:
    """Of these documents those that have leaves, all of them among the first `size` of the log."""
    every, found = sorted(set(names)), set()
    for start in range(0, len(every), NAMES):
        asked = {"names": every[start : start + NAMES], "size": size}
        found |= {row.subject for row in connection.execute(_WITHIN, asked)}
    return found


def logged_between(connection: Connection, start: int, end: int | None) -> frozenset[str]:
    """The documents with a leaf at a place from `start` up to and without `end`; without one, all later and all that wait."""
    found = set(connection.execute(_BETWEEN, {"start": start, "end": 2**63 - 1 if end is None else end}).scalars())
    return frozenset(found | set(connection.execute(_WAITING_SUBJECTS).scalars() if end is None else ()))


def list_waiting(connection: Connection, most: int) -> list[tuple[int, bytes]]:
    """Row id and bytes of at most so many entries that have no place yet, oldest row first."""
    return [(row.id, row.entry) for row in connection.execute(_WAITING, {"most": most})]


def last_waiting(connection: Connection) -> int | None:
    """The highest row id that has no place yet, or None."""
    return connection.execute(_LAST_WAITING).scalar()


def is_waiting(connection: Connection, until: int) -> bool:
    """True if an entry with a row id up to `until` has no place yet."""
    return connection.execute(_IS_WAITING, {"until": until}).first() is not None


def waiting_since(connection: Connection) -> tuple[int, int | None]:
    """How many entries have no place yet, and since when the oldest of them waits."""
    count, since = connection.execute(_OLDEST_WAITING).one()
    return count, since


def place(connection: Connection, places: Mapping[int, int]) -> None:
    """Gives waiting entries their places: row id -> index. Raises Refused(log_overtaken) if one has a place already."""
    rows = [{"of": row, "idx": index} for row, index in places.items()]
    if rows and connection.execute(_PLACE.values(idx=bindparam("idx")), rows).rowcount != len(rows):
        raise _overtaken()


def add_logged(connection: Connection, entries: Mapping[int, bytes], now: int) -> None:
    """Adds entries that a mirror has and the outbox does not, index -> bytes. Their keys and subjects are lost."""
    rows = [
        {"dedup_key": f"mirror {sha256(entry).hexdigest()}", "entry": entry, "idx": index, "created_at": now}
        for index, entry in entries.items()
    ]
    if rows:
        connection.execute(insert(log_entry), rows)


def add_free_tags(connection: Connection, index: int, tags: Sequence[str]) -> int:
    """Keeps the once-tags of the entry at `index`, except those that another entry has; how many these are."""
    row = find_by_index(connection, index)
    statement = insert_or(connection, log_tag).on_conflict_do_nothing().returning(log_tag.c.tag)
    kept = [connection.execute(statement, {"tag": tag, "entry_id": row.id}).scalar() for tag in tags] if row else []
    return len(tags) - len([tag for tag in kept if tag is not None])


# --- tiles -----------------------------------------------------------------------------------------------------------


def put_tiles(connection: Connection, changed: Mapping[Tile, bytes]) -> None:
    """Stores tiles and entry bundles, each in the place of its shorter form."""
    bundles = [{"n": tile.n, "data": data} for tile, data in changed.items() if tile.level == ENTRIES]
    tiles = [
        {"level": tile.level, "n": tile.n, "data": data} for tile, data in changed.items() if tile.level != ENTRIES
    ]
    for table, rows in ((log_bundle, bundles), (log_tile, tiles)):
        if rows:
            statement = insert_or(connection, table)
            longer = {"data": statement.excluded.data}
            connection.execute(statement.on_conflict_do_update(index_elements=table.primary_key, set_=longer), rows)


def read_tile(connection: Connection, tile: Tile) -> bytes:
    """The tile or entry bundle in exactly its width, cut from what is stored. Raises NotReady(log_damaged)."""
    data = _stored(connection, tile.level, tile.n)
    length = _length_of(data, tile.width) if tile.level == ENTRIES else tile.width * HASH_BYTES
    if len(data) < length:
        raise damaged(f"tile {tile.level}/{tile.n} is too short")
    return data[:length]


def read_longest(connection: Connection, level: int, n: int) -> bytes:
    """A tile as it is stored, for look-ups. Raises NotReady(log_damaged) if there is none."""
    return _stored(connection, level, n)


def _stored(connection: Connection, level: int, n: int) -> bytes:
    found = (
        connection.execute(_BUNDLE, {"n": n})
        if level == ENTRIES
        else connection.execute(_TILE, {"level": level, "n": n})
    ).scalar()
    if found is None:
        raise damaged(f"tile {level}/{n} is missing")
    return bytes(found)


def _length_of(bundle: bytes, width: int) -> int:
    """Bytes of the first `width` entries, each behind its length as a big-endian uint16."""
    at = 0
    for _ in range(width):
        if at + 2 > len(bundle):
            return len(bundle) + 1
        at += 2 + int.from_bytes(bundle[at : at + 2])
    return at


def damaged(en: str) -> NotReady:
    """What is wrong when the stored log contradicts itself; nothing is proved from it and nothing signed."""
    return NotReady("log_damaged", "日志数据损坏", f"The stored log is damaged: {en}.", "certsvc restore BACKUP.tar")


# --- state and checkpoints -------------------------------------------------------------------------------------------


def read_state(connection: Connection) -> LogState:
    """The state as it is committed."""
    return _of(LOG_STATES.one(connection, LOG_STATES.select))


def lock_state(connection: Connection) -> LogState:
    """The state; nobody else locks or changes it before this transaction ends, and its commit is durable."""
    _wait_for_disk(connection)
    return _of(LOG_STATES.one(connection, LOG_STATES.select.with_for_update()))


def try_lock_state(connection: Connection) -> LogState | None:
    """As `lock_state`, or None while another worker has it. SQLite's BEGIN IMMEDIATE has waited for it already."""
    _wait_for_disk(connection)
    return LOG_STATES.one(connection, LOG_STATES.select.with_for_update(skip_locked=True))


def _wait_for_disk(connection: Connection) -> None:
    """A commit that PostgreSQL may forget would take back what was signed; a stricter setting stays as it is."""
    if connection.dialect.name == "postgresql":
        connection.execute(_DURABLE)


def advance(connection: Connection, old: int, new: int, root: bytes) -> None:
    """Moves the durable log from size `old` to `new`. Raises Refused(log_overtaken) if it is not of that size."""
    if connection.execute(_ADVANCE.values(size=bindparam("new"), root=root), {"old": old, "new": new}).rowcount != 1:
        raise _overtaken()


def set_published(connection: Connection, size: int, note: bytes) -> None:
    """Publishes the first `size` entries under `note`. Raises Refused(log_overtaken) if more are published already."""
    if connection.execute(_PUBLISH.values(pub_size=bindparam("to"), note=note), {"to": size}).rowcount != 1:
        raise _overtaken()


def add_checkpoint(connection: Connection, item: LogCheckpoint) -> None:
    """Keeps a published checkpoint; the same size again changes nothing."""
    values = {"size": item.size, "root": item.root, "note": item.note}
    connection.execute(insert_or(connection, log_checkpoint).values(values).on_conflict_do_nothing())


def find_checkpoint(connection: Connection, size: int) -> LogCheckpoint | None:
    """The checkpoint of exactly this size, or None."""
    return LOG_CHECKPOINTS.one(connection, _CHECKPOINT, size=size)


def list_sizes(connection: Connection, least: int = 0) -> list[int]:
    """Every published size from `least` on, smallest first."""
    return list(connection.execute(_SIZES, {"least": least}).scalars())


def last_without(connection: Connection, index: int, cosigned: int = 0) -> LogCheckpoint | None:
    """The largest checkpoint without the entry at `index` that at least so many witnesses cosigned, or None."""
    rows = _cosigned(cosigned).where(log_checkpoint.c.size <= index).order_by(log_checkpoint.c.size.desc())
    return LOG_CHECKPOINTS.one(connection, rows.limit(1))


def first_with(connection: Connection, index: int, cosigned: int = 0) -> LogCheckpoint | None:
    """The smallest checkpoint with the entry at `index` that at least so many witnesses cosigned, or None."""
    rows = _cosigned(cosigned).where(log_checkpoint.c.size > index).order_by(log_checkpoint.c.size)
    return LOG_CHECKPOINTS.one(connection, rows.limit(1))


def newest(connection: Connection, cosigned: int = 0) -> LogCheckpoint | None:
    """The largest checkpoint that at least so many witnesses cosigned, or None."""
    return LOG_CHECKPOINTS.one(connection, _cosigned(cosigned).order_by(log_checkpoint.c.size.desc()).limit(1))


def _cosigned(least: int) -> "Select[tuple[int, bytes, bytes]]":
    if least == 0:
        return LOG_CHECKPOINTS.select
    lines = select(func.count()).where(log_cosignature.c.size == log_checkpoint.c.size).scalar_subquery()
    return LOG_CHECKPOINTS.select.where(lines >= least)


# --- cosignatures ----------------------------------------------------------------------------------------------------


def put_cosignature(connection: Connection, size: int, witness: str, line: str) -> None:
    """Keeps a witness's line under a checkpoint: as its first if it has none there, and as its newest."""
    values = {"size": size, "witness": witness, "line": line, "latest": line}
    statement = insert_or(connection, log_cosignature).values(values)
    key = log_cosignature.primary_key
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_={"latest": line}))


def list_cosignatures(connection: Connection, size: int) -> tuple[LogCosignature, ...]:
    """The cosignatures under the checkpoint of this size, by name of the witness."""
    return LOG_COSIGNATURES.all(connection, _COSIGNATURES, size=size)


def list_first_lines(connection: Connection, below: int | None, most: int) -> dict[int, dict[str, str]]:
    """The largest cosigned sizes, below one that is given, at most so many -> witness -> its first line there."""
    found: dict[int, dict[str, str]] = {}
    values = {"below": 2**63 - 1 if below is None else below, "most": most}
    for size, witness, line in connection.execute(_FIRST_LINES.order_by(log_cosignature.c.size.desc()), values):
        found.setdefault(size, {})[witness] = line
    return found


def last_witnessed(connection: Connection, witness: str, most: int) -> int:
    """The largest size up to `most` that this witness cosigned, as far as we know; 0 if none."""
    return connection.execute(_WITNESSED, {"witness": witness, "most": most}).scalar() or 0


def _of(state: LogState | None) -> LogState:
    if state is None:
        raise damaged("its row of state is missing")
    return state


def _overtaken() -> Refused:
    return Refused("log_overtaken", "日志已被另一进程推进", "Another process moved the log on.", "certsvc log tick")
