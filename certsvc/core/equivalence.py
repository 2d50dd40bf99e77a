"""The directory of qualifications that are titles (双贯通目录; 吉林省2022年职称工作通知 一(一)2).

Who holds a listed qualification (职业资格) has the title, without a review. A row may offer a choice of titles, and may
hold only for qualifications of certain days (造价工程师 before 2018: 工程师 or 经济师).
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import combinations
from typing import Any

from certsvc.core.encoding import canonical, digest
from certsvc.core.errors import Malformed, Refused
from certsvc.core.titles import LEVELS, TitleCatalogue

COLUMNS = (
    "qualification", "grade", "series", "level", "title", "choice", "valid_from", "valid_to", "source", "sample",
)  # fmt: skip
_LEVELS = frozenset(level.token for level in LEVELS)
_YES = {"yes": True, "": False}


@dataclass(frozen=True)
class Row:
    """One line of the directory."""

    qualification: str
    """Without its grade: 建造师."""
    grade: str | None
    """一级; None for a qualification without grades."""
    series: str
    level: str
    title: str
    choice: bool
    """Whether the holder chooses between this row and others of the same days."""
    valid_from: str | None
    """First day, ISO, on which a qualification must be dated to fall under the row; None: from the beginning."""
    valid_to: str | None
    """Last day; None: no end."""
    source: str
    sample: bool
    """Not of the office's own directory."""

    @property
    def name(self) -> str:
        """As the qualification certificate prints it: 一级建造师."""
        return (self.grade or "") + self.qualification

    def covers(self, issued_on: date) -> bool:
        """Whether a qualification of that day falls under the row."""
        return (self.valid_from or "") <= issued_on.isoformat() <= (self.valid_to or "9999-12-31")

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__)

    @property
    def sha256(self) -> str:
        """The name of the row in a signed statement: the hash of its RFC 8785 form."""
        return digest(canonical(self.to_json()))


@dataclass(frozen=True)
class Directory:
    """A whole directory, asked by qualification and day."""

    sha256: str
    """Base64url hash of the file's bytes."""
    rows: tuple[Row, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every qualification that is listed, in the order of the file."""
        return tuple(dict.fromkeys(row.name for row in self.rows))

    def mapped(self, qualification: str, issued_on: date, choice: str | None = None) -> Row:
        """The row that a qualification of that day falls under; `choice` is a title, where there are several.

        Raises Refused: qualification_unlisted, qualification_date, choice_needed, choice_unknown.
        """
        named = [row for row in self.rows if row.name == qualification]
        if not named:
            zh, en = f"目录中没有此职业资格:{qualification}", f"The directory does not list {qualification}."
            raise Refused("qualification_unlisted", zh, en, "certsvc equivalence directory")
        found = [row for row in named if row.covers(issued_on)]
        if not found:
            zh = f"目录所列{qualification}不含 {issued_on} 取得的"
            en = f"The directory lists {qualification}, but not of {issued_on}."
            raise Refused("qualification_date", zh, en, "certsvc equivalence directory")
        return _chosen(found, choice)


def _chosen(found: list[Row], choice: str | None) -> Row:
    titles = "、".join(row.title for row in found)
    if choice is None and len(found) > 1:
        zh, en = f"可对应 {titles},须由本人选定一个", f"Several titles are offered, the holder chooses one: {titles}."
        raise Refused("choice_needed", zh, en, f"--choice {found[0].title}")
    chosen = next((row for row in found if choice in (None, row.title)), None)
    if chosen is None:
        zh, en = f"该职业资格不对应 {choice},只对应 {titles}", f"{choice} is not offered; {titles} is."
        raise Refused("choice_unknown", zh, en, f"--choice {found[0].title}")
    return chosen


def parse_directory(data: bytes, titles: TitleCatalogue) -> Directory:
    """The directory in the bytes of a CSV file. Raises Malformed(directory_table) naming the line."""
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise _broken(1, f"columns must be {','.join(COLUMNS)}")
        rows = tuple(_row(line, reader.line_num, titles) for line in reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise _broken(0, "not UTF-8 CSV") from error
    for (_, one), (line, other) in combinations(enumerate(rows, start=2), 2):
        if one.name == other.name and _overlap(one, other) and not (one.choice and other.choice):
            raise _broken(line, f"{one.name} twice for the same days without a choice")
    return Directory(digest(data), rows)


def _row(cells: Mapping[str, str], line: int, titles: TitleCatalogue) -> Row:
    if None in cells or None in cells.values():
        raise _broken(line, "too many or too few cells")
    if cells["level"] not in _LEVELS or titles.find(cells["series"], cells["title"], cells["level"]) is None:
        raise _broken(line, f"title {cells['title']!r} is not of series {cells['series']!r}, level {cells['level']!r}")
    if not cells["qualification"] or not cells["source"] or not {cells["choice"], cells["sample"]} <= _YES.keys():
        raise _broken(line, "qualification and source are needed; choice and sample are yes or empty")
    first, last = _day(cells["valid_from"], line), _day(cells["valid_to"], line)
    if first and last and first > last:
        raise _broken(line, "valid_from is later than valid_to")
    title = cells["series"], cells["level"], cells["title"]
    choice, sample = _YES[cells["choice"]], _YES[cells["sample"]]
    return Row(cells["qualification"], cells["grade"] or None, *title, choice, first, last, cells["source"], sample)


def _day(text: str, line: int) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if text else None
    except ValueError as error:
        raise _broken(line, f"no such day: {text!r}") from error


def _overlap(one: Row, other: Row) -> bool:
    latest_start = max(one.valid_from or "", other.valid_from or "")
    return latest_start <= min(one.valid_to or "9999-12-31", other.valid_to or "9999-12-31")


def _broken(line: int, what: str) -> Malformed:
    return Malformed("directory_table", f"双贯通目录第 {line} 行有误:{what}", f"Directory, line {line}: {what}.")
