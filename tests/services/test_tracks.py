"""Tracks are data: every procedure file is sound, sourced and walked, and each of its limits has a vector."""

import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import new_track_for_tests
import pytest
from world_for_tests import BATCHES, FIGURES, PAPER, WALKS, World

from certsvc import resources
from certsvc.core.bundle import parse_bundle
from certsvc.core.facts import FACTS
from certsvc.core.outcomes import Fault
from certsvc.core.schemas import PROCEDURE
from certsvc.core.shape import check_shape
from certsvc.demo.people import Batch, Crowd
from certsvc.register.columns import BY_KEY, NO_CERTIFICATE, TRACKS
from certsvc.register.roster_rows import RosterRow
from certsvc.services import act_rules, enrol
from certsvc.services.act_rules import MEETING_FIGURES, NAMED_BY_ARGS, ROW_FIGURES
from certsvc.services.delegation import Delegation, delegate
from certsvc.services.evidence import bundle_of
from certsvc.services.overview import roster_view
from certsvc.services.verify_evidence import verify_code

ROOT = Path(__file__).parents[2]
FILES = {code: track.procedure for code, track in resources.tracks().items()}
NEW_TRACK = Path(new_track_for_tests.__file__)
STEPS = [(track, step) for track, procedure in FILES.items() for step in procedure["steps"]]
VECTORS = json.loads((ROOT / "tests" / "vectors" / "tracks.json").read_text(encoding="utf-8"))
#: What a face may say about the way (domain.md 3.1).
WORDS = {"评审", "认定", "考核认定", "确认", "评聘结合", "自主评审"}
#: What neither a face nor anything signed may tell (domain.md, conclusion 8).
TELLING = ("疫", "COVID", "epidemic", "pandemic", "高层次", "talent class", "转业", "部队", "军", "military", "卡脖子")


