"""How old the status is that an offline answer rests on, and what to do when it is too old."""

from dataclasses import replace

import pytest
from reports_for_tests import ASSERTED, BY_NUMBER, DAY, NOW, REPORTS, VALID

from certsvc.cli.verify_text import lines
from certsvc.cli.verify_times import age, times
from certsvc.verify.report import Report


@pytest.fixture(autouse=True)
def no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


OLD = replace(VALID, status_as_of=NOW - 2 * DAY)


def test_an_offline_answer_says_how_old_its_status_is_and_how_long_it_is_good() -> None:
    said = "\n".join(times(OLD, offline=True))
    assert "状态截至 2027-02-28 10:20,距今 2 天" in said and "Status as of 2027-02-28 10:20, 2 days old" in said
    assert "此状态可用至 2027-03-03 10:20" in said and "--status" not in said


def test_past_the_limit_it_says_what_to_do() -> None:
    stale = replace(REPORTS["cannot_decide"], status_as_of=NOW - 9 * DAY)
    said = "\n".join(times(stale, offline=True))
    assert "距今 9 天" in said and "9 days old" in said and "可用至" not in said
    assert "--status list.json" in said and "--log CHECKPOINT" in said and "go online, without --offline" in said


@pytest.mark.parametrize("report", [BY_NUMBER, replace(OLD, status_as_of=None)])
def test_no_age_is_said_where_no_status_is_told(report: Report) -> None:
    alone = replace(report, status_as_of=None)
    assert not any("距今" in line for line in times(alone, offline=True))


def test_online_the_age_is_not_told() -> None:
    assert not any("距今" in line for line in lines(OLD, "x"))
    assert any("距今" in line for line in lines(OLD, "x", offline=True))


def test_the_answer_says_in_both_languages_where_its_times_come_from() -> None:
    assert list(times(VALID, offline=False)) == [
        "  时间由公开日志与 2 个见证人证明。从第一个环节到最后一个环节历时 120 天。",
        "  Times are proved by the public log and 2 witnesses. From the first act to the last it took 120 days.",
    ]
    assert list(times(ASSERTED, offline=False)) == [
        "  时间以文件所写为准。",
        "  Times are as the documents state them.",
    ]


@pytest.mark.parametrize(("seconds", "said"), [
    (0, ("0 分钟", "0 minutes")),
    (60, ("1 分钟", "1 minute")),
    (7199, ("119 分钟", "119 minutes")),
    (7200, ("2 小时", "2 hours")),
    (2 * DAY - 1, ("47 小时", "47 hours")),
    (2 * DAY, ("2 天", "2 days")),
    (-5, ("0 分钟", "0 minutes")),
])  # fmt: skip
def test_an_age_is_told_in_one_unit(seconds: int, said: tuple[str, str]) -> None:
    assert age(seconds) == said
