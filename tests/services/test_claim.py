"""Claim links: the last four of the ID number, five tries, one file, and then the end."""

import pytest
from support_instance import SmallInstance
from world_for_tests import census

from certsvc.core.errors import Refused
from certsvc.services import private
from certsvc.services.claim import claim_pdf, claim_state
from certsvc.services.pdf import certificate_pdf
from certsvc.services.status import Proposal, approve, propose
from certsvc.store import rosters as roster_store

PAPER = {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-02-17"}
WRONG = "zzzz"


def last4(small: SmallInstance, person: int = 0, version: int = 1) -> str:
    with small.instance.engines.read.connect() as connection:
        entry = roster_store.find_entry(connection, small.issued[person].certificate.entry_id)
        assert entry is not None
        return private.personal_of(small.instance, connection, entry, version).values["id"][-4:]


def token(small: SmallInstance, person: int = 0) -> str:
    return small.issued[person].claim_token


def test_the_right_answer_gives_the_file_and_ends_the_link(small: SmallInstance) -> None:
    assert claim_state(small.instance, token(small)) == "open"
    result = claim_pdf(small.instance, token(small), last4(small))
    assert result.pdf == certificate_pdf(small.instance, small.issued[0].code)
    assert result.number == small.issued[0].certificate.number
    assert claim_state(small.instance, token(small)) == "dead"
    again = claim_pdf(small.instance, token(small), last4(small))
    assert (again.pdf, again.tries_left, again.number) == (None, 0, "")


def test_an_answer_may_be_typed_loosely(small: SmallInstance) -> None:
    assert claim_pdf(small.instance, token(small), f"  {last4(small).lower()} ").pdf is not None


def test_five_wrong_answers_kill_the_link_for_ever(small: SmallInstance) -> None:
    left = [claim_pdf(small.instance, token(small), WRONG).tries_left for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    assert claim_state(small.instance, token(small)) == "dead"
    assert claim_pdf(small.instance, token(small), last4(small)).pdf is None


def test_the_fifth_answer_may_be_the_right_one(small: SmallInstance) -> None:
    for _ in range(4):
        claim_pdf(small.instance, token(small), WRONG)
    assert claim_state(small.instance, token(small)) == "open"
    assert claim_pdf(small.instance, token(small), last4(small)).pdf is not None


def test_the_links_of_others_are_not_touched(small: SmallInstance) -> None:
    for _ in range(5):
        claim_pdf(small.instance, token(small), WRONG)
    assert claim_state(small.instance, token(small, 1)) == "open"
    assert claim_pdf(small.instance, token(small, 1), last4(small, 1)).pdf is not None


def test_a_link_that_never_existed_is_as_dead_as_a_used_one(small: SmallInstance) -> None:
    certificate_pdf(small.instance, small.issued[0].code)  # Whether anybody had this file before changes nothing.
    before = census(small.instance)
    used = claim_pdf(small.instance, token(small), last4(small)) and claim_pdf(small.instance, token(small), WRONG)
    for unknown in ("", "x" * 32, token(small)[:-1]):
        assert claim_state(small.instance, unknown) == "dead"
        assert claim_pdf(small.instance, unknown, WRONG) == used
    assert census(small.instance) == before


def test_a_revoked_certificate_is_not_handed_out_even_for_the_right_answer(small: SmallInstance) -> None:
    order = Proposal("revoke", small.issued[0].code, "HRSS-1", PAPER, "fraud", retroactive=True)
    approve(small.instance, propose(small.instance, order), "HRSS-2")
    with pytest.raises(Refused) as error:
        claim_pdf(small.instance, token(small), last4(small))
    assert error.value.code == "not_in_force"
    assert claim_pdf(small.instance, token(small), WRONG).pdf is None


def test_a_corrected_version_has_a_link_of_its_own(small: SmallInstance) -> None:
    order = Proposal("correct", small.issued[0].code, "HRSS-1", PAPER, "correction", changes={"name": "样章丁"})
    new = approve(small.instance, propose(small.instance, order), "HRSS-2")
    assert new is not None
    result = claim_pdf(small.instance, new.claim_token, last4(small, 0, 2))
    assert result.pdf == certificate_pdf(small.instance, new.code)
    with pytest.raises(Refused):
        claim_pdf(small.instance, token(small), last4(small))
