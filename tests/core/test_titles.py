"""Levels, and the catalogue of titles that ships with the program."""

import pytest

from certsvc import resources
from certsvc.core.errors import Malformed
from certsvc.core.outcomes import Fault
from certsvc.core.titles import LEVELS, NO_TITLES, TitleCatalogue, level, level_from_zh, level_rank, parse_title_table

TABLE = resources.text("title_series.csv")
HEADER = TABLE.splitlines()[0]
GOOD_ROW = "080,工程技术人员,Engineering,副高级,高级工程师,Senior Engineer,05,,082,current,source,,"

BROKEN_TABLES = {
    "column_missing": (TABLE.replace("maps_to", "mapping", 1), "line 1"),
    "level_word_unknown": (f"{HEADER}\n{GOOD_ROW.replace('副高级', '高级')}\n", "line 2"),
    "series_outside_the_list": (f"{HEADER}\n{GOOD_ROW}\n{GOOD_ROW.replace(',05,', ',28,')}\n", "line 3"),
    "title_empty": (f"{HEADER}\n{GOOD_ROW.replace('高级工程师', '')}\n", "line 2"),
    "status_unknown": (f"{HEADER}\n{GOOD_ROW.replace('current', 'valid')}\n", "line 2"),
}


@pytest.fixture(scope="module")
def catalogue() -> TitleCatalogue:
    return resources.titles()


@pytest.mark.parametrize(
    ("token", "zh", "rank", "digit"),
    [
        ("senior", "正高级", 5, "1"),
        ("deputy_senior", "副高级", 4, "2"),
        ("intermediate", "中级", 3, "3"),
        ("assistant", "助理级", 2, "4"),
        ("junior", "员级", 1, "5"),
    ],
)
def test_the_five_levels_have_their_words_ranks_and_digits(token: str, zh: str, rank: int, digit: str) -> None:
    assert (level(token).zh, level_rank(token), level(token).digit, level_from_zh(zh)) == (zh, rank, digit, token)


def test_levels_stand_from_the_highest_to_the_lowest() -> None:
    assert [row.rank for row in LEVELS] == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(("word", "token"), [("正高", "senior"), (" 副高职称", "deputy_senior"), ("助理", "assistant")])
def test_short_level_words_are_understood(word: str, token: str) -> None:
    assert level_from_zh(word) == token


