"""What becomes of a certificate: one human proposes, another decides, and the verdict follows in time."""

import base64
import gzip
from datetime import datetime
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from lifecycle_for_tests import PAPER, days_later, do, order, refused, verdict
from support_instance import DAY, SmallInstance, grant_payload

from certsvc.core.bundle import parse_bundle
from certsvc.core.calendar import SHANGHAI
from certsvc.core.codes import check_licence_identifier
from certsvc.core.errors import Malformed, NotFound, Refused
from certsvc.core.identity import check_character
from certsvc.core.jose import Jws, parse_document
from certsvc.core.outcomes import Fault
from certsvc.core.schemas import LIFECYCLE_ACTS
from certsvc.core.statuslist import unpack, value_at
from certsvc.services import documents, enrol, overview, private
from certsvc.services.pdf import certificate_pdf
from certsvc.services.publish import bitstring_of, current_status_list
from certsvc.services.status import approve, propose
from certsvc.services.verify_evidence import verify_code, verify_number
from certsvc.store import certificates as certificate_store
from certsvc.store import keys as key_store
from certsvc.store import rosters as roster_store
from certsvc.store import status as status_store
from certsvc.verify import verify, words
from certsvc.verify.case import Evidence


def newest_list(small: SmallInstance) -> Jws:
    return current_status_list(small.instance, small.issued[0].certificate.list_uri)


def listed(small: SmallInstance, person: int = 0) -> int:
    """The value of a certificate's slot in the newest list."""
    raw = unpack(newest_list(small).unverified_payload["status_list"]["lst"])
    return value_at(raw, small.issued[person].certificate.idx)


# --- verdicts in time -----------------------------------------------------------------------------------------------


def test_a_suspension_counts_from_its_decision_to_the_reinstatement(small: SmallInstance) -> None:
    before = small.now
    during = days_later(small, 1) + 60
    do(small, "suspend")
    assert verdict(small) == "suspended"
    after = days_later(small, 3) + 60
    do(small, "reinstate")
    days_later(small, 4)
    assert [verdict(small, at=at) for at in (before, during, after, None)] == ["valid", "suspended", "valid", "valid"]


def test_a_revocation_from_the_beginning_covers_every_time(small: SmallInstance) -> None:
    days_later(small, 30)
    do(small, "revoke", retroactive=True)
    days_later(small, 31)
    assert [verdict(small, at=at) for at in (small.now, small.now + 10 * DAY, None)] == ["revoked"] * 3


def test_a_revocation_from_a_date_leaves_the_time_before_alone(small: SmallInstance) -> None:
    days_later(small, 30)
    do(small, "revoke", effective_from="2025-03-01")
    days_later(small, 31)
    first = int(datetime(2025, 3, 1, tzinfo=SHANGHAI).timestamp())
    verdicts = [verdict(small, at=at) for at in (small.now, first - 1, first, None)]
    assert verdicts == ["valid", "valid", "revoked", "revoked"]


def test_a_withdrawal_counts_from_its_decision(small: SmallInstance) -> None:
    decided = days_later(small, 5)
    do(small, "withdraw")
    days_later(small, 6)
    assert [verdict(small, at=at) for at in (decided - 1, decided, None)] == ["valid", "withdrawn", "withdrawn"]


def test_the_others_of_the_roster_are_not_touched(small: SmallInstance) -> None:
    for person, kind in ((0, "revoke"), (1, "suspend")):
        do(small, kind, person)
    assert [verdict(small, person) for person in range(3)] == ["revoked", "suspended", "valid"]


def day_begins(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp())


