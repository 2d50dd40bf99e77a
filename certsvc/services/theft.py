"""From when on a stolen key is not believed: by time, or under a root that requires the log by place (docs/format.md 6.2).

What has to be logged was good if witnesses had seen it before the theft, whatever it says of its time: the trust bundle
names that size of the log, and every verifier goes by it. Of everything else its own word is all there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from certsvc.instance import Instance
from certsvc.services import documents
from certsvc.services.witness_list import is_strict
from certsvc.store import log as log_store
from certsvc.store import traces
from certsvc.verify.authority import LOGGED


@dataclass(frozen=True)
class Theft:
    """The moment of a theft in seconds, and where a log is required what had been seen before it."""

    connection: Connection
    since: int
    by_place: bool
    """Whether a root requires the log."""
    size: int | None
    """The size of the log that enough witnesses had cosigned before; None without witnesses, and then nothing was good."""

    def late(self, typ: str, signed: Mapping[str, int]) -> set[str]:
        """Of documents of kind `typ`, hash -> the second that each states, those that the thief may have signed."""
        if not self.by_place or typ not in LOGGED:
            return {name for name, at in signed.items() if at >= self.since}
        if self.size is None:
            return set(signed)
        proofs = {name: name for name in signed}
        if typ == "act+jwt":
            # When a lifecycle act was proposed nobody proves: it counts with its decision, which names it.
            proofs |= traces.decisions_of(self.connection, signed)
        seen = log_store.seen_within(self.connection, proofs.values(), self.size)
        return {name for name, proof in proofs.items() if proof not in seen}


def theft_at(instance: Instance, connection: Connection, since: int) -> Theft:
    """The theft of a key at `since` (seconds), as a trust bundle of now would publish it."""
    strict = is_strict(instance)
    return Theft(connection, since, strict, documents.bound_of(instance, connection, since) if strict else None)
