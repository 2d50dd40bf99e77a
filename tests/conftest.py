"""Databases for tests: SQLite files and a private PostgreSQL cluster, each copied from a migrated template."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine
from support import needs
from support_instance import SmallInstance, build_small_instance

from certsvc.bench.postgresql import APT, Cluster
from certsvc.store.engine import Engines, open_engines
from certsvc.store.migrate import upgrade

# How fast inputs are drawn is the machine's business: the first text alone builds a table of all characters.
settings.register_profile("certsvc", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("certsvc")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One server per test process; what is lost with a machine that loses power may be lost."""
    for program in ("initdb", "postgres"):
        needs(program, APT)
    server = Cluster(["fsync=off"])
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
