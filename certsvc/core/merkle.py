"""Merkle trees of RFC 6962 2.1: roots, inclusion paths and their verification."""

from hashlib import sha256


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
    return rows[-1][0] if rows[0] else sha256(b"").digest()


def inclusion_path(rows: list[list[bytes]], index: int) -> list[bytes]:
    """PATH(index, D[n]) of RFC 6962 2.1.1, from the leaf upwards."""
    path = []
    for row in rows[:-1]:
        sibling = index ^ 1
        if sibling < len(row):
            path.append(row[sibling])
        index >>= 1
    return path


def inclusion_holds(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """True if `path` leads from the leaf hash at `index` of `size` leaves to `root` (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size or any(len(one) != sha256().digest_size for one in (leaf, root, *path)):
        return False
    node, first, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            node = node_hash(sibling, node)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and node == root
