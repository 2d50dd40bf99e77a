"""What the measurements of the log measure: real trees, real proofs, a real server. Never how fast anything is."""

import json
import os
from collections.abc import Iterator
from math import ceil, floor, log2
from pathlib import Path

import pytest
from sqlalchemy import text
from support import needs

from certsvc.bench import log_auditing, log_proving, log_sequencing, run
from certsvc.bench.log_home import DATABASE, leaves, log_home, put_into_outbox
from certsvc.bench.measure import Absent, Figure
from certsvc.bench.postgresql import APT, private_database
from certsvc.bench.world import Sizes, World, measured_world
from certsvc.core.merkle import leaf_hash, levels, root_of
from certsvc.services import log, mirror
from certsvc.services.audit import Trusted
from certsvc.services.log_proofs import entry_at
from certsvc.store import log as log_store
from certsvc.store.engine import open_engines

TINY = Sizes(
    people=4,
    pages=1,
    log_rounds=2,
    log_rows=30,
    log_certificates=2,
    log_sizes=(16, 100, 4096),
    log_proof_rounds=1,
    audit_rounds=1,
    audit_entries=300,
)
#: No server has its socket here.
NOWHERE = "postgresql://nobody@/nothing?host=/nonexistent"
#: A line of base64 with one hash; what else a proof has around its path and its checkpoint, with seven digits.
HASH_LINE, FRAME = 45, len("c2sp.org/tlog-proof@v1\nindex 1234567\n\n")


@pytest.fixture(scope="module")
def tiny() -> Iterator[World]:
    with measured_world(TINY, lambda name, done, total: None) as world:
        yield world


def test_a_proof_grows_with_the_logarithm_of_the_log_and_no_faster(tiny: World) -> None:
    rows = [row for row in log_proving.measure(tiny) if row.unit == "B"]
    assert [row.name for row in rows] == ["log_proof_16_bytes", "log_proof_1e2_bytes", "log_proof_4096_bytes"]
    for row, size in zip(rows, TINY.log_sizes, strict=True):
        path = row.value - row.baseline_value
        assert HASH_LINE * floor(log2(size)) < path <= FRAME + HASH_LINE * ceil(log2(size))


def test_making_and_checking_a_proof_are_measured_at_every_size(tiny: World) -> None:
    rows = {row.name: row for row in log_proving.measure(tiny) if row.unit != "B"}
    assert {row.unit for row in rows.values()} == {"µs"}
    assert set(rows) == {f"log_proof_{size}_{action}" for size in ("16", "1e2", "4096") for action in ("check", "make")}
    # Three signatures have to hold, the log's and those of two witnesses.
    assert all(row.ratio > 1 for name, row in rows.items() if name.endswith("check"))


def test_a_grown_tree_is_that_of_its_entries(tmp_path: Path) -> None:
    with log_home(tmp_path) as instance:
        edge = log_proving._edge(instance)
        begin = edge.size
        for size in (begin + 3, 300):
            edge = log_proving.grow_tree(instance, edge, [log_proving.entry(n) for n in range(edge.size, size)])
        with instance.engines.read.connect() as connection:
            state = log_store.read_state(connection)
            entries = [entry_at(connection, index) for index in range(state.size)]
    assert state.root == root_of(levels([leaf_hash(entry) for entry in entries]))
    assert entries[begin:] == [log_proving.entry(n) for n in range(begin, 300)]
    assert {len(entry) for entry in entries[begin:]} == {log_proving.ENTRY}


def test_sequencing_is_measured_on_both_databases(tiny: World) -> None:
    needs("initdb", APT)
    rows = list(log_sequencing.measure(tiny))
    assert [row.name for row in rows] == ["log_sequence_sqlite", "log_sequence_postgresql"]
    for row in rows:
        assert isinstance(row, Figure)
        assert (row.unit, row.baseline) == ("1/s", "INSERT of the same rows")
        assert row.value > 0 and row.baseline_value > 0


