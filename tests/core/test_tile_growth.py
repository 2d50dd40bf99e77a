"""How the log grows in tiles: batch by batch it is the log at once, and nothing that was served ever changes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from certsvc.core.errors import Malformed
from certsvc.core.merkle import (
    EMPTY_ROOT,
    consistency_holds,
    consistency_path_at,
    inclusion_holds,
    inclusion_path_at,
    leaf_hash,
    levels,
    root_of,
    tree_root,
)
from certsvc.core.tiles import (
    ENTRIES,
    MAX_ENTRY,
    Edge,
    Tile,
    decode_entries,
    edge_at,
    edge_root,
    encode_entries,
    grow,
    hash_of_tiles,
    tiles_at,
    width_at,
)


class Store:
    """A log kept as tiles, each in its longest form, that watches what was served."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.edge, self.entries = Edge(), list[bytes]()
        self.root = EMPTY_ROOT

    def add(self, count: int) -> None:
        batch = [b"entry %d" % (len(self.entries) + n) for n in range(count)]
        growth = grow(self.edge, batch)
        for tile, data in growth.changed.items():
            old = self.tiles.get((tile.level, tile.n), b"")
            assert data.startswith(old) and len(data) > len(old)
            self.tiles[tile.level, tile.n] = data
        self.entries += batch
        self.edge, self.root = growth.edge, growth.root

    def read(self, tile: Tile) -> bytes:
        data = self.tiles[tile.level, tile.n]
        if tile.level == ENTRIES:
            return encode_entries(decode_entries(data, width_at(ENTRIES, tile.n, len(self.entries)))[: tile.width])
        return data[: tile.width * 32]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([0, 1, 2, 3, 17, 100, 255, 256, 257, 513]), max_size=8))
def test_a_log_that_grows_in_batches_is_the_log_at_once(batches: list[int]) -> None:
    store, oracle = Store(), InmemoryTree(algorithm="sha256")
    for count in batches:
        store.add(count)
    for one in store.entries:
        oracle.append_entry(one)
    size = len(store.entries)
    assert store.root == edge_root(store.edge) == (oracle.get_root() if size else EMPTY_ROOT)
    assert store.edge == grow(Edge(), store.entries).edge == edge_at(size, store.read)
    assert {place for place in store.tiles if place[0] != ENTRIES} == {(t.level, t.n) for t in tiles_at(size)}
    for tile in tiles_at(size):
        assert len(store.tiles[tile.level, tile.n]) == tile.width * 32
    bundles = [store.read(Tile(ENTRIES, n, width_at(ENTRIES, n, size))) for n in range(-(-size // 256))]
    assert b"".join(bundles) == encode_entries(store.entries)


def test_every_proof_comes_out_of_the_tiles_also_for_sizes_gone_by() -> None:
    store, roots = Store(), {}
    for count in (1, 255, 1, 343, 65_000, 4_400):
        store.add(count)
        roots[len(store.entries)] = store.root
    assert len(store.entries) == 70_000
    asked: list[tuple[int, int]] = []

    def read(level: int, n: int) -> bytes:
        asked.append((level, n))
        return store.tiles[level, n]

    hash_of = hash_of_tiles(read)
    for size, root in roots.items():
        assert tree_root(size, hash_of) == root
        for index in {0, size // 2, size - 1}:
            path = inclusion_path_at(index, size, hash_of)
            assert inclusion_holds(leaf_hash(store.entries[index]), index, size, path, root)
        assert consistency_holds(size, 70_000, root, store.root, consistency_path_at(size, 70_000, hash_of))
    asked.clear()
    inclusion_path_at(12_345, 70_000, hash_of)
    assert len(set(asked)) <= 2 * 3, "at most the tiles on the way up and those of the right edge"


def test_the_edge_of_an_old_size_is_read_from_longer_tiles() -> None:
    store = Store()
    store.add(700)
    old = edge_at(300, store.read)
    assert edge_root(old) == root_of(levels([leaf_hash(one) for one in store.entries[:300]]))
    assert grow(old, store.entries[300:]).root == store.root


def test_an_empty_batch_changes_nothing() -> None:
    store = Store()
    store.add(300)
    growth = grow(store.edge, [])
    assert (growth.changed, growth.edge, growth.root) == ({}, store.edge, store.root)


def test_a_batch_gives_only_the_tiles_that_it_changes_each_once() -> None:
    store = Store()
    store.add(255)
    # 255 + 2: the first tile becomes full, a second begins, and so does the level above; likewise the bundles.
    assert set(grow(store.edge, [b"a", b"b"]).changed) == {
        Tile(ENTRIES, 0), Tile(ENTRIES, 1, 1), Tile(0, 0), Tile(0, 1, 1), Tile(1, 0, 1),
    }  # fmt: skip


@pytest.mark.parametrize("fault", ["tile_cut", "tile_too_long", "bundle_cut"])
def test_damaged_tiles_are_refused(fault: str) -> None:
    store = Store()
    store.add(300)
    level = ENTRIES if fault == "bundle_cut" else 0

    def read(tile: Tile) -> bytes:
        data = store.read(tile)
        return data if tile.level != level else data + bytes(32) if fault == "tile_too_long" else data[:-1]

    with pytest.raises(Malformed, match=r"^tile_form:"):
        edge_at(300, read)


def test_a_tile_that_is_too_short_gives_no_hash() -> None:
    hash_of = hash_of_tiles(lambda level, n: bytes(32 * 3))
    assert hash_of(1, 0)
    for level, index in ((1, 1), (0, 3), (2, 0)):
        with pytest.raises(Malformed, match=r"^tile_form:"):
            hash_of(level, index)


def test_an_entry_that_is_too_long_is_refused_before_anything_changes() -> None:
    with pytest.raises(Malformed, match=r"^entry_size:"):
        grow(Edge(), [b"a", bytes(MAX_ENTRY + 1)])
