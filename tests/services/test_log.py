"""The sequencer on SQLite and PostgreSQL: places without gaps, one root a size, and nothing signed after a rollback."""

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import log_killed_for_tests
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from log_for_tests import (
    LogHome,
    leaf,
    log_home,
    log_template,
    log_template_on_postgresql,
    root_from_scratch,
    tag,
)
from sqlalchemy import text
from world_for_tests import environment, opened

from certsvc.core.encoding import b64
from certsvc.core.errors import Malformed, NotFound, NotReady, Refused
from certsvc.core.jose import thumbprint
from certsvc.core.leaves import act_leaf
from certsvc.core.logged import check_stands, span_between
from certsvc.core.merkle import consistency_holds, inclusion_holds, leaf_hash
from certsvc.core.note import encode_base64, parse_note, verified_signatures
from certsvc.core.tiles import ENTRIES, Tile, encode_entries, exists_at, tiles_at
from certsvc.instance import Instance
from certsvc.services import documents, high_water, log, mirror
from certsvc.services.ceremony import ROOT_ORG
from certsvc.services.log_evidence import LogEvidence, believed
from certsvc.services.log_reading import checkpoint_shown, tile_shown
from certsvc.signers.minting import Authority, Holder, mint_signer, new_key, read_ca_key, write_key
from certsvc.store import keys as key_store
from certsvc.store import log as log_store
from certsvc.store.copy import copy_database, restore_database
from certsvc.store.log_rows import LogCheckpoint, LogState
from certsvc.store.rows import SigningKey


@pytest.fixture
def begun(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogHome]:
    """A log whose checkpoint of the empty tree is published, on each kind of database."""
    with log_home(backend, request, tmp_path) as home:
        yield home


@pytest.fixture
def begun_on_sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogHome]:
    with log_home("sqlite", request, tmp_path) as home:
        yield home


@pytest.fixture
def begun_on_postgresql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogHome]:
    with log_home("postgresql", request, tmp_path) as home:
        yield home


def state(instance: Instance) -> LogState:
    with instance.engines.read.connect() as connection:
        return log_store.read_state(connection)


def log_key(instance: Instance) -> Any:
    with instance.engines.read.connect() as connection:
        return documents.own_key(connection, ROOT_ORG, "log")


# --- the outbox -------------------------------------------------------------------------------------------------------


def test_the_same_leaf_again_is_the_row_that_is_there(begun: LogHome) -> None:
    with begun.instance.engines.write.begin() as connection:
        first = log.enqueue(connection, "key", leaf(1), "subject", bytes(32))
        assert log.enqueue(connection, "key", leaf(1)) == first
        assert log.enqueue(connection, "other", leaf(2)) != first
    log.sequence(begun.instance)
    with begun.instance.engines.write.begin() as connection:
        assert log.enqueue(connection, "key", leaf(1)) == first
    assert log.sequence(begun.instance).size == 2
    assert begun.entries() == [leaf(1), leaf(2)]


def test_another_leaf_under_a_known_key_is_refused(begun: LogHome) -> None:
    begun.put([1])
    with (
        pytest.raises(Refused, match="log_key_taken"),
        begun.instance.engines.write.begin() as connection,
    ):
        log.enqueue(connection, "key 1", leaf(2))


def test_a_once_tag_is_used_once(begun: LogHome) -> None:
    begun.put([1])
    with pytest.raises(Refused, match="log_tag_taken"), begun.instance.engines.write.begin() as connection:
        log.enqueue(connection, "key 2", leaf(2))
        log.enqueue(connection, "key 3", act_leaf(b64(bytes(32)), b"another", bytes(32), [tag(3), tag(1)]))
    log.sequence(begun.instance)
    assert begun.entries() == [leaf(1)]


@pytest.mark.parametrize("entry", [b"", b"entry", leaf(1) + b" ", leaf(1).replace(b'"v":1', b'"v":2')])
def test_what_is_no_leaf_never_gets_in(begun_on_sqlite: LogHome, entry: bytes) -> None:
    with pytest.raises(Malformed), begun_on_sqlite.instance.engines.write.begin() as connection:
        log.enqueue(connection, "key", entry)


