"""The log as tiles (C2SP tlog-tiles): which exist at a size, how they are named and written, and how they grow.

A tile is 256 hashes of one level, an entry bundle 256 entries. A partial one is a prefix of what it grows into, so only
the longest form is ever stored.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from certsvc.core.errors import Malformed
from certsvc.core.merkle import EMPTY_ROOT, HashOf, leaf_hash, levels, root_of

WIDTH, HEIGHT, HASH_BYTES = 256, 8, 32
FULL = WIDTH * HASH_BYTES
#: tlog-tiles: levels 0 to 63.
MAX_LEVEL = 63
#: Level of an entry bundle; its number and width are those of the tile of level 0.
ENTRIES = -1
MAX_ENTRY = 65_535

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True)
class Tile:
    """The name of a tile or entry bundle; `width` 256 is a full one."""

    level: int
    n: int
    width: int = WIDTH


@dataclass(frozen=True)
class Edge:
    """All that must be known to go on: what is partial at the right edge of a log of `size` entries."""

    size: int = 0
    bundle: bytes = b""
    """The last entry bundle, if partial."""
    tiles: tuple[bytes, ...] = ()
    """For each level from 0 up to the last that exists, its partial tile; empty where all tiles are full."""


@dataclass(frozen=True)
class Growth:
    """What one batch changes."""

    changed: dict[Tile, bytes]
    """Every tile and entry bundle that is new or longer, whole and in its last form."""
    edge: Edge
    root: bytes
    """Root of the log with the batch."""


def tile_path(tile: Tile) -> str:
    """`tile/<L>/<N>[.p/<W>]`, N in groups of three digits of which all but the last begin with x."""
    digits = str(tile.n)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    level = "entries" if tile.level == ENTRIES else str(tile.level)
    partial = "" if tile.width == WIDTH else f".p/{tile.width}"
    return "/".join(["tile", level, *(f"x{group}" for group in groups[:-1]), groups[-1]]) + partial


def parse_tile_path(path: str) -> Tile:
    """The tile that `path` names. Raises Malformed for any spelling but the one of `tile_path`."""
    parts = _PATH.fullmatch(path)
    if parts is None:
        raise _malformed("tile_path", "not the path of a tile")
    level = ENTRIES if parts[1] == "entries" else int(parts[1])
    tile = Tile(level, int(re.sub("[x/]", "", parts[2])), int(parts[3] or WIDTH))
    if level > MAX_LEVEL or tile.width > WIDTH or tile_path(tile) != path:
        raise _malformed("tile_path", "not the one spelling of a tile's path")
    return tile


def width_at(level: int, n: int, size: int) -> int:
    """How many hashes (or entries) the `n`-th tile of `level` has in a log of `size` entries: 0 to 256."""
    return max(0, min(WIDTH, (size >> HEIGHT * max(level, 0)) - n * WIDTH))


def exists_at(tile: Tile, size: int) -> bool:
    """True if `tile` can be served for a log of `size` entries, be it as the prefix of a longer one."""
    return 1 <= tile.width <= width_at(tile.level, tile.n, size)


def tiles_at(size: int) -> Iterator[Tile]:
    """Every tile of a log of `size` entries, each in its longest form, without entry bundles."""
    level = 0
    while slots := size >> HEIGHT * level:
        yield from (Tile(level, n, width_at(level, n, size)) for n in range(-(-slots // WIDTH)))
        level += 1


def encode_entries(entries: Iterable[bytes]) -> bytes:
    """An entry bundle: each entry behind its length as a big-endian uint16. Raises Malformed for a longer entry."""
    written = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise _malformed("entry_size", f"an entry has at most {MAX_ENTRY} bytes")
        written.append(len(entry).to_bytes(2) + entry)
    return b"".join(written)


def decode_entries(data: bytes, width: int) -> list[bytes]:
    """The `width` entries of a bundle. Raises Malformed if `data` is not exactly as long as they are."""
    entries, at = [], 0
    for _ in range(width):
        end = at + 2 + int.from_bytes(data[at : at + 2])
        entries.append(data[at + 2 : end])
        at = end
    # A bundle that was cut off is shorter than its last length says, wherever it was cut.
    if at != len(data):
        raise _malformed("tile_form", f"not a bundle of {width} entries")
    return entries


def hashes_in(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile. Raises Malformed if there are not `width` of them."""
    if len(data) != width * HASH_BYTES:
        raise _malformed("tile_form", f"not a tile of {width} hashes")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def hash_of_tiles(read: Callable[[int, int], bytes]) -> HashOf:
    """Look-ups for proofs (`core.merkle`) out of `read(level, n)`, which gives a tile in any form that is long enough.

    What it gives back raises Malformed where a tile is too short.
    """

    def hash_of(level: int, index: int) -> bytes:
        tier, height = divmod(level, HEIGHT)
        n, slot = divmod(index << height, WIDTH)
        part = read(tier, n)[slot * HASH_BYTES : (slot + (1 << height)) * HASH_BYTES]
        return root_of(levels(hashes_in(part, 1 << height)))

    return hash_of


