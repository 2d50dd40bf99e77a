"""The 2022 notice as grants: every row of the sample stands in a lawful line, does what its clause says, and no more."""

import re
import shutil
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from sqlalchemy import Connection

from certsvc import resources
from certsvc.core.claims import Target
from certsvc.core.errors import Refused
from certsvc.core.grants import MAX_DEPTH, Grant, ancestry, check_allows, check_nesting, granted_ratios
from certsvc.core.outcomes import Fault
from certsvc.instance import Instance, open_instance
from certsvc.services import documents, enrol
from certsvc.services.ceremony import Plan
from certsvc.services.delegation import ROLE_ACTS, TOP_DEPTH, Delegation, delegate, firms_beyond_plan
from certsvc.services.founding import found
from certsvc.services.sample_delegation import SampleRow, enrol_sample, passed_on, sample_rows
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store.rows import SigningKey

#: 2025-03-02 09:00 in Asia/Shanghai.
NOW = 1_740_877_200
YEAR = 365 * 86_400
ROWS = sample_rows()
FIRMS = [row for row in ROWS if re.fullmatch(r"SX-F\d{3}", row.id)]
SINGLE = [row for row in ROWS if row not in FIRMS]


def build(home: Path, **plan: Any) -> None:
    """A fresh instance in `home`."""
    found(home, Plan("https://sample.invalid", "SL-HRSS", "示例厅", "Sample", **plan), NOW)


@pytest.fixture(scope="module")
def sample(sample_home: Path) -> Iterator[Instance]:
    """The open sample; nobody changes it."""
    instance = open_instance(sample_home)
    instance.set_clock(NOW + 3600)
    yield instance
    instance.close()


def grants_of(instance: Instance, org: str) -> tuple[list[Grant], Mapping[str, Grant]]:
    """The grants of an organisation, and those with all above them."""
    with instance.engines.read.connect() as connection:
        names = [grant.sha256 for grant in documents.grants_of(connection, org)]
        known = documents.grants_with_parents(connection, names)
    return [known[name] for name in names], known


def officer_of(connection: Connection, row: SampleRow, grant: Grant) -> SigningKey:
    """The key of the officer who is to act under a grant of a row."""
    (said,) = (one for one in row.grants if one.role == grant.payload["role"])
    return documents.officer_key(connection, row.officer(said))


# --- every row ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_row_is_signed_and_nests_as_its_line_says(sample: Instance, row: SampleRow) -> None:
    own, known = grants_of(sample, row.id)
    assert {(g.payload["role"], tuple(g.payload["acts"]), g.payload["depth"]) for g in own} == {
        (grant.role, grant.acts, grant.depth) for grant in row.grants
    }
    assert len(own) == len(row.grants)
    for grant in own:
        check_nesting(grant, known)
        assert grant.payload["scope"] == row.scope
        assert grant.payload["exp"] <= grant.payload["nbf"] + row.years * YEAR
        assert list(ancestry(grant, known))[1].org == (row.parent or "SL-HRSS")
        with sample.engines.read.connect() as connection:
            document = documents.load_document(connection, grant.sha256, "grant+jwt")
            key = documents.key_by_jkt(connection, grant.signer_jkt)
            officer = officer_of(connection, row, grant)
        assert [one["jkt"] for one in grant.payload["keys"] if one["use"] == "officer"] == [officer.jkt]
        assert document.signed_by(x509.load_der_x509_certificate(key.certificate).public_key())
        assert row.source in grant.payload["document"]["number"]


def test_every_organisation_is_visibly_invented_and_has_a_clause() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row.name_zh.startswith("示例") and row.name_en.startswith("Sample"), row.id
        assert re.match(r"(主送机关、)?[一二四六]\([一二四五六]\)", row.source), row.id
        assert row.region in {*resources.regions(), "220000"}, row.id


def test_a_hundred_private_firms_stand_under_one_rule() -> None:
    assert len(FIRMS) == 100
    rule = {(row.grants, row.years, row.source, row.meaning, tuple(row.scope["levels"])) for row in FIRMS}
    assert len(rule) == 1
    assert {tuple(row.scope["tracks"]) for row in FIRMS} == {("T04", "T20")}
    assert all(row.scope["regions"] == [row.region] for row in FIRMS)


def test_the_longest_line_goes_from_the_province_by_university_and_committee_to_a_sub_unit(sample: Instance) -> None:
    own, known = grants_of(sample, "SX-UA-S")
    for grant in own:
        assert [one.org for one in ancestry(grant, known)] == ["SX-UA-S", "SX-UA-C", "SX-UA", "SL-HRSS"]
        assert len(list(ancestry(grant, known))) == MAX_DEPTH == TOP_DEPTH + 1


