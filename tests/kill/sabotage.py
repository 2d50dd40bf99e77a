"""Known mistakes, to be put into the workers of a run: a run that does not find them would prove nothing.

`python tests/kill/run.py --sabotage NAME` must end with 1.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from certsvc.core.checkpoint import Head
from certsvc.instance import Instance
from certsvc.services import high_water, import_roster, log, log_leaves
from certsvc.store import certificates as certificate_store
from certsvc.store import log as log_store


def forget_the_mark() -> None:
    """Heads are signed and not written down outside the database."""
    high_water.keep = lambda home, head: None if home.joinpath(high_water.FILE).exists() else _keep(home, head)


_keep: Callable[[Any, Head], None] = high_water.keep


def sign_before_it_is_durable() -> None:
    """What a batch will lead to is written down as signed while its transaction may still be rolled back."""
    advance = log_store.advance

    def hasty(connection: Connection, old: int, new: int, root: bytes) -> None:
        advance(connection, old, new, root)
        instance = connection.info["hasty"]
        high_water.keep(instance.home, Head(log.origin(instance), new, root))

    check = log._check

    def remember(instance: Instance, connection: Connection, state: Any) -> None:
        connection.info["hasty"] = instance
        check(instance, connection, state)

    log._check, log_store.advance = remember, hasty


def log_in_another_transaction() -> None:
    """The act first, and its leaf when that is done."""

    @contextmanager
    def apart(instance: Instance) -> Iterator[Connection]:
        later: list[Any] = []
        inside = log_leaves.log_document
        log_leaves.log_document = lambda _instance, _connection, document: later.append(document)
        try:
            with instance.engines.write.begin() as connection:
                yield connection
        finally:
            log_leaves.log_document = inside
        with instance.engines.write.begin() as connection:
            for document in later:
                inside(instance, connection, document)
        log_leaves.settle(instance)

    log_leaves.transaction = apart


def leave_intents() -> None:
    """A certificate is stored and its intent stays."""
    certificate_store.remove_intent = lambda connection, intent: None


def import_half() -> None:
    """People are durable before their entries are."""
    write = import_roster.write_people

    def committed(work: Any, plans: Any) -> None:
        write(work, plans)
        if work.connection.dialect.name == "sqlite":
            work.connection.exec_driver_sql("COMMIT")
            work.connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            work.connection.connection.driver_connection.commit()

    import_roster.write_people = committed


#: Name -> what puts the mistake in.
SABOTAGES: dict[str, Callable[[], None]] = {
    one.__name__: one
    for one in (forget_the_mark, sign_before_it_is_durable, log_in_another_transaction, leave_intents, import_half)
}
