"""What two witnesses say of an office's log: both sides of every leaf, points in the trust bundle, keys of the log."""

import json
from pathlib import Path

import pytest
from sqlalchemy import event
from world_for_tests import PAPER, World, opened

from certsvc.core.checkpoint import WitnessPolicy, format_proof, parse_log_keys, parse_proof, verify_checkpoint
from certsvc.core.encoding import unb64
from certsvc.core.errors import CertsvcError
from certsvc.core.logged import log_keys, span_between
from certsvc.core.merkle import inclusion_holds, leaf_hash
from certsvc.core.note import (
    NoteSignature,
    VerifierKey,
    format_line,
    format_vkey,
    parse_note,
    parse_vkey,
    verified_signatures,
)
from certsvc.core.outcomes import Fault
from certsvc.services import (
    appointment,
    compromise,
    cosign,
    documents,
    key_events,
    log,
    log_leaves,
    log_points,
    rotation,
    withdrawal,
)
from certsvc.services.log_evidence import LogEvidence, believed
from certsvc.services.witness import add_checkpoint, create, open_witness
from certsvc.services.witness_list import FILE, write_list
from certsvc.store import keys as key_store
from certsvc.store import log as log_store

MINUTE, DAY = 60, 86_400


@pytest.fixture
def office(province: World) -> World:
    """A province with two witnesses; three days after everything was set up."""
    later(province, 3 * DAY)
    return province


def later(world: World, seconds: int) -> int:
    world.instance.set_clock(world.instance.now() + seconds)
    return world.instance.now()


def trust(world: World) -> dict[str, object]:
    with world.instance.engines.read.connect() as connection:
        return dict(documents.current_trust(connection).unverified_payload)


def place(world: World, sha256: str) -> int:
    with world.instance.engines.read.connect() as connection:
        leaf = log_store.find_by_key(connection, sha256)
    assert leaf is not None and leaf.idx is not None
    return leaf.idx


def size(world: World) -> int:
    with world.instance.engines.read.connect() as connection:
        return log_store.read_state(connection).pub_size


def times_around(world: World, sha256: str) -> tuple[list[int], list[int]]:
    """When the witnesses cosigned last without the leaf of a document, and first with it."""
    with world.instance.engines.read.connect() as connection:
        found, keys = LogEvidence(world.instance, connection).of_key(sha256), believed(world.instance, connection)
    assert found is not None
    span = span_between(found.before, found.proof.checkpoint, keys)
    assert span.without is not None
    return sorted(span.without.witness_times.values()), sorted(span.having.witness_times.values())


def ungrant(world: World, act: str = "evaluate", **named: object) -> str:
    with world.instance.engines.read.connect() as connection:
        grants = documents.grants_of(connection, "SL-EC")
    (grant,) = [one.sha256 for one in grants if act in one.unverified_payload["acts"]]
    reason = "compromised" if "good_before" in named else "withdrawn"
    return withdrawal.withdraw_grant(world.instance, grant, reason, PAPER, **named).sha256  # type: ignore[arg-type]


# --- both sides of a leaf --------------------------------------------------------------------------------------------


def test_a_leaf_lies_between_two_cosignatures_of_one_minute(office: World) -> None:
    now = office.instance.now()
    assert times_around(office, ungrant(office)) == ([now, now], [now, now])


def test_within_a_minute_nobody_is_asked_again_before_a_transaction(office: World) -> None:
    first = office.instance.now()
    ungrant(office)
    later(office, MINUTE)
    assert times_around(office, ungrant(office, "accept"))[0] == [first, first]


def test_after_a_minute_the_present_checkpoint_is_cosigned_again_first(office: World) -> None:
    ungrant(office)
    now = later(office, MINUTE + 1)
    assert times_around(office, ungrant(office, "accept")) == ([now, now], [now, now])


def test_a_clock_that_went_back_is_no_reason_to_date_a_leaf_behind_itself(office: World) -> None:
    ungrant(office)
    now = later(office, -2 * DAY)
    assert times_around(office, ungrant(office, "accept")) == ([now, now], [now, now])


