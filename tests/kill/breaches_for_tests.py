"""Defects to plant in a whole home, each named after what is wrong, with the invariants that must tell of it."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import own_log

from certsvc.instance import Instance
from certsvc.services import documents


@dataclass
class Ground:
    """A copy of a home to be spoilt: its database without triggers, its files, and what was seen of it."""

    home: Path
    mirror: Path
    instance: Instance
    """Another copy of the home, unspoilt, for its keys."""
    seen: list[dict[str, Any]] = field(default_factory=list)

    def sql(self, statement: str, *values: Any) -> list[Any]:
        connection = sqlite3.connect(self.home / "certsvc.sqlite3")
        with connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            found = connection.execute(statement, values).fetchall()
        connection.close()
        return found

    def line(self, what: str, last: bool = True) -> dict[str, Any]:
        """The last (or first) line of what was seen that begins with this word; to be changed in place."""
        found = [line for line in self.seen if line["what"] == what]
        return found[-1 if last else 0]


def _flip(data: bytes, at: int = 40) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _change(table: str, column: str, where: str = "1 = 1") -> Callable[[Ground], None]:
    """Flips a bit in one blob."""

    def plant(ground: Ground) -> None:
        key, data = ground.sql(f"SELECT rowid, {column} FROM {table} WHERE {where} ORDER BY rowid LIMIT 1")[0]  # noqa: S608
        ground.sql(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", _flip(data), key)  # noqa: S608

    return plant


def _sql(statement: str) -> Callable[[Ground], None]:
    return lambda ground: ground.sql(statement) and None


def _see(like: str, **changed: Any) -> Callable[[Ground], None]:
    """One more line, like the last one of these but for what is named."""
    return lambda ground: ground.seen.append({**ground.line(like), **changed})


def _same_tag(ground: Ground) -> None:
    (entry,) = ground.sql(
        "SELECT entry FROM log_entry WHERE idx IS NOT NULL AND instr(entry, CAST('\"u\"' AS BLOB)) LIMIT 1"
    )[0]
    leaf = json.loads(entry)
    other = json.dumps({**leaf, "c": leaf["u"][0]}, separators=(",", ":"), sort_keys=True).encode()
    ground.sql("INSERT INTO log_entry (dedup_key, entry, created_at) VALUES ('again', ?, 0)", other)


def _signed_fork(ground: Ground) -> None:
    """Another root of a size that was shown, signed by the log's own key."""
    note = own_log.read_note(ground.line("read")["note"])
    text = f"{note.origin}\n{note.size}\n{own_log.base64.b64encode(_flip(note.root, 0)).decode()}\n"
    with ground.instance.engines.read.connect() as connection:
        key = documents.own_key(connection, "ROOT", "log")
    raw = ground.instance.signer(key).sign(text.encode())
    (name, key_id, _), *_ = note.lines
    line = f"— {name} {own_log.base64.b64encode(key_id + raw).decode()}\n"
    ground.seen.append({**ground.line("read"), "note": f"{text}\n{line}"})


def _forged_checkpoint(ground: Ground) -> None:
    line = ground.line("read")
    origin, size, root, *rest = line["note"].split("\n")
    forged = own_log.base64.b64encode(_flip(own_log.base64.b64decode(root), 0)).decode()
    ground.seen.append({**line, "note": "\n".join([origin, size, forged, *rest])})


def _signed_by_nobody(ground: Ground) -> None:
    line = ground.line("read")
    text, _, signature = line["note"].partition("\n\n")
    name, _, raw = signature.split("\n")[0].rpartition(" ")
    wrong = own_log.base64.b64encode(_flip(own_log.base64.b64decode(raw))).decode()
    ground.seen.append({**line, "note": f"{text}\n\n{name} {wrong}\n"})


def _lower_mark(ground: Ground) -> None:
    path = ground.home / "log-high-water"
    size, root = ground.sql("SELECT size, root FROM log_checkpoint ORDER BY size LIMIT 1 OFFSET 1")[0]
    origin = path.read_text(encoding="utf-8").split("\n")[0]
    path.write_text(f"{origin}\n{size}\n{own_log.base64.b64encode(root).decode()}\n", encoding="utf-8")


def _older_proof(ground: Ground) -> None:
    line = dict(ground.line("proved"))
    lines = line["proof"].split("\n")
    lines[2] = own_log.base64.b64encode(_flip(own_log.base64.b64decode(lines[2]), 0)).decode()
    ground.seen.append({**line, "proof": "\n".join(lines)})


def _older_list_is_newest(ground: Ground) -> None:
    ground.sql("UPDATE status_list SET iat = iat + 99999 WHERE iat = (SELECT min(iat) FROM status_list)")


def _back(ground: Ground) -> None:
    """What was shown first is shown once more, after all else."""
    late = ground.line("read")["at"] + 1
    ground.seen.append({**ground.line("read", last=False), "began": late, "at": late + 1})


def _intent(ground: Ground) -> None:
    ground.sql(
        "INSERT INTO issue_intent SELECT 'left', entry_id, 9, x'00', number, 'left', list_uri, 131071, 0 "
        "FROM certificate LIMIT 1"
    )


def _slot_twice(ground: Ground) -> None:
    _intent(ground)
    ground.sql("UPDATE issue_intent SET idx = (SELECT idx FROM certificate LIMIT 1) WHERE id = 'left'")


def _mirror_changed(ground: Ground) -> None:
    path = next(path for path in sorted((ground.mirror / "tile" / "0").rglob("*")) if path.is_file())
    path.write_bytes(_flip(path.read_bytes(), 0))


