"""A process that works on a home until it is killed: `python worker.py HOME SEEN [--url URL] [--point NAME --nth N]`.

It imports rosters, signs acts, issues, decides, ticks, exports and reads, beside others who do the same, by the services
that the commands call. What it was told is done, and what it was shown, it writes down in SEEN before it goes on; the
checker (`invariants.py`) holds the home to that.
"""

import argparse
import contextlib
import hashlib
import json
import logging
import os
import random
import secrets
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from failpoints import FAILPOINTS, Deafness, Trap, arm
from office import DECIDES, PAPER, PATH, PROPOSES, Numbered, batch
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from world_for_tests import ACCEPT, opened

from certsvc import resources
from certsvc.core.calendar import local_date
from certsvc.core.checkpoint import parse_head
from certsvc.core.errors import CertsvcError, NotReady
from certsvc.core.note import parse_note
from certsvc.core.outcomes import Fault
from certsvc.core.tiles import ENTRIES, Tile, tile_path, width_at
from certsvc.demo.people import write_roster
from certsvc.instance import Instance
from certsvc.register.roster_reader import read_roster
from certsvc.services import act, cosign, issue, log, mirror
from certsvc.services.import_roster import import_roster
from certsvc.services.log_proofs import proof_at
from certsvc.services.log_reading import checkpoint_shown, tile_shown
from certsvc.services.status import Proposal, approve, propose

#: Small, so that a kill meets each stage of several chunks.
CHUNK = 4
#: People whom one process may take in: each process has numbers of its own.
PEOPLE = 2000
#: What may happen to somebody who is not alone: another one was faster, or is at it.
EXPECTED = {
    "act_done_already", "act_missing", "file_known", "log_busy", "log_overtaken", "log_tag_taken", "mirror_busy",
    "mirror_ahead", "nothing_to_issue", "proposal_decided", "proposal_overtaken", "roster_empty", "status_illegal",
    "order", "log_unpublished", "log_beyond", "intent_exists", "certificate_exists",
    "waiting_for_log", "changes_none",
}  # fmt: skip


@dataclass
class Work:
    """An open home and this process's own chance and people."""

    instance: Instance
    folder: Path
    seen: int
    pick: random.Random
    people: Numbered

    def tell(self, what: str, **said: Any) -> None:
        """One line at the end of the file of what was seen; it is durable before anything else happens."""
        line = json.dumps({"what": what, "pid": os.getpid(), "at": time.monotonic(), **said}, ensure_ascii=False)
        os.write(self.seen, f"{line}\n".encode())
        os.fsync(self.seen)

    def rows(self, sql: str, **values: Any) -> list[Any]:
        with self.instance.engines.read.connect() as connection:
            return list(connection.execute(text(sql), values).all())


# --- what it does ----------------------------------------------------------------------------------------------------


def take_in(work: Work) -> None:
    """Imports a file, now and then one that was imported before."""
    files = sorted(work.folder.glob("rosters/*.xlsx"))
    if files and work.pick.random() < 0.25:
        path = work.pick.choice(files[-8:])
    else:
        path = work.folder / "rosters" / f"{work.people.next:09d}.xlsx"
        draft = path.with_suffix(f".{os.getpid()}")
        write_roster(draft, batch(path.name, work.pick.choice((1, 2, 3, 9))), work.people)
        draft.replace(path)
    read = read_roster(
        path, titles=resources.titles(), regions=resources.regions(), today=local_date(work.instance.now())
    )
    done = import_roster(
        work.instance.engines,
        work.instance.data_keys,
        read,
        now=work.instance.now(),
        officer=None,
        decisions=ACCEPT,
        random_bytes=secrets.token_bytes,
    )
    if done.open_questions:
        raise LookupError(f"{path} raises questions: {done.open_questions[:2]}")
    work.tell("imported", file=read.sha256, rosters=done.rosters, rows=len(read.rows), repeated=done.repeated)


def sign(work: Work) -> None:
    """The next act of a roster that is on its way."""
    found = work.rows(
        "SELECT r.id, a.kind FROM roster r JOIN entry e ON e.roster_id = r.id LEFT JOIN act a ON a.sha256 = e.head_act "
        "WHERE a.kind IS NULL OR a.kind <> 'issue' GROUP BY r.id, a.kind ORDER BY r.id DESC LIMIT 6"
    )
    if not found:
        return take_in(work)
    roster, kind = work.pick.choice(found)
    kinds = list(PATH)
    following = kinds[kinds.index(kind) + 1 if kind else 0]
    done = act.do_act(work.instance, act.Order(following, roster, PATH[following]))
    work.tell("signed", document=done.sha256, act=following, roster=roster, count=done.count)
    return None


def issue_some(work: Work) -> None:
    """Everything that a roster still lacks."""
    found = work.rows(
        "SELECT DISTINCT e.roster_id FROM entry e JOIN act a ON a.sha256 = e.head_act "
        "WHERE a.kind = 'issue' AND NOT EXISTS (SELECT 1 FROM certificate c WHERE c.entry_id = e.id)"
    )
    if not found:
        return sign(work)
    issue_roster(work, work.pick.choice(found)[0])
    return None


