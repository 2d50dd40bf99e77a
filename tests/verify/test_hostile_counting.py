"""What a verifier counts costs no more where it is counted out to the end of all calendars, or over and over.

Everything here is signed as it should be, by the keys of the instance or under a stranger's root of the same name, so
that nothing is refused before it is counted. Measured as in test_hostile_cost.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import count
from os import urandom
from typing import Any

import pytest
from support_forge import Forge, judge
from support_instance import SmallInstance
from test_hostile_cost import LIMIT, cost, stranger

from certsvc.core.calendar import SHANGHAI
from certsvc.core.encoding import b64

_SERIAL = count()
ONE_DAY_OVER_AND_OVER = ["2025-01-01"] * 3600
MANY_DAYS = [(date(1950, 1, 1) + timedelta(7 * n)).isoformat() for n in range(3600)]


def noon(year: int) -> int:
    return int(datetime(year, 1, 1, 12, tzinfo=SHANGHAI).timestamp())


def centuries(tree: dict[str, Any], days_off: list[str]) -> None:
    """A notice that was opened in our days and closed after 170 years, by a calendar that reaches so far."""
    tree["calendar"].update(first="1900-01-01", last="2199-12-31", days_off=days_off)
    tree["acts"]["recommend"]["iat"] = noon(2195)


def every_step_a_notice(tree: dict[str, Any]) -> None:
    """Each closed after three centuries or before it was opened."""
    centuries(tree, MANY_DAYS)
    for place, name in enumerate(tree["path"]):
        tree["acts"][name].update(iat=noon(2198 if place % 2 else 1901), calendar="@calendar")
    for step in tree["procedure"]["steps"]:
        step["min_working_days"] = 100_000


#: A step has no more of either kind, and a procedure no more steps.
MOST_FACTS, MOST_STEPS = 16, 32


def many_facts(tree: dict[str, Any], member: str, name: str, steps: slice = slice(None)) -> None:
    for step in tree["procedure"]["steps"][steps]:
        step[member] = [{"name": name, "args": {}}] * MOST_FACTS


def many_facts_of_many_figures(tree: dict[str, Any]) -> None:
    """Each of them is false, and none repeats all the figures that the act states."""
    many_facts(tree, "facts", "x")
    tree["acts"][tree["procedure"]["steps"][4]["act"]]["facts"].update({f"{n:x}": n for n in range(3000)})


def grants_of_which_one_is_not_theirs(tree: dict[str, Any]) -> None:
    """None of the facts is judged without all grants: the last of many is signed by a key for something else."""
    for number in range(100):
        tree["grants"][f"g{number}"] = {**tree["grants"]["committee"], "jti": f"g-{number}"}
        tree["signers"][f"grants.g{number}"] = tree["signers"]["grants.committee"]
    tree["signers"]["grants.g99"] = ["UNIT.seal"]
    tree["acts"]["evaluate"]["grants"] = ["@grants.committee", *(f"@grants.g{number}" for number in range(100))]
    many_facts(tree, "facts", "x")


def fifty_acts_of_one_step(tree: dict[str, Any]) -> None:
    """Whoever is called for by the step may do it, so its facts are asked of each of them."""
    draw = tree["acts"]["draw"]
    step = {**tree["procedure"]["steps"][3], "each_role": True, "signers": 1, "facts": [], "row_facts": []}
    assert step["act"] == "draw"
    tree["procedure"]["steps"] = [step]
    many_facts(tree, "facts", "x")
    many_facts(tree, "row_facts", "x")
    names = [f"d{number}" for number in range(50)]
    for number, name in enumerate(names):
        before = [f"@acts.{names[number - 1]}"] if number else []
        serial = f"d-{next(_SERIAL)}"
        tree["acts"][name] = {**draw, "jti": serial, "prev": before, "parts": [], "calendar": None}
        tree["rows"][name], tree["signers"][f"acts.{name}"] = tree["rows"]["draw"], tree["signers"]["acts.draw"][:1]
    tree["acts"]["d0"]["grants"] = [f"@grants.{who}" for who in tree["grants"]]
    tree["path"], tree["calendars"] = names, []
    tree["credential"]["evidence"][0]["id"] = f"urn:certsvc:act:@acts.{names[-1]}"


def twelve_acts_that_may_have_done_any_of_thirty_two_steps(tree: dict[str, Any]) -> None:
    """Each act names nine hundred grants, and the first says that others were before it."""
    committee = tree["grants"]["committee"]
    for number in range(20):
        tree["grants"][f"g{number}"] = {**committee, "jti": f"g-{number}"}
        tree["signers"][f"grants.g{number}"] = tree["signers"]["grants.committee"]
    grants = [*(b64(urandom(32)) for _ in range(900)), *(f"@grants.{who}" for who in tree["grants"])]
    names = [f"d{number}" for number in range(12)]
    for number, name in enumerate(names):
        before, serial = f"@acts.{names[number - 1]}" if number else "A" * 43, f"d-{next(_SERIAL)}"
        more = {"jti": serial, "prev": [before], "grants": grants, "parts": [], "facts": {}, "calendar": None}
        tree["acts"][name] = {**tree["acts"]["draw"], **more}
        tree["rows"][name], tree["signers"][f"acts.{name}"] = tree["rows"]["draw"], tree["signers"]["acts.draw"][:1]
    tree["acts"]["issue"].update(prev=[f"@acts.{names[-1]}"], jti=f"i-{next(_SERIAL)}", calendar=None)
    tree["path"], tree["calendars"] = [*names, "issue"], []
    step = {**tree["procedure"]["steps"][3], "roles": [committee["role"]], "facts": [], "row_facts": [], "rule": "x"}
    tree["procedure"]["steps"] = [step] * MOST_STEPS


Shape = Callable[[dict[str, Any]], None]
SHAPES: dict[str, tuple[Shape, str, str]] = {
    "a_notice_of_170_years": (lambda tree: centuries(tree, []), "void", "cert_time"),
    "a_notice_of_170_years_and_one_day_off_over_and_over": (
        lambda tree: centuries(tree, ONE_DAY_OVER_AND_OVER),
        "void",
        "cert_time",
    ),
    "a_notice_of_170_years_with_3600_days_off": (lambda tree: centuries(tree, MANY_DAYS), "void", "cert_time"),
    "every_step_a_notice_of_three_centuries": (every_step_a_notice, "void", "cert_time"),
    "as_many_facts_of_each_step_as_it_may_have": (lambda tree: many_facts(tree, "facts", "x"), "void", "fact_x"),
    "twelve_acts_that_may_have_done_any_of_thirty_two_steps": (
        twelve_acts_that_may_have_done_any_of_thirty_two_steps,
        "void",
        "seal_missing",
    ),
    "fifty_acts_of_one_step": (fifty_acts_of_one_step, "void", "seal_missing"),
    "as_many_facts_of_an_act_that_states_three_thousand_figures": (many_facts_of_many_figures, "void", "fact_x"),
    "as_many_facts_and_a_hundred_grants_of_which_one_is_not_theirs": (
        grants_of_which_one_is_not_theirs,
        "void",
        "cert_use",
    ),
    "as_many_facts_of_one_person_as_a_step_may_have": (
        lambda tree: many_facts(tree, "row_facts", "votes_add_up", slice(4, 5)),
        "valid",
        "",
    ),
}


def made(small: SmallInstance, shape: Shape) -> Callable[[int], bytes]:
    def make(_: int) -> bytes:
        forge = Forge(small)
        forge.tree["acts"]["unit_notice"]["jti"] = f"c-{next(_SERIAL)}"
        shape(forge.tree)
        return forge.build()

    return make


def test_a_step_with_more_facts_than_it_may_have_is_refused_while_it_is_read(small_instance: SmallInstance) -> None:
    def nineteen_hundred(tree: dict[str, Any]) -> None:
        tree["procedure"]["steps"][4]["facts"] = [{"name": "x", "args": {}}] * 1900

    make = made(small_instance, nineteen_hundred)
    report = judge(small_instance, make(0))
    assert (report.verdict, report.reason) == ("tampered", "member_form")
    assert cost(lambda data: judge(small_instance, data), make) < LIMIT


@pytest.mark.parametrize(("shape", "verdict", "reason"), SHAPES.values(), ids=SHAPES.keys())
def test_what_our_own_keys_signed_is_counted_at_once(
    small_instance: SmallInstance, shape: Shape, verdict: str, reason: str
) -> None:
    make = made(small_instance, shape)
    report = judge(small_instance, make(0))
    assert (report.verdict, report.reason or "") == (verdict, reason)
    assert cost(lambda data: judge(small_instance, data), make) < LIMIT


@pytest.mark.parametrize("shape", [shape for shape, *_ in SHAPES.values()], ids=SHAPES.keys())
def test_what_strangers_signed_under_a_root_of_our_name_is_counted_at_once(
    small_instance: SmallInstance, shape: Shape
) -> None:
    make, anchors = made(small_instance, shape), (stranger(small_instance),)
    report = judge(small_instance, make(0), anchors)
    assert (report.verdict, report.reason) == ("not_issued", "test_root")
    assert cost(lambda data: judge(small_instance, data, anchors), make) < LIMIT
