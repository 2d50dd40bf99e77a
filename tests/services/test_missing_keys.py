"""An office that lacks a seal or a grant key gets one, and its lack stands in nobody's way."""

from collections.abc import Callable

import pytest
from support_instance import DAY, SmallInstance

from certsvc.core.errors import CertsvcError, NotReady
from certsvc.services import compromise, documents, key_events
from certsvc.services.delegation import Delegation, delegate
from certsvc.services.enrol import NewOrganisation, enrol_officer, enrol_organisation
from certsvc.services.rotation import rotate_key, rotate_officer
from certsvc.services.withdrawal import list_grants, withdraw_grant
from certsvc.store import keys as key_store
from certsvc.store.rows import SigningKey

PAPER = {"number": "示例函〔2025〕9号", "title": "示例函", "date": "2025-02-17"}
ACTS = ("accept", "draw", "evaluate", "result_notice")


def office(small: SmallInstance, org: str, kind: str, *uses: str) -> None:
    enrol_organisation(small.instance, NewOrganisation(org, f"示例{org}", org, kind, None, "220000", uses))
    enrol_officer(small.instance, f"{org}-1", org, "示例某")


def later(small: SmallInstance, days: int) -> int:
    small.instance.set_clock(small.now + days * DAY)
    return small.instance.now()


def key_of(small: SmallInstance, org: str, use: str) -> SigningKey:
    with small.instance.engines.read.connect() as connection:
        return (
            documents.officer_key(connection, f"{org}-1")
            if use == "officer"
            else documents.own_key(connection, org, use)
        )


