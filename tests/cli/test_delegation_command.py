"""The page on delegation: its lines are typed as they stand, and do what the page says."""

import re
import shlex
from pathlib import Path

import pytest
from cli_for_tests import Said, call, must

from certsvc.instance import open_instance
from certsvc.services import documents
from certsvc.services.ceremony import Plan
from certsvc.services.founding import found
from certsvc.services.sample_delegation import sample_rows

PAGE = (Path(__file__).parents[2] / "docs" / "delegation.md").read_text(encoding="utf-8")
GIVEN, REFUSED = (
    [line for line in block.splitlines() if line.startswith("certsvc ")]
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S)
)
PAPER = "--document-number 示例函〔2022〕1号"
NOW = 1_740_877_200


def new_home(home: Path, **plan: bool) -> Path:
    found(home, Plan("http://127.0.0.1:8787", "HRSS", "示例省人社厅(样章)", "Sample", **plan), NOW)
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample."""
    place = new_home(tmp_path_factory.mktemp("delegation") / "home", test=True, demo=True)
    must("keys", "sample-delegation", "--home", place, "--clock", "2025-03-02T10:00:00+08:00")
    return place


def typed(line: str, home: Path) -> Said:
    words = shlex.split(line.replace("$P", PAPER), comments=True)
    return call(*words[1:], "--home", home, "--clock", "2025-03-03T10:00:00+08:00")


def test_every_line_of_the_page_works_in_its_order(home: Path) -> None:
    assert f"P={shlex.quote(PAPER)}".replace("'", '"') in PAGE
    for line in GIVEN:
        said = typed(line, home)
        assert said.code == 0, (line, said.err)
        if " grant " in line:
            assert said.err.splitlines()[-1].endswith(f"certsvc keys grants {line.split()[3]} --home {home}")
    assert len([line for line in GIVEN if " grant " in line]) == 16


@pytest.mark.parametrize("line", REFUSED)
def test_every_line_that_the_page_says_is_refused_is_refused_for_that_reason(home: Path, line: str) -> None:
    said = typed(line, home)
    assert said.code == 1
    assert f"[{line.rpartition('# ')[2]}]" in said.err
    words = line.split()
    above = words[words.index("--parent") + 1] if "--parent" in words else "HRSS"
    assert f"certsvc keys grants {above} --home {home}" in said.err
    must("keys", "grants", above, "--home", home)


def test_the_ratio_on_the_command_line_is_the_ratio_in_the_grant(home: Path) -> None:
    ratios = ("--ratio", "senior=45", "--ratio", "intermediate=70")
    must("keys", "grant", "SX-SC", "--role", "committee", *ratios, *PAPER.split(), "--home", home)
    instance = open_instance(home)
    with instance.engines.read.connect() as connection:
        given = [grant.unverified_payload["ratios"] for grant in documents.grants_of(connection, "SX-SC")]
    instance.close()
    assert given.count({"senior": 45, "intermediate": 70}) == 1


@pytest.mark.parametrize("ratio", ["senior", "senior=", "senior=0", "senior=101", "senior=45.5", "professor=45", "=45"])
def test_a_ratio_that_is_none_is_wrong_usage(home: Path, ratio: str) -> None:
    said = call("keys", "grant", "SX-SC", "--role", "committee", "--ratio", ratio, *PAPER.split(), "--home", home)
    assert said.code == 2
    assert "senior=45" in said.err


def test_an_office_above_that_has_nothing_to_pass_on_is_named(home: Path) -> None:
    said = call("keys", "grant", "SX-SC", "--role", "committee", "--parent", "SX-PH", *PAPER.split(), "--home", home)
    assert (said.code, "grant_absent" in said.err) == (1, True)
    said = call("keys", "grant", "SX-SC", "--role", "committee", "--parent", "NOBODY", *PAPER.split(), "--home", home)
    assert (said.code, "document_unknown" in said.err) == (1, True)
    assert f"certsvc keys grants --home {home}" in said.err


def test_a_grant_above_that_is_named_by_its_hash_is_shown_among_all(home: Path) -> None:
    with open_instance(home).engines.read.connect() as connection:
        above = documents.grants_of(connection, "SX-NS")[-1].sha256
    said = call("keys", "grant", "SX-NS-C", "--role", "committee", "--levels", "senior", "--home", home, *PAPER.split(),
                f"--parent={above}")  # fmt: skip
    assert (said.code, f"certsvc keys grants --home {home}" in said.err) == (1, True)


def test_the_sample_is_refused_in_production(tmp_path: Path) -> None:
    said = call("keys", "sample-delegation", "--home", new_home(tmp_path / "home"))
    assert (said.code, "sample_production" in said.err) == (1, True)


def test_the_page_names_every_office_of_the_sample() -> None:
    names = {row.id for row in sample_rows() if not row.id.startswith("SX-F")}
    assert not sorted(name for name in names if name not in PAGE)
    assert "SX-F001 … SX-F100" in PAGE
