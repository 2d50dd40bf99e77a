"""Cosignatures: the newest checkpoint is shown to every witness (C2SP tlog-witness), and what they sign is kept.

The witnesses (`witness_list`) are asked outside any lock, all at once and with little patience, as a log that waits for
a witness would stand still with it. A witness that knows another or a larger log than ours, signed by our own key, is
the proof that we were rolled back: its head becomes the high-water mark, and nothing more is signed (log.md 2.3 #8, #9).
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from sqlalchemy import Connection

from certsvc.core.checkpoint import Checkpoint, Head, verify_checkpoint
from certsvc.core.errors import Malformed, NotReady
from certsvc.core.note import MAX_BYTES, Note, encode_base64, format_line, format_vkey, parse_note, verified_signatures
from certsvc.core.outcomes import Fault
from certsvc.instance import Instance
from certsvc.services import high_water, log
from certsvc.services import witness as local
from certsvc.services.log_points import line_time
from certsvc.services.log_proofs import consistency, root_at
from certsvc.services.witness_list import Witness, folder_of, policy, policy_row, witnesses
from certsvc.store import log as log_store
from certsvc.store.log_rows import LogCheckpoint

__all__ = [
    "Said", "answering", "check_clock", "clock_fault", "cosign", "cosigned_at", "is_wanting", "learn", "policy", "policy_row",
    "witnessed_heads", "witnesses",
]  # fmt: skip

#: Seconds by which our clock may differ from those of the witnesses.
SKEW = 60
PATIENCE = 2.0
AT_ONCE = 8


@dataclass(frozen=True)
class Said:
    """What one witness did: `outcome` is cosigned, unreachable, refused, ahead (we were rolled back) or forked."""

    witness: str
    outcome: str
    detail: str = ""
    time: int | None = None
    """What its clock said when it cosigned, in seconds."""


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes


def cosign(instance: Instance) -> list[Said]:
    """Shows the newest checkpoint to every witness and keeps their lines; what each of them said."""
    asked = witnesses(instance)
    with instance.engines.read.connect() as connection:
        newest = log_store.newest(connection) if asked else None
    if newest is None:
        return []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        replies = list(pool.map(lambda one: _ask(instance, one, newest), asked))
    lines = {said.witness: line for said, line in replies if line is not None}
    if lines:
        with instance.engines.write.begin() as connection:
            for witness, line in lines.items():
                log_store.put_cosignature(connection, newest.size, witness, line)
    return [said for said, _ in replies]


def _ask(instance: Instance, witness: Witness, newest: LogCheckpoint) -> tuple[Said, str | None]:
    """What it did, and its line."""
    with instance.engines.read.connect() as connection:
        # Another process may have had a larger one cosigned since `newest` was read: the witness will say so.
        old = log_store.last_witnessed(connection, witness.key.name, newest.size)
        answer = _submit(instance, connection, witness, old, newest)
        known = _size_in(answer)
        if answer.status == 409 and known is not None and known <= newest.size and known != old:
            # It stored what we did not hear of (#8): on from what it knows.
            answer = _submit(instance, connection, witness, known, newest)
    if answer.status == 200:
        return _line(witness, newest, answer.body)
    if answer.status in (409, 422):
        return _disputed(instance, witness, answer), None
    return Said(witness.key.name, "unreachable" if answer.status == 0 else "refused", f"HTTP {answer.status}"), None


def _submit(instance: Instance, connection: Connection, witness: Witness, old: int, newest: LogCheckpoint) -> _Answer:
    proof = consistency(connection, old, newest.size) if old else []
    lines = [f"old {old}", *map(encode_base64, proof), "", ""]
    # A cosignature is over the text alone: under whose line a witness knew it makes no difference.
    note = log.with_rotated_keys(instance, connection, newest.note)
    return _send(instance, witness, "\n".join(lines).encode() + note)


def _size_in(answer: _Answer) -> int | None:
    text = answer.body.strip()
    return int(text) if text.isdigit() and len(text) < 20 else None


def _line(witness: Witness, newest: LogCheckpoint, body: bytes) -> tuple[Said, str | None]:
    text = parse_note(newest.note).text
    try:
        note = parse_note(text.encode() + b"\n" + body)
        if witness.key not in verified_signatures(note, (witness.key,)):
            raise Malformed("note_form", "没有见证签名", "There is no line of its key.")
    except (Malformed, Fault) as error:
        return Said(witness.key.name, "refused", str(error)), None
    name = (witness.key.name, witness.key.key_id)
    lines = [format_line(line) for line in note.signatures if (line.name, line.key_id) == name]
    return Said(witness.key.name, "cosigned", str(newest.size), line_time(lines[0], witness.key)), lines[0]


def _disputed(instance: Instance, witness: Witness, answer: _Answer) -> Said:
    """It has another idea of our log. Only a head that our own key signed can stop us: anybody may say a number."""
    head = _witnessed_head(instance, witness)
    if head is None:
        return Said(witness.key.name, "refused", f"HTTP {answer.status}")
    log.raise_mark(instance, Head(head.origin, head.size, head.root))
    try:
        log.check_not_rolled_back(instance)
    except NotReady as error:
        return Said(witness.key.name, "ahead", error.en)
    with instance.engines.read.connect() as connection:
        if root_at(connection, head.size) != head.root:
            return Said(witness.key.name, "forked", f"another root of size {head.size}, signed by our key")
    # In step after all: another process of ours was faster.
    return Said(witness.key.name, "refused", f"HTTP {answer.status}")


def learn(instance: Instance) -> None:
    """Raises our high-water mark to whatever a witness saw of us; what asks them before anything is signed.

    A whole machine that was put back, with its mark, learns so that it was. Witnesses that are away are no reason to
    stand still.
    """
    mark = high_water.read(instance.home)
    for head in witnessed_heads(instance):
        if mark is None or head.size > mark.size:
            log.raise_mark(instance, Head(head.origin, head.size, head.root))


def witnessed_heads(instance: Instance) -> Iterator[Checkpoint]:
    """The newest head of our log that each reachable witness saw, signed by our own key."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda one: _witnessed_head(instance, one), witnesses(instance)))
    return (head for head in found if head is not None)


