"""Adversarial bundles, as data: tests/vectors/verify.json says what is changed, the verdict and the code that names why.

Every case has a harmless sibling, a change of the same place that leaves the certificate valid, so no case is refused
for another reason than its own. `case` is the number in the catalogue of attacks (log.md 4.4), or a word.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from support_changes import apply_changes, day
from support_forge import Forge, judge
from support_instance import DAY, SmallInstance

from certsvc.verify.report import Report

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "vectors" / "verify.json").read_text("utf-8"))
IDS = [vector["id"] for vector in VECTORS]


def judged(small: SmallInstance, changes: list[dict[str, Any]], asked: dict[str, float] | None) -> Report:
    forge = apply_changes(Forge(small), changes)
    times = {name.removesuffix("_day"): day(days) for name, days in (asked or {}).items() if name.endswith("_day")}
    if asked and "max_age_days" in asked:
        times["max_age"] = int(asked["max_age_days"] * DAY)
    return judge(small, forge.build(), **times)


@pytest.mark.parametrize("vector", VECTORS, ids=IDS)
def test_an_adversarial_bundle_gets_its_verdict_and_its_code(
    vector: dict[str, Any], small_instance: SmallInstance
) -> None:
    report = judged(small_instance, vector["changes"], vector.get("asked"))
    assert {"verdict": report.verdict, "code": report.reason} == vector["expected"]


@pytest.mark.parametrize("vector", VECTORS, ids=IDS)
def test_the_harmless_sibling_of_an_adversarial_bundle_is_valid(
    vector: dict[str, Any], small_instance: SmallInstance
) -> None:
    report = judged(small_instance, vector["harmless"]["changes"], vector["harmless"].get("asked"))
    assert (report.verdict, report.reason) == ("valid", None)


def test_the_forge_without_changes_gives_the_genuine_bundle(small_instance: SmallInstance) -> None:
    for person in range(3):
        assert Forge(small_instance, person).build() == small_instance.bundle(person)


def test_every_attack_that_needs_no_log_has_a_vector() -> None:
    # 20 and 26 to 33 need the log; 26 and 32 have the part that needs none.
    needed = {str(number) for number in (*range(1, 20), *range(21, 26), *range(34, 41))}
    assert needed <= {vector["case"] for vector in VECTORS}
