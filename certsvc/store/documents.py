"""Signed documents, named by the hash of their stored bytes, and the acts among them with the entries they carry."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from certsvc.core.encoding import digest
from certsvc.store.engine import insert_once
from certsvc.store.rows import Act, ActEntry, Document, Leaf
from certsvc.store.shelf import ACT_ENTRIES, ACTS, DOCUMENTS
from certsvc.store.tables import act, act_entry, document, entry

_DOCUMENT = DOCUMENTS.select.where(document.c.sha256 == bindparam("sha256"))
_LOCK_DOCUMENT = select(document.c.sha256).where(document.c.sha256 == bindparam("sha256")).with_for_update()
_BY_TYP = DOCUMENTS.select.where(document.c.typ == bindparam("typ")).order_by(document.c.iat, document.c.sha256)
_BY_SUBJECT = _BY_TYP.where(document.c.subject == bindparam("subject"))
_NEWEST = (
    DOCUMENTS.select.where(document.c.typ == bindparam("typ"), document.c.subject == bindparam("subject"))
    .order_by(document.c.iat.desc(), document.c.sha256.desc())
    .limit(1)
)
_ACT = ACTS.select.where(act.c.sha256 == bindparam("sha256"))
_OF_ROSTER = ACTS.select.where(act.c.roster_id == bindparam("id")).order_by(act.c.iat, act.c.sha256)
_OF_ENTRY = (
    ACTS.select.join(act_entry, act_entry.c.act_sha256 == act.c.sha256)
    .where(act_entry.c.entry_id == bindparam("id"))
    .order_by(act.c.iat, act.c.sha256)
)
_PLACES = ACT_ENTRIES.select.where(act_entry.c.entry_id == bindparam("id"))
_LEAVES = (
    select(
        act_entry.c.entry_id, act_entry.c.leaf_index, entry.c.commitment, act_entry.c.row_salt, act_entry.c.row_facts
    )
    .join(entry, entry.c.id == act_entry.c.entry_id)
    .where(act_entry.c.act_sha256 == bindparam("sha256"))
    .order_by(act_entry.c.leaf_index)
)


def add_document(connection: Connection, typ: str, body: bytes, *, subject: str, iat: int) -> str:
    """Keeps `body` and gives back its name, the base64url SHA-256. The same bytes again change nothing."""
    sha256 = digest(body)
    values = {"sha256": sha256, "typ": typ, "body": body, "subject": subject, "iat": iat}
    insert_once(connection, document, values)
    return sha256


def find_document(connection: Connection, sha256: str) -> Document | None:
    """The document of this name, or None. Whether its bytes still have this hash is not checked here."""
    return DOCUMENTS.one(connection, _DOCUMENT, sha256=sha256)


def lock_document(connection: Connection, sha256: str) -> None:
    """Lets nobody else lock this document before the transaction ends. SQLite has one writer anyway."""
    connection.execute(_LOCK_DOCUMENT, {"sha256": sha256})


def list_documents(connection: Connection, typ: str, subject: str | None = None) -> tuple[Document, ...]:
    """All documents of a kind (about one subject), oldest first."""
    if subject is None:
        return DOCUMENTS.all(connection, _BY_TYP, typ=typ)
    return DOCUMENTS.all(connection, _BY_SUBJECT, typ=typ, subject=subject)


def newest_document(connection: Connection, typ: str, subject: str) -> Document | None:
    """The last of the documents of a kind about a subject, or None."""
    return DOCUMENTS.one(connection, _NEWEST, typ=typ, subject=subject)


def add_act(connection: Connection, item: Act) -> None:
    """Adds the index row of an act whose document is stored already."""
    ACTS.add(connection, item)


def add_act_entries(connection: Connection, items: Iterable[ActEntry]) -> None:
    """Adds all leaves of an act with one executemany."""
    ACT_ENTRIES.add(connection, *items)


def find_act(connection: Connection, sha256: str) -> Act | None:
    """The act of this document name, or None."""
    return ACTS.one(connection, _ACT, sha256=sha256)


def list_acts(connection: Connection, roster_id: str) -> tuple[Act, ...]:
    """All acts about a roster, oldest first."""
    return ACTS.all(connection, _OF_ROSTER, id=roster_id)


def list_acts_of_entry(connection: Connection, entry_id: str) -> tuple[Act, ...]:
    """The acts whose tree holds this entry, oldest first."""
    return ACTS.all(connection, _OF_ENTRY, id=entry_id)


def list_places(connection: Connection, entry_id: str) -> tuple[ActEntry, ...]:
    """What every act says about an entry whose tree holds it."""
    return ACT_ENTRIES.all(connection, _PLACES, id=entry_id)


def list_act_entries(connection: Connection, act_sha256: str) -> tuple[Leaf, ...]:
    """The leaves of an act in tree order, each with the commitment of its entry."""
    return tuple(Leaf(*row) for row in connection.execute(_LEAVES, {"sha256": act_sha256}))
