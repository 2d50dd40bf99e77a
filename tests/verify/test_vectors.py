"""Adversarial bundles, as data: tests/vectors/verify.json says what is changed, the verdict and the code that names why.

Every case has a harmless sibling, a change of the same place that leaves the certificate valid, so no case is refused
for another reason than its own. tests/vectors/README.md says what the members mean.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support_changes import apply_changes, day
from support_forge import Forge, judge, judge_beside, unlogged
from support_instance import DAY, SCHEDULE, SmallInstance

from certsvc.verify.case import DocumentFindings
from certsvc.verify.report import FAMILIES, OUTCOMES, Report

FOLDER = Path(__file__).parents[1] / "vectors"
VECTORS: list[dict[str, Any]] = json.loads((FOLDER / "verify.json").read_text("utf-8"))
IDS = [vector["id"] for vector in VECTORS]


def judged(small: SmallInstance, changes: list[dict[str, Any]], asked: dict[str, Any] | None) -> Report:
    """The Report on a changed bundle. `newer_status` and `newer_trust` are the changes of a list brought beside it, `file`
    says who signed the PDF that it came in."""
    forge, asked = apply_changes(Forge(small), changes), asked or {}
    data = forge.build()
    if "newer_trust" in asked:
        return judge_beside(small, data, apply_changes(Forge(small), asked["newer_trust"]).document("trust"))
    times: dict[str, Any] = {**times_of(asked)}
    if "max_age_days" in asked:
        times["max_age"] = int(asked["max_age_days"] * DAY)
    if "newer_status" in asked:
        times["newer_status"] = apply_changes(Forge(small), asked["newer_status"]).document("status")
    if "file" in asked:
        times["document"] = _file(forge, **asked["file"])
    return judge(small, data, **times)


def times_of(asked: dict[str, Any]) -> dict[str, int]:
    """When a vector is asked about, in seconds: `at`, `now`."""
    return {name.removesuffix("_day"): day(days) for name, days in asked.items() if name.endswith("_day")}


def _file(forge: Forge, signer: str, registered: bool | None = None) -> DocumentFindings:
    issuing = forge.authority("issuing-ca").certificate.public_bytes(Encoding.DER)
    return DocumentFindings("pdf", (), forge.certificate(signer), issuing, registered)


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
    changes, asked = vector["harmless"]["changes"], vector["harmless"].get("asked")
    report = judged(small_instance, changes, asked)
    assert (report.verdict, report.reason) == ("valid", None)
    # The bundle as it was would pass with a verifier that takes nothing else.
    assert asked or apply_changes(Forge(small_instance), changes).build() != unlogged(small_instance.bundle())


@pytest.mark.parametrize("vector", VECTORS, ids=IDS)
def test_every_row_says_what_it_found_by_which_rule_and_whose_it_is(
    vector: dict[str, Any], small_instance: SmallInstance
) -> None:
    report = judged(small_instance, vector["changes"], vector.get("asked"))
    believed = {row.outcome for row in report.rows if row.family == "integrity"} <= {"pass", "not_applicable"}
    assert report.rows
    for row in report.rows:
        assert row.family in FAMILIES and row.outcome in OUTCOMES and row.id and row.code and row.rule and row.act
        assert row.org or not believed


def test_the_forge_without_changes_gives_the_genuine_bundle(small_instance: SmallInstance) -> None:
    for person in range(3):
        assert Forge(small_instance, person).build() == unlogged(small_instance.bundle(person))


ORDER = [kind for kind, _, _ in SCHEDULE]
#: Every act in the place of the next, every act twice, every act anew at the end.
SHUFFLED = {
    **{f"{a}_and_{b}_exchanged": [*ORDER[:n], b, a, *ORDER[n + 2 :]] for n, (a, b) in enumerate(pairwise(ORDER))},
    **{f"{kind}_twice": [*ORDER[:n], kind, *ORDER[n:]] for n, kind in enumerate(ORDER)},
    **{f"{kind}_again_at_the_end": [*ORDER, kind] for kind in ORDER[:-1]},
}


@pytest.mark.parametrize("path", SHUFFLED.values(), ids=SHUFFLED.keys())
@pytest.mark.parametrize("linked", [False, True], ids=["links_as_signed", "links_made_to_fit"])
def test_the_acts_in_another_order_are_void_when_they_were_done_in_it_and_altered_when_they_are_shown_in_it(
    path: list[str], linked: bool, small_instance: SmallInstance
) -> None:
    forge = Forge(small_instance)
    forge.tree["path"] = path
    signed_so = linked and len(set(path)) == len(path)
    if signed_so:
        for before, kind in pairwise([None, *path]):
            forge.tree["acts"][kind]["prev"] = [f"@acts.{before}"] if before else []
    assert judge(small_instance, forge.build()).verdict == ("void" if signed_so else "tampered")


CATALOGUE = (
    *(f"A{n}" for n in range(1, 21)), *(f"B{n}" for n in range(1, 16)), *(f"E{n}" for n in range(1, 12)),
    *(str(n) for n in range(1, 41)),
)  # fmt: skip
#: What the requirements name beside the catalogue.
NAMED = ("archive_scope", "revote", "row_of_another", "name_over_another", "ca_mints", "seal_delegates")
#: A fork, two issues and all that is about trusted time; 26 and 32 have vectors for the part that needs no log.
NEEDS_LOG = {"20", "27", "28", "29", "30", "31", "33", "B6"}
#: What is no document: a camera, a signing service, nonces, a screen. The test that stands for it.
ELSEWHERE = {
    "A18": (
        "services/test_verify_evidence.py",
        "test_a_picture_with_two_codes_of_ours_decides_nothing",
    ),
    "A19": ("test_architecture.py", "test_a_module_imports_only_from_below"),
    "A20": (
        "core/test_jose.py",
        "test_no_two_documents_are_signed_with_one_nonce_even_in_two_copies_of_a_machine",
    ),
    "E11": ("core/test_names.py", "test_name_vectors_come_out_as_written"),
}


def covered() -> set[str]:
    """Numbers of the catalogue that a vector of one of the three files stands for."""
    files = (json.loads((FOLDER / name).read_text("utf-8")) for name in ("verify.json", "jws.json", "chain.json"))
    return {number for vectors in files for one in vectors for number in (one["case"], *one["source"])}


def test_every_attack_of_the_catalogue_that_needs_no_log_has_a_vector() -> None:
    assert {*CATALOGUE, *NAMED} - NEEDS_LOG - ELSEWHERE.keys() - covered() == set()
    assert NEEDS_LOG | ELSEWHERE.keys() <= set(CATALOGUE)
    assert not covered() & ELSEWHERE.keys()


@pytest.mark.parametrize(("file", "name"), ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_what_is_no_document_is_tested_elsewhere(file: str, name: str) -> None:
    assert f"def {name}(" in (FOLDER.parent / file).read_text("utf-8")


def test_every_vector_has_a_name_of_its_own_a_sentence_and_a_harmless_sibling() -> None:
    for name in ("verify.json", "jws.json", "chain.json"):
        vectors = json.loads((FOLDER / name).read_text("utf-8"))
        assert len({one["id"] for one in vectors}) == len(vectors)
        assert all(one["prose"] and one["expected"] and "harmless" in one for one in vectors)
