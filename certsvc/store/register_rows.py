"""Rows of what stands in the register only (see store/rows.py): one frozen dataclass per table."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Equivalence:
    """双贯通对应: a qualification that is a title. It counts, and has its signed statement, once somebody approved it."""

    id: str
    person_id: str
    qualification: str
    number_key: str
    """Keyed hash of qualification and number."""
    issued_on: str
    directory_sha256: str
    directory_row: dict[str, Any]
    series: str
    level: str
    title: str
    sealed: bytes
    """Printed values, number and salts of the statement."""
    evidence_sha256: str
    paper: dict[str, str]
    """Number, title and date of the document behind it."""
    proposed_by: str
    proposed_at: int
    approved_by: str | None = None
    approved_at: int | None = None
    statement_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class RegisterImport:
    """One file of titles that enter the register only; they count once somebody else approved it."""

    id: str
    file_sha256: str
    origin: str
    evidence_sha256: str
    proposed_by: str
    proposed_at: int
    approved_by: str | None = None
    approved_at: int | None = None


@dataclass(frozen=True, slots=True)
class RegisterTitle:
    """A title by examination or of another province: no acts, no number of ours, no certificate."""

    id: str
    import_id: str
    position: int
    person_id: str
    series: str
    specialty: str
    level: str
    title: str
    obtained_on: str
    """ISO date, or only its year or year and month where no more is known."""
    issuing_body: str
    original_number: str | None
