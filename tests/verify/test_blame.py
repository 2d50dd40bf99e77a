"""Who is named beside a verdict: the office whose document is wrong, and nobody for evidence that nobody signed."""

from typing import Any

import pytest
from support_changes import apply_changes
from support_forge import Forge, judge
from support_instance import SmallInstance
from test_log_vectors import FOUND
from test_log_vectors import judged as judged_by_log
from test_vectors import VECTORS, judged

from certsvc.cli import verify_chain
from certsvc.verify import words
from certsvc.verify.report import Report
from certsvc.web import pictures

Changes = list[dict[str, Any]]
BY_ID = {vector["id"]: vector for vector in VECTORS}
UNSIGNED = ("evidence_differs", "inclusion_bad", "commit_mismatch", "checkpoint_bad")


def report_of(small: SmallInstance, name: str, *more: dict[str, Any]) -> Report:
    return judged(small, [*BY_ID[name]["changes"], *more], BY_ID[name].get("asked"))


def failed(report: Report) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(link.kind, link.name, link.org, link.codes) for link in report.chain if link.outcome == "fail"]


# --- the certificate -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("award_date_throughout", "cert_mismatch"),
        ("printed_approval_number", "cert_mismatch"),
        ("printed_approval_org", "cert_mismatch"),
        ("printed_track", "cert_mismatch"),
        ("printed_committee", "cert_mismatch"),
        ("issuer_of_another_id", "issuer_mismatch"),
        ("issuer_mismatch", "issuer_mismatch"),
    ],
)
def test_what_a_certificate_misprints_is_the_fault_of_the_certificate_and_of_no_act_that_it_quotes(
    name: str, code: str, small_instance: SmallInstance
) -> None:
    report = report_of(small_instance, name)
    assert (report.reason, failed(report)) == (code, [("certificate", "", "HRSS", (code,))])


def test_a_certificate_is_of_the_office_whose_key_signed_it_whomever_it_names(small_instance: SmallInstance) -> None:
    report = report_of(small_instance, "credential_key_of_another_office_and_no_grant")
    links = {link.kind: (link.org, link.outcome) for link in report.chain if link.kind in ("authority", "certificate")}
    assert links == {"authority": ("HRSS", "pass"), "certificate": ("STRANGER", "fail")}


# --- a grant that was withdrawn ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "holder", "acted"),
    [
        ("grant_withdrawn", "COMM", "示例机构COMM"),
        ("parent_grant_withdrawn", "HRSS", "示例机构UNIT"),
        ("grandparent_grant_withdrawn", "HRSS", "示例机构COMM"),
    ],
)
def test_a_withdrawn_grant_is_told_with_its_holder_day_and_reason_and_marked_itself(
    name: str, holder: str, acted: str, small_instance: SmallInstance
) -> None:
    report = report_of(small_instance, name)
    marked = [link for link in report.chain if link.kind == "grant" and link.outcome == "fail"]
    assert [(link.org, link.evidence) for link in marked] == [(holder, report.about.figures["sha256"])]
    said = f"{acted} acted on the strength of a grant to {marked[0].org_name} that was withdrawn from 2025-01-06 on (taken back)."
    assert words.reason(report, "en").endswith(said)


def test_a_status_list_under_a_withdrawn_grant_says_whose_grant_that_was(small_instance: SmallInstance) -> None:
    report = report_of(small_instance, "list_under_a_withdrawn_grant")
    assert "on the strength of a grant to 示例省人社厅(样章) that was withdrawn from" in words.reason(report, "en")
    assert [link.outcome for link in report.chain if link.evidence == report.about.figures["sha256"]] == ["unknown"]


@pytest.mark.parametrize("since", [-1, 2**53 - 1], ids=["before_1970", "after_every_calendar"])
def test_a_withdrawal_of_no_day_that_a_calendar_has_is_told_without_it(
    since: int, small_instance: SmallInstance
) -> None:
    report = report_of(small_instance, "grant_withdrawn")
    report.about.figures["since"] = str(since)
    assert "from – on" in words.reason(report, "en")


# --- an act that nobody did ----------------------------------------------------------------------------------------


def test_an_act_that_the_higher_office_left_undone_stands_behind_that_of_the_lower(
    small_instance: SmallInstance,
) -> None:
    county = {"do": "set", "at": "grants.city.role", "to": "county"}
    report = report_of(small_instance, "county_passed_over", county)
    assert (report.verdict, report.reason, report.about.figures["after"]) == ("void", "act_missing", "recommend")
    acts = [(link.name, link.outcome, link.roles) for link in report.chain if link.kind == "act"][:4]
    assert acts == [
        ("unit_notice", "pass", ()), ("recommend", "pass", ()), ("recommend", "fail", ("city",)), ("accept", "pass", ()),
    ]  # fmt: skip


def test_an_act_that_the_lower_office_left_undone_stands_before_that_of_the_higher(
    small_instance: SmallInstance,
) -> None:
    report = report_of(small_instance, "county_passed_over")
    acts = [(link.name, link.roles) for link in report.chain if link.kind == "act"][:3]
    assert acts == [("unit_notice", ()), ("recommend", ("county",)), ("recommend", ())]


