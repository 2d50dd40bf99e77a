"""The documents mention everything they should: commands, addresses, verdicts, checks, codes, kinds, measurements."""

import re
from pathlib import Path

import pytest
from flask import Flask

from certsvc.bench import BENCHES
from certsvc.cli.main import COMMANDS
from certsvc.core.facts import FACTS
from certsvc.core.kinds import ARC, CEREMONY_USES, ISSUED_USES, KINDS, Kind
from certsvc.core.schemas import BUNDLE, TRUST
from certsvc.core.shape import ByMember, Choice, Mapping, Nullable, Shape
from certsvc.verify.checks import CHECKS, Check
from certsvc.verify.report import EXIT_CODES
from certsvc.web.api import api
from certsvc.web.claim import claim
from certsvc.web.openapi import describe
from certsvc.web.public import public
from certsvc.web.wellknown import wellknown

ROOT = Path(__file__).parents[1]
PAGES = {
    path: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
EVERYTHING = "\n".join(PAGES.values())
FORMAT = PAGES[ROOT / "docs" / "format.md"]
#: How checks say what they found.
_OUTCOME = re.compile(r'(?:Fault|Unknown|NotRun|act_fault)\(\s*"([a-z_0-9]+)"')
_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def members(shape: Shape) -> set[str]:
    """Every member name that stands in a schema."""
    if isinstance(shape, dict):
        return set(shape) | {name for inner in shape.values() for name in members(inner)}
    if isinstance(shape, list):
        return members(shape[0])
    if isinstance(shape, ByMember):
        return {name for inner in shape.shapes.values() for name in members(inner)}
    return members(shape.inner) if isinstance(shape, Nullable | Mapping) else set()


def values(shape: Shape) -> set[str]:
    """Every word that an enumeration in a schema allows."""
    if isinstance(shape, Choice):
        return {value for value in shape.values if isinstance(value, str)}
    if isinstance(shape, dict | ByMember):
        inner = shape.values() if isinstance(shape, dict) else shape.shapes.values()
        return {value for one in inner for value in values(one)}
    if isinstance(shape, list):
        return values(shape[0])
    return values(shape.inner) if isinstance(shape, Nullable | Mapping) else set()


def rules() -> list[str]:
    app = Flask(__name__, static_folder=None)
    for blueprint in (public, api, wellknown, claim):
        app.register_blueprint(blueprint)
    return sorted({re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_shown_somewhere(command: str) -> None:
    assert re.search(rf"\bcertsvc {command}\b", EVERYTHING), f"certsvc {command}"


@pytest.mark.parametrize("rule", rules())
def test_every_address_is_described(rule: str) -> None:
    described = describe("http://127.0.0.1")["paths"]
    assert rule in described or f"`{rule}`" in EVERYTHING


@pytest.mark.parametrize("verdict", EXIT_CODES)
def test_every_verdict_stands_in_the_format_with_its_exit_code(verdict: str) -> None:
    code = EXIT_CODES[verdict]
    assert re.search(rf"`{verdict}`\s+(\| {code} \||\({code}\))", FORMAT)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_stands_in_the_format_under_its_family(check: Check) -> None:
    assert f"| `{check.id}` | {check.family} |" in FORMAT


def test_the_checks_stand_in_the_order_in_which_they_run() -> None:
    assert re.findall(r"^\| `(\w+)` \| (?:integrity|chain|authority|procedure|log|status|register|document) \|", FORMAT, re.M) == [
        check.id for check in CHECKS
    ]  # fmt: skip


def test_every_code_that_a_check_can_give_stands_in_the_format() -> None:
    sources = [path for folder in ("core", "verify") for path in (ROOT / "certsvc" / folder).glob("*.py")]
    codes = {code for path in sources for code in _OUTCOME.findall(path.read_text(encoding="utf-8"))}
    assert "interval_short" in codes
    assert not sorted(code for code in codes if f"`{code}`" not in FORMAT)


def test_every_fact_stands_in_the_format() -> None:
    assert not sorted(name for name in FACTS if f"| `{name}` |" not in FORMAT)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.typ)
def test_every_kind_of_document_stands_in_the_format_with_its_size(kind: Kind) -> None:
    assert re.search(rf"\| `{re.escape(kind.typ)}` \| (compact|general) \| {kind.max_bytes:,} \|", FORMAT)


@pytest.mark.parametrize("shape", [*(kind.shape for kind in KINDS.values()), BUNDLE], ids=[*KINDS, "bundle"])
def test_every_member_and_every_word_of_a_schema_stands_in_the_format(shape: Shape) -> None:
    words = members(shape) | values(shape)
    assert not sorted(word for word in words if not re.search(rf'[`"]{re.escape(word)}[`"]', FORMAT))


def test_every_object_identifier_stands_in_the_format() -> None:
    assert f"`{ARC}`" in FORMAT
    for use, oid in (CEREMONY_USES | ISSUED_USES).items():
        assert f"`{oid.replace(ARC, 'A')}`" in FORMAT and f"`{use}`" in FORMAT


def test_every_measurement_is_explained() -> None:
    performance = PAGES[ROOT / "docs" / "performance.md"]
    assert not [name for name in BENCHES if f"`{name}`" not in performance]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    assert not [link for link in _LINK.findall(PAGES[page]) if not (page.parent / link).exists()]


def test_the_trust_bundle_is_described_with_every_member() -> None:
    section = FORMAT[FORMAT.index("### 7.1") : FORMAT.index("### 7.2")]
    assert not sorted(name for name in TRUST if f"`{name}`" not in section)