def answering(instance: Instance) -> int:
    """How many witnesses answer, whatever they know of us."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(lambda one: _send(instance, one).status in (200, 404), witnesses(instance)))


def _witnessed_head(instance: Instance, witness: Witness) -> Checkpoint | None:
    answer = _send(instance, witness)
    with instance.engines.read.connect() as connection:
        keys = log.log_keys(instance, connection)
    try:
        note: Note = parse_note(answer.body)
        head = verify_checkpoint(note, keys, log.ALONE, closed=False)
    except (Malformed, Fault):
        return None
    return head if answer.status == 200 and head.origin == log.origin(instance) else None


def cosigned_at(instance: Instance) -> list[int]:
    """When each witness of the policy cosigned the newest checkpoint last, in seconds; empty where none did."""
    with instance.engines.read.connect() as connection:
        newest = log_store.newest(connection)
        rows = log_store.list_cosignatures(connection, newest.size) if newest else ()
    keys = {one.key.name: one.key for one in witnesses(instance)}
    times = (line_time(row.latest, keys[row.witness]) for row in rows if row.witness in keys)
    return [time for time in times if time is not None]


def is_wanting(instance: Instance) -> bool:
    """Whether the newest checkpoint has fewer cosignatures than the policy wants."""
    wanted = policy(instance)
    return wanted is not None and len(cosigned_at(instance)) < wanted.threshold


# --- clocks ----------------------------------------------------------------------------------------------------------


def clock_fault(instance: Instance, said: Iterable[Said]) -> NotReady | None:
    """What is wrong with our clock, by the witnesses that cosigned just now; None if enough of them agree with it.

    One of several whose own clock is wrong does not count: as many as have to cosign must agree, or all that answered.
    """
    wanted, now = policy(instance), instance.now()
    apart = sorted((now - one.time for one in said if one.time is not None), key=abs)
    if not apart:
        return None
    offset = apart[min(wanted.threshold if wanted else 1, len(apart)) - 1]
    if abs(offset) <= SKEW:
        return None
    zh = f"本机时钟比见证人{'快' if offset > 0 else '慢'} {abs(offset):,} 秒,请检查 NTP;不再签署"
    side = "ahead of" if offset > 0 else "behind"
    en = f"Our clock is {abs(offset):,} s {side} those of the witnesses; check NTP. Nothing is signed until they agree."
    return NotReady("clock_differs", zh, en, "timedatectl")


def check_clock(instance: Instance, said: Iterable[Said]) -> None:
    """Returns unless the witnesses that cosigned just now say another time. Raises NotReady(clock_differs)."""
    fault = clock_fault(instance, said)
    if fault is not None:
        raise fault


# --- the two ways to a witness ---------------------------------------------------------------------------------------


def _send(instance: Instance, witness: Witness, body: bytes | None = None) -> _Answer:
    """Its answer to a submission, or without a body its view of our log; status 0 when there is none in time."""
    place = sha256(log.origin(instance).encode()).hexdigest()
    folder = folder_of(instance, witness)
    if folder is None:
        return _fetch(f"{witness.url}/{f'{place}/checkpoint' if body is None else 'add-checkpoint'}", body)
    try:
        opened = _opened(instance, folder)
        answer = local.checkpoint_of(opened, place) if body is None else local.add_checkpoint(opened, body)
    except Exception:  # whatever is wrong with its folder, to us it is as one whose wire is dead
        return _Answer(0, b"")
    return _Answer(answer.status, answer.body)


def _opened(instance: Instance, folder: Path) -> local.Witness:
    """The witness in a folder of this machine, which knows every key of our log and lives by our clock."""
    with instance.engines.read.connect() as connection:
        vkeys = tuple(format_vkey(key) for key in log.log_keys(instance, connection))

    def make() -> local.Witness:
        return replace(local.open_witness(folder, vkeys), clock=instance.now)

    return instance.keep((folder, vkeys), make, lambda opened: opened.engines.close())


def _fetch(url: str, body: bytes | None = None) -> _Answer:
    """The answer; status 0 when there is none in time."""
    # Only http and https get here (`witness_list`).
    request = Request(url, data=body, headers={"Content-Type": "text/plain; charset=utf-8"})  # noqa: S310
    try:
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return _Answer(answer.status, answer.read(MAX_BYTES))
    except HTTPError as error:
        with error:
            return _Answer(error.code, error.read(MAX_BYTES))
    except (URLError, OSError, ValueError):
        return _Answer(0, b"")
