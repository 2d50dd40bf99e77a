"""Brings a database to the present schema with Alembic as a library, and says when it is not there."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from certsvc import resources
from certsvc.core.errors import NotReady
from certsvc.store.engine import open_writer

#: Any number that is ours: two starting processes upgrade PostgreSQL one after the other.
ADVISORY_LOCK = 0x63657274


def upgrade(url: str, target: str = "head") -> None:
    """Migrates the database at `url` in one transaction: it ends at `target`, or exactly where it was."""
    # Rebuilding a table on SQLite would otherwise delete what refers to it; the check below makes up for it.
    engine = open_writer(url, foreign_keys=False)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, target)
            _check_foreign_keys(connection)
    finally:
        engine.dispose()


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        en = f"A row of {broken[0]} refers to a missing row of {broken[2]}; nothing was changed."
        raise NotReady("database_broken", "数据库存在悬空引用,未作任何改动", en, "certsvc doctor")


def revision(engine: Engine) -> str | None:
    """The revision this database is at; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def check_current(engine: Engine) -> None:
    """Raises NotReady unless the database has exactly our schema: database_empty, database_old or database_newer."""
    present = revision(engine)
    scripts = ScriptDirectory.from_config(_config())
    head = scripts.get_current_head()
    if present == head:
        return
    if present is None:
        raise NotReady("database_empty", "数据库尚未建立", "The database has no tables yet.", "certsvc init")
    if present in {script.revision for script in scripts.walk_revisions()}:
        en = f"The database is at revision {present}, this program needs {head}."
        raise NotReady("database_old", "数据库版本较旧,需升级", en, "certsvc doctor --upgrade")
    en = f"The database is at revision {present}, which this program does not know; install the newer program."
    raise NotReady("database_newer", "数据库版本比程序新,请安装新版程序", en, "certsvc --version")


def _config() -> Config:
    config = Config()
    # ConfigParser reads % as the beginning of a substitution.
    config.set_main_option("script_location", str(resources.migrations_dir()).replace("%", "%%"))
    return config
