"""The sequencer of the transparency log (log.md 2.2), on SQLite and on PostgreSQL, with any number of processes.

1. A service puts an entry into the outbox, in the transaction of the act it is about (`enqueue`). Everything that can
   be wrong with an entry is found here: nothing that got in can stop what follows.
2. `integrate`, one transaction: lock the state; take what has no place yet; give it the next places; write the tiles
   that grew; move size and root on, if the size is still the one that was read. From here on the tree is durable.
3. `publish`, a second transaction: write the durable head down outside the database, sign it, keep the checkpoint,
   and only now show it. No signature exists for a tree that could be rolled back.
4. Witnesses cosign afterwards and outside any lock (`services.cosign`).
5. A crash between any two of these loses nothing: the next caller goes on where the last one stopped, the same batch
   or a longer one gets its places, and the same root gets the same signature (Ed25519 has no chance in it).
6. Whoever finds the database behind what was signed once (`high_water`) neither integrates nor signs.
"""

import time

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection

from certsvc.core.checkpoint import Checkpoint, Head, WitnessPolicy, format_head, verify_checkpoint
from certsvc.core.errors import NotReady, Refused
from certsvc.core.leaves import parse_leaf
from certsvc.core.note import (
    ED25519,
    Note,
    VerifierKey,
    format_line,
    format_note,
    message_to_sign,
    parse_note,
    signed_line,
)
from certsvc.core.outcomes import Fault
from certsvc.core.tiles import Edge, edge_at, edge_root, grow
from certsvc.instance import Instance
from certsvc.services import high_water
from certsvc.services.log_proofs import consistency, inclusion_proof, root_at
from certsvc.services.witness_list import check_witnesses
from certsvc.store import keys as key_store
from certsvc.store import log as log_store
from certsvc.store.log_rows import LogCheckpoint, LogState
from certsvc.store.rows import SigningKey

__all__ = [
    "all_log_keys", "check_not_rolled_back", "consistency", "enqueue", "has_begun", "heartbeat", "inclusion_proof", "integrate",
    "log_keys", "origin", "publish", "raise_mark",
    "rolled_back", "sequence", "with_rotated_keys",
]  # fmt: skip

#: Whose key of use `log` signs: the root authority of the ceremony. Nothing here imports a service that puts entries
#: into the log, so all of them may import this one.
LOG_ORG = "ROOT"
#: Entries of one transaction.
BATCH = 1024
#: How long `sequence` waits for another process that holds the log, in seconds, and how often it looks.
PATIENCE, PAUSE = 10.0, 0.01
#: Nobody must have cosigned: our own signature is what is checked here.
ALONE = WitnessPolicy(0, ())


def origin(instance: Instance) -> str:
    """The log's name: its address without the scheme (tlog-checkpoint)."""
    return instance.public_url.partition("://")[2] + "/log"


def log_keys(instance: Instance, connection: Connection) -> tuple[VerifierKey, ...]:
    """The keys whose checkpoints are believed, newest first; not those that were stolen."""
    keys = key_store.list_signing_keys(connection, org_id=LOG_ORG, use="log")
    return tuple(_verifier_key(instance, key) for key in keys if key.ended_reason != "compromised")


def all_log_keys(instance: Instance, connection: Connection) -> tuple[VerifierKey, ...]:
    """As `log_keys`, with the stolen ones: a trust bundle says up to which size each of these is believed."""
    keys = key_store.list_signing_keys(connection, org_id=LOG_ORG, use="log")
    return tuple(_verifier_key(instance, key) for key in keys if key.ended_reason != "compromised" or key.good_before)


def _living_key(connection: Connection) -> SigningKey:
    keys = key_store.list_signing_keys(connection, org_id=LOG_ORG, use="log")
    living = next((key for key in keys if key.ended_reason is None), None)
    if living is None:
        raise NotReady("key_absent", "没有可用的日志密钥", "There is no living log key.", "certsvc keys list")
    return living


