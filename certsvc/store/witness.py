"""The one table of a witness, in an SQLite file of its own: the last head that it cosigned of each log."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, MetaData, Table, Text, select
from sqlalchemy.dialects import sqlite

from certsvc.store.engine import Engines, open_engines

FILE = "witness.sqlite3"
_METADATA = MetaData()
_SEEN = Table(
    "seen",
    _METADATA,
    Column("origin", Text, primary_key=True),
    Column("size", BigInteger().with_variant(sqlite.INTEGER(), "sqlite"), nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=False),
    sqlite_strict=True,
)


@dataclass(frozen=True)
class Seen:
    """The last head of a log that was cosigned, and its note with that cosignature."""

    origin: str
    size: int
    root: bytes
    note: bytes


def create(home: Path) -> None:
    """Makes the empty database of a new witness."""
    engines = open_seen(home)
    with engines.write.begin() as connection:
        _METADATA.create_all(connection)
    engines.close()


def open_seen(home: Path) -> Engines:
    """The engines of the witness in `home`: WAL, synchronous FULL, one writer at a time."""
    return open_engines(f"sqlite:///{home.resolve() / FILE}")


def find(connection: Connection, origin: str) -> Seen | None:
    """What was cosigned last of this log, or None."""
    row = connection.execute(select(_SEEN).where(_SEEN.c.origin == origin)).first()
    return None if row is None else Seen(*row)


def list_seen(connection: Connection) -> list[Seen]:
    """What was cosigned last of every log."""
    return [Seen(*row) for row in connection.execute(select(_SEEN).order_by(_SEEN.c.origin))]


def put(connection: Connection, seen: Seen) -> None:
    """Keeps a head in the place of the one before."""
    values = {"size": seen.size, "root": seen.root, "note": seen.note}
    statement = sqlite.insert(_SEEN).values(origin=seen.origin, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["origin"], set_=values))
