"""Which link of the chain says what is wrong: each row that did not pass stands on one, and none accuses another office."""

from dataclasses import replace
from typing import Any

import pytest
from click import unstyle
from support_changes import apply_changes, day
from support_forge import Forge, judge
from support_instance import SmallInstance
from test_log_vectors import FOUND
from test_log_vectors import judged as judged_by_log
from test_vectors import IDS, VECTORS, judged

from certsvc.cli import verify_chain
from certsvc.core.bundle import parse_bundle
from certsvc.core.outcomes import About
from certsvc.verify import words
from certsvc.verify.case import Case, Evidence
from certsvc.verify.links import draw
from certsvc.verify.report import FAMILIES, Link, Report, Row
from certsvc.web import pictures

#: They name who decided; that somebody revoked is no accusation.
TELLS_WHO_DECIDED = ("in_force", "not_annulled_since")
#: Told beside the chain, by a bead of their own.
TOLD_BESIDE = ("register", "document")
#: The last act of each pair is by an office that the notice before it is not.
CALENDARS = {"recommend": "CITY", "settle_objections": "SUPV"}


def report_of(small: SmallInstance, name: str) -> Report:
    vector = next(vector for vector in VECTORS if vector["id"] == name)
    return judged(small, vector["changes"], vector.get("asked"))


def marked(report: Report) -> list[tuple[str, str, str, str, tuple[str, ...]]]:
    odd = [link for link in report.chain if link.outcome != "pass"]
    return [(link.kind, link.name, link.org, link.outcome, link.codes) for link in odd]


def check_that_the_chain_says_all_and_accuses_nobody_else(report: Report) -> None:
    standing = [row for link in report.chain for row in link.rows]
    for row in report.rows:
        if row.outcome in ("fail", "unknown") and row.family not in TOLD_BESIDE:
            assert not report.chain or row in standing, row
    for link in report.chain:
        assert link.codes == tuple(dict.fromkeys(row.code for row in link.rows))
        assert (link.outcome == "pass") == (not link.rows) == (not words.link_sentences(report, link, "zh"))
        for row in link.rows:
            check_that_it_accuses_nobody_else(report, link, row)


def check_that_it_accuses_nobody_else(report: Report, link: Link, row: Row) -> None:
    if row.of_absent_act or row.outcome == "not_run":
        return
    # A grant is of whoever holds it, and of whoever gave it: offices that hold one themselves.
    givers = {one.org for one in report.chain if one.kind in ("grant", "authority")} if link.kind == "grant" else set()
    accused = row.about.org or row.about.figures.get("org")
    assert accused in (None, link.org, *givers) or row.id in TELLS_WHO_DECIDED, (link, row)
    others = {one.org_name for one in report.chain if one.kind != "root" and one.org not in (link.org, *givers)}
    # Whose grant was withdrawn did no wrong by that; the sentence is about who acted all the same.
    told = {link.org_name, row.about.figures.get("holder"), ""}
    for lang in words.LANGUAGES:
        said = words.row_sentence(report, row, lang)
        assert not [name for name in others - told if name in said], (link, said)


@pytest.mark.parametrize("vector", VECTORS, ids=IDS)
def test_all_that_is_wrong_stands_on_the_link_of_the_office_that_it_accuses(
    vector: dict[str, Any], small_instance: SmallInstance
) -> None:
    report = judged(small_instance, vector["changes"], vector.get("asked"))
    check_that_the_chain_says_all_and_accuses_nobody_else(report)
    shown = {link.outcome for link in report.chain}
    at_fault = {row.family for row in report.rows if row.outcome in ("fail", "unknown")}
    assert (shown <= {"pass"}) == (not report.chain or at_fault <= set(TOLD_BESIDE))
    assert vector["expected"] == {"verdict": report.verdict, "code": report.reason}


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: case["id"])
def test_all_that_the_log_shows_to_be_wrong_stands_on_a_link(case: dict[str, Any]) -> None:
    check_that_the_chain_says_all_and_accuses_nobody_else(judged_by_log(case))