def figures_of(step: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Every fact of a step with the figures it is asked of."""
    for fact in (*step["facts"], *step["row_facts"]):
        named = NAMED_BY_ARGS.get(fact["name"], lambda args: ())(fact["args"])
        yield fact["name"], {*named, *MEETING_FIGURES.get(fact["name"], ()), *ROW_FIGURES.get(fact["name"], ())}


def facts_of(procedure: dict[str, Any]) -> set[str]:
    return {fact["name"] for step in procedure["steps"] for fact in (*step["facts"], *step["row_facts"])}


# --- the files ------------------------------------------------------------------------------------------------------


def test_every_track_with_a_certificate_has_a_file_a_walk_and_a_roster() -> None:
    assert FILES.keys() == TRACKS.keys() - NO_CERTIFICATE.keys() == WALKS.keys() == BATCHES.keys()


@pytest.mark.parametrize("track", FILES)
def test_a_procedure_is_what_the_format_says(track: str) -> None:
    procedure = FILES[track]
    check_shape({**procedure, "iat": 0}, PROCEDURE)
    assert (procedure["track"], procedure["jti"]) == (track, f"procedure-{track}-{procedure['version']}")
    kinds = [step["act"] for step in procedure["steps"]]
    assert kinds[-1] == "issue" and procedure["steps"][-1]["signers"] == 2
    assert procedure["award_date"] in kinds
    assert {kind for pair in (*procedure["apart"], *procedure["apart_people"]) for kind in pair} <= set(kinds)


@pytest.mark.parametrize("track", FILES)
def test_every_rule_names_its_source(track: str) -> None:
    procedure = FILES[track]
    assert procedure["sources"]
    for text in (*procedure["sources"], *(step["rule"] for step in procedure["steps"])):
        assert text.startswith(("人社部令第25号", "人社部令第40号", "人社部发〔", "吉林省2022年职称工作通知 ")), text


@pytest.mark.parametrize("track", FILES)
def test_rules_that_hold_for_all_tracks_stand_in_each(track: str) -> None:
    """A04 and A16, A08, A09, A11, A12 of domain.md 7."""
    procedure = FILES[track]
    assert {"level_step", "education_check", "no_ban"} <= facts_of(procedure)
    for step in procedure["steps"]:
        assert ((step["min_working_days"] or 0) >= 5) == step["act"].endswith("_notice")
    votes = [step for step in procedure["steps"] if step["act"] == "evaluate"]
    for step in votes[-1:]:
        assert {"quorum_two_thirds", "votes_add_up", "yes_two_thirds"} <= facts_of({"steps": [step]})
        assert ["evaluate", "approve"] in procedure["apart"] or ["evaluate", "file"] in procedure["apart"]


@pytest.mark.parametrize("track", FILES)
def test_who_decides_has_signed_nothing_else_of_the_batch(track: str) -> None:
    """domain.md 7: import ≠ approve ≠ sign, and a signer cannot approve his own batch."""
    procedure = FILES[track]
    kinds = {step["act"] for step in procedure["steps"]}
    decides = "approve" if "approve" in kinds else "file"
    assert "人社部令第40号(回避)" in procedure["sources"]
    apart, people = ({frozenset(pair) for pair in procedure[name]} for name in ("apart", "apart_people"))
    assert apart.isdisjoint(people)
    assert {frozenset((kind, decides)) for kind in kinds - {decides}} <= apart | people
    # Where an office lawfully does both, no human does.
    assert frozenset((decides, "issue")) in people
    for one, other in (("unit_notice", "evaluate"), ("recommend", "evaluate"), ("result_notice", "settle_objections")):
        assert (frozenset((one, other)) in people) == ({one, other} <= kinds)
    assert [pair for pair in procedure["apart"] if len(set(pair)) == 1] == [["file", "file"]] * (decides == "file")


@pytest.mark.parametrize("track", ["T03", "T04"])
def test_what_a_body_decides_itself_is_filed_locally_and_then_with_the_province(track: str) -> None:
    filed = [step["roles"] for step in FILES[track]["steps"] if step["act"] == "file"]
    assert filed == [["county", "city", "department"], ["hrss"]]


@pytest.mark.parametrize("track", FILES)
def test_nothing_signed_tells_health_or_background(track: str) -> None:
    procedure = FILES[track]
    assert procedure["word"] in WORDS
    signed = json.dumps(procedure, ensure_ascii=False) + TRACKS[track][0]
    assert not [word for word in TELLING if word in signed]


@pytest.mark.parametrize("track", FILES)
def test_every_fact_is_known_and_its_figures_can_be_given(track: str) -> None:
    of_rows = {field.name for field in fields(RosterRow)}
    for step in FILES[track]["steps"]:
        for name, figures in figures_of(step):
            assert name in FACTS
            assert figures <= of_rows | {"stage"}, (name, figures - of_rows)


def test_a_step_for_several_roles_is_never_followed_by_another_of_its_kind() -> None:
    """Acts are laid beside steps in order, so that such a step would take the other's acts too."""
    for procedure in FILES.values():
        for step, following in pairwise(procedure["steps"]):
            assert not step["each_role"] or step["act"] != following["act"]


def test_the_page_of_tracks_is_made_from_the_files() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_tracks.py"))
    written = (ROOT / "docs" / "tracks.md").read_text(encoding="utf-8")
    assert written == made["page"](), "make it again: python docs/make_tracks.py"


# --- a new file -----------------------------------------------------------------------------------------------------


def run_with(folder: Path, track: dict[str, Any]) -> dict[str, Any]:
    """What NEW_TRACK says beside a copy of the package that has one more file of a track."""
    package = Path(shutil.copytree(ROOT / "certsvc", folder / "certsvc", ignore=shutil.ignore_patterns("__pycache__")))
    for beside in ("templates", "migrations"):
        (folder / beside).symlink_to(ROOT / beside)
    (package / "data" / "procedures" / f"{track['track']}.json").write_text(json.dumps(track), encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT / "tests" / "services")))}
    ran = subprocess.run(
        [sys.executable, str(NEW_TRACK), str(folder)], env=env, capture_output=True, text=True, check=True
    )
    return dict(json.loads(ran.stdout))


