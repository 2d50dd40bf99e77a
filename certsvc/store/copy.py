"""A consistent copy of the whole database while others go on writing, and a database made from such a copy."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, make_url

from certsvc.core.errors import NotReady

#: Name of the copy, by kind of database.
FILE_NAMES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}


def kind_of(url: str) -> str:
    """sqlite | postgresql."""
    return make_url(url).get_backend_name()


def copy_database(url: str, folder: Path) -> Path:
    """Writes the copy into `folder` and gives back its path. Raises NotReady when it cannot be made."""
    target = folder / FILE_NAMES[kind_of(url)]
    _COPIERS[kind_of(url)](make_url(url), target)
    return target


def restore_database(url: str, copy: Path) -> None:
    """Fills the empty database at `url` from `copy`. Raises NotReady when it is not empty or of another kind."""
    if copy.name != FILE_NAMES.get(kind_of(url)):
        zh, en = "备份的数据库类型与目标不同", f"The copy is {copy.name}, the database at hand is {kind_of(url)}."
        raise NotReady("backup_kind", zh, en, "export CERTSVC_DATABASE_URL=…")
    _RESTORERS[kind_of(url)](make_url(url), copy)


def _copy_sqlite(url: URL, target: Path) -> None:
    # The online backup API gives one moment of a database that is being written (sqlite.org/backup.html).
    source = sqlite3.connect(f"file:{quote(str(url.database))}?mode=ro", uri=True)
    with closing(source), closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    os.chmod(target, 0o600)


def _restore_sqlite(url: URL, copy: Path) -> None:
    place = Path(str(url.database))
    if place.exists():
        raise NotReady("database_exists", f"{place} 已存在,不会覆盖", f"{place} exists and is never overwritten.")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(copy, place)
    place.chmod(0o600)


def _copy_postgresql(url: URL, target: Path) -> None:
    _tool("pg_dump", url, "--format=custom", "--no-owner", f"--file={target}")
    os.chmod(target, 0o600)


def _restore_postgresql(url: URL, copy: Path) -> None:
    # --exit-on-error: a table that is there already stops the work, and the one transaction leaves nothing behind.
    _tool("pg_restore", url, "--no-owner", "--exit-on-error", "--single-transaction", str(copy))


def _tool(name: str, url: URL, *options: str) -> None:
    """Runs a PostgreSQL program; the password goes through the environment, never through the command line."""
    program = shutil.which(name)
    if program is None:
        zh, en = f"缺少 {name}", f"{name} is not installed."
        raise NotReady("tool_missing", zh, en, "apt-get install postgresql-client")
    plain = url.set(drivername="postgresql", password=None).render_as_string()
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    done = subprocess.run([program, f"--dbname={plain}", *options], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [""])[-1]
        raise NotReady("database_tool", f"{name} 失败", f"{name} failed: {reason}", "certsvc doctor")


Copier = Callable[[URL, Path], None]
_COPIERS: dict[str, Copier] = {"sqlite": _copy_sqlite, "postgresql": _copy_postgresql}
_RESTORERS: dict[str, Copier] = {"sqlite": _restore_sqlite, "postgresql": _restore_postgresql}
