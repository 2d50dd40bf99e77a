"""`certsvc backup` and `restore`: what comes back is what went in, keys only when asked, and nothing is overwritten."""

import io
import json
import os
import shutil
import stat
import tarfile
from pathlib import Path

import pytest
from cli_for_tests import call, must
from demo_for_tests import shared_demo

from certsvc.instance import database_url
from certsvc.store.copy import copy_database, restore_database
from certsvc.store.engine import Engines, open_engines


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_demo(tmp_path_factory)


def test_a_home_with_keys_comes_back_and_answers_the_same(demo: Path, tmp_path: Path) -> None:
    must("backup", tmp_path / "b.tar", "--with-keys", "--home", demo)
    must("restore", tmp_path / "b.tar", "--home", tmp_path / "again")
    must("verify", demo / "demo" / "valid.pdf", "--home", tmp_path / "again")
    assert must("list", "--home", tmp_path / "again").out == must("list", "--home", demo).out
    assert stat.S_IMODE((tmp_path / "again" / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "again" / "keys" / "policy.pem").stat().st_mode) == 0o600


def test_a_backup_is_its_owners_only(demo: Path, tmp_path: Path) -> None:
    must("backup", tmp_path / "b.tar", "--home", demo)
    assert stat.S_IMODE((tmp_path / "b.tar").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar"]


def test_keys_are_in_it_only_when_asked_for(demo: Path, tmp_path: Path) -> None:
    must("backup", tmp_path / "b.tar", "--home", demo)
    with tarfile.open(tmp_path / "b.tar") as tar:
        assert not [name for name in tar.getnames() if name.startswith("keys")]
    said = must("restore", tmp_path / "b.tar", "--home", tmp_path / "again")
    assert "put the keys back" in said.err
    assert call("list", "--home", tmp_path / "again").code == 1
    for key in (demo / "keys").iterdir():
        shutil.copy(key, tmp_path / "again" / "keys")
    must("verify", demo / "demo" / "valid.pdf", "--home", tmp_path / "again")


def test_no_backup_and_no_home_is_overwritten(demo: Path, tmp_path: Path) -> None:
    must("backup", tmp_path / "b.tar", "--home", demo)
    assert "backup_exists" in call("backup", tmp_path / "b.tar", "--home", demo).err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    said = call("restore", tmp_path / "b.tar", "--home", tmp_path / "full")
    assert (said.code, "home_exists" in said.err) == (1, True)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def rewritten(source: Path, target: Path, change: str) -> Path:
    """A copy of a backup with one defect."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            content = old.extractfile(member)
            data = content.read() if content else b""
            if change == "a changed byte" and member.name == "roots.pem":
                data = data.replace(b"A", b"B", 1)
            if change == "a missing file" and member.name == "roots.pem":
                continue
            if change == "no manifest" and member.name == "backup.json":
                continue
            if change == "another format" and member.name == "backup.json":
                data = json.dumps({**json.loads(data), "format": "other/1"}).encode()
            if change == "a file of nobody" and member.name == "home.json":
                extra = tarfile.TarInfo("../outside.txt")
                new.addfile(extra, io.BytesIO(b""))
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return target


@pytest.mark.parametrize(
    "change", ["a changed byte", "a missing file", "no manifest", "another format", "a file of nobody"]
)
def test_a_backup_with_a_defect_is_refused_and_leaves_nothing(demo: Path, tmp_path: Path, change: str) -> None:
    must("backup", tmp_path / "b.tar", "--with-keys", "--home", demo)
    bad = rewritten(tmp_path / "b.tar", tmp_path / "bad.tar", change)
    said = call("restore", bad, "--home", tmp_path / "again")
    assert (said.code, "backup_broken" in said.err) == (1, True), said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "bad.tar"]


def test_what_is_no_tar_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_bytes(os.urandom(2048))
    assert "backup_broken" in call("restore", tmp_path / "b.tar", "--home", tmp_path / "again").err


def test_a_database_is_copied_and_filled_while_others_write(
    engines: Engines, database_url: str, empty_url: str, tmp_path: Path
) -> None:
    """Both kinds of database: rows come back, and an open transaction elsewhere is not in the copy."""
    insert = "INSERT INTO person (id, sex, birth, created_at) VALUES ('{}', 'M', '1990-01-01', 1)"
    with engines.write.begin() as connection:
        connection.exec_driver_sql(insert.format("committed"))
    with engines.write.begin() as connection:
        connection.exec_driver_sql(insert.format("open"))
        copy = copy_database(database_url, tmp_path)
    target = empty_url.replace("empty.db", "restored.db")
    restore_database(target, copy)
    restored = open_engines(target)
    with restored.read.connect() as connection:
        assert connection.exec_driver_sql("SELECT id FROM person").scalars().all() == ["committed"]
    restored.close()


def test_a_copy_of_one_kind_does_not_fill_the_other(tmp_path: Path) -> None:
    from certsvc.core.errors import NotReady

    (tmp_path / "database.sqlite3").write_bytes(b"")
    with pytest.raises(NotReady, match="backup_kind"):
        restore_database("postgresql://nobody@/nothing", tmp_path / "database.sqlite3")


def test_the_database_of_a_home_is_its_own_file_unless_the_environment_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database_url(tmp_path) == f"sqlite:///{tmp_path / 'certsvc.sqlite3'}"
    monkeypatch.setenv("CERTSVC_DATABASE_URL", "postgresql://other@/name")
    assert database_url(tmp_path) == "postgresql://other@/name"
