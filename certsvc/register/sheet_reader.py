"""Rows of people out of grids of cells: where the header is, what is merged or 同上, where it ends (domain.md 6.1).

Rows come one by one, so that 100,000 of them need no more memory than one slice of a sheet.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from certsvc.register.columns import BY_KEY, COLUMNS, KEY_COLUMNS, find_column
from certsvc.register.faults import FaultLog
from certsvc.register.sheet_slices import MAX_COLUMNS, Merge
from certsvc.register.sheet_sources import Grid, Line

#: The header stands on one of the first four rows, under a merged title.
HEADER_ROWS = 4
#: A row with fewer known columns is a title or a note.
HEADER_COLUMNS = 3
#: The sheets of our own template that hold no people.
QUIET_SHEETS = frozenset({"填写说明", "选项"})
DITTO = frozenset({"同上", "同前", "〃", "″", '"', "''"})
FOOTER = re.compile(
    r"(合\s*计|总\s*计|小\s*计|共\s*计?\s*\d+\s*人|以下空白|注\s*[:\uff1a]|说明\s*[:\uff1a]"
    r"|(填表|制表|审核|负责|经办|单位负责|填报)人?\s*[(\uff08]?\s*[:\uff1a签盖]"
    r"|.{0,40}[(\uff08]\s*(盖|签|公|印)\s*章\s*[)\uff09])"
)
#: A seal line may be nothing but a date or the name of an office.
FOOTER_CELLS = 2
HEADCOUNT = re.compile(r"(?:合\s*计|总\s*计|^共)\D{0,6}(\d+)\s*人")


@dataclass(frozen=True, slots=True)
class RawRow:
    """One person's row as it stands, after filling: `values` maps a column key to a cell that is not empty."""

    sheet: str
    number: int
    values: dict[str, object]


def read_rows(grids: Iterable[Grid], log: FaultLog) -> Iterator[RawRow]:
    """The rows of all sheets in order; what was skipped, filled or hidden is in `log`."""
    for grid in grids:
        if not grid.visible:
            log.add("sheet_hidden", grid.name, 0)
            continue
        yield from _Sheet(grid, log).rows()


@dataclass
class _Sheet:
    """One sheet being read."""

    grid: Grid
    log: FaultLog
    keys: dict[int, str] = field(default_factory=dict)
    """Position of a column -> its key."""
    previous: dict[str, object] = field(default_factory=dict)
    people: int = 0

    def rows(self) -> Iterator[RawRow]:
        lines = _fill_merges(self.grid.lines(), self.grid.merges)
        first = list(islice(lines, HEADER_ROWS))
        header = _find_header([cells for _, cells, _ in first])
        if header is None:
            if first and self.grid.name not in QUIET_SHEETS:
                self.log.add("sheet_without_header", self.grid.name, 0)
            return
        self._read_header(first[header][0], first[header][1])
        self._note_hidden()
        for line in chain(first[header + 1 :], lines):
            yield from self._row(*line)

    def _read_header(self, number: int, cells: list[object]) -> None:
        for position, cell in enumerate(cells):
            text = str(cell).strip() if isinstance(cell, str) else ""
            key = find_column(text)
            if key in self.keys.values():
                self.log.add("column_twice", self.grid.name, number, BY_KEY[str(key)].zh, text)
            elif key:
                self.keys[position] = key
            elif text:
                self.log.add("column_unknown", self.grid.name, number, "", text, detail=text)
        for column in COLUMNS:
            if column.required and column.key not in self.keys.values():
                self.log.add("column_missing", self.grid.name, number, column.zh)

    def _note_hidden(self) -> None:
        for code, numbers in (("hidden_rows", self.grid.hidden_rows), ("hidden_columns", self.grid.hidden_columns)):
            if numbers:
                self.log.add(code, self.grid.name, 0, detail=_ranges(numbers))

    def _row(self, number: int, cells: list[object], filled: frozenset[int]) -> Iterator[RawRow]:
        values = {key: cell for at, key in self.keys.items() if (cell := _cell(cells, at)) is not None}
        own = [cell for at in range(len(cells)) if at not in filled and (cell := _cell(cells, at)) is not None]
        if not own:
            return
        if _is_footer(values, own):
            self.log.add("footer_skipped", self.grid.name, number, raw=own[0])
            self._check_headcount(number, " ".join(str(cell) for cell in own))
            return
        if values.keys() <= {"serial"}:
            return
        self.people += 1
        self._note_merges(number, values, filled)
        self._fill_dittos(number, values)
        self.previous = values
        yield RawRow(self.grid.name, number, values)

    def _check_headcount(self, number: int, text: str) -> None:
        stated = HEADCOUNT.search(text)
        if stated and int(stated[1]) != self.people:
            self.log.add("total_mismatch", self.grid.name, number, raw=text, detail=f"{stated[1]} ≠ {self.people}")

    def _note_merges(self, number: int, values: dict[str, object], filled: frozenset[int]) -> None:
        for position in filled:
            key = self.keys.get(position)
            if key in values:
                code = "ditto_in_key" if key in KEY_COLUMNS else "merged_filled"
                self.log.add(code, self.grid.name, number, BY_KEY[key].zh, "", values[key])

    def _fill_dittos(self, number: int, values: dict[str, object]) -> None:
        for key, cell in list(values.items()):
            if not isinstance(cell, str) or cell.strip() not in DITTO:
                continue
            above = self.previous.get(key)
            wrong = key in KEY_COLUMNS or above is None
            self.log.add(
                "ditto_in_key" if wrong else "ditto_filled", self.grid.name, number, BY_KEY[key].zh, cell, above
            )
            values[key] = above
            if wrong:
                del values[key]


