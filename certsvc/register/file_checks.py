"""What the rows of one file say together: the same person, number or unit twice (domain.md 6.2, 6.3)."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from certsvc.register.columns import BY_KEY, NO_CERTIFICATE, fold
from certsvc.register.faults import FaultLog
from certsvc.register.roster_rows import RosterRow

#: A separate assessment, and the tracks that are no award beside it: equivalences and examinations.
SEPARATE, NO_AWARD = "T13b", frozenset(NO_CERTIFICATE)


def exclude_each_other(one: tuple[str, int], other: tuple[str, int]) -> bool:
    """Whether two awards of one person, each as (track, year), may not both stand (domain.md 7, A13)."""
    (track, year), (second, then) = one, other
    return year == then and (track == SEPARATE) != (second == SEPARATE) and not NO_AWARD & {track, second}


@dataclass
class _Seen:
    """Who was met first under a key."""

    first: dict[Hashable, RosterRow] = field(default_factory=dict)

    def before(self, key: Hashable, row: RosterRow) -> RosterRow | None:
        """The first row of this key, or None if it is this one."""
        other = self.first.setdefault(key, row)
        return None if other is row else other


def check_file(rows: Iterable[RosterRow], log: FaultLog) -> None:
    """Notes every fault that shows only when rows are compared, on the later row."""
    checks = (_Persons(log), _Certificates(log), _Units(log))
    for row in rows:
        for check in checks:
            check.see(row)


@dataclass
class _Check:
    log: FaultLog

    def note(self, row: RosterRow, key: str, code: str, detail: str) -> None:
        value = getattr(row, key)
        self.log.add(code, *row.position, BY_KEY[key].zh, value, value, detail)

    def note_other(self, row: RosterRow, key: str, code: str, other: RosterRow) -> None:
        sheet, number = other.position
        self.note(row, key, code, f"{sheet} 第 {number} 行\t{sheet} row {number}")


@dataclass
class _Persons(_Check):
    numbers: _Seen = field(default_factory=_Seen)
    targets: _Seen = field(default_factory=_Seen)
    alike: _Seen = field(default_factory=_Seen)
    awards: dict[Hashable, list[RosterRow]] = field(default_factory=dict)
    """Rows of people who passed, by number."""

    def see(self, row: RosterRow) -> None:
        number = (row.id_kind, row.id_number)
        if other := self.numbers.before(number, row):
            self._same_number(row, other)
        elif other := self.alike.before((row.name, row.birth, row.sex, fold(row.unit_name)), row):
            self.note_other(row, "name", "same_name_and_birth", other)
        # The register's own rule: one award per person, series, specialty, level and year.
        self.targets.before((number, row.series, row.specialty, row.level, row.year), row)
        if row.passed:
            self.awards.setdefault(number, []).append(row)

    def _same_number(self, row: RosterRow, other: RosterRow) -> None:
        target = ((row.id_kind, row.id_number), row.series, row.specialty, row.level, row.year)
        same = self.targets.first.get(target)
        if row.name != other.name:
            self.note_other(row, "id_number", "id_two_people", other)
        elif same:
            self.note_other(row, "id_number", "duplicate_row", same)
        elif row.passed and (exclusive := self._exclusive(row)):
            self.note_other(row, "track", "round_exclusion", exclusive)
        else:
            self.note_other(row, "id_number", "person_twice", other)

    def _exclusive(self, row: RosterRow) -> RosterRow | None:
        """An earlier row of the same person that A13 keeps apart from this one."""
        met = self.awards.get((row.id_kind, row.id_number), [])
        return next((one for one in met if exclude_each_other((row.track, row.year), (one.track, one.year))), None)


@dataclass
class _Certificates(_Check):
    numbers: _Seen = field(default_factory=_Seen)

    def see(self, row: RosterRow) -> None:
        if not row.original_cert_no:
            return
        other = self.numbers.before(row.original_cert_no, row)
        if other and other.id_number != row.id_number:
            self.note_other(row, "original_cert_no", "cert_no_shared", other)


@dataclass
class _Units(_Check):
    spellings: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def see(self, row: RosterRow) -> None:
        """A second spelling is told once, on its first row."""
        if row.unit_name in self.told:
            return
        known = self.spellings.setdefault(fold(row.unit_name), row.unit_name)
        if row.unit_code:
            known = known if known != row.unit_name else self.codes.setdefault(row.unit_code, row.unit_name)
        if known != row.unit_name:
            self.told.add(row.unit_name)
            self.note(row, "unit_name", "unit_variant", known)
