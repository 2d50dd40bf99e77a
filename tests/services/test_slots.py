"""Status lists follow each other: a list that is full gets a successor, and each is as good as the first."""

import json
from collections import Counter
from pathlib import Path

import pytest
from cli_for_tests import call, must
from lifecycle_for_tests import do
from support_instance import SmallInstance
from test_postgres import at_once, split
from world_for_tests import PAPER, World, witnesses_away

from certsvc.core.bundle import parse_bundle
from certsvc.core.errors import NotReady
from certsvc.core.lifecycle import REASONS
from certsvc.core.statuslist import FILL, SLOTS
from certsvc.services import doctor, heartbeat, issue, log, mirror, publish
from certsvc.services.audit import Question, Trusted, audit
from certsvc.services.audit_source import FolderSource
from certsvc.services.beside import list_for, published_update, read_update
from certsvc.services.coming_into_force import finish_waiting
from certsvc.services.compromise import condemn
from certsvc.services.rotation import rotate_key
from certsvc.services.seen import Seen
from certsvc.services.slots import begun_lists, free_slots, is_list, published_lists
from certsvc.services.status import Proposal, approve, propose
from certsvc.services.verify_evidence import Asked, Found, fresh_bundle, verify_code, verify_offline
from certsvc.store import certificates as certificate_store
from certsvc.store import keys as key_store

LISTS = tuple(f"https://sample.invalid/status/{number}" for number in range(1, 9))


def decide(world: World, kind: str, one: issue.Issued, reason: str, **more: object) -> issue.Issued | None:
    """Proposed and decided, one minute after whatever came before."""
    world.instance.set_clock(world.instance.now() + 60)
    order = Proposal(kind, one.code, "H1", PAPER, reason, **more)  # type: ignore[arg-type]
    return approve(world.instance, propose(world.instance, order), "H2")


def correct(world: World, one: issue.Issued) -> issue.Issued:
    corrected = decide(world, "correct", one, "correction", changes={"name": "示例改"})
    assert corrected is not None
    return corrected


def uri(one: issue.Issued) -> str:
    return one.certificate.list_uri


def online(world: World, *issued: issue.Issued) -> list[str]:
    return [verify_code(world.instance, one.code).verdict for one in issued]


def bundle(world: World, one: issue.Issued) -> bytes:
    fresh = fresh_bundle(world.instance, one.code)
    assert fresh is not None
    return fresh


def offline(world: World, file: bytes, newer: bytes | None = None, seen: Path | None = None) -> tuple[str, str | None]:
    """What a file says to somebody who has the root alone, and a list beside it."""
    judge, now = verify_offline if seen is None else Seen(seen).verify, world.instance.now()
    report = judge(Found(bundle=file), world.instance.anchors, Asked(now, now, newer_status=newer))
    return report.verdict, report.reason


def update(world: World, one: issue.Issued) -> bytes:
    """What /status/N serves today about one certificate."""
    return published_update(world.instance, uri(one)).write()


def filled(world: World, fill: int = 3, people: int = 5) -> list[issue.Issued]:
    """A roster in one chunk, of which the first list takes the first `fill`."""
    world.instance.fill = fill
    return world.issue(world.ready(people=people))


# --- one after the other ---------------------------------------------------------------------------------------------


def test_the_next_list_begins_when_three_quarters_of_one_are_given() -> None:
    assert (FILL, FILL / SLOTS) == (98_304, 0.75)


def test_of_one_chunk_the_rest_goes_into_the_next_list(province: World) -> None:
    issued = filled(province)
    assert Counter(map(uri, issued)) == {LISTS[0]: 3, LISTS[1]: 2}
    assert online(province, *issued) == ["valid"] * 5
    for one in issued:
        assert parse_bundle(bundle(province, one)).status_list.unverified_payload["sub"] == uri(one)
    # And in the order of the roster.
    assert [uri(one) for one in issued] == [LISTS[0]] * 3 + [LISTS[1]] * 2


