"""What the database itself refuses, whoever asks: every statement here is raw SQL, on both databases."""

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from rows_for_tests import INTENT, LIST, NOW, add_certificates
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import IntegrityError

from certsvc import resources
from certsvc.core.statuslist import AFTER
from certsvc.store import certificates, documents, migrate, status
from certsvc.store.copy import FILE_NAMES, copy_database, restore_database
from certsvc.store.engine import open_engines
from certsvc.store.rows import IssueIntent, StatusEvent
from certsvc.store.tables import LIFECYCLE, STATUS_VALUES

#: A lawful way to each value.
WAYS: dict[int, list[tuple[str, int]]] = {
    0: [],
    1: [("revoke", 1)],
    2: [("suspend", 2)],
    3: [("correct", 3)],
    11: [("withdraw", 11)],
}
NOTICE = "INSERT INTO notice VALUES ('{id}', 'certificate-1', {q}, 'suspend', '告', 'told', 1, NULL, NULL, NULL)"
FINAL = ("revoked", "superseded", "withdrawn")


@pytest.fixture
def issued(engine: Engine) -> Engine:
    with engine.begin() as connection:
        add_certificates(connection)
        for body in (b"propose", b"decide"):
            documents.add_document(connection, "act+jwt", body, subject="certificate-1", iat=NOW)
        add_event(connection, 0, "suspend", 2)
        connection.exec_driver_sql(NOTICE.format(id="N0001", q=0))
    return engine


def add_event(connection: Connection, q: int, kind: str, value: int, of: str = "certificate-1") -> None:
    """An event by the store's own INSERT, whose rules are not the store's."""
    names = [one.sha256 for one in documents.list_documents(connection, "act+jwt")][:2]
    status.add_event(connection, StatusEvent(of, q, kind, value, names[0], names[1], False, None, NOW))


def rows(engine: Engine, table: str) -> list[object]:
    with engine.connect() as connection:
        return sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {table}")))  # noqa: S608


def refused(engine: Engine, table: str, statement: str | Callable[[Connection], object], words: str) -> None:
    """`statement` is refused with these words, and the table stays as it was."""
    before = rows(engine, table)
    with pytest.raises(IntegrityError, match=words), engine.begin() as connection:
        if callable(statement):
            statement(connection)
        else:
            connection.exec_driver_sql(statement)
    assert rows(engine, table) == before


# --- what stays as it was written -----------------------------------------------------------------------------------

KEPT = {
    "a status event is changed": ("status_event", "UPDATE status_event SET effective_from = '2025-01-01'"),
    "a status event is changed to itself": ("status_event", "UPDATE status_event SET value = value"),
    "a status event is deleted": ("status_event", "DELETE FROM status_event"),
    "a document is changed": ("document", "UPDATE document SET subject = 'another'"),
    "a document is deleted": ("document", "DELETE FROM document"),
    "a certificate is deleted": ("certificate", "DELETE FROM certificate WHERE id = 'certificate-3'"),
    "a notice is deleted": ("notice", "DELETE FROM notice"),
    "a letter is changed": ("notice", "UPDATE notice SET text_zh = 'another'"),
    "the letter in English is changed": ("notice", "UPDATE notice SET text_en = 'another'"),
    "a letter is about another act": ("notice", "UPDATE notice SET kind = 'revoke'"),
    "a letter is numbered anew": ("notice", "UPDATE notice SET id = 'N0009'"),
    "a letter is dated back": ("notice", "UPDATE notice SET created_at = 2"),
}


@pytest.mark.parametrize(("table", "statement"), KEPT.values(), ids=KEPT.keys())
def test_what_was_written_is_neither_changed_nor_deleted(issued: Engine, table: str, statement: str) -> None:
    refused(issued, table, statement, "never")


CHANGES = {
    "id": "'other'",
    "entry_id": "'entry-2'",
    "version": "2",
    "number": "'N9'",
    "licence_id": "'other'",
    "sha256": "'other'",
    "credential": {"sqlite": "x'00'", "postgresql": r"'\x00'"},
    "list_uri": "'https://sample.invalid/other'",
    "idx": "9",
    "issued_at": "1",
}


