"""`certsvc roster`: template, faults with row and rule, nothing written by a dry run, decisions, photos."""

import io
import json
import shlex
from pathlib import Path

import pytest
from cli_for_tests import call, must
from PIL import Image
from rosters_for_tests import grid, people, write_book, write_csv
from test_officer_path import founded

DATED = {"notice_from": "", "notice_to": "", "meeting_date": "2025-03-01", "approval_date": "", "award_date": "",
         "year": 2025, "unit_code": ""}  # fmt: skip
LATER = ("--clock", "2025-03-05")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return founded(tmp_path / "home")


def sound(folder: Path, *changes: dict[str, object]) -> Path:
    rows = people(*(DATED | change for change in changes or ({}, {})))
    return write_csv(folder / "sound.csv", grid(rows))


def test_the_template_reads_back_with_only_its_sample_row_to_decide(tmp_path: Path) -> None:
    must("roster", "template", "-o", tmp_path / "empty.xlsx")
    said = must("roster", "check", tmp_path / "empty.xlsx")
    assert "须改正 stop 0" in said.out
    assert "sample_row" in said.out


def test_faults_are_told_with_row_column_and_code_and_the_file_is_kept_out(home: Path, tmp_path: Path) -> None:
    file = sound(tmp_path, {}, {"id_number": "220000200002290021"})
    said = call("roster", "import", file, *LATER, "--home", home)
    assert said.code == 1
    assert "证件号码" in said.out and "id_check_digit" in said.out
    assert "220000200002290021" not in said.out
    assert "roster_stopped" in said.err
    assert must("roster", "list", "--home", home).out.count("\n") == 1


@pytest.mark.parametrize("suffix", [".json", ".xlsx"])
def test_the_report_is_written_where_it_was_asked_for(home: Path, tmp_path: Path, suffix: str) -> None:
    file, report = sound(tmp_path, {"level": "高级"}), tmp_path / f"report{suffix}"
    call("roster", "import", file, "--report", report, *LATER, "--home", home)
    assert report.stat().st_size > 200
    if suffix == ".json":
        assert json.loads(report.read_text(encoding="utf-8"))["faults"][0]["code"] == "level_ambiguous"


def test_a_report_of_another_kind_is_wrong_usage(home: Path, tmp_path: Path) -> None:
    said = call("roster", "import", sound(tmp_path), "--report", tmp_path / "r.doc", *LATER, "--home", home)
    assert (said.code, ".xlsx" in said.err) == (2, True)


def test_a_dry_run_writes_nothing(home: Path, tmp_path: Path) -> None:
    said = must("roster", "import", sound(tmp_path), "--dry-run", *LATER, "--home", home)
    assert "entries +2" in said.out
    assert must("roster", "list", "--home", home).out.count("\n") == 1


def test_the_same_file_twice_is_the_same_as_once(home: Path, tmp_path: Path) -> None:
    file = sound(tmp_path)
    assert "R0001" in must("roster", "import", file, *LATER, "--home", home).err
    again = must("roster", "import", file, *LATER, "--home", home)
    assert "已导入过:R0001" in again.err
    assert must("roster", "list", "--home", home).out.count("R000") == 1


def test_who_stands_in_the_register_already_is_named_with_the_roster_and_what_to_do(home: Path, tmp_path: Path) -> None:
    must("roster", "import", sound(tmp_path), *LATER, "--home", home)
    said = must("roster", "import", sound(tmp_path, {"phone": "13000000009"}, {}), *LATER, "--home", home)
    assert "2 people stand in the register already" in said.err
    assert said.out.count("在办 on its way") == said.out.count("R0001") == 2
    assert "nothing was added" in said.err and "certsvc roster check R0001" in said.err
    assert "imported" not in said.err


def test_a_file_with_questions_is_not_said_to_be_importable(tmp_path: Path) -> None:
    must("roster", "template", "-o", tmp_path / "empty.xlsx")
    said = must("roster", "check", tmp_path / "empty.xlsx").err
    assert "1 questions wait for an officer" in said and "the file can be imported" not in said
    assert f"certsvc roster import {tmp_path / 'empty.xlsx'} --officer ID --decide " in said


def test_after_a_dry_run_the_next_command_has_the_decisions_and_goes_through(home: Path, tmp_path: Path) -> None:
    must("keys", "officer", "H1", "--org", "HRSS", "--name", "样章甲", *LATER, "--home", home)
    must("roster", "template", "-o", tmp_path / "empty.xlsx")
    decided = ("--officer", "H1", "--decide", "*:sample_row=accept")
    dry = must("roster", "import", tmp_path / "empty.xlsx", *decided, "--dry-run", *LATER, "--home", home).err
    command = shlex.split(next(line for line in dry.splitlines() if "Next" in line).partition("certsvc ")[2])
    assert "R0001" in must(*command, *LATER).err


