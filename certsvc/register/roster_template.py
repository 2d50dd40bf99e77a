"""Writes the empty roster with its headers, drop-downs and one invented row (domain.md 6.1)."""

from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from certsvc import resources
from certsvc.core.titles import LEVELS
from certsvc.register.columns import COLUMNS, Column

ROSTER_SHEET, HELP_SHEET, CHOICE_SHEET = "名单", "填写说明", "选项"
#: Rows that the text format and the drop-downs reach.
PREPARED_ROWS = 5000
#: Cells of these kinds lose digits, or become serial numbers, unless they are text.
TEXT_KINDS = frozenset({"id", "uscc", "digits", "date", "term", "ban", "ban_end", "text", "name", "unit"})
NUMBER_KINDS = frozenset({"count", "hours", "year"})
#: The built-in format "@" (ECMA-376 18.8.30).
TEXT_FORMAT = 49
TEMPLATE = tuple(column for column in COLUMNS if column.template)
WIDTHS = {"id": 22, "uscc": 22, "unit": 26, "date": 13, "count": 7, "sex": 7, "year": 9}

KIND_HELP: dict[str, str] = {
    "id": "按文本填写,不能是数字格式;15 位旧号照填",
    "id_kind": "从下拉中选择;不填时按号码识别居民身份证",
    "date": "2022-09-30;只知道年月的写 2022-09",
    "term": "长期有效的留空;否则写到日",
    "year": "四位年份",
    "name": "少数民族姓名的间隔号用 ·(U+00B7)",
    "uscc": "18 位;没有的留空",
    "region": "区划名称或代码,见“选项”",
    "series": "系列名称或编号,见“选项”",
    "level": "正高级、副高级、中级、助理级、员级",
    "track": "从下拉中选择,或填 T01 等代码",
    "count": "整数",
    "passed": "通过 或 不通过",
    "hours": "评审年度完成的学时,整数;2023 年度起必填(每年不少于 90 学时,其中专业科目不少于三分之二)",
    "ban": "没有的写“无”,不能留空;有的写起始日",
    "ban_end": "截止日,或年数如 3年;没有限制或尚未决定的留空",
}
#: The same for one column, where its kind does not say enough.
COLUMN_HELP: dict[str, str] = {
    "current_title": "照目录写全称,不能留空;没有职称的写“无”;目录中没有的,在后面注明级别,如 高工(副高级)",
    "region": "区划名称或代码,见“选项”;乡村人才写本人所在的县(市、区)",
}
RULES_HELP = (
    "一行一人;表头在前 4 行内,列的次序不限,可以增减非必填列。",
    "不要使用公式、宏、外部链接;“同上”和合并单元格会按上一行填充,姓名和证件号码除外。",
    "导入前先检查:certsvc roster check 文件;报告逐条写明行、列和原因。",
)


def write_template(path: Path) -> None:
    """Writes the template as .xlsx to `path`, replacing what is there. The sample row must be deleted by the user."""
    with (
        path.open("wb") as file,
        xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False}) as book,
    ):
        formats = {
            True: book.add_format({"bold": True, "bg_color": "#FCE4D6", "border": 1, "text_wrap": True}),
            False: book.add_format({"bold": True, "bg_color": "#E2EFDA", "border": 1, "text_wrap": True}),
        }
        sheet = book.add_worksheet(ROSTER_SHEET)
        _write_roster(sheet, formats, book.add_format({"num_format": TEXT_FORMAT}))
        _write_help(book.add_worksheet(HELP_SHEET), formats[False])
        lists = _choice_lists()
        _write_choices(book.add_worksheet(CHOICE_SHEET), lists, formats[False])
        for position, column in enumerate(TEMPLATE):
            _add_choices(sheet, position, column, lists)


def _write_roster(sheet: Worksheet, formats: dict[bool, Format], text: Format) -> None:
    sheet.freeze_panes(1, 4)
    sheet.set_row(0, 32)
    for position, column in enumerate(TEMPLATE):
        style = text if column.kind in TEXT_KINDS else None
        sheet.set_column(position, position, WIDTHS.get(column.kind, 14), style)
        sheet.write_string(0, position, column.zh, formats[column.required])
        if column.kind in NUMBER_KINDS and column.example:
            sheet.write_number(1, position, int(column.example))
        elif column.example:
            sheet.write_string(1, position, column.example, style)


def _write_help(sheet: Worksheet, header: Format) -> None:
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 8)
    sheet.set_column(2, 3, 44)
    for position, word in enumerate(("列", "必填", "填写方法", "示例(虚构)")):
        sheet.write_string(0, position, word, header)
    for row, column in enumerate(TEMPLATE, start=1):
        cells = (
            column.zh,
            "是" if column.required else "",
            COLUMN_HELP.get(column.key, KIND_HELP.get(column.kind, "")),
            column.example,
        )
        for position, cell in enumerate(cells):
            sheet.write_string(row, position, cell)
    for row, line in enumerate(RULES_HELP, start=len(TEMPLATE) + 2):
        sheet.write_string(row, 0, line)


def _choice_lists() -> dict[str, list[str]]:
    """Kind of column -> the words of a list that is too long for a drop-down of its own (255 characters)."""
    series = [zh for zh, _en in resources.titles().series.values()]
    return {"series": series, "region": [region.name_zh for region in resources.regions().values()]}


def _write_choices(sheet: Worksheet, lists: dict[str, list[str]], header: Format) -> None:
    sheet.set_column(0, len(lists), 32)
    for position, (kind, words) in enumerate(lists.items()):
        sheet.write_string(0, position, {"series": "系列", "region": "地区"}[kind], header)
        for row, word in enumerate(words, start=1):
            sheet.write_string(row, position, word)


def _add_choices(sheet: Worksheet, position: int, column: Column, lists: dict[str, list[str]]) -> None:
    words: tuple[str, ...] = column.choices
    source: object = list(words)
    if column.kind == "level":
        source = [level.zh for level in LEVELS]
    elif column.kind in lists:
        letter = "AB"[list(lists).index(column.kind)]
        source = f"={CHOICE_SHEET}!${letter}$2:${letter}${len(lists[column.kind]) + 1}"
    if source:
        # A warning and not a refusal: codes and other known words may be typed as well.
        options = {"validate": "list", "source": source, "error_type": "warning"}
        sheet.data_validation(1, position, PREPARED_ROWS, position, options)
