"""From nothing to a certificate and its end with the command line alone: offices, grants, roster, acts, issue, status."""

import csv
import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_for_tests import call, must
from rosters_for_tests import grid, people, write_csv

from certsvc.services.ceremony import Plan
from certsvc.services.founding import found

#: 2025-03-03 09:00 in Asia/Shanghai, a Monday.
START = 1_740_963_600
#: organisation, kind, its officers, its roles.
OFFICES = (
    ("HRSS", None, ("H1", "H2"), ("issuer",)),
    ("UNIT", "unit", ("U1",), ("unit",)),
    ("CITY", "city", ("C1",), ("city",)),
    ("COMM", "committee", ("E1",), ("committee_office", "committee")),
    ("ORGN", "hrss", ("O1",), ("organiser",)),
    ("SUPV", "department", ("S1",), ("supervisor",)),
    ("APPR", "hrss", ("A1",), ("hrss",)),
)
#: day, act, officers. Five working days lie between each notice and the act that closes it.
SCHEDULE = (
    ("2025-03-06", "unit_notice", ("U1",)),
    ("2025-03-14", "recommend", ("C1",)),
    ("2025-03-17", "accept", ("E1",)),
    ("2025-03-18", "draw", ("E1",)),
    ("2025-03-19", "evaluate", ("E1",)),
    ("2025-03-20", "result_notice", ("O1",)),
    ("2025-03-28", "settle_objections", ("S1",)),
    ("2025-03-31", "approve", ("A1",)),
    ("2025-04-01", "issue", ("H1", "H2")),
)
PAPER = ("--document-number", "示例〔2025〕1号")


def officers(*ids: str) -> list[str]:
    return [part for one in ids for part in ("--officer", one)]


def founded(home: Path) -> Path:
    """A home at START whose clock may be set."""
    found(home, Plan("http://127.0.0.1:8787", "HRSS", "示例省人社厅(样章)", "Sample", test=True, demo=True), START)
    return home


def populate(home: Path) -> None:
    """Every office of OFFICES with officers and grants, by the commands that an operator types."""
    early = ("--clock", "2025-03-04", "--home", home)
    for org, kind, ids, roles in OFFICES:
        if kind is not None:
            must("keys", "org", org, "--name", f"示例{org}", "--kind", kind, "--region", "220100", *early)
        for one in ids:
            must("keys", "officer", one, "--org", org, "--name", f"样章{one}", *early)
        for role in roles:
            must("keys", "grant", org, "--role", role, *PAPER, *early)


def roster_file(folder: Path) -> Path:
    """Three invented people of the unit; the last was not passed by the committee."""
    common = {
        "unit_name": "示例UNIT", "unit_code": "", "year": 2025, "meeting_date": "2025-03-01", "notice_from": "",
        "notice_to": "", "approval_date": "", "award_date": "", "current_title": "工程师",
    }  # fmt: skip
    rows = people(common, common, common | {"passed": "不通过", "yes": 6, "no": 14})
    return write_csv(folder / "roster.csv", grid(rows))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home in which R0001 has all its acts and is issued."""
    folder = tmp_path_factory.mktemp("officer")
    home = founded(folder / "home")
    populate(home)
    must("roster", "import", roster_file(folder), "--clock", "2025-03-05", "--home", home)
    for day, kind, ids in SCHEDULE:
        must("act", kind, "R0001", *officers(*ids), "--clock", day, "--home", home)
    links = folder / "links.csv"
    must("issue", "R0001", "--links", links, "--clock", "2025-04-02", "--home", home)
    must("keys", "trust", "--home", home)
    yield home


def number_of(home: Path, person: int = 0) -> str:
    lines = must("list", "--home", home).out.splitlines()[1:]
    return lines[person].split()[0]


def code_of(home: Path, person: int = 0) -> str:
    found = re.search(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}", must("show", number_of(home, person), "--home", home).out)
    assert found
    return found[0]


def test_the_whole_path_ends_in_certificates_for_those_who_passed(office: Path) -> None:
    listed = must("list", "--home", office).out
    assert listed.count("in_force") == 2
    assert "张示例" in listed and "李示例" in listed and "王示例" not in listed


def test_claim_links_are_written_for_their_owner_only(office: Path) -> None:
    links = office.parent / "links.csv"
    assert stat.S_IMODE(links.stat().st_mode) == 0o600
    with links.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["张示例", "李示例"]
    assert all(row["link"].startswith("http://127.0.0.1:8787/claim/") for row in rows)


def test_the_pdf_of_the_path_verifies(office: Path, tmp_path: Path) -> None:
    must("pdf", code_of(office), "-o", tmp_path / "one.pdf", "--home", office)
    report = json.loads(must("verify", tmp_path / "one.pdf", "--json", "--home", office).out)
    assert report["match"]["file"] == "identical"
    acts = [link["name"] for link in report["chain"] if link["kind"] == "act"]
    assert acts == [kind for _day, kind, _ids in SCHEDULE]


def test_a_preview_is_a_picture(office: Path, tmp_path: Path) -> None:
    must("png", code_of(office), "-o", tmp_path / "one.png", "--home", office)
    assert (tmp_path / "one.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_bundle_goes_to_stdout_or_a_file(office: Path, tmp_path: Path) -> None:
    printed = must("bundle", code_of(office), "--home", office).out
    must("bundle", code_of(office), "-o", tmp_path / "one.bundle", "--home", office)
    assert json.loads(printed)["credential"] == json.loads((tmp_path / "one.bundle").read_text())["credential"]


def test_check_shows_the_steps_and_who_signed_them(office: Path) -> None:
    said = must("roster", "check", "R0001", "--people", "--home", office).out
    assert "2025-03-19 COMM" in said
    assert "2 人 people, 剔除 struck 1, 已发证 issued 2" in said


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A home with offices and an imported roster on which nobody has acted."""
    home = founded(tmp_path / "home")
    populate(home)
    must("roster", "import", roster_file(tmp_path), "--clock", "2025-03-05", "--home", home)
    return home


