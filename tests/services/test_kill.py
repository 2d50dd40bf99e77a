"""kill -9 in the middle of import and issue: after a restart the same command completes, and nothing is half done."""

import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import killed_for_tests
import pytest
from sqlalchemy import text
from world_for_tests import BATCHES, World, environment

from certsvc.services import high_water
from certsvc.services.verify_evidence import verify_code
from certsvc.store import certificates as certificate_store

PROGRAM = Path(killed_for_tests.__file__)
ROWS, CERTIFICATES = 2_000, 120
#: Kills that really met a living program, on each kind of database.
KILLS = {"sqlite": 10, "postgresql": 2}
#: What an instance has in its home beside what the ceremony made.
DATABASE_FILES = {"certsvc.sqlite3", "certsvc.sqlite3-wal", "certsvc.sqlite3-shm"}


class Program:
    """One run of PROGRAM, at the moment at which its work begins."""

    def __init__(self, world: World, work: str, what: str) -> None:
        command = [sys.executable, str(PROGRAM), work, str(world.home), what, str(world.instance.clock)]
        env = environment(world.home, world.url)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        if first != "ready\n":
            pytest.fail(f"{work} did not begin: {first}{self.process.communicate()[0]}")

    def finish(self) -> None:
        """Lets it complete."""
        output, _ = self.process.communicate(timeout=120)
        assert (output, self.process.returncode) == ("done\n", 0)

    def kill(self, after: float) -> bool:
        """SIGKILL after so many seconds; whether it was still at work."""
        time.sleep(after)
        self.process.kill()
        output, _ = self.process.communicate(timeout=30)
        return "done" not in output


def settled(world: World) -> None:
    """Waits until the database server has noticed that the killed program is gone."""
    world.instance.engines.close()
    if world.url is None:
        return
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    until = time.monotonic() + 30
    with world.instance.engines.read.connect() as connection:
        while connection.execute(text(others)).scalar_one():
            assert time.monotonic() < until
            time.sleep(0.05)


def files(world: World) -> set[str]:
    """All but the drafts of the log's mark that a kill left behind: each has a name of its own and is never read."""
    found = {str(path.relative_to(world.home)) for path in world.home.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith(f".{high_water.FILE}.")}


def check_database(world: World) -> None:
    if world.url is None:
        with world.instance.engines.read.connect() as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
            assert connection.execute(text("PRAGMA foreign_key_check")).first() is None


def test_an_import_that_is_killed_has_happened_wholly_or_not_at_all(anywhere: World, backend: str) -> None:
    anywhere.at(0, hour=9)
    empty, before = anywhere.census(), files(anywhere)
    pick, kills, written, lasts = random.Random(9), 0, 0, 0.8
    path = anywhere.file(replace(BATCHES["T01"], file="0.xlsx", people=ROWS))
    while kills < KILLS[backend]:
        met = Program(anywhere, "import", str(path)).kill(pick.uniform(0, lasts))
        kills += met
        settled(anywhere)
        found = anywhere.census()
        counts = {found[name] - empty[name] for name in ("entry", "person", "identity_document", "person_name")}
        assert counts in ({0}, {ROWS})
        assert {found[name] - empty[name] for name in ("roster", "roster_file")} == {min(1, *counts)}
        if counts == {ROWS}:
            # It was over in that very moment: the next kill meets another file, a little earlier.
            empty, written, lasts = found, written + 1, lasts * 0.8
            path = anywhere.file(replace(BATCHES["T01"], file=f"{written}.xlsx", people=ROWS))
    Program(anywhere, "import", str(path)).finish()
    found = anywhere.census()
    assert found["entry"] - empty["entry"] == found["person"] - empty["person"] == ROWS
    assert anywhere.import_file(path).repeated
    assert anywhere.census() == found
    check_database(anywhere)
    assert files(anywhere) - before <= DATABASE_FILES


def check_between(world: World) -> int:
    """What must hold at every moment; gives back how many certificates there are."""
    issued = world.certificates()
    with world.instance.engines.read.connect() as connection:
        held = certificate_store.list_intents(connection)
        links = connection.execute(text("SELECT certificate_id FROM claim_link")).scalars().all()
    # An intent stays until its certificate is in force, for the sake of its claim token.
    waiting = {one.number for one in issued if one.state == "waiting_for_log"}
    assert waiting <= {one.number for one in held}
    held = [one for one in held if one.number not in waiting]
    numbers = sorted(int(one.number[-7:-1]) for one in (*issued, *held))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(held) in (0, killed_for_tests.CHUNK)
    assert all(one.frozen_bundle for one in issued if one.number not in waiting)
    assert sorted(links) == sorted(one.id for one in issued)
    assert len({one.idx for one in (*issued, *held)}) == len(numbers)
    return len(issued)


def test_an_issue_that_is_killed_loses_and_doubles_nothing(anywhere: World, backend: str) -> None:
    roster_id = anywhere.ready(people=CERTIFICATES)
    before = files(anywhere)
    pick, kills, seen, longest = random.Random(10), 0, [], 0.25
    while kills < KILLS[backend]:
        kills += Program(anywhere, "issue", roster_id).kill(pick.uniform(0.01, longest))
        settled(anywhere)
        seen.append(check_between(anywhere))
        if seen[-1] > CERTIFICATES * kills / (KILLS[backend] + 1):
            # A fast machine: it is killed earlier, so that something is left for the last kill.
            longest = max(0.02, longest * 0.6)
        if seen[-1] == CERTIFICATES:
            pytest.fail("all were issued before the last kill: give the program more of them")
    assert seen == sorted(seen)
    Program(anywhere, "issue", roster_id).finish()
    assert check_between(anywhere) == CERTIFICATES
    issued = anywhere.certificates(roster_id)
    assert {one.entry_id for one in issued} == {e.id for e in anywhere.entries(roster_id)}
    with anywhere.instance.engines.read.connect() as connection:
        assert certificate_store.list_intents(connection) == ()
    for one in issued:
        code = anywhere.instance.data_keys.unseal(one.code_sealed, f"code/{one.id}".encode()).decode()
        assert verify_code(anywhere.instance, code).verdict == "valid"
    check_database(anywhere)
    assert files(anywhere) - before <= DATABASE_FILES
