"""How RFC 6962 trees grow: consistency, and paths out of range hashes, against transparency-dev and pymerkle."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from certsvc.core.merkle import (
    EMPTY_ROOT,
    consistency_holds,
    consistency_path_at,
    inclusion_holds,
    inclusion_path,
    inclusion_path_at,
    leaf_hash,
    levels,
    node_hash,
    root_of,
    tree_root,
)

VECTORS = Path(__file__).parents[2].parent / "shared" / "data" / "merkle" / "consistency.json"


def vectors_of_consistency() -> list[dict[str, Any]]:
    if not VECTORS.is_file():
        pytest.skip(f"{VECTORS} is not beside this checkout")
    return list(json.loads(VECTORS.read_text("utf-8")))


#: It calls two equal "roots" of 12 bytes consistent. A root has 32 bytes, or it is none.
EXCEPTED = "consistency/additional/sizes-are-equal-one-and-proof-is-empty"


def test_the_public_vectors_of_consistency_are_judged_as_they_say_but_for_roots_of_12_bytes() -> None:
    found = vectors_of_consistency()
    for one in found:
        roots = [base64.b64decode(one[name] or "") for name in ("root1", "root2")]
        path = [base64.b64decode(node) for node in one["proof"] or []]
        holds = consistency_holds(int(one["size1"]), int(one["size2"]), *roots, path)
        assert holds is (not one["wantErr"] and one["id"] != EXCEPTED), one
    assert len(found) > 90
    assert [len(base64.b64decode(one["root1"])) for one in found if one["id"] == EXCEPTED] == [12]


class Leaves:
    """`leaf_hash(b"0")`, `leaf_hash(b"1")` … as a range-hash function that counts its look-ups."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.known: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        self.asked.append((level, index))
        return self.hash_of(level, index)

    def hash_of(self, level: int, index: int) -> bytes:
        if level == 0:
            return leaf_hash(b"%d" % index)
        if (level, index) not in self.known:
            halves = (self.hash_of(level - 1, 2 * index), self.hash_of(level - 1, 2 * index + 1))
            self.known[level, index] = node_hash(*halves)
        return self.known[level, index]


MOST = 130


def test_every_pair_of_sizes_up_to_130_is_consistent_and_no_neighbour_is() -> None:
    leaves = Leaves()
    roots = [root_of(levels([leaf_hash(b"%d" % n) for n in range(size)])) for size in range(MOST + 2)]
    for new in range(MOST + 1):
        assert tree_root(new, leaves) == roots[new]
        for old in range(new + 1):
            path = consistency_path_at(old, new, leaves)
            assert consistency_holds(old, new, roots[old], roots[new], path)
            # Every log begins with the empty one, whatever its root.
            assert old == 0 or not consistency_holds(old, new, roots[old], roots[new + 1], path)
            assert not consistency_holds(old, new, roots[old + 1], roots[new], path)
            assert not consistency_holds(old, new, roots[old], roots[new], [*path, roots[new]])
            assert not consistency_holds(new + 1, new, roots[old], roots[new], path)
            if path:
                assert not consistency_holds(old, new, roots[old], roots[new], path[:-1])
                assert not consistency_holds(old, new, roots[old], roots[new], [])


def test_inclusion_paths_from_look_ups_are_those_of_the_whole_tree() -> None:
    leaves = Leaves()
    for size in range(1, MOST + 1):
        tree = levels([leaf_hash(b"%d" % n) for n in range(size)])
        for index in range(size):
            assert inclusion_path_at(index, size, leaves) == inclusion_path(tree, index)


def subproof(old: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b), word for word as RFC 6962 2.1.2 has it; pymerkle's proofs have another form."""
    if old == len(leaves):
        return [] if whole else [root_of(levels(leaves))]
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    left, right = leaves[:split], leaves[split:]
    if old <= split:
        return [*subproof(old, left, whole=whole), root_of(levels(right))]
    return [*subproof(old - split, right, whole=False), root_of(levels(left))]