def test_an_entry_of_a_transaction_that_is_undone_was_never_there(begun: LogHome) -> None:
    with pytest.raises(ZeroDivisionError), begun.instance.engines.write.begin() as connection:
        log.enqueue(connection, "key", leaf(1))
        raise ZeroDivisionError
    assert log.sequence(begun.instance).size == 0
    begun.put([1])
    assert log.sequence(begun.instance).size == 1


# --- places and roots -------------------------------------------------------------------------------------------------


def test_the_log_begins_with_a_checkpoint_of_the_empty_tree(begun: LogHome) -> None:
    assert begun.checkpoints() == {0: root_from_scratch([])}
    assert log.integrate(begun.instance) == 0


def test_places_have_no_gap_and_the_root_is_that_of_a_tree_from_scratch(begun: LogHome) -> None:
    sizes = [1, 2, 3, 250, 255, 256, 257, 300, 512, 530]
    for start, end in itertools.pairwise([0, *sizes]):
        begun.put(range(start, end))
        while log.integrate(begun.instance, 100):
            pass
        checkpoint = log.publish(begun.instance)
        assert (checkpoint.size, checkpoint.root) == (end, root_from_scratch(begun.entries()))
    assert sorted(begun.entries()) == sorted(leaf(number) for number in range(530))
    assert list(begun.checkpoints()) == [0, *sizes]
    assert begun.check() == 530


def test_every_old_checkpoint_leads_to_every_newer_one(begun: LogHome) -> None:
    for start, end in itertools.pairwise([0, 1, 5, 200, 256, 301]):
        begun.put(range(start, end))
        log.sequence(begun.instance)
    roots = begun.checkpoints()
    with begun.instance.engines.read.connect() as connection:
        for old, new in itertools.combinations_with_replacement(sorted(roots), 2):
            path = log.consistency(connection, old, new)
            assert consistency_holds(old, new, roots[old], roots[new], path)
        for beyond in ((0, 302), (2, 1), (-1, 3)):
            with pytest.raises(NotFound, match="log_beyond"):
                log.consistency(connection, *beyond)


