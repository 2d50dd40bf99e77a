"""`certsvc keys …` about the life of keys and grants: what the tables say, and the drill from end to end."""

import csv
import json
import re
import shlex
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from cli_for_tests import Said, call, must
from support_instance import build_small_instance

from certsvc.cli.key_care import moment
from certsvc.instance import open_instance
from certsvc.services import documents

PAPER = ("--document-number", "示例函〔2025〕9号")
PAIR = ("--officer", "HRSS-1", "--second", "HRSS-2")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], int]:
    """A home with three certificates, their codes, and the time of their issue."""
    place = tmp_path_factory.mktemp("keys") / "home"
    small = build_small_instance(place)
    small.instance.close()
    return place, [one.code for one in small.issued], small.now


@pytest.fixture
def home(template: tuple[Path, list[str], int], tmp_path: Path) -> Path:
    return Path(shutil.copytree(template[0], tmp_path / "home"))


@pytest.fixture
def codes(template: tuple[Path, list[str], int]) -> list[str]:
    return template[1]


@pytest.fixture
def issued_at(template: tuple[Path, list[str], int]) -> int:
    return template[2]


def history(home: Path, *arguments: str) -> list[dict[str, object]]:
    said = must("keys", "history", "--json", "--home", home, *arguments)
    return [json.loads(line) for line in said.out.splitlines()]


def key(home: Path, use: str, org: str = "HRSS", reason: str | None = None) -> str:
    """The newest key of an organisation for a use that ended for this reason, or lives."""
    rows = [one for one in history(home, "--org", org) if one["use"] == use and one["reason"] == reason]
    return str(rows[0]["jkt"])


def drill(home: Path, jkt: str, since: int, *arguments: object) -> Said:
    stamp = f"{moment(since).replace(' ', 'T')}+08:00"
    return call("keys", "compromised", "--since", stamp, "--home", home, *arguments, "--", jkt)


def change(home: Path, kind: str, which: str, *more: str) -> None:
    """Proposed by one officer and decided by the other."""
    said = must("status", kind, which, *PAIR[:2], *PAPER, *more, "--home", home).err
    found = re.search(r"status approve (\S+)", said)
    assert found is not None
    must("status", "approve", found[1], "--officer", PAIR[3], "--home", home)


def test_the_history_has_every_key_with_seven_columns(home: Path) -> None:
    rows = history(home)
    assert {tuple(row) for row in rows} == {("jkt", "use", "org", "from", "to", "reason", "good_before")}
    assert {"root", "ca", "log", "policy", "officer", "seal", "credential"} <= {row["use"] for row in rows}
    assert {(row["to"], row["reason"], row["good_before"]) for row in rows} == {(None, None, None)}
    table = must("keys", "history", "--org", "UNIT", "--home", home).out.splitlines()
    assert len(table) == 1 + len(history(home, "--org", "UNIT"))


