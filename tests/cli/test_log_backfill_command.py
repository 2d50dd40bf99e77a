"""`certsvc log backfill` and what `certsvc doctor` says before and after it."""

from pathlib import Path

import pytest
from cli_for_tests import call, must
from log_for_tests import build_log_home
from world_for_tests import opened

from certsvc.services import log_backfill, log_leaves
from certsvc.store import log as log_store


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A home whose documents are all older than its log."""
    build_log_home(tmp_path / "home")
    return tmp_path / "home"


def test_what_is_older_than_the_log_is_named_and_entered(older: Path) -> None:
    before = call("doctor", "--home", older)
    assert "certsvc log backfill" in before.out + before.err
    said = must("log", "backfill", "--home", older)
    with opened(older) as instance:
        assert log_backfill.count_unlogged(instance) == 0
        assert log_leaves.waiting_since(instance) == (0, None)
        with instance.engines.read.connect() as connection:
            count = log_store.read_state(connection).pub_size
    assert count > 0 and f"{count} documents" in said.err
    after = call("doctor", "--home", older)
    assert "backfill" not in after.out + after.err
    assert f"日志已发布 {count} 条" in after.out + after.err
    assert "补登 0 份文件" in must("log", "backfill", "--home", older).err


def test_who_migrates_the_database_of_an_older_home_logs_what_it_signed(older: Path) -> None:
    said = call("doctor", "--upgrade", "--home", older)
    assert "backfill" not in said.out + said.err
    with opened(older) as instance:
        assert log_backfill.count_unlogged(instance) == 0
        assert log_leaves.waiting_since(instance) == (0, None)