def _is_footer(values: dict[str, object], own: list[object]) -> bool:
    """Whether a line closes the list: words of a total or a seal and no number, or next to nothing and no name.

    A merged 合计 spreads over name and number too, so that words count there as they do elsewhere.
    """
    words = [cell for cell in own if isinstance(cell, str) and FOOTER.match(cell.strip())]
    person = [key for key in ("name", "id_number") if key in values and not FOOTER.match(str(values[key]).strip())]
    if "id_number" in person:
        return False
    if own[0] in words:
        return True
    return not person and (bool(words) or (len(own) <= FOOTER_CELLS and not values.keys() <= {"serial"}))


def _cell(cells: list[object], position: int) -> object | None:
    """The cell, or None if it is empty, holds nothing but white space, or lies beyond the end of the row."""
    cell = cells[position] if position < len(cells) else ""
    return None if isinstance(cell, str) and not cell.strip() else cell


def _find_header(rows: list[list[object]]) -> int | None:
    """Where the header is: the row with most known columns, the last of them where a header of two rows is merged."""
    counts = [len({find_column(cell) for cell in row if isinstance(cell, str)} - {None}) for row in rows]
    best = max(counts, default=0)
    return len(counts) - 1 - counts[::-1].index(best) if best >= HEADER_COLUMNS else None


def _fill_merges(
    lines: Iterator[Line], merges: tuple[Merge, ...]
) -> Iterator[tuple[int, list[object], frozenset[int]]]:
    """Each line with merged areas filled from their first cell, and the positions that were filled."""
    waiting = sorted(merges, key=lambda merge: merge.top, reverse=True)
    open_areas: list[tuple[Merge, object]] = []
    for number, cells in lines:
        open_areas = [(merge, value) for merge, value in open_areas if merge.bottom >= number]
        while waiting and waiting[-1].top <= number:
            merge = waiting.pop()
            value = cells[merge.left - 1] if merge.top == number and merge.left <= len(cells) else ""
            if value != "":
                open_areas.append((merge, value))
        filled = [at for merge, value in open_areas for at in _fill(cells, number, merge, value)]
        yield number, cells, frozenset(filled)


def _fill(cells: list[object], number: int, merge: Merge, value: object) -> Iterator[int]:
    cells.extend([""] * (min(merge.right, MAX_COLUMNS) - len(cells)))
    for position in range(merge.left - 1, min(merge.right, MAX_COLUMNS)):
        # A value under a merged cell is not shown by any program, so it does not count either.
        if (number, position + 1) != (merge.top, merge.left):
            cells[position] = value
            yield position


def _ranges(numbers: tuple[int, ...]) -> str:
    """1, 2, 3, 7 as "1-3, 7", at most ten ranges."""
    starts = [n for i, n in enumerate(numbers) if i == 0 or numbers[i - 1] != n - 1]
    ends = [n for i, n in enumerate(numbers) if i == len(numbers) - 1 or numbers[i + 1] != n + 1]
    parts = [str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True)]
    return ", ".join(parts[:10]) + (" …" if len(parts) > 10 else "")