def test_nobody_has_an_act_that_does_not_go_with_a_role_but_who_passes_it_on() -> None:
    for row in ROWS:
        for grant in row.grants:
            assert grant.depth or set(grant.acts) <= set(ROLE_ACTS[grant.role]), row.id


def test_one_firm_more_than_planned_is_told_and_not_refused(sample_home: Path, tmp_path: Path) -> None:
    """A14: the hundred firms of the notice are a target."""
    home = Path(shutil.copytree(sample_home, tmp_path / "home"))
    instance = open_instance(home)
    instance.set_clock(NOW + 7200)
    assert firms_beyond_plan(instance, "SX-F001") is None
    enrol.enrol_organisation(
        instance, enrol.NewOrganisation("ONE-MORE", "示例企业", "Sample firm", "firm", None, "220000")
    )
    enrol.enrol_officer(instance, "ONE-MORE-1", "ONE-MORE", "样章人")
    paper = {"number": "示例函〔2025〕1号", "title": "示例", "date": "2025-03-02"}
    for role, told in (("unit", None), ("committee", 101)):
        delegate(instance, Delegation("ONE-MORE", role, paper))
        assert firms_beyond_plan(instance, "ONE-MORE") == told
    assert firms_beyond_plan(instance, "SX-SC") is None, "a committee is no firm"
    instance.close()


RATIOS = {
    "SX-UA-C": {"senior": 60, "deputy_senior": 70, "intermediate": 70},
    "SX-UA-S": {"senior": 60, "deputy_senior": 70, "intermediate": 70},
    "SX-UA-T": {"senior": 65, "deputy_senior": 75, "intermediate": 70},
    "SX-UB": {"senior": 55, "deputy_senior": 65, "intermediate": 70},
    "SX-SA": {"deputy_senior": 55, "intermediate": 70},
    "SX-SD": {"deputy_senior": 55, "intermediate": 70},
    "SX-SC": {},
}


@pytest.mark.parametrize("org", RATIOS)
def test_a_committee_has_its_own_ratio_or_that_of_its_university(sample: Instance, org: str) -> None:
    own, known = grants_of(sample, org)
    (votes,) = (grant for grant in own if grant.payload["role"] == "committee")
    assert granted_ratios(votes, known) == RATIOS[org]


def test_no_ratio_of_the_sample_is_more_than_the_procedure_knows() -> None:
    procedure = resources.tracks()["T03"].procedure
    (args,) = (f["args"] for step in procedure["steps"] for f in step["facts"] if f["name"] == "within_ratio")
    stated = [(row, level, percent) for row in ROWS for level, percent in row.ratios.items()]
    assert len(stated) == 13
    for row, level, percent in stated:
        assert "T03" in row.scope["tracks"] and level in row.scope["levels"], row.id
        assert args["percent"][level] <= percent <= args["percent"][level] + args["extra_points"][level], row.id


# --- what each may do, and one thing that it may not ------------------------------------------------------------------

