"""Proofs under one root that thousands of certificates share: what was climbed once is not climbed again (RFC 9162 2.1.3.2)."""

from hashlib import sha256

from certsvc.core.checkpoint import MAX_PATH

#: Place of a node and the last place of its level -> its two children, and the rest of the proof that led to the root.
Nodes = dict[tuple[int, int], bytes]
#: Nodes remembered of one tree.
KNOWN_NODES = 8192


def leads(known: Nodes, leaf: bytes, index: int, siblings: bytes, root: bytes, size: int) -> bool:
    """As `inclusion_holds`, and where a node with the same children and the same rest led to this root, it does again.

    That siblings have 32 bytes is the business of whoever reads a bundle: its schema knows no other hash.
    """
    node, first, last = leaf, index, size - 1
    if not 0 <= first <= last or len(siblings) > 32 * MAX_PATH:
        return False
    climbed = []
    for start in range(0, len(siblings), 32):
        if last == 0:
            return False
        if first & 1 or first == last:
            # RFC 9162 2.1.3.2, written out as `merkle.climb` has it: this is the innermost loop of all.
            rest = siblings[start : start + 32] + node + siblings[start + 32 :]
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            rest = node + siblings[start:]
        place = first, last = first >> 1, last >> 1
        if known.get(place) == rest:
            break
        climbed.append((place, rest))
        node = sha256(b"\x01" + rest[:64]).digest()
    else:
        if last != 0 or node != root:
            return False
    if climbed and len(known) < KNOWN_NODES:
        known.update(climbed)
    return True
