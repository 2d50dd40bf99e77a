"""What a certificate prints and what decides it, by the catalogue that the verifier holds."""

import ast
from pathlib import Path

from support_changes import apply_changes
from support_forge import Forge
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
    assert len(found) >= 8
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
