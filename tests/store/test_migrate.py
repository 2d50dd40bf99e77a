"""Migrations lead from every earlier revision to exactly the tables of store.tables, on both databases."""

import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from rows_for_tests import NAME, PERSON, add_roster
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from certsvc import resources
from certsvc.core.errors import NotReady
from certsvc.store import people, rosters, tables
from certsvc.store.engine import Engines, open_engines
from certsvc.store.migrate import check_current, revision, upgrade
from certsvc.store.rows import Photo

_CONFIG = Config()
_CONFIG.set_main_option("script_location", str(resources.migrations_dir()))
REVISIONS = [script.revision for script in ScriptDirectory.from_config(_CONFIG).walk_revisions()]
HEAD = REVISIONS[0]


def schema_of(engine: Engine) -> dict[str, object]:
    """What `compare_metadata` does not look at: check constraints, partial indexes, STRICT."""
    inspector = inspect(engine)
    where = f"{engine.dialect.name}_where"
    found: dict[str, object] = {}
    for name in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        checks = {check["name"]: check["sqltext"] for check in inspector.get_check_constraints(name)}
        partial = [
            index["name"]
            for index in inspector.get_indexes(name)
            if index.get("dialect_options", {}).get(where) is not None
        ]
        found[name] = (checks, sorted(map(str, partial)))
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            strict = connection.execute(text("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'"))
            found["strict"] = {name: flag for name, flag in strict if name in tables.metadata.tables}
    return found


@pytest.mark.parametrize("start", [None, *REVISIONS])
def test_every_earlier_revision_is_led_to_the_present_tables(empty_url: str, start: str | None) -> None:
    if start is not None:
        upgrade(empty_url, start)
    upgrade(empty_url)
    engines = open_engines(empty_url)
    with engines.write.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    assert revision(engines.write) == HEAD
    engines.close()


def test_photos_of_the_first_revision_are_kept(empty_url: str) -> None:
    upgrade(empty_url, "0001")
    engines = open_engines(empty_url)
    with engines.write.begin() as connection:
        people.add_person(connection, PERSON)
        connection.execute(tables.photo.insert().values(person_id=PERSON.id, jpeg=b"jpeg", sha256="hash", added_at=1))
    upgrade(empty_url)
    with engines.write.connect() as connection:
        assert people.find_photo(connection, PERSON.id) == Photo(PERSON.id, b"jpeg", "hash", 1)
    engines.close()


def test_migrated_and_freshly_made_tables_have_the_same_checks(engine: Engine, empty_url: str) -> None:
    fresh = open_engines(empty_url)
    with fresh.write.begin() as connection:
        tables.metadata.create_all(connection)
    made = schema_of(fresh.write)
    fresh.close()
    assert schema_of(engine) == made
    assert "ck_person_sex" in made["person"][0]  # type: ignore[index]
    assert made["person_name"][1] == ["uq_person_name_current"]  # type: ignore[index]


def test_a_present_database_is_current_on_either_engine(engines: Engines) -> None:
    check_current(engines.write)
    check_current(engines.read)


def test_an_empty_database_is_not_ready(empty_url: str) -> None:
    engines = open_engines(empty_url)
    with pytest.raises(NotReady) as caught:
        check_current(engines.read)
    engines.close()
    assert (caught.value.code, caught.value.hint) == ("database_empty", "certsvc init")


