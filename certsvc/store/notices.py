"""Notices to holders (告知书): one letter for each status event, and the record of its delivery (送达)."""

from sqlalchemy import Connection, bindparam, func, select, update

from certsvc.core.errors import Refused
from certsvc.store.engine import lock_table
from certsvc.store.rows import Notice
from certsvc.store.shelf import NOTICES
from certsvc.store.tables import notice

# N9999 < N10000: longer is later.
_IN_ORDER = (func.length(notice.c.id), notice.c.id)
_LAST_ID = select(notice.c.id).order_by(*(column.desc() for column in _IN_ORDER)).limit(1)
_NOTICE = NOTICES.select.where(notice.c.id == bindparam("id"))
_ALL = NOTICES.select.order_by(*_IN_ORDER)
_DELIVER = (
    update(notice)
    .where(notice.c.id == bindparam("of"), notice.c.delivered_at.is_(None))
    .values(delivered_at=bindparam("at"), delivered_by=bindparam("by"), way=bindparam("how"))
)


def next_notice_id(connection: Connection) -> str:
    """The next of N0001, N0002 …; nobody else gets it before this transaction ends."""
    lock_table(connection, notice)
    last = connection.execute(_LAST_ID).scalar()
    return f"N{int(last[1:]) + 1 if last else 1:04d}"


def add_notice(connection: Connection, item: Notice) -> None:
    """Adds the letter about an event that is stored already."""
    NOTICES.add(connection, item)


def find_notice(connection: Connection, notice_id: str) -> Notice | None:
    """The notice, or None."""
    return NOTICES.one(connection, _NOTICE, id=notice_id)


def list_notices(connection: Connection, *, open_only: bool = False) -> tuple[Notice, ...]:
    """All notices, or those not delivered yet, oldest first."""
    return NOTICES.all(connection, _ALL.where(notice.c.delivered_at.is_(None)) if open_only else _ALL)


def deliver_notice(connection: Connection, notice_id: str, *, at: int, by: str, way: str) -> None:
    """Records the delivery. Raises Refused(notice_delivered) the second time."""
    if connection.execute(_DELIVER, {"of": notice_id, "at": at, "by": by, "how": way}).rowcount != 1:
        zh, en = "该告知书不存在或已送达", "This notice is unknown or has been delivered."
        raise Refused("notice_delivered", zh, en, "certsvc status notices --open")