#: row -> ((act, target) that is allowed …, (act, target, code) that is not). A target is
#: series/specialty/level/track/region/year.
MAY: dict[str, tuple[tuple[tuple[str, str], ...], tuple[str, str, str]]] = {
    "SX-PH": (
        (("approve", "05/机械/senior/T01/220100/2024"), ("file", "01/示例工程/senior/T03/220100/2024")),
        ("evaluate", "05/机械/senior/T01/220100/2024", "act_not_granted"),
    ),
    "SX-PS": (
        (
            ("settle_objections", "05/机械/senior/T01/220100/2024"),
            ("recommend", "05/机械/senior/T01/220000/2024"),
            ("file", "01/示例工程/senior/T03/220000/2024"),
        ),
        ("approve", "05/机械/senior/T01/220100/2024", "act_not_granted"),
    ),
    "SX-SC": (
        (("accept", "05/机械/senior/T01/220100/2024"), ("evaluate", "05/机械/senior/T01/JL-CBS/2024")),
        ("evaluate", "05/机械/deputy_senior/T04/220100/2024", "track_out_of_scope"),
    ),
    "SX-CA": (
        (
            ("recommend", "05/机械/senior/T01/220102/2024"),
            ("settle_objections", "01/示例工程/senior/T03/220100/2024"),
            ("file", "05/汽车/deputy_senior/T04/220100/2024"),
        ),
        ("file", "05/汽车/deputy_senior/T04/220200/2024", "region_out_of_scope"),
    ),
    "SX-CB": (
        (("recommend", "05/机械/senior/T01/220202/2024"), ("file", "05/制药/intermediate/T04/220200/2024")),
        ("settle_objections", "01/示例工程/senior/T03/220200/2024", "act_not_granted"),
    ),
    "SX-CS": (
        (("recommend", "07/林业/deputy_senior/T01/JL-CBS/2024"), ("file", "05/冰雪/intermediate/T04/JL-CBS/2024")),
        ("recommend", "07/林业/deputy_senior/T01/222400/2024", "region_out_of_scope"),
    ),
    "SX-XA": (
        (
            ("recommend", "07/农艺/deputy_senior/T06/220122/2024"),
            ("settle_objections", "22/语文/deputy_senior/T03/220122/2024"),
            ("file", "22/语文/deputy_senior/T03/220122/2024"),
        ),
        ("recommend", "07/农艺/deputy_senior/T06/220182/2024", "region_out_of_scope"),
    ),
    "SX-UA": (
        (("unit_notice", "01/示例工程/senior/T03/220100/2024"), ("result_notice", "01/示例工程/senior/T03/220100/2024")),
        ("result_notice", "01/示例工程/senior/T01/220100/2024", "track_out_of_scope"),
    ),
    "SX-UA-C": (
        (("evaluate", "01/示例文学/senior/T03/220100/2024"), ("draw", "01/示例文学/senior/T03/220100/2024")),
        ("evaluate", "05/示例工程/senior/T03/220100/2024", "series_out_of_scope"),
    ),
    "SX-UA-S": (
        (("evaluate", "01/示例工程/deputy_senior/T03/220100/2024"), ("accept", "01/示例工程/intermediate/T03/220100/2024")),
        ("evaluate", "01/示例工程/senior/T03/220100/2024", "level_out_of_scope"),
    ),
    "SX-UA-T": (
        (("evaluate", "01/示例材料/senior/T03/220100/2024"), ("result_notice", "01/示例材料/senior/T03/220100/2024")),
        ("evaluate", "01/示例工程/senior/T03/220100/2024", "specialty_out_of_scope"),
    ),
    "SX-UB": (
        (("evaluate", "01/示例机电/senior/T03/220100/2030"), ("unit_notice", "01/示例机电/senior/T03/220100/2022")),
        ("evaluate", "01/示例机电/senior/T03/220100/2021", "year_out_of_scope"),
    ),
    "SX-SA": (
        (
            ("evaluate", "22/语文/deputy_senior/T03/220122/2024"),
            ("evaluate", "22/语文/deputy_senior/T10/220122/2024"),
            ("accept", "22/数学/deputy_senior/T09/220122/2024"),
        ),
        ("evaluate", "22/语文/senior/T03/220122/2024", "level_out_of_scope"),
    ),
    "SX-SE": (
        (("unit_notice", "22/语文/intermediate/T03/220122/2024"), ("result_notice", "22/语文/intermediate/T03/220122/2024")),
        ("unit_notice", "22/语文/intermediate/T03/220102/2024", "region_out_of_scope"),
    ),
    "SX-SD": (
        (("accept", "22/语文/intermediate/T03/220122/2024"), ("evaluate", "22/语文/intermediate/T03/220122/2024")),
        ("result_notice", "22/语文/intermediate/T03/220122/2024", "act_not_granted"),
    ),
    "SX-NS": (
        (("result_notice", "05/大数据/deputy_senior/T05/220300/2024"),),
        ("result_notice", "05/大数据/senior/T05/220300/2024", "level_out_of_scope"),
    ),
    "SX-NS-C": (
        (("evaluate", "05/大数据/deputy_senior/T05/220300/2024"), ("evaluate", "19/网络营销/assistant/T05/220100/2024")),
        ("evaluate", "05/大数据/senior/T05/220300/2024", "level_out_of_scope"),
    ),
    "SX-NF": (
        (("evaluate", "05/虚拟现实/deputy_senior/T05/220100/2026"), ("result_notice", "05/大数据/intermediate/T05/220100/2025")),
        ("evaluate", "05/大数据/deputy_senior/T05/220100/2024", "year_out_of_scope"),
    ),
    "SX-RJ": (
        (("evaluate", "L1/种养/deputy_senior/T14/220122/2024"), ("accept", "L1/种养/assistant/T14/220122/2024")),
        ("evaluate", "06/种养/deputy_senior/T14/220122/2024", "series_out_of_scope"),
    ),
}  # fmt: skip


