"""A proposal waits for its decision while keys are replaced, stolen and grants withdrawn (docs/decisions/0037)."""

from collections.abc import Callable, Iterator

import pytest
from lifecycle_for_tests import PAPER, days_later, do, order, refused, verdict
from support_instance import DAY, SmallInstance
from witnessed_for_tests import witnessed_home

from certsvc.core.errors import NotFound, Refused
from certsvc.instance import Instance
from certsvc.services import compromise, documents, enrol, key_events, log_leaves, overview, rotation
from certsvc.services.open_proposals import again, drop, next_command
from certsvc.services.status import approve, propose
from certsvc.services.verify_evidence import verify_code
from certsvc.services.withdrawal import withdraw_grant
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import rosters as roster_store
from certsvc.store import status as status_store


def officer_jkt(instance: Instance, officer: str = "HRSS-1") -> str:
    with instance.engines.read.connect() as connection:
        return documents.officer_key(connection, officer).jkt


def grant_in(small: SmallInstance, proposal: str) -> str:
    """Hash of the grant that a proposal stands on."""
    with small.instance.engines.read.connect() as connection:
        row = status_store.find_proposal(connection, proposal)
        assert row is not None
        return str(documents.load_document(connection, row.sha256, "act+jwt").unverified_payload["grants"][0])


def stolen(small: SmallInstance, since: int) -> None:
    compromise.condemn(small.instance, officer_jkt(small.instance), since, PAPER)


def states(small: SmallInstance) -> dict[str, str]:
    return {row.id: row.state for row, _ in overview.proposals(small.instance, None)}


