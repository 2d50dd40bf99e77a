"""The report of an import: what is wrong in which row and column, as .xlsx, .json or a table (domain.md 6.3).

A spreadsheet must never run what somebody typed as a name (threats.md H7), and identity numbers are masked, because a
report is mailed further than the roster; the row number finds the cell.
"""

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xlsxwriter

from certsvc.register.columns import BY_KEY
from certsvc.register.faults import RULES, RowFault
from certsvc.register.roster_rows import RosterFile

HEADERS = ("工作表", "行", "列", "代码", "处理", "说明", "Message", "原值", "读作")
WIDTHS = (12, 7, 16, 24, 8, 50, 50, 24, 24)
ACTIONS_ZH = {"stop": "须改正", "decide": "待确认", "fixed": "已处理"}
#: A cell that begins so may be taken for a formula; the wide forms too, since programs fold them (threats.md H7).
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
MASKED_COLUMNS = frozenset({BY_KEY["id_number"].zh, BY_KEY["phone"].zh})
#: Excel's own limit is 1,048,576; nobody reads that many.
SHEET_ROWS = 60_000


def safe_cell(text: str) -> str:
    """`text` with an apostrophe in front where a spreadsheet might run it; `normalise` takes it off again."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def mask_number(text: str) -> str:
    """The first three and last four characters of a number; nothing of one that is shorter than twelve but stars."""
    return text[:3] + "*" * (len(text) - 7) + text[-4:] if len(text) >= 12 else "*" * len(text)


def fault_rows(file: RosterFile) -> Iterator[dict[str, Any]]:
    """The faults as they may leave the house: one member for each field of RowFault, numbers masked."""
    for fault in file.faults:
        hide = mask_number if fault.column in MASKED_COLUMNS else str
        yield {
            "sheet": fault.sheet,
            "row": fault.row,
            "column": fault.column,
            "code": fault.code,
            "action": fault.action,
            "zh": fault.zh,
            "en": fault.en,
            "raw": hide(fault.raw),
            "value": hide(fault.value),
        }


def summary(file: RosterFile) -> dict[str, Any]:
    """The report without its lines: file, counts by code and by action. Holds nothing personal."""
    counts = dict(sorted((file.counts or {}).items()))
    actions = dict.fromkeys(ACTIONS_ZH, 0)
    for code, number in counts.items():
        actions[RULES[code].action] += number
    head = {"file": file.name, "sha256": file.sha256, "rows": file.total, "good_rows": len(file.rows)}
    return head | {"stopped": file.stopped, "actions": actions, "codes": counts}


def write_json(file: RosterFile, path: Path) -> None:
    """Writes the report to `path` as one JSON object: `summary` and the list `faults`."""
    body = summary(file) | {"faults": list(fault_rows(file))}
    path.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_xlsx(file: RosterFile, path: Path) -> None:
    """Writes the report to `path` as a workbook of typed text cells; at most 60,000 faults."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with path.open("wb") as target, xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet("问题")
        bold = book.add_format({"bold": True})
        for position, (word, width) in enumerate(zip(HEADERS, WIDTHS, strict=True)):
            sheet.set_column(position, position, width)
            sheet.write_string(0, position, word, bold)
        sheet.freeze_panes(1, 0)
        for number, cells in zip(range(1, SHEET_ROWS + 1), fault_rows(file), strict=False):
            cells["action"] = ACTIONS_ZH[cells["action"]]
            for position, cell in enumerate(cells.values()):
                if position == 1:
                    sheet.write_number(number, position, cell)
                else:
                    sheet.write_string(number, position, safe_cell(cell))


def fault_table(faults: list[RowFault], limit: int = 50) -> str:
    """A plain table for a terminal: what stops first, `limit` lines, then how many more. Without the cells' content."""
    order = {action: rank for rank, action in enumerate(ACTIONS_ZH)}
    chosen = sorted(faults, key=lambda fault: (order[fault.action], fault.sheet, fault.row))
    lines = [
        f"{_pad(ACTIONS_ZH[fault.action], 8)}{_pad(fault.sheet, 12)}{fault.row:>7}  {_pad(fault.column, 18)}"
        f"{_printable(fault.zh)} ({fault.code})"
        for fault in chosen[:limit]
    ]
    more = [f"… 另有 {len(faults) - limit} 条"] if len(faults) > limit else []
    return "\n".join([*lines, *more])


def _printable(text: str) -> str:
    # A header or sheet name may hold escape codes that a terminal would obey.
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _pad(text: str, width: int) -> str:
    """`text` filled up to `width` columns of a terminal; wide characters take two."""
    shown = _printable(text)
    taken = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in shown)
    return shown + " " * max(1, width - taken)
