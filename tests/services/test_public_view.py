"""What number and name may know: a verdict with few members, and neither offices nor how many acts there were."""

import json
from dataclasses import replace

import pytest
from reports_for_tests import ABSENT_ACT, ACTS, CERTIFICATE, CORRECTED, GRANTS, KNOWN_LATER, REPORTS, UNSEALED, VALID

from certsvc.core.outcomes import About
from certsvc.services.public_view import PUBLIC_MEMBERS, public_only
from certsvc.verify import words
from certsvc.verify.checks import CHECKS
from certsvc.verify.report import Report

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


def test_each_check_has_one_row_whatever_the_number_of_acts() -> None:
    rows = public_only(VALID).rows
    assert [row.id for row in rows] == [check.id for check in CHECKS]
    assert [row.rule for row in rows] == [check.rule for check in CHECKS]
    assert all(row.about == About() and row.evidence is None for row in rows)


def test_the_row_of_a_check_is_the_worst_of_its_rows() -> None:
    row = next(row for row in public_only(UNSEALED).rows if row.id == "signed_and_sealed")
    assert (row.outcome, row.code) == ("fail", "seal_missing")


def test_the_answer_of_then_is_a_verdict_alone_and_no_other_version_is_told() -> None:
    assert public_only(replace(KNOWN_LATER, then=("void", "act_missing"))).then == ("void", None)
    assert public_only(VALID).then is None
    other = {"number": "1", "version": 2, "issued_on": "2027-01-01"}
    cut = public_only(replace(CORRECTED, replaced_by=other))
    assert (cut.replaces, cut.replaced_by, cut.chain) == (None, None, ())
