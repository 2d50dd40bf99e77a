"""Rewrites a guarded workbook so that its sheets come in slices of a thousand rows (threats.md H8, experience.md R-50).

The parser behind us loads a sheet at once, 400 MB for 100,000 rows, and lays it out from its first cell to its last, so
that two cells far apart cost as much as all between them. A slice bounds both. What is hidden or merged is noted.
"""

import re
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

from certsvc.register.sheet_guard import LIMITS, Limits, Package, SheetPart, complaint, list_sheets, open_package

SLICE_ROWS = 1000
MAX_COLUMNS = 702  # A … ZZ
ROW_BYTES = 1 << 20
#: What stands around the rows: column widths before, merges, drop-downs and formats after.
AROUND_BYTES = 8 << 20
MAX_MERGES = 20_000
CELLS_SHOWN = 5

# Names may carry a namespace prefix: some programs write <x:row>. `<` is markup wherever it stands, since the guard has
# refused comments and CDATA; `>` may stand in values, so nothing below looks for the end of a tag but in attributes.
TAG = rb"<(?:[\w.-]+:)?"
SHEET_DATA = re.compile(TAG + rb"sheetData\s*(/?)>")
SHEET_DATA_END = re.compile(rb"</(?:[\w.-]+:)?sheetData\s*>")
ROW = re.compile(TAG + rb"row(?=[\s/>])")
CELL = re.compile(TAG + rb"c(?=[\s/>])")
VALUE = re.compile(TAG + rb"(?:v|is)(?=[\s/>])")
FORMULA = re.compile(TAG + rb"f(?=[\s/>])")
#: What no cell may hold, and the fault: the parser would show an error as an empty cell.
BAD_CELLS = ((FORMULA, "xlsx_formula"), (re.compile(rb"""\st=["']e["']"""), "xlsx_error_cell"))
ROW_NUMBER = re.compile(rb"""[^>]*?\sr=["'](\d{1,7})["']""")
HIDDEN = re.compile(rb"""[^>]*?\shidden=["'](?:1|true)["']""")
REFERENCE = re.compile(rb"""\sr\s*=""")
CELL_REFERENCE = re.compile(rb"""\sr=["']([A-Z]{0,2})(\d{1,7})["']""")
HIDDEN_COLUMNS = re.compile(TAG + rb"col\s([^>]*)>")
MERGE = re.compile(TAG + rb"""mergeCell\s[^>]*?ref=["']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})["']""")


#: Fault code -> the first cells that have it.
BadCells = dict[str, list[str]]


@dataclass(frozen=True)
class Merge:
    """One merged area, 1-based and inclusive."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass
class SheetFacts:
    """What is known of a sheet before its cells are read."""

    name: str
    visible: bool
    slices: list[str] = field(default_factory=list)
    """Names of its slices in the rewritten workbook."""
    rows: int = 0
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)


@dataclass(frozen=True)
class SlicedWorkbook:
    """The rewritten workbook: `path` for the parser, the rest for us."""

    path: Path
    date1904: bool
    sheets: tuple[SheetFacts, ...]

    @property
    def rows(self) -> int:
        return sum(sheet.rows for sheet in self.sheets)


def slice_workbook(path: Path, folder: Path, limits: Limits = LIMITS) -> SlicedWorkbook:
    """Writes the slices of `path` to a new file in `folder`, stored and not packed. Raises Refused or Malformed."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise complaint("xlsx_zip", path.name) from error
    target = folder / "slices.xlsx"
    with archive, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as out:
        package = open_package(archive, limits)
        parts, date1904, shared = list_sheets(package, limits)
        budget = [limits.rows + limits.spare_rows]
        sheets = tuple(_slice_sheet(package, part, out, number, budget) for number, part in enumerate(parts))
        for name, part in shared.items():
            with out.open(f"xl/{name}.xml", "w") as file:
                for block in package.blocks(part):
                    file.write(block)
        _write_frame(out, [name for sheet in sheets for name in sheet.slices], shared, date1904)
    return SlicedWorkbook(target, date1904, sheets)