def test_a_slot_has_the_address_of_its_list_in_both_forms(province: World) -> None:
    one = filled(province, fill=1, people=2)[1]
    credential = parse_bundle(bundle(province, one)).credential.unverified_payload
    assert credential["status"]["status_list"] == {"idx": one.certificate.idx, "uri": LISTS[1]}
    assert credential["credentialStatus"]["statusListCredential"] == f"{LISTS[1]}/bitstring"
    assert credential["credentialStatus"]["id"] == f"{LISTS[1]}/bitstring#{one.certificate.idx}"


def test_a_correction_takes_a_slot_where_there_is_room_and_ends_the_old_one_where_it_stands(province: World) -> None:
    issued = filled(province)
    corrected = correct(province, issued[0])
    assert (uri(issued[0]), uri(corrected)) == (LISTS[0], LISTS[1])
    assert online(province, issued[0], corrected) == ["superseded", "valid"]
    old, new = (bundle(province, one) for one in (issued[0], corrected))
    assert offline(province, old)[0] == "superseded"
    assert offline(province, new) == ("valid", None)


def test_a_correction_may_be_the_first_certificate_of_its_list(province: World) -> None:
    """Decision and next version are one transaction, so the new list is first signed inside it."""
    issued = filled(province, people=3)
    assert tuple(published_lists(province.instance)) == LISTS[:1]
    corrected = correct(province, issued[1])
    assert uri(corrected) == LISTS[1]
    assert tuple(published_lists(province.instance)) == LISTS[:2]
    assert online(province, issued[1], corrected) == ["superseded", "valid"]
    assert offline(province, bundle(province, corrected), update(province, corrected)) == ("valid", None)


def test_each_list_says_what_became_of_its_own(province: World, tmp_path: Path) -> None:
    issued = filled(province)
    first, second, rest = issued[0], issued[3], (issued[1], issued[2], issued[4])
    before = [bundle(province, one) for one in (first, second)]
    for one in (first, second):
        decide(province, "suspend", one, "inquiry")
    assert online(province, first, second, *rest) == ["suspended"] * 2 + ["valid"] * 3
    for one, file in zip((first, second), before, strict=True):
        assert offline(province, bundle(province, one))[0] == "suspended"
        # The file of before with today's list of its own, of another, and once more with what was seen.
        assert offline(province, file, update(province, one), tmp_path / "seen")[0] == "suspended"
        assert offline(province, file, seen=tmp_path / "seen")[0] == "suspended"
        assert offline(province, file) == ("valid", None)
    assert offline(province, before[0], update(province, second)) == ("cannot_decide", "status_foreign")
    for one in rest:
        assert offline(province, bundle(province, one), update(province, one), tmp_path / "seen") == ("valid", None)
    both = [update(province, one) for one in (second, first)]
    for one, file in zip((first, second), before, strict=True):
        assert list_for(file, both) == update(province, one)
        assert offline(province, file, list_for(file, both))[0] == "suspended"
    decide(province, "reinstate", first, REASONS["reinstate"][0])
    assert online(province, first, second) == ["valid", "suspended"]


def test_an_interruption_leaves_a_slot_in_the_list_in_which_it_was_kept(province: World) -> None:
    province.instance.fill = 3
    roster_id = province.ready(people=5)
    kept = {
        one.entry_id: (one.list_uri, one.idx)
        for one in issue.intend(province.instance, list(province.entries(roster_id)))
    }
    # So late that each is dated anew.
    province.instance.set_clock(province.instance.now() + issue.DATED_ANEW + 1)
    issued = province.issue(roster_id)
    assert {one.certificate.entry_id: (uri(one), one.certificate.idx) for one in issued} == kept
    assert online(province, *issued) == ["valid"] * 5


def test_what_waits_for_the_log_comes_into_force_in_every_list(province: World) -> None:
    province.instance.fill = 3
    roster_id = province.ready(people=5)
    with witnesses_away(province), pytest.raises(NotReady, match="waiting_for_log"):
        province.issue(roster_id)
    assert {one.state for one in province.certificates()} == {"waiting_for_log"}
    assert finish_waiting(province.instance) == 5
    assert {(one.list_uri, one.state) for one in province.certificates()} == {(one, "in_force") for one in LISTS[:2]}


