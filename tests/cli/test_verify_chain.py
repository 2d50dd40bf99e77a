"""The chain as a ladder of text: who signed, who did not, and which office was to."""

from dataclasses import replace

import pytest
from reports_for_tests import (
    ABSENT_ACT,
    ASSERTED,
    BACKDATED,
    BY_NUMBER,
    CORRECTED,
    KNOWN_LATER,
    NOW,
    REPORTS,
    UNPROVED,
    UNSEALED,
    VALID,
    chain,
)

from certsvc.cli.verify_chain import chain as ladder
from certsvc.cli.verify_chain import checks
from certsvc.cli.verify_text import lines
from certsvc.verify.report import Moment, Report


@pytest.fixture(autouse=True)
def no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def drawn(report: Report, everything: bool = False) -> list[str]:
    return list(ladder(report, everything))


def at(report: Report, word: str) -> list[str]:
    """The link that bears `word`, with what stands under it."""
    found = drawn(report)
    start = next(n for n, line in enumerate(found) if word in line)
    under = next((n for n in range(start + 1, len(found)) if not found[n].startswith("  │")), len(found))
    return found[start:under]


def test_a_missing_seal_is_shown_beside_the_signature_that_is_there() -> None:
    link = at(UNSEALED, "评议、表决")
    assert link[0].startswith("  ✖ 2026-10-09  评议、表决")
    assert "· ✔ 签字 signed · ✖ 缺 盖章 not sealed" in link[1]
    assert "缺机构盖章" in link[3] and "lacks the seal of the office" in link[4]


def test_an_absent_act_names_the_office_and_its_kind() -> None:
    link = at(ABSENT_ACT, "评审结果公示")
    assert link[0].startswith("  ✖ ——————————  评审结果公示") and link[0].endswith("缺 missing")
    assert "应由示例市工业和信息化局(评审组织单位)办理" in link[1]
    assert "signed" not in link[1] and "sealed" not in link[1]


def test_grants_that_passed_are_one_line_and_all_are_listed_when_asked_for() -> None:
    assert at(VALID, "授权") == [at(VALID, "授权")[0]]
    assert "4 份 grants" in at(VALID, "授权")[0]
    assert sum("示人社授〔2025〕" in line for line in drawn(VALID, everything=True)) == 3


def test_a_grant_that_failed_is_listed_by_itself() -> None:
    bad = replace(VALID, chain=chain(committee={"outcome": "fail", "codes": ("grant_withdrawn",)}))
    link = at(bad, "授权")
    assert link[0].startswith("  ✖ ")
    assert [("示人社备〔2025〕31号" in line, line.startswith("  │ ✖ ")) for line in link[1:]] == [(True, True)]


def test_every_signer_of_an_act_has_a_mark() -> None:
    signed = replace(VALID, chain=chain(issue={"signed_by": ("officer", "seal", "officer", "unknown")}))
    assert at(signed, "制证签章")[1].endswith(
        "✔ 签字 signed · ✔ 盖章 sealed · ✔ 签字 signed · ? 不明签名 unknown signature"
    )


def test_an_act_says_between_which_two_times_witnesses_saw_it_enter_the_log_and_where_it_stands() -> None:
    assert at(VALID, "评议、表决")[2].endswith(
        "登记于 logged 2026-10-09 10:19 – 10:20 · 见证 2 方 witnesses · 第 1,205 条 entry 1,205"
    )
    assert not any("登记于" in line for line in drawn(ASSERTED))


def test_an_act_of_a_log_without_witnesses_has_its_place_and_no_time() -> None:
    found = replace(VALID.chain[-2].logged, earliest=None, latest=None, witnesses=0)  # type: ignore[arg-type]
    unwitnessed = replace(ASSERTED, chain=chain(evaluate={"logged": found}))
    assert at(unwitnessed, "评议、表决")[2].endswith("已登入公开日志 in the public log · 第 1,234 条 entry 1,234")


