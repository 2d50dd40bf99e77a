"""The Report: what it says, to whom it says it, and what it keeps to itself."""

from dataclasses import replace
from typing import Any

import pytest
from support_changes import apply_changes, day
from support_forge import Forge, judge
from support_instance import SmallInstance

from certsvc.core.bundle import parse_bundle
from certsvc.verify import verify, without_evidence, words
from certsvc.verify.case import DocumentFindings, Evidence
from certsvc.verify.checks import CHECKS
from certsvc.verify.report import EXIT_CODES, NOT_COMPARED, InWords, Link, Report, to_json

MEMBERS = {
    "verdict", "reason", "detail", "details", "decided_at", "as_of", "status_as_of", "fresh_until", "record_source", "time_source",
    "test", "certificate", "match", "checks", "then", "chain", "timeline", "replaces", "replaced_by", "receipt",
}  # fmt: skip


def said(detail: str = "") -> InWords:
    """What a report and its rows say, as the border would put it into words."""
    return InWords(lambda lang: f"{lang}: {detail}", lambda row, lang: f"said of {row.code} in {lang}",
                   lambda row, lang: f"{row.about.act} in {lang}")  # fmt: skip


def report_on(small: SmallInstance, *changes: dict[str, Any], **asked: Any) -> Report:
    return judge(small, apply_changes(Forge(small), list(changes)).build(), **asked)


def test_a_report_has_the_members_that_others_rely_on(small_instance: SmallInstance) -> None:
    value = to_json(report_on(small_instance), said("all is well"), "ko")
    assert value.keys() == MEMBERS
    assert value["verdict"] == "valid" and value["reason"] is None and value["receipt"] is None
    assert (value["decided_at"], value["status_as_of"]) == ("2025-02-17T02:00:00Z",) * 2
    assert value["fresh_until"] == "2025-02-17T02:30:00Z"
    assert (value["time_source"], value["record_source"], value["test"]) == ("asserted", "native", True)
    assert value["detail"] == "ko: all is well"
    assert value["details"] == {"zh": "zh: all is well", "en": "en: all is well"} and value["match"] == NOT_COMPARED


def test_a_row_tells_rule_and_finding(small_instance: SmallInstance) -> None:
    changes = [{"do": "move", "act": "recommend", "to": "2025-01-13"}]
    value = to_json(report_on(small_instance, *changes), said(), "en")
    rows = [row for row in value["checks"] if row["id"] == "notices_long_enough"]
    row = next(row for row in rows if row["outcome"] != "pass")
    assert (row["family"], row["outcome"], row["code"]) == ("procedure", "fail", "interval_short")
    assert (row["act"], row["org"], row["detail"]) == ("unit_notice", "UNIT", "said of interval_short in en")
    assert row["details"] == {"zh": "said of interval_short in zh", "en": "said of interval_short in en"}
    assert row["about"] == {"zh": "unit_notice in zh", "en": "unit_notice in en"}
    assert (row["figures"]["days"], row["figures"]["needed"]) == ("4", "5")
    assert row["rule"].startswith("人社部令第40号")
    assert len(row["evidence"]) == 43
    assert [(one["act"], one["outcome"]) for one in rows if one is not row] == [("result_notice", "pass")]
    assert list(dict.fromkeys(one["id"] for one in value["checks"])) == [check.id for check in CHECKS]


def test_the_certificate_of_a_report_is_what_was_signed(small_instance: SmallInstance) -> None:
    shown = report_on(small_instance).certificate
    signed = parse_bundle(small_instance.bundle()).credential.unverified_payload["certificate"]
    assert shown is not None
    assert shown["holder_name"] == "样章甲" and shown["issuer"] == "示例省人社厅(样章)"
    assert shown["granted_on"] == signed["award_date"] and shown["issued_on"] == signed["issue_date"]
    assert {shown[name] for name in ("title", "level", "series", "specialty")} == {
        "高级工程师", "deputy_senior", "05", "机械",
    }  # fmt: skip
    assert all(shown[name] == signed[name] for name in ("number", "version", "licence_id", "approval", "track_word"))
    assert shown["photo"] is False
    assert "birth" not in shown and "sex" not in shown


