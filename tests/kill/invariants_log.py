"""The invariants of the log (docs/log.md, L1 to L12): each a function that tells every breach it finds."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import own_log
from evidence_read import Evidence
from own_log import Note

Breaches = Iterator[str]
#: States of a certificate that came into force and has not ended; one that ended while it waited needs no proof.
COUNTS = ("in_force", "suspended")


def places(e: Evidence) -> Breaches:
    """Indices are contiguous and unique, the stored entries are those of the bundles, and none was ever rewritten."""
    indices = [row.idx for row in e.placed]
    if indices != list(range(len(indices))):
        yield f"indices are not 0 … {len(indices) - 1}: {_first_gap(indices)}"
    if e.state.size != len(indices):
        yield f"the state says {e.state.size} entries, {len(indices)} have a place"
    by_key = {row.dedup_key: row for row in e.tables["log_entry"]}
    for line in e.said("placed"):
        row = by_key.get(line["key"])
        if row is None or (row.idx, hashlib.sha256(row.entry).hexdigest()) != (line["index"], line["entry"]):
            yield f"entry {line['index']} was seen at its place, and is not that any more"


def _first_gap(indices: list[int]) -> str:
    return next(f"{index} stands at {n}" for n, index in enumerate(indices) if n != index)


def acknowledged_once(e: Evidence) -> Breaches:
    """What was acknowledged has exactly one place; after recovery nothing waits."""
    for line in e.said("signed", "issued"):
        rows = e.by_subject.get(line["document"], [])
        where = [row.idx for row in rows if row.idx is not None]
        if not rows or len({row.entry for row in rows}) != len(rows):
            yield f"{line['what']} {line['document']} was acknowledged and has {len(rows)} leaves"
        elif e.settled and len(where) != len(rows):
            yield f"{line['what']} {line['document']} was acknowledged and has no place"
    if e.settled:
        waiting = [row.id for row in e.tables["log_entry"] if row.idx is None or row.idx >= e.state.pub_size]
        if waiting:
            yield f"{len(waiting)} entries wait after recovery, the first is row {waiting[0]}"


def prefixes(e: Evidence) -> Breaches:
    """Every checkpoint that was ever kept, shown or cosigned is a prefix of the tree of today."""
    for where, note in e.notes:
        if note.size >= len(e.roots):
            yield f"{where}: {note.size} entries, the log has {len(e.entries)}"
        elif e.roots[note.size] != note.root:
            yield f"{where}: another root of size {note.size}"
    if e.roots[-1] != e.state.root:
        yield "the root in the state is not that of the entries"


def monotone(e: Evidence) -> Breaches:
    """Sizes that were shown never went back, for one reader or from one to the next."""
    shown = sorted((line["began"], line["at"], own_log.read_note(line["note"]).size) for line in e.said("read"))
    over = sorted((at, size) for _, at, size in shown)
    highest, n = -1, 0
    for began, _, size in shown:
        while n < len(over) and over[n][0] < began:
            highest, n = max(highest, over[n][1]), n + 1
        if size < highest:
            yield f"{size} was shown after {highest}"
    largest = max((size for _, _, size in shown), default=0)
    if largest > e.state.pub_size:
        yield f"{largest} was shown, {e.state.pub_size} are published"


def tiles(e: Evidence) -> Breaches:
    """Every tile and bundle, stored, mirrored or served, is what the entries say; a partial one begins its full one."""
    stored = {f"tile/{row.level}/{_group(row.n)}": row.data for row in e.tables["log_tile"]}
    stored |= {f"tile/entries/{_group(row.n)}": row.data for row in e.tables["log_bundle"]}
    wanted = dict(_longest(e))
    for place in sorted(stored.keys() | wanted.keys()):
        if stored.get(place) != wanted.get(place):
            yield f"{place} is not what its entries say" if place in wanted else f"{place} holds more than the log"
    for path in e.mirrored("tile"):
        place = path.relative_to(e.mirror or path).as_posix()
        if path.read_bytes() != own_log.tile_bytes(place, e.entries, e.leaves):
            yield f"mirror: {place} is not what its entries say"
    for place, digest in {(place, digest) for line in e.said("read") for place, digest in line["tiles"].items()}:
        data = own_log.tile_bytes(place, e.entries, e.leaves)
        if data is None or digest != hashlib.sha256(data).hexdigest():
            yield f"served: {place} had other bytes, or none"


def _longest(e: Evidence) -> Iterator[tuple[str, bytes | None]]:
    """Each tile in its longest form, under the name of the full one."""
    for level, slots in enumerate([len(e.entries), *(len(e.entries) >> 8 * one for one in range(1, 8))]):
        for n in range(-(-slots // 256)):
            width = min(256, slots - n * 256)
            part = "" if width == 256 else f".p/{width}"
            for name in ("entries", "0") if level == 0 else (str(level),):
                yield (
                    f"tile/{name}/{_group(n)}",
                    own_log.tile_bytes(f"tile/{name}/{_group(n)}{part}", e.entries, e.leaves),
                )


def _group(n: int) -> str:
    digits = f"{n:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([*(f"x{one}" for one in parts[:-1]), parts[-1]])


def one_root(e: Evidence) -> Breaches:
    """At most one root was signed for a size, each by a key of the log, and the same head with the same bytes."""
    roots: dict[int, set[bytes]] = defaultdict(set)
    lines: dict[tuple[int, str], set[bytes]] = defaultdict(set)
    verified: dict[str, bool] = {}
    for where, note in e.notes:
        roots[note.size].add(note.root)
        for name, key_id, raw in note.lines:
            if any((name, key_id) == (key.name, key.id) for key in e.log_keys):
                lines[note.size, f"{name} {key_id.hex()}"].add(raw)
        known = repr(note)
        verified.setdefault(known, note.origin == e.origin and any(note.signed_by(key) for key in e.log_keys))
        if not verified[known]:
            yield f"{where}: not signed by the log"
    if e.mark is not None:
        roots[e.mark[1]].add(e.mark[2])
    yield from (
        f"{len(found)} roots of size {size} were signed" for size, found in sorted(roots.items()) if len(found) > 1
    )
    yield from (f"size {size} has two signatures of {who}" for (size, who), found in lines.items() if len(found) > 1)


def nothing_beyond(e: Evidence) -> Breaches:
    """Nothing beyond the published size can be read."""
    if not 0 <= e.state.pub_size <= e.state.size:
        yield f"{e.state.pub_size} published of {e.state.size}"
    published = own_log.read_note(e.state.note).size if e.state.note else 0
    kept = max((row.size for row in e.tables["log_checkpoint"]), default=0)
    if not published == e.state.pub_size == kept:
        yield f"the state says {e.state.pub_size}, its note {published}, the largest checkpoint {kept}"
    for line in e.said("beyond"):
        if line["wanted"] > line["size"]:
            yield f"entry {line['wanted'] - 1} was served while {line['size']} were published"
    for path in e.mirrored("checkpoint"):
        size = own_log.read_note(path.read_bytes()).size
        if size > e.state.pub_size:
            yield f"the mirror has {size} entries, {e.state.pub_size} are published"
        yield from _mirror_gaps(e, size)


def _mirror_gaps(e: Evidence, size: int) -> Breaches:
    have = {path.relative_to(e.mirror or path).as_posix() for path in e.mirrored("tile")}
    for n in range(-(-size // 256)):
        part = "" if size - n * 256 >= 256 else f".p/{size - n * 256}"
        for kind in ("entries", "0"):
            if f"tile/{kind}/{_group(n)}{part}" not in have:
                yield f"the mirror of {size} entries lacks tile/{kind}/{_group(n)}{part}"


def old_proofs(e: Evidence) -> Breaches:
    """Every proof that was ever given still holds, and its head is still a prefix."""
    for line in e.said("proved"):
        proof = own_log.read_proof(line["proof"])
        if not line["index"] == proof.index < min(proof.note.size, len(e.entries)):
            yield f"the proof for {line['index']} is of {proof.index} in {proof.note.size}"
        elif not proof.holds(e.entries[proof.index]):
            yield f"the proof of entry {proof.index} in {proof.note.size} does not hold any more"
    # That its head is a prefix, and signed, is L3 and L6: the note of a proof is one of those.


def mark(e: Evidence) -> Breaches:
    """The high-water mark is at least every head that was signed, so that a restored backup refuses to sign."""
    highest = max((note.size for _, note in e.notes), default=0)
    if e.mark is None:
        if highest:
            yield f"{highest} entries were signed, and there is no mark"
        return
    origin, size, root = e.mark
    if origin != e.origin:
        yield f"the mark is of {origin}"
    if size < highest:
        yield f"the mark says {size}, and {highest} were signed"
    if size >= len(e.roots) or e.roots[size] != root:
        yield f"the mark says {size}, and the log does not begin with that"
    for line in e.said("drill"):
        if line["answer"] != "log_rolled_back" or line["signed"]:
            yield f"a restored backup answered {line['answer']}"


def proved(e: Evidence) -> Breaches:
    """No certificate is in force without its leaf under a published checkpoint; the proof frozen with it holds."""
    for row in e.tables["certificate"]:
        who, leaves = f"certificate {row.number} v{row.version}", e.by_subject.get(row.sha256, [])
        index = leaves[0].idx if leaves else None
        if row.state == "waiting_for_log" and e.settled:
            yield f"{who} still waits after recovery"
        if row.state in COUNTS and (index is None or index >= e.state.pub_size):
            yield f"{who} is {row.state} without a published leaf"
        if row.state in COUNTS and row.frozen_bundle is None:
            yield f"{who} is {row.state} without a frozen bundle"
        if row.frozen_bundle is not None:
            yield from (f"{who}: {breach}" for breach in _frozen(e, row.frozen_bundle, index))


def _frozen(e: Evidence, bundle: bytes, index: int | None) -> Breaches:
    said = json.loads(bundle).get("log")
    if said is None:
        return
    proof = own_log.read_proof(said["proof"])
    note: Note = proof.note
    known = note.size < len(e.roots) and e.roots[note.size] == note.root
    if proof.index != index or not proof.holds(said["entry"].encode()) or not known:
        yield "its frozen proof does not hold"
    elif not any(note.signed_by(key) for key in e.log_keys):
        yield "its frozen proof is signed by nobody"


def status_lists(e: Evidence) -> Breaches:
    """The newest list is what the status leaves say, and its snapshot is the newest of the log."""
    bodies = {row.sha256: row.body for row in e.tables["document"] if row.typ == "statuslist+jwt"}
    for uri in sorted({row.uri for row in e.tables["status_list"]}):
        newest = max((row for row in e.tables["status_list"] if row.uri == uri), key=lambda row: (row.iat, row.sha256))
        payload = own_log.read_document(bodies[newest.sha256]).payload
        bound = None if e.settled or payload["checkpoint"] is None else payload["n"]
        wanted = {slot: value for slot, (_, value) in _events(e, uri, bound).items() if value}
        found = own_log.list_values(payload["status_list"]["lst"])
        if found != wanted:
            yield f"{uri}: slots {sorted({s for s, _ in found.items() ^ wanted.items()})[:5]} are not what the log says"
        snapshots = [leaf for _, leaf in _leaves(e, "snapshot") if leaf["l"] == uri]
        if e.settled and (not snapshots or snapshots[-1]["d"] != newest.sha256):
            yield f"{uri}: the newest snapshot in the log is not the newest list"


def _leaves(e: Evidence, kind: str) -> Iterator[tuple[int | None, dict[str, Any]]]:
    """The leaves of a kind with their index: those that have one in its order, then those that wait."""
    waiting = sorted((row for row in e.tables["log_entry"] if row.idx is None), key=lambda row: row.id)
    for row in (*e.placed, *waiting):
        leaf = json.loads(row.entry)
        if leaf["k"] == kind:
            yield row.idx, leaf


def _events(e: Evidence, uri: str, bound: int | None) -> dict[int, tuple[int, int]]:
    """Slot -> counter and value of its last event, of the first `bound` entries or of all that there are."""
    last: dict[int, tuple[int, int]] = {}
    for index, leaf in _leaves(e, "status"):
        if leaf["l"] == uri and (bound is None or (index is not None and index < bound)):
            last[leaf["i"]] = max(last.get(leaf["i"], (-1, 0)), (leaf["q"], leaf["s"]))
    return last


def said_once(e: Evidence) -> Breaches:
    """The same act twice is one leaf at one index; no once-tag stands in two entries."""
    yield from (
        f"two entries are the same bytes: {n} times"
        for n in Counter(row.entry for row in e.tables["log_entry"]).values()
        if n > 1
    )
    for line in e.said("again"):
        if line["row"] != line["same"]:
            yield f"{line['key']} was submitted twice and is rows {line['row']} and {line['same']}"
    tags = Counter(tag for row in e.tables["log_entry"] for tag in json.loads(row.entry).get("u", []))
    yield from (f"once-tag {tag} stands in {count} entries" for tag, count in tags.items() if count > 1)
    kept = {(row.tag, row.entry_id) for row in e.tables["log_tag"]}
    stated = {(tag, row.id) for row in e.tables["log_entry"] for tag in json.loads(row.entry).get("u", [])}
    if kept != stated:
        yield f"{len(kept ^ stated)} once-tags are kept and stand in no entry, or the other way round"
