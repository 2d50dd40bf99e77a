"""The two engines of one database: `write` for transactions, `read` in AUTOCOMMIT, a look-up being one round trip.

SQLite: WAL, synchronous=FULL, foreign keys on, ten seconds of patience, BEGIN IMMEDIATE. PostgreSQL: psycopg 3.
"""

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, literal, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, IntegrityError

from certsvc.core.errors import NotReady, Refused

BUSY_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 10

#: Dialect name -> what SQLAlchemy calls our driver.
DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
#: Dialect name -> the INSERT that knows ON CONFLICT; the words after it are the same in both.
INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
#: What the two databases call a second row with the same key (SQLite result codes; SQLSTATE 23505).
REPEATED = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"}
#: How a trigger of migration 0007 begins, which sees the repeated key before SQLite does.
REPEATED_WORD = "UNIQUE: "


@dataclass(frozen=True)
class Engines:
    """`write.begin()` is one durable transaction; `read.connect()` sees only what is committed."""

    write: Engine
    read: Engine

    def close(self) -> None:
        """Gives all connections back to the database."""
        self.write.dispose()
        self.read.dispose()


def open_engines(url: str) -> Engines:
    """The engines of `sqlite:////absolute/file.db` or `postgresql://…`. Connects to nothing yet. Raises NotReady."""
    return Engines(open_writer(url), _open_reader(url))


def open_writer(url: str, *, foreign_keys: bool = True) -> Engine:
    """The engine for transactions. Only a migration, which checks them itself, may switch foreign keys off."""
    engine = _create(url)
    if engine.dialect.name == "sqlite":
        pragmas = {"journal_mode": "WAL", "synchronous": "FULL", "foreign_keys": "ON" if foreign_keys else "OFF"}
        # So that the row which INSERT OR REPLACE takes away is deleted in the sense of a trigger too, in every table.
        _on_connect(engine, pragmas | {"recursive_triggers": "ON"})
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _open_reader(url: str) -> Engine:
    # pool_reset_on_return=None: there is never a transaction to roll back, so a look-up is one round trip.
    engine = _create(url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
    if engine.dialect.name == "sqlite":
        _on_connect(engine, {"query_only": "ON"})
    return engine


def _create(url: str, **options: Any) -> Engine:
    parsed = _parse(url)
    if parsed.get_backend_name() == "postgresql":
        options |= {"pool_pre_ping": True, "connect_args": {"connect_timeout": CONNECT_TIMEOUT_S}}
    try:
        # An error shows the statement, and never the names and numbers it was about.
        return create_engine(parsed, hide_parameters=True, **options)
    except ModuleNotFoundError as error:
        hint = "pip install 'certsvc[postgres]'"
        raise NotReady("database_driver", "缺少数据库驱动", f"No driver for this database: {error}.", hint) from error


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise _bad_url() from error
    driver = DRIVERS.get(parsed.get_backend_name())
    # In memory every connection would be a database of its own, and `read` would never see what `write` wrote.
    if driver is None or (driver.startswith("sqlite") and parsed.database in (None, "", ":memory:")):
        raise _bad_url()
    return parsed.set(drivername=driver)


def _bad_url() -> NotReady:
    en = "The database URL is neither sqlite:////absolute/file.db nor postgresql://user@host/name."
    return NotReady("database_url", "数据库地址应为 sqlite:////绝对路径 或 postgresql://…", en)


def _on_connect(engine: Engine, pragmas: dict[str, str]) -> None:
    def prepare(connection: Any, _record: object) -> None:
        for name, value in ({"busy_timeout": str(BUSY_TIMEOUT_MS)} | pragmas).items():
            connection.execute(f"PRAGMA {name} = {value}").close()

    event.listen(engine, "connect", prepare)


def _begin_immediate(connection: Connection) -> None:
    # A deferred transaction that reads first and writes later fails at once when another writer was faster.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def insert_or(connection: Connection, table: Table) -> Any:
    """An INSERT into `table` with `.on_conflict_do_nothing()` and `.on_conflict_do_update()`, for this database."""
    return INSERTS[connection.dialect.name](table)


def insert_once(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Adds the row, unless one with its primary key is there: then nothing changes.

    SQLite asks its BEFORE INSERT triggers before ON CONFLICT, and migration 0007 has one that refuses a repeated key.
    """
    given = {column.name: literal(values[column.name], column.type) for column in table.columns}
    there = select(table).where(*(column == given[column.name] for column in table.primary_key))
    row = select(*given.values()).where(~there.exists())
    connection.execute(insert_or(connection, table).from_select(list(given), row).on_conflict_do_nothing())


def lock_table(connection: Connection, table: Table) -> None:
    """Lets no one else write `table` until the transaction ends; readers go on. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE"))


@contextmanager
def refusing(code: str, zh: str, en: str) -> Iterator[None]:
    """Turns a repeated key inside the block into Refused(code); the transaction must then be left.

    Any other broken constraint is a fault of ours and stays an IntegrityError.
    """
    try:
        yield
    except IntegrityError as error:
        reason = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
        if reason not in REPEATED and not str(error.orig).startswith(REPEATED_WORD):
            raise
        raise Refused(code, zh, en) from error


def new_id() -> str:
    """A fresh row id: 12 hex digits of milliseconds, then 80 random bits, so that indexes grow at their end."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"
