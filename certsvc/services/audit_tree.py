"""The hash tiles of a log, built again from its entries and compared with those that are served (C2SP tlog-tiles).

Pure: tiles come from a function that is handed in, findings go to another, and no more than two tiles a level are kept.
Where the entries say one thing and a served tile another, the signed tile above decides which of the two is right: so a
single changed byte is found under its own name, and everything behind it is judged as if it had not changed.
"""

from collections.abc import Callable, Iterable
from functools import cached_property

from certsvc.core.merkle import levels as rows_of
from certsvc.core.merkle import root_of
from certsvc.core.tiles import ENTRIES, FULL, HASH_BYTES, HEIGHT, WIDTH, Edge, Tile, edge_root, tile_path, width_at

#: (code, where, detail): something that is not as it was signed.
Report = Callable[[str, str, str], None]
#: A tile in exactly its width as it is served, or None if it is not there.
ReadTile = Callable[[Tile], bytes | None]
#: In which partial widths a tile is served besides.
Widths = Callable[[Tile], Iterable[int]]


class Rebuilt:
    """The tree of a log of `size` entries under the signed `root`, as its entries say it is."""

    def __init__(self, size: int, root: bytes, read: ReadTile, widths: Widths, report: Report) -> None:
        self._size, self._root, self._read, self._widths, self._report = size, root, read, widths, report
        #: For each level, the hashes of the tile that is not full yet; level 0 has only those of the right edge.
        self._open: list[bytes] = [b""]
        #: Level -> number and bytes of the last tile that was looked at from below; None for one that is not signed.
        self._above: dict[int, tuple[int, bytes | None]] = {}
        self._lost = False

    def settle(self, n: int, hashes: bytes | None, level: int = 0) -> bytes | None:
        """The hashes of tile `n` as they were signed; None if nothing that is served leads to what was signed.

        `hashes` are those of what is below the tile, None if that could not be read. Reports the tile and what is
        below it where they are wrong, and the narrower forms in which the tile is served.
        """
        tile = Tile(level, n, width_at(level, n, self._size))
        served = self._served(tile)
        right = self._right(tile, [one for one in (hashes, served) if one is not None])
        if hashes is not None and hashes != right:
            self._report_below(tile, hashes, right)
        elif served is not None and right is None:
            self._report("bad_tile", tile_path(tile), "not what is signed above it")
        if served is not None and right is not None and served != right:
            self._report("bad_tile", tile_path(tile), "its hashes are not those of what is below it")
        self._compare_narrower(tile, right)
        return right

    def close(self, n: int, hashes: bytes | None) -> None:
        """Goes on behind tile `n` of level 0, which has these hashes."""
        if width_at(0, n, self._size) == WIDTH:
            self._carry(1, n, self._hash(Tile(0, n), hashes))
        else:
            self._open[0], self._lost = hashes or b"", self._lost or hashes is None

    def root(self, bottom: bytes | None = None) -> bytes:
        """The root of all that was closed, with the hashes `bottom` of level 0 behind it."""
        return edge_root(Edge(tiles=(self._open[0] if bottom is None else bottom, *self._open[1:])))

    def finish(self) -> None:
        """Compares the tiles of the right edge, and the root with the one that was signed."""
        for level in range(1, len(self._open)):
            if self._open[level]:
                right = self.settle(self._size >> HEIGHT * (level + 1), self._open[level], level)
                self._open[level] = right or self._open[level]
        if not self._lost and self.root() != self._root:
            self._report("bad_checkpoint", "checkpoint", f"its {self._size} entries lead to another root")

    def _carry(self, level: int, index: int, one: bytes) -> None:
        if level == len(self._open):
            self._open.append(b"")
        self._open[level] += one
        if len(self._open[level]) == FULL:
            n = index // WIDTH
            right, self._open[level] = self.settle(n, self._open[level], level), b""
            self._carry(level + 1, n, self._hash(Tile(level, n), right))

    def _hash(self, tile: Tile, hashes: bytes | None) -> bytes:
        """What a full tile is in the tile above."""
        signed = self._signed_above(tile)
        if signed is not None:
            return signed
        self._lost = self._lost or hashes is None
        return bytes(HASH_BYTES) if hashes is None else _fold(hashes)

    def _served(self, tile: Tile) -> bytes | None:
        data = self._read(tile)
        if data is None:
            self._report("missing", tile_path(tile), "")
        elif len(data) != tile.width * HASH_BYTES:
            self._report("bad_tile", tile_path(tile), f"{len(data)} bytes, not {tile.width * HASH_BYTES}")
            return None
        return data

    def _right(self, tile: Tile, found: list[bytes]) -> bytes | None:
        """Which of what was found was signed; the first, what is below the tile, where nothing above can tell."""
        if tile.width < WIDTH:
            return found[-1 if self._edge_is_signed else 0] if found else None
        signed = self._signed_above(tile)
        return next((one for one in found if signed is None or _fold(one) == signed), None)

    def _signed_above(self, tile: Tile) -> bytes | None:
        """The hash of a full tile as the tile above has it, if that is signed."""
        n, slot = divmod(tile.n, WIDTH)
        level = tile.level + 1
        kept = self._above.get(level)
        if kept is None or kept[0] != n:
            kept = self._above[level] = (n, self._signed(Tile(level, n, width_at(level, n, self._size))))
        return None if kept[1] is None else kept[1][slot * HASH_BYTES : (slot + 1) * HASH_BYTES]

    def _signed(self, tile: Tile) -> bytes | None:
        """A tile as it is served, if everything between it and the root says so."""
        data = self._read(tile)
        if data is None or len(data) != tile.width * HASH_BYTES:
            return None
        if tile.width < WIDTH:
            return data if self._edge_is_signed else None
        return data if _fold(data) == self._signed_above(tile) else None

    @cached_property
    def _edge_is_signed(self) -> bool:
        """True if the partial tiles of the right edge lead to the root, as they are served."""
        tiles: list[bytes] = []
        while self._size >> HEIGHT * len(tiles):
            n, width = divmod(self._size >> HEIGHT * len(tiles), WIDTH)
            data = self._read(Tile(len(tiles), n, width)) if width else b""
            if data is None or len(data) != width * HASH_BYTES:
                return False
            tiles.append(data)
        return edge_root(Edge(tiles=tuple(tiles))) == self._root

    def _compare_narrower(self, tile: Tile, right: bytes | None) -> None:
        for width in self._widths(tile):
            narrow = Tile(tile.level, tile.n, width)
            if right is not None and 0 < width < tile.width and self._read(narrow) != right[: width * HASH_BYTES]:
                self._report("bad_tile", tile_path(narrow), "not the beginning of what it grew into")

    def _report_below(self, tile: Tile, hashes: bytes, right: bytes | None) -> None:
        """Tells of entries, which are all that is below a tile and can be wrong: tiles were settled before."""
        below = Tile(ENTRIES if tile.level == 0 else tile.level, tile.n, tile.width)
        code = "bad_entry" if tile.level == 0 else "bad_tile"
        if right is None or tile.level > 0:
            self._report(code, tile_path(below), "not what is signed above it")
            return
        for slot in range(tile.width):
            at = slice(slot * HASH_BYTES, (slot + 1) * HASH_BYTES)
            if right[at] != hashes[at]:
                self._report(code, tile_path(below), f"entry {tile.n * WIDTH + slot}")


def _fold(hashes: bytes) -> bytes:
    """The hash of a full tile, as the tile above has it."""
    return root_of(rows_of([hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]))