def test_a_corrected_title_is_revoked_from_a_day_before_the_correction_in_every_version(small: SmallInstance) -> None:
    frozen = parse_bundle(small.bundle())
    days_later(small, 60)
    second = do(small, "correct", document={**PAPER, "date": "2025-04-01"})
    days_later(small, 70)
    third = do(small, "correct", which=second.code, changes={"name": "样章戊"}) if second else None
    assert second is not None and third is not None
    revoked = days_later(small, 90)
    do(small, "revoke", which=third.code, effective_from="2025-03-10", reason="fraud")
    days_later(small, 91)
    first_day, corrected = day_begins("2025-03-10"), small.now + 60 * DAY
    codes = (small.issued[0].code, second.code, third.code)
    asked = {at: [verify_code(small.instance, code, at=at).verdict for code in codes] for at in
             (first_day - 1, first_day, corrected - 1, corrected, small.now + 70 * DAY, revoked)}  # fmt: skip
    assert asked == {
        first_day - 1: ["valid", "cannot_decide", "cannot_decide"],
        first_day: ["revoked", "cannot_decide", "cannot_decide"],
        corrected - 1: ["revoked", "cannot_decide", "cannot_decide"],
        corrected: ["revoked", "revoked", "cannot_decide"],
        small.now + 70 * DAY: ["revoked"] * 3,
        revoked: ["revoked"] * 3,
    }
    report = verify_code(small.instance, codes[0], at=first_day)
    assert (report.about.act, report.about.org, report.then) == ("revoke", "HRSS", ("valid", None))
    assert report.timeline[-1].effective_from == "2025-03-10"
    assert "自 2025-03-10 起无效" in words.reason(report, "zh")
    # The file alone knows of no other version; beside it today's list says superseded, and never valid.
    now, listed_now = small.instance.now(), newest_list(small)
    assert verify(Evidence(frozen, newer_status=listed_now), small.anchors, now, now).verdict == "superseded"
    early = verify(Evidence(frozen, newer_status=listed_now), small.anchors, first_day, now)
    assert (early.verdict, early.reason) == ("cannot_decide", "events_missing")


def test_a_corrected_title_is_not_revoked_from_before_its_first_issue(small: SmallInstance) -> None:
    days_later(small, 60)
    new = do(small, "correct")
    assert new is not None
    days_later(small, 61)
    early = order(small, "revoke", which=new.code, effective_from="2025-02-16")
    assert refused(small, lambda: propose(small.instance, early)).code == "effect_before_issue"
    do(small, "revoke", which=new.code, effective_from="2025-02-17")
    days_later(small, 62)
    assert verdict(small, at=small.now) == "revoked"


def test_a_revocation_from_a_day_after_the_correction_leaves_the_earlier_version_superseded(
    small: SmallInstance,
) -> None:
    days_later(small, 10)
    new = do(small, "correct")
    assert new is not None
    days_later(small, 30)
    do(small, "revoke", which=new.code, effective_from="2025-02-28")
    days_later(small, 31)
    asked = [verdict(small, at=at) for at in (small.now + 10 * DAY - 1, small.now + 10 * DAY, None)]
    assert asked == ["valid", "superseded", "superseded"]


def test_a_title_that_was_annulled_from_the_beginning_was_never_good_in_any_version(small: SmallInstance) -> None:
    days_later(small, 10)
    new = do(small, "correct")
    assert new is not None
    days_later(small, 20)
    do(small, "revoke", which=new.code, reason="fraud", retroactive=True)
    days_later(small, 30)
    report = verify_code(small.instance, small.issued[0].code, at=small.now + 5 * DAY)
    assert (report.verdict, report.about.act, report.about.org) == ("revoked", "revoke", "HRSS")
    assert report.then == ("valid", None)
    assert verify_code(small.instance, new.code).verdict == "revoked"
    # What is offline cannot know of another version: its own list says superseded from the correction on.
    assert verdict(small, 0) == "revoked"


def test_a_later_version_that_was_revoked_from_a_day_leaves_the_earlier_one_its_time(small: SmallInstance) -> None:
    days_later(small, 10)
    new = do(small, "correct")
    assert new is not None
    days_later(small, 20)
    do(small, "revoke", which=new.code, reason="fraud", effective_from="2025-03-05")
    days_later(small, 30)
    assert verdict(small, 0, at=small.now + 5 * DAY) == "valid"
    assert verdict(small, 0) == "superseded"


# --- correction -----------------------------------------------------------------------------------------------------


