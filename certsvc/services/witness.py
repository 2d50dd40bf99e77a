"""A witness of transparency logs (C2SP tlog-witness): it cosigns a head only if that continues what it cosigned before.

It is no certsvc home: a folder with a key, its public half, and one small database. What a log signed and cannot be
continued is kept in `disputes/` with what was cosigned before: two such notes of one size are the proof of a fork.
A witness whose database is lost is retired, never started again with an empty one: it would cosign any history.
"""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certsvc.core.checkpoint import Head, WitnessPolicy, parse_head, parse_log_keys, verify_checkpoint
from certsvc.core.errors import Malformed, NotReady
from certsvc.core.merkle import EMPTY_ROOT, consistency_holds
from certsvc.core.note import (
    COSIGNATURE,
    MAX_BYTES,
    Note,
    VerifierKey,
    decode_base64,
    format_line,
    format_note,
    format_vkey,
    message_to_sign,
    parse_note,
    parse_vkey,
    signed_line,
)
from certsvc.core.outcomes import Fault
from certsvc.services.high_water import write_durably
from certsvc.signers import Signer, open_signer
from certsvc.signers.minting import new_key, write_key
from certsvc.store import witness as witness_store
from certsvc.store.engine import Engines
from certsvc.store.witness import Seen

KEY, VKEY, DISPUTES = "witness.pem", "witness.vkey", "disputes"
MAX_PROOF = 63
#: The longest request: the size line, a full proof and the largest note.
MAX_REQUEST = 32 + MAX_PROOF * 45 + MAX_BYTES
#: Requests are signed by a log, but a log may be stolen: evidence never fills the disk.
MAX_DISPUTES = 1000
TEXT, SIZE = "text/plain; charset=utf-8", "text/x.tlog.size"

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")
_ALONE = WitnessPolicy(0, ())


@dataclass(frozen=True)
class Answer:
    """What the witness answers over HTTP."""

    status: int
    body: bytes = b""
    kind: str = TEXT


@dataclass(frozen=True)
class Witness:
    """An open witness; `logs` are the keys that it believes, by origin."""

    home: Path
    key: VerifierKey
    signer: Signer
    logs: dict[str, tuple[VerifierKey, ...]]
    engines: Engines
    clock: Callable[[], float] = time.time


@dataclass(frozen=True)
class _Request:
    old: int
    proof: tuple[bytes, ...]
    note: Note
    head: Head


