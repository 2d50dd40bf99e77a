"""The chain that a reader is shown: which root, which order, which link is marked, and where each stands in the log."""

from dataclasses import replace
from typing import Any

import pytest
from click import unstyle
from support_changes import apply_changes, day
from support_forge import Forge, judge
from support_instance import SmallInstance
from support_x509 import authority
from test_log_vectors import case_of, judged, links_of, patched
from test_vectors import VECTORS

from certsvc.cli import verify_chain
from certsvc.core.bundle import Bundle, parse_bundle
from certsvc.core.chain import read_anchor
from certsvc.verify import judge as find
from certsvc.verify import verify, without_evidence, words
from certsvc.verify.case import Evidence
from certsvc.verify.checks import CHECKS
from certsvc.verify.path import jkt_of
from certsvc.verify.report import Link, Report
from certsvc.web import pictures

LOGGED = "backdated (harmless)"


def report_on(small: SmallInstance, *changes: dict[str, Any], **asked: Any) -> Report:
    return judge(small, apply_changes(Forge(small), list(changes)).build(), **asked)


def one(report: Report, kind: str, name: str | None = None) -> Link:
    return next(link for link in report.chain if link.kind == kind and name in (None, link.name))


def evidence_of(name: str) -> Bundle:
    return parse_bundle(patched(case_of(name)["patch"]))


def test_every_link_with_a_proof_tells_the_place_that_it_proves() -> None:
    bundle, chain = evidence_of(LOGGED), judged(case_of(LOGGED)).chain
    documents = [*(step.act for step in bundle.path), *bundle.grants, bundle.status_list]
    proofs = [*(step.logged for step in bundle.path), *bundle.grants_logged, bundle.status_logged]
    places = {document.sha256: logged.proof.index for document, logged in zip(documents, proofs, strict=True) if logged}
    told = {link.evidence: link.logged.index for link in chain if link.logged and link.evidence}
    assert told == places and {link.kind for link in chain if link.evidence} == {"grant", "act", "status"}
    (certificate,) = links_of(LOGGED, "certificate")
    assert bundle.logged is not None and certificate.logged.index == bundle.logged.proof.index


def test_another_fault_leaves_the_certificate_its_place() -> None:
    (certificate,) = links_of("backdated", "certificate")
    bundle = evidence_of("backdated")
    assert bundle.logged is not None and certificate.logged.index == bundle.logged.proof.index


def test_what_is_wrong_with_the_certificates_own_place_marks_the_certificate() -> None:
    (certificate,) = links_of("certificate_not_logged", "certificate")
    assert certificate.codes == ("log_proof_missing",)
    assert {link.outcome for link in judged(case_of("certificate_not_logged")).chain if link is not certificate} >= {
        "pass"
    }


def test_the_root_that_is_drawn_is_the_one_above_the_keys(small_instance: SmallInstance) -> None:
    own, other = small_instance.anchors[0], read_anchor(authority("other_root").certificate)
    for anchors in ((own, other), (other, own)):
        root = one(judge(small_instance, small_instance.bundle(), anchors=anchors), "root")
        begins, ends = own.certificate.not_valid_before_utc, own.certificate.not_valid_after_utc
        assert (root.org_name, root.outcome, root.codes) == (own.certificate.subject.rfc4514_string(), "pass", ())
        assert (root.at, root.until) == (int(begins.timestamp()), int(ends.timestamp()))


def test_a_certificate_is_called_a_test_by_the_root_above_its_keys(small_instance: SmallInstance) -> None:
    """And by any root that we hold where no key leads to one."""
    test = read_anchor(authority("test_root").certificate)
    own, other = (replace(one, test=False) for one in (small_instance.anchors[0], test))
    data = small_instance.bundle()
    for anchors, called in (
        ((own, test), False), ((test, own), False), ((own, other), False), ((other, replace(own, test=True)), True),
        ((other, test), True), ((other,), False), ((test,), True),
    ):  # fmt: skip
        assert judge(small_instance, data, anchors=anchors).test == called


def test_a_key_under_another_root_that_we_hold_is_no_key_of_this_instance(small_instance: SmallInstance) -> None:
    """What one instance grants and withdraws says nothing about another's."""
    forge = Forge(small_instance)
    forge.mint("stranger", "COMM-1", by="foreign")
    forge.tree["signers"]["acts.evaluate"] = ["stranger", "COMM.seal"]
    data = forge.build()
    foreign = read_anchor(forge.foreign_root)
    alone = judge(small_instance, data)
    both = judge(small_instance, data, anchors=(*small_instance.anchors, foreign))
    assert "unknown_root" in {row.code for row in alone.rows}
    assert [row.code for row in both.rows if row.id == "one_root"] == ["roots_mixed"] and both.verdict == "void"