def text_of(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(BytesIO(pdf)) as document:
        return "".join(page.get_textpage().get_text_range() for page in document)


def test_a_correction_makes_the_next_version_and_supersedes_the_old(small: SmallInstance) -> None:
    old = small.issued[0]
    old_pdf = certificate_pdf(small.instance, old.code)
    decided = days_later(small, 1)
    new = do(small, "correct", changes={"name": "样章丁"})
    assert new is not None
    assert (new.certificate.number, new.certificate.version) == (old.certificate.number, 2)
    assert new.code != old.code
    assert new.claim_token != old.claim_token
    assert new.certificate.idx != old.certificate.idx
    assert [listed(small)] == [3]
    report = verify_code(small.instance, new.code)
    assert report.verdict == "valid"
    assert report.certificate is not None
    assert (report.certificate["holder_name"], report.certificate["version"]) == ("样章丁", 2)
    assert [verdict(small, at=at) for at in (decided - 1, None)] == ["valid", "superseded"]
    assert "样章甲" in text_of(old_pdf)
    corrected = text_of(certificate_pdf(small.instance, new.code))
    assert "样章丁" in corrected
    assert "样章甲" not in corrected


def test_the_licence_identifier_of_a_correction_has_the_next_version(small: SmallInstance) -> None:
    old = small.issued[0].certificate.licence_id
    new = do(small, "correct")
    assert new is not None
    parts = [one.split(".") for one in (old, new.certificate.licence_id)]
    for identifier in (old, new.certificate.licence_id):
        check_licence_identifier(identifier)
    differing = [n for n, (one, other) in enumerate(zip(*parts, strict=True)) if one != other]
    # The version and the check character behind everything.
    assert [int(parts[0][differing[0]]), int(parts[1][differing[0]])] == [1, 2]
    assert differing[1:] == [len(parts[0]) - 1]


def test_the_version_digits_of_the_licence_identifier_grow_with_each_version(small: SmallInstance) -> None:
    second = do(small, "correct")
    assert second is not None
    third = do(small, "correct", reason="key_compromised", which=second.code)
    assert third is not None
    parts = [one.certificate.licence_id.split(".") for one in (small.issued[0], second, third)]
    # Type, issuer, serial, version and check character (GB/T 36904, domain.md 4.1).
    assert [one[-2] for one in parts] == ["001", "002", "003"]
    assert len({tuple(one[:-2]) for one in parts}) == 1


def test_the_old_name_leads_to_the_old_version_and_the_new_name_to_the_new(small: SmallInstance) -> None:
    number = small.issued[0].certificate.number
    do(small, "correct")
    found = [verify_number(small.instance, number, name).verdict for name in ("样章甲", "样章丁", "样章戊")]
    assert found == ["superseded", "valid", "no_record"]


def test_one_name_leads_to_the_version_that_was_in_force_on_the_day_asked_about(small: SmallInstance) -> None:
    number, digits = small.issued[0].certificate.number, "22000019850615009"
    corrected = days_later(small, 10)
    new = do(small, "correct", changes={"id": digits + check_character(digits)})
    assert new is not None
    days_later(small, 20)
    do(small, "suspend", which=new.code)
    at = [small.now - 1, small.now, small.now + 5 * DAY, corrected - 1, corrected, small.now + 15 * DAY, None]
    found = [verify_number(small.instance, number, "样章甲", at=one) for one in at]
    assert [(one.verdict, one.reason) for one in found] == [
        ("cannot_decide", "before_issue"), *[("valid", None)] * 5, ("suspended", "suspended")
    ]  # fmt: skip


def test_a_name_that_came_with_a_correction_is_of_no_day_before_it(small: SmallInstance) -> None:
    number, corrected = small.issued[0].certificate.number, days_later(small, 10)
    do(small, "correct")
    days_later(small, 20)
    found = [verify_number(small.instance, number, "样章丁", at=at) for at in (corrected - 1, corrected, None)]
    assert [(one.verdict, one.reason) for one in found] == [("cannot_decide", "before_issue"), *[("valid", None)] * 2]
    assert verify_number(small.instance, number, "样章甲", at=corrected).verdict == "superseded"


def test_a_corrected_certificate_can_be_corrected_again_and_revoked(small: SmallInstance) -> None:
    second = do(small, "correct", changes={"name": "样章丁"})
    assert second is not None
    third = do(small, "correct", changes={"name": "样章戊"}, which=second.code)
    assert third is not None
    assert third.certificate.version == 3
    codes = (small.issued[0].code, second.code, third.code)
    assert [verify_code(small.instance, code).verdict for code in codes] == ["superseded", "superseded", "valid"]
    do(small, "revoke", which=third.code)
    assert verify_code(small.instance, third.code).verdict == "revoked"


def test_of_two_corrections_the_later_proposal_counts(small: SmallInstance) -> None:
    first = propose(small.instance, order(small, "correct", changes={"name": "样章丁"}))
    second = propose(small.instance, order(small, "correct", changes={"name": "样章戊"}))
    error = refused(small, lambda: approve(small.instance, first, "HRSS-2"))
    assert (error.code, "later proposal" in getattr(error, "en", "")) == ("proposal_replaced", True)
    new = approve(small.instance, second, "HRSS-2")
    assert new is not None
    report = verify_code(small.instance, new.code)
    assert report.certificate is not None
    assert report.certificate["holder_name"] == "样章戊"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "changes_missing"),
        ({"name": "样章甲"}, "changes_none"),
        ({"title": "正高级工程师"}, "field_foreign"),
        ({"name": "样章\u202e丁"}, "name_character"),
        ({"name": "样章\U0010ffff"}, "name_character"),
        ({"sex": "X"}, "sex_unknown"),
        ({"birth": "1985-02-30"}, "birth_form"),
        ({"birth": "15.6.1985"}, "birth_form"),
        ({"birth": "1985-06-16"}, "birth_conflicts_id"),
        ({"sex": "F"}, "sex_conflicts_id"),
        ({"id": "220000198506150013"}, "id_check_digit"),
        ({"id": "22000019850615"}, "id_form"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(small: SmallInstance, changes: dict[str, str], code: str) -> None:
    error = refused(small, lambda: propose(small.instance, order(small, "correct", changes=changes)))
    assert error.code == code
    assert not isinstance(error, Fault)


def test_a_number_with_its_birth_and_sex_can_be_corrected_together(small: SmallInstance) -> None:
    number = "22000019850616002" + check_character("22000019850616002")
    new = do(small, "correct", changes={"id": number, "birth": "1985-06-16", "sex": "F"})
    assert new is not None
    assert verify_code(small.instance, new.code).verdict == "valid"


def number_of(digits: str) -> str:
    return digits + check_character(digits)


#: Another human, one year younger: number, birth and sex agree with each other.
ANOTHER = {"name": "样章戊", "birth": "1986-06-15", "id": number_of("22000019860615003")}


@pytest.mark.parametrize(
    "steps",
    [
        [ANOTHER],
        [{**ANOTHER, "sex": "F", "id": number_of("22000019860615002")}],
        [{"name": "样章戊"}, {name: ANOTHER[name] for name in ("birth", "id")}],
        [{name: ANOTHER[name] for name in ("birth", "id")}, {"name": "样章戊"}],
    ],
    ids=["at once", "with the sex", "the name first", "the name last"],
)
def test_no_correction_moves_a_title_to_another_human(small: SmallInstance, steps: list[dict[str, str]]) -> None:
    code = small.issued[0].code
    for changes in steps[:-1]:
        new = do(small, "correct", which=code, changes=changes)
        assert new is not None
        code = new.code
    error = refused(small, lambda: propose(small.instance, order(small, "correct", which=code, changes=steps[-1])))
    assert isinstance(error, Refused)
    assert error.code == "correction_person"
    assert error.hint == f"certsvc status revoke {small.issued[0].certificate.number} --help"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "样章戊", "id": number_of("22000019850615009")},
        {"birth": "1986-06-15", "id": number_of("22000019860615003")},
    ],
    ids=["another name and number", "another birth date and number"],
)
def test_who_keeps_birth_and_sex_or_the_name_is_still_the_same_human(
    small: SmallInstance, changes: dict[str, str]
) -> None:
    new = do(small, "correct", changes=changes)
    assert new is not None
    assert verify_code(small.instance, new.code).verdict == "valid"


