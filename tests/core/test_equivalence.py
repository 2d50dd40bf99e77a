"""The directory of qualifications that are titles: what it says of a day, and which directories are refused."""

import json
from datetime import date
from pathlib import Path

import pytest

from certsvc import resources
from certsvc.core.encoding import digest
from certsvc.core.equivalence import COLUMNS, Directory, Row, parse_directory
from certsvc.core.errors import Malformed, Refused

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "equivalences.json").read_text("utf-8"))["cases"]
HEADER = ",".join(COLUMNS)
DATED = "造价工程师,,05,intermediate,工程师,,2000-01-01,2017-12-31,示例,"


@pytest.fixture(scope="module")
def shipped() -> Directory:
    return parse_directory(resources.path("equivalences.csv").read_bytes(), resources.titles())


def parsed(*lines: str) -> Directory:
    return parse_directory("\n".join((HEADER, *lines, "")).encode(), resources.titles())


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["id"])
def test_the_shipped_directory_answers_as_the_vectors_say(shipped: Directory, case: dict[str, object]) -> None:
    asked = str(case["qualification"]), date.fromisoformat(str(case["issued_on"])), case["choice"]
    try:
        row = shipped.mapped(*asked)  # type: ignore[arg-type]
        found = {"series": row.series, "level": row.level, "title": row.title}
    except Refused as refused:
        found = {"code": refused.code}
    assert found == case["expected"]


def test_every_row_that_ships_says_that_it_is_a_sample(shipped: Directory) -> None:
    assert shipped.rows and all(row.sample for row in shipped.rows)


def test_the_directory_is_named_by_its_bytes_and_a_row_by_its_canonical_form(shipped: Directory) -> None:
    assert shipped.sha256 == digest(resources.path("equivalences.csv").read_bytes())
    row = Row("建造师", "一级", "05", "intermediate", "工程师", False, None, "2017-12-31", "示例", True)
    form = (
        '{"choice":false,"grade":"一级","level":"intermediate","qualification":"建造师","sample":true,"series":"05",'
        '"source":"示例","title":"工程师","valid_from":null,"valid_to":"2017-12-31"}'
    )
    assert row.sha256 == digest(form.encode())


@pytest.mark.parametrize(("day", "covered"), [("1999-12-31", False), ("2000-01-01", True), ("2017-12-31", True)])
def test_the_first_and_the_last_day_of_a_row_count(day: str, covered: bool) -> None:
    assert parsed(DATED).rows[0].covers(date.fromisoformat(day)) is covered


def test_rows_that_follow_each_other_in_time_need_no_choice() -> None:
    later = "造价工程师,,19,intermediate,经济师,,2018-01-01,,示例,"
    assert parsed(DATED, later).mapped("造价工程师", date(2018, 1, 1)).title == "经济师"


def test_a_refusal_names_the_titles_that_are_offered(shipped: Directory) -> None:
    with pytest.raises(Refused) as caught:
        shipped.mapped("造价工程师", date(2010, 1, 1))
    assert "工程师、经济师" in caught.value.zh
    assert caught.value.hint == "--choice 工程师"


def test_a_byte_order_mark_is_looked_over() -> None:
    text = "\ufeff" + HEADER + "\n" + DATED + "\n"
    assert parse_directory(text.encode(), resources.titles()).names == ("造价工程师",)


