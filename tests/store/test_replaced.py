"""No row is replaced by an INSERT: plain sqlite3, which asks no DELETE trigger, and PostgreSQL's ON CONFLICT DO UPDATE."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from rows_for_tests import CERTIFICATE, LIST, NOW, add_certificates
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from certsvc.core.errors import Refused
from certsvc.store import certificates, documents, status
from certsvc.store.engine import Engines, open_engines
from certsvc.store.migrate import upgrade
from certsvc.store.rows import StatusEvent, StatusList

TABLES = ("certificate", "document", "status_event", "notice", "status_list")


def _fill(connection: Connection) -> None:
    """Three certificates, the first of them revoked, with its letter; and a published list."""
    add_certificates(connection)
    names = [
        documents.add_document(connection, "act+jwt", body, subject="certificate-1", iat=NOW)
        for body in (b"propose", b"decide")
    ]
    status.add_event(connection, StatusEvent("certificate-1", 0, "revoke", 1, *names, True, None, NOW))
    certificates.set_state(connection, "certificate-1", "revoked")
    connection.exec_driver_sql(
        "INSERT INTO notice VALUES ('N0001', 'certificate-1', 0, 'revoke', '告', 'told', 1, NULL, NULL, NULL)"
    )
    status.add_status_list(connection, StatusList(LIST, names[0], NOW))


@pytest.fixture
def filled(engines: Engines) -> Engine:
    with engines.write.begin() as connection:
        _fill(connection)
    return engines.write


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The file as any other program opens it: without our PRAGMAs."""
    path = tmp_path / "certsvc.db"
    upgrade(f"sqlite:///{path}")
    ours = open_engines(f"sqlite:///{path}")
    with ours.write.begin() as connection:
        _fill(connection)
    ours.close()
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def everything(connection: sqlite3.Connection) -> dict[str, list[str]]:
    return {table: sorted(map(repr, connection.execute(f"SELECT rowid, * FROM {table}"))) for table in TABLES}  # noqa: S608


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def replacing(connection: sqlite3.Connection, table: str, **changed: str) -> str:
    """A REPLACE of the first row of `table` by itself, but for these expressions."""
    names = columns(connection, table)
    said = ", ".join(changed.get(name, name) for name in names)
    return f"REPLACE INTO {table} SELECT {said} FROM {table} ORDER BY rowid LIMIT 1"  # noqa: S608


def refused(connection: sqlite3.Connection, statement: str, words: str = "never") -> None:
    before = everything(connection)
    with pytest.raises(sqlite3.IntegrityError, match=words):
        connection.execute(statement)
    connection.rollback()
    assert everything(connection) == before


FRESH = {name: f"'new {name}'" for name in ("id", "entry_id", "number", "code_key", "sha256", "list_uri")} | {
    "version": "9",
    "idx": "9",
}


def test_a_revoked_certificate_is_not_brought_back_by_a_replace(plain: sqlite3.Connection) -> None:
    refused(plain, replacing(plain, "certificate", state="'in_force'"), "never deleted")


@pytest.mark.parametrize("kept", ["id", "entry_id version", "number version", "list_uri idx", "code_key", "sha256"])
def test_each_key_of_a_certificate_alone_keeps_it_from_being_replaced(plain: sqlite3.Connection, kept: str) -> None:
    fresh = {name: value for name, value in FRESH.items() if name not in kept.split()}
    refused(plain, replacing(plain, "certificate", state="'in_force'", **fresh), "never deleted")


REPLACED = {
    "a document": ("document", {"body": "x'00'"}),
    "an event": ("status_event", {"kind": "'suspend'", "value": "2"}),
    "an event, by itself": ("status_event", {}),
    "a letter": ("notice", {"text_zh": "'另'"}),
    "a letter, under another id": ("notice", {"id": "'N0002'", "text_zh": "'另'"}),
    "a list": ("status_list", {}),
}


@pytest.mark.parametrize(("table", "changed"), REPLACED.values(), ids=REPLACED.keys())
def test_no_row_is_replaced(plain: sqlite3.Connection, table: str, changed: dict[str, str]) -> None:
    refused(plain, replacing(plain, table, **changed), "never|next number|cannot follow")


