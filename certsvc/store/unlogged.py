"""What is stored and not yet shown in the log: documents without a leaf, leaves not yet published. Only SQL."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, exists, func, literal, or_, select, union_all

from certsvc.store import log as log_store
from certsvc.store.log_tables import log_entry, log_state
from certsvc.store.rows import Document
from certsvc.store.tables import certificate, document

_DOCUMENTS = select(document.c.sha256, document.c.typ, document.c.body, document.c.subject, document.c.iat).where(
    document.c.typ.in_(bindparam("typs", expanding=True)),
    ~exists().where(log_entry.c.subject == document.c.sha256),
)
_CERTIFICATES = select(
    certificate.c.sha256,
    literal("vc+jwt").label("typ"),
    certificate.c.credential.label("body"),
    certificate.c.entry_id.label("subject"),
    certificate.c.issued_at.label("iat"),
).where(~exists().where(log_entry.c.subject == certificate.c.sha256))
_ALL = union_all(_DOCUMENTS, _CERTIFICATES).subquery()
_COUNT = select(func.count()).select_from(_ALL)
_NEXT = (
    select(_ALL)
    .where(or_(_ALL.c.iat > bindparam("iat"), (_ALL.c.iat == bindparam("iat")) & (_ALL.c.sha256 > bindparam("sha256"))))
    .order_by(_ALL.c.iat, _ALL.c.sha256)
    .limit(bindparam("most"))
)

_STATE = select(log_state.c.size, log_state.c.pub_size).where(log_state.c.id == 1)
# Both ends are named: of a range with one end PostgreSQL expects a third of the table, and reads all of it.
_PLACED = select(func.min(log_entry.c.created_at)).where(
    log_entry.c.idx >= bindparam("pub_size"), log_entry.c.idx < bindparam("size")
)


def unpublished(connection: Connection) -> tuple[int, int | None]:
    """How many leaves no published checkpoint covers, and since when the oldest of them waits."""
    # The state after what waits: a leaf that gets its place in between is counted twice, and never missed.
    count, since = log_store.waiting_since(connection)
    size, pub_size = connection.execute(_STATE).one()
    if size > pub_size:
        placed = connection.execute(_PLACED, {"size": size, "pub_size": pub_size}).scalar()
        since = min((one for one in (since, placed) if one is not None), default=None)
    return count + size - pub_size, since


def count_unlogged(connection: Connection, typs: Sequence[str]) -> int:
    """How many documents of these kinds, and certificates, have no leaf."""
    return int(connection.execute(_COUNT, {"typs": list(typs)}).scalar_one())


def list_unlogged(connection: Connection, typs: Sequence[str], after: tuple[int, str], most: int) -> list[Document]:
    """The next of them, oldest first, behind `after` (time and hash); a certificate's subject is its entry."""
    values = {"typs": list(typs), "iat": after[0], "sha256": after[1], "most": most}
    return [Document(*row) for row in connection.execute(_NEXT, values)]
