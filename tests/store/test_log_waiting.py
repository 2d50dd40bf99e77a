"""What waits for the log is found by an index, and counted with what is placed and not yet published."""

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Select, text

from certsvc.store import log, unlogged

PLACED = 3_000
#: SQLite keeps what has no place at one end of its index of places.
USED = {"sqlite": "SEARCH log_entry", "postgresql": "ix_log_entry_waiting"}
ON_PLACES = {"sqlite": "SEARCH log_entry", "postgresql": "uq_log_entry_idx"}


@pytest.fixture
def long_log(engine: Engine) -> Engine:
    """Thousands of entries that have their place, all of them published; the database has no statistics of them."""
    with engine.begin() as connection:
        log.add_logged(connection, {n: b"entry %d" % n for n in range(PLACED)}, now=50)
        log.advance(connection, 0, PLACED, bytes(32))
        log.set_published(connection, PLACED, b"note")
    return engine


def plan(connection: Connection, statement: Select[Any]) -> str:
    """How the database would answer, in its own words."""
    written = statement.compile()
    values = {name: PLACED if value is None else value for name, value in written.params.items()}
    question = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}[connection.dialect.name]
    return "\n".join(map(str, connection.execute(text(f"{question} {written}"), values)))


@pytest.mark.parametrize("statement", [log._WAITING, log._LAST_WAITING, log._IS_WAITING], ids=["all", "last", "any"])
def test_what_waits_is_found_without_looking_at_what_is_logged(long_log: Engine, statement: Select[Any]) -> None:
    with long_log.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
        assert USED[connection.dialect.name] in plan(connection, statement)


def test_what_is_placed_and_not_published_is_found_without_looking_at_the_rest(long_log: Engine) -> None:
    # A database that knows nothing of the places yet: a range with one end it would take for a third of them.
    with long_log.connect() as connection:
        assert ON_PLACES[connection.dialect.name] in plan(connection, unlogged._PLACED)


def test_leaves_count_until_a_published_checkpoint_covers_them(long_log: Engine) -> None:
    with long_log.begin() as connection:
        assert unlogged.unpublished(connection) == (0, None)
        for number, now in enumerate((70, 60, 80)):
            log.add_entry(connection, f"key {number}", b"entry", subject=None, salt=None, now=now)
        assert unlogged.unpublished(connection) == (3, 60)
        rows = [row for row, _ in log.list_waiting(connection, 2)]
        log.place(connection, {row: index for index, row in enumerate(rows, PLACED)})
        log.advance(connection, PLACED, PLACED + 2, bytes(32))
        # The oldest has its place, and nobody can see it yet.
        assert unlogged.unpublished(connection) == (3, 60)
        log.set_published(connection, PLACED + 2, b"note")
        assert unlogged.unpublished(connection) == (1, 80)


def test_a_document_was_seen_when_all_its_leaves_were(long_log: Engine) -> None:
    subjects = {"early": (0, 1), "parted": (1, 2), "late": (2, 3), "half": (0, None), "waiting": (None,)}
    with long_log.begin() as connection:
        rows = {}
        for name, places in subjects.items():
            for number, place in enumerate(places):
                key = f"{name}/{number}"
                row = log.add_entry(connection, key, key.encode(), subject=name, salt=None, now=60)
                if place is not None:
                    rows[row] = PLACED + 10 * place + len(rows)
        log.place(connection, rows)
        asked = [*subjects, "unknown"]
        assert log.seen_within(connection, asked, PLACED + 20) == {"early"}
        assert log.seen_within(connection, asked, PLACED + 100) == {"early", "parted", "late"}
        assert log.seen_within(connection, asked, 0) == set()