def test_a_witness_is_appointed_and_ended_and_the_history_says_so(home: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        vkey = must("witness", "init", f"w.example/{name}", "--home", tmp_path / name).out.strip()
        must("witness", "add", vkey, f"file:{tmp_path / name}", "--home", home)
    stamp = "2025-01-01T00:00:00+08:00"
    arguments = ("w.example/a", "--reason", "compromised", "--good-before", stamp, "--home", home)
    living = must("keys", "history", "--home", home, "--json").out
    said = must("witness", "end", *arguments).err
    assert "1 are left" in said
    (drill,) = re.findall("certsvc (keys compromised --since .*)", said)
    officers = {"A": "HRSS-1", "B": "HRSS-2", "N": PAPER[1]}
    typed = [officers.get(word, word) for word in shlex.split(drill)]
    assert typed[-1] in living
    told = must(*typed[:2], "--home", home, *typed[2:])
    assert "ended with this very time" in told.err
    assert "no certificate is left to settle" in told.err
    rows = {row["org"]: row for row in history(home) if str(row["org"]).startswith("w.example")}
    assert [rows[name]["reason"] for name in ("w.example/a", "w.example/b")] == ["compromised", None]
    assert moment(int(str(rows["w.example/a"]["good_before"]))) == "2025-01-01 00:00:00"
    again = call("witness", "end", "w.example/b", "--reason", "withdrawn", "--home", home)
    assert (again.code, "witness_needed" in again.err) == (1, True)


def test_a_rotation_shows_both_keys_and_stands_in_the_history(home: Path, codes: list[str]) -> None:
    before = key(home, "credential")
    said = must("keys", "rotate", "--org", "HRSS", "--use", "credential", "--home", home)
    after = key(home, "credential")
    assert before != after
    assert before in said.out
    assert after in said.out
    assert key(home, "credential", reason="rotated") == before
    assert "keys history --org HRSS" in said.err
    must("verify", *codes, "--home", home)


def test_a_grant_key_is_made_for_an_office_that_has_none_and_the_next_command_is_named(home: Path) -> None:
    said = must("keys", "rotate", "--org", "COMM", "--use", "grant", "--home", home)
    assert "key made" in said.err and "certsvc keys grant COMM" in said.err
    assert key(home, "grant", "COMM") in said.out


def test_the_authoritys_own_grant_is_given_anew_in_its_last_year_only(home: Path) -> None:
    said = call("keys", "renew", *PAPER, "--home", home)
    assert (said.code, "grant_lasts" in said.err) == (1, True)
    (row,) = [line for line in must("keys", "grants", "HRSS", "--home", home).out.splitlines() if "issuer" in line]
    must("keys", "ungrant", "--reason", "withdrawn", *PAPER, "--home", home, "--", row.split()[0])
    assert "certsvc keys renew" in call("doctor", "--home", home).err
    assert "given anew" in must("keys", "renew", *PAPER, "--home", home).err
    assert "certsvc keys renew" not in call("doctor", "--home", home).err


def test_the_key_of_an_officer_is_rotated_by_the_officers_id(home: Path) -> None:
    before = len(history(home, "--org", "COMM"))
    must("keys", "rotate", "--officer", "COMM-1", "--home", home)
    assert len(history(home, "--org", "COMM")) == before + 1


@pytest.mark.parametrize("options", [(), ("--org", "HRSS"), ("--use", "seal"),
                                     ("--officer", "COMM-1", "--org", "HRSS", "--use", "seal"),
                                     ("--officer", "COMM-1", "--use", "seal")])  # fmt: skip
def test_a_rotation_says_exactly_whose_key(home: Path, options: tuple[str, ...]) -> None:
    assert call("keys", "rotate", *options, "--home", home).code == 2


def test_an_officer_who_leaves_loses_the_key(home: Path) -> None:
    jkt = key(home, "officer", "COMM")
    must("keys", "end", "--home", home, "--", jkt)
    assert key(home, "officer", "COMM", "withdrawn") == jkt


def test_grants_are_shown_with_their_state_before_and_after_a_withdrawal(home: Path, codes: list[str]) -> None:
    rows = must("keys", "grants", "COMM", "--home", home).out.splitlines()[1:]
    assert rows
    assert all(" living " in row for row in rows)
    beginning = rows[0].split()[0]
    said = must("keys", "ungrant", "--reason", "withdrawn", *PAPER, "--home", home, "--", beginning)
    assert "keys grants COMM" in said.err
    (row,) = (r for r in must("keys", "grants", "COMM", "--home", home).out.splitlines() if r.startswith(beginning))
    assert "withdrawn (withdrawn)" in row
    again = call("keys", "ungrant", "--reason", "withdrawn", *PAPER, "--home", home, "--", beginning)
    assert (again.code, "grant_withdrawn_already" in again.err) == (1, True)
    must("verify", *codes, "--home", home)


def test_a_dry_run_lists_everything_writes_the_file_and_changes_nothing(
    home: Path, tmp_path: Path, issued_at: int
) -> None:
    jkt, path = key(home, "credential"), tmp_path / "damage.csv"
    said = drill(home, jkt, issued_at, "--dry-run", "--out", path)
    assert said.code == 0
    assert "存疑 suspect:3" in said.out
    assert "可信 sound:0" in said.out
    command = shlex.split(said.err.splitlines()[-1].partition("certsvc ")[2])
    assert command[:2] == ["keys", "compromised"]
    filled = [{"A": "HRSS-1", "B": "HRSS-2", "N": "示例1号"}.get(word, word) for word in command]
    assert filled[-2:] == ["--", jkt]
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["verdict"], row["kind"], row["because"], row["state"]) for row in rows] == [
        ("suspect", "vc+jwt", "signature", "in_force")
    ] * 3
    assert key(home, "credential") == jkt
    assert "存疑 suspect:0" in drill(home, jkt, issued_at + 1, "--dry-run").out
    assert "3 certificates settled" in must(*filled).err


