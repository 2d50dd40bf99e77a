"""Two things done at once to what nobody signed: one left out, another changed (docs/decisions/0027).

What is left out must not hide that something was changed, so that an office would be accused of the change; and what is
only left out is told as missing.
"""

from collections.abc import Callable
from typing import Any

import pytest
from support_changes import apply_changes
from support_forge import Forge, judge
from support_instance import SmallInstance
from test_void_or_unknown import CORRECTED, SHAPES

from certsvc.core.encoding import canonical, parse_json

Edit = Callable[[dict[str, Any]], object]
Found = tuple[str, str | None, set[str]]
Ask = Callable[[str, Edit], Found]
BUNDLES: dict[str, list[dict[str, Any]]] = {
    "never_changed": [],
    "corrected": CORRECTED,
    # Each makes an entry unlike all others.
    "corrected_twice": [*CORRECTED, {"do": "correct", "name": "样章再", "at": "@day:43"}],
    "corrected_and_issued_again": SHAPES["corrected_twice"],
}


@pytest.fixture(scope="module")
def genuine(small_instance: SmallInstance) -> dict[str, bytes]:
    """Each of BUNDLES, which is valid as it is."""
    built = {name: apply_changes(Forge(small_instance), changes).build() for name, changes in BUNDLES.items()}
    assert {judge(small_instance, data).verdict for data in built.values()} == {"valid"}
    return built


@pytest.fixture
def edited(small_instance: SmallInstance, genuine: dict[str, bytes]) -> Ask:
    """Verdict and reason on a bundle that was edited after everything was signed, and the codes of all that is false."""

    def ask(name: str, edit: Edit) -> Found:
        value = parse_json(genuine[name])
        edit(value)
        report = judge(small_instance, canonical(value))
        return report.verdict, report.reason, {str(row.code) for row in report.rows if row.outcome == "fail"}

    return ask


@pytest.mark.parametrize("member", ["level", "region", "track", "title"])
@pytest.mark.parametrize(
    ("name", "left_out"),
    [("corrected", [0]), ("corrected_twice", [0, 1]), ("corrected_twice", [0]), ("corrected_twice", [1])],
)
def test_no_act_was_about_the_target_of_an_entry_that_no_correction_at_hand_made(
    member: str, name: str, left_out: list[int], edited: Ask
) -> None:
    other = {"level": "senior", "region": "330100", "track": "T02", "title": "正高级工程师"}[member]

    def edit(value: dict[str, Any]) -> None:
        value["corrections"] = [one for place, one in enumerate(value["corrections"]) if place not in left_out]
        value["entries"][-1]["target"][member] = other

    verdict, reason, false = edited(name, edit)
    assert (verdict, reason) == ("tampered", "evidence_differs")
    assert "cert_mismatch" not in false or member == "level"


@pytest.mark.parametrize("name", ["corrected_twice", "corrected_and_issued_again"])
@pytest.mark.parametrize(
    ("corrections", "entries"),
    [((0,), ()), ((1,), ()), ((0,), (1,)), ((0,), (2,)), ((1,), (1,)), ((0, 1), (1,)), ((), (1,)), ((), (2,))],
)
def test_a_correction_that_is_left_out_with_or_without_an_entry_is_missing_and_nothing_is_false(
    name: str, corrections: tuple[int, ...], entries: tuple[int, ...], edited: Ask
) -> None:
    def edit(value: dict[str, Any]) -> None:
        for part, left_out in (("corrections", corrections), ("entries", entries)):
            value[part] = [one for place, one in enumerate(value[part]) if place not in left_out]

    assert edited(name, edit) == ("cannot_decide", "correction_missing", set())


@pytest.mark.parametrize("name", ["corrected", "corrected_twice", "corrected_and_issued_again"])
def test_a_correction_that_is_shown_twice_with_its_entry_was_decided_once(name: str, edited: Ask) -> None:
    def edit(value: dict[str, Any]) -> None:
        for part in ("corrections", "entries"):
            value[part].append(value[part][-1])

    verdict, reason, false = edited(name, edit)
    assert (verdict, reason, false) == ("tampered", "evidence_differs", {"evidence_differs"})


def test_a_correction_that_names_no_entry_at_hand_is_not_missing_anything(edited: Ask) -> None:
    def edit(value: dict[str, Any]) -> None:
        value["corrections"].pop(0)
        value["entries"][1]["salt"] = "B" * 42 + "A"

    assert edited("corrected_twice", edit)[:2] == ("tampered", "evidence_differs")
