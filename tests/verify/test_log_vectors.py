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
from certsvc.verify.report import Report

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


def test_who_acted_too_late_or_unseen_is_named() -> None:
    for name in ("backdated", "second_successor", "logged_out_of_order", "grant_after_act"):
        report = judged(next(case for case in FOUND["cases"] if case["id"] == name))
        assert (report.about.act, report.about.org) == ("approve", "EX-APPR")
