"""Imported files, rosters 花名册 and their entries."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, Update, bindparam, delete, func, select, update

from certsvc.core.errors import Refused
from certsvc.store.engine import lock_table, refusing
from certsvc.store.rows import CorrectedEntry, Entry, Roster, RosterFile
from certsvc.store.shelf import CORRECTED, ENTRIES, ROSTER_FILES, ROSTERS
from certsvc.store.tables import corrected_entry, entry, roster, roster_file

_FILE = ROSTER_FILES.select.where(roster_file.c.sha256 == bindparam("sha256"))
_ROSTER = ROSTERS.select.where(roster.c.id == bindparam("id"))
_LOCK_ROSTER = select(roster.c.id).where(roster.c.id == bindparam("id")).with_for_update()
# R9999 < R10000: longer is later.
_NEWEST_FIRST = (func.length(roster.c.id).desc(), roster.c.id.desc())
_ROSTERS = ROSTERS.select.order_by(*_NEWEST_FIRST)
_LAST_ID = select(roster.c.id).order_by(*_NEWEST_FIRST).limit(1)
_ENTRY = ENTRIES.select.where(entry.c.id == bindparam("id"))
_ENTRIES = ENTRIES.select.where(entry.c.roster_id == bindparam("id")).order_by(entry.c.position, entry.c.id)
_IS_LIVE = (entry.c.struck_by.is_(None), entry.c.replaced_by.is_(None))
_LIVE_ENTRIES = _ENTRIES.where(*_IS_LIVE)
_OF_PERSON = ENTRIES.select.where(entry.c.person_id == bindparam("id")).order_by(entry.c.year, entry.c.id)
_BY_TARGET = ENTRIES.select.where(
    *(entry.c[name] == bindparam(name) for name in ("person_id", "series", "specialty", "level", "year")),
    entry.c.replaced_by.is_(None),
)
_VERSION = (corrected_entry.c.entry_id == bindparam("id"), corrected_entry.c.version == bindparam("of"))
_CORRECTED = CORRECTED.select.where(*_VERSION)
_DROP_CORRECTED = delete(corrected_entry).where(*_VERSION)
_LIVE = update(entry).where(entry.c.id == bindparam("of"), *_IS_LIVE)
_SET_HEAD = _LIVE.values(head_act=bindparam("act"))
_STRIKE = _LIVE.values(struck_by=bindparam("act"))
_REPLACE = (
    update(entry)
    .where(entry.c.id == bindparam("of"), entry.c.replaced_by.is_(None))
    .values(replaced_by=bindparam("roster"))
)


def lock_roster_files(connection: Connection) -> None:
    """Lets imports go one after another: the second sees all of the first, never a half."""
    lock_table(connection, roster_file)


def add_roster_file(connection: Connection, item: RosterFile) -> None:
    """Adds an imported file. Raises Refused(file_known) when the same bytes were imported before."""
    with refusing("file_known", "该文件已导入过", "This very file has been imported before."):
        ROSTER_FILES.add(connection, item)


def find_roster_file(connection: Connection, sha256: str) -> RosterFile | None:
    """The file of this hash, or None."""
    return ROSTER_FILES.one(connection, _FILE, sha256=sha256)


def next_roster_id(connection: Connection) -> str:
    """The next of R0001, R0002 …; nobody else gets it before this transaction ends."""
    lock_table(connection, roster)
    last = connection.execute(_LAST_ID).scalar()
    return f"R{int(last[1:]) + 1 if last else 1:04d}"


def add_roster(connection: Connection, item: Roster) -> None:
    """Adds a roster of a file that is stored already."""
    ROSTERS.add(connection, item)


def find_roster(connection: Connection, roster_id: str) -> Roster | None:
    """The roster, or None."""
    return ROSTERS.one(connection, _ROSTER, id=roster_id)


def lock_roster(connection: Connection, roster_id: str) -> None:
    """Lets nobody else lock this roster before the transaction ends. SQLite has one writer anyway."""
    connection.execute(_LOCK_ROSTER, {"id": roster_id})


def list_rosters(connection: Connection) -> tuple[Roster, ...]:
    """All rosters, newest first."""
    return ROSTERS.all(connection, _ROSTERS)


def add_entries(connection: Connection, items: Iterable[Entry]) -> None:
    """Adds entries with one executemany. Raises Refused(entry_exists) for a repeated row or person and target."""
    en = "A person has this title already, or a row is repeated."
    with refusing("entry_exists", "同一人同一职称已有记录,或行号重复", en):
        ENTRIES.add(connection, *items)


def find_entry(connection: Connection, entry_id: str) -> Entry | None:
    """The entry, struck or not, or None."""
    return ENTRIES.one(connection, _ENTRY, id=entry_id)


def find_entry_of_target(
    connection: Connection, person_id: str, *, series: str, specialty: str, level: str, year: int
) -> Entry | None:
    """The one entry this person may have for this title and year, beside those that were replaced, or None."""
    return ENTRIES.one(
        connection, _BY_TARGET, person_id=person_id, series=series, specialty=specialty, level=level, year=year
    )


def list_entries(connection: Connection, roster_id: str, live_only: bool = True) -> tuple[Entry, ...]:
    """The entries of a roster by position, without those struck or replaced unless `live_only` is off."""
    return ENTRIES.all(connection, _LIVE_ENTRIES if live_only else _ENTRIES, id=roster_id)


def list_entries_of_person(connection: Connection, person_id: str) -> tuple[Entry, ...]:
    """All entries of a person, oldest year first."""
    return ENTRIES.all(connection, _OF_PERSON, id=person_id)


def add_corrected(connection: Connection, item: CorrectedEntry) -> None:
    """Adds, or replaces after a proposal that was overtaken, the personal half of a version not issued yet."""
    connection.execute(_DROP_CORRECTED, {"id": item.entry_id, "of": item.version})
    CORRECTED.add(connection, item)


def find_corrected(connection: Connection, entry_id: str, version: int) -> CorrectedEntry | None:
    """The personal half of a version from 2 on, or None."""
    return CORRECTED.one(connection, _CORRECTED, id=entry_id, of=version)


def set_heads(connection: Connection, heads: Mapping[str, str]) -> None:
    """Makes `heads[entry id]` the last act of that entry. Raises Refused(entry_struck) unless all are live."""
    _update_live(connection, _SET_HEAD, heads)


def strike(connection: Connection, entry_ids: Iterable[str], act_sha256: str) -> None:
    """Strikes the entries that the tree of this act lacks. Raises Refused(entry_struck) unless all are live."""
    _update_live(connection, _STRIKE, dict.fromkeys(entry_ids, act_sha256))


def replace_entries(connection: Connection, entry_ids: Iterable[str], roster_id: str) -> None:
    """Says that these people are taken in anew on that roster. Raises Refused(entry_exists) unless none was before."""
    values = [{"of": entry_id, "roster": roster_id} for entry_id in entry_ids]
    if values and connection.execute(_REPLACE, values).rowcount != len(values):
        raise Refused("entry_exists", "同一人同一职称已有记录", "A person was taken in anew already.")


def _update_live(connection: Connection, statement: Update, acts: Mapping[str, str]) -> None:
    if not acts:
        return
    changed = connection.execute(statement, [{"of": entry_id, "act": sha256} for entry_id, sha256 in acts.items()])
    if changed.rowcount != len(acts):
        raise Refused("entry_struck", "名单中有不存在或已剔除的人员", "An entry is unknown or has been struck.")
