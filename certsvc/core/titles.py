"""Title levels and the catalogue of series and title names (design.md 2, the national table of 27 series, GB/T 8561).

A title name alone is ambiguous (馆员 stands in three series), so nothing here infers a level without the series.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from certsvc.core.errors import Malformed
from certsvc.core.outcomes import Fault


@dataclass(frozen=True)
class Level:
    """`rank` grows with seniority (5 is the highest); `digit` is the one in certificate numbers (1 is the highest)."""

    token: str
    zh: str
    en: str
    rank: int
    digit: str


LEVELS = (
    Level("senior", "正高级", "senior", 5, "1"),
    Level("deputy_senior", "副高级", "deputy senior", 4, "2"),
    Level("intermediate", "中级", "intermediate", 3, "3"),
    Level("assistant", "助理级", "assistant", 2, "4"),
    Level("junior", "员级", "junior", 1, "5"),
)
_BY_TOKEN = {level.token: level for level in LEVELS}
_BY_WORD = {level.zh: level.token for level in LEVELS}
_BY_WORD |= {"正高": "senior", "副高": "deputy_senior", "助理": "assistant"}
#: Words that cover two levels each: guessing one would promote or demote a person.
_TWO_LEVELS = {"高级": "正高级、副高级", "初级": "助理级、员级"}


def level(token: str) -> Level:
    """The row of a machine value such as "deputy_senior". Raises Malformed(level_unknown)."""
    if token not in _BY_TOKEN:
        raise Malformed(
            "level_unknown", f"未知级别:{token}", f"Unknown level {token!r}; known: {', '.join(_BY_TOKEN)}."
        )
    return _BY_TOKEN[token]


def level_rank(token: str) -> int:
    """1 (员级) to 5 (正高级). Raises Malformed(level_unknown)."""
    return level(token).rank


def level_from_zh(text: str) -> str:
    """The token of a Chinese level word. Raises Malformed: level_ambiguous (初级, 高级 cover two), level_unknown."""
    word = text.strip().removesuffix("职称")
    if word in _TWO_LEVELS:
        raise Malformed(
            "level_ambiguous",
            f"“{word}”包含两个级别,请写明:{_TWO_LEVELS[word]}",
            f"{word!r} covers two levels; write one of {_TWO_LEVELS[word]}.",
        )
    if word not in _BY_WORD:
        raise Malformed("level_unknown", f"未知级别:{text}", f"Unknown level word {text!r}.")
    return _BY_WORD[word]


@dataclass(frozen=True)
class Title:
    """One title name of one series and level.

    `status`: current | legacy | other-channel | local-or-legacy | jilin-local. `maps_to` is today's name of a legacy
    title, for search and statistics only: a certificate prints the name that was awarded. `certainty`: source |
    own-knowledge | uncertain. `series_code` is the GB/T 8561 code, an optional attribute and never a key.
    """

    series: str
    series_zh: str
    series_en: str
    level: str
    title_zh: str
    title_en: str
    specialty_zh: str
    status: str
    maps_to: str
    certainty: str = "uncertain"
    series_code: str = ""


#: Columns that keep their name in Title; series_no and level are read separately.
_PLAIN_COLUMNS = frozenset(
    ("series_code", "series_zh", "series_en", "title_zh", "title_en", "specialty_zh", "status", "certainty", "maps_to")
)
_STATUSES = frozenset(("current", "legacy", "other-channel", "local-or-legacy", "jilin-local"))
_SERIES = re.compile("0[1-9]|1[0-9]|2[0-7]|[LX][1-9]")


def parse_title_table(text: str) -> tuple[Title, ...]:
    """The rows of title_series.csv, in order. Raises Malformed(title_table) naming the line."""
    rows = csv.DictReader(io.StringIO(text))
    missing = _PLAIN_COLUMNS.union(("series_no", "level")) - set(rows.fieldnames or ())
    if missing:
        raise _broken(1, f"missing columns {sorted(missing)}")
    return tuple(_title(row, rows.line_num) for row in rows)


def _title(row: Mapping[str, str], line: int) -> Title:
    if not _SERIES.fullmatch(row["series_no"]) or not row["title_zh"]:
        raise _broken(line, f"series {row['series_no']!r}, title {row['title_zh']!r}")
    if row["level"] not in _BY_WORD or row["status"] not in _STATUSES:
        raise _broken(line, f"level {row['level']!r}, status {row['status']!r}")
    return Title(
        series=row["series_no"],
        level=_BY_WORD[row["level"]],
        **{name: row[name] for name in _PLAIN_COLUMNS},
    )


def _broken(line: int, what: str) -> Malformed:
    return Malformed("title_table", f"职称目录第 {line} 行有误:{what}", f"Title table, line {line}: {what}.")


@dataclass(frozen=True)
class TitleCatalogue:
    """The title table, asked by series."""

    titles: tuple[Title, ...]

    @cached_property
    def series(self) -> dict[str, tuple[str, str]]:
        """Series number -> (Chinese name, English name), in table order."""
        return {title.series: (title.series_zh, title.series_en) for title in self.titles}

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], list[Title]]:
        index: dict[tuple[str, str], list[Title]] = defaultdict(list)
        for title in _living_first(self.titles):
            index[title.series, _name_key(title.title_zh)].append(title)
        return dict(index)

    def find(self, series: str, title_zh: str, level: str | None = None) -> Title | None:
        """The title of that name in the series, a legacy one too (see its status), or None.

        Full-width brackets and spaces are folded. Where specialties share a name and level the first row stands.
        """
        named = self._by_name.get((series, _name_key(title_zh)), [])
        return next((title for title in named if level in (None, title.level)), None)

    @cached_property
    def as_printed(self) -> frozenset[tuple[str, str, str, str, str]]:
        """Series, level, name, English name and name of the series of every row, as the table writes them."""
        return frozenset((t.series, t.level, t.title_zh, t.title_en, t.series_zh) for t in self.titles)

    @cached_property
    def _levels_by_name(self) -> dict[str, frozenset[str]]:
        """The name of every row, folded -> its levels in all series."""
        index: dict[str, set[str]] = defaultdict(set)
        for title in self.titles:
            index[_name_key(title.title_zh)].add(title.level)
        return {name: frozenset(levels) for name, levels in index.items()}

    def levels_of(self, title_zh: str) -> frozenset[str]:
        """Every level at which any series has a title of that name; none for a name that the table lacks."""
        return self._levels_by_name.get(_name_key(title_zh), frozenset())

    def check_level(self, series: str, level: str, title_zh: str) -> None:
        """Nothing, if the table has the title in that series and level, or has no such name at all: local titles exist.

        Raises Fault(title_beyond_level) for a name that it has at other levels or in other series only.
        """
        if self.levels_of(title_zh) and self.find(series, title_zh, level) is None:
            raise Fault("title_beyond_level", series=series, level=level, title=title_zh)

    def english_of(self, series: str, level: str, title_zh: str) -> frozenset[str]:
        """Every English name that the table has for that title; none for a name that it lacks there."""
        named = self._by_name.get((series, _name_key(title_zh)), [])
        return frozenset(title.title_en for title in named if title.level == level)

    @cached_property
    def series_names(self) -> dict[str, set[str]]:
        """Series number -> every Chinese name that the table has for it."""
        names: dict[str, set[str]] = defaultdict(set)
        for title in self.titles:
            names[title.series].add(title.series_zh)
        return dict(names)

    def titles_of(self, series: str, level: str) -> tuple[Title, ...]:
        """What may be awarded today in that series and level, in table order; legacy names are left out."""
        return tuple(t for t in self.titles if (t.series, t.level) == (series, level) and t.status != "legacy")


#: What a verifier holds that was given no catalogue: it asks about no title.
NO_TITLES = TitleCatalogue(())


def _living_first(titles: Iterable[Title]) -> list[Title]:
    return sorted(titles, key=lambda title: title.status == "legacy")


def _name_key(title_zh: str) -> str:
    return "".join(title_zh.replace("（", "(").replace("）", ")").split())