# --- after a compromise ---------------------------------------------------------------------------------------------


def personal(small: SmallInstance, version: int) -> private.Personal:
    """The personal half of a version of the first certificate."""
    with small.instance.engines.read.connect() as connection:
        entry = roster_store.find_entry(connection, small.issued[0].certificate.entry_id)
        assert entry is not None
        return private.personal_of(small.instance, connection, entry, version)


def test_what_a_stolen_key_signed_is_signed_anew_with_the_same_content(small: SmallInstance) -> None:
    old = small.issued[0]
    new = do(small, "correct", reason="key_compromised")
    assert new is not None
    assert (new.certificate.number, new.certificate.version) == (old.certificate.number, 2)
    reports = [verify_code(small.instance, code) for code in (old.code, new.code)]
    assert [report.verdict for report in reports] == ["superseded", "valid"]
    printed = [
        parse_document(one.certificate.credential, "vc+jwt").unverified_payload["certificate"] for one in (old, new)
    ]
    assert {name for name in printed[0] if printed[0][name] != printed[1][name]} == {"version", "licence_id"}
    assert personal(small, 1).values == personal(small, 2).values
    assert personal(small, 1).entry_salt != personal(small, 2).entry_salt


def test_a_new_signature_after_a_compromise_states_that_no_field_changed(small: SmallInstance) -> None:
    do(small, "correct", reason="key_compromised")
    with small.instance.engines.read.connect() as connection:
        (event,) = status_store.list_events(connection, small.issued[0].certificate.id)
        decided = documents.load_document(connection, event.decide_sha256, "act+jwt").unverified_payload
    assert (decided["reason"], decided["correction"]["fields"]) == ("key_compromised", [])
    assert decided["correction"]["old_entry"] != decided["correction"]["new_entry"]