def _verifier_key(instance: Instance, key: SigningKey) -> VerifierKey:
    public = x509.load_der_x509_certificate(key.certificate).public_key()
    return VerifierKey(origin(instance), ED25519, public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def enqueue(
    connection: Connection, dedup_key: str, entry_bytes: bytes, subject: str | None = None, salt: bytes | None = None
) -> int:
    """Puts a leaf into the outbox of this transaction and gives back the id of its row.

    The same leaf under the same key again is the row that is there already (log.md I12). Raises Malformed for what is
    no leaf; Refused(log_key_taken) for another leaf under a known key, Refused(log_tag_taken) for a once-tag that
    another leaf has. After a Refused the transaction must be left.
    """
    leaf = parse_leaf(entry_bytes)
    # The clock of the wall, also in a demo with a past: this is how long the entry has waited.
    now = int(time.time())
    added = log_store.add_entry(connection, dedup_key, entry_bytes, subject=subject, salt=salt, now=now)
    if added is not None:
        log_store.add_tags(connection, added, leaf.get("u", []))
        return added
    known = log_store.find_by_key(connection, dedup_key)
    if known is None or known.entry != entry_bytes:
        en = "The log has another entry under this key."
        raise Refused("log_key_taken", "日志中已有同一文件的另一条目", en)
    return known.id


def integrate(instance: Instance, limit: int = BATCH) -> int:
    """Gives at most `limit` waiting entries their places; how many. 0 as well while another process does it.

    Raises NotReady(log_rolled_back, log_damaged, witnesses_missing); then nothing has changed.
    """
    check_witnesses(instance)
    with instance.engines.read.connect() as connection:
        if log_store.last_waiting(connection) is None:
            return 0
    with instance.engines.write.begin() as connection:
        state = log_store.try_lock_state(connection)
        batch = log_store.list_waiting(connection, limit) if state else []
        if state is None or not batch:
            return 0
        _check(instance, connection, state)
        growth = grow(read_edge(connection, state), [entry for _, entry in batch])
        log_store.put_tiles(connection, growth.changed)
        log_store.place(connection, {row: index for index, (row, _) in enumerate(batch, state.size)})
        log_store.advance(connection, state.size, growth.edge.size, growth.root)
    return len(batch)


def read_edge(connection: Connection, state: LogState) -> Edge:
    """What is partial at the right edge. Raises NotReady(log_damaged) if it is not what the root says."""
    edge = edge_at(state.size, lambda tile: log_store.read_tile(connection, tile))
    if edge_root(edge) != state.root:
        raise log_store.damaged("its right edge does not lead to its root")
    return edge


def publish(instance: Instance) -> Checkpoint:
    """Signs the durable head and shows it; the present checkpoint if there is nothing new.

    Raises NotReady(log_rolled_back, log_forked, witnesses_missing) and whatever is wrong with the key; then nothing has
    changed.
    """
    check_witnesses(instance)
    with instance.engines.write.begin() as connection:
        state = log_store.lock_state(connection)
        _check(instance, connection, state)
        key = _living_key(connection)
        signer = _verifier_key(instance, key)
        if state.note is not None and state.pub_size == state.size and _is_signed(state.note, signer):
            return verify_checkpoint(parse_note(state.note), (signer,), ALONE)
        head = Head(origin(instance), state.size, state.root)
        earlier = log_store.find_checkpoint(connection, head.size)
        if earlier is not None and earlier.root != head.root:
            raise _forked(f"two roots of size {head.size}")
        # First the memory, then the signature: a head that was signed and forgotten could be signed differently.
        high_water.keep(instance.home, head)
        note, checkpoint = _sign(instance, key, signer, head)
        log_store.add_checkpoint(connection, LogCheckpoint(head.size, head.root, note))
        log_store.set_published(connection, head.size, note)
    return checkpoint


def _is_signed(note: bytes, key: VerifierKey) -> bool:
    return any((line.name, line.key_id) == (key.name, key.key_id) for line in parse_note(note).signatures)


def _sign(instance: Instance, key: SigningKey, signer: VerifierKey, head: Head) -> tuple[bytes, Checkpoint]:
    text = format_head(head)
    note = Note(text, (signed_line(signer, instance.signer(key).sign(message_to_sign(signer, text))),))
    try:
        return format_note(note), verify_checkpoint(note, (signer,), ALONE)
    except Fault as error:
        zh, en = "日志签名器给出的签名无效", "The signer of the log gave a signature that does not hold."
        raise NotReady("log_signature", zh, en, "certsvc doctor") from error


def with_rotated_keys(instance: Instance, connection: Connection, note: bytes) -> bytes:
    """The note with a line of each rotated key that is still here: whoever knows only that one can go on meanwhile."""
    text, signed = parse_note(note).text, note
    for key in key_store.list_signing_keys(connection, org_id=LOG_ORG, use="log"):
        signer = _verifier_key(instance, key)
        if key.ended_reason == "rotated" and not _is_signed(note, signer):
            try:
                raw = instance.signer(key).sign(message_to_sign(signer, text))
            except NotReady:
                # Its file was taken away, as it may be, or its certificate has run out.
                continue
            signed += format_line(signed_line(signer, raw)).encode()
    return signed


def sequence(instance: Instance) -> Checkpoint:
    """Everything that waits now gets its place and is published; the checkpoint that covers it.

    A log begins with a checkpoint of the empty tree, so that its first entries too are known to be later than one.
    Raises as `integrate` and `publish`, and NotReady(log_busy) when another process holds the log too long.
    """
    with instance.engines.read.connect() as connection:
        until = log_store.last_waiting(connection)
    if not has_begun(instance):
        publish(instance)
    if until is not None:
        _integrate_until(instance, until)
    return publish(instance)


def has_begun(instance: Instance) -> bool:
    """Whether a checkpoint was ever published."""
    with instance.engines.read.connect() as connection:
        return log_store.read_state(connection).note is not None


def _integrate_until(instance: Instance, until: int) -> None:
    last = time.monotonic() + PATIENCE
    while _waits(instance, until):
        if integrate(instance):
            last = time.monotonic() + PATIENCE
            continue
        if time.monotonic() > last:
            raise NotReady("log_busy", "日志正被另一进程占用", "Another process holds the log.", "certsvc log tick")
        time.sleep(PAUSE)


def _waits(instance: Instance, until: int) -> bool:
    with instance.engines.read.connect() as connection:
        return log_store.is_waiting(connection, until)


def heartbeat(instance: Instance) -> Checkpoint:
    """What a timer calls every ten minutes, busy or not: `sequence`, and the check even if there is nothing to sign.

    The cosignatures that `services.cosign` gets for it then show by their time that the log is alive.
    """
    check_not_rolled_back(instance)
    return sequence(instance)


def raise_mark(instance: Instance, head: Head) -> None:
    """Keeps a head that our key is known to have signed as the high-water mark, if it is higher than what we have."""
    with instance.engines.write.begin() as connection:
        log_store.lock_state(connection)
        mark = high_water.read(instance.home)
        if mark is None or head.size > mark.size:
            high_water.keep(instance.home, head)


def check_not_rolled_back(instance: Instance) -> None:
    """Returns if the database begins with all that was ever signed here. Raises NotReady(log_rolled_back)."""
    # The mark first: another process may raise it, and then the database is ahead of what was read, never behind.
    head = high_water.read(instance.home)
    with instance.engines.read.connect() as connection:
        _compare(instance, connection, log_store.read_state(connection), head)


def _check(instance: Instance, connection: Connection, state: LogState) -> None:
    """As `check_not_rolled_back`, for whoever holds the lock on `state`, under which alone the mark is raised."""
    _compare(instance, connection, state, high_water.read(instance.home))


def _compare(instance: Instance, connection: Connection, state: LogState, head: Head | None) -> None:
    if head is None:
        # A home without its mark, and a database that was published: one of the two is not the one that signed.
        if state.pub_size:
            raise rolled_back(f"{state.pub_size} entries were published, and {high_water.FILE} is missing")
    elif head.origin != origin(instance):
        raise rolled_back(f"what was signed is another log, {head.origin}")
    elif head.size > state.size:
        raise rolled_back(f"{head.size} entries were signed, the database has {state.size}")
    elif (state.root if head.size == state.size else root_at(connection, head.size)) != head.root:
        raise rolled_back(f"the first {head.size} entries are not those that were signed")


def rolled_back(en: str) -> NotReady:
    """Why nothing is signed, and the way out."""
    zh = "数据库早于已签署的日志(可能恢复了旧备份),停止签署"
    return NotReady("log_rolled_back", zh, f"Nothing is signed: {en}.", high_water.RECOVER)


def _forked(en: str) -> NotReady:
    return NotReady("log_forked", "日志出现分叉,停止签署", f"Nothing is signed: {en}.", high_water.RECOVER)
