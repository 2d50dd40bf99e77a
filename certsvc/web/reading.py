"""Reading strangers' files in a process of its own, bounded in time and memory (threats.md 2.6 F11, 2.8 H9).

The child holds no key and no database: bytes go in, what was read comes out. A file that is too hard for it is
`cannot_decide`, never a finding about the certificate.
"""

import multiprocessing
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Empty, LifoQueue
from typing import cast

from certsvc.services.verify_evidence import Found, read_anything

#: Importing the readers takes a second or two; a loaded machine gets this long.
START_SECONDS = 60.0


class TooHard(Exception):
    """The file was not read in the time or memory allowed; `code` says it in words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class _Child:
    process: BaseProcess
    pipe: Connection


class FileReader:
    """Up to `count` child processes, started when first needed and replaced when one had to be ended."""

    def __init__(self, count: int, seconds: float, queue_seconds: float, memory: int) -> None:
        self._seconds, self._queue_seconds, self._memory = seconds, queue_seconds, memory
        # Last in, first out: a warm child is taken before a place that has none yet.
        self._places: LifoQueue[_Child | None] = LifoQueue()
        for _ in range(count):
            self._places.put(None)

    def read(self, data: bytes, host: str) -> Found:
        """What is in `data`; `host` is the official one. Raises TooHard: `too_hard_to_read`, `service_busy`."""
        with self._child() as child:
            try:
                child.pipe.send((data, host))
                found = child.pipe.recv() if child.pipe.poll(self._seconds) else None
            except (EOFError, OSError):
                found = None
            if found is None:
                child.process.kill()
                raise TooHard("too_hard_to_read")
            return cast(Found, found)

    def warm_up(self) -> None:
        """Starts one child, so that the first upload need not wait for it."""
        with self._child():
            pass

    def close(self) -> None:
        """Ends all children that are not at work."""
        while not self._places.empty():
            child = self._places.get_nowait()
            if child is not None:
                _end(child)

    @contextmanager
    def _child(self) -> Iterator[_Child]:
        """A child for one file; it goes back when it still lives."""
        try:
            child = self._places.get(timeout=self._queue_seconds)
        except Empty:
            raise TooHard("service_busy") from None
        try:
            if child is None or not child.process.is_alive():
                child = self._start()
            yield child
        finally:
            if child is not None and child.process.exitcode is not None:
                child = None
            self._places.put(child)

    def _start(self) -> _Child:
        here, there = multiprocessing.get_context("spawn").Pipe()
        # spawn: a fork would copy keys, connections and locks of this process into the child.
        process = multiprocessing.get_context("spawn").Process(target=_work, args=(there, self._memory), daemon=True)
        process.start()
        there.close()
        child = _Child(process, here)
        if not here.poll(START_SECONDS):
            _end(child)
            raise TooHard("service_busy")
        here.recv()
        return child


def _end(child: _Child) -> None:
    child.process.kill()
    child.process.join()
    child.pipe.close()


def _work(pipe: Connection, memory: int) -> None:
    """The child: says that it is ready, then answers one file after another until its parent is gone."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pipe.send(True)
    while True:
        try:
            data, host = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        pipe.send(_read(data, host))


def _read(data: bytes, host: str) -> Found | None:
    try:
        return read_anything(data, host)
    except Exception:  # a file that makes a reader stumble says nothing about a certificate
        return None