def code(attempt: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(CertsvcError) as caught:
        attempt()
    return caught.value.code, caught.value.hint


@pytest.fixture
def university(small: SmallInstance) -> SmallInstance:
    """A university that has passed on what its committee may do."""
    later(small, 1)
    office(small, "UNI", "university", "seal", "grant")
    office(small, "UNIC", "committee", "seal")
    delegate(small.instance, Delegation("UNI", "organiser", PAPER, acts=ACTS, depth=1))
    delegate(small.instance, Delegation("UNIC", "committee", PAPER, parent="UNI"))
    later(small, 2)
    return small


def without_grant_key(small: SmallInstance) -> SigningKey:
    """The university's grant key, ended as an earlier program ended it."""
    key = key_of(small, "UNI", "grant")
    with small.instance.engines.write.begin() as connection:
        ended = key_events.end(connection, key, "withdrawn", small.instance.now() + 1)
    later(small, 3)
    return ended


# --- a key that was never made, or ended ---------------------------------------------------------------------------


def test_a_grant_key_is_made_later_for_an_office_that_was_enrolled_without(small: SmallInstance) -> None:
    later(small, 1)
    office(small, "SOC", "society", "seal")
    passing_on = Delegation("SOC", "organiser", PAPER, depth=1)
    assert code(lambda: delegate(small.instance, passing_on)) == (
        "key_absent", "certsvc keys rotate --org SOC --use grant",
    )  # fmt: skip
    made = rotate_key(small.instance, "SOC", "grant")
    assert (made.old, made.new.use, made.new.org_id, made.grants) == (None, "grant", "SOC", ())
    (seal,) = (line for line in key_events.history(small.instance, "SOC") if line.use == "seal")
    assert seal.certified_until is not None
    assert abs(made.new.valid_to - seal.certified_until) < 2 * DAY
    delegate(small.instance, passing_on)
    office(small, "SOC-C", "committee", "seal")
    delegate(small.instance, Delegation("SOC-C", "organiser", PAPER, parent="SOC"))


def test_a_seal_is_made_again_after_it_was_ended(small: SmallInstance) -> None:
    later(small, 1)
    old = key_of(small, "UNIT", "seal")
    key_events.end_key(small.instance, old.jkt)
    later(small, 2)
    made = rotate_key(small.instance, "UNIT", "seal")
    assert made.old is None
    assert key_of(small, "UNIT", "seal") == made.new
    assert small.instance.signer(made.new).public_key != small.instance.signer(old).public_key
    again = rotate_key(small.instance, "UNIT", "seal")
    assert again.old is not None and again.old.jkt == made.new.jkt


def test_a_key_that_an_office_never_has_is_not_made(small: SmallInstance) -> None:
    assert code(lambda: rotate_key(small.instance, "UNIT", "credential"))[0] == "key_absent"
    assert code(lambda: rotate_key(small.instance, "ROOT", "seal"))[0] == "key_absent"


# --- the end of a grant key ----------------------------------------------------------------------------------------


def test_a_grant_key_on_which_grants_stand_is_not_ended(university: SmallInstance) -> None:
    key, before = key_of(university, "UNI", "grant"), university.instance.now()
    refused = code(lambda: key_events.end_key(university.instance, key.jkt))
    assert refused == ("grant_key_needed", "certsvc keys rotate --org UNI --use grant")
    (line,) = list_grants(university.instance, "UNIC")
    withdraw_grant(university.instance, line.sha256, "withdrawn", PAPER)
    later(university, 4)
    assert key_events.end_key(university.instance, key.jkt).valid_to > before


# --- nothing stops a drill -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("use", ["seal", "officer"])
def test_a_stolen_key_is_condemned_though_nobody_can_give_its_grants_a_successor(
    university: SmallInstance, use: str
) -> None:
    without_grant_key(university)
    stolen, (line,) = key_of(university, "UNIC", use), list_grants(university.instance, "UNIC")
    rotate = rotate_officer if use == "officer" else lambda instance, org: rotate_key(instance, org, "seal")
    with pytest.raises(NotReady):
        rotate(university.instance, "UNIC-1" if use == "officer" else "UNIC")
    done = compromise.condemn(university.instance, stolen.jkt, university.instance.now() - 3600, PAPER)
    assert done.replaced is not None
    assert (done.replaced.grants, done.replaced.ungiven) == ((), (line.sha256,))
    with university.instance.engines.read.connect() as connection:
        assert documents.key_by_jkt(connection, stolen.jkt).ended_reason == "compromised"
        rows = documents.current_trust(connection).unverified_payload["keys"]
    assert [row["reason"] for row in rows if row["jkt"] == stolen.jkt] == ["compromised"]


def test_a_key_whose_file_is_gone_stops_no_drill_below_it(university: SmallInstance) -> None:
    above = key_of(university, "UNI", "grant")
    (university.instance.home / "keys" / above.uri.removeprefix("file:")).unlink()
    university.instance._signers.clear()
    stolen = key_of(university, "UNIC", "seal")
    done = compromise.condemn(university.instance, stolen.jkt, university.instance.now() - 3600, PAPER)
    assert done.replaced is not None and len(done.replaced.ungiven) == 1


def test_a_grant_that_can_have_a_successor_has_one_in_a_drill_too(university: SmallInstance) -> None:
    stolen = key_of(university, "UNIC", "seal")
    done = compromise.condemn(university.instance, stolen.jkt, university.instance.now() - 3600, PAPER)
    assert done.replaced is not None
    assert (len(done.replaced.grants), done.replaced.ungiven) == (1, ())


def test_an_office_above_withdraws_what_an_office_without_a_grant_key_gave(university: SmallInstance) -> None:
    without_grant_key(university)
    (line,) = list_grants(university.instance, "UNIC")
    done = withdraw_grant(university.instance, line.sha256, "compromised", PAPER, university.instance.now() - 3600)
    assert done.unverified_payload["iss"] == "HRSS"
    assert done.signatures[0].unverified_kid == key_of(university, "HRSS", "grant").jkt


def test_a_grant_key_that_ended_long_ago_may_turn_out_to_have_been_stolen(university: SmallInstance) -> None:
    ended = without_grant_key(university)
    (line,) = list_grants(university.instance, "UNIC")
    done = compromise.condemn(university.instance, ended.jkt, university.now, PAPER)
    assert done.withdrawn == (line.sha256,)
    with university.instance.engines.read.connect() as connection:
        assert not any(
            key.ended_reason is None for key in key_store.list_signing_keys(connection, org_id="UNI", use="grant")
        )
