"""The audit of an exported mirror, every check of it, beside reading the same files and hashing their bytes."""

import tracemalloc
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from certsvc.bench.log_home import leaves, log_home, put_into_outbox
from certsvc.bench.measure import Figure, in_turn, per_second
from certsvc.bench.world import World
from certsvc.instance import Instance
from certsvc.services import log, mirror
from certsvc.services.audit import SOUND, Trusted, audit
from certsvc.services.audit_source import open_source

#: Leaves that are made and sequenced at a time.
STEP = 5_000
MIB = 2**20


def measure(world: World) -> Iterator[Figure]:
    """Entries per second, and the most memory that Python held at once beside the size of what was read."""
    rounds = world.sizes.audit_rounds
    with log_home(world.instance.home) as instance:
        home, folder = instance.home, _mirror(world, instance)
        with instance.engines.read.connect() as connection:
            trusted = Trusted(log.log_keys(instance, connection))
    files = [path for path in folder.rglob("*") if path.is_file()]

    def ours(number: int) -> int:
        size = _audited(folder, trusted, home / f"seen-{number}")
        world.progress("log_audit", number + 1, rounds)
        return size

    def bare(_number: int) -> int:
        for path in files:
            sha256(path.read_bytes()).digest()
        return world.sizes.audit_entries

    yield per_second("log_audit", "SHA-256 of the same files", in_turn(rounds, ours, bare))
    read = sum(path.stat().st_size for path in files)
    yield Figure("log_audit_memory", _peak(folder, trusted, home / "seen") / MIB, "MiB", "bytes read", read / MIB)


def _mirror(world: World, instance: Instance) -> Path:
    """An exported log of exactly so many entries, with a checkpoint for every step."""
    total = world.sizes.audit_entries
    size = log.sequence(instance).size
    while size < total:
        put_into_outbox(instance, leaves(size, min(STEP, total - size)))
        size = log.sequence(instance).size
        world.progress("log_mirror", size, total)
    folder = instance.home / "mirror"
    mirror.export(instance, folder)
    return folder


def _audited(folder: Path, trusted: Trusted, state: Path) -> int:
    """How many entries an audit found to be in order. Raises RuntimeError for any finding."""
    result = audit(open_source(str(folder)), trusted, state)
    if result.exit_code != SOUND or result.checkpoint is None:
        raise RuntimeError(f"{result.counts} {result.stopped}")
    return result.checkpoint.size


def _peak(folder: Path, trusted: Trusted, state: Path) -> int:
    """Bytes. Unmeasured otherwise: to count allocations takes several times as long as the audit."""
    tracemalloc.start()
    try:
        _audited(folder, trusted, state)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