def test_what_a_stolen_key_signed_may_be_revoked_for_that_reason(small: SmallInstance) -> None:
    do(small, "revoke", reason="key_compromised")
    assert verdict(small) == "revoked"


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        ("correct", {"reason": "key_compromised", "changes": {"name": "样章丁"}}, "changes_missing"),
        ("correct", {"reason": "correction", "changes": None}, "changes_missing"),
        ("correct", {"reason": "correction", "changes": {}}, "changes_missing"),
        ("suspend", {"reason": "key_compromised"}, "reason_foreign"),
        ("withdraw", {"reason": "key_compromised"}, "reason_foreign"),
    ],
    ids=["a new value besides", "no value", "no values", "a suspension", "a withdrawal"],
)
def test_a_compromise_is_no_excuse_for_anything_else(
    small: SmallInstance, kind: str, more: dict[str, Any], code: str
) -> None:
    error = refused(small, lambda: propose(small.instance, order(small, kind, **more)))
    assert error.code == code


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("reinstate", {}),
        ("suspend", {"reason": "fraud"}),
        ("suspend", {"effective_from": "2025-03-01"}),
        ("revoke", {"retroactive": False}),
        ("correct", {"changes": {}}),
        ("correct", {"changes": {"name": "样章甲"}}),
    ],
    ids=["state", "reason", "effect", "no effect", "no changes", "nothing changed"],
)
def test_a_refused_proposal_names_the_next_command(small: SmallInstance, kind: str, more: dict[str, Any]) -> None:
    error = refused(small, lambda: propose(small.instance, order(small, kind, **more)))
    assert isinstance(error, Refused)
    assert error.hint.startswith("certsvc ")


# --- versions point to each other -----------------------------------------------------------------------------------


def test_each_version_names_the_one_before_and_the_one_after(small: SmallInstance) -> None:
    number = small.issued[0].certificate.number
    days_later(small, 1)
    second = do(small, "correct")
    assert second is not None
    days_later(small, 2)
    third = do(small, "correct", changes={"name": "样章戊"}, which=second.code)
    assert third is not None
    views = [overview.certificate_view(small.instance, one.code) for one in (small.issued[0], second, third)]
    names = [(number, n, one.certificate.issued_at) for n, one in enumerate((small.issued[0], second, third), start=1)]
    assert [view.replaces for view in views] == [None, names[0], names[1]]
    assert [view.replaced_by for view in views] == [names[1], names[2], None]
    assert len({issued_at for _, _, issued_at in names}) == 3
    assert overview.newest_versions(small.instance) == {small.issued[0].certificate.entry_id: 3}