def _slice_sheet(package: Package, part: SheetPart, out: zipfile.ZipFile, number: int, budget: list[int]) -> SheetFacts:
    facts = SheetFacts(part.name, part.visible)
    bad: BadCells = {}
    # Closed at once: a refusal in the middle must not leave the upload open.
    with closing(package.blocks(part.part)) as blocks:
        pieces = _Pieces(blocks, part.part)
        head = pieces.head()
        facts.hidden_columns = _hidden_columns(head)
        for chunk in _slices(pieces.rows(), facts, bad, budget):
            name = f"s{number}-{len(facts.slices)}"
            facts.slices.append(name)
            out.writestr(f"xl/worksheets/{name}.xml", b"".join((_opening(head), *chunk, _closing(head))))
    for code, cells in bad.items():
        raise complaint(code, f"{part.name}!{', '.join(cells)}")
    facts.merges = _merges(pieces.tail)
    return facts


class _Pieces:
    """A sheet part cut into what stands before the rows, the rows one by one, and what stands after them."""

    def __init__(self, blocks: Iterator[bytes], part: str) -> None:
        self._blocks, self._part = blocks, part
        self._buffer = b""
        self._empty = False
        self.tail = b""

    def _more(self) -> bool:
        block = next(self._blocks, b"")
        self._buffer += block
        return bool(block)

    def head(self) -> bytes:
        """Everything up to and with <sheetData>."""
        while not (start := SHEET_DATA.search(self._buffer)):
            if len(self._buffer) > AROUND_BYTES or not self._more():
                raise complaint("xlsx_xml", self._part)
        self._empty = bool(start[1])
        head, self._buffer = self._buffer[: start.end()], self._buffer[start.end() :]
        return head

    def rows(self) -> Iterator[bytes]:
        """Each row from its `<row` to the next; then `tail` is what followed. Empty for <sheetData/>."""
        while not self._empty:
            end = SHEET_DATA_END.search(self._buffer)
            area = self._buffer[: end.start()] if end else self._buffer
            starts = [found.start() for found in ROW.finditer(area)]
            whole = starts if end else starts[:-1]
            for start, stop in zip(whole, [*starts[1:], len(area)], strict=False):
                yield area[start:stop]
            if end:
                self._buffer = self._buffer[end.start() :]
                break
            self._buffer = area[starts[-1] :] if starts else area
            if len(self._buffer) > ROW_BYTES or not self._more():
                raise complaint("xlsx_xml", self._part)
        self._read_tail()

    def _read_tail(self) -> None:
        while self._more():
            if len(self._buffer) > AROUND_BYTES:
                raise complaint("xlsx_bomb", self._part)
        self.tail = self._buffer


def _slices(rows: Iterator[bytes], facts: SheetFacts, bad: BadCells, budget: list[int]) -> Iterator[list[bytes]]:
    """Lists of rows, at most SLICE_ROWS numbers apart. Raises for a row out of order or too many rows."""
    chunk: list[bytes] = []
    first = last = 0
    for row in rows:
        number = _row_number(row, facts.name)
        if number <= last:
            raise complaint("xlsx_xml", f"{facts.name} row {number}")
        if chunk and number - first >= SLICE_ROWS:
            yield chunk
            chunk = []
        last = number
        # Formats are often drawn down to row 1,048,576; rows without a value are nobody's.
        if VALUE.search(row):
            first = first if chunk else number
            chunk.append(row)
            _note_row(row, number, facts, bad, budget)
    if chunk:
        yield chunk


def _row_number(row: bytes, sheet: str) -> int:
    """The number of a row all of whose cells say the same number and lie left of column ZZ. Raises Malformed."""
    tag = ROW_NUMBER.match(row, 4)
    references = CELL_REFERENCE.findall(row)
    numbers = {digits for _letters, digits in references}
    if not tag or numbers != {tag[1]} or len(references) != len(REFERENCE.findall(row)):
        raise complaint("xlsx_xml", f"{sheet} row {tag[1].decode() if tag else '?'}")
    if len(CELL.findall(row)) > MAX_COLUMNS or len(row) > ROW_BYTES:
        raise complaint("xlsx_bomb", f"{sheet} row {tag[1].decode()}")
    return int(tag[1])


