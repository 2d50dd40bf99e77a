"""A witness that leaves or was stolen: asked no more, believed for what it cosigned before, and for nothing larger."""

import json
from pathlib import Path

import pytest
from test_witnessed_log import DAY, ended_at, key_row, later, size, times_around, trust, ungrant
from world_for_tests import World

from certsvc.core.checkpoint import WitnessPolicy
from certsvc.core.errors import CertsvcError
from certsvc.core.logged import checkpoint_in, log_keys
from certsvc.core.note import format_vkey
from certsvc.core.outcomes import Fault
from certsvc.services import appointment, cosign, documents, key_events
from certsvc.services.former_witnesses import witness_jkt
from certsvc.services.log_proofs import note_of
from certsvc.services.witness import create
from certsvc.services.witness_list import FILE, read_list
from certsvc.store import log as log_store

THIRD = "witness.example/third"


@pytest.fixture
def office(province: World, tmp_path: Path) -> World:
    """A province with three witnesses, two of which have to cosign; three days after everything was set up."""
    later(province, 3 * DAY)
    appointment.appoint(province.instance, create(tmp_path / "third", THIRD), f"file:{tmp_path / 'third'}")
    later(province, DAY)
    return province


def first_of(world: World) -> str:
    return cosign.witnesses(world.instance)[0].key.name


def jkt_of(world: World, name: str) -> str:
    found = read_list(world.instance)
    assert found is not None
    return next(witness_jkt(one.key) for one in (*found.members, *found.former) if one.key.name == name)


def believed(world: World, size: int) -> set[str]:
    """The witnesses that a verifier counts under the newest checkpoint as it stands in the store."""
    with world.instance.engines.read.connect() as connection:
        stored = log_store.find_checkpoint(connection, size)
        assert stored is not None
        note, keys = note_of(connection, stored, latest=True), log_keys(trust(world))
    return set(checkpoint_in(note, keys).witness_times)


def test_a_witness_that_leaves_counts_up_to_the_place_of_its_event(office: World) -> None:
    name, before = first_of(office), size(office)
    old = ungrant(office)
    later(office, DAY)
    appointment.end(office.instance, name, "withdrawn")
    row = key_row(office, jkt_of(office, name))
    assert (row["use"], row["reason"], row["good_before"]) == ("witness", "withdrawn", None)
    assert [row["to_index"]] == ended_at(office, str(row["jkt"]))
    assert len(trust(office)["witness_policy"]["vkeys"]) == 3  # type: ignore[index]
    assert name in believed(office, before)
    assert [len(times) for times in times_around(office, old)] == [3, 3]


def test_after_its_end_a_witness_is_asked_no_more_and_the_others_are_enough(office: World) -> None:
    name = first_of(office)
    appointment.end(office.instance, name, "withdrawn")
    later(office, DAY)
    fresh = ungrant(office)
    assert [len(times) for times in times_around(office, fresh)] == [2, 2]
    assert name not in {one.witness for one in cosign.cosign(office.instance)}
    assert name not in believed(office, size(office))


def test_a_cosignature_of_a_stolen_witness_counts_up_to_the_theft_only(office: World) -> None:
    name, sizes = first_of(office), []
    for _ in range(3):
        later(office, DAY)
        documents.publish_trust(office.instance)
        sizes.append((office.instance.now(), size(office)))
    later(office, DAY)
    appointment.end(office.instance, name, "compromised", sizes[1][0] + 5)
    row = key_row(office, jkt_of(office, name))
    assert (row["reason"], row["good_before_index"]) == ("compromised", sizes[1][1])
    assert [name in believed(office, at) for _, at in sizes] == [True, True, False]


def test_of_a_witness_that_was_stolen_nobody_knows_when_nothing_counts(office: World) -> None:
    name, before = first_of(office), size(office)
    appointment.end(office.instance, name, "compromised")
    assert key_row(office, jkt_of(office, name))["good_before_index"] is None
    assert name not in believed(office, before)


def test_a_stolen_witness_and_one_other_are_not_two(office: World) -> None:
    name = first_of(office)
    with office.instance.engines.read.connect() as connection:
        later(office, DAY)
        documents.publish_trust(office.instance)
        newest = log_store.newest(connection)
        assert newest is not None
        lines = {row.witness: row.latest for row in log_store.list_cosignatures(connection, newest.size)}
    appointment.end(office.instance, name, "compromised")
    other = next(one for one in lines if one != name)
    keys = log_keys(trust(office))
    assert isinstance(keys.policy, WitnessPolicy)
    with pytest.raises(Fault) as fault:
        checkpoint_in(newest.note + "".join(sorted([lines[name], lines[other]])).encode(), keys)
    assert (fault.value.code, fault.value.about.figures) == ("witness_quorum", {"found": "1", "needed": "2"})


def test_the_history_tells_of_the_end_of_a_witness(office: World) -> None:
    name = first_of(office)
    (before,) = key_events.history(office.instance, name)
    appointment.end(office.instance, name, "compromised", office.instance.now() - 5)
    (line,) = key_events.history(office.instance, name)
    assert (before.to, before.reason, line.start) == (None, None, before.start)
    assert (line.reason, line.to, line.good_before) == (
        "compromised",
        office.instance.now(),
        office.instance.now() - 5,
    )


def test_what_would_leave_too_few_or_names_nobody_changes_nothing(office: World) -> None:
    name = first_of(office)
    for asked, code in (
        (("witness.example/nobody", "withdrawn"), "witness_unknown"),
        ((name, "withdrawn", 5), "since_future"),
        ((name, "compromised", office.instance.now() + 1), "since_future"),
    ):
        before = trust(office), (office.home / FILE).read_bytes()
        with pytest.raises(CertsvcError) as error:
            appointment.end(office.instance, *asked)  # type: ignore[arg-type]
        assert (error.value.code, (trust(office), (office.home / FILE).read_bytes())) == (code, before)
    appointment.end(office.instance, name, "withdrawn")
    with pytest.raises(CertsvcError) as error:
        appointment.end(office.instance, first_of(office), "withdrawn")
    assert error.value.code == "witness_needed"
    with pytest.raises(CertsvcError) as error:
        appointment.end(office.instance, name, "withdrawn")
    assert error.value.code == "witness_unknown"


def test_who_has_ended_is_not_appointed_again(office: World) -> None:
    found = read_list(office.instance)
    assert found is not None
    gone = found.members[0]
    appointment.end(office.instance, gone.key.name, "withdrawn")
    with pytest.raises(CertsvcError) as error:
        appointment.appoint(office.instance, format_vkey(gone.key), gone.url)
    assert error.value.code == "witness_ended"


def test_a_witness_that_was_marked_by_hand_is_told_with_the_command(office: World) -> None:
    value = json.loads((office.home / FILE).read_text())
    value["witnesses"][0]["ended"] = True
    (office.home / FILE).write_text(json.dumps(value))
    with pytest.raises(CertsvcError) as error:
        documents.publish_trust(office.instance)
    assert error.value.code == "witnesses_form"
