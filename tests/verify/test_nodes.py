"""Proofs by memory: what was shown of a tree saves work and never lets a proof hold that is not one."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.bundle import RosterProof
from certsvc.core.merkle import inclusion_holds, inclusion_path, leaf_hash, levels, root_of
from certsvc.verify.nodes import KNOWN_NODES, Nodes, leads


def holds(known: Nodes, leaf: bytes, proof: RosterProof, root: bytes, size: int) -> bool:
    return leads(known, leaf, proof.index, proof.path, root, size)


def tree(size: int) -> list[list[bytes]]:
    return levels([leaf_hash(b"%d" % n) for n in range(size)])


def proof_of(rows: list[list[bytes]], index: int) -> RosterProof:
    return RosterProof(index, None, None, b"".join(inclusion_path(rows, index)))


@given(st.integers(1, 70), st.data())
def test_in_any_order_every_leaf_leads_to_the_root_and_costs_no_more_than_its_tree(
    size: int, data: st.DataObject
) -> None:
    rows, known = tree(size), Nodes()
    for index in data.draw(st.permutations(range(size))):
        assert holds(known, rows[0][index], proof_of(rows, index), root_of(rows), size)
    assert len(known) == size - 1


@given(st.integers(1, 40), st.data())
def test_whatever_is_remembered_the_answer_is_that_of_the_whole_climb(size: int, data: st.DataObject) -> None:
    rows, known = tree(size), Nodes()
    for index in range(size):
        holds(known, rows[0][index], proof_of(rows, index), root_of(rows), size)
    index = data.draw(st.integers(-1, size + 1))
    honest = proof_of(rows, min(max(index, 0), size - 1))
    path = bytearray(honest.path)
    if path and data.draw(st.booleans()):
        path[data.draw(st.integers(0, len(path) - 1))] ^= 1
    kept = data.draw(st.integers(0, len(path) // 32))
    added = bytes(32 * data.draw(st.integers(0, 2)))
    proof = replace(honest, index=index, path=bytes(path[: 32 * kept]) + added)
    leaf = data.draw(st.sampled_from([*rows[0], leaf_hash(b"nobody")]))
    said = data.draw(st.integers(1, size + 1))
    expected = inclusion_holds(leaf, index, said, proof.siblings, root_of(rows))
    assert holds(known, leaf, proof, root_of(rows), said) == expected


def test_a_proof_that_fails_leaves_nothing_behind() -> None:
    rows, known = tree(8), Nodes()
    assert not holds(known, leaf_hash(b"nobody"), proof_of(rows, 3), root_of(rows), 8)
    assert known == {}


def test_of_a_large_tree_only_so_much_is_remembered() -> None:
    rows, known = tree(3), Nodes({(n, 99): b"" for n in range(KNOWN_NODES)})
    assert holds(known, rows[0][0], proof_of(rows, 0), root_of(rows), 3)
    assert len(known) == KNOWN_NODES
