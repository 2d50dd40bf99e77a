"""`certsvc bench`: the shape of its rows. How fast anything is, is nobody's business here."""

import json
import socket
from pathlib import Path

import pytest
from support import needs

from certsvc.bench import BENCHES, run
from certsvc.bench.measure import Figure, in_turn
from certsvc.bench.postgresql import APT
from certsvc.bench.server import HELLO, served
from certsvc.bench.world import Sizes
from certsvc.core.errors import NotFound

SMALL = Sizes(
    people=10,
    issue_rounds=2,
    verify_rounds=2,
    warm_batch=2,
    rosters=2,
    roster_people=2,
    pages=1,
    web_rounds=2,
    web_requests=3,
    web_connections=2,
    web_warm_up=1,
    import_rounds=1,
    import_rows=4,
    log_rounds=2,
    log_rows=20,
    log_certificates=1,
    log_sizes=(16, 100),
    log_proof_rounds=1,
    audit_rounds=1,
    audit_entries=20,
)
MEMBERS = ["name", "value", "unit", "baseline", "baseline_value", "ratio"]
ROWS = {
    "issue": "1/s",
    "verify_first": "ms",
    "verify_warm": "ms",
    "parse": "ms",
    "pdf": "1/s",
    "pdf_again": "1/s",
    "online_p50": "ms",
    "online_p99": "ms",
    "online_cpu": "ms",
    "online_rate": "1/s",
    "import": "1/s",
    "verify_many": "ms",
    "log_issue": "ms",
    "log_sequence_sqlite": "1/s",
    "log_sequence_postgresql": "1/s",
    "log_proof_16_bytes": "B",
    "log_proof_16_check": "µs",
    "log_proof_16_make": "µs",
    "log_proof_1e2_bytes": "B",
    "log_proof_1e2_check": "µs",
    "log_proof_1e2_make": "µs",
    "log_audit": "1/s",
    "log_audit_memory": "MiB",
}


def test_every_row_is_one_json_object_with_its_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    needs("initdb", APT)
    run((), True, SMALL)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["name"]: row["unit"] for row in rows} == ROWS
    for row in rows:
        assert list(row) == MEMBERS
        assert row["value"] > 0 and row["baseline_value"] > 0
        assert row["ratio"] == pytest.approx(row["value"] / row["baseline_value"], rel=2e-3)


def test_a_named_measurement_alone_is_a_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    run(("parse",), False, SMALL)
    header, line = capsys.readouterr().out.splitlines()
    assert "baseline" in header
    assert line.split()[0] == "parse"
    assert "json.loads" in line


def test_an_unknown_measurement_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(NotFound, match="bench_unknown") as error:
        run(("speed",), True, SMALL)
    assert all(name in error.value.en for name in BENCHES)


def test_two_things_are_measured_batch_by_batch_in_turn() -> None:
    seen: list[str] = []

    def batch(name: str) -> int:
        seen.append(name)
        return 1

    list(in_turn(3, lambda _: batch("ours"), lambda _: batch("bare"), prepare=lambda _: seen.append("prepare")))
    assert seen == ["prepare", "ours", "bare", "bare", "prepare", "ours", "prepare", "ours", "bare"]


def test_a_ratio_is_the_value_over_the_baseline() -> None:
    assert Figure("issue", 50.0, "1/s", "bare", 200.0).to_json()["ratio"] == 0.25


def test_a_measured_server_is_gone_afterwards(tmp_path: Path) -> None:
    with served(HELLO, tmp_path) as server, socket.create_connection(("127.0.0.1", server.port), 5):
        assert server.cpu_seconds() > 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), 5)
