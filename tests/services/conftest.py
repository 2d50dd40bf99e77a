"""Homes for the tests of services, each a copy of one that was built once per test process."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support_instance import SmallInstance, build_small_instance
from world_for_tests import World, build_world, database, opened

from certsvc.services.ceremony import Plan
from certsvc.services.founding import found
from certsvc.services.sample_delegation import enrol_sample, sample_rows


@pytest.fixture(scope="session")
def world_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of `build_world`, closed."""
    home = tmp_path_factory.mktemp("world") / "home"
    build_world(home)
    return home


@pytest.fixture(scope="session")
def world_on_postgresql(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The same with its database in PostgreSQL, and the name of that database."""
    cluster = request.getfixturevalue("cluster")
    home, name = tmp_path_factory.mktemp("world-on-postgresql") / "home", cluster.create()
    build_world(home, cluster.url(name))
    return home, name


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the whole sample delegation, enrolled on 2025-03-02 at 9:01 in Asia/Shanghai; closed."""
    home, founded = tmp_path_factory.mktemp("sample") / "home", 1_740_877_200
    found(home, Plan("https://sample.invalid", "SL-HRSS", "示例厅", "Sample", test=True, demo=True), founded)
    with opened(home) as instance:
        instance.set_clock(founded + 60)
        assert enrol_sample(instance) == len(sample_rows())
    return home


@pytest.fixture(scope="session")
def small_template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SmallInstance]:
    """A home of `build_small_instance`, closed, and what it was given back with."""
    home = tmp_path_factory.mktemp("small") / "home"
    with database(None):
        small = build_small_instance(home)
    small.instance.close()
    return home, small


@pytest.fixture
def province(world_template: Path, tmp_path: Path) -> Iterator[World]:
    """A world of this test's own, on SQLite."""
    home = Path(shutil.copytree(world_template, tmp_path / "home"))
    with opened(home) as instance:
        yield World(instance, tmp_path)


@pytest.fixture
def on_postgresql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world of this test's own, on PostgreSQL."""
    cluster = request.getfixturevalue("cluster")
    template, database = request.getfixturevalue("world_on_postgresql")
    home, name = Path(shutil.copytree(template, tmp_path / "home")), cluster.create(database)
    with opened(home, cluster.url(name)) as instance:
        yield World(instance, tmp_path, cluster.url(name))
    cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def anywhere(backend: str, request: pytest.FixtureRequest) -> World:
    """A world of this test's own, on each kind of database."""
    world = request.getfixturevalue("province" if backend == "sqlite" else "on_postgresql")
    assert isinstance(world, World)
    return world


@pytest.fixture
def small(small_template: tuple[Path, SmallInstance], tmp_path: Path) -> Iterator[SmallInstance]:
    """Three certificates of one roster, in a home of this test's own, on SQLite."""
    template, made = small_template
    home = Path(shutil.copytree(template, tmp_path / "small"))
    with opened(home) as instance:
        instance.set_clock(made.now)
        yield replace(made, instance=instance)