@pytest.mark.parametrize(("column", "value"), CHANGES.items(), ids=CHANGES.keys())
def test_what_a_certificate_was_signed_with_never_changes(
    issued: Engine, backend: str, column: str, value: str | dict[str, str]
) -> None:
    to = value if isinstance(value, str) else value[backend]
    statement = f"UPDATE certificate SET {column} = {to} WHERE id = 'certificate-3'"  # noqa: S608
    refused(issued, "certificate", statement, "never changed")


def test_the_state_and_the_bundle_of_a_living_certificate_may_change(issued: Engine) -> None:
    with issued.begin() as connection:
        assert certificates.bring_into_force(connection, "certificate-3", b"{}")
        for state in ("suspended", "in_force", "revoked", "revoked"):
            certificates.set_state(connection, "certificate-3", state)


@pytest.mark.parametrize("end", FINAL)
@pytest.mark.parametrize("state", ["in_force", "suspended", *FINAL])
def test_a_final_state_is_final(issued: Engine, end: str, state: str) -> None:
    with issued.begin() as connection:
        certificates.set_state(connection, "certificate-3", end)
    if state == end:
        return
    refused(issued, "certificate", f"UPDATE certificate SET state = '{state}'", "stays there")  # noqa: S608


#: table -> what refuses a REPLACE of its rows. An event is out of its turn before it is in the way of any other.
REPLACED = {
    "status_event": "next number|cannot follow",
    "document": "never deleted",
    "certificate": "never deleted",
    "notice": "never deleted",
}


@pytest.mark.parametrize("table", REPLACED)
def test_rows_are_not_deleted_by_the_back_door(issued: Engine, backend: str, table: str) -> None:
    """SQLite's REPLACE asks no trigger unless it is told to; PostgreSQL's TRUNCATE looks at no row."""
    if backend == "sqlite":
        refused(issued, table, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}", REPLACED[table])  # noqa: S608
    else:
        refused(issued, table, f"TRUNCATE {table} CASCADE", "never emptied")


def test_a_delivery_is_recorded_once(issued: Engine) -> None:
    deliver = "UPDATE notice SET delivered_at = {}, delivered_by = 'officer-1', way = '当面'"
    with issued.begin() as connection:
        connection.exec_driver_sql(deliver.format(NOW))
    refused(issued, "notice", deliver.format(NOW + 1), "delivered once")
    refused(
        issued, "notice", "UPDATE notice SET delivered_at = NULL, delivered_by = NULL, way = NULL", "delivered once"
    )


@pytest.mark.parametrize("half", ["delivered_at = 1", "delivered_by = 'officer-1'", "way = '当面'"])
def test_half_a_delivery_is_none(issued: Engine, half: str) -> None:
    refused(issued, "notice", f"UPDATE notice SET {half}", "delivered")  # noqa: S608


def test_a_notice_is_about_an_event(issued: Engine) -> None:
    refused(issued, "notice", NOTICE.format(id="N0002", q=1), "(?i)foreign key")


def test_an_event_has_one_notice(issued: Engine) -> None:
    refused(issued, "notice", NOTICE.format(id="N0002", q=0), "(?i)unique")


# --- what may follow on what ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", AFTER)
def test_the_database_allows_the_steps_of_the_status_list_and_no_other(issued: Engine, before: int) -> None:
    """Every act and every value after `before`, also the ends: there, nothing is allowed."""
    allowed = []
    for kind in LIFECYCLE:
        for value in STATUS_VALUES:
            try:
                with issued.connect() as connection, connection.begin() as step:
                    for q, (earlier, reached) in enumerate(WAYS[before]):
                        add_event(connection, q, earlier, reached, "certificate-3")
                    add_event(connection, len(WAYS[before]), kind, value, "certificate-3")
                    step.rollback()
                allowed.append((kind, value))
            except IntegrityError as error:
                assert "cannot follow" in str(error)
    assert sorted(allowed) == sorted(AFTER[before].items())


def test_the_step_is_judged_by_the_last_event_and_not_by_an_earlier_one(issued: Engine) -> None:
    with issued.begin() as connection:
        add_event(connection, 1, "reinstate", 0)
    refused(issued, "status_event", lambda connection: add_event(connection, 2, "reinstate", 0), "cannot follow")
    with issued.begin() as connection:
        add_event(connection, 2, "suspend", 2)
        add_event(connection, 3, "revoke", 1)


