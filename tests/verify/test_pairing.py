"""Which act did which step, and where an act may have been left out: said by kind, place, role and stage alone."""

import copy
from typing import Any, NamedTuple

import pytest
from support_forge import Forge
from support_instance import SmallInstance

from certsvc.core.bundle import parse_bundle
from certsvc.verify.case import Case, Evidence
from certsvc.verify.pairing import pairing, step_of
from certsvc.verify.steps import left_out_after, left_out_before

ABSENT = "A" * 43


class Act(NamedTuple):
    """An act by its kind; of whose grant, of which stage, and whether it names another before it that is not at hand."""

    kind: str
    role: str | None = None
    stage: int | None = None
    absent: bool = False


def step(act: str, *roles: str, each: bool = False, stage: int | None = None) -> dict[str, Any]:
    facts = [] if stage is None else [{"name": "stage", "args": {"stage": stage}}]
    return {
        "act": act, "roles": list(roles or ("unit",)), "each_role": each, "signers": 1, "facts": facts, "row_facts": [],
        "min_working_days": None,
    }  # fmt: skip


def case_of(small: SmallInstance, steps: list[dict[str, Any]], acts: list[Act], head: str = "@acts.last") -> Case:
    """A path of these acts, each naming the one before it unless it names an absent one."""
    forge = Forge(small)
    tree = forge.tree
    like, rows = tree["acts"]["recommend"], tree["rows"]["recommend"]
    template = tree["procedure"]["steps"][0]
    tree["procedure"]["steps"] = [{**template, **one} for one in steps]
    names = [f"n{chr(97 + n)}" for n in range(len(acts) - 1)] + ["last"]
    for n, (name, act) in enumerate(zip(names, acts, strict=True)):
        prev = [ABSENT] if act.absent else [f"@acts.{names[n - 1]}"] if n else []
        tree["acts"][name] = {
            **copy.deepcopy(like), "jti": name, "act": act.kind, "prev": prev,
            "org": tree["grants"][act.role]["sub"] if act.role else "NOBODY",
            "grants": [f"@grants.{act.role}"] if act.role else [],
            "facts": {} if act.stage is None else {"stage": act.stage},
        }  # fmt: skip
        tree["rows"][name], tree["signers"][f"acts.{name}"] = copy.deepcopy(rows), tree["signers"]["acts.recommend"]
        tree["acts"][name]["roster"]["root"] = f"@roster.{name}"
    tree["path"] = names
    tree["credential"]["evidence"][0]["id"] = f"urn:certsvc:act:{head}"
    return Case(Evidence(parse_bundle(forge.build())), small.anchors, small.now, small.now)


#: Two offices of the small instance stand for a lower and a higher level.
LINE = [
    step("unit_notice"), step("recommend", "city", "hrss", each=True), step("evaluate", stage=1), step("evaluate", stage=2),
    step("approve"),
]  # fmt: skip
TWICE = [step("evaluate"), step("result_notice"), step("evaluate"), step("approve")]
LEVELS = [step("recommend", "unit"), step("recommend", "city", "hrss", each=True), step("evaluate")]
NOTICE, APPROVE, VOTE = Act("unit_notice", "unit"), Act("approve", "unit"), Act("evaluate", "unit")
CITY, HRSS = Act("recommend", "city"), Act("recommend", "hrss")
FIRST, SECOND = Act("evaluate", "unit", 1), Act("evaluate", "unit", 2)


def lost(act: Act) -> Act:
    return act._replace(absent=True)


