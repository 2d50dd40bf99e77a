"""Evidence that a holder kept, while the office goes on: the log grows, keys are rotated, witnesses come and go."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from drilled_for_tests import PAPER
from test_compromise import versions
from world_for_tests import BATCHES, ONE_UNIT, WALKS, World

from certsvc.core.bundle import parse_bundle
from certsvc.core.encoding import canonical, parse_json
from certsvc.core.errors import Refused
from certsvc.core.logged import logged_json
from certsvc.services import appointment, documents, status
from certsvc.services.beside import published_update
from certsvc.services.compromise import condemn
from certsvc.services.publish import list_uri
from certsvc.services.rotation import rotate_key, rotate_officer
from certsvc.services.seen import Seen
from certsvc.services.verify_evidence import Asked, Found, fresh_bundle, verify_code, verify_offline
from certsvc.services.witness import create
from certsvc.services.witness_list import FILE
from certsvc.verify.report import Report

DAY = 86_400
VALID = ("valid", None)
UNKNOWN = ("cannot_decide", "key_unknown")


@dataclass(frozen=True)
class Kept:
    """A certificate of a strict office, with the bundle that was frozen when it came into force."""

    world: World
    code: str
    bundle: bytes
    then: int

    def later(self, seconds: int = DAY) -> None:
        self.world.instance.set_clock(self.world.instance.now() + seconds)

    def trust(self) -> bytes:
        with self.world.instance.engines.read.connect() as connection:
            return documents.current_trust(connection).body

    def listed(self) -> bytes:
        """Today's status list with its proof, as /status/1 serves it."""
        fresh = fresh_bundle(self.world.instance, self.code)
        assert fresh is not None
        found = parse_bundle(fresh)
        return canonical({"list": found.status_list.body.decode(), "log": logged_json(found.status_logged)})

    def update(self) -> bytes:
        """What /status/1 serves as JSON today."""
        return published_update(self.world.instance, list_uri(self.world.instance)).write()

    def suspend(self) -> None:
        order = status.Proposal("suspend", self.code, "H1", PAPER, "inquiry")
        proposal = status.propose(self.world.instance, order)
        status.approve(self.world.instance, proposal, "H2")
        self.later(60)

    def offline(self, bundle: bytes | None = None, **beside: bytes) -> tuple[str, str | None]:
        """What the kept file gives today to somebody who has the root alone, and what is laid beside."""
        now = self.world.instance.now()
        return answer(
            verify_offline(Found(bundle=bundle or self.bundle), self.world.instance.anchors, Asked(now, now, **beside))
        )

    def online(self) -> tuple[str, str | None]:
        return answer(verify_code(self.world.instance, self.code))


def answer(report: Report) -> tuple[str, str | None]:
    return report.verdict, report.reason


def issued(world: World, shift: int = 0) -> Kept:
    roster = replace(BATCHES["T01"], file=f"T01-{shift}.xlsx", people=2, units=ONE_UNIT)
    world.at(shift, hour=9)
    (roster_id,) = world.import_file(world.file(roster)).rosters
    for day, kind, officers in WALKS["T01"]:
        world.at(shift + day)
        world.sign(kind, roster_id, *officers)
    world.at(shift + 40)
    (one, _) = world.issue(roster_id)
    frozen = next(c for c in world.certificates(roster_id) if c.id == one.certificate.id).frozen_bundle
    assert frozen is not None
    return Kept(world, one.code, frozen, world.instance.now())


@pytest.fixture
def kept(province: World) -> Kept:
    found = issued(province)
    assert found.world.instance.anchors[0].log_required
    return found


