"""A witness of its own in another process, for the log of a home: `certsvc witness serve`."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from world_for_tests import opened

from certsvc.core.note import VerifierKey, format_vkey
from certsvc.services import appointment
from certsvc.services import witness as services

NAME = "witness.invalid/kill"


class Witness:
    """Runs between `with` and its end, and is written into the home as its one witness."""

    def __init__(self, home: Path, log_keys: Iterable[VerifierKey]) -> None:
        self.home, self.vkey = home, services.create(home, NAME)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        known = [part for key in log_keys for part in ("--log-vkey", format_vkey(key))]
        where = ["--home", str(home), "--port", str(self.port)]
        self.command = [sys.executable, "-m", "certsvc", "witness", "serve", *where, *known]

    def __enter__(self) -> "Witness":
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(self.command, stdout=quiet, stderr=quiet, env=dict(os.environ))
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise TimeoutError("the witness does not answer")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()

    def introduce(self, home: Path, url: str | None) -> None:
        """As `certsvc witness add`: this one is asked and has to answer, and the trust bundle says so."""
        with opened(home, url) as instance:
            appointment.appoint(instance, self.vkey, f"http://127.0.0.1:{self.port}")
