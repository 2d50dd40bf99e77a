"""Audits: what is sound is called sound, every changed bit is found under its own name, forks leave evidence."""

import gzip
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pytest
from cli_for_tests import Said, call
from insecure_log import LOG, ORIGIN, POLICY, WITNESSES, cosigned, insecure_signer, times
from insecure_office import insecure_key
from log_for_tests import LogHome, log_template
from mirror_for_tests import (
    OFFICE,
    OTHER_OFFICE,
    act,
    acts,
    files_of,
    put,
    signed,
    with_one_bit_changed,
    write_mirror,
)
from world_for_tests import opened

from certsvc.bench.server import served
from certsvc.cli.audit import SHORT, WORDS, unless_short
from certsvc.cli.say import Bar
from certsvc.core.checkpoint import parse_head
from certsvc.core.encoding import b64, canonical
from certsvc.core.jose import sign_compact
from certsvc.core.leaves import archive_leaf, public_leaf, snapshot_leaf, status_leaf, trust_leaf
from certsvc.core.note import format_note, parse_note
from certsvc.core.statuslist import REVOKED, SUPERSEDED, SUSPENDED, VALID, pack
from certsvc.services import audit_source, audit_tags, log, log_backfill, mirror
from certsvc.services.audit import NOBODY, Question, Result, Trusted, audit
from certsvc.services.audit_source import FolderSource, WebSource
from certsvc.signers.file import Es256Signer

#: Fixtures of log_for_tests.
__all__ = ["log_template"]

ROOT = Path(__file__).parents[2]
TRUSTED = Trusted((LOG.key,), NOBODY)
LIST = "https://sample.invalid/status/1"
SIGNER = Es256Signer(insecure_key("issuer.status"))
#: Sizes at which the mirror of the tests was published. The last is one full tile of level 0 after another, and a rest.
SIZES = (700, 1500, 1536, 2900, 2960)


def several_kinds() -> list[bytes]:
    """2,960 leaves of every kind; those at 100 to 103 are status events of two slots."""
    found = [act(number, OTHER_OFFICE if number % 7 == 0 else OFFICE) for number in range(SIZES[-1])]
    event = partial(status_leaf, OFFICE, b"decision", bytes(32), uri=LIST)
    found[100] = event(slot=5, value=SUSPENDED, count=0)
    found[101] = event(slot=9, value=SUPERSEDED, count=0)
    found[102] = event(slot=5, value=VALID, count=1)
    found[103] = event(slot=5, value=REVOKED, count=2)
    found[104] = archive_leaf(OTHER_OFFICE, b"old award", bytes(32), b64(bytes(32)))
    found[105] = trust_leaf(104, b"trust")
    found[106] = public_leaf("grant", b"grant")
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound mirror; nobody changes it."""
    folder = tmp_path_factory.mktemp("audit") / "mirror"
    leaves, starts = several_kinds(), (0, *SIZES)
    write_mirror(folder, *(leaves[a:b] for a, b in zip(starts, SIZES, strict=False)))
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A mirror of one test's own."""
    return Path(shutil.copytree(whole, tmp_path / "mirror"))


def audited(folder: Path, state: Path | None = None, question: Question | None = None) -> Result:
    return audit(FolderSource(folder), TRUSTED, state or folder.parent / "state", question or Question())


def codes(result: Result) -> set[str]:
    return set(result.counts)


def run(*arguments: object) -> Said:
    return call("log", "audit", *arguments, "--log-vkey", LOG.vkey)


# --- what is sound -----------------------------------------------------------------------------------------------------


def test_a_sound_mirror_is_called_sound_and_counted(whole: Path, tmp_path: Path) -> None:
    result = audited(whole, tmp_path / "state")
    assert (result.exit_code, result.counts, result.stopped) == (0, {}, None)
    assert result.kinds == {"act": 2953, "status": 4, "archive": 1, "trust": 1, "grant": 1}
    assert result.lists == {LIST: 2}
    assert result.checkpoint is not None and result.checkpoint.size == SIZES[-1]
    assert (tmp_path / "state").read_bytes() == (whole / "checkpoint").read_bytes()


