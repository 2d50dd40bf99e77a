"""What the theft of a log key, or of a witness of the log, leaves without a proof of its time (docs/format.md 6.2).

Its lines are believed up to the size that had been seen before the theft; the next log key begins behind it, and enough
other witnesses may have come only later. What was logged between these two stands in the log as before, and nobody can tell
when it came there: a file that was handed out meanwhile shows a checkpoint that counts no more, and a fresh one shows only
that it was between the two.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import zip_longest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection

from certsvc.core.bundle import parse_bundle
from certsvc.core.errors import Malformed, NotReady
from certsvc.core.jose import thumbprint
from certsvc.core.logged import LogKeys, checkpoint_in
from certsvc.core.note import VerifierKey
from certsvc.core.outcomes import Fault, Unknown
from certsvc.instance import Instance
from certsvc.services import documents
from certsvc.services.log_evidence import believed
from certsvc.services.log_proofs import last_believed, span_of
from certsvc.services.publish import WAITING
from certsvc.services.stolen_witness import is_witness
from certsvc.services.witness_list import is_strict
from certsvc.store import log as log_store
from certsvc.store.rows import SigningKey
from certsvc.verify.trusted import When, check_stated


@dataclass(frozen=True)
class Gap:
    """What was logged behind the last checkpoint that is believed of before a theft, and before the first one of since."""

    keys: LogKeys | None = None
    """Whose lines count after the theft."""
    documents: frozenset[str] = frozenset()
    by_log: bool = False
    """Whether a root requires the log; under others every document is dated by its own word."""
    before: int | None = None
    """When the last believed checkpoint was seen, in seconds; None if there is none."""
    after: int = 0
    """When the first one of since was seen; now, while there is none."""

    def is_undated(self, sha256: str, stated: int) -> bool:
        """Whether no verifier can tell that this document was logged when it says."""
        if not self.by_log or sha256 not in self.documents:
            return False
        if self.before is None:
            return True
        try:
            check_stated(When(stated, self.before + 1, self.after))
        except (Fault, Unknown):
            return True
        return False

    def is_shown(self, bundle: bytes) -> bool:
        """Whether every checkpoint in a file counts still: a later one may, which only a fresh file shows."""
        try:
            return all(checkpoint_in(note, self.keys) for note in parse_bundle(bundle).notes) if self.keys else True
        except (Fault, Malformed, Unknown):
            return False


def dates(key: SigningKey) -> bool:
    """Whether its lines are what dates all that is logged: it is a key of the log, or a witness."""
    return key.use == "log" or is_witness(key)


def gap_behind(instance: Instance, connection: Connection, key: SigningKey, since: int) -> Gap:
    """The gap behind such a key that was stolen at `since`, as verifiers see it once a trust bundle says so."""
    start, keys = _believed_since(instance, connection, key, since)
    span, (_, before) = span_of(connection, start, keys), last_believed(connection, start, keys)
    found = log_store.logged_between(connection, start, None if span is None else span.size)
    if not is_strict(instance):
        return Gap(keys, found)
    after = instance.now() if span is None else _seen(span.after, keys)[keys.policy.threshold - 1]
    return Gap(keys, found, True, None if before is None else _seen(before, keys)[-keys.policy.threshold], after)


def check_dated(instance: Instance, key: SigningKey, since: int) -> None:
    """Returns if what is signed now will have a proof of its time: enough witnesses have seen the log since the theft.

    Raises NotReady(waiting_for_log): a version that came before would wait for the log for ever.
    """
    with instance.engines.read.connect() as connection:
        seen = span_of(connection, *_believed_since(instance, connection, key, since)) is not None
    if is_strict(instance) and not seen:
        zh = "失密之后的日志尚未经足够的见证人签署,现在签发的无法证明时间"
        en = "Too few witnesses have seen the log since the theft, so what is signed now would have no proof of its time."
        raise NotReady(WAITING, zh, en, "certsvc log tick")


def _believed_since(instance: Instance, connection: Connection, key: SigningKey, since: int) -> tuple[int, LogKeys]:
    """Up to which size the stolen key is believed, and whose lines count once a trust bundle says so."""
    start = documents.bound_of(instance, connection, since) or 0
    return start, _believed_up_to(believed(instance, connection), key.jkt, start)


def _believed_up_to(keys: LogKeys, jkt: str, size: int) -> LogKeys:
    policy = replace(keys.policy, limits=_bounded(keys.policy.keys, keys.policy.limits, jkt, size))
    return replace(keys, limits=_bounded(keys.log, keys.limits, jkt, size), policy=policy)


def _bounded(keys: Iterable[VerifierKey], limits: Iterable[int | None], jkt: str, size: int) -> tuple[int | None, ...]:
    """The limits of `keys`, that of the key `jkt` at most `size`."""
    pairs = zip_longest(keys, limits)
    return tuple(_least(limit, size) if key is not None and _jkt(key) == jkt else limit for key, limit in pairs)


def _least(limit: int | None, size: int) -> int:
    return size if limit is None else min(limit, size)


def _jkt(key: VerifierKey) -> str:
    return thumbprint(Ed25519PublicKey.from_public_bytes(key.public))


def _seen(note: bytes, keys: LogKeys) -> list[int]:
    """When witnesses of the policy saw a checkpoint, smallest first."""
    names = {key.name for key in keys.policy.keys}
    return sorted(time for name, time in checkpoint_in(note, keys).witness_times.items() if name in names)