def test_grants_say_when_they_were_logged_only_when_everything_is_asked_for() -> None:
    assert not any("登记于" in line for line in at(VALID, "授权"))
    assert sum("登记于" in line for line in drawn(VALID, True)) == sum("登记于" in line for line in drawn(VALID)) + 4


def test_an_act_that_is_dated_back_shows_both_times_and_says_so() -> None:
    link = at(BACKDATED, "评议、表决")
    assert link[0].startswith("  ✖ 2026-10-09") and "logged 2026-11-08 10:19 – 10:20" in link[2]
    assert "倒签" in link[3] and "dated back" in link[4]


def test_an_act_without_its_proof_is_open_and_says_what_is_missing() -> None:
    link = at(UNPROVED, "评议、表决")
    assert link[0].startswith("  ? ") and "缺少公开日志的证明" in link[2]


def test_there_is_no_ladder_where_no_chain_may_be_told() -> None:
    assert drawn(BY_NUMBER) == [] and drawn(REPORTS["tampered"]) == []


def test_what_did_not_run_is_told_once_for_each_cause() -> None:
    said = list(checks(REPORTS["tampered"], False))
    idle = [line for line in said if "项未查 not run" in line]
    assert len(idle) == 1 and "签名不符" in idle[0]
    assert list(checks(REPORTS["unreadable"], False)) == []


def test_a_row_with_a_rule_of_its_own_says_it_and_the_others_do_not_repeat_the_check() -> None:
    said = list(checks(REPORTS["void"], True))
    start = next(n for n, line in enumerate(said) if "会议人数、比例等符合规定" in line)
    assert said[start].endswith("[人社部令第40号 第十九条]")
    assert said[start + 1].rstrip().endswith("fact_quorum_two_thirds") and "第十九条" not in said[start + 1]
    assert "应到 21 人,实到 13 人" in said[start + 2]
    assert said[start + 4].rstrip().endswith("[人社部令第40号 第二十条]")


def test_a_check_that_has_no_word_yet_is_shown_by_its_name() -> None:
    newer = replace(VALID, rows=tuple(row._replace(id="check_of_tomorrow") for row in VALID.rows[:1]))
    assert any("check_of_tomorrow" in line for line in checks(newer, True))


def test_both_answers_stand_one_below_the_other_in_one_column() -> None:
    said = list(lines(KNOWN_LATER, "x"))
    then, now = (next(line for line in said if word in line) for word in ("按当时已知", "按现在所知"))
    assert then.index("✔ 有效 · Valid") == now.index("✖ 已撤销 · Revoked")
    assert said.index(then) < said.index(now)
    assert not any("两个答案" in line for line in lines(VALID, "x"))


def test_the_version_before_is_named() -> None:
    assert any("前一版 Before it: 第 1 版 version 1, 2026-11-20" in line for line in lines(CORRECTED, "x"))


def history(report: Report) -> list[str]:
    told = list(lines(report, "x"))
    start = told.index("  经历 · History") + 1
    return [line.strip() for line in told[start : told.index("", start)]]


def test_the_history_is_told_in_the_order_of_time_with_the_time_asked_about() -> None:
    issued, suspended = REPORTS["suspended"].timeline
    revoked = Moment(suspended.at - 86_400, "revoke", "o", "n", "d", effective_from="2027-01-30", decided_at=NOW)
    between = replace(REPORTS["suspended"], timeline=(issued, suspended, revoked), as_of=suspended.at - 3600)
    told = [line.split()[:2] for line in history(between) if line[:4] in ("2026", "2027")]
    assert told == [
        ["2026-12-03", "签发"],
        ["2027-01-30", "撤销"],
        ["2027-01-31", "所问时间"],
        ["2027-01-31", "暂停使用"],
    ]


def test_the_history_is_told_also_where_nothing_happened_since_the_issue() -> None:
    assert [line.split()[1] for line in history(VALID)] == ["签发", "所问时间"]
    assert history(VALID)[-1].endswith("有效 · Valid")
