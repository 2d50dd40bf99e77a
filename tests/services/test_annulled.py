"""An earlier version of a title that was annulled with a later one: why, since when and by which paper is told everywhere."""

import pytest
from cli_for_tests import call
from support_instance import DAY, NAMES, SmallInstance

from certsvc.app import create_app
from certsvc.core.calendar import utc_text
from certsvc.services.issue import Issued
from certsvc.services.status import approve, propose
from certsvc.services.status_rules import Proposal
from certsvc.services.verify_evidence import verify_code, verify_number
from certsvc.verify import words
from certsvc.verify.report import Link, Report

CORRECTED = {"number": "示例更〔2025〕1号", "title": "示例决定书", "date": "2025-02-17"}
ANNULLED = {**CORRECTED, "number": "示例撤〔2025〕77号"}
#: Days after the issue: replaced, annulled, asked.
REPLACED, DECIDED, NOW = 5, 10, 12


def decide(small: SmallInstance, day: int, proposal: Proposal) -> Issued | None:
    """Proposed by one officer and decided by another, so many days after the issue."""
    small.instance.set_clock(small.now + day * DAY)
    return approve(small.instance, propose(small.instance, proposal), "HRSS-2")


@pytest.fixture
def annulled(small: SmallInstance) -> SmallInstance:
    """Version 1 was replaced by version 2, which was revoked from the beginning."""
    code, changes = small.issued[0].code, {"name": "样章丁"}
    new = decide(small, REPLACED, Proposal("correct", code, "HRSS-1", CORRECTED, reason="correction", changes=changes))
    assert new is not None
    decide(small, DECIDED, Proposal("revoke", new.code, "HRSS-1", ANNULLED, reason="fraud", retroactive=True))
    small.instance.set_clock(small.now + NOW * DAY)
    return small


def asked(small: SmallInstance, day: float | None = None) -> Report:
    return verify_code(small.instance, small.issued[0].code, at=None if day is None else small.now + int(day * DAY))


def status_of(report: Report) -> Link:
    return next(link for link in report.chain if link.kind == "status")


@pytest.mark.parametrize("day", [0, 2, 7, None], ids=["issued", "before_it_was_replaced", "replaced", "today"])
def test_the_status_link_says_that_it_is_revoked_and_by_which_paper(day: float | None, annulled: SmallInstance) -> None:
    report = asked(annulled, day)
    link = status_of(report)
    assert (report.verdict, link.name, link.outcome, link.document) == (
        "revoked",
        "revoked",
        "fail",
        ANNULLED["number"],
    )
    assert words.link_sentences(report, link, "en")[0] == "The certificate was revoked."


@pytest.mark.parametrize("day", [2, 7, None])
def test_the_reason_line_tells_the_day_of_the_decision(day: float | None, annulled: SmallInstance) -> None:
    report = asked(annulled, day)
    assert words.reason(report, "zh") == "2025-02-27 决定撤销,自始无效;类别:弄虚作假。"
    assert words.reason(report, "en") == "Revocation decided 2025-02-27, void from the beginning; class: fraud."


def test_what_was_known_then_has_nothing_of_it(annulled: SmallInstance) -> None:
    before, replaced, after = (words.as_known_then(asked(annulled, day)) for day in (2, 7, 11))
    assert before is not None and replaced is not None and after is not None
    assert (before.verdict, [one.event for one in before.timeline]) == ("valid", ["issued"])
    assert (replaced.verdict, words.reason(replaced, "en")) == (
        "superseded", "This version was replaced on 2025-02-22 (correction)."
    )  # fmt: skip
    assert (after.verdict, words.reason(after, "zh")) == ("revoked", "2025-02-27 决定撤销,自始无效;类别:弄虚作假。")


def test_before_the_title_existed_it_is_no_more_revoked_than_the_version_that_was(annulled: SmallInstance) -> None:
    report = asked(annulled, -1)
    assert (report.verdict, report.reason) == ("cannot_decide", "before_issue")


def test_the_timeline_has_it_as_of_a_later_version(annulled: SmallInstance) -> None:
    moments = asked(annulled).timeline
    assert [(one.event, one.document, one.of_later_version) for one in moments] == [
        ("issued", moments[0].document, False),
        ("correct", CORRECTED["number"], False),
        ("revoke", ANNULLED["number"], True),
    ]
    last = moments[-1]
    assert (last.at, last.decided_at, last.retroactive, last.org) == (*[annulled.now + DECIDED * DAY] * 2, True, "HRSS")
    assert words.effect(last, "en") == (
        "revocation decided 2025-02-27, void from the beginning (of a later version, and of this one with it)"
    )


def test_page_command_line_and_json_tell_the_same(annulled: SmallInstance) -> None:
    code, at = annulled.issued[0].code, utc_text(annulled.now + 2 * DAY)
    client = create_app(annulled.instance).test_client()
    page = client.get(f"/v/{code}?at={at}").get_data(as_text=True)
    json = client.get(f"/v/{code}?at={at}", headers={"Accept": "application/json"}).json
    printed = call("verify", code, "--home", annulled.instance.home, "--at", at)
    text = printed.out
    assert isinstance(json, dict) and printed.code == 12
    told = next(one for one in json["chain"] if one["kind"] == "status")
    assert (told["name"], told["outcome"], told["document"]) == ("revoked", "fail", ANNULLED["number"])
    assert json["timeline"][-1]["of_later_version"] and json["details"]["zh"] in page
    assert json["details"]["zh"] in text and json["details"]["en"] in text
    for said in (page, text):
        assert said.count(ANNULLED["number"]) == 2 and "针对后续版本" in said


def test_number_and_name_are_told_the_day_and_no_paper(annulled: SmallInstance) -> None:
    number = annulled.issued[0].certificate.number
    report = verify_number(annulled.instance, number, NAMES[0], at=annulled.now + 2 * DAY)
    assert report.verdict == "revoked"
    assert words.reason(report, "en").startswith("Revocation decided 2025-02-27, void from the beginning; ")
    assert ANNULLED["number"] not in str(report)