@pytest.mark.parametrize("zone", ["", "T00:00:00+08:00"], ids=["a bare date", "its first second"])
def test_a_date_of_theft_is_the_beginning_of_that_day(home: Path, issued_at: int, zone: str) -> None:
    day = f"{moment(issued_at).split()[0]}{zone}"
    said = must("keys", "compromised", "--since", day, "--dry-run", "--home", home, "--", key(home, "credential"))
    assert "00:00:00" in said.out and "存疑 suspect:3" in said.out
    assert f"--since {day[:10]}T00:00:00+08:00" in said.err


def test_a_theft_to_come_is_not_even_listed(home: Path) -> None:
    jkt = key(home, "credential")
    said = call("keys", "compromised", "--since", "2999-01-01", "--dry-run", "--home", home, "--", jkt)
    assert (said.code, said.out, "since_future" in said.err) == (1, "", True)


def test_a_grant_that_was_compromised_on_a_day_is_good_up_to_its_beginning(home: Path, issued_at: int) -> None:
    day = moment(issued_at).split()[0]
    (sha256,) = re.findall(r"^(\S+) .* issuer ", must("keys", "grants", "HRSS", "--home", home).out, re.M)[:1]
    compromised = ("--reason", "compromised", "--good-before", day, *PAPER, "--home", home, "--", sha256)
    must("keys", "ungrant", *compromised)
    with open_instance(home).engines.read.connect() as connection:
        (said,) = documents.withdrawals(connection).values()
    assert moment(said["good_before"]) == f"{day} 00:00:00"


def test_the_drill_signs_anew_and_says_that_nothing_is_left(home: Path, codes: list[str], issued_at: int) -> None:
    jkt = key(home, "credential")
    looked = drill(home, jkt, issued_at, *PAIR, *PAPER)
    assert looked.code == 0
    assert "certificates,其中可重签 of them resignable: 3" in looked.err
    assert "--then resign" in looked.err
    assert key(home, "credential", reason="compromised") == jkt
    said = drill(home, jkt, issued_at, *PAIR, *PAPER, "--then", "resign")
    assert said.code == 0
    assert "3 certificates settled" in said.err
    assert "no certificate is left" in said.err
    verified = call("verify", *codes, "--json", "--home", home)
    reports = [json.loads(line) for line in verified.out.splitlines()]
    # What a stolen key signed stays void, whatever became of it; the next version is another certificate.
    assert {(report["verdict"], report["reason"]) for report in reports} == {("void", "key_compromised")}
    newest = [line for line in must("list", "--home", home).out.splitlines() if "in_force" in line]
    assert len(newest) == 3
    again = drill(home, jkt, issued_at, *PAIR, *PAPER, "--then", "resign")
    assert (again.code, "0 certificates settled" in again.err) == (0, True)


def test_the_drill_for_a_stolen_ca_keeps_every_key_and_hands_out_new_files(
    home: Path, codes: list[str], issued_at: int
) -> None:
    jkt, keys = key(home, "ca"), {row["jkt"] for row in history(home) if row["use"] not in ("ca", "root")}
    assert "存疑 suspect" in drill(home, jkt, issued_at, "--dry-run").out
    said = drill(home, jkt, issued_at, *PAIR, *PAPER, "--then", "resign")
    assert (said.code, "3 certificates settled" in said.err, "no certificate is left" in said.err) == (0, True, True)
    assert key(home, "ca", reason="compromised") == jkt != key(home, "ca")
    assert {row["jkt"] for row in history(home) if row["use"] not in ("ca", "root")} == keys
    verified = call("verify", *codes, "--json", "--home", home)
    assert {json.loads(line)["verdict"] for line in verified.out.splitlines()} == {"superseded"}
    again = drill(home, jkt, issued_at, *PAIR, *PAPER, "--then", "resign")
    assert (again.code, "0 certificates settled" in again.err) == (0, True)
    must("keys", "rotate", "--org", "HRSS", "--use", "ca", "--home", home)