def test_a_key_of_the_issuer_that_had_ended_marks_the_authority(small_instance: SmallInstance) -> None:
    changes = {"do": "end_key", "key": "HRSS.credential", "at": day(10), "reason": "withdrawn"}
    report = report_on(small_instance, changes)
    authority = one(report, "authority")
    assert (authority.outcome, authority.codes) == ("fail", ("key_ended",))
    assert (one(report, "root").outcome, one(report, "status").outcome) == ("pass", "pass")
    assert (authority.org, authority.name) == ("HRSS", "issuer")


def test_a_missing_certificate_of_the_issuers_key_leaves_the_authority_open(small_instance: SmallInstance) -> None:
    bundle = parse_bundle(small_instance.bundle())
    kid = bundle.credential.signatures[0].unverified_kid
    bare = replace(bundle, certs=tuple(der for der in bundle.certs if jkt_of(der) != kid))
    report = verify(Evidence(bare), small_instance.anchors, small_instance.now, small_instance.now)
    assert report.verdict == "cannot_decide" and report.chain == ()


def test_a_link_of_which_something_could_not_be_asked_has_not_passed(small_instance: SmallInstance) -> None:
    """Where nobody approved, what the certificate quotes of the approval is compared with nothing."""
    (vector,) = [one for one in VECTORS if one["id"] == "no_approval"]
    report = report_on(small_instance, *vector["changes"])
    certificate, approval = one(report, "certificate"), one(report, "act", "approve")
    assert (certificate.outcome, certificate.codes) == ("not_run", ("act_missing",))
    assert (approval.outcome, approval.codes) == ("fail", ("act_missing",))
    assert [row.id for row in words.link_rows(certificate)] == ["acts_quoted"]
    assert [row.id for row in words.link_rows(approval)] == ["acts_complete"]
    said = words.link_sentences(report, certificate, "zh")
    bead = next(bead for bead in pictures.chain(report, "zh") if bead.kind == "certificate")
    assert (bead.state, list(bead.notes)) == ("not_run", said)
    told = [unstyle(line) for line in verify_chain.chain(report, everything=False)]
    assert next(line for line in told if said[0] in line).endswith(f"– {said[0]}")
    assert {link.outcome for link in judge(small_instance, small_instance.bundle()).chain} == {"pass"}


def test_grants_stand_by_their_line_and_not_by_their_days(small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    for child, parent in (("unit", "city"), ("city", "hrss")):
        forge.tree["grants"][child]["parent"] = f"@grants.{parent}"
    for days, name in enumerate(("unit", "city", "hrss")):
        forge.tree["grants"][name]["nbf"] = day(-30 + days)
    names = [link.name for link in judge(small_instance, forge.build()).chain if link.kind == "grant"]
    assert names.index("hrss") < names.index("city") < names.index("unit")


@pytest.mark.parametrize("asked", [{"now": 0}, {"max_age": 0}])
def test_the_quick_answer_is_that_of_the_report(asked: dict[str, int], small_instance: SmallInstance) -> None:
    evidence, anchors, at = Evidence(parse_bundle(small_instance.bundle())), small_instance.anchors, small_instance.now
    now, age = at + (8 * 86_400 if "now" in asked else 60), asked.get("max_age")
    verdict, row = find(evidence, anchors, at, now, age).decision
    report = verify(evidence, anchors, at, now, age)
    assert (verdict, row and row.code) == (report.verdict, report.reason) == ("cannot_decide", "status_stale")
    assert find(evidence, anchors, at, at).decision == ("valid", None)


def test_without_evidence_each_check_is_named_with_family_and_rule() -> None:
    report = without_evidence("unreadable", "no_code_found", 1, 2)
    assert [(row.id, row.family, row.rule) for row in report.rows] == [(c.id, c.family, c.rule) for c in CHECKS]
    assert not report.test and without_evidence("unreadable", "no_code_found", 1, 2, True).test


def test_a_link_tells_its_own_fault_and_not_that_of_another_act(small_instance: SmallInstance) -> None:
    """Two acts that fail for one reason are told each in its place, once."""
    beyond = [
        {"do": "set", "at": f"grants.{name}.scope.levels", "to": ["intermediate"]}
        for name in ("committee", "committee_office")
    ]
    report = report_on(small_instance, *beyond)
    failed = [link for link in report.chain if link.kind == "act" and link.outcome == "fail"]
    assert [link.name for link in failed] == ["accept", "draw", "evaluate"]
    for link in failed:
        rows = words.link_rows(link)
        assert rows and {row.about.act for row in rows} == {link.name}
        assert len(words.link_sentences(report, link, "en")) == 1
