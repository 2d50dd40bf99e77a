"""Rosters (花名册) and acts (行为) as values: how a list of people becomes one signed root (formats.md 4)."""

from dataclasses import dataclass
from typing import Any

from certsvc.core.bundle import RosterProof
from certsvc.core.claims import roster_leaf, row_commitment
from certsvc.core.encoding import b64, unb64
from certsvc.core.errors import Refused
from certsvc.core.merkle import inclusion_path, leaf_hash, levels, root_of

#: An act is about 1 to 65,536 people (formats.md 4).
MAX_ROSTER = 65_536


@dataclass(frozen=True)
class Row:
    """One person on a roster: the entry commitment, and this act's facts about that person with their salt."""

    entry: str
    facts: dict[str, Any] | None = None
    salt: bytes | None = None

    @property
    def leaf(self) -> bytes:
        return roster_leaf(self.entry, row_commitment(self.facts, self.salt))


class Roster:
    """Rows sorted by entry commitment, strictly increasing, with the Merkle tree over them."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = sorted(rows, key=lambda row: unb64(row.entry))
        if not 1 <= len(self.rows) <= MAX_ROSTER:
            raise Refused("roster_size", "花名册人数须为 1 至 65,536", f"A roster holds 1 to {MAX_ROSTER} people.")
        if len({row.entry for row in rows}) != len(rows):
            raise Refused("roster_twice", "花名册中有重复人员", "One entry stands twice on the roster.")
        self._levels = levels([leaf_hash(row.leaf) for row in self.rows])

    @property
    def root(self) -> str:
        return b64(root_of(self._levels))

    @property
    def count(self) -> int:
        return len(self.rows)

    def index_of(self) -> dict[str, int]:
        """entry commitment -> position of its leaf."""
        return {row.entry: index for index, row in enumerate(self.rows)}

    def proof(self, index: int) -> RosterProof:
        row = self.rows[index]
        return RosterProof(index, row.facts, row.salt, b"".join(inclusion_path(self._levels, index)))