def test_the_drill_for_a_stolen_pdf_key_renews_what_has_no_file_to_be_believed(
    home: Path, codes: list[str], issued_at: int
) -> None:
    jkt = key(home, "pdf")
    said = drill(home, jkt, issued_at + 1, *PAIR, *PAPER, "--then", "resign")
    assert (said.code, "no certificate is left" in said.err, "--then renew" in said.err) == (0, True, True)
    refused = call("pdf", codes[0], "-o", home / "never.pdf", "--home", home)
    assert (refused.code != 0, "--reason key_compromised" in refused.err) == (True, True)
    said = drill(home, jkt, issued_at + 1, *PAIR, *PAPER, "--then", "renew")
    assert (said.code, "3 certificates settled" in said.err, "--then renew" in said.err) == (0, True, False)
    verified = call("verify", *codes, "--json", "--home", home)
    assert {json.loads(line)["verdict"] for line in verified.out.splitlines()} == {"superseded"}


def test_what_is_suspended_is_named_with_the_commands_that_reinstate_and_sign_it_anew(
    home: Path, codes: list[str], issued_at: int
) -> None:
    """The drill told the office to revoke it, for ever."""
    change(home, "suspend", codes[0])
    jkt = key(home, "credential")
    for arguments in ((), ("--then", "resign"), ("--then", "resign")):
        said = drill(home, jkt, issued_at, *PAIR, *PAPER, *arguments)
        assert (said.code, "--then revoke" in said.err, "--then resign" in said.err) == (0, False, True)
    assert "suspended: 1" in said.err and "not_resignable" not in said.err
    (number,) = [line.split()[0] for line in must("list", "--home", home).out.splitlines() if "suspended" in line]
    assert f"certsvc status reinstate {number} --officer A --document-number N --home {home}" in said.err
    change(home, "reinstate", number)
    last = drill(home, jkt, issued_at, *PAIR, *PAPER, "--then", "resign")
    assert ("1 certificates settled" in last.err, "no certificate is left" in last.err) == (True, True)
    assert len([line for line in must("list", "--home", home).out.splitlines() if "in_force" in line]) == 3


def test_what_is_suspended_and_stands_on_suspect_acts_is_revoked_as_the_others_are(
    home: Path, codes: list[str], issued_at: int
) -> None:
    change(home, "suspend", codes[0])
    jkt, since = key(home, "seal", "COMM"), issued_at - 40 * 86_400
    said = drill(home, jkt, since, *PAIR, *PAPER, "--then", "resign")
    assert ("not_resignable: 3" in said.err, "--then revoke" in said.err) == (True, True)
    assert "status reinstate" not in said.err
    assert "3 certificates settled" in drill(home, jkt, since, *PAIR, *PAPER, "--then", "revoke").err


def test_what_cannot_be_signed_anew_is_named_with_the_command_that_revokes(home: Path, issued_at: int) -> None:
    jkt = key(home, "seal", "COMM")
    said = drill(home, jkt, issued_at - 40 * 86_400, *PAIR, *PAPER, "--then", "resign")
    assert said.code == 0
    assert "not_resignable: 3" in said.err
    assert "--then revoke" in said.err
    last = drill(home, jkt, issued_at - 40 * 86_400, *PAIR, *PAPER, "--then", "revoke")
    assert "3 certificates settled" in last.err
    assert "have to be done anew" in last.err
    assert "certsvc roster import NEW.xlsx" in last.err


@pytest.mark.parametrize("options", [(), PAIR, (*PAIR[:2], *PAPER), PAPER])
def test_the_drill_needs_two_officers_and_a_paper(home: Path, issued_at: int, options: tuple[str, ...]) -> None:
    assert drill(home, key(home, "seal"), issued_at, *options).code == 2


def test_the_drill_needs_two_humans_before_it_ends_the_key(home: Path, issued_at: int) -> None:
    jkt = key(home, "seal")
    said = drill(home, jkt, issued_at, "--officer", "HRSS-1", "--second", "HRSS-1", *PAPER)
    assert (said.code, "same_human" in said.err) == (1, True)
    assert key(home, "seal") == jkt


def test_the_doctor_names_the_command_for_a_key_that_ends_soon(home: Path) -> None:
    jkt_before = key(home, "seal")
    assert "keys rotate" not in must("doctor", "--home", home).err
    shorten(home, jkt_before, days=59)
    said = must("doctor", "--home", home)
    assert "HRSS seal 于" in said.out
    assert "keys rotate --org HRSS --use seal" in said.err
    must("keys", "rotate", "--org", "HRSS", "--use", "seal", "--home", home)
    assert "keys rotate" not in must("doctor", "--home", home).err


