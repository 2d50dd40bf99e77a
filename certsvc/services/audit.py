"""Audit of a log that somebody else serves: everything is derived again from its entries (`certsvc log audit`).

Only the keys that are handed in are believed. The checkpoint is verified; every entry is hashed; every hash tile that
is served, the root, every older checkpoint that is there, and the checkpoint seen last are compared with what the
entries lead to; status lists are folded out of the entries, and once-tags that come twice are named. Memory does not
grow with the log, but for the status events (`audit_status`).
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from certsvc.core.checkpoint import Checkpoint, WitnessPolicy, parse_head, verify_checkpoint
from certsvc.core.encoding import b64, unb64
from certsvc.core.errors import CertsvcError, Malformed, NotFound, NotReady
from certsvc.core.leaves import MAX_BYTES, parse_leaf
from certsvc.core.merkle import leaf_hash
from certsvc.core.note import MAX_BYTES as MAX_NOTE
from certsvc.core.note import VerifierKey, parse_note
from certsvc.core.outcomes import Fault
from certsvc.core.tiles import ENTRIES, FULL, HASH_BYTES, WIDTH, Tile, decode_entries, tile_path, width_at
from certsvc.services import audit_state
from certsvc.services.audit_source import CHECKPOINT, Source, checkpoint_path
from certsvc.services.audit_status import Fold, Served, parse_served
from certsvc.services.audit_tags import TagSorter
from certsvc.services.audit_tree import Rebuilt

#: The largest bundle of entries of ours.
MAX_BUNDLE = WIDTH * (2 + MAX_BYTES)
#: Findings that are kept one by one; the others are counted.
KEPT = 1000
#: Exit codes for monitors: nothing found, not everything could be read, a fault.
SOUND, UNREAD, FAULTY = 0, 1, 3
#: Findings after which the checkpoint is kept all the same: it is signed, whole and continues the one before.
HARMLESS = {"double_tag", "status_differs", "status_order"}
#: Findings after which it is not known what a status list should say.
INCOMPLETE = {"missing", "bad_entry"}

#: No witness must have signed.
NOBODY = WitnessPolicy(0, ())

Told = Callable[[int, dict[str, Any]], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Trusted:
    """Whose checkpoints are believed, and how many of which witnesses must have signed them."""

    keys: tuple[VerifierKey, ...]
    policy: WitnessPolicy = NOBODY
    limits: tuple[int | None, ...] = ()
    """For each of `keys` the largest size that it is believed for; None while it lives, and where nothing is said."""

    def keys_for(self, size: int) -> tuple[VerifierKey, ...]:
        """Those that may have signed a checkpoint of this size: a key that has ended is believed up to one."""
        pairs = zip_longest(self.keys, self.limits[: len(self.keys)])
        return tuple(key for key, limit in pairs if limit is None or size <= limit)


@dataclass(frozen=True)
class Question:
    """What is asked besides: status lists to compare, and organisations (thumbprints) whose every leaf is told."""

    lists: tuple[tuple[str, bytes], ...] = ()
    """Where a list was found, and its bytes."""
    orgs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be; `where` is a path of the log, an index, a list or a file of evidence."""

    code: str
    where: str
    detail: str


@dataclass
class Result:
    """What an audit found."""

    checkpoint: Checkpoint | None = None
    previous: int | None = None
    """Size of the checkpoint that was seen last, None the first time."""
    kinds: Counter[str] = field(default_factory=Counter)
    """Kind of leaf -> how many."""
    lists: dict[str, int] = field(default_factory=dict)
    """URI of a status list -> slots that are not valid, by the log."""
    counts: Counter[str] = field(default_factory=Counter)
    """Code of a finding -> how often."""
    findings: list[Finding] = field(default_factory=list)
    """The first of them."""
    stopped: CertsvcError | None = None
    """Why not all could be read."""

    def report(self, code: str, where: str, detail: str) -> None:
        self.counts[code] += 1
        if len(self.findings) < KEPT:
            self.findings.append(Finding(code, where, detail))

    @property
    def exit_code(self) -> int:
        if self.counts.keys() - {"missing"}:
            return FAULTY
        return UNREAD if self.counts or self.stopped else SOUND


