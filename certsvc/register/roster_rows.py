"""What a roster file says once it is read: `RosterRow` for a person, `RosterFile` for the whole (domain.md 6.1)."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from certsvc.core.encoding import b64, canonical
from certsvc.register.faults import RowFault


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person with one target. Every required value is there and has passed all checks of its own row."""

    position: tuple[str, int]
    """Sheet and row number as the spreadsheet shows it."""
    row_key: str
    """The same for the same person and target in any file. It is an unkeyed hash of the ID number: never store it."""
    name: str
    sex: str
    birth: date
    id_kind: str
    id_number: str = field(repr=False)
    id_original: str | None = field(repr=False)
    """The 15-digit number, where one was given."""
    unit_name: str
    region: str
    series: str
    level: str
    title: str
    """As awarded; a legacy name stays as it is."""
    track: str
    year: int
    passed: bool
    specialty: str = ""
    former_name: str | None = None
    phone: str | None = field(default=None, repr=False)
    unit_code: str | None = None
    unit_kind: str | None = None
    education: str | None = None
    degree: str | None = None
    current_title: str | None = None
    current_level: str | None = None
    """The level of `current_title`, where the catalogue knows it."""
    current_since: date | None = None
    method: str | None = None
    committee: str | None = None
    committee_filing: str | None = None
    meeting_date: date | None = None
    members: int | None = None
    present: int | None = None
    yes: int | None = None
    no: int | None = None
    abstain: int | None = None
    notice_from: date | None = None
    notice_to: date | None = None
    notice_result: str | None = None
    approval_document: str | None = None
    approval_date: date | None = None
    award_date: date | None = None
    original_cert_no: str | None = None
    issuer_name: str | None = None
    professional_hours: int | None = None
    """Continuing education in the review year: hours of professional subjects (专业科目)."""
    public_hours: int | None = None
    """The same of public subjects (公需科目)."""
    bans: tuple[tuple[str, str | None], ...] | None = None
    """First and last day (ISO) of each ban, the last None where no end is decided; empty where there is none."""
    degree_rank: int | None = None
    """What `degree` counts (columns.DEGREE_RANKS); None for a word that is not in the table."""
    service_years: int | None = None
    level_years: int | None = None
    appraisals: int | None = None
    """Yearly appraisals since the current title with 合格 or better."""
    contract_years: int | None = None
    probation_months: int | None = None
    evidence_items: int | None = None
    """Papers of special evidence that were looked at; what they are about stays with the office."""
    skill: str | None = None
    skill_rank: int | None = None
    occupation: str | None = None
    posts: int | None = None
    validity_scope: str | None = None
    """Where the title holds, when that is less than everywhere (基层有效)."""
    term_until: date | None = None
    policy: str | None = None
    remark: str | None = None
    batch: str | None = None
    serial: str | None = None
    imprecise: tuple[tuple[str, str], ...] = ()
    """Dates that are known to the month or year only: (field, "month" or "year"); their value is the first day."""

    def cells(self) -> dict[str, Any]:
        """Every field that is not empty, dates as ISO text: what a register keeps beside the target and the person."""
        named = (
            (item.name, getattr(self, item.name)) for item in fields(self) if item.name not in ("bans", "imprecise")
        )
        cells = {name: _plain(value) for name, value in named if value not in (None, "", ())}
        # An empty list of bans says that there are none; only one that is absent says nothing.
        bans = {} if self.bans is None else {"bans": [list(one) for one in self.bans]}
        return cells | bans | ({"imprecise": dict(self.imprecise)} if self.imprecise else {})


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


#: What a row is about, beside the person.
TARGET = ("series", "specialty", "level", "title", "track", "region", "year")


def row_key(values: dict[str, Any]) -> str:
    """22 characters that are the same for the same identity number and target, in any file and on any row."""
    parts = [values["id_kind"], values["id_number"], *(values.get(name) or "" for name in TARGET)]
    return b64(hashlib.sha256(canonical(parts)).digest()[:16])


@dataclass(frozen=True)
class RosterFile:
    """A whole file. With `stopped` nothing of it may be imported; `rows` are then only those without such a fault."""

    sha256: str
    """Hex SHA-256 of the file's bytes."""
    name: str
    rows: list[RosterRow]
    faults: list[RowFault]
    stopped: bool
    total: int = 0
    """Rows of people in the file, with those that have faults."""
    counts: Counter[str] | None = None
    """How often each fault was met, also where `faults` no longer lists them one by one."""