def test_a_log_of_a_home_is_sound_as_mirror_and_as_served(log_template: Path, tmp_path: Path) -> None:
    """Through outbox, sequencer and web server; the keys come from the home."""
    with opened(Path(shutil.copytree(log_template, tmp_path / "home"))) as instance:
        home = LogHome(instance, None)
        # What its founding signed, which a server would enter with its first beat.
        keys = log_backfill.backfill(instance).added
        for start, end in ((0, 1200), (1200, 3000)):
            home.put(range(start, end))
            log.sequence(instance)
            mirror.export(instance, tmp_path / "mirror")
        with served("certsvc.cli.serving:make_app", home.home) as server:
            url = f"http://127.0.0.1:{server.port}"
            for where in (tmp_path / "mirror", f"{url}/log"):
                said = call("log", "audit", where, "--home", home.home, "--state", tmp_path / "state", "--json")
                summary = json.loads(said.out.splitlines()[-1])["summary"]
                assert (said.code, summary["size"]) == (0, 3000 + keys)
                assert summary["kinds"] == {"act": 3000, "key": keys}
        assert summary["previous"] == 3000 + keys


def test_an_empty_log_is_sound(tmp_path: Path) -> None:
    write_mirror(tmp_path / "mirror")
    assert audited(tmp_path / "mirror").exit_code == 0


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_536, 65_537])
def test_every_shape_of_the_right_edge_is_sound(size: int, tmp_path: Path) -> None:
    write_mirror(tmp_path / "mirror", [public_leaf("key", b"%d" % (n % 300)) for n in range(size)])
    result = audited(tmp_path / "mirror")
    assert (result.exit_code, result.kinds) == (0, {"key": size})


def test_a_mirror_that_is_being_exported_is_sound_as_far_as_its_checkpoint_goes(folder: Path) -> None:
    shutil.copy(folder / audit_source.checkpoint_path(1500), folder / "checkpoint")
    result = audited(folder)
    assert (result.exit_code, sum(result.kinds.values())) == (0, 1500)


def test_a_partial_tile_that_has_gone_is_the_beginning_of_the_full_one(folder: Path) -> None:
    shutil.copy(folder / audit_source.checkpoint_path(1500), folder / "checkpoint")
    for path in ("tile/0/005.p", "tile/entries/005.p"):
        shutil.rmtree(folder / path)
    assert audited(folder).exit_code == 0


# --- single bits -------------------------------------------------------------------------------------------------------

#: What the files of a mirror are: the beginning of their names, and whether they are partial forms.
GROUPS = (
    ("checkpoint", False), ("checkpoints/", False), ("tile/entries/", False), ("tile/entries/", True),
    ("tile/0/", False), ("tile/0/", True), ("tile/1/", True),
)  # fmt: skip


def of_group(folder: Path, start: str, partial_form: bool) -> list[str]:
    if start == "checkpoint":
        return [start]
    return [name for name in files_of(folder) if name.startswith(start) and (".p/" in name) == partial_form]


