"""The template is itself a sound roster."""

import zipfile
from pathlib import Path

from python_calamine import CalamineWorkbook
from rosters_for_tests import codes, read

from certsvc import resources
from certsvc.register.columns import COLUMNS
from certsvc.register.roster_template import write_template


def test_the_template_reads_as_one_invented_person(tmp_path: Path) -> None:
    write_template(tmp_path / "t.xlsx")
    file = read(tmp_path / "t.xlsx")
    assert codes(file) == [("date_imprecise", "fixed"), ("sample_row", "decide")]
    assert [row.name for row in file.rows] == ["张示例"]


def test_identity_columns_are_text_for_new_rows_too(tmp_path: Path) -> None:
    write_template(tmp_path / "t.xlsx")
    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    position = [column.key for column in COLUMNS].index("id_number") + 1
    style = sheet.partition(f'<col min="{position}" max="{position}"')[2].partition("/>")[0]
    assert 'style="' in style
    # Number format 49 is the built-in "@" (ECMA-376 18.8.30).
    index = int(style.partition('style="')[2].partition('"')[0])
    formats = styles.partition("<cellXfs")[2].partition("</cellXfs>")[0].split("<xf ")[1:]
    assert 'numFmtId="49"' in formats[index]


def test_drop_downs_offer_what_the_reader_knows(tmp_path: Path) -> None:
    write_template(tmp_path / "t.xlsx")
    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        choices = archive.read("xl/sharedStrings.xml").decode()
    assert sheet.count("<dataValidation ") == sum(
        bool(column.choices) or column.kind in ("level", "series", "region") for column in COLUMNS
    )
    assert all(zh in choices for zh, _en in resources.titles().series.values())
    assert all(region.name_zh in choices for region in resources.regions().values())


def test_the_help_says_how_a_present_title_is_written(tmp_path: Path) -> None:
    write_template(tmp_path / "t.xlsx")
    lines = CalamineWorkbook.from_path(tmp_path / "t.xlsx").get_sheet_by_name("填写说明").to_python()
    (said,) = (line[2] for line in lines if line[0] == "现职称")
    assert "“无”" in str(said) and "高工(副高级)" in str(said)