# --- two at once -----------------------------------------------------------------------------------------------------


def issuing(roster_id: str, fill: int):
    def work(own: World) -> list[issue.Issued]:
        own.instance.fill = fill
        return own.issue(roster_id)

    return work


def correcting(proposal: str, fill: int):
    def work(own: World) -> issue.Issued | None:
        own.instance.fill = fill
        return approve(own.instance, proposal, "H2")

    return work


def test_two_that_issue_at_once_begin_one_next_list_and_share_no_slot(anywhere: World) -> None:
    rosters = [anywhere.ready(people=10, file=f"{n}.xlsx") for n in "ab"]
    done, refused = split(at_once(anywhere, *(issuing(one, 7) for one in rosters)))
    assert (refused, sorted(map(len, done))) == ([], [10, 10])
    found = anywhere.certificates()
    assert Counter(one.list_uri for one in found) == {LISTS[0]: 7, LISTS[1]: 7, LISTS[2]: 6}
    assert len({(one.list_uri, one.idx) for one in found}) == 20
    assert online(anywhere, *(one for issued in done for one in issued)) == ["valid"] * 20


def test_corrections_beside_an_issue_wait_for_each_other_at_the_end_of_a_list(anywhere: World) -> None:
    """One list after the other is filled to the last slot, whoever takes it, and nobody waits in a circle."""
    issued = filled(anywhere, fill=2, people=2)
    orders = [Proposal("correct", one.code, "H1", PAPER, "correction", changes={"name": "示例改"}) for one in issued]
    proposals = [propose(anywhere.instance, one) for one in orders]
    roster_id = anywhere.ready(people=5, file="b.xlsx")
    _, refused = split(at_once(anywhere, issuing(roster_id, 2), *(correcting(one, 2) for one in proposals)))
    # Who cannot have all witnesses at once leaves it to the next beat.
    assert {getattr(one, "code", one) for one in refused} <= {"waiting_for_log"}
    heartbeat.beat(anywhere.instance)
    finish_waiting(anywhere.instance)
    found = anywhere.certificates()
    assert len({(one.list_uri, one.idx) for one in found}) == len(found) == 9
    assert Counter(one.list_uri for one in found) == {**dict.fromkeys(LISTS[:4], 2), LISTS[4]: 1}
    assert Counter(one.state for one in found) == {"in_force": 7, "superseded": 2}


def test_two_who_choose_a_slot_see_each_others_choice(on_postgresql: World) -> None:
    """The second waits for the first transaction, as the slot it took is nowhere written yet."""
    with on_postgresql.another() as own, on_postgresql.instance.engines.write.begin() as connection:
        free_slots(on_postgresql.instance, connection)
        with own.instance.engines.write.begin() as second:
            second.exec_driver_sql("SET LOCAL lock_timeout = 200")
            with pytest.raises(Exception, match="lock timeout"):
                free_slots(own.instance, second)


# --- whoever knows of lists ------------------------------------------------------------------------------------------


def test_only_what_was_begun_is_a_list(province: World) -> None:
    assert [is_list(province.instance, number) for number in (0, 1, 2)] == [False, True, False]
    filled(province)
    assert [is_list(province.instance, number) for number in (0, 1, 2, 3)] == [False, True, True, False]
    with province.instance.engines.read.connect() as connection:
        assert begun_lists(province.instance, connection) == LISTS[:2]
        assert certificate_store.used_indices(connection, LISTS[1]) == {
            one.idx for one in province.certificates() if one.list_uri == LISTS[1]
        }


def test_the_doctor_tells_of_every_list(province: World) -> None:
    filled(province)
    found = [one for one in doctor.visit(province.home) if one.en.startswith("status list")]
    assert [one.en.split(" published")[0] for one in found] == ["status list 1", "status list 2"]


