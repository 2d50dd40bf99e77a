"""The heartbeat of a log: what one beat does, that one at a time is enough, and that nothing stops a server."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from log_for_tests import build_log_home
from support_instance import SmallInstance
from world_for_tests import World, opened

from certsvc.core.errors import NotReady
from certsvc.services import cosign, documents, heartbeat, high_water, log_backfill, log_leaves
from certsvc.services.witness_list import FILE
from certsvc.store import log as log_store


@pytest.fixture
def quiet(province: World) -> World:
    """A province an hour after anybody did anything, with one leaf that a crash left behind."""
    province.instance.set_clock(province.instance.now() + 3600)
    with province.instance.engines.write.begin() as connection:
        documents.publish_trust_within(province.instance, connection)
    return province


def beat_times(world: World) -> list[int]:
    return cosign.cosigned_at(world.instance)


def eventually(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    return true()


def test_a_beat_publishes_what_a_crash_left_and_has_it_cosigned(quiet: World) -> None:
    done = heartbeat.beat(quiet.instance)
    assert log_leaves.waiting_since(quiet.instance) == (0, None)
    assert [one.outcome for one in done.said] == ["cosigned", "cosigned"]
    with quiet.instance.engines.read.connect() as connection:
        assert log_store.read_state(connection).pub_size == done.checkpoint.size
    assert beat_times(quiet) == [quiet.instance.now()] * 2


def test_the_process_that_comes_second_asks_nobody_again_unless_it_is_told_to(quiet: World) -> None:
    heartbeat.beat(quiet.instance)
    assert heartbeat.beat(quiet.instance).said == ()
    assert len(heartbeat.beat(quiet.instance, ask=True).said) == 2


def test_a_log_to_which_nothing_comes_is_cosigned_all_the_same(quiet: World) -> None:
    heartbeat.beat(quiet.instance)
    quiet.instance.set_clock(quiet.instance.now() + int(heartbeat.EVERY))
    assert len(heartbeat.beat(quiet.instance).said) == 2
    assert beat_times(quiet) == [quiet.instance.now()] * 2


def test_a_home_without_witnesses_beats_as_well(small: SmallInstance) -> None:
    assert heartbeat.beat(small.instance).said == ()
    assert log_leaves.waiting_since(small.instance) == (0, None)


def test_where_a_log_is_required_nothing_is_published_without_witnesses(quiet: World) -> None:
    (quiet.home / FILE).unlink()
    with pytest.raises(NotReady, match="witnesses_missing"):
        heartbeat.beat(quiet.instance)
    assert log_leaves.waiting_since(quiet.instance)[0] == 1


def test_the_thread_beats_at_once_and_again_and_ends_when_it_is_told(quiet: World) -> None:
    stop = threading.Event()
    thread = heartbeat.start(quiet.instance, stop, 0.02)
    try:
        assert thread.daemon
        assert eventually(lambda: beat_times(quiet) == [quiet.instance.now()] * 2)
        assert log_leaves.waiting_since(quiet.instance) == (0, None)
        quiet.instance.set_clock(quiet.instance.now() + 3600)
        assert eventually(lambda: beat_times(quiet) == [quiet.instance.now()] * 2)
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()


def test_a_log_that_was_put_back_is_named_and_kills_no_server(quiet: World, caplog: pytest.LogCaptureFixture) -> None:
    for file in (high_water.FILE, FILE):
        (quiet.home / file).unlink()
    with pytest.raises(NotReady, match="log_rolled_back"):
        heartbeat.beat(quiet.instance)
    stop = threading.Event()
    thread = heartbeat.start(quiet.instance, stop, 0.02)
    try:
        # More than one of them: the first did not end the thread.
        assert eventually(lambda: caplog.text.count("log_rolled_back") > 2)
        assert thread.is_alive()
    finally:
        stop.set()
        thread.join(20)


def test_a_server_learns_from_its_witnesses_before_it_signs(quiet: World, caplog: pytest.LogCaptureFixture) -> None:
    """The mark was put back with the machine; the witnesses know better."""
    old = (quiet.home / high_water.FILE).read_bytes()
    heartbeat.beat(quiet.instance)
    new = (quiet.home / high_water.FILE).read_bytes()
    (quiet.home / high_water.FILE).write_bytes(old)
    heartbeat.learn(quiet.instance)
    assert (quiet.home / high_water.FILE).read_bytes() == new != old
    (quiet.home / FILE).write_text("[]")
    heartbeat.learn(quiet.instance)
    assert "witnesses_form" in caplog.text


def test_what_is_older_than_the_log_enters_it_with_the_first_beat(tmp_path: Path) -> None:
    build_log_home(tmp_path / "home")
    with opened(tmp_path / "home") as instance:
        assert log_backfill.count_unlogged(instance) > 0
        stop = threading.Event()
        thread = heartbeat.start(instance, stop)
        try:
            assert eventually(lambda: log_backfill.count_unlogged(instance) == 0)
        finally:
            stop.set()
            thread.join(20)
        assert log_leaves.waiting_since(instance) == (0, None)
