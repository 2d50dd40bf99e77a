"""Evidence that nobody signed proves nothing about any office (docs/decisions/0027).

Whatever is left out, nulled, emptied, changed by one character, doubled or exchanged with its neighbour in a genuine
bundle, no office is accused by it; and whatever is changed by one character makes the bundle no longer valid.
"""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support_changes import apply_changes
from support_forge import Forge, judge
from support_instance import SmallInstance
from test_vectors import VECTORS
from test_void_or_unknown import CORRECTED, SHAPES, SUSPENDED

from certsvc.core.chain import load_certificate, read_anchor
from certsvc.core.encoding import canonical, parse_json, unb64
from certsvc.services import documents
from certsvc.services.verify_evidence import Asked, Found, verify_offline
from certsvc.verify.report import Report
from certsvc.verify.words import row_sentence

LOGGED = Path(__file__).parents[1] / "vectors" / "format" / "logged.json"
BUNDLES: dict[str, list[dict[str, Any]]] = {
    "never_changed": [], "corrected": CORRECTED, "corrected_twice": SHAPES["corrected_twice"], "suspended_once": SUSPENDED,
    "corrected_by_the_office_above": next(
        one["harmless"]["changes"] for one in VECTORS if one["id"] == "corrected_and_signed_by_another_office"
    ),
}  # fmt: skip
#: Nothing that is signed names these with their signatures, so nobody can tell one that was never signed from one whose
#: signature was taken away: decisions but the last correction's, and behind a correction the last act.
UNNAMED = {
    "never_changed": (), "corrected": ("path.8.act.",), "corrected_twice": ("path.8.act.", "corrections.0.decide."),
    "suspended_once": ("events.0.decide.", "events.1.decide."), "corrected_by_the_office_above": ("path.8.act.",),
}  # fmt: skip

Change = tuple[str, str, bytes]


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where every member and every element of `value` stands."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*at, key)
        yield from places(one, (*at, key))


def other(value: Any) -> Any:
    """A number, a truth or a text that differs by as little as can be."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    half = len(value) // 2
    return value[:half] + ("A" if value[half : half + 1] != "A" else "B") + value[half + 1 :]


def edits(parent: Any, key: Any) -> dict[str, Callable[[Any], None]]:
    """What may be done to one member or element of `parent`: name -> the edit of a copy of `parent`."""
    one = parent[key]
    found: dict[str, Callable[[Any], None]] = {"left out": lambda copied: copied.pop(key)}
    if one is not None:
        found["nulled"] = lambda copied: copied.__setitem__(key, None)
    if isinstance(one, str | int):
        found["changed"] = lambda copied: copied.__setitem__(key, other(one))
    if isinstance(one, dict | list) and one:
        found["emptied"] = lambda copied: copied.__setitem__(key, type(one)())
    if isinstance(parent, list):
        found["doubled"] = lambda copied: copied.insert(key, copy.deepcopy(one))
        if key:
            found["before its neighbour"] = lambda copied: copied.insert(key - 1, copied.pop(key))
    return found


def changes_of(genuine: bytes) -> Iterator[Change]:
    """Every change of one member or element of a bundle: where, what was done, the bytes."""
    value = parse_json(genuine)
    for at in places(value):
        for how in edits(inside(value, at[:-1]), at[-1]):
            copied = copy.deepcopy(value)
            parent = inside(copied, at[:-1])
            edits(parent, at[-1])[how](parent)
            yield ".".join(map(str, at)), how, canonical(copied)


def inside(value: Any, at: tuple[str | int, ...]) -> Any:
    for key in at:
        value = value[key]
    return value


def accusing(genuine: bytes, ask: Callable[[bytes], Report], but: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The changes of `genuine` that accuse an office, or are not noticed at all."""
    wrong = []
    for at, how, data in changes_of(genuine):
        report = ask(data)
        unnoticed = report.verdict == "valid" and how == "changed"
        if (report.verdict == "void" and not at.startswith(but or ("nowhere",))) or unnoticed:
            wrong.append((at, how, report.verdict, str(report.reason)))
    return wrong


@pytest.mark.parametrize("name", BUNDLES)
def test_nothing_that_is_changed_in_the_evidence_accuses_an_office(name: str, small_instance: SmallInstance) -> None:
    genuine = apply_changes(Forge(small_instance), BUNDLES[name]).build()
    assert judge(small_instance, genuine).verdict == "valid"
    assert accusing(genuine, lambda data: judge(small_instance, data), UNNAMED[name]) == []


def test_nothing_that_is_changed_in_logged_evidence_accuses_an_office() -> None:
    vectors = json.loads(LOGGED.read_text("utf-8"))
    anchors = tuple(read_anchor(load_certificate(unb64(one))) for one in vectors["roots"].values())
    at = vectors["cases"][0]
    genuine, asked = vectors["bundle"].encode(), Asked(at=at["at"], now=at["now"])
    assert verify_offline(Found(bundle=genuine), anchors, asked).verdict == "valid"
    assert accusing(genuine, lambda data: verify_offline(Found(bundle=data), anchors, asked)) == []


# --- what each of them is ------------------------------------------------------------------------------------------

EVALUATE = ("path", 4)


def edited(
    small: SmallInstance, changes: list[dict[str, Any]], *done: Callable[[dict[str, Any]], object]
) -> tuple[Report, list[tuple[str, str | None, str | None]]]:
    """The Report on a bundle that was edited after everything was signed, and its rows that failed or are unknown."""
    forge = apply_changes(Forge(small), changes)
    forge.after.extend(done)  # type: ignore[arg-type]
    report = judge(small, forge.build())
    return report, [(row.id, row.outcome, row.code) for row in report.rows if row.outcome in ("fail", "unknown")]