def test_many_writers_and_sequencers_at_once_lose_and_double_nothing(begun: LogHome) -> None:
    """Sequences commit out of order on PostgreSQL, so a cursor over ids would skip some of these."""
    errors: list[BaseException] = []

    def write(own: LogHome, first: int) -> None:
        for number in range(first, first + 60, 3):
            own.put(range(number, number + 3))
            if number % 2:
                log.sequence(own.instance)

    def tick(own: LogHome, _first: int) -> None:
        for _ in range(30):
            log.sequence(own.instance)

    def run(work: Any, own: LogHome, first: int) -> None:
        try:
            work(own, first)
        except BaseException as error:
            errors.append(error)

    with ExitStack() as stack:
        works = [(write, 0), (write, 100), (write, 200), (tick, 0), (tick, 0)]
        threads = []
        for work, first in works:
            own = LogHome(stack.enter_context(begun.another()), begun.url)
            threads.append(threading.Thread(target=run, args=(work, own, first)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    assert errors == []
    assert log.sequence(begun.instance).size == begun.check() == 180
    assert sorted(begun.entries()) == sorted(leaf(first + n) for first in (0, 100, 200) for n in range(60))


def test_a_sequencer_that_was_overtaken_changes_nothing(begun: LogHome) -> None:
    begun.put([1, 2])
    log.sequence(begun.instance)
    with pytest.raises(Refused, match="log_overtaken"), begun.instance.engines.write.begin() as connection:
        log_store.advance(connection, 1, 3, bytes(32))
    with begun.instance.engines.read.connect() as connection:
        row = log_store.find_by_index(connection, 0)
    assert row is not None
    with pytest.raises(Refused, match="log_overtaken"), begun.instance.engines.write.begin() as connection:
        log_store.place(connection, {row.id: 2})
    with pytest.raises(Refused, match="log_overtaken"), begun.instance.engines.write.begin() as connection:
        log_store.set_published(connection, 1, b"note")
    assert begun.check() == 2


def test_a_worker_that_meets_a_locked_log_leaves_it_alone(begun_on_postgresql: LogHome) -> None:
    """On SQLite the second writer waits in BEGIN IMMEDIATE, and then finds nothing left to do."""
    begun = begun_on_postgresql
    begun.put([1])
    with begun.another() as other, begun.instance.engines.write.begin() as connection:
        log_store.lock_state(connection)
        assert log.integrate(other) == 0
    assert log.integrate(begun.instance) == 1


def test_a_commit_of_the_log_waits_for_the_disk_whatever_the_database_is_set_to(begun_on_postgresql: LogHome) -> None:
    setting = text("SELECT current_setting('synchronous_commit')")
    for chosen, wanted in (("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")):
        with begun_on_postgresql.instance.engines.write.begin() as connection:
            connection.execute(text(f"SET LOCAL synchronous_commit = {chosen}"))
            log_store.lock_state(connection)
            assert connection.execute(setting).scalar_one() == wanted


# --- signing ----------------------------------------------------------------------------------------------------------


def test_a_head_is_signed_once_and_shown_as_it_was_signed(begun: LogHome) -> None:
    begun.put([1])
    first = log.sequence(begun.instance)
    note = checkpoint_shown(begun.instance)
    assert log.publish(begun.instance) == log.heartbeat(begun.instance) == first
    assert checkpoint_shown(begun.instance) == note
    assert note is not None and note.startswith(b"sample.invalid/log\n1\n")


def test_without_a_living_key_nothing_is_signed(begun_on_sqlite: LogHome) -> None:
    begun_on_sqlite.put([1])
    with begun_on_sqlite.instance.engines.write.begin() as connection:
        old = log_key(begun_on_sqlite.instance)
        key_store.end_signing_key(connection, old.jkt, "withdrawn", begun_on_sqlite.instance.now())
    with pytest.raises(NotReady, match="key_absent"):
        log.sequence(begun_on_sqlite.instance)
    assert list(begun_on_sqlite.checkpoints()) == [0]


class Watched:
    """The signer of the log, that notes what the home knew when it was asked to sign, and may fail or lie."""

    def __init__(self, instance: Instance, answer: Any = None) -> None:
        key = log_key(instance)
        self.signer, self.home, self.marks, self.answer = instance.signer(key), instance.home, [], answer
        self.algorithm, self.public_key = self.signer.algorithm, self.signer.public_key
        instance._signers[key.jkt] = self

    def sign(self, message: bytes) -> bytes:
        mark = high_water.read(self.home)
        self.marks.append(mark and mark.size)
        return self.answer(message) if self.answer else self.signer.sign(message)


def test_the_mark_is_raised_before_the_signature(begun: LogHome) -> None:
    watched = Watched(begun.instance)
    begun.put([1, 2])
    log.sequence(begun.instance)
    assert watched.marks == [2]


def test_a_signer_that_fails_or_lies_publishes_nothing_and_the_next_try_signs_the_same_root(begun: LogHome) -> None:
    def fail(_message: bytes) -> bytes:
        raise NotReady("signer", "签名器不可用", "The signer is away.")

    begun.put([1, 2])
    for answer, code in ((fail, "signer"), (lambda _message: bytes(64), "log_signature")):
        watched = Watched(begun.instance, answer)
        with pytest.raises(NotReady, match=code):
            log.sequence(begun.instance)
        begun.instance._signers[log_key(begun.instance).jkt] = watched.signer
        assert state(begun.instance).pub_size == 0
        assert list(begun.checkpoints()) == [0]
    mark = high_water.read(begun.home)
    checkpoint = log.sequence(begun.instance)
    assert mark is not None
    assert (checkpoint.size, checkpoint.root) == (mark.size, mark.root)


def test_two_roots_of_one_size_are_never_signed(begun: LogHome) -> None:
    begun.put([1])
    log.integrate(begun.instance)
    with begun.instance.engines.write.begin() as connection:
        log_store.add_checkpoint(connection, LogCheckpoint(1, bytes(32), b"note"))
    watched = Watched(begun.instance)
    with pytest.raises(NotReady, match="log_forked"):
        log.publish(begun.instance)
    assert watched.marks == []


def test_after_a_rotation_the_same_head_is_signed_by_the_next_key(begun: LogHome) -> None:
    begun.put([1])
    before = log.sequence(begun.instance)
    old = log_key(begun.instance)
    with begun.instance.engines.write.begin() as connection:
        key_store.add_signing_key(connection, next_log_key(begun))
        key_store.end_signing_key(connection, old.jkt, "rotated", begun.instance.now())
        keys = log.log_keys(begun.instance, connection)
    assert log.sequence(begun.instance) == before
    note = checkpoint_shown(begun.instance)
    assert note is not None
    assert list(verified_signatures(parse_note(note), keys)) == [keys[0]]
    with begun.instance.engines.read.connect() as connection:
        kept = log_store.find_checkpoint(connection, 1)
    assert kept is not None and list(verified_signatures(parse_note(kept.note), keys)) == [keys[1]]


def next_log_key(begun: LogHome) -> SigningKey:
    """A second log key of the same root, written beside the first."""
    certificate = x509.load_pem_x509_certificate((begun.home / "roots.pem").read_bytes())
    root = Authority(certificate, read_ca_key(begun.home / "keys" / "root.pem"))
    key, start = new_key("log"), certificate.not_valid_before_utc + timedelta(days=1)
    made = mint_signer(root, Holder(ROOT_ORG, "certsvc root authority", "TEST log 2"), "log", key, start, 10)
    write_key(begun.home / "keys" / "log-2.pem", key)
    return replace(
        log_key(begun.instance),
        jkt=thumbprint(key.public_key()),
        uri="file:log-2.pem",
        certificate=made.public_bytes(Encoding.DER),
        valid_from=int(start.timestamp()),
    )


# --- a database that was put back -------------------------------------------------------------------------------------


@pytest.fixture
def put_back(begun: LogHome, empty_url: str, tmp_path: Path) -> Iterator[tuple[LogHome, LogHome]]:
    """A log of 300 entries, and the same home on a copy of its database from when it had 5 and a sixth waited."""
    begun.put(range(5))
    log.sequence(begun.instance)
    begun.put([5])
    url = begun.url or f"sqlite:///{begun.home / 'certsvc.sqlite3'}"
    copy = copy_database(url, tmp_path)
    log.sequence(begun.instance)
    begun.put(range(6, 300))
    log.sequence(begun.instance)
    target = empty_url.replace("empty.db", "older.db")
    restore_database(target, copy)
    with opened(begun.home, target) as instance:
        yield begun, LogHome(instance, target)


def test_a_database_that_was_put_back_neither_integrates_nor_signs(put_back: tuple[LogHome, LogHome]) -> None:
    newer, older = put_back
    before = state(older.instance)
    for work in (log.integrate, log.sequence, log.heartbeat, log.check_not_rolled_back, checkpoint_shown):
        with pytest.raises(NotReady, match="log_rolled_back") as caught:
            work(older.instance)
        assert caught.value.hint == "certsvc log recover MIRROR"
    assert state(older.instance) == before
    log.check_not_rolled_back(newer.instance)


def test_a_home_without_its_mark_signs_nothing_either(put_back: tuple[LogHome, LogHome]) -> None:
    _, older = put_back
    (older.home / high_water.FILE).unlink()
    with pytest.raises(NotReady, match="log_rolled_back"):
        log.sequence(older.instance)


def test_a_database_that_grew_past_the_mark_with_other_entries_signs_nothing(put_back: tuple[LogHome, LogHome]) -> None:
    newer, older = put_back
    mark = (older.home / high_water.FILE).read_bytes()
    head = older.checkpoints()[5]
    (older.home / high_water.FILE).write_text(f"sample.invalid/log\n5\n{encode_base64(head)}\n")
    older.put(range(1000, 1400))
    log.sequence(older.instance)
    (older.home / high_water.FILE).write_bytes(mark)
    older.put([2000])
    for work in (log.integrate, log.publish, log.heartbeat):
        with pytest.raises(NotReady, match="log_rolled_back"):
            work(older.instance)
    assert state(newer.instance).size == 300


def test_a_mirror_brings_back_what_was_signed(put_back: tuple[LogHome, LogHome], tmp_path: Path) -> None:
    newer, older = put_back
    mirror.export(newer.instance, tmp_path / "mirror")
    older.put([77_000])
    recovered = mirror.recover(older.instance, tmp_path / "mirror")
    assert (recovered.size, recovered.entries, recovered.repeated) == (300, 295, 0)
    assert mirror.recover(older.instance, tmp_path / "mirror").entries == 0
    assert older.entries() == newer.entries()
    assert older.checkpoints() == newer.checkpoints()
    assert checkpoint_shown(older.instance) == checkpoint_shown(newer.instance)
    # The sixth entry, which waited in the copy, is where it was; the one that came after the restore waits.
    with older.instance.engines.read.connect() as connection:
        assert log_store.find_by_subject(connection, "subject 5").idx == 5  # type: ignore[union-attr]
        assert log_store.waiting_since(connection)[0] == 1
    assert log.sequence(older.instance).size == 301
    assert older.check() == 301


def test_acts_that_were_done_again_after_a_restore_are_counted(
    put_back: tuple[LogHome, LogHome], tmp_path: Path
) -> None:
    newer, older = put_back
    mirror.export(newer.instance, tmp_path / "mirror")
    with older.instance.engines.write.begin() as connection:
        log.enqueue(connection, "again", act_leaf(b64(bytes(32)), b"done again", bytes(32), [tag(200)]))
    assert mirror.recover(older.instance, tmp_path / "mirror").repeated == 1


DAMAGES: dict[str, tuple[str, str]] = {
    "an entry was changed": ("tile/entries/000", "mirror_other"),
    "an entry of the last bundle was changed": ("tile/entries/001.p/44", "mirror_other"),
    "its checkpoint was changed": ("checkpoint", "mirror_form|note_form|checkpoint_form"),
    "an older checkpoint was changed": ("checkpoints/005", "mirror_form|note_form|checkpoint_form"),
}


@pytest.mark.parametrize(("name", "code"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_mirror_with_a_defect_recovers_nothing(
    put_back: tuple[LogHome, LogHome], tmp_path: Path, name: str, code: str
) -> None:
    newer, older = put_back
    mirror.export(newer.instance, tmp_path / "mirror")
    data = bytearray((tmp_path / "mirror" / name).read_bytes())
    place = (
        data.rindex(b'"u":["') + 10
        if name.startswith("tile")
        else data.index(b"\n5") + 1
        if name != "checkpoint"
        else 20
    )
    data[place] ^= 1
    (tmp_path / "mirror" / name).write_bytes(data)
    before = state(older.instance)
    with pytest.raises((Refused, Malformed), match=code):
        mirror.recover(older.instance, tmp_path / "mirror")
    assert state(older.instance) == before
    with pytest.raises(NotReady, match="log_rolled_back"):
        log.sequence(older.instance)


def test_a_mirror_that_ends_too_early_or_is_none_recovers_nothing(
    put_back: tuple[LogHome, LogHome], tmp_path: Path
) -> None:
    newer, older = put_back
    mirror.export(newer.instance, tmp_path / "mirror")
    newer.put([400])
    log.sequence(newer.instance)
    with pytest.raises(Refused, match="mirror_short"):
        mirror.recover(older.instance, tmp_path / "mirror")
    with pytest.raises(NotFound, match="mirror_missing"):
        mirror.recover(older.instance, tmp_path)
    mirror.export(newer.instance, tmp_path / "mirror")
    (tmp_path / "mirror" / "tile" / "entries" / "000").unlink()
    with pytest.raises(Malformed, match="mirror_gap"):
        mirror.recover(older.instance, tmp_path / "mirror")


# --- proofs -----------------------------------------------------------------------------------------------------------


def test_every_entry_is_proved_under_every_size(begun: LogHome) -> None:
    begun.put(range(20))
    log.sequence(begun.instance)
    begun.put(range(20, 280))
    log.sequence(begun.instance)
    entries = begun.entries()
    with begun.instance.engines.read.connect() as connection:
        for size in (1, 20, 255, 257, 280):
            root = root_from_scratch(entries[:size])
            for index in {0, size // 2, size - 1}:
                path = log.inclusion_proof(connection, index, size)
                assert inclusion_holds(leaf_hash(entries[index]), index, size, path, root)
        for index, size in ((0, 281), (5, 5), (-1, 5)):
            with pytest.raises(NotFound, match="log_beyond"):
                log.inclusion_proof(connection, index, size)


def test_an_entry_is_proved_with_its_salt_and_the_checkpoints_around_it(begun: LogHome) -> None:
    for number in range(4):
        begun.put([number])
        log.sequence(begun.instance)
    begun.put([4])
    with begun.instance.engines.read.connect() as connection:
        keys = believed(begun.instance, connection)
        evidence = LogEvidence(begun.instance, connection)
        found = evidence.of_key("key 1")
        assert found is not None and (found.proof.index, found.proof.extra) == (1, bytes(32))
        assert evidence.of_key("key 4") is None and evidence.of_key("nobody's") is None
    span = span_between(found.before, found.proof.checkpoint, keys)
    check_stands(found, span)
    assert found.entry == leaf(1) and span.without is not None
    assert (span.without.size, span.having.size) == (1, 2)


UNGUARD = {
    "sqlite": ["DROP TRIGGER log_tile_grows", "DROP TRIGGER log_bundle_grows"],
    "postgresql": ["ALTER TABLE log_tile DISABLE TRIGGER USER", "ALTER TABLE log_bundle DISABLE TRIGGER USER"],
}


@pytest.mark.parametrize("table", ["log_tile", "log_bundle"])
def test_from_a_damaged_row_nothing_is_proved_and_nothing_grows(begun: LogHome, backend: str, table: str) -> None:
    begun.put(range(5))
    log.sequence(begun.instance)
    begun.put([5])
    with begun.instance.engines.write.begin() as connection:
        for statement in UNGUARD[backend]:
            connection.execute(text(statement))
        data = bytes(connection.execute(text(f"SELECT data FROM {table}")).scalar_one())  # noqa: S608
        flipped = data[:-2] + bytes([data[-2] ^ 1]) + data[-1:]
        connection.execute(text(f"UPDATE {table} SET data = :data"), {"data": flipped})  # noqa: S608
    with begun.instance.engines.read.connect() as connection, pytest.raises(NotReady, match="log_damaged"):
        # The changed hash is that of entry 4, which stands in the path of entry 3 and not in its own.
        log.inclusion_proof(connection, 3 if table == "log_tile" else 4, 5)
    if table == "log_tile":
        with pytest.raises(NotReady, match="log_damaged"):
            log.integrate(begun.instance)


# --- tiles ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grown(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LogHome, list[bytes]]]:
    """A published log of 600 entries, on SQLite."""
    with log_home("sqlite", request, tmp_path_factory.mktemp("grown")) as home:
        home.put(range(600))
        log.sequence(home.instance)
        yield home, home.entries()


def from_scratch(entries: list[bytes], tile: Tile) -> bytes:
    """The bytes of a tile by its definition: slot i is the root of a whole subtree."""
    if tile.level == ENTRIES:
        return encode_entries(entries[tile.n * 256 : tile.n * 256 + tile.width])
    span = 256**tile.level
    first = tile.n * 256
    return b"".join(root_from_scratch(entries[(first + i) * span : (first + i + 1) * span]) for i in range(tile.width))


@given(size=st.integers(1, 600))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_tile_of_every_size_is_a_prefix_of_what_is_stored(grown: tuple[LogHome, list[bytes]], size: int) -> None:
    home, entries = grown
    for tile in tiles_at(size):
        assert tile_shown(home.instance, tile) == from_scratch(entries[:size], tile)
        if tile.level == 0:
            bundle = Tile(ENTRIES, tile.n, tile.width)
            assert tile_shown(home.instance, bundle) == from_scratch(entries[:size], bundle)


@given(level=st.integers(-1, 3), n=st.integers(0, 4), width=st.integers(1, 256))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_tile_is_shown_exactly_if_it_is_published(
    grown: tuple[LogHome, list[bytes]], level: int, n: int, width: int
) -> None:
    tile = Tile(level, n, width)
    assert (tile_shown(grown[0].instance, tile) is not None) == exists_at(tile, 600)


def test_what_is_integrated_and_not_published_is_not_shown(begun: LogHome) -> None:
    begun.put(range(3))
    log.sequence(begun.instance)
    begun.put(range(3, 300))
    log.integrate(begun.instance)
    assert tile_shown(begun.instance, Tile(0, 0, 3)) is not None
    for tile in (Tile(0, 0, 4), Tile(ENTRIES, 0, 4), Tile(0, 0), Tile(1, 0, 1)):
        assert tile_shown(begun.instance, tile) is None


# --- kill -9 ----------------------------------------------------------------------------------------------------------

#: Fixtures of log_for_tests.
__all__ = ["log_template", "log_template_on_postgresql"]
PROGRAM = Path(log_killed_for_tests.__file__)


def settled(begun: LogHome) -> None:
    """Waits until the database server has noticed that the killed program is gone."""
    if begun.url is None:
        return
    begun.instance.engines.close()
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    until = time.monotonic() + 30
    with begun.instance.engines.read.connect() as connection:
        while connection.execute(text(others)).scalar_one():
            assert time.monotonic() < until
            time.sleep(0.02)


def killed_at(begun: LogHome, point: str, number: int) -> bool:
    """Runs the program until it dies; whether it had acknowledged its leaves."""
    command = [sys.executable, str(PROGRAM), str(begun.home), point, str(number)]
    done = subprocess.run(command, env=environment(begun.home, begun.url) | paths(), capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    settled(begun)
    return "acknowledged" in done.stdout


def paths() -> dict[str, str]:
    folders = [str(PROGRAM.parent), str(PROGRAM.parents[1]), str(PROGRAM.parents[2])]
    return {"PYTHONPATH": ":".join(folders)}


def test_a_kill_at_any_point_loses_and_doubles_nothing(begun: LogHome) -> None:
    acknowledged, roots = [], begun.checkpoints()
    for number, point in enumerate(log_killed_for_tests.POINTS):
        first = number * 3
        was_acknowledged = killed_at(begun, point, first)
        # The outbox is durable or not, but the entries were there wholly or not at all.
        with begun.instance.engines.read.connect() as connection:
            there = [log_store.find_by_key(connection, f"key {one}") is not None for one in range(first, first + 3)]
        assert there in ([True] * 3, [False] * 3)
        assert there[0] or not was_acknowledged
        assert there[0] == (point != "the outbox is not committed")
        acknowledged += range(first, first + 3) if there[0] else []
        begun.check()
        if number % 2:
            # Every other time the next program goes on by itself.
            assert log.sequence(begun.instance).size == begun.check() == len(acknowledged)
        found = begun.checkpoints()
        assert {size: found[size] for size in roots} == roots
        roots = found
    assert log.sequence(begun.instance).size == begun.check()
    assert sorted(begun.entries()) == sorted(map(leaf, acknowledged))