@pytest.fixture
def third(kept: Kept, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A third witness: its key and address."""
    yield create(tmp_path / "third", "witness.example/third"), f"file:{tmp_path / 'third'}"


def remove(world: World, name: str, threshold: int) -> None:
    """Takes a witness off the list, as an operator does with an editor, and says so in the trust bundle."""
    path = world.home / FILE
    found = json.loads(path.read_text())
    found["witnesses"] = [row for row in found["witnesses"] if name not in row["vkey"]]
    path.write_text(json.dumps({**found, "threshold": threshold}))
    documents.publish_trust(world.instance)


def test_after_growth_and_rotation_of_every_key_old_evidence_is_valid_with_its_own_trust(kept: Kept) -> None:
    world = kept.world
    for whose, use in (("ROOT", "log"), ("SL-HRSS", "credential"), ("SL-HRSS", "status"), ("SL-XC", "seal")):
        kept.later()
        rotate_key(world.instance, whose, use)
        assert (kept.offline(), kept.offline(newer_trust=kept.trust()), kept.online()) == (VALID, VALID, VALID), use
    for officer in ("XC", "H1"):
        kept.later(3600)
        rotate_officer(world.instance, officer)
        assert (kept.offline(), kept.offline(newer_trust=kept.trust()), kept.online()) == (VALID, VALID, VALID)
    # A newer trust bundle under a newer policy key cannot be told from a forged one by who has no certificate of it.
    rotate_key(world.instance, "ROOT", "policy")
    assert (kept.offline(), kept.online()) == (VALID, VALID)
    assert kept.offline(newer_trust=kept.trust()) == ("cannot_decide", "key_unknown")
    assert kept.offline(newer_status=kept.update()) == VALID
    fresh = fresh_bundle(world.instance, kept.code)
    assert kept.offline(fresh) == kept.offline(fresh, newer_trust=parse_bundle(kept.bundle).trust.body) == VALID


@pytest.mark.parametrize(("whose", "use"), [("SL-HRSS", "status"), ("ROOT", "policy"), ("ROOT", "log")])
def test_a_list_of_keys_that_are_younger_than_the_file_brings_them_along(kept: Kept, whose: str, use: str) -> None:
    kept.later(30 * DAY)
    assert kept.offline() == ("cannot_decide", "status_stale")
    rotate_key(kept.world.instance, whose, use)
    kept.later()
    documents.publish_trust(kept.world.instance)
    assert kept.offline(newer_status=kept.update()) == VALID
    kept.suspend()
    assert kept.offline(newer_status=kept.update()) == kept.online() == ("suspended", "suspended")


def broken(token: str) -> str:
    """The token with another signature."""
    return token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]


#: What is wrong with an update -> how, and what the file gives beside it: as alone, unless all that is laid beside holds.
STRANGE: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], tuple[str, str | None]]] = {
    "nothing": (lambda said: {}, VALID),
    "a certificate that is none": (lambda said: {"certs": ["AAAA", *said["certs"]]}, VALID),
    "certificates twice": (lambda said: {"certs": [*said["certs"], *said["certs"]]}, VALID),
    "no certificates": (lambda said: {"certs": []}, UNKNOWN),
    "no grants": (lambda said: {"grants": [], "grant_logs": []}, UNKNOWN),
    "grants without proofs": (lambda said: {"grant_logs": [None for _ in said["grants"]]}, UNKNOWN),
    "a grant with a broken signature": (lambda said: {"grants": [*said["grants"][:-1], broken(said["grants"][-1])]}, UNKNOWN),
    "a trust bundle with a broken signature": (lambda said: {"trust": broken(said["trust"])}, UNKNOWN),
    "a list with a broken signature": (lambda said: {"list": broken(said["list"])}, UNKNOWN),
}  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), STRANGE.values(), ids=STRANGE.keys())
def test_what_is_laid_beside_a_file_says_nothing_against_it(
    kept: Kept, change: Callable[[dict[str, Any]], dict[str, Any]], expected: tuple[str, str | None]
) -> None:
    kept.later()
    rotate_key(kept.world.instance, "SL-HRSS", "status")
    kept.later()
    said = json.loads(kept.update())
    assert kept.offline(newer_status=canonical({**said, **change(said)})) == expected


def test_a_list_of_a_younger_key_alone_cannot_be_believed(kept: Kept) -> None:
    kept.later()
    rotate_key(kept.world.instance, "SL-HRSS", "status")
    kept.later()
    assert kept.offline(newer_status=kept.listed()) == ("cannot_decide", "key_unknown")


def test_who_saw_a_list_of_a_younger_key_judges_older_files_by_it(kept: Kept, tmp_path: Path) -> None:
    memory, world = Seen(tmp_path / "seen"), kept.world

    def seen(bundle: bytes | None) -> tuple[str, str | None]:
        now = world.instance.now()
        return answer(memory.verify(Found(bundle=bundle), world.instance.anchors, Asked(now, now)))

    assert seen(kept.bundle) == VALID
    for whose, use in (("SL-HRSS", "status"), ("ROOT", "policy")):
        kept.later()
        rotate_key(world.instance, whose, use)
    kept.later()
    documents.publish_trust(world.instance)
    assert seen(fresh_bundle(world.instance, kept.code)) == VALID
    assert seen(kept.bundle) == VALID
    kept.suspend()
    assert seen(fresh_bundle(world.instance, kept.code)) == ("suspended", "suspended")
    assert (kept.offline(), seen(kept.bundle)[0]) == (VALID, "suspended")


def test_when_the_key_of_the_log_was_stolen_what_it_signed_before_stays_proved(kept: Kept) -> None:
    world = kept.world
    kept.later()
    theft = world.instance.now()
    kept.later()
    with world.instance.engines.read.connect() as connection:
        jkt = documents.own_key(connection, "ROOT", "log").jkt
    condemn(world.instance, jkt, theft, PAPER)
    assert (kept.offline(), kept.offline(newer_trust=kept.trust()), kept.online()) == (VALID, VALID, VALID)


def test_a_theft_that_comes_to_light_later_was_not_known_then(kept: Kept) -> None:
    world = kept.world
    with world.instance.engines.read.connect() as connection:
        jkt = documents.own_key(connection, "SL-HRSS", "credential").jkt
    kept.later()
    rotate_key(world.instance, "SL-HRSS", "credential")
    kept.later(20 * DAY)
    then = world.instance.now()
    assert kept.online() == VALID
    kept.later(60 * DAY)
    condemn(world.instance, jkt, kept.then - 30 * DAY, PAPER)
    report = verify_code(world.instance, kept.code, at=then)
    assert (answer(report), report.then) == (("void", "key_compromised"), VALID)


def test_a_list_of_a_younger_log_key_says_nothing_without_a_younger_trust_bundle(kept: Kept) -> None:
    assert kept.offline(newer_status=kept.listed()) == VALID
    kept.later()
    rotate_key(kept.world.instance, "ROOT", "log")
    kept.later()
    documents.publish_trust(kept.world.instance)
    assert kept.offline(newer_status=kept.listed()) == ("cannot_decide", "checkpoint_bad")
    assert kept.offline(newer_status=kept.listed(), newer_trust=kept.trust()) == VALID


def test_a_witness_more_changes_nothing_about_old_evidence(kept: Kept, third: tuple[str, str]) -> None:
    kept.later()
    appointment.appoint(kept.world.instance, *third)
    assert (kept.offline(), kept.offline(newer_trust=kept.trust()), kept.online()) == (VALID, VALID, VALID)


def test_where_something_was_issued_no_more_witnesses_are_asked_than_before(kept: Kept, third: tuple[str, str]) -> None:
    before = (kept.world.home / FILE).read_bytes(), kept.trust()
    with pytest.raises(Refused) as refused:
        appointment.appoint(kept.world.instance, *third, 3)
    assert refused.value.code == "threshold_late"
    assert ((kept.world.home / FILE).read_bytes(), kept.trust()) == before
    appointment.appoint(kept.world.instance, *third, 2)
    assert kept.online() == VALID


def test_a_witness_less_accuses_nobody(kept: Kept, third: tuple[str, str]) -> None:
    """Its lines stand in old evidence, hold, and count no more."""
    kept.later()
    appointment.appoint(kept.world.instance, *third)
    remove(kept.world, "north", threshold=2)
    assert kept.offline() == VALID
    assert kept.offline(newer_trust=kept.trust()) == ("cannot_decide", "witness_quorum")
    kept.later(60)
    remove(kept.world, "third", threshold=1)
    assert kept.offline(newer_trust=kept.trust()) == VALID
    # Where one of its lines was changed, the evidence was.
    logged = parse_bundle(kept.bundle).logged
    assert logged is not None
    line = next(one for one in logged.proof.checkpoint.decode().splitlines() if "north" in one)
    other = line[:-8] + ("AAAA" if line[-8:-4] != "AAAA" else "BBBB") + line[-4:]
    changed = kept.bundle.replace(line.encode("utf-8"), other.encode("utf-8"))
    assert changed != kept.bundle
    assert kept.offline(changed) == kept.offline(changed, newer_trust=kept.trust()) == ("tampered", "checkpoint_bad")


def test_a_later_correction_of_somebody_else_that_lies_in_a_file_accuses_nobody(province: World) -> None:
    one, other = (found.certificate for found in province.certified(0))
    province.at(60)
    order = status.Proposal("correct", other.number, "H3", PAPER, "key_compromised")
    status.approve(province.instance, status.propose(province.instance, order), "H2")
    own, foreign = (versions(province)[number][-1].frozen_bundle for number in (one.number, other.number))
    assert own is not None
    assert foreign is not None
    mine, theirs = parse_json(own), parse_json(foreign)
    logs = dict(zip(theirs["grants"], theirs["grant_logs"], strict=True)) | dict(
        zip(mine["grants"], mine["grant_logs"], strict=True)
    )
    mixed = {
        **mine,
        "corrections": theirs["corrections"],
        "certs": list(dict.fromkeys((*mine["certs"], *theirs["certs"]))),
        "grants": list(logs),
        "grant_logs": list(logs.values()),
    }
    now = parse_bundle(own).status_list.unverified_payload["iat"] + 60
    for data, expected in ((own, ("valid", None)), (canonical(mixed), ("cannot_decide", "correction_missing"))):
        report = verify_offline(Found(bundle=data), province.instance.anchors, Asked(now, now))
        assert (report.verdict, report.reason) == expected
