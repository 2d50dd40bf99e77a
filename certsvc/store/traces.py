"""Traces of a key: what it signed and what stands on that, read page by page, for the compromise drill."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Select, bindparam, select, tuple_

from certsvc.store.tables import act_entry, certificate, document, rendition, status_event

#: Rows of a page; a register of a million certificates is read through without holding it in memory.
AT_A_TIME = 500
#: Names in one question; SQLite takes 32,766 and PostgreSQL 65,535.
NAMES = 1_000


@dataclass(frozen=True, slots=True)
class DocumentTrace:
    sha256: str
    typ: str
    body: bytes
    subject: str
    iat: int


@dataclass(frozen=True, slots=True)
class CertificateTrace:
    """A certificate without its frozen bundle."""

    id: str
    entry_id: str
    version: int
    number: str
    sha256: str
    credential: bytes
    state: str
    issued_at: int


@dataclass(frozen=True, slots=True)
class RenditionTrace:
    id: str
    certificate_id: str
    cms: bytes
    made_at: int


_DOCUMENTS = select(*(document.c[name] for name in DocumentTrace.__slots__)).where(document.c.typ == bindparam("typ"))
_CERTIFICATES = select(*(certificate.c[name] for name in CertificateTrace.__slots__))
_HANDED_OUT = select(certificate.c.id, certificate.c.frozen_bundle).where(
    certificate.c.id.in_(bindparam("names", expanding=True)), certificate.c.frozen_bundle.is_not(None)
)
_RENDITIONS = select(*(rendition.c[name] for name in RenditionTrace.__slots__))
_ON_ACTS = select(act_entry.c.entry_id).where(act_entry.c.act_sha256.in_(bindparam("names", expanding=True)))
_EVENTS = select(status_event.c.certificate_id, status_event.c.kind)
_BY_PROPOSAL = _EVENTS.where(status_event.c.propose_sha256.in_(bindparam("names", expanding=True)))
_DECIDED = select(status_event.c.propose_sha256, status_event.c.decide_sha256).where(
    status_event.c.propose_sha256.in_(bindparam("names", expanding=True))
)
_BY_DECISION = _EVENTS.where(status_event.c.decide_sha256.in_(bindparam("names", expanding=True)))


def documents(connection: Connection, typ: str) -> Iterator[DocumentTrace]:
    """All documents of a kind, by hash."""
    return (DocumentTrace(*row) for row in _pages(connection, _DOCUMENTS, [document.c.sha256], typ=typ))


def certificates(connection: Connection) -> Iterator[CertificateTrace]:
    """All certificates, by number and version."""
    by = [certificate.c.number, certificate.c.version]
    return (CertificateTrace(*row) for row in _pages(connection, _CERTIFICATES, by))


def handed_out_with(connection: Connection, text: bytes, ids: Iterable[str]) -> set[str]:
    """Of these certificates the ids of those whose frozen bundle has `text` in it."""
    return {name for name, bundle in handed_out(connection, ids) if text in bundle}


def handed_out(connection: Connection, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Id and frozen bundle of those of these certificates that have one."""
    rows = (row for names in _portions(ids) for row in connection.execute(_HANDED_OUT, {"names": names}))
    return ((name, bundle) for name, bundle in rows)


def renditions(connection: Connection) -> Iterator[RenditionTrace]:
    """All PDF signatures, by row id."""
    return (RenditionTrace(*row) for row in _pages(connection, _RENDITIONS, [rendition.c.id]))


def entries_on(connection: Connection, acts: Iterable[str]) -> set[str]:
    """The entries whose place is in the tree of one of these acts."""
    return {row[0] for names in _portions(acts) for row in connection.execute(_ON_ACTS, {"names": names})}


def events_by(connection: Connection, acts: Iterable[str]) -> set[tuple[str, str]]:
    """(certificate id, kind) of the status events that one of these acts proposed or decided."""
    return {
        (row[0], row[1])
        for names in _portions(acts)
        for statement in (_BY_PROPOSAL, _BY_DECISION)
        for row in connection.execute(statement, {"names": names})
    }


def decisions_of(connection: Connection, acts: Iterable[str]) -> dict[str, str]:
    """Hash of each of these acts that is a proposal and was decided -> hash of its decision."""
    return {row[0]: row[1] for names in _portions(acts) for row in connection.execute(_DECIDED, {"names": names})}


def _pages(connection: Connection, statement: Select[Any], by: list[Column[Any]], **values: object) -> Iterator[Any]:
    """Every row of `statement`, in the order of the unique columns `by`. A cursor would need a transaction."""
    ordered, place = statement.order_by(*by).limit(AT_A_TIME), None
    while True:
        page = ordered if place is None else ordered.where(tuple_(*by) > tuple_(*place))
        rows = connection.execute(page, values).all()
        yield from rows
        if len(rows) < AT_A_TIME:
            return
        place = [rows[-1]._mapping[column.name] for column in by]


def _portions(names: Iterable[str]) -> Iterator[list[str]]:
    every = sorted(names)
    return (every[start : start + NAMES] for start in range(0, len(every), NAMES))
