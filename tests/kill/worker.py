"""A process that works on a home until it is killed: `python worker.py HOME SEEN [--url URL] [--point NAME --nth N]`.

It imports rosters, signs acts, issues, decides, ticks, exports and reads, beside others who do the same, by the services
that the commands call. What it was told is done, and what it was shown, it writes down in SEEN before it goes on; the
checker (`invariants.py`) holds the home to that.
"""

import argparse
import contextlib
import logging
import os
import random
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from failpoints import FAILPOINTS, Deafness, Trap, arm
from office import Numbered
from sqlalchemy.exc import OperationalError
from works import WORKS, Work, export, issue_roster, read, tick
from world_for_tests import opened

from certsvc.core.errors import CertsvcError
from certsvc.core.outcomes import Fault
from certsvc.instance import Instance
from certsvc.services import issue

#: Small, so that a kill meets each stage of several chunks.
CHUNK = 4
#: People whom one process may take in: each process has numbers of its own.
PEOPLE = 2000
#: What may happen to somebody who is not alone: another one was faster, or is at it.
EXPECTED = {
    "act_done_already", "changes_none", "file_known", "log_busy", "mirror_busy", "nothing_to_issue",
    "proposal_overtaken", "proposal_replaced", "status_illegal", "waiting_for_log",
}  # fmt: skip


class _Waits(logging.Handler):
    """What `settle` says when leaves have to wait; it never raises, so it is heard here."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work

    def emit(self, record: logging.LogRecord) -> None:
        code = str(record.args[0] if isinstance(record.args, tuple) and record.args else "")
        # It is told where it was caught, so it can still be looked at.
        if code not in EXPECTED and not is_lost(sys.exc_info()[1]):
            self.work.tell("surprise", error=record.getMessage(), where="settle")


def tried(work: Work, name: str) -> bool:
    """Does one piece of work; True unless another was faster. Anything unforeseen is written down as a surprise."""
    try:
        WORKS[name][0](work)
    except (CertsvcError, Fault) as error:
        if error.code in EXPECTED:
            return False
        work.tell("surprise", error=error.code, where=traceback.format_exc())
    except Exception as error:  # written down, and judged by the run
        if is_lost(error):
            # Nobody knows whether it happened. Whoever tries again is told, or does it.
            return False
        work.tell("surprise", error=type(error).__name__, where=traceback.format_exc())
    return True


def is_lost(error: BaseException | None) -> bool:
    """Whether the answer or the connection is lost, by our doing; a deadlock, say, is not that."""
    if not isinstance(error, OperationalError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    gone = error.connection_invalidated or (state or "")[:3] in ("57P", "080")
    return "kill test" in str(error.orig) or gone or (state is None and "connection" in str(error.orig))


def names(pick: random.Random, favourite: str | None) -> Iterator[str]:
    """What to do next, without end; every other time the favourite."""
    weights = [weight for _, weight in WORKS.values()]
    while True:
        yield favourite if favourite and pick.random() < 0.5 else pick.choices(list(WORKS), weights)[0]


@dataclass(frozen=True)
class Order:
    """What one process is to do: work on this home, and die at this point if there is one."""

    home: Path
    url: str | None
    folder: Path
    """Where `seen`, `told`, roster files and the mirror are."""
    number: int
    seed: int
    point: str | None = None
    nth: int = 1
    pauses: bool = False
    """Stand still there, instead of dying."""
    deaf: float = 0.0
    """Of so large a share of its commits this process loses the answer."""
    stop_after: float | None = None


@contextlib.contextmanager
def _open(order: Order) -> Iterator[Instance]:
    """The home, as soon as its database answers."""
    until = time.monotonic() + 30
    with contextlib.ExitStack() as stack:
        while True:
            try:
                instance = stack.enter_context(opened(order.home, order.url))
                break
            except OperationalError as error:
                if not is_lost(error) or time.monotonic() > until:
                    raise
                time.sleep(0.1)
        yield instance


@contextlib.contextmanager
def begun(order: Order) -> Iterator[Work]:
    """An open home, and a place to write to."""
    handle = os.open(order.folder / "seen", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    (order.folder / "rosters").mkdir(exist_ok=True)
    log_of_ours, chunk = logging.getLogger("certsvc.log"), issue.CHUNK
    issue.CHUNK = CHUNK
    with _open(order) as instance:
        chance = random.Random(f"{order.seed}/{order.number}")
        work = Work(instance, order.folder, handle, chance, Numbered(order.number * PEOPLE))
        listener = _Waits(work)
        log_of_ours.addHandler(listener)
        try:
            yield work
        finally:
            log_of_ours.removeHandler(listener)
            issue.CHUNK = chunk
            os.close(handle)


def run(order: Order) -> None:
    """Works until it dies, or for `stop_after` seconds."""
    last = None if order.stop_after is None else time.monotonic() + order.stop_after
    with begun(order) as work:
        if order.point is not None:
            trap = Trap(order.point, order.nth, order.folder / "told", order.pauses)
            arm(order.point, trap, work.instance.engines.write)
        if order.deaf:
            Deafness(work.instance.engines.write, work.pick, order.deaf, order.folder / "lost").begin()
        for name in names(work.pick, FAILPOINTS[order.point].work if order.point else None):
            tried(work, name)
            if last is not None and time.monotonic() > last:
                return


def steps(order: Order, works: Iterable[str]) -> None:
    """Does just this."""
    with begun(order) as work:
        for name in works:
            WORKS[name][0](work)


def recover(order: Order) -> None:
    """What an operator does after a crash, and nothing more: the tick of cron, and `issue` for whoever still waits."""
    with begun(order) as work:
        tick(work)
        waiting = work.rows("SELECT DISTINCT e.roster_id FROM entry e JOIN issue_intent i ON i.entry_id = e.id")
        for row in waiting:
            issue_roster(work, row.roster_id)
        tick(work)
        export(work)
        read(work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("folder", type=Path, help="where seen, told, rosters/ and mirror/ are kept")
    parser.add_argument("--url", help="the database, when it is not in the home")
    parser.add_argument("--number", type=int, default=0, help="each process has its own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--point", choices=list(FAILPOINTS))
    parser.add_argument("--nth", type=int, default=1)
    parser.add_argument("--pauses", action="store_true", help="stand still at the point instead of dying")
    parser.add_argument(
        "--deaf", type=float, default=0.0, metavar="SHARE", help="of so many commits the answer is lost"
    )
    parser.add_argument("--stop-after", type=float, metavar="SECONDS")
    run(Order(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
