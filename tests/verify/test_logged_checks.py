"""What the log family says of single documents and of a checkpoint that the asker has, to the second and the entry."""

import sys
from pathlib import Path

import pytest
from test_log_vectors import ANCHORS, case_of, patched

from certsvc.core.bundle import Bundle, parse_bundle
from certsvc.core.checkpoint import Head, parse_head
from certsvc.core.note import Note, parse_note
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify import verify
from certsvc.verify.case import Evidence
from certsvc.verify.report import Row
from certsvc.verify.trusted import LAG, SKEW, When, check_not_ahead, check_stated

sys.path.insert(0, str(Path(__file__).parents[1] / "vectors"))

from insecure_log import LOG, ORIGIN, cosigned, times

CASE = case_of("backdated (harmless)")
EARLIEST, LATEST = 1_000_000, 1_000_060


def told(stated: int) -> dict[str, str]:
    return {"signed": str(stated), "earliest": str(EARLIEST), "latest": str(LATEST)}


@pytest.mark.parametrize(("stated", "kind", "backdated"), [
    (EARLIEST - LAG - 1, "time_mismatch", "True"), (EARLIEST - LAG, "time_unproved", None),
    (LATEST - LAG - 1, "time_unproved", None), (LATEST - LAG, None, None), (EARLIEST, None, None), (LATEST, None, None),
    (LATEST + SKEW, None, None), (LATEST + SKEW + 1, "time_mismatch", "False"),
])  # fmt: skip
def test_what_an_act_states_is_judged_to_the_second(stated: int, kind: str | None, backdated: str | None) -> None:
    when = When(stated, EARLIEST, LATEST)
    if kind is None:
        return check_stated(when)
    with pytest.raises((Fault, Unknown)) as refused:
        check_stated(when)
    assert isinstance(refused.value, Fault) == (kind == "time_mismatch")
    said = told(stated) if backdated is None else {**told(stated), "backdated": backdated}
    assert (refused.value.code, refused.value.about.figures) == (kind, said)


def test_a_wide_span_proves_nothing_about_either_of_its_ends() -> None:
    wide = When(EARLIEST + LAG + 1, EARLIEST, EARLIEST + 3 * LAG)
    with pytest.raises(Unknown, match="time_unproved"):
        check_stated(wide)
    check_stated(wide._replace(stated=EARLIEST + LAG, latest=EARLIEST + LAG))


def test_a_grant_may_wait_and_may_not_be_ahead() -> None:
    for stated in (0, EARLIEST - 9 * LAG, LATEST + SKEW):
        check_not_ahead(When(stated, EARLIEST, LATEST))
    with pytest.raises(Fault) as refused:
        check_not_ahead(When(LATEST + SKEW + 1, EARLIEST, LATEST))
    assert refused.value.code == "time_mismatch"
    assert refused.value.about.figures == {**told(LATEST + SKEW + 1), "backdated": "False"}


def bundle() -> Bundle:
    return parse_bundle(patched(CASE["patch"]))


def rows(found: Bundle, checkpoint: Note | None = None) -> tuple[str, dict[str, Row]]:
    report = verify(Evidence(found, checkpoint=checkpoint), ANCHORS, CASE["at"], CASE["now"])
    return report.verdict, {row.id: row for row in report.rows}


def largest() -> Head:
    notes = {note for one in bundle().logs for note in (one.before, one.proof.checkpoint) if note}
    return max((parse_head(parse_note(note).text) for note in notes), key=lambda head: head.size)


def note_of(head: Head) -> Note:
    return cosigned(head, times(1, 2, 3))


@pytest.mark.parametrize(("size", "root", "outcome", "code"), [
    (None, None, "pass", "log_not_forked"), (10**6, None, "pass", "log_not_forked"), (None, bytes(32), "fail", "log_forked"),
    (1, bytes(32), "unknown", "checkpoint_older"),
])  # fmt: skip
def test_a_checkpoint_that_the_asker_has_is_laid_beside_those_of_the_evidence(
    size: int | None, root: bytes | None, outcome: str, code: str
) -> None:
    head = largest()
    shown = Head(ORIGIN, size or head.size, root or head.root)
    verdict, found = rows(bundle(), note_of(shown))
    row = found["log_not_forked"]
    assert (row.outcome, row.code) == (outcome, code)
    assert row.about.figures == ({} if outcome == "pass" else {"size": str(shown.size)})
    assert verdict == ("valid" if outcome == "pass" else "cannot_decide")


def test_a_checkpoint_of_another_log_says_nothing() -> None:
    """One that the log of the evidence did not sign is not believed, whatever name it bears."""
    _, found = rows(bundle(), Note(note_of(largest()).text, note_of(largest()).signatures[1:]))
    assert (found["log_not_forked"].outcome, found["log_not_forked"].code) == ("unknown", "checkpoint_bad")
    assert LOG.key.name == ORIGIN


def test_each_act_stands_after_the_one_before_and_after_its_grants() -> None:
    found = bundle()
    places = [one.logged.proof.index for one in found.path if one.logged]
    assert places == sorted(set(places)) and len(places) == len(found.path)
    verdict, said = rows(found)
    assert verdict == "valid" and said["log_order"].outcome == said["certificate_logged"].outcome == "pass"
