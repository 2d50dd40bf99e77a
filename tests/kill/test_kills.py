"""The checker finds what is planted, and a short run of kills on each database; `run.py` is the full one."""

import importlib
import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import run
import worker
from breaches_for_tests import BREACHES, Ground
from evidence_read import Evidence, read_seen, read_tables
from failpoints import CALL, FAILPOINTS, Failpoint
from invariants import INVARIANTS, check
from office import build_office
from support import needs
from witness_for_kills import Witness
from world_for_tests import opened

from certsvc.bench.postgresql import APT
from certsvc.services import log

HERE = Path(__file__).parent
#: What is done in the home that breaches are planted in, so that every invariant has something to look at.
STEPS = (
    "take_in",
    "sign",
    "sign",
    "sign",
    "issue",
    "tick",
    "read",
    "decide",
    "decide",
    "tick",
    "export",
    "read",
    "again",
    "take_in",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a home in which everything was done once, what was seen of it, its mirror and its witness."""
    folder = tmp_path_factory.mktemp("kill")
    build_office(folder / "home")
    with opened(folder / "home") as instance, instance.engines.read.connect() as connection:
        keys = log.log_keys(instance, connection)
    with Witness(folder / "witness", keys) as witness:
        witness.introduce(folder / "home", None)
        worker.steps(worker.Order(folder / "home", None, folder, 1, 1), STEPS)
    yield folder


def ask(home: Path, folder: Path, mirror: Path, seen: list[dict[str, object]]) -> set[str]:
    """The invariants that tell of a breach."""
    evidence = Evidence(home, read_tables(home, None), seen, mirror, [folder / "witness"])
    return {one.name for one in check(evidence) if one.breaches}


def test_a_whole_home_passes(whole: Path) -> None:
    assert ask(whole / "home", whole, whole / "mirror", read_seen(whole / "seen")) == set()


@pytest.mark.parametrize("defect", BREACHES)
def test_the_checker_finds(defect: str, whole: Path, tmp_path: Path) -> None:
    names, plant = BREACHES[defect]
    for part in ("home", "mirror"):
        shutil.copytree(whole / part, tmp_path / part)
    with opened(whole / "home") as instance:
        ground = Ground(tmp_path / "home", tmp_path / "mirror", instance, read_seen(whole / "seen"))
        plant(ground)
    found, named = ask(ground.home, whole, ground.mirror, ground.seen), set(names.split())
    assert named - {"…"} <= found
    assert found == named or "…" in named


def test_every_invariant_has_a_defect_that_is_nearest_to_it() -> None:
    assert {names.split()[0] for names, _ in BREACHES.values()} == set(INVARIANTS)


@pytest.mark.parametrize(("lost", "code"), [(False, 0), (True, 1)])
def test_the_checker_is_a_program_that_says_by_its_exit_code_whether_a_home_is_whole(
    lost: bool, code: int, whole: Path, tmp_path: Path
) -> None:
    seen = shutil.copy(whole / "seen", tmp_path / "seen")
    if lost:
        with seen.open("a", encoding="utf-8") as file:
            file.write(
                json.dumps({"what": "signed", "document": "x", "act": "issue", "roster": "x", "count": 1}) + "\n"
            )
    where = ["--seen", str(seen), "--mirror", str(whole / "mirror"), "--witness", str(whole / "witness")]
    command = [sys.executable, str(HERE / "invariants.py"), str(whole / "home"), *where]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": ""})
    assert done.returncode == code, done.stdout + done.stderr
    said = dict(line.split()[:2] for line in done.stdout.splitlines() if line[0] in "LR")
    assert said.keys() == INVARIANTS.keys()
    assert ("BREACH" in said.values()) == lost


def test_the_checker_shares_no_line_with_the_program() -> None:
    for name in ("invariants", "invariants_log", "invariants_register", "evidence_read", "own_log"):
        assert "import certsvc" not in (source := (HERE / f"{name}.py").read_text("utf-8"))
        assert "from certsvc" not in source


@pytest.mark.parametrize("defect", ["a leaf waits for ever", "an intent is left over"])
def test_midway_a_leaf_may_wait_and_an_intent_may_stand(defect: str, whole: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(whole / "home", tmp_path / "home"))
    with opened(whole / "home") as instance:
        BREACHES[defect][1](Ground(home, whole / "mirror", instance))
    for settled, breaches in ((False, set()), (True, set(BREACHES[defect][0].split()))):
        evidence = Evidence(home, read_tables(home, None), settled=settled)
        assert {one.name for one in check(evidence) if one.breaches} == breaches


@pytest.mark.parametrize("point", [point for point in FAILPOINTS.values() if point.kind == CALL], ids=lambda p: p.seen)
def test_every_function_at_which_a_worker_dies_is_one_of_the_program(point: Failpoint) -> None:
    module, _, name = point.seen.partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_every_failpoint_names_a_piece_of_work_that_comes_by() -> None:
    assert {point.work for point in FAILPOINTS.values()} <= set(worker.WORKS)


def test_the_failpoints_stand_for_every_crash_point_that_a_kill_can_make() -> None:
    assert {point.crash for point in FAILPOINTS.values()} == {0, 1, 2, 3, 4, 5, 6, 7, 8}


def test_a_short_run_of_kills_breaks_nothing(backend: str, tmp_path: Path) -> None:
    if backend == "postgresql":
        needs("initdb", APT)
    command = [sys.executable, str(HERE / "run.py"), "--kills", "14", "--database", backend, "--keep", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert (found["kills"], found["breaches"], found["surprises"]) == (14, [], [])
    assert found["at_named_points"] >= 4
    assert found["drills"] == ["mark: log_rolled_back", "witness: log_rolled_back"]


def test_a_run_with_a_known_mistake_finds_it() -> None:
    command = [sys.executable, str(HERE / "run.py"), "--kills", "14", "--sabotage", "leave_intents"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, done.stdout + done.stderr
    assert {breach.split()[0] for breach in json.loads(done.stdout)["breaches"]} >= {"R3"}


def test_every_point_at_which_somebody_stands_still_is_one_with_the_log_in_hand() -> None:
    assert {FAILPOINTS[name].crash for name in run.PAUSES} == {3, 6}


def test_a_plan_has_so_many_kills_and_names_every_point_as_often_as_the_others() -> None:
    planned = run.plans(200, 4, random.Random(1))
    assert len(planned) + 4 * 200 // run.ROUND == 200
    named = Counter(plan.point for plan in planned if plan.point and not plan.pauses)
    assert set(named) == set(FAILPOINTS)
    assert max(named.values()) - min(named.values()) == 1