def create(home: Path, name: str) -> str:
    """Makes a new witness of that name in `home` and gives back its verifier key. Raises NotReady; Malformed."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(home.iterdir()):
        raise NotReady("home_exists", f"{home} 已存在,不会覆盖", f"{home} exists and is never overwritten.")
    key = new_key("witness")
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    vkey = format_vkey(VerifierKey(name, COSIGNATURE, public))
    parse_vkey(vkey)
    witness_store.create(home)
    write_key(home / KEY, key)
    write_durably(home / VKEY, f"{vkey}\n".encode())
    return vkey


def open_witness(home: Path, log_vkeys: Iterable[str]) -> Witness:
    """The witness in `home` for the logs with these keys. Raises NotReady if any part of it is missing; Malformed."""
    missing = [name for name in (KEY, VKEY, witness_store.FILE) if not (home / name).is_file()]
    if missing:
        zh, en = f"{home} 缺少 {missing[0]},不是见证人目录", f"{home / missing[0]} is missing; it is not made anew."
        raise NotReady("witness_missing", zh, en, "certsvc witness init NAME --home ANOTHER")
    logs: dict[str, tuple[VerifierKey, ...]] = {}
    for key in parse_log_keys(log_vkeys):
        logs[key.name] = (*logs.get(key.name, ()), key)
    vkey = parse_vkey((home / VKEY).read_text(encoding="utf-8").strip())
    return Witness(home, vkey, open_signer(f"file:{home.resolve() / KEY}"), logs, witness_store.open_seen(home))


def add_checkpoint(witness: Witness, body: bytes) -> Answer:
    """What tlog-witness says of a submitted checkpoint: 200 with our cosignature, 400, 403, 404, 409 or 422.

    Check and store are one transaction, and the answer follows its commit.
    """
    try:
        request = _parse(body)
    except Malformed as error:
        return Answer(400, error.en.encode())
    keys = witness.logs.get(request.head.origin)
    if keys is None:
        return Answer(404, b"unknown log\n")
    try:
        verify_checkpoint(request.note, keys, _ALONE, closed=False)
    except Fault:
        return Answer(403, b"no signature of a known key of this log\n")
    if request.old > request.head.size:
        return Answer(400, b"the old size is larger than the new one\n")
    with witness.engines.write.begin() as connection:
        seen = witness_store.find(connection, request.head.origin)
        refusal = _refusal(request, seen)
        if refusal is None:
            line, note = _cosign(witness, request, keys)
            witness_store.put(connection, Seen(request.head.origin, request.head.size, request.head.root, note))
    if refusal is None:
        return Answer(200, line)
    if seen is not None and (refusal.status == 422 or _is_fork(request, seen)):
        _keep_dispute(witness, request, body, seen)
    return refusal


def _refusal(request: _Request, seen: Seen | None) -> Answer | None:
    size, root = (seen.size, seen.root) if seen else (0, EMPTY_ROOT)
    if request.old != size:
        return Answer(409, b"%d\n" % size, SIZE)
    if not consistency_holds(size, request.head.size, root, request.head.root, request.proof):
        return Answer(422, b"this does not continue what was cosigned before\n")
    return None


def _is_fork(request: _Request, seen: Seen) -> bool:
    return request.head.size == seen.size and request.head.root != seen.root


def _cosign(witness: Witness, request: _Request, keys: tuple[VerifierKey, ...]) -> tuple[bytes, bytes]:
    """Our line, and the note as we show it: the known lines of the log, and ours."""
    now = int(witness.clock())
    signature = witness.signer.sign(message_to_sign(witness.key, request.note.text, now))
    line = signed_line(witness.key, signature, now)
    known = {(key.name, key.key_id) for key in keys}
    kept = [one for one in request.note.signatures if (one.name, one.key_id) in known]
    return format_line(line).encode(), format_note(Note(request.note.text, (*kept, line)))


def _keep_dispute(witness: Witness, request: _Request, body: bytes, seen: Seen) -> None:
    """The request and what was cosigned before: one file for each head that the log signed, however often it comes."""
    folder = witness.home / DISPUTES
    folder.mkdir(exist_ok=True)
    path = folder / f"{sha256(request.note.text.encode()).hexdigest()[:32]}.txt"
    if not path.exists() and len(list(folder.iterdir())) < MAX_DISPUTES:
        write_durably(path, body + b"\n--- cosigned before ---\n\n" + seen.note)


def checkpoint_of(witness: Witness, place: str) -> Answer:
    """Our view of the log whose origin has this SHA-256 in hexadecimal: the last note that we cosigned."""
    with witness.engines.read.connect() as connection:
        for seen in witness_store.list_seen(connection):
            if sha256(seen.origin.encode()).hexdigest() == place:
                return Answer(200, seen.note)
    return Answer(404, b"nothing was cosigned of such a log\n")


def _parse(body: bytes) -> _Request:
    front, blank, rest = body.partition(b"\n\n")
    first, *lines = front.decode("utf-8", "replace").split("\n")
    found = _OLD.fullmatch(first)
    if found is None or not blank or len(lines) > MAX_PROOF or len(body) > MAX_REQUEST:
        raise _malformed()
    proof = tuple(decode_base64(line) for line in lines)
    if any(len(one) != 32 for one in proof):
        raise _malformed()
    note = parse_note(rest)
    return _Request(int(found[1]), proof, note, parse_head(note.text))


def _malformed() -> Malformed:
    en = "A request is `old` and a size, at most 63 hashes, a blank line and a checkpoint.\n"
    return Malformed("witness_request", "请求格式错误", en)
