"""Roster proofs by memory: what was shown of a tree saves work and never lets a proof hold that is not one."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from support_changes import apply_changes
from support_forge import Forge
from support_instance import SmallInstance

from certsvc.core.bundle import PathStep, parse_bundle
from certsvc.core.outcomes import Fault
from certsvc.verify import judge
from certsvc.verify.case import Case, Evidence
from certsvc.verify.checks import CHECKS
from certsvc.verify.entry import entry_on_roster, entry_on_rosters, row_facts_hold


def case_with(small: SmallInstance, **proof: Any) -> Case:
    """A case whose proof at place 1, which says nothing of the person, is changed; that of place 0 is left."""
    bundle = parse_bundle(apply_changes(Forge(small), []).build())
    plain = [n for n, step in enumerate(bundle.path) if step.proof.row_salt is None]
    path = list(bundle.path)
    path[plain[-1]] = PathStep(path[plain[-1]].act, replace(path[plain[-1]].proof, **proof))
    return Case(Evidence(replace(bundle, path=tuple(path))), small.anchors, small.now, small.now)


CHANGED: dict[str, dict[str, Any]] = {
    "index": {"index": 999},
    "path": {"path": sha256(b"another").digest()},
    "row": {"row_facts": {}, "row_salt": bytes(32)},
}


@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED.keys())
def test_asked_at_once_about_all_acts_the_one_that_fails_is_found(
    changed: dict[str, Any], small_instance: SmallInstance
) -> None:
    entry_on_rosters(case_with(small_instance))
    with pytest.raises(Fault, match="inclusion_bad"):
        entry_on_rosters(case_with(small_instance, **changed))


def test_asked_at_once_an_act_whose_parts_do_not_sum_is_no_roster(small_instance: SmallInstance) -> None:
    case = case_with(small_instance)
    fault = Fault("parts_do_not_sum")
    case.path.__dict__["lists"] = (*case.path.lists[:-1], fault)
    try:
        with pytest.raises(Fault, match="parts_do_not_sum"):
            entry_on_rosters(case)
        with pytest.raises(Fault, match="parts_do_not_sum"):
            entry_on_roster(case, case.path.acts[-1], len(case.path.acts) - 1)
    finally:
        del case.path.__dict__["lists"]


def test_asked_at_once_about_all_facts_the_one_that_is_false_is_found(small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    now = small_instance.now
    row_facts_hold(Case(Evidence(parse_bundle(forge.build())), small_instance.anchors, now, now))
    forge.tree["rows"]["evaluate"][0]["facts"] = {"yes": 1, "no": 18, "abstain": 1}
    with pytest.raises(Fault, match="fact_yes_two_thirds"):
        row_facts_hold(Case(Evidence(parse_bundle(forge.build())), small_instance.anchors, now, now))


def test_rosters_and_row_facts_are_asked_at_once() -> None:
    assert [one.id for one in CHECKS if one.at_once] == ["entry_on_every_roster", "person_facts"]


def test_people_of_one_roster_share_a_path_unless_a_grant_tells_specialties_apart(
    small_instance: SmallInstance,
) -> None:
    def path_of(specialty: str, *changes: dict[str, Any]) -> Any:
        bundle = parse_bundle(apply_changes(Forge(small_instance), list(changes)).build())
        entry = bundle.entries[-1]
        changed = replace(entry, target=replace(entry.target, specialty=specialty, title=specialty))
        evidence = Evidence(replace(bundle, entries=(*bundle.entries[:-1], changed)))
        return Case(evidence, small_instance.anchors, small_instance.now, small_instance.now).path

    narrow = {"do": "set", "at": "grants.committee.scope.specialties", "to": ["甲"]}
    assert path_of("甲") is path_of("乙")
    assert path_of("甲", narrow) is not path_of("乙", narrow)
    assert path_of("甲", narrow).target.specialty == "甲"


def test_a_batch_is_known_by_all_it_is_made_of(small_instance: SmallInstance) -> None:
    bundle = parse_bundle(apply_changes(Forge(small_instance), []).build())
    now, anchors = small_instance.now, small_instance.anchors
    case = Case(Evidence(bundle), anchors, now, now)
    assert Case(Evidence(bundle), anchors, now, now).batch is case.batch
    others = [
        Case(Evidence(bundle), anchors[:0], now, now),
        Case(Evidence(bundle), anchors, now, now + 1),
        Case(Evidence(bundle), anchors, now, now, max_age=1),
        Case(Evidence(bundle), anchors, now, now, known=now),
        Case(Evidence(bundle, registered=""), anchors, now, now),
        Case(Evidence(bundle, newer_trust=bundle.trust), anchors, now, now),
        Case(Evidence(bundle, newer_status=bundle.status_list), anchors, now, now),
    ]
    assert all(other.batch is not case.batch for other in others)
    assert judge(case.evidence, anchors, now, now) is judge(case.evidence, anchors, now, now)
