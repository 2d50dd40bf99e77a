"""A roster file in the register: once, wholly, about the right people. On SQLite and PostgreSQL."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from rosters_for_tests import OTHERS, SOUND, grid, people, read, read_rows, write_book
from sqlalchemy import func, select

from certsvc.core.claims import Target, entry_commitment, person_commitment
from certsvc.core.errors import NotFound, Refused
from certsvc.instance import Instance, Settings
from certsvc.register.roster_rows import RosterFile
from certsvc.register.sealing import DataKeys
from certsvc.services.import_roster import ImportResult, import_roster
from certsvc.services.private import personal_of
from certsvc.store import people as people_store
from certsvc.store import rosters as roster_store
from certsvc.store.engine import Engines
from certsvc.store.keys import add_organisation
from certsvc.store.rows import Entry, Organisation
from certsvc.store.tables import metadata

KEYS = DataKeys(b"s" * 32, b"i" * 32)
NOW = 1_793_500_000  # 2026-11-01 in Shanghai
NUMBER = "220000198506150012"


#: A year later than SOUND.
LATER = {"year": 2023, "award_date": "2023-09-30", "approval_date": "2023-09-30"}


def salts(seed: int = 0) -> Any:
    """A source of bytes that never repeats within one import and is the same in the next."""
    counter = iter(range(seed, 10**9))
    return lambda n: sha256(str(next(counter)).encode()).digest()[:n]


def take(
    engines: Engines, file: RosterFile, decisions: Mapping[str, str] | None = None, seed: int = 0, **options: Any
) -> ImportResult:
    return import_roster(
        engines, KEYS, file, now=NOW, officer=None, decisions=decisions or {}, random_bytes=salts(seed), **options
    )


def census(engines: Engines) -> dict[str, int]:
    """How many rows every table has that an import may touch."""
    names = ("roster_file", "roster", "entry", "person", "identity_document", "person_name", "employment")
    with engines.read.connect() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one()
            for name in names
        }


def entries(engines: Engines, result: ImportResult) -> Iterator[Entry]:
    with engines.read.connect() as connection:
        for roster in result.rosters:
            yield from roster_store.list_entries(connection, roster)


def test_a_file_becomes_people_and_one_roster(engines: Engines, tmp_path: Path) -> None:
    result = take(engines, read_rows(tmp_path, {}, {}, {}))
    assert result == ImportResult(["R0001"], people_new=3, people_same=0, entries=3)
    counts = {"person": 3, "identity_document": 3, "person_name": 3, "employment": 3}
    assert census(engines) == {"roster_file": 1, "roster": 1, "entry": 3} | counts
    with engines.read.connect() as connection:
        roster = roster_store.find_roster(connection, "R0001")
    assert roster is not None and roster.label == "2022 工程技术人员 副高级 评审 长春市"


def test_the_same_file_again_changes_nothing_and_says_so(engines: Engines, tmp_path: Path) -> None:
    file = read_rows(tmp_path, {}, {})
    take(engines, file)
    before = census(engines)
    again = take(engines, file, seed=1000)
    assert again == ImportResult(["R0001"], entries_same=2, repeated=True)
    assert census(engines) == before


def test_a_row_that_stands_already_is_the_same_in_another_file(engines: Engines, tmp_path: Path) -> None:
    take(engines, read_rows(tmp_path, {}, {}))
    result = take(engines, read_rows(tmp_path, {"phone": "13000000009"}, {}, {}), seed=1000)
    assert (result.rosters, result.entries, result.entries_same) == (["R0002"], 1, 2)
    assert (result.people_new, result.people_same) == (1, 2)
    assert census(engines)["entry"] == 3


def test_a_file_with_nothing_new_makes_no_roster(engines: Engines, tmp_path: Path) -> None:
    take(engines, read_rows(tmp_path, {}, {}))
    result = take(engines, read_rows(tmp_path, {"phone": "13000000009"}), seed=1000)
    assert (result.rosters, result.entries, result.entries_same) == ([], 0, 1)
    assert census(engines)["roster"] == 1


def test_rosters_are_homogeneous(engines: Engines, tmp_path: Path) -> None:
    changes = ({}, {"region": "吉林市"}, {"track": "评聘结合"}, {"year": 2021})
    result = take(engines, read_rows(tmp_path, *changes), {"*:year_differs": "accept"})
    assert len(result.rosters) == 4
    scopes = {(e.series, e.level, e.track, e.region, e.year) for e in entries(engines, result)}
    assert len(scopes) == 4


def test_two_rows_of_one_person_in_two_rosters_make_one_person(engines: Engines, tmp_path: Path) -> None:
    """The person's first row belongs to the roster that is written last."""
    second = {"title": "正高级工程师", "level": "正高级", "current_title": "高级工程师"}
    person = {**OTHERS[0], **second, "title": "高级工程师", "level": "副高级", "current_title": "工程师", "year": 2021}
    rows = people({}, {"year": 2021}, {**person, "year": 2022})
    file = read(write_book(tmp_path / "r.xlsx", {"名单": grid(rows)}))
    result = take(engines, file, {"*:person_twice": "accept", "*:year_differs": "accept"})
    assert (result.people_new, result.entries, len(result.rosters)) == (2, 3, 2)
    assert census(engines)["identity_document"] == 2