def test_an_audit_holds_every_list_against_the_log(province: World, tmp_path: Path) -> None:
    issued = filled(province)
    for one in (issued[0], issued[3]):
        decide(province, "suspend", one, "inquiry")
    lists = [(one, publish.current_status_list(province.instance, one).body) for one in LISTS[:2]]
    heartbeat.beat(province.instance)
    mirror.export(province.instance, tmp_path / "mirror")
    with province.instance.engines.read.connect() as connection:
        trusted = Trusted(log.log_keys(province.instance, connection))
    source = FolderSource(tmp_path / "mirror")
    result = audit(source, trusted, tmp_path / "state", Question(tuple(lists)))
    assert (result.exit_code, result.lists) == (0, dict.fromkeys(LISTS[:2], 1))
    decide(province, "suspend", issued[4], "inquiry")
    publish.current_status_list(province.instance, LISTS[1])
    heartbeat.beat(province.instance)
    mirror.export(province.instance, tmp_path / "mirror")
    result = audit(source, trusted, tmp_path / "state", Question(tuple(lists)))
    assert {one.where for one in result.findings if one.code == "status_differs"} == {LISTS[1]}


def test_a_tick_renews_every_list(small: SmallInstance) -> None:
    small.instance.fill = 3
    small.instance.set_clock(small.now + 60)
    do(small, "correct")
    before = published_lists(small.instance)
    assert tuple(before) == LISTS[:2]
    # By the clock of the wall, which is later than that of the test.
    must("log", "tick", "--home", small.instance.home)
    after = published_lists(small.instance)
    assert [after[one].iat > before[one].iat + publish.LIST_AGE for one in LISTS[:2]] == [True, True]


def test_the_command_line_takes_several_lists_and_each_file_its_own(province: World, tmp_path: Path) -> None:
    issued = filled(province)
    asked = (issued[0], issued[3])
    files, lists = ([tmp_path / f"{n}.{end}" for n in (1, 2)] for end in ("bundle", "json"))
    for file, one in zip(files, asked, strict=True):
        file.write_bytes(bundle(province, one))
        decide(province, "suspend", one, "inquiry")
    for path, one in zip(lists, asked, strict=True):
        path.write_bytes(update(province, one))

    def said(*brought: Path) -> list[tuple[str, str]]:
        beside = [word for one in brought for word in ("--status", one)]
        answer = call("verify", "--offline", "--max-age", "36500d", "--json", *beside, *files, "--home", province.home)
        return [(one["verdict"], one["reason"]) for one in map(json.loads, answer.out.splitlines())]

    assert [verdict for verdict, _ in said(*lists)] == ["suspended", "suspended"]
    assert said(*lists) == said(*reversed(lists))
    assert said(lists[0]) == [said(*lists)[0], ("cannot_decide", "status_foreign")]


def status_key(world: World) -> str:
    with world.instance.engines.read.connect() as connection:
        keys = key_store.list_signing_keys(connection, org_id="SL-HRSS", use="status")
    return next(one.jkt for one in keys if one.ended_reason is None)


def test_after_a_theft_of_the_status_key_every_list_is_signed_anew_at_once(province: World) -> None:
    issued = filled(province)
    since = province.instance.now()
    province.instance.set_clock(since + 3600)
    condemn(province.instance, status_key(province), since, PAPER)
    with province.instance.engines.read.connect() as connection:
        signed = [publish.newest_status_list(connection, one).signatures[0].unverified_kid for one in LISTS[:2]]
    assert signed == [status_key(province)] * 2
    assert online(province, *issued) == ["valid"] * 5


def test_every_list_goes_over_to_the_next_key(province: World) -> None:
    issued = filled(province)
    files = [bundle(province, issued[place]) for place in (0, 3)]
    province.instance.set_clock(province.instance.now() + 86_400)
    rotate_key(province.instance, "SL-HRSS", "status")
    for file, one in zip(files, (issued[0], issued[3]), strict=True):
        newer = update(province, one)
        listed = read_update(newer).status
        assert listed is not None and listed.signatures[0].unverified_kid == status_key(province)
        assert offline(province, file, newer) == ("valid", None)