@pytest.mark.parametrize("org", ["NOBODY", "ROOT", "HRSS", "COMM", None])
@pytest.mark.parametrize("family", [family for family in FAMILIES if family not in TOLD_BESIDE])
def test_whatever_document_a_row_is_about_and_whomever_it_accuses_it_stands_on_a_link_of_that_office(
    family: str, org: str | None, small_instance: SmallInstance
) -> None:
    changes = [{"do": "correct", "name": "样章改", "at": day(42.5)}, {"do": "event", "act": "suspend", "at": day(43.5)}]
    bundle = parse_bundle(apply_changes(Forge(small_instance), changes).build())
    case = Case(Evidence(bundle), small_instance.anchors, small_instance.now, small_instance.now)
    for document in (None, *bundle.documents):
        row = Row("some_check", family, "fail", "some_code", About(None, org), "", document and document.sha256)
        links = [link for link in draw(case, (row,)) if link.rows]
        assert links and all(link.org == (org or link.org) or link.kind == "grant" for link in links)
        assert {(link.outcome, link.codes) for link in links} == {("fail", ("some_code",))}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("correction_without_seal", [("decision", "correct", "HRSS", "fail", ("seal_missing",))]),
        ("corrected_to_another_human", [("decision", "correct", "HRSS", "fail", ("correction_person",))]),
        (
            "correction_by_a_committee",
            [
                ("proposal", "correct", "COMM", "fail", ("act_not_granted",)),
                ("decision", "correct", "COMM", "fail", ("act_not_granted", "decided_alone")),
            ],
        ),
        ("change_without_seal", [("decision", "reinstate", "HRSS", "fail", ("seal_missing",))]),
        (
            "decided_by_the_proposer",
            [
                ("decision", "suspend", "HRSS", "fail", ("decided_alone",)),
                ("status", "in_force", "HRSS", "fail", ("status_diverges",)),
            ],
        ),
        ("trust_key_ended", [("root", "", "ROOT", "unknown", ("key_ended",))]),
        ("procedure_by_another_key", [("authority", "issuer", "HRSS", "fail", ("cert_use",))]),
        ("archive_key", [("root", "", "ROOT", "fail", ("cert_use",))]),
        (
            "credential_key_of_another_office_and_no_grant",
            [
                ("certificate", "", "STRANGER", "fail", ("issuer_mismatch",)),
                ("status", "in_force", "HRSS", "unknown", ("status_foreign",)),
            ],
        ),
        ("list_by_another_office", [("status", "in_force", "UNIT", "unknown", ("status_key_not_granted",))]),
        (
            "calendar_not_trusted",
            [("act", act, org, "fail", ("calendar_unlisted",)) for act, org in CALENDARS.items()],
        ),
        ("wrong_part", [("act", "result_notice", "ORGN", "fail", ("part_of_others", "roster_grew"))]),
    ],
)
def test_the_links_that_are_marked_are_those_of_the_offices_at_fault(
    name: str, expected: list[tuple[str, str, str, str, tuple[str, ...]]], small_instance: SmallInstance
) -> None:
    assert marked(report_of(small_instance, name)) == expected


def test_corrections_and_changes_of_status_are_links_with_their_signatures(small_instance: SmallInstance) -> None:
    """A correction before the certificate that rests on it, a change after it; a proposal only where it is at fault."""
    changes = [
        {"do": "correct", "name": "样章改", "at": day(42.5)},
        {"do": "event", "act": "suspend", "at": day(43.5)},
        {"do": "set", "at": "credential.nbf", "to": day(43)},
        {"do": "set", "at": "status.iat", "to": day(44)},
    ]
    bundle = apply_changes(Forge(small_instance), changes).build()
    report = judge(small_instance, bundle, at=day(45), now=day(45))
    assert report.verdict == "suspended"
    ends = [(link.kind, link.name, link.outcome, link.signed_by) for link in report.chain[-4:]]
    assert ends == [
        ("decision", "correct", "pass", ("officer", "seal")),
        ("certificate", "", "pass", ()),
        ("decision", "suspend", "pass", ("officer", "seal")),
        ("status", "suspended", "fail", ()),
    ]
    beads = [bead for bead in pictures.chain(report, "zh") if bead.kind == "decision"]
    assert [(bead.label, len(bead.marks), bead.is_act) for bead in beads] == [
        ("更正换发", 2, True),
        ("暂停使用", 2, True),
    ]
    told = [unstyle(line) for line in verify_chain.chain(report, everything=False)]
    assert [line.split()[2] for line in told if "✔" in line and "更正换发" in line] == ["更正换发"]


def test_a_proposal_that_is_at_fault_is_told_before_its_decision(small_instance: SmallInstance) -> None:
    report = report_of(small_instance, "correction_by_a_committee")
    labels = [bead.label for bead in pictures.chain(report, "zh") if bead.kind in ("proposal", "decision")]
    assert labels == ["提议:更正换发", "更正换发"]
    told = [unstyle(line).strip() for line in verify_chain.chain(report, everything=False)]
    assert any("提议:更正换发" in line and line.startswith("✖") for line in told)
    assert any("Proposal: " in line for line in told)


def test_an_office_that_had_no_part_in_the_case_has_a_link_where_it_is_at_fault(small_instance: SmallInstance) -> None:
    changes = [
        {"do": "mint", "label": "second", "like": "HRSS.credential", "org": "STRANGER"},
        {"do": "sign", "document": "procedure", "by": ["second"]},
    ]
    report = judged(small_instance, changes, None)
    bead = next(bead for bead in pictures.chain(report, "en") if bead.kind == "other")
    assert (bead.label, bead.state) == ("Another office", "fail") and bead.notes


def test_grants_are_drawn_whoever_signed_them(small_instance: SmallInstance) -> None:
    """Where one is not proved to be signed by an office, the others are still told, and that one is marked."""
    whole = judge(small_instance, small_instance.bundle())
    report = report_of(small_instance, "seal_key_delegates")
    grants = [[link.name for link in one.chain if link.kind == "grant"] for one in (whole, report)]
    assert sorted(grants[0]) == sorted(grants[1])


def test_two_rows_of_one_document_that_stands_twice_are_told_at_both_places(small_instance: SmallInstance) -> None:
    bundle = parse_bundle(small_instance.bundle())
    twice = replace(bundle, path=(*bundle.path, bundle.path[-1]))
    case = Case(Evidence(twice), small_instance.anchors, small_instance.now, small_instance.now)
    row = Row("acts_linked", "procedure", "fail", "order", About("issue", "HRSS"), "", bundle.path[-1].act.sha256)
    assert [link.name for link in draw(case, (row,)) if link.rows] == ["issue", "issue"]
