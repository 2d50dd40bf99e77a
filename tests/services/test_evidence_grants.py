"""The grants that travel with a certificate: however many there are, those that a verifier asks for."""

import pytest
from equivalence_for_tests import WANTED, judged
from support_instance import DAY, SmallInstance
from world_for_tests import World

from certsvc.core.bundle import MOST, Bundle, parse_bundle
from certsvc.core.statement import parse_statement
from certsvc.services import beside, compromise, documents, equivalence, pdf
from certsvc.services.evidence_grants import GrantsOf
from certsvc.services.publish import list_uri
from certsvc.services.rotation import rotate_key, rotate_officer
from certsvc.services.status import Proposal, approve, propose
from certsvc.services.verify_evidence import verify_code, verify_file
from certsvc.services.withdrawal import withdraw_grant
from certsvc.verify import verify
from certsvc.verify.case import Evidence

PAPER = {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-02-17"}
USES = ("seal", "credential", "status", "pdf", "grant", "receipt")
#: The first and the last grant that list the key: of certificate, status list and PDF.
LISTING = 6


def day_after(small: SmallInstance, days: int) -> int:
    small.instance.set_clock(small.now + days * DAY)
    return small.instance.now()


def rotate_all(small: SmallInstance, rounds: int) -> int:
    """Every key of the authority on a day of its own, so often; the last day, counted from the issue."""
    days = 0
    for _ in range(rounds):
        for use in USES:
            days += 1
            day_after(small, days)
            rotate_key(small.instance, "HRSS", use)
    return days


def own_grants(small: SmallInstance) -> list[str]:
    with small.instance.engines.read.connect() as connection:
        return [one.sha256 for one in documents.grants_of(connection, "HRSS")]


def listing(small: SmallInstance, use: str, at: int) -> list[str]:
    with small.instance.engines.read.connect() as connection:
        key = documents.own_key(connection, "HRSS", use)
        return GrantsOf(small.instance, connection, "HRSS").listing(key.jkt, use, at)


def offline(small: SmallInstance, found: Bundle) -> tuple[str, str | None]:
    now = small.instance.now()
    report = verify(Evidence(found), small.anchors, now, now)
    return report.verdict, report.reason


def test_a_bundle_does_not_grow_with_every_rotation_of_the_authoritys_keys(small: SmallInstance) -> None:
    before = len(parse_bundle(small.bundle()).grants)
    day_after(small, rotate_all(small, 3) + 1)
    assert len(own_grants(small)) == 1 + 3 * len(USES)
    found = parse_bundle(small.bundle())
    assert len(found.grants) <= before + LISTING
    assert offline(small, found) == ("valid", None)
    assert verify_code(small.instance, small.issued[0].code).verdict == "valid"


def test_after_more_rotations_than_a_bundle_has_room_for_it_is_read_and_valid(small: SmallInstance) -> None:
    for _ in range(MOST["grants"]):
        rotate_key(small.instance, "HRSS", "receipt")
    day_after(small, 1)
    assert offline(small, parse_bundle(small.bundle())) == ("valid", None)


def test_a_file_of_before_many_rotations_takes_todays_list(small: SmallInstance) -> None:
    day_after(small, rotate_all(small, 2) + 1)
    update = beside.published_update(small.instance, list_uri(small.instance))
    assert 1 <= len(update.grants) <= 2
    assert update.status is not None
    held = listing(small, "status", update.status.unverified_payload["iat"])
    assert {one.sha256 for one in update.grants} == set(held)


def test_the_first_and_the_last_grant_that_list_a_key_are_taken(small: SmallInstance) -> None:
    for days, use in enumerate(("seal", "pdf", "receipt"), 1):
        now = day_after(small, days)
        rotate_key(small.instance, "HRSS", use)
    given = own_grants(small)
    assert listing(small, "credential", now + 1) == [given[0], given[-1]]
    assert listing(small, "seal", now + 1) == [given[1], given[-1]]
    assert listing(small, "receipt", now + 1) == [given[-1]]


def test_no_grant_that_was_given_later_is_taken_where_one_had_begun(small: SmallInstance) -> None:
    day_after(small, 1)
    rotate_key(small.instance, "HRSS", "seal")
    assert listing(small, "credential", small.now) == own_grants(small)[:1]


@pytest.mark.parametrize("reason", ["withdrawn", "compromised"])
def test_a_withdrawn_grant_is_left_where_another_stands(small: SmallInstance, reason: str) -> None:
    day_after(small, 1)
    rotate_key(small.instance, "HRSS", "seal")
    stands, gone = own_grants(small)
    now = day_after(small, 2)
    withdraw_grant(small.instance, gone, reason, PAPER, now if reason == "compromised" else None)
    assert listing(small, "credential", now + DAY) == [stands]


def test_a_withdrawn_grant_is_taken_where_none_stands_as_it_is_the_answer(small: SmallInstance) -> None:
    (only,) = own_grants(small)
    now = day_after(small, 1)
    withdraw_grant(small.instance, only, "withdrawn", PAPER)
    assert listing(small, "credential", now - DAY) == [only]
    assert listing(small, "credential", now + DAY) == [only]


def test_what_a_thief_may_have_given_is_left_where_it_would_make_void_what_it_travels_with(
    small: SmallInstance,
) -> None:
    since = day_after(small, 1)
    day_after(small, 2)
    rotate_key(small.instance, "HRSS", "pdf")
    sound, late = own_grants(small)
    with small.instance.engines.read.connect() as connection:
        policy = documents.own_key(connection, "ROOT", "policy")
    day_after(small, 3)
    compromise.condemn(small.instance, policy.jkt, since, PAPER)
    again = own_grants(small)[-1]
    held = listing(small, "credential", small.instance.now() + 1)
    assert held == [sound, again]
    assert late not in {one.sha256 for one in parse_bundle(small.bundle()).grants}
    assert offline(small, parse_bundle(small.bundle())) == ("valid", None)


def test_a_file_of_a_pdf_key_that_was_stolen_since_still_names_its_signer(small: SmallInstance) -> None:
    file = pdf.certificate_pdf(small.instance, small.issued[0].code)
    with small.instance.engines.read.connect() as connection:
        stolen = documents.own_key(connection, "HRSS", "pdf")
    now = day_after(small, 2)
    compromise.condemn(small.instance, stolen.jkt, now - DAY, PAPER)
    rows = verify_file(small.instance, file).rows
    assert [row.code for row in rows if row.id == "file_signed_by_issuer"] != ["pdf_signer_foreign"]
    carried = parse_bundle(small.bundle()).grants
    assert any({"jkt": stolen.jkt, "use": "pdf"} in one.unverified_payload["keys"] for one in carried)


def test_who_decided_about_the_status_is_lawful_after_any_rotation(small: SmallInstance) -> None:
    order = Proposal("suspend", small.issued[0].code, "HRSS-1", PAPER, "inquiry")
    approve(small.instance, propose(small.instance, order), "HRSS-2")
    for days, officer in enumerate(("HRSS-1", "HRSS-2"), 1):
        day_after(small, days)
        rotate_officer(small.instance, officer)
    day_after(small, 3)
    assert offline(small, parse_bundle(small.bundle())) == ("suspended", "suspended")


def test_a_statement_does_not_grow_with_every_rotation_either(province: World) -> None:
    held = equivalence.propose(province.instance, WANTED)
    equivalence.approve(province.instance, held.id, "H2")
    for use in ("pdf", "status", "receipt", "pdf", "status", "receipt"):
        rotate_key(province.instance, "SL-HRSS", use)
    data = equivalence.statement_file(province.instance, held.id)
    assert 1 <= len(parse_statement(data).grants) <= 2
    assert judged(province, data) == ("valid", None)
