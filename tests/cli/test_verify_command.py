"""`certsvc verify`: every case of the demo by file, online and offline, its exit code, its words, and wrong usage."""

import json
from pathlib import Path

import pytest
from cli_for_tests import call
from demo_for_tests import manifest, shared_demo

from certsvc.demo.cases import CASES, Case
from certsvc.verify.report import EXIT_CODES
from certsvc.verify.words_verdicts import VERDICTS


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_demo(tmp_path_factory)


def file_of(home: Path, name: str) -> Path:
    return home / "demo" / name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_every_case_verifies_to_its_verdict_and_leaves_with_its_code(home: Path, case: Case) -> None:
    said = call("verify", file_of(home, case.file), "--home", home)
    assert said.code == EXIT_CODES[case.verdict]
    first = said.out.splitlines()[0]
    assert VERDICTS[case.verdict].headline[0] in first and VERDICTS[case.verdict].headline[1] in first


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_every_case_verifies_offline_with_the_root_alone(home: Path, tmp_path: Path, case: Case) -> None:
    root = home / "roots.pem"
    said = call("verify", "--offline", "--root", root, "--home", tmp_path, "--json", file_of(home, case.file))
    assert json.loads(said.out)["verdict"] == case.offline
    assert said.code == EXIT_CODES[case.offline]


def test_json_is_one_report_a_line_in_the_order_asked(home: Path) -> None:
    names = ["valid.bundle", "withdrawn.bundle", "tampered-token.bundle"]
    said = call("verify", "--json", *(file_of(home, name) for name in names), "--home", home)
    reports = [json.loads(line) for line in said.out.splitlines()]
    assert [report["verdict"] for report in reports] == [manifest(home, "manifest.json")[name] for name in names]
    assert {"verdict", "reason", "detail", "checks", "match", "timeline", "receipt"} <= reports[0].keys()


def test_the_highest_exit_code_of_several_files_wins(home: Path) -> None:
    names = ("tampered-token.bundle", "valid.bundle", "withdrawn.bundle")
    assert call("verify", *(file_of(home, name) for name in names), "--home", home).code == 20


def test_a_genuine_paper_under_another_name_is_a_mismatch(home: Path) -> None:
    said = call("verify", file_of(home, "forged-paper-genuine-qr.png"), "--expect-name", "赵虚冒", "--home", home)
    assert said.code == 23
    assert "与您输入的姓名不符" in said.out
    assert "请只以下列内容为准" in said.out


def name_and_code(home: Path) -> tuple[str, str]:
    rows = json.loads(file_of(home, "gallery.json").read_text(encoding="utf-8"))
    case = json.loads(file_of(home, "number-and-name.json").read_text(encoding="utf-8"))
    return case["name"], next(row["code"] for row in rows if row["file"] == "valid.pdf")


def test_the_right_name_is_said_to_fit(home: Path) -> None:
    name, code = name_and_code(home)
    said = call("verify", code.lower(), "--expect-name", name, "--home", home)
    assert (said.code, "姓名相符" in said.out) == (0, True)


@pytest.mark.parametrize(("name", "code"), [(None, 0), ("赵虚冒", 23)], ids=["the right name", "another name"])
def test_a_name_is_compared_offline_too(home: Path, name: str | None, code: int) -> None:
    wanted = name or name_and_code(home)[0]
    said = call("verify", "--offline", "--expect-name", wanted, file_of(home, "valid.pdf"), "--home", home)
    assert said.code == code


def test_the_last_four_are_never_compared_offline(home: Path) -> None:
    said = call(
        "verify", "--offline", "--json", "--expect-id-last4", "0000", file_of(home, "valid.pdf"), "--home", home
    )
    assert json.loads(said.out)["match"]["id_last4"] == "not_checked"


def test_a_number_and_a_name_show_no_more_than_that_pair_may_know(home: Path) -> None:
    case = json.loads(file_of(home, "number-and-name.json").read_text(encoding="utf-8"))
    said = call("verify", "--number", case["number"], "--name", case["name"], "--home", home)
    assert said.code == 0
    assert case["name"] not in said.out
    assert "*" in said.out


def test_a_code_typed_as_an_address_is_the_same_question(home: Path) -> None:
    _name, code = name_and_code(home)
    assert call("verify", f"http://127.0.0.1:8787/v/{code}", "--home", home).code == 0
    assert call("verify", f"https://verify.example.invalid/v/{code}", "--home", home).code == 21


