"""Named points at which a worker dies, and how one of them is armed: nothing in the program knows of any of them.

A point is a statement or a commit as the driver of the database sees it, a call of a named function, or a file that is
about to take its name. Only the process that is to die looks there.
"""

import functools
import importlib
import os
import random
import re
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

STATEMENT, COMMIT, CALL, RENAME = "statement", "commit", "call", "rename"
BEFORE, AFTER = "before", "after"
#: First word about a point at which somebody stood still and did not die.
STILL = "still:"


@dataclass(frozen=True)
class Failpoint:
    """Where to die."""

    kind: str
    """STATEMENT: one that matches `seen`; COMMIT: of a transaction with such a statement; CALL: of the function
    `module:name`; RENAME: of a draft to a name that matches."""
    seen: str
    when: str
    crash: int
    """The crash point of log.md 2.3 that it stands for; 0 for one of the business transaction behind the outbox."""
    work: str
    """What a worker does that comes by here (`works.WORKS`)."""


#: Name -> point. Every one of them must be reached in a full run.
FAILPOINTS: dict[str, Failpoint] = {
    "import: a person is written": Failpoint(STATEMENT, "INSERT INTO identity_document ", AFTER, 0, "take_in"),
    "import: entries are written": Failpoint(STATEMENT, "INSERT INTO entry ", AFTER, 0, "take_in"),
    "import: not committed": Failpoint(COMMIT, "INSERT INTO roster_file ", BEFORE, 0, "take_in"),
    "import: committed, not heard": Failpoint(COMMIT, "INSERT INTO roster_file ", AFTER, 0, "take_in"),
    "act: signed, not stored": Failpoint(CALL, "certsvc.core.jose:sign_general", AFTER, 1, "sign"),
    "act: stored without its leaf": Failpoint(STATEMENT, "INSERT INTO act ", AFTER, 1, "sign"),
    "act: its people are not moved on": Failpoint(STATEMENT, "INSERT INTO act_entry ", AFTER, 1, "sign"),
    "outbox: a leaf is written": Failpoint(STATEMENT, "INSERT INTO log_entry ", AFTER, 1, "sign"),
    "outbox: its tags are written": Failpoint(STATEMENT, "INSERT INTO log_tag ", AFTER, 1, "sign"),
    "outbox: not committed": Failpoint(COMMIT, "INSERT INTO log_entry ", BEFORE, 1, "sign"),
    "outbox: committed": Failpoint(COMMIT, "INSERT INTO log_entry ", AFTER, 2, "sign"),
    "integrate: the state is locked": Failpoint(CALL, "certsvc.services.log:read_edge", BEFORE, 3, "sign"),
    "integrate: a bundle is written": Failpoint(STATEMENT, "INSERT INTO log_bundle ", AFTER, 3, "sign"),
    "integrate: tiles are written": Failpoint(STATEMENT, "INSERT INTO log_tile ", AFTER, 3, "sign"),
    "integrate: places are given": Failpoint(STATEMENT, "UPDATE log_entry ", AFTER, 3, "sign"),
    "integrate: not committed": Failpoint(COMMIT, "UPDATE log_state SET size", BEFORE, 3, "sign"),
    "integrate: committed, not heard": Failpoint(COMMIT, "UPDATE log_state SET size", AFTER, 4, "sign"),
    "publish: nothing is signed": Failpoint(CALL, "certsvc.services.high_water:keep", BEFORE, 5, "sign"),
    "mark: a draft is written": Failpoint(RENAME, "log-high-water", BEFORE, 5, "sign"),
    "mark: raised": Failpoint(CALL, "certsvc.services.high_water:keep", AFTER, 5, "sign"),
    "publish: signed": Failpoint(CALL, "certsvc.services.log:_sign", AFTER, 6, "sign"),
    "publish: the checkpoint is kept": Failpoint(STATEMENT, "INSERT INTO log_checkpoint ", AFTER, 6, "sign"),
    "publish: not committed": Failpoint(COMMIT, "UPDATE log_state SET pub_size", BEFORE, 6, "sign"),
    "publish: committed, not cosigned": Failpoint(COMMIT, "UPDATE log_state SET pub_size", AFTER, 7, "sign"),
    "cosign: the witness stored, we did not": Failpoint(CALL, "certsvc.services.cosign:_submit", AFTER, 8, "tick"),
    "cosign: our save is not committed": Failpoint(COMMIT, "INSERT INTO log_cosignature ", BEFORE, 8, "tick"),
    "cosign: our save is committed": Failpoint(COMMIT, "INSERT INTO log_cosignature ", AFTER, 8, "tick"),
    "issue: intents are not committed": Failpoint(COMMIT, "INSERT INTO issue_intent ", BEFORE, 0, "issue"),
    "issue: intents are committed": Failpoint(COMMIT, "INSERT INTO issue_intent ", AFTER, 0, "issue"),
    "issue: one is signed": Failpoint(CALL, "certsvc.services.issue:sign_intent", AFTER, 0, "issue"),
    "issue: a certificate is written": Failpoint(STATEMENT, "INSERT INTO certificate ", AFTER, 1, "issue"),
    "issue: a bundle is frozen": Failpoint(STATEMENT, "UPDATE certificate SET .*frozen_bundle", AFTER, 1, "issue"),
    "issue: not committed": Failpoint(COMMIT, "INSERT INTO certificate ", BEFORE, 1, "issue"),
    "issue: committed, not heard": Failpoint(COMMIT, "INSERT INTO certificate ", AFTER, 2, "issue"),
    "status: proposed, not heard": Failpoint(COMMIT, "INSERT INTO status_proposal ", AFTER, 2, "decide"),
    "status: an event without its list": Failpoint(STATEMENT, "INSERT INTO status_event ", AFTER, 1, "decide"),
    "status: a list is signed": Failpoint(STATEMENT, "INSERT INTO status_list ", AFTER, 1, "decide"),
    "status: not committed": Failpoint(COMMIT, "INSERT INTO status_event ", BEFORE, 1, "decide"),
    "status: committed, not heard": Failpoint(COMMIT, "INSERT INTO status_event ", AFTER, 2, "decide"),
    "mirror: a file is written": Failpoint(CALL, "certsvc.services.mirror:_write", AFTER, 0, "export"),
    "mirror: all but the checkpoint": Failpoint(RENAME, "checkpoint", BEFORE, 0, "export"),
    "mirror: the checkpoint has its name": Failpoint(RENAME, "checkpoint", AFTER, 0, "export"),
}


