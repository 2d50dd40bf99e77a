"""The one place where a row becomes a dataclass: a shelf pairs a table with its dataclass, one shelf per table."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Connection, Executable, Select, Table, insert, select

from certsvc.store import log_rows, log_tables, register_rows, register_tables, rows, tables

R = TypeVar("R")


class Shelf(Generic[R]):
    """Reads and adds rows of one table. Raises TypeError at import if fields and columns differ in name or order."""

    def __init__(self, table: Table, row_type: type[R]) -> None:
        self.names = [field.name for field in fields(row_type)]  # type: ignore[arg-type]
        if self.names != [column.name for column in table.columns]:
            raise TypeError(f"{row_type.__name__} and table {table.name} differ")
        self.table = table
        self.row_type = row_type
        self.select: Select[Any] = select(table)

    def one(self, connection: Connection, statement: Executable, **values: Any) -> R | None:
        """The first row of `statement`, which selects or returns all columns in order; None if there is none."""
        row = connection.execute(statement, values).first()
        return None if row is None else self.row_type(*row)

    def all(self, connection: Connection, statement: Executable, **values: Any) -> tuple[R, ...]:
        """Every row of `statement`, in its order."""
        return tuple(self.row_type(*row) for row in connection.execute(statement, values))

    def add(self, connection: Connection, *items: R) -> None:
        """Inserts all items with one executemany."""
        if items:
            connection.execute(insert(self.table), self.values(items))

    def values(self, items: Iterable[R]) -> list[dict[str, Any]]:
        """Items as column values. `dataclasses.asdict` would copy every JSON cell deeply, 10,000 times an import."""
        return [{name: getattr(item, name) for name in self.names} for item in items]


def narrowed(statement: Select[Any], wanted: Mapping[Column[Any], Any]) -> Select[Any]:
    """`statement` with every column held to its wanted value; None wants nothing."""
    return statement.where(*(column == value for column, value in wanted.items() if value is not None))


ORGANISATIONS = Shelf(tables.organisation, rows.Organisation)
OFFICERS = Shelf(tables.officer, rows.Officer)
SIGNING_KEYS = Shelf(tables.signing_key, rows.SigningKey)
DOCUMENTS = Shelf(tables.document, rows.Document)
PEOPLE = Shelf(tables.person, rows.Person)
IDENTITY_DOCUMENTS = Shelf(tables.identity_document, rows.IdentityDocument)
NAMES = Shelf(tables.person_name, rows.PersonName)
EMPLOYMENTS = Shelf(tables.employment, rows.Employment)
PHOTOS = Shelf(tables.photo, rows.Photo)
ROSTER_FILES = Shelf(tables.roster_file, rows.RosterFile)
ROSTERS = Shelf(tables.roster, rows.Roster)
ACTS = Shelf(tables.act, rows.Act)
ENTRIES = Shelf(tables.entry, rows.Entry)
ACT_ENTRIES = Shelf(tables.act_entry, rows.ActEntry)
CORRECTED = Shelf(tables.corrected_entry, rows.CorrectedEntry)
INTENTS = Shelf(tables.issue_intent, rows.IssueIntent)
CERTIFICATES = Shelf(tables.certificate, rows.Certificate)
RENDITIONS = Shelf(tables.rendition, rows.Rendition)
PROPOSALS = Shelf(tables.status_proposal, rows.StatusProposal)
EVENTS = Shelf(tables.status_event, rows.StatusEvent)
NOTICES = Shelf(tables.notice, rows.Notice)
STATUS_LISTS = Shelf(tables.status_list, rows.StatusList)
EQUIVALENCES = Shelf(register_tables.equivalence, register_rows.Equivalence)
REGISTER_IMPORTS = Shelf(register_tables.register_import, register_rows.RegisterImport)
REGISTER_TITLES = Shelf(register_tables.register_title, register_rows.RegisterTitle)
CLAIM_LINKS = Shelf(tables.claim_link, rows.ClaimLink)
LOG_ENTRIES = Shelf(log_tables.log_entry, log_rows.LogEntry)
LOG_STATES = Shelf(log_tables.log_state, log_rows.LogState)
LOG_CHECKPOINTS = Shelf(log_tables.log_checkpoint, log_rows.LogCheckpoint)
LOG_COSIGNATURES = Shelf(log_tables.log_cosignature, log_rows.LogCosignature)
