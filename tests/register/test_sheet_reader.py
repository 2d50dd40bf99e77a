"""Where the people of a file are: headers, merges, ends, hidden parts, encodings."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from rosters_for_tests import SOUND, codes, grid, people, read, write_book, write_csv

from certsvc.core.errors import Malformed, Refused
from certsvc.register.sheet_guard import Limits
from certsvc.register.sheet_slices import SLICE_ROWS

TWO = grid(people({}, {}))
WIDTH = len(TWO[0])


def names(path: Path) -> list[str]:
    return [row.name for row in read(path).rows]


@pytest.mark.parametrize("above", [0, 1, 2, 3])
def test_the_header_may_stand_under_titles(above: int, tmp_path: Path) -> None:
    titles: list[list[Any]] = [[f"示例名单 {number}"] for number in range(above)]
    file = read(write_book(tmp_path / "r.xlsx", {"名单": titles + TWO}))
    assert [row.position for row in file.rows] == [("名单", above + 2), ("名单", above + 3)]


def test_a_header_on_row_five_is_not_looked_for(tmp_path: Path) -> None:
    file = read(write_book(tmp_path / "r.xlsx", {"名单": [["题"], ["题"], ["题"], ["题"], *TWO]}))
    assert codes(file) == [("no_rows", "stop"), ("sheet_without_header", "decide")]


def test_a_merged_title_over_the_header_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("名单")
        sheet.merge_range(0, 0, 0, WIDTH - 1, "示例评审结果名单")
        for at, line in enumerate(TWO, start=1):
            sheet.write_row(at, 0, line)
    assert codes(read(path)) == [] and len(names(path)) == 2


def test_a_header_of_two_rows_is_read_from_the_lower_one(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    votes = [TWO[0].index(word) for word in ("应到", "实到", "同意", "反对", "弃权")]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("名单")
        sheet.merge_range(0, votes[0], 0, votes[-1], "表决情况")
        for position, word in enumerate(TWO[0]):
            if position in votes:
                sheet.write(1, position, word)
            else:
                sheet.merge_range(0, position, 1, position, word)
        for at, line in enumerate(TWO[1:], start=2):
            sheet.write_row(at, 0, line)
    file = read(path)
    assert codes(file) == [] and [row.present for row in file.rows] == [21, 21]


def test_a_merged_unit_is_filled_and_a_merged_name_is_not(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    unit, name = TWO[0].index("工作单位"), TWO[0].index("姓名")
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("名单")
        for at, line in enumerate(TWO):
            sheet.write_row(at, 0, line)
        sheet.merge_range(1, unit, 2, unit, "示例合并所")
    file = read(path)
    assert [row.unit_name for row in file.rows] == ["示例合并所", "示例合并所"]
    assert codes(file) == [("merged_filled", "fixed")]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("名单")
        for at, line in enumerate(TWO):
            sheet.write_row(at, 0, line)
        sheet.merge_range(1, name, 2, name, "张示例")
    assert ("ditto_in_key", "stop") in codes(read(path))


def test_a_merge_beyond_the_last_column_is_filled_too(tmp_path: Path) -> None:
    """The column of the merged cell is empty in the slice where the merge ends."""
    path = tmp_path / "r.xlsx"
    keys = [key for key in SOUND if key != "unit_name"]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("名单")
        far = SLICE_ROWS + 1
        for at, line in ((0, [*TWO[0], "x"]), (1, None), (far, None)):
            base = SOUND if at == 1 else people({}, {})[1]
            cells = line or [base[key] for key in keys]
            sheet.write_row(at, 0, cells if line is None else [*grid([{k: SOUND[k] for k in keys}])[0], "工作单位"])
        sheet.merge_range(1, len(keys), far, len(keys), "示例合并所")
    assert [row.unit_name for row in read(path).rows] == ["示例合并所", "示例合并所"]


@pytest.mark.parametrize(
    "footer",
    [
        ["合计", "", "", "2人"],
        ["", "", "", "合计:2人"],
        ["共 2 人"],
        ["填表人:示例", "", "审核人:示例"],
        ["示例评审委员会(盖章)"],
        ["示例评审委员会（公章）"],
        ["", "", "2022年9月30日"],
        ["注:本表一式三份"],
    ],
)
def test_a_totals_or_seal_line_is_no_person(footer: list[str], tmp_path: Path) -> None:
    file = read(write_book(tmp_path / "r.xlsx", {"名单": [*TWO, footer]}))
    assert codes(file) == [("footer_skipped", "fixed")] and len(file.rows) == 2


def test_a_merged_totals_line_is_no_person(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("名单")
        for at, line in enumerate(TWO):
            sheet.write_row(at, 0, line)
        sheet.merge_range(3, 0, 3, WIDTH - 1, "合计 2 人")
    assert codes(read(path)) == [("footer_skipped", "fixed")]


def test_a_total_that_is_not_the_number_of_rows_stops_the_file(tmp_path: Path) -> None:
    file = read(write_book(tmp_path / "r.xlsx", {"名单": [*TWO, ["合计", "3人"]]}))
    assert ("total_mismatch", "stop") in codes(file) and "3 ≠ 2" in file.faults[-1].zh + file.faults[0].zh


def test_a_person_without_name_is_not_taken_for_a_footer(tmp_path: Path) -> None:
    file = read(write_book(tmp_path / "r.xlsx", {"名单": grid(people({}, {"name": "", "id_number": ""}))}))
    assert [fault.column for fault in file.faults] == ["姓名", "证件号码"] and file.stopped


def test_a_person_with_a_number_is_none_however_the_row_begins(tmp_path: Path) -> None:
    file = read(write_book(tmp_path / "r.xlsx", {"名单": grid(people({"serial": "注:补报"}, {}))}))
    assert (codes(file), len(file.rows)) == ([], 2)


def test_a_name_without_number_is_a_fault_whatever_the_remark(tmp_path: Path) -> None:
    file = read(write_book(tmp_path / "r.xlsx", {"名单": grid(people({"remark": "注:补报", "id_number": ""}))}))
    assert codes(file) == [("required_missing", "stop")]


def test_a_merge_in_an_unknown_column_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("名单")
        for at, line in enumerate(TWO):
            sheet.write_row(at, 0, line)
        sheet.merge_range(1, WIDTH + 2, 2, WIDTH + 2, "随便")
    assert (codes(read(path)), len(names(path))) == ([], 2)


def test_a_row_whose_only_cell_is_hidden_under_a_merge_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("名单")
        for at, line in enumerate(TWO):
            sheet.write_row(at, 0, line)
        unit = TWO[0].index("工作单位")
        sheet.merge_range(2, unit, 3, unit, TWO[2][unit])
        sheet.write(3, unit, "示例所")
    assert (codes(read(path)), len(names(path))) == ([], 2)


def test_rows_with_nothing_but_a_serial_are_empty(tmp_path: Path) -> None:
    file = read(write_book(tmp_path / "r.xlsx", {"名单": [*TWO, ["3"], [4], ["", "", ""]]}))
    assert codes(file) == [] and file.total == 2


def test_all_sheets_are_read(tmp_path: Path) -> None:
    first, second = grid(people({})), grid([people({}, {})[1]])
    file = read(write_book(tmp_path / "r.xlsx", {"工程": first, "经济": second}))
    assert [row.position for row in file.rows] == [("工程", 2), ("经济", 2)]


def test_a_sheet_without_header_waits_for_a_decision(tmp_path: Path) -> None:
    file = read(write_book(tmp_path / "r.xlsx", {"名单": TWO, "草稿": [["随便"]]}))
    assert codes(file) == [("sheet_without_header", "decide")]
    assert codes(read(write_book(tmp_path / "r.xlsx", {"名单": TWO, "填写说明": [["说明"]], "空": []}))) == []


def test_hidden_parts_are_noted_and_a_hidden_sheet_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("名单")
        for at, line in enumerate(TWO):
            sheet.write_row(at, 0, line)
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column(4, 5, None, None, {"hidden": True})
        other = book.add_worksheet("暗表")
        for at, line in enumerate(TWO):
            other.write_row(at, 0, line)
        other.hide()
    file = read(path)
    assert codes(file) == [("hidden_columns", "fixed"), ("hidden_rows", "fixed"), ("sheet_hidden", "decide")]
    details = {fault.code: fault.en for fault in file.faults}
    assert "5-6" in details["hidden_columns"] and ": 3" in details["hidden_rows"]
    assert len(file.rows) == 2


def test_a_missing_required_column_is_named(tmp_path: Path) -> None:
    rows = [{key: value for key, value in row.items() if key != "region"} for row in people({})]
    file = read(write_book(tmp_path / "r.xlsx", {"名单": grid(rows)}))
    assert [(fault.code, fault.column) for fault in file.faults] == [
        ("column_missing", "所在地(区划)"),
        ("required_missing", "所在地(区划)"),
    ]


def test_unknown_and_doubled_columns_are_told(tmp_path: Path) -> None:
    lines = [[*line, extra, again] for line, extra, again in zip(TWO, ("籍贯", "", ""), ("姓 名", "", ""), strict=True)]
    assert codes(read(write_book(tmp_path / "r.xlsx", {"名单": lines}))) == [
        ("column_twice", "stop"),
        ("column_unknown", "fixed"),
    ]


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    lines = [line[::-1] for line in TWO]
    assert names(write_book(tmp_path / "r.xlsx", {"名单": lines})) == ["张示例", "李示例"]


def test_row_numbers_hold_across_slices(tmp_path: Path) -> None:
    gap: list[list[Any]] = [[] for _ in range(2 * SLICE_ROWS)]
    file = read(write_book(tmp_path / "r.xlsx", {"名单": [*TWO[:2], *gap, TWO[2]]}))
    assert [row.position[1] for row in file.rows] == [2, 2 * SLICE_ROWS + 3]


def test_a_table_that_begins_in_column_c_is_read(tmp_path: Path) -> None:
    lines = [["", "", *line] for line in TWO]
    assert names(write_book(tmp_path / "r.xlsx", {"名单": lines})) == ["张示例", "李示例"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_a_csv_is_read_in_its_encoding(encoding: str, tmp_path: Path) -> None:
    file = read(write_csv(tmp_path / "r.csv", grid(people({}, {"name": "李例"})), encoding))
    assert [row.name for row in file.rows] == ["张示例", "李例"]
    expected = [("csv_gb18030", "fixed")] if encoding.startswith("gb") else []
    assert codes(file) == expected


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_csv_may_use_other_delimiters(delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("\n".join(delimiter.join(map(str, line)) for line in TWO), encoding="utf-8")
    assert names(path) == ["张示例", "李示例"]


def test_a_csv_in_no_known_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes("姓名,性别\n".encode() + b"\xff\xff\n")
    with pytest.raises(Malformed, match="csv_encoding"):
        read(path)


def test_a_csv_formula_stops_and_its_text_form_does_not(tmp_path: Path) -> None:
    rows = people({"id_number": '="220000198506150012"'}, {"unit_name": "=1+1"})
    file = read(write_csv(tmp_path / "r.csv", grid(rows)))
    assert [(fault.row, fault.column, fault.code) for fault in file.faults] == [(3, "工作单位", "csv_formula")]
    assert file.rows[0].id_number == "220000198506150012"


def test_a_csv_row_number_counts_records_and_not_lines(tmp_path: Path) -> None:
    rows = people({"remark": "第一行\n第二行"}, {"unit_name": ""})
    rows[1]["remark"] = ""
    file = read(write_csv(tmp_path / "r.csv", grid(rows)))
    assert [(fault.row, fault.code) for fault in file.faults if fault.action == "stop"] == [(3, "required_missing")]


def test_a_csv_with_too_many_rows_or_columns_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", TWO)
    with pytest.raises(Refused, match="too_many_rows"):
        read(path, limits=Limits(rows=1, spare_rows=1))
    with pytest.raises(Refused, match="xlsx_bomb"):
        read(write_csv(path, [["x"] * 703]))


def test_a_csv_field_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text('姓名,"' + "长" * 140_000, encoding="utf-8")
    with pytest.raises(Malformed, match="csv_form"):
        read(path)


def test_the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    path = write_book(tmp_path / "r.xlsx", {"名单": TWO})
    before = read(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"x"
    after = read(path)
    assert before.sha256 != after.sha256 and len(before.sha256) == 64 and before.rows == after.rows