def test_check_proposes_the_command_for_the_next_act(fresh: Path) -> None:
    said = must("roster", "check", "R0001", "--home", fresh)
    assert f"certsvc act unit_notice R0001 --officer U1 --home {fresh}" in said.err


def test_issuing_what_is_not_ready_leads_to_what_is_to_be_done(fresh: Path) -> None:
    said = call("issue", "R0001", "--clock", "2025-03-06", "--home", fresh)
    assert (said.code, "nothing_to_issue" in said.err) == (1, True)
    assert f"certsvc roster check R0001 --home {fresh}" in said.err
    assert "certsvc act" not in said.err


@pytest.mark.parametrize(
    ("kind", "officer", "words"),
    [
        ("recommend", "C1", ("缺少“单位审核、公示”环节", "act_missing")),
        ("unit_notice", "C1", ("没有 CITY 的在办人员", "unit_absent")),
        ("unit_notice", "NOBODY", ("经办人不存在:NOBODY", "officer_unknown")),
    ],
    ids=["an act before its time", "an act by the wrong office", "an officer whom nobody enrolled"],
)
def test_an_unlawful_act_is_refused_with_the_rule(fresh: Path, kind: str, officer: str, words: tuple[str, ...]) -> None:
    said = call("act", kind, "R0001", *officers(officer), "--clock", "2025-03-06", "--home", fresh)
    assert said.code == 1
    assert all(word in said.err for word in words), said.err


def test_a_short_notice_is_told_with_its_days_and_the_name_of_the_office(fresh: Path) -> None:
    must("act", "unit_notice", "R0001", *officers("U1"), "--clock", "2025-03-06", "--home", fresh)
    said = call("act", "recommend", "R0001", *officers("C1"), "--clock", "2025-03-12", "--home", fresh)
    assert said.code == 1
    assert "示例UNIT的“单位审核、公示”只有 4 个工作日,应不少于 5 个" in said.err
    assert f"certsvc roster check R0001 --home {fresh}" in said.err


def test_rows_are_struck_as_the_spreadsheet_numbers_them(fresh: Path) -> None:
    said = must(
        "act", "unit_notice", "R0001", *officers("U1"), "--strike", "3", "--clock", "2025-03-06", "--home", fresh
    )
    assert "2 人,剔除 1 人" in said.err
    people_now = must("roster", "check", "R0001", "--people", "--home", fresh).out
    assert [line.rstrip().endswith("是") for line in people_now.splitlines() if "示例UNIT" in line] == [
        False,
        True,
        False,
    ]


def test_a_row_that_is_not_there_cannot_be_struck(fresh: Path) -> None:
    said = call("act", "unit_notice", "R0001", *officers("U1"), "--strike", "99", "--home", fresh)
    assert (said.code, "row_unknown" in said.err) == (1, True)


def test_a_fact_must_be_a_whole_number(fresh: Path) -> None:
    said = call("act", "evaluate", "R0001", *officers("E1"), "--fact", "members=many", "--home", fresh)
    assert said.code == 2


def test_the_clock_of_a_real_home_cannot_be_set(tmp_path: Path) -> None:
    found(tmp_path / "home", Plan("https://sample.invalid", "HRSS", "示例(样章)", "Sample", test=True), START)
    said = call("keys", "trust", "--clock", "2025-03-06", "--home", tmp_path / "home")
    assert (said.code, "clock_production" in said.err) == (1, True)


