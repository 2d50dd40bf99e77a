"""Points in the log that a trust bundle names (formats.md 7): where an end stands, and what was there by a moment.

Times in documents are what their signers say; an index in the log is what everybody has seen.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from certsvc.core.checkpoint import WitnessPolicy
from certsvc.core.errors import Malformed
from certsvc.core.note import VerifierKey, decode_base64
from certsvc.store import log as log_store

#: Names of documents in one query; checkpoints that are read at once.
CHUNK, PAGE = 500, 200


@dataclass(frozen=True)
class Points:
    """What the log says about the documents and moments that a trust bundle is about."""

    places: Mapping[str, int] = field(default_factory=dict)
    """Hash of a document -> index of its leaf; one that has no leaf is missing."""
    bounds: Mapping[int, int] = field(default_factory=dict)
    """Moment in seconds -> size of what witnesses had seen before; empty without witnesses."""

    def place(self, sha256: str | None) -> int | None:
        return None if sha256 is None else self.places.get(sha256)

    def bound(self, moment: int | None) -> int | None:
        return None if moment is None else self.bounds.get(moment)


def places(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Hash of each document that has a leaf -> the index of that leaf.

    A leaf that still waits gets the place behind those that wait before it. Should another transaction, begun earlier,
    commit in between, the leaf moves on by its leaves: an end is then named a little too early, never too late, and
    the next trust bundle names its place.
    """
    wanted, found = list(names), {}
    for start in range(0, len(wanted), CHUNK):
        found |= log_store.find_places(connection, wanted[start : start + CHUNK])
    return found


def bounds(
    connection: Connection, policy: WitnessPolicy | None, moments: Collection[int], known: Mapping[int, int]
) -> dict[int, int]:
    """Each moment -> size of the largest checkpoint that enough witnesses had cosigned before, 0 if there is none.

    `known` is what was published before, and stays. Empty without a policy.
    """
    if policy is None:
        return {}
    open_, found, below = set(moments) - known.keys(), dict.fromkeys(moments, 0), None
    while open_:
        page = log_store.list_first_lines(connection, below, PAGE)
        if not page:
            break
        for size, lines in page.items():
            seen = quorum_time(lines, policy)
            settled = {moment for moment in open_ if seen is not None and seen < moment}
            found |= dict.fromkeys(settled, size)
            open_ -= settled
        below = min(page)
    return found | {moment: known[moment] for moment in known.keys() & set(moments)}


def quorum_time(lines: Mapping[str, str], policy: WitnessPolicy) -> int | None:
    """When so many witnesses of the policy had signed these lines (witness -> line) as it wants; None if never."""
    times = sorted(time for key in policy.keys if (time := line_time(lines.get(key.name, ""), key)) is not None)
    return times[policy.threshold - 1] if len(times) >= policy.threshold else None


def line_time(line: str, key: VerifierKey) -> int | None:
    """The time in a stored cosignature of `key`, in seconds; None for another key's. It was verified when it came."""
    try:
        raw = decode_base64(line.rstrip("\n").rpartition(" ")[2])
    except Malformed:
        return None
    return int.from_bytes(raw[4:12]) if raw[:4] == key.key_id else None