def test_a_measurement_that_the_machine_cannot_give_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(log_sequencing.POSTGRESQL, NOWHERE)
    run(("log_sequence",), True, TINY)
    sqlite, absent = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sqlite["value"] > 0
    assert absent["name"] == "log_sequence_postgresql"
    assert "cannot be reached" in absent["absent"] and "/nonexistent" in absent["absent"]
    run(("log_sequence",), False, TINY)
    assert "连不上数据库" in capsys.readouterr().out.splitlines()[-1]


def test_a_database_that_belongs_to_somebody_is_not_filled(tiny: World, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("initdb", APT)
    with private_database() as url:
        monkeypatch.setenv(log_sequencing.POSTGRESQL, url)
        first, second = [list(log_sequencing.measure(tiny))[1] for _ in range(2)]
    assert isinstance(first, Figure)
    assert isinstance(second, Absent) and "belongs to another instance" in second.en


def test_without_the_programs_of_the_server_the_line_to_type_is_said(
    tiny: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("certsvc.bench.postgresql.DEBIAN", Path("/nonexistent"))
    _, absent = log_sequencing.measure(tiny)
    assert isinstance(absent, Absent) and absent.en.endswith(f"apt-get install {APT}")


def test_a_private_server_waits_for_the_disk_and_is_gone_afterwards() -> None:
    needs("initdb", APT)
    with private_database() as url:
        folder = Path(url.partition("host=")[2])
        engines = open_engines(url)
        with engines.read.connect() as connection:
            assert connection.execute(text("SHOW fsync")).scalar() == "on"
            assert connection.execute(text("SHOW listen_addresses")).scalar() == ""
        engines.close()
    assert not folder.exists()


def test_the_database_of_the_run_is_what_it_was_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATABASE, NOWHERE)
    with log_home(tmp_path) as instance:
        assert instance.engines.write.dialect.name == "sqlite"
        assert os.environ[DATABASE] == NOWHERE
    monkeypatch.delenv(DATABASE)
    with log_home(tmp_path):
        assert DATABASE not in os.environ


def test_leaves_that_wait_are_sequenced_as_they_are(tmp_path: Path) -> None:
    with log_home(tmp_path) as instance:
        begin = log.sequence(instance).size
        put_into_outbox(instance, leaves(0, 5))
        assert log.sequence(instance).size == begin + 5
        with instance.engines.read.connect() as connection:
            assert [entry_at(connection, begin + n) for n in range(5)] == leaves(0, 5)
    assert len(set(leaves(0, 5))) == 5


def test_one_certificate_alone_is_published_when_the_clock_stops(tiny: World) -> None:
    before = len(tiny.given_out)
    (row,) = log_sequencing.measure_issue(tiny)
    assert (row.name, row.unit) == ("log_issue", "ms")
    assert row.value > row.baseline_value > 0
    assert len(tiny.given_out) == before + 4 + TINY.log_certificates


def test_an_audit_is_measured_with_the_memory_that_it_takes(tiny: World) -> None:
    rate, memory = log_auditing.measure(tiny)
    assert (rate.name, rate.unit, memory.name, memory.unit) == ("log_audit", "1/s", "log_audit_memory", "MiB")
    assert 0 < rate.ratio < 1
    assert memory.value > 0 and memory.baseline_value > 0


def test_an_audit_that_finds_something_is_no_measurement(tiny: World, tmp_path: Path) -> None:
    with log_home(tmp_path) as instance:
        mirror.export(instance, tmp_path / "mirror")
        with instance.engines.read.connect() as connection:
            trusted = Trusted(log.log_keys(instance, connection))
    (entries,) = (tmp_path / "mirror" / "tile" / "entries").rglob("*.p/*")
    entries.write_bytes(entries.read_bytes().replace(b'"v":1', b'"v":2', 1))
    with pytest.raises(RuntimeError, match="bad_entry"):
        log_auditing._audited(tmp_path / "mirror", trusted, tmp_path / "seen")