def shorten(home: Path, jkt: str, days: int) -> None:
    """Lets the register say that the certificate of a key ends in so many days."""
    with closing(sqlite3.connect(home / "certsvc.sqlite3")) as database, database:
        end = int(time.time()) + days * 86_400
        database.execute("UPDATE signing_key SET valid_to = ? WHERE jkt = ?", (end, jkt))


def test_a_theft_that_is_declared_later_than_before_leads_to_the_history_of_keys(home: Path, issued_at: int) -> None:
    jkt = key(home, "credential")
    assert drill(home, jkt, issued_at, *PAIR, *PAPER).code == 0
    for said, command in (
        (drill(home, jkt, issued_at + 1, *PAIR, *PAPER), "certsvc keys history --org HRSS"),
        (drill(home, jkt, int(time.time()) + 86_400, *PAIR, *PAPER), "certsvc keys history"),
    ):
        assert (said.code, f"{command} --home {home}" in said.err) == (1, True)
    ended = must("keys", "end", "--home", home, "--", key(home, "officer"))
    assert f"certsvc keys history --org HRSS --home {home}" in ended.err


def test_after_a_theft_the_roster_says_whose_acts_count_no_more(home: Path, issued_at: int) -> None:
    assert "key_compromised" not in must("roster", "check", "R0001", "--home", home).err
    jkt = key(home, "seal", "COMM")
    drill(home, jkt, issued_at - 40 * 86_400, *PAIR, *PAPER)
    said = must("roster", "check", "R0001", "--people", "--home", home)
    assert "(COMM): 3" in said.err and "[key_compromised]" in said.err
    assert "certsvc roster import NEW.xlsx" in said.err
    assert said.out.count("失效 void") == 3


def test_the_drill_says_whom_a_thief_took_the_certificate_from_and_calls_no_act_of_a_path_suspect(
    home: Path, issued_at: int
) -> None:
    number = next(
        word for word in must("list", "--home", home).out.split() if re.fullmatch(r"[0-9]{18,}[0-9A-Z]", word)
    )
    since, jkt = int(time.time()) - 60, key(home, "officer")
    change(home, "revoke", number, "--reason", "procedure", "--retroactive")
    said = drill(home, jkt, since, *PAIR, *PAPER, "--then", "resign").err
    assert (
        f"1 certificates were ended by a suspect decision, for ever; take these people in on a new roster: {number}"
        in said
    )
    assert f"certsvc roster import NEW.xlsx --officer A --decide '*:applies_again=accept' --home {home}" in said
    assert "no certificate is left to settle" in said
    assert "suspect acts" not in said


def test_the_drill_names_the_office_and_the_role_of_a_grant_that_has_to_be_given_anew(
    home: Path, issued_at: int
) -> None:
    since, jkt = int(time.time()) - 60, key(home, "grant")
    must("keys", "rotate", "--org", "COMM", "--use", "seal", "--home", home)
    said = drill(home, jkt, since, *PAIR, *PAPER, "--then", "resign").err
    assert "2 suspect grants are withdrawn; those that are right have to be given anew" in said
    for role in ("committee", "committee_office"):
        command = f"keys grant COMM --role {role} --document-number N --home {home}"
        assert f"certsvc {command}" in said
        must(*shlex.split(command))
    assert "have to be given anew" not in drill(home, jkt, since, *PAIR, *PAPER).err


def test_the_drill_of_a_policy_key_names_the_command_for_the_authoritys_own_grant_first(
    home: Path, issued_at: int
) -> None:
    since, jkt = int(time.time()) - 60, key(home, "policy", "ROOT")
    row = next(line for line in must("keys", "grants", "HRSS", "--home", home).out.splitlines() if "issuer" in line)
    must("keys", "ungrant", "--reason", "withdrawn", *PAPER, "--home", home, "--", row.split()[0])
    must("keys", "renew", "--document-number", "N", "--home", home)
    must("keys", "grant", "COMM", "--role", "committee", "--document-number", "N", "--home", home)
    said = drill(home, jkt, since, *PAIR, *PAPER, "--then", "resign").err
    commands = re.findall(r"certsvc (keys (?:renew|grant) .+)", said.partition("have to be given anew")[2])
    assert [one.split()[1:3] for one in commands[:2]] == [["renew", "--document-number"], ["grant", "COMM"]]
    for command in commands:
        must(*shlex.split(command))
    assert "have to be given anew" not in drill(home, jkt, since, *PAIR, *PAPER).err
