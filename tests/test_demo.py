"""The demo is the product's face: every case verifies to the stated verdict by command line, API and page."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from demo_for_tests import PEOPLE, SEED, URL, manifest, shared_demo
from flask.testing import FlaskClient

from certsvc.app import create_app
from certsvc.core.errors import Refused
from certsvc.demo import build_demo
from certsvc.demo.cases import CASES, Case
from certsvc.instance import open_instance
from certsvc.verify.report import EXIT_CODES

FILES = [case.file for case in CASES]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_demo(tmp_path_factory)


@pytest.fixture(scope="session")
def client(home: Path) -> Iterator[FlaskClient]:
    instance = open_instance(home)
    app = create_app(instance)
    yield app.test_client()
    instance.close()


def certsvc(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "certsvc", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


def upload(name: str, data: bytes) -> dict[str, Any]:
    """A form with one file, as bytes: the client's own encoder leaves a temporary file open above 500 kB."""
    head = f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return {"data": head.encode() + data + b"\r\n--edge--\r\n", "content_type": "multipart/form-data; boundary=edge"}


def verdicts(home: Path, *options: str) -> tuple[dict[str, str], int]:
    """What one call of the command line says of every file, and its exit code."""
    done = certsvc("verify", "--json", *options, *(str(home / "demo" / file) for file in FILES))
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(reports) == len(FILES), done.stderr
    return {file: report["verdict"] for file, report in zip(FILES, reports, strict=True)}, done.returncode


def test_the_papers_of_the_night_lie_weeks_apart_and_the_log_saw_its_acts_within_two_hours(home: Path) -> None:
    done = certsvc("verify", "--json", "--home", str(home), str(home / "demo" / "void-one-night.pdf"))
    report = json.loads(done.stdout)
    assert (report["verdict"], report["reason"], report["time_source"]) == ("void", "interval_short", "log")
    acts = [link for link in report["chain"] if link["kind"] == "act"]
    assert {link["name"] for link in acts if link["outcome"] == "fail"} == {"unit_notice", "result_notice"}
    first, last = (datetime.fromisoformat(acts[place]["logged"]["latest"]) for place in (0, -1))
    assert timedelta(hours=1) < last - first < timedelta(hours=2)
    numbers = [int(link["document"][-4:-1]) for link in acts]
    assert numbers == sorted(numbers) and numbers[-1] - numbers[0] == 28
    # Nothing else is wrong: every signature, grant, paper and place in the log is as it should be.
    assert {row["code"] for row in report["checks"] if row["outcome"] in ("fail", "unknown")} == {"interval_short"}


def test_each_of_the_twelve_verdicts_has_a_file(home: Path) -> None:
    assert set(manifest(home, "manifest.json").values()) == set(EXIT_CODES)


def test_the_command_line_gives_the_stated_verdict_of_every_case(home: Path) -> None:
    found, code = verdicts(home, "--home", str(home))
    assert found == manifest(home, "manifest.json")
    assert code == max(EXIT_CODES.values())


def test_the_command_line_gives_the_stated_verdict_of_every_case_offline(home: Path) -> None:
    found, _ = verdicts(home, "--offline", "--root", str(home / "roots.pem"))
    assert found == manifest(home, "manifest-offline.json")


@pytest.mark.parametrize("file", FILES)
def test_the_api_gives_the_stated_verdict(home: Path, client: FlaskClient, file: str) -> None:
    data = (home / "demo" / file).read_bytes()
    if file.endswith(".json"):
        answer = client.post("/api/v1/verifications", json=json.loads(data))
    else:
        answer = client.post("/api/v1/verifications", **upload(file, data))
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["verdict"] == manifest(home, "manifest.json")[file]


@pytest.mark.parametrize("case", [case for case in CASES if case.shows_code], ids=lambda case: case.file)
def test_the_page_of_a_code_shows_the_stated_verdict(home: Path, client: FlaskClient, case: Case) -> None:
    gallery = json.loads((home / "demo" / "gallery.json").read_text(encoding="utf-8"))
    row = next(row for row in gallery if row["file"] == case.file)
    answer = client.get(f"/v/{row['code']}")
    assert answer.status_code == 200
    assert f"v-{row['verdict']}" in answer.text
    report = client.get(f"/v/{row['code']}", headers={"Accept": "application/json"}).json
    assert report is not None
    assert report["verdict"] == row["verdict"]


def test_void_reports_name_the_act_and_the_organisation(home: Path, client: FlaskClient) -> None:
    for file, act, org in (
        ("void-committee-level.pdf", "accept", "SL-MC"),
        ("void-notice-four-days.pdf", "unit_notice", "SL-U1"),
        ("void-missing-notice.pdf", "result_notice", "SL-EC"),
    ):
        report = client.post("/api/v1/verifications", **upload(file, (home / "demo" / file).read_bytes())).json
        assert report is not None
        failed = [row for row in report["checks"] if row["outcome"] == "fail"]
        assert (failed[0]["act"], failed[0]["org"]) == (act, org)


def test_the_roster_files_are_left_to_look_at(home: Path) -> None:
    rosters = sorted(path.name for path in (home / "demo").glob("roster-*.xlsx"))
    assert rosters == [
        "roster-T01-engineers.xlsx",
        "roster-T01-time-limited.xlsx",
        "roster-T01-try-it-yourself.xlsx",
        "roster-T04-motor-group.xlsx",
        "roster-T06-grass-roots.xlsx",
    ]


def test_a_demo_that_is_there_is_served_again(home: Path) -> None:
    before = (home / "demo" / "valid.pdf").read_bytes()
    assert build_demo(home, PEOPLE, SEED, URL, lambda *_: None) is False
    assert (home / "demo" / "valid.pdf").read_bytes() == before


def test_another_seed_or_size_is_refused_and_names_reset(home: Path) -> None:
    for people, seed in ((PEOPLE + 1, SEED), (PEOPLE, SEED + 1)):
        with pytest.raises(Refused) as refused:
            build_demo(home, people, seed, URL, lambda *_: None)
        assert "--reset" in refused.value.hint


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(Refused):
        build_demo(tmp_path, PEOPLE, SEED, URL, lambda *_: None)
    assert (tmp_path / "mine.txt").read_text() == "mine"
