"""One mutant in a process of its own: put into its place, kept within limits, and how the process ended."""

import ast
import importlib
import importlib.machinery
import os
import resource
import select
import signal
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any

import pytest
from figures import Mutant

ROOT = Path(__file__).parents[2]
#: Bytes, and seconds by the clock on the wall.
MEMORY, WALL = 2 << 30, 150
PLAIN = ("--assert=plain", "--tb=no", "--capture=no", "-p", "no:cacheprovider", "-p", "no:xdist")
#: The packages whose modules are imported anew, and the tests that follow a module's own then.
OURS = ("certsvc", "conftest", "tests", "make_row_vectors")
AFTER_IMPORT = ("tests/verify/test_report.py", "tests/verify/test_rows.py")

Line = tuple[str, int]


def tracer(files: dict[str, str], passed: set[Line]) -> Callable[[FrameType, str, object], Any]:
    """A trace function that notes each line of `files` (path -> name) that is run."""

    def call(frame: FrameType, event: str, _: object) -> Any:
        name = files.get(frame.f_code.co_filename)
        if name is None:
            return None

        def line(frame: FrameType, event: str, _: object) -> Any:
            if event == "line":
                passed.add((name, frame.f_lineno))
            return line

        return line

    return call


class Failed:
    """A pytest plugin that keeps the name of the test that failed."""

    name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes it."""
        if report.failed:
            self.name = report.nodeid


def imported_anew(mutant: Mutant) -> str:
    """The test that fails when the program is imported anew with the mutant in it. Runs in the child."""
    for name in [
        name for name in sys.modules if name.partition(".")[0] in OURS or name.startswith(("test", "support"))
    ]:
        del sys.modules[name]
    path = str(ROOT / mutant["file"])
    get_data = importlib.machinery.SourceFileLoader.get_data
    importlib.machinery.SourceFileLoader.get_data = lambda loader, asked: (  # type: ignore[method-assign]
        whole(mutant).encode() if asked == path else get_data(loader, asked)
    )
    sys.dont_write_bytecode = True
    sys.pycache_prefix = tempfile.mkdtemp()  # no compiled module is found there
    package, own = Path(mutant["file"]).parts[1], f"test_{Path(mutant['file']).stem}*.py"
    first = [str(one) for one in (ROOT / "tests" / package).glob(own)]
    failed = Failed()
    with tempfile.TemporaryDirectory() as folder:
        options = [*PLAIN, "-x", f"--basetemp={folder}/t", *first, *map(str, AFTER_IMPORT)]
        code = pytest.main(options, plugins=[failed])
    return failed.name or ("" if code == pytest.ExitCode.OK else "import")


def whole(mutant: Mutant) -> str:
    """The text of a module with the mutant in it."""
    text = (ROOT / mutant["file"]).read_text("utf-8")
    if not mutant["source"]:
        return text
    body, (owner, _, name) = ast.parse(text).body, mutant["function"].rpartition(".")
    if owner:
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == owner)
    node = next(node for node in body if isinstance(node, ast.FunctionDef) and node.name == name)
    lines, source = text.splitlines(), mutant["source"]
    return "\n".join([
        *lines[: node.lineno - 1], textwrap.indent(source, "    ") if owner else source, *lines[node.end_lineno :]
    ]) + "\n"  # fmt: skip


def limits(seconds: int) -> None:
    """What a child may use."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    silent = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silent, descriptor)


def outcome(child: int) -> str:
    """How a child ended: survived, killed, or timeout."""
    descriptor = os.pidfd_open(child)
    ready, _, _ = select.select([descriptor], [], [], WALL)
    os.close(descriptor)
    if not ready:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "timeout"
    return {0: "survived", 1: "killed"}[os.WEXITSTATUS(status)]


def functions(file: str) -> Iterator[tuple[str, FunctionType]]:
    """The functions and methods of a module, by name as the mutants are named."""
    module = importlib.import_module(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    yield from _functions(module, module, "")


def _functions(module: ModuleType, owner: object, prefix: str) -> Iterator[tuple[str, FunctionType]]:
    for name, value in vars(owner).items():
        plain = getattr(value, "__func__", value)
        if isinstance(plain, FunctionType) and plain.__module__ == module.__name__:
            yield prefix + name, plain
        elif isinstance(value, type) and value.__module__ == module.__name__ and not prefix:
            yield from _functions(module, value, f"{name}.")


def compiled(mutant: Mutant, function: FunctionType) -> FunctionType:
    """The mutated function, made where the original stands. Raises what a mutant that is no program raises."""
    owner, _, name = mutant["function"].rpartition(".")
    made: dict[str, FunctionType] = {}
    # A method stands in a class when it is compiled, so that it may say `super()`.
    source = f"class {owner}:\n" + textwrap.indent(mutant["source"], "    ") if owner else mutant["source"]
    exec(compile(source, mutant["file"], "exec"), function.__globals__, made)  # noqa: S102
    return vars(made[owner])[name] if owner else made[name]
