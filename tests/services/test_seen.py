"""A verifier that remembers: whatever it saw newest counts, and an older list is never believed again."""

from pathlib import Path

import pytest
from support_changes import apply_changes, day
from support_forge import Forge
from support_instance import SmallInstance

from certsvc.core.bundle import parse_bundle
from certsvc.services.beside import read_update
from certsvc.services.seen import Seen
from certsvc.services.verify_evidence import Asked, Found
from certsvc.verify.report import Report


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    return Seen(tmp_path / "seen")


def ask(small: SmallInstance, seen: Seen, data: bytes, **asked: object) -> Report:
    times = {"at": day(46), "now": day(46)} | asked
    return seen.verify(Found(bundle=data), small.anchors, Asked(**times))  # type: ignore[arg-type]


def bundle(small: SmallInstance, *changes: dict[str, object], listed: float = 43) -> bytes:
    """The certificate with a list of day `listed`."""
    dated = {"do": "set", "at": "status.iat", "to": day(listed)}
    return apply_changes(Forge(small), [*changes, dated]).build()


SUSPENDED = {"do": "event", "act": "suspend", "at": day(44)}


def test_an_older_list_does_not_bring_a_suspended_certificate_back(small_instance: SmallInstance, seen: Seen) -> None:
    earlier, later = bundle(small_instance), bundle(small_instance, SUSPENDED, listed=45)
    assert ask(small_instance, seen, earlier).verdict == "valid"
    assert ask(small_instance, seen, later).verdict == "suspended"
    assert ask(small_instance, seen, earlier).verdict == "suspended"
    assert ask(small_instance, Seen(seen.folder / "other"), earlier).verdict == "valid"


def test_a_list_with_a_broken_signature_is_not_kept(small_instance: SmallInstance, seen: Seen) -> None:
    genuine = bundle(small_instance, SUSPENDED, listed=45)
    place = genuine.index(b'"status":{"list":"') + 900
    forged = genuine[:place] + (b"A" if genuine[place : place + 1] != b"A" else b"B") + genuine[place + 1 :]
    assert ask(small_instance, seen, forged).verdict == "tampered"
    assert ask(small_instance, seen, bundle(small_instance)).verdict == "valid"


def test_a_list_of_tomorrow_is_not_kept(small_instance: SmallInstance, seen: Seen) -> None:
    tomorrow = bundle(small_instance, SUSPENDED, listed=48)
    assert ask(small_instance, seen, tomorrow).verdict in ("suspended", "cannot_decide")
    assert ask(small_instance, seen, bundle(small_instance)).verdict == "valid"


def test_an_older_trust_bundle_does_not_bring_a_stolen_key_back(small_instance: SmallInstance, seen: Seen) -> None:
    ended = {"do": "end_key", "key": "COMM.seal", "at": day(20), "reason": "compromised"}
    newer = bundle(small_instance, ended, {"do": "set", "at": "trust.iat", "to": day(44)})
    assert ask(small_instance, seen, bundle(small_instance)).verdict == "valid"
    assert ask(small_instance, seen, newer).reason == "key_compromised"
    assert ask(small_instance, seen, bundle(small_instance)).reason == "key_compromised"


def test_a_damaged_memory_is_no_memory(small_instance: SmallInstance, seen: Seen) -> None:
    assert ask(small_instance, seen, bundle(small_instance)).verdict == "valid"
    for file in seen.folder.iterdir():
        file.write_bytes(b"not a list")
    assert ask(small_instance, seen, bundle(small_instance)).verdict == "valid"


def test_what_holds_no_bundle_is_judged_without_memory(small_instance: SmallInstance, seen: Seen) -> None:
    assert ask(small_instance, seen, b"{}").verdict == "tampered"
    assert not seen.folder.exists()


def test_a_list_is_remembered_with_the_proof_that_it_was_logged(small: SmallInstance, tmp_path: Path) -> None:
    memory, data, now = Seen(tmp_path / "seen"), small.bundle(), small.instance.now()
    assert memory.verify(Found(bundle=data), small.anchors, Asked(now, now)).verdict == "valid"
    kept = [read_update(path.read_bytes()) for path in memory.folder.iterdir()]
    bundle = parse_bundle(data)
    assert {(one.status, one.logged) for one in kept} == {(bundle.status_list, bundle.status_logged), (None, None)}
    assert {one.trust for one in kept} == {bundle.trust, None}
    assert bundle.status_logged is not None