def audit(
    source: Source,
    trusted: Trusted,
    state: Path,
    question: Question = Question(),
    told: Told = lambda index, leaf: None,
    progress: Progress = lambda done, total: None,
) -> Result:
    """Audits all of the log under its present checkpoint; `state` holds the one seen last and then this one.

    Raises NotReady and Refused for a state that cannot be used; whatever is wrong with the log is in the Result.
    """
    result = Result()
    try:
        note = _read_note(source, CHECKPOINT)
        result.checkpoint = _verified(note, trusted)
    except (Malformed, Fault) as error:
        result.report("bad_checkpoint", CHECKPOINT, _words(error))
    except CertsvcError as error:
        result.stopped = error
    if result.checkpoint is None:
        return result
    with TemporaryDirectory(prefix="certsvc-audit-") as folder:
        one = _Audit(source, trusted, result, result.checkpoint, question, told, TagSorter(Path(folder)))
        seen = audit_state.read(state, result.checkpoint.origin)
        if seen is not None:
            one.expect(seen[0].size, seen[0].root)
        one.run(progress)
    _remember(result, state, note, None if seen is None else seen[1])
    return result


def _remember(result: Result, state: Path, note: bytes, seen: bytes | None) -> None:
    if seen is not None and result.counts.keys() & {"shrunk", "not_consistent"}:
        place = audit_state.keep_evidence(state, seen, note)
        code = "shrunk" if "shrunk" in result.counts else "not_consistent"
        result.report(code, str(place), "both notes are kept here")
    elif result.stopped is None and not result.counts.keys() - HARMLESS:
        audit_state.keep(state, note)


def _read_note(source: Source, path: str) -> bytes:
    data = source.read(path, MAX_NOTE)
    if data is None:
        zh, en = f"{source.name} 没有 {path}", f"{source.name} has no {path}."
        raise NotFound("log_missing", zh, en)
    return data


def _verified(note: bytes, trusted: Trusted) -> Checkpoint:
    parsed = parse_note(note)
    keys = trusted.keys_for(parse_head(parsed.text).size)
    return verify_checkpoint(parsed, keys, trusted.policy, closed=False)


def _words(error: Malformed | Fault) -> str:
    if isinstance(error, Malformed):
        return error.en
    return " ".join([error.code, *(f"{name}={value}" for name, value in error.about.figures.items())])


