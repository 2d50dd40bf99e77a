"""Issue: numbers without gaps, slots used once, and an interruption at any point loses and doubles nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import text
from world_for_tests import BATCHES, WALKS, World

from certsvc.core.errors import NotFound, Refused
from certsvc.services import act, issue
from certsvc.services.act_rules import Order
from certsvc.services.publish import list_uri
from certsvc.services.status import Proposal, approve, propose
from certsvc.services.verify_evidence import verify_code
from certsvc.store import certificates as certificate_store
from certsvc.store.rows import Certificate, IssueIntent

PAPER = {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-04-12"}


def serials(world: World) -> list[int]:
    """The serial inside every number: six digits before the check digit."""
    return sorted(int(one.number[-7:-1]) for one in world.certificates())


def intents(world: World) -> list[str]:
    with world.instance.engines.read.connect() as connection:
        return [intent.number for intent in certificate_store.list_intents(connection)]


@contextmanager
def failing(world: World, table: str, when: str) -> Iterator[None]:
    """The database refuses one row, as a full disk or a lost connection would in the middle of a transaction."""
    with world.instance.engines.write.begin() as connection:
        body = "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        connection.execute(text(f"CREATE TRIGGER failing BEFORE INSERT ON {table} WHEN {when} {body}"))
    with pytest.raises(Exception, match="the disk is full"):
        yield
    with world.instance.engines.write.begin() as connection:
        connection.execute(text("DROP TRIGGER failing"))


def check_whole(world: World, roster_id: str, people: int) -> None:
    """Everybody has one certificate, numbers run from 1, nothing waits, and every verdict is `valid`."""
    found = world.certificates(roster_id)
    assert serials(world) == list(range(1, people + 1))
    assert {one.entry_id for one in found} == {e.id for e in world.entries(roster_id)}
    assert len({(one.list_uri, one.idx) for one in found}) == len({one.sha256 for one in found}) == people
    assert intents(world) == []
    for one in found[:: max(1, people // 5)]:
        code = world.instance.data_keys.unseal(one.code_sealed, f"code/{one.id}".encode()).decode()
        assert verify_code(world.instance, code).verdict == "valid"


# --- numbers, slots, tokens -----------------------------------------------------------------------------------------


def test_numbers_follow_each_other_over_rosters_and_begin_anew_for_another_level(province: World) -> None:
    first, second = (province.ready(people=3, file=f"{n}.xlsx") for n in "ab")
    for roster_id in (first, second):
        province.issue(roster_id)
    assert serials(province) == [1, 2, 3, 4, 5, 6]
    other = province.take_in(replace(BATCHES["T01"], level="中级", title="工程师", current_title="助理工程师"))
    for day, kind, officers in WALKS["T01"]:
        province.at(day)
        province.sign(kind, other, *officers)
    assert sorted(one.certificate.number[-7:-1] for one in province.issue(other)) == ["000001", "000002"]


def test_numbers_stand_in_the_order_of_the_roster(province: World) -> None:
    roster_id = province.ready(people=5)
    by_entry = {one.certificate.entry_id: one.certificate.number for one in province.issue(roster_id)}
    numbers = [by_entry[e.id] for e in province.entries(roster_id)]
    assert numbers == sorted(numbers)


def test_nothing_secret_is_given_out_twice_or_stored_in_clear(province: World) -> None:
    issued = province.issue(province.ready(people=3))
    assert len({one.claim_token for one in issued}) == len({one.code for one in issued}) == 3
    province.instance.engines.close()
    stored = b"".join(path.read_bytes() for path in province.home.glob("certsvc.sqlite3*"))
    for one in issued:
        assert one.claim_token.encode() not in stored
        assert one.code.encode() not in stored
        assert one.certificate.number.encode() in stored


def test_a_slot_is_never_used_again(province: World) -> None:
    roster_id = province.ready(people=2)
    issued = province.issue(roster_id)
    order = Proposal("correct", issued[0].code, "H1", PAPER, "correction", changes={"name": "示例改"})
    corrected = approve(province.instance, propose(province.instance, order), "H2")
    assert corrected is not None
    slots = [one.certificate.idx for one in (*issued, corrected)]
    assert len(set(slots)) == 3
    with province.instance.engines.read.connect() as connection:
        assert certificate_store.used_indices(connection, list_uri(province.instance)) == set(slots)


def test_a_second_issue_of_the_same_roster_is_refused(province: World) -> None:
    roster_id = province.ready()
    province.issue(roster_id)
    before = province.census()
    with pytest.raises(Refused) as error:
        province.issue(roster_id)
    assert error.value.code == "nothing_to_issue"
    assert province.census() == before


def test_a_roster_without_the_issue_act_is_refused(province: World) -> None:
    roster_id = province.take_in(BATCHES["T01"])
    province.walk("T01", roster_id, until="issue")
    with pytest.raises(Refused) as error:
        province.issue(roster_id)
    assert error.value.code == "nothing_to_issue"
    with pytest.raises(NotFound):
        province.issue("R9999")


# --- interruptions --------------------------------------------------------------------------------------------------


def same_certificate(one: Certificate, intent: IssueIntent) -> bool:
    return (one.number, one.idx, one.code_key) == (intent.number, intent.idx, intent.code_key)


@pytest.mark.parametrize(("later", "same_bytes"), [(1_800, True), (1_801, False)], ids=["half an hour", "more"])
def test_after_an_interruption_the_same_numbers_and_codes_are_issued_and_for_half_an_hour_the_same_bytes(
    province: World, later: int, same_bytes: bool
) -> None:
    """The log has to say when a certificate was made: one that was begun long ago is dated anew."""
    roster_id = province.ready(people=3)
    stored = issue.intend(province.instance, list(province.entries(roster_id)[:2]))
    signed = [issue.sign_intent(province.instance, intent).body for intent in stored]
    province.instance.set_clock(province.instance.now() + later)
    issued = {one.certificate.entry_id: one.certificate for one in province.issue(roster_id)}
    for intent, body in zip(stored, signed, strict=True):
        assert same_certificate(issued[intent.entry_id], intent)
        assert (issued[intent.entry_id].credential == body) == same_bytes
    check_whole(province, roster_id, 3)


def test_claim_tokens_are_told_before_a_certificate_is_in_force_and_again_after_an_interruption(
    province: World,
) -> None:
    roster_id = province.ready(people=3)
    told: list[list[issue.Prepared]] = []

    def note(chunk: list[issue.Prepared]) -> None:
        assert province.certificates() == ()
        told.append(chunk)
        if len(told) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(issue.issue(province.instance, roster_id, None, note))
    issued = [one for chunk in issue.issue(province.instance, roster_id, None, note) for one in chunk]
    assert told[0] == told[1]
    assert [one.claim_token for one in told[0]] == [one.claim_token for one in issued]
    assert [one.number for one in told[0]] == [one.certificate.number for one in issued]
    assert [one.name for one in told[0]] == [e.name for e in province.entries(roster_id)]


def test_a_failure_while_intents_are_stored_gives_every_number_back(province: World) -> None:
    roster_id = province.ready(people=4)
    before = province.census()
    with failing(province, "issue_intent", "NEW.number LIKE '%000003_'"):
        province.issue(roster_id)
    assert province.census() == before
    province.issue(roster_id)
    check_whole(province, roster_id, 4)


@pytest.mark.parametrize("table", ["certificate", "claim_link"])
def test_a_failure_while_certificates_are_stored_leaves_the_intents_alone(province: World, table: str) -> None:
    roster_id = province.ready(people=4)
    when = "(SELECT count(*) FROM certificate) = 2"
    with failing(province, table, when):
        province.issue(roster_id)
    assert province.certificates() == ()
    held = intents(province)
    assert len(held) == 4
    issued = province.issue(roster_id)
    assert sorted(one.certificate.number for one in issued) == sorted(held)
    check_whole(province, roster_id, 4)


def test_five_hundred_certificates_twice_interrupted_are_five_hundred(province: World) -> None:
    roster_id = province.ready(people=500)
    told: list[tuple[int, int]] = []
    chunks = issue.issue(province.instance, roster_id, lambda done, total: told.append((done, total)))
    assert len(next(chunks)) == issue.CHUNK
    chunks.close()
    with failing(province, "certificate", "(SELECT count(*) FROM certificate) = 333"):
        province.issue(roster_id)
    assert (len(province.certificates()), len(intents(province))) == (200, 200)
    rest = list(issue.issue(province.instance, roster_id, lambda done, total: told.append((done, total))))
    assert [len(chunk) for chunk in rest] == [200, 100]
    assert told == [(200, 300), (300, 300)]
    check_whole(province, roster_id, 500)


# --- our own check --------------------------------------------------------------------------------------------------


def sign_past_the_decision(world: World, kind: str, roster_id: str, officer: str) -> None:
    """What an insider with keys could do: an act that `decide` would refuse."""
    with world.instance.engines.write.begin() as connection:
        gathered = act.gather(world.instance, connection, Order(kind, roster_id, (officer,)))
        own = [grant for grant in gathered.own_grants if grant.payload["role"] in gathered.step["roles"]]
        act.apply(world.instance, connection, gathered, tuple(own[:1]))


def test_a_void_path_is_not_issued_and_its_numbers_stay_accounted_for(province: World) -> None:
    """Numbers that were taken are held by their intents: each has its row, and nobody else gets it."""
    void = province.take_in(replace(BATCHES["T01"], file="void.xlsx", people=3))
    province.walk("T01", void, until="evaluate")
    sign_past_the_decision(province, "evaluate", void, "MC")
    for day, kind, officers in WALKS["T01"][5:]:
        province.at(day)
        province.sign(kind, void, *officers)
    for _ in range(2):
        with pytest.raises(Refused) as error:
            province.issue(void)
        assert error.value.code == "own_check_failed"
        assert "level_out_of_scope" in error.value.en
        assert province.certificates() == ()
        assert len(intents(province)) == 3
    lawful = province.ready(people=2)
    issued = province.issue(lawful)
    assert serials(province) == [4, 5]
    assert [verify_code(province.instance, one.code).verdict for one in issued] == ["valid", "valid"]
    assert {int(number[-7:-1]) for number in intents(province)} == {1, 2, 3}


@pytest.mark.parametrize("track", ["T01", "T07"], ids=["with_a_vote", "without_a_vote"])
def test_the_committee_on_the_certificate_is_the_office_that_voted_else_the_rosters(
    province: World, track: str
) -> None:
    """Whatever a roster calls the committee: its word counts only where nobody votes."""
    roster_id = province.take_in(replace(BATCHES[track], committee="示例另一评委会"))
    province.walk(track, roster_id)
    report = verify_code(province.instance, province.issue(roster_id)[0].code)
    assert report.verdict == "valid" and report.certificate is not None
    assert report.certificate["committee"] == ("示例SL-XC" if track == "T01" else "示例另一评委会")


def by_chance_reversed(world: World, track: str, kind: str, signers: list[str], facts: list[dict[str, int]]) -> str:
    """A roster whose acts of `kind` fell in one second, each with a paper of its own, and the last not the last by name."""
    place = [at for at, (_, done, _) in enumerate(WALKS[track]) if done == kind]
    for n in range(30):
        roster_id = world.take_in(replace(BATCHES[track], file=f"{n}.xlsx"))
        world.walk(track, roster_id, until=WALKS[track][place[0]][0])
        world.at(WALKS[track][place[-1]][0])
        names = []
        for at, signer, figures in zip(place, signers, facts, strict=True):
            # Day 0 is 2025-03-03.
            day = 3 + WALKS[track][at][0]
            paper = {"number": f"示例函〔2025〕{day}号", "title": "示例", "date": f"2025-03-{day}"}
            names.append(world.sign(kind, roster_id, signer, facts=figures, document=paper).sha256)
        if names[-1] != max(names):
            break
    for day, following, officers in WALKS[track][place[-1] + 1 :]:
        world.at(day)
        world.sign(following, roster_id, *officers)
    return roster_id


def test_of_two_filings_in_one_second_the_certificate_quotes_the_last(province: World) -> None:
    roster_id = by_chance_reversed(province, "T04", "file", ["CC", "AP"], [{}, {}])
    report = verify_code(province.instance, province.issue(roster_id)[0].code)
    assert report.verdict == "valid" and report.certificate is not None
    assert report.certificate["approval"]["number"] == "示例函〔2025〕18号"


def test_of_three_meetings_in_one_second_the_certificate_quotes_the_day_of_the_last(province: World) -> None:
    stages = [{"stage": n} for n in (1, 2, 3)]
    roster_id = by_chance_reversed(province, "T11", "evaluate", ["XC"] * 3, stages)
    report = verify_code(province.instance, province.issue(roster_id)[0].code)
    assert report.verdict == "valid" and report.certificate is not None
    assert report.certificate["granted_on"] == "2025-03-21"