# --- what may follow on what ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["revoke", "withdraw", "correct"])
def test_an_end_is_an_end(small: SmallInstance, end: str) -> None:
    do(small, end)
    for kind in LIFECYCLE_ACTS:
        error = refused(small, lambda kind=kind: propose(small.instance, order(small, kind)))  # type: ignore[misc]
        assert error.code == "status_illegal"


def test_a_suspended_certificate_is_neither_suspended_again_nor_corrected(small: SmallInstance) -> None:
    do(small, "suspend")
    for kind in ("suspend", "correct"):
        error = refused(small, lambda kind=kind: propose(small.instance, order(small, kind)))  # type: ignore[misc]
        assert error.code == "status_illegal"
    do(small, "revoke")


def test_only_what_is_suspended_is_reinstated(small: SmallInstance) -> None:
    error = refused(small, lambda: propose(small.instance, order(small, "reinstate")))
    assert error.code == "status_illegal"


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        ("suspend", {"reason": "fraud"}, "reason_foreign"),
        ("withdraw", {"retroactive": True}, "effect_foreign"),
        ("suspend", {"effective_from": "2025-03-01"}, "effect_foreign"),
        ("revoke", {"retroactive": False}, "effect_missing"),
        ("revoke", {"retroactive": True, "effective_from": "2025-03-01"}, "effect_missing"),
        ("suspend", {"changes": {"name": "样章丁"}}, "changes_missing"),
        ("suspend", {"officer": "NOBODY"}, "officer_unknown"),
        ("suspend", {"which": "0000-0000-0000-0000"}, "certificate_unknown"),
        ("suspend", {"which": "22202200000520001238"}, "certificate_unknown"),
    ],
)
def test_a_proposal_that_breaks_a_rule_is_refused(
    small: SmallInstance, kind: str, more: dict[str, Any], code: str
) -> None:
    assert refused(small, lambda: propose(small.instance, order(small, kind, **more))).code == code


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"effective_from": "2025-02-18"}, "effect_ahead"),
        ({"effective_from": "2099-01-01"}, "effect_ahead"),
        ({"effective_from": "2025-02-16"}, "effect_before_issue"),
        ({"document": {**PAPER, "date": "2025-02-18"}}, "paper_ahead"),
    ],
    ids=["from tomorrow", "from another century", "from the day before the issue", "a paper of tomorrow"],
)
def test_a_decision_takes_effect_between_the_issue_and_today(
    small: SmallInstance, more: dict[str, Any], code: str
) -> None:
    error = refused(small, lambda: propose(small.instance, order(small, "revoke", **more)))
    assert (error.code, error.hint.startswith("certsvc status revoke ")) == (code, True)
    assert listed(small) == 0
    days_later(small, 0.5)
    do(small, "suspend")


def test_the_day_of_the_issue_and_today_are_effective_days(small: SmallInstance) -> None:
    do(small, "revoke", 0, effective_from="2025-02-17")
    # Half past midnight in Asia/Shanghai, when the day in UTC is still the one before.
    small.instance.set_clock(int(datetime(2025, 2, 20, 0, 30, tzinfo=SHANGHAI).timestamp()))
    do(small, "revoke", 1, effective_from="2025-02-20", document={**PAPER, "date": "2025-02-20"})
    assert [verdict(small, person) for person in (0, 1)] == ["revoked", "revoked"]


def test_a_proposal_of_a_clock_that_was_ahead_is_not_decided_before_its_day(small: SmallInstance) -> None:
    days_later(small, 3)
    proposal = propose(small.instance, order(small, "revoke", effective_from="2025-02-20"))
    days_later(small, 2)
    assert refused(small, lambda: approve(small.instance, proposal, "HRSS-2")).code == "effect_ahead"
    days_later(small, 3)
    approve(small.instance, proposal, "HRSS-2")


