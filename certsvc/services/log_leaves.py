"""What is signed enters the log (formats.md 6), in the transaction that stored it: one table, typ of document -> leaf.

1. A service stores a document inside `transaction` and calls `log_document`: leaf, once-tags and salt go into the outbox
   with it. A once-tag that another leaf has undoes the whole transaction: the act was done before.
2. Once the transaction is durable, `settle` gives everything that waits its place, and witnesses cosign it. If the log
   refuses, what was done stays done, and its leaf waits: `certsvc doctor` and /readyz say since when.
3. Where there are witnesses, they have cosigned what was there before not longer than a minute ago (`look_out`): the
   time of a leaf lies between their last signature without it and their first with it. What an interruption left
   waiting gets its place before they are asked: a later signature without it would say that it was not there yet.
4. Under a root that requires the log nothing gets a place before enough witnesses cosigned the empty log, and nothing
   is begun while what waits cannot get its place or our clock is not that of the witnesses.

Secrets behind once-tags: of an act the leaf salts of its `prev`; of a first act a case secret, HMAC-SHA256 by the index
key of this instance over roster and office, so that nothing has to be stored and a backfill finds the same one; of a
certificate the salt of its entry; of a proposal the leaf salt of its certificate.
"""

import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Connection

from certsvc.core.bundle import parse_shared
from certsvc.core.errors import CertsvcError, NotFound, NotReady
from certsvc.core.jose import Jws
from certsvc.core.leaves import (
    MAX_TAGS,
    act_leaf,
    act_tags,
    certificate_tag,
    public_leaf,
    snapshot_leaf,
    status_leaf,
    trust_leaf,
)
from certsvc.instance import Instance
from certsvc.services import cosign, log
from certsvc.services.witness_list import check_witnesses, is_strict
from certsvc.store import certificates as certificate_store
from certsvc.store import documents as document_store
from certsvc.store import log as log_store
from certsvc.store import rosters as roster_store
from certsvc.store import unlogged as unlogged_store
from certsvc.store.rows import Certificate

notices = logging.getLogger("certsvc.log")
SALT_BYTES = 32
#: Codes of what waits for the log, and of an empty log that too few witnesses saw.
WAITING, UNSEEN = "waiting_for_log", "witnesses_away"
#: Seconds for which a cosignature says well enough that something was not there yet. A witness whose clock says
#: otherwise, or a demo that goes back in time, is asked again.
FRESH = 60
#: Which signature of an act is the organisation's seal (formats.md 1).
SEAL = 1
CERTIFICATE = "vc+jwt"
#: Whose leaf is a salted commitment; of the others it is the hash of a public document.
COMMITTED = ("act+jwt", CERTIFICATE)

#: Whether the transactions of this thread are settled together.
_TOGETHER: ContextVar[bool] = ContextVar("together", default=False)
Build = Callable[[Instance, Connection, Jws, bytes], Sequence[bytes]]


# --- the two sides of a transaction ----------------------------------------------------------------------------------


@contextmanager
def transaction(instance: Instance, *, urgent: bool = False) -> Iterator[Connection]:
    """A durable transaction; what it put into the log's outbox gets its place right afterwards. Never to be nested.

    Raises as `look_out`; then nothing has begun.
    """
    if not _TOGETHER.get():
        look_out(instance, urgent=urgent)
    with instance.engines.write.begin() as connection:
        yield connection
    if not _TOGETHER.get():
        settle(instance)


@contextmanager
def together(instance: Instance) -> Iterator[None]:
    """Many transactions of one moment, whose leaves get their places at the end of the block and are cosigned once."""
    look_out(instance)
    token = _TOGETHER.set(True)
    try:
        yield
    finally:
        _TOGETHER.reset(token)
        settle(instance)


def look_out(instance: Instance, *, urgent: bool = False) -> None:
    """Has the present checkpoint cosigned if nobody did so lately: nothing of what follows was there yet.

    What waits gets its place first. If it cannot, nobody is asked, and under a root that requires the log
    NotReady(waiting_for_log) is raised, unless what follows is `urgent`: a key is replaced although the log stands
    still, or it could stand still for ever. Raises NotReady(clock_differs) under such a root; under others never raises.
    """
    try:
        if cosign.policy(instance) is None:
            return
        advance(instance)
        said = [] if is_fresh(instance) else cosign.cosign(instance)
    except Exception as error:  # whatever is wrong with the log
        if is_strict(instance) and not urgent:
            raise _stands_still(error) from error
        _tell("witnesses were not asked", error)
        return
    if is_strict(instance):
        cosign.check_clock(instance, said)