def roles_of(act: str) -> set[str]:
    """Roles under which a procedure lets an act be done."""
    shipped = [track.procedure for track in resources.tracks().values()]
    return {role for one in shipped for step in one["steps"] if step["act"] == act for role in step["roles"]}


def refusals(sample: Instance, org: str, act: str, words: str) -> list[str]:
    """What each grant of `org` says to the act, the empty string for yes."""
    series, specialty, level, track, region, year = words.split("/")
    target = Target(series, specialty, level, "示例职称", track, region, int(year))
    own, known = grants_of(sample, org)
    said = []
    for grant in own:
        if grant.payload["role"] not in roles_of(act):
            continue
        try:
            check_nesting(grant, known)
            check_allows(grant, act, target, sample.now())
            said.append("")
        except Fault as fault:
            said.append(fault.code)
    return said or ["act_not_granted"]


def test_every_row_has_something_that_it_may_do_and_something_that_it_may_not() -> None:
    assert set(MAY) == {row.id for row in SINGLE}
    codes = {code for _, (_, _, code) in MAY.values()}
    assert codes == {
        f"{name}_out_of_scope" for name in ("level", "track", "series", "region", "year", "specialty")
    } | {"act_not_granted"}  # fmt: skip


@pytest.mark.parametrize("org", MAY)
def test_a_row_does_what_its_clause_says_and_no_more(sample: Instance, org: str) -> None:
    allowed, (act, words, code) = MAY[org]
    for able, target in allowed:
        assert "" in refusals(sample, org, able, target), (able, target)
    assert set(refusals(sample, org, act, words)) == {code}


@pytest.mark.parametrize("firm", FIRMS, ids=lambda row: row.id)
def test_a_firm_of_the_list_reviews_its_own_people_up_to_the_second_level(sample: Instance, firm: SampleRow) -> None:
    words = f"05/示例/deputy_senior/T04/{firm.region}/2024"
    for act in ("accept", "draw", "evaluate", "result_notice"):
        assert refusals(sample, firm.id, act, words) == [""]
    assert refusals(sample, firm.id, "unit_notice", words.replace("T04", "T20")) == [""]
    assert refusals(sample, firm.id, "evaluate", words.replace("deputy_senior", "senior")) == ["level_out_of_scope"]
    assert refusals(sample, firm.id, "evaluate", words.replace("T04", "T01")) == ["track_out_of_scope"]
    assert refusals(sample, firm.id, "file", words) == ["act_not_granted"]


# --- what nobody can pass on to itself or to others -------------------------------------------------------------------

#: name -> (row and role of the grant that is taken as it is but for the changes, changes, code, dimension).
ATTEMPTS: dict[str, tuple[str, str, dict[str, Any], str, str | None]] = {
    "society_gives_itself_the_highest_level": (
        "SX-NS-C", "committee", {"sub": "SX-NS", "scope": {"levels": ["senior", "deputy_senior"]}}, "scope_widened", "levels",
    ),
    "society_judges_in_the_ordinary_way": ("SX-NS-C", "committee", {"scope": {"tracks": ["T01"]}}, "scope_widened", "tracks"),
    "society_finds_an_eighth_occupation": ("SX-NS-C", "committee", {"scope": {"specialties": ["示例新职业"]}}, "scope_widened", "specialties"),
    "society_judges_lawyers": ("SX-NS-C", "committee", {"scope": {"series": ["05", "23"]}}, "scope_widened", "series"),
    "society_for_another_decade": ("SX-NS-C", "committee", {"scope": {"years": {"from": 2022, "to": 2031}}}, "scope_widened", "years"),
    "society_for_other_provinces": ("SX-NS-C", "committee", {"scope": {"regions": ["*"]}}, "scope_widened", "regions"),
    "university_gives_itself_a_ratio": ("SX-UA-C", "committee", {"ratios": {"senior": 65}}, "ratio_self_given", None),
    "committee_gives_its_sub_unit_a_ratio": ("SX-UA-S", "committee", {"ratios": {"deputy_senior": 75}}, "ratio_self_given", None),
    "school_gives_the_bureau_a_ratio": ("SX-SD", "committee", {"ratios": {"deputy_senior": 60}}, "ratio_self_given", None),
    "university_issues_certificates": ("SX-UA-C", "committee", {"acts": ["evaluate", "issue"]}, "scope_widened", "acts"),
    "university_makes_itself_the_province": ("SX-UA-C", "committee", {"sub": "SX-UA", "role": "hrss"}, "scope_widened", "role"),
    "city_makes_itself_the_province": ("SX-XA", "county", {"sub": "SX-CA", "role": "hrss", "acts": ["file"]}, "scope_widened", "role"),
    "city_approves": ("SX-XA", "county", {"acts": ["approve"]}, "scope_widened", "acts"),
    "city_rules_another_city": ("SX-XA", "supervisor", {"scope": {"regions": ["220100", "220200"]}}, "scope_widened", "regions"),
    "county_rules_its_city": ("SX-SA", "committee", {"scope": {"regions": ["220100"]}}, "scope_widened", "regions"),
    "school_takes_professors": ("SX-SD", "committee", {"scope": {"series": ["01"]}}, "scope_widened", "series"),
    "committee_of_four_years": ("SX-UA-C", "committee", {"exp": NOW + 4 * YEAR}, "committee_term", None),
    "committee_office_of_four_years": ("SX-SD", "committee_office", {"exp": NOW + 4 * YEAR}, "committee_term", None),
    "organiser_longer_than_its_university": ("SX-UA-C", "committee", {"role": "organiser", "exp": NOW + 6 * YEAR}, "scope_widened", "time"),
    "sub_unit_of_a_sub_unit": ("SX-UA-S", "committee", {"depth": 1}, "depth_exceeded", None),
    "committee_as_deep_as_its_university": ("SX-UA-C", "committee", {"depth": 2}, "depth_exceeded", None),
}  # fmt: skip