#: What was changed, when it is asked, whether claims are shown, and whether the chain is drawn.
SHOWN: dict[str, tuple[list[dict[str, Any]], dict[str, Any], bool, bool]] = {
    "valid": ([], {}, True, True),
    "revoked": ([{"do": "event", "act": "revoke", "at": day(43), "reason": "fraud"}], {}, True, True),
    "void_by_procedure": ([{"do": "move", "act": "recommend", "to": "2025-01-13"}], {}, True, True),
    "stale": ([], {"now": day(60)}, True, True),
    "trust_expired": ([{"do": "set", "at": "trust.exp", "to": day(40)}], {}, True, True),
    "void_by_authority": ([{"do": "set", "at": "grants.committee.exp", "to": day(10)}], {}, False, True),
    "void_by_chain": ([{"do": "sign", "document": "credential", "by": ["HRSS.receipt"]}], {}, False, True),
    "signature_broken": ([{"do": "tamper", "document": "credential", "at": "certificate.name", "to": "样章伪"}], {}, False, False),
    "key_unknown": ([{"do": "bundle_remove", "at": "certs.3"}], {}, False, False),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "asked", "shown", "drawn"), SHOWN.values(), ids=SHOWN.keys())
def test_claims_are_shown_only_when_signature_chain_and_authority_passed(
    changes: list[dict[str, Any]], asked: dict[str, Any], shown: bool, drawn: bool, small_instance: SmallInstance
) -> None:
    report = report_on(small_instance, *changes, **asked)
    assert (report.certificate is not None) is shown
    assert (bool(report.chain), bool(report.timeline)) == (drawn, shown)
    assert (report.status_as_of is not None) is shown and (report.record_source is not None) is shown


def test_claims_are_not_shown_under_a_root_that_we_do_not_hold(
    small_instance: SmallInstance, production_instance: SmallInstance
) -> None:
    report = judge(small_instance, small_instance.bundle(), production_instance.anchors)
    assert report.certificate is None and report.chain == () and report.timeline == ()


def acts_of(report: Report) -> list[Link]:
    return [link for link in report.chain if link.kind == "act"]


def test_the_chain_leads_from_the_root_over_grants_and_acts_to_the_status(small_instance: SmallInstance) -> None:
    chain = report_on(small_instance).chain
    assert list(dict.fromkeys(link.kind for link in chain)) == [
        "root", "authority", "grant", "act", "certificate", "status",
    ]  # fmt: skip
    assert {link.outcome for link in chain} == {"pass"} and not any(link.codes for link in chain)
    assert (chain[0].org, chain[1].org, chain[-2].org) == ("ROOT", "HRSS", "HRSS")
    assert chain[-1].name == "in_force"
    grants = [link for link in chain if link.kind == "grant"]
    assert {link.name for link in grants} >= {"unit", "committee", "organiser", "issuer"}
    assert all(link.document and link.at and link.until for link in grants)


def test_the_acts_of_the_chain_stand_in_order_with_office_paper_time_and_both_signatures(
    small_instance: SmallInstance,
) -> None:
    acts = acts_of(report_on(small_instance))
    assert [link.name for link in acts] == [
        "unit_notice", "recommend", "accept", "draw", "evaluate", "result_notice", "settle_objections", "approve",
        "issue",
    ]  # fmt: skip
    assert (acts[4].org, acts[4].org_name, acts[4].at) == ("COMM", "示例机构COMM", day(14))
    assert all(link.signed_by[:2] == ("officer", "seal") and link.document for link in acts)


def test_the_act_that_failed_is_marked_in_the_chain(small_instance: SmallInstance) -> None:
    report = report_on(small_instance, {"do": "move", "act": "recommend", "to": "2025-01-13"})
    failed = [link for link in report.chain if link.outcome == "fail"]
    assert [(link.kind, link.name, link.codes) for link in failed] == [("act", "unit_notice", ("interval_short",))]


@pytest.mark.parametrize(
    ("absent", "after", "grant"), [("result_notice", "evaluate", "organiser"), ("unit_notice", None, "unit")]
)
def test_an_act_that_is_missing_stands_in_its_place(
    absent: str, after: str | None, grant: str, small_instance: SmallInstance
) -> None:
    forge = Forge(small_instance)
    following = forge.tree["path"][forge.tree["path"].index(absent) + 1]
    forge.tree["path"].remove(absent)
    del forge.tree["grants"][grant]
    forge.tree["acts"][following]["prev"] = [f"@acts.{after}"] if after else []
    report = judge(small_instance, forge.build())
    assert (report.verdict, report.reason, report.about.act) == ("void", "act_missing", absent)
    acts = acts_of(report)
    place = [link.name for link in acts].index(absent)
    assert acts[place + 1].name == following
    missing = acts[place]
    assert (missing.outcome, missing.at, missing.signed_by, missing.evidence) == ("fail", None, (), None)
    assert missing.codes == ("act_missing",) and missing.roles == (grant,)
    assert (missing.org, missing.org_name) == ("", "")


