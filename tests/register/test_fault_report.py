"""Reports that run nothing and tell no identity number."""

import json
import zipfile
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from rosters_for_tests import read_rows

from certsvc.register.fault_report import fault_table, mask_number, safe_cell, summary, write_json, write_xlsx
from certsvc.register.faults import FaultLog

BAD_NUMBER = "220000198506150013"


@pytest.mark.parametrize("start", list("=+-@\t\r＝＋－＠"))
def test_a_cell_that_looks_like_a_formula_gets_an_apostrophe(start: str) -> None:
    assert safe_cell(f"{start}1") == f"'{start}1"


def test_other_cells_stay_as_they_are() -> None:
    assert safe_cell("张=示例") == "张=示例" and safe_cell("") == ""


def test_a_number_shows_three_and_four_characters() -> None:
    assert mask_number("220000198506150012") == "220***********0012"
    assert mask_number("E12345678") == "*********"


def test_the_workbook_holds_typed_text_and_masked_numbers(tmp_path: Path) -> None:
    evil = '=HYPERLINK("http://evil.invalid","x")'
    file = read_rows(tmp_path, {"id_number": BAD_NUMBER}, {"region": evil})
    write_xlsx(file, tmp_path / "report.xlsx")
    with zipfile.ZipFile(tmp_path / "report.xlsx") as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    header, *lines = CalamineWorkbook.from_path(tmp_path / "report.xlsx").get_sheet_by_index(0).to_python()
    assert header[:4] == ["工作表", "行", "列", "代码"]
    assert [line[1:5] for line in lines] == [
        [2.0, "证件号码", "id_check_digit", "须改正"],
        [3.0, "所在地(区划)", "region_unknown", "须改正"],
    ]
    assert lines[0][7] == "220***********0013" and lines[1][7] == "'" + evil


def test_the_json_counts_and_lists_without_numbers(tmp_path: Path) -> None:
    file = read_rows(tmp_path, {"id_number": BAD_NUMBER}, {"unit_name": " 示例研究所"})
    write_json(file, tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text(encoding="utf-8")
    report = json.loads(text)
    assert BAD_NUMBER not in text
    assert report["actions"] == {"stop": 1, "decide": 0, "fixed": 1}
    assert (report["rows"], report["good_rows"], report["stopped"]) == (2, 1, True)
    assert [(fault["row"], fault["code"]) for fault in report["faults"]] == [(2, "id_check_digit"), (3, "trimmed")]
    assert summary(file).items() <= report.items()


def test_the_table_begins_with_what_stops_and_says_how_much_more(tmp_path: Path) -> None:
    file = read_rows(tmp_path, {"unit_name": " 示例研究所"}, {"region": "示例市"})
    first, second = fault_table(file.faults, limit=1).splitlines()
    assert "region_unknown" in first and "另有 1 条" in second
    assert BAD_NUMBER not in fault_table(read_rows(tmp_path, {"id_number": BAD_NUMBER}).faults)


def test_the_table_sends_no_escape_codes_to_a_terminal() -> None:
    log = FaultLog()
    log.add("column_unknown", "名单\x1b[2J", 1, detail="\x1b]0;x\x07")
    assert "\x1b" not in fault_table(log.faults) and "\x07" not in fault_table(log.faults)
