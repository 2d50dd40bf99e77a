"""Which enrolled office the employer of a row is: the one with its code, else the only one with its name.

An office that is enrolled after the import counts as well: a row that found none asks again whenever it is read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from certsvc.register.columns import fold
from certsvc.register.roster_rows import RosterRow
from certsvc.store import keys as key_store
from certsvc.store.rows import Entry


@dataclass(frozen=True)
class Offices:
    """Ids of the enrolled offices by what a row may name them by."""

    by_code: Mapping[str, str]
    by_name: Mapping[str, frozenset[str]]

    def find(self, code: str | None, name: str) -> str | None:
        """The office, or None; a name that several bear leads nowhere."""
        named = self.by_name.get(name, frozenset())
        return self.by_code.get(code or "", next(iter(named)) if len(named) == 1 else None)


def offices_of(connection: Connection) -> Offices:
    """All that are enrolled."""
    codes: dict[str, str] = {}
    names: dict[str, frozenset[str]] = {}
    for one in key_store.list_organisations(connection):
        codes |= {code: one.id for code in (one.uscc, one.local_code) if code}
        names[one.name_zh] = names.get(one.name_zh, frozenset()) | {one.id}
    return Offices(codes, names)


def with_offices(connection: Connection, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """`entries`, with the office of those that had none when they were imported."""
    if all(one.unit_org_id for one in entries):
        return entries
    offices = offices_of(connection)
    return tuple(one if one.unit_org_id else replace(one, unit_org_id=_office(offices, one)) for one in entries)


def _office(offices: Offices, entry: Entry) -> str | None:
    return offices.find(entry.columns.get("unit_code"), entry.unit_name)


def is_another(row: RosterRow, entry: Entry) -> bool:
    """Whether a row names another employer than the entry does, or the same by another code."""
    return (fold(row.unit_name), row.unit_code) != (fold(entry.unit_name), entry.columns.get("unit_code"))


@dataclass(frozen=True)
class Unknown:
    """An employer whose office is not known, so that nobody can act for its people."""

    name: str
    code: str | None
    region: str
    several: bool
    """Several offices bear this name, and no code tells them apart."""
    people: int


def unknown_units(connection: Connection, entries: Iterable[Entry]) -> list[Unknown]:
    """The employers of those among `entries` who have no office; those with the most people first."""
    lost = [one for one in entries if one.unit_org_id is None]
    counts = Counter((one.unit_name, one.columns.get("unit_code"), one.region) for one in lost)
    names = offices_of(connection).by_name if counts else {}
    return [
        Unknown(name, code, region, len(names.get(name, ())) > 1, people)
        for (name, code, region), people in counts.most_common()
    ]
