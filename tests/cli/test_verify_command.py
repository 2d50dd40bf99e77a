"""`certsvc verify`: every case of the demo by file, online and offline, its exit code, its words, and wrong usage."""

import json
import re
from pathlib import Path

import pytest
from cli_for_tests import call
from demo_for_tests import manifest, shared_demo

from certsvc.cli.say import width
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


def test_offline_the_age_of_the_status_is_said_and_past_its_limit_what_to_bring(home: Path) -> None:
    young, old = (
        call("verify", "--offline", file_of(home, name), "--home", home).out
        for name in ("valid.bundle", "stale-status.bundle")
    )
    assert "距今" in young and "可用至" in young and "--status list.json" not in young
    assert "距今" in old and "可用至" not in old and "--status list.json" in old
    assert "距今" not in call("verify", file_of(home, "valid.bundle"), "--home", home).out


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


def test_the_day_of_a_dated_decision_is_told_beside_the_day_it_counts_from(home: Path) -> None:
    file = file_of(home, "revoked-from-date.bundle")
    both = "2026-06-06 决定撤销,自 2026-06-01 起无效"
    said = [call("verify", file, *at, "--home", home).out for at in ((), ("--at", "2026-06-03"))]
    # The verdict and the history tell it; so does the answer that is known now about a day between the two.
    assert [one.count(both) for one in said] == [2, 3]
    assert "revocation decided 2026-06-06, void from 2026-06-01" in said[0]


def test_a_status_list_may_be_asked_to_be_younger(home: Path) -> None:
    file = file_of(home, "valid.bundle")
    assert call("verify", "--offline", "--max-age", "365d", file, "--home", home).code == 0
    assert call("verify", "--offline", "--max-age", "0s", file, "--home", home).code in (0, 30)


def test_a_newer_status_list_beside_the_file_makes_it_fresh(home: Path, tmp_path: Path) -> None:
    from certsvc.instance import open_instance
    from certsvc.services.beside import published_update
    from certsvc.services.publish import current_status_list, list_uri

    instance = open_instance(home)
    newer, bare = tmp_path / "list.json", tmp_path / "list.jwt"
    newer.write_bytes(published_update(instance, list_uri(instance)).write())
    bare.write_bytes(current_status_list(instance, list_uri(instance)).body)
    instance.close()
    stale = file_of(home, "stale-status.bundle")
    assert call("verify", "--offline", stale, "--home", home).code == 30
    assert call("verify", "--offline", "--status", newer, stale, "--home", home).code == 0
    # Whoever stole the status key could sign a list, and could not log it.
    said = call("verify", "--offline", "--status", bare, stale, "--home", home, "--json")
    assert (said.code, json.loads(said.out)["reason"]) == (30, "log_proof_missing")


def test_a_checkpoint_is_laid_beside_the_file_offline_only_and_has_to_be_one(home: Path, tmp_path: Path) -> None:
    file, note = file_of(home, "valid.bundle"), tmp_path / "checkpoint"
    note.write_text(call("log", "checkpoint", "--home", home).out, encoding="utf-8")
    assert call("verify", "--offline", "--log", note, file, "--home", home).code == 0
    assert "--offline" in call("verify", "--log", note, file, "--home", home).err
    note.write_text("no checkpoint", encoding="utf-8")
    assert call("verify", "--offline", "--log", note, file, "--home", home).code not in (0, 20, 30)


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
        (("CODE", "--at", "0001-01-01T00:00:00+08:00"), "2024-03-15"),
        (("CODE", "--at", "9999-12-31T23:59:59-08:00"), "2024-03-15"),
        (("CODE", "--at", "9999-12-31T23:59:59Z"), "2024-03-15"),
        (("CODE", "--offline", "--at", "0999-12-31"), "2024-03-15"),
        (("CODE", "--at", "2999-01-01"), "in the future"),
        (("CODE", "--offline", "--at", "2999-01-01"), "in the future"),
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
    assert "应由评审组织单位办理 falls to organiser of the review" in said
    assert re.search(r"评审结果公示 Public notice of results · \S+ · \[人社部令第40号 [^]]+\] act_missing", said)
    assert "办理“评议、表决”之后,没有评审组织单位办理" in said


def chain_of(said: str) -> list[str]:
    """The lines of the chain."""
    lines = said.splitlines()
    start = lines.index("  程序链 · Chain")
    return lines[start + 1 : lines.index("", start)]


