"""Facts: a closed list of named integer predicates that a procedure may ask of a meeting or of one person's row.

Nothing here is a stored flag: every fact is recomputed from signed numbers. Ratios are whole numbers, since in
floating point 70 % of 90 gives 62, not 63.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

#: 员级 1 … 正高级 5 (domain.md 7, level_rank).
RANK = {"junior": 1, "assistant": 2, "intermediate": 3, "deputy_senior": 4, "senior": 5}


@dataclass(frozen=True)
class FactCase:
    """What a predicate may look at."""

    facts: Mapping[str, Any]
    """Facts of the act: members, present, posts, …"""
    row: Mapping[str, Any]
    """Facts of the person's row: yes, no, abstain, current_level, …; empty when the row has none."""
    target: Mapping[str, Any]
    args: Mapping[str, Any]
    applied: int
    """Sum of the counts of the acts before; never stated by anybody."""
    passed: int
    """Own count of the act."""


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


def _within_ratio(case: FactCase) -> bool:
    # passed <= floor(applied * approved / 100), approved <= base + the largest extra that applies (domain.md 7).
    approved, extra = _whole(case.facts["ratio_percent"]), case.args.get("extra_points", {})
    ceiling = _level(case.args["percent"], case) + int(extra.get(case.target["level"], 0))
    return 0 < approved <= ceiling and case.passed <= case.applied * approved // 100


def _within_posts(case: FactCase) -> bool:
    return case.passed <= _whole(case.facts["posts"])


def _level_step(case: FactCase) -> bool:
    # A04 and A16 (domain.md 7): one level up, unless the track says how far it may go.
    current = case.row["current_level"]
    step = RANK[case.target["level"]] - (RANK[current] if current else 0)
    if current is None:
        return case.target["level"] in case.args.get("entry_levels", ["junior", "assistant"])
    return 1 <= step <= int(case.args.get("max_step", 1))


def _education_check(case: FactCase) -> bool:
    # A08: continuing-education hours are required for applications from 2023 on.
    return bool(case.target["year"] < int(case.args.get("from_year", 2023)) or case.row["education"] is True)


def _no_ban(case: FactCase) -> bool:
    return case.row["ban"] is False


def _not_exam_series(case: FactCase) -> bool:
    return f"{case.target['series']}:{case.target['level']}" not in case.args["exam"]


def _at_least(case: FactCase) -> bool:
    return all(_whole(case.row[name]) >= least for name, least in case.args.items())


@dataclass(frozen=True)
class Fact:
    """One predicate: `holds` is asked only when the procedure names it."""

    name: str
    holds: Callable[[FactCase], bool]
    rule: str
    """Where the rule comes from."""


FACTS: dict[str, Fact] = {
    fact.name: fact
    for fact in (
        Fact("quorum_two_thirds", _quorum_two_thirds, "人社部令第40号 第十九条"),
        Fact("yes_two_thirds", _yes_two_thirds, "人社部令第40号 第二十条"),
        Fact("votes_add_up", _votes_add_up, "人社部令第40号 第二十条"),
        Fact("within_ratio", _within_ratio, "吉林省2022年职称工作通知 一(二)4、一(五)2"),
        Fact("within_posts", _within_posts, "吉林省2022年职称工作通知 一(二)4"),
        Fact("level_step", _level_step, "吉林省2022年职称工作通知 六(一)"),
        Fact("education_check", _education_check, "吉林省2022年职称工作通知 三(三)"),
        Fact("no_ban", _no_ban, "人社部令第40号 第十三条"),
        Fact("not_exam_series", _not_exam_series, "吉林省2022年职称工作通知 一(四)1"),
        Fact("at_least", _at_least, "吉林省2022年职称工作通知 一(四)1、一(五)2"),
    )
}


def fact_holds(name: str, case: FactCase) -> bool:
    """True if the named fact holds. A number that is missing or no number makes the fact false, never true."""
    try:
        return FACTS[name].holds(case)
    except (KeyError, TypeError, ValueError):
        return False
