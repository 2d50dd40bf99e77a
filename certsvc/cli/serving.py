"""Running the web server: a taken port and a second start are told in words before granian is started."""

import errno
import json
import os
import signal
import socket
import threading
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen
from wsgiref.types import WSGIApplication

import click

from certsvc.core.errors import NotReady
from certsvc.instance import Instance, open_instance

#: Threads of one worker: a PDF being drawn must not hold up a verification.
THREADS = 4
DEFAULT_PORT = 8787
PORT = click.IntRange(1, 65_535)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def make_app() -> WSGIApplication:
    """The application of the home in CERTSVC_HOME; called once in every worker."""
    # Only here: the process that watches the workers needs none of it, and starts the faster.
    from certsvc.app import create_app
    from certsvc.services import heartbeat
    from certsvc.web.context import READER

    instance = open_instance()
    app = create_app(instance)
    # Until the process ends: a beat that is cut off leaves nothing half done.
    heartbeat.start(instance, threading.Event())
    # The first upload should not wait for the reader's process to start.
    threading.Thread(target=app.extensions[READER].warm_up, name="warm-up", daemon=True).start()
    return app


def make_worker_app() -> WSGIApplication:
    """As `make_app`, for a worker of our own server, out of reach of the terminal's Ctrl-C.

    A worker that gets Ctrl-C itself, beside the stop that the server sends it, hangs until it is killed.
    """
    os.setpgrp()
    return make_app()


def check_port(instance: Instance, host: str, port: int) -> None:
    """Returns if the port is free. Raises NotReady that says who has it."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise _port_trouble(instance, host, port, error) from error


def _port_trouble(instance: Instance, host: str, port: int, error: OSError) -> NotReady:
    if error.errno == errno.EADDRINUSE and _is_this_instance(instance, port):
        zh, en = f"此实例已在运行:{instance.public_url}", f"This instance is running already at {instance.public_url}"
        return NotReady("running_already", zh, en, f"curl {instance.public_url}/healthz")
    if error.errno == errno.EADDRINUSE:
        zh, en = f"端口 {port} 已被其他程序占用", f"Port {port} is taken by another program."
        return NotReady("port_taken", zh, en, f"certsvc serve --port {port + 1}")
    if error.errno == errno.EACCES:
        zh, en = f"没有使用端口 {port} 的权限", f"No permission for port {port}."
        return NotReady("port_denied", zh, en, "certsvc serve --port 8787")
    zh, en = f"地址 {host} 不能使用", f"The address {host} cannot be used: {error.strerror}."
    return NotReady("address", zh, en, "certsvc serve --host 127.0.0.1")


def _is_this_instance(instance: Instance, port: int) -> bool:
    """Whether what listens there shows our own roots."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/.well-known/certsvc-trust.json", timeout=2) as answer:
            roots = json.loads(answer.read(1_000_000)).get("roots", [])
    except (URLError, OSError, ValueError, AttributeError):
        return False
    return (instance.home / "roots.pem").read_text(encoding="ascii").strip() in "\n".join(map(str, roots))


def run(home: Path, host: str, port: int, workers: int) -> None:
    """Serves until Ctrl-C or SIGTERM. Workers find the home in CERTSVC_HOME."""
    # Only here, as another server may load `make_app` and need none of this one.
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    os.environ["CERTSVC_HOME"] = str(home)
    _learn(home)
    server = Granian(
        "certsvc.cli.serving:make_worker_app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        factory=True,
        log_level=LogLevels.warning,
        # A worker that died is replaced; a verification service that is half gone helps nobody.
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    )
    try:
        server.serve()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _learn(home: Path) -> None:
    """Before any worker can sign: what the witnesses of the log know of it."""
    from certsvc.services import heartbeat

    instance = open_instance(home)
    try:
        heartbeat.learn(instance)
    finally:
        instance.close()


def address_for(public_url_host: str) -> str:
    """Where a demo listens: only this machine, unless its public address is one that phones can reach."""
    return "127.0.0.1" if public_url_host in LOOPBACK else "0.0.0.0"  # noqa: S104