def stamp(engine: Engine, number: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :number"), {"number": number})


def test_a_database_of_a_newer_program_is_not_touched(engine: Engine, database_url: str) -> None:
    stamp(engine, "9999")
    with pytest.raises(NotReady) as caught:
        check_current(engine)
    assert caught.value.code == "database_newer"
    assert "9999" in caught.value.en


@pytest.fixture
def migrations_with_a_second_revision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The shipped migrations and one more after them, in a folder whose name has a percent sign."""
    folder = tmp_path / "100%"
    (folder / "versions").mkdir(parents=True)
    for source in [resources.migrations_dir() / "env.py", *(resources.migrations_dir() / "versions").glob("*.py")]:
        (folder / source.relative_to(resources.migrations_dir())).write_bytes(source.read_bytes())
    (folder / "versions" / "next.py").write_text(
        f"from alembic import op\n\nrevision = 'next'\ndown_revision = {HEAD!r}\n\n\ndef upgrade():\n"
        "    op.execute('CREATE TABLE extra (id INTEGER)')\n"
        "    op.execute((__import__('pathlib').Path(__file__).parent / 'then.sql').read_text())\n"
    )
    monkeypatch.setattr(resources, "migrations_dir", lambda: folder)
    return folder


def test_an_older_database_names_the_command_that_upgrades_it(
    engine: Engine, migrations_with_a_second_revision: Path
) -> None:
    with pytest.raises(NotReady) as caught:
        check_current(engine)
    assert (caught.value.code, caught.value.hint) == ("database_old", "certsvc doctor --upgrade")


def test_a_migration_that_fails_halfway_leaves_nothing(
    engine: Engine, database_url: str, migrations_with_a_second_revision: Path
) -> None:
    (migrations_with_a_second_revision / "versions" / "then.sql").write_text("DELETE FROM no_such_table")
    with pytest.raises(Exception, match="no_such_table"):
        upgrade(database_url)
    assert revision(engine) == HEAD
    assert "extra" not in inspect(engine).get_table_names()


def test_a_migration_that_leaves_a_dangling_reference_is_undone(
    engine: Engine, database_url: str, backend: str, migrations_with_a_second_revision: Path
) -> None:
    jpeg = {"sqlite": "x'00'", "postgresql": r"'\x00'"}[backend]
    dangling = f"INSERT INTO photo VALUES ('nobody', {jpeg}, 'x', 0)"  # noqa: S608
    (migrations_with_a_second_revision / "versions" / "then.sql").write_text(dangling)
    with pytest.raises(Exception, match=r"photo|foreign key"):
        upgrade(database_url)
    assert revision(engine) == HEAD


def test_a_table_that_others_refer_to_may_be_rebuilt(
    engine: Engine, database_url: str, migrations_with_a_second_revision: Path
) -> None:
    """SQLite changes a column by dropping the table and making it anew; nothing that refers to it may be lost."""
    with engine.begin() as connection:
        people.add_person(connection, PERSON)
        people.add_name(connection, NAME)
    (migrations_with_a_second_revision / "versions" / "next.py").write_text(
        f"from alembic import op\nimport sqlalchemy as sa\n\nrevision = 'next'\ndown_revision = {HEAD!r}\n\n\n"
        "def upgrade():\n"
        "    with op.batch_alter_table('person', recreate='auto') as batch:\n"
        "        batch.alter_column('birth', existing_type=sa.Text(), nullable=True)\n"
    )
    upgrade(database_url)
    with engine.connect() as connection:
        assert people.find_person(connection, PERSON.id) == PERSON
        assert people.list_names(connection, PERSON.id) == (NAME,)


def test_two_processes_may_upgrade_at_the_same_moment(empty_url: str) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            upgrade(empty_url)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert not any(thread.is_alive() for thread in threads)


def test_entries_are_kept_on_the_way_to_being_replaced_and_back(empty_url: str) -> None:
    upgrade(empty_url)
    engines = open_engines(empty_url)
    kept = [column.name for column in tables.entry.columns if column.name != "replaced_by"]
    copied = ", ".join("'new'" if name in ("id", "row_key", "commitment") else name for name in kept)
    with engines.write.begin() as connection:
        add_roster(connection)
        found = rosters.list_entries(connection, "R0001")
    for _ in range(2):
        with engines.write.begin() as connection:
            _CONFIG.attributes["connection"] = connection
            command.downgrade(_CONFIG, "0007")
        # Whoever this is about has the title already, and the rule of before holds whatever became of it.
        with pytest.raises(IntegrityError), engines.write.begin() as connection:
            connection.exec_driver_sql(f"INSERT INTO entry ({', '.join(kept)}) SELECT {copied} FROM entry LIMIT 1")  # noqa: S608
        upgrade(empty_url)
        with engines.write.begin() as connection:
            assert rosters.list_entries(connection, "R0001") == found != ()
            assert rosters.find_entry(connection, "entry-1") is not None
    engines.close()