def test_the_commitments_open_with_the_sealed_salts(engines: Engines, tmp_path: Path) -> None:
    result = take(engines, read_rows(tmp_path, {}))
    (entry,) = entries(engines, result)
    settings = Settings("http://127.0.0.1:8787", "test", False, "sample")
    instance = Instance(tmp_path, settings, engines, KEYS, ())
    with engines.read.connect() as connection:
        personal = personal_of(instance, connection, entry, 1)
    assert personal.values == {"name": "张示例", "sex": "M", "birth": "1985-06-15", "id": NUMBER}
    assert person_commitment(personal.commitments) == entry.person_commitment
    target = Target("05", "机械", "deputy_senior", "高级工程师", "T01", "220100", 2022)
    assert entry_commitment(entry.person_commitment, target, personal.entry_salt) == entry.commitment


def test_the_phone_number_is_sealed_with_the_entry(engines: Engines, tmp_path: Path) -> None:
    first, second = entries(engines, take(engines, read_rows(tmp_path, {}, {"phone": ""})))
    opened = [json.loads(KEYS.unseal(one.sealed, f"entry/{one.id}".encode())) for one in (first, second)]
    assert [one.get("phone", "none") for one in opened] == ["13000000000", "none"]


def test_every_salt_is_fresh(engines: Engines, tmp_path: Path) -> None:
    asked: list[int] = []
    source = salts()

    def counted(size: int) -> bytes:
        asked.append(size)
        return bytes(source(size))

    import_roster(engines, KEYS, read_rows(tmp_path, {}, {}), now=NOW, officer=None, decisions={}, random_bytes=counted)
    assert asked == [32] * 10


def test_no_identity_or_phone_number_stands_in_clear(engines: Engines, tmp_path: Path) -> None:
    file = read_rows(tmp_path, {"id_number": "220000850615001"}, {})
    take(engines, file)
    secrets = [NUMBER, "220000850615001", "13000000000", *(row.row_key for row in file.rows)]
    with engines.read.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                text = " ".join(cell.decode("latin-1") if isinstance(cell, bytes) else str(cell) for cell in row)
                assert not [secret for secret in secrets if secret in text], table.name


def test_a_document_opens_only_with_our_keys_and_keeps_its_original(engines: Engines, tmp_path: Path) -> None:
    take(engines, read_rows(tmp_path, {"id_number": "220000850615001"}))
    with engines.read.connect() as connection:
        known = people_store.find_person_by_number_key(connection, KEYS.blind("id", NUMBER))
        assert known is not None
        (document,) = people_store.list_identity_documents(connection, known.person_id)
    place = f"identity_document/{document.id}".encode()
    assert KEYS.unseal(document.number_sealed, place) == NUMBER.encode()
    assert document.original_sealed is not None
    assert KEYS.unseal(document.original_sealed, place) == b"220000850615001"


def test_the_columns_hold_what_acts_ask_for(engines: Engines, tmp_path: Path) -> None:
    changes = {"service_years": 15, "level_years": 5, "passed": "不通过", "yes": 3, "no": 17}
    (entry,) = entries(engines, take(engines, read_rows(tmp_path, changes)))
    wanted = {"members": 25, "present": 21, "yes": 3, "no": 17, "abstain": 1, "current_level": "intermediate"}
    wanted |= {
        "professional_hours": 60,
        "public_hours": 30,
        "bans": [],
        "passed": False,
        "service_years": 15,
        "level_years": 5,
    }
    assert wanted.items() <= entry.columns.items()
    assert entry.columns["position"] == ["名单", 2] and entry.columns["award_date"] == "2022-09-30"


