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
from test_void_or_unknown import ACTS, CORRECTED, SHAPES, SUSPENDED, tidy

from certsvc.core.encoding import canonical, parse_json

Edit = Callable[[dict[str, Any]], object]
Found = tuple[str, str | None, set[str]]
Ask = Callable[[str, Edit], Found]
BUNDLES: dict[str, list[dict[str, Any]]] = {
    "never_changed": [],
    "suspended_once": SUSPENDED,
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
        # Nothing unused is to betray what was left out.
        tidy(value)
        value["grant_logs"] = [None] * len(value["grants"])
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


# --- signatures, where the act that names them is left out ---------------------------------------------------------

#: What is done to the signatures of an act.
SIGNED: dict[str, Callable[[list[Any]], list[Any]]] = {
    "without_seal": lambda signed: signed[:1],
    "without_officer": lambda signed: signed[1:],
    "exchanged": lambda signed: signed[::-1],
    "doubled": lambda signed: [*signed, signed[0]],
}


def signatures_edited(place: int, how: str) -> Edit:
    def edit(value: dict[str, Any]) -> None:
        act = value["path"][place]["act"]
        act["signatures"] = SIGNED[how](act["signatures"])

    return edit


def path_left_out(first: int, end: int) -> Edit:
    return lambda value: value["path"].__delitem__(slice(first, end))


def event_among_corrections(value: dict[str, Any]) -> None:
    value["corrections"].append(value["events"].pop())


@pytest.mark.parametrize("how", SIGNED)
@pytest.mark.parametrize("name", ["never_changed", "suspended_once", "corrected"])
@pytest.mark.parametrize("place", range(len(ACTS) - 1))
def test_a_signature_that_was_taken_away_before_acts_that_are_left_out_was_not_missing(
    place: int, name: str, how: str, edited: Ask
) -> None:
    for end in {place + 2, len(ACTS)}:
        found = edited(name, both(signatures_edited(place, how), path_left_out(place + 1, end)))
        assert found[:2] == ("tampered", "evidence_differs")
    # Left out alone they are only missing.
    verdict, _, false = edited(name, path_left_out(place + 1, len(ACTS)))
    assert (verdict, false) == ("cannot_decide", set())


@pytest.mark.parametrize("how", SIGNED)
@pytest.mark.parametrize("place", [4, 7])
def test_an_event_shown_as_a_correction_hides_no_signature_that_was_taken_away(
    place: int, how: str, edited: Ask
) -> None:
    done = both(signatures_edited(place, how), path_left_out(place + 1, len(ACTS)), event_among_corrections)
    assert edited("suspended_once", done)[:2] == ("tampered", "evidence_differs")


@pytest.mark.parametrize("how", SIGNED)
def test_a_signature_taken_away_from_the_act_of_issuing_is_one_that_the_certificate_names(
    how: str, edited: Ask
) -> None:
    assert edited("never_changed", signatures_edited(8, how))[0] == "tampered"


@pytest.mark.parametrize("act", ["approve", "issue"])
def test_a_last_act_that_was_signed_without_a_seal_is_void_as_long_as_it_is_named(
    act: str, small_instance: SmallInstance
) -> None:
    forge = Forge(small_instance)
    forge.tree["signers"][f"acts.{act}"] = forge.tree["signers"][f"acts.{act}"][:1]
    report = judge(small_instance, forge.build())
    assert (report.verdict, report.reason, report.about.act) == ("void", "seal_missing", act)


def both(*edits: Edit) -> Edit:
    """All of them, in order."""

    def edit(value: dict[str, Any]) -> None:
        for one in edits:
            one(value)

    return edit
