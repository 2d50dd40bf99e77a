"""Facts: a closed list of named integer predicates that a procedure may ask of a meeting or of one person's row.

Nothing here is a stored flag: every fact is recomputed from signed numbers. Ratios are whole numbers, since in
floating point 70 % of 90 gives 62, not 63.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from certsvc.core import arguments
from certsvc.core.arguments import Arguments

#: 员级 1 … 正高级 5 (domain.md 7, level_rank).
RANK = {"junior": 1, "assistant": 2, "intermediate": 3, "deputy_senior": 4, "senior": 5}

#: 人社部令第25号 第八条: 90 hours a year, of which professional subjects are two thirds or more.
HOURS_A_YEAR = 90
PUBLIC_AT_MOST = HOURS_A_YEAR // 3


class FactCase(NamedTuple):
    """What a predicate may look at."""

    facts: Mapping[str, Any]
    """Facts of the act: members, present, posts, …"""
    row: Mapping[str, Any]
    """Facts of the person's row: yes, no, abstain, current_level, …; empty when the row has none."""
    target: Mapping[str, Any]
    args: Mapping[str, Any]
    applied: int
    """Count of the list before, or of its part; never stated by the act itself."""
    passed: int
    """Own count of the act."""
    granted: Mapping[str, int] = MappingProxyType({})
    """level -> share of applicants that may pass, in percent, as the act's grant approves it."""
    day: date | None = None
    """The date of the document of the path's first act; without it nothing that ends on a day has ended."""
    signed: date | None = None
    """The day of the act itself; `day` where it is not told."""


def _whole(value: Any) -> int:
    """`value` if it is a whole number. Raises TypeError for "25" and for true, which Python would count as 1."""
    if type(value) is not int:
        raise TypeError(value)
    return value


def _level(args: Mapping[str, Any], case: FactCase) -> int:
    return _whole(args[case.target["level"]])


def _quorum_two_thirds(case: FactCase) -> bool:
    members, present = _whole(case.facts["members"]), _whole(case.facts["present"])
    return 0 < present <= members and 3 * present >= 2 * members


def _yes_two_thirds(case: FactCase) -> bool:
    yes, present = _whole(case.row["yes"]), _whole(case.facts["present"])
    return 0 <= yes <= present and 3 * yes >= 2 * present


def _votes_add_up(case: FactCase) -> bool:
    votes = [_whole(case.row[name]) for name in ("yes", "no", "abstain")]
    return min(votes) >= 0 and sum(votes) == _whole(case.facts["present"])


def _ceiling(case: FactCase) -> int:
    # approved <= base + the largest extra that applies (domain.md 7).
    extra = case.args.get("extra_points", {})
    return _level(case.args["percent"], case) + int(extra.get(case.target["level"], 0))


def _approved(case: FactCase) -> int:
    # Nobody approves a ratio for itself: it stands in the grant, or in the procedure where that fixes it (A06).
    return _level(case.granted, case) if case.args.get("granted") else _ceiling(case)


def _within_ratio(case: FactCase) -> bool:
    approved = _approved(case)
    return 0 < approved <= _ceiling(case) and case.passed <= case.applied * approved // 100


def approved_ratio(case: FactCase) -> int:
    """The share of applicants that may pass, in percent, for the words of a refusal; 0 where none was approved."""
    try:
        return _approved(case)
    except (KeyError, TypeError, ValueError):
        return 0


def _within_posts(case: FactCase) -> bool:
    return case.passed <= _whole(case.facts["posts"])


def _level_step(case: FactCase) -> bool:
    # A04 and A16 (domain.md 7): one level up, unless the track says how far it may go, or that it stays (0).
    current = case.row["current_level"]
    step = RANK[case.target["level"]] - (RANK[current] if current else 0)
    if current is None:
        return case.target["level"] in case.args.get("entry_levels", ["junior", "assistant"])
    fewest, most = step_range(case.args)
    return fewest <= step <= most


def step_range(args: Mapping[str, Any]) -> tuple[int, int]:
    """The fewest and the most levels that `level_step` with these arguments lets somebody rise who has a title."""
    return int(args.get("min_step", 1)), int(args.get("max_step", 1))


def asks_for_hours(args: Mapping[str, Any], year: int) -> bool:
    """Whether continuing education is asked of an application of `year` (A08: from 2023 on)."""
    return year >= int(args.get("from_year", 2023))


def dated_rightly(year: int, opened: date) -> bool:
    """Whether an application may be of `year` whose first act has a paper of the day `opened`: a round goes on into the
    next year, and no longer. What is asked of whom depends on the year (A08), which is stated, so it is held against a day.
    """
    return 0 <= opened.year - year <= 1


def _education_check(case: FactCase) -> bool:
    if not asks_for_hours(case.args, case.target["year"]):
        return True
    professional, public = _whole(case.row["professional_hours"]), _whole(case.row["public_hours"])
    # Two thirds and the whole at once: of the public hours at most a third of those required counts.
    return min(professional, public) >= 0 and professional + min(public, PUBLIC_AT_MOST) >= HOURS_A_YEAR


def counted_hours(professional: int, public: int) -> dict[str, int]:
    """The hours that count, as little as tells the same: whoever did more than is asked shows only what is asked."""
    counted = min(public, PUBLIC_AT_MOST)
    return {"professional_hours": min(professional, HOURS_A_YEAR - counted), "public_hours": counted}


