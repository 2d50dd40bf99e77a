"""Reading strangers' files in a process of its own, bounded in time and memory (threats.md 2.6 F11, 2.8 H9).

The child holds no key and no database: bytes go in, what was read comes out. A file that is too hard for it is
`cannot_decide`, never a finding about the certificate.
"""

import os
import resource
import socket
import subprocess
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import Empty, LifoQueue
from typing import cast

from certsvc.services.verify_evidence import Found, read_anything

#: Importing the readers takes a second or two; a loaded machine gets this long.
START_SECONDS = 60.0
#: What the child may know of our environment: no database address, no signer.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR")


class TooHard(Exception):
    """The file was not read in the time or memory allowed; `code` says it in words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class _Child:
    process: subprocess.Popen[bytes]
    pipe: Connection


class FileReader:
    """Up to `count` child processes, started when first needed and replaced when one had to be ended."""

    def __init__(self, count: int, seconds: float, queue_seconds: float, memory: int) -> None:
        self._seconds, self._queue_seconds, self._memory = seconds, queue_seconds, memory
        # Last in, first out: a warm child is taken before a place that has none yet.
        self._places: LifoQueue[_Child | None] = LifoQueue(count)
        for _ in range(count):
            self._places.put(None)
        # Nobody calls close() when a server ends; the children must not outlive it.
        weakref.finalize(self, _end_all, self._places)

    def read(self, data: bytes, host: str) -> Found:
        """What is in `data`; `host` is the official one. Raises TooHard: `too_hard_to_read`, `service_busy`."""
        with self._child() as child:
            try:
                child.pipe.send((data, host))
                found = child.pipe.recv() if child.pipe.poll(self._seconds) else None
            except (EOFError, OSError):
                found = None
            if found is None:
                _end(child)
                raise TooHard("too_hard_to_read")
            return cast(Found, found)

    def warm_up(self) -> None:
        """Starts one child, so that the first upload need not wait for it."""
        with self._child():
            pass

    def close(self) -> None:
        """Ends all children that are not at work; a later file starts a new one."""
        _end_all(self._places)
        while not self._places.full():
            self._places.put(None)

    @contextmanager
    def _child(self) -> Iterator[_Child]:
        """A child for one file; it goes back when it still lives."""
        try:
            child = self._places.get(timeout=self._queue_seconds)
        except Empty:
            raise TooHard("service_busy") from None
        try:
            if child is None or child.process.poll() is not None:
                child = self._start()
            yield child
        finally:
            if child is not None and child.process.poll() is not None:
                child = None
            self._places.put(child)

    def _start(self) -> _Child:
        here, there = socket.socketpair()
        # A fresh interpreter: a fork would copy keys, connections and locks of this process into the child.
        command = [sys.executable, "-m", __name__, str(there.fileno()), str(self._memory)]
        path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        known = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        process = subprocess.Popen(command, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL, env=known | path)
        there.close()
        child = _Child(process, Connection(here.detach()))
        if not child.pipe.poll(START_SECONDS):
            _end(child)
            raise TooHard("service_busy")
        child.pipe.recv()
        return child


def _end_all(places: "LifoQueue[_Child | None]") -> None:
    while True:
        try:
            child = places.get_nowait()
        except Empty:
            return
        if child is not None:
            _end(child)


def _end(child: _Child) -> None:
    child.process.kill()
    child.process.wait()
    child.pipe.close()


def _work(pipe: Connection, memory: int) -> None:
    """The child: says that it is ready, then answers one file after another until its parent is gone."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The parent may be gone at any moment, also while this process was starting; then nobody is left to be told.
    with suppress(EOFError, KeyboardInterrupt, ConnectionError):
        pipe.send(True)
        while True:
            data, host = pipe.recv()
            pipe.send(_read(data, host))


def _read(data: bytes, host: str) -> Found | None:
    try:
        return read_anything(data, host)
    except Exception:  # a file that makes a reader stumble says nothing about a certificate
        return None


if __name__ == "__main__":
    _work(Connection(int(sys.argv[1])), int(sys.argv[2]))
