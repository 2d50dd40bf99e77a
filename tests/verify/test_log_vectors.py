"""Bundles with log proofs: each case gives its verdict and code, and its sibling, much like it, is valid."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from certsvc.core.bundle import parse_bundle, write_bundle
from certsvc.core.chain import read_anchor
from certsvc.core.encoding import canonical, unb64
from certsvc.verify import verify
from certsvc.verify.case import Evidence
from certsvc.verify.report import Link, Report
from certsvc.verify.words import report_json

FOUND = json.loads((Path(__file__).parents[1] / "vectors" / "format" / "logged.json").read_text(encoding="utf-8"))
ANCHORS = tuple(read_anchor(x509.load_der_x509_certificate(unb64(root))) for root in FOUND["roots"].values())


def patched(patch: list[dict[str, Any]]) -> bytes:
    value = json.loads(FOUND["bundle"])
    for one in patch:
        *way, last = one["path"].removeprefix("/").split("/")
        holder = value
        for part in way:
            holder = holder[int(part) if isinstance(holder, list) else part]
        holder[int(last) if isinstance(holder, list) else last] = one["value"]
    return canonical(value)


def judged(case: dict[str, Any]) -> Report:
    return verify(Evidence(parse_bundle(patched(case["patch"]))), ANCHORS, case["at"], case["now"])


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: case["id"])
def test_log_evidence_gets_its_verdict(case: dict[str, Any]) -> None:
    report, expected = judged(case), case["expected"]
    assert (report.verdict, report.reason) == (expected["verdict"], expected["reason"])
    assert [[row.id, row.outcome, row.code] for row in report.rows] == expected["rows"]
    assert report.time_source == "log"


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: case["id"])
def test_a_bundle_with_log_proofs_is_written_as_it_was_read(case: dict[str, Any]) -> None:
    data = patched(case["patch"])
    assert write_bundle(parse_bundle(data)) == data


def test_every_case_has_a_sibling_that_is_valid() -> None:
    verdicts = {case["id"]: case["expected"]["verdict"] for case in FOUND["cases"]}
    cases = [name for name in verdicts if not name.endswith("(harmless)")]
    assert len(cases) > 35
    assert {verdicts[f"{name} (harmless)"] for name in cases} == {"valid"}
    assert "valid" not in {verdicts[name] for name in cases}


#: Checks of the proof itself; the others ask whether what it shows is as it should be.
PROOFS = ("acts_logged", "grants_logged", "lists_logged")


def case_of(name: str) -> dict[str, Any]:
    return next(case for case in FOUND["cases"] if case["id"] == name)


def links_of(name: str, kind: str) -> list[Link]:
    return [link for link in judged(case_of(name)).chain if link.kind == kind]


def test_each_link_tells_its_place_and_the_times_between_which_witnesses_saw_it() -> None:
    (certificate,), acts = links_of("backdated (harmless)", "certificate"), links_of("backdated (harmless)", "act")
    found = [link.logged for link in (*acts, certificate)]
    assert all(one is not None and one.earliest and one.latest and one.witnesses == 3 for one in found)
    assert all(one.earliest <= one.latest for one in found)
    places = [one.index for one in found]
    assert places == sorted(set(places))
    first = parse_bundle(patched([])).logged
    assert first is not None and certificate.logged.index == first.proof.index


def test_the_report_as_json_tells_place_times_and_witnesses_of_each_link() -> None:
    told = report_json(judged(case_of("backdated (harmless)")), "zh")["chain"]
    first = next(link for link in told if link["kind"] == "act")
    assert first["logged"] == {
        "index": 14,
        "earliest": "2025-03-10T00:59:02Z",
        "latest": "2025-03-10T01:01:01Z",
        "witnesses": 3,
    }
    assert told[0]["logged"] is None


def test_an_act_that_is_dated_back_keeps_both_times() -> None:
    bad = next(link for link in links_of("backdated", "act") if link.codes == ("time_mismatch",))
    assert bad.at + 3600 < bad.logged.earliest


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: case["id"])
def test_a_link_is_said_to_be_logged_only_where_no_check_of_its_proof_failed(case: dict[str, Any]) -> None:
    report = judged(case)
    bad = {row.evidence for row in report.rows if row.id in PROOFS and row.outcome != "pass"}
    assert not [link for link in report.chain if link.logged and link.evidence and link.evidence in bad]
    unproved = any(row.id == "certificate_logged" and row.outcome != "pass" for row in report.rows)
    assert not [link for link in report.chain if link.kind == "certificate" and link.logged and unproved]


def test_a_certificate_without_its_proof_is_drawn_open_and_not_logged() -> None:
    (certificate,) = links_of("certificate_not_logged", "certificate")
    assert (certificate.outcome, certificate.codes, certificate.logged) == ("unknown", ("log_proof_missing",), None)


def test_a_list_whose_proof_is_of_something_else_is_drawn_as_open() -> None:
    case = case_of("backdated (harmless)")
    foreign = {"path": "/status/log", "value": json.loads(FOUND["bundle"])["log"]}
    report = judged({**case, "patch": [*case["patch"], foreign]})
    status = next(link for link in report.chain if link.kind == "status")
    assert (status.outcome, status.codes, status.logged) == ("unknown", ("commit_mismatch",), None)


def test_who_acted_too_late_or_unseen_is_named() -> None:
    for name in ("backdated", "second_successor", "logged_out_of_order", "grant_after_act"):
        report = judged(next(case for case in FOUND["cases"] if case["id"] == name))
        assert (report.about.act, report.about.org) == ("approve", "EX-APPR")
