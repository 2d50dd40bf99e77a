"""A web server in a process of its own, for measurements."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

import certsvc
from certsvc.cli.serving import THREADS
from certsvc.core.errors import NotReady

HELLO = "certsvc.bench.server:hello"
PROGRAM = "import sys; from certsvc.bench.server import main; main(*sys.argv[1:])"
START_SECONDS, STOP_SECONDS = 30, 4


def hello() -> Flask:
    """The least that Flask can do: one route, a few bytes of JSON."""
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: {"hello": "world"})
    return app


@dataclass(frozen=True)
class Server:
    """A running server on 127.0.0.1. It leads a session of its own, which its workers belong to."""

    port: int
    session: int

    def cpu_seconds(self) -> float:
        """CPU time of the server with all its workers so far, user and system (proc(5): fields 6, 14, 15 of stat)."""
        ticks = sum(int(fields[11]) + int(fields[12]) for fields in _members(self.session))
        return ticks / os.sysconf("SC_CLK_TCK")


def _members(session: int) -> Iterator[list[str]]:
    """Fields of proc(5) stat, from the third on, of every process of a session."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name of the program, field 2, may hold anything, but it ends with the last bracket.
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                yield fields


@contextmanager
def served(target: str, home: Path) -> Iterator[Server]:
    """A server of `target` while the block runs. Raises NotReady with its last word when it does not start.

    The server has the settings of `certsvc serve`; at the end it and its workers, and nothing else, are ended.
    """
    port = _free_port()
    command = [sys.executable, "-c", PROGRAM, target, str(port), str(os.cpu_count() or 1)]
    log = home / "bench-server.log"
    with log.open("wb") as errors:
        # A session of its own: whatever happens, its workers can be ended with it.
        process = subprocess.Popen(
            command, env=_environment(home), stdout=errors, stderr=errors, start_new_session=True
        )
    try:
        _wait_for(process, port, log)
        yield Server(port, process.pid)
    finally:
        _end(process)


def _environment(home: Path) -> dict[str, str]:
    """Our own, with the home, and with the folder we were imported from, which need not be installed."""
    source = str(Path(certsvc.__file__).parents[1])
    path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "CERTSVC_HOME": str(home), "PYTHONPATH": path}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Returns when the server answers anything at all: its port is open long before its workers are."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        except (OSError, HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()
    said = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
    zh, en = "测量用的网页服务没有启动", f"The server for the measurement did not start: {said}"
    raise NotReady("bench_server", zh, en, "certsvc doctor")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asks the server to stop, and returns when it and its workers are gone."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    # Nothing is left of a server that ended well; of another, its workers, which hold its port.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    until = time.monotonic() + STOP_SECONDS
    while time.monotonic() < until and any(fields[0] not in "ZX" for fields in _members(process.pid)):
        time.sleep(0.02)


def main(target: str, port: str, workers: str) -> None:
    """Serves until SIGTERM."""
    Granian(
        target,
        address="127.0.0.1",
        port=int(port),
        interface=Interfaces.WSGI,
        workers=int(workers),
        blocking_threads=THREADS,
        factory=True,
        log_level=LogLevels.warning,
    ).serve()
