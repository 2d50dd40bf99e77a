"""Cells in all the forms that files have."""

from datetime import date, datetime, time

import pytest

from certsvc.register.normalise import READERS, Context, Normal

CONTEXT = Context(date(2026, 11, 1), False, {"05": "05", "工程": "05"}, {"长春": "220100", "朝阳区": "220104"})
CONTEXT_1904 = Context(date(2026, 11, 1), True, {}, {})


def read(kind: str, raw: object, context: Context = CONTEXT) -> Normal:
    return READERS[kind](raw, context)


def codes(normal: Normal) -> list[str]:
    return [code for code, _ in normal.notes]


@pytest.mark.parametrize(
    ("raw", "iso", "precision", "notes"),
    [
        ("2022-09-30", "2022-09-30", "", []),
        ("2022/9/30", "2022-09-30", "", ["date_rewritten"]),
        ("2022.9.30", "2022-09-30", "", ["date_rewritten"]),
        ("2022 年 9 月 30 日", "2022-09-30", "", ["date_rewritten"]),
        ("２０２２年９月３０日", "2022-09-30", "", ["date_rewritten"]),
        ("20220930", "2022-09-30", "", ["date_rewritten"]),
        (20220930, "2022-09-30", "", ["date_rewritten"]),
        ("2022-09-30 00:00:00", "2022-09-30", "", ["date_rewritten"]),
        (datetime(2022, 9, 30, 12), "2022-09-30", "", []),
        (date(2022, 9, 30), "2022-09-30", "", []),
        ("2022.9", "2022-09-01", "month", ["date_imprecise"]),
        ("2022.1", "2022-01-01", "month", ["date_imprecise"]),
        (2022.9, "2022-09-01", "month", ["date_imprecise"]),
        (2022.12, "2022-12-01", "month", ["date_imprecise"]),
        (2022.1, "2022-01-01", "month", ["date_decimal", "date_imprecise"]),
        ("202209", "2022-09-01", "month", ["date_imprecise"]),
        (202209.0, "2022-09-01", "month", ["date_imprecise"]),
        ("2022年9月", "2022-09-01", "month", ["date_imprecise"]),
        (2022, "2022-01-01", "year", ["date_imprecise"]),
        (44834, "2022-09-30", "", ["date_serial"]),
        ("44834", "2022-09-30", "", ["date_serial"]),
        (44834.75, "2022-09-30", "", ["date_serial"]),
        ("85.6.15", "1985-06-15", "", ["date_two_digit_year", "date_rewritten"]),
        ("26.6.15", "2026-06-15", "", ["date_two_digit_year", "date_rewritten"]),
        ("2026-11-01", "2026-11-01", "", []),
    ],
)
def test_a_date_is_read_with_its_precision(raw: object, iso: str, precision: str, notes: list[str]) -> None:
    normal = read("date", raw)
    assert (str(normal.value), normal.precision, codes(normal)) == (iso, precision, notes)


def test_a_term_may_lie_ahead_but_not_be_vague() -> None:
    assert str(read("term", "2031-12-31").value) == "2031-12-31"
    assert codes(read("term", "2031-12")) == ["date_form"]


def test_a_serial_of_the_1904_system_is_four_years_later() -> None:
    assert str(read("date", 43372, CONTEXT_1904).value) == "2022-09-30"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("2022/9/31", "date_impossible"),
        ("2022-13-01", "date_impossible"),
        ("20220931", "date_impossible"),
        (2022.13, "date_impossible"),
        ("2026-11-02", "date_future"),
        ("昨天", "date_form"),
        ("22", "date_form"),
        ("1899-12-31", "date_form"),
        (2022.123, "date_form"),
        (float("nan"), "date_form"),
        (float("inf"), "date_form"),
        (True, "date_form"),
        (time(9, 30), "date_form"),
        ("9/30/2022", "date_form"),
    ],
)
def test_a_date_that_is_none_is_told_why(raw: object, code: str) -> None:
    assert read("date", raw) == Normal(None, ((code, ""),))


@pytest.mark.parametrize("raw", [220000198506150012, 2.20000198506e17, 12345678, "2.2E+17", "2e17", date(2022, 1, 1)])
def test_an_id_that_is_no_text_has_lost_its_digits(raw: object) -> None:
    assert codes(read("id", raw)) == ["EXCEL_PRECISION_LOSS"]


def test_a_passport_with_an_e_inside_is_no_number() -> None:
    assert read("id", "E12345678") == Normal("E12345678")


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("text", "  示例\u3000所\u00a0 ", "示例 所"),
        ("text", 12.0, "12"),
        ("text", 1.5, "1.5"),
        ("text", date(2022, 9, 30), "2022-09-30"),
        ("text", "   ", None),
        ("digits", "+86 130-0000-0000", "13000000000"),
        ("digits", 13000000000.0, "13000000000"),
        ("count", "２５人", 25),
        ("count", 25.0, 25),
        ("count", "18票", 18),
        ("year", 2022.0, 2022),
        ("year", "2022年度", 2022),
        ("level", "副高级", "deputy_senior"),
        ("level", "初级(助理级)", "assistant"),
        ("level", "初级（员级）", "junior"),
        ("sex", "女性", "F"),
        ("track", "评聘结合", "T03"),
        ("track", "t12A", "T12a"),
        ("series", " 工程 ", "05"),
        ("region", "吉林省长春", "220100"),
        ("region", "吉林省长春市朝阳区", "220104"),
        ("region", "长春市朝阳区", "220104"),
        ("passed", "未通过", False),
        ("ban", "无", False),
        ("ban", "2027年1月2日", date(2027, 1, 2)),
        ("ban_end", "3年", 3),
        ("ban_end", "2027-01-02", date(2027, 1, 2)),
        ("hours", "60学时", 60),
        ("hours", "60.0", 60),
        ("hours", 60.0, 60),
    ],
)
def test_a_cell_becomes_its_machine_value(kind: str, raw: object, value: object) -> None:
    assert read(kind, raw).value == value


@pytest.mark.parametrize("raw", [-1, 2.5, True, "十", 10000, ""])
def test_a_count_is_a_small_whole_number(raw: object) -> None:
    assert codes(read("count", raw)) == ["number_form"]


@pytest.mark.parametrize("raw", ["22", "2022-09", 1850, date(2022, 1, 1)])
def test_a_year_has_four_digits(raw: object) -> None:
    assert codes(read("year", raw)) == ["year_form"]


def test_an_export_can_be_imported_again_exactly() -> None:
    assert read("text", "'=示例").value == "=示例"
    assert read("name", "'张示例").value == "张示例"
    assert read("id", "'220000198506150012").value == "220000198506150012"


def test_a_name_that_tidying_empties_is_empty() -> None:
    assert read("name", "'") == Normal()


def test_a_number_is_no_name() -> None:
    assert codes(read("name", 12.0)) == ["cell_error"]
