"""The first act of everybody's path: the signed day that is nearest to the application."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection

from certsvc.core.jose import Jws
from certsvc.services import documents
from certsvc.store import documents as document_store


def days_opened(connection: Connection, heads: Iterable[Jws]) -> dict[str, date]:
    """Entry id -> the day of the paper of the first act that leads to one of `heads`; of several the earliest."""
    days: dict[str, date] = {}
    for act in _first_acts(connection, heads):
        day = date.fromisoformat(act.unverified_payload["document"]["date"])
        for leaf in document_store.list_act_entries(connection, act.sha256):
            days[leaf.entry_id] = min(day, days.get(leaf.entry_id, day))
    return days


def _first_acts(connection: Connection, heads: Iterable[Jws]) -> list[Jws]:
    first, waiting = [], list(heads)
    seen = {act.sha256 for act in waiting}
    while waiting:
        act = waiting.pop()
        named = set(act.unverified_payload["prev"])
        if not named:
            first.append(act)
        waiting += [documents.load_document(connection, name, "act+jwt") for name in sorted(named - seen)]
        seen |= named
    return first
