"""What no reader would take is not signed: the limits of evidence are asked before a certificate's status changes."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from lifecycle_for_tests import days_later, do, order, refused, verdict
from support_instance import DAY, SCHEDULE, SmallInstance, enter_roster, grant_payload
from world_for_tests import census

from certsvc.core import bundle
from certsvc.core.bundle import MAX_NOTES, MOST, Bundle, parse_bundle
from certsvc.core.errors import Refused
from certsvc.services import act, documents, issue, log_leaves, status
from certsvc.services.evidence import fresh_evidence, written
from certsvc.services.open_proposals import drop
from certsvc.services.pdf import certificate_pdf
from certsvc.services.publish import current_status_list
from certsvc.services.room import LIMITS, NAMES, SPARE, size_of
from certsvc.services.verify_evidence import Asked, fresh_bundle, read_anything, verify_file, verify_offline


def offline(small: SmallInstance, code: str) -> str:
    """What a verifier without network says of the bundle that the register hands out now."""
    data, now = fresh_bundle(small.instance, code), small.instance.now()
    assert data is not None
    return verify_offline(read_anything(data, None), small.instance.anchors, Asked(now, now)).verdict


def evidence_of(small: SmallInstance, code: str) -> Bundle:
    with small.instance.engines.read.connect() as connection:
        certificate = status.find_certificate(small.instance, connection, code)
    return fresh_evidence(small.instance, certificate)


def until_refused(small: SmallInstance, step: Callable[[int], object]) -> tuple[int, Refused]:
    """After how many steps, one a day, the register refuses, and why."""
    for number in range(100):
        days_later(small, 1 + number)
        try:
            step(number)
        except Refused as error:
            return number, error
    raise AssertionError("never refused")


def give_grants(small: SmallInstance, first_day: float, many: int) -> None:
    """Grants of the issuer, each logged on a day of its own: they stand in the evidence of all its certificates."""
    with small.instance.engines.read.connect() as connection:
        keys = [{"jkt": documents.own_key(connection, "HRSS", "seal").jkt, "use": "seal"}]
    for number in range(many):
        now = days_later(small, first_day + number)
        # Its leaf comes between those of two grants, so each has two checkpoints of its own.
        current_status_list(small.instance, small.issued[0].certificate.list_uri)
        payload = grant_payload("HRSS", None, "issuer", keys, ["revoke"], 0, now + 300 * DAY)
        documents.give_grant(small.instance, {**payload, "nbf": now})
        log_leaves.settle(small.instance)


def test_a_certificate_is_suspended_and_reinstated_only_as_often_as_a_reader_takes(small: SmallInstance) -> None:
    """Its own evidence was `tampered` after the eighteenth suspension, while the register went on calling it valid."""
    code = small.issued[0].code

    def step(number: int) -> None:
        do(small, ("suspend", "reinstate")[number % 2])
        assert offline(small, code) == ("suspended", "valid")[number % 2] == verdict(small)

    many, error = until_refused(small, step)
    assert (error.code, error.hint) == (
        "evidence_full",
        f"certsvc status revoke {small.issued[0].certificate.number} --help",
    )
    assert f" {MAX_NOTES} " in error.zh and f" {MAX_NOTES} " in error.en
    # docs/format.md 7.2 says some 35. Whatever was suspended could be reinstated.
    assert 35 <= many <= MOST["events"] and many % 2 == 0
    do(small, "revoke")
    assert offline(small, code) == verdict(small) == "revoked"


def test_a_certificate_is_corrected_only_as_often_as_a_reader_takes(small: SmallInstance) -> None:
    """Its thirty-fourth version was put in force, and no reader took it or its PDF."""
    codes = [small.issued[1].code]

    def step(number: int) -> None:
        done = do(small, "correct", which=codes[-1], changes={"name": f"样章{'丁戊'[number % 2]}"})
        assert done is not None
        codes.append(done.code)

    many, error = until_refused(small, step)
    assert (many, error.code) == (MOST["corrections"], "evidence_full")
    assert f" {many} " in error.zh and f" {many} corrections" in error.en
    assert offline(small, codes[-1]) == "valid"
    assert verify_file(small.instance, certificate_pdf(small.instance, codes[-1])).verdict == "valid"
    do(small, "revoke", which=codes[-1])
    assert offline(small, codes[-1]) == "revoked"


def test_grants_that_are_given_meanwhile_take_no_room(small: SmallInstance) -> None:
    """They stood in all evidence of the office, which no reader took after some fifty of them."""
    give_grants(small, 1, 3)
    before = size_of(evidence_of(small, small.issued[0].code))
    give_grants(small, 4, 12)
    after = size_of(evidence_of(small, small.issued[0].code))
    assert (after["grants"], after["notes"]) == (before["grants"], before["notes"])


def lower_limit(monkeypatch: pytest.MonkeyPatch, small: SmallInstance) -> None:
    """As if evidence were full but for a revocation: no short history fills it."""
    used = size_of(evidence_of(small, small.issued[2].code))["notes"]
    monkeypatch.setitem(LIMITS, "notes", used + SPARE["notes"])


def test_what_no_longer_fits_is_neither_decided_nor_handed_out_and_still_revoked(
    small: SmallInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance, (_, second, third) = small.instance, small.issued
    days_later(small, 1)
    waiting = status.propose(instance, order(small, "suspend"))
    lower_limit(monkeypatch, small)
    error = refused(small, lambda: status.approve(instance, waiting, "HRSS-2"))
    assert isinstance(error, Refused) and error.code == "evidence_full"
    assert drop(instance, waiting)[0].id == waiting
    do(small, "revoke", 1)
    assert offline(small, second.code) == "revoked"

    monkeypatch.setattr(bundle, "MAX_NOTES", 5)
    assert verdict(small) == "valid"
    for hand_out in (lambda: fresh_bundle(instance, third.code), lambda: written(evidence_of(small, third.code))):
        with pytest.raises(Refused, match=r"^evidence_too_large:"):
            hand_out()
    do(small, "revoke", 2)
    assert verdict(small, 2) == "revoked"


def test_a_certificate_that_could_not_be_revoked_is_not_issued(
    small: SmallInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter_roster(small.instance, "R0002", 1)
    for kind, officers, days in SCHEDULE:
        days_later(small, 100 + days)
        act.do_act(small.instance, act.Order(kind, "R0002", officers))
    lower_limit(monkeypatch, small)
    before = census(small.instance)["certificate"]
    with pytest.raises(Refused, match=r"^evidence_full:"):
        list(issue.issue(small.instance, "R0002"))
    assert census(small.instance)["certificate"] == before


def test_every_limit_of_a_reader_is_counted_as_the_reader_counts(small: SmallInstance) -> None:
    data = small.bundle()
    bundle = parse_bundle(data)
    used = size_of(bundle, data)
    assert used.keys() == LIMITS.keys() == NAMES.keys() and SPARE.keys() < LIMITS.keys()
    assert MOST.items() < LIMITS.items()
    assert used["notes"] == len(bundle.notes) and used["bytes"] == len(data)


def test_what_waits_for_the_log_counts_as_if_it_had_its_proof(small: SmallInstance) -> None:
    bundle = parse_bundle(small.bundle())
    used = size_of(replace(bundle, logged=None))
    assert used["notes"] == len(replace(bundle, logged=None).notes) + 2