def _stands_still(error: Exception) -> NotReady:
    zh = f"此前签署的内容尚未写入公开日志({_code(error)}),写入前不再办理"
    en = f"What was signed before has no place in the public log yet ({_code(error)}); nothing new is begun until it has."
    return NotReady(WAITING, zh, en, "certsvc log tick")


def begin(instance: Instance) -> None:
    """Publishes the empty log, if nothing was published yet: the first leaves too are known to be later than something.

    Under a root that requires the log enough witnesses have to cosign it. Raises NotReady(witnesses_missing,
    witnesses_away) and whatever is wrong with the log.
    """
    check_witnesses(instance)
    with instance.engines.read.connect() as connection:
        state = log_store.read_state(connection)
    if state.note is None:
        log.publish(instance)
    if state.pub_size or not is_strict(instance) or not cosign.is_wanting(instance):
        return
    cosign.cosign(instance)
    if cosign.is_wanting(instance):
        zh = "见证人尚未全部签署空日志,签署前不发布任何条目"
        en = "Too few witnesses cosigned the empty log; until they do nothing is published."
        raise NotReady(UNSEEN, zh, en, "certsvc log vkey && certsvc log tick")


def advance(instance: Instance) -> None:
    """What waits gets its place and is published; nobody is asked about it. Raises whatever is wrong with the log."""
    begin(instance)
    if waiting_since(instance)[0]:
        log.sequence(instance)


def is_fresh(instance: Instance) -> bool:
    """Whether a witness cosigned the newest checkpoint within the last minute, by the clock of this instance."""
    return any(abs(instance.now() - time) <= FRESH for time in cosign.cosigned_at(instance))


def settle(instance: Instance) -> None:
    """Everything that waits gets its place, is published and cosigned.

    Never raises: what is stored waits for the next call. Silent while witnesses are still to be appointed.
    """
    with _surviving("leaves wait for the log"):
        if is_strict(instance) and cosign.policy(instance) is None:
            return
        if waiting_since(instance)[0]:
            advance(instance)
            cosign.cosign(instance)
        elif cosign.is_wanting(instance):
            # Another process gave our leaves their places, and may not come so far as to have them cosigned.
            cosign.cosign(instance)


