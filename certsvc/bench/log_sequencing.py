"""The sequencer: from leaves that wait to a durable tree with a published checkpoint, beside bare inserts of the same.

Then one certificate, from the request to the published checkpoint that covers it.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import islice

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from certsvc.bench.issuing import WARM_UP, BareIssue
from certsvc.bench.log_home import leaves, log_home, put_into_outbox
from certsvc.bench.measure import Absent, Figure, in_turn, milliseconds, per_second
from certsvc.bench.postgresql import private_database
from certsvc.bench.world import World
from certsvc.core.errors import NotReady
from certsvc.instance import Instance
from certsvc.services import log
from certsvc.services.log_evidence import LogEvidence

#: An empty PostgreSQL database that a measurement may fill.
POSTGRESQL = "CERTSVC_BENCH_POSTGRESQL_URL"
#: What each database calls bytes.
BYTES = {"sqlite": "BLOB", "postgresql": "BYTEA"}


def measure(world: World) -> Iterator[Figure | Absent]:
    """Entries per second on SQLite, and on PostgreSQL where there is one."""
    with log_home(world.instance.home) as instance:
        yield _sequencing(world, "log_sequence_sqlite", instance)
    with ExitStack() as stack:
        try:
            instance = stack.enter_context(_on_postgresql(world))
        except (NotReady, OperationalError) as error:
            yield _absent("log_sequence_postgresql", error)
            return
        yield _sequencing(world, "log_sequence_postgresql", instance)


def _absent(name: str, error: NotReady | OperationalError) -> Absent:
    if isinstance(error, NotReady):
        return Absent(name, error.zh, f"{error.en} {error.hint}".strip())
    return Absent(name, "连不上数据库", f"The database cannot be reached: {str(error.orig).partition(chr(10))[0]}")


@contextmanager
def _on_postgresql(world: World) -> Iterator[Instance]:
    """The home that is measured if it is on PostgreSQL, else one on the database that was named or on our own server.

    Raises NotReady where there is none of them.
    """
    if world.instance.engines.write.dialect.name == "postgresql":
        yield world.instance
        return
    with ExitStack() as stack:
        url = os.environ.get(POSTGRESQL) or stack.enter_context(private_database())
        yield stack.enter_context(log_home(world.instance.home, url))


def _sequencing(world: World, name: str, instance: Instance) -> Figure:
    rounds, rows = world.sizes.log_rounds, world.sizes.log_rows
    begin = log.sequence(instance).size
    # One batch more than rounds: the first is sequenced before the clock runs.
    batches = [leaves(number * rows, rows) for number in range(rounds + 1)]
    put_into_outbox(instance, batches[rounds])
    log.sequence(instance)

    def ours(number: int) -> int:
        size = log.sequence(instance).size
        if size != begin + (number + 2) * rows:
            raise RuntimeError(f"{size} entries are published")
        world.progress(name, number + 1, rounds)
        return rows

    with _bare_table(instance) as bare:
        seconds = in_turn(rounds, ours, lambda n: bare(batches[n]), lambda n: put_into_outbox(instance, batches[n]))
        return per_second(name, "INSERT of the same rows", seconds)


class BareInsert:
    """Inserts entries with their places into a table of two columns, in transactions as large as the sequencer's."""

    def __init__(self, instance: Instance) -> None:
        self._instance, self._places = instance, iter(range(2**62))

    def __call__(self, entries: list[bytes]) -> int:
        rows = iter(entries)
        while batch := list(islice(rows, log.BATCH)):
            values = [{"idx": next(self._places), "entry": entry} for entry in batch]
            with self._instance.engines.write.begin() as connection:
                connection.execute(text("INSERT INTO bare_entry VALUES (:idx, :entry)"), values)
        return len(entries)


@contextmanager
def _bare_table(instance: Instance) -> Iterator[BareInsert]:
    kind = BYTES[instance.engines.write.dialect.name]
    with instance.engines.write.begin() as connection:
        connection.execute(text(f"CREATE TABLE bare_entry (idx BIGINT PRIMARY KEY, entry {kind} NOT NULL)"))
    yield BareInsert(instance)
    with instance.engines.write.begin() as connection:
        connection.execute(text("DROP TABLE bare_entry"))


def measure_issue(world: World) -> Iterator[Figure]:
    """Milliseconds of one certificate alone: request, checks, signature, durable leaf, published checkpoint."""
    rounds, instance = world.sizes.log_certificates, world.instance
    waiting = world.roster_in_waiting("log-issue.xlsx", WARM_UP + rounds)
    done = [world.stored(one) for one in world.issue_chunk(waiting[:WARM_UP])]
    bare_issue = BareIssue(instance.home / "bare-log.sqlite3")

    def ours(number: int) -> int:
        (issued,) = world.issue_chunk([waiting[WARM_UP + number]])
        with instance.engines.read.connect() as connection:
            if LogEvidence(instance, connection).of_key(issued.certificate.sha256) is None:
                raise RuntimeError("no published checkpoint has the certificate")
        world.progress("log_issue", number + 1, rounds)
        return 1

    def bare(number: int) -> int:
        bare_issue([replace(done[number % WARM_UP], sha256=str(number))])
        return 1

    yield milliseconds("log_issue", "ES256 sign + SQLite insert", in_turn(rounds, ours, bare))
