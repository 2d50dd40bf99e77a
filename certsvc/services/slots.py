"""Slots of status lists (docs/format.md 5.5): each is given once, at random, and lists follow each other.

Lists are numbered from 1. Slots are given from the last list that has one taken, until `Instance.fill` of it are: then
from the next. Slots never become free, so no list before it has room.
"""

import secrets
from dataclasses import dataclass
from itertools import count, takewhile

from sqlalchemy import Connection

from certsvc.core.jose import Jws
from certsvc.core.statuslist import SLOTS
from certsvc.instance import Instance
from certsvc.services.publish import current_status_list, list_uri
from certsvc.store import certificates as certificate_store
from certsvc.store import status as status_store
from certsvc.store.rows import StatusList


@dataclass(frozen=True)
class Slot:
    """A place in a status list."""

    uri: str
    idx: int


@dataclass
class FreeSlots:
    """What is free, as one transaction sees it that nobody else can take a slot beside."""

    instance: Instance
    number: int
    """Of the list with room, or of the last one that is full."""
    taken: set[int]

    def take(self) -> Slot:
        """A random slot that no certificate ever had: indices are never reused, and tell no order within their list."""
        if len(self.taken) >= self.instance.fill:
            self.number, self.taken = self.number + 1, set()
        while (idx := secrets.randbelow(SLOTS)) in self.taken:
            pass
        self.taken.add(idx)
        return Slot(list_uri(self.instance, self.number), idx)


def free_slots(instance: Instance, connection: Connection) -> FreeSlots:
    """The slots that this transaction may take; nobody else takes one before it ends (`certificates.lock_slots`)."""
    certificate_store.lock_slots(connection)
    uris = begun_lists(instance, connection)
    return FreeSlots(instance, len(uris), certificate_store.used_indices(connection, uris[-1]))


def begun_lists(instance: Instance, connection: Connection) -> tuple[str, ...]:
    """The addresses of the lists of which a slot was ever taken, oldest first; of the first list in any case."""
    later = (list_uri(instance, number) for number in count(2))
    return (list_uri(instance), *takewhile(lambda uri: certificate_store.is_begun(connection, uri), later))


def is_list(instance: Instance, number: int) -> bool:
    """Whether there is a list of this number: the first, or one of which a slot was ever taken."""
    with instance.engines.read.connect() as connection:
        return number == 1 or certificate_store.is_begun(connection, list_uri(instance, number))


def current_lists(instance: Instance) -> list[Jws]:
    """The newest of every list, as `publish.current_status_list`; the first list is signed if it never was."""
    with instance.engines.read.connect() as connection:
        begun = begun_lists(instance, connection)
    return [current_status_list(instance, uri) for uri in begun]


def published_lists(instance: Instance) -> dict[str, StatusList]:
    """Address of each list that was ever signed, oldest first -> what was published there last."""
    with instance.engines.read.connect() as connection:
        latest = {uri: status_store.latest_status_list(connection, uri) for uri in begun_lists(instance, connection)}
    return {uri: one for uri, one in latest.items() if one is not None}