def test_a_unit_is_found_by_code_then_by_name(engines: Engines, tmp_path: Path) -> None:
    by_code = Organisation("u1", "另一名称", "", "unit", "112200009999999985", None, "220100", NOW)
    by_name = Organisation("u2", "示例二所", "", "unit", None, "U2", "220100", NOW)
    twin_a, twin_b = (Organisation(f"t{n}", "示例同名所", "", "unit", None, f"T{n}", "220100", NOW) for n in (1, 2))
    with engines.write.begin() as connection:
        for organisation in (by_code, by_name, twin_a, twin_b):
            add_organisation(connection, organisation)
    names = [{}, {"unit_name": "示例二所"}, {"unit_name": "示例同名所"}, {"unit_name": "示例三所"}]
    rows = read_rows(tmp_path, *(({"unit_code": ""} if n else {}) | change for n, change in enumerate(names)))
    found = [entry.unit_org_id for entry in entries(engines, take(engines, rows))]
    assert found == ["u1", "u2", None, None]


def test_a_known_number_under_another_name_is_a_question(engines: Engines, tmp_path: Path) -> None:
    take(engines, read_rows(tmp_path, {}))
    before = census(engines)
    file = read_rows(tmp_path, {"name": "张改名", **LATER})
    result = take(engines, file, seed=1000)
    (question,) = result.open_questions
    assert (question.code, question.key, question.row) == ("number_other_name", file.rows[0].row_key, 2)
    assert [one.name for one in question.candidates] == ["张示例"]
    assert census(engines) == before

    person = question.candidates[0].person_id
    done = take(engines, file, {question.key: person}, seed=1000)
    assert (done.people_new, done.people_same, done.entries) == (0, 1, 1)
    with engines.read.connect() as connection:
        assert [name.name for name in people_store.list_names(connection, person)] == ["张示例", "张改名"]
    assert census(engines)["identity_document"] == 1


def test_everything_alike_but_the_number_is_a_question(engines: Engines, tmp_path: Path) -> None:
    take(engines, read_rows(tmp_path, {}))
    passport = {"id_kind": "护照", "id_number": "E12345678"}
    file = read_rows(tmp_path, passport)
    (question,) = take(engines, file, seed=1000).open_questions
    assert question.code == "same_person_other_number"

    new = take(engines, file, {question.key: "new"}, seed=1000)
    assert (new.people_new, new.people_same, new.open_questions) == (1, 0, []) and census(engines)["person"] == 2


def test_a_second_document_goes_to_the_person_that_was_chosen(engines: Engines, tmp_path: Path) -> None:
    take(engines, read_rows(tmp_path, {}))
    file = read_rows(tmp_path, {"id_kind": "护照", "id_number": "E12345678", **LATER})
    (question,) = take(engines, file, seed=1000).open_questions
    take(engines, file, {question.key: question.candidates[0].person_id}, seed=1000)
    counts = census(engines)
    assert (counts["person"], counts["identity_document"], counts["entry"]) == (1, 2, 2)


def test_the_same_name_alone_is_somebody_else(engines: Engines, tmp_path: Path) -> None:
    take(engines, read_rows(tmp_path, {}))
    other = OTHERS[1] | {"name": "张示例"}
    result = take(engines, read_rows(tmp_path, other), seed=1000)
    assert (result.people_new, result.open_questions) == (1, [])


def test_a_decision_for_somebody_who_is_no_candidate_is_refused(engines: Engines, tmp_path: Path) -> None:
    take(engines, read_rows(tmp_path, {}))
    file = read_rows(tmp_path, {"name": "张改名"})
    with pytest.raises(NotFound, match="decision_unknown"):
        take(engines, file, {file.rows[0].row_key: "person-9"}, seed=1000)


def test_one_number_of_two_people_leaves_the_document_with_the_first(engines: Engines, tmp_path: Path) -> None:
    take(engines, read_rows(tmp_path, {}))
    file = read_rows(tmp_path, {"name": "李重号"})
    take(engines, file, {file.rows[0].row_key: "new"}, seed=1000)
    counts = census(engines)
    assert (counts["person"], counts["identity_document"], counts["entry"]) == (2, 1, 2)