@pytest.fixture(scope="module")
def scratch(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror whose files are changed and changed back."""
    return Path(shutil.copytree(whole, tmp_path_factory.mktemp("bits") / "mirror"))


def audited_with_a_bit_changed(folder: Path, name: str, chance: random.Random) -> Result:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(with_one_bit_changed(data, chance.randrange(len(data) * 8)))
    try:
        return audited(folder)
    finally:
        (folder / name).write_bytes(data)


@pytest.mark.parametrize("seed", range(60))
def test_a_changed_bit_is_found_and_named_by_its_file(scratch: Path, seed: int) -> None:
    chance = random.Random(seed)
    name = chance.choice(of_group(scratch, *GROUPS[seed % len(GROUPS)]))
    result = audited_with_a_bit_changed(scratch, name, chance)
    assert (result.exit_code, {one.where for one in result.findings}) == (3, {name})
    kind = "bad_entry" if "entries" in name else "bad_tile" if name.startswith("tile") else "bad_checkpoint"
    assert codes(result) == {kind}


@pytest.mark.parametrize("seed", range(8))
def test_a_changed_bit_of_a_tile_is_found_in_a_log_of_three_levels(tall: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = [name for name in files_of(tall) if name.startswith(("tile/1/", "tile/2/", "tile/0/255", "tile/0/256"))]
    name = chance.choice(names)
    result = audited_with_a_bit_changed(tall, name, chance)
    assert (result.exit_code, {(one.code, one.where) for one in result.findings}) == (3, {("bad_tile", name)})


@pytest.fixture(scope="module")
def tall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """66,000 leaves: one full tile of level 1 and a partial one, and one hash of level 2."""
    folder = tmp_path_factory.mktemp("tall") / "mirror"
    write_mirror(folder, (public_leaf("calendar", b"%d" % (n % 300)) for n in range(66_000)))
    return folder


# --- other faults ------------------------------------------------------------------------------------------------------


def cut(folder: Path, path: str) -> None:
    put(folder / path, (folder / path).read_bytes()[:-1])


def lengthen(folder: Path, path: str) -> None:
    put(folder / path, (folder / path).read_bytes() + b"\x00")


def swap(folder: Path, one: str, other: str) -> None:
    left, right = (folder / one).read_bytes(), (folder / other).read_bytes()
    put(folder / one, right)
    put(folder / other, left)


def rewrite_with_its_tile(folder: Path, n: int) -> None:
    """Other entries, and a tile of level 0 that fits them: only the tile above knows better."""
    write_mirror(folder.parent / "forged", acts(10_000, 10_000 + 256))
    for place in ("tile/entries", "tile/0"):
        shutil.copy(folder.parent / "forged" / place / "000", folder / place / f"{n:03}")


#: defect -> (what is done to a mirror, findings as code and place, exit code).
DEFECTS = {
    "a tile is cut": (partial(cut, path="tile/0/003"), {("bad_tile", "tile/0/003")}, 3),
    "a tile is longer": (partial(lengthen, path="tile/0/003"), {("bad_tile", "tile/0/003")}, 3),
    "the tile of the edge is cut": (partial(cut, path="tile/1/000.p/11"), {("bad_tile", "tile/1/000.p/11")}, 3),
    "a bundle is cut": (partial(cut, path="tile/entries/003"), {("bad_entry", "tile/entries/003")}, 3),
    "a bundle is longer": (partial(lengthen, path="tile/entries/003"), {("bad_entry", "tile/entries/003")}, 3),
    "the checkpoint is cut": (partial(cut, path="checkpoint"), {("bad_checkpoint", "checkpoint")}, 3),
    "two tiles are swapped": (
        partial(swap, one="tile/0/003", other="tile/0/007"),
        {("bad_tile", "tile/0/003"), ("bad_tile", "tile/0/007")},
        3,
    ),
    "two bundles are swapped": (
        partial(swap, one="tile/entries/003", other="tile/entries/007"),
        {("bad_entry", "tile/entries/003"), ("bad_entry", "tile/entries/007")},
        3,
    ),
    "two older checkpoints are swapped": (
        partial(swap, one="checkpoints/700", other="checkpoints/x001/500"),
        {("bad_checkpoint", "checkpoints/700"), ("bad_checkpoint", "checkpoints/x001/500")},
        3,
    ),
    "a bundle is another, with its tile": (
        partial(rewrite_with_its_tile, n=4),
        {("bad_entry", "tile/entries/004")},
        3,
    ),
    "the tile of the edge is missing": (
        lambda folder: (folder / "tile/1/000.p/11").unlink(), {("missing", "tile/1/000.p/11")}, 1,
    ),
    "a bundle is missing with its tile": (
        lambda folder: [(folder / path).unlink() for path in ("tile/0/003", "tile/entries/003")],
        {("missing", "tile/0/003"), ("missing", "tile/entries/003")}, 1,
    ),
    "the last bundle is missing with its tile": (
        lambda folder: [(folder / path).unlink() for path in ("tile/0/011.p/144", "tile/entries/011.p/144")],
        {("missing", "tile/0/011.p/144"), ("missing", "tile/entries/011.p/144")}, 1,
    ),
    "a tile is wrong and its bundle is missing": (
        lambda folder: [cut(folder, "tile/0/003"), (folder / "tile/entries/003").unlink()],
        {("bad_tile", "tile/0/003"), ("missing", "tile/entries/003")}, 3,
    ),
    "a tile is missing": (lambda folder: (folder / "tile/0/003").unlink(), {("missing", "tile/0/003")}, 1),
    "a bundle is missing": (
        lambda folder: (folder / "tile/entries/003").unlink(), {("missing", "tile/entries/003")}, 1,
    ),
}  # fmt: skip


def test_every_fault_has_its_words_and_stands_in_the_documents() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "certsvc" / "services").glob("audit*.py"))
    said = set(re.findall(r'report\(\s*"([a-z_]+)"', source)) | {"bad_entry", "bad_tile", "shrunk"}
    assert said == set(WORDS)
    assert all(f"`{code}`" in (ROOT / "docs" / "log.md").read_text("utf-8") for code in said)


@pytest.mark.parametrize(("spoil", "wanted", "code"), DEFECTS.values(), ids=DEFECTS.keys())
def test_a_defect_is_found_under_its_own_name(folder: Path, spoil, wanted: set[tuple[str, str]], code: int) -> None:
    spoil(folder)
    result = audited(folder)
    assert (result.exit_code, {(one.code, one.where) for one in result.findings}) == (code, wanted)
    assert not (folder.parent / "state").exists()


def test_a_bundle_beyond_any_size_of_ours_is_not_read_to_its_end(folder: Path) -> None:
    with (folder / "tile/entries/003").open("ab") as file:
        file.truncate(1 << 32)
    assert {(one.code, one.where) for one in audited(folder).findings} == {("bad_entry", "tile/entries/003")}


def test_an_entry_that_is_no_leaf_is_found_although_it_is_signed(tmp_path: Path) -> None:
    write_mirror(tmp_path / "mirror", [*acts(0, 3), b"not a leaf"])
    assert [(one.code, one.where) for one in audited(tmp_path / "mirror").findings] == [("bad_entry", "3")]


def test_a_repeated_tag_is_found_with_all_its_entries(tmp_path: Path) -> None:
    leaves = [*acts(0, 500), act(3, OTHER_OFFICE), *acts(500, 600), act(3), act(7, OTHER_OFFICE)]
    write_mirror(tmp_path / "mirror", leaves)
    result = audited(tmp_path / "mirror")
    assert result.exit_code == 3
    assert sorted((one.code, one.detail) for one in result.findings) == [
        ("double_tag", "entries 3, 500, 601"),
        ("double_tag", "entries 7, 602"),
    ]
    # The log is whole and signed all the same: the next audit goes on from here.
    assert (tmp_path / "state").read_bytes() == (tmp_path / "mirror" / "checkpoint").read_bytes()


def test_repeated_tags_are_found_however_they_came_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_tags, "WAITING", 1)
    sorter = audit_tags.TagSorter(tmp_path)
    tags = [bytes([n % 3]) + bytes(30) + bytes([n % 100]) for n in range(700)]
    for index, tag in enumerate(tags):
        sorter.add(tag, index)
    found = dict(sorter.repeated())
    assert found == {tag: [n for n, one in enumerate(tags) if one == tag] for tag in tags}


#: defect -> events (slot, value, counter) of one list, and what is said.
EVENTS = {
    "a counter that repeats": ([(5, SUSPENDED, 0), (5, VALID, 0)], "event 0 of slot 5 follows event 0"),
    "a counter that leaps": ([(5, SUSPENDED, 1)], "event 1 of slot 5 follows event -1"),
    "life after the end": ([(5, REVOKED, 0), (5, VALID, 1)], "slot 5 goes from 1 to 0"),
    "an end that changes": ([(5, SUPERSEDED, 0), (5, REVOKED, 1)], "slot 5 goes from 3 to 1"),
}


@pytest.mark.parametrize(("events", "said"), EVENTS.values(), ids=EVENTS.keys())
def test_status_events_in_no_lawful_order_are_found(
    events: list[tuple[int, int, int]], said: str, tmp_path: Path
) -> None:
    event = partial(status_leaf, OFFICE, b"decision", bytes(32), uri=LIST)
    write_mirror(tmp_path / "mirror", [event(slot=slot, value=value, count=q) for slot, value, q in events])
    result = audited(tmp_path / "mirror")
    assert [(one.code, one.detail) for one in result.findings] == [("status_order", said)]


# --- what was seen before ------------------------------------------------------------------------------------------------


def test_a_log_that_grows_goes_on_from_what_was_seen(tmp_path: Path) -> None:
    for end in (0, 100, 256, 300, 512, 513):
        write_mirror(tmp_path / f"{end}", acts(0, end)) if end else write_mirror(tmp_path / "0")
        result = audited(tmp_path / f"{end}", tmp_path / "state")
        assert result.exit_code == 0
        assert parse_head(parse_note((tmp_path / "state").read_bytes()).text).size == end
    assert result.previous == 512


#: defect -> leaves that are shown afterwards, to one who saw acts 0 to 300, and the code.
FORKS = {
    "another log of the same size": ([*acts(0, 299), act(999)], "not_consistent"),
    "a longer log with another beginning": ([act(999), *acts(1, 700)], "not_consistent"),
    "a longer log with another end of what was seen": ([*acts(0, 299), *acts(900, 1300)], "not_consistent"),
    "a shorter log": (acts(0, 299), "shrunk"),
}


@pytest.mark.parametrize(("leaves", "code"), FORKS.values(), ids=FORKS.keys())
def test_a_fork_is_found_and_both_notes_are_kept(leaves: list[bytes], code: str, tmp_path: Path) -> None:
    write_mirror(tmp_path / "first", acts(0, 300))
    assert audited(tmp_path / "first").exit_code == 0
    seen = (tmp_path / "state").read_bytes()
    write_mirror(tmp_path / "second", leaves)
    for _ in range(2):
        result = audited(tmp_path / "second")
        assert (result.exit_code, codes(result)) == (3, {code})
        assert (tmp_path / "state").read_bytes() == seen
    evidence = list(tmp_path.glob("state.dispute-*"))
    assert [str(path) for path in evidence] == [result.findings[-1].where]
    now, _, before = evidence[0].read_bytes().partition(b"\n--- seen before ---\n\n")
    assert (now, before) == ((tmp_path / "second" / "checkpoint").read_bytes(), seen)


def test_an_entry_that_is_spoilt_is_no_fork(folder: Path) -> None:
    audited(folder)
    cut(folder, "tile/entries/001")
    assert codes(audited(folder)) == {"bad_entry"}


def test_a_signed_root_that_no_entries_lead_to_is_a_bad_checkpoint(folder: Path) -> None:
    put(folder / "checkpoint", signed(SIZES[-1], bytes(32)))
    shutil.rmtree(folder / "checkpoints")
    assert {(one.code, one.where) for one in audited(folder).findings} == {("bad_checkpoint", "checkpoint")}


def test_a_state_of_another_log_or_of_none_is_not_used(whole: Path, tmp_path: Path) -> None:
    note = (whole / "checkpoint").read_bytes()
    put(tmp_path / "other", note.replace(ORIGIN.encode(), b"log.example/other"))
    put(tmp_path / "none", b"nothing")
    assert "audit_state_other" in run(whole, "--state", tmp_path / "other").err
    assert "[audit_state]" in run(whole, "--state", tmp_path / "none").err


# --- witnesses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "code"), [((1, 2), 0), ((1,), 3)])
def test_too_few_witnesses_are_a_bad_checkpoint(seconds: tuple[int, ...], code: int, folder: Path) -> None:
    head = parse_head(parse_note((folder / "checkpoint").read_bytes()).text)
    put(folder / "checkpoint", format_note(cosigned(head, times(*seconds))))
    keys = [part for one in WITNESSES.values() for part in ("--witness-vkey", one.vkey)]
    said = run(folder, "--state", folder.parent / "state", *keys, "--witnesses", POLICY.threshold)
    assert (said.code, "witness_quorum" in said.out) == (code, code == 3)


# --- status lists ----------------------------------------------------------------------------------------------------


def status_list(values: dict[int, int], size: int, iat: int = 1) -> bytes:
    payload = {
        "iss": "urn:certsvc:org:SAMPLE", "sub": LIST, "iat": iat, "exp": 2, "ttl": 900, "n": size,
        "checkpoint": "note" if size else None, "status_list": {"bits": 4, "lst": pack(values)},
    }  # fmt: skip
    return sign_compact(payload, "statuslist+jwt", SIGNER)


SUSPEND = status_leaf(OFFICE, b"decision", bytes(32), uri=LIST, slot=5, value=SUSPENDED, count=0)
REVOKE = status_leaf(OFFICE, b"decision", bytes(32), uri=LIST, slot=5, value=REVOKED, count=1)
ELSEWHERE = status_leaf(OFFICE, b"decision", bytes(32), uri=f"{LIST}2", slot=8, value=REVOKED, count=0)
#: A log whose list is of its first three entries; a later event is not in it.
BEFORE = [act(0), SUSPEND, ELSEWHERE]

RIGHT = status_list({5: SUSPENDED}, 3)
#: case -> (the list that is served, the list whose snapshot is logged, what is said).
LISTS = {
    "the list of the log": (RIGHT, RIGHT, []),
    "a list that hides an event": (status_list({}, 3), status_list({}, 3), ["slot 5: 0, in the log 2"]),
    "a list that invents one": (
        status_list({5: SUSPENDED, 6: REVOKED}, 3), status_list({5: SUSPENDED, 6: REVOKED}, 3),
        ["slot 6: 1, in the log 0"],
    ),
    "a list ahead of what it covers": (
        status_list({5: REVOKED}, 3), status_list({5: REVOKED}, 3), ["slot 5: 1, in the log 2"],
    ),
    "another list than the snapshot": (
        RIGHT, status_list({5: SUSPENDED}, 3, iat=0), ["it is not the list of the newest snapshot, of 3 entries"],
    ),
    "a list without a snapshot": (RIGHT, None, ["the log has no snapshot of this list"]),
    "a list of all entries": (status_list({5: REVOKED}, 0), status_list({5: REVOKED}, 0), []),
    "a list of all entries that hides one": (
        status_list({5: SUSPENDED}, 0), status_list({5: SUSPENDED}, 0), ["slot 5: 2, in the log 1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("served", "logged", "said"), LISTS.values(), ids=LISTS.keys())
def test_a_status_list_is_what_the_log_says(
    served: bytes, logged: bytes | None, said: list[str], tmp_path: Path
) -> None:
    snapshots = [] if logged is None else [snapshot_leaf(LIST, 3, logged)]
    write_mirror(tmp_path / "mirror", [*BEFORE, *snapshots, REVOKE])
    put(tmp_path / "list", served)
    answer = run(tmp_path / "mirror", "--state", tmp_path / "state", "--status", tmp_path / "list", "--json")
    rows = [json.loads(line) for line in answer.out.splitlines()]
    assert [row["finding"] for row in rows[:-1]] == [
        {"code": "status_differs", "where": LIST, "detail": one} for one in said
    ]
    assert answer.code == (3 if said else 0)


@pytest.mark.parametrize("seed", range(10))
def test_a_changed_bit_of_a_status_list_is_found(seed: int, tmp_path: Path) -> None:
    write_mirror(tmp_path / "mirror", [*BEFORE, snapshot_leaf(LIST, 3, RIGHT)])
    spoilt = with_one_bit_changed(RIGHT, random.Random(seed).randrange(len(RIGHT) * 8))
    result = audited(tmp_path / "mirror", question=Question((("list", spoilt),)))
    assert (result.exit_code, codes(result)) == (3, {"status_differs"})


def test_a_list_of_more_entries_than_the_checkpoint_cannot_be_compared(tmp_path: Path) -> None:
    write_mirror(tmp_path / "mirror", BEFORE)
    result = audited(tmp_path / "mirror", question=Question(((LIST, status_list({}, 9)),)))
    assert (result.exit_code, codes(result)) == (1, {"missing"})


# --- in whose name -----------------------------------------------------------------------------------------------------


def test_all_acts_in_a_name_are_listed_with_their_places(whole: Path, tmp_path: Path) -> None:
    said = run(whole, "--state", tmp_path / "state", "--org", OTHER_OFFICE, "--json")
    rows = [json.loads(line) for line in said.out.splitlines()[:-1]]
    leaves = several_kinds()
    wanted = [n for n, leaf in enumerate(leaves) if OTHER_OFFICE.encode() in leaf]
    assert [row["index"] for row in rows] == wanted
    assert all(canonical(row["leaf"]) == leaves[row["index"]] for row in rows)
    lines = run(whole, "--state", tmp_path / "state", "--org", OTHER_OFFICE).out.splitlines()
    assert [int(line.split()[0]) for line in lines[: len(wanted)]] == wanted


def test_what_is_not_signed_is_nobodys_act(folder: Path) -> None:
    rewrite_with_its_tile(folder, 4)
    places: list[int] = []
    question = Question(orgs=frozenset([OFFICE]))
    audit(FolderSource(folder), TRUSTED, folder.parent / "state", question, lambda index, leaf: places.append(index))
    assert places and not set(places) & set(range(4 * 256, 5 * 256))


# --- whose keys --------------------------------------------------------------------------------------------------------


def trust_file(path: Path, log_vkeys: list[str], policy: dict[str, object] | None) -> Path:
    payload = {
        "n": 0, "iat": 1, "exp": 2, "withdrawn": [], "keys": [], "procedures": [], "calendars": [],
        "witness_policy": policy, "log_vkeys": log_vkeys, "hosts": [],
    }  # fmt: skip
    token = sign_compact(payload, "trust+jwt", SIGNER).decode()
    path.write_text(json.dumps({"roots": [], "test": True, "hosts": [], "trust": token}))
    return path


def test_keys_and_policy_of_a_trust_file_are_believed(whole: Path, tmp_path: Path) -> None:
    policy = {"threshold": 2, "vkeys": [one.vkey for one in WITNESSES.values()]}
    cases = (([LOG.vkey], None, 0, "sound"), ([LOG.vkey], policy, 3, "witness_quorum"), ([], None, 1, "log_keys"))
    for keys, witnesses, code, word in cases:
        trust = trust_file(tmp_path / "trust.json", keys, witnesses)
        said = call("log", "audit", whole, "--trust", trust, "--state", tmp_path / "state")
        assert (said.code, word in said.out + said.err) == (code, True)
    assert run(whole, "--trust", trust).code == 2


def test_the_key_of_another_log_is_not_believed(whole: Path, tmp_path: Path) -> None:
    stranger = insecure_signer(ORIGIN, seed="stranger").vkey
    said = call("log", "audit", whole, "--log-vkey", stranger, "--state", tmp_path / "state")
    assert (said.code, "bad_checkpoint" in said.out) == (3, True)
    assert not (tmp_path / "state").exists()


def test_the_state_is_kept_for_each_source_by_itself(
    whole: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "states"))
    for where in (whole, folder, whole):
        assert run(where).code == 0
    assert len(list((tmp_path / "states" / "certsvc").iterdir())) == 2


# --- networks ------------------------------------------------------------------------------------------------------------


@contextmanager
def serving(folder: Path, handler: type[BaseHTTPRequestHandler] | None = None) -> Iterator[str]:
    """Any web server over a mirror."""
    made = handler or partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), made)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


def handler_of(answer: Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str], bytes]]):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    return Handler


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_source, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(audit_source, "PATIENCE", 1.0)


def test_a_mirror_behind_any_web_server_is_sound(whole: Path, tmp_path: Path) -> None:
    with serving(whole) as url:
        said = run(f"{url}/", "--state", tmp_path / "state")
    assert (said.code, "2,960" in said.out) == (0, True)


@pytest.mark.parametrize("bomb", [False, True])
def test_a_server_that_compresses_is_read_and_no_bomb_is_unpacked(bomb: bool, whole: Path, tmp_path: Path) -> None:
    def answer(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        data = (whole / request.path[1:]).read_bytes()
        if request.path.endswith("entries/004") and bomb:
            data += bytes(1 << 24)
        return 200, {"Content-Encoding": "gzip"}, gzip.compress(data)

    with serving(whole, handler_of(answer)) as url:
        assert audit(WebSource(url), TRUSTED, tmp_path / "state").exit_code == (3 if bomb else 0)


@pytest.mark.parametrize("status", [302, 403, 500])
def test_what_cannot_be_read_ends_with_one(status: int, whole: Path, tmp_path: Path, impatient: None) -> None:
    def answer(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        if request.path.endswith("entries/004"):
            return status, {"Location": "/checkpoint"}, b""
        return 200, {}, (whole / request.path[1:]).read_bytes()

    with serving(whole, handler_of(answer)) as url:
        said = run(url, "--state", tmp_path / "state")
    assert (said.code, "log_unreadable" in said.err, f"HTTP {status}" in said.err) == (1, True, True)
    assert not (tmp_path / "state").exists()


def test_trouble_that_passes_is_asked_again(whole: Path, tmp_path: Path, impatient: None) -> None:
    asked = count()

    def answer(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        if next(asked) % 3:
            return 429, {}, b""
        return 200, {}, (whole / request.path[1:]).read_bytes()

    with serving(whole, handler_of(answer)) as url:
        assert audit(WebSource(url), TRUSTED, tmp_path / "state").exit_code == 0


def test_a_fault_that_was_found_before_the_server_fell_silent_stays_found(
    folder: Path, tmp_path: Path, impatient: None
) -> None:
    cut(folder, "tile/entries/001")

    def answer(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        gone = request.path.endswith("entries/004")
        return (503, {}, b"") if gone else (200, {}, (folder / request.path[1:]).read_bytes())

    with serving(folder, handler_of(answer)) as url:
        result = audit(WebSource(url), TRUSTED, tmp_path / "state")
    assert (result.exit_code, codes(result), result.stopped is None) == (3, {"bad_entry"}, False)


def test_nobody_at_home_no_folder_and_no_log_end_with_one(tmp_path: Path, impatient: None) -> None:
    (tmp_path / "empty").mkdir()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
        places = ((nobody, "unreadable"), (tmp_path / "none", "missing"), (tmp_path / "empty", "missing"))
        for where, code in places:
            said = run(where, "--state", tmp_path / "state")
            assert (said.code, f"log_{code}" in said.err) == (1, True)


def test_only_a_long_audit_has_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    drawn = Bar("audit")
    drawn.shown = True
    unless_short(drawn)(1, 2)
    assert capsys.readouterr().err == ""
    drawn.started -= SHORT
    unless_short(drawn)(1, 2)
    assert "1/2" in capsys.readouterr().err


# --- memory --------------------------------------------------------------------------------------------------------------

#: Audits a folder and says how much memory the audit took beyond what the program had before, in KB.
MEASURE = """
import resource, sys
from pathlib import Path
from insecure_log import LOG
from certsvc.services.audit import Trusted, audit
from certsvc.services.audit_source import FolderSource
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = audit(FolderSource(Path(sys.argv[1])), Trusted((LOG.key,)), Path(sys.argv[2]))
assert (result.exit_code, result.kinds["act"]) == (0, int(sys.argv[3])), result
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_fifty_thousand_entries_take_no_more_memory_than_a_few_buffers(tmp_path: Path) -> None:
    """A list of the entries alone would take 13 MB."""
    write_mirror(tmp_path / "mirror", map(act, range(50_000)))
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests" / "vectors")))
    command = [sys.executable, "-c", MEASURE, tmp_path / "mirror", tmp_path / "state", "50000"]
    env = {**os.environ, "PYTHONPATH": path}
    took = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    assert int(took) < 9_000
