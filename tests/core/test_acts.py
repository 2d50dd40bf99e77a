"""Rosters: sorted, without repeats, one to 65,536 people, one root."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.acts import MAX_ROSTER, Roster, Row
from certsvc.core.claims import row_commitment
from certsvc.core.encoding import b64, unb64
from certsvc.core.errors import Refused
from certsvc.core.merkle import inclusion_holds, leaf_hash

ENTRIES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=12, unique=True)


def rows(entries: list[bytes]) -> list[Row]:
    return [Row(b64(one), {"yes": n}, bytes([n]) * 32) for n, one in enumerate(entries)]


@given(ENTRIES)
def test_every_person_has_a_proof_and_the_order_of_entry_is_of_no_matter(entries: list[bytes]) -> None:
    roster = Roster(rows(entries))
    assert roster.root == Roster(rows(entries)[::-1]).root
    assert [unb64(row.entry) for row in roster.rows] == sorted(entries)
    assert roster.count == len(entries)
    for entry, index in roster.index_of().items():
        proof, row = roster.proof(index), roster.rows[index]
        assert row.entry == entry and (proof.index, proof.row_facts, proof.row_salt) == (index, row.facts, row.salt)
        assert inclusion_holds(leaf_hash(row.leaf), index, roster.count, proof.siblings, unb64(roster.root))


def test_the_facts_of_a_row_are_in_the_root() -> None:
    one = Roster([Row(b64(bytes(32)), {"yes": 1}, bytes(32))])
    assert one.root != Roster([Row(b64(bytes(32)), {"yes": 2}, bytes(32))]).root
    assert Row(b64(bytes(32))).leaf == bytes(32) + row_commitment(None, None)


def test_nobody_is_no_roster() -> None:
    with pytest.raises(Refused, match="roster_size"):
        Roster([])


def test_one_entry_stands_on_a_roster_once() -> None:
    with pytest.raises(Refused, match="roster_twice"):
        Roster([Row(b64(bytes(32))), Row(b64(bytes(32)), {"yes": 1}, bytes(32))])


def test_a_roster_holds_at_most_65536_people() -> None:
    entries = [Row(b64(n.to_bytes(32))) for n in range(MAX_ROSTER + 1)]
    assert Roster(entries[:-1]).count == 65_536
    with pytest.raises(Refused, match="roster_size"):
        Roster(entries)
