"""Mirrors of logs that no home keeps, signed by the INSECURE-TEST key of the vectors: for auditors to find faults in."""

import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

from insecure_log import LOG, ORIGIN

from certsvc.core.checkpoint import Head, format_head
from certsvc.core.encoding import b64
from certsvc.core.leaves import act_leaf
from certsvc.core.note import Note, format_note
from certsvc.core.tiles import Edge, Growth, grow, tile_path
from certsvc.services.audit_source import checkpoint_path

OFFICE, OTHER_OFFICE = b64(bytes(32)), b64(bytes(31) + b"\x01")


def act(number: int, signer: str = OFFICE) -> bytes:
    """The leaf of an act; every number gives another, with a once-tag of its own."""
    tag = b64(sha256(b"once %d" % number).digest())
    return act_leaf(signer, b"document %d" % number, bytes(32), [tag])


def acts(first: int, last: int) -> list[bytes]:
    return [act(number) for number in range(first, last)]


def signed(size: int, root: bytes) -> bytes:
    text = format_head(Head(ORIGIN, size, root))
    return format_note(Note(text, (LOG.line(text),)))


def write_mirror(folder: Path, *batches: Iterable[bytes]) -> None:
    """A mirror of the log of these batches, with a checkpoint after each of them and every tile as it was then."""
    edge = Edge()
    write_checkpoint(folder, grow(edge, []))
    for batch in batches:
        for growth in grown(edge, batch):
            edge = growth.edge
            for tile, data in growth.changed.items():
                put(folder / tile_path(tile), data)
        write_checkpoint(folder, growth)


def grown(edge: Edge, batch: Iterable[bytes]) -> Iterator[Growth]:
    """A batch of any length, 4096 entries at a time."""
    rest = iter(batch)
    for first in rest:
        growth = grow(edge, [first, *islice(rest, 4095)])
        edge = growth.edge
        yield growth


def write_checkpoint(folder: Path, growth: Growth) -> None:
    note = signed(growth.edge.size, growth.root)
    put(folder / checkpoint_path(growth.edge.size), note)
    put(folder / "checkpoint", note)


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def with_one_bit_changed(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


if __name__ == "__main__":
    # `python mirror_for_tests.py FOLDER SIZE`: a large mirror, for measurements.
    write_mirror(Path(sys.argv[1]), (act(number) for number in range(int(sys.argv[2]))))
