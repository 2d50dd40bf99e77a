"""The last link of the chain: it names the status of the time that was asked about, and the paper behind that one."""

from typing import Any

import pytest
from status_for_tests import event, list_of, report_of, revoked_from, with_list
from support_changes import day
from support_instance import SmallInstance

from certsvc.verify.report import Link, Report
from certsvc.web import pictures

SUSPENDED = event("suspend", 50, document={"number": "暂停1号", "title": "决定", "date": "2025-02-17"})
REINSTATED = event(
    "reinstate", 55, reason="cleared", document={"number": "恢复1号", "title": "决定", "date": "2025-02-17"}
)
AGAIN = event("suspend", 58, document={"number": "暂停2号", "title": "决定", "date": "2025-02-17"})


def status_of(report: Report) -> Link:
    return next(link for link in report.chain if link.kind == "status")


def told(report: Report) -> tuple[str, str, str]:
    """Name, outcome and paper of the link."""
    link = status_of(report)
    return link.name, link.outcome, link.document


#: History -> time asked about -> name, outcome, paper.
TOLD: dict[str, tuple[list[dict[str, Any]], dict[float, tuple[str, str, str]]]] = {
    "nothing_happened": ([], {43: ("in_force", "pass", ""), 60: ("in_force", "pass", "")}),
    "suspended_twice": (
        [SUSPENDED, REINSTATED, AGAIN],
        {
            49: ("in_force", "pass", ""),
            52: ("suspended", "fail", "暂停1号"),
            56: ("in_force", "pass", "恢复1号"),
            60: ("suspended", "fail", "暂停2号"),
        },
    ),
    "suspended_then_revoked_from_a_day": (
        [SUSPENDED, revoked_from(55, "2025-03-01")],
        {49: ("in_force", "pass", ""), 52: ("suspended", "fail", "暂停1号"), 60: ("revoked", "fail", "示例2号")},
    ),
    "revoked_from_the_beginning": ([revoked_from(55, None)], {43: ("revoked", "fail", "示例2号")}),
}


@pytest.mark.parametrize("history", TOLD)
def test_the_link_names_the_status_of_the_time_asked_about(history: str, small_instance: SmallInstance) -> None:
    events, expected = TOLD[history]
    assert {at: told(report_of(small_instance, events, at)) for at in expected} == expected


def test_of_a_time_before_the_issue_the_link_is_open(small_instance: SmallInstance) -> None:
    for events, name in (([], "in_force"), ([SUSPENDED], "suspended")):
        link = status_of(report_of(small_instance, events, 42))
        assert (link.name, link.outcome, link.codes, link.document) == (name, "unknown", ("before_issue",), "")


@pytest.mark.parametrize(("value", "name"), [(1, "revoked"), (2, "suspended"), (3, "superseded"), (11, "withdrawn")])
def test_what_a_newer_list_says_is_what_the_link_says(value: int, name: str, small_instance: SmallInstance) -> None:
    brought = list_of(small_instance, 89, value)
    assert told(with_list(small_instance, brought, 90, 90)) == (name, "fail", "")
    past = status_of(with_list(small_instance, brought, 50, 90))
    assert (past.name, past.outcome, past.codes, past.document) == (name, "unknown", ("events_missing",), "")


def test_a_value_that_has_no_meaning_is_no_status(small_instance: SmallInstance) -> None:
    link = status_of(with_list(small_instance, list_of(small_instance, 89, 7), 90, 90))
    assert (link.name, link.outcome, link.codes) == ("", "unknown", ("status_value",))
    report = with_list(small_instance, list_of(small_instance, 89, 7), 90, 90)
    assert next(bead.label for bead in pictures.chain(report, "zh") if bead.kind == "status") == "状态 · –"


def test_the_status_of_one_day_is_not_that_of_another_in_the_same_batch(small_instance: SmallInstance) -> None:
    """What is remembered of a batch is the same for every day that is asked about."""
    for at, paper in ((49, ""), (56, "恢复1号"), (49, "")):
        assert told(report_of(small_instance, [SUSPENDED, REINSTATED], at)) == ("in_force", "pass", paper)
    link = status_of(report_of(small_instance, [SUSPENDED, REINSTATED], 56))
    assert (link.at, link.until) == (day(60) - 60, day(67))