def test_nothing_is_signed_while_the_clock_is_before_the_last_change(small: SmallInstance) -> None:
    """The act that comes first by its own time is `order` for every verifier, in every later verdict."""
    days_later(small, 2)
    do(small, "suspend")
    for behind, kind in ((300, "reinstate"), (1, "revoke"), (3_600, "withdraw")):
        small.instance.set_clock(small.now + 2 * DAY - behind)
        error = refused(small, lambda kind=kind: propose(small.instance, order(small, kind)))  # type: ignore[misc]
        assert isinstance(error, Refused)
        assert (error.code, error.hint) == ("clock_behind", "timedatectl")
    # In the very second it is lawful, and so is what happens to somebody else.
    do(small, "suspend", 1)
    days_later(small, 2)
    do(small, "reinstate")
    assert verdict(small) == "valid"


def test_nothing_is_signed_while_the_clock_is_before_the_issue(small: SmallInstance) -> None:
    small.instance.set_clock(small.now - 1)
    assert refused(small, lambda: propose(small.instance, order(small, "suspend"))).code == "clock_behind"
    small.instance.set_clock(small.now)
    do(small, "suspend")
    assert verdict(small) == "suspended"


def test_nothing_is_decided_while_the_clock_is_before_the_proposal(small: SmallInstance) -> None:
    days_later(small, 1)
    proposal = propose(small.instance, order(small, "suspend"))
    small.instance.set_clock(small.now + DAY - 1)
    error = refused(small, lambda: approve(small.instance, proposal, "HRSS-2"))
    assert isinstance(error, Refused)
    assert (error.code, error.hint) == ("clock_behind", "timedatectl")
    small.instance.set_clock(small.now + DAY)
    approve(small.instance, proposal, "HRSS-2")
    assert verdict(small) == "suspended"


def test_a_version_is_not_changed_while_the_clock_is_before_its_own_issue(small: SmallInstance) -> None:
    days_later(small, 2)
    new = do(small, "correct")
    assert new is not None
    days_later(small, 1)
    error = refused(small, lambda: propose(small.instance, order(small, "suspend", which=new.code)))
    assert error.code == "clock_behind"


def test_a_date_that_does_not_exist_is_refused(small: SmallInstance) -> None:
    proposal = order(small, "revoke", effective_from="2025-02-30")
    assert isinstance(refused(small, lambda: propose(small.instance, proposal)), Malformed)


def test_a_proposal_that_another_decision_overtook_is_refused(small: SmallInstance) -> None:
    slow = propose(small.instance, order(small, "suspend"))
    do(small, "revoke")
    error = refused(small, lambda: approve(small.instance, slow, "HRSS-2"))
    assert error.code == "proposal_overtaken"
    assert verdict(small) == "revoked"


def test_a_proposal_is_decided_once(small: SmallInstance) -> None:
    proposal = propose(small.instance, order(small, "suspend"))
    approve(small.instance, proposal, "HRSS-2")
    error = refused(small, lambda: approve(small.instance, proposal, "HRSS-2"))
    assert error.code == "proposal_decided"


def test_an_unknown_proposal_is_named(small: SmallInstance) -> None:
    error = refused(small, lambda: approve(small.instance, "P9999", "HRSS-2"))
    assert isinstance(error, NotFound)


# --- who may --------------------------------------------------------------------------------------------------------


def pseudonym(small: SmallInstance, officer_id: str) -> str:
    with small.instance.engines.read.connect() as connection:
        officer = key_store.find_officer(connection, officer_id)
    assert officer is not None
    return officer.pseudonym


def test_the_human_who_proposed_cannot_decide(small: SmallInstance) -> None:
    proposal = propose(small.instance, order(small, "suspend"))
    error = refused(small, lambda: approve(small.instance, proposal, "HRSS-1"))
    assert isinstance(error, Refused)
    assert error.code == "same_human"
    assert proposal in error.hint


def test_the_human_who_proposed_cannot_decide_as_officer_of_another_office(small: SmallInstance) -> None:
    enrol.enrol_officer(small.instance, "APPR-9", "APPR", "样章人", pseudonym(small, "HRSS-1"))
    proposal = propose(small.instance, order(small, "suspend"))
    assert refused(small, lambda: approve(small.instance, proposal, "APPR-9")).code == "same_human"