@pytest.mark.parametrize(("org", "role", "changes", "code", "dimension"), ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_a_grant_that_is_wider_than_its_line_is_refused_and_not_stored(
    sample: Instance, org: str, role: str, changes: dict[str, Any], code: str, dimension: str | None
) -> None:
    (like,) = (grant for grant in grants_of(sample, org)[0] if grant.payload["role"] == role)
    payload = deepcopy({name: like.payload[name] for name in like.payload if name not in ("jti", "iss", "iat")})
    payload["scope"].update(changes.get("scope", {}))
    payload.update({name: value for name, value in changes.items() if name != "scope"})
    before = count(sample)
    with pytest.raises(Fault) as fault:
        documents.give_grant(sample, payload)
    assert (fault.value.code, fault.value.about.figures.get("dimension")) == (code, dimension)
    assert fault.value.about.org == payload["sub"]
    assert count(sample) == before


def count(instance: Instance) -> int:
    with instance.engines.read.connect() as connection:
        return len(document_store.list_documents(connection, "grant+jwt"))


def test_the_attempts_show_every_way_of_widening() -> None:
    codes = {code for _, _, _, code, _ in ATTEMPTS.values()}
    assert codes == {"scope_widened", "ratio_self_given", "committee_term", "depth_exceeded"}
    dimensions = {dimension for *_, dimension in ATTEMPTS.values()}
    assert dimensions == {"levels", "series", "specialties", "regions", "tracks", "years", "acts", "role", "time", None}


# --- the command's work -------------------------------------------------------------------------------------------------


def test_the_sample_is_refused_in_production(tmp_path: Path) -> None:
    build(tmp_path / "home")
    instance = open_instance(tmp_path / "home")
    with pytest.raises(Refused) as refused:
        enrol_sample(instance)
    assert refused.value.code == "sample_production"
    with instance.engines.read.connect() as connection:
        assert {one.id for one in key_store.list_organisations(connection)} == {"ROOT", "SL-HRSS"}
    instance.close()


def test_the_sample_comes_once_and_what_was_interrupted_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path / "home", test=True)
    instance = open_instance(tmp_path / "home")
    rows = [replace(row) for row in SINGLE[:12]]
    monkeypatch.setattr("certsvc.services.sample_delegation.sample_rows", lambda: tuple(rows))
    steps: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        if done == 9:
            raise KeyboardInterrupt
        steps.append((done, total))

    with pytest.raises(KeyboardInterrupt):
        enrol_sample(instance, stop)
    assert steps[-1] == (8, 12)
    assert enrol_sample(instance) == 3
    assert enrol_sample(instance) == 0
    with instance.engines.read.connect() as connection:
        (below,) = {grant.payload["parent"] for grant in grants_of(instance, "SX-UA-C")[0]}
        assert passed_on(connection, "SX-UA") == below
        assert documents.own_key(connection, "SX-UA-C", "grant").ended_reason is None
    instance.close()


def test_a_copy_of_the_sample_opens_as_any_home_does(sample_home: Path, tmp_path: Path) -> None:
    instance = open_instance(Path(shutil.copytree(sample_home, tmp_path / "home")))
    assert enrol_sample(instance) == 0
    instance.close()
