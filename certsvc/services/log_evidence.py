"""That a document was logged, as bundles carry it (docs/format.md 7): found once a process, since it never changes.

Under the first cosigned checkpoint that has it, the evidence of an entry stays as it is while the log grows: acts and
grants are shared by thousands of certificates, and theirs is put together once.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection

from certsvc.core.bundle import parse_shared
from certsvc.core.checkpoint import WitnessPolicy
from certsvc.core.jose import Jws
from certsvc.core.leaves import MAX_TAGS
from certsvc.core.logged import Logged, LogKeys, log_keys, span_between
from certsvc.core.merkle import HashOf
from certsvc.core.note import format_vkey
from certsvc.core.tiles import FULL, hash_of_tiles
from certsvc.instance import Instance
from certsvc.services import cosign, log
from certsvc.services.log_proofs import Span, closed, logged_in, span_of
from certsvc.store import documents as document_store
from certsvc.store import log as log_store

Key, Value = TypeVar("Key"), TypeVar("Value")
#: Entries whose evidence is remembered: an instance has a few thousand acts and grants in use at a time.
KEPT = 8192
#: Hashes of whole subtrees, which never change: enough for the right edge of a log and what was proved lately.
NODES_KEPT = 65_536
SPANS_KEPT = 256


@dataclass
class _Known:
    """What was found out about the log of one instance, for as long as the same keys are believed."""

    logged: OrderedDict[str, Logged] = field(default_factory=OrderedDict)
    nodes: OrderedDict[tuple[int, int], bytes] = field(default_factory=OrderedDict)
    spans: OrderedDict[int, Span] = field(default_factory=OrderedDict)
    """Size of the checkpoint with the entry -> span."""


_KNOWN: OrderedDict[Hashable, _Known] = OrderedDict()
_INSTANCES_KEPT = 16


def believed(instance: Instance, connection: Connection) -> LogKeys:
    """Whose lines count today: keys that have ended for what they signed before, and nobody else where no witness is named."""
    trust = document_store.newest_document(connection, "trust+jwt", "trust")
    said = () if trust is None else parse_shared(trust.body, trust.typ).unverified_payload["keys"]
    vkeys = [format_vkey(key) for key in log.all_log_keys(instance, connection)]
    found = log_keys({"log_vkeys": vkeys, "keys": said, "witness_policy": cosign.policy_row(instance)})
    return _one_of(found.log, found.policy, found.limits, found.former)


@lru_cache(maxsize=_INSTANCES_KEPT)
def _one_of(*members: Any) -> LogKeys:
    """Of equal ones always the same: LogKeys are told apart by identity, and what was found out is remembered by them."""
    return LogKeys(*members)


class LogEvidence:
    """Look-ups for one gathering of evidence, on one connection."""

    def __init__(self, instance: Instance, connection: Connection) -> None:
        self._connection, self._keys = connection, believed(instance, connection)
        self._known = _known(str(instance.home), self._keys)
        self._look_up = self._remembering(connection)

    def of(self, document: Jws, after: str | None = None) -> Logged | None:
        """The evidence of a document; None while no cosigned checkpoint has it.

        An act that merges many lists has several leaves: the one that names `after`, its predecessor, is taken.
        """
        prev = document.unverified_payload.get("prev") or []
        number = prev.index(after) // MAX_TAGS if after in prev else 0
        return self.of_key(f"{document.sha256}/{number}" if number else document.sha256)

    def latest(self, document: Jws) -> int | None:
        """The last second in which a document may have been logged; None while no cosigned checkpoint has it."""
        logged = self.of(document)
        if logged is None:
            return None
        time = span_between(logged.before, logged.proof.checkpoint, self._keys).time
        return None if time is None else time.after

    def of_key(self, key: str) -> Logged | None:
        """As `of`, by the key of the entry in the outbox. Raises NotReady(log_damaged)."""
        known = self._known.logged
        if (found := known.get(key)) is not None:
            return found
        row = log_store.find_by_key(self._connection, key)
        span = None if row is None or row.idx is None else self._span(row.idx)
        if row is None or span is None:
            return None
        return _keep(known, key, logged_in(row, span, self._look_up), KEPT)

    def checkpoint(self) -> tuple[int, str | None]:
        """The published size and its note with the newest lines; (0, None) before the first."""
        state = log_store.read_state(self._connection)
        newest = log_store.find_checkpoint(self._connection, state.pub_size) if state.note else None
        if newest is None:
            return 0, None
        anyhow = replace(self._keys, policy=WitnessPolicy(0, self._keys.policy.keys))
        note = closed(self._connection, newest, anyhow, latest=True)
        return state.pub_size, None if note is None else note.decode()

    def _span(self, index: int) -> Span | None:
        spans = self._known.spans
        for span in reversed(list(spans.values())):
            if span.start <= index < span.size:
                return span
        found = span_of(self._connection, index, self._keys)
        return found and _keep(spans, found.size, found, SPANS_KEPT)

    def _remembering(self, connection: Connection) -> HashOf:
        """Look-ups in the stored tiles: each full tile is read once, and a whole subtree is hashed once a process."""
        nodes = self._known.nodes
        full: dict[tuple[int, int], bytes] = {}

        def tile(level: int, n: int) -> bytes:
            # Only what is full is kept: a partial tile grows under a reader who meets a later checkpoint meanwhile.
            data = full.get((level, n)) or log_store.read_longest(connection, level, n)
            if len(data) == FULL:
                full[level, n] = data
            return data

        stored = hash_of_tiles(tile)

        def look_up(level: int, index: int) -> bytes:
            found = nodes.get((level, index))
            return found or _keep(nodes, (level, index), stored(level, index), NODES_KEPT)

        return look_up


def _known(home: str, keys: LogKeys) -> _Known:
    key = home, keys
    if key not in _KNOWN:
        _keep(_KNOWN, key, _Known(), _INSTANCES_KEPT)
    return _KNOWN[key]


def _keep(shelf: OrderedDict[Key, Value], key: Key, value: Value, most: int) -> Value:
    """`value`, kept in place of the oldest."""
    shelf[key] = value
    while len(shelf) > most:
        shelf.popitem(last=False)
    return value