def _note_row(row: bytes, number: int, facts: SheetFacts, bad: BadCells, budget: list[int]) -> None:
    facts.rows += 1
    if HIDDEN.match(row, 4):
        facts.hidden_rows.append(number)
    for pattern, code in BAD_CELLS:
        if pattern.search(row):
            _note_cells(row, pattern, bad.setdefault(code, []))
    budget[0] -= 1
    if budget[0] < 0:
        raise complaint("too_many_rows", LIMITS.rows)


def _note_cells(row: bytes, pattern: re.Pattern[bytes], cells: list[str]) -> None:
    for found in pattern.finditer(row):
        if len(cells) < CELLS_SHOWN:
            letters, digits = CELL_REFERENCE.findall(row, 0, found.start())[-1]
            cells.append((letters + digits).decode())


def _hidden_columns(head: bytes) -> list[int]:
    hidden: list[int] = []
    for found in HIDDEN_COLUMNS.finditer(head):
        values: dict[bytes, bytes] = dict(re.findall(rb"""(\w+)=["']([^"']*)["']""", found[1]))
        first, last = values.get(b"min", b""), values.get(b"max", b"")
        if values.get(b"hidden") in (b"1", b"true") and first.isdigit() and last.isdigit():
            hidden.extend(range(int(first), min(int(last), MAX_COLUMNS) + 1))
    return hidden


def _merges(tail: bytes) -> list[Merge]:
    found = MERGE.findall(tail)
    if len(found) > MAX_MERGES:
        raise complaint("xlsx_bomb", f"{len(found)} merged areas")
    return [
        Merge(int(top), column_number(left), int(bottom), column_number(right)) for left, top, right, bottom in found
    ]


def column_number(letters: bytes) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _opening(head: bytes) -> bytes:
    """The root element's start tag and <sheetData> of `head`; views and widths between them are nobody's business."""
    root = re.search(TAG + rb"worksheet[^>]*>", head)
    data = SHEET_DATA.search(head)
    if not root or not data:
        raise complaint("xlsx_xml", "worksheet")
    return root[0] + data[0]


def _closing(head: bytes) -> bytes:
    names = re.findall(rb"<((?:[\w.-]+:)?(?:worksheet|sheetData))(?=[\s/>])", _opening(head))
    return b"".join(b"</" + name + b">" for name in reversed(names))


SHEET_NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINK_NS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS_NS = "http://schemas.openxmlformats.org/package/2006/relationships"
XML = "<?xml version='1.0' encoding='UTF-8'?>"


def _write_frame(out: zipfile.ZipFile, names: list[str], shared: dict[str, str], date1904: bool) -> None:
    """The parts around the slices, written by us, so that no name or relationship of the upload is taken over."""
    sheets = "".join(
        f"<sheet name={quoteattr(name)} sheetId='{i}' r:id='r{i}'/>" for i, name in enumerate(names, start=1)
    )
    links = [("worksheet", f"worksheets/{name}.xml", f"r{i}") for i, name in enumerate(names, start=1)]
    links += [(name, f"{name}.xml", name) for name in shared]
    rows = "".join(f"<Relationship Id='{i}' Type='{LINK_NS}/{kind}' Target='{target}'/>" for kind, target, i in links)
    days = f"<workbookPr date1904='{int(date1904)}'/>"
    workbook = f"{XML}<workbook xmlns='{SHEET_NS}' xmlns:r='{LINK_NS}'>{days}<sheets>{sheets}</sheets></workbook>"
    root = f"<Relationship Id='r1' Type='{LINK_NS}/officeDocument' Target='xl/workbook.xml'/>"
    out.writestr("xl/workbook.xml", workbook)
    out.writestr("xl/_rels/workbook.xml.rels", f"{XML}<Relationships xmlns='{RELATIONS_NS}'>{rows}</Relationships>")
    out.writestr("_rels/.rels", f"{XML}<Relationships xmlns='{RELATIONS_NS}'>{root}</Relationships>")
    out.writestr(
        "[Content_Types].xml", f"{XML}<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>"
    )
