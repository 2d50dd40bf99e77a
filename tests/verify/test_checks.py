"""The table of checks: what a check that fails, raises, or has nothing to look at does to the answer."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support_changes import apply_changes
from support_forge import Forge, judge, unlogged
from support_instance import SmallInstance

from certsvc.core.bundle import parse_bundle
from certsvc.core.errors import Malformed
from certsvc.core.facts import FACTS
from certsvc.core.outcomes import Fault, NotRun, Unknown
from certsvc.verify import verify
from certsvc.verify.case import Case, Evidence
from certsvc.verify.checks import CHECKS, find
from certsvc.verify.judge import Check
from certsvc.verify.report import FAMILIES
from certsvc.verify.statement import CHECKS as STATEMENT_CHECKS
from certsvc.verify.verdict import REQUIRED, decide
from certsvc.verify.words import CODES, report_json


def raising(error: Exception) -> Callable[[Case], None]:
    def run(case: Case) -> None:
        raise error

    return run


def passing(case: Case) -> None:
    return None


@pytest.fixture
def case(small_instance: SmallInstance) -> Case:
    evidence = Evidence(parse_bundle(small_instance.bundle()))
    return Case(evidence, small_instance.anchors, small_instance.now, small_instance.now)


def table(**replaced: Callable[[Case], None]) -> tuple[Check, ...]:
    """One check per family, all passing but those named."""
    return tuple(Check(f"{name}_check", name, "rule", replaced.get(name, passing)) for name in FAMILIES)


def test_every_check_has_an_id_of_its_own_a_family_and_a_source() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    assert all(check.rule for check in CHECKS)
    order = [FAMILIES.index(check.family) for check in CHECKS]
    assert order == sorted(order)
    assert {check.family for check in CHECKS} >= set(REQUIRED)


#: A source as it is cited: a law or notice with its article, a standard with its section, a section of our own format.
SOURCE = re.compile(
    r"人社部令第40号 第[一二三四五六七八九十]+(、[一二三四五六七八九十]+)*条|党政机关公文处理工作条例 第九条"
    r"|吉林省2022年职称工作通知 [一二三四五六]\([一二三四五六七八]\)\d?(、[一二三四五六]\([一二三四五六七八]\)\d?)*"
    r"|(RFC \d{4}|W3C VC Data Model 2\.0|ISO 32000-2|draft-ietf-oauth-status-list|docs/format\.md) \d[.\d]*(, \d[.\d]*)*"
    r"|C2SP tlog-[a-z]+(, tlog-[a-z]+)*"
)
#: Rules that have no other source than our own format (docs/decisions/0026).
OUR_OWN = {
    "nothing_unused", "one_procedure", "lifecycle_granted", "corrections_decided", "events_decided", "within_term",
}  # fmt: skip


@pytest.mark.parametrize("rule", [check.rule for check in CHECKS] + [rule for _, _, rule, _ in STATEMENT_CHECKS])
def test_every_source_is_cited_with_its_article_or_section(rule: str) -> None:
    assert all(SOURCE.fullmatch(one) for one in rule.split("; "))


def test_a_check_without_an_outside_source_is_named_as_a_rule_of_our_own() -> None:
    decision = (Path(__file__).parents[2] / "docs" / "decisions" / "0026-sources-of-the-checks.md").read_text("utf-8")
    own = {check.id for check in CHECKS if all(one.startswith("docs/format.md") for one in check.rule.split("; "))}
    assert own == OUR_OWN and all(f"`{name}`" in decision for name in own)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_section_of_the_format_that_is_cited_stands_there(check: Check) -> None:
    text = (Path(__file__).parents[2] / "docs" / "format.md").read_text("utf-8")
    for one in check.rule.split("; "):
        if one.startswith("docs/format.md "):
            numbers = one.removeprefix("docs/format.md ").split(", ")
            assert all(re.search(rf"^##+ {re.escape(number)}\.? ", text, re.M) for number in numbers)


def test_a_genuine_bundle_passes_every_check_that_has_something_to_look_at(case: Case) -> None:
    outcomes = {(row.id, row.outcome) for row in find(case).rows}
    idle = dict.fromkeys(
        ("registered_as_signed", "not_annulled_since", "file_untouched", "file_signed_by_issuer"), "not_run"
    )
    absent = ("lifecycle_signatures", "lifecycle_signed_and_sealed", "lifecycle_granted", "corrections_linked",
              "corrections_decided", "events_lawful", "events_decided")  # fmt: skip
    idle |= dict.fromkeys(absent, "not_applicable")
    # Under a root that requires no log, what comes with a proof is asked for it, and no time is trusted but the stated one.
    idle |= dict.fromkeys(("grant_times_fit", "act_times_fit", "decisions_logged", "log_not_forked"), "not_applicable")
    idle |= {"certificate_time_fits": "not_run"}
    assert outcomes == {(check.id, idle.get(check.id, "pass")) for check in CHECKS}


def test_where_no_log_is_required_a_bundle_without_proofs_is_asked_for_none(small_instance: SmallInstance) -> None:
    evidence = Evidence(parse_bundle(unlogged(small_instance.bundle())))
    finding = find(Case(evidence, small_instance.anchors, small_instance.now, small_instance.now))
    assert finding.decision == ("valid", None)
    asked = {(row.id, row.outcome) for row in finding.rows if row.family == "log"}
    assert ("certificate_logged", "not_run") in asked and ("acts_logged", "not_applicable") in asked
    assert "pass" not in {outcome for name, outcome in asked if name.endswith("_logged")}


def test_every_row_repeats_its_check(case: Case) -> None:
    rows = find(case).rows
    assert list(dict.fromkeys((row.id, row.family) for row in rows)) == [(c.id, c.family) for c in CHECKS]
    assert all(row.rule for row in rows)


def test_what_passes_has_its_check_for_a_code_and_no_other_row_has(case: Case) -> None:
    rows = find(case).rows
    assert {(row.outcome == "pass", row.code == row.id) for row in rows} == {(True, True), (False, False)}
    assert not {check.id for check in CHECKS} & CODES.keys()


def test_every_act_has_a_row_that_names_it_its_office_and_the_rule_of_its_step(case: Case) -> None:
    rows = [row for row in find(case).rows if row.id == "enough_signers"]
    acts = [step.act for step in case.bundle.path]
    steps = case.path.procedure["steps"]
    said = [act.unverified_payload for act in acts]
    assert [(row.about.act, row.about.org, row.evidence) for row in rows] == [
        (one["act"], one["org"], act.sha256) for one, act in zip(said, acts, strict=True)
    ]
    assert [row.rule for row in rows] == [step["rule"] for step in steps]


def test_one_fault_hides_no_other(small_instance: SmallInstance) -> None:
    changes = [
        {"do": "set", "at": "acts.evaluate.facts.present", "to": 3},
        {"do": "set", "at": "grants.organiser.exp", "to": "@day:1"},
        {"do": "set", "at": "acts.approve.document.date", "to": "2020-01-02"},
    ]
    report = judge(small_instance, apply_changes(Forge(small_instance), changes).build())
    failed = {(row.code, row.about.act) for row in report.rows if row.outcome == "fail"}
    assert failed >= {
        ("fact_quorum_two_thirds", "evaluate"), ("grant_expired", "result_notice"), ("document_date", "approve"),
    }  # fmt: skip


def test_every_fact_about_a_person_has_a_row_and_a_rule_of_its_own(small_instance: SmallInstance) -> None:
    again = [{"do": "add", "at": "procedure.steps.4.row_facts", "value": {"name": "at_least", "args": {"yes": least}}}
             for least in (1, 21, 22)]  # fmt: skip
    rows = {"do": "set", "at": "rows.evaluate.0.facts", "to": {"yes": 12, "no": 6, "abstain": 1}}
    report = judge(small_instance, apply_changes(Forge(small_instance), [*again, rows]).build())
    told = [row for row in report.rows if row.id == "person_facts" and row.about.act == "evaluate"]
    assert [(row.outcome, row.code) for row in told] == [
        ("fail", "fact_votes_add_up"), ("fail", "fact_yes_two_thirds"), ("pass", "person_facts"), ("fail", "fact_at_least"),
        ("fail", "fact_at_least"),
    ]  # fmt: skip
    names = ("votes_add_up", "yes_two_thirds", "at_least", "at_least", "at_least")
    assert [row.rule for row in told] == [FACTS[name].rule for name in names]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("error", [ZeroDivisionError(), KeyError("x"), RecursionError(), AssertionError(), OSError()])
def test_a_check_that_raises_is_unknown_under_its_own_family(family: str, error: Exception, case: Case) -> None:
    rows = find(case, table(**{family: raising(error)})).rows
    row = next(row for row in rows if row.family == family)
    assert (row.outcome, row.code) == ("unknown", "check_raised")
    assert row.about.figures == {"error": type(error).__name__}
    assert decide(rows)[0] == "cannot_decide"


OUTCOMES: list[tuple[Exception, str, str]] = [
    (Fault("cert_use", "evaluate", "COMM", n=1), "fail", "cert_use"),
    (Unknown("grant_missing", sha256="x"), "unknown", "grant_missing"),
    (NotRun("offline"), "not_run", "offline"),
    (Malformed("base64", "", ""), "unknown", "base64"),
]


@pytest.mark.parametrize(("error", "outcome", "code"), OUTCOMES)
def test_what_a_check_raises_is_the_outcome_of_its_row(error: Exception, outcome: str, code: str, case: Case) -> None:
    row = next(r for r in find(case, table(status=raising(error))).rows if r.family == "status")
    assert (row.outcome, row.code) == (outcome, code)


def test_a_fault_tells_the_act_the_organisation_and_the_figures(case: Case) -> None:
    row = find(case, table(status=raising(Fault("x", "evaluate", "COMM", days=4)))).rows[5]
    assert (row.about.act, row.about.org) == ("evaluate", "COMM")
    assert row.about.figures["days"] == "4"


def test_no_checks_at_all_decide_nothing(case: Case) -> None:
    assert find(case, ()).rows == ()
    assert decide(()) == ("cannot_decide", None)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_check_that_was_not_run_never_counts_as_passed(family: str, case: Case) -> None:
    rows = find(case, table(**{family: raising(NotRun("offline"))})).rows
    assert decide(rows)[0] == ("cannot_decide" if family in REQUIRED else "valid")


def test_unless_all_signatures_hold_nothing_else_is_run(case: Case) -> None:
    failing = Check("first", "integrity", "r", raising(Fault("sig_bad")))
    rows = find(case, (failing, Check("second", "integrity", "r", passing), *table())).rows
    assert [row.outcome for row in rows if row.family == "integrity"][1:] == ["pass", "pass"]
    rest = [row for row in rows if row.family != "integrity"]
    assert {(row.outcome, row.code) for row in rest} == {("not_run", "signature_failed")}


DOUBTS: list[tuple[Exception, str]] = [
    (Fault("unused_evidence"), "evidence_unfit"),
    (Unknown("path_missing"), "evidence_unfit"),
    (Unknown("key_unknown"), "signature_unknown"),
    (KeyError("x"), "signature_unknown"),
]


@pytest.mark.parametrize(("error", "code"), DOUBTS)
def test_where_a_signature_was_not_checked_the_rest_is_run_and_nothing_fails(
    error: Exception, code: str, case: Case
) -> None:
    checks = (
        Check("first", "integrity", "r", raising(error)),
        *table(chain=raising(Fault("cert_use")), authority=raising(Unknown("grant_missing"))),
    )
    for _ in range(2):
        told = {row.id: (row.outcome, row.code) for row in find(case, checks).rows}
        assert told["first"][0] == ("fail" if isinstance(error, Fault) else "unknown")
        assert told["chain_check"] == ("not_run", code)
        assert told["authority_check"] == ("unknown", "grant_missing")
        assert told["procedure_check"] == ("pass", "procedure_check")


def test_of_a_certificate_that_nobody_at_hand_signed_nothing_passes(case: Case) -> None:
    unheard = Check("credential_signature", "integrity", "r", raising(Unknown("key_unknown")))
    rows = find(case, (unheard, *table(status=raising(Fault("revoked"))))).rows
    rest = [row for row in rows if row.family != "integrity"]
    assert {(row.outcome, row.code) for row in rest} == {("not_run", "signature_unknown")}


UNFIT: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a certificate that nothing names": ([{"do": "bundle_add", "at": "certs", "value_of": "ca:foreign"}], "evidence_unfit"),
    "no certificates at all": ([{"do": "bundle_set", "at": "certs", "to": []}], "signature_unknown"),
    "no acts": ([{"do": "bundle_set", "at": "path", "to": []}], "evidence_unfit"),
    "another certificate for the issuer's": (
        [{"do": "mint", "label": "other", "like": "HRSS.credential"}, {"do": "bundle_remove", "at": "certs.0"},
         {"do": "bundle_add", "at": "certs", "value_of": "certificate:other"}], "evidence_unfit",
    ),
    "an act of which one figure was changed": (
        [{"do": "bundle_set", "at": "path.0.act.signatures.0.signature", "to": "A" * 86},
         {"do": "bundle_add", "at": "certs", "value_of": "ca:foreign"}], "signature_failed",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "code"), UNFIT.values(), ids=UNFIT.keys())
def test_a_signature_is_said_to_have_failed_only_where_one_did(
    changes: list[dict[str, Any]], code: str, small_instance: SmallInstance
) -> None:
    rows = judge(small_instance, apply_changes(Forge(small_instance), changes).build()).rows
    rest = [row for row in rows if row.family != "integrity"]
    assert ("sig_bad" in {row.code for row in rows}) == (code == "signature_failed")
    assert not [row for row in rest if row.outcome == "fail" or row.code == "check_raised"]
    assert code in {row.code for row in rest} or code == "evidence_unfit"
    assert code != "signature_failed" or {(row.outcome, row.code) for row in rest} == {("not_run", code)}


def test_whatever_comes_after_the_signatures_is_asked_only_once_they_hold(case: Case) -> None:
    asked: list[str] = []

    def noted(case: Case) -> None:
        asked.append("status")

    checks = table(integrity=raising(Fault("sig_bad")), status=noted)
    find(case, checks)
    find(case, checks)
    assert asked == []
    find(case, table(status=noted))
    assert asked


# --- evidence that is signed and senseless -------------------------------------------------------------------------

SENSELESS: dict[str, list[dict[str, Any]]] = {
    "no_entry": [{"do": "bundle_set", "at": "entries", "to": []}],
    "no_evidence": [{"do": "set", "at": "credential.evidence", "to": []}],
    "no_steps": [{"do": "set", "at": "procedure.steps", "to": []}],
    "award_date_of_no_step": [{"do": "set", "at": "procedure.award_date", "to": "file"}],
    "slot_outside_the_list": [{"do": "set", "at": "credential.status.status_list.idx", "to": 2**40}],
    "negative_lag": [{"do": "set", "at": "procedure.document_lag_days", "to": -1}],
    "arguments_of_another_kind": [{"do": "set", "at": "procedure.steps.4.facts.0", "to": {"name": "within_ratio", "args": {"percent": 5}}}],
    "arguments_that_are_a_list": [{"do": "set", "at": "procedure.steps.4.facts.0", "to": {"name": "within_ratio", "args": {"percent": {}, "extra_points": []}}}],
    "act_at_the_end_of_time": [{"do": "set", "at": "acts.evaluate.iat", "to": 2**53 - 1}],
    "act_before_all_time": [{"do": "set", "at": "acts.evaluate.iat", "to": -(2**53) + 1}],
    "certificate_at_the_end_of_time": [{"do": "set", "at": "credential.nbf", "to": 2**53 - 1}],
    "list_at_the_end_of_time": [{"do": "set", "at": "status.iat", "to": 2**53 - 1}],
    "trust_at_the_end_of_time": [{"do": "set", "at": "trust.iat", "to": 2**53 - 1}],
    "parts_without_end": [{"do": "set", "at": "acts.evaluate.parts", "to": [{"root": "A" * 43, "count": 1}] * 500}],
    "no_certificates": [{"do": "bundle_set", "at": "certs", "to": []}],
    "no_grants": [{"do": "bundle_set", "at": "grants", "to": []}],
    "no_path": [{"do": "bundle_set", "at": "path", "to": []}],
    "negative_place": [{"do": "bundle_set", "at": "path.0.proof.index", "to": -1}],
    "place_beyond_all_lists": [{"do": "bundle_set", "at": "path.0.proof.index", "to": 2**53 - 1}],
    "path_of_a_thousand_nodes": [{"do": "bundle_set", "at": "path.0.proof.path", "to": ["A" * 43] * 1000}],
}  # fmt: skip


@pytest.mark.parametrize("changes", SENSELESS.values(), ids=SENSELESS.keys())
def test_senseless_evidence_gets_a_report_and_is_never_valid(
    changes: list[dict[str, Any]], small_instance: SmallInstance
) -> None:
    report = judge(small_instance, apply_changes(Forge(small_instance), changes).build())
    assert report.verdict not in ("valid", "unreadable")
    assert report_json(report, "zh")["verdict"] == report.verdict


def test_ten_thousand_junk_certificates_are_refused_without_being_tried(small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    changes = [{"do": "bundle_add", "at": "certs", "value_of": "ca:foreign"} for _ in range(9)]
    report = judge(small_instance, apply_changes(forge, changes).build())
    assert (report.verdict, report.reason) == ("tampered", "unused_evidence")
    rows = {row.id: row.outcome for row in report.rows}
    assert rows["nothing_unused"] == "fail"


def test_verification_is_a_function_of_its_arguments(small_instance: SmallInstance) -> None:
    evidence = Evidence(parse_bundle(small_instance.bundle()))
    one, two = (verify(evidence, small_instance.anchors, small_instance.now, small_instance.now) for _ in range(2))
    assert one == two
