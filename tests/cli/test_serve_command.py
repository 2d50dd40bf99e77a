"""`certsvc serve` and `demo`: a taken port, a second start, Ctrl-C, an existing demo, and what --reset may delete."""

import http.server
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from cli_for_tests import call, must
from demo_for_tests import PEOPLE, SEED, URL, shared_demo
from test_officer_path import founded
from world_for_tests import opened

from certsvc.services import cosign
from certsvc.services.log_leaves import is_fresh


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_demo(tmp_path_factory)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            pytest.fail(f"the server ended at once: {process.stderr.read() if process.stderr else ''}")
        try:
            with urlopen(f"{url}/healthz"):  # noqa: S310 -- our own server on loopback
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not answer within 30 seconds")


@contextmanager
def serving(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`certsvc serve` on a free port."""
    port = free_port()
    command = [sys.executable, "-m", "certsvc", "serve", "--home", str(home), "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}", process)
        yield process, port
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def running(demo: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with serving(demo) as served:
        yield served


def test_a_server_keeps_its_log_cosigned(demo: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(demo, tmp_path / "home"))
    with opened(home) as instance:
        instance.set_clock(instance.now() - 3700)
        cosign.cosign(instance)
        instance.set_clock(None)
        with serving(home):
            until = time.monotonic() + 30
            while not is_fresh(instance) and time.monotonic() < until:
                time.sleep(0.1)
            assert is_fresh(instance)


def test_a_second_start_is_told_that_the_instance_runs_already(demo: Path, running) -> None:
    _process, port = running
    said = call("serve", "--home", demo, "--port", port)
    assert (said.code, "running_already" in said.err) == (1, True)


def test_ctrl_c_ends_the_server_in_order(running) -> None:
    """A terminal sends it to the server and to everything that the server has started."""
    process, port = running
    os.killpg(process.pid, signal.SIGINT)
    _out, err = process.communicate(timeout=30)
    assert "refused to gracefully stop" not in err.decode()
    assert process.returncode == 0
    assert "已停止" in err.decode()
    assert "Traceback" not in err.decode()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def stranger() -> Iterator[int]:
    """Another program that has a port."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_port_of_another_program_is_told_with_one_that_may_be_free(demo: Path, stranger: int) -> None:
    said = call("serve", "--home", demo, "--port", stranger)
    assert said.code == 1
    assert "port_taken" in said.err
    assert f"certsvc serve --port {stranger + 1}" in said.err


def test_an_address_that_is_not_ours_is_refused(demo: Path) -> None:
    said = call("serve", "--home", demo, "--host", "192.0.2.1", "--port", free_port())
    assert (said.code, "[address]" in said.err) == (1, True)


def test_a_demo_that_is_there_is_served_again_and_not_built(demo: Path) -> None:
    before = (demo / "roots.pem").read_bytes()
    said = must("demo", "--home", demo, "--no-serve")
    assert "演示已存在" in said.err
    assert f"{URL}/" in said.out
    assert "certsvc verify" in said.out and "→ valid" in said.out
    assert (demo / "roots.pem").read_bytes() == before


@pytest.mark.parametrize(
    "other", [("--people", PEOPLE + 1), ("--seed", SEED + 1), ("--public-url", "http://192.0.2.7:8787")]
)
def test_another_demo_in_the_same_place_is_an_error_that_names_reset(demo: Path, other: tuple[str, object]) -> None:
    said = call("demo", "--home", demo, "--no-serve", *other)
    assert said.code == 1
    assert "certsvc demo" in said.err and "--reset" in said.err


def test_reset_deletes_a_demo_and_nothing_else(tmp_path: Path, demo: Path) -> None:
    copy = Path(shutil.copytree(demo, tmp_path / "demo"))
    must("demo", "--home", copy, "--no-serve", "--reset", "--people", 30, "--seed", 3)
    assert '"people": 30' in (copy / "demo" / "demo.json").read_text(encoding="utf-8")

    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine")
    said = call("demo", "--home", mine, "--no-serve", "--reset")
    assert (said.code, "not_a_demo" in said.err) == (1, True)
    assert (mine / "thesis.txt").exists()


def test_a_real_home_is_never_reset(tmp_path: Path) -> None:
    home = founded(tmp_path / "home")
    settings = home / "home.json"
    settings.write_text(settings.read_text(encoding="utf-8").replace('"demo": true', '"demo": false'))
    said = call("demo", "--home", home, "--no-serve", "--reset")
    assert (said.code, (home / "roots.pem").exists()) == (1, True)


def test_a_database_of_another_instance_is_left_alone(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERTSVC_DATABASE_URL", "postgresql://nobody@192.0.2.1/other")
    must("demo", "--home", demo, "--no-serve")


def test_the_openapi_document_names_the_address_of_the_home(demo: Path) -> None:
    import json

    document = json.loads(must("openapi", "--home", demo).out)
    assert document["servers"] == [{"url": URL}]
    assert document["openapi"].startswith("3.1")
