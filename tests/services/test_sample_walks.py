"""The sample delegation at work: every row does with the services what its clause says, up to valid certificates."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from world_for_tests import BATCHES, PAPER, PAPERS, World, opened

from certsvc import resources
from certsvc.core.errors import CertsvcError
from certsvc.core.outcomes import Fault
from certsvc.demo.people import Batch
from certsvc.services import documents, enrol
from certsvc.services.delegation import ROLE_ACTS, Delegation, delegate
from certsvc.services.sample_delegation import SampleRow, sample_rows
from certsvc.services.verify_evidence import verify_code

ROWS = {row.id: row for row in sample_rows()}
#: A unit of no kind that the notice hands anything down to: its people go to others.
UNIT = "示例申报单位"


def of(batch: str, unit: str, **changes: object) -> Batch:
    """A lawful roster like one of `BATCHES`, of the people of one row of the sample, or of the unit `UNIT`."""
    row = ROWS.get(unit)
    place = {} if row is None else {"region": resources.regions()[row.region].name_zh}
    own = UNIT if row is None else row.name_zh
    return replace(BATCHES[batch], file=f"{unit}.xlsx", units=(own,), **{**place, **changes})  # type: ignore[arg-type]


COLLEGE = {"series": "高等学校教师", "title": "副教授", "current_title": "讲师"}
SCHOOL = {"series": "中小学教师", "title": "高级教师", "current_title": "一级教师"}
OCCUPATION = {"level": "副高级", "title": "高级工程师", "current_title": "工程师"}
#: What is left to do after the vote where the province approves, and where offices take note.
APPROVED = ("settle_objections SX-PS-2", "approve SX-PH-1", "issue H1 H2")
NOTED = ("settle_objections SX-CA-2", "file SX-CA-1", "file SX-PH-1", "issue H1 H2")


def reviews(officer: str, organiser: str) -> tuple[str, ...]:
    """What a committee does by one officer, and who makes the result public."""
    return (f"accept {officer}", f"draw {officer}", f"evaluate {officer}", f"result_notice {organiser}")


#: What the clause says -> a roster, and who signs what.
WALKS: dict[str, tuple[Batch, tuple[str, ...]]] = {
    "a provincial social committee": (
        of("T01", "UNIT"), ("unit_notice UNIT-1", "recommend SX-CA-1", *reviews("SX-SC-1", "SX-SC-1"), *APPROVED),
    ),
    "a city that approves no ratio recommends": (
        of("T01", "UNIT", region="吉林市"), ("unit_notice UNIT-1", "recommend SX-CB-1", *reviews("SX-SC-1", "SX-SC-1"), *APPROVED),
    ),
    "a university by its own committee": (
        of("T03", "SX-UA", specialties=("示例文学",), **COLLEGE),
        ("unit_notice SX-UA-1", *reviews("SX-UA-C-1", "SX-UA-1"), *NOTED),
    ),
    "a sub-unit by the ratio of its university": (
        of("T03", "SX-UA", specialties=("示例工程",), **COLLEGE),
        ("unit_notice SX-UA-1", *reviews("SX-UA-S-1", "SX-UA-1"), *NOTED),
    ),
    "a sub-unit by a ratio of its own": (
        of("T03", "SX-UA", specialties=("示例材料",), people=4, failed=1, **{**COLLEGE, "extra": (("posts", 3),)}),
        ("unit_notice SX-UA-1", *reviews("SX-UA-T-1", "SX-UA-T-1"), *NOTED),
    ),
    "a college whose ratio the city approves": (
        of("T03", "SX-UB", **COLLEGE), ("unit_notice SX-UB-1", *reviews("SX-UB-2", "SX-UB-1"), *NOTED),
    ),
    "an alliance of schools under its county": (
        of("T03", "SX-SE", **SCHOOL),
        (
            "unit_notice SX-SE-1", *reviews("SX-SA-1", "SX-SA-1"),
            "settle_objections SX-XA-2", "file SX-XA-1", "file SX-PH-1", "issue H1 H2",
        ),
    ),
    "a school by the bureau that it entrusts": (
        of("T03", "SX-SE", **SCHOOL), ("unit_notice SX-SE-1", *reviews("SX-SD-1", "SX-SE-1"), *NOTED),
    ),
    "a school recognises who taught for thirty years": (
        of("T09", "SX-SE"),
        (
            "unit_notice SX-SE-1", "recommend SX-XA-1", "recommend SX-CA-1", "accept SX-SD-1", "evaluate SX-SD-1",
            "result_notice SX-SE-1", "approve SX-PH-1", "issue H1 H2",
        ),
    ),
    "a school beyond its posts": (
        of("T10", "SX-SE"),
        ("unit_notice SX-SE-1", "recommend SX-XA-1", "recommend SX-CA-1", *reviews("SX-SD-1", "SX-SE-1"), *APPROVED),
    ),
    "a society for a new occupation": (
        of("T05", "UNIT", specialties=("物联网",), **OCCUPATION),
        ("unit_notice UNIT-1", "recommend SX-CA-1", *reviews("SX-NS-C-1", "SX-NS-1"), *APPROVED),
    ),
    "a private firm on trial": (
        of("T05", "UNIT", specialties=("大数据",), extra=(("occupation", "大数据"),), **OCCUPATION),
        ("unit_notice UNIT-1", "recommend SX-CA-1", *reviews("SX-NF-1", "SX-NF-1"), *APPROVED),
    ),
    "rural talent": (
        of("T14", "UNIT", region="农安县", specialties=("种养",), extra=(PAPERS,)),
        (
            "unit_notice UNIT-1", "recommend SX-PS-1", "recommend SX-XA-1", "recommend SX-CA-1",
            *reviews("SX-RJ-1", "SX-RJ-1"), *APPROVED,
        ),
    ),
    "a firm of the list by itself": (
        of("T04", "SX-F001"), (*reviews("SX-F001-2", "SX-F001-1"), "file SX-CA-1", "file SX-PH-1", "issue H1 H2"),
    ),
    "a firm in a place without a code of its own": (
        of("T04", "SX-F010"), (*reviews("SX-F010-2", "SX-F010-1"), "file SX-CS-1", "file SX-PH-1", "issue H1 H2"),
    ),
    "a firm where no city is near takes note by its department": (
        of("T04", "SX-F003"), (*reviews("SX-F003-2", "SX-F003-1"), "file SX-PS-1", "file SX-PH-1", "issue H1 H2"),
    ),
    "what a firm of the list asks for": (
        of("T20", "SX-F001"),
        (
            "unit_notice SX-F001-1", "recommend SX-CA-1", "accept SX-F001-2", "approve SX-PH-1", "draw SX-F001-2",
            "evaluate SX-F001-2", "result_notice SX-F001-1", *APPROVED,
        ),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def offices(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample, two officers who issue, and a unit whose people apply; closed."""
    home = Path(shutil.copytree(sample_home, tmp_path_factory.mktemp("sample-walks") / "home"))
    with opened(home) as instance:
        # An hour after the sample was enrolled, 2025-03-02 10:00 in Asia/Shanghai.
        instance.set_clock(1_740_880_800)
        enrol.enrol_organisation(instance, enrol.NewOrganisation("UNIT", UNIT, "Sample Unit", "unit", None, "220000"))
        for officer, org, name in (
            ("H1", "SL-HRSS", "样章一"),
            ("H2", "SL-HRSS", "样章二"),
            ("UNIT-1", "UNIT", "样章人"),
        ):
            enrol.enrol_officer(instance, officer, org, name)
        delegate(instance, Delegation("SL-HRSS", "issuer", {**PAPER, "date": "2025-03-02"}))
        delegate(instance, Delegation("UNIT", "unit", {**PAPER, "date": "2025-03-02"}))
        documents.publish_trust(instance)
    return home


