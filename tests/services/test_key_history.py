"""The history of keys (`certsvc keys history`): every key from beginning to end, whoever holds it."""

from pathlib import Path

from world_for_tests import World

from certsvc.core.kinds import CEREMONY_USES, CERTIFYING_USES, ISSUED_USES
from certsvc.services import key_events
from certsvc.services.appointment import appoint
from certsvc.services.rotation import HANDOVER, rotate_officer
from certsvc.services.witness import create
from certsvc.store import keys as key_store


def test_the_history_has_every_key_of_everybody_and_the_witnesses_as_trust_bundles_name_them(
    province: World, tmp_path: Path
) -> None:
    province.at(0)
    instance = province.instance
    appointed = instance.now() + 60
    instance.set_clock(appointed)
    witness = create(tmp_path / "w", "w.example/history")
    appoint(instance, witness, f"file:{tmp_path / 'w'}")
    lines = key_events.history(instance)
    assert {line.use for line in lines} >= {*ISSUED_USES, *CEREMONY_USES, *CERTIFYING_USES}
    with instance.engines.read.connect() as connection:
        registered = key_store.list_signing_keys(connection)
        officers = {one.id for one in key_store.list_officers(connection)}
    assert {line.jkt for line in lines} > {key.jkt for key in registered}
    assert {line.officer for line in lines} - {None} == officers
    (line,) = (one for one in lines if one.org == "w.example/history")
    assert (line.use, line.start >= appointed, line.to, line.reason) == ("witness", True, None, None)
    assert key_events.history(instance, "w.example/history") == [line]


def test_an_officers_key_has_a_line_while_it_lives_and_when_it_has_ended(province: World) -> None:
    province.at(0)
    before = {line.jkt for line in key_events.history(province.instance) if line.officer == "H1"}
    changed = rotate_officer(province.instance, "H1")
    lines = {line.jkt: line for line in key_events.history(province.instance) if line.officer == "H1"}
    assert lines.keys() == before | {changed.new.jkt}
    old, new = lines[changed.old.jkt], lines[changed.new.jkt]
    assert (old.to, old.reason, old.good_before) == (province.instance.now() + HANDOVER, "rotated", None)
    assert (new.start, new.to, new.reason, new.good_before) == (province.instance.now(), None, None, None)
