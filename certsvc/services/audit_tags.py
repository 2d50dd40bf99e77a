"""Repeated once-tags among any number of them, in bounded memory: sorted on disk, one part of them after another."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

#: A once-tag (SHA-256) and the index of its leaf, 8 bytes big-endian.
TAG, ROW = 32, 40
#: Files, by the first byte of the tag: of 100 million tags each holds 16 MB.
PARTS = 256
#: Bytes of each part that wait in memory: 4 MB in all.
WAITING = 16_384


class TagSorter:
    """Takes the tags of leaves in any order; `folder` is empty and belongs to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting = [bytearray() for _ in range(PARTS)]

    def add(self, tag: bytes, index: int) -> None:
        waiting = self._waiting[tag[0]]
        waiting += tag + index.to_bytes(ROW - TAG)
        if len(waiting) >= WAITING:
            self._write(tag[0])

    def repeated(self) -> Iterator[tuple[bytes, list[int]]]:
        """Each tag that more than one leaf has, with their indices in order."""
        for part in range(PARTS):
            self._write(part)
            data = self._path(part).read_bytes()
            rows = sorted(data[at : at + ROW] for at in range(0, len(data), ROW))
            for tag, same in groupby(rows, lambda row: row[:TAG]):
                indices = [int.from_bytes(row[TAG:]) for row in same]
                if len(indices) > 1:
                    yield tag, indices

    def _write(self, part: int) -> None:
        with self._path(part).open("ab") as file:
            file.write(self._waiting[part])
        self._waiting[part].clear()

    def _path(self, part: int) -> Path:
        return self._folder / f"{part:02x}"
