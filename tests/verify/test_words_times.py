"""Where times come from, in words: what the log proved, what it did not, and how long the procedure took by it."""

from dataclasses import replace

import pytest
from reports_for_tests import ABSENT_ACT, ASSERTED, BY_NUMBER, DAY, ISSUED, UNPROVED, VALID, chain, logged

from certsvc.verify import words_times
from certsvc.verify.report import InLog, Report


@pytest.mark.parametrize(("report", "zh", "en"), [
    (VALID, "时间由公开日志与 2 个见证人证明。", "Times are proved by the public log and 2 witnesses."),
    (ASSERTED, "时间以文件所写为准。", "Times are as the documents state them."),
    (UNPROVED, "有 1 环缺少有效的日志证明", "1 of the links lack a proof"),
    (ABSENT_ACT, "时间由公开日志与 2 个见证人证明。", "Times are proved by the public log and 2 witnesses."),
])  # fmt: skip
def test_a_report_says_in_one_sentence_where_its_times_come_from(report: Report, zh: str, en: str) -> None:
    assert zh in words_times.source(report, "zh") and en in words_times.source(report, "en")
    assert words_times.source(report, "ko")


def test_nothing_is_said_of_times_where_no_chain_is_told() -> None:
    for lang in ("zh", "en", "ko"):
        assert words_times.source(BY_NUMBER, lang) == words_times.lasted(BY_NUMBER, lang) == ""


def test_the_link_that_the_fewest_witnesses_saw_counts() -> None:
    once = replace(VALID, chain=chain(evaluate={"logged": InLog(7, ISSUED, ISSUED + 1, 1)}))
    assert words_times.source(once, "en") == "Times are proved by the public log and 1 witness."


def test_a_certificate_whose_own_proof_is_missing_leaves_its_time_open() -> None:
    assert "1 of the links" in words_times.source(replace(VALID, chain=chain(certificate={"logged": None})), "en")


@pytest.mark.parametrize(("apart", "zh", "en"), [
    (12, " 109 分钟", "109 minutes"), (60, " 9 小时", "9 hours"), (24 * 60, " 9 天", "9 days"),
])  # fmt: skip
def test_the_log_says_how_long_the_procedure_took(apart: int, zh: str, en: str) -> None:
    acts = [link for link in VALID.chain if link.kind == "act"]
    links = tuple(replace(link, logged=logged(n, ISSUED + n * apart * 60)) for n, link in enumerate(acts))
    report = replace(VALID, chain=links)
    assert words_times.lasted(report, "zh") == f"从第一个环节到最后一个环节历时{zh}。"
    assert words_times.lasted(report, "en") == f"From the first act to the last it took {en}."


def test_where_times_are_as_stated_the_log_is_not_said_to_tell_how_long_it_took() -> None:
    assert words_times.lasted(replace(VALID, time_source="asserted"), "zh") == ""


def test_one_act_alone_takes_no_time() -> None:
    one = replace(VALID, chain=tuple(link for link in VALID.chain if link.name == "evaluate"))
    assert words_times.lasted(one, "zh") == ""


@pytest.mark.parametrize(("seconds", "said"), [
    (10, "2026-12-03 10:20"),
    (60, "2026-12-03 10:20 – 10:21"),
    (DAY, "2026-12-03 10:20 – 2026-12-04 10:20"),
])  # fmt: skip
def test_what_two_times_share_is_told_once(seconds: int, said: str) -> None:
    assert words_times.between(ISSUED, ISSUED + seconds) == said


def test_a_place_in_the_log_is_told_in_three_languages() -> None:
    found = logged(1234, ISSUED)
    in_three = [words_times.logged(found, lang) for lang in ("zh", "en", "ko")]
    assert [said.replace("\u00a0", " ") for said in in_three] == [
        "登记于 2026-12-03 10:19 – 10:20(见证 2 方) · 第 1,234 条",
        "Logged 2026-12-03 10:19 – 10:20 (2 witnesses) · entry 1,234",
        "로그 등록 2026-12-03 10:19 – 10:20 (증인 2) · 1,234번 항목",
    ]
    assert words_times.logged(InLog(5, None, None, 0), "en") == "In the public log · entry\u00a05"
    assert words_times.logged(None, "en") == ""