def new_track(**level_step: int) -> dict[str, Any]:
    """T01 under another code and word, with its `level_step` changed."""
    one = json.loads((resources.path("procedures") / "T01.json").read_text(encoding="utf-8"))
    one |= {"track": "T22", "jti": "procedure-T22-1", "roster_words": ["示例方式"]}
    for fact in (fact for step in one["steps"] for fact in step["row_facts"] if fact["name"] == "level_step"):
        fact["args"] = level_step
    return dict(one)


def test_a_new_track_is_one_data_file(tmp_path: Path) -> None:
    """Its word, how far it lets people rise, its acts: with the file alone a roster becomes valid certificates."""
    said = run_with(tmp_path, new_track(max_step=2))
    assert said == {"questions": [], "tracks": ["T22"], "verdicts": ["valid"]}


def test_a_new_track_that_skips_no_level_asks_about_who_does(tmp_path: Path) -> None:
    assert run_with(tmp_path, new_track()) == {"questions": ["level_skipped"]}


# --- the limits -----------------------------------------------------------------------------------------------------


def roster(vector: dict[str, Any], changes: dict[str, Any], file: str) -> Batch:
    """The lawful roster of the track with some cells of its rows, or of the batch, changed."""
    row = changes.get("row", {})
    assert row.keys() <= BY_KEY.keys() | {f.name for f in fields(RosterRow)}
    lawful = BATCHES[vector["track"]]
    others = {name: tuple(v) if isinstance(v, list) else v for name, v in changes.items() if name != "row"}
    return replace(lawful, file=file, extra=tuple((dict(lawful.extra) | row).items()), **others)


def appoint(world: World, org: str, role: str, officers: dict[str, str | None]) -> None:
    """A grant of `role` for officers of an office: each is enrolled as the human behind another, or as a new one.

    Who is an officer already and stands for himself is only granted the role.
    """
    world.at(-1, hour=20)
    for name, (officer, human) in zip("甲乙丙", officers.items(), strict=False):
        if officer != human:
            enrol.enrol_officer(world.instance, officer, org, f"样章{name}", human and world.pseudonym(human))
    acts = tuple({step["act"] for _, step in STEPS if role in step["roles"]})
    delegate(world.instance, Delegation(org, role, PAPER, officers=tuple(officers), acts=acts))


def attempt(world: World, vector: dict[str, Any], changes: dict[str, Any], order: dict[str, Any]) -> str | None:
    """The code with which the act of the vector's day is refused, or None when it is signed."""
    track, day = vector["track"], vector["day"]
    roster_id = world.take_in(roster(vector, changes, f"{len(order)}-{len(changes)}-{world.census()['roster']}.xlsx"))
    world.walk(track, roster_id, until=day)
    kind, officers = next((kind, officers) for at, kind, officers in WALKS[track] if at == day)
    facts = order.get("facts", FIGURES.get((track, day), {}))
    before = world.census()
    try:
        world.sign(kind, roster_id, *order.get("officers", officers), facts=facts)
    except Fault as fault:
        assert world.census() == before
        return fault.code
    return None


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_a_broken_limit_is_refused_and_its_harmless_sibling_passes(province: World, vector: dict[str, Any]) -> None:
    if "appoint" in vector:
        appoint(province, **vector["appoint"])
    assert attempt(province, vector, vector["changes"], vector.get("order", {})) == vector["code"]
    assert attempt(province, vector, vector["sibling"], vector.get("sibling_order", {})) is None