def test_every_leaf_of_a_new_home_has_cosigned_checkpoints_on_both_sides(province: World) -> None:
    with province.instance.engines.read.connect() as connection:
        first, last = log_store.last_without(connection, 0, 2), log_store.first_with(connection, size(province) - 1, 2)
    assert first is not None and first.size == 0
    assert last is not None and last.size == size(province)


def test_transactions_of_one_moment_are_cosigned_once_and_in_order(office: World) -> None:
    with office.instance.engines.read.connect() as connection:
        before = log_store.list_sizes(connection)
    with log_leaves.together(office.instance):
        names = [ungrant(office), ungrant(office, "accept")]
        assert size(office) == before[-1]
    with office.instance.engines.read.connect() as connection:
        assert log_store.list_sizes(connection)[len(before) :] == [size(office)]
        assert len(log_store.list_cosignatures(connection, size(office))) == 2
    assert place(office, names[0]) < place(office, names[1])


def test_what_goes_wrong_with_transactions_of_one_moment_leaves_nothing_waiting(office: World) -> None:
    with pytest.raises(RuntimeError), log_leaves.together(office.instance):
        ungrant(office)
        raise RuntimeError
    assert log_leaves.waiting_since(office.instance) == (0, None)
    assert log_leaves.is_fresh(office.instance)


def test_a_list_of_witnesses_with_a_defect_stops_no_business(office: World, caplog: pytest.LogCaptureFixture) -> None:
    with office.instance.engines.read.connect() as connection:
        jkt = documents.officer_key(connection, "U1").jkt
    with log_leaves.transaction(office.instance):
        (office.home / FILE).write_text("[]")
    assert "witnesses_form" in caplog.text
    # A trust bundle would have to say who the witnesses are.
    with pytest.raises(CertsvcError, match="witnesses_form"):
        key_events.end_key(office.instance, jkt)


def test_leaves_that_another_process_placed_and_left_are_cosigned(office: World) -> None:
    with office.instance.engines.write.begin() as connection:
        documents.publish_trust_within(office.instance, connection)
    log.sequence(office.instance)
    assert cosign.is_wanting(office.instance)
    log_leaves.settle(office.instance)
    assert not cosign.is_wanting(office.instance)


def test_who_is_overtaken_between_reading_the_newest_checkpoint_and_showing_it_says_so(office: World) -> None:
    ungrant(office)
    overtaken: list[int] = []
    asked = office.instance.engines.read

    def another_is_faster(*_: object) -> None:
        if overtaken:
            return
        overtaken.append(1)
        with opened(office.home) as other:
            ungrant(World(other, office.folder), "accept")

    event.listen(asked, "after_cursor_execute", another_is_faster)
    said = cosign.cosign(office.instance)
    assert overtaken
    assert {(one.outcome, one.detail) for one in said} == {("refused", "HTTP 409")}
    assert not cosign.is_wanting(office.instance)


# --- points in the trust bundle --------------------------------------------------------------------------------------


def key_row(world: World, jkt: str) -> dict[str, object]:
    (row,) = [one for one in trust(world)["keys"] if one["jkt"] == jkt]  # type: ignore[attr-defined]
    return dict(row)


def ended_at(world: World, jkt: str) -> list[int]:
    """The places of the events that a key ended."""
    with world.instance.engines.read.connect() as connection:
        rows = documents.document_store.list_documents(connection, "key+jwt", jkt)
    return sorted(place(world, row.sha256) for row in rows if json.loads(payload_of(row.body))["to"] is not None)


def payload_of(body: bytes) -> bytes:
    return unb64(body.split(b".")[1].decode())


def test_a_rotated_key_ends_at_the_place_of_its_event(office: World) -> None:
    before = size(office)
    done = rotation.rotate_key(office.instance, "SL-HRSS", "seal")
    row = key_row(office, done.old.jkt)
    assert [row["to_index"]] == ended_at(office, done.old.jkt)
    assert trust(office)["n"] == before <= row["to_index"] < size(office)  # type: ignore[operator]
    assert (row["reason"], row["good_before_index"]) == ("rotated", None)
    assert key_row(office, done.new.jkt)["to_index"] is None
    documents.publish_trust(office.instance)
    assert key_row(office, done.old.jkt) == row