@pytest.fixture
def sample(offices: Path, tmp_path: Path) -> Iterator[World]:
    """The sample in a home of this test's own."""
    home = Path(shutil.copytree(offices, tmp_path / "home"))
    with opened(home) as instance:
        yield World(instance, tmp_path)


def days_of(steps: tuple[str, ...]) -> list[int]:
    """One act a day, and after a notice as long as its working days last."""
    gaps = [9 if step.split()[0] in ("unit_notice", "result_notice") else 1 for step in steps]
    return [sum(gaps[:place]) for place in range(len(steps))]


@pytest.mark.parametrize("clause", WALKS)
def test_every_kind_of_row_gets_its_people_to_valid_certificates(sample: World, clause: str) -> None:
    batch, steps = WALKS[clause]
    roster_id = sample.take_in(batch)
    days = days_of(steps)
    for day, step in zip(days, steps, strict=True):
        sample.at(day)
        kind, *officers = step.split()
        sample.sign(kind, roster_id, *officers)
    sample.at(days[-1] + 1)
    issued = sample.issue(roster_id)
    assert len(issued) == batch.people - batch.failed > 0
    for one in issued:
        report = verify_code(sample.instance, one.code)
        assert (report.verdict, report.reason) == ("valid", None)


def test_every_role_of_every_row_acts_in_one_of_the_walks() -> None:
    said = [step.split() for _, steps in WALKS.values() for step in steps]
    done = {(officer, kind) for kind, *officers in said for officer in officers}
    alike = {row.id for row in ROWS.values() if row.grants == ROWS["SX-F001"].grants} - {"SX-F001"}
    for row in (row for row in ROWS.values() if row.id not in alike):
        for grant in row.grants:
            acts = set(grant.acts) & set(ROLE_ACTS[grant.role])
            # What the supervisor, the university and the school pass on they need not do themselves.
            assert acts & {kind for officer, kind in done if officer == row.officer(grant)}, (row.id, grant.role)


# --- one human, one power (docs/decisions/0031) -----------------------------------------------------------------------


def hands(row: SampleRow, kind: str, track: str) -> set[str]:
    """The officers of a row who may do an act of a track, in a role that the track asks for."""
    roles = {
        role for step in resources.tracks()[track].procedure["steps"] if step["act"] == kind for role in step["roles"]
    }
    return {row.officer(grant) for grant in row.grants if kind in grant.acts and grant.role in roles}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_no_officer_of_the_sample_holds_two_powers_that_no_human_may_have(row: SampleRow) -> None:
    tracks = list(resources.tracks()) if row.scope["tracks"] == ["*"] else row.scope["tracks"]
    for track in tracks:
        procedure = resources.tracks()[track].procedure
        for one, other in [*procedure["apart"], *procedure["apart_people"]]:
            assert one == other or not hands(row, one, track) & hands(row, other, track), (track, one, other)


def test_who_posted_the_notice_of_a_unit_is_not_granted_its_vote(sample: World) -> None:
    batch, steps = WALKS["a college whose ratio the city approves"]
    roster_id = sample.take_in(batch)
    for day, step in zip(days_of(steps)[:3], steps[:3], strict=True):
        sample.at(day)
        sample.sign(step.split()[0], roster_id, step.split()[1])
    with pytest.raises((CertsvcError, Fault)) as refused:
        sample.sign("evaluate", roster_id, "SX-UB-1")
    assert isinstance(refused.value, Fault) and refused.value.code == "role_not_allowed"