def issue_roster(work: Work, roster: str) -> None:
    """As `certsvc issue ROSTER`."""

    def prepared(chunk: list[issue.Prepared]) -> None:
        for one in chunk:
            work.tell("prepared", number=one.number, claim=one.claim_token)

    for chunk in issue.issue(work.instance, roster, prepared=prepared):
        for one in chunk:
            _tell_issued(work, one)


def _tell_issued(work: Work, one: issue.Issued) -> None:
    said = one.certificate
    work.tell(
        "issued",
        document=said.sha256,
        id=said.id,
        entry=said.entry_id,
        number=said.number,
        version=said.version,
        slot=said.idx,
        claim=one.claim_token,
    )


def decide(work: Work) -> None:
    """One officer proposes, another decides, about a certificate that is not at its end."""
    found = work.rows("SELECT number, state FROM certificate WHERE state IN ('in_force', 'suspended') LIMIT 40")
    if not found:
        return issue_some(work)
    number, state = work.pick.choice(found)
    kinds = {"in_force": ("suspend", "revoke", "correct"), "suspended": ("reinstate", "revoke")}
    kind = work.pick.choice(kinds[state])
    reason = {"suspend": "inquiry", "revoke": "fraud", "correct": "correction", "reinstate": "cleared"}[kind]
    changes = {"name": f"示例改{work.pick.choice('甲乙丙丁戊己庚辛')}"} if kind == "correct" else None
    order = Proposal(kind, number, PROPOSES, PAPER, reason, retroactive=kind == "revoke", changes=changes)
    proposal = propose(work.instance, order)
    work.tell("proposed", proposal=proposal)
    following = approve(work.instance, proposal, DECIDES)
    work.tell("decided", proposal=proposal, kind=kind)
    if following is not None:
        _tell_issued(work, following)
    return None


def tick(work: Work) -> None:
    """As `certsvc log tick`."""
    cosign.learn(work.instance)
    published = log.heartbeat(work.instance)
    said = cosign.cosign(work.instance)
    work.tell("ticked", size=published.size, witnesses=[[one.witness, one.outcome] for one in said])
    if any(one.outcome in ("ahead", "forked") for one in said):
        raise LookupError(f"a witness says {said}")


def export(work: Work) -> None:
    """As `certsvc log export`."""
    made = mirror.export(work.instance, work.folder / "mirror")
    work.tell("exported", size=made.size)


def read(work: Work) -> None:
    """What anybody may ask: the checkpoint, tiles of its right edge, one beyond it, and the proof of an entry."""
    note, began = _checkpoint(work)
    size = parse_head(parse_note(note).text).size
    tiles = {}
    for level in (ENTRIES, 0, 1):
        slots = size >> 8 * max(level, 0)
        n = work.pick.randrange(-(-slots // 256)) if slots else None
        if n is not None:
            tile = Tile(level, n, work.pick.randint(1, width_at(level, n, size)))
            data = tile_shown(work.instance, tile)
            tiles[tile_path(tile)] = None if data is None else hashlib.sha256(data).hexdigest()
    work.tell("read", note=note.decode(), began=began, tiles=tiles)
    _read_beyond(work, size)
    if size:
        index = work.pick.randrange(size)
        with work.instance.engines.read.connect() as connection:
            work.tell("proved", index=index, proof=proof_at(connection, index).decode())


def _checkpoint(work: Work) -> tuple[bytes, float]:
    began = time.monotonic()
    note = checkpoint_shown(work.instance)
    if note is None:
        raise NotReady("log_unpublished", "", "")
    return note, began


def _read_beyond(work: Work, size: int) -> None:
    """Asks for one entry more than there is: whoever gets it must find it covered by the checkpoint of a moment later."""
    n, slot = divmod(size, 256)
    data = tile_shown(work.instance, Tile(ENTRIES, n, slot + 1))
    note, _ = _checkpoint(work)
    if data is not None:
        work.tell("beyond", wanted=size + 1, size=parse_head(parse_note(note).text).size)


def again(work: Work) -> None:
    """Submits a leaf a second time, and writes down where some leaves stand."""
    found = work.rows("SELECT id, dedup_key, entry, idx, subject, salt FROM log_entry WHERE idx IS NOT NULL")
    for row in work.pick.sample(found, min(8, len(found))):
        digest = hashlib.sha256(bytes(row.entry)).hexdigest()
        work.tell("placed", key=row.dedup_key, index=row.idx, entry=digest)
    if found:
        row = work.pick.choice(found)
        with work.instance.engines.write.begin() as connection:
            same = log.enqueue(connection, row.dedup_key, bytes(row.entry), row.subject, row.salt)
        work.tell("again", key=row.dedup_key, row=row.id, same=same)


#: Name -> (what it does, how often among the others).
WORKS: dict[str, tuple[Callable[[Work], None], int]] = {
    "take_in": (take_in, 3),
    "sign": (sign, 8),
    "issue": (issue_some, 3),
    "decide": (decide, 3),
    "tick": (tick, 3),
    "export": (export, 1),
    "read": (read, 4),
    "again": (again, 1),
}


# --- the loop --------------------------------------------------------------------------------------------------------


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