@pytest.mark.parametrize("table", TABLES)
def test_the_number_of_a_row_in_the_file_is_no_back_door(plain: sqlite3.Connection, table: str) -> None:
    """REPLACE takes away the row with the same rowid, too, whatever its keys are."""
    (taken,) = plain.execute(f"SELECT max(rowid) FROM {table}").fetchone()  # noqa: S608
    fresh = {**FRESH, "certificate_id": "'certificate-2'", "q": "0", "uri": "'new'", "id": "'new id'"}
    names = columns(plain, table)
    said = ", ".join(fresh.get(name, name) for name in names)
    into = ", ".join(["rowid", *names])
    refused(plain, f"REPLACE INTO {table} ({into}) SELECT {taken}, {said} FROM {table} LIMIT 1")  # noqa: S608


UPDATES = {
    "a code is moved to another certificate": "UPDATE OR REPLACE certificate SET code_key = 'code-key-1' "
    "WHERE id = 'certificate-2'",
    "a code is sealed anew": "UPDATE certificate SET code_sealed = x'00'",
    "a certificate gets the place of another": "UPDATE OR REPLACE certificate SET rowid = 1 WHERE id = 'certificate-2'",
    "a letter gets another place": "UPDATE OR REPLACE notice SET rowid = 9",
    "a list is dated back": "UPDATE status_list SET iat = 1",
    "a list is deleted": "DELETE FROM status_list",
}


@pytest.mark.parametrize("statement", UPDATES.values(), ids=UPDATES.keys())
def test_no_update_takes_a_row_away(plain: sqlite3.Connection, statement: str) -> None:
    refused(plain, statement)


UPSERTS = {
    "a certificate": "INSERT INTO certificate SELECT * FROM certificate WHERE id = 'certificate-1' "
    "ON CONFLICT (id) DO UPDATE SET state = 'in_force'",
    "a document": "INSERT INTO document SELECT * FROM document WHERE true "
    "ON CONFLICT (sha256) DO UPDATE SET subject = 'another'",
    "an event": "INSERT INTO status_event SELECT * FROM status_event WHERE true "
    "ON CONFLICT (certificate_id, q) DO UPDATE SET value = 0",
    "a letter": "INSERT INTO notice SELECT * FROM notice WHERE true ON CONFLICT (id) DO UPDATE SET text_zh = '另'",
    "a list": "INSERT INTO status_list SELECT * FROM status_list WHERE true "
    "ON CONFLICT (uri, iat, sha256) DO UPDATE SET iat = 1",
}


@pytest.mark.parametrize("statement", UPSERTS.values(), ids=UPSERTS.keys())
def test_no_row_is_replaced_by_an_insert_that_updates(filled: Engine, statement: str) -> None:
    with (
        pytest.raises(IntegrityError, match=r"never|stays there|next number|cannot follow"),
        filled.begin() as connection,
    ):
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("statement", ["UPDATE status_list SET iat = 1", "DELETE FROM status_list"])
def test_a_published_list_stays(filled: Engine, statement: str) -> None:
    with pytest.raises(IntegrityError, match="never"), filled.begin() as connection:
        connection.exec_driver_sql(statement)


def test_what_is_written_again_word_for_word_changes_nothing(filled: Engine) -> None:
    with filled.begin() as connection:
        name = documents.add_document(connection, "act+jwt", b"propose", subject="another", iat=1)
        status.add_status_list(connection, StatusList(LIST, name, NOW))
        found = documents.find_document(connection, name)
        assert found is not None and (found.subject, found.iat) == ("certificate-1", NOW)
        assert len(status.list_status_lists(connection, LIST)) == 1


def test_a_certificate_that_is_there_already_is_still_refused_by_its_name(filled: Engine) -> None:
    with pytest.raises(Refused) as caught, filled.begin() as connection:
        certificates.add_certificate(connection, CERTIFICATE)
    assert caught.value.code == "certificate_exists"
