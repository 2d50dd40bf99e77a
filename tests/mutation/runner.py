"""Runs mutants of core/ and verify/ against their tests and prints which survive: see docs/mutation.md.

One process imports everything, runs the tests once and notes which test calls which function. For each mutant it forks;
the child puts the mutated code into the function, so that every table and every importer sees it, and runs the tests that
call it until one fails. Limits of time and memory hold for each child. Nothing is written into the tree.
"""

import argparse
import collections
import functools
import gc
import io
import json
import math
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from child import PLAIN, ROOT, Line, compiled, functions, imported_anew, limits, outcome, tracer
from figures import Mutant, key, read, sample, table
from hypothesis import HealthCheck, Phase, settings

#: Where the tests of both packages stand; statements of equivalence are tested with the service that writes them.
TESTS = ("tests/core", "tests/verify", "tests/services/test_equivalence.py")
#: Tests that measure time or change each byte of a bundle: minutes, and nothing that the others do not ask.
LEFT_OUT = (
    *(f"tests/verify/test_hostile_{what}.py" for what in ("cost", "counting", "certificates")),
    "tests/verify/test_bundle_bytes.py",
)
#: Seconds: a slower test is asked last, and left out where it takes thrice as long; a child is ended after so many more
#: than it may go on starting tests; what a test costs beside its own time.
SLOW, RUNAWAY, QUICK = 1.5, 10, 0.02
#: So many of the tests that noticed most mutants of a file are asked first about the next.
KILLERS = 8
#: A test that looks at everything is asked early.
WHOLE = "test_the_whole_report_"


@dataclass(eq=False)
class Known:
    """What the first run of the tests showed."""

    seconds: dict[pytest.Item, float] = field(default_factory=dict)
    passing: dict[Line, set[pytest.Item]] = field(default_factory=lambda: collections.defaultdict(set))
    red: set[pytest.Item] = field(default_factory=set)
    killers: dict[str, collections.Counter[pytest.Item]] = field(
        default_factory=lambda: collections.defaultdict(collections.Counter)
    )
    """File -> how many of its mutants each test has noticed."""

    @functools.cached_property
    def worth(self) -> dict[pytest.Item, float]:
        """Test -> how much it passes through that few others do, for its time."""
        found: dict[pytest.Item, float] = collections.defaultdict(float)
        for tests in self.passing.values():
            for item in tests:
                found[item] += 1 / len(tests)
        return {item: rare / (self.seconds[item] + QUICK) for item, rare in found.items()}

    @functools.cache  # noqa: B019
    def ways(self, file: str) -> dict[pytest.Item, frozenset[Line]]:
        """Test -> the lines of a file that it passes through."""
        found: dict[pytest.Item, set[Line]] = collections.defaultdict(set)
        for line in [line for line in self.passing if line[0] == file]:
            for item in self.passing[line]:
                found[item].add(line)
        return {item: frozenset(lines) for item, lines in found.items()}

    def by_way(self, file: str, tests: set[pytest.Item]) -> list[pytest.Item]:
        """`tests`, those first that are most likely to notice a mutant of `file`.

        Tests that go the same way through the file ask much the same: one of each way comes first, then another of each;
        of one way first the test that passes where few others do, in whatever file.
        """
        ways, own = self.ways(file), f"test_{Path(file).stem}"
        turns: collections.Counter[frozenset[Line]] = collections.Counter()
        rare = sorted(tests, key=lambda item: -self.worth[item])
        turn = {item: turns.update([ways[item]]) or turns[ways[item]] for item in rare}
        return sorted(
            rare,
            key=lambda one: (
                self.seconds[one] > SLOW,
                not one.name.startswith(WHOLE),
                turn[one],
                not one.path.stem.startswith(own),
            ),
        )