def _no_ban(case: FactCase) -> bool:
    # A09, by the days alone: both null is a register searched and found empty, a first day alone has no end decided.
    first, last = case.row["ban_from"], case.row["ban_until"]
    if first is None:
        return last is None
    if case.day is None or (last is not None and last < first):
        return False
    # On every day from that of the path's first paper, the signed day nearest to the application, to that of the act.
    days = sorted((case.day, case.signed or case.day))
    return not _bars(_date(first), None if last is None else _date(last), *days)


def _date(text: str) -> date:
    """The day written as docs/format.md 1.2 has it. Raises ValueError for another form, of ISO 8601 or not."""
    day = date.fromisoformat(text)
    if day.isoformat() != text or not 1900 <= day.year < 2200:
        raise ValueError(text)
    return day


def _bars(first: date, last: date | None, begin: date, end: date) -> bool:
    """Whether a ban counts on a day of `begin` to `end`. It does on its first day and on its last."""
    return first <= end and (last is None or begin <= last)


def live_ban(bans: Iterable[Sequence[str | None]], day: date) -> dict[str, str | None]:
    """The first of `bans` ([first day, last day or None], ISO) that is not over on `day`; nulls where all are.

    With the day from which `no_ban` looks it is the one that decides: if it begins only after the act, so do all others.

    A ban that is over is nobody's business (domain.md 5.4) and decides nothing, so it is never signed.
    """
    standing = [(str(first), last) for first, last in bans if last is None or last >= day.isoformat()]
    first, last = min(standing, key=lambda one: one[0], default=(None, None))
    return {"ban_from": first, "ban_until": last}


def _not_exam_series(case: FactCase) -> bool:
    return f"{case.target['series']}:{case.target['level']}" not in case.args["exam"]


def _at_least(case: FactCase) -> bool:
    return all(_whole(case.row[name]) >= least for name, least in case.args.items())


def _at_least_for_level(case: FactCase) -> bool:
    # As `at_least`, with figures that differ by level: 博士 -> 副高级, 硕士 -> 中级.
    return all(_whole(case.row[name]) >= least for name, least in case.args[case.target["level"]].items())


def _one_of(case: FactCase) -> bool:
    return all(case.row[name] in words for name, words in case.args.items())


def _county_unit(case: FactCase) -> bool:
    # GB/T 2260: the second pair of digits is 01-20 for a 地级市 and 21-50 for an 自治州; the third is 21-50 for a 县,
    # 81-99 for a 县级市, and under an 自治州 also 01-20. A 市辖区 is no 县(市), nor is a body without such a code.
    code = case.target["region"]
    if len(code) != 6 or not code.isascii() or not code.isdigit():
        return False
    county, prefecture = int(code[4:]), int(code[2:4])
    return 21 <= county <= 50 or 81 <= county <= 99 or (21 <= prefecture <= 50 and 1 <= county <= 20)


def _appraised_each_year(case: FactCase) -> bool:
    years = _whole(case.row["level_years"])
    return 1 <= years <= _whole(case.row["appraisals"])


def _stage(case: FactCase) -> bool:
    # Where a committee meets several times about the same people, each act says which meeting it was.
    return _whole(case.facts["stage"]) == _whole(case.args["stage"])


@dataclass(frozen=True)
class Fact:
    """One predicate: `holds` is asked only when the procedure names it."""

    name: str
    holds: Callable[[FactCase], bool]
    rule: str
    """Where the rule comes from."""
    arguments: Arguments = arguments.NONE
    """What the procedure may tell it; with anything else it does not hold."""


FACTS: dict[str, Fact] = {
    fact.name: fact
    for fact in (
        Fact("quorum_two_thirds", _quorum_two_thirds, "人社部令第40号 第十九条"),
        Fact("yes_two_thirds", _yes_two_thirds, "人社部令第40号 第二十条"),
        Fact("votes_add_up", _votes_add_up, "人社部令第40号 第二十条"),
        Fact("within_ratio", _within_ratio, "吉林省2022年职称工作通知 一(二)4、一(五)2", arguments.WITHIN_RATIO),
        Fact("within_posts", _within_posts, "吉林省2022年职称工作通知 一(二)4"),
        Fact("level_step", _level_step, "吉林省2022年职称工作通知 六(一)", arguments.LEVEL_STEP),
        Fact(
            "education_check",
            _education_check,
            "人社部令第25号 第八条;吉林省2022年职称工作通知 三(三)",
            arguments.EDUCATION_CHECK,
        ),
        Fact("no_ban", _no_ban, "人社部令第40号 第十三条"),
        Fact("not_exam_series", _not_exam_series, "吉林省2022年职称工作通知 一(四)1", arguments.NOT_EXAM_SERIES),
        Fact("at_least", _at_least, "吉林省2022年职称工作通知 一(四)1、一(五)2", arguments.AT_LEAST),
        Fact(
            "at_least_for_level",
            _at_least_for_level,
            "吉林省2022年职称工作通知 一(一)2、一(四)1",
            arguments.AT_LEAST_FOR_LEVEL,
        ),
        Fact("one_of", _one_of, "吉林省2022年职称工作通知 一(一)4", arguments.ONE_OF),
        Fact("county_unit", _county_unit, "吉林省2022年职称工作通知 一(四)1、一(五)2"),
        Fact("appraised_each_year", _appraised_each_year, "吉林省2022年职称工作通知 一(五)2"),
        Fact("stage", _stage, "吉林省2022年职称工作通知 二(一)", arguments.STAGE),
    )
}


def fact_holds(name: str, case: FactCase) -> bool:
    """True if the named fact holds. A number that is missing or no number makes the fact false, never true.

    So does an argument that the fact does not take: what it was to ask for was never asked.
    """
    try:
        fact = FACTS[name]
        return fact.arguments.fit(case.args) and fact.holds(case)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
