"""A statement of equivalence after a theft of the key that gives grants: it stands on those of before, or is sealed anew.

Of a grant that a rotation gave since the theft nothing sound needs to know; its keys are in grants of before, or were
given again by the drill (docs/decisions/0034).
"""

import pytest
from equivalence_for_tests import WANTED, judged
from test_compromise import lost_grants
from test_drill_by_place import eleven, silence
from test_restatement import TWO, drill, seal_of, stated, statements
from world_for_tests import World

from certsvc.core.errors import Refused
from certsvc.core.statement import parse_statement
from certsvc.services import compromise, documents
from certsvc.services.damage import find_damage
from certsvc.services.delegation import Delegation, delegate, give_top_grant
from certsvc.services.equivalence import check_handed_out, statement_file
from certsvc.services.restatement import open_statements, restate
from certsvc.services.rotation import rotate_key, rotate_officer
from certsvc.services.withdrawal import withdraw_grant

VALID = ("valid", None)


def policy_of(world: World) -> str:
    with world.instance.engines.read.connect() as connection:
        return documents.own_key(connection, "ROOT", "policy").jkt


def day_of_theft(world: World, day: float) -> int:
    """The policy key is stolen on `day`; an hour later the clock goes on."""
    world.at(day)
    since = world.instance.now()
    world.at(day, hour=11)
    return since


def handed_out(world: World, which: str) -> tuple[str, str | None]:
    check_handed_out(world.instance, which)
    return judged(world, statement_file(world.instance, which))


def refused_for(world: World, which: str) -> str:
    """The next command of the refusal."""
    with pytest.raises(Refused) as refused:
        check_handed_out(world.instance, which)
    assert refused.value.code == "statement_suspect"
    return refused.value.hint


def test_a_statement_of_before_the_theft_is_handed_out_good_whatever_was_rotated_since(anywhere: World) -> None:
    one = stated(anywhere, 0, "SAMPLE-1")
    policy, since = policy_of(anywhere), day_of_theft(anywhere, 1)
    rotate_key(anywhere.instance, "SL-HRSS", "credential")
    anywhere.at(2)
    settled = drill(anywhere, policy, since)
    assert (settled.restated.done, settled.restated.left) == ([], [])
    assert handed_out(anywhere, one) == VALID
    assert statements(anywhere, one) == 1


def test_after_the_theft_statements_are_signed_under_the_seal_that_was_not_stolen(province: World) -> None:
    policy, since = policy_of(province), day_of_theft(province, 1)
    rotate_key(province.instance, "SL-HRSS", "credential")
    province.at(2)
    compromise.condemn(province.instance, policy, since, WANTED.paper)
    one = stated(province, 3, "SAMPLE-1")
    assert handed_out(province, one) == VALID
    rotate_key(province.instance, "SL-HRSS", "seal")
    province.at(4)
    assert handed_out(province, one) == VALID


def test_what_was_sealed_under_a_grant_of_the_thief_is_sealed_anew_and_handed_out(anywhere: World) -> None:
    early = stated(anywhere, 0, "SAMPLE-1")
    policy, since = policy_of(anywhere), day_of_theft(anywhere, 1)
    rotate_key(anywhere.instance, "SL-HRSS", "seal")
    late = stated(anywhere, 2, "SAMPLE-2")
    anywhere.at(3)
    compromise.condemn(anywhere.instance, policy, since, WANTED.paper)
    damage = find_damage(anywhere.instance, policy, since)
    assert open_statements(anywhere.instance, damage) == [late]
    assert refused_for(anywhere, late).endswith(f"--then resign --officer A --second B --document-number N -- {policy}")
    before = parse_statement(statement_file(anywhere.instance, late))
    anywhere.at(4)
    assert drill(anywhere, policy, since).restated.done == [late]
    assert [handed_out(anywhere, one) for one in (early, late)] == [VALID, VALID]
    after = parse_statement(statement_file(anywhere.instance, late))
    assert (after.values, after.salts, after.row) == (before.values, before.salts, before.row)
    assert drill(anywhere, policy, since).restated.done == []
    assert [statements(anywhere, one) for one in (early, late)] == [1, 2]


