"""Proposals, status events, published status lists, and the daily limit on guesses about a certificate."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, or_, select, update

from certsvc.core.errors import Refused
from certsvc.store.engine import insert_once, insert_or, lock_table
from certsvc.store.log_tables import log_entry
from certsvc.store.rows import StatusEvent, StatusList, StatusProposal
from certsvc.store.shelf import EVENTS, PROPOSALS, STATUS_LISTS, narrowed
from certsvc.store.tables import certificate, document, match_try, status_event, status_list, status_proposal

# P9999 < P10000: longer is later.
_LAST_ID = (
    select(status_proposal.c.id)
    .order_by(func.length(status_proposal.c.id).desc(), status_proposal.c.id.desc())
    .limit(1)
)
_PROPOSAL = PROPOSALS.select.where(status_proposal.c.id == bindparam("id"))
_LOCK_PROPOSAL = select(status_proposal.c.id).where(status_proposal.c.id == bindparam("id")).with_for_update()
_CLOSE = (
    update(status_proposal)
    .where(status_proposal.c.id == bindparam("of"), status_proposal.c.state == "open")
    .values(state=bindparam("to"))
)
_LOCK_CERTIFICATE = select(certificate.c.id).where(certificate.c.id == bindparam("id")).with_for_update()
_LAST_Q = select(func.max(status_event.c.q)).where(status_event.c.certificate_id == bindparam("id"))
_EVENTS = EVENTS.select.where(status_event.c.certificate_id == bindparam("id")).order_by(status_event.c.q)
_LISTS = STATUS_LISTS.select.where(status_list.c.uri == bindparam("uri")).order_by(
    status_list.c.iat.desc(), status_list.c.sha256.desc()
)
_LATEST_LIST = _LISTS.limit(1)
_VALUES = (
    select(certificate.c.idx, status_event.c.value, log_entry.c.id, log_entry.c.idx.label("place"))
    .join(status_event, status_event.c.certificate_id == certificate.c.id)
    .outerjoin(log_entry, log_entry.c.dedup_key == status_event.c.decide_sha256)
    .where(certificate.c.list_uri == bindparam("uri"))
    .order_by(certificate.c.idx, status_event.c.q)
)

# From the few entries that the list does not cover, by keys, to the events among them.
_UNCOVERED = (
    select(status_event.c.q)
    .select_from(log_entry)
    .join(document, document.c.sha256 == log_entry.c.subject)
    .join(certificate, certificate.c.sha256 == document.c.subject)
    .join(
        status_event,
        (status_event.c.certificate_id == certificate.c.id) & (status_event.c.decide_sha256 == document.c.sha256),
    )
    .where(or_(log_entry.c.idx.is_(None), log_entry.c.idx >= bindparam("size")))
    .where(certificate.c.list_uri == bindparam("uri"))
    .limit(1)
)
_UNCOVERED_OF = _UNCOVERED.where(certificate.c.id == bindparam("id"))


@dataclass(frozen=True)
class Values:
    """What the events about one list say."""

    slots: dict[int, int]
    """Slot -> value, for the slots that ever had an event; all others are 0."""
    size: int | None
    """So many entries of the log have all of them; None while one has no place yet."""


def lock_proposals(connection: Connection) -> None:
    """Lets nobody else propose or decide before the transaction ends. To be called before a certificate is locked."""
    lock_table(connection, status_proposal)


def next_proposal_id(connection: Connection) -> str:
    """The next of P0001, P0002 …; nobody else gets it before this transaction ends."""
    lock_proposals(connection)
    last = connection.execute(_LAST_ID).scalar()
    return f"P{int(last[1:]) + 1 if last else 1:04d}"


def add_proposal(connection: Connection, item: StatusProposal) -> None:
    """Adds a proposal whose document is stored already."""
    PROPOSALS.add(connection, item)


def find_proposal(connection: Connection, proposal_id: str) -> StatusProposal | None:
    """The proposal, or None."""
    return PROPOSALS.one(connection, _PROPOSAL, id=proposal_id)


def lock_proposal(connection: Connection, proposal_id: str) -> None:
    """Lets nobody else lock or decide this proposal before the transaction ends. SQLite has one writer anyway."""
    connection.execute(_LOCK_PROPOSAL, {"id": proposal_id})


def list_proposals(
    connection: Connection, *, state: str | None = None, certificate_id: str | None = None
) -> tuple[StatusProposal, ...]:
    """The proposals that fit every condition given, oldest first."""
    columns = status_proposal.c
    wanted = {columns.state: state, columns.certificate_id: certificate_id}
    statement = PROPOSALS.select.order_by(columns.created_at, func.length(columns.id), columns.id)
    return PROPOSALS.all(connection, narrowed(statement, wanted))


def close_proposal(connection: Connection, proposal_id: str, state: str = "decided") -> None:
    """Marks a proposal as decided, or as dropped. Raises Refused(proposal_decided) the second time."""
    if connection.execute(_CLOSE, {"of": proposal_id, "to": state}).rowcount != 1:
        raise Refused("proposal_decided", "该申请不存在或已办结", "This proposal is unknown or has been decided.")


def next_q(connection: Connection, certificate_id: str) -> int:
    """The counter of the next event of this certificate, 0 first; the certificate stays locked until the end."""
    connection.execute(_LOCK_CERTIFICATE, {"id": certificate_id})
    last = connection.execute(_LAST_Q, {"id": certificate_id}).scalar()
    return 0 if last is None else int(last) + 1


def add_event(connection: Connection, item: StatusEvent) -> None:
    """Adds an event; take its `q` from `next_q` in the same transaction."""
    EVENTS.add(connection, item)


def list_events(connection: Connection, certificate_id: str) -> tuple[StatusEvent, ...]:
    """All events of a certificate by q; the last one's value is its status."""
    return EVENTS.all(connection, _EVENTS, id=certificate_id)