def _mirror_gap(ground: Ground) -> None:
    size = own_log.read_note((ground.mirror / "checkpoint").read_bytes()).size
    (ground.mirror / "tile" / "entries" / "000.p" / str(size)).unlink()


def _line_of_witness(ground: Ground) -> None:
    (line,) = ground.sql("SELECT latest FROM log_cosignature ORDER BY size LIMIT 1")[0]
    name, _, raw = line.rstrip("\n").rpartition(" ")
    wrong = own_log.base64.b64encode(_flip(own_log.base64.b64decode(raw), 70)).decode()
    ground.sql("UPDATE log_cosignature SET latest = ? WHERE latest = ?", f"{name} {wrong}\n", line)


#: Defect -> (the invariants that tell of it, all of them and, but for …, no others, the nearest first; how it is planted).
BREACHES: dict[str, tuple[str, Callable[[Ground], None]]] = {
    "an entry was taken out": ("L1 L3 L5 L8 L9 R5 …", _sql("DELETE FROM log_entry WHERE idx = 5")),
    "an entry was moved": ("L1 L2 L3 L5 L8 L9 …", _sql("UPDATE log_entry SET idx = 999 WHERE idx = 5")),
    "an entry was seen elsewhere": ("L1", _see("placed", index=0)),
    "an acknowledged act has no leaf": ("L2 R2", _see("signed", document="nowhere")),
    "a leaf waits for ever": (
        "L2",
        _sql("INSERT INTO log_entry (dedup_key, entry, created_at) VALUES ('w', CAST('{\"k\":1}' AS BLOB), 0)"),
    ),
    "a forged checkpoint was shown": ("L3 L6", _forged_checkpoint),
    "a fork was signed": ("L6 L3", _signed_fork),
    "a checkpoint was shown that nobody signed": ("L6", _signed_by_nobody),
    "the size that was shown went back": ("L4", _back),
    "a tile was changed": ("L5", _change("log_tile", "data")),
    "a bundle was changed": ("L5", _change("log_bundle", "data")),
    "a mirrored tile was changed": ("L5", _mirror_changed),
    "a tile was served otherwise": ("L5", _see("read", tiles={"tile/entries/000.p/1": "00"})),
    "the published size was lowered": ("L7 L2 L4 L10", _sql("UPDATE log_state SET pub_size = 1")),
    "an entry was served too early": ("L7", _see("read", what="beyond", wanted=9, size=8)),
    "the mirror lacks a bundle": ("L7", _mirror_gap),
    "an old proof fails": ("L8", _older_proof),
    "the mark was lowered": ("L9", _lower_mark),
    "the mark is gone": ("L9", lambda ground: (ground.home / "log-high-water").unlink()),
    "a restored backup signed": ("L9", _see("read", what="drill", answer="signed", signed=True)),
    "a certificate in force has no leaf": (
        "L10 L2 R5",
        _sql(
            "UPDATE log_entry SET subject = NULL WHERE subject = (SELECT sha256 FROM certificate WHERE state = 'in_force' LIMIT 1)"
        ),
    ),
    "a certificate in force has no bundle": ("L10", _sql("UPDATE certificate SET frozen_bundle = NULL")),
    "an old list became the newest": ("L11 R7", _older_list_is_newest),
    "a once-tag stands twice": ("L12 L2", _same_tag),
    "a leaf was taken twice": ("L12", _see("again", same=0)),
    "a number is of two people": (
        "R1 R2 R3 R9 R12",
        _sql(
            "UPDATE certificate SET number = (SELECT min(number) FROM certificate), version = version + 7 WHERE number = (SELECT max(number) FROM certificate)"
        ),
    ),
    "an issued certificate is lost": ("R2", _see("issued", id="nowhere")),
    "a decision is lost": ("R2", _see("decided", proposal="P9999")),
    "an imported file is lost": ("R2", _see("imported", file="nowhere")),
    "an intent is left over": ("R3", _intent),
    "a claim token opens nothing": ("R3", _sql("UPDATE claim_link SET token_key = token_key || '0'")),
    "a row of a file is missing": ("R4", _sql("DELETE FROM entry WHERE head_act IS NULL")),
    "a person has no document": ("R4", _sql("DELETE FROM identity_document WHERE rowid = 1")),
    "a leaf opens to nothing": (
        "R5",
        _sql("UPDATE log_entry SET salt = zeroblob(32) WHERE salt IS NOT NULL AND idx > 30"),
    ),
    "an act lost one of its people": ("R6", _sql("DELETE FROM act_entry WHERE rowid = 1")),
    "a revoked certificate is in force": (
        "R7",
        _sql("UPDATE certificate SET state = 'in_force' WHERE state = 'revoked'"),
    ),
    "an event is missing": ("R7", _sql("UPDATE status_event SET q = q + 1")),
    "a slot was given twice": ("R8 R3", _slot_twice),
    "a serial number was skipped": ("R9", _sql("UPDATE number_counter SET next_serial = next_serial + 1")),
    "a cosignature was changed": ("R10", _line_of_witness),
    "a file was new twice": ("R11", _see("imported", repeated=False)),
    "a document was changed": ("R12 R5", _change("document", "body", "typ = 'act+jwt'")),
    "a credential says another number": (
        "R12 R2 R3",
        _sql("UPDATE certificate SET number = replace(number, '2025', '2024')"),
    ),
}
