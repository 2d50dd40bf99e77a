"""What a report says beside its verdict: tests/vectors/verify_rows.json has every row that did not pass, with its figures.

log_rows.json has those of evidence with log proofs. `python tests/vectors/make_row_vectors.py` writes both anew; each
line that differs then is a changed answer.
"""

import json
from typing import Any

import pytest
from make_row_vectors import FILE, GENUINE, LOG_FILE, LOGGED, told, whole
from support_changes import apply_changes
from support_forge import Forge, judge
from support_instance import SmallInstance
from test_log_vectors import case_of
from test_log_vectors import judged as judged_by_log
from test_vectors import VECTORS, judged

EXPECTED: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
BY_LOG: dict[str, Any] = json.loads(LOG_FILE.read_text("utf-8"))
TOLD = [vector for vector in VECTORS if vector["id"] in EXPECTED]


@pytest.mark.parametrize("vector", TOLD, ids=[vector["id"] for vector in TOLD])
def test_whatever_is_wrong_is_told_with_act_office_and_figures_and_marked_in_the_chain(
    vector: dict[str, Any], small_instance: SmallInstance
) -> None:
    report = judged(small_instance, vector["changes"], vector.get("asked"))
    assert told(report) == EXPECTED[vector["id"]]


@pytest.mark.parametrize("name", GENUINE)
def test_the_whole_report_on_a_genuine_bundle_is_as_written(name: str, small_instance: SmallInstance) -> None:
    changes, asked = GENUINE[name]
    report = judge(small_instance, apply_changes(Forge(small_instance), changes).build(), **asked)
    assert whole(report) == EXPECTED[name]


@pytest.mark.parametrize("name", sorted(BY_LOG.keys() - LOGGED))
def test_whatever_the_log_shows_to_be_wrong_is_told_with_its_figures(name: str) -> None:
    assert told(judged_by_log(case_of(name))) == BY_LOG[name]


@pytest.mark.parametrize("name", LOGGED)
def test_the_whole_report_on_logged_evidence_is_as_written(name: str) -> None:
    """Each row, each link, and where it stands in the log."""
    assert whole(judged_by_log(case_of(name))) == BY_LOG[name]


@pytest.mark.parametrize(("act", "office"), [("unit_notice", "UNIT"), ("evaluate", "COMM"), ("issue", "HRSS")])
def test_an_act_that_is_compared_with_others_is_the_only_one_named_for_its_signers(
    act: str, office: str, small_instance: SmallInstance
) -> None:
    """The seal stands where the officer should: whichever check asks, the row names that act and its office."""
    signers = [f"{office}.seal", f"{office}-1"]
    forge = apply_changes(Forge(small_instance), [{"do": "sign", "document": f"acts.{act}", "by": signers}])
    rows = [row for row in judge(small_instance, forge.build()).rows if row.code == "cert_use"]
    assert len({row.id for row in rows}) > 2
    assert {(row.act, row.org) for row in rows} == {(act, office)}
