"""A program that dies at a named point: `python log_killed_for_tests.py HOME POINT NUMBER`.

It puts three leaves into the outbox, says so once that is durable, and sequences the log. Nothing of the program knows
of the points: they are statements and commits as the driver of the database sees them, and calls of the signer.
"""

import os
import re
import signal
import sys
from typing import Any

from log_for_tests import leaf
from sqlalchemy import Engine, event

from certsvc.instance import Instance, open_instance
from certsvc.services import documents, log
from certsvc.services.ceremony import ROOT_ORG

#: Name -> (what is seen, when to die: before or after it, at the commit after it, or once that is done).
POINTS: dict[str, tuple[str, str]] = {
    "the outbox is not committed": ("INSERT INTO log_tag", "commit"),
    "the outbox is committed": ("INSERT INTO log_tag", "committed"),
    "nothing is integrated": ("INSERT INTO log_bundle", "before"),
    "a bundle is written": ("INSERT INTO log_tile", "before"),
    "tiles are written": ("UPDATE log_entry", "before"),
    "places are given": ("UPDATE log_state SET size", "before"),
    "the batch is not committed": ("UPDATE log_state SET size", "commit"),
    "the batch is committed": ("UPDATE log_state SET size", "committed"),
    "the mark is written": ("sign", "before"),
    "the head is signed": ("sign", "after"),
    "the checkpoint is kept": ("INSERT INTO log_checkpoint", "after"),
    "the checkpoint is not committed": ("UPDATE log_state SET pub_size", "commit"),
    "the checkpoint is committed": ("UPDATE log_state SET pub_size", "committed"),
}


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingSigner:
    """The signer of the log, around whose work the program dies."""

    def __init__(self, signer: Any, when: str) -> None:
        self.signer, self.when = signer, when
        self.algorithm, self.public_key = signer.algorithm, signer.public_key

    def sign(self, message: bytes) -> bytes:
        if self.when == "before":
            die()
        self.signer.sign(message)
        die()
        raise AssertionError


def arm(instance: Instance, seen: str, when: str) -> None:
    """Makes this process die at the point."""
    if seen == "sign":
        with instance.engines.read.connect() as connection:
            key = documents.own_key(connection, ROOT_ORG, "log")
        instance._signers[key.jkt] = DyingSigner(instance.signer(key), when)
        return
    engine: Engine = instance.engines.write
    names = {"before": "before_cursor_execute", "after": "after_cursor_execute"}

    def notice(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if re.match(seen, statement):
            if when in names:
                die()
            elif when == "commit":
                event.listen(engine, "commit", die)
            else:
                # A connection goes back to the pool once its transaction is over.
                event.listen(engine.pool, "checkin", die)

    event.listen(engine, names.get(when, "after_cursor_execute"), notice)


if __name__ == "__main__":
    _, home, point, number = sys.argv
    opened = open_instance(home)
    arm(opened, *POINTS[point])
    with opened.engines.write.begin() as connection:
        for one in range(int(number), int(number) + 3):
            log.enqueue(connection, f"key {one}", leaf(one), f"subject {one}", bytes(32))
    print("acknowledged", flush=True)
    log.sequence(opened)
    print("done", flush=True)
