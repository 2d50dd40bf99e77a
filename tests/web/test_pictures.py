"""The chain and the timeline: every link says its state, and what did not run is never drawn as passed."""

from dataclasses import replace

import pytest
from reports_for_tests import (
    ABSENT_ACT,
    BY_NUMBER,
    COMMITTEE,
    KNOWN_LATER,
    NOW,
    REPORTS,
    UNSEALED,
    VALID,
    bare,
    chain,
    marked,
    rows,
)

from certsvc.core.outcomes import About
from certsvc.verify.report import Moment
from certsvc.web import pictures


def states(report: object) -> list[str]:
    return [link.state for link in pictures.chain(report, "zh")]


def kinds(report: object) -> list[str]:
    return [link.kind for link in pictures.chain(report, "zh")]


def drawn(report: object, label: str, lang: str = "zh") -> pictures.Bead:
    return next(link for link in pictures.chain(report, lang) if link.label == label)


def test_a_valid_certificate_leads_from_the_root_over_every_act_to_status_and_register() -> None:
    assert kinds(VALID) == ["root", "authority", "grants", *["act"] * 10, "certificate", "status", "log", "register"]
    assert set(states(VALID)) == {"pass"}


def test_the_acts_stand_in_order_with_date_organisation_document_and_both_signatures() -> None:
    link = pictures.chain(VALID, "zh")[8]
    assert (link.label, link.who, link.day, link.document) == (
        "评议、表决",
        COMMITTEE[1],
        "2026-10-09",
        "示工评〔2026〕3号",
    )
    assert [(mark.state, mark.label) for mark in link.marks] == [("pass", "签字"), ("pass", "盖章")]


def test_the_root_is_called_by_its_common_name() -> None:
    assert pictures.chain(VALID, "zh")[0].who == "示例省人社厅根证书(样章)"


def test_all_grants_are_one_link_that_opens() -> None:
    grants = drawn(VALID, "机构授权")
    assert [(one.label, one.document) for one in grants.inner][:2] == [
        ("人社部门", "示人社授〔2025〕1号"),
        ("发证机关", "示人社授〔2025〕2号"),
    ]
    assert grants.who == "共 4 份授权书,点开逐份查看"
    assert " – " in grants.inner[0].day


def test_one_grant_that_failed_is_told_at_the_link_of_all() -> None:
    about = About(None, COMMITTEE[0], {"org_name": COMMITTEE[1], "holder": "上级", "since": "0", "why": "withdrawn"})
    failed = [
        row._replace(outcome="fail", code="grant_withdrawn", about=about)
        if row.id == "grants_nest" and row.about.org == COMMITTEE[0]
        else row
        for row in VALID.rows
    ]
    links = chain(committee={"outcome": "fail", "codes": ("grant_withdrawn",)})
    grants = drawn(marked(replace(VALID, rows=tuple(failed), chain=links)), "机构授权")
    assert (grants.state, grants.notes) == (
        "fail",
        (f"{COMMITTEE[1]}办理时所依据的、授予上级的授权,自 1970-01-01 起已被收回(依决定收回)。",),
    )
    assert [one.state for one in grants.inner] == ["pass", "pass", "pass", "fail"]


def test_the_act_that_fails_carries_the_sentence_and_the_others_none() -> None:
    links = pictures.chain(REPORTS["void"], "zh")
    assert [(link.label, link.state) for link in links if link.notes] == [("评议、表决", "fail")]


def test_an_act_that_is_missing_stands_in_its_place_with_the_office_that_was_to_do_it() -> None:
    labels = [link.label for link in pictures.chain(ABSENT_ACT, "zh")]
    missing = drawn(ABSENT_ACT, "评审结果公示")
    assert labels.index("评审结果公示") == labels.index("评议、表决") + 1
    assert (missing.state, missing.day, missing.absent, missing.marks) == ("fail", "", True, ())
    assert missing.who == "示例市工业和信息化局(评审组织单位)"
    assert missing.notes == ("缺少“评审结果公示”环节(应由评审组织单位办理)。",)


def test_an_act_that_states_no_time_a_calendar_can_show_was_done_all_the_same() -> None:
    link = drawn(replace(VALID, chain=chain(evaluate={"at": None})), "评议、表决")
    assert (link.absent, link.day, len(link.marks)) == (False, "", 2)


@pytest.mark.parametrize(("lang", "said"), [("zh", "缺盖章"), ("en", "not sealed"), ("ko", "날인 없음")])
def test_a_seal_that_is_missing_is_shown_as_missing(lang: str, said: str) -> None:
    link = next(link for link in pictures.chain(UNSEALED, lang) if link.state == "fail")
    assert [(mark.state, mark.label) for mark in link.marks][1] == ("fail", said)
    assert link.marks[0].state == "pass"


def test_a_second_officer_has_a_mark_of_its_own() -> None:
    signed = chain(issue={"signed_by": ("officer", "seal", "officer")})
    assert [m.label for m in drawn(replace(VALID, chain=signed), "制证签章").marks] == ["签字", "盖章", "签字"]


def test_the_status_says_its_value() -> None:
    assert drawn(REPORTS["suspended"], "状态 · 暂停使用").state == "fail"
    assert drawn(VALID, "状态 · 正常").state == "pass"


