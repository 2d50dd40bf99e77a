"""Withdrawal of grants: who signs it, what the trust bundle says of it, and that nobody acts under a withdrawn grant."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from world_for_tests import BATCHES, PAPER, World

from certsvc.core.bundle import parse_shared
from certsvc.core.errors import CertsvcError
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault
from certsvc.core.schemas import UNGRANT_REASONS
from certsvc.services import documents, status, withdrawal
from certsvc.services.delegation import Delegation, delegate
from certsvc.services.log_points import Points
from certsvc.services.trust_rows import withdrawn_rows
from certsvc.services.verify_evidence import verify_code
from certsvc.services.withdrawal import withdraw_grant
from certsvc.store import documents as document_store
from certsvc.store import log as log_store


def grant_of(world: World, org: str, act: str) -> str:
    """The one grant of an organisation that allows `act`."""
    with world.instance.engines.read.connect() as connection:
        found = [g.sha256 for g in documents.grants_of(connection, org) if act in g.unverified_payload["acts"]]
    (name,) = found
    return name


def trust(world: World) -> dict[str, object]:
    with world.instance.engines.read.connect() as connection:
        return documents.current_trust(connection).unverified_payload


def refused(world: World, *arguments: object, **named: object) -> str:
    """Code of the refusal; nothing may be left."""
    before = world.census()
    with pytest.raises((CertsvcError, Fault)) as error:
        withdraw_grant(world.instance, *arguments, **named)  # type: ignore[arg-type]
    assert world.census() == before
    return str(error.value.code)


def signer_of(world: World, document: Jws) -> tuple[str | None, str]:
    with world.instance.engines.read.connect() as connection:
        key = documents.key_by_jkt(connection, document.signatures[0].unverified_kid)
    assert document.signed_by(world.instance.signer(key).public_key)
    return key.org_id, key.use


@pytest.mark.parametrize(("org", "act", "signer"), [("SL-EC", "evaluate", ("SL-HRSS", "grant")),
                                                    ("SL-HRSS", "issue", ("ROOT", "policy"))])  # fmt: skip
def test_a_withdrawal_is_signed_by_the_key_that_might_give_the_grant(
    province: World, org: str, act: str, signer: tuple[str, str]
) -> None:
    name = grant_of(province, org, act)
    asked = province.instance.now()
    done = withdraw_grant(province.instance, name, "withdrawn", PAPER)
    assert signer_of(province, done) == signer
    payload = done.unverified_payload
    assert (payload["grant"], payload["reason"], payload["iss"]) == (name, "withdrawn", signer[0])
    assert asked <= payload["from"] == payload["iat"] <= province.instance.now()
    with province.instance.engines.read.connect() as connection:
        (row,) = document_store.list_documents(connection, "ungrant+jwt", name)
    assert row.body == done.body


def test_the_newest_trust_bundle_names_the_withdrawal_and_its_point(province: World) -> None:
    now, name = province.instance.now(), grant_of(province, "SL-EC", "evaluate")
    province.instance.set_clock(now)
    done = withdraw_grant(province.instance, name, "compromised", PAPER, good_before=now - 50)
    with province.instance.engines.read.connect() as connection:
        leaf = log_store.find_by_key(connection, done.sha256)
    assert leaf is not None and leaf.idx is not None
    row = {"sha256": name, "reason": "compromised", "from": now, "from_index": leaf.idx,
           "good_before": now - 50, "good_before_index": leaf.idx}  # fmt: skip
    assert trust(province)["withdrawn"] == [row]


def test_a_grant_is_withdrawn_once(province: World) -> None:
    name = grant_of(province, "SL-EC", "evaluate")
    withdraw_grant(province.instance, name, "withdrawn", PAPER)
    assert refused(province, name, "compromised", PAPER) == "grant_withdrawn_already"


BAD = {
    "a reason that is none": (("lost", PAPER), {}, "ungrant_reason"),
    "a good part of what was not compromised": (("withdrawn", PAPER), {"good_before": 5}, "good_before_foreign"),
    "a good part that ends after the withdrawal": (("compromised", PAPER), {"good_before": 99, "at": 98}, "good_before_late"),
    "a paper without a date": (("withdrawn", {"number": "1", "title": "t", "date": "today"}), {}, None),
}  # fmt: skip


@pytest.mark.parametrize("defect", BAD)
def test_a_bad_withdrawal_leaves_nothing(province: World, defect: str) -> None:
    arguments, named, code = BAD[defect]
    said = refused(province, grant_of(province, "SL-EC", "evaluate"), *arguments, **named)
    assert code is None or said == code


def test_a_grant_that_does_not_exist_is_not_withdrawn(province: World) -> None:
    assert refused(province, "x" * 43, "withdrawn", PAPER) == "document_unknown"


def test_the_rows_of_a_trust_bundle_are_the_same_whatever_order_withdrawals_come_in() -> None:
    pick = random.Random(7)
    payloads = [
        {"grant": f"g{n}", "reason": pick.choice(UNGRANT_REASONS), "from": pick.randrange(3), "good_before": None}
        for n in range(12)
    ]
    names = {f"g{n}": f"u{n}" for n in range(12)}
    points = Points({f"u{n}": n for n in range(0, 12, 2)})
    expected = withdrawn_rows(payloads, names, points)
    assert [row["from"] for row in expected] == sorted(row["from"] for row in expected)
    assert {row["sha256"]: row["from_index"] for row in expected} == {f"g{n}": None if n % 2 else n for n in range(12)}
    for _ in range(20):
        pick.shuffle(payloads)
        assert withdrawn_rows(payloads, names, points) == expected


def test_an_act_under_a_grant_that_was_withdrawn_is_refused_by_that_name(province: World) -> None:
    roster_id = province.take_in(BATCHES["T01"])
    province.walk("T01", roster_id, until="evaluate")
    withdraw_grant(province.instance, grant_of(province, "SL-XC", "evaluate"), "withdrawn", PAPER)
    with pytest.raises(Fault) as error:
        province.sign("evaluate", roster_id, "XC")
    assert (error.value.code, error.value.about.org) == ("grant_withdrawn", "SL-XC")


def test_an_act_that_something_else_forbids_too_is_refused_by_that(province: World) -> None:
    roster_id = province.take_in(BATCHES["T01"])
    province.walk("T01", roster_id, until="settle_objections")
    withdraw_grant(province.instance, grant_of(province, "SL-SV", "settle_objections"), "withdrawn", PAPER)
    province.at(20)
    with pytest.raises(Fault) as error:
        province.sign("settle_objections", roster_id, "SV")
    assert error.value.code == "interval_short"


def test_another_grant_that_stands_is_chosen_in_its_place(province: World) -> None:
    province.at(0, hour=8)
    old = grant_of(province, "SL-XC", "evaluate")
    delegate(province.instance, Delegation("SL-XC", "committee", PAPER))
    withdraw_grant(province.instance, old, "withdrawn", PAPER)
    roster_id = province.take_in(BATCHES["T01"])
    province.walk("T01", roster_id, until="evaluate")
    done = province.sign("evaluate", roster_id, "XC")
    with province.instance.engines.read.connect() as connection:
        act = documents.load_document(connection, done.sha256, "act+jwt").unverified_payload
    assert old not in act["grants"]


def test_a_withdrawal_from_a_later_day_stops_nothing_before_that_day(province: World) -> None:
    roster_id = province.take_in(BATCHES["T01"])
    province.walk("T01", roster_id, until="evaluate")
    name, now = grant_of(province, "SL-XC", "evaluate"), province.instance.now()
    withdraw_grant(province.instance, name, "expired", PAPER, at=now + 1)
    with province.instance.engines.read.connect() as connection:
        assert name in [g.sha256 for g in documents.living_grants_of(connection, "SL-XC", now)]
        assert name not in [g.sha256 for g in documents.living_grants_of(connection, "SL-XC", now + 1)]
    province.sign("evaluate", roster_id, "XC")


def test_what_stands_on_a_withdrawn_grant_is_withdrawn_with_it(province: World) -> None:
    withdraw_grant(province.instance, grant_of(province, "SL-HRSS", "issue"), "withdrawn", PAPER)
    with province.instance.engines.read.connect() as connection:
        assert documents.living_grants_of(connection, "SL-XC", province.instance.now()) == []
    lines = withdrawal.list_grants(province.instance, "SL-XC")
    assert {(line.state, line.by) for line in lines} == {("withdrawn", grant_of(province, "SL-HRSS", "issue"))}


def test_nothing_is_given_under_a_withdrawn_grant(province: World) -> None:
    top = grant_of(province, "SL-HRSS", "issue")
    withdraw_grant(province.instance, top, "withdrawn", PAPER)
    for parent in (None, top):
        with pytest.raises(Fault) as error:
            delegate(province.instance, Delegation("SL-XC", "committee", PAPER, parent=parent))
        assert error.value.code == "grant_withdrawn"
    payload = {"parent": top, "sub": "SL-XC"}
    with pytest.raises(Fault) as error:
        documents.give_grant(province.instance, payload)
    assert error.value.code == "grant_withdrawn"


def test_a_status_is_not_changed_under_a_withdrawn_grant(province: World) -> None:
    (issued, *_) = province.issue(province.ready())
    withdraw_grant(province.instance, grant_of(province, "SL-HRSS", "issue"), "withdrawn", PAPER)
    wanted = status.Proposal("suspend", issued.code, "H1", PAPER, "inquiry")
    with pytest.raises(Fault) as error:
        status.propose(province.instance, wanted)
    assert error.value.code == "grant_withdrawn"


def test_certificates_on_acts_before_a_withdrawal_stay_valid(province: World) -> None:
    (issued, *_) = province.issue(province.ready())
    withdraw_grant(province.instance, grant_of(province, "SL-XC", "evaluate"), "withdrawn", PAPER)
    assert verify_code(province.instance, issued.code).verdict == "valid"


def test_certificates_on_acts_after_the_point_of_a_compromise_are_void(province: World) -> None:
    (issued, *_) = province.issue(province.ready())
    name = grant_of(province, "SL-XC", "evaluate")
    with province.instance.engines.read.connect() as connection:
        (act, *_) = [
            one
            for row in document_store.list_documents(connection, "act+jwt")
            if name in (one := parse_shared(row.body, row.typ).unverified_payload)["grants"]
        ]
    withdraw_grant(province.instance, name, "compromised", PAPER, good_before=act["iat"])
    report = verify_code(province.instance, issued.code)
    assert (report.verdict, report.reason) == ("void", "grant_withdrawn")


def test_certificates_on_acts_before_the_point_of_a_compromise_stay_valid(province: World) -> None:
    (issued, *_) = province.issue(province.ready())
    now = province.instance.now()
    withdraw_grant(province.instance, grant_of(province, "SL-XC", "evaluate"), "compromised", PAPER, good_before=now)
    assert verify_code(province.instance, issued.code).verdict == "valid"


def test_grants_are_listed_newest_first_with_what_became_of_them(province: World) -> None:
    kept = grant_of(province, "SL-XC", "accept")
    gone = grant_of(province, "SL-XC", "evaluate")
    province.at(0)
    delegate(province.instance, Delegation("SL-XC", "committee", PAPER, until=province.instance.now() + 10))
    withdraw_grant(province.instance, gone, "withdrawn", PAPER)
    province.at(1)
    newest, *older = withdrawal.list_grants(province.instance, "SL-XC")
    assert (newest.state, newest.reason) == ("ended", None)
    assert {(one.sha256, one.state) for one in older} == {(kept, "living"), (gone, "withdrawn")}
    given = [one.given for one in withdrawal.list_grants(province.instance)]
    assert given == sorted(given, reverse=True)


def test_a_grant_is_found_by_the_beginning_of_its_hash(province: World) -> None:
    name = grant_of(province, "SL-XC", "evaluate")
    assert withdrawal.find_grant(province.instance, name[:12]) == name
    for beginning, code in (("no such grant", "grant_unknown"), ("", "grant_unknown")):
        with pytest.raises(CertsvcError) as error:
            withdrawal.find_grant(province.instance, beginning)
        assert error.value.code == code


def at_once(world: World, *works: Callable[[World], object]) -> list[object]:
    """Each work in a program of its own, all beginning together; what came back, or the code of the refusal."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[World], object], own: World) -> object:
        barrier.wait(30)
        try:
            return work(own)
        except CertsvcError as error:
            return error.code

    with ExitStack() as stack, ThreadPoolExecutor(len(works)) as pool:
        programs = [stack.enter_context(world.another()) for _ in works]
        return list(pool.map(run, works, programs))


def test_of_two_who_withdraw_one_grant_at_once_one_is_refused(anywhere: World) -> None:
    anywhere.at(0)
    name = grant_of(anywhere, "SL-XC", "evaluate")
    found = at_once(anywhere, *[lambda own: withdraw_grant(own.instance, name, "withdrawn", PAPER)] * 4)
    assert found.count("grant_withdrawn_already") == 3
    with anywhere.instance.engines.read.connect() as connection:
        assert len(document_store.list_documents(connection, "ungrant+jwt")) == 1


def test_of_two_withdrawals_at_once_the_newest_trust_bundle_knows_both(anywhere: World) -> None:
    anywhere.at(0)
    names = [grant_of(anywhere, org, act) for org, act in (("SL-XC", "evaluate"), ("SL-XC", "accept"),
                                                           ("SL-EC", "evaluate"), ("SL-EC", "accept"))]  # fmt: skip
    works = [lambda own, name=name: withdraw_grant(own.instance, name, "withdrawn", PAPER) for name in names]
    assert all(isinstance(one, Jws) for one in at_once(anywhere, *works))
    assert {row["sha256"] for row in trust(anywhere)["withdrawn"]} == set(names)  # type: ignore[attr-defined]
