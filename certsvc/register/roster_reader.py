"""Reads a roster file whole: every cell normalised, every fault with its row, column and rule (domain.md 6.2)."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from certsvc.core.regions import Region
from certsvc.core.titles import TitleCatalogue
from certsvc.register.columns import BY_KEY, COLUMNS, Column, fold
from certsvc.register.faults import FaultLog
from certsvc.register.file_checks import check_file
from certsvc.register.normalise import READERS, Context, Normal
from certsvc.register.roster_rows import RosterFile, RosterRow, row_key
from certsvc.register.row_checks import Draft, Rules, check_row
from certsvc.register.sheet_guard import LIMITS, Limits
from certsvc.register.sheet_reader import RawRow, read_rows
from certsvc.register.sheet_sources import BadCell, open_source

Progress = Callable[[int, int], None]
#: Cells of these columns differ from row to row; a memory of them would only grow.
UNIQUE_KINDS = frozenset({"name", "id", "digits"})
REQUIRED = tuple(column.key for column in COLUMNS if column.required)
REMEMBERED = 4096
PROGRESS_EVERY = 500


def read_roster(
    path: Path,
    *,
    titles: TitleCatalogue,
    regions: Mapping[str, Region],
    today: date,
    progress: Progress | None = None,
    drawable: Callable[[str], Iterable[str]] | None = None,
    limits: Limits = LIMITS,
) -> RosterFile:
    """The rows and faults of the .xlsx or .csv at `path`.

    `progress(done, total)` is called every 500 rows and at the end; `drawable(text)` gives back the characters of
    `text` that the certificate's fonts lack. Faults of content are in the result; a file that may not be opened at
    all (macros, formulas, a zip bomb, a password, an old format) raises Refused or Malformed.

    1. The file is guarded, sliced and opened.   2. Each row is found, normalised and checked by itself.
    3. Rows are compared with each other.        4. The file is `stopped` if any fault says so.
    """
    log = FaultLog()
    rows: list[RosterRow] = []
    total = 0
    with open_source(path, log, limits) as source:
        context = Context(today, source.date1904, _series_words(titles), _region_words(regions))
        reader = _RowReader(context, Rules(titles, drawable), log)
        for raw in read_rows(source.grids, log):
            total += 1
            row = reader.read(raw)
            if row is not None:
                rows.append(row)
            if progress and total % PROGRESS_EVERY == 0:
                progress(total, max(total, source.total))
    if progress:
        progress(total, total)
    if total == 0:
        log.add("no_rows", "", 0)
    check_file(rows, log)
    log.close()
    return RosterFile(_sha256(path), path.name, rows, log.faults, log.stopped, total, log.counts)


@dataclass
class _RowReader:
    """Turns raw rows into roster rows, and remembers what repeated cells mean."""

    context: Context
    rules: Rules
    log: FaultLog
    _memory: dict[str, dict[tuple[type, object], Normal]] = field(default_factory=dict)

    def read(self, raw: RawRow) -> RosterRow | None:
        """The row, or None when a fault in it stops the file."""
        draft = Draft(raw, self.log)
        told = {key for key, cell in raw.values.items() if self._read_cell(draft, BY_KEY[key], cell)}
        for key in REQUIRED:
            if key not in told and draft.values.get(key) is None:
                draft.note(key, "required_missing")
        check_row(draft, self.rules)
        return None if draft.stopped else _row(draft)

    def _read_cell(self, draft: Draft, column: Column, cell: object) -> bool:
        """Whether anything had to be said about the cell."""
        normal = self._normal(column, cell)
        draft.values[column.key] = normal.value
        if normal.precision:
            draft.imprecise[column.key] = normal.precision
        for code, detail in normal.notes:
            draft.note(column.key, code, detail)
        return bool(normal.notes)

    def _normal(self, column: Column, cell: object) -> Normal:
        if isinstance(cell, BadCell):
            return Normal(None, ((cell.code, ""),))
        read = READERS[column.kind]
        if column.kind in UNIQUE_KINDS:
            return read(cell, self.context)
        memory = self._memory.setdefault(column.key, {})
        # The type belongs to the key: 1, 1.0 and True are equal.
        key = type(cell), cell
        if key not in memory:
            if len(memory) >= REMEMBERED:
                memory.clear()
            memory[key] = read(cell, self.context)
        return memory[key]


def _row(draft: Draft) -> RosterRow:
    values: dict[str, Any] = {key: value for key, value in draft.values.items() if value is not None}
    values.setdefault("id_original", None)
    place = draft.raw.sheet, draft.raw.number
    return RosterRow(position=place, row_key=row_key(values), imprecise=tuple(draft.imprecise.items()), **values)


def _series_words(titles: TitleCatalogue) -> dict[str, str]:
    """Folded words for each series: number, name, and the name without its ending, also with 系列 behind."""
    words: dict[str, str] = {}
    for number, (zh, _en) in titles.series.items():
        stems = (zh, zh.removesuffix("人员"), zh.removesuffix("技术人员"), zh.removesuffix("专业人员"))
        for word in (number, number.lstrip("0"), *stems, *(f"{stem}系列" for stem in stems)):
            words.setdefault(fold(word), number)
    return words


def _region_words(regions: Mapping[str, Region]) -> dict[str, str]:
    """Folded codes and names of regions; a name, or its short form, that two regions have is left out."""
    words = {fold(code): code for code in regions}
    names: dict[str, set[str]] = {}
    for code, region in regions.items():
        # 吉林 alone is the province or its city, so that only 吉林市 has no short form.
        short = region.name_zh.removesuffix("市") if region.kind == "prefecture" else region.name_zh
        for word in {region.name_zh, short} - {"吉林"}:
            names.setdefault(fold(word), set()).add(code)
    return words | {word: codes.pop() for word, codes in names.items() if len(codes) == 1}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