PAIRED: dict[str, tuple[list[dict[str, Any]], list[Act], list[int | None]]] = {
    "all in order": (LINE, [NOTICE, CITY, HRSS, FIRST, SECOND, APPROVE], [0, 1, 1, 2, 3, 4]),
    "too late": (LINE, [APPROVE, NOTICE], [4, None]),
    "once too often": (LINE, [NOTICE, NOTICE, FIRST, SECOND, SECOND], [0, None, 2, 3, None]),
    "of no step": (LINE, [NOTICE, Act("draw", "unit"), APPROVE], [0, None, 4]),
    "whoever names who is there is next, whatever stage he says": (LINE, [NOTICE, SECOND], [0, 2]),
    "whoever names nobody is next": (LINE, [SECOND], [2]),
    "who names an absent one is of the stage that he says": (LINE, [NOTICE, lost(SECOND)], [0, 3]),
    "and of the first when he says that": (LINE, [NOTICE, lost(FIRST)], [0, 2]),
    "and of the next when he says none": (LINE, [NOTICE, lost(VOTE)], [0, 2]),
    "one step of its kind is the one": (LINE, [lost(APPROVE)], [4]),
    "what follows tells which it was": (TWICE, [lost(VOTE), APPROVE], [2, 3]),
    "and that it was the first": (TWICE, [lost(VOTE), Act("result_notice", "unit")], [0, 1]),
    "up to where another may be left out": (TWICE, [lost(VOTE), lost(APPROVE)], [0, 3]),
    "what fits nowhere is next": (TWICE, [lost(VOTE), APPROVE, APPROVE], [0, 3, None]),
    "the role tells the step": (LEVELS, [lost(CITY), HRSS, VOTE], [1, 1, 2]),
    "the role of one alone too": (LEVELS, [lost(HRSS)], [1]),
    "and that of the first": (LEVELS, [lost(Act("recommend", "unit")), CITY, VOTE], [0, 1, 2]),
    "who says no role is next": (LEVELS, [lost(Act("recommend")), VOTE], [1, 2]),
    "a step of each role is not left before another kind comes": (LEVELS, [lost(CITY), HRSS], [1, 1]),
}  # fmt: skip


@pytest.mark.parametrize(("steps", "acts", "places"), PAIRED.values(), ids=PAIRED.keys())
def test_each_act_stands_beside_the_step_that_it_did(
    steps: list[dict[str, Any]], acts: list[Act], places: list[int | None], small_instance: SmallInstance
) -> None:
    path = case_of(small_instance, steps, acts).path
    found = pairing(path)
    assert [found.places.get(act.sha256) for act in path.acts] == places
    assert list(found.strays) == [act for act, place in zip(path.acts, places, strict=True) if place is None]
    by_step = [[act for act, place in zip(path.acts, places, strict=True) if place == n] for n in range(len(steps))]
    assert [list(acts) for _, acts in found.pairs] == by_step
    assert [act for _, act in found.done] == [act for acts in by_step for act in acts]
    told = [step_of(path, act) for act in path.acts]
    assert told == [None if place is None else path.procedure["steps"][place] for place in places]


#: Widths: one place for each step, two for the step that each of two levels does.
ROOM: dict[str, tuple[list[Act], list[bool]]] = {
    "nothing is absent": ([NOTICE, CITY, HRSS, FIRST, SECOND, APPROVE], [False] * 6),
    "before the first step there is no room": ([lost(NOTICE)], [False]),
    "before a later one there is": ([lost(CITY)], [True]),
    "between neighbours there is none": ([NOTICE, lost(CITY)], [False, False]),
    "between the first and the higher level there is": ([NOTICE, lost(HRSS)], [False, True]),
    "between the levels there is none": ([CITY, lost(HRSS)], [False, False]),
    "after the higher level there is none": ([HRSS, lost(FIRST)], [False, False]),
    "after the lower level the higher one fits": ([CITY, lost(FIRST)], [False, True]),
    "who says no level may be the higher": ([NOTICE, lost(Act("recommend"))], [False, True]),
    "or the lower": ([Act("recommend"), lost(FIRST)], [False, True]),
    "before what is out of place there is none": ([APPROVE, lost(NOTICE)], [False, False]),
    "nor after it": ([FIRST, NOTICE, lost(APPROVE)], [False, False, False]),
    "between votes there is none": ([FIRST, lost(SECOND)], [False, False]),
    "a vote may be left out": ([FIRST, lost(APPROVE)], [False, True]),
}  # fmt: skip


@pytest.mark.parametrize(("acts", "room"), ROOM.values(), ids=ROOM.keys())
def test_an_act_may_be_left_out_only_where_the_procedure_has_room_for_it(
    acts: list[Act], room: list[bool], small_instance: SmallInstance
) -> None:
    path = case_of(small_instance, LINE, acts).path
    assert [left_out_before(path, act) for act in path.acts] == room


@pytest.mark.parametrize(("acts", "head", "room"), [
    ([NOTICE, APPROVE], ABSENT, False), ([NOTICE, SECOND], ABSENT, True), ([NOTICE, SECOND], "@acts.last", False),
    ([HRSS], ABSENT, True), ([APPROVE, NOTICE], ABSENT, False),
])  # fmt: skip
def test_after_the_last_act_one_may_be_left_out_that_the_certificate_names(
    acts: list[Act], head: str, room: bool, small_instance: SmallInstance
) -> None:
    assert left_out_after(case_of(small_instance, LINE, acts, head).batch) is room
