"""What a home, its mirror, its witnesses and the file of what was seen say: read, and judged elsewhere (`invariants.py`).

Tables by plain SQL in one snapshot, files as they are. Nothing of certsvc is imported here.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import own_log
import psycopg
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from own_log import LOG, Key, Note

TABLES = (
    "act", "act_entry", "certificate", "claim_link", "document", "entry", "identity_document", "issue_intent",
    "log_bundle", "log_checkpoint", "log_cosignature", "log_entry", "log_state", "log_tag", "log_tile",
    "number_counter", "person", "person_name", "roster", "roster_file", "signing_key", "status_event", "status_list",
    "status_proposal",
)  # fmt: skip
Row = SimpleNamespace


def read_tables(home: Path, url: str | None) -> dict[str, list[Row]]:
    """Every row of every table, as of one moment."""
    if url is None:
        connection: Any = sqlite3.connect(f"file:{home / 'certsvc.sqlite3'}?mode=ro", uri=True, isolation_level=None)
        connection.execute("BEGIN")
    else:
        connection = psycopg.connect(url)
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    try:
        return {table: list(_rows(connection, table)) for table in TABLES}
    finally:
        connection.close()


def _rows(connection: Any, table: str) -> Iterator[Row]:
    cursor = connection.execute(f"SELECT * FROM {table}")  # noqa: S608 -- the names stand above
    names = [column[0] for column in cursor.description]
    for row in cursor.fetchall():
        yield Row(**{name: bytes(v) if isinstance(v, memoryview) else v for name, v in zip(names, row, strict=True)})


@dataclass
class Evidence:
    """All that the checker looks at."""

    home: Path
    tables: Mapping[str, Sequence[Row]]
    seen: Sequence[Mapping[str, Any]] = ()
    mirror: Path | None = None
    witness_homes: Sequence[Path] = ()
    settled: bool = True
    """Whether recovery has run: what an interrupted step may leave for the next one is then gone."""
    keys: dict[str, Row] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = {row.jkt: row for row in self.tables["signing_key"]}

    def said(self, *what: str) -> list[Mapping[str, Any]]:
        """The lines of the file of what was seen that begin with one of these words."""
        return [line for line in self.seen if line["what"] in what]

    # --- the log

    @cached_property
    def state(self) -> Row:
        return self.tables["log_state"][0]

    @cached_property
    def placed(self) -> list[Row]:
        """The entries that have a place, in its order."""
        return sorted((row for row in self.tables["log_entry"] if row.idx is not None), key=lambda row: row.idx)

    @cached_property
    def entries(self) -> list[bytes]:
        return [row.entry for row in self.placed]

    @cached_property
    def leaves(self) -> list[bytes]:
        return [own_log.leaf_of(entry) for entry in self.entries]

    @cached_property
    def roots(self) -> list[bytes]:
        return own_log.roots_of(self.entries)

    @cached_property
    def by_subject(self) -> dict[str, list[Row]]:
        """Hash of a document -> its leaves, first one first."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(self.tables["log_entry"], key=lambda row: row.id):
            if row.subject is not None:
                found[row.subject].append(row)
        return found

    @cached_property
    def origin(self) -> str:
        settings = json.loads((self.home / "home.json").read_text(encoding="utf-8"))
        return str(settings["public_url"]).partition("://")[2] + "/log"

    @cached_property
    def log_keys(self) -> list[Key]:
        return [
            Key(self.origin, LOG, _public(row.certificate))
            for row in self.tables["signing_key"]
            if (row.org_id, row.use) == ("ROOT", "log")
        ]

    @cached_property
    def notes(self) -> list[tuple[str, Note]]:
        """(where, note): every head that was ever signed, as far as anybody kept or saw it. Raises ValueError."""
        found = [(f"log_checkpoint {row.size}", row.note) for row in self.tables["log_checkpoint"]]
        found += [("log_state", self.state.note)] if self.state.note else []
        found += [(f"read by {line['pid']}", line["note"]) for line in self.said("read")]
        found += [(f"proof for {line['pid']}", line["proof"].partition("\n\n")[2]) for line in self.said("proved")]
        found += [(path.name, path.read_bytes()) for path in self.mirrored("checkpoint*")]
        found += [(f"witness {path}", note) for path, note in self._witnessed()]
        return [(where, own_log.read_note(note)) for where, note in found]

    @cached_property
    def mark(self) -> tuple[str, int, bytes] | None:
        """Origin, size and root of the highest head that was signed, as the home remembers it."""
        path = self.home / "log-high-water"
        if not path.exists():
            return None
        origin, size, root, _ = path.read_text(encoding="utf-8").split("\n")
        return origin, int(size), own_log.base64.b64decode(root)

    # --- mirror and witnesses

    def mirrored(self, first: str) -> list[Path]:
        """The files of the mirror under names that begin so; drafts of a process that was killed are none of them."""
        if self.mirror is None:
            return []
        paths = [path for place in self.mirror.glob(first) for path in (place, *place.rglob("*"))]
        return sorted(path for path in paths if path.is_file() and not path.name.startswith("."))

    @cached_property
    def witness_keys(self) -> list[Key]:
        path = self.home / "witnesses.json"
        value = json.loads(path.read_bytes()) if path.exists() else []
        rows = value["witnesses"] if isinstance(value, dict) else value
        return [own_log.read_vkey(row["vkey"]) for row in rows]

    def _witnessed(self) -> Iterator[tuple[str, bytes]]:
        """What each witness cosigned last, out of its own memory."""
        for home in self.witness_homes:
            connection = sqlite3.connect(f"file:{home / 'witness.sqlite3'}?mode=ro", uri=True)
            rows = connection.execute("SELECT note FROM seen WHERE origin = ?", (self.origin,)).fetchall()
            connection.close()
            yield from ((home.name, row[0]) for row in rows)


def _public(certificate: bytes) -> bytes:
    key = x509.load_der_x509_certificate(certificate).public_key()
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def read_seen(path: Path) -> list[dict[str, Any]]:
    """The lines of the file of what was seen; one that a kill cut off says nothing."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]
