"""RFC 6962 trees against the vectors of transparency-dev and against pymerkle."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from certsvc.core.merkle import inclusion_holds, inclusion_path, leaf_hash, levels, node_hash, root_of

VECTORS = Path(__file__).parents[2].parent / "shared" / "data" / "merkle" / "inclusion.json"


def cases() -> list[dict[str, Any]]:
    if not VECTORS.is_file():
        pytest.skip(f"{VECTORS} is not beside this checkout")
    found = json.loads(VECTORS.read_text("utf-8"))
    return list(found["cases"] if isinstance(found, dict) else found)


def test_the_public_vectors_of_inclusion_are_judged_as_they_say() -> None:
    seen = 0
    for case in cases():
        one = case.get("vector", case)
        leaf, root = base64.b64decode(one["leafHash"] or ""), base64.b64decode(one["root"] or "")
        path = [base64.b64decode(node) for node in one["proof"] or []]
        holds = inclusion_holds(leaf, int(one["leafIdx"]), int(one["treeSize"]), path, root)
        assert holds is not one["wantErr"], one
        seen += 1
    assert seen > 90


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40))
def test_roots_are_those_of_pymerkle(leaves: list[bytes]) -> None:
    oracle = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        oracle.append_entry(leaf)
    assert root_of(levels([leaf_hash(leaf) for leaf in leaves])) == oracle.get_root()


@given(st.integers(1, 70), st.data())
def test_every_path_leads_to_the_root_and_no_other_place_does(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    tree = levels([leaf_hash(bytes([n])) for n in range(size)])
    leaf, path, root = tree[0][index], inclusion_path(tree, index), root_of(tree)
    assert inclusion_holds(leaf, index, size, path, root)
    for other in set(range(-1, size + 2)) - {index}:
        assert not inclusion_holds(leaf, other, size, path, root)
    assert not inclusion_holds(leaf, index, size, [*path, root], root)
    assert not inclusion_holds(leaf_hash(b"other"), index, size, path, root)
    if path:
        assert not inclusion_holds(leaf, index, size, path[:-1], root)


def test_a_node_is_never_taken_for_a_leaf() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) != leaf_hash(left + right)


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert root_of(levels([])) == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("short", ["leaf", "root", "node"])
def test_hashes_of_another_length_prove_nothing(short: str) -> None:
    leaf, node = leaf_hash(b"a"), leaf_hash(b"b")
    parts = {"leaf": leaf, "root": node_hash(leaf, node), "node": node}
    assert inclusion_holds(parts["leaf"], 0, 2, [parts["node"]], parts["root"])
    parts[short] = parts[short][:-1]
    parts["root"] = node_hash(parts["leaf"], parts["node"]) if short != "root" else parts["root"]
    assert not inclusion_holds(parts["leaf"], 0, 2, [parts["node"]], parts["root"])


def test_huge_sizes_cost_nothing() -> None:
    assert not inclusion_holds(bytes(32), 2**200, 2**201, [bytes(32)] * 10, bytes(32))
    assert not inclusion_holds(bytes(32), 0, 0, [], bytes(32))