def test_a_file_that_added_nothing_says_so_again(home: Path, tmp_path: Path) -> None:
    must("roster", "import", sound(tmp_path), *LATER, "--home", home)
    other = sound(tmp_path, {"phone": "13000000009"}, {})
    must("roster", "import", other, *LATER, "--home", home)
    said = must("roster", "import", other, *LATER, "--home", home).err
    assert "it added nothing, and no roster was made" in said and "imported before" not in said


@pytest.mark.parametrize("command", [("template", "-o"), ("import", "--report")], ids=["template", "report"])
def test_a_folder_that_is_not_there_is_told_as_such(home: Path, tmp_path: Path, command: tuple[str, str]) -> None:
    kind, option = command
    more = (sound(tmp_path), *LATER, "--home", home) if kind == "import" else ()
    said = call("roster", kind, option, tmp_path / "nowhere" / "x.xlsx", *more)
    assert (said.code, "No such file or directory" in said.err) == (1, True)


UNIT = ("--kind", "unit", "--region", "220100", *LATER)


def grant(home: Path, org: str, officer: str) -> None:
    """One officer of the unit, who may do what a unit does."""
    must("keys", "officer", officer, "--org", org, "--name", f"样章{officer}", *LATER, "--home", home)
    must("keys", "grant", org, "--role", "unit", "--document-number", "示例1号", *LATER, "--home", home)


@pytest.mark.parametrize(
    ("named", "options"),
    [({}, ()), ({"unit_code": "112200009999999985"}, ("--uscc", "112200009999999985"))],
    ids=["by its name", "by its code"],
)
def test_a_unit_that_is_enrolled_after_the_import_acts_for_its_people(
    home: Path, tmp_path: Path, named: dict[str, object], options: tuple[str, ...]
) -> None:
    must("roster", "import", sound(tmp_path, named, named), *LATER, "--home", home)
    before = must("roster", "check", "R0001", "--home", home).err
    assert " ".join(("certsvc keys org ID --name '示例研究所'", *options, "--region 220100")) in before
    assert "2 人 people" in before and "keys grant" not in before
    name = "另一名称" if options else "示例研究所"
    must("keys", "org", "U1", "--name", name, *options, *UNIT, "--home", home)
    after = must("roster", "check", "R0001", "--home", home).err
    assert "certsvc keys grant U1 --role unit" in after and "keys org" not in after
    grant(home, "U1", "D1")
    said = must("roster", "check", "R0001", "--people", "--home", home)
    assert "certsvc act unit_notice R0001 --officer D1" in said.err
    assert said.out.count("U1") == 2
    done = must("act", "unit_notice", "R0001", "--officer", "D1", "--clock", "2025-03-06", "--home", home)
    assert "2 人" in done.err


def test_a_name_that_two_units_bear_is_told_apart_by_the_code_in_a_new_file(home: Path, tmp_path: Path) -> None:
    must("roster", "import", sound(tmp_path), *LATER, "--home", home)
    must("keys", "org", "U1", "--name", "示例研究所", *UNIT, "--uscc", "112200009999999985", "--home", home)
    must("keys", "org", "U2", "--name", "示例研究所", *UNIT, "--home", home)
    said = must("roster", "check", "R0001", "--home", home).err
    assert "several offices bear this name" in said and "certsvc roster import NEW.xlsx" in said
    coded = sound(tmp_path, *({"unit_code": "112200009999999985"},) * 2)
    must("keys", "officer", "H1", "--org", "HRSS", "--name", "样章甲", *LATER, "--home", home)
    decided = ("--officer", "H1", "--decide", "*:applies_again=accept")
    assert "R0002" in must("roster", "import", coded, *decided, *LATER, "--home", home).err
    assert must("roster", "check", "R0002", "--people", "--home", home).out.count("U1") == 2


def test_a_misspelt_employer_on_whom_nobody_acted_is_corrected_by_a_new_file(home: Path, tmp_path: Path) -> None:
    must("keys", "org", "U1", "--name", "示例研究所", *UNIT, "--home", home)
    must("keys", "officer", "H1", "--org", "HRSS", "--name", "样章甲", *LATER, "--home", home)
    must("roster", "import", sound(tmp_path, {"unit_name": "示例研究索"}, {}), *LATER, "--home", home)
    told = must("roster", "check", "R0001", "--home", home).err
    assert "示例研究索" in told and "1 人 people" in told and "import the corrected file" in told
    right = sound(tmp_path)
    said = must("roster", "import", right, *LATER, "--home", home)
    assert "单位与在册不同 the register has another employer" in said.out
    assert f"certsvc roster import {right} --officer ID --decide '*:applies_again=accept'" in said.err
    must("roster", "import", right, "--officer", "H1", "--decide", "*:applies_again=accept", *LATER, "--home", home)
    assert "taken in anew: 1, on R0002" in must("roster", "check", "R0001", "--home", home).err
    assert "U1" in must("roster", "check", "R0002", "--people", "--home", home).out