def edge_at(size: int, read: Callable[[Tile], bytes]) -> Edge:
    """The right edge of a log of `size` entries: one read of an entry bundle, and of one tile a level.

    `read` gives exactly the width that it is asked for. Raises Malformed where it does not.
    """
    bundle = _right(ENTRIES, size)
    entries = read(bundle) if bundle.width else b""
    decode_entries(entries, bundle.width)
    tiles: list[bytes] = []
    while size >> HEIGHT * len(tiles):
        tile = _right(len(tiles), size)
        data = read(tile) if tile.width else b""
        hashes_in(data, tile.width)
        tiles.append(data)
    return Edge(size, entries, tuple(tiles))


def edge_root(edge: Edge) -> bytes:
    """The root, from one tile a level: each level's partial tile, with the hash of what is right of it below."""
    below: list[bytes] = []
    for data in edge.tiles:
        hashes = hashes_in(data, len(data) // HASH_BYTES) + below
        below = [root_of(levels(hashes))] if hashes else []
    return below[0] if below else EMPTY_ROOT


def grow(edge: Edge, entries: Sequence[bytes]) -> Growth:
    """The log behind `edge` with `entries` added in their order. Raises Malformed for an entry that is too long."""
    waiting = [*decode_entries(edge.bundle, edge.size % WIDTH), *entries]
    parts = [waiting[at : at + WIDTH] for at in range(0, len(waiting), WIDTH)] if entries else []
    changed = {Tile(ENTRIES, n, len(part)): encode_entries(part) for n, part in enumerate(parts, edge.size // WIDTH)}
    level, added = 0, b"".join(map(leaf_hash, entries))
    while added:
        tiles = _grown(edge, level, added)
        changed |= tiles
        # Only a full tile is hashed into the level above.
        added = b"".join(root_of(levels(hashes_in(data, WIDTH))) for data in tiles.values() if len(data) == FULL)
        level += 1
    kept = {_right(level, edge.size): data for level, data in enumerate((edge.bundle, *edge.tiles), ENTRIES)}
    after = edge_at(edge.size + len(entries), (kept | changed).__getitem__)
    return Growth(changed, after, edge_root(after))


def _grown(edge: Edge, level: int, added: bytes) -> dict[Tile, bytes]:
    """The tiles of one level that are new or longer, once `added` stands behind what was partial."""
    data = (edge.tiles[level] if level < len(edge.tiles) else b"") + added
    first = _right(level, edge.size).n
    parts = [data[at : at + FULL] for at in range(0, len(data), FULL)]
    return {Tile(level, first + n, len(part) // HASH_BYTES): part for n, part in enumerate(parts)}


def _right(level: int, size: int) -> Tile:
    """The partial tile of `level` at the right edge; its width is 0 where there is none."""
    slots = size >> HEIGHT * max(level, 0)
    return Tile(level, slots // WIDTH, slots % WIDTH)


def _malformed(code: str, en: str) -> Malformed:
    return Malformed(code, "日志数据格式错误", f"The log's data are malformed: {en}.")
