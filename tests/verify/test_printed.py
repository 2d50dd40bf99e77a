"""What a certificate prints and what decides it, by the catalogue that the verifier holds."""

import ast
from pathlib import Path

import pytest
from support_changes import apply_changes
from support_forge import Forge
from support_forge import judge as judge_offline
from support_instance import SmallInstance
from test_vectors import VECTORS

from certsvc import resources
from certsvc.core.bundle import parse_bundle
from certsvc.verify import judge, verify
from certsvc.verify.case import Evidence

PACKAGE = Path(__file__).parents[2] / "certsvc"


def calls(module: Path) -> list[ast.Call]:
    """Where a module asks for a verdict on evidence."""
    tree = ast.parse(module.read_text("utf-8"))
    taken = [one for one in ast.walk(tree) if isinstance(one, ast.ImportFrom) and one.module == "certsvc.verify"]
    names = {alias.name for one in taken for alias in one.names} & {"judge", "verify"}
    found = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
    return [one for one in found if isinstance(one.func, ast.Name) and one.func.id in names]


def test_whoever_asks_for_a_verdict_hands_in_the_catalogue() -> None:
    """Without one no title is asked about, which only somebody who holds none may want."""
    found = [call for module in PACKAGE.rglob("*.py") for call in calls(module)]
    assert len(found) >= 7
    assert all("resources.titles()" in ast.unparse(one) or "titles=titles" in ast.unparse(one) for one in found)


def test_the_same_evidence_is_judged_by_the_catalogue_at_hand_and_by_no_other(small_instance: SmallInstance) -> None:
    changes = next(one["changes"] for one in VECTORS if one["id"] == "title_of_a_higher_level")
    evidence = Evidence(parse_bundle(apply_changes(Forge(small_instance), changes).build()))
    asked = (evidence, small_instance.anchors, small_instance.now, small_instance.now)
    for _ in range(2):
        assert judge(*asked).decision == ("valid", None)
        report = verify(*asked, titles=resources.titles())
        assert (report.verdict, report.reason) == ("void", "title_beyond_level")
        assert report.about.figures == {"series": "05", "level": "deputy_senior", "title": "正高级工程师"}


#: Vector -> the member that is named.
NAMED = {
    "number_of_another_year": "number",
    "number_of_another_series": "number",
    "number_of_another_level": "number",
    "licence_of_another_number": "licence_id",
    "licence_of_another_version": "licence_id",
    "licence_of_the_corrected_version": "licence_id",
    "printed_committee": "committee",
    "printed_series": "series_zh",
    "printed_title_en": "title_en",
}


@pytest.mark.parametrize(("name", "member"), NAMED.items(), ids=NAMED)
def test_the_member_that_says_something_else_is_named(name: str, member: str, small_instance: SmallInstance) -> None:
    changes = next(one["changes"] for one in VECTORS if one["id"] == name)
    about = judge_offline(small_instance, apply_changes(Forge(small_instance), changes).build()).about
    assert about.figures["member"] == member


def test_the_committee_is_the_one_that_voted_whatever_the_roster_calls_it(small_instance: SmallInstance) -> None:
    """The roster says 示例评委会, which is no office."""
    printed = Forge(small_instance).tree["credential"]["certificate"]
    assert printed["committee"] == "示例机构COMM"


def test_where_nobody_votes_the_issuer_alone_says_the_committee(small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    tree, printed = forge.tree, forge.tree["credential"]["certificate"]
    tree["path"].remove("evaluate")
    del tree["procedure"]["steps"][4], tree["grants"]["committee"]
    tree["procedure"] |= {"apart": [], "award_date": "approve"}
    tree["acts"]["result_notice"]["prev"] = ["@acts.draw"]
    day = tree["acts"]["approve"]["document"]["date"]
    printed |= {"award_date": day, "committee": "示例国家级评委会"}
    tree["credential"]["awardedDate"] = f"{day}T00:00:00Z"
    assert judge_offline(small_instance, forge.build()).reason is None


def test_names_are_compared_as_far_as_the_catalogue_at_hand_has_them(small_instance: SmallInstance) -> None:
    """A verifier without a catalogue believes the names of a title and of a series, and no number."""
    wanted = {"printed_title_en": None, "printed_series": None, "number_of_another_level": "cert_mismatch"}
    for name, reason in wanted.items():
        changes = next(one["changes"] for one in VECTORS if one["id"] == name)
        evidence = Evidence(parse_bundle(apply_changes(Forge(small_instance), changes).build()))
        report = verify(evidence, small_instance.anchors, small_instance.now, small_instance.now)
        assert report.reason == reason


def test_a_false_committee_is_seen_beside_a_genuine_certificate_of_the_same_path(small_instance: SmallInstance) -> None:
    """What is judged once for a batch is known by the committee too."""
    changes = next(one["changes"] for one in VECTORS if one["id"] == "printed_committee")
    genuine, false = (apply_changes(Forge(small_instance), one).build() for one in ([], changes))
    told = [judge_offline(small_instance, data).reason for data in (genuine, false, genuine, false)]
    assert told == [None, "cert_mismatch", None, "cert_mismatch"]