@pytest.mark.parametrize("q", [0, 2, 7])
def test_events_are_numbered_without_a_gap(issued: Engine, q: int) -> None:
    refused(issued, "status_event", lambda connection: add_event(connection, q, "revoke", 1), "next number")


@pytest.mark.parametrize("q", [1, 2])
def test_the_first_event_of_a_certificate_has_number_zero(issued: Engine, q: int) -> None:
    def begin(connection: Connection) -> None:
        add_event(connection, q, "revoke", 1, "certificate-2")

    refused(issued, "status_event", begin, "next number")


# --- slots ----------------------------------------------------------------------------------------------------------


def intent(**changes: object) -> IssueIntent:
    values = {name: getattr(INTENT, name) for name in INTENT.__slots__}
    return IssueIntent(**(values | {"version": 2, "list_uri": LIST, "idx": 8} | changes))


def test_a_slot_that_a_certificate_has_is_not_intended_for_another(issued: Engine) -> None:
    def intend(connection: Connection) -> None:
        certificates.add_intent(connection, intent(idx=3))

    refused(issued, "issue_intent", intend, "never used again")
    with issued.begin() as connection:
        certificates.add_intent(connection, intent(idx=3, list_uri=f"{LIST}0"))


INSERT = (
    "INSERT INTO certificate SELECT 'new', entry_id, {version}, number, licence_id, code_sealed, 'new', 'new', credential, "
    "list_uri, 8, state, issued_at, frozen_bundle FROM certificate WHERE id = 'certificate-1'"
)


@pytest.mark.parametrize("version", [2, 3])
def test_a_slot_that_is_intended_waits_for_its_certificate(issued: Engine, version: int) -> None:
    with issued.begin() as connection:
        certificates.add_intent(connection, intent())
    if version == 3:
        refused(issued, "certificate", INSERT.format(version=version), "kept for another")
        return
    with issued.begin() as connection:
        connection.exec_driver_sql(INSERT.format(version=version))


# --- the triggers themselves ----------------------------------------------------------------------------------------

NAMES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
}


def triggers(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.exec_driver_sql(NAMES[engine.dialect.name]).scalars())


def test_a_copy_of_the_database_has_the_same_rows_and_refuses_the_same(
    issued: Engine, database_url: str, empty_url: str, backend: str, tmp_path: Path
) -> None:
    copy_database(database_url, tmp_path)
    restore_database(empty_url, tmp_path / FILE_NAMES[backend])
    restored = open_engines(empty_url)
    for table in ("status_event", "document", "certificate", "notice"):
        assert rows(restored.write, table) == rows(issued, table) != []
    assert triggers(restored.write) == triggers(issued) != set()
    refused(restored.write, "status_event", "DELETE FROM status_event", "never deleted")
    restored.close()


def test_rows_of_the_revision_before_are_kept_and_guarded(empty_url: str) -> None:
    migrate.upgrade(empty_url, "0002")
    engines = open_engines(empty_url)
    with engines.write.begin() as connection:
        # Rows are written as they are today, and one column is younger than that revision.
        connection.exec_driver_sql("ALTER TABLE entry ADD COLUMN replaced_by TEXT")
        add_certificates(connection)
        connection.exec_driver_sql("ALTER TABLE entry DROP COLUMN replaced_by")
        documents.add_document(connection, "act+jwt", b"decide", subject="certificate-1", iat=NOW)
    before = rows(engines.write, "certificate")
    migrate.upgrade(empty_url)
    assert rows(engines.write, "certificate") == before
    refused(engines.write, "document", "DELETE FROM document", "never deleted")
    engines.close()


def test_the_way_back_takes_off_every_trigger_and_the_notices(issued: Engine, database_url: str) -> None:
    here, kept = triggers(issued), rows(issued, "certificate")
    config = Config()
    config.set_main_option("script_location", str(resources.migrations_dir()))
    with issued.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
    assert triggers(issued) == set()
    assert "notice" not in inspect(issued).get_table_names()
    assert rows(issued, "certificate") == kept
    migrate.upgrade(database_url)
    assert triggers(issued) == here
