"""Titles by examination and of other provinces: in the register once, wholly, by two officers; and nothing further."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rosters_for_tests import SOUND, grid, people, write_book
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from world_for_tests import BATCHES, World

from certsvc import resources
from certsvc.core.calendar import local_date
from certsvc.core.encoding import digest
from certsvc.core.errors import NotFound, Refused
from certsvc.register.roster_reader import read_roster
from certsvc.register.roster_rows import RosterFile
from certsvc.services import act, issue
from certsvc.services.register_titles import Taken, TitleOrder, approve_titles, import_titles, title_lines
from certsvc.store import register as register_store
from certsvc.store import rosters as roster_store
from certsvc.store.rows import Roster
from certsvc.store.rows import RosterFile as StoredFile
from certsvc.store.tables import metadata

#: A title by examination: no committee, no notice.
EXAM: dict[str, Any] = {
    "track": "考试", "series": "经济专业人员", "level": "中级", "title": "经济师", "specialty": "工商管理",
    "current_title": "无", "current_since": "", "award_date": "2021-11-01", "approval_date": "", "year": 2021,
    "meeting_date": "", "notice_from": "", "notice_to": "", "members": "", "present": "", "yes": "", "no": "",
    "abstain": "", "committee": "", "committee_filing": "", "issuer_name": "示例考试机构",
    "original_cert_no": "SAMPLE2021001",
}  # fmt: skip
PROVINCE: dict[str, Any] = EXAM | {
    "track": "外省确认",
    "series": "工程技术人员",
    "title": "工程师",
    "specialty": "机械",
    "issuer_name": "示例外省人社厅",
}
ORDER = TitleOrder("exam", "H1")


def written(world: World, name: str, *changes: dict[str, Any], base: dict[str, Any] = EXAM) -> Path:
    rows = people(*({**base, "original_cert_no": f"SAMPLE{n}"} | change for n, change in enumerate(changes)))
    return write_book(world.folder / name, {"名单": grid(rows)})


def read(world: World, path: Path) -> RosterFile:
    today = local_date(world.instance.now())
    return read_roster(path, titles=resources.titles(), regions=resources.regions(), today=today)


def take(world: World, *changes: dict[str, Any], order: TitleOrder = ORDER, **more: Any) -> Taken:
    world.at(0)
    return import_titles(world.instance, read(world, written(world, "titles.xlsx", *changes, **more)), order)


def refusal(of: Any, *args: Any, **named: Any) -> Refused | NotFound:
    with pytest.raises((Refused, NotFound)) as caught:
        of(*args, **named)
    return caught.value


def cells(world: World) -> str:
    with world.instance.engines.read.connect() as connection:
        return "\n".join(repr(row) for table in metadata.tables.values() for row in connection.execute(select(table)))


# --- import --------------------------------------------------------------------------------------------------------


def test_titles_by_examination_enter_the_register_and_count_when_another_officer_approved(anywhere: World) -> None:
    taken = take(anywhere, {}, {})
    assert (taken.import_id, taken.titles, taken.people_new) == ("G0001", 2, 2)
    first, _second = title_lines(anywhere.instance, "G0001")
    one, held = first.title, first.held
    assert (first.name, one.series, one.level, one.title, one.obtained_on) == (
        "张示例",
        "19",
        "intermediate",
        "经济师",
        "2021-11-01",
    )
    assert (one.issuing_body, one.original_number, held.origin) == ("示例考试机构", "SAMPLE0", "exam")
    with anywhere.instance.engines.read.connect() as connection:
        assert register_store.list_standing_titles(connection, one.person_id) == ()
        assert approve_titles(anywhere.instance, "G0001", "H2") == 2
        assert register_store.list_standing_titles(connection, one.person_id) == (one,)
    assert title_lines(anywhere.instance)[0].held.approved_by == "H2"


def test_titles_of_another_province_are_told_apart(province: World) -> None:
    taken = take(province, {}, order=TitleOrder("province", "H1"), base=PROVINCE)
    (line,) = title_lines(province.instance, taken.import_id)
    assert (line.held.origin, line.title.issuing_body) == ("other_province", "示例外省人社厅")


def test_the_same_file_again_changes_nothing(anywhere: World) -> None:
    take(anywhere, {}, {})
    before = anywhere.census()
    again = import_titles(anywhere.instance, read(anywhere, anywhere.folder / "titles.xlsx"), ORDER)
    assert (again.import_id, again.repeated, again.present) == ("G0001", True, 2)
    assert anywhere.census() == before


def test_a_file_that_came_in_as_a_roster_is_not_taken_in_again(province: World) -> None:
    province.at(0)
    path = province.file(
        replace(
            BATCHES["T18c"], extra=(*BATCHES["T18c"].extra, ("award_date", "2025-01-01"), ("issuer_name", "示例机关"))
        )
    )
    province.import_file(path)
    before = province.census()
    assert (
        refusal(import_titles, province.instance, read(province, path), TitleOrder("province", "H1")).code
        == "file_known"
    )
    assert province.census() == before


def test_what_an_approved_import_holds_is_not_taken_in_twice(anywhere: World) -> None:
    approve_titles(anywhere.instance, take(anywhere, {}).import_id, "H2")
    again = read(anywhere, written(anywhere, "again.xlsx", {"region": "吉林市"}))
    assert refusal(import_titles, anywhere.instance, again, ORDER).code == "register_nothing_new"
    more = import_titles(anywhere.instance, read(anywhere, written(anywhere, "more.xlsx", {}, {})), ORDER)
    assert (more.titles, more.present, more.people_new) == (1, 1, 1)


def test_of_two_imports_with_one_title_only_one_is_approved(anywhere: World) -> None:
    wrong = take(anywhere, {"issuer_name": "示例错误机构"})
    right = import_titles(anywhere.instance, read(anywhere, written(anywhere, "right.xlsx", {})), ORDER)
    approve_titles(anywhere.instance, right.import_id, "H2")
    before = cells(anywhere)
    assert refusal(approve_titles, anywhere.instance, wrong.import_id, "H2").code == "register_title_known"
    assert cells(anywhere) == before


def test_a_date_that_is_known_to_the_month_is_kept_to_the_month(province: World) -> None:
    taken = take(province, {"award_date": "2021年11月"})
    assert title_lines(province.instance, taken.import_id)[0].title.obtained_on == "2021-11"


def test_an_original_number_that_holds_the_id_number_is_not_kept(province: World) -> None:
    taken = take(province, {"original_cert_no": f"ZC{SOUND['id_number']}"})
    assert title_lines(province.instance, taken.import_id)[0].title.original_number is None
    assert SOUND["id_number"] not in cells(province)


def test_the_paper_behind_a_file_is_kept_as_its_hash(province: World) -> None:
    take(province, {}, order=replace(ORDER, evidence_sha256=digest(b"a list")))
    assert title_lines(province.instance)[0].held.evidence_sha256 == digest(b"a list")


def test_a_dry_run_says_what_would_come_in_and_writes_nothing(anywhere: World) -> None:
    before = anywhere.census()
    would = take(anywhere, {}, {}, order=replace(ORDER, dry_run=True))
    assert (would.import_id, would.titles, would.people_new) == ("", 2, 2)
    assert anywhere.census() == before


def test_a_question_about_a_person_is_asked_before_anything_is_written(province: World) -> None:
    take(province, {})
    before = province.census()
    path = written(province, "other.xlsx", {"name": "李示例"})
    asked = import_titles(province.instance, read(province, path), ORDER)
    (question,) = asked.open_questions
    assert question.code == "number_other_name"
    assert province.census() == before
    answer = {question.key: question.candidates[0].person_id}
    assert import_titles(province.instance, read(province, path), replace(ORDER, decisions=answer)).import_id == "G0002"


FILES: dict[str, tuple[dict[str, Any], str]] = {
    "a_review": ({"track": "评审"}, "register_track"),
    "not_passed": ({"passed": "不通过"}, "register_not_passed"),
    "no_day": ({"award_date": ""}, "register_row_incomplete"),
    "no_body": ({"issuer_name": ""}, "register_row_incomplete"),
    "a_wrong_number": ({"id_number": "220000200002290021"}, "roster_stopped"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_with_one_wrong_row_is_refused_as_a_whole(province: World, case: str) -> None:
    changes, code = FILES[case]
    before = province.census()
    refused = refusal(take, province, {}, changes)
    assert refused.code == code
    assert code == "roster_stopped" or refused.zh.startswith("名单:3:")
    assert province.census() == before


@pytest.mark.parametrize(("officer", "code"), [("U1", "officer_not_office"), ("ZZ", "officer_unknown")])
def test_only_an_officer_of_an_office_takes_titles_in_or_approves_them(
    province: World, officer: str, code: str
) -> None:
    assert refusal(take, province, {}, order=replace(ORDER, officer_id=officer)).code == code
    taken = take(province, {})
    assert refusal(approve_titles, province.instance, taken.import_id, officer).code == code


def test_who_took_titles_in_does_not_approve_them_and_nobody_twice(province: World) -> None:
    taken = take(province, {})
    assert refusal(approve_titles, province.instance, taken.import_id, "H1").code == "same_human"
    approve_titles(province.instance, taken.import_id, "H2")
    assert refusal(approve_titles, province.instance, taken.import_id, "H2").code == "register_import_approved"
    assert refusal(approve_titles, province.instance, "G0099", "H2").code == "register_import_unknown"
    assert refusal(title_lines, province.instance, "G0099").code == "register_import_unknown"


# --- nothing further follows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "base", "hint"),
    [("exam", EXAM, "certsvc show G0001"), ("province", PROVINCE, "certsvc roster import FILE")],
)
def test_such_titles_get_no_act_and_no_certificate(
    province: World, source: str, base: dict[str, Any], hint: str
) -> None:
    taken = take(province, {}, order=TitleOrder(source, "H1"), base=base)
    before = province.census()
    for refused in (
        refusal(act.do_act, province.instance, act.Order("unit_notice", taken.import_id, ("U1",))),
        refusal(lambda: list(issue.issue(province.instance, taken.import_id))),
    ):
        assert (refused.code, refused.hint) == ("register_only", hint)
        assert "G0001" in refused.zh and "不制证" in refused.zh
    assert province.census() == before


@pytest.mark.parametrize(("track", "code"), [("T21", "track_register_only"), ("T15", "track_equivalence")])
def test_a_roster_of_such_a_track_from_before_gets_no_act_either(province: World, track: str, code: str) -> None:
    province.at(0)
    with province.instance.engines.write.begin() as connection:
        roster_store.add_roster_file(connection, StoredFile("sha", "old.xlsx", 1, None, 1, {}))
        roster_store.add_roster(
            connection, Roster("R0001", "sha", "示例", "05", "intermediate", track, "220100", 2022, 1)
        )
    assert refusal(act.do_act, province.instance, act.Order("unit_notice", "R0001", ("U1",))).code == code
    assert refusal(lambda: list(issue.issue(province.instance, "R0001"))).code == code


def test_a_roster_file_with_such_a_row_is_refused_and_names_it(province: World) -> None:
    province.at(0)
    path = written(province, "mixed.xlsx", {"track": "评审", "current_title": "助理经济师"}, {})
    before = province.census()
    refused = refusal(province.import_file, path)
    assert (refused.code, "名单:3" in refused.zh) == ("track_register_only", True)
    assert province.census() == before


def test_the_database_itself_refuses_an_approval_by_who_proposed(anywhere: World) -> None:
    take(anywhere, {})
    (line,) = title_lines(anywhere.instance)
    table = metadata.tables["register_import"]
    row = {name: getattr(line.held, name) for name in table.c.keys()}  # noqa: SIM118
    same = row | {"id": "G0002", "file_sha256": "x", "approved_by": "H1", "approved_at": 1}
    with pytest.raises(IntegrityError, match="apart"), anywhere.instance.engines.write.begin() as connection:
        connection.execute(insert(table), [same])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE register_title SET level = 'senior'",
        "DELETE FROM register_title",
        "UPDATE register_import SET origin = 'other_province'",
        "DELETE FROM register_import",
    ],
)
def test_the_database_itself_keeps_titles_that_were_approved(anywhere: World, statement: str) -> None:
    approve_titles(anywhere.instance, take(anywhere, {}).import_id, "H2")
    before = cells(anywhere)
    with pytest.raises(IntegrityError, match="never"), anywhere.instance.engines.write.begin() as connection:
        connection.exec_driver_sql(statement)
    assert cells(anywhere) == before
