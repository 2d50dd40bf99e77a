"""What the log shows to everybody: its checkpoint with all signatures, and tiles up to what is published."""

from certsvc.core.tiles import Tile, exists_at
from certsvc.instance import Instance
from certsvc.services import high_water
from certsvc.services.log import rolled_back
from certsvc.store import log as log_store


def checkpoint_shown(instance: Instance) -> bytes | None:
    """The newest checkpoint with the newest line of each witness; None before the first.

    Raises NotReady(log_rolled_back) if a larger one was signed before: no reader shall ever see the log shrink.
    """
    # The mark first: it is raised before the database, so only a database that was put back can be behind it.
    mark = high_water.read(instance.home)
    with instance.engines.read.connect() as connection:
        state = log_store.read_state(connection)
        if mark is not None and mark.size > state.size:
            raise rolled_back(f"{mark.size} entries were signed, the database has {state.size}")
        if state.note is None:
            return None
        rows = log_store.list_cosignatures(connection, state.pub_size)
    return state.note + "".join(row.latest for row in rows).encode()


def tile_shown(instance: Instance, tile: Tile) -> bytes | None:
    """The tile or entry bundle in exactly its width; None if it is not part of the published log."""
    with instance.engines.read.connect() as connection:
        if not exists_at(tile, log_store.read_state(connection).pub_size):
            return None
        return log_store.read_tile(connection, tile)