class Trap:
    """Dies (or stands still, until somebody wakes it) at the n-th pass, and says before in `told` that it was reached."""

    def __init__(self, name: str, nth: int, told: Path, pauses: bool = False) -> None:
        self.name, self.left, self.told = name, nth, told
        self.signal = signal.SIGSTOP if pauses else signal.SIGKILL
        self.lock = threading.Lock()

    def spring(self) -> None:
        """One pass."""
        with self.lock:
            self.left -= 1
            if self.left == 0:
                tell(self.told, f"{STILL} {self.name}" if self.signal == signal.SIGSTOP else self.name)
                os.kill(os.getpid(), self.signal)


def tell(told: Path, what: str) -> None:
    """One write to the end of a file: it is there when the process is not."""
    handle = os.open(told, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{os.getpid()} {what}\n".encode())
    os.close(handle)


def arm(name: str, trap: Trap, engine: Engine) -> None:
    """From now on this process comes into the trap when it comes by the point. Raises LookupError."""
    point = FAILPOINTS[name]
    ARMS[point.kind](point, trap, engine)


@dataclass
class Deafness:
    """Of every so many commits the answer is lost: half of them are durable all the same, half never happened."""

    engine: Engine
    pick: random.Random
    rate: float
    told: Path

    def begin(self) -> None:
        """From now on."""
        commit, error = self.engine.dialect.do_commit, self.engine.dialect.dbapi.OperationalError

        def deaf(connection: Any) -> None:
            chance = self.pick.random()
            if chance < self.rate / 2:
                commit(connection)
            if chance >= self.rate:
                commit(connection)
                return
            tell(self.told, "durable" if chance < self.rate / 2 else "undone")
            raise error("kill test: no answer")

        self.engine.dialect.do_commit = deaf  # type: ignore[method-assign]


def _arm_statement(point: Failpoint, trap: Trap, engine: Engine) -> None:
    def notice(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if re.match(point.seen, statement) is not None:
            trap.spring()

    event.listen(engine, f"{point.when}_cursor_execute", notice)


def _arm_commit(point: Failpoint, trap: Trap, engine: Engine) -> None:
    """Each thread has one transaction at a time on this engine, and all its statements are of that one."""
    seen = threading.local()

    def begin(_connection: Any) -> None:
        seen.it = False

    def notice(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.it = getattr(seen, "it", False) or re.match(point.seen, statement) is not None

    event.listen(engine, "begin", begin)
    event.listen(engine, "before_cursor_execute", notice)
    _wrap(engine.dialect, "do_commit", point.when, lambda *_: trap.spring() if getattr(seen, "it", False) else None)


def _arm_call(point: Failpoint, trap: Trap, _engine: Engine) -> None:
    """Replaces the function wherever it was imported to."""
    module, _, name = point.seen.partition(":")
    try:
        original = getattr(importlib.import_module(module), name)
    except AttributeError:
        raise LookupError(f"{point.seen} is no function: the table of failpoints is behind the program") from None
    for home in [one for title, one in sys.modules.items() if title.startswith("certsvc")]:
        for own in [own for own, value in vars(home).items() if value is original]:
            _wrap(home, own, point.when, lambda *_: trap.spring())


def _arm_rename(point: Failpoint, trap: Trap, _engine: Engine) -> None:
    def notice(_draft: Path, target: Path) -> None:
        if re.fullmatch(point.seen, Path(target).name):
            trap.spring()

    _wrap(Path, "replace", point.when, notice)


def _wrap(owner: Any, name: str, when: str, notice: Callable[..., None]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*args: Any, **named: Any) -> Any:
        if when == BEFORE:
            notice(*args)
        result = original(*args, **named)
        if when == AFTER:
            notice(*args)
        return result

    setattr(owner, name, wrapped)


ARMS = {STATEMENT: _arm_statement, COMMIT: _arm_commit, CALL: _arm_call, RENAME: _arm_rename}
