"""Proposals, events, lists, and the daily limit."""

import threading
from dataclasses import replace

import pytest
from rows_for_tests import LIST, NOW, add_certificates
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from certsvc.core.errors import Refused
from certsvc.store import documents, status
from certsvc.store.rows import StatusEvent, StatusList, StatusProposal


@pytest.fixture
def issued(engine: Engine) -> Engine:
    with engine.begin() as connection:
        add_certificates(connection)
    return engine


def proposal(connection: Connection, **changes: object) -> StatusProposal:
    sha256 = documents.add_document(connection, "act+jwt", b"propose", subject="certificate-1", iat=NOW)
    item = StatusProposal("P0001", "certificate-1", "suspend", sha256, "pseudonym-1", "open", NOW)
    return replace(item, **changes)  # type: ignore[arg-type]


def event(connection: Connection, **changes: object) -> StatusEvent:
    propose, decide = (
        documents.add_document(connection, "act+jwt", body, subject="certificate-1", iat=NOW)
        for body in (b"propose", b"decide")
    )
    item = StatusEvent("certificate-1", 0, "suspend", 2, propose, decide, False, None, NOW)
    return replace(item, **changes)  # type: ignore[arg-type]


def test_proposals_are_numbered_on_beyond_four_digits(issued: Engine) -> None:
    with issued.begin() as connection:
        assert status.next_proposal_id(connection) == "P0001"
        for number in ("P9999", "P10000"):
            status.add_proposal(connection, proposal(connection, id=number))
        assert status.next_proposal_id(connection) == "P10001"
        assert [row.id for row in status.list_proposals(connection)] == ["P9999", "P10000"]


def test_a_proposal_is_open_until_it_is_decided_once(issued: Engine) -> None:
    with issued.begin() as connection:
        first, second = proposal(connection), proposal(connection, id="P0002", certificate_id="certificate-2")
        status.add_proposal(connection, first)
        status.add_proposal(connection, second)
        status.close_proposal(connection, "P0001")
        decided = replace(first, state="decided")
        assert status.find_proposal(connection, "P0001") == decided
        assert status.find_proposal(connection, "P0404") is None
        assert status.list_proposals(connection, state="open") == (second,)
        assert status.list_proposals(connection, certificate_id="certificate-1") == (decided,)
    for again in ("P0001", "P0404"):
        with pytest.raises(Refused) as caught, issued.begin() as connection:
            status.close_proposal(connection, again)
        assert caught.value.code == "proposal_decided"


def test_events_are_counted_per_certificate_from_zero(issued: Engine) -> None:
    with issued.begin() as connection:
        assert status.next_q(connection, "certificate-1") == 0
        first = event(connection)
        second = event(connection, q=1, kind="revoke", value=1, retroactive=True, effective_from="2025-01-01")
        status.add_event(connection, first)
        status.add_event(connection, second)
        assert status.next_q(connection, "certificate-1") == 2
        assert status.next_q(connection, "certificate-2") == 0
        assert status.list_events(connection, "certificate-1") == (first, second)
        assert status.list_events(connection, "certificate-2") == ()


@pytest.mark.parametrize(
    "changes",
    [{"value": 4}, {"kind": "forgive"}, {"q": -1}, {"decide_sha256": "undecided"}, {"certificate_id": "none"}],
    ids=["unknown_value", "unknown_kind", "negative_q", "no_decision", "no_certificate"],
)
def test_an_event_that_cannot_be_is_not_stored(issued: Engine, changes: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), issued.begin() as connection:
        status.add_event(connection, event(connection, **changes))


def test_two_deciders_at_one_moment_make_two_events(issued: Engine) -> None:
    gate = threading.Barrier(4)
    failures: list[BaseException] = []

    def run() -> None:
        gate.wait()
        try:
            for _ in range(5):
                with issued.begin() as connection:
                    q = status.next_q(connection, "certificate-1")
                    turn = {"kind": "reinstate", "value": 0} if q % 2 else {}
                    status.add_event(connection, event(connection, q=q, **turn))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with issued.connect() as connection:
        assert [row.q for row in status.list_events(connection, "certificate-1")] == list(range(20))


def test_the_last_event_of_a_slot_is_its_value(issued: Engine) -> None:
    with issued.begin() as connection:
        status.add_event(connection, event(connection))
        status.add_event(connection, event(connection, q=1, kind="reinstate", value=0))
        status.add_event(connection, event(connection, certificate_id="certificate-3", kind="revoke", value=1))
        assert status.list_values(connection, LIST).slots == {1: 0, 3: 1}
        assert status.list_values(connection, "https://sample.invalid/other").slots == {}


def test_the_latest_list_is_the_one_published_last(issued: Engine) -> None:
    with issued.begin() as connection:
        assert status.latest_status_list(connection, LIST) is None
        lists = []
        for body, iat in ((b"new", NOW + 1), (b"old", NOW)):
            sha256 = documents.add_document(connection, "statuslist+jwt", body, subject=LIST, iat=iat)
            lists.append(StatusList(LIST, sha256, iat))
            status.add_status_list(connection, lists[-1])
        assert status.latest_status_list(connection, LIST) == lists[0]
        assert status.list_status_lists(connection, LIST) == tuple(lists)
        assert status.latest_status_list(connection, "https://sample.invalid/other") is None


def test_a_day_has_so_many_tries_for_each_certificate(issued: Engine) -> None:
    with issued.begin() as connection:
        tries = [status.use_match_try(connection, "certificate-1", "2026-11-22", 5) for _ in range(7)]
        assert tries == [True] * 5 + [False] * 2
        assert status.use_match_try(connection, "certificate-2", "2026-11-22", 5)
        assert status.use_match_try(connection, "certificate-1", "2026-11-23", 5)


def test_a_limit_of_zero_lets_nobody_try(issued: Engine) -> None:
    with issued.begin() as connection:
        assert not status.use_match_try(connection, "certificate-1", "2026-11-22", 0)


def test_simultaneous_guesses_are_counted_one_by_one(issued: Engine) -> None:
    answers: list[bool] = []

    def run() -> None:
        for _ in range(4):
            with issued.begin() as connection:
                answers.append(status.use_match_try(connection, "certificate-1", "2026-11-22", 5))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 11 + [True] * 5