class _Audit:
    """One run over all entries."""

    def __init__(
        self,
        source: Source,
        trusted: Trusted,
        result: Result,
        head: Checkpoint,
        question: Question,
        told: Told,
        tags: TagSorter,
    ) -> None:
        self._source, self._trusted, self._result, self._head = source, trusted, result, head
        self._orgs, self._told, self._tags = question.orgs, told, tags
        self._fold = Fold(list(self._parsed(question.lists)))
        self._tree = Rebuilt(head.size, head.root, self._tile, source.widths, result.report)
        self._notes = [size for size in source.checkpoint_sizes() if size <= head.size]
        self._seen: tuple[int, bytes] | None = None

    def _parsed(self, lists: tuple[tuple[str, bytes], ...]) -> Iterator[Served]:
        for where, body in lists:
            try:
                yield parse_served(body)
            except Malformed as error:
                self._result.report("status_differs", where, error.en)

    def expect(self, size: int, root: bytes) -> None:
        """The log has to begin with what was seen before."""
        self._result.previous = size
        if size > self._head.size:
            self._result.report("shrunk", CHECKPOINT, f"{self._head.size} entries, {size} were seen before")
        else:
            self._seen = size, root

    def run(self, progress: Progress) -> None:
        """Everything, or all that could be read: what was found before a source fell silent stays found."""
        try:
            self._compare_roots(0, 0, b"")
            self._fold.reach(0)
            for n in range(-(-self._head.size // WIDTH)):
                self._take_bundle(n)
                progress(min((n + 1) * WIDTH, self._head.size), self._head.size)
            self._tree.finish()
        except (NotReady, NotFound) as error:
            self._result.stopped = error
        self._compare_tags()
        self._compare_lists()
        self._result.lists = {uri: len(self._fold.values(uri)) for uri in self._fold.events}

    # --- one bundle --------------------------------------------------------------------------------------------------

    def _take_bundle(self, n: int) -> None:
        tile = Tile(ENTRIES, n, width_at(ENTRIES, n, self._head.size))
        entries = self._entries(tile)
        found = None if entries is None else [leaf_hash(entry) for entry in entries]
        signed = self._tree.settle(n, None if found is None else b"".join(found))
        first = n * WIDTH
        if signed is not None:
            self._compare_roots(first + 1, first + min(tile.width, WIDTH - 1), signed)
            self._compare_older(tile, signed)
        self._tree.close(n, signed)
        if tile.width == WIDTH:
            self._compare_roots(first + WIDTH, first + WIDTH, b"")
        for slot, (entry, one) in enumerate(zip(entries or (), found or (), strict=True)):
            # What is not signed is not in the log.
            if signed is not None and one == signed[slot * HASH_BYTES : (slot + 1) * HASH_BYTES]:
                self._take_leaf(first + slot, entry)
            self._fold.reach(first + slot + 1)

    def _entries(self, tile: Tile) -> list[bytes] | None:
        data = self._bundle(tile)
        if data is None:
            self._result.report("missing", tile_path(tile), "")
            return None
        try:
            return decode_entries(data, tile.width)
        except Malformed as error:
            self._result.report("bad_entry", tile_path(tile), error.en)
            return None

    def _take_leaf(self, index: int, entry: bytes) -> None:
        try:
            leaf = parse_leaf(entry)
        except Malformed as error:
            self._result.report("bad_entry", str(index), error.en)
            return
        self._result.kinds[leaf["k"]] += 1
        for tag in leaf.get("u", ()):
            self._tags.add(unb64(tag), index)
        wrong = self._fold.take(leaf)
        if wrong is not None:
            self._result.report("status_order", str(index), wrong)
        if leaf.get("o") in self._orgs:
            self._told(index, leaf)

    # --- what is compared --------------------------------------------------------------------------------------------

    def _compare_roots(self, first: int, last: int, bottom: bytes) -> None:
        """Compares the roots of sizes `first` to `last` that somebody named; `bottom` are the hashes of the edge."""
        size, root = self._seen or (-1, b"")
        if first <= size <= last and self._root(size, bottom) != root:
            self._result.report("not_consistent", CHECKPOINT, f"the first {size} entries are not those seen before")
        for size in self._notes[bisect_left(self._notes, first) : bisect_right(self._notes, last)]:
            self._compare_note(size, self._root(size, bottom))

    def _root(self, size: int, bottom: bytes) -> bytes:
        return self._tree.root(bottom[: size % WIDTH * HASH_BYTES])

    def _compare_note(self, size: int, root: bytes) -> None:
        path = checkpoint_path(size)
        try:
            # Witnesses come and go: of older checkpoints the log's own signature counts.
            old = _verified(_read_note(self._source, path), replace(self._trusted, policy=NOBODY))
        except (Malformed, Fault) as error:
            self._result.report("bad_checkpoint", path, _words(error))
            return
        if (old.origin, old.size, old.root) != (self._head.origin, size, root):
            self._result.report("bad_checkpoint", path, f"the first {size} entries lead to another root")

    def _compare_older(self, tile: Tile, signed: bytes) -> None:
        """The narrower forms of a bundle that are there still."""
        for width in self._source.widths(tile):
            if 0 < width < tile.width:
                self._compare_older_bundle(Tile(ENTRIES, tile.n, width), signed)

    def _compare_older_bundle(self, tile: Tile, signed: bytes) -> None:
        path = tile_path(tile)
        try:
            entries = decode_entries(self._source.read(path, MAX_BUNDLE) or b"", tile.width)
        except Malformed as error:
            self._result.report("bad_entry", path, error.en)
            return
        if b"".join(map(leaf_hash, entries)) != signed[: tile.width * HASH_BYTES]:
            self._result.report("bad_entry", path, "not the beginning of the bundle")

    def _compare_tags(self) -> None:
        for tag, indices in self._tags.repeated():
            self._result.report("double_tag", b64(tag), f"entries {', '.join(map(str, indices))}")

    def _compare_lists(self) -> None:
        if self._result.stopped or self._result.counts.keys() & INCOMPLETE:
            return
        for one in self._fold.served:
            if (one.size or 0) > self._head.size:
                self._result.report("missing", one.uri, f"the list covers {one.size} entries, the checkpoint fewer")
                continue
            for said in self._fold.compare(one):
                self._result.report("status_differs", one.uri, said)

    # --- reading -----------------------------------------------------------------------------------------------------

    def _tile(self, tile: Tile) -> bytes | None:
        data = self._source.read(tile_path(tile), FULL)
        if data is None and tile.width < WIDTH:
            # tlog-tiles lets a partial tile go once the full one is there.
            full = self._source.read(tile_path(Tile(tile.level, tile.n)), FULL)
            data = None if full is None else full[: tile.width * HASH_BYTES]
        return data

    def _bundle(self, tile: Tile) -> bytes | None:
        data = self._source.read(tile_path(tile), MAX_BUNDLE)
        if data is None and tile.width < WIDTH:
            full = self._source.read(tile_path(Tile(ENTRIES, tile.n)), MAX_BUNDLE)
            data = None if full is None else _beginning(full, tile.width)
        return data


def _beginning(data: bytes, width: int) -> bytes:
    """The first entries of a bundle, as they are written."""
    at = 0
    for _ in range(width):
        at += 2 + int.from_bytes(data[at : at + 2])
    return data[:at]
