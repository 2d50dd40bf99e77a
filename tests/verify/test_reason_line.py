"""The reason line tells the day of the decision that brought the verdict about, of no other one, and none where it is not told."""

from dataclasses import replace
from typing import Any

import pytest
from reports_for_tests import BY_NUMBER, DAY, HRSS, NOW, REPORTS
from status_for_tests import event, list_of, report_of, revoked_from
from support_changes import apply_changes, day
from support_forge import Forge, judge
from support_instance import SmallInstance

from certsvc.services.public_view import public_only
from certsvc.verify import words
from certsvc.verify.report import Moment, Report
from certsvc.verify.words_terms import LANGUAGES

# Day 50 is 2025-02-24, day 55 is 2025-03-01, day 58 is 2025-03-04.
SUSPENDED, REINSTATED, AGAIN = event("suspend", 50), event("reinstate", 55, reason="cleared"), event("suspend", 58)


def both(report: Report, lang: str = "en") -> tuple[str, str]:
    """As was known then, and as is known now."""
    then = words.as_known_then(report)
    assert then is not None
    return words.reason(then, lang), words.reason(report, lang)


def test_of_two_suspensions_the_one_of_the_day_is_told(small_instance: SmallInstance) -> None:
    twice = [SUSPENDED, REINSTATED, AGAIN]
    then, now = both(report_of(small_instance, twice, 52))
    assert then == "Under review since 2025-02-24; not decided."
    assert now == "Suspended from 2025-02-24; decided 2025-03-01: Reinstatement."
    assert both(report_of(small_instance, twice, 59)) == ("Under review since 2025-03-04; not decided.",) * 2


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (
            REINSTATED,
            ("2025-03-01 已有结论:恢复使用", "decided 2025-03-01: Reinstatement", "2025-03-01 결론: 효력 회복"),
        ),
        (
            event("withdraw", 55, reason="holder_request"),
            ("2025-03-01 已有结论:注销", "decided 2025-03-01: Withdrawal", "2025-03-01 결론: 말소"),
        ),
        (
            revoked_from(55, "2025-03-01"),
            ("2025-03-01 已有结论:撤销", "decided 2025-03-01: Revocation", "2025-03-01 결론: 취소"),
        ),
    ],
    ids=["reinstated", "withdrawn", "revoked"],
)
def test_what_was_decided_since_is_no_longer_called_open(
    end: dict[str, Any], told: tuple[str, str, str], small_instance: SmallInstance
) -> None:
    report = report_of(small_instance, [SUSPENDED, end], 52)
    for lang, said in zip(LANGUAGES, told, strict=True):
        then, now = both(report, lang)
        assert said in now and said not in then
        assert words.advice(report, lang) != words.advice(report_of(small_instance, [SUSPENDED], 52), lang)


def test_a_suspension_that_goes_on_is_open(small_instance: SmallInstance) -> None:
    assert both(report_of(small_instance, [SUSPENDED], 52)) == ("Under review since 2025-02-24; not decided.",) * 2


def test_what_was_known_then_is_told_by_its_own_decision(small_instance: SmallInstance) -> None:
    then, now = both(report_of(small_instance, [SUSPENDED, revoked_from(55, None)], 52))
    assert then == "Under review since 2025-02-24; not decided."
    assert now == "Revocation decided 2025-03-01, void from the beginning; class: fraud."
    then, now = both(report_of(small_instance, [SUSPENDED, REINSTATED, AGAIN, revoked_from(59, None)], 58.5), "zh")
    assert then == "自 2025-03-04 起核查中,结论未出。" and now == "2025-03-05 决定撤销,自始无效;类别:弄虚作假。"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("value", "verdict"), [(1, "revoked"), (2, "suspended"), (11, "withdrawn"), (3, "superseded")])
def test_a_decision_that_only_a_newer_list_tells_of_has_no_day(
    value: int, verdict: str, lang: str, small_instance: SmallInstance
) -> None:
    """An earlier decision of the same kind is not the one."""
    forge = apply_changes(Forge(small_instance), [SUSPENDED, REINSTATED])
    forge.tree["status"] |= {"iat": day(60) - 60, "exp": day(67)}
    brought = list_of(small_instance, 89, value)
    report = judge(small_instance, forge.build(), at=day(90), now=day(90), newer_status=brought)
    assert (report.verdict, [one.event for one in report.timeline]) == (verdict, ["issued", "suspend", "reinstate"])
    for said in (words.reason(report, lang), words.advice(report, lang)):
        assert said and "2025" not in said and "–" not in said and "{" not in said


@pytest.mark.parametrize("verdict", sorted(words.DECIDING_ACT))
def test_the_day_in_the_reason_line_is_that_of_the_finding(verdict: str) -> None:
    report = REPORTS[verdict]
    other = Moment(NOW - DAY, report.timeline[-1].event, *HRSS, "其他1号")
    for timeline in ((*report.timeline, other), (other, *report.timeline)):
        assert "2027-01-31" in words.reason(replace(report, timeline=timeline), "en")
    gone = replace(report, timeline=(report.timeline[0], other))
    assert "20" not in words.reason(gone, "en") and "not told here" in words.reason(gone, "en")


def test_who_asks_by_number_and_name_is_told_the_same_day() -> None:
    for verdict in words.DECIDING_ACT:
        report = replace(REPORTS[verdict], certificate=None)
        shown = public_only(report)
        assert "2027-01-31" in words.reason(shown, "zh") and shown.about.figures == {"decided": str(NOW - 30 * DAY)}
        assert (shown.about.act, shown.about.org) == (None, None)
    assert BY_NUMBER.about.figures == {}