@contextmanager
def _surviving(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # whatever is wrong with the log, what was decided and stored stands
        _tell(what, error)


def _tell(what: str, error: Exception) -> None:
    notices.warning("%s (%s): certsvc doctor", what, _code(error))


def _code(error: Exception) -> str:
    return error.code if isinstance(error, CertsvcError) else type(error).__name__


def waiting_since(instance: Instance) -> tuple[int, int | None]:
    """How many leaves are not published yet, and since when the oldest waits (seconds, by the clock of the wall)."""
    with instance.engines.read.connect() as connection:
        return unlogged_store.unpublished(connection)


# --- leaves ----------------------------------------------------------------------------------------------------------


def log_document(instance: Instance, connection: Connection, document: Jws) -> None:
    """Puts the leaf of a stored document into the outbox; a document that has one keeps it, with its salt.

    Raises Refused(log_tag_taken) if another document has said the same already; the transaction must then be left.
    """
    build = LEAVES.get(document.typ)
    if build is None or log_store.find_by_key(connection, document.sha256) is not None:
        return
    salt = secrets.token_bytes(SALT_BYTES)
    for number, leaf in enumerate(build(instance, connection, document, salt)):
        key = f"{document.sha256}/{number}" if number else document.sha256
        log.enqueue(connection, key, leaf, document.sha256, salt if document.typ in COMMITTED else None)


def _act(instance: Instance, connection: Connection, document: Jws, salt: bytes) -> Sequence[bytes]:
    payload, signer = document.unverified_payload, document.signatures[SEAL].unverified_kid
    if payload.get("stage") == "decide":
        slot, value, count = payload["slot"], payload["value"], payload["q"]
        return [status_leaf(signer, document.body, salt, uri=slot["uri"], slot=slot["idx"], value=value, count=count)]
    tags = _tags(instance, connection, document)
    # A leaf has room for MAX_TAGS; an act that merges more lists has several leaves with one commitment.
    parts = [tags[start : start + MAX_TAGS] for start in range(0, len(tags), MAX_TAGS)]
    return [act_leaf(signer, document.body, salt, part) for part in parts]


def _tags(instance: Instance, connection: Connection, document: Jws) -> list[str]:
    payload = document.unverified_payload
    if payload.get("stage") == "propose":
        # Two open proposals about one certificate are lawful, and one of them is decided: `jti` tells them apart.
        secret = salt_of(instance, connection, payload["certificate"])
        return act_tags([secret], f"propose {payload['jti']}", payload["q"])
    behind = [salt_of(instance, connection, name) for name in payload["prev"]]
    return act_tags(behind or [_case_secret(instance, connection, document)], payload["act"], payload["part"])


def _case_secret(instance: Instance, connection: Connection, document: Jws) -> bytes:
    """What a first act stands on: its office begins the case of this roster once."""
    act = document_store.find_act(connection, document.sha256)
    if act is None:
        raise LookupError(document.sha256)
    return case_secret(instance, act.roster_id, act.org_id)


def case_secret(instance: Instance, roster_id: str, org: str) -> bytes:
    """32 bytes that only this instance can tell, the same each time."""
    return bytes.fromhex(instance.data_keys.blind("case", f"{roster_id}\x00{org}"))


def salt_of(instance: Instance, connection: Connection, sha256: str) -> bytes:
    """The leaf salt of an act or a certificate; one that is older than the log gets its leaf now. Raises NotFound."""
    known = log_store.find_by_subject(connection, sha256)
    if known is None:
        log_document(instance, connection, _stored(connection, sha256))
        known = log_store.find_by_subject(connection, sha256)
    if known is None or known.salt is None:
        raise NotFound("log_salt_absent", "日志条目缺少随机盐", f"The leaf of {sha256} has no salt.", "certsvc doctor")
    return known.salt


def _stored(connection: Connection, sha256: str) -> Jws:
    row = document_store.find_document(connection, sha256)
    if row is not None:
        return parse_shared(row.body, row.typ)
    certificate = certificate_store.find_by_sha256(connection, sha256)
    if certificate is None:
        raise NotFound("document_unknown", f"文件不存在:{sha256}", f"No document {sha256} is stored.")
    return parse_shared(certificate.credential, CERTIFICATE)


def _certificate(instance: Instance, connection: Connection, document: Jws, salt: bytes) -> Sequence[bytes]:
    certificate = certificate_store.find_by_sha256(connection, document.sha256)
    if certificate is None:
        raise LookupError(document.sha256)
    tag = certificate_tag(_entry_salt(connection, certificate), certificate.version)
    return [act_leaf(document.signatures[0].unverified_kid, document.body, salt, [tag])]


def _entry_salt(connection: Connection, certificate: Certificate) -> bytes:
    """The salt of the first entry in every version: a second version 2 then repeats the tag, whatever it corrects."""
    entry = roster_store.find_entry(connection, certificate.entry_id)
    if entry is None:
        raise LookupError(certificate.entry_id)
    return entry.entry_salt


def _snapshot(instance: Instance, connection: Connection, document: Jws, salt: bytes) -> Sequence[bytes]:
    payload = document.unverified_payload
    return [snapshot_leaf(payload["sub"], payload["n"], document.body)]


def _trust(instance: Instance, connection: Connection, document: Jws, salt: bytes) -> Sequence[bytes]:
    return [trust_leaf(document.unverified_payload["n"], document.body)]


def _public(kind: str) -> Build:
    return lambda instance, connection, document, salt: [public_leaf(kind, document.body)]


#: typ -> its leaves. `act+jwt` is of kind `act`, or `status` for a decision; the format has no leaf for equivalences.
LEAVES: dict[str, Build] = {
    "act+jwt": _act,
    CERTIFICATE: _certificate,
    "statuslist+jwt": _snapshot,
    "trust+jwt": _trust,
    "grant+jwt": _public("grant"),
    "ungrant+jwt": _public("ungrant"),
    "procedure+jwt": _public("procedure"),
    "key+jwt": _public("key"),
    "calendar+jwt": _public("calendar"),
}
