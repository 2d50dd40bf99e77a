"""Tiles: one spelling of each path, what exists at each size, and bundles that are read in one way."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.errors import Malformed
from certsvc.core.tiles import (
    ENTRIES,
    MAX_ENTRY,
    Tile,
    decode_entries,
    encode_entries,
    exists_at,
    hashes_in,
    parse_tile_path,
    tile_path,
    tiles_at,
    width_at,
)

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "log" / "tile_path.json").read_text("utf-8")
)["cases"]
SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_a_path_is_read_as_its_vector_says(case: dict[str, Any]) -> None:
    if "refused" in case["expected"]:
        with pytest.raises(Malformed) as refused:
            parse_tile_path(case["path"])
        assert refused.value.code == case["expected"]["refused"]
        return
    level, n, width = case["expected"].values()
    tile = Tile(ENTRIES if level == "entries" else level, n, width)
    assert parse_tile_path(case["path"]) == tile
    assert tile_path(tile) == case["path"]


@given(st.integers(ENTRIES, 63), st.integers(0, 10**18), st.integers(1, 256))
def test_a_path_is_read_back(level: int, n: int, width: int) -> None:
    tile = Tile(level, n, width)
    assert parse_tile_path(tile_path(tile)) == tile


@given(st.text("tile/0123456789x.pentries", max_size=30))
def test_only_the_one_spelling_of_a_path_is_read(path: str) -> None:
    try:
        tile = parse_tile_path(f"tile/0/{path}")
    except Malformed:
        return
    assert tile_path(tile) == f"tile/0/{path}"


def test_a_log_of_70_000_has_the_tiles_that_the_specification_counts() -> None:
    found = list(tiles_at(70_000))
    assert [sum(tile.level == level and tile.width == 256 for tile in found) for level in range(3)] == [273, 1, 0]
    assert [tile for tile in found if tile.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]


def test_a_log_of_256_has_a_full_tile_and_one_hash_above_it() -> None:
    assert list(tiles_at(256)) == [Tile(0, 0), Tile(1, 0, 1)]


@pytest.mark.parametrize("size", SIZES)
def test_what_exists_is_exactly_the_listed_tiles_and_their_prefixes(size: int) -> None:
    listed = {(tile.level, tile.n): tile.width for tile in tiles_at(size)}
    for level in range(4):
        for n in range(size // 256 ** (level + 1) + 2):
            widest = listed.get((level, n), 0)
            assert width_at(level, n, size) == widest
            for width in (1, widest, 255, 256):
                assert exists_at(Tile(level, n, width), size) is (1 <= width <= widest)
    assert width_at(ENTRIES, size // 256, size) == size % 256
    assert not exists_at(Tile(0, size // 256, 0), size)
    assert not exists_at(Tile(63, 0, 1), size)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_an_entry_bundle_is_read_back(entries: list[bytes]) -> None:
    assert decode_entries(encode_entries(entries), len(entries)) == entries


def test_lengths_are_big_endian() -> None:
    assert encode_entries([b"a", b"b" * 258]) == b"\x00\x01a\x01\x02" + b"b" * 258


def test_the_longest_entry_is_written_and_a_longer_one_is_refused() -> None:
    assert decode_entries(encode_entries([bytes(MAX_ENTRY)]), 1) == [bytes(MAX_ENTRY)]
    with pytest.raises(Malformed, match=r"^entry_size:"):
        encode_entries([bytes(MAX_ENTRY + 1)])


BAD_BUNDLES: dict[str, tuple[bytes, int]] = {
    "cut_in_an_entry": (b"\x00\x02a", 1),
    "cut_in_a_length": (b"\x00\x01a\x00", 2),
    "cut_before_an_entry": (b"\x00\x01a", 2),
    "one_entry_too_many": (b"\x00\x01a\x00\x01b", 1),
    "bytes_after_it": (b"\x00\x01ab", 1),
    "nothing": (b"", 1),
    "something_for_nothing": (b"\x00\x00", 0),
    "little_endian": (b"\x01\x00a", 1),
}


@pytest.mark.parametrize(("data", "width"), BAD_BUNDLES.values(), ids=BAD_BUNDLES.keys())
def test_what_is_not_exactly_one_bundle_is_refused(data: bytes, width: int) -> None:
    with pytest.raises(Malformed, match=r"^tile_form:"):
        decode_entries(data, width)


@pytest.mark.parametrize("length", [0, 31, 33, 63, 65, 96])
def test_a_tile_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(Malformed, match=r"^tile_form:"):
        hashes_in(bytes(length), 2)
