"""The chain and the timeline: every link says its state, and what did not run is never drawn as passed."""

from dataclasses import replace

from reports_for_tests import BY_NUMBER, COMMITTEE, NOW, REPORTS, VALID, bare, failed, rows

from certsvc.core.outcomes import About
from certsvc.verify.report import Moment
from certsvc.web import pictures


def states(report: object) -> list[str]:
    return [link.state for link in pictures.chain(report, "zh")]


def kinds(report: object) -> list[str]:
    return [link.kind for link in pictures.chain(report, "zh")]


def test_a_valid_certificate_leads_from_the_root_over_every_act_to_status_and_register() -> None:
    assert kinds(VALID) == ["chain", "authority", *["act"] * 10, "integrity", "status", "register"]
    assert set(states(VALID)) == {"pass"}


def test_the_acts_stand_in_order_with_date_organisation_and_document() -> None:
    link = pictures.chain(VALID, "zh")[7]
    assert (link.label, link.who, link.day, link.document) == (
        "评议、表决",
        COMMITTEE[1],
        "2026-10-09",
        "示工评〔2026〕3号",
    )


def test_the_act_that_fails_carries_the_sentence_and_the_others_none() -> None:
    links = pictures.chain(REPORTS["void"], "zh")
    assert [(link.label, link.state) for link in links if link.note] == [("评议、表决", "fail")]


def test_an_act_that_is_missing_stands_in_its_place_without_a_date() -> None:
    about = About("settle_objections", None, {"roles": "supervisor"})
    path = [moment for moment in VALID.path if moment.event != "settle_objections"]
    path.insert(7, Moment(path[6].at, "settle_objections", "", "", "", "fail"))
    report = replace(failed("void", "acts_complete", "act_missing", about=about), path=tuple(path))
    missing = pictures.chain(report, "zh")[9]
    assert (missing.label, missing.state, missing.day) == ("异议核查", "fail", "")
    assert "缺少“异议核查”环节(应由监督部门办理)" in missing.note


def test_a_link_of_several_checks_shows_the_worst() -> None:
    report = replace(VALID, rows=rows(grants_nest=("unknown", "key_unknown", About())))
    link = pictures.chain(report, "zh")[1]
    assert (link.state, bool(link.note)) == ("unknown", True)


def test_a_broken_signature_leaves_the_rest_open_and_shows_no_acts() -> None:
    links = pictures.chain(REPORTS["tampered"], "zh")
    assert [(link.kind, link.state) for link in links] == [
        ("chain", "not_run"),
        ("authority", "not_run"),
        ("integrity", "fail"),
    ]


def test_there_is_no_chain_when_nothing_ran() -> None:
    assert pictures.chain(bare("unreadable", "check_character"), "zh") == []


def test_a_look_up_by_number_shows_the_procedure_as_one_link() -> None:
    assert kinds(BY_NUMBER).count("procedure") == 1


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


def test_a_revocation_from_the_beginning_says_so_in_the_timeline() -> None:
    assert pictures.timeline(REPORTS["revoked"], "zh")[1].effect == "自始无效"


def test_an_event_that_takes_effect_on_a_day_names_it() -> None:
    moment = Moment(NOW, "revoke", "o", "n", "d", effective_from="2027-02-10")
    report = replace(REPORTS["revoked"], timeline=(moment,))
    assert pictures.timeline(report, "en")[0].effect == "from 2027-02-10"


def test_checks_are_grouped_in_the_order_in_which_they_are_told() -> None:
    families = [family for family, _ in pictures.checks(VALID, "zh")]
    assert families == ["电子签名", "密钥归属", "授权", "程序", "状态", "人才库", "文件"]


def test_a_check_that_was_not_run_says_why() -> None:
    lines = dict(pictures.checks(VALID, "zh"))["文件"]
    assert [(line.state, line.outcome, line.note) for line in lines] == [
        ("not_run", "未查", "您没有提交 PDF 文件。")
    ] * 2