def test_an_employer_is_changed_by_no_file_once_it_has_acted(home: Path, tmp_path: Path) -> None:
    must("keys", "org", "U1", "--name", "示例研究所", *UNIT, "--home", home)
    grant(home, "U1", "D1")
    must("roster", "import", sound(tmp_path), *LATER, "--home", home)
    must("act", "unit_notice", "R0001", "--officer", "D1", "--clock", "2025-03-06", "--home", home)
    said = must("roster", "import", sound(tmp_path, *({"unit_name": "示例二所"},) * 2), *LATER, "--home", home)
    assert said.out.count("在办 on its way") == 2


def test_an_open_question_keeps_the_file_out_until_a_named_officer_answers(home: Path, tmp_path: Path) -> None:
    must("keys", "officer", "H1", "--org", "HRSS", "--name", "样章甲", *LATER, "--home", home)
    file = sound(
        tmp_path, {"title": "高级工程师", "id_number": "220000198506150012"}, {"unit_code": "112200009999999980"}
    )
    said = call("roster", "import", file, *LATER, "--home", home)
    assert (said.code, "decisions_open" in said.err) == (1, True)
    key = next(line.split()[0] for line in said.out.splitlines() if "uscc_wrong" in line and ":uscc_wrong" in line)
    unnamed = call("roster", "import", file, "--decide", f"{key}=accept", *LATER, "--home", home)
    assert (unnamed.code, "--officer" in unnamed.err) == (2, True)
    must("roster", "import", file, "--decide", f"{key}=accept", "--officer", "H1", *LATER, "--home", home)


def test_a_workbook_is_refused_before_it_is_read_when_it_holds_formulas(home: Path, tmp_path: Path) -> None:
    lines = grid(people(DATED))
    lines[1][3] = {"formula": "=1+1"}
    book = write_book(tmp_path / "formula.xlsx", {"名单": lines})
    said = call("roster", "import", book, *LATER, "--home", home)
    assert said.code == 1
    assert must("roster", "list", "--home", home).out.count("\n") == 1


def test_a_roster_nobody_knows_is_not_found(home: Path) -> None:
    said = call("roster", "check", "R9999", "--home", home)
    assert (said.code, "certsvc roster list" in said.err) == (1, True)


def test_a_file_to_check_must_exist() -> None:
    assert call("roster", "check", "no-such.xlsx").code == 2


# --- photos --------------------------------------------------------------------------------------------------------


def portrait(path: Path) -> Path:
    memory = io.BytesIO()
    Image.new("RGB", (295, 413), "lightgrey").save(memory, "JPEG")
    path.write_bytes(memory.getvalue())
    return path


def test_photos_are_named_by_row_and_kept(home: Path, tmp_path: Path) -> None:
    must("roster", "import", sound(tmp_path), *LATER, "--home", home)
    portrait(tmp_path / "a.jpg")
    listing = tmp_path / "photos.csv"
    listing.write_text("row,file\n2,a.jpg\n", encoding="utf-8")
    assert "已保存 1 张照片" in must("roster", "photos", "R0001", listing, "--home", home).err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("99,a.jpg", "第 99 行"),
        ("2,missing.jpg", "文件无法读取"),
        ("2,../outside.jpg", "列表所在目录内"),
        ("2,text.jpg", "图片"),
    ],
    ids=["no such row", "no such file", "outside the folder", "not a picture"],
)
def test_a_photo_that_cannot_be_used_is_told_with_its_row(home: Path, tmp_path: Path, line: str, words: str) -> None:
    must("roster", "import", sound(tmp_path), *LATER, "--home", home)
    folder = tmp_path / "photos"
    folder.mkdir()
    portrait(folder / "a.jpg")
    portrait(tmp_path / "outside.jpg")
    (folder / "text.jpg").write_text("no picture", encoding="utf-8")
    (folder / "list.csv").write_text(f"row,file\n{line}\n", encoding="utf-8")
    said = call("roster", "photos", "R0001", folder / "list.csv", "--home", home)
    assert (said.code, words in said.out) == (1, True), said.out


def test_a_photo_list_needs_its_header(home: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("2,a.jpg\n", encoding="utf-8")
    said = call("roster", "photos", "R0001", tmp_path / "list.csv", "--home", home)
    assert (said.code, "photo_list" in said.err) == (1, True)
