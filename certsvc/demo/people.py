"""Invented people and the roster files they stand in; seeded, so that the same seed gives the same province."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import xlsxwriter

from certsvc.core.identity import check_character
from certsvc.register.columns import COLUMNS

SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡林郭何高罗"
#: The second character says that nobody bears the name: 示例样虚拟.
MARKS = "示例样虚拟"
GIVEN = "安平远明华文思宁嘉泽林川山河清和新晨晓佳"
#: Name that only the packaged serif face draws, to show rare characters.
RARE = "䶮"
FIRST_BORN = date(1966, 1, 1)


@dataclass(frozen=True)
class Batch:
    """One roster file: who applies for what, where, and what the committee decided."""

    file: str
    heading: str
    track: str
    series: str
    level: str
    title: str
    current_title: str
    region: str
    specialties: tuple[str, ...]
    units: tuple[str, ...]
    committee: str
    year: int
    people: int
    failed: int = 0
    extra: tuple[tuple[str, object], ...] = ()


class Crowd:
    """A source of invented people; every ID number has address code 220000, which is given to no person."""

    def __init__(self, seed: int) -> None:
        self.pick = random.Random(seed)  # noqa: S311 -- invented people, not secrets
        self.hours = random.Random(-seed)  # noqa: S311 -- a stream of its own, so that people stay the same
        self.taken: set[str] = set()
        self.met: set[tuple[str, date]] = set()

    def person(self, worked: int = 0, year: int = 2025) -> dict[str, object]:
        """Somebody who was 16 so many years before; who is old enough anyway is the same person for any number."""
        days = min(28 * 365, max(1, (date(year - worked - 16, 1, 1) - FIRST_BORN).days))
        birth = FIRST_BORN + timedelta(days=self.pick.randrange(28 * 365) % days)
        male = self.pick.random() < 0.55
        number = self._number(birth, male)
        name = self._name(birth)
        sex = "男" if male else "女"
        return {"name": name, "sex": sex, "id_number": number, "birth": birth.isoformat(), "id_kind": "居民身份证"}

    def _name(self, birth: date) -> str:
        """A name that nobody of this birthday bears: an import would ask whether the two are one person."""
        while True:
            name = self.pick.choice(SURNAMES) + self.pick.choice(MARKS) + self.pick.choice(GIVEN)
            if (name, birth) not in self.met:
                self.met.add((name, birth))
                return name

    def _number(self, birth: date, male: bool) -> str:
        while True:
            sequence = self.pick.randrange(1, 499) * 2 + (1 if male else 0)
            first = f"220000{birth:%Y%m%d}{sequence:03d}"
            number = first + check_character(first)
            # An import asks about 000 at the end: a spreadsheet that keeps 15 digits leaves it behind.
            if first not in self.taken and not number.endswith("000"):
                self.taken.add(first)
                return number


def write_roster(path: Path, batch: Batch, crowd: Crowd) -> list[dict[str, object]]:
    """Writes `batch` as .xlsx with a merged title and a totals line, as offices send them; returns its rows."""
    rows = [_row(batch, crowd, n) for n in range(batch.people)]
    columns = [c for c in COLUMNS if any(c.key in row for row in rows)]
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold = book.add_format({"bold": True, "align": "center"})
        text = book.add_format({"num_format": "@"})
        sheet = book.add_worksheet("名单")
        sheet.merge_range(0, 0, 0, len(columns) - 1, batch.heading, bold)
        for place, column in enumerate(columns):
            sheet.write_string(1, place, column.zh, bold)
            sheet.set_column(place, place, 20 if column.kind in ("id", "unit") else 12, text)
        for line, row in enumerate(rows, start=2):
            for place, column in enumerate(columns):
                sheet.write(line, place, row.get(column.key, ""))
        sheet.merge_range(len(rows) + 2, 0, len(rows) + 2, 3, f"合计:{len(rows)} 人")
    return rows


def _row(batch: Batch, crowd: Crowd, position: int) -> dict[str, object]:
    passed = position >= batch.failed
    present = 21
    yes = crowd.pick.randint(14, 21) if passed else crowd.pick.randint(3, 13)
    no = crowd.pick.randint(0, present - yes)
    return {
        "serial": position + 1,
        "year": batch.year,
        "batch": f"示例{batch.year}年第一批",
        **crowd.person(int(str(dict(batch.extra).get("service_years", 0))), batch.year),
        "unit_name": batch.units[position % len(batch.units)],
        "region": batch.region,
        "education": "大学本科",
        "current_title": batch.current_title,
        "series": batch.series,
        "specialty": batch.specialties[position % len(batch.specialties)],
        "level": batch.level,
        "title": batch.title,
        "track": batch.track,
        "committee": batch.committee,
        "members": 25,
        "present": present,
        "yes": yes,
        "no": no,
        "abstain": present - yes - no,
        "passed": "通过" if passed else "不通过",
        "professional_hours": 60 + crowd.hours.randrange(0, 31),
        "public_hours": 30 + crowd.hours.randrange(0, 7),
        "ban": "无",
        **dict(batch.extra),
    }