@pytest.mark.parametrize(
    ("word", "code"),
    [("初级", "level_ambiguous"), ("高级", "level_ambiguous"), ("特级", "level_unknown"), ("", "level_unknown")],
)
def test_a_level_word_that_does_not_name_one_level_is_refused(word: str, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        level_from_zh(word)
    assert caught.value.code == code


def test_an_unknown_level_token_is_refused() -> None:
    with pytest.raises(Malformed, match=r"^level_unknown:"):
        level_rank("副高级")


def test_the_shipped_table_has_all_rows_and_series(catalogue: TitleCatalogue) -> None:
    assert len(catalogue.titles) == 366
    assert sum(title.status == "current" for title in catalogue.titles) == 279
    assert sum(title.status == "legacy" for title in catalogue.titles) == 64
    assert sum(title.certainty == "uncertain" for title in catalogue.titles) == 63
    assert set(catalogue.series) == {f"{number:02d}" for number in range(1, 28)} | {"L1", "X1", "X2", "X3"}
    assert catalogue.series["05"] == ("工程技术人员", "Engineering and Technical Personnel")


def test_every_name_of_a_series_stands_on_one_level_only(catalogue: TitleCatalogue) -> None:
    levels: dict[tuple[str, str], set[str]] = {}
    for title in catalogue.titles:
        levels.setdefault((title.series, title.title_zh), set()).add(title.level)
    assert [name for name, found in levels.items() if len(found) > 1] == []


def test_every_title_of_the_table_is_found_by_series_name_and_level(catalogue: TitleCatalogue) -> None:
    for title in catalogue.titles:
        found = catalogue.find(title.series, title.title_zh, title.level)
        assert found is not None
        assert (found.series, found.title_zh, found.level) == (title.series, title.title_zh, title.level)


@pytest.mark.parametrize(
    ("series", "word"), [("09", "馆员"), ("10", "馆员"), ("11", "馆员"), ("01", "讲师"), ("13", "讲师")]
)
def test_a_name_shared_by_series_is_found_in_the_series_asked_for(
    catalogue: TitleCatalogue, series: str, word: str
) -> None:
    found = catalogue.find(series, word)
    assert found is not None
    assert (found.series, found.level) == (series, "intermediate")


@pytest.mark.parametrize(
    ("series", "title_zh", "wanted_level"),
    [("05", "馆员", None), ("05", "高级工程师", "senior"), ("05", "总工程师", None), ("99", "工程师", None)],
    ids=["other_series", "other_level", "no_such_title", "no_such_series"],
)
def test_what_is_not_in_the_table_is_not_found(
    catalogue: TitleCatalogue, series: str, title_zh: str, wanted_level: str | None
) -> None:
    assert catalogue.find(series, title_zh, wanted_level) is None


def test_full_width_brackets_and_spaces_do_not_hide_a_title(catalogue: TitleCatalogue) -> None:
    found = catalogue.find("X2", " 研究馆员（群众文化） ")
    assert found is not None
    assert (found.title_zh, found.level) == ("研究馆员(群众文化)", "senior")


def test_a_legacy_name_is_found_as_legacy_and_tells_its_modern_name(catalogue: TitleCatalogue) -> None:
    found = catalogue.find("05", "教授级高级工程师")
    assert found is not None
    assert (found.status, found.level, found.maps_to) == ("legacy", "senior", "正高级工程师")


def test_the_senior_teacher_of_a_primary_school_is_intermediate(catalogue: TitleCatalogue) -> None:
    found = catalogue.find("22", "小学高级教师")
    assert found is not None
    assert (found.level, found.maps_to) == ("intermediate", "一级教师")


def test_every_modern_name_of_a_legacy_title_is_in_the_same_series(catalogue: TitleCatalogue) -> None:
    for title in catalogue.titles:
        modern = catalogue.find(title.series, title.maps_to) if title.maps_to else None
        assert not title.maps_to or (modern is not None and modern.status == "current"), title.title_zh


def test_titles_of_a_level_leave_legacy_names_out(catalogue: TitleCatalogue) -> None:
    assert [title.title_zh for title in catalogue.titles_of("05", "senior")] == ["正高级工程师"]
    assert {title.status for title in catalogue.titles_of("L1", "deputy_senior")} == {"jilin-local"}
    assert catalogue.titles_of("01", "junior") == ()


def test_a_living_title_is_found_before_a_legacy_one_of_the_same_name() -> None:
    rows = f"{HEADER}\n{GOOD_ROW.replace('current', 'legacy')}\n{GOOD_ROW}\n"
    found = TitleCatalogue(parse_title_table(rows)).find("05", "高级工程师")
    assert found is not None
    assert found.status == "current"


@pytest.mark.parametrize(("table", "line"), BROKEN_TABLES.values(), ids=BROKEN_TABLES.keys())
def test_a_broken_table_is_refused_with_its_line(table: str, line: str) -> None:
    with pytest.raises(Malformed, match=line) as caught:
        parse_title_table(table)
    assert caught.value.code == "title_table"


@pytest.mark.parametrize(
    ("series", "level", "title"),
    [
        ("05", "deputy_senior", "高级工程师"),
        ("05", "deputy_senior", "高级 工程师"),
        ("11", "intermediate", "馆员"),
        ("04", "intermediate", "主管医师"),
        ("05", "deputy_senior", "示例工程师"),
    ],
    ids=["a_title", "with_a_space", "of_three_series", "second_row_of_a_level", "a_local_title"],
)
def test_a_title_of_its_series_and_level_passes_and_a_name_that_the_table_lacks(
    catalogue: TitleCatalogue, series: str, level: str, title: str
) -> None:
    catalogue.check_level(series, level, title)


@pytest.mark.parametrize(
    ("series", "level", "title"),
    [
        ("05", "deputy_senior", "正高级工程师"),
        ("05", "intermediate", "高级 工程师"),
        ("05", "deputy_senior", "副主任医师"),
        ("99", "intermediate", "馆员"),
    ],
    ids=["one_level_higher", "one_level_lower", "another_series", "no_series_at_all"],
)
def test_a_title_that_the_table_has_elsewhere_is_refused(
    catalogue: TitleCatalogue, series: str, level: str, title: str
) -> None:
    with pytest.raises(Fault) as caught:
        catalogue.check_level(series, level, title)
    assert caught.value.code == "title_beyond_level"
    assert caught.value.about.figures == {"series": series, "level": level, "title": title}


def test_an_empty_catalogue_asks_about_no_title() -> None:
    NO_TITLES.check_level("05", "deputy_senior", "正高级工程师")


def test_the_names_of_a_title_and_of_a_series_are_all_that_the_table_has() -> None:
    rows = (GOOD_ROW, GOOD_ROW.replace("Senior Engineer", "Engineer Senior").replace("工程技术人员", "工程技术"))
    two = TitleCatalogue(parse_title_table("\n".join((HEADER, *rows, GOOD_ROW.replace(",05,", ",06,"), ""))))
    assert two.english_of("05", "deputy_senior", "高级 工程师") == {"Senior Engineer", "Engineer Senior"}
    assert two.series_names == {"05": {"工程技术人员", "工程技术"}, "06": {"工程技术人员"}}
    assert two.english_of("05", "senior", "高级工程师") == two.english_of("05", "deputy_senior", "示例") == frozenset()
