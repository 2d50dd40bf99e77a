"""What the cells of one row say together: identity, title, dates, votes (domain.md 5.1, 6.2 and the rules of 7)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from certsvc import resources
from certsvc.core.errors import Malformed
from certsvc.core.identity import IdDocument, kind_from_zh, parse_id_document
from certsvc.core.regions import PROVINCE
from certsvc.core.titles import LEVELS, Title, TitleCatalogue, level_from_zh, level_rank
from certsvc.register.columns import (
    BY_KEY,
    DEGREE_RANKS,
    NO_CERTIFICATE,
    SAMPLE_REMARK,
    SKILL_RANKS,
    fold,
    says_no_title,
)
from certsvc.register.faults import RULES, STOP, FaultLog
from certsvc.register.sheet_reader import RawRow

LEVEL_ZH = {level.token: level.zh for level in LEVELS}
#: 人社部令第40号 art. 26: five working days, hence never fewer days than that.
NOTICE_DAYS = 5
WORKING_AGE = 16
#: Rules A04 and A16 (domain.md 7): one level up, where no procedure says more.
ONE_STEP = (1, 1)
#: Track -> the fewest and the most levels that its procedure lets somebody rise; None where it asks for none.
STEPS: dict[str, tuple[int, int] | None] = {
    **{code: track.steps for code, track in resources.tracks().items()},
    **dict.fromkeys(NO_CERTIFICATE),
}
#: Tracks whose procedure has a step that county and city alone may do: in neither of them nobody is there for it.
BY_COUNTY_OR_CITY = frozenset(
    code
    for code, track in resources.tracks().items()
    if any(set(step["roles"]) <= {"county", "city"} for step in track.procedure["steps"])
)
#: One present title, and perhaps a remark, with its level behind it, as `fold` leaves it.
LEVEL_BEHIND = re.compile(r"(?P<name>(?P<title>[^、,;/()]+)(\((?P<remark>[^()]+)\))?)\((?P<level>[^()]+)\)")
#: Kinds tried for a number whose kind is not given; a passport's form would fit nearly anything.
INFERRED_KINDS = ("resident_id", "hmt_residence", "foreign_residence")
#: Pairs of days of which the first must not be later; 5.2 tells the order of acts.
DATE_ORDER = (
    ("birth", "current_since"),
    ("current_since", "award_date"),
    ("meeting_date", "notice_from"),
    ("notice_from", "notice_to"),
    ("notice_to", "approval_date"),
    ("meeting_date", "award_date"),
)
HOURS = ("professional_hours", "public_hours")
#: A08 (domain.md 7): asked of applications from this year on; a year has no more hours than these.
HOURS_FROM, MOST_HOURS = 2023, 366 * 24
#: Tracks of titles that others gave (A08), told by the level, which stays or is not asked for; a procedure that asks
#: more of them does so at its act.
GIVEN_ELSEWHERE = frozenset(code for code, steps in STEPS.items() if steps in (None, (0, 0)))
VOTES = ("members", "present", "yes", "no", "abstain")


@dataclass
class Draft:
    """A row on its way: values by column key, and the log that takes what is said about them."""

    raw: RawRow
    log: FaultLog
    values: dict[str, Any] = field(default_factory=dict)
    imprecise: dict[str, str] = field(default_factory=dict)
    stopped: bool = False

    def note(self, key: str, code: str, detail: str = "") -> None:
        """Says `code` about the cell of column `key`."""
        self.stopped |= RULES[code].action == STOP
        raw, value = self.raw.values.get(key, ""), self.values.get(key)
        shown = LEVEL_ZH.get(str(value), value) if key == "level" else value
        self.log.add(code, self.raw.sheet, self.raw.number, BY_KEY[key].zh, raw, shown, detail)

    def day(self, key: str) -> date | None:
        """The date of column `key`, if it is known to the day."""
        value = self.values.get(key)
        return value if isinstance(value, date) and key not in self.imprecise else None


@dataclass
class Rules:
    """What the checks must know besides the row."""

    titles: TitleCatalogue
    drawable: Callable[[str], Iterable[str]] | None = None
    """Gives back the characters of a text that no font of ours can draw."""
    _present: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    def present(self, cell: str) -> tuple[str, str | None]:
        """The name of a present title, and its level: that of the catalogue, or what stands behind it, 高工(副高级).

        A level alone is enough. None where nothing says it, and where the two disagree; which of several levels that series
        give one name is not guessed.
        """
        if cell not in self._present:
            self._present[cell] = self._read_present(cell)
        return self._present[cell]

    def _read_present(self, cell: str) -> tuple[str, str | None]:
        if known := self.titles.levels_of(cell):
            return cell, next(iter(known)) if len(known) == 1 else None
        found = LEVEL_BEHIND.fullmatch(fold(cell))
        name, title, remark, word = (
            found.group("name", "title", "remark", "level") if found else ("", "", None, fold(cell))
        )
        stated = _level(word)
        if stated is None or says_no_title(title) or _level(remark or "") is not None:
            return cell, None
        known = self.titles.levels_of(name) or self.titles.levels_of(title)
        return name, stated if stated in (known or {stated}) else None

    def is_of_another_series(self, name: str, series: str) -> bool:
        """Whether the catalogue has the title, and not in this series."""
        return bool(self.titles.levels_of(name)) and self.titles.find(series, name) is None


def _level(word: str) -> str | None:
    """The level that a word names; None where it names none."""
    try:
        return level_from_zh(word)
    except Malformed:
        return None


def check_row(draft: Draft, rules: Rules) -> None:
    """Completes `draft.values` and notes every fault that the cells of the row show together."""
    for check in CHECKS:
        check(draft, rules)


def _identity(draft: Draft, rules: Rules) -> None:
    number = draft.values.get("id_number")
    if number is None:
        return
    try:
        document = _document(draft, number)
    except Malformed as error:
        lost = len(number) == 18 and number.endswith("000")
        draft.note("id_number", "EXCEL_PRECISION_LOSS" if lost else error.code, f"{error.zh}\t{error.en}")
        return
    if len(number) == 18 and number.endswith("000"):
        draft.note("id_number", "id_ends_000")
    draft.values |= {"id_kind": document.kind, "id_number": document.number, "id_original": document.original}
    if document.original:
        draft.note("id_number", "id_15_converted")
    _sex(draft, document)
    _birth(draft, document)


def _document(draft: Draft, number: str) -> IdDocument:
    if kind := draft.values.get("id_kind"):
        return parse_id_document(kind_from_zh(kind), number)
    for kind in INFERRED_KINDS:
        try:
            document = parse_id_document(kind, number)
        except Malformed as error:
            # A number of this kind that is wrong is told as such; one of another form may be of the next kind.
            if error.code not in ("id_form", "id_kind"):
                raise
        else:
            draft.note("id_kind", "id_kind_inferred", document.kind)
            return document
    raise Malformed("id_kind", "未填证件类型", "No document kind is given.")


def _sex(draft: Draft, document: IdDocument) -> None:
    given = draft.values.get("sex")
    if given and document.sex and given != document.sex:
        draft.note("sex", "sex_conflicts_id")
    elif not given and not document.sex:
        draft.note("sex", "sex_missing")
    draft.values["sex"] = document.sex or given


def _birth(draft: Draft, document: IdDocument) -> None:
    given = draft.values.get("birth")
    if document.birth is None:
        if draft.day("birth") is None:
            draft.note("birth", "birth_missing")
        return
    precision = draft.imprecise.pop("birth", "day")
    length = {"year": 4, "month": 7, "day": 10}[precision]
    if given and given.isoformat()[:length] != document.birth.isoformat()[:length]:
        draft.note("birth", "birth_conflicts_id")
    draft.values["birth"] = document.birth


def _sample(draft: Draft, rules: Rules) -> None:
    if draft.values.get("remark") == SAMPLE_REMARK:
        draft.note("remark", "sample_row")


def _name(draft: Draft, rules: Rules) -> None:
    for key in ("name", "former_name"):
        name = draft.values.get(key)
        missing = "".join(dict.fromkeys(rules.drawable(name))) if name and rules.drawable else ""
        if missing:
            draft.note(key, "name_undrawable", " ".join(f"U+{ord(char):04X}" for char in missing))


def _title(draft: Draft, rules: Rules) -> None:
    series, level, name = (draft.values.get(key) for key in ("series", "level", "title"))
    if not (series and level and name):
        return
    title = rules.titles.find(series, name, level)
    if title is None:
        other = rules.titles.find(series, name)
        if other:
            draft.note("title", "title_level_differs", LEVEL_ZH[other.level])
        else:
            draft.note("title", "title_not_in_series", _choices(rules.titles.titles_of(series, level)))
    elif title.status == "legacy":
        draft.note("title", "title_legacy", title.maps_to or "—")


def _choices(titles: tuple[Title, ...]) -> str:
    words = list(dict.fromkeys(title.title_zh for title in titles))
    listed = "、".join(words[:6]) or "—"
    return f"该级别可用:{listed}\tuse {listed}"


def _present(draft: Draft, rules: Rules) -> None:
    # A04 and A16: null is signed as "no title" (docs/format.md 4.3), so that it stands for nothing else.
    current, name, level = draft.values.get("current_title"), "", None
    if current and not says_no_title(current):
        name, level = rules.present(current)
        draft.values["current_level"] = level
    if level is not None:
        _step(draft, rules, name, level)
    elif not current and _given_here(draft):
        draft.note("current_title", "current_title_missing")
    elif name and _given_here(draft):
        draft.note("current_title", "current_title_unknown")


def _step(draft: Draft, rules: Rules, name: str, held: str) -> None:
    values, limits = draft.values, STEPS.get(draft.values.get("track", ""), ONE_STEP)
    if limits is None or not (values.get("series") and values.get("level")):
        return
    step = level_rank(values["level"]) - level_rank(held)
    if step > max(1, limits[1]):
        draft.note("level", "level_skipped", values["current_title"])
    # A new start in another series is a change of series (转评), so A16 looks at the same series only.
    if step < min(1, limits[0]) and not rules.is_of_another_series(name, values["series"]):
        draft.note("level", "level_not_higher", values["current_title"])


def _region(draft: Draft, rules: Rules) -> None:
    # Local codes (长白山) are under the province alone too, and have an office with the role of a city (decision 23).
    if draft.values.get("region") == PROVINCE and draft.values.get("track") in BY_COUNTY_OR_CITY:
        draft.note("region", "region_without_office")


def _ranks(draft: Draft, rules: Rules) -> None:
    degree, skill = draft.values.get("degree"), draft.values.get("skill")
    if degree:
        draft.values["degree_rank"] = DEGREE_RANKS.get(fold(degree))
    if skill:
        draft.values["skill_rank"] = SKILL_RANKS.get(fold(skill))
        if draft.values["skill_rank"] is None:
            draft.note("skill", "skill_unknown")


def _education(draft: Draft, rules: Rules) -> None:
    # A08, told here so that nobody learns at the committee office which columns an older file lacks. A word (合格)
    # is no figure and is left out.
    draft.values.pop("education_check", None)
    hours = [draft.values[key] for key in HOURS if draft.values.get(key) is not None]
    absent = [key for key in HOURS if key not in draft.raw.values]
    if absent and (hours or (_given_here(draft) and (draft.values.get("year") or 0) >= HOURS_FROM)):
        draft.note(absent[0], "hours_missing", "、".join(BY_KEY[key].zh for key in absent))
    elif sum(hours) > MOST_HOURS:
        draft.note(HOURS[0], "hours_too_many", str(sum(hours)))


def _given_here(draft: Draft) -> bool:
    return draft.values.get("track") not in GIVEN_ELSEWHERE


def _ban(draft: Draft, rules: Rules) -> None:
    first, last = draft.values.pop("ban", None), draft.values.pop("ban_until", None)
    if first is False:
        draft.values["bans"] = ()
    if not {"ban", "ban_until"} & draft.raw.values.keys() and _given_here(draft):
        draft.note("ban", "ban_missing")
    if last is not None and not isinstance(first, date):
        # What stands in the other cell was refused already when it is neither a day nor 无.
        draft.note("ban_until", "ban_contradicted")
    elif isinstance(first, date):
        until = _last_day(first, last) if isinstance(last, int) else last
        draft.values["bans"] = ((first.isoformat(), until.isoformat() if until else None),)
        if until and until < first:
            draft.note("ban_until", "date_order", f"{BY_KEY['ban'].zh} {first} > {BY_KEY['ban_until'].zh} {until}")


def _last_day(first: date, years: int) -> date:
    """The day before the same day `years` later; 29 February is followed by 1 March where there is none."""
    try:
        after = first.replace(year=first.year + years)
    except ValueError:
        after = date(first.year + years, 3, 1)
    return after - timedelta(days=1)


def _dates(draft: Draft, rules: Rules) -> None:
    for earlier, later in DATE_ORDER:
        first, second = draft.day(earlier), draft.day(later)
        if first and second and first > second:
            draft.note(later, "date_order", f"{BY_KEY[earlier].zh} {first} > {BY_KEY[later].zh} {second}")
    award, approval = draft.day("award_date"), draft.day("approval_date")
    if award and approval and award > approval:
        draft.note("award_date", "award_after_approval")
    birth, any_award = draft.values.get("birth"), draft.values.get("award_date")
    if birth and any_award and any_award.year - birth.year - _before(any_award, birth) < WORKING_AGE:
        draft.note("award_date", "award_before_16")
    year = draft.values.get("year")
    if year and any_award and not 0 <= any_award.year - year <= 1:
        draft.note("year", "year_differs")


def _before(day: date, birth: date) -> bool:
    """Whether the birthday of that year is still to come."""
    return (day.month, day.day) < (birth.month, birth.day)


def _years(draft: Draft, rules: Rules) -> None:
    # Years are mostly counted up to the end of the review year (申报年度), so in favour of the row they all are.
    year, birth, since = (draft.values.get(key) for key in ("year", "birth", "current_since"))
    for key, code, begun in (
        ("service_years", "service_beyond_age", birth and birth.year + WORKING_AGE),
        ("level_years", "level_years_beyond", since and since.year),
    ):
        stated = draft.values.get(key)
        if year and begun and stated is not None and stated > max(0, year - begun):
            draft.note(key, code, f"{stated} > {max(0, year - begun)}")


def _notice(draft: Draft, rules: Rules) -> None:
    first, last = draft.day("notice_from"), draft.day("notice_to")
    if first and last and 0 <= (last - first).days < NOTICE_DAYS:
        draft.note("notice_to", "notice_short")


def _votes(draft: Draft, rules: Rules) -> None:
    numbers = [draft.values.get(key) for key in VOTES]
    members, present, yes, no, abstain = numbers
    if all(number is None for number in numbers):
        return
    if members is not None and present is not None:
        _quorum(draft, members, present)
    if present is None or yes is None or no is None or abstain is None:
        missing = "、".join(BY_KEY[key].zh for key in VOTES if draft.values.get(key) is None)
        draft.note("present", "votes_incomplete", missing)
        return
    if yes + no + abstain != present:
        draft.note("yes", "votes_sum", "")
    elif draft.values.get("passed") and 3 * yes < 2 * present:
        draft.note("yes", "yes_short")


def _quorum(draft: Draft, members: int, present: int) -> None:
    if present > members:
        draft.note("present", "votes_members")
    elif 3 * present < 2 * members:
        draft.note("present", "quorum_short")


CHECKS: tuple[Callable[[Draft, Rules], None], ...] = (
    _sample, _identity, _name, _title, _present, _region, _ranks, _education, _ban, _dates, _years, _notice, _votes,
)  # fmt: skip
