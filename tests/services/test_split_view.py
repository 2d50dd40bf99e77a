"""A split view: the key of a log signs two histories, before witnesses of whom one is honest, and before dishonest ones."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cli_for_tests import call
from world_for_tests import World, opened

from certsvc.core.bundle import Bundle, parse_bundle, write_bundle
from certsvc.core.checkpoint import parse_head
from certsvc.core.errors import CertsvcError
from certsvc.core.logged import Logged
from certsvc.core.note import parse_note
from certsvc.services import log, mirror
from certsvc.services.evidence import fresh_evidence
from certsvc.services.verify_evidence import Asked, Found, verify_code, verify_offline
from certsvc.services.witness import DISPUTES
from certsvc.services.witness_list import FILE
from certsvc.store.rows import Certificate


@dataclass(frozen=True)
class Split:
    """One office, and what somebody does with a copy of it who has all of its keys but no witness's."""

    honest: World
    other: World
    roster: str
    seen: Path
    """State of a monitor who saw the log before it was split."""

    def audit(self, world: World, folder: Path) -> tuple[int, str]:
        mirror.export(world.instance, folder)
        said = call("log", "audit", folder, "--home", self.honest.home, "--state", self.seen)
        return said.code, said.out + said.err


@contextmanager
def split(world: World, folder: Path, north: str) -> Iterator[Split]:
    """From here on two histories. South cosigns both of them; `north` is where the copy finds its other witness."""
    roster = world.ready()
    home = Path(shutil.copytree(world.home, folder / "split"))
    name_north(home, north)
    with opened(home) as instance:
        instance.clock = world.instance.clock
        yield Split(world, replace(world, instance=instance), roster, folder / "seen")


def name_north(home: Path, url: str, **changes: object) -> None:
    named = json.loads((home / FILE).read_text())
    for row in named["witnesses"]:
        if "north" in row["vkey"]:
            row["url"] = url
    (home / FILE).write_text(json.dumps({**named, **changes}))


def certificate_of(world: World) -> Certificate:
    return min(world.certificates(), key=lambda one: one.number)


def checkpoint_of(bundle: Bundle) -> bytes:
    assert bundle.logged is not None
    return bundle.logged.proof.checkpoint


def evidence_of(world: World) -> Bundle:
    return fresh_evidence(world.instance, certificate_of(world))


def judged(world: World, bundle: bytes, **beside: bytes) -> tuple[str, str | None]:
    now = world.instance.now()
    report = verify_offline(Found(bundle=bundle), world.instance.anchors, Asked(now, now, **beside))
    return report.verdict, report.reason


def heads(path: Path) -> set[tuple[int, bytes]]:
    """Size and root of the two signed notes in a file of evidence."""
    one, other = path.read_bytes().split(b"\n--- cosigned before ---\n\n")
    notes = (one.partition(b"\n\n")[2], other)
    return {(head.size, head.root) for head in (parse_head(parse_note(note).text) for note in notes)}


def test_of_two_histories_only_the_one_that_an_honest_witness_saw_counts(province: World, tmp_path: Path) -> None:
    with split(province, tmp_path, "file:nowhere") as two:
        honest, other = two.honest, two.other
        assert two.audit(honest, tmp_path / "mirror")[0] == 0
        (issued, _) = honest.issue(two.roster)
        assert verify_code(honest.instance, issued.code).verdict == "valid"
        # The same roster in another history, as large, with other salts; north is not asked.
        with suppress(CertsvcError):
            other.issue(two.roster)
        assert_waits(other)
        # Its bundle by hand, under the one cosignature that there is.
        name_north(other.home, "file:nowhere", threshold=1)
        forged = evidence_of(other)
        assert checkpoint_of(forged).count("\n— ".encode()) == 2
        assert_no_certificate(honest, forged)

        # Asked in the end, north says no and keeps what proves the fork to everybody; the copy signs nothing any more.
        name_north(other.home, f"file:{honest.home / 'witnesses' / 'north'}", threshold=2)
        for _ in range(2):
            assert call("log", "tick", "--home", other.home).code == 1
        assert_waits(other)
        (kept,) = (honest.home / "witnesses" / "north" / DISPUTES).iterdir()
        (one, another) = heads(kept)
        assert (one[0], one[1] != another[1]) == (another[0], True)
        honest.instance.set_clock(honest.instance.now() + 3600)
        assert call("log", "tick", "--home", honest.home).code == 0
        assert verify_code(honest.instance, issued.code).verdict == "valid"

        # A monitor who is shown one history after the other says so.
        assert two.audit(honest, tmp_path / "mirror")[0] == 0
        code, said = two.audit(other, tmp_path / "other mirror")
        assert (code, "not_consistent" in said or "shrunk" in said) == (3, True)
        assert list(tmp_path.glob("seen.dispute-*"))


def assert_waits(world: World) -> None:
    assert {(one.state, one.frozen_bundle) for one in world.certificates()} == {("waiting_for_log", None)}


def assert_no_certificate(honest: World, forged: Bundle) -> None:
    """It lacks a witness; with the honest history's proof or checkpoint it is altered."""
    assert judged(honest, write_bundle(forged)) == ("cannot_decide", "witness_quorum")
    good = parse_bundle(certificate_of(honest).frozen_bundle or b"")
    assert good.logged is not None and forged.logged is not None
    assert judged(honest, write_bundle(replace(forged, logged=good.logged))) == ("tampered", "commit_mismatch")
    proof = replace(forged.logged.proof, checkpoint=checkpoint_of(good))
    moved = Logged(forged.logged.entry, proof, good.logged.before)
    assert judged(honest, write_bundle(replace(forged, logged=moved))) == ("tampered", "inclusion_bad")


def test_before_none_but_dishonest_witnesses_a_checkpoint_of_anybody_shows_the_fork(
    province: World, tmp_path: Path
) -> None:
    """Whoever has seen the other history, of the same size, lays it beside the file (`--log`)."""
    with split(province, tmp_path, "file:witnesses/north") as two:
        honest, other = two.honest, two.other
        honest.issue(two.roster)
        other.issue(two.roster)
        good, forged = (certificate_of(one).frozen_bundle for one in (honest, other))
        assert good is not None and forged is not None
        seen = checkpoint_of(parse_bundle(good))
        assert (
            parse_head(parse_note(seen).text).size
            == parse_head(parse_note(checkpoint_of(parse_bundle(forged))).text).size
        )
        assert judged(honest, good, checkpoint=seen) == judged(honest, forged) == ("valid", None)
        verdict, reason = judged(honest, forged, checkpoint=seen)
        assert (verdict != "valid", reason) == (True, "log_forked")
        paths = []
        for name, data in (("seen", seen), ("forged", forged), ("good", good)):
            paths.append(tmp_path / f"{name}.json")
            paths[-1].write_bytes(data)
        command = ("verify", "--offline", "--home", honest.home, "--log", paths[0])
        assert "log_forked" in call(*command, paths[1], "--json").out
        assert "log_forked" not in call(*command, paths[2], "--json").out


@pytest.mark.parametrize("north", ["file:witnesses/north"])
def test_a_log_that_forked_knows_it_when_it_meets_its_own_history(province: World, tmp_path: Path, north: str) -> None:
    with split(province, tmp_path, north) as two:
        two.honest.issue(two.roster)
        two.other.issue(two.roster)
        mirror.export(two.other.instance, tmp_path / "other mirror")
        with pytest.raises(CertsvcError):
            mirror.recover(two.honest.instance, tmp_path / "other mirror")
        log.check_not_rolled_back(two.honest.instance)