def test_a_broken_signature_leaves_the_rest_open_and_shows_no_acts() -> None:
    links = pictures.chain(REPORTS["tampered"], "zh")
    assert [(link.kind, link.state) for link in links] == [
        ("integrity", "fail"),
        ("chain", "not_run"),
        ("authority", "not_run"),
        ("procedure", "not_run"),
    ]


def test_there_is_no_chain_when_nothing_ran() -> None:
    assert pictures.chain(bare("unreadable", "check_character"), "zh") == []


def test_a_look_up_by_number_shows_the_procedure_as_one_link_and_no_office() -> None:
    assert kinds(BY_NUMBER) == ["integrity", "chain", "authority", "procedure", "log", "status", "register"]
    assert not any(link.who for link in pictures.chain(BY_NUMBER, "zh"))


def test_a_link_of_several_checks_shows_the_worst() -> None:
    report = replace(BY_NUMBER, rows=rows(grants_nest=("unknown", "key_unknown", About())))
    link = pictures.chain(report, "zh")[2]
    assert (link.state, bool(link.notes)) == ("unknown", True)


def test_a_file_is_a_link_only_when_one_was_given() -> None:
    report = replace(
        VALID, rows=rows(file_untouched=("pass", None, About()), file_signed_by_issuer=("pass", None, About()))
    )
    assert "document" not in kinds(VALID)
    assert kinds(report)[-1] == "document"


def test_the_timeline_ends_at_the_time_asked_about() -> None:
    stops = pictures.timeline(REPORTS["suspended"], "zh")
    assert [(stop.label, stop.day) for stop in stops] == [
        ("签发", "2026-12-03"),
        ("暂停使用", "2027-01-31"),
        ("暂停使用", "2027-03-02"),
    ]
    assert stops[-1].state == "now"


def test_a_time_asked_about_in_the_past_stands_where_it_belongs() -> None:
    assert [stop.state for stop in pictures.timeline(KNOWN_LATER, "zh")] == ["issued", "now", "revoke"]


def test_a_revocation_from_the_beginning_says_so_in_the_timeline() -> None:
    assert pictures.timeline(REPORTS["revoked"], "zh")[1].effect == "2027-01-31 决定撤销,自始无效"


def test_an_event_that_takes_effect_on_a_day_names_it() -> None:
    moment = Moment(NOW - 20 * 86_400, "revoke", "o", "n", "d", effective_from="2027-02-10", decided_at=NOW)
    report = replace(REPORTS["revoked"], timeline=(moment,))
    assert pictures.timeline(report, "en")[0].effect == "revocation decided 2027-03-02, void from 2027-02-10"


def test_checks_are_grouped_in_the_order_in_which_they_are_told() -> None:
    families = [family for family, _ in pictures.checks(VALID, "zh")]
    assert families == ["电子签名", "密钥归属", "授权", "程序", "公开日志", "状态", "人才库", "文件"]


def test_a_check_has_a_line_for_each_act_with_office_and_rule() -> None:
    checks = {check.label: check for check in dict(pictures.checks(REPORTS["void"], "zh"))["程序"]}
    facts = checks["会议人数、比例等符合规定"]
    assert (facts.state, facts.rule) == ("fail", "人社部令第40号 第十九条")
    assert [(line.act, line.who, line.code) for line in facts.lines] == [
        ("评议、表决", COMMITTEE[1], "fact_quorum_two_thirds"),
        ("评议、表决", COMMITTEE[1], ""),
    ]
    assert facts.lines[1].rule == "人社部令第40号 第二十条"
    assert [line.act for line in checks["各环节首尾相接"].lines].count("逐级审核推荐") == 2


def test_rows_that_say_the_same_are_one_line_with_their_number() -> None:
    twice = replace(VALID, rows=(*VALID.rows, *(row for row in VALID.rows if row.id == "file_untouched")))
    ordered = replace(twice, rows=tuple(sorted(twice.rows, key=lambda row: row.id == "file_untouched")))
    last = dict(pictures.checks(ordered, "zh"))["文件"][-1]
    assert [(line.note, line.count) for line in last.lines] == [("您没有提交 PDF 文件。", 2)]


def test_a_check_that_was_not_run_says_why() -> None:
    lines = [check.lines for check in dict(pictures.checks(VALID, "zh"))["文件"]]
    assert [(line.state, line.outcome, line.note) for (line,) in lines] == [
        ("not_run", "未查", "您没有提交 PDF 文件。")
    ] * 2


def test_what_was_dated_back_before_an_earlier_decision_stands_before_it() -> None:
    """The order of decision stays in the Report, by which a suspension is known to be over."""
    issued, suspended = REPORTS["suspended"].timeline
    revoked = Moment(
        suspended.at - 60 * 86_400, "revoke", "o", "n", "d", effective_from="2026-12-02", decided_at=NOW - 86_400
    )
    report = replace(REPORTS["suspended"], timeline=(issued, suspended, revoked))
    days = [stop.day for stop in pictures.timeline(report, "zh")]
    assert days == sorted(days) and len(days) == 4
    assert [stop.state for stop in pictures.timeline(report, "zh")] == ["revoke", "issued", "suspend", "now"]
    assert report.timeline[-1] is revoked
