"""Which edition of a procedure or calendar counts: what services sign by, and what the trust bundle says of it."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_instance import DAY, START, build_small_instance
from witnessed_for_tests import with_witnesses
from world_for_tests import BATCHES, World, database

from certsvc import resources
from certsvc.core.bundle import parse_bundle
from certsvc.core.encoding import b64, canonical
from certsvc.core.errors import Malformed, NotFound
from certsvc.core.jose import Jws, parse_compact
from certsvc.instance import Instance, read_anchors
from certsvc.services import doctor, documents, log_leaves
from certsvc.services.editions import calendar_at, calendar_rows, procedure_at, procedure_rows
from certsvc.services.log_points import Points
from certsvc.services.verify_evidence import fresh_bundle, verify_code
from certsvc.store import documents as document_store
from certsvc.verify import verify
from certsvc.verify.case import Evidence
from certsvc.verify.editions import begun, replaced
from certsvc.verify.trusted import When

YEAR = 365 * DAY


def sign_version(instance: Instance, version: int, **other: object) -> str:
    """Signs a version of T01 at the present clock and publishes a trust bundle that lists it."""
    with log_leaves.transaction(instance) as connection:
        key = documents.own_key(connection, "ROOT", "policy")
        payload = {**resources.tracks()["T01"].procedure, "version": version, "iat": instance.now(), **other}
        name = documents.store_signed(instance, connection, key, "procedure+jwt", payload, "T01").sha256
    log_leaves.settle(instance)
    documents.publish_trust(instance)
    return name


def sign_calendar(instance: Instance, **other: object) -> str:
    """Signs a calendar like the present one but for `other`, and publishes a trust bundle that lists it."""
    with log_leaves.transaction(instance) as connection:
        payload = documents.current_calendar(connection).unverified_payload
        key = documents.own_key(connection, "ROOT", "policy")
        said = {**payload, "iat": instance.now(), **other}
        name = documents.store_signed(instance, connection, key, "calendar+jwt", said, "calendar").sha256
    documents.publish_trust(instance)
    return name


def trust(instance: Instance) -> dict[str, Any]:
    with instance.engines.read.connect() as connection:
        return documents.current_trust(connection).unverified_payload


def listed(instance: Instance, sha256: str) -> dict[str, Any]:
    said = trust(instance)
    return next(row for row in (*said["procedures"], *said["calendars"]) if row["sha256"] == sha256)


# --- procedures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ahead", "version"), [(400 * DAY, 1), (0, 2)])
def test_in_a_home_that_must_log_a_version_signed_for_next_year_ends_nothing_now(
    ahead: int, version: int, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        stack.enter_context(database(None))

        def appoint(instance: Instance) -> None:
            with_witnesses(stack, tmp_path, instance)
            instance.set_clock(START + 3600)
            sign_version(instance, 2, nbf=START + ahead)

        small = build_small_instance(tmp_path / "home", 1, False, True, appoint)
        bundle = parse_bundle(small.bundle())
        first, second = [row for row in trust(small.instance)["procedures"] if row["track"] == "T01"]
        small.instance.close()
        anchors = read_anchors(tmp_path / "home")
    report = verify(Evidence(bundle), anchors, small.now, small.now)
    assert (report.verdict, report.reason) == ("valid", None)
    assert bundle.procedure.unverified_payload["version"] == version
    assert (first["to"], first["to_index"]) == (second["from"], second["from_index"])
    assert (second["from"], second["to"], second["to_index"]) == (START + max(ahead, 3600), None, None)


def test_a_roster_that_was_begun_before_another_version_counts_stays_under_its_own(province: World) -> None:
    rosters = [province.take_in(BATCHES["T01"]) for _ in range(2)]
    province.walk("T01", rosters[0], until="accept")
    old = _procedure_of(province, rosters[0])
    new = sign_version(province.instance, 2)
    assert listed(province.instance, old)["to"] == listed(province.instance, new)["from"]
    for day, kind, officers in ((14, "accept", ("XC",)), (16, "draw", ("XC",)), (18, "evaluate", ("XC",)),
                                (19, "result_notice", ("OR",)), (32, "settle_objections", ("SV",)),
                                (36, "approve", ("AP",)), (39, "issue", ("H1", "H2"))):  # fmt: skip
        province.at(day)
        province.sign(kind, rosters[0], *officers)
    province.at(40)
    (one, *_) = province.issue(rosters[0])
    assert verify_code(province.instance, one.code).verdict == "valid"
    assert _bundle(province, one.code).procedure.sha256 == old
    province.sign("unit_notice", rosters[1], "U1")
    assert _procedure_of(province, rosters[1]) == new


def _procedure_of(world: World, roster: str) -> str:
    with world.instance.engines.read.connect() as connection:
        (act, *_) = document_store.list_acts(connection, roster)
        return str(documents.load_document(connection, act.sha256, "act+jwt").unverified_payload["procedure"])


def _bundle(world: World, code: str) -> Any:
    data = fresh_bundle(world.instance, code)
    assert data is not None
    return parse_bundle(data)


def test_a_version_that_has_ended_does_not_bring_back_the_one_it_replaced(province: World) -> None:
    instance = province.instance
    province.at(0)
    with instance.engines.read.connect() as connection:
        first = documents.procedure_for(connection, "T01", instance.now())
    now = instance.now()
    assert first.unverified_payload["exp"] > now + 20
    second = sign_version(instance, 2, exp=now + 10)
    with instance.engines.read.connect() as connection:
        assert documents.procedure_for(connection, "T01", now + 10).sha256 == second
        with pytest.raises(NotFound, match="procedure_absent"):
            documents.procedure_for(connection, "T01", now + 11)


# --- calendars -----------------------------------------------------------------------------------------------------------


def test_a_notice_is_closed_by_the_newest_calendar_of_its_days(province: World) -> None:
    roster = province.take_in(BATCHES["T01"])
    province.walk("T01", roster, until="recommend")
    (old,) = [row["sha256"] for row in trust(province.instance)["calendars"]]
    newer = sign_calendar(province.instance, source="示例")
    later = sign_calendar(province.instance, first="2040-01-01", last="2040-12-31")
    ends = [listed(province.instance, one)["to"] for one in (old, newer, later)]
    assert ends == [province.instance.now(), None, None]
    province.sign("recommend", roster, "CC")
    with province.instance.engines.read.connect() as connection:
        acts = document_store.list_acts(connection, roster)
        said = [documents.load_document(connection, one.sha256, "act+jwt").unverified_payload for one in acts]
    assert [one["calendar"] for one in said if one["act"] == "recommend"] == [newer]


# --- one rule for both ---------------------------------------------------------------------------------------------------


def _edition(number: int, typ: str, **said: object) -> Jws:
    payload: dict[str, Any] = {"jti": str(number), **said}
    return Jws(typ, canonical(payload), payload, ())


def _in_force(rows: list[dict[str, Any]], at: int) -> set[str]:
    when = When(at, at, at)
    return {row["sha256"] for row in rows if begun(row, row["from"], when) and not replaced(row, when)}


PROCEDURES = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6
)  # fmt: skip


@given(PROCEDURES, st.integers(0, 12))
def test_the_procedure_that_services_take_is_the_one_that_a_verifier_takes(
    drawn: list[tuple[int, int, int]], at: int
) -> None:
    known = [
        _edition(n, "procedure+jwt", track="T01", version=version, iat=iat, nbf=nbf, exp=99)
        for n, (version, iat, nbf) in enumerate(drawn)
    ]
    found = procedure_at(known, at)
    assert _in_force(procedure_rows(known, Points()), at) == ({found.sha256} if found else set())


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 3), st.integers(4, 6)), min_size=1, max_size=6),
    st.integers(0, 12),
)
def test_the_calendar_that_services_take_is_one_that_a_verifier_takes(
    drawn: list[tuple[int, int, int]], at: int
) -> None:
    known = [
        _edition(n, "calendar+jwt", iat=iat, first=f"196{first}-01-01", last=f"197{last}-12-31")
        for n, (iat, first, last) in enumerate(drawn)
    ]
    found, taken = calendar_at(known, at), _in_force(calendar_rows(known, Points()), at)
    assert (found is None and not taken) or (found is not None and found.sha256 in taken)


# --- homes of an earlier version -------------------------------------------------------------------------------------------


def test_a_trust_bundle_of_an_earlier_form_is_published_anew(province: World) -> None:
    instance = province.instance
    before = _put_older(instance)
    with pytest.raises(Malformed):
        trust(instance)
    documents.publish_trust(instance)
    assert trust(instance) == {**trust(instance), "withdrawn": before["withdrawn"], "keys": before["keys"]}
    _put_older(instance)
    doctor.bring_up_to_date(province.home)
    assert trust(instance)["calendars"][0].keys() == {"sha256", "from", "to", "from_index", "to_index"}


def _put_older(instance: Instance) -> dict[str, Any]:
    """Stores a newest trust bundle as an earlier version wrote it."""
    said = trust(instance)
    rows = [{name: row[name] for name in ("track", "sha256", "from_index", "to_index")} for row in said["procedures"]]
    iat = said["iat"] + 5
    older = {**said, "iat": iat, "procedures": rows, "calendars": [row["sha256"] for row in said["calendars"]]}
    with log_leaves.transaction(instance) as connection:
        signer = instance.signer(documents.own_key(connection, "ROOT", "policy"))
        head = b64(canonical({"alg": signer.algorithm, "kid": "A" * 43, "typ": "trust+jwt"}))
        middle = b64(canonical(older))
        body = f"{head}.{middle}.{b64(signer.sign(f'{head}.{middle}'.encode()))}".encode()
        document_store.add_document(connection, "trust+jwt", body, subject="trust", iat=iat)
        log_leaves.log_document(instance, connection, parse_compact(body, "trust+jwt"))
    return said


#: When the procedures that ship with the program end.
SHIPPED_END = 2_082_729_600


@pytest.mark.parametrize(("days", "states"), [(367, []), (364, ["warn"]), (-1, ["bad"])])
def test_the_doctor_says_a_year_ahead_which_tracks_have_no_procedure_then(
    province: World, days: int, states: list[str]
) -> None:
    """Nobody was told before the first act was refused, and the command that was named then did nothing."""
    province.instance.set_clock(SHIPPED_END - days * DAY)
    found = list(doctor._procedures(province.instance))
    assert [one.state for one in found] == states
    assert all("T01" in one.en and one.hint == "certsvc keys procedures" for one in found)


def test_an_edition_that_has_ended_is_said_to_come_with_an_update(province: World) -> None:
    with province.instance.engines.read.connect() as connection, pytest.raises(NotFound, match="update of certsvc"):
        documents.procedure_for(connection, "T01", SHIPPED_END + 1)