def test_an_office_without_a_grant_neither_proposes_nor_decides(small: SmallInstance) -> None:
    error = refused(small, lambda: propose(small.instance, order(small, "suspend", officer="APPR-1")))
    assert isinstance(error, Fault)
    assert (error.code, error.about.org) == ("act_not_granted", "APPR")
    proposal = propose(small.instance, order(small, "suspend"))
    assert refused(small, lambda: approve(small.instance, proposal, "APPR-1")).code == "act_not_granted"


def test_an_office_below_the_issuer_changes_nothing_even_with_a_grant(small: SmallInstance) -> None:
    """A verifier takes such an act for void, so it must never be signed."""
    with small.instance.engines.read.connect() as connection:
        top = documents.grants_of(connection, "HRSS")[0].sha256
        keys = [{"jkt": documents.own_key(connection, "APPR", "seal").jkt, "use": "seal"}]
        keys += [{"jkt": k.jkt, "use": "officer"} for k in key_store.list_signing_keys(connection, officer_id="APPR-1")]
    until = small.now + 300 * DAY
    documents.give_grant(small.instance, grant_payload("APPR", top, "hrss", keys, list(LIFECYCLE_ACTS), 0, until))
    error = refused(small, lambda: propose(small.instance, order(small, "suspend", officer="APPR-1")))
    assert isinstance(error, Fault)
    assert (error.code, error.about.org) == ("status_org_foreign", "APPR")


# --- what is published ----------------------------------------------------------------------------------------------


def test_every_change_is_in_the_newest_list_although_the_clock_stands_still(small: SmallInstance) -> None:
    """Lists of one second once stood side by side, and the one that lacked the revocation could win."""
    steps = [
        ("suspend", 0, 2),
        ("suspend", 1, 2),
        ("suspend", 2, 2),
        ("reinstate", 1, 0),
        ("revoke", 2, 1),
        ("revoke", 0, 1),
    ]
    times = [newest_list(small).unverified_payload["iat"]]
    for kind, person, value in steps:
        do(small, kind, person)
        times.append(newest_list(small).unverified_payload["iat"])
        assert listed(small, person) == value
    assert times == sorted(set(times))
    assert [verdict(small, person) for person in range(3)] == ["revoked", "valid", "revoked"]


def test_a_list_is_signed_once_a_quarter_of_an_hour(small: SmallInstance) -> None:
    first = newest_list(small)
    days_later(small, 0.01)
    assert newest_list(small).body == first.body
    days_later(small, 0.011)
    assert newest_list(small).unverified_payload["iat"] == small.instance.now()


def test_a_demo_whose_clock_was_set_back_still_has_a_list(small: SmallInstance) -> None:
    days_later(small, 2)
    newest_list(small)
    days_later(small, 1)
    assert newest_list(small).unverified_payload["iat"] == small.instance.now()
    assert newest_list(small).unverified_payload["iat"] == small.instance.now()
    assert verdict(small) == "valid"


def test_the_bitstring_says_whether_the_value_is_zero(small: SmallInstance) -> None:
    do(small, "suspend", 1)
    document = bitstring_of(small.instance, newest_list(small))
    encoded = document.unverified_payload["credentialSubject"]["encodedList"][1:]
    bits = gzip.decompress(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    places = [one.certificate.idx for one in small.issued]
    assert [bits[idx // 8] >> (7 - idx % 8) & 1 for idx in places] == [0, 1, 0]


def test_the_state_in_the_register_follows(small: SmallInstance) -> None:
    do(small, "suspend", 0)
    do(small, "correct", 1)
    with small.instance.engines.read.connect() as connection:
        found = [certificate_store.find_certificate(connection, one.certificate.id) for one in small.issued]
        events = [status_store.list_events(connection, one.certificate.id) for one in small.issued]
        assert roster_store.find_corrected(connection, small.issued[1].certificate.entry_id, 2) is not None
    assert [one.state for one in found if one] == ["suspended", "superseded", "in_force"]
    assert [[(e.q, e.kind, e.value) for e in one] for one in events] == [[(0, "suspend", 2)], [(0, "correct", 3)], []]