def test_a_theft_that_comes_to_light_later_moves_no_end(office: World) -> None:
    done = rotation.rotate_key(office.instance, "SL-HRSS", "seal")
    first, since = ended_at(office, done.old.jkt), office.instance.now()
    later(office, DAY)
    compromise.condemn(office.instance, done.old.jkt, since, PAPER)
    row = key_row(office, done.old.jkt)
    assert len(ended_at(office, done.old.jkt)) == 2
    assert ([row["to_index"]], row["reason"]) == (first, "compromised")


def test_what_a_stolen_key_signed_is_good_up_to_what_enough_witnesses_had_seen(office: World) -> None:
    with office.instance.engines.read.connect() as connection:
        jkt = documents.own_key(connection, "SL-HRSS", "seal").jkt
    sizes = {}
    for _ in range(3):
        later(office, DAY)
        documents.publish_trust(office.instance)
        sizes[office.instance.now()] = size(office)
    moments = list(sizes)
    later(office, DAY)
    compromise.condemn(office.instance, jkt, moments[1] + 5, PAPER)
    row = key_row(office, jkt)
    assert row["good_before_index"] == sizes[moments[1]]
    assert [row["to_index"]] == ended_at(office, jkt)
    # An earlier theft: nothing of that day stays good.
    compromise.condemn(office.instance, jkt, moments[1] - 1, PAPER)
    assert key_row(office, jkt)["good_before_index"] == sizes[moments[0]]


def test_nothing_is_good_before_anybody_saw_the_log(office: World) -> None:
    ungrant(office, good_before=5)
    (row,) = trust(office)["withdrawn"]  # type: ignore[misc]
    assert row["good_before_index"] == 0


def test_a_withdrawal_counts_from_its_own_place(office: World) -> None:
    name = ungrant(office, good_before=office.instance.now())
    (row,) = trust(office)["withdrawn"]  # type: ignore[misc]
    # What it stands behind: all that was there and cosigned when it was signed.
    assert row["from_index"] == row["good_before_index"] == place(office, name)


def test_without_witnesses_nothing_is_known_to_have_been_good(office: World) -> None:
    (office.home / FILE).unlink()
    ungrant(office, good_before=office.instance.now())
    said = trust(office)
    (row,) = said["withdrawn"]  # type: ignore[misc]
    # Nothing is published meanwhile: it comes to the next place.
    assert (row["from_index"], row["good_before_index"], said["witness_policy"]) == (size(office), None, None)


def test_a_procedure_stands_from_its_own_leaf_to_that_of_its_successor(office: World) -> None:
    rows = trust(office)["procedures"]
    assert all(row["to_index"] is None and row["from_index"] == place(office, row["sha256"]) for row in rows)  # type: ignore[attr-defined]
    with office.instance.engines.write.begin() as connection:
        old = documents.procedure_for(connection, "T01", office.instance.now())
        key = documents.own_key(connection, "ROOT", "policy")
        payload = {**old.unverified_payload, "version": 99, "iat": office.instance.now()}
        new = documents.store_signed(office.instance, connection, key, "procedure+jwt", payload, "T01").sha256
        documents.publish_trust_within(office.instance, connection)
    log_leaves.settle(office.instance)
    first, second = [row for row in trust(office)["procedures"] if row["track"] == "T01"]  # type: ignore[attr-defined]
    assert (first["sha256"], first["to_index"]) == (old.sha256, place(office, new))
    assert (second["sha256"], second["from_index"], second["to_index"]) == (new, place(office, new), None)


def test_a_point_once_published_stays_also_under_another_policy(office: World, tmp_path: Path) -> None:
    """No old checkpoint has the signature of a witness that is appointed today."""
    moment = office.instance.now()
    policy = cosign.policy(office.instance)
    assert policy is not None
    with office.instance.engines.read.connect() as connection:
        fresh = log_points.bounds(connection, policy, [moment], {})
        assert log_points.bounds(connection, policy, [moment], {moment: 7}) == {moment: 7} != fresh
    ungrant(office, good_before=moment)
    (row,) = trust(office)["withdrawn"]  # type: ignore[misc]
    rows = [{"url": one.url, "vkey": format_vkey(one.key)} for one in cosign.witnesses(office.instance)]
    rows.append({"url": f"file:{tmp_path / 'w'}", "vkey": create(tmp_path / "w", NEW)})
    write_list(office.instance, {"threshold": 3, "witnesses": rows})
    documents.publish_trust(office.instance)
    assert trust(office)["withdrawn"] == [row]


