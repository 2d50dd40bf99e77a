"""A home with a log and nothing else, for measurements of the log: on any database, filled with leaves of nobody."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from sqlalchemy import insert

from certsvc.core.encoding import b64
from certsvc.core.leaves import act_leaf
from certsvc.core.tiles import Edge, grow
from certsvc.demo import world
from certsvc.instance import Instance, open_instance
from certsvc.services import log
from certsvc.services.ceremony import hold_ceremony
from certsvc.store import log as log_store
from certsvc.store.log_tables import log_entry

DATABASE = "CERTSVC_DATABASE_URL"
START = 1_736_042_400
#: Entries of one step when a tree is grown, 256 full bundles.
STEP = 65_536


@contextmanager
def log_home(folder: Path, url: str | None = None) -> Iterator[Instance]:
    """A new home somewhere in `folder`, whose log has begun; its database is at `url`, else an SQLite file beside it.

    Raises NotReady(database_taken) for a database that has an owner.
    """
    home = Path(tempfile.mkdtemp(prefix="log-", dir=folder)) / "home"
    with _database(url or f"sqlite:///{home.with_suffix('.sqlite3')}"):
        # Nobody else is asked: what witnesses cost is their network.
        hold_ceremony(home, replace(world.plan("http://127.0.0.1:1"), log_required=False), START)
        instance = open_instance(home)
    try:
        log.sequence(instance)
        yield instance
    finally:
        instance.close()


@contextmanager
def _database(url: str) -> Iterator[None]:
    before = os.environ.get(DATABASE)
    os.environ[DATABASE] = url
    try:
        yield
    finally:
        os.environ.pop(DATABASE)
        if before is not None:
            os.environ[DATABASE] = before


def leaves(start: int, count: int) -> list[bytes]:
    """Leaves of invented acts, each number another, each with a once-tag of its own."""
    signer, salt = b64(bytes(32)), bytes(32)
    return [act_leaf(signer, b"%d" % n, salt, [b64(sha256(b"%d" % n).digest())]) for n in range(start, start + count)]


def put_into_outbox(instance: Instance, entries: Sequence[bytes]) -> None:
    """The entries wait for the log, as services leave them there, in one transaction."""
    rows = [
        {"dedup_key": name, "entry": entry, "subject": name, "salt": bytes(32), "created_at": START}
        for name, entry in ((sha256(entry).hexdigest(), entry) for entry in entries)
    ]
    with instance.engines.write.begin() as connection:
        connection.execute(insert(log_entry), rows)


def grow_tree(instance: Instance, edge: Edge, entries: Sequence[bytes]) -> Edge:
    """Puts entries behind `edge` without an outbox, which is all that makes a tree of a million slow to build."""
    growth = grow(edge, entries)
    with instance.engines.write.begin() as connection:
        log_store.put_tiles(connection, growth.changed)
        log_store.advance(connection, edge.size, growth.edge.size, growth.root)
    return growth.edge
