"""Rows of the transparency log as the store hands them out (see store/rows.py): one frozen dataclass per table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A row of the outbox; `idx` is its place in the log, once it has one. `salt` opens its commitment."""

    id: int
    dedup_key: str
    entry: bytes
    idx: int | None
    created_at: int
    subject: str | None
    salt: bytes | None


@dataclass(frozen=True, slots=True)
class LogState:
    """The one row that every writer locks: what is durable (`size`, `root`) and what of it is published."""

    id: int
    size: int
    root: bytes
    pub_size: int
    note: bytes | None


@dataclass(frozen=True, slots=True)
class LogCheckpoint:
    """A published size and its root, with the note that the log signed."""

    size: int
    root: bytes
    note: bytes


@dataclass(frozen=True, slots=True)
class LogCosignature:
    """What one witness said under one checkpoint: its first line and its newest, each with its newline."""

    size: int
    witness: str
    line: str
    latest: str
