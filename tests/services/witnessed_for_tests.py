"""Homes whose root requires the log, with two witnesses that answer over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.server import ThreadingHTTPServer
from pathlib import Path

from support_instance import SmallInstance, build_small_instance

from certsvc.cli.witness import make_server
from certsvc.core.note import format_vkey
from certsvc.instance import Instance
from certsvc.services import appointment, log
from certsvc.services.witness import create, open_witness

NAMES = ("witness.example/archive", "witness.example/audit")


@contextmanager
def serving(instance: Instance, home: Path, name: str, ahead: int = 0) -> Iterator[tuple[str, str]]:
    """A witness behind a web server of its own, whose clock is that of the instance; its key and its address."""
    vkey = create(home, name)
    with instance.engines.read.connect() as connection:
        keys = [format_vkey(key) for key in log.log_keys(instance, connection)]
    made = replace(open_witness(home, keys), clock=lambda: instance.now() + ahead)
    server: ThreadingHTTPServer = make_server(made, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield vkey, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        made.engines.close()


def with_witnesses(stack: ExitStack, folder: Path, instance: Instance) -> None:
    """Appoints both; they answer until `stack` ends."""
    for name in NAMES:
        appointment.appoint(instance, *stack.enter_context(serving(instance, folder / name[-5:], name)), 2)


@contextmanager
def witnessed_home(folder: Path, people: int) -> Iterator[SmallInstance]:
    """A home with both witnesses and so many certificates, open."""
    with ExitStack() as stack:
        small = build_small_instance(
            folder / "home", people, True, True, lambda instance: with_witnesses(stack, folder, instance)
        )
        yield small
        small.instance.close()