def test_every_track_and_every_fact_of_a_person_has_a_vector() -> None:
    assert {vector["track"] for vector in VECTORS} == FILES.keys()
    told = {(vector["track"], vector["code"]) for vector in VECTORS}
    common = {"level_step", "education_check", "no_ban", "votes_add_up", "yes_two_thirds", "quorum_two_thirds"}
    own = {(track, f"fact_{name}") for track, step in STEPS for name, _ in figures_of(step) if name not in common}
    assert own <= told, own - told


@pytest.mark.parametrize("track", WALKS)
def test_no_act_of_a_track_can_be_left_out(province: World, track: str) -> None:
    roster_id = province.take_in(BATCHES[track])
    for (day, kind, officers), (later, following, others) in pairwise(WALKS[track]):
        province.at(later)
        before = province.census()
        with pytest.raises(Fault) as error:
            province.sign(following, roster_id, *others, facts=FIGURES.get((track, later), {}))
        assert province.census() == before
        # An act of the same kind is taken for the one that is missing, and fails by its own signs.
        same = {"role_not_allowed", "fact_stage"} if kind == following and officers != ("CO",) else {"act_missing"}
        assert error.value.code in same
        assert error.value.about.act == kind
        province.at(day)
        province.sign(kind, roster_id, *officers, facts=FIGURES.get((track, day), {}))


def test_a_kind_that_occurs_twice_cannot_be_signed_twice_in_a_row(province: World) -> None:
    roster_id = province.take_in(BATCHES["T02"])
    province.walk("T02", roster_id, until="draw")
    with pytest.raises(Fault) as error:
        province.sign("approve", roster_id, "AP")
    assert (error.value.code, error.value.about.act) == ("act_missing", "draw")


def test_a_roster_shows_each_of_two_acts_of_one_kind_by_itself(province: World) -> None:
    roster_id = province.take_in(replace(BATCHES["T02"], people=3, units=("示例机械研究所", "示例勘测设计院")))
    assert (
        province.sign("unit_notice", roster_id, "U1").count,
        province.sign("unit_notice", roster_id, "U2").count,
    ) == (2, 1)
    assert [line.done for line in roster_view(province.instance, roster_id).steps][:2] == [3, 0]
    for day, kind, officers in WALKS["T02"][1:4]:
        province.at(day)
        province.sign(kind, roster_id, *officers)
    view = roster_view(province.instance, roster_id)
    assert view.next_step is not None and view.next_step.act == "draw"
    assert [(line.done, len(line.acts)) for line in view.steps if line.act == "approve"] == [(3, 1), (0, 0)]


def test_only_the_last_of_several_votes_strikes_who_did_not_pass(province: World) -> None:
    roster_id = province.take_in(BATCHES["T11"])
    province.walk("T11", roster_id, until=17)
    stages = [line.stage for line in roster_view(province.instance, roster_id).steps if line.act == "evaluate"]
    assert stages == [1, 2, 3]
    assert len(province.entries(roster_id)) == 3
    province.sign("evaluate", roster_id, "XC", facts={"stage": 2})
    province.at(18)
    done = province.sign("evaluate", roster_id, "XC", facts={"stage": 3})
    assert (done.count, done.struck) == (2, 1)


def test_somebody_whose_ban_is_over_gets_a_valid_certificate(province: World) -> None:
    """It was over before the unit's notice: the verifier asks from that day on."""
    roster_id = province.take_in(
        replace(BATCHES["T01"], people=1, extra=(("ban", "2022-03-03"), ("ban_until", "2025-03-02")))
    )
    province.walk("T01", roster_id)
    (one,) = province.issue(roster_id)
    assert verify_code(province.instance, one.code).verdict == "valid"
    # What is over is nobody's business: it was never signed.
    bundle = bundle_of(province.instance, one.certificate)
    rows = [step.proof.row_facts or {} for step in parse_bundle(bundle).path]
    assert [(row["ban_from"], row["ban_until"]) for row in rows if "ban_from" in row] == [(None, None)]
    assert b"2025-03-02" not in bundle and b"2022-03-03" not in bundle