BROKEN = {
    "another_column": (HEADER.replace("grade", "degree"), DATED),
    "a_cell_too_many": (HEADER, DATED + ",x"),
    "a_cell_too_few": (HEADER, DATED[:-1]),
    "a_title_of_another_series": (HEADER, DATED.replace("05", "04")),
    "a_title_of_another_level": (HEADER, DATED.replace("intermediate", "senior")),
    "an_unknown_level": (HEADER, DATED.replace("intermediate", "中级")),
    "no_qualification": (HEADER, DATED.replace("造价工程师", "")),
    "no_source": (HEADER, DATED.replace("示例", "")),
    "a_day_that_does_not_exist": (HEADER, DATED.replace("12-31", "02-30")),
    "an_end_before_the_beginning": (HEADER, DATED.replace("2000-01-01", "2018-01-01")),
    "a_word_for_yes": (HEADER, DATED + "是"),
    "the_same_days_twice_without_a_choice": (HEADER, DATED, DATED.replace("05", "19").replace(",工程师", ",经济师")),
    "an_open_quote": (HEADER, DATED + '"'),
}  # fmt: skip


#: Where the fault is that is told; each other one stands in line 2.
LINES = {"another_column": 1, "the_same_days_twice_without_a_choice": 3, "an_open_quote": 0}


@pytest.mark.parametrize("name", BROKEN)
def test_a_directory_that_is_not_one_is_refused_with_its_line(name: str) -> None:
    with pytest.raises(Malformed, match=rf"line {LINES.get(name, 2)}:") as caught:
        parse_directory("\n".join(BROKEN[name]).encode(), resources.titles())
    assert caught.value.code == "directory_table"


def test_the_line_of_a_fault_is_named() -> None:
    with pytest.raises(Malformed, match=r"line 1: columns must be"):
        parse_directory("\n".join(("name," + HEADER, DATED)).encode(), resources.titles())
    with pytest.raises(Malformed, match="line 3: no such day: '2017-02-30'"):
        parsed(DATED, DATED.replace("2017-12-31", "2017-02-30"))
    with pytest.raises(Malformed, match="line 3: no such day: '2000-02-30'"):
        parsed(DATED, DATED.replace("2000-01-01", "2000-02-30"))
    with pytest.raises(Malformed, match=r"line 3: .* without a choice"):
        parsed(DATED, DATED)
    with pytest.raises(Malformed, match=r"line 3"):
        parsed(DATED, DATED.replace("intermediate", "senior"))


ECONOMIST = "造价工程师,,19,intermediate,经济师,,2017-12-31,2017-12-31,示例,"


def test_a_row_may_be_of_one_day() -> None:
    assert parsed(ECONOMIST).rows[0].covers(date(2017, 12, 31))


def test_rows_that_meet_on_one_day_need_a_choice_in_both() -> None:
    chosen = ECONOMIST.replace("经济师,,", "经济师,yes,"), DATED.replace("工程师,,2", "工程师,yes,2")
    assert chosen[0] != ECONOMIST and chosen[1] != DATED
    for one, other in ((DATED, ECONOMIST), (DATED, chosen[0]), (chosen[1], ECONOMIST)):
        with pytest.raises(Malformed, match=r"line 3: .* without a choice"):
            parsed(one, other)
    assert parsed(*chosen).mapped("造价工程师", date(2017, 12, 31), "经济师").series == "19"


def test_a_title_that_is_not_offered_is_answered_with_the_one_that_is() -> None:
    with pytest.raises(Refused) as caught:
        parsed(DATED).mapped("造价工程师", date(2010, 1, 1), "经济师")
    assert (caught.value.code, caught.value.hint) == ("choice_unknown", "--choice 工程师")


def test_a_cell_is_read_as_it_is_written() -> None:
    """A break inside quotes, as an office program may write it, is part of the cell."""
    assert parsed(DATED.replace("示例", '"示\r\n例"')).rows[0].source == "示\r\n例"


def test_two_rows_without_a_first_day_are_in_force_at_once() -> None:
    always = DATED.replace("2000-01-01", "")
    assert always != DATED
    with pytest.raises(Malformed, match="twice for the same days without a choice"):
        parsed(always, always)


def test_a_directory_in_another_encoding_is_refused() -> None:
    with pytest.raises(Malformed) as caught:
        parse_directory("\n".join((HEADER, DATED)).encode("gb18030"), resources.titles())
    assert caught.value.code == "directory_table"
