"""Leaves for what was signed before the log existed (`certsvc log backfill`): oldest first, chunk by chunk.

Each chunk is one transaction; after an interruption the next call takes what has no leaf yet, and nothing twice.
"""

from collections.abc import Callable
from dataclasses import dataclass

from certsvc.core.bundle import parse_shared
from certsvc.core.errors import Refused
from certsvc.instance import Instance
from certsvc.services.log_leaves import LEAVES, log_document, transaction
from certsvc.store import unlogged as unlogged_store
from certsvc.store.rows import Document

#: Documents of one transaction.
CHUNK = 200


@dataclass(frozen=True)
class Filled:
    """How many documents got their leaf; `refused`: hash -> code of those that cannot have one."""

    added: int
    refused: dict[str, str]


def count_unlogged(instance: Instance) -> int:
    """How many stored documents have no leaf."""
    with instance.engines.read.connect() as connection:
        return unlogged_store.count_unlogged(connection, tuple(LEAVES))


def backfill(instance: Instance, progress: Callable[[int, int], None] | None = None) -> Filled:
    """Puts every stored document without a leaf into the log. A second successor of one act has no place there."""
    total, after, seen = count_unlogged(instance), (-1, ""), 0
    refused: dict[str, str] = {}
    while rows := _next(instance, after):
        refused |= _fill(instance, rows)
        after, seen = (rows[-1].iat, rows[-1].sha256), seen + len(rows)
        if progress:
            progress(seen, total)
    # Not what was seen: a leaf that another one stands on is made with that one, out of its turn.
    return Filled(total - count_unlogged(instance), refused)


def _next(instance: Instance, after: tuple[int, str]) -> list[Document]:
    with instance.engines.read.connect() as connection:
        return unlogged_store.list_unlogged(connection, tuple(LEAVES), after, CHUNK)


def _fill(instance: Instance, rows: list[Document]) -> dict[str, str]:
    refused = {}
    with transaction(instance) as connection:
        for row in rows:
            try:
                with connection.begin_nested():
                    log_document(instance, connection, parse_shared(row.body, row.typ))
            except Refused as error:
                refused[row.sha256] = error.code
    return refused