def test_a_ban_counts_from_the_notice_of_ones_own_unit_on(province: World) -> None:
    """Two units, two notices, one acceptance: the ban ended between the notices."""
    two, ban = ("示例机械研究所", "示例勘测设计院"), (("ban", "2022-03-06"), ("ban_until", "2025-03-05"))
    roster_id = province.take_in(replace(BATCHES["T01"], people=2, units=two, extra=ban))
    for day, kind, officer in ((0, "unit_notice", "U1"), (4, "unit_notice", "U2"), (13, "recommend", "CC")):
        province.at(day)
        province.sign(kind, roster_id, officer)
    province.at(14)
    with pytest.raises(Fault) as caught:
        province.sign("accept", roster_id, "EC")
    assert (caught.value.code, caught.value.about.figures["ban_until"]) == ("fact_no_ban", "2025-03-05")
    early = next(one for one in province.entries(roster_id) if one.unit_org_id == "SL-U1")
    assert province.sign("accept", roster_id, "EC", strike=frozenset({early.id})).count == 1
    for day, kind, officers in WALKS["T01"][3:]:
        province.at(day)
        province.sign(kind, roster_id, *officers)
    province.at(40)
    (one,) = province.issue(roster_id)
    assert verify_code(province.instance, one.code).verdict == "valid"
    assert b"2025-03-05" not in bundle_of(province.instance, one.certificate)


# --- what a person decides ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [("T01", "T13b"), ("T13b", "T01")])
def test_a_separate_assessment_beside_another_award_of_the_round_waits_for_an_officer(
    province: World, first: str, second: str
) -> None:
    """A13: referred, neither taken in nor refused; another year is another round."""
    province.at(0, hour=9)
    province.crowd = Crowd(13)
    province.import_file(province.file(replace(BATCHES[first], people=1, failed=0, specialties=("机械设计",))))
    again = replace(BATCHES[second], people=1, failed=0, specialties=("电气工程",))
    province.crowd = Crowd(13)
    result = province.import_file(province.file(again))
    (question,) = result.open_questions
    assert question.code == "round_exclusion"
    assert "R0001" in question.zh and "R0001" in question.en
    assert not result.rosters
    accepted = province.import_file(province.folder / again.file, {question.key: "accept"})
    assert len(accepted.rosters) == 1


@pytest.mark.parametrize("change", [{"year": 2024}, {"failed": 1}], ids=["another_round", "not_passed"])
def test_what_does_not_exclude_each_other_is_no_question(province: World, change: dict[str, int]) -> None:
    province.at(0, hour=9)
    province.crowd = Crowd(13)
    province.import_file(province.file(replace(BATCHES["T01"], people=1, specialties=("机械设计",))))
    province.crowd = Crowd(13)
    other = replace(BATCHES["T13b"], people=1, **{"failed": 0, **change}, specialties=("电气工程",))  # type: ignore[arg-type]
    assert not province.import_file(province.file(other)).open_questions


# --- what is told and not refused -----------------------------------------------------------------------------------


def test_more_rural_awards_than_planned_are_told_and_not_refused(
    province: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A14: the target is a target."""
    monkeypatch.setitem(act_rules.YEARLY_TARGETS, "T14", 3)
    told = []
    for n, year in enumerate((2024, 2025, 2025)):
        roster_id = province.take_in(replace(BATCHES["T14"], file=f"{n}.xlsx", year=year))
        province.walk("T14", roster_id, until="approve")
        told.append(province.sign("approve", roster_id, "AP").over_target)
        assert province.sign("issue", roster_id, "H1", "H2").over_target is None
    assert told == [None, None, (4, 3)]


def test_approvals_of_other_tracks_have_no_target(province: World) -> None:
    roster_id = province.take_in(BATCHES["T01"])
    province.walk("T01", roster_id, until="approve")
    assert province.sign("approve", roster_id, "AP").over_target is None
