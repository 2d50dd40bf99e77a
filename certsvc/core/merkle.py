"""Merkle trees of RFC 6962 2.1: roots, inclusion and consistency paths and their verification."""

from collections.abc import Callable, Sequence
from hashlib import sha256

#: (level, index) -> MTH(D[index * 2^level : (index + 1) * 2^level]), a subtree that is whole. Level 0: leaf hashes.
HashOf = Callable[[int, int], bytes]

#: MTH({}) of RFC 6962 2.1: the hash of nothing.
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """MTH of one leaf: the 0x00 prefix keeps leaves and nodes apart."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def levels(leaf_hashes: list[bytes]) -> list[list[bytes]]:
    """Every level of the tree, leaves first; an odd last node is carried up unchanged."""
    rows = [leaf_hashes]
    while len(rows[-1]) > 1:
        row = rows[-1]
        paired = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        rows.append(paired + row[len(row) - len(row) % 2 :])
    return rows


def root_of(rows: list[list[bytes]]) -> bytes:
    """The root of `levels(...)`; the hash of nothing for an empty tree."""
    return rows[-1][0] if rows[0] else EMPTY_ROOT


def inclusion_path(rows: list[list[bytes]], index: int) -> list[bytes]:
    """PATH(index, D[n]) of RFC 6962 2.1.1, from the leaf upwards."""
    path = []
    for row in rows[:-1]:
        sibling = index ^ 1
        if sibling < len(row):
            path.append(row[sibling])
        index >>= 1
    return path


def climb(node: bytes, first: int, last: int, sibling: bytes) -> tuple[bytes, int, int]:
    """One step of RFC 9162 2.1.3.2: the node above `node` and `sibling`, with its place and the last place there."""
    if first & 1 or first == last:
        node = node_hash(sibling, node)
        while not first & 1 and first:
            first, last = first >> 1, last >> 1
    else:
        node = node_hash(node, sibling)
    return node, first >> 1, last >> 1


def inclusion_holds(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """True if `path` leads from the leaf hash at `index` of `size` leaves to `root` (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size or any(len(one) != sha256().digest_size for one in (leaf, root, *path)):
        return False
    node, first, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return False
        node, first, last = climb(node, first, last, sibling)
    return last == 0 and node == root


def consistency_holds(old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """True if the tree of `new_size` leaves and root begins with that of `old_size` (RFC 9162 2.1.4.2).

    Every tree begins with the empty one, for which the path is empty. Hashes of another length prove nothing.
    """
    if not 0 <= old_size <= new_size or any(len(one) != sha256().digest_size for one in (old_root, new_root, *path)):
        return False
    if old_size == new_size:
        return not path and old_root == new_root and (new_size > 0 or new_root == EMPTY_ROOT)
    if old_size == 0:
        return not path and old_root == EMPTY_ROOT
    # RFC 9162 2.1.4.2, 2: a whole old tree is a node of the new one, so the path does not repeat it.
    nodes = [old_root, *path] if old_size & (old_size - 1) == 0 else list(path)
    return bool(nodes) and _grown(old_size - 1, new_size - 1, nodes) == (old_root, new_root)


def _grown(first: int, last: int, nodes: list[bytes]) -> tuple[bytes, bytes] | None:
    """The old and the new root that `nodes` lead to, or None when their number does not fit the sizes."""
    while first & 1:
        first, last = first >> 1, last >> 1
    old = new = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return None
        if first & 1 or first == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        first, last = first >> 1, last >> 1
    return (old, new) if last == 0 else None


def range_hash(start: int, end: int, hash_of: HashOf) -> bytes:
    """MTH(D[start:end]) of RFC 6962 2.1, for 0 <= start < end as they arise when a tree is split at powers of two."""
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return hash_of(level, start >> level)
    middle = start + _split(width)
    return node_hash(range_hash(start, middle, hash_of), range_hash(middle, end, hash_of))


def tree_root(size: int, hash_of: HashOf) -> bytes:
    """The root of the first `size` leaves, with at most one look-up a level."""
    return range_hash(0, size, hash_of) if size else EMPTY_ROOT


def inclusion_path_at(index: int, size: int, hash_of: HashOf) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 2.1.1 in O(log size) look-ups. Requires 0 <= index < size."""
    start, end = 0, size
    path = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_hash(middle, end, hash_of))
            end = middle
        else:
            path.append(range_hash(start, middle, hash_of))
            start = middle
    return path[::-1]


def consistency_path_at(old_size: int, new_size: int, hash_of: HashOf) -> list[bytes]:
    """PROOF(old_size, D[new_size]) of RFC 6962 2.1.2 in O(log new_size) look-ups; empty for an empty old tree.

    Requires 0 <= old_size <= new_size.
    """
    if old_size == 0:
        return []
    start, end = 0, new_size
    path = []
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(range_hash(middle, end, hash_of))
            end = middle
        else:
            path.append(range_hash(start, middle, hash_of))
            start = middle
    # SUBPROOF's flag: the verifier has the old root, so it is given only where it is not the whole first part.
    return [*([range_hash(start, end, hash_of)] if start else []), *path[::-1]]


def _split(width: int) -> int:
    """The largest power of two below `width` (RFC 6962 2.1), for `width` > 1."""
    return 1 << (width - 1).bit_length() - 1
