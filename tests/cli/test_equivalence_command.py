"""`equivalence` and `register`: from the typed command to the statement and the list, without a number in any output."""

import json
import shutil
from pathlib import Path

import pytest
from cli_for_tests import Said, call, must
from click.testing import CliRunner
from rosters_for_tests import grid, people, write_book
from support_instance import build_small_instance

from certsvc.cli.main import cli

NOW = ("--clock", "2025-02-18T10:00:00+08:00")
NUMBERS = "220000198506150012\nSAMPLE-ZJ-0042\n"
EXAM = {
    "track": "考试", "series": "经济专业人员", "level": "中级", "title": "经济师", "current_title": "无",
    "current_since": "", "award_date": "2021-11-01", "approval_date": "", "year": 2021, "meeting_date": "",
    "notice_from": "", "notice_to": "", "original_cert_no": "SAMPLE2021001", "issuer_name": "示例考试机构",
}  # fmt: skip


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one certificate, closed."""
    small = build_small_instance(tmp_path_factory.mktemp("equivalence") / "home", people=1)
    small.instance.close()
    return small.instance.home


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "home"))


def propose(home: Path, *more: str, numbers: str = NUMBERS) -> Said:
    """One proposal by HRSS-1, with both numbers on stdin."""
    scan = home.parent / "scan.png"
    scan.write_bytes(b"scan")
    given = ("--name", "张示例", "--unit", "示例机械研究所", "--region", "220100", "--issued-on", "2019-05-20",
             "--evidence", str(scan), "--officer", "HRSS-1", "--document-number", "示例函〔2025〕7号")  # fmt: skip
    arguments = ["equivalence", "propose", *given, *more, *NOW, "--home", str(home)]
    result = CliRunner().invoke(cli, arguments, input=numbers, catch_exceptions=False)
    return Said(result.exit_code, result.stdout, result.stderr)


def stated(home: Path) -> Path:
    """The statement file of one approved equivalence."""
    assert propose(home, "--qualification", "一级建造师").code == 0
    must("equivalence", "approve", "E0001", "--officer", "HRSS-2", *NOW, "--home", home)
    file = home.parent / "E0001.json"
    must("equivalence", "statement", "E0001", "-o", file, "--home", home)
    return file


def exam_file(home: Path, **changes: object) -> Path:
    return write_book(home.parent / "exam.xlsx", {"名单": grid(people(EXAM | changes))})


# --- equivalence ---------------------------------------------------------------------------------------------------


def test_an_equivalence_leads_from_the_proposal_to_a_statement_that_checks(home: Path) -> None:
    said = propose(home, "--qualification", "一级建造师")
    assert (said.code, f"certsvc equivalence approve E0001 --officer OTHER --home {home}" in said.err) == (0, True)
    assert "示例数据" in said.err
    assert "待批准 open" in must("equivalence", "list", "--home", home).out
    must("equivalence", "approve", "E0001", "--officer", "HRSS-2", *NOW, "--home", home)
    file = home.parent / "E0001.json"
    written = must("equivalence", "statement", "E0001", "-o", file, "--home", home)
    assert f"certsvc equivalence check {file} --home {home}" in written.err
    checked = must("equivalence", "check", file, "--at", "2025-03-01", "--home", home)
    assert checked.out.splitlines()[:3] == [
        "有效 · valid",
        "张示例  M  1985-06-15",
        "一级建造师 (2019-05-20) → 工程师 (中级)",
    ]
    assert "不是职称证书" in checked.out and "没有法律效力" in checked.out


def test_neither_number_is_ever_said(home: Path) -> None:
    file = stated(home)
    said = [
        propose(home, "--qualification", "一级建造师"),
        call("equivalence", "list", "--home", home),
        call("show", "E0001", "--home", home),
        call("list", "--register", "--home", home),
        call("equivalence", "check", file, "--at", "2025-03-01", "--home", home),
        propose(home, "--qualification", "执业药师", numbers="220000198506150013\nSAMPLE-ZJ-0042\n"),
    ]
    assert [one.code for one in said] == [1, 0, 0, 0, 0, 1]
    everything = "".join(one.out + one.err for one in said) + file.read_text("utf-8")
    assert "22000019850615001" not in everything and "SAMPLE-ZJ" not in everything


def test_a_number_that_is_missing_on_stdin_is_named(home: Path) -> None:
    said = propose(home, "--qualification", "一级建造师", numbers="220000198506150012\n")
    assert (said.code, "职业资格证书编号" in said.err) == (2, True)


def test_a_statement_checks_without_a_home_by_its_root(home: Path, tmp_path: Path) -> None:
    file = stated(home)
    root = Path(shutil.copy(home / "roots.pem", tmp_path / "root.pem"))
    shutil.rmtree(home)
    assert must("equivalence", "check", file, "--root", root, "--at", "2025-03-01").out.startswith("有效 · valid")


def test_a_past_day_is_answered_twice_and_a_day_to_come_not_at_all(home: Path) -> None:
    file = stated(home)
    said = must("equivalence", "check", file, "--at", "2025-03-01", "--home", home).out.splitlines()
    told = [place for place, line in enumerate(said) if line.startswith("以上按现在所知;2025-03-01 ")]
    assert (said[0], [said[place + 1] for place in told]) == ("有效 · valid", ["有效 · valid"])
    ahead = call("equivalence", "check", file, "--at", "2199-01-01", "--home", home)
    assert (ahead.code, ahead.out, "--at 在将来" in ahead.err) == (2, "", True)


def test_a_changed_statement_exits_as_verify_does(home: Path) -> None:
    file = stated(home)
    file.write_text(file.read_text("utf-8").replace("张示例", "李示例"), "utf-8")
    said = call("equivalence", "check", file, "--at", "2025-03-01", "--home", home)
    assert (said.code, said.out.splitlines()[0].endswith("tampered")) == (20, True)
    file.write_text("{}")
    assert call("equivalence", "check", file, "--home", home).code == 40


def test_who_proposed_is_told_that_another_approves(home: Path) -> None:
    propose(home, "--qualification", "一级建造师")
    said = call("equivalence", "approve", "E0001", "--officer", "HRSS-1", *NOW, "--home", home)
    assert (said.code, "[same_human]" in said.err) == (1, True)
    assert "certsvc equivalence approve E0001 --officer OTHER" in said.err


def test_a_choice_is_asked_for_with_the_titles(home: Path) -> None:
    said = propose(home, "--qualification", "造价工程师", "--issued-on", "2015-01-01")
    assert (said.code, "[choice_needed]" in said.err, "工程师、经济师" in said.err) == (1, True, True)
    assert propose(home, "--qualification", "造价工程师", "--issued-on", "2015-01-01", "--choice", "经济师").code == 0


def test_the_directory_is_shown_with_its_days_and_its_sample_mark(home: Path) -> None:
    lines = must("equivalence", "directory", "--home", home).out.splitlines()
    cost = [line for line in lines if line.startswith("造价工程师")]
    assert len(cost) == 2 and all("2017-12-31" in line and "任选" in line and "示例 sample" in line for line in cost)


# --- register ------------------------------------------------------------------------------------------------------


def test_titles_by_examination_come_in_by_either_command(home: Path) -> None:
    file = exam_file(home)
    by_roster = must("roster", "import", file, "--officer", "HRSS-1", *NOW, "--home", home)
    assert f"certsvc register approve G0001 --officer OTHER --home {home}" in by_roster.err
    again = must("register", "import", file, "--source", "exam", "--officer", "HRSS-1", *NOW, "--home", home)
    assert "已登记过:G0001" in again.err
    must("register", "approve", "G0001", "--officer", "HRSS-2", *NOW, "--home", home)
    shown = must("show", "G0001", "--home", home).out
    assert "张示例" in shown and "2025-02-18 HRSS-2" in shown and "考试 exam" in shown and "不制证" in shown
    assert "SAMPLE2021001" not in shown
    assert shown.splitlines()[1] in must("list", "--register", "--home", home).out


def test_a_dry_run_of_titles_takes_nothing_in(home: Path) -> None:
    file = exam_file(home)
    for command in (("roster", "import", file), ("register", "import", file, "--source", "exam")):
        assert "未写入" in must(*command, "--dry-run", "--officer", "HRSS-1", *NOW, "--home", home).err
    assert "G0001" not in must("list", "--register", "--home", home).out


def test_titles_by_examination_need_an_officer(home: Path) -> None:
    said = call("roster", "import", exam_file(home), *NOW, "--home", home)
    assert (said.code, "--officer ID" in said.err) == (2, True)


def test_a_question_about_titles_is_told_with_the_command_that_answers_it(home: Path) -> None:
    must("roster", "import", exam_file(home), "--officer", "HRSS-1", *NOW, "--home", home)
    file = exam_file(home, name="李示例")
    said = call("register", "import", file, "--source", "exam", "--officer", "HRSS-1", *NOW, "--home", home)
    assert (said.code, "[decisions_open]" in said.err) == (1, True)
    assert f"certsvc register import {file} --source exam --officer ID --decide" in said.err
    key = said.out.splitlines()[-1].split()[0]
    person = said.out.splitlines()[-1].split()[-1]
    answered = ("--decide", f"{key}={person}")
    must("register", "import", file, "--source", "exam", "--officer", "HRSS-1", *answered, *NOW, "--home", home)


@pytest.mark.parametrize("command", [("act", "unit_notice", "G0001", "--officer", "HRSS-1"), ("issue", "G0001")])
def test_act_and_issue_on_such_titles_say_why_not_and_what_to_do(home: Path, command: tuple[str, ...]) -> None:
    must("roster", "import", exam_file(home), "--officer", "HRSS-1", *NOW, "--home", home)
    more = ("--document-number", "示例〔2025〕1号") if command[0] == "act" else ()
    said = call(*command, *more, *NOW, "--home", home)
    assert (said.code, "[register_only]" in said.err) == (1, True)
    assert "只登记入库" in said.err and f"certsvc show G0001 --home {home}" in said.err


def test_the_paper_behind_titles_may_be_named(home: Path) -> None:
    paper = home.parent / "paper.pdf"
    paper.write_bytes(b"paper")
    more = ("--source", "exam", "--officer", "HRSS-1", "--evidence", paper)
    assert "待另一人批准:G0001" in must("register", "import", exam_file(home), *more, *NOW, "--home", home).err


def test_certificates_of_a_roster_and_titles_of_the_register_are_two_lists(home: Path) -> None:
    assert call("list", "--register", "--roster", "R0001", "--home", home).code == 2
    assert "E0099" in call("show", "E0099", "--home", home).err


def test_after_a_theft_of_the_seal_key_the_statement_is_signed_anew_before_it_is_handed_out(home: Path) -> None:
    file = stated(home)
    told = must("keys", "history", "--org", "HRSS", "--json", "--home", home).out.splitlines()
    jkt = next(row["jkt"] for row in map(json.loads, told) if row["use"] == "seal")
    arguments = ("--since", "2025-02-18T09:00:00+08:00", "--officer", "HRSS-1", "--second", "HRSS-2",
                 "--document-number", "示例函〔2025〕9号", "--clock", "2025-02-20", "--home", home)  # fmt: skip
    said = must("keys", "compromised", *arguments, "--", jkt)
    assert "Statements of equivalence to sign anew: 1 (E0001)" in said.err
    refused = call("equivalence", "statement", "E0001", "-o", file, "--home", home)
    assert (refused.code, "statement_suspect" in refused.err) == (1, True)
    said = must("keys", "compromised", *arguments, "--then", "resign", "--", jkt)
    assert "1 statements of equivalence signed anew" in said.err
    must("equivalence", "statement", "E0001", "-o", file, "--home", home)
    checked = call("equivalence", "check", file, "--home", home, "--at", "2025-02-21T10:00:00+08:00")
    assert checked.code == 0