def test_an_act_that_two_offices_were_to_do_stands_there_with_both(small_instance: SmallInstance) -> None:
    forge = apply_changes(Forge(small_instance), [{"do": "copy", "at": "grants.organiser", "to": "grants.second"}])
    forge.tree["path"].remove("result_notice")
    forge.tree["grants"]["second"] |= {"jti": "g-second", "sub": "CITY"}
    # No key of ORGN signed anything here, so that nothing at hand says its name.
    settle = forge.tree["acts"]["settle_objections"]
    settle |= {"prev": ["@acts.evaluate"], "grants": ["@grants.supervisor", "@grants.organiser", "@grants.second"]}
    report = judge(small_instance, forge.build())
    (missing,) = (link for link in acts_of(report) if link.evidence is None)
    assert (missing.org, missing.org_name) == ("CITY", "示例机构CITY、ORGN")
    assert words.was_to_do(report, missing, "zh") == "示例机构CITY、ORGN(评审组织单位)"
    assert "获授权办理的是示例机构CITY、ORGN(评审组织单位)" in words.link_sentences(report, missing, "zh")[0]


def test_a_missing_act_does_not_mark_one_of_its_kind_by_the_office_beside_it(small_instance: SmallInstance) -> None:
    """The committee's office, which did both acts, recommends here once more in the place of the city."""
    forge = Forge(small_instance)
    forge.tree["procedure"]["steps"].insert(3, {**forge.tree["procedure"]["steps"][2], "row_facts": []})
    report = judge(small_instance, forge.build())
    assert [row.about.org for row in report.rows if row.code == "act_missing"] == ["COMM"]
    accepts = [link for link in acts_of(report) if link.name == "accept"]
    assert sorted((link.outcome, link.evidence is None) for link in accepts) == [("fail", True), ("pass", False)]


def test_what_is_asked_about_the_past_has_two_answers(small_instance: SmallInstance) -> None:
    back = {"retroactive": True, "from": None}
    revoke = {"do": "event", "act": "revoke", "at": day(45), "reason": "fraud", "effective": back}
    before, after = (report_on(small_instance, revoke, at=day(n), now=day(47)) for n in (44, 46))
    assert (before.verdict, before.then) == ("revoked", ("valid", None))
    assert (after.verdict, after.then) == ("revoked", ("revoked", "revoked"))
    assert report_on(small_instance, revoke, at=day(47), now=day(47)).then is None
    assert to_json(before, said(), "zh")["then"] == {"verdict": "valid", "reason": None}


def test_the_timeline_tells_when_a_change_took_effect(small_instance: SmallInstance) -> None:
    back = {"retroactive": True, "from": None}
    dated = {"retroactive": False, "from": "2025-02-20"}
    suspend = {"do": "event", "act": "suspend", "at": day(43)}
    one = report_on(
        small_instance, suspend, {"do": "event", "act": "revoke", "at": day(43), "reason": "fraud", "effective": dated}
    )
    assert [moment.event for moment in one.timeline] == ["issued", "suspend", "revoke"]
    assert one.timeline[2].effective_from == "2025-02-20" and not one.timeline[2].retroactive
    assert (one.timeline[2].at, one.timeline[2].decided_at) == (day(46) - 10 * 3600, day(43))
    assert [moment.decided_at for moment in one.timeline] == [None, day(43), day(43)]
    told = to_json(one, said(), "en")["timeline"]
    assert [moment["decided_at"] for moment in told] == [None, "2025-02-17T02:00:00Z", "2025-02-17T02:00:00Z"]
    two = report_on(
        small_instance, {"do": "event", "act": "revoke", "at": day(43), "reason": "fraud", "effective": back}
    )
    assert two.timeline[1].retroactive and two.timeline[1].at == day(43)


