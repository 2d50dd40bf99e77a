"""One demo home for all test processes: built once, beside the temporary folders of the run."""

import json
import os
import time
from pathlib import Path

import pytest

from certsvc.demo import build_demo
from certsvc.demo.story import Progress

PEOPLE, SEED, URL = 40, 7, "http://127.0.0.1:8787"


def shared_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a small demo. The first process builds it, the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    home, lock = root / "demo-home", root / "demo-lock"
    try:
        lock.mkdir()
    except FileExistsError:
        _wait_for(home)
    else:
        quiet: Progress = lambda label, done, total: None  # noqa: E731
        build_demo(home, PEOPLE, SEED, URL, quiet)
    return home


def manifest(home: Path, name: str) -> dict[str, str]:
    """File -> verdict of one of the two manifests."""
    return json.loads((home / "demo" / name).read_text(encoding="utf-8"))


def _wait_for(home: Path) -> None:
    until = time.monotonic() + 120
    while not home.is_dir():
        if time.monotonic() > until:
            pytest.fail("the demo was not built in time by the other test process")
        time.sleep(0.2)
