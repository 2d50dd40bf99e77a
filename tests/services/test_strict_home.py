"""A home whose root requires the log, from its founding to a certificate, with witnesses that answer over HTTP."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from cli_for_tests import call, must
from support_instance import START, SmallInstance, build_small_instance
from witnessed_for_tests import NAMES, serving, with_witnesses
from world_for_tests import BATCHES, PAPER, World, database, opened

from certsvc.core.bundle import parse_bundle
from certsvc.core.errors import NotReady, Refused
from certsvc.core.note import format_note, parse_note
from certsvc.core.outcomes import Fault
from certsvc.instance import Instance, read_anchors
from certsvc.services import (
    act,
    appointment,
    compromise,
    cosign,
    doctor,
    documents,
    heartbeat,
    log,
    log_leaves,
    mirror,
    rotation,
    status,
)
from certsvc.services.ceremony import Plan
from certsvc.services.founding import found
from certsvc.services.log_proofs import note_of
from certsvc.services.publish import trust_document
from certsvc.services.witness_list import FILE, write_list
from certsvc.store import log as log_store
from certsvc.verify import verify
from certsvc.verify.case import Evidence

PLAN = Plan(
    "https://strict.invalid", "HRSS", "示例省人社厅(样章)", "Sample HRSS", "112200009999999985", log_required=True, demo=True
)  # fmt: skip


def published(instance: Instance) -> list[int]:
    with instance.engines.read.connect() as connection:
        return log_store.list_sizes(connection)


def cosigned(instance: Instance, size: int) -> int:
    with instance.engines.read.connect() as connection:
        return len(log_store.list_cosignatures(connection, size))


@pytest.fixture
def founded(tmp_path: Path) -> Iterator[Instance]:
    """A production home that was founded just now, with a clock that the test moves."""
    with database(None):
        found(tmp_path / "home", PLAN, START)
    with opened(tmp_path / "home") as instance:
        instance.set_clock(START)
        yield instance


# --- before the witnesses --------------------------------------------------------------------------------------------


def test_a_founded_home_publishes_nothing_and_says_what_it_waits_for(founded: Instance, caplog) -> None:
    assert published(founded) == []
    assert log_leaves.waiting_since(founded)[0] > 0
    documents.publish_trust(founded)
    log_leaves.settle(founded)
    assert (published(founded), caplog.text) == ([], "")
    with pytest.raises(NotReady, match="witnesses_missing"):
        log.sequence(founded)
    with pytest.raises(NotReady, match="witnesses_missing"):
        log.integrate(founded)
    (finding,) = [one for one in doctor.visit(founded.home) if one.hint.startswith("certsvc witness add")]
    assert (finding.state, "witnesses" in finding.en) == (doctor.BAD, True)


def test_no_act_and_no_decision_begins_without_witnesses(founded: Instance) -> None:
    attempts = (
        lambda: act.do_act(founded, act.Order("unit_notice", "R0001", ("U1",))),
        lambda: status.propose(founded, status.Proposal("revoke", "X", "H1", PAPER, "fraud")),
        lambda: status.approve(founded, "P0001", "H2"),
    )
    for attempt in attempts:
        with pytest.raises(NotReady, match="witnesses_missing") as error:
            attempt()
        assert error.value.hint.startswith("certsvc witness add")


def test_the_empty_log_is_seen_by_all_before_anything_is_published(founded: Instance, tmp_path: Path) -> None:
    with ExitStack() as stack:
        one, two = (stack.enter_context(serving(founded, tmp_path / name[-5:], name)) for name in NAMES)
        home = ("--home", founded.home)
        first = must("witness", "add", *one, "--threshold", 2, *home)
        assert "1 of 2 appointed; nothing is published until then" in first.out + first.err
        assert (published(founded), cosign.policy(founded), cosign.policy_row(founded)) == ([], None, None)
        appointment.appoint(founded, *two)
    sizes = published(founded)
    assert sizes[0] == 0
    assert [cosigned(founded, size) for size in (sizes[0], sizes[-1])] == [2, 2]
    assert log_leaves.waiting_since(founded) == (0, None)
    with founded.engines.read.connect() as connection:
        policy = documents.current_trust(connection).unverified_payload["witness_policy"]
    assert policy == {"threshold": 2, "vkeys": [one[0], two[0]]}


def test_a_witness_that_does_not_know_us_yet_holds_everything_back_until_a_tick(
    founded: Instance, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        one, two = (stack.enter_context(serving(founded, tmp_path / name[-5:], name)) for name in NAMES)
        appointment.appoint(founded, *one, 2)
        said = appointment.appoint(founded, two[0], "http://127.0.0.1:9")
        assert sorted(one.outcome for one in said) == ["cosigned", "unreachable"]
        assert published(founded) == [0]
        with pytest.raises(NotReady, match="waiting_for_log") as error:
            documents.publish_trust(founded)
        assert error.value.hint == "certsvc log tick"
        path = founded.home / FILE
        path.write_text(path.read_text().replace("http://127.0.0.1:9", two[1]))
        founded.clock = None
        must("log", "tick", "--home", founded.home)
    sizes = published(founded)
    assert (sizes[0], cosigned(founded, 0), cosigned(founded, sizes[-1])) == (0, 2, 2)
    with founded.engines.read.connect() as connection:
        policy = documents.current_trust(connection).unverified_payload["witness_policy"]
    assert policy == cosign.policy_row(founded)


def test_what_is_published_cannot_be_asked_for_more_witnesses(founded: Instance, tmp_path: Path) -> None:
    with ExitStack() as stack:
        one, two = (stack.enter_context(serving(founded, tmp_path / name[-5:], name)) for name in NAMES)
        appointment.appoint(founded, *one)
        before = (founded.home / FILE).read_bytes()
        with pytest.raises(Refused, match="threshold_late") as error:
            appointment.appoint(founded, *two, 2)
        assert "--threshold 1" in error.value.hint
        assert (founded.home / FILE).read_bytes() == before
        assert [said.outcome for said in appointment.appoint(founded, *two)] == ["cosigned", "cosigned"]


# --- the whole way ---------------------------------------------------------------------------------------------------


def test_a_production_home_with_two_witnesses_issues_what_verifies_offline(tmp_path: Path) -> None:
    with ExitStack() as stack:
        stack.enter_context(database(None))

        def appoint(instance: Instance) -> None:
            assert published(instance) == []
            instance.set_clock(START + 900)
            with_witnesses(stack, tmp_path, instance)

        small: SmallInstance = build_small_instance(tmp_path / "home", 2, False, True, appoint)
        bundle = parse_bundle(small.bundle())
        small.instance.close()
        anchors = read_anchors(tmp_path / "home")
    assert [(anchor.test, anchor.log_required) for anchor in anchors] == [(False, True)]
    assert bundle.logged is not None and len(parse_note(bundle.logged.proof.checkpoint).signatures) == 3
    report = verify(Evidence(bundle), anchors, small.now, small.now)
    assert (report.verdict, report.reason) == ("valid", None)


# --- keys of the log -------------------------------------------------------------------------------------------------


@pytest.fixture
def rotated(province: World, tmp_path: Path) -> tuple[Path, Path, World]:
    """A mirror of a log whose key was rotated, its trust file, and its home."""
    province.at(0)
    documents.publish_trust(province.instance)
    rotation.rotate_key(province.instance, "ROOT", "log")
    documents.publish_trust(province.instance)
    mirror.export(province.instance, tmp_path / "mirror")
    trust = tmp_path / "certsvc-trust.json"
    trust.write_text(json.dumps(trust_document(province.instance)))
    return tmp_path / "mirror", trust, province


def audited(folder: Path, trust: Path) -> tuple[int, str]:
    said = call("log", "audit", folder, "--trust", trust, "--state", trust.with_suffix(".state"))
    return said.code, said.out


def test_after_a_rotation_the_older_checkpoints_of_a_mirror_are_sound(rotated: tuple[Path, Path, World]) -> None:
    folder, trust, world = rotated
    with world.instance.engines.read.connect() as connection:
        (new, old) = log.log_keys(world.instance, connection)
        signed = [parse_note(log_store.find_checkpoint(connection, size).note) for size in published(world.instance)]
    assert {line.key_id for note in signed for line in note.signatures} == {new.key_id, old.key_id}
    assert audited(folder, trust)[0] == 0


def test_a_key_that_has_ended_is_not_believed_for_what_came_later(rotated: tuple[Path, Path, World]) -> None:
    folder, trust, world = rotated
    with world.instance.engines.read.connect() as connection:
        newest = log_store.newest(connection)
        assert newest is not None
        both = log.with_rotated_keys(world.instance, connection, newest.note)
        lines = note_of(connection, newest, latest=True).removeprefix(newest.note)
    stale = parse_note(both)
    only_old = format_note(replace(stale, signatures=stale.signatures[1:]))
    (folder / "checkpoint").write_bytes(only_old + lines)
    code, out = audited(folder, trust)
    assert code == 3 and "bad_checkpoint" in out


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_notice_that_the_log_saw_late_is_not_closed_before_it_lasted(province: World) -> None:
    roster = province.take_in(BATCHES["T01"])
    key = province.home / "keys" / "log.pem"
    key.rename(key.with_suffix(".away"))
    with province.another() as second:
        second.at(0)
        second.sign("unit_notice", roster, "U1")
    key.with_suffix(".away").rename(key)
    province.at(4)
    heartbeat.beat(province.instance)
    province.at(9)
    with pytest.raises(Fault, match="interval_short"):
        province.sign("recommend", roster, "CC")
    province.at(14)
    assert province.sign("recommend", roster, "CC").count == 2


@pytest.mark.parametrize(("ahead", "word"), [(3600, "behind"), (-3600, "ahead of")])
def test_a_clock_that_is_not_that_of_the_witnesses_signs_nothing(
    founded: Instance, tmp_path: Path, ahead: int, word: str
) -> None:
    with serving(founded, tmp_path / "w", NAMES[0], ahead) as one:
        write_list(founded, {"threshold": 1, "witnesses": [{"vkey": one[0], "url": one[1]}]})
        with founded.engines.read.connect() as connection:
            before = len(documents.document_store.list_documents(connection, "trust+jwt"))
        with pytest.raises(NotReady, match="clock_differs") as error:
            documents.publish_trust(founded)
        assert f"3,600 s {word}" in error.value.en
        with founded.engines.read.connect() as connection:
            assert len(documents.document_store.list_documents(connection, "trust+jwt")) == before


def test_a_clock_that_differs_by_seconds_or_from_a_minority_signs(founded: Instance, tmp_path: Path) -> None:
    with ExitStack() as stack:
        names = [(*NAMES, "witness.example/third")[n] for n in range(3)]
        offsets = zip(names, (0, cosign.SKEW, 7200), strict=True)
        found = [stack.enter_context(serving(founded, tmp_path / name[-5:], name, off)) for name, off in offsets]
        write_list(founded, {"threshold": 2, "witnesses": [{"vkey": one[0], "url": one[1]} for one in found]})
        documents.publish_trust(founded)
        said = cosign.cosign(founded)
        assert (len(said), cosign.clock_fault(founded, said)) == (3, None)
        assert cosign.clock_fault(founded, said[2:]) is not None


def test_doctor_names_a_wrong_clock_under_every_root(small: SmallInstance, tmp_path: Path) -> None:
    with serving(small.instance, tmp_path / "w", NAMES[0], 7200) as one:
        appointment.appoint(small.instance, *one)
        small.instance.set_clock(None)
        found = [one for one in doctor.visit(small.instance.home) if one.hint == "timedatectl"]
    assert [(one.state, "7,200 s behind" in one.en or "7,199 s" in one.en) for one in found] == [(doctor.WARN, True)]


def test_a_theft_after_the_end_of_a_key_is_refused(province: World) -> None:
    ended = rotation.rotate_key(province.instance, "SL-HRSS", "seal").old
    province.instance.set_clock(ended.valid_to + 100)
    with pytest.raises(Refused, match="since_later"):
        compromise.condemn(province.instance, ended.jkt, ended.valid_to + 1, PAPER)
    assert not compromise.condemn(province.instance, ended.jkt, ended.valid_to, PAPER).already
