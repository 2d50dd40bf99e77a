"""Opens a roster file as grids of raw cells: .xlsx by python-calamine, .csv in UTF-8 or GB18030 (domain.md 6.2)."""

import codecs
import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from certsvc.core.errors import Malformed
from certsvc.register.faults import FaultLog
from certsvc.register.sheet_guard import LIMITS, Limits, complaint, file_kind
from certsvc.register.sheet_slices import MAX_COLUMNS, Merge, SheetFacts, slice_workbook

Line = tuple[int, list[object]]


@dataclass(frozen=True)
class BadCell:
    """A cell that cannot be used at all; `code` is the fault and `raw` what stood there."""

    code: str
    raw: str


@dataclass(frozen=True)
class Grid:
    """One sheet. `lines` gives (row number as the spreadsheet shows it, cells from column A), without empty rows."""

    name: str
    lines: Callable[[], Iterator[Line]]
    visible: bool = True
    merges: tuple[Merge, ...] = ()
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()


@dataclass(frozen=True)
class Source:
    """A file that is open for reading."""

    grids: tuple[Grid, ...]
    total: int
    """How many rows there are, headers and titles among them."""
    date1904: bool = False


@contextmanager
def open_source(path: Path, log: FaultLog, limits: Limits = LIMITS) -> Iterator[Source]:
    """The grids of `path` while the block runs. Raises Refused or Malformed before anything is parsed."""
    opener = {"xlsx": _open_workbook, "csv": _open_csv}[file_kind(path, limits)]
    with opener(path, log, limits) as source:
        yield source


@contextmanager
def _open_workbook(path: Path, log: FaultLog, limits: Limits) -> Iterator[Source]:
    with tempfile.TemporaryDirectory(prefix="certsvc-roster-") as folder:
        sliced = slice_workbook(path, Path(folder), limits)
        with _readable(path.name), CalamineWorkbook.from_path(sliced.path) as workbook:
            grids = tuple(_sheet_grid(workbook, sheet, path.name) for sheet in sliced.sheets)
            yield Source(grids, sliced.rows, sliced.date1904)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except CalamineError as error:
        raise complaint("xlsx_xml", name) from error


def _sheet_grid(workbook: CalamineWorkbook, sheet: SheetFacts, file: str) -> Grid:
    def lines() -> Iterator[Line]:
        for name in sheet.slices:
            with _readable(f"{file} {sheet.name}"):
                part = workbook.get_sheet_by_name(name)
                rows = part.to_python()
            top, left = part.start or (0, 0)
            margin: list[object] = [""] * left
            for number, row in enumerate(rows, start=top + 1):
                if any(cell != "" for cell in row):
                    yield number, margin + row

    hidden = (tuple(sheet.hidden_rows), tuple(sheet.hidden_columns))
    return Grid(sheet.name, lines, sheet.visible, tuple(sheet.merges), *hidden)


#: In this order: UTF-8 is strict enough that GB18030 text hardly ever passes for it.
ENCODINGS = ("utf-8-sig", "gb18030")


@dataclass
class _Csv:
    """A .csv file whose encoding is known; each pass reads it from the beginning."""

    path: Path
    encoding: str
    limits: Limits
    delimiter: str = field(default=",")

    def lines(self) -> Iterator[Line]:
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            try:
                for number, row in enumerate(reader, start=1):
                    if number > self.limits.rows + self.limits.spare_rows:
                        raise complaint("too_many_rows", self.limits.rows)
                    if len(row) > MAX_COLUMNS:
                        raise complaint("xlsx_bomb", f"{self.path.name} row {number}")
                    if any(cell.strip() for cell in row):
                        yield number, [_csv_cell(cell) for cell in row]
            except csv.Error as error:
                raise Malformed(
                    "csv_form", f"CSV 第 {reader.line_num} 行有误", f"CSV line {reader.line_num}"
                ) from error


@contextmanager
def _open_csv(path: Path, log: FaultLog, limits: Limits) -> Iterator[Source]:
    encoding, newlines, head = _decode(path)
    if encoding == "gb18030":
        log.add("csv_gb18030", path.name, 0)
    source = _Csv(path, encoding, limits, max(",\t;", key=head.count))
    yield Source((Grid(path.name, source.lines),), newlines)


def _decode(path: Path) -> tuple[str, int, str]:
    """The encoding in which every byte of the file is a character, its count of lines, and its first characters."""
    for encoding in ENCODINGS:
        try:
            return encoding, *_read_through(path, encoding)
        except UnicodeDecodeError:
            continue
    raise Malformed(
        "csv_encoding",
        "CSV 既不是 UTF-8 也不是 GBK/GB18030 编码",
        "The CSV is neither UTF-8 nor GBK/GB18030.",
        "Excel/WPS: 另存为 CSV UTF-8 或 .xlsx",
    )


def _read_through(path: Path, encoding: str) -> tuple[int, str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    newlines, head = 0, ""
    with path.open("rb") as file:
        while block := file.read(io.DEFAULT_BUFFER_SIZE * 32):
            text = decoder.decode(block)
            newlines += text.count("\n")
            head = head or text[:4000]
    decoder.decode(b"", final=True)
    return newlines + 1, head


def _csv_cell(cell: str) -> object:
    """The cell, with Excel's `="text"` taken for its text; any other formula is a BadCell."""
    if not cell.startswith("="):
        return cell
    quoted = re.fullmatch(r'="([^"]*)"', cell)
    return quoted[1] if quoted else BadCell("csv_formula", cell)