def test_a_statement_is_left_while_the_seal_stands_on_no_grant_and_sealed_anew_afterwards(province: World) -> None:
    with province.instance.engines.read.connect() as connection:
        (top,) = documents.grants_of(connection, "SL-HRSS")
    policy, since = policy_of(province), day_of_theft(province, 1)
    rotate_key(province.instance, "SL-HRSS", "seal")
    # With the old grant gone nothing shows what the office might do, so that the drill gives nothing again.
    withdraw_grant(province.instance, top.sha256, "withdrawn", WANTED.paper)
    late = stated(province, 2, "SAMPLE-1")
    province.at(3)
    compromise.condemn(province.instance, policy, since, WANTED.paper)
    damage = find_damage(province.instance, policy, since)
    pair = (TWO.first, TWO.second)
    assert restate(province.instance, damage, pair).left == [(late, "officer_not_office")]
    assert open_statements(province.instance, damage) == [late]
    give_top_grant(province.instance)
    delegate(province.instance, Delegation("SL-HRSS", "issuer", WANTED.paper, pair))
    province.at(4)
    assert restate(province.instance, damage, pair).done == [late]
    assert handed_out(province, late) == VALID


def test_a_grant_below_one_of_the_thief_spoils_no_statement_either(province: World) -> None:
    delegate(province.instance, Delegation("SL-HRSS", "issuer", WANTED.paper, ("H1", "H2")))
    one = stated(province, 0, "SAMPLE-1")
    policy, since = policy_of(province), day_of_theft(province, 1)
    # The successor of the office's own grant stands on that of the thief, and lists the same seal.
    rotate_key(province.instance, "SL-HRSS", "grant")
    rotate_officer(province.instance, "H1")
    province.at(2)
    assert drill(province, policy, since).restated.done == []
    assert handed_out(province, one) == VALID
    assert handed_out(province, stated(province, 3, "SAMPLE-2")) == VALID


def test_after_the_theft_of_the_grant_key_statements_stand_on_the_top_grant(province: World) -> None:
    with province.instance.engines.read.connect() as connection:
        stolen = documents.own_key(connection, "SL-HRSS", "grant").jkt
    since = day_of_theft(province, 1)
    delegate(province.instance, Delegation("SL-HRSS", "issuer", WANTED.paper, ("H1", "H2")))
    one = stated(province, 2, "SAMPLE-1")
    assert drill(province, stolen, since).restated.done == []
    assert handed_out(province, one) == VALID


def test_a_grant_withdrawn_as_of_before_leaves_no_statement_and_no_drill_to_name(province: World) -> None:
    with province.instance.engines.read.connect() as connection:
        (top,) = documents.grants_of(connection, "SL-HRSS")
    since = day_of_theft(province, 1)
    one = stated(province, 2, "SAMPLE-1")
    province.at(3)
    withdraw_grant(province.instance, top.sha256, "compromised", WANTED.paper, since)
    assert refused_for(province, one) == "certsvc keys grants SL-HRSS"


def test_a_grant_that_nobody_saw_before_the_theft_counts_for_statements_by_its_own_word(province: World) -> None:
    """As for every verifier: a statement has no log, and what it stands on no place."""
    policy = policy_of(province)
    province.at(60)
    with silence(province):
        rotate_key(province.instance, "SL-HRSS", "seal")
        one = stated(province, 60, "SAMPLE-1")
    since = eleven(province, 60)
    assert len(lost_grants(find_damage(province.instance, policy, since))) == 1
    assert drill(province, policy, since).restated.done == []
    assert handed_out(province, one) == VALID


def test_the_file_holds_one_line_of_grants_however_often_keys_were_rotated(province: World) -> None:
    one = stated(province, 0, "SAMPLE-1")
    for day in range(1, 4):
        province.at(day)
        rotate_key(province.instance, "SL-HRSS", "credential")
    assert len(parse_statement(statement_file(province.instance, one)).grants) == 1
    assert handed_out(province, one) == VALID


def test_a_seal_and_a_policy_key_stolen_together_are_settled_by_either_drill(province: World) -> None:
    first, second = stated(province, 0, "SAMPLE-1"), stated(province, 0, "SAMPLE-2")
    seal, policy, since = seal_of(province), policy_of(province), day_of_theft(province, 1)
    rotate_key(province.instance, "SL-HRSS", "grant")
    third = stated(province, 2, "SAMPLE-3")
    province.at(3)
    for jkt in (policy, seal):
        compromise.condemn(province.instance, jkt, since, WANTED.paper)
    for jkt in (policy, seal):
        assert open_statements(province.instance, find_damage(province.instance, jkt, since)) == [third]
    assert drill(province, policy, since).restated.done == [third]
    assert drill(province, seal, since).restated.done == []
    province.at(4)
    assert [handed_out(province, one) for one in (first, second, third)] == [VALID] * 3
