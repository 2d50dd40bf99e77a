"""Every fault of tests/vectors/roster_faults.json is found where it is, and its harmless sibling passes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rosters_for_tests import SOUND, codes, grid, people, read, read_rows, write_book

from certsvc import resources
from certsvc.core.identity import check_character
from certsvc.core.titles import TitleCatalogue
from certsvc.register.faults import RULES, FaultLog
from certsvc.register.row_checks import SAMPLE_REMARK, Rules

TITLES = resources.titles()
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "roster_faults.json").read_text(encoding="utf-8"))
BY_ID = {vector["id"]: vector for vector in VECTORS}
#: Faults of files and sheets, which no cell can show; the tests of the sheet reader have them.
OF_SHEETS = {
    "column_missing", "column_twice", "column_unknown", "no_rows", "sheet_hidden", "sheet_without_header",
    "hidden_rows", "hidden_columns", "footer_skipped", "total_mismatch", "csv_gb18030", "csv_formula",
    "faults_truncated", "merged_filled", "cell_error", "name_undrawable", "name_length",
}  # fmt: skip


@pytest.mark.parametrize("name", BY_ID)
def test_a_fault_is_found_with_its_action_and_nothing_else_is(name: str, tmp_path: Path) -> None:
    vector = BY_ID[name]
    file = read_rows(tmp_path, *vector["rows"])
    assert codes(file) == sorted((code, action) for code, action in vector["expect"])
    assert file.stopped is any(action == "stop" for _, action in vector["expect"])


@pytest.mark.parametrize("name", BY_ID)
def test_the_harmless_sibling_of_a_fault_passes(name: str, tmp_path: Path) -> None:
    vector = BY_ID[name]
    file = read_rows(tmp_path, *vector["sibling"])
    assert codes(file) == sorted((code, action) for code, action in vector["sibling_expect"])
    assert len(file.rows) == len(vector["sibling"])


def test_every_rule_has_a_vector_or_belongs_to_sheets() -> None:
    told = {code for vector in VECTORS for code, _ in vector["expect"]}
    assert told | OF_SHEETS == set(RULES)


def test_the_actions_of_the_vectors_are_those_of_the_table() -> None:
    assert all(RULES[code].action == action for vector in VECTORS for code, action in vector["expect"])


def test_a_fault_names_sheet_row_column_and_both_values(tmp_path: Path) -> None:
    (fault,) = read_rows(tmp_path, {}, {"unit_name": " 示例研究所"}).faults
    assert (fault.sheet, fault.row, fault.column) == ("名单", 3, "工作单位")
    assert (fault.raw, fault.value) == (" 示例研究所", "示例研究所")
    assert "空格" in fault.zh and "space" in fault.en


@pytest.mark.parametrize(
    ("degree", "skill", "ranks"),
    [
        ("学士", "高级工", (1, 3)),
        ("硕士学位", "二级/技师", (2, 4)),
        ("博士", "高级技师", (3, 5)),
        ("博士后", "特级技师", (4, 6)),
        ("大学本科", "", (None, None)),
        ("", "", (None, None)),
    ],
)
def test_degrees_and_skills_become_numbers(
    tmp_path: Path, degree: str, skill: str, ranks: tuple[int | None, int | None]
) -> None:
    (row,) = read_rows(tmp_path, {"degree": degree, "skill": skill}).rows
    assert (row.degree_rank, row.skill_rank) == ranks
    cells = row.cells()
    assert (cells.get("degree_rank"), cells.get("skill_rank")) == ranks


def test_the_last_day_of_a_ban_may_lie_ahead_and_is_kept_as_a_date(tmp_path: Path) -> None:
    (row,) = read_rows(tmp_path, {"ban": "2024-01-02", "ban_until": "2027-01-01"}).rows
    assert row.cells()["bans"] == [["2024-01-02", "2027-01-01"]]


@pytest.mark.parametrize(
    ("first", "last", "bans"),
    [
        ("无", "", []),
        ("2024-03-17", "", [["2024-03-17", None]]),
        ("2024-03-17", "3年", [["2024-03-17", "2027-03-16"]]),
        ("2024-02-29", "3 年", [["2024-02-29", "2027-02-28"]]),
        ("2024-02-29", "4年", [["2024-02-29", "2028-02-28"]]),
        ("2024年3月17日", "2024-03-17", [["2024-03-17", "2024-03-17"]]),
    ],
)
def test_a_ban_is_days_and_its_last_day_is_counted_from_its_years(
    first: str, last: str, bans: list[list[str | None]], tmp_path: Path
) -> None:
    (row,) = read_rows(tmp_path, {"ban": first, "ban_until": last}).rows
    assert row.cells()["bans"] == bans


@pytest.mark.parametrize("track", ["评审", "双贯通对应", "外省确认", "考试"])
def test_titles_that_others_gave_need_no_hours_and_no_word_about_bans(track: str, tmp_path: Path) -> None:
    """A08; every other track is told which columns its file lacks."""
    silent = {"track": track, "year": 2023, "professional_hours": "", "public_hours": "", "ban": ""}
    said = {fault.code for fault in read_rows(tmp_path, silent).faults}
    assert ({"hours_missing", "ban_missing"} <= said) == (track == "评审")
    assert {"hours_missing", "ban_missing"} & said in (set(), {"hours_missing", "ban_missing"})


def test_a_file_of_an_older_form_is_told_which_columns_to_add(tmp_path: Path) -> None:
    older = {name: cell for name, cell in SOUND.items() if name not in ("professional_hours", "public_hours", "ban")}
    dated = {"year": 2023, "award_date": "2023-09-30", "approval_date": "2023-09-30", "education_check": "合格"}
    path = write_book(tmp_path / "older.xlsx", {"名单": grid([older | dated])})
    told = {fault.code: fault for fault in read(path).faults if fault.action == "stop"}
    assert told.keys() == {"hours_missing", "ban_missing"}
    assert "专业科目学时、公需科目学时" in told["hours_missing"].zh and "专业科目学时" in told["hours_missing"].en
    assert all(
        "诚信限制" in text and "诚信限制截止日" in text for text in (told["ban_missing"].zh, told["ban_missing"].en)
    )


def test_a_sound_row_becomes_machine_values(tmp_path: Path) -> None:
    (row,) = read_rows(tmp_path, {}).rows
    assert (row.series, row.level, row.track, row.region, row.year) == ("05", "deputy_senior", "T01", "220100", 2022)
    assert (row.sex, row.birth.isoformat(), row.id_kind) == ("M", "1985-06-15", "resident_id")
    assert (row.passed, row.professional_hours, row.public_hours, row.bans) == (True, 60, 30, ())
    assert row.current_level == "intermediate"
    assert (row.members, row.present, row.yes, row.no, row.abstain) == (25, 21, 18, 2, 1)
    assert row.position == ("名单", 2)


def test_an_old_number_keeps_its_original(tmp_path: Path) -> None:
    (row,) = read_rows(tmp_path, {"id_number": "220000850615001"}).rows
    assert (row.id_number, row.id_original) == ("220000198506150012", "220000850615001")


def test_an_imprecise_date_keeps_its_precision(tmp_path: Path) -> None:
    (row,) = read_rows(tmp_path, {"award_date": "2022.9"}).rows
    assert row.award_date is not None
    assert (row.award_date.isoformat(), dict(row.imprecise)) == ("2022-09-01", {"award_date": "month"})
    assert row.cells()["imprecise"] == {"award_date": "month"}


def test_a_serial_is_read_in_the_date_system_of_its_workbook(tmp_path: Path) -> None:
    # 2022-09-30 is day 44834 from 1900 and day 43372 from 1904.
    path = write_book(tmp_path / "r.xlsx", {"名单": grid(people({"award_date": 43372}))}, date_1904=True)
    file = read(path)
    assert [row.award_date.isoformat() for row in file.rows if row.award_date] == ["2022-09-30"]
    assert "1904" in file.faults[0].zh


ENTRY = {"level": "助理级", "title": "助理工程师"}


@pytest.mark.parametrize("word", ["无", "无职称", "没有", " 未取得 "])
def test_only_a_word_says_that_there_is_no_title(word: str, tmp_path: Path) -> None:
    (row,) = read_rows(tmp_path, {**ENTRY, "current_title": word}).rows
    assert row.current_level is None and row.cells()["current_title"] == word.strip()


@pytest.mark.parametrize(
    ("cell", "level"),
    [
        ("工程师(中级)", "intermediate"),
        ("工程师（中级）", "intermediate"),
        ("技术主管(中级职称)", "intermediate"),
        ("技术员(初级(员级))", None),
        ("高级工程师(副高级)、经济师(中级)", None),
        ("高级工程师(副高级)/工程师(中级)", None),
        ("高级工程师、经济师(中级)", None),
        ("高级工程师;经济师(中级)", None),
        ("正高级工程师(机械)(中级)", None),
        ("高工(副高级)(中级)", None),
        ("无(中级)", None),
        ("高级工程师(机械)(副高级)", "deputy_senior"),
        ("馆员", "intermediate"),
        ("管理员(文博)", "junior"),
        ("中级", "intermediate"),
        ("教授级高级工程师", "senior"),
    ],
)
def test_a_level_is_that_of_the_catalogue_or_stands_behind_the_title(
    cell: str, level: str | None, tmp_path: Path
) -> None:
    found = {row.current_level for row in read_rows(tmp_path, {"current_title": cell}).rows}
    assert found == ({level} if level else set())


def test_of_a_title_that_series_have_at_several_levels_the_level_is_asked_for() -> None:
    """The catalogue that ships has none; one that an office makes may."""
    local = [
        replace(one, title_zh="示例师") for one in (TITLES.find("05", "工程师"), TITLES.find("06", "高级农艺师")) if one
    ]
    rules = Rules(TitleCatalogue((*TITLES.titles, *local)))
    assert rules.present("示例师") == ("示例师", None)
    assert rules.present("示例师(副高级)") == ("示例师", "deputy_senior")
    assert rules.present("示例师(正高级)") == ("示例师", None)
    assert {len(TITLES.levels_of(one.title_zh)) for one in TITLES.titles} == {1}


@pytest.mark.parametrize("cell", ["", "—", "高工", "高级工程师(机械)"])
@pytest.mark.parametrize("track", ["评审", "双贯通对应", "外省确认", "考试"])
def test_titles_that_others_gave_need_no_present_title(track: str, cell: str, tmp_path: Path) -> None:
    said = {code for code, _ in codes(read_rows(tmp_path, {"track": track, "current_title": cell}))}
    asked = {"current_title_unknown" if cell else "current_title_missing"}
    assert said == (asked if track == "评审" else set())


def test_a_file_without_present_titles_is_told_which_column_to_add(tmp_path: Path) -> None:
    older = {name: cell for name, cell in SOUND.items() if name != "current_title"}
    (fault,) = read(write_book(tmp_path / "older.xlsx", {"名单": grid([older])})).faults
    assert fault.code == "current_title_missing"
    assert "增加列“现职称”" in fault.zh and "“无”" in fault.zh and "现职称" in fault.en and "无" in fault.en


@pytest.mark.parametrize(
    "change", [{"current_title": "高级经济师"}, {"current_title": "高级工程师", "track": "外省确认"}]
)
def test_a_change_of_series_and_a_confirmation_may_keep_the_level(change: dict[str, str], tmp_path: Path) -> None:
    assert codes(read_rows(tmp_path, change)) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"current_title": "助理工程师", "track": "博士后评审"}, []),
        ({"current_title": "助理工程师", "track": "双贯通对应"}, []),
        ({"current_title": "助理工程师", "track": "外省确认"}, ["level_skipped"]),
        ({"current_title": "正高级工程师", "track": "外省确认"}, ["level_not_higher"]),
        ({"current_title": "高级工程师", "track": "博士后评审"}, ["level_not_higher"]),
    ],
)
def test_how_far_somebody_may_rise_is_what_the_procedure_of_the_track_says(
    changes: dict[str, str], said: list[str], tmp_path: Path
) -> None:
    assert [code for code, _ in codes(read_rows(tmp_path, changes))] == said


def test_a_vote_of_which_only_the_members_are_known_is_incomplete(tmp_path: Path) -> None:
    gone = dict.fromkeys(("present", "yes", "no", "abstain"), "")
    assert codes(read_rows(tmp_path, gone)) == [("votes_incomplete", "decide")]


def test_a_row_key_depends_on_person_and_target_only(tmp_path: Path) -> None:
    first = read_rows(tmp_path, {}).rows[0].row_key
    moved = read_rows(tmp_path, OTHER := {"id_number": "22000020000229002X", "birth": "", "sex": ""}, {**SOUND}).rows
    assert OTHER and moved[1].row_key == first != moved[0].row_key
    changes: list[dict[str, Any]] = [{"phone": "13000000001"}, {"specialty": "电子"}, {"region": "220200"}]
    keys = [read_rows(tmp_path, change).rows[0].row_key for change in changes]
    assert [key == first for key in keys] == [True, False, False]


def test_a_character_that_no_font_draws_waits_for_a_person(tmp_path: Path) -> None:
    file = read_rows(tmp_path, {"name": "张𠮷例"}, drawable=lambda text: [char for char in text if char > "\uffff"])
    assert codes(file) == [("name_undrawable", "decide")]
    assert "U+20BB7" in file.faults[0].zh
    assert codes(read_rows(tmp_path, {"name": "张示例"}, drawable=lambda text: [])) == []


def test_a_name_of_51_characters_is_refused(tmp_path: Path) -> None:
    assert codes(read_rows(tmp_path, {"name": "张" * 51})) == [("name_length", "stop")]
    assert codes(read_rows(tmp_path, {"name": "张" * 50})) == []


def test_a_truth_value_in_a_text_cell_is_refused(tmp_path: Path) -> None:
    assert codes(read_rows(tmp_path, {"committee": True})) == [("cell_error", "stop")]


def test_the_sample_remark_is_the_one_of_the_template() -> None:
    assert any(row.get("remark") == SAMPLE_REMARK for row in BY_ID["sample-row-left"]["rows"])


def test_the_number_does_not_show_when_a_row_is_printed(tmp_path: Path) -> None:
    (row,) = read_rows(tmp_path, {}).rows
    assert row.id_number not in repr(row) and str(row.phone) not in repr(row)


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    read_rows(tmp_path, {}, {}, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2, 2)


def test_progress_is_told_on_the_way(tmp_path: Path) -> None:
    first17 = [f"22000019850615{number:03d}" for number in range(1, 999)]
    rows = [SOUND | {"id_number": body + check_character(body), "sex": ""} for body in first17]
    seen: list[tuple[int, int]] = []
    read(write_book(tmp_path / "r.xlsx", {"名单": grid(rows)}), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(500, 999), (998, 998)]


def test_faults_beyond_the_ceiling_are_counted_and_stop_the_file() -> None:
    log = FaultLog()
    for row in range(20_001):
        log.add("uscc_wrong", "名单", row)
    assert not log.stopped
    log.close()
    assert (len(log.faults), log.faults[-1].code, log.stopped) == (20_001, "faults_truncated", True)
    assert "1 条" in log.faults[-1].zh


def test_notes_beyond_the_ceiling_do_not_stop_the_file() -> None:
    log = FaultLog()
    for row in range(20_001):
        log.add("trimmed", "名单", row)
    log.close()
    assert (len(log.faults), log.counts["trimmed"], log.stopped) == (20_000, 20_001, False)