def test_points_are_found_in_a_log_of_many_checkpoints(office: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_points, "PAGE", 2)
    sizes = {}
    for _ in range(5):
        later(office, DAY)
        documents.publish_trust(office.instance)
        sizes[office.instance.now() + 1] = size(office)
    with office.instance.engines.read.connect() as connection:
        assert log_points.bounds(connection, cosign.policy(office.instance), [*sizes, 5], {}) == {**sizes, 5: 0}


def test_of_three_witnesses_the_second_decides_when_two_are_wanted() -> None:
    def line(name: str, seconds: int) -> tuple[str, str]:
        key = VerifierKey(name, 4, name.encode().ljust(32))
        return name, format_line(NoteSignature(name, key.key_id, seconds.to_bytes(8) + bytes(64)))

    keys = tuple(VerifierKey(name, 4, name.encode().ljust(32)) for name in ("a", "b", "c"))
    policy = WitnessPolicy(2, keys)
    assert log_points.quorum_time(dict([line("a", 30), line("b", 10), line("c", 20)]), policy) == 20
    assert log_points.quorum_time(dict([line("a", 30), line("x", 10)]), policy) is None
    # A line of an earlier key of the same name.
    stale = {"b": line("x", 10)[1], **dict([line("a", 30)])}
    assert log_points.quorum_time(stale, policy) is None


# --- keys of the log, and another witness ----------------------------------------------------------------------------


def old_proof(world: World, sha256: str) -> tuple[bytes, bytes]:
    """A leaf and its tlog-proof, as a holder keeps them."""
    with world.instance.engines.read.connect() as connection:
        found = LogEvidence(world.instance, connection).of_key(sha256)
    assert found is not None
    return found.entry, format_proof(found.proof)


def holds(entry: bytes, proof: bytes, said: dict[str, object]) -> bool:
    """Whether a proof verifies by what a trust bundle says."""
    keys, parsed = log_keys(said), parse_proof(proof)
    note = parse_note(parsed.checkpoint)
    try:
        point = verify_checkpoint(note, keys.log, keys.policy, closed=False)
    except Fault:
        return False
    return keys.believes(note.signatures[0], point.size) and inclusion_holds(
        leaf_hash(entry), parsed.index, point.size, parsed.path, point.root
    )


def test_proofs_of_before_a_rotation_of_the_log_key_verify_afterwards(office: World) -> None:
    name = ungrant(office)
    entry, proof = old_proof(office, name)
    assert holds(entry, proof, trust(office))
    old = trust(office)["log_vkeys"]
    later(office, DAY)
    rotation.rotate_key(office.instance, "ROOT", "log")
    said = trust(office)
    assert said["log_vkeys"][1:] == old and len(said["log_vkeys"]) == 2  # type: ignore[index, arg-type]
    assert holds(entry, proof, said)
    # What is logged with the new key is cosigned as well, and only the new bundle has that key.
    later(office, DAY)
    fresh = old_proof(office, ungrant(office, "accept"))
    assert holds(*fresh, said)
    assert not holds(*fresh, {**said, "log_vkeys": old})
    assert office.instance.anchors[0].log_required


def test_a_witness_that_knows_only_the_old_key_goes_on_until_that_is_taken_away(office: World) -> None:
    old = trust(office)["log_vkeys"]
    rotation.rotate_key(office.instance, "ROOT", "log")
    documents.publish_trust(office.instance)
    with office.instance.engines.read.connect() as connection:
        newest = log_store.newest(connection)
        ended = key_store.list_signing_keys(connection, org_id="ROOT", use="log")[1]
        assert newest is not None
        both = log.with_rotated_keys(office.instance, connection, newest.note)
    keys = parse_log_keys(trust(office)["log_vkeys"])  # type: ignore[arg-type]
    assert set(verified_signatures(parse_note(both), keys)) == set(keys)
    stranger = open_witness(office.home / "witnesses" / "north", old)  # type: ignore[arg-type]
    request = f"old {newest.size}\n\n".encode()
    assert add_checkpoint(stranger, request + both).status == 200
    assert add_checkpoint(stranger, request + newest.note).status == 403
    stranger.engines.close()
    # Its signer is open in this process; another one finds no file.
    (office.instance.keys_dir / ended.uri.removeprefix("file:")).unlink()
    with opened(office.home) as other, other.engines.read.connect() as connection:
        assert log.with_rotated_keys(other, connection, newest.note) == newest.note
        assert [one.outcome for one in cosign.cosign(other)] == ["cosigned"] * 2