def test_a_grant_wider_than_the_one_above_is_refused(fresh: Path) -> None:
    said = call("keys", "grant", "COMM", "--role", "committee", "--regions", "110000", *PAPER, "--clock", "2025-03-06",
                "--home", fresh)  # fmt: skip
    assert (said.code, "scope_widened" in said.err) == (1, True)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--tracks", "T99"), "scope_unknown"),
        (("--series", "99"), "scope_unknown"),
        (("--until", "2020-01-01"), "until_past"),
        (("--document-date", "2030-01-01"), "paper_ahead"),
    ],
    ids=["a track that does not exist", "a series that does not exist",
         "a grant that has ended", "a paper of the future"],
)  # fmt: skip
def test_a_grant_of_nothing_is_refused(fresh: Path, options: tuple[str, ...], code: str) -> None:
    said = call("keys", "grant", "UNIT", "--role", "unit", *PAPER, *options, "--clock", "2025-03-06", "--home", fresh)
    assert (said.code, code in said.err, "keys grant" in said.err) == (1, True, True), said.err


def test_a_committee_gets_three_years_at_most(fresh: Path) -> None:
    lines = must("keys", "list", "--home", fresh).out.splitlines()
    until = {line.split()[-1] for line in lines if " committee " in line and "evaluate" in line}
    assert until == {"2028-03-03"}


def test_the_same_human_keeps_one_pseudonym_in_two_offices(fresh: Path) -> None:
    must("keys", "officer", "H9", "--org", "CITY", "--name", "样章H1", "--same-human", "H1", "--home", fresh)
    lines = must("keys", "list", "--home", fresh).out.splitlines()
    pseudonyms = {line.split()[-1] for line in lines if line.startswith(("H1 ", "H9 "))}
    assert len(pseudonyms) == 1


def test_a_second_officer_of_one_name_is_another_human_only_when_that_is_said(fresh: Path) -> None:
    order = ("keys", "officer", "H8", "--org", "HRSS", "--name", "样章H1", "--home", fresh)
    said = call(*order)
    assert (said.code, "namesake" in said.err, "--another-human" in said.err) == (1, True, True)
    assert call(*order, "--another-human", "--same-human", "H1").code == 2
    must(*order, "--another-human")
    lines = must("keys", "list", "--home", fresh).out.splitlines()
    assert len({line.split()[-1] for line in lines if line.startswith(("H1 ", "H8 "))}) == 2


# --- lifecycle -----------------------------------------------------------------------------------------------------


def verdict_of(home: Path, code: str) -> str:
    return str(json.loads(call("verify", code, "--json", "--home", home).out)["verdict"])


def test_a_suspension_is_proposed_by_one_and_decided_by_another(office: Path) -> None:
    code, later = code_of(office), ("--home", office)
    said = must("status", "suspend", code, *officers("H1"), *PAPER, *later)
    identity = re.search(r"P\d{4}", said.err)
    assert identity
    assert identity[0] in must("status", "list", "--home", office).out
    same = call("status", "approve", identity[0], *officers("H1"), *later)
    assert (same.code, "same_human" in same.err) == (1, True)
    must("status", "approve", identity[0], *officers("H2"), *later)
    assert verdict_of(office, code) == "suspended"
    assert identity[0] not in must("status", "list", "--home", office).out
    refused = call("pdf", code, "-o", office.parent / "never.pdf", "--home", office)
    assert (refused.code, "not_in_force" in refused.err) == (1, True)
    assert not (office.parent / "never.pdf").exists()


def test_a_correction_makes_the_next_version_and_shows_its_code(office: Path) -> None:
    code, later = code_of(office, 1), ("--home", office)
    must("status", "correct", code, *officers("H2"), "--set", "name=李示范", *PAPER, *later)
    waiting = must("status", "list", "--home", office).out.splitlines()[-1].split()[0]
    said = must("status", "approve", waiting, *officers("H1"), *later)
    assert " v2 " in said.out
    assert verdict_of(office, code) == "superseded"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("revoke", "--reason", "fraud"), "effect_missing"),
        (("revoke", "--reason", "fraud", "--retroactive", "--from", "2025-04-05"), "effect_missing"),
        (("correct", "--set", "height=180"), "field_foreign"),
        (("reinstate",), "证书当前状态为有效,不能恢复"),
    ],
    ids=[
        "a revocation without reach",
        "a revocation with two reaches",
        "a correction of a field there is not",
        "what is in force comes back",
    ],
)
def test_an_unlawful_proposal_is_refused(
    fresh_certificate: str, office: Path, arguments: tuple[str, ...], code: str
) -> None:
    kind, *more = arguments
    said = call("status", kind, fresh_certificate, *officers("H1"), *more, *PAPER, "--home", office)
    assert (said.code, code in said.err) == (1, True), said.err


@pytest.fixture
def fresh_certificate(office: Path) -> str:
    """A certificate in force: the newest version of one that was corrected, or of one that nothing happened to."""
    lines = must("list", "--state", "in_force", "--home", office).out.splitlines()
    return lines[1].split()[0]