def list_values(connection: Connection, list_uri: str) -> Values:
    """The values of a list as the events stand, and how much of the log has them all.

    One statement: an event that another process decides meanwhile is in both answers or in none. Events that are older
    than the log, and have no entry at all, count in any size.
    """
    rows = connection.execute(_VALUES, {"uri": list_uri}).all()
    places = [row.place for row in rows if row.id is not None]
    # Ordered by q: the last event of a slot wins.
    return Values({row.idx: row.value for row in rows}, None if None in places else max(places, default=-1) + 1)


def has_uncovered(connection: Connection, list_uri: str, size: int, certificate_id: str | None = None) -> bool:
    """Whether an event of this list, or of one certificate, is not among the first `size` entries of the log."""
    values = {"uri": list_uri, "size": size}
    if certificate_id is None:
        return connection.execute(_UNCOVERED, values).first() is not None
    return connection.execute(_UNCOVERED_OF, {**values, "id": certificate_id}).first() is not None


def lock_status_lists(connection: Connection) -> None:
    """Lets nobody else publish before the transaction ends; readers go on."""
    lock_table(connection, status_list)


def add_status_list(connection: Connection, item: StatusList) -> None:
    """Records a published list whose document is stored already. The same list again changes nothing."""
    insert_once(connection, status_list, STATUS_LISTS.values([item])[0])


def latest_status_list(connection: Connection, uri: str) -> StatusList | None:
    """The list published last under this address, or None."""
    return STATUS_LISTS.one(connection, _LATEST_LIST, uri=uri)


def list_status_lists(connection: Connection, uri: str) -> tuple[StatusList, ...]:
    """All lists ever published under this address, newest first."""
    return STATUS_LISTS.all(connection, _LISTS, uri=uri)


def use_match_try(connection: Connection, certificate_id: str, day: str, limit: int) -> bool:
    """Spends one of `limit` tries of this day (ISO date) on a certificate; False when none is left.

    One statement, so that simultaneous guesses are counted one by one. Call it before comparing anything.
    """
    if limit < 1:
        return False
    tries = match_try.c.tries
    statement = (
        insert_or(connection, match_try)
        .values(certificate_id=certificate_id, day=day, tries=1)
        .on_conflict_do_update(index_elements=["certificate_id", "day"], set_={"tries": tries + 1}, where=tries < limit)
        .returning(tries)
    )
    return connection.execute(statement).first() is not None
