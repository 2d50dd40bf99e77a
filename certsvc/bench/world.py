"""The instance that is measured: the invented province of the demo in a temporary home, gone afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from certsvc.bench.measure import Progress
from certsvc.demo import world
from certsvc.demo.people import Crowd
from certsvc.demo.story import DAY_ZERO, Story, batch
from certsvc.instance import Instance, open_instance
from certsvc.services import documents, issue
from certsvc.services.ceremony import hold_ceremony
from certsvc.store import certificates as certificate_store
from certsvc.store.rows import Certificate, Entry

SEED = 7


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    people: int = 200
    """On the roster of engineers, whose certificates are issued and verified."""
    issue_rounds: int = 4
    verify_rounds: int = 12
    warm_batch: int = 10
    """Certificates per round of the warm verification."""
    rosters: int = 50
    roster_people: int = 200
    """For the verification of many certificates."""
    pages: int = 12
    """PDFs drawn and signed, and drawn again."""
    web_rounds: int = 5
    web_requests: int = 150
    """Per connection and round."""
    web_connections: int = 4
    web_warm_up: int = 25
    import_rounds: int = 3
    import_rows: int = 400
    log_rounds: int = 5
    log_rows: int = 10_000
    """Leaves that wait when the sequencer begins, in each round."""
    log_certificates: int = 20
    """Issued one by one."""
    log_sizes: tuple[int, ...] = (10**4, 10**5, 10**6)
    """At which proofs are made and checked; rising."""
    log_proof_rounds: int = 5
    audit_rounds: int = 3
    audit_entries: int = 50_000


@dataclass
class World:
    """The province with two rosters that carry all acts: engineers, and a motor group whose people have photos."""

    story: Story
    sizes: Sizes
    progress: Progress
    engineers: str
    motor: str
    given_out: list[issue.Issued] = field(default_factory=list)

    @property
    def instance(self) -> Instance:
        return self.story.instance

    def waiting(self) -> list[Entry]:
        """Engineers who have the issue act and no certificate."""
        with self.instance.engines.read.connect() as connection:
            return issue.waiting(connection, self.engineers)

    def issue_chunk(self, entries: list[Entry]) -> list[issue.Issued]:
        """The whole path of one chunk: intend, sign, check, apply, freeze."""
        intents = issue.intend(self.instance, entries)
        signed = [issue.sign_intent(self.instance, intent) for intent in intents]
        done = issue.apply(self.instance, list(zip(intents, signed, strict=True)))
        self.given_out += done
        return done

    @cached_property
    def issued(self) -> list[issue.Issued]:
        """The certificates of all engineers; whoever still waits gets one now."""
        waiting = self.waiting()
        if waiting:
            self.issue_chunk(waiting)
        return self.given_out

    @cached_property
    def bundles(self) -> list[bytes]:
        """The frozen bundles of all engineers."""
        return [self.stored(one).frozen_bundle or b"" for one in self.issued]

    @cached_property
    def with_photos(self) -> list[Certificate]:
        """The certificates of the motor group, whose pages bear a photo."""
        chunks = issue.issue(self.instance, self.motor)
        return [self.stored(one) for chunk in chunks for one in chunk]

    def another_roster(self, number: int) -> list[issue.Issued]:
        """The certificates of one more roster of engineers, issued now."""
        roster = self._walked(f"engineers-{number}.xlsx", self.sizes.roster_people)
        return [one for chunk in issue.issue(self.instance, roster) for one in chunk]

    def roster_in_waiting(self, file_name: str, people: int) -> list[Entry]:
        """The engineers of one more roster, who have the issue act and no certificate."""
        roster = self._walked(file_name, people)
        with self.instance.engines.read.connect() as connection:
            return issue.waiting(connection, roster)

    def _walked(self, file_name: str, people: int) -> str:
        """One more roster of engineers with all its acts; the clock is real afterwards."""
        roster = self.story.take_in(batch("T01", file_name, people), 7, portraits=False)
        self.story.walk("T01", roster, 7)
        self.instance.set_clock(None)
        return roster

    def stored(self, one: issue.Issued) -> Certificate:
        """The certificate as the register holds it. Raises LookupError."""
        with self.instance.engines.read.connect() as connection:
            certificate = certificate_store.find_certificate(connection, one.certificate.id)
        if certificate is None:
            raise LookupError(one.certificate.id)
        return certificate


@contextmanager
def measured_world(sizes: Sizes, progress: Progress) -> Iterator[World]:
    """A World while the block runs; its home is deleted at the end."""
    with tempfile.TemporaryDirectory(prefix="certsvc-bench-") as folder:
        home = Path(folder) / "home"
        hold_ceremony(home, world.plan("http://127.0.0.1:1"), int(DAY_ZERO.timestamp()) - 86_400)
        instance = open_instance(home)
        try:
            yield _populate(instance, sizes, progress)
        finally:
            instance.close()


def _populate(instance: Instance, sizes: Sizes, progress: Progress) -> World:
    instance.set_clock(int(DAY_ZERO.timestamp()) - 80_000)
    world.populate(instance)
    folder = instance.home / "demo"
    folder.mkdir()
    story = Story(instance, folder, Crowd(SEED), progress)
    engineers = story.take_in(batch("T01", "engineers.xlsx", sizes.people), 7, portraits=False)
    story.walk("T01", engineers, 7)
    motor = story.take_in(batch("T04", "motor-group.xlsx", 3 * sizes.pages + 2), 7)
    story.walk("T04", motor, 7)
    # From here on the clock is real, so that status lists are fresh.
    instance.set_clock(None)
    documents.publish_trust(instance)
    progress("province", sizes.people, sizes.people)
    return World(story, sizes, progress, engineers, motor)