def test_the_day_asked_about_decides(home: Path) -> None:
    file = file_of(home, "revoked-from-date.bundle")
    now, before = (call("verify", "--json", file, *at, "--home", home) for at in ((), ("--at", "2025-06-20")))
    assert json.loads(now.out)["verdict"] == "revoked"
    assert json.loads(before.out)["verdict"] in ("valid", "cannot_decide")


def test_a_status_list_may_be_asked_to_be_younger(home: Path) -> None:
    file = file_of(home, "valid.bundle")
    assert call("verify", "--offline", "--max-age", "365d", file, "--home", home).code == 0
    assert call("verify", "--offline", "--max-age", "0s", file, "--home", home).code in (0, 30)


def test_a_newer_status_list_beside_the_file_makes_it_fresh(home: Path, tmp_path: Path) -> None:
    from certsvc.instance import open_instance
    from certsvc.services.publish import current_status_list, list_uri

    instance = open_instance(home)
    newer = tmp_path / "list.jwt"
    newer.write_bytes(current_status_list(instance, list_uri(instance)).body)
    instance.close()
    stale = file_of(home, "stale-status.bundle")
    assert call("verify", "--offline", stale, "--home", home).code == 30
    assert call("verify", "--offline", "--status", newer, stale, "--home", home).code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--number"),
        (("no-such-file.pdf",), "no such file"),
        (("--number", "2220252000052000001J"), "go together"),
        (("2220252000052000001J",), "--number N --name X"),
        (("CODE", "--root", "ROOT"), "--offline"),
        (("CODE", "--max-age", "1h"), "--offline"),
        (("CODE", "--at", "yesterday"), "2024-03-15"),
        (("CODE", "--offline", "--max-age", "soon"), "24h"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_wrong_usage_leaves_with_two(home: Path, arguments: tuple[str, ...], words: str) -> None:
    given = [str(home / "roots.pem") if one == "ROOT" else one for one in arguments]
    said = call("verify", *given, "--home", home)
    assert (said.code, words in said.err) == (2, True), said.err


def test_without_a_home_the_offline_way_is_named(tmp_path: Path) -> None:
    said = call("verify", "7K9Q-2MX4-TD8F-3WAE", "--home", tmp_path)
    assert (said.code, "verify --offline --root" in said.err) == (1, True)


def test_offline_without_a_root_says_where_one_is_looked_for(home: Path, tmp_path: Path) -> None:
    said = call("verify", "--offline", file_of(home, "valid.pdf"), "--home", tmp_path)
    assert (said.code, "root_missing" in said.err) == (1, True)


def test_a_root_that_is_no_certificate_is_refused(home: Path) -> None:
    said = call("verify", "--offline", "--root", home / "home.json", file_of(home, "valid.pdf"), "--home", home)
    assert (said.code, "not_a_root" in said.err) == (1, True)


def test_the_environment_may_name_the_root(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERTSVC_ROOT", str(home / "roots.pem"))
    assert call("verify", "--offline", file_of(home, "valid.pdf"), "--home", tmp_path).code == 0


def test_a_void_paper_names_the_act_and_the_rule(home: Path) -> None:
    said = call("verify", file_of(home, "void-missing-notice.pdf"), "--home", home).out
    assert "✖ ——————————  评审结果公示" in said
    assert "[吉林省2022年职称工作通知 六(二)]" in said


def test_after_a_broken_signature_no_check_is_shown_as_passed(home: Path) -> None:
    said = call("verify", file_of(home, "tampered-token.bundle"), "--home", home).out
    assert "姓名 Name" not in said
    assert "程序 · Acts" not in said


def test_answers_hold_no_escape_codes_where_no_terminal_reads(home: Path) -> None:
    assert "\x1b" not in call("verify", file_of(home, "valid.pdf"), "--home", home).out


def test_a_file_with_a_hostile_name_cannot_talk_to_the_terminal(home: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "a\x1b[2Jb.bundle"
    hostile.write_bytes(file_of(home, "valid.bundle").read_bytes())
    said = call("verify", hostile, "--home", home)
    assert said.code == 0
    assert "\x1b" not in said.out