def test_a_stolen_log_key_is_believed_for_what_it_signed_before_and_the_log_goes_on(office: World) -> None:
    before = old_proof(office, ungrant(office))
    (stolen,) = trust(office)["log_vkeys"]  # type: ignore[misc]
    with office.instance.engines.read.connect() as connection:
        jkt = documents.own_key(connection, "ROOT", "log").jkt
    later(office, DAY)
    theft = office.instance.now()
    later(office, DAY)
    after = old_proof(office, ungrant(office, "accept"))
    compromise.condemn(office.instance, jkt, theft, PAPER)
    said = trust(office)
    assert said["log_vkeys"][1:] == [stolen] and len(said["log_vkeys"]) == 2  # type: ignore[index, arg-type]
    assert holds(*before, said)
    assert not holds(*after, said)
    assert holds(*old_proof(office, documents.publish_calendar(office.instance)), said)


def test_a_witness_that_is_appointed_stands_in_a_new_bundle_at_once(office: World, tmp_path: Path) -> None:
    vkey = create(tmp_path / "third", "witness.example/third")
    before = trust(office)["iat"]
    said = appointment.appoint(office.instance, vkey, f"file:{tmp_path / 'third'}")
    assert [one.outcome for one in said] == ["cosigned"] * 3
    assert trust(office)["witness_policy"] == cosign.policy_row(office.instance)
    assert trust(office)["witness_policy"]["vkeys"][2] == vkey  # type: ignore[index]
    assert (trust(office)["iat"] > before, cosign.policy(office.instance).threshold) == (True, 2)  # type: ignore[operator, union-attr]
    appointment.appoint(office.instance, vkey, f"file:{tmp_path / 'elsewhere'}", 2)
    assert [one.url for one in cosign.witnesses(office.instance)][2:] == [f"file:{tmp_path / 'elsewhere'}"]
    assert trust(office)["witness_policy"]["threshold"] == 2  # type: ignore[index]


NEW = "witness.example/new"
BAD_APPOINTMENTS = {
    "no key": ("x", "http://w.example", None, "vkey_form"),
    "another scheme": (None, "ftp://w.example", None, "witness_url"),
    "a threshold that nothing published has": (None, "http://w.example", 3, "threshold_late"),
    "a threshold that nobody can reach": (None, "http://w.example", 4, "threshold_late"),
    "a known name with another key": ("north", "http://w.example", None, "witness_known"),
}


@pytest.mark.parametrize(("vkey", "url", "threshold", "code"), BAD_APPOINTMENTS.values(), ids=BAD_APPOINTMENTS.keys())
def test_a_witness_that_cannot_be_changes_nothing_and_the_next_command_is_named(
    office: World, tmp_path: Path, vkey: str | None, url: str, threshold: int | None, code: str
) -> None:
    names = {None: NEW, "north": "witness-north.example/certsvc-demo"}
    key = create(tmp_path / "w", names[vkey]) if vkey in names else str(vkey)
    before = (office.home / FILE).read_bytes(), trust(office)
    with pytest.raises(CertsvcError) as error:
        appointment.appoint(office.instance, key, url, threshold)
    assert (error.value.code, error.value.hint.startswith("certsvc witness ")) == (code, True)
    assert ((office.home / FILE).read_bytes(), trust(office)) == before


def test_the_first_witness_is_enough_unless_more_are_asked_for(office: World, tmp_path: Path) -> None:
    (office.home / FILE).unlink()
    appointment.appoint(office.instance, create(tmp_path / "w", NEW), f"file:{tmp_path / 'w'}")
    policy = cosign.policy(office.instance)
    assert policy is not None and policy.threshold == 1
    assert [key.name for key in policy.keys] == [NEW]
    assert parse_vkey(cosign.policy_row(office.instance)["vkeys"][0]).name == NEW  # type: ignore[index]
