"""A home with a log for tests: the key ceremony alone, on SQLite or PostgreSQL, and leaves to put into it."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select
from world_for_tests import database, opened

from certsvc import resources
from certsvc.core.encoding import b64
from certsvc.core.leaves import act_leaf
from certsvc.core.merkle import EMPTY_ROOT, leaf_hash, levels, root_of
from certsvc.instance import Instance, database_url
from certsvc.services import ceremony, high_water, log, witness, witness_list
from certsvc.store.engine import open_writer
from certsvc.store.log_tables import log_checkpoint, log_entry
from certsvc.store.migrate import upgrade

START = 1_736_042_400
PLAN = ceremony.Plan("https://sample.invalid", "HRSS", "示例省人社厅(样章)", "Sample HRSS", test=True, demo=True)


def leaf(number: int) -> bytes:
    """An act's leaf of an invented office; every number gives another, with a once-tag of its own."""
    return act_leaf(b64(bytes(32)), b"document %d" % number, bytes(32), [tag(number)])


def tag(number: int) -> str:
    return b64(sha256(b"tag %d" % number).digest())


def build_log_home(home: Path, url: str | None = None) -> None:
    """The key ceremony; what it put into the log is forgotten, so that the tests begin at an empty one."""
    with database(url):
        ceremony.hold_ceremony(home, PLAN, START)
        forget_log(home)


def forget_log(home: Path) -> None:
    """Makes a closed home one whose documents are all older than its log: the tables of the log are made anew, and
    nobody witnessed it."""
    url, config = database_url(home), Config()
    config.set_main_option("script_location", str(resources.migrations_dir()))
    engine = open_writer(url, foreign_keys=False)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
    engine.dispose()
    upgrade(url)
    for file in (high_water.FILE, witness_list.FILE):
        (home / file).unlink(missing_ok=True)


def appoint_anew(instance: Instance) -> None:
    """A witness that never heard of the log before."""
    vkey = witness.create(instance.home / "witnesses" / "anew", "witness.example/anew")
    row = {"url": "file:witnesses/anew", "vkey": vkey}
    witness_list.write_list(instance, {"threshold": 1, "witnesses": [row]})


@dataclass(frozen=True)
class LogHome:
    """An open home and where its database is."""

    instance: Instance
    url: str | None

    @property
    def home(self) -> Path:
        return self.instance.home

    def another(self) -> AbstractContextManager[Instance]:
        """The same home opened once more, as another process would."""
        return opened(self.home, self.url)

    def put(self, numbers: Sequence[int]) -> None:
        """One transaction with the leaf of each number."""
        with self.instance.engines.write.begin() as connection:
            for number in numbers:
                log.enqueue(connection, f"key {number}", leaf(number), f"subject {number}", bytes(32))

    def entries(self) -> list[bytes]:
        """What is logged, in its order; fails if the places have a gap or one is given twice."""
        rows = select(log_entry.c.idx, log_entry.c.entry).where(log_entry.c.idx.is_not(None)).order_by(log_entry.c.idx)
        with self.instance.engines.read.connect() as connection:
            found = connection.execute(rows).all()
        assert [row.idx for row in found] == list(range(len(found)))
        return [row.entry for row in found]

    def checkpoints(self) -> dict[int, bytes]:
        """Size -> root of everything that was ever published."""
        with self.instance.engines.read.connect() as connection:
            return {row.size: row.root for row in connection.execute(select(log_checkpoint))}

    def check(self) -> int:
        """What must hold at every moment (log.md I1, I3); gives back how many entries have their place."""
        entries = self.entries()
        for size, root in self.checkpoints().items():
            assert root_from_scratch(entries[:size]) == root
            assert size <= len(entries)
        return len(entries)


def root_from_scratch(entries: Sequence[bytes]) -> bytes:
    """The root of a tree that knows nothing of tiles."""
    return root_of(levels([leaf_hash(entry) for entry in entries])) if entries else EMPTY_ROOT


@contextmanager
def log_home(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogHome]:
    """A home of one test's own, copied from a template of this process, with the checkpoint of the empty log."""
    if backend == "sqlite":
        home = Path(shutil.copytree(request.getfixturevalue("log_template"), tmp_path / "home"))
        with opened(home) as instance:
            yield LogHome(instance, None)
        return
    cluster = request.getfixturevalue("cluster")
    template, made = request.getfixturevalue("log_template_on_postgresql")
    home, name = Path(shutil.copytree(template, tmp_path / "home")), cluster.create(made)
    with opened(home, cluster.url(name)) as instance:
        yield LogHome(instance, cluster.url(name))
    cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


def build_template(home: Path, url: str | None = None) -> Path:
    """A home whose log has begun, closed."""
    build_log_home(home, url)
    with opened(home, url) as instance:
        log.sequence(instance)
    return home


@pytest.fixture(scope="session")
def log_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_template(tmp_path_factory.mktemp("log") / "home")


@pytest.fixture(scope="session")
def log_template_on_postgresql(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    cluster = request.getfixturevalue("cluster")
    name = cluster.create()
    return build_template(tmp_path_factory.mktemp("log-on-postgresql") / "home", cluster.url(name)), name
