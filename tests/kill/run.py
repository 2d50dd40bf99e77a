"""SIGKILLs at named and at random points, with the checker after them.

`python tests/kill/run.py --kills 200 --database sqlite|postgresql [--workers N] [--seed S] [--keep DIR]`

Several workers work on one home at once. Each is to die: at one of the named points, at its first, second or third pass,
or after a random time. Whoever dies is followed by another. After every round all that still live are killed at one
moment, as when a machine goes down; then the checker looks at what they left (midway), recovery is what an operator does
(`certsvc log tick`, `certsvc issue`), and the checker looks again. At the end a database of an earlier moment is put
back: nothing may be signed on it. Summary as JSON on stdout, progress on stderr; exit code 1 for any breach, any surprise
in a worker, and in a full run any point that was never reached.

SIGKILL ends processes, not machines: what fsync is for is not tested by this.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "services"), str(TESTS / "kill")]

import click  # noqa: E402
import failpoints  # noqa: E402
import psycopg  # noqa: E402
import worker  # noqa: E402
from evidence_read import Evidence, read_seen, read_tables  # noqa: E402
from failpoints import FAILPOINTS  # noqa: E402
from invariants import check, counts  # noqa: E402
from office import build_office  # noqa: E402
from sabotage import SABOTAGES  # noqa: E402
from witness_for_kills import Witness  # noqa: E402
from world_for_tests import opened  # noqa: E402

from certsvc.bench.postgresql import Cluster  # noqa: E402
from certsvc.core.errors import CertsvcError  # noqa: E402
from certsvc.instance import Instance  # noqa: E402
from certsvc.services import cosign, high_water, log  # noqa: E402
from certsvc.store import log as log_store  # noqa: E402

#: Kills between two looks of the checker.
ROUND = 20
#: Seconds within which a worker must come by its point; after that it is killed where it is.
PATIENCE = 20.0
#: A random kill meets a worker at most so late, in seconds; a named one at most at this pass.
LATEST, PASSES = 4.0, 4
#: Seconds for which all work before all are killed at one moment.
ALL_AT_ONCE = 1.0
#: Seconds for which a process stands still before it is woken; PostgreSQL has then taken its connection away.
STILL = 0.7
#: Of so many commits of a worker the answer is lost.
DEAF = 0.02


@dataclass(frozen=True)
class Plan:
    """How one worker is to die: at the n-th pass of a named point, or (None) after some seconds."""

    point: str | None
    nth: int
    after: float
    pauses: bool = False
    """It stands still at the point, is woken a moment later, and is then killed at a random time."""


#: One who works on until all are killed at one moment.
BYSTANDER = Plan(None, 1, float("inf"))
#: Where a process may stand still with the log in its hands.
PAUSES = ("integrate: places are given", "integrate: not committed", "publish: signed", "publish: not committed")


def plans(kills: int, workers: int, pick: random.Random) -> deque[Plan]:
    """What is planned besides those who are killed at one moment: three fifths of all kills at named points, each as
    often as the others, the rest at random times; shuffled."""
    names = list(FAILPOINTS)
    pick.shuffle(names)
    single = max(1, kills - workers * -(-kills // round_of(kills, workers)))
    named = min(single, kills * 3 // 5)
    made = [Plan(names[n % len(names)], pick.randint(1, PASSES), PATIENCE) for n in range(named)]
    paused = (single - named) // 4
    made += [Plan(pick.choice(PAUSES), 1, pick.uniform(1, LATEST) + STILL, pauses=True) for _ in range(paused)]
    made += [Plan(None, 1, pick.uniform(0.02, LATEST)) for _ in range(single - named - paused)]
    pick.shuffle(made)
    return deque(made)


def round_of(kills: int, workers: int) -> int:
    """Kills of a round: a short run has two as well, so that there is an earlier moment to be put back."""
    return min(ROUND, max(workers + 1, kills // 2))


@dataclass
class Stage:
    """A home with its database, and all that stands beside it."""

    folder: Path
    url: str | None
    cluster: Cluster | None
    witness: Witness

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def evidence(self, settled: bool) -> Evidence:
        path = self.folder / "seen"
        seen = read_seen(path) if path.exists() else []
        tables = read_tables(self.home, self.url)
        return Evidence(self.home, tables, seen, self.folder / "mirror", [self.witness.home], settled=settled)


@contextlib.contextmanager
def staged(database: str, folder: Path) -> Iterator[Stage]:
    """A fresh home with one witness, on a database of its own."""
    cluster = Cluster(["fsync=off"]) if database == "postgresql" else None
    url = None if cluster is None else cluster.url(cluster.create())
    try:
        build_office(folder / "home", url)
        with opened(folder / "home", url) as instance, instance.engines.read.connect() as connection:
            keys = log.log_keys(instance, connection)
        with Witness(folder / "witness", keys) as witness:
            witness.introduce(folder / "home", url)
            yield Stage(folder, url, cluster, witness)
    finally:
        if cluster is not None:
            cluster.stop()


# --- kills -----------------------------------------------------------------------------------------------------------


#: Ends every connection whose client has not said anything for a while in the middle of a transaction.
IDLE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE state = 'idle in transaction' AND state_change < now() - interval '0.4 s'"
)


@dataclass
class Drive:
    """The run itself: who lives, and what came of it."""

    stage: Stage
    workers: int
    seed: int
    waiting: deque[Plan]
    living: dict[int, tuple[Plan, float]] = field(default_factory=dict)
    still: dict[int, float] = field(default_factory=dict)
    """Processes that stand still, and when they are woken."""
    started: int = 0
    kills: int = 0
    woken: int = 0
    rounds: int = 0
    crashes: int = 0
    wrong: list[str] = field(default_factory=list)

    def round(self, kills: int) -> None:
        """So many kills: those that are planned, and then all workers at one moment."""
        until = self.kills + kills - self.workers
        middle = self.kills + kills // 2
        while (self.kills + len(self.living) < until and self.waiting) or self.living:
            while self.waiting and len(self.living) < min(self.workers, until - self.kills):
                self.start(self.waiting.popleft())
            self.reap()
            if self.stage.cluster is not None and self.kills >= middle and self.crashes <= self.rounds:
                # The server breaks down under whoever is at work, and comes back.
                self.stage.cluster.crash()
                self.stage.cluster.start()
                self.crashes += 1
        self.rounds += 1
        for _ in range(self.workers):
            self.start(BYSTANDER)
        time.sleep(ALL_AT_ONCE)
        for pid in self.living:
            os.kill(pid, signal.SIGKILL)
        while self.living:
            self.reap()

    def start(self, plan: Plan) -> None:
        """One worker in a process of its own, forked from this one that has everything loaded."""
        self.started += 1
        stage, point = self.stage, (plan.point, plan.nth, plan.pauses, DEAF)
        order = worker.Order(stage.home, stage.url, stage.folder, self.started, self.seed, *point)
        pid = os.fork()
        if pid == 0:
            _be_worker(order)
        self.living[pid] = (plan, time.monotonic() + plan.after)

    def reap(self) -> None:
        """Waits for the next death, or brings it."""
        for pid, (_, last) in self.living.items():
            if time.monotonic() > last:
                os.kill(pid, signal.SIGKILL)
        self.wake()
        pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        if pid not in self.living:
            time.sleep(0.005)
            return
        if os.WIFSTOPPED(status):
            self.still[pid] = time.monotonic() + STILL
            return
        plan, _ = self.living.pop(pid)
        self.still.pop(pid, None)
        if os.waitstatus_to_exitcode(status) == -signal.SIGKILL:
            self.kills += 1
        else:
            self.wrong.append(f"a worker ended by itself: {plan}")
        if plan.point and not plan.pauses and f"{pid} {plan.point}" not in self.told():
            # Others were in the way: once more, and at the first pass.
            self.waiting.append(replace(plan, nth=1))

    def wake(self) -> None:
        """Lets whoever stood still go on, on PostgreSQL without the connection and the lock that it had."""
        for pid in [pid for pid, until in self.still.items() if time.monotonic() > until]:
            del self.still[pid]
            if self.stage.cluster is not None:
                self.stage.cluster.execute(IDLE)
            self.woken += 1
            os.kill(pid, signal.SIGCONT)

    def told(self) -> list[str]:
        """Process and point of everybody who died at one."""
        path = self.stage.folder / "told"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def lost(self) -> dict[str, int]:
        """Commits whose answer was lost, by what became of them."""
        path = self.stage.folder / "lost"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return dict(Counter(line.partition(" ")[2] for line in lines))

    def reached(self) -> Counter[str]:
        """The points at which somebody died, and how often."""
        points = [line.partition(" ")[2] for line in self.told()]
        return Counter(point for point in points if not point.startswith(failpoints.STILL))

    def recover(self) -> None:
        """As an operator does, in a process that ends by itself."""
        order = worker.Order(self.stage.home, self.stage.url, self.stage.folder, 0, self.seed)
        pid = os.fork()
        if pid == 0:
            _be_worker(order, worker.recover)
        _, status = os.waitpid(pid, 0)
        if status:
            self.wrong.append(f"recovery failed: {(self.stage.folder / 'crash-0').read_text(encoding='utf-8')[-900:]}")

    def look(self, settled: bool) -> None:
        """One look of the checker."""
        when = "settled" if settled else "midway"
        for one in check(self.stage.evidence(settled)):
            self.wrong += [f"{one.name} {when} after {self.kills} kills: {breach}" for breach in one.breaches[:3]]


def _be_worker(order: worker.Order, work: Callable[[worker.Order], None] = worker.run) -> None:
    """What the child does, who never returns from here."""
    code = 1
    try:
        work(order)
        code = 0
    except BaseException:
        (order.folder / f"crash-{order.number}").write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(code)


# --- a backup is put back --------------------------------------------------------------------------------------------


def keep_copy(stage: Stage) -> tuple[Path, str | None]:
    """The whole home with its database as of now; nobody may be at work."""
    home = stage.folder / "earlier"
    shutil.copytree(stage.home, home)
    if stage.cluster is None or stage.url is None:
        return home, None
    until = time.monotonic() + 30
    while True:
        try:
            return home, stage.cluster.url(stage.cluster.create(urlsplit(stage.url).path[1:]))
        except psycopg.errors.ObjectInUse:
            # The server has not noticed yet that somebody is gone.
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def drill(stage: Stage, home: Path, url: str | None) -> None:
    """Puts the earlier database under the mark of today, and then the earlier machine under a witness that saw more."""
    marks = {"mark": (stage.home / high_water.FILE).read_bytes(), "witness": (home / high_water.FILE).read_bytes()}
    for who, mark in marks.items():
        (home / high_water.FILE).write_bytes(mark)
        with opened(home, url) as instance:
            before = _published(instance)
            try:
                cosign.learn(instance)
                log.heartbeat(instance)
                answer = "signed"
            except CertsvcError as error:
                answer = error.code
            said = {"what": "drill", "who": who, "answer": answer, "signed": _published(instance) != before}
        with (stage.folder / "seen").open("a", encoding="utf-8") as seen:
            seen.write(json.dumps(said) + "\n")


def _published(instance: Instance) -> int:
    with instance.engines.read.connect() as connection:
        return log_store.read_state(connection).pub_size


# --- the whole -------------------------------------------------------------------------------------------------------


def drive(stage: Stage, kills: int, workers: int, seed: int, progress: Callable[[int], None]) -> dict[str, Any]:
    """The run; its summary."""
    began, copy = time.monotonic(), None
    run = Drive(stage, workers, seed, plans(kills, workers, random.Random(seed)))
    while run.kills < kills and not run.wrong:
        run.round(min(round_of(kills, workers), kills - run.kills))
        run.look(settled=False)
        run.recover()
        run.look(settled=True)
        progress(run.kills)
        if run.kills < kills:
            copy = copy or keep_copy(stage)
    if copy is not None and not run.wrong:
        drill(stage, *copy)
        run.look(settled=True)
    return summary(run, time.monotonic() - began)


def summary(run: Drive, seconds: float) -> dict[str, Any]:
    evidence, reached = run.stage.evidence(settled=True), run.reached()
    surprises = Counter(f"{line['error']}: {line['where'][-900:]}" for line in evidence.said("surprise"))
    unreached = sorted(FAILPOINTS.keys() - reached.keys())
    return {
        "kills": run.kills,
        "at_named_points": sum(reached.values()),
        "stood_still_and_woken": run.woken,
        "server_crashes": run.crashes,
        "answers_lost": run.lost(),
        "points_reached": len(reached),
        "points_unreached": unreached,
        "breaches": run.wrong,
        "surprises": [f"{count} times {what}" for what, count in surprises.most_common(5)],
        "drills": [f"{line['who']}: {line['answer']}" for line in evidence.said("drill")],
        "seconds": round(seconds),
        **counts(evidence),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sabotage", choices=list(SABOTAGES), help="a mistake that the run must find")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="an empty folder in which everything is left")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="certsvc-kill-")))
        folder.mkdir(parents=True, exist_ok=True)
        stage = stack.enter_context(staged(given.database, folder))
        if given.sabotage:
            SABOTAGES[given.sabotage]()
        tell = stack.enter_context(click.progressbar(length=given.kills, label=given.database, file=sys.stderr))
        found = drive(stage, given.kills, given.workers, given.seed, lambda done: tell.update(done - tell.pos))
    print(json.dumps({"database": given.database, "workers": given.workers, "seed": given.seed, **found}, indent=1))
    # A short run cannot come by every point.
    missed = found["points_unreached"] if given.kills >= 3 * len(FAILPOINTS) else []
    return int(bool(found["breaches"] or found["surprises"] or missed))


if __name__ == "__main__":
    sys.exit(main())