def test_a_day_that_an_act_may_not_have_is_not_told(small_instance: SmallInstance) -> None:
    back = {"retroactive": True, "from": None}
    report = report_on(small_instance, {"do": "event", "act": "suspend", "at": day(43), "effective": back})
    assert (report.timeline[1].at, report.timeline[1].retroactive) == (day(43), False)


def test_every_verdict_has_an_exit_code_of_its_own() -> None:
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES) == 12
    assert {verdict for verdict, code in EXIT_CODES.items() if code == 0} == {"valid"}


@pytest.mark.parametrize(("verdict", "match", "code"), [
    ("valid", {"name": "match"}, 0),
    ("valid", {"name": "mismatch"}, 23),
    ("revoked", {"name": "mismatch"}, 12),
    ("cannot_decide", {}, 30),
])  # fmt: skip
def test_a_valid_paper_of_somebody_else_does_not_exit_with_nought(
    verdict: str, match: dict[str, str], code: int
) -> None:
    assert Report(verdict, None, report_about(), 0, 0, match=NOT_COMPARED | match).exit_code == code


def report_about() -> Any:
    return without_evidence("no_record", "x", 0, 0).about


def test_without_evidence_no_check_ran() -> None:
    report = without_evidence("not_issued", "never_issued", 5, 6, test=True, host="sample")
    assert {(row.outcome, row.code) for row in report.rows} == {("not_run", "no_evidence")}
    assert [row.id for row in report.rows] == [check.id for check in CHECKS]
    assert (report.as_of, report.decided_at, report.test) == (5, 6, True)
    assert report.about.figures == {"host": "sample"}


# --- register and carrier ------------------------------------------------------------------------------------------


def with_evidence(small: SmallInstance, **other: Any) -> Report:
    evidence = Evidence(parse_bundle(small.bundle()), **other)
    return verify(evidence, small.anchors, small.now, small.now)


def test_a_register_that_holds_the_same_certificate_agrees(small_instance: SmallInstance) -> None:
    assert with_evidence(small_instance, registered=small_instance.issued[0].certificate.sha256).verdict == "valid"


@pytest.mark.parametrize("registered", ["", "A" * 43])
def test_a_register_that_holds_another_certificate_leaves_it_open(
    registered: str, small_instance: SmallInstance
) -> None:
    report = with_evidence(small_instance, registered=registered)
    assert (report.verdict, report.reason) == ("cannot_decide", "register_differs")


def pdf(
    small: SmallInstance,
    signer: str | None = "HRSS.pdf",
    faults: tuple[str, ...] = (),
    granted: bool = False,
    ca: bool = True,
    **minted: Any,
) -> Report:
    """The report on a PDF that a key signed: a known one, or a new one, granted for PDFs or not."""
    forge = Forge(small)
    if minted:
        forge.mint("minted", signer or "HRSS.pdf", **minted)
        signer = "minted"
    if granted:
        forge.tree["grants"]["issuer"]["keys"].append({"jkt": f"@key:{signer}", "use": "pdf"})
    bundle = parse_bundle(forge.build())
    findings = DocumentFindings("pdf", faults, signer and forge.certificate(signer), bundle.certs[-1] if ca else None)
    return verify(Evidence(bundle, document=findings), small.anchors, small.now, small.now)


def test_a_pdf_signed_by_the_issuers_pdf_key_is_valid(small_instance: SmallInstance) -> None:
    report = pdf(small_instance)
    assert report.verdict == "valid"
    assert [row.outcome for row in report.rows if row.family == "document"] == ["pass", "pass"]


def test_a_pdf_signed_by_another_pdf_key_of_the_issuer_is_valid(small_instance: SmallInstance) -> None:
    assert pdf(small_instance, from_day=43, granted=True).verdict == "valid"


def test_a_picture_is_no_document_that_could_be_signed(small_instance: SmallInstance) -> None:
    report = with_evidence(small_instance, document=DocumentFindings("picture"))
    assert [row.outcome for row in report.rows if row.family == "document"] == ["not_run", "not_run"]


