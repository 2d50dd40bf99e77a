"""A verifier that remembers: whatever it saw newest counts, and an older list is never believed again."""

import copy
import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from support_changes import apply_changes, day
from support_forge import Forge
from support_instance import SmallInstance

from certsvc.core.bundle import parse_bundle
from certsvc.core.errors import Refused
from certsvc.services.beside import MOST, read_update, update_in
from certsvc.services.seen import Seen
from certsvc.services.verify_evidence import Asked, Found, verify_offline
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


DAMAGES = {
    "cut short": lambda kept: kept[:-7],
    "emptied": lambda _: b"",
    "no list": lambda _: b"not a list",
    "another payload": lambda kept: kept.replace(b".ey", b".eY", 1),
    "a bit of the signature": lambda kept: re.sub(rb"([A-Za-z0-9_-])(\",\"log\")", _another, kept, count=1),
}


def _another(found: re.Match[bytes]) -> bytes:
    # Two bits of the last character of a signature are loose: the one before them is changed.
    return (b"A" if found[1] not in b"ABCD" else b"Q") + found[2]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_memory_is_told_and_never_passed_over(small_instance: SmallInstance, seen: Seen, damage: str) -> None:
    """It may have known of a revocation."""
    assert ask(small_instance, seen, bundle(small_instance, SUSPENDED, listed=45)).verdict == "suspended"
    for file in seen.folder.iterdir():
        if b'"list":null' not in file.read_bytes():
            file.write_bytes(DAMAGES[damage](file.read_bytes()))
    with pytest.raises(Refused, match="seen_damaged") as refused:
        ask(small_instance, seen, bundle(small_instance))
    assert str(seen.folder) in refused.value.en


def test_another_root_that_is_pinned_makes_nothing_forgotten(
    small_instance: SmallInstance, small: SmallInstance, seen: Seen
) -> None:
    """Each root has its own memory, whoever else is held."""
    earlier, later = bundle(small_instance), bundle(small_instance, SUSPENDED, listed=45)
    assert ask(small_instance, seen, later).verdict == "suspended"
    asked, ours, others = Asked(day(46), day(46)), small_instance.anchors, small.anchors
    assert ours != others
    for anchors in ((*ours, *others), (*others, *ours)):
        assert seen.verify(Found(bundle=earlier), anchors, asked).verdict == "suspended"


def test_what_was_kept_for_roots_together_is_still_known(
    small_instance: SmallInstance, small: SmallInstance, seen: Seen
) -> None:
    """Up to 0.1 a file was named by all the roots that were pinned."""
    earlier, later = bundle(small_instance), bundle(small_instance, SUSPENDED, listed=45)
    anchors = (*small_instance.anchors, *small.anchors)
    update = replace(update_in(parse_bundle(later)), trust=None)
    above = b"".join(anchor.der for anchor in anchors)
    seen.folder.mkdir()
    what = update.documents[0].unverified_payload["sub"] + "statuslist+jwt"
    (seen.folder / f"{sha256(above + what.encode()).hexdigest()}.jwt").write_bytes(update.write())
    assert seen.verify(Found(bundle=earlier), anchors, Asked(day(46), day(46))).verdict == "suspended"


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


def test_a_file_of_long_ago_with_all_grants_of_its_office_is_remembered(
    small_instance: SmallInstance, seen: Seen
) -> None:
    """Each rotation gave another one that names the status key; bundles held them all (docs/decisions/0044)."""
    forge = Forge(small_instance)
    own = forge.tree["grants"]["issuer"]
    for number in range(MOST["grants"] + 4):
        forge.tree["grants"][f"issuer{number}"] = {**copy.deepcopy(own), "jti": str(UUID(int=number + 1))}
        forge.tree["signers"][f"grants.issuer{number}"] = list(forge.tree["signers"]["grants.issuer"])
    old = forge.build()
    assert len(update_in(parse_bundle(old)).grants) <= MOST["grants"] < len(parse_bundle(old).grants)
    assert verify_offline(Found(bundle=old), small_instance.anchors, Asked(at=day(43), now=day(43))).verdict == "valid"
    assert ask(small_instance, seen, old, at=day(43), now=day(43)).verdict == "valid"
    assert ask(small_instance, seen, bundle(small_instance)).verdict == "valid"
    assert ask(small_instance, seen, bundle(small_instance, SUSPENDED, listed=45)).verdict == "suspended"
