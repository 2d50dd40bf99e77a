"""Databases for tests: SQLite files and a private PostgreSQL cluster, each copied from a migrated template."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine
from support import needs
from support_instance import SmallInstance, build_small_instance

from certsvc.store.engine import Engines, open_engines
from certsvc.store.migrate import upgrade

# How fast inputs are drawn is the machine's business: the first text alone builds a table of all characters.
settings.register_profile("certsvc", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("certsvc")

APT = "postgresql-15"
INITDB = ["-A", "trust", "-U", "certsvc", "-E", "UTF8", "--no-locale", "--no-sync"]
SERVER = ["listen_addresses=", "fsync=off", "max_connections=60"]


class Cluster:
    """A PostgreSQL server that listens on a socket in its own folder and nowhere else, so no port can be taken."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="certsvc-pg-", dir="/tmp"))  # a socket path may have 107 bytes
        self.user = _unprivileged()
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        data = self.folder / "data"
        # The folder is 0700: nobody else reaches the socket, so `trust` lets nobody else in.
        self._run(needs("initdb", APT), "-D", data, *INITDB)
        flags = [part for option in [*SERVER, f"unix_socket_directories={self.folder}"] for part in ("-c", option)]
        with open(self.folder / "log", "wb") as log:
            command = [needs("postgres", APT), "-D", data, *flags]
            self.server = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self._as_user())
        self._wait()

    def _as_user(self) -> dict[str, object]:
        return {} if self.user is None else {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid}

    def _run(self, *command: object) -> None:
        subprocess.run(list(map(str, command)), check=True, capture_output=True, cwd="/", **self._as_user())

    def _wait(self) -> None:
        until = time.monotonic() + 30
        while True:
            try:
                self.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self.server.poll() is not None:
                    raise
                time.sleep(0.05)

    def execute(self, sql: str) -> None:
        """Runs one statement outside any test database."""
        dsn = f"host={self.folder} user=certsvc dbname=postgres"
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(sql)

    def create(self, template: str = "template0") -> str:
        """The name of a new database, a copy of `template`."""
        name = f"t{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def url(self, name: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://certsvc@/{name}?host={self.folder}"

    def stop(self) -> None:
        """Ends the server at once, without waiting for anybody's farewell, and removes its folder."""
        self.server.send_signal(signal.SIGINT)
        try:
            self.server.wait(5)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _unprivileged() -> str | None:
    """Whom to become, as PostgreSQL refuses to run as root; None if we are not root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One server per test process."""
    server = Cluster()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, closed."""
    path = tmp_path_factory.mktemp("template") / "certsvc.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_template(cluster: Cluster) -> str:
    """The name of a migrated PostgreSQL database that nobody is connected to."""
    name = cluster.create()
    upgrade(cluster.url(name))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Every test that uses a database runs on both."""
    return str(request.param)


@pytest.fixture
def empty_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    yield from _lent(request.getfixturevalue("cluster"), "template0")


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated database of this test's own."""
    if backend == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_template'), tmp_path / 'certsvc.db')}"
        return
    cluster = request.getfixturevalue("cluster")
    yield from _lent(cluster, request.getfixturevalue("postgresql_template"))


def _lent(cluster: Cluster, template: str) -> Iterator[str]:
    name = cluster.create(template)
    yield cluster.url(name)
    cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engines(database_url: str) -> Iterator[Engines]:
    """Both engines of a migrated database."""
    opened = open_engines(database_url)
    yield opened
    opened.close()


@pytest.fixture
def engine(engines: Engines) -> Engine:
    """The engine for transactions."""
    return engines.write


@pytest.fixture(scope="session")
def small_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallInstance]:
    """Three people with certificates under a test root. Shared: tests read it and leave it as it is."""
    small = build_small_instance(tmp_path_factory.mktemp("small") / "home")
    yield small
    small.instance.close()


@pytest.fixture(scope="session")
def production_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallInstance]:
    """One person with a certificate under a root that is no test root, and has the same names."""
    small = build_small_instance(tmp_path_factory.mktemp("production") / "home", people=1, test=False)
    yield small
    small.instance.close()