PDFS: dict[str, tuple[dict[str, Any], str]] = {
    "file_was_changed": ({"faults": ("pdf_coverage", "pdf_contents")}, "pdf_coverage"),
    "no_signature": ({"signer": None}, "pdf_unsigned"),
    "no_ca": ({"ca": False}, "pdf_unsigned"),
    "seal_key": ({"signer": "HRSS.seal"}, "pdf_signer_foreign"),
    "seal_key_granted_for_pdfs": ({"signer": "HRSS.seal", "granted": True}, "pdf_signer_foreign"),
    "another_office_granted_for_pdfs": ({"org": "UNIT", "granted": True}, "pdf_signer_foreign"),
    "began_after_the_issue": ({"from_day": 44, "granted": True}, "pdf_signer_foreign"),
    "another_office": ({"org": "UNIT"}, "pdf_signer_foreign"),
    "key_in_no_grant": ({"from_day": 0}, "pdf_signer_foreign"),
    "foreign_root": ({"by": "foreign"}, "pdf_signer_chain"),
}


@pytest.mark.parametrize(("made", "code"), PDFS.values(), ids=PDFS.keys())
def test_a_pdf_that_the_issuer_did_not_sign_is_tampered(
    made: dict[str, Any], code: str, small_instance: SmallInstance
) -> None:
    report = pdf(small_instance, **made)
    assert (report.verdict, report.reason) == ("tampered", code)
    assert report.about.org == (made.get("org", "HRSS") if code == "pdf_signer_foreign" else None)
    assert report.about.figures.get("what") == ("cert_chain" if code == "pdf_signer_chain" else None)


def test_a_grant_stands_in_the_chain_below_the_one_it_was_given_under(small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    for child, parent in (("unit", "city"), ("city", "hrss")):
        forge.tree["grants"][child]["parent"] = f"@grants.{parent}"
    chain = judge(small_instance, forge.build()).chain
    names = [link.name for link in chain if link.kind == "grant"]
    assert names[0] == "issuer" and names[-2:] == ["city", "unit"]


@pytest.mark.parametrize(("member", "seconds", "told"), [
    ("nbf", 0, 0), ("exp", 7_258_118_399, 7_258_118_399), ("exp", 7_258_118_400, None),
])  # fmt: skip
def test_a_time_that_no_calendar_shows_is_left_out_of_the_chain(
    member: str, seconds: int, told: int | None, small_instance: SmallInstance
) -> None:
    chain = report_on(small_instance, {"do": "set", "at": f"grants.unit.{member}", "to": seconds}).chain
    unit = next(link for link in chain if link.kind == "grant" and link.name == "unit")
    assert {"nbf": unit.at, "exp": unit.until}[member] == told


def test_a_signature_by_a_key_that_nobody_certified_is_shown_as_unknown(small_instance: SmallInstance) -> None:
    """The root certified a seal, which only the issuing CA does."""
    forge = Forge(small_instance)
    forge.mint("beside", "COMM.seal", by="root")
    forge.tree["signers"]["acts.evaluate"] = ["COMM-1", "beside"]
    act = next(link for link in acts_of(judge(small_instance, forge.build())) if link.name == "evaluate")
    assert (act.outcome, act.signed_by) == ("fail", ("officer", "unknown"))
    assert "cert_chain" in act.codes


def test_a_log_without_witnesses_gives_a_place_and_no_time(small_instance: SmallInstance) -> None:
    report = with_evidence(small_instance)
    found = [link.logged for link in report.chain if link.kind in ("act", "certificate")]
    assert all(one is not None and (one.earliest, one.latest, one.witnesses) == (None, None, 0) for one in found)
    places = [one.index for one in found if one is not None]
    assert places == sorted(set(places)) and report.time_source == "asserted"


def test_certificates_of_one_batch_have_each_a_place_of_their_own(small_instance: SmallInstance) -> None:
    bundles = [parse_bundle(small_instance.bundle(person)) for person in (0, 1, 2)]
    now, anchors = small_instance.now, small_instance.anchors
    told = [verify(Evidence(one), anchors, now, now).chain[-2].logged for one in bundles]
    assert [one and one.index for one in told] == [one.logged and one.logged.proof.index for one in bundles]
    assert len({one and one.index for one in told} - {None}) == 3


def test_a_place_that_is_not_proved_is_not_told(small_instance: SmallInstance) -> None:
    bundle = parse_bundle(small_instance.bundle())
    assert bundle.logged is not None
    moved = replace(bundle, logged=replace(bundle.logged, proof=replace(bundle.logged.proof, index=7)))
    report = verify(Evidence(moved), small_instance.anchors, small_instance.now, small_instance.now)
    certificate = next(link for link in report.chain if link.kind == "certificate")
    assert certificate.outcome == "unknown" and certificate.logged is None
