"""Arrows point down only: the imports of every module, read from its source, against the map of the design."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "certsvc"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: What a package of certsvc may import of certsvc, besides itself.
BELOW: dict[str, set[str]] = {
    "core": set(),
    "verify": {"core"},
    "resources": {"core"},
    "signers": {"core"},
    "store": {"core", "resources"},
    # Row types of the store are values; the register writes no SQL.
    "register": {"core", "store", "resources"},
    # The protocol of a signer; a picture is signed by whoever is handed in.
    "render": {"core", "signers", "resources"},
    "instance": {"core", "store", "signers", "register", "render"},
    "services": {"core", "verify", "store", "signers", "register", "render", "instance", "resources"},
}
PURE = ("core", "verify")
#: Modules whose mere presence means files, clocks, chance, networks or processes.
IMPURE = {
    "os", "pathlib", "shutil", "tempfile", "time", "random", "secrets", "uuid", "socket", "urllib", "http", "ssl",
    "subprocess", "threading", "asyncio", "sqlite3", "flask", "werkzeug", "sqlalchemy", "alembic", "logging", "sys",
}  # fmt: skip
#: Attributes whose use means the same, on whatever they stand.
TOUCHING = {"now", "utcnow", "today", "generate", "urandom", "read_text", "read_bytes", "open", "environ"}
#: What pure code may import from outside the standard library.
TOOLS = {"cryptography", "jwt", "nacl", "orjson", "rfc8785"}


#: Of the standard library: what has no effect outside the process.
STANDARD = {
    "base64", "binascii", "bisect", "collections", "contextlib", "copy", "csv", "dataclasses", "datetime", "enum", "functools",
    "gzip", "hashlib", "hmac", "io", "itertools", "json", "math", "operator", "re", "string", "types", "typing", "unicodedata",
    "zlib",
}  # fmt: skip


def part_of(module: Path) -> str:
    """The package below certsvc, or the name of a module that stands in none."""
    first = module.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(module: Path) -> Iterator[str]:
    """The full names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def named(module: Path) -> str:
    return str(module.relative_to(PACKAGE.parent))


def modules_of(*parts: str) -> list[Path]:
    return [module for module in MODULES if part_of(module) in parts]


@pytest.mark.parametrize("module", modules_of(*BELOW), ids=named)
def test_a_module_imports_only_from_below(module: Path) -> None:
    own = part_of(module)
    used = {name.split(".")[1] for name in imports(module) if name.startswith("certsvc.")}
    assert used <= BELOW[own] | {own, "__version__"}


@pytest.mark.parametrize("module", modules_of(*PURE), ids=named)
def test_core_and_verify_touch_no_file_clock_chance_or_network(module: Path) -> None:
    tops = {name.split(".")[0] for name in imports(module)}
    assert not tops & IMPURE
    assert tops - {"certsvc"} <= TOOLS | STANDARD


@pytest.mark.parametrize("module", modules_of(*PURE), ids=named)
def test_core_and_verify_read_no_clock_and_open_nothing(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in TOUCHING:
            # The time that is asked about is a member of the case and handed in.
            assert (
                node.attr == "now" and isinstance(node.value, ast.Name) and node.value.id in ("case", "batch", "self")
            )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input", "eval", "exec", "__import__"}


#: `bench` measures other people's programs beside ours, so it uses them as they are.
OURS = [module for module in MODULES if part_of(module) != "bench"]


@pytest.mark.parametrize("module", OURS, ids=named)
def test_flask_is_known_to_the_web_only(module: Path) -> None:
    if part_of(module) not in ("web", "app"):
        assert not {name.split(".")[0] for name in imports(module)} & {"flask", "werkzeug", "jinja2"}


@pytest.mark.parametrize("module", OURS, ids=named)
def test_statements_are_written_in_the_store_only(module: Path) -> None:
    if part_of(module) != "store":
        # A connection is passed through.
        used = {name for name in imports(module) if name.split(".")[0] in ("sqlalchemy", "alembic", "sqlite3")}
        assert used <= {"sqlalchemy.Connection", "sqlalchemy.Engine"}


def attributes(module: Path) -> set[str]:
    return {node.attr for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.Attribute)}


def test_every_signer_is_handed_out_where_it_is_asked_whether_its_certificate_holds() -> None:
    """docs/decisions/0041: a witness has no certificate, and what only looks at a key signs nothing."""
    opening = {named(module) for module in OURS if "certsvc.signers.open_signer" in set(imports(module))}
    assert opening == {"certsvc/instance.py", "certsvc/services/witness.py"}
    looking = {named(module) for module in OURS if "signer_unchecked" in attributes(module)}
    assert looking == {"certsvc/instance.py", "certsvc/services/doctor.py", "certsvc/services/verify_evidence.py"}


def test_the_map_names_every_package_that_stands_below_the_services() -> None:
    known = {*BELOW, "web", "cli", "app", "demo", "bench", "data", "__init__", "__main__"}
    assert {part_of(module) for module in MODULES} <= known
