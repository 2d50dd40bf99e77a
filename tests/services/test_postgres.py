"""Two programs at one moment, on SQLite and on PostgreSQL; and the whole path on PostgreSQL."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text
from world_for_tests import BATCHES, WALKS, World, census

from certsvc.core.errors import Refused
from certsvc.core.outcomes import Fault
from certsvc.core.statuslist import unpack, value_at
from certsvc.services import compromise, documents, issue, key_events, private, rotation
from certsvc.services.act import Done
from certsvc.services.claim import ClaimResult, claim_pdf, claim_state
from certsvc.services.damage import find_damage
from certsvc.services.import_roster import ImportResult
from certsvc.services.pdf import certificate_pdf
from certsvc.services.publish import current_status_list, list_uri, publish_status_list
from certsvc.services.status import Proposal, approve, propose
from certsvc.services.verify_evidence import verify_code, verify_file
from certsvc.services.withdrawal import withdraw_grant, withdraw_within
from certsvc.store import certificates as certificate_store
from certsvc.store import keys as key_store
from certsvc.store import status as status_store
from certsvc.store.tables import rendition

PAPER = {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-04-12"}
T01 = BATCHES["T01"]


def at_once(world: World, *works: Callable[[World], Any]) -> list[Any]:
    """Each work in a program of its own, all beginning together; gives back results, or what was raised."""
    results: list[Any] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(place: int, own: World, work: Callable[[World], Any]) -> None:
        barrier.wait(30)
        try:
            results[place] = work(own)
        except Exception as error:  # handed back, to be judged by the test
            results[place] = error

    with ExitStack() as stack:
        programs = [stack.enter_context(world.another()) for _ in works]
        threads = [threading.Thread(target=run, args=one) for one in zip(range(99), programs, works, strict=False)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
    return results


def split(results: list[Any]) -> tuple[list[Any], list[Exception]]:
    """What came back, and what was raised."""
    raised = [one for one in results if isinstance(one, Exception)]
    return [one for one in results if not isinstance(one, Exception)], raised


def propose_suspension(world: World, code: str) -> str:
    return propose(world.instance, Proposal("suspend", code, "H1", PAPER, "inquiry"))


def last4(world: World, one: issue.Issued) -> str:
    with world.instance.engines.read.connect() as connection:
        (entry,) = [e for e in world.entries("R0001") if e.id == one.certificate.entry_id]
        return private.personal_of(world.instance, connection, entry, 1).values["id"][-4:]


# --- two at once ----------------------------------------------------------------------------------------------------


def test_two_imports_of_one_file_make_one_roster(anywhere: World) -> None:
    anywhere.at(0, hour=9)
    path = anywhere.file(replace(T01, people=20))
    done, refused = split(at_once(anywhere, *[lambda own: own.import_file(path)] * 2))
    assert all(isinstance(one, ImportResult) for one in done)
    assert all(isinstance(one, Refused) and one.code == "file_known" for one in refused)
    assert [one.entries for one in done if not one.repeated] == [20]
    counts = census(anywhere.instance)
    assert (counts["roster"], counts["entry"], counts["person"]) == (1, 20, 20)


def test_two_officers_sign_one_act_once(anywhere: World) -> None:
    roster_id = anywhere.take_in(T01)
    for day, kind, officers in WALKS["T01"]:
        anywhere.at(day)
        done, refused = split(at_once(anywhere, *[lambda own, k=kind, o=officers: own.sign(k, roster_id, *o)] * 2))
        assert [type(one) for one in done] == [Done]
        assert [one.code for one in refused if isinstance(one, Fault)] == ["act_done_already"]
    assert len(anywhere.issue(roster_id)) == 2


def test_two_programs_that_issue_one_roster_give_out_each_certificate_once(anywhere: World) -> None:
    for number in range(3):
        roster_id = anywhere.ready(people=12, file=f"{number}.xlsx")
        done, refused = split(at_once(anywhere, *[lambda own: own.issue(roster_id)] * 2))  # noqa: B023
        assert all(isinstance(one, Refused) and one.code == "nothing_to_issue" for one in refused)
        given = [one.certificate.id for issued in done for one in issued]
        assert sorted(given) == sorted(one.id for one in anywhere.certificates(roster_id))
        assert len(given) == len(set(given)) == 12
    assert sorted(int(one.number[-7:-1]) for one in anywhere.certificates()) == list(range(1, 37))
    with anywhere.instance.engines.read.connect() as connection:
        assert certificate_store.list_intents(connection) == ()
    for issued in done:
        for one in issued:
            assert verify_code(anywhere.instance, one.code).verdict == "valid"


def test_two_rosters_issued_at_once_share_no_number_and_no_slot(anywhere: World) -> None:
    rosters = [anywhere.ready(people=10, file=f"{n}.xlsx") for n in "ab"]
    done, refused = split(at_once(anywhere, *[lambda own, r=roster: own.issue(r) for roster in rosters]))
    assert refused == []
    assert sorted(len(one) for one in done) == [10, 10]
    found = anywhere.certificates()
    assert sorted(int(one.number[-7:-1]) for one in found) == list(range(1, 21))
    assert len({one.idx for one in found}) == 20


def test_two_officers_decide_one_proposal_once(anywhere: World) -> None:
    (one, _) = anywhere.issue(anywhere.ready())
    proposal = propose_suspension(anywhere, one.code)
    done, refused = split(
        at_once(anywhere, *[lambda own, o=o: approve(own.instance, proposal, o) for o in ("H2", "H3")])
    )
    assert done == [None]
    assert [error.code for error in refused if isinstance(error, Refused)] == ["proposal_decided"]
    assert verify_code(anywhere.instance, one.code).verdict == "suspended"


def test_of_two_proposals_about_one_certificate_one_is_overtaken(anywhere: World) -> None:
    (one, _) = anywhere.issue(anywhere.ready())
    proposals = [propose_suspension(anywhere, one.code) for _ in range(2)]
    done, refused = split(at_once(anywhere, *[lambda own, p=p: approve(own.instance, p, "H2") for p in proposals]))
    assert done == [None]
    assert [error.code for error in refused if isinstance(error, Refused)] == ["proposal_overtaken"]


def test_a_proposal_and_a_decision_about_one_certificate_wait_for_each_other_and_not_in_a_circle(
    on_postgresql: World,
) -> None:
    (one, _) = on_postgresql.issue(on_postgresql.ready())
    proposal = propose_suspension(on_postgresql, one.code)
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with on_postgresql.another() as own, ThreadPoolExecutor() as pool:
        with on_postgresql.instance.engines.write.begin() as connection:
            # What `approve` does first, and what it does next.
            status_store.lock_proposal(connection, proposal)
            second = pool.submit(propose_suspension, own, one.code)
            with own.instance.engines.read.connect() as looking:
                while not looking.execute(waits).scalar_one():
                    time.sleep(0.01)
            assert status_store.next_q(connection, one.certificate.id) == 0
        assert second.result(30) != proposal


def test_a_drill_and_a_proposal_about_one_certificate_wait_for_each_other_and_not_in_a_circle(
    on_postgresql: World,
) -> None:
    (one, _) = on_postgresql.issue(on_postgresql.ready())
    instance, since = on_postgresql.instance, one.certificate.issued_at
    with instance.engines.read.connect() as connection:
        stolen = documents.own_key(connection, instance.settings.authority, "credential").jkt
    compromise.condemn(instance, stolen, since, PAPER)
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with on_postgresql.another() as own, ThreadPoolExecutor() as pool:
        with instance.engines.write.begin() as connection:
            # What `propose` does first, and what it does next.
            status_store.lock_proposals(connection)
            damage, two = find_damage(own.instance, stolen, since), compromise.Officers("H1", "H2")
            drill = pool.submit(compromise.remedy, own.instance, damage, "resign", two, PAPER)
            with own.instance.engines.read.connect() as looking:
                while not looking.execute(waits).scalar_one():
                    time.sleep(0.01)
            for line in damage.certificates:
                assert status_store.next_q(connection, line.id) == 0
        assert drill.result(60).left == []


#: Whatever withdraws a grant or ends a key, and what the second one is told of a grant withdrawn and keys ended meanwhile.
EMERGENCIES: dict[str, Callable[[World, str, dict[str, str]], object]] = {
    "withdrawal": lambda own, grant, _keys: withdraw_grant(own.instance, grant, "withdrawn", PAPER),
    "end": lambda own, _grant, keys: key_events.end_key(own.instance, keys["XC"]),
    "drill": lambda own, _grant, keys: compromise.condemn(own.instance, keys["H2"], own.instance.now() - 60, PAPER),
    "rotation": lambda own, _grant, keys: rotation.rotate_officer(own.instance, "XC"),
}


@pytest.mark.parametrize(("work", "told"), [
    ("withdrawal", "grant_withdrawn_already"), ("end", "key_ended"), ("drill", None), ("rotation", "key_ended"),
])  # fmt: skip
def test_a_drill_and_whoever_withdraws_or_ends_the_same_wait_for_each_other_and_not_in_a_circle(
    on_postgresql: World, work: str, told: str | None
) -> None:
    on_postgresql.at(40)
    instance = on_postgresql.instance
    with instance.engines.read.connect() as connection:
        grant = documents.grants_of(connection, "SL-XC")[0].sha256
        keys = {one: documents.officer_key(connection, one).jkt for one in ("XC", "H2")}
    rotation.rotate_officer(instance, "H2")
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with on_postgresql.another() as own, ThreadPoolExecutor() as pool:
        with instance.engines.write.begin() as connection:
            # What a drill does first, and what it may do next.
            key_store.lock_organisation(connection, "ROOT")
            second = pool.submit(EMERGENCIES[work], own, grant, keys)
            with own.instance.engines.read.connect() as looking:
                while not looking.execute(waits).scalar_one():
                    time.sleep(0.01)
            withdraw_within(instance, connection, grant, "compromised", PAPER, instance.now() - 60)
            key_events.end(connection, documents.key_by_jkt(connection, keys["XC"]), "withdrawn", instance.now())
            key_store.condemn_signing_key(connection, keys["H2"], instance.now() - 30)
        assert getattr(second.exception(30), "code", None) == told


def test_decisions_of_one_moment_are_all_in_the_newest_list(anywhere: World) -> None:
    issued = anywhere.issue(anywhere.ready(people=4))
    proposals = [propose_suspension(anywhere, one.code) for one in issued]
    _, refused = split(at_once(anywhere, *[lambda own, p=p: approve(own.instance, p, "H2") for p in proposals]))
    assert refused == []
    newest = current_status_list(anywhere.instance, list_uri(anywhere.instance)).unverified_payload
    raw = unpack(newest["status_list"]["lst"])
    assert [value_at(raw, one.certificate.idx) for one in issued] == [2, 2, 2, 2]
    assert [verify_code(anywhere.instance, one.code).verdict for one in issued] == ["suspended"] * 4


def test_whoever_publishes_waits_for_the_one_before_and_sees_what_that_one_saw(anywhere: World) -> None:
    anywhere.at(40)
    uri = list_uri(anywhere.instance)

    def publish(own: World) -> bytes:
        with own.instance.engines.write.begin() as connection:
            return publish_status_list(own.instance, connection, uri).body

    with anywhere.another() as own, ThreadPoolExecutor() as pool:
        own.instance.set_clock(anywhere.instance.now() + 1)
        with anywhere.instance.engines.write.begin() as connection:
            first = publish_status_list(anywhere.instance, connection, uri).body
            second = pool.submit(publish, own)
            with pytest.raises(TimeoutError):
                second.result(0.3)
        assert second.result(30) == first


def test_readers_of_one_moment_are_given_one_list(anywhere: World) -> None:
    uri = list_uri(anywhere.instance)
    done, refused = split(at_once(anywhere, *[lambda own: current_status_list(own.instance, uri).body] * 4))
    assert refused == []
    assert len(set(done)) == 1


def test_two_right_answers_at_once_open_a_claim_link_once(anywhere: World) -> None:
    (one, _) = anywhere.issue(anywhere.ready())
    answer = last4(anywhere, one)
    done, refused = split(at_once(anywhere, *[lambda own: claim_pdf(own.instance, one.claim_token, answer)] * 2))
    assert refused == []
    assert all(isinstance(result, ClaimResult) for result in done)
    assert [result.pdf is None for result in sorted(done, key=lambda r: r.pdf is None)] == [False, True]
    assert claim_state(anywhere.instance, one.claim_token) == "dead"


def test_two_first_downloads_are_the_same_file(anywhere: World) -> None:
    (one, _) = anywhere.issue(anywhere.ready())
    done, refused = split(at_once(anywhere, *[lambda own: certificate_pdf(own.instance, one.code)] * 2))
    assert refused == []
    assert done[0] == done[1]
    with anywhere.instance.engines.read.connect() as connection:
        assert connection.execute(select(func.count()).select_from(rendition)).scalar_one() == 1


# --- the whole path -------------------------------------------------------------------------------------------------


def test_the_whole_path_runs_on_postgresql(on_postgresql: World) -> None:
    world = on_postgresql
    assert not (world.home / "certsvc.sqlite3").exists()
    issued = world.issue(world.ready(people=3))
    for one in issued:
        report = verify_code(world.instance, one.code)
        assert (report.verdict, report.reason) == ("valid", None)
    pdf = certificate_pdf(world.instance, issued[0].code)
    assert verify_file(world.instance, pdf).verdict == "valid"
    order = Proposal("correct", issued[1].code, "H1", PAPER, "correction", changes={"name": "示例改"})
    corrected = approve(world.instance, propose(world.instance, order), "H2")
    assert corrected is not None
    order = Proposal("revoke", issued[0].code, "H1", PAPER, "fraud", retroactive=True)
    approve(world.instance, propose(world.instance, order), "H3")
    verdicts = [verify_code(world.instance, one.code).verdict for one in (*issued, corrected)]
    assert verdicts == ["revoked", "superseded", "valid", "valid"]
    assert verify_file(world.instance, pdf).verdict == "revoked"
    with pytest.raises(Refused):
        certificate_pdf(world.instance, issued[0].code)