class Runner:
    """A pytest plugin that takes the place of the loop over the tests."""

    def __init__(self, mutants: list[Mutant], equivalent: set[tuple[str, ...]], given: argparse.Namespace) -> None:
        self.mutants, self.equivalent = mutants, equivalent
        self.seconds, self.patience, self.out = given.seconds, given.patience, given.out
        self.known, self.failed = Known(), False
        self.at_import: set[CodeType] = set()

    def imported(self, frame: FrameType, event: str, _: object) -> None:
        """A profile function: notes what is called while the program and its tests are imported."""
        if event == "call":
            self.at_import.add(frame.f_code)

    def pytest_collection_finish(self) -> None:
        """All imports are done."""
        sys.setprofile(None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Learns the tests, then judges each mutant; no test remains for pytest itself."""
        self.caches = caches()
        self._learn(session.items)
        # A mutant that changes nothing must survive; otherwise no other one would be worth anything.
        nothing = {**self.mutants[0], "source": ""}
        control, by = self._forked(lambda: imported_anew(nothing), 50)
        if control != "survived":
            say(f"the unchanged program, imported anew, fails: {control} {by}")
            return True
        gc.collect()
        gc.freeze()
        results = []
        begun = _spent()
        with self.out.open("w") as file:
            for number, mutant in enumerate(self.mutants):
                if _spent() - begun > self.seconds:
                    say(f"time is up after {number} of {len(self.mutants)} mutants")
                    break
                outcome, by = self._judge(mutant, session.items)
                results.append((mutant["file"], outcome))
                file.write(
                    json.dumps({**mutant, "outcome": outcome, "by": by, "source": ""}, ensure_ascii=False) + "\n"
                )
                file.flush()
                if outcome == "survived":
                    say(
                        f"survived  {mutant['file']}  {mutant['function']}\n    - {mutant['was']}\n    + {mutant['now']}"
                    )
        for line in table(results):
            say(line)
        say(f"{_spent() - begun:.0f} s of processor time")
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes that a test failed."""
        self.failed = self.failed or report.failed

    def _learn(self, items: list[pytest.Item]) -> None:
        names = [
            f"certsvc/{part}/{one.name}"
            for part in ("core", "verify")
            for one in (ROOT / "certsvc" / part).glob("*.py")
        ]
        files = {str(ROOT / name): name for name in names}
        for item, following in zip(items, [*items[1:], items[0]], strict=True):
            passed: set[tuple[str, int]] = set()
            self._forget()
            self.failed, begun = False, time.process_time()
            sys.settrace(tracer(files, passed))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            sys.settrace(None)
            self.known.seconds[item] = time.process_time() - begun
            if self.failed or self.known.seconds[item] > 3 * SLOW:
                say(f"left out {'(red)' if self.failed else '(slow)'}: {item.nodeid}")
                self.known.red.add(item)
                continue
            for line in passed:
                self.known.passing[line].add(item)
        say(f"{len(items) - len(self.known.red)} tests pass through {len(self.known.passing)} lines")

    def _forget(self) -> None:
        for cache in self.caches:
            cache.cache_clear()

    def _judge(self, mutant: Mutant, items: list[pytest.Item]) -> tuple[str, str]:
        """What became of a mutant, and the test that noticed it."""
        if key(mutant) in self.equivalent:
            return "equivalent", ""
        function = dict(functions(mutant["file"]))[mutant["function"]]
        try:
            code = compiled(mutant, function)
        except (SyntaxError, TypeError, ValueError, NameError, AttributeError) as error:
            say(f"no mutant: {mutant['function']} {mutant['now']}: {error!r}")
            return "no mutant", ""
        tests = self._ordered(mutant, function.__code__)
        found = self._forked(lambda: self._try(function, code, tests, items[0])) if tests else ("survived", "")
        self.known.killers[mutant["file"]].update(item for item in tests if item.nodeid == found[1])
        if found[0] == "survived" and function.__code__ in self.at_import:
            # It ran when the program was imported, and what the unchanged code gave then is kept.
            return self._forked(lambda: imported_anew(mutant), 50)
        return found

    def _ordered(self, mutant: Mutant, function: CodeType) -> list[pytest.Item]:
        """The tests that pass through the changed lines: those that noticed others first."""
        first, last = mutant["lines"]
        if not any(self.known.passing.get((mutant["file"], line)) for line in range(first, last + 1)):
            lines = [line for _, _, line in function.co_lines() if line]
            first, last = min(lines), max(lines)
        found = set().union(*(self.known.passing.get((mutant["file"], n), set()) for n in range(first, last + 1)))
        noticed = [item for item, _ in self.known.killers[mutant["file"]].most_common(KILLERS) if item in found]
        return list(dict.fromkeys((*noticed, *self.known.by_way(mutant["file"], found))))

    def _try(self, function: FunctionType, changed: FunctionType, tests: list[pytest.Item], last: pytest.Item) -> str:
        """The test that fails with the changed code, or nothing. Runs in the child."""
        function.__code__, function.__defaults__ = changed.__code__, changed.__defaults__
        function.__kwdefaults__ = changed.__kwdefaults__
        self._forget()
        self.failed = False
        for test, following in zip(tests, [*tests[1:], last], strict=True):
            test.config.hook.pytest_runtest_protocol(item=test, nextitem=following)
            if self.failed:
                return test.nodeid
            if time.process_time() > self.patience:
                break
        return ""

    def _forked(self, run: Callable[[], str], seconds: int = 0) -> tuple[str, str]:
        """How a child ended that runs `run`, and the test that failed in it."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                limits(seconds or int(self.patience) + RUNAWAY)
                failed = run()
            except BaseException as error:  # whatever a mutant does, a test run that breaks has noticed it
                failed = f"{type(error).__name__}"
            os.write(writing, failed.encode()[:4000])
            os._exit(1 if failed else 0)
        os.close(writing)
        found = outcome(child)
        by = os.read(reading, 4096).decode()
        os.close(reading)
        return found, by


def caches() -> list[Any]:
    """All caches of the program: they hold what the unchanged code gave."""
    ours = [module for name, module in list(sys.modules.items()) if name.startswith("certsvc")]
    values = [value for module in ours for value in vars(module).values()]
    return [value for value in values if isinstance(value, functools._lru_cache_wrapper)]


def _spent() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def say(text: str) -> None:
    """Prints at once."""
    sys.__stdout__.write(text + "\n")
    sys.__stdout__.flush()


def main() -> None:
    """Reads the options, then starts pytest with the plugin."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("mutants", help="what mutants.py wrote")
    options.add_argument("--sample", type=int, default=0, help="how many mutants; 0 for all")
    options.add_argument("--patience", type=float, default=6, help="seconds for the tests of one mutant")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--seconds", type=float, default=math.inf, help="processor time after which to stop")
    options.add_argument(
        "--out", type=Path, default=Path(os.devnull), help="where to write each outcome, as JSON lines"
    )
    options.add_argument("--only", type=Path, help="judge again only the survivors of this file of outcomes")
    given = options.parse_args()
    equivalent = {key(row) for row in json.loads((Path(__file__).parent / "equivalent.json").read_text("utf-8"))}
    mutants = sample(read(given.mutants), given.sample, given.seed)
    if given.only:
        again = {key(row) for row in read(given.only) if row["outcome"] == "survived"}
        mutants = [mutant for mutant in read(given.mutants) if key(mutant) in again]
    settings.register_profile(
        "mutation", max_examples=15, derandomize=True, database=None, deadline=None,
        phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    settings.load_profile("mutation")
    os.chdir(ROOT)
    sys.stdout = io.StringIO()  # pytest's own dots; what is said here goes past it
    with tempfile.TemporaryDirectory(prefix="certsvc-mutation-") as folder:
        left_out = [f"--ignore={name}" for name in LEFT_OUT]
        runner = Runner(mutants, equivalent, given)
        sys.setprofile(runner.imported)
        code = pytest.main([*PLAIN, f"--basetemp={folder}/t", *left_out, *TESTS], plugins=[runner])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(sys.stdout.getvalue())


if __name__ == "__main__":
    main()