@given(st.integers(1, 60), st.data())
def test_paths_are_those_of_pymerkle_and_of_the_words_of_rfc_6962(size: int, data: st.DataObject) -> None:
    old, index = data.draw(st.integers(1, size)), data.draw(st.integers(0, size - 1))
    oracle = InmemoryTree(algorithm="sha256")
    for n in range(size):
        oracle.append_entry(b"%d" % n)
    leaves = Leaves()
    # pymerkle begins an inclusion path with the leaf itself, and gives the roots apart.
    ours = [one.hex() for one in inclusion_path_at(index, size, leaves)]
    assert oracle.prove_inclusion(index + 1, size).serialize()["path"][1:] == ours
    assert [oracle.get_root(old), oracle.get_root(size)] == [tree_root(old, leaves), tree_root(size, leaves)]
    path = consistency_path_at(old, size, leaves)
    assert consistency_holds(old, size, oracle.get_root(old), oracle.get_root(size), path)
    assert path == subproof(old, [leaf_hash(b"%d" % n) for n in range(size)], whole=True)


def synthetic(level: int, index: int) -> bytes:
    """A range hash for sizes that nobody can build, each subtree its own: only look-ups are counted."""
    return hashlib.sha256(b"%d %d" % (level, index)).digest()


@pytest.mark.parametrize("size", [10**6, 2**20 - 1, 2**20, 2**20 + 1, 10**6 + 7, 2**40 - 1])
def test_proofs_in_large_logs_take_a_look_up_or_two_a_level(size: int) -> None:
    asked: list[tuple[int, int]] = []

    def counted(level: int, index: int) -> bytes:
        asked.append((level, index))
        assert (index + 1) << level <= size
        return synthetic(level, index)

    for place in (0, 1, size // 3, size // 2, size - 2, size - 1):
        asked.clear()
        assert len(inclusion_path_at(place, size, counted)) <= size.bit_length()
        assert len(asked) <= 2 * size.bit_length()
        asked.clear()
        assert len(consistency_path_at(place, size, counted)) <= size.bit_length() + 1
        assert len(asked) <= 2 * size.bit_length()


def test_a_log_of_a_million_entries_is_proved() -> None:
    size, old, leaf = 10**6, 777_777, 123_456
    leaves = Leaves()
    root, before = tree_root(size, leaves), tree_root(old, leaves)
    assert inclusion_holds(leaf_hash(b"%d" % leaf), leaf, size, inclusion_path_at(leaf, size, leaves), root)
    assert consistency_holds(old, size, before, root, consistency_path_at(old, size, leaves))


BAD_GROWTH: dict[str, tuple[int, int, bytes, bytes, list[bytes]]] = {
    "nothing_to_nothing_with_another_root": (0, 0, bytes(32), bytes(32), []),
    "nothing_with_another_root": (0, 1, bytes(32), leaf_hash(b"0"), []),
    "nothing_with_a_path": (0, 1, EMPTY_ROOT, leaf_hash(b"0"), [leaf_hash(b"0")]),
    "equal_sizes_with_a_path": (1, 1, leaf_hash(b"0"), leaf_hash(b"0"), [leaf_hash(b"0")]),
    "equal_sizes_other_roots": (1, 1, leaf_hash(b"0"), leaf_hash(b"1"), []),
    "shrunk": (2, 1, node_hash(leaf_hash(b"0"), leaf_hash(b"1")), leaf_hash(b"0"), []),
    "negative": (-1, 1, EMPTY_ROOT, leaf_hash(b"0"), []),
    "empty_roots_of_no_bytes": (1, 1, b"", b"", []),
    "short_node": (1, 2, leaf_hash(b"0"), node_hash(leaf_hash(b"0"), b"short"), [b"short"]),
    "endless_sizes": (2**200, 2**201, bytes(32), bytes(32), [bytes(32)] * 10),
}


@pytest.mark.parametrize("case", BAD_GROWTH.values(), ids=BAD_GROWTH.keys())
def test_what_is_no_growth_is_no_growth(case: tuple[int, int, bytes, bytes, list[bytes]]) -> None:
    assert not consistency_holds(*case)


def test_every_log_begins_with_the_empty_one() -> None:
    assert consistency_holds(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert consistency_holds(0, 1, EMPTY_ROOT, leaf_hash(b"0"), [])
