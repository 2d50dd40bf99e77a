"""What the database itself refuses of the log, whoever asks: raw SQL, on SQLite and PostgreSQL."""

from hashlib import sha256

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from certsvc import resources
from certsvc.core.tiles import ENTRIES, Tile
from certsvc.store import log, migrate
from certsvc.store.log_rows import LogCheckpoint, LogState

ROOTS = [sha256(bytes([size])).digest() for size in range(4)]
TABLES = ("log_entry", "log_tag", "log_tile", "log_bundle", "log_state", "log_checkpoint", "log_cosignature")


@pytest.fixture
def logged(engine: Engine) -> Engine:
    """Two entries with a place and one that waits; one checkpoint with a cosignature."""
    with engine.begin() as connection:
        ids = [
            log.add_entry(connection, f"key {n}", b"entry", subject=f"subject {n}", salt=bytes(32), now=1)
            for n in range(3)
        ]
        assert ids[0] is not None and ids[1] is not None
        log.add_tags(connection, ids[0], ["tag"])
        log.place(connection, {ids[0]: 0, ids[1]: 1})
        log.put_tiles(connection, {Tile(0, 0, 2): bytes(64), Tile(ENTRIES, 0, 2): b"\x00\x01a\x00\x01b"})
        log.advance(connection, 0, 2, ROOTS[2])
        log.add_checkpoint(connection, LogCheckpoint(2, ROOTS[2], b"note"))
        log.set_published(connection, 2, b"note")
        log.put_cosignature(connection, 2, "w", "first")
    return engine


def rows(engine: Engine, table: str) -> list[str]:
    with engine.connect() as connection:
        return sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {table}")))  # noqa: S608


#: defect -> (table, statement, words of the refusal).
REFUSED: dict[str, tuple[str, str, str]] = {
    "an entry is moved": ("log_entry", "UPDATE log_entry SET idx = 7 WHERE idx = 1", "never changed"),
    "an entry loses its place": ("log_entry", "UPDATE log_entry SET idx = NULL WHERE idx = 1", "never changed"),
    "an entry gets other bytes": (
        "log_entry",
        "UPDATE log_entry SET entry = :short WHERE idx IS NULL",
        "never changed",
    ),
    "an entry gets another key": ("log_entry", "UPDATE log_entry SET dedup_key = 'x' WHERE idx = 1", "never changed"),
    "an entry gets another salt": ("log_entry", "UPDATE log_entry SET salt = :other WHERE idx = 1", "never changed"),
    "an entry gets another subject": ("log_entry", "UPDATE log_entry SET subject = 'x' WHERE idx = 1", "never changed"),
    "two entries have one place": ("log_entry", "UPDATE log_entry SET idx = 1 WHERE idx IS NULL", "(?i)unique"),
    "a salt is too short": ("log_entry", "UPDATE log_entry SET salt = :short WHERE idx = 1", "never changed|salt"),
    "a tile is cut": ("log_tile", "UPDATE log_tile SET data = :short", "only becomes longer"),
    "a tile is changed": ("log_tile", "UPDATE log_tile SET data = :tile", "only becomes longer"),
    "a tile is moved": ("log_tile", "UPDATE log_tile SET n = 1", "only becomes longer"),
    "a bundle is cut": ("log_bundle", "UPDATE log_bundle SET data = :short", "only becomes longer"),
    "the log shrinks": ("log_state", "UPDATE log_state SET size = 1, pub_size = 1, root = :other", "never shrinks"),
    "less is published": ("log_state", "UPDATE log_state SET pub_size = 1", "never shrinks"),
    "another root of one size": ("log_state", "UPDATE log_state SET root = :other", "never shrinks"),
    "more is published than there is": ("log_state", "UPDATE log_state SET pub_size = 3", "pub_size"),
    "a second state": ("log_state", "INSERT INTO log_state VALUES (2, 0, :other, 0, NULL)", "log_state_id|CHECK"),
    "a checkpoint is changed": ("log_checkpoint", "UPDATE log_checkpoint SET note = :short", "never changed"),
    "a first cosignature is changed": ("log_cosignature", "UPDATE log_cosignature SET line = 'x'", "never changed"),
    "a cosignature of nothing": (
        "log_cosignature",
        "INSERT INTO log_cosignature VALUES (9, 'w', 'a', 'a')",
        "(?i)foreign",
    ),
    "a once-tag is changed": ("log_tag", "UPDATE log_tag SET tag = 'x'", "never changed"),
    **{f"a row of {table} is deleted": (table, f"DELETE FROM {table}", "never deleted") for table in TABLES},  # noqa: S608
}
VALUES = {"short": b"x", "other": bytes(31) + b"x", "tile": bytes(63) + b"x" + bytes(32)}


@pytest.mark.parametrize(("table", "statement", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_logged_is_neither_changed_nor_deleted(logged: Engine, table: str, statement: str, words: str) -> None:
    before = rows(logged, table)
    with pytest.raises(DatabaseError, match=words), logged.begin() as connection:
        connection.execute(text(statement), {name: value for name, value in VALUES.items() if f":{name}" in statement})
    assert rows(logged, table) == before


ALLOWED = {
    "a salt is erased": "UPDATE log_entry SET salt = NULL, subject = NULL WHERE idx = 1",
    "an entry gets its place": "UPDATE log_entry SET idx = 2 WHERE idx IS NULL",
    "a tile becomes longer": "UPDATE log_tile SET data = :longer",
    "a witness signs again": "UPDATE log_cosignature SET latest = 'x'",
    "the log grows": "UPDATE log_state SET size = 3, root = :other",
    "the note is signed by the next key": "UPDATE log_state SET note = :other",
}


@pytest.mark.parametrize("statement", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_growth_and_erasure_need_is_allowed(logged: Engine, statement: str) -> None:
    values = {**VALUES, "longer": bytes(64) + b"x" * 32}
    with logged.begin() as connection:
        done = connection.execute(text(statement), {name: v for name, v in values.items() if f":{name}" in statement})
    assert done.rowcount == 1


@pytest.mark.parametrize("table", TABLES)
def test_rows_are_not_deleted_by_the_back_door(logged: Engine, backend: str, table: str) -> None:
    before = rows(logged, table)
    statement = {
        "sqlite": f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",  # noqa: S608
        "postgresql": f"TRUNCATE {table} CASCADE",
    }[backend]
    with pytest.raises(DatabaseError, match="never"), logged.begin() as connection:
        connection.exec_driver_sql(statement)
    assert rows(logged, table) == before


def test_the_way_back_drops_the_log_and_its_triggers(logged: Engine, database_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(resources.migrations_dir()))
    with logged.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
    assert not [name for name in inspect(logged).get_table_names() if name.startswith("log_")]
    migrate.upgrade(database_url)
    with logged.begin() as connection:
        assert log.read_state(connection) == LogState(1, 0, sha256(b"").digest(), 0, None)