def test_the_same_title_on_another_track_is_a_question(engines: Engines, tmp_path: Path) -> None:
    take(engines, read_rows(tmp_path, {}))
    result = take(engines, read_rows(tmp_path, {"track": "评聘结合"}, {}), seed=1000)
    assert [question.code for question in result.open_questions] == ["entry_differs"]
    assert census(engines)["entry"] == 1


@pytest.mark.parametrize("key", ["{row_key}:uscc_wrong", "*:uscc_wrong"])
def test_a_finding_that_waits_is_accepted_by_row_or_by_code(key: str, engines: Engines, tmp_path: Path) -> None:
    file = read_rows(tmp_path, {"unit_code": "112200009999999986"})
    result = take(engines, file)
    (question,) = result.open_questions
    assert (question.code, question.zh.partition(":")[0]) == ("uscc_wrong", "统一社会信用代码")
    assert census(engines)["entry"] == 0
    accepted = {key.format(row_key=file.rows[0].row_key): "accept"}
    assert take(engines, file, accepted).open_questions == [] and census(engines)["entry"] == 1


def test_a_finding_about_a_sheet_is_accepted_by_its_name(engines: Engines, tmp_path: Path) -> None:
    file = read(write_book(tmp_path / "r.xlsx", {"名单": grid(people({})), "草稿": [["随便"]]}))
    (question,) = take(engines, file).open_questions
    assert question.key == "草稿:sheet_without_header" and question.zh.startswith("工作表")
    assert take(engines, file, {question.key: "accept"}).open_questions == [] and census(engines)["entry"] == 1


def test_a_stopped_file_is_refused_whole(engines: Engines, tmp_path: Path) -> None:
    file = read_rows(tmp_path, {}, {"region": "示例市"})
    with pytest.raises(Refused, match="roster_stopped"):
        take(engines, file)
    assert census(engines)["person"] == 0


def test_a_dry_run_counts_and_writes_nothing(engines: Engines, tmp_path: Path) -> None:
    result = take(engines, read_rows(tmp_path, {}, {}), dry_run=True)
    assert (result.people_new, result.entries, result.rosters) == (2, 2, [])
    assert set(census(engines).values()) == {0}


def test_a_failure_in_the_middle_leaves_nothing(engines: Engines, tmp_path: Path) -> None:
    """The same salts twice give the same commitment, which the table refuses at the last entry."""
    rows = read_rows(tmp_path, {}, {}).rows
    file = replace(read_rows(tmp_path, {}), rows=[*rows, replace(rows[0], position=("名单", 9), row_key="x")])
    with pytest.raises(Refused, match="entry_exists"):
        take(engines, file)
    assert set(census(engines).values()) == {0}


def test_a_new_unit_of_a_known_person_is_added_and_a_known_one_is_not(engines: Engines, tmp_path: Path) -> None:
    take(engines, read_rows(tmp_path, {}))
    later = {**LATER, "title": "正高级工程师", "level": "正高级"}
    later["current_title"] = "高级工程师"
    take(engines, read_rows(tmp_path, later), seed=1000)
    assert (census(engines)["employment"], census(engines)["person_name"]) == (1, 1)
    later |= {"year": 2024, "award_date": "2024-09-30", "approval_date": "2024-09-30", "unit_code": ""}
    take(engines, read_rows(tmp_path, {**later, "unit_name": "示例 研究所", "level": "副高级", "title": "高级工程师",
                                       "current_title": "工程师"}), seed=2000)  # fmt: skip
    assert census(engines)["employment"] == 1
    take(engines, read_rows(tmp_path, {**later, "unit_name": "示例二所"}), seed=3000)
    assert census(engines)["employment"] == 2


def test_progress_counts_matching_and_writing(engines: Engines, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    take(engines, read_rows(tmp_path, {}, {}), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 4), (4, 4), (4, 4)]
    seen.clear()
    again = read_rows(tmp_path, {"phone": "13000000009"})
    take(engines, again, seed=1000, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_the_stored_report_counts_and_names_nobody(engines: Engines, tmp_path: Path) -> None:
    file = read_rows(tmp_path, {"unit_name": " 示例研究所"})
    take(engines, file)
    with engines.read.connect() as connection:
        stored = roster_store.find_roster_file(connection, file.sha256)
    assert stored is not None and stored.row_count == 1
    assert stored.report["codes"] == {"trimmed": 1} and SOUND["name"] not in str(stored.report)