def test_a_row_that_is_left_out_leaves_open_what_it_says(small_instance: SmallInstance) -> None:
    report, odd = edited(small_instance, [], lambda value: value["path"][4]["proof"].update(row=None))
    assert (report.verdict, report.reason) == ("cannot_decide", "row_missing")
    assert set(odd) == {(check, "unknown", "row_missing") for check in ("entry_on_every_roster", "person_facts")}


def test_a_row_that_was_never_signed_is_no_row_that_is_left_out(small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    forge.tree["rows"]["evaluate"][0] |= {"facts": None, "salt": None}
    report = judge(small_instance, forge.build())
    assert (report.verdict, report.reason, report.about.act) == ("void", "fact_votes_add_up", "evaluate")


def test_votes_that_are_not_those_of_the_list_make_no_vote_too_small(small_instance: SmallInstance) -> None:
    report, odd = edited(small_instance, [], lambda value: value["path"][4]["proof"]["row"]["facts"].update(yes=1))
    assert (report.verdict, report.reason) == ("tampered", "inclusion_bad")
    assert odd == [("entry_on_every_roster", "fail", "inclusion_bad")]
    unheard = [row.code for row in report.rows if (row.id, row.outcome) == ("person_facts", "not_run")]
    assert set(unheard) == {"evidence_unfit"}


@pytest.mark.parametrize("left_out", [("entries",), ("entries", "corrections")])
def test_a_version_that_is_left_out_leaves_open_who_was_on_the_lists(
    left_out: tuple[str, ...], small_instance: SmallInstance
) -> None:
    report, odd = edited(small_instance, CORRECTED, *(lambda value, name=name: value[name].pop(0) for name in left_out))
    assert (report.verdict, report.reason) == ("cannot_decide", "correction_missing")
    assert {code for _, outcome, code in odd if outcome == "fail"} == set()


def test_a_version_too_many_is_not_what_was_signed(small_instance: SmallInstance) -> None:
    later = parse_json(apply_changes(Forge(small_instance), CORRECTED).build())

    def add(value: dict[str, Any]) -> None:
        value |= {"entries": later["entries"], "corrections": later["corrections"]}

    report, _ = edited(small_instance, [], add)
    assert (report.verdict, report.reason, report.about.figures) == (
        "tampered",
        "evidence_differs",
        {"member": "version"},
    )


def test_corrections_in_another_order_were_not_decided_in_it(small_instance: SmallInstance) -> None:
    report, _ = edited(small_instance, SHAPES["corrected_twice"], lambda value: value["corrections"].reverse())
    assert (report.verdict, report.reason) == ("tampered", "evidence_differs")


def test_a_target_in_the_entry_alone_raises_nobody(small_instance: SmallInstance) -> None:
    report, odd = edited(small_instance, [], lambda value: value["entries"][0]["target"].update(title="正高级工程师"))
    assert (report.verdict, report.reason) == ("tampered", "inclusion_bad")
    assert ("certificate_matches_entry", "fail", "evidence_differs") in odd


def test_a_certificate_at_odds_with_its_own_commitments_is_the_issuers_doing(small_instance: SmallInstance) -> None:
    changes = [{"do": "set", "at": "credential.certificate.commitments.id", "to": "A" * 43}]
    report, _ = edited(small_instance, changes)
    assert (report.verdict, report.reason, report.about.figures) == ("void", "cert_mismatch", {"member": "commitments"})


@pytest.mark.parametrize("place", [0, 1, 4, 8])
def test_a_signature_that_is_taken_away_is_no_signature_that_was_never_made(
    place: int, small_instance: SmallInstance
) -> None:
    report, _ = edited(small_instance, [], lambda value: value["path"][place]["act"]["signatures"].pop())
    assert (report.verdict, report.reason) in (("tampered", "evidence_differs"), ("tampered", "unused_evidence"))


def test_another_procedure_in_the_bundle_is_none_that_anybody_followed(small_instance: SmallInstance) -> None:
    genuine = parse_json(Forge(small_instance).build())
    listed = parse_json(unb64(genuine["trust"].split(".")[1]))["procedures"]
    with small_instance.instance.engines.read.connect() as connection:
        bodies = [documents.load_document(connection, one["sha256"], "procedure+jwt").body.decode() for one in listed]
    others = [body for body in bodies if body != genuine["procedure"]]
    assert len(others) == len(bodies) - 1 > 20
    for body in others:
        report = judge(small_instance, canonical({**genuine, "procedure": body}))
        assert (report.verdict, report.reason, report.about.act) == ("tampered", "unused_evidence", None)
        assert report.about.figures == {"what": "procedure"}
        assert [row.code for row in report.rows if row.outcome == "fail"] == ["unused_evidence"]


def test_the_words_for_evidence_that_differs_name_no_office(small_instance: SmallInstance) -> None:
    unfit, _ = edited(small_instance, [], lambda value: value["path"][4]["proof"].update(path=[]))
    other_salt, _ = edited(small_instance, [], lambda value: value["salts"].update(name="A" * 43))
    told = {"inclusion_bad": unfit, "evidence_differs": other_salt}
    for code, report in told.items():
        row = next(row for row in report.rows if row.code == code)
        said = [row_sentence(report, row, lang) for lang in ("zh", "en", "ko")]
        offices = {link.org_name for link in report.chain if link.org_name} | {"名单上没有此人"}
        assert not any(office in sentence for office in offices for sentence in said), code