# --- a root that requires no log -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["suspend", "revoke", "withdraw", "correct"])
def test_what_a_stolen_key_proposed_is_not_decided_and_is_proposed_again(small: SmallInstance, kind: str) -> None:
    days_later(small, 1)
    proposal = propose(small.instance, order(small, kind))
    days_later(small, 2)
    stolen(small, small.now + DAY // 2)
    error = refused(small, lambda: approve(small.instance, proposal, "HRSS-2"))
    assert isinstance(error, Refused)
    assert (error.code, error.hint) == ("proposal_unsound", f"certsvc status drop {proposal}")
    assert "HRSS" in error.zh and "officer's key" in error.en
    drop(small.instance, proposal)
    done = do(small, kind)
    assert (verdict(small) == "superseded") == (done is not None)
    assert done is None or verify_code(small.instance, done.code).verdict == "valid"
    assert list(states(small).values()) == ["dropped", "decided"]


def test_what_was_proposed_before_the_theft_is_decided(small: SmallInstance) -> None:
    days_later(small, 1)
    proposal = propose(small.instance, order(small, "suspend"))
    days_later(small, 2)
    stolen(small, small.now + DAY + 1)
    approve(small.instance, proposal, "HRSS-2")
    assert verdict(small) == "suspended"
    days_later(small, 3)
    do(small, "reinstate")
    assert verdict(small) == "valid"


def test_in_the_very_second_of_the_theft_nothing_counts_any_more(small: SmallInstance) -> None:
    days_later(small, 1)
    proposal = propose(small.instance, order(small, "suspend"))
    days_later(small, 2)
    stolen(small, small.now + DAY)
    assert refused(small, lambda: approve(small.instance, proposal, "HRSS-2")).code == "proposal_unsound"


def test_a_rotation_between_proposal_and_decision_changes_nothing_without_a_log(small: SmallInstance) -> None:
    proposal = propose(small.instance, order(small, "suspend"))
    days_later(small, 1)
    rotation.rotate_officer(small.instance, "HRSS-1")
    rotation.rotate_key(small.instance, "HRSS", "seal")
    days_later(small, 2)
    approve(small.instance, proposal, "HRSS-2")
    assert verdict(small) == "suspended"
    do(small, "reinstate")
    assert verdict(small) == "valid"


@pytest.mark.parametrize(("since", "sound"), [(DAY, False), (DAY + 1, True)])
def test_a_grant_that_was_withdrawn_since_is_asked_about_the_time_of_the_proposal(
    small: SmallInstance, since: int, sound: bool
) -> None:
    days_later(small, 1)
    proposal = propose(small.instance, order(small, "suspend"))
    days_later(small, 2)
    # The successor that names the same keys, under which the decision is signed.
    rotation.rotate_officer(small.instance, "HRSS-2")
    withdraw_grant(small.instance, grant_in(small, proposal), "withdrawn", PAPER, at=small.now + since)
    if sound:
        approve(small.instance, proposal, "HRSS-2")
        assert verdict(small) == "suspended"
    else:
        error = refused(small, lambda: approve(small.instance, proposal, "HRSS-2"))
        assert (error.code, "grant" in getattr(error, "en", "")) == ("proposal_unsound", True)


# --- dropped -------------------------------------------------------------------------------------------------------


def test_what_can_be_decided_is_not_dropped(small: SmallInstance) -> None:
    proposal = propose(small.instance, order(small, "suspend"))
    error = refused(small, lambda: drop(small.instance, proposal))
    assert isinstance(error, Refused)
    assert (error.code, error.hint) == ("proposal_sound", f"certsvc status approve {proposal} --officer OTHER")
    approve(small.instance, proposal, "HRSS-2")
    assert refused(small, lambda: drop(small.instance, proposal)).code == "proposal_decided"
    assert isinstance(refused(small, lambda: drop(small.instance, "P0099")), NotFound)


def test_what_another_decision_came_before_is_dropped_once_and_decided_never(small: SmallInstance) -> None:
    slow = propose(small.instance, order(small, "suspend"))
    do(small, "revoke")
    drop(small.instance, slow)
    for act in (lambda: drop(small.instance, slow), lambda: approve(small.instance, slow, "HRSS-2")):
        error = refused(small, act)
        assert (error.code, getattr(error, "hint", "")) == ("proposal_dropped", "certsvc status list --all")
    assert overview.proposals(small.instance, "open") == []
    assert states(small)[slow] == "dropped"
    row = next(row for row, _ in overview.proposals(small.instance, None) if row.id == slow)
    number = small.issued[0].certificate.number
    assert next_command(small.instance, row, number) == f"certsvc show {number}"


def acted_upon(small: SmallInstance) -> None:
    """It comes out that the key of the first act's officer was in other hands from the beginning."""
    with small.instance.engines.read.connect() as connection:
        entry = roster_store.list_entries(connection, "R0001")[0]
        first = document_store.list_acts_of_entry(connection, entry.id)[0]
        signed = documents.load_document(connection, first.sha256, "act+jwt").signatures
        keys = [documents.key_by_jkt(connection, one.unverified_kid) for one in signed]
    (jkt,) = (key.jkt for key in keys if key.use == "officer")
    compromise.condemn(small.instance, jkt, first.iat, PAPER)


def test_a_correction_on_a_void_path_is_neither_decided_nor_left_on_the_list(small: SmallInstance) -> None:
    days_later(small, 1)
    proposal = propose(small.instance, order(small, "correct"))
    acted_upon(small)
    assert verdict(small) == "void"
    error = refused(small, lambda: approve(small.instance, proposal, "HRSS-2"))
    assert isinstance(error, Refused)
    assert (error.code, error.hint) == ("path_void", f"certsvc status drop {proposal}")
    drop(small.instance, proposal)
    assert states(small) == {proposal: "dropped"}


def test_nobody_corrects_what_is_void_and_it_can_be_revoked(small: SmallInstance) -> None:
    days_later(small, 1)
    acted_upon(small)
    error = refused(small, lambda: propose(small.instance, order(small, "correct")))
    assert isinstance(error, Refused)
    number = small.issued[0].certificate.number
    assert (error.code, error.hint) == ("path_void", f"certsvc status revoke {number} --help")
    do(small, "revoke")
    assert overview.proposals(small.instance, "open") == []


AGAIN: dict[str, tuple[dict[str, object], str]] = {
    "suspend": ({}, "--reason inquiry"),
    "revoke": ({"effective_from": "2025-02-17", "reason": "fraud"}, "--reason fraud --from 2025-02-17"),
    "correct": ({"changes": {"name": "样章丁"}}, "--reason correction --set name=VALUE"),
}


@pytest.mark.parametrize("kind", AGAIN)
def test_the_command_that_proposes_the_same_again_is_told_whole_and_nothing_personal(
    small: SmallInstance, kind: str
) -> None:
    more, options = AGAIN[kind]
    proposal = propose(small.instance, order(small, kind, **more))
    do(small, "withdraw")
    row, number = drop(small.instance, proposal)
    assert again(small.instance, row, number) == (
        f"certsvc status {kind} {number} --officer HRSS-1 {options} --document-number '示例决〔2025〕1号' "
        "--document-title '示例决定书' --document-date 2025-02-17"
    )


def test_the_command_names_the_human_as_officer_of_the_office_that_proposed(small: SmallInstance) -> None:
    with small.instance.engines.read.connect() as connection:
        human = next(one for one in key_store.list_officers(connection) if one.id == "HRSS-1")
        other = next(one.id for one in key_store.list_organisations(connection) if one.id != "HRSS")
    enrol.enrol_officer(small.instance, "A1", other, human.name_zh, human.pseudonym)
    proposal = propose(small.instance, order(small, "suspend"))
    do(small, "withdraw")
    row, number = drop(small.instance, proposal)
    assert " --officer HRSS-1 " in again(small.instance, row, number)
    key_events.end_key(small.instance, officer_jkt(small.instance))
    assert " --officer ID " in again(small.instance, row, number)


# --- a root that requires the log ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallInstance]:
    """A home with two witnesses and five certificates."""
    with witnessed_home(tmp_path_factory.mktemp("strict"), 5) as small:
        yield small


def settled(small: SmallInstance, days: float) -> None:
    days_later(small, days)
    log_leaves.settle(small.instance)


ENDS: dict[str, Callable[[SmallInstance, str], object]] = {
    "the officer's key was rotated": lambda s, _: rotation.rotate_officer(s.instance, "HRSS-1"),
    "the seal was rotated": lambda s, _: rotation.rotate_key(s.instance, "HRSS", "seal"),
    "the grant was withdrawn": lambda s, p: (
        rotation.rotate_officer(s.instance, "HRSS-2"),
        withdraw_grant(s.instance, grant_in(s, p), "withdrawn", PAPER),
    ),
    "the officer left": lambda s, _: key_events.end_key(s.instance, officer_jkt(s.instance)),
}


@pytest.mark.parametrize(("person", "what"), list(enumerate(ENDS)), ids=list(ENDS))
def test_under_a_root_that_requires_the_log_only_what_counts_now_is_decided(
    strict: SmallInstance, person: int, what: str
) -> None:
    settled(strict, 10 * person + 1)
    proposal = propose(strict.instance, order(strict, "suspend", person))
    settled(strict, 10 * person + 2)
    ENDS[what](strict, proposal)
    log_leaves.settle(strict.instance)
    error = refused(strict, lambda: approve(strict.instance, proposal, "HRSS-2"))
    assert error.code == "proposal_unsound"
    drop(strict.instance, proposal)
    assert verdict(strict, person) == "valid"
    if what == "the officer left":
        return
    settled(strict, 10 * person + 3)
    do(strict, "suspend", person)
    log_leaves.settle(strict.instance)
    assert verdict(strict, person) == "suspended"
    settled(strict, 10 * person + 4)
    do(strict, "reinstate", person)
    log_leaves.settle(strict.instance)
    assert verdict(strict, person) == "valid"
