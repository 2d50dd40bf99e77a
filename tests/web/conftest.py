"""A small instance behind the web application; every test has an application, and so rates, of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from support_instance import SmallInstance, build_small_instance

from certsvc.app import create_app
from certsvc.web.context import READER


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallInstance:
    """Shared: tests that spend tries or break things build their own."""
    return build_small_instance(tmp_path_factory.mktemp("web") / "home")


@pytest.fixture
def client(small: SmallInstance) -> Iterator[FlaskClient]:
    yield from client_of(small)


@pytest.fixture
def own(tmp_path: Path) -> SmallInstance:
    """An instance of one test alone."""
    return build_small_instance(tmp_path / "home", people=2)


@pytest.fixture
def own_client(own: SmallInstance) -> Iterator[FlaskClient]:
    yield from client_of(own)


def client_of(small: SmallInstance) -> Iterator[FlaskClient]:
    app = create_app(small.instance)
    yield app.test_client()
    app.extensions[READER].close()
