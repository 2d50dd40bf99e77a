"""Status lists as a function of the log (formats.md 6), and whether a served one is what the log says.

Of each slot that ever had an event its last value and counter are kept: that is all the memory that this takes.
"""

from dataclasses import dataclass, field
from typing import Any

from certsvc.core.jose import Jws, parse_document
from certsvc.core.statuslist import AFTER, SLOTS, VALID, unpack, value_at

#: The largest list: 64 KB of values that do not compress, in base64 twice.
MAX_LIST = 262_144
#: How many slots of one list are named.
NAMED = 8


@dataclass
class Served:
    """A status list that somebody serves, and what the log says of it."""

    document: Jws
    raw: bytes
    expected: dict[int, int] | None = None
    """Slot -> value after the first `size` entries, once that many were read."""

    @property
    def uri(self) -> str:
        return str(self.document.unverified_payload["sub"])

    @property
    def size(self) -> int | None:
        """Entries of the log that it covers; None for one that does not say so: it is held against all of them."""
        payload = self.document.unverified_payload
        return None if payload["checkpoint"] is None and not payload["n"] else int(payload["n"])


def parse_served(body: bytes) -> Served:
    """The list in `body`, not verified: what the log says of it is the proof. Raises Malformed."""
    document = parse_document(body, "statuslist+jwt")
    return Served(document, unpack(document.unverified_payload["status_list"]["lst"]))


@dataclass
class Fold:
    """The lists of the entries that were taken so far."""

    served: list[Served]
    events: dict[str, dict[int, tuple[int, int]]] = field(default_factory=dict)
    """URI of a list -> slot -> (counter of its last event, value)."""
    snapshots: dict[str, tuple[int, str]] = field(default_factory=dict)
    """URI of a list -> size and hash of its newest snapshot."""

    def reach(self, size: int) -> None:
        """All of the first `size` entries were taken: what was to be compared there is kept."""
        for one in self.served:
            if one.size == size:
                one.expected = self.values(one.uri)

    def values(self, uri: str) -> dict[int, int]:
        return {slot: value for slot, (_, value) in self.events.get(uri, {}).items() if value != VALID}

    def take(self, leaf: dict[str, Any]) -> str | None:
        """Takes a leaf; what is wrong with it if it cannot follow on the leaves before: an event that no issuer could
        have decided then, or a list that forgets entries."""
        if leaf["k"] == "snapshot":
            size, _ = self.snapshots.get(leaf["l"], (0, ""))
            self.snapshots[leaf["l"]] = (leaf["n"], leaf["d"])
            if leaf["n"] < size:
                return f"a list of {leaf['n']} entries follows one of {size}"
        if leaf["k"] != "status":
            return None
        slots = self.events.setdefault(leaf["l"], {})
        count, value = slots.get(leaf["i"], (-1, VALID))
        slots[leaf["i"]] = (leaf["q"], leaf["s"])
        if leaf["q"] != count + 1:
            return f"event {leaf['q']} of slot {leaf['i']} follows event {count}"
        if leaf["s"] not in AFTER[value].values():
            return f"slot {leaf['i']} goes from {value} to {leaf['s']}"
        return None

    def compare(self, one: Served) -> list[str]:
        """What the log says otherwise than this list, once all entries that it covers were taken."""
        said = []
        newest = self.snapshots.get(one.uri)
        if newest is None:
            said.append("the log has no snapshot of this list")
        elif newest[1] != one.document.sha256:
            said.append(f"it is not the list of the newest snapshot, of {newest[0]} entries")
        wanted = self.values(one.uri) if one.expected is None else one.expected
        differ = [slot for slot in range(SLOTS) if value_at(one.raw, slot) != wanted.get(slot, VALID)]
        said += [f"slot {n}: {value_at(one.raw, n)}, in the log {wanted.get(n, VALID)}" for n in differ[:NAMED]]
        return said if len(differ) <= NAMED else [*said, f"{len(differ)} slots in all"]
