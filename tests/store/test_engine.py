"""The two engines behave as promised on both databases."""

import threading
from dataclasses import replace

import pytest
from rows_for_tests import NOW, PERSON
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError

from certsvc.core.errors import NotReady, Refused
from certsvc.store import people, tables
from certsvc.store.engine import Engines, insert_or, new_id, open_engines, refusing


def pragma(engine: Engine, name: str) -> object:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


sqlite_only = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@sqlite_only
@pytest.mark.parametrize(
    ("name", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10_000)]
)
def test_sqlite_is_opened_durable_strict_and_patient(engines: Engines, name: str, value: object) -> None:
    assert pragma(engines.write, name) == value


@sqlite_only
def test_a_reader_of_sqlite_is_patient_and_cannot_write(engines: Engines) -> None:
    assert pragma(engines.read, "busy_timeout") == 10_000
    with engines.read.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        people.add_person(connection, PERSON)


def test_the_read_engine_begins_no_transaction(engines: Engines, backend: str) -> None:
    with engines.read.connect() as connection:
        connection.execute(text("SELECT 1"))
        driver = connection.connection.driver_connection
        if backend == "sqlite":
            assert not driver.in_transaction
        else:
            assert driver.autocommit
            assert driver.info.transaction_status.name == "IDLE"


def test_a_reader_sees_only_what_is_committed(engines: Engines) -> None:
    with engines.read.connect() as reader:
        with engines.write.begin() as writer:
            people.add_person(writer, PERSON)
            assert people.find_person(reader, PERSON.id) is None
        assert people.find_person(reader, PERSON.id) == PERSON


def test_a_transaction_that_raises_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        people.add_person(connection, PERSON)
        _ = 1 // 0
    with engine.connect() as connection:
        assert people.find_person(connection, PERSON.id) is None


def test_writers_that_read_first_wait_for_each_other_instead_of_failing(engine: Engine) -> None:
    """With a deferred BEGIN, SQLite answers "database is locked" at once to the slower of two such writers."""
    failures: list[BaseException] = []
    gate = threading.Barrier(4)

    def run(number: int) -> None:
        gate.wait()
        try:
            for turn in range(10):
                with engine.begin() as connection:
                    people.find_person(connection, "nobody")
                    people.add_person(connection, replace(PERSON, id=f"{number}-{turn}"))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM person")).scalar() == 40


def test_a_missing_row_cannot_be_referred_to(engine: Engine) -> None:
    statement = tables.photo.insert().values(person_id="nobody", jpeg=b"", sha256="", added_at=0)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(statement)


def test_an_error_does_not_repeat_what_was_to_be_written(engine: Engine) -> None:
    """Errors end up in logs, and rows hold names."""
    statement = tables.photo.insert().values(person_id="nobody", jpeg=b"", sha256="样章红", added_at=0)
    with pytest.raises(IntegrityError) as error, engine.begin() as connection:
        connection.execute(statement)
    assert "样章红" not in str(error.value)


def test_a_text_in_an_integer_column_is_refused(engine: Engine) -> None:
    with pytest.raises(Exception, match=r"INTEGER|integer|bigint"), engine.begin() as connection:
        connection.execute(text("INSERT INTO person VALUES ('p', 'F', '1980-01-02', 'today')"))


def test_json_and_flags_come_back_as_they_went_in_and_lie_sorted(engine: Engine) -> None:
    value = {"甲": [None, "é"], "乙": 1}
    with engine.begin() as connection:
        statement = tables.roster_file.insert().values(
            sha256="f", name="n", imported_at=NOW, officer_id=None, row_count=0, report=value
        )
        connection.execute(statement)
        assert connection.execute(tables.roster_file.select()).one().report == value
        assert connection.execute(text("SELECT report FROM roster_file")).scalar() == '{"乙":1,"甲":[null,"é"]}'


def test_an_insert_may_pass_over_what_is_there(engine: Engine) -> None:
    with engine.begin() as connection:
        people.add_person(connection, PERSON)
        statement = insert_or(connection, tables.person).values(id=PERSON.id, sex="M", birth="x", created_at=1)
        connection.execute(statement.on_conflict_do_nothing())
        assert people.find_person(connection, PERSON.id) == PERSON


def test_a_broken_constraint_becomes_a_refusal_in_words(engine: Engine) -> None:
    with pytest.raises(Refused) as caught, engine.begin() as connection:
        people.add_person(connection, PERSON)
        with refusing("known", "已登记", "Known."):
            people.add_person(connection, PERSON)
    assert caught.value.code == "known"


def test_any_other_broken_constraint_stays_a_fault_of_ours(engine: Engine) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection, refusing("known", "已登记", "Known."):
        people.add_person(connection, replace(PERSON, sex="女"))


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:"],
    ids=["empty", "no_scheme", "other_database", "memory", "memory_by_name"],
)
def test_a_database_that_cannot_serve_is_refused(url: str) -> None:
    with pytest.raises(NotReady) as caught:
        open_engines(url)
    assert caught.value.code == "database_url"


def test_a_missing_driver_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(NotReady) as caught:
        open_engines("postgresql://sample.invalid/x")
    assert (caught.value.code, caught.value.hint) == ("database_driver", "pip install 'certsvc[postgres]'")


def test_new_ids_differ_and_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len({new_id() for _ in range(1000)}) == 1000
    monkeypatch.setattr("time.time_ns", lambda: 10**18)
    earlier = new_id()
    monkeypatch.setattr("time.time_ns", lambda: 10**18 + 10**6)
    assert earlier < new_id()
