"""Issue beside what nobody can save: one ES256 signature and one SQLite insert of the same bytes."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from certsvc.bench.measure import Figure, in_turn, per_second
from certsvc.bench.world import World
from certsvc.store.rows import Certificate

#: Certificates issued before the clock runs, so that keys are open and statements compiled.
WARM_UP = 4


class BareIssue:
    """Signs and inserts, one transaction per batch, in a database with the same guarantees as ours."""

    def __init__(self, path: Path) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute("PRAGMA synchronous = FULL")
        self.database.execute("CREATE TABLE certificates (sha256 TEXT PRIMARY KEY, credential BLOB, bundle BLOB)")

    def __call__(self, certificates: list[Certificate]) -> None:
        self.database.execute("BEGIN IMMEDIATE")
        for one in certificates:
            self.key.sign(one.credential.rpartition(b".")[0], ec.ECDSA(SHA256()))
            row = (one.sha256, one.credential, one.frozen_bundle)
            self.database.execute("INSERT INTO certificates VALUES (?, ?, ?)", row)
        self.database.execute("COMMIT")


def measure(world: World) -> Iterator[Figure]:
    """Certificates per second on the whole path of the service, beside the bare operation on the same certificates."""
    rounds = world.sizes.issue_rounds
    bare_issue = BareIssue(world.instance.home / "bare.sqlite3")
    waiting = world.waiting()
    done = [world.stored(one) for one in world.issue_chunk(waiting[:WARM_UP])]
    size = (len(waiting) - WARM_UP) // rounds
    batches = [waiting[WARM_UP + n * size : WARM_UP + (n + 1) * size] for n in range(rounds)]

    def ours(number: int) -> int:
        issued = world.issue_chunk(batches[number])
        world.progress("issue", number + 1, rounds)
        return len(issued)

    def bare(number: int) -> int:
        # The bytes of certificates that are issued already, under fresh names: the insert costs the same.
        copies = [replace(done[n % WARM_UP], sha256=f"{number}-{n}") for n in range(size)]
        bare_issue(copies)
        return size

    yield per_second("issue", "ES256 sign + SQLite insert", in_turn(rounds, ours, bare))
