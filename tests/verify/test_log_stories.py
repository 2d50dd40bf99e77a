"""Evidence with log proofs at its edges: what just holds, what just does not, and each figure that is told of it."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from certsvc.core.bundle import Bundle
from certsvc.core.checkpoint import Head, format_head
from certsvc.core.jose import Jws
from certsvc.core.leaves import public_leaf
from certsvc.core.note import Note, format_note
from certsvc.core.outcomes import NotRun
from certsvc.verify import verify
from certsvc.verify.case import Case, Evidence
from certsvc.verify.report import Report
from certsvc.verify.trusted import When

sys.path.insert(0, str(Path(__file__).parents[1] / "vectors"))

from insecure_documents import Recipe
from insecure_log import LOG, WITNESSES, insecure_signer
from insecure_logged import MINUTE, Logbook, Story, strict_office
from insecure_office import DAY, START, Office
from logged_cases import OTHER, STRANGER

OFFICE = strict_office()
ASKED = START + 44 * DAY
GRANTED, CORRECTED = START - 20 * DAY, Recipe(corrected_name="王示范")
USUAL = ("offline", "no_file_given", "signature_failed")

#: id, outcome, code, act, organisation, figures.
Told = tuple[str, str, str | None, str | None, str | None, dict[str, str]]


def told(report: Report) -> list[Told]:
    """All rows that neither passed nor had nothing to look at, without the names of offices."""
    odd = [row for row in report.rows if row.outcome not in ("pass", "not_applicable") and row.code not in USUAL]
    return [
        (row.id, row.outcome, row.code, row.about.act, row.about.org,
         {name: value for name, value in row.about.figures.items() if name != "org_name"})
        for row in odd
    ]  # fmt: skip


def report_on(bundle: Bundle, now: int = START + 29 * DAY, **brought: Any) -> Report:
    return verify(Evidence(bundle, **brought), (OFFICE.anchor,), now, now)


def mismatch(stated: int, logged: int, check: str, *who: str | None, ahead: bool = False) -> Told:
    """The row of something that was logged at another time: between the clocks of two witnesses."""
    figures = {"signed": str(stated), "earliest": str(logged - 2 * MINUTE + 2), "latest": str(logged + 1)}
    return (check, "fail", "time_mismatch", who[0], who[1], {**figures, "backdated": str(not ahead)})


class OtherTags(Logbook):
    """A log in which the certificate has a second once-tag, as nothing but an act of many may have."""

    def _tags(self, name: str, payload: dict[str, Any]) -> list[str]:
        tags = super()._tags(name, payload)
        return sorted([*tags, "A" * 43]) if name == "certificate" else tags


def bundle_of(story: Story, book: type[Logbook] = Logbook) -> Bundle:
    return book(OFFICE, story).bundle()


def size_of(name: str) -> int:
    """How large the checkpoint is that first has a document."""
    return Logbook(OFFICE, Story()).index(name) + 1


#: What became of a key or a grant between the proposal of the correction and its decision, in seconds after the proposal.
PROPOSED = START + 42 * DAY
FIRST, SEAL, DECIDED = "issuer.first", "issuer.seal", "decision"
UNPROVED = {"signed": str(PROPOSED), "latest": str(PROPOSED + 3600 + MINUTE + 1)}


def between(after: int = 1, **ends: Any) -> Story:
    return Story(recipe=CORRECTED, ended_at=PROPOSED + after, **ends)


def row_about(check: str, outcome: str, code: str, **figures: str) -> Told:
    return (check, outcome, code, "correct", "EX-HRSS", figures)


ENDED_BETWEEN: dict[str, tuple[Story, list[Told]]] = {
    "the key of whoever proposed": (
        between(ended={FIRST: ("rotated", DECIDED)}),
        [row_about("own_keys_in_service", "unknown", "time_unproved", **UNPROVED)],
    ),
    "that key, which ended with nobody in its place": (
        between(ended={FIRST: ("withdrawn", DECIDED)}),
        [row_about("own_keys_in_service", "unknown", "time_unproved", **UNPROVED)],
    ),
    "the seal, which decided as well": (
        between(ended={SEAL: ("rotated", DECIDED)}),
        [row_about("own_keys_in_service", "unknown", "time_unproved", **UNPROVED),
         row_about("own_keys_in_service", "fail", "key_ended", typ="act+jwt")],
    ),
    "the key, by the word of the proposal as well": (
        between(0, ended={FIRST: ("rotated", DECIDED)}),
        [row_about("own_keys_in_service", "fail", "key_ended", typ="act+jwt")],
    ),
    "the key, stolen after it was used by its word": (
        between(ended={FIRST: ("compromised", DECIDED)}),
        [row_about("own_keys_in_service", "fail", "key_compromised", typ="act+jwt")],
    ),
    "the key, and the seal was stolen": (
        between(ended={FIRST: ("rotated", DECIDED), SEAL: ("compromised", DECIDED)}),
        [row_about("own_keys_in_service", "fail", "key_compromised", typ="act+jwt")] * 2,
    ),
    "the key, after the decision": (between(ended={FIRST: ("rotated", "certificate")}), []),
}  # fmt: skip


@pytest.mark.parametrize(("story", "rows"), ENDED_BETWEEN.values(), ids=ENDED_BETWEEN.keys())
def test_what_ends_between_proposal_and_decision_is_told(story: Story, rows: list[Told]) -> None:
    assert told(report_on(bundle_of(story), ASKED)) == rows


@pytest.mark.parametrize(("reason", "after", "outcome", "code"), [
    ("withdrawn", 1, "unknown", "time_unproved"), ("expired", 1, "unknown", "time_unproved"),
    ("withdrawn", 0, "fail", "grant_withdrawn"), ("compromised", 1, "fail", "grant_withdrawn"),
])  # fmt: skip
def test_a_grant_that_ends_between_proposal_and_decision_is_told(
    reason: str, after: int, outcome: str, code: str
) -> None:
    story = between(after, withdrawn={"EX-HRSS": (reason, DECIDED)})
    rows = [row for row in told(report_on(bundle_of(story), ASKED)) if row[0] == "lifecycle_granted"]
    withdrawal = {"sha256": ANY, "holder": "示例省人社厅", "since": str(PROPOSED + after), "why": reason}
    figures = UNPROVED if outcome == "unknown" else withdrawal
    assert rows == [
        row_about("lifecycle_granted", outcome, code, **figures),
        row_about("lifecycle_granted", "fail", "grant_withdrawn", **withdrawal),
    ]


#: The certificate's row when it stands before what it rests on.
EARLY: Told = ("certificate_logged", "fail", "order", "issue", "EX-HRSS", {})
STORIES: dict[str, tuple[Story, int, list[Told]]] = {
    "a grant that was logged two minutes before it says": (Story(at={"grants.EX-APPR": GRANTED - 121}), 29, []),
    "a grant that was logged more than two minutes before it says": (
        Story(at={"grants.EX-APPR": GRANTED - 122}), 29,
        [mismatch(GRANTED, GRANTED - 122, "grant_times_fit", None, "EX-APPR", ahead=True)],
    ),
    "a grant that waited": (Story(at={"grants.EX-APPR": GRANTED + 9 * DAY}), 29, []),
    "a certificate whose earlier checkpoint has it already": (
        Story(wrong_side=("certificate",)), 29,
        [("certificate_logged", "fail", "checkpoint_bad", None, None, {"why": "wrong_side"}),
         ("certificate_time_fits", "fail", "checkpoint_bad", None, None, {"why": "wrong_side"})],
    ),
    "a certificate whose salt is another": (
        Story(salts={"certificate": OTHER}), 29,
        [("certificate_logged", "fail", "commit_mismatch", None, None, {"member": "c"})],
    ),
    "a certificate without its salt": (
        Story(salts={"certificate": None}), 29,
        [("certificate_logged", "fail", "commit_mismatch", None, None, {"member": "salt"})],
    ),
    "a certificate that was logged before its correction": (
        Story(recipe=CORRECTED, at={"certificate": START + 42 * DAY}), 44,
        [EARLY, mismatch(START + 42 * DAY + 7200, START + 42 * DAY, "certificate_time_fits", None, None, ahead=True)],
    ),
    "a certificate after its correction": (Story(recipe=CORRECTED), 44, []),
    "a list as late as it may be": (Story(list_late=901), 29, []),
    "a list that is too late": (
        Story(list_late=902), 29,
        [("lists_follow_log", "unknown", "status_checkpoint_old", None, None, {"seen": "2025-03-31T00:44:59Z"})],
    ),
    "a list as early as clocks allow": (Story(list_late=-119), 29, []),
    "a list that is too early": (
        Story(list_late=-120), 29,
        [("lists_follow_log", "unknown", "status_checkpoint_old", None, None, {"seen": "2025-03-31T01:02:01Z"})],
    ),
    "a list that follows one entry more than it says": (
        Story(list_size=-1), 29,
        [("lists_follow_log", "unknown", "status_checkpoint", None, None,
          {"n": str(size_of("certificate") - 1), "size": str(size_of("certificate"))})],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("story", "day", "rows"), STORIES.values(), ids=STORIES.keys())
def test_each_story_is_told_to_the_second_and_the_entry(story: Story, day: int, rows: list[Told]) -> None:
    assert told(report_on(bundle_of(story), START + day * DAY)) == rows


def test_a_certificate_has_one_once_tag() -> None:
    assert told(report_on(bundle_of(Story(), OtherTags))) == [
        ("certificate_logged", "fail", "once_tag", None, None, {})
    ]


# --- checkpoints of one log ----------------------------------------------------------------------------------------


def note_with(size: int, root: bytes = bytes(32), origin: str = LOG.key.name, time: int = START) -> Note:
    """A checkpoint that all witnesses saw, whatever it says."""
    text = format_head(Head(origin, size, root))
    signer = LOG if origin == LOG.key.name else STRANGER
    return Note(text, (signer.line(text), *(one.line(text, time) for one in WITNESSES.values())))


FORKED: dict[str, Callable[[Bundle, bytes], Bundle]] = {
    "certificate": lambda one, note: replace(one, logged=replace(one.logged, before=note)),
    "list": lambda one, note: replace(one, status_logged=replace(one.status_logged, before=note)),
    "act": lambda one, note: replace(
        one, path=(*one.path[:-1], replace(one.path[-1], logged=replace(one.path[-1].logged, before=note)))
    ),
    "grant": lambda one, note: replace(
        one, grants_logged=(*one.grants_logged[:-1], replace(one.grants_logged[-1], before=note))
    ),
    "decision": lambda one, note: replace(
        one, corrections=(replace(one.corrections[0], logged=replace(one.corrections[0].logged, before=note)),)
    ),
}


@pytest.mark.parametrize("whose", FORKED)
def test_two_trees_of_one_size_are_a_fork_wherever_they_are_shown(whose: str) -> None:
    bundle = bundle_of(Story(recipe=CORRECTED))
    first = min(one.proof.index for one in bundle.grants_logged if one)
    forked = FORKED[whose](bundle, format_note(note_with(first + 1)))
    fork = [row for row in told(report_on(forked, ASKED)) if row[2] == "log_forked"]
    assert fork == [("one_log", "fail", "log_forked", None, None, {"size": str(first + 1)})]


def row_of(report: Report, name: str) -> tuple[str, str | None, dict[str, str]]:
    (row,) = [row for row in report.rows if row.id == name]
    return row.outcome, row.code, dict(row.about.figures)


def test_a_checkpoint_of_another_log_whose_key_is_believed_decides_nothing() -> None:
    bundle = bundle_of(Story(vkeys=(LOG.vkey, STRANGER.vkey)))
    other = note_with(10**6, origin=STRANGER.key.name)
    said = row_of(report_on(bundle, checkpoint=other), "log_not_forked")
    assert said == ("unknown", "log_foreign", {"origin": STRANGER.key.name})


def test_lines_of_strangers_under_a_checkpoint_that_the_asker_has_do_no_harm() -> None:
    note = note_with(10**6)
    more = insecure_signer("nobody.example/witness", kind=WITNESSES["witness.example/jilin"].key.kind)
    shown = replace(note, signatures=(*note.signatures, more.line(note.text, START)))
    assert row_of(report_on(bundle_of(Story()), checkpoint=shown), "log_not_forked") == ("pass", "log_not_forked", {})


def test_beside_evidence_without_any_proof_a_checkpoint_contradicts_nothing() -> None:
    names = (*Logbook(OFFICE, Story()).documents, "list")
    report = report_on(bundle_of(Story(omitted=names)), checkpoint=note_with(1))
    assert row_of(report, "log_not_forked") == ("pass", "log_not_forked", {}) and report.reason == "log_proof_missing"


# --- a list that is brought beside the evidence --------------------------------------------------------------------


class Later(Logbook):
    """The same log a minute later: one entry more, and a later list."""

    @cached_property
    def _before_list(self) -> list[bytes]:
        return [*Logbook(self.office, Story()).entries, public_leaf("key", b"of the last minute")]

    @cached_property
    def listed(self) -> Jws:
        payload = dict(super().listed.unverified_payload)
        return self.office.sign("statuslist+jwt", "issuer.status", {**payload, "iat": payload["iat"] + MINUTE})


@pytest.mark.parametrize(("story", "code"), [
    (Story(), None), (Story(salts={"list": OTHER}), "commit_mismatch"), (Story(omitted=("list",)), "log_proof_missing"),
    (Story(wrong_side=("list",)), "checkpoint_bad"),
])  # fmt: skip
def test_a_list_that_is_brought_with_a_false_proof_decides_nothing(story: Story, code: str | None) -> None:
    carried, brought = bundle_of(Story()), bundle_of(story, Later)
    report = report_on(carried, newer_status=brought.status_list, newer_status_logged=brought.status_logged)
    rows = [row for row in told(report) if row[0] == "lists_logged"]
    assert [(row[1], row[2]) for row in rows] == ([] if code is None else [("unknown", code)])
    figures = {"commit_mismatch": {"member": "salt"}, "checkpoint_bad": {"why": "wrong_side"}}
    assert [row[5] for row in rows] == ([] if code is None else [figures.get(code, {})])
    assert report.verdict == ("valid" if code is None else "cannot_decide")


# --- when a document was made --------------------------------------------------------------------------------------


def case_of(story: Story, office: Office = OFFICE) -> Case:
    now = START + 29 * DAY
    return Case(Evidence(Logbook(office, story).bundle()), (office.anchor,), now, now)


def stated(document: Jws) -> int:
    payload = document.unverified_payload
    return int(payload["iat"] if "iat" in payload else payload["nbf"])


def test_each_document_of_a_path_was_made_between_two_checkpoints() -> None:
    book, path = Logbook(OFFICE, Story()), case_of(Story()).path
    for name, document in book.documents.items():
        if name == "certificate":
            continue
        at, logged = stated(document), stated(document) + MINUTE
        assert path.when(document) == When(at, logged - 2 * MINUTE + 2, logged + 1, book.index(name)), name
        assert path.log.place(document).index == book.index(name)
    for unlogged in (path.procedure_signed, path.trust_signed):
        assert path.when(unlogged) == When(*[stated(unlogged)] * 3, None)


def test_the_certificates_of_a_batch_were_made_between_two_checkpoints() -> None:
    book, batch = Logbook(OFFICE, Story()), case_of(Story()).batch
    at, logged = batch.issued_at, batch.issued_at + MINUTE
    assert batch.when == When(at, logged - 2 * MINUTE + 2, logged + 1, book.index("certificate"))
    assert case_of(Story(omitted=("certificate",))).batch.when == When(at, at, at, None)


def test_without_an_earlier_checkpoint_a_grant_has_a_place_and_no_time_but_its_own() -> None:
    story = Story(unseen_before=("grants.EX-UNIT",))
    book, path = Logbook(OFFICE, story), case_of(story).path
    grant = book.documents["grants.EX-UNIT"]
    assert path.when(grant) == When(*[stated(grant)] * 3, book.index("grants.EX-UNIT"))


@pytest.mark.parametrize("story", [
    Story(omitted=("acts.approve",)), Story(salts={"acts.approve": OTHER}), Story(unseen_before=("acts.approve",)),
    Story(sealed={"acts.approve": "unit.seal"}), Story(policy=None),
])  # fmt: skip
def test_where_the_proof_of_an_act_does_not_hold_its_own_word_is_all_there_is(story: Story) -> None:
    document = Logbook(OFFICE, story).documents["acts.approve"]
    assert case_of(story).path.when(document) == When(*[stated(document)] * 3, None)


def test_under_a_root_that_requires_no_log_what_comes_with_a_proof_is_asked_for_it_and_no_time_is_trusted() -> None:
    office, story = Office(), Story(omitted=("acts.approve", "grants.EX-UNIT"))
    case = case_of(story, office)
    report = verify(case.evidence, case.anchors, case.at, case.now)
    documents = Logbook(office, story).documents
    for kind in ("acts", "grants"):
        asked = {row.evidence for row in report.rows if row.id == f"{kind}_logged"}
        proved = {key: one for key, one in documents.items() if key.startswith(kind) and key not in story.omitted}
        assert asked == {one.sha256 for one in proved.values()}
    assert row_of(report, "certificate_logged") == ("pass", "certificate_logged", {})
    assert row_of(report, "certificate_time_fits") == ("not_run", "log_not_required", {})
    assert (report.verdict, report.time_source) == ("valid", "asserted")
    assert {case.path.when(one)[1:] for one in documents.values()} == {
        (stated(one), stated(one), None) for one in documents.values()
    }
    with pytest.raises(NotRun, match="log_not_required"):
        case.path.log.place(documents["acts.approve"])
    bare = case_of(Story(omitted=("certificate",)), office)
    unproved = verify(bare.evidence, bare.anchors, bare.at, bare.now)
    assert row_of(unproved, "certificate_logged") == ("not_run", "log_not_required", {})


@pytest.mark.parametrize(("lost", "code"), [
    (Story(omitted=("acts.evaluate",)), "log_proof_missing"),
    (Story(salts={"acts.evaluate": None}), "commit_mismatch"),
])  # fmt: skip
def test_a_tag_is_asked_of_the_act_that_the_path_has_before_it(lost: Story, code: str) -> None:
    """Its salt makes the tag: where it is not shown, nothing can be said of the act after it."""
    said = {(row[2], row[3]) for row in told(report_on(bundle_of(lost))) if row[0] == "acts_logged"}
    assert said == {(code, "evaluate"), ("log_proof_missing", "approve")}


def test_an_entry_that_is_none_is_told_so() -> None:
    bundle = bundle_of(Story())
    grants = (replace(bundle.grants_logged[0], entry=b"{}"), *bundle.grants_logged[1:])
    found = [row for row in told(report_on(replace(bundle, grants_logged=grants))) if row[0] == "grants_logged"]
    assert [row[1:3] + row[5:] for row in found] == [("fail", "commit_mismatch", {"member": "entry"})]


def test_a_proof_that_leads_to_one_root_leads_to_no_other() -> None:
    """What was climbed for one certificate of a batch is remembered by its root."""
    bundle = bundle_of(Story())
    proof = bundle.logged.proof if bundle.logged else None
    assert proof is not None and report_on(bundle).verdict == "valid"
    other = format_note(note_with(proof.index + 1, time=START + 25 * DAY))
    shown = replace(bundle, logged=replace(bundle.logged, proof=replace(proof, checkpoint=other)))
    (row,) = [row for row in told(report_on(shown)) if row[0] == "certificate_logged"]
    assert row[1:3] == ("fail", "inclusion_bad")
    assert row[5] == {"index": str(proof.index), "size": str(proof.index + 1)}
