"""A statement of equivalence whose seal key was stolen is sealed anew, and handed out; the old one stays void."""

from dataclasses import replace

import pytest
from equivalence_for_tests import WANTED, judged
from world_for_tests import World

from certsvc.core.errors import Refused
from certsvc.core.statement import parse_statement, write_statement
from certsvc.services import compromise, documents
from certsvc.services.compromise import Officers, Settled
from certsvc.services.damage import find_damage
from certsvc.services.equivalence import approve, check_handed_out, propose, statement_file
from certsvc.services.restatement import open_statements
from certsvc.services.rotation import rotate_key
from certsvc.store import documents as document_store

PAPER = WANTED.paper
TWO = Officers("H1", "H2")


def seal_of(world: World) -> str:
    with world.instance.engines.read.connect() as connection:
        return documents.own_key(connection, "SL-HRSS", "seal").jkt


def stated(world: World, day: float, number: str) -> str:
    world.at(day)
    held = propose(world.instance, replace(WANTED, number=number))
    approve(world.instance, held.id, "H2")
    return held.id


def drill(world: World, jkt: str, since: int, then: str = "resign", officers: Officers = TWO) -> Settled:
    compromise.condemn(world.instance, jkt, since, PAPER)
    return compromise.remedy(world.instance, find_damage(world.instance, jkt, since), then, officers, PAPER)


def statements(world: World, which: str) -> int:
    with world.instance.engines.read.connect() as connection:
        return len(document_store.list_documents(connection, "equivalence+jwt", which))


@pytest.fixture
def stolen(anywhere: World) -> tuple[World, str, int]:
    """One statement of before a theft and two of after it, and the theft; the clock stands later."""
    first = stated(anywhere, 0, "SAMPLE-1")
    anywhere.at(1)
    since = anywhere.instance.now()
    assert [first, stated(anywhere, 2, "SAMPLE-2"), stated(anywhere, 3, "SAMPLE-3")] == ["E0001", "E0002", "E0003"]
    anywhere.at(10)
    return anywhere, seal_of(anywhere), since


def test_what_the_stolen_key_sealed_is_sealed_anew_and_handed_out(stolen: tuple[World, str, int]) -> None:
    world, jkt, since = stolen
    old = {one: statement_file(world.instance, one) for one in ("E0001", "E0002", "E0003")}
    settled = drill(world, jkt, since)
    assert (settled.restated.done, settled.restated.left) == (["E0002", "E0003"], [])
    world.at(11)
    for one, before in old.items():
        check_handed_out(world.instance, one)
        new = statement_file(world.instance, one)
        assert judged(world, new) == ("valid", None)
        # What the holder has, beside what is published today.
        kept = replace(parse_statement(before), trust=parse_statement(new).trust)
        assert judged(world, write_statement(kept))[0] == ("valid" if one == "E0001" else "void")
    assert [statements(world, one) for one in old] == [1, 2, 2]


def test_the_new_statement_says_what_the_old_one_said(stolen: tuple[World, str, int]) -> None:
    world, jkt, since = stolen
    before = parse_statement(statement_file(world.instance, "E0002"))
    drill(world, jkt, since)
    after = parse_statement(statement_file(world.instance, "E0002"))
    assert after.signed.signatures[0].unverified_kid == seal_of(world) != jkt
    assert (after.values, after.salts, after.row) == (before.values, before.salts, before.row)
    own = ("jti", "iat")
    assert {**after.said, **dict.fromkeys(own)} == {**before.said, **dict.fromkeys(own)}


def test_the_drill_goes_on_where_it_stopped_and_signs_nothing_twice(
    stolen: tuple[World, str, int],
) -> None:
    world, jkt, since = stolen
    assert drill(world, jkt, since, officers=Officers("U1", "H2")).restated.left == [
        ("E0002", "officer_not_office"),
        ("E0003", "officer_not_office"),
    ]
    assert open_statements(world.instance, find_damage(world.instance, jkt, since)) == ["E0002", "E0003"]
    assert len(drill(world, jkt, since).restated.done) == 2
    assert drill(world, jkt, since).restated.done == []
    assert [statements(world, one) for one in ("E0001", "E0002", "E0003")] == [1, 2, 2]


def test_revoking_leaves_statements_which_have_no_status_and_none_of_them_is_handed_out(
    stolen: tuple[World, str, int],
) -> None:
    world, jkt, since = stolen
    assert drill(world, jkt, since, then="revoke").restated.done == []
    assert open_statements(world.instance, find_damage(world.instance, jkt, since)) == ["E0002", "E0003"]
    check_handed_out(world.instance, "E0001")
    with pytest.raises(Refused) as refused:
        check_handed_out(world.instance, "E0002")
    assert refused.value.code == "statement_suspect"
    assert "--then resign" in refused.value.hint and refused.value.hint.endswith(f"-- {jkt}")


def test_a_second_theft_has_the_new_statement_sealed_once_more(stolen: tuple[World, str, int]) -> None:
    world, jkt, since = stolen
    drill(world, jkt, since)
    again, second = seal_of(world), world.instance.now()
    world.at(20)
    assert drill(world, again, second).restated.done == ["E0002", "E0003"]
    assert judged(world, statement_file(world.instance, "E0002")) == ("valid", None)
    assert statements(world, "E0002") == 3


def test_a_key_that_was_rotated_and_not_stolen_leaves_its_statements(province: World) -> None:
    """The harmless sibling."""
    one = stated(province, 0, "SAMPLE-1")
    rotate_key(province.instance, "SL-HRSS", "seal")
    province.at(1)
    check_handed_out(province.instance, one)
    assert judged(province, statement_file(province.instance, one)) == ("valid", None)
    assert statements(province, one) == 1
