"""What workers of the kill tests do, by the services that the commands call, and what they write down of it."""

import contextlib
import hashlib
import io
import json
import os
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from office import DECIDES, PAPER, PATH, PROPOSES, Numbered, batch
from sqlalchemy import text
from world_for_tests import ACCEPT

from certsvc import resources
from certsvc.cli import log as commands
from certsvc.core.calendar import local_date
from certsvc.core.checkpoint import parse_head
from certsvc.core.errors import NotReady
from certsvc.core.note import parse_note
from certsvc.core.tiles import ENTRIES, Tile, tile_path, width_at
from certsvc.demo.people import write_roster
from certsvc.instance import Instance
from certsvc.register.roster_reader import read_roster
from certsvc.services import act, issue, log, mirror
from certsvc.services.import_roster import import_roster
from certsvc.services.log_proofs import proof_at
from certsvc.services.log_reading import checkpoint_shown, tile_shown
from certsvc.services.status import Proposal, approve, propose


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
    """`certsvc log tick`, on the home that is open here. An alarm of a witness ends it with an error."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        commands.tick.callback.__wrapped__(work.instance)
    work.tell("ticked")


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
