"""What number and name may know: a verdict with few members, and neither offices nor how many acts there were."""

import json
import re
from dataclasses import replace

import pytest
from reports_for_tests import (
    ABSENT_ACT,
    ACTS,
    CERTIFICATE,
    COMMITTEE,
    CORRECTED,
    GRANTS,
    KNOWN_LATER,
    REPORTS,
    UNPROVED,
    UNSEALED,
    VALID,
    failed,
)

from certsvc.core.outcomes import About
from certsvc.services.public_view import PUBLIC_CODES, PUBLIC_MEMBERS, public_only
from certsvc.verify import words
from certsvc.verify.report import FAMILIES, Report
from certsvc.web.pages import Site, verdict_page

FULL = {"valid": VALID, "absent": ABSENT_ACT, "unsealed": UNSEALED, "later": KNOWN_LATER, "corrected": CORRECTED}
#: A void certificate whose content may not be shown; its chain still names offices.
HIDDEN = replace(ABSENT_ACT, certificate=None, timeline=(), status_as_of=None)


def said(report: Report) -> str:
    """All that a reader gets, in every language."""
    texts = [json.dumps(words.report_json(report, lang)) for lang in words.LANGUAGES]
    return "\n".join(texts).encode().decode("unicode_escape")


@pytest.mark.parametrize("report", [*FULL.values(), HIDDEN, *REPORTS.values()])
def test_no_office_paper_or_full_name_is_told(report: Report) -> None:
    told = said(public_only(report))
    offices = [org for _, both, _, _ in ACTS for org in both] + [org for _, both, _ in GRANTS for org in both]
    papers = [number for *_, number, _ in ACTS] + [number for *_, number in GRANTS]
    for secret in (*offices, *papers, CERTIFICATE["holder_name"], CERTIFICATE["licence_id"]):
        assert f'"{secret}"' not in told
        assert secret.startswith("o-") or secret not in told


def test_the_certificate_is_cut_to_the_public_members_with_a_masked_name() -> None:
    shown = public_only(VALID).certificate
    assert shown is not None and set(shown) == set(PUBLIC_MEMBERS)
    assert shown["holder_name"] == "王*"
    assert public_only(HIDDEN).certificate is None


def test_each_family_of_checks_has_one_row_whatever_the_number_of_checks_and_acts() -> None:
    rows = public_only(VALID).rows
    assert [row.id for row in rows] == [row.family for row in rows] == list(FAMILIES)
    assert all(row.about == About() and row.evidence is None for row in rows)
    passed = [row for row in words.report_json(public_only(VALID), "zh")["checks"] if row["outcome"] == "pass"]
    assert {row["code"]: row["details"] for row in passed}["procedure"] == {"zh": "程序", "en": "Procedure"}


def test_the_row_of_a_family_is_the_worst_of_its_rows_and_does_not_say_why() -> None:
    rows = {row.id: (row.outcome, row.code) for row in public_only(UNSEALED).rows}
    assert (rows["chain"], rows["integrity"]) == (("fail", "withheld"), ("pass", "integrity"))


@pytest.mark.parametrize("outcome", ["fail", "unknown"])
@pytest.mark.parametrize("code", sorted(words.CODES.keys() - PUBLIC_CODES))
def test_neither_the_finding_nor_the_check_that_found_it_is_told(code: str, outcome: str) -> None:
    about = About("accept", COMMITTEE[0], {"ban_from": "2025-01-17", "ban_until": "None", "roles": "unit"})
    found = failed("void" if outcome == "fail" else "cannot_decide", "person_facts", code, outcome, about)
    shown = public_only(replace(found, then=(found.verdict, code), then_about=about))
    told = words.report_json(shown, "en")
    assert (told["reason"], told["then"]["reason"]) == ("withheld", "withheld")
    assert {row["code"] for row in told["checks"]} <= PUBLIC_CODES | {*FAMILIES, "withheld"}
    page = verdict_page(Site("sample.invalid"), shown, "en", "/number")
    for text in (json.dumps(told), page):
        assert not re.search(rf"\b(?:{code}|person_facts)\b|2025-01-17", text)


def test_the_answer_of_then_is_kept_back_as_that_of_now_and_no_other_version_is_told() -> None:
    """Without any code a void would be told as what nobody can decide."""
    assert public_only(replace(KNOWN_LATER, then=("void", "act_missing"))).then == ("void", "withheld")
    assert public_only(replace(KNOWN_LATER, then=("revoked", "revoked"))).then == ("revoked", "revoked")
    assert public_only(VALID).then is None
    other = {"number": "1", "version": 2, "issued_on": "2027-01-01"}
    cut = public_only(replace(CORRECTED, replaced_by=other))
    assert (cut.replaces, cut.replaced_by, cut.chain) == (None, None, ())


VOID_THEN = replace(ABSENT_ACT, as_of=KNOWN_LATER.as_of, then=("void", "act_missing"), then_about=ABSENT_ACT.about)
BEFORE_ISSUE = replace(
    REPORTS["cannot_decide"], reason="before_issue", about=About(), then=("cannot_decide", "before_issue")
)
GAP = re.compile("有关机构|有关环节|the organisation concerned|an act|해당 기관|해당 단계|–|[{}]")


@pytest.mark.parametrize("lang", words.LANGUAGES)
@pytest.mark.parametrize("report", [VOID_THEN, BEFORE_ISSUE], ids=["void", "before_issue"])
def test_then_and_now_give_one_cause_for_one_finding(report: Report, lang: str) -> None:
    now = public_only(report)
    then = words.as_known_then(now)
    assert then is not None and words.reason(then, lang) == words.reason(now, lang)


@pytest.mark.parametrize("lang", words.LANGUAGES)
@pytest.mark.parametrize("report", [*FULL.values(), *REPORTS.values(), VOID_THEN, UNPROVED])
def test_no_sentence_has_a_gap_where_what_it_names_is_withheld(report: Report, lang: str) -> None:
    cut = public_only(report)
    then = words.as_known_then(cut)
    told = [words.reason(cut, lang), *(words.row_sentence(cut, row, lang) for row in cut.rows)]
    told += [words.reason(then, lang)] if then else []
    assert [sentence for sentence in told if GAP.search(sentence)] == []


def test_a_void_is_told_to_have_failed_and_where_to_ask_on_and_nothing_that_is_withheld() -> None:
    assert words.reason(public_only(ABSENT_ACT), "zh") == (
        "签名与内容相符,但未按规定程序办理。有检查没有通过;详情请用查验码或证书文件核验。"
    )
    assert "A check failed; for details verify" in words.reason(public_only(UNSEALED), "en")
    assert words.reason(public_only(REPORTS["cannot_decide"]), "zh").startswith("有必要的检查没有结果;")


def test_a_check_that_failed_is_not_told_to_have_no_result_where_the_answer_is_open() -> None:
    cut = public_only(failed("cannot_decide", "events_complete", "status_diverges"))
    assert {row.outcome for row in cut.rows if row.family == "status"} == {"fail"}
    assert "A check failed; for details verify" in words.reason(cut, "en")


def test_the_end_of_a_term_is_told_to_whoever_is_told_that_it_ended() -> None:
    report = REPORTS["out_of_term"]
    cut = public_only(
        replace(report, as_of=KNOWN_LATER.as_of, then=("out_of_term", "out_of_term"), then_about=report.about)
    )
    then = words.as_known_then(cut)
    assert then is not None
    row = next(row for row in cut.rows if row.code == "out_of_term")
    for said in (words.reason(cut, "zh"), words.reason(then, "zh"), words.row_sentence(cut, row, "zh")):
        assert "2027-01-31" in said