# --- the trust list ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["trust_key_ended", "trust_key_run_out", "trust_key_stolen"])
def test_a_trust_list_that_decides_nothing_stands_on_the_root_that_signed_it(
    name: str, small_instance: SmallInstance
) -> None:
    report = report_of(small_instance, name)
    assert [(link.kind, link.outcome) for link in report.chain if link.outcome != "pass"] == [("root", "unknown")]


# --- what nobody signed --------------------------------------------------------------------------------------------

#: Where an office is at fault by what is signed, whatever else differs: the links that failed, and why they do.
SIGNED_AND_WRONG = {
    # The vote names the list before it, and counts more people than that list has.
    "roster_count_wrong": [("act", "evaluate", "COMM", ("inclusion_bad", "roster_grew"))],
    # The certificate itself says a level that its own number denies.
    "entry_raised_at_issue": [("certificate", "", "HRSS", ("cert_mismatch",))],
}


@pytest.mark.parametrize("vector", VECTORS, ids=BY_ID)
def test_evidence_that_nobody_signed_marks_no_link_as_failed(
    vector: dict[str, Any], small_instance: SmallInstance
) -> None:
    if vector["expected"]["code"] not in UNSIGNED:
        return
    report = report_of(small_instance, vector["id"])
    assert report.verdict == "tampered" and report.chain
    assert failed(report) == SIGNED_AND_WRONG.get(vector["id"], [])


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: case["id"])
def test_a_log_proof_that_was_altered_marks_no_link_as_failed(case: dict[str, Any]) -> None:
    report = judged_by_log(case)
    assert report.verdict != "tampered" or report.reason not in UNSIGNED or not failed(report)


def test_a_region_that_a_bearer_wrote_into_the_entry_leaves_no_sentence_about_an_office(
    small_instance: SmallInstance,
) -> None:
    report = report_of(small_instance, "correction_left_out_and_region_edited")
    offices = {link.org_name for link in report.chain if link.kind == "act"}
    said = [words.row_sentence(report, row, lang) for row in report.rows for lang in words.LANGUAGES]
    assert len(offices) > 5 and not [one for one in said if any(office in one for office in offices)]
    assert report.certificate is None


def test_a_region_that_a_bearer_wrote_into_the_entry_makes_nobody_miss_an_act(small_instance: SmallInstance) -> None:
    changes = BY_ID["correction_left_out_and_region_edited"]["changes"]
    to_a_county = [{**one, "to": "220122"} if one.get("to") == "330100" else one for one in changes]
    assert to_a_county != changes
    report = judged(small_instance, to_a_county, None)
    assert (report.verdict, report.reason) == ("tampered", "evidence_differs")
    assert failed(report) == [] and not any(words.is_absent(link) for link in report.chain)


def test_a_seal_that_was_taken_away_is_drawn_as_open_and_not_as_missing(small_instance: SmallInstance) -> None:
    report = report_of(small_instance, "seal_taken_away")
    draw = next(link for link in report.chain if link.name == "draw")
    bead = next(bead for bead in pictures.chain(report, "zh") if bead.document == draw.document)
    assert ([mark.state for mark in bead.marks], bead.state) == (["pass", "unknown"], "not_run")
    assert not any("✖" in line for line in verify_chain.chain(report, everything=False))
    assert report.certificate is None


def salt_altered(value: dict[str, Any]) -> None:
    value["salts"]["name"] = "A" * 43


def place_altered(value: dict[str, Any]) -> None:
    value["path"][5]["proof"]["path"] = []


@pytest.mark.parametrize("altered", [salt_altered, place_altered])
@pytest.mark.parametrize(
    ("name", "code", "office"),
    [
        ("seal_left_out", "seal_missing", "COMM"),
        ("roster_of_another_level", "target_changed", "APPR"),
        ("more_present_than_members", "fact_quorum_two_thirds", "COMM"),
        ("region_out_of_scope", "region_out_of_scope", "COMM"),
        ("grant_withdrawn", "grant_withdrawn", "COMM"),
        ("spliced_act", "link_case", "ORGN"),
        ("city_passed_over", "act_missing", None),
        ("printed_committee", "cert_mismatch", None),
        ("procedure_of_another_track", "procedure_track", None),
    ],
)
def test_what_signatures_alone_show_to_be_wrong_is_told_whatever_else_a_bearer_altered(
    name: str, code: str, office: str | None, altered: Any, small_instance: SmallInstance
) -> None:
    forge = apply_changes(Forge(small_instance), BY_ID[name]["changes"])
    forge.after.append(altered)
    report = judge(small_instance, forge.build())
    assert (report.verdict, report.reason in UNSIGNED) == ("tampered", True)
    assert (code, office) in {(row.code, office and row.org) for row in report.rows if row.outcome == "fail"}
    assert any(code in link.codes and link.outcome == "fail" for link in report.chain)


def test_a_certificate_beside_the_path_of_another_says_nothing_about_who_did_its_acts(
    small_instance: SmallInstance,
) -> None:
    changes = [
        *BY_ID["replayed_for_another"]["changes"],
        {"do": "set", "at": "credential.evidence.0.id", "to": "urn:certsvc:act:" + "A" * 43},
        {"do": "set", "at": "credential.certificate.committee", "to": "another committee"},
    ]
    report = judged(small_instance, changes, None)
    assert (report.verdict, report.reason, failed(report)) == ("tampered", "evidence_differs", [])
