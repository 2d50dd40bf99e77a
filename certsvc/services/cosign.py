"""Cosignatures: the newest checkpoint is shown to every witness (C2SP tlog-witness), and what they sign is kept.

HOME/witnesses.json names them: [{"url": "https://…", "vkey": "name+id+base64"}]. They are asked outside any lock, all
at once and with little patience, as a log that waits for a witness would stand still with it. A witness that knows
another or a larger log than ours, signed by our own key, is the proof that we were rolled back: its head becomes the
high-water mark, and nothing more is signed (log.md 2.3 #8, #9).
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from sqlalchemy import Connection

from certsvc.core.checkpoint import Checkpoint, Head, verify_checkpoint
from certsvc.core.errors import Malformed, NotReady
from certsvc.core.note import (
    COSIGNATURE,
    MAX_BYTES,
    Note,
    VerifierKey,
    encode_base64,
    format_line,
    parse_note,
    parse_vkey,
    verified_signatures,
)
from certsvc.core.outcomes import Fault
from certsvc.instance import Instance
from certsvc.services import high_water, log
from certsvc.services.log_proofs import consistency, root_at
from certsvc.store import log as log_store
from certsvc.store.log_rows import LogCheckpoint

FILE = "witnesses.json"
PATIENCE = 2.0
AT_ONCE = 8


@dataclass(frozen=True)
class Witness:
    """Who cosigns, and where it is asked (submission and monitoring prefix in one)."""

    url: str
    key: VerifierKey


@dataclass(frozen=True)
class Said:
    """What one witness did: `outcome` is cosigned, unreachable, refused, ahead (we were rolled back) or forked."""

    witness: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes


def witnesses(instance: Instance) -> tuple[Witness, ...]:
    """The witnesses of this home, none without the file. Raises NotReady(witnesses_form)."""
    path = instance.home / FILE
    if not path.exists():
        return ()
    try:
        found = tuple(_witness(row) for row in json.loads(path.read_bytes()))
    except (ValueError, KeyError, TypeError, Malformed) as error:
        raise _bad_file(str(error)) from error
    if len({one.key.name for one in found}) != len(found):
        raise _bad_file("two witnesses of one name")
    return found


def _witness(row: dict[str, str]) -> Witness:
    key = parse_vkey(row["vkey"])
    if key.kind != COSIGNATURE or urlsplit(row["url"]).scheme not in ("http", "https"):
        raise ValueError("a witness has the address of a web server and a cosignature key")
    return Witness(row["url"].rstrip("/"), key)


def _bad_file(why: str) -> NotReady:
    en = f"{FILE} is a list of objects with url and vkey: {why}."
    return NotReady("witnesses_form", f"{FILE} 格式错误", en, "certsvc log tick")


def cosign(instance: Instance) -> list[Said]:
    """Shows the newest checkpoint to every witness and keeps their lines; what each of them said."""
    with instance.engines.read.connect() as connection:
        newest = log_store.newest(connection)
    asked = witnesses(instance) if newest else ()
    if newest is None or not asked:
        return []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda one: _ask(instance, one, newest), asked))


def _ask(instance: Instance, witness: Witness, newest: LogCheckpoint) -> Said:
    with instance.engines.read.connect() as connection:
        old = log_store.last_witnessed(connection, witness.key.name)
        answer = _submit(connection, witness, old, newest)
        known = _size_in(answer)
        if answer.status == 409 and known is not None and known <= newest.size and known != old:
            # It stored what we did not hear of (#8): on from what it knows.
            answer = _submit(connection, witness, known, newest)
    if answer.status == 200:
        return _keep(instance, witness, newest, answer.body)
    if answer.status in (409, 422):
        return _disputed(instance, witness, answer)
    return Said(witness.key.name, "unreachable" if answer.status == 0 else "refused", f"HTTP {answer.status}")


def _submit(connection: Connection, witness: Witness, old: int, newest: LogCheckpoint) -> _Answer:
    proof = consistency(connection, old, newest.size) if old else []
    lines = [f"old {old}", *map(encode_base64, proof), "", ""]
    return _fetch(f"{witness.url}/add-checkpoint", "\n".join(lines).encode() + newest.note)


def _size_in(answer: _Answer) -> int | None:
    text = answer.body.strip()
    return int(text) if text.isdigit() and len(text) < 20 else None


def _keep(instance: Instance, witness: Witness, newest: LogCheckpoint, body: bytes) -> Said:
    text = parse_note(newest.note).text
    try:
        note = parse_note(text.encode() + b"\n" + body)
        if witness.key not in verified_signatures(note, (witness.key,)):
            raise Malformed("note_form", "没有见证签名", "There is no line of its key.")
    except (Malformed, Fault) as error:
        return Said(witness.key.name, "refused", str(error))
    name = (witness.key.name, witness.key.key_id)
    lines = [format_line(line) for line in note.signatures if (line.name, line.key_id) == name]
    with instance.engines.write.begin() as connection:
        log_store.put_cosignature(connection, newest.size, witness.key.name, lines[0])
    return Said(witness.key.name, "cosigned", str(newest.size))


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
    for witness in witnesses(instance):
        head = _witnessed_head(instance, witness)
        if head is not None:
            yield head


def _witnessed_head(instance: Instance, witness: Witness) -> Checkpoint | None:
    place = sha256(log.origin(instance).encode()).hexdigest()
    answer = _fetch(f"{witness.url}/{place}/checkpoint")
    with instance.engines.read.connect() as connection:
        keys = log.log_keys(instance, connection)
    try:
        note: Note = parse_note(answer.body)
        head = verify_checkpoint(note, keys, log.ALONE, closed=False)
    except (Malformed, Fault):
        return None
    return head if answer.status == 200 and head.origin == log.origin(instance) else None


def _fetch(url: str, body: bytes | None = None) -> _Answer:
    """The answer; status 0 when there is none in time."""
    # Only http and https get here (`_witness`).
    request = Request(url, data=body, headers={"Content-Type": "text/plain; charset=utf-8"})  # noqa: S310
    try:
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return _Answer(answer.status, answer.read(MAX_BYTES))
    except HTTPError as error:
        with error:
            return _Answer(error.code, error.read(MAX_BYTES))
    except (URLError, OSError, ValueError):
        return _Answer(0, b"")
