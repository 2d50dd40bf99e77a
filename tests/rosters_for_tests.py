"""Roster files for tests: one sound invented row, and ways to write it as .xlsx or .csv with some cells changed."""

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from certsvc import resources
from certsvc.register.columns import BY_KEY, COLUMNS
from certsvc.register.roster_reader import read_roster
from certsvc.register.roster_rows import RosterFile

TODAY = date(2026, 11, 1)
SOUND: dict[str, Any] = {
    column.key: int(column.example) if column.kind in ("count", "year") and column.example else column.example
    for column in COLUMNS
    if column.key != "remark"
} | {"current_since": "2017-09-01"}
#: Further people who are not Zhang: number, name, sex, birth.
OTHERS = (
    {"id_number": "22000020000229002X", "name": "李示例", "sex": "女", "birth": "2000-02-29"},
    {"id_number": "22000019880808003X", "name": "王示例", "sex": "男", "birth": "1988-08-08"},
    {"id_number": "220000196803071231", "name": "赵示例", "sex": "男", "birth": "1968-03-07"},
)


def people(*changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row for each of `changes`, each a different person unless it says otherwise."""
    bases = [SOUND, *(SOUND | other for other in OTHERS)]
    return [base | dict(change) for base, change in zip(bases, changes, strict=False)]


def header(keys: Iterable[str]) -> list[str]:
    return [BY_KEY[key].zh for key in keys]


def grid(rows: list[dict[str, Any]]) -> list[list[Any]]:
    """Header and rows, columns in the order of the first row."""
    keys = list(rows[0])
    return [header(keys), *([row.get(key, "") for key in keys] for row in rows)]


def write_book(path: Path, sheets: Mapping[str, list[list[Any]]], **options: Any) -> Path:
    """An .xlsx with typed cells: str as text, int and float as numbers, date as a date cell, {"formula": …}."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False} | options) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, lines in sheets.items():
            sheet = book.add_worksheet(name)
            for at, line in enumerate(lines):
                for position, cell in enumerate(line):
                    if isinstance(cell, dict) and "formula" in cell:
                        sheet.write_formula(at, position, cell["formula"], None, cell.get("value", 0))
                    elif isinstance(cell, dict) and "date" in cell:
                        sheet.write_datetime(at, position, date.fromisoformat(cell["date"]), day)
                    elif cell is not None and cell != "":
                        sheet.write(at, position, cell)
    return path


def write_csv(path: Path, lines: list[list[Any]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(lines)
    return path


def read(path: Path, **options: Any) -> RosterFile:
    """The file as read with the shipped catalogues on TODAY."""
    return read_roster(path, titles=resources.titles(), regions=resources.regions(), today=TODAY, **options)


def read_rows(folder: Path, *changes: Mapping[str, Any], **options: Any) -> RosterFile:
    """A workbook of `people(*changes)`, written and read."""
    return read(write_book(folder / "roster.xlsx", {"名单": grid(people(*changes))}), **options)


def codes(file: RosterFile) -> list[tuple[str, str]]:
    """(code, action) of every fault, sorted."""
    return sorted((fault.code, fault.action) for fault in file.faults)