def test_the_chain_leads_from_the_root_to_the_status_with_paper_office_and_signers(home: Path) -> None:
    lines = chain_of(call("verify", file_of(home, "valid.pdf"), "--home", home).out)
    links = [line for line in lines if "│" not in line]
    assert "根证书" in links[0] and "发证机关" in links[1] and "授权" in links[2]
    assert "证书" in links[-2] and "状态:正常" in links[-1]
    assert all(line.startswith("  ✔ ") for line in links)
    issue = next(n for n, line in enumerate(lines) if "制证签章" in line)
    assert "示例省人力资源和社会保障厅" in lines[issue]
    assert re.search(r"Issue of the certificate · 示例函〔\d+〕\d+号 · ✔ 签字 signed · ✔ 盖章 sealed", lines[issue + 1])


def test_the_offices_of_the_chain_stand_in_one_column_though_chinese_is_wide(home: Path) -> None:
    lines = chain_of(call("verify", file_of(home, "valid.pdf"), "--home", home).out)
    links = [line for line in lines if "│" not in line]
    labels = [re.match(r"  ✔ .{10}  \S+\s+", line)[0] for line in links]
    assert len({width(label) for label in labels}) == 1


def test_all_rows_are_listed_when_asked_for_with_family_act_office_and_rule(home: Path) -> None:
    file = file_of(home, "void-missing-notice.pdf")
    short, long = (call("verify", file, *flag, "--home", home).out for flag in ((), ("--checks",)))
    assert "每个环节均在授权范围内" not in short
    assert "--checks" in short
    check = long[long.index("每个环节均在授权范围内 · Each act lies within a grant") :]
    assert check.splitlines()[0].endswith(
        "[人社部令第40号 第三十八条; 吉林省2022年职称工作通知 六(一); docs/format.md 3.3]"
    )
    assert check.splitlines()[1].startswith("      ✔ 单位审核、公示 Employer's review and notice · 示例机械研究所")
    assert "  授权 · Authority\n" in long
    assert long.count("act_missing") == 1


def test_the_past_has_two_answers(home: Path) -> None:
    file = file_of(home, "revoked-from-beginning.bundle")
    said = call("verify", file, "--at", "2026-01-01", "--home", home)
    assert said.code == 12
    assert re.search(r"按当时已知 As was known then +✔ 有效 · Valid", said.out)
    assert re.search(r"按现在所知 As is known now +✖ 已撤销 · Revoked", said.out)
    value = json.loads(call("verify", file, "--at", "2026-01-01", "--json", "--home", home).out)
    assert (value["verdict"], value["then"]) == ("revoked", {"verdict": "valid", "reason": None})
    assert "两个答案" not in call("verify", file, "--home", home).out


def test_the_past_has_two_answers_offline_too(home: Path) -> None:
    file = file_of(home, "revoked-from-beginning.bundle")
    said = call("verify", "--offline", file, "--at", "2026-01-01", "--home", home)
    assert "按当时已知 As was known then" in said.out


def test_a_replaced_version_names_the_newer_one(home: Path) -> None:
    said = call("verify", file_of(home, "superseded.pdf"), "--home", home).out
    assert re.search(r"新版 Newer: 第 2 版 version 2, \d{4}-\d\d-\d\d, 22\d+", said)
    newer = json.loads(call("verify", file_of(home, "valid-corrected.pdf"), "--json", "--home", home).out)
    assert newer["replaces"]["version"] == 1 and newer["replaced_by"] is None


def test_after_a_broken_signature_no_check_is_shown_as_passed(home: Path) -> None:
    said = call("verify", file_of(home, "tampered-token.bundle"), "--home", home).out
    assert "姓名 Name" not in said
    assert "程序链" not in said
    assert "签名不符,其余内容不可信,未再检查。" in said


def test_answers_hold_no_escape_codes_where_no_terminal_reads(home: Path) -> None:
    assert "\x1b" not in call("verify", file_of(home, "valid.pdf"), "--home", home).out


def test_a_file_with_a_hostile_name_cannot_talk_to_the_terminal(home: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "a\x1b[2Jb.bundle"
    hostile.write_bytes(file_of(home, "valid.bundle").read_bytes())
    said = call("verify", hostile, "--home", home)
    assert said.code == 0
    assert "\x1b" not in said.out
