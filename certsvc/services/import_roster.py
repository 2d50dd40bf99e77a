"""Takes a read roster file into the register: all of it or nothing, and twice the same as once (domain.md 6.3).

1. gather  – the file that is known already, or for every row the person it means and the entry that stands already
2. decide  – pure: the questions that only a person can answer; while one is open, nothing is written
3. apply   – people, documents, names, employers, rosters and entries, in the same transaction
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from certsvc import resources
from certsvc.core.claims import FIELDS, Target, entry_commitment, field_commitments, person_commitment
from certsvc.core.errors import Refused
from certsvc.core.names import fold_name
from certsvc.core.titles import level as title_level
from certsvc.register.columns import TRACKS, fold
from certsvc.register.fault_report import summary
from certsvc.register.roster_rows import RosterFile, RosterRow
from certsvc.register.sealing import DataKeys
from certsvc.services.import_plan import Gathered, Met, Plan, Progress, Question, RandomBytes, Work, gather
from certsvc.services.own_record import questions_on
from certsvc.services.private import seal_personal
from certsvc.services.register_only import refuse_rows
from certsvc.services.units import Offices, offices_of
from certsvc.store import certificates as certificate_store
from certsvc.store import people as people_store
from certsvc.store import rosters as roster_store
from certsvc.store.engine import Engines, new_id, refusing
from certsvc.store.rows import (
    Employment,
    Entry,
    IdentityDocument,
    Person,
    PersonName,
    Roster,
)
from certsvc.store.rows import RosterFile as StoredFile
from certsvc.store.shelf import EMPLOYMENTS, IDENTITY_DOCUMENTS, NAMES, PEOPLE
from certsvc.store.tables import MAX_LEAVES

SALT_BYTES = 32
#: Rows written with one executemany.
BATCH = 1000
#: What stands in columns of its own, or sealed, is not repeated beside the entry.
NOT_KEPT = frozenset(
    {"row_key", "name", "sex", "birth", "id_kind", "id_number", "id_original", "phone", "unit_name", "region", "series"}
    | {"specialty", "level", "title", "track", "year", "education"}
)


@dataclass(frozen=True)
class ImportResult:
    """What one import brought about; with open questions, or in a dry run, what it would."""

    rosters: list[str] = field(default_factory=list)
    people_new: int = 0
    people_same: int = 0
    entries: int = 0
    entries_same: int = 0
    """Rows that the register has already."""
    repeated: bool = False
    """The very same file was imported before: nothing has changed."""
    open_questions: list[Question] = field(default_factory=list)
    standing: list[Met] = field(default_factory=list)
    """Rows that add nothing: the person has the title, is on the way to it, or was turned down for it."""
    again: list[Met] = field(default_factory=list)
    """What was done before for the others: it is closed, and done again."""


def import_roster(
    engines: Engines,
    keys: DataKeys,
    file: RosterFile,
    *,
    now: int,
    officer: str | None,
    decisions: Mapping[str, str],
    random_bytes: RandomBytes,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportResult:
    """Imports `file` in one transaction. `now` is in seconds, `random_bytes(n)` gives n secret bytes.

    `progress(done, total)` counts each row twice: when it is matched and when it is written. Raises
    Refused(roster_stopped) for a file with faults that stop it, NotFound for an unknown person in `decisions`.
    """
    if file.stopped:
        zh, en = f"文件有须改正的问题:{file.name}", f"{file.name} has faults that must be corrected."
        raise Refused("roster_stopped", zh, en, f"certsvc roster check {file.name}")
    refuse_rows(file)
    context = engines.read.connect() if dry_run else engines.write.begin()
    with context as connection:
        told = progress or (lambda done, total: None)
        work = Work(connection, keys, file, decisions, now, officer, random_bytes, told)
        if not dry_run:
            roster_store.lock_roster_files(connection)
        known = roster_store.find_roster_file(connection, file.sha256) is not None
        gathered = gather(work)
        # The very same file does something again where somebody is to be taken in anew.
        if known and not any(plan.before for plan in gathered.plans):
            return _repeated(work)
        gathered.questions.extend(questions_on(work, gathered.plans))
        rosters = [] if dry_run or gathered.questions else apply(work, gathered.plans)
    return _result(gathered, rosters)


def _repeated(work: Work) -> ImportResult:
    rosters = [one.id for one in roster_store.list_rosters(work.connection) if one.file_sha256 == work.file.sha256]
    return ImportResult(sorted(rosters), entries_same=len(work.file.rows), repeated=True)


def _result(gathered: Gathered, rosters: list[str]) -> ImportResult:
    new = sum(plan.first and plan.known is None for plan in gathered.plans)
    count = len(gathered.plans)
    return ImportResult(
        rosters,
        new,
        len(gathered.same),
        count,
        gathered.present,
        open_questions=gathered.questions,
        standing=gathered.standing,
        again=list(gathered.again.values()),
    )


# --- apply ---------------------------------------------------------------------------------------------------------


def apply(work: Work, plans: list[Plan]) -> list[str]:
    """Writes the file, its rosters, people and entries; gives back the ids of the rosters."""
    if roster_store.find_roster_file(work.connection, work.file.sha256) is None:
        report = summary(work.file)
        stored = StoredFile(work.file.sha256, work.file.name, work.now, work.officer, work.file.total, report)
        roster_store.add_roster_file(work.connection, stored)
    # Everybody first: two rows about one person may belong to different rosters.
    for batch in _batches(plans, BATCH):
        write_people(work, [plan for plan in batch if plan.first])
    offices = offices_of(work.connection)
    rosters: list[str] = []
    done = len(work.file.rows)
    for scope, group in _groups(plans).items():
        # A tree of more leaves cannot be signed (formats.md 4).
        for part in _batches(group, MAX_LEAVES):
            rosters.append(_add_roster(work, *scope))
            for batch in _batches(part, BATCH):
                _replace(work, rosters[-1], [plan.before for plan in batch if plan.before is not None])
                roster_store.add_entries(work.connection, (_entry(work, rosters[-1], plan, offices) for plan in batch))
                done += len(batch)
                work.progress(done, 2 * len(work.file.rows))
    work.progress(2 * len(work.file.rows), 2 * len(work.file.rows))
    return rosters


def _replace(work: Work, roster_id: str, entries: list[str]) -> None:
    """Closes what these people had before: no act, and no certificate that was only begun, goes on there."""
    roster_store.replace_entries(work.connection, entries, roster_id)
    for entry_id in entries:
        intent = certificate_store.find_intent(work.connection, entry_id, 1)
        if intent is not None and not certificate_store.list_versions(work.connection, entry_id):
            certificate_store.remove_intent(work.connection, intent.id)


Scope = tuple[str, str, str, str, int]


def _groups(plans: Iterable[Plan]) -> dict[Scope, list[Plan]]:
    """One roster for each series, level, track, region and year (formats.md 4), in the order of the file."""
    groups: dict[Scope, list[Plan]] = {}
    for plan in plans:
        row = plan.row
        groups.setdefault((row.series, row.level, row.track, row.region, row.year), []).append(plan)
    return groups


def _batches(plans: Iterable[Plan], size: int) -> Iterator[list[Plan]]:
    rest = iter(plans)
    while batch := list(islice(rest, size)):
        yield batch


def _add_roster(work: Work, series: str, level: str, track: str, region: str, year: int) -> str:
    words = (
        str(year),
        resources.titles().series[series][0],
        title_level(level).zh,
        TRACKS[track][0],
        resources.regions()[region].name_zh,
    )
    roster_id = roster_store.next_roster_id(work.connection)
    label = " ".join(words)
    roster = Roster(roster_id, work.file.sha256, label, series, level, track, region, year, work.now)
    roster_store.add_roster(work.connection, roster)
    return roster_id


def write_people(work: Work, plans: list[Plan]) -> None:
    """New people with document, name and employer; of known ones what the register lacks. One plan a person."""
    new = [plan for plan in plans if plan.known is None]
    PEOPLE.add(work.connection, *(Person(p.person_id, p.row.sex, p.row.birth.isoformat(), work.now) for p in new))
    with refusing("identity_known", "该证件号码已登记", "This identity number is in the register already."):
        IDENTITY_DOCUMENTS.add(work.connection, *(_document(work, p) for p in plans if not p.has_number))
    NAMES.add(work.connection, *(_name(p, work.today) for p in new))
    for plan in plans:
        if plan.known is not None and fold_name(plan.row.name) not in plan.known.name_folds:
            people_store.add_name(work.connection, _name(plan, work.today))
    EMPLOYMENTS.add(work.connection, *(_employment(p, work.today) for p in plans if _is_new_unit(p)))


def _is_new_unit(plan: Plan) -> bool:
    # A spare space makes no second employer.
    return plan.known is None or fold(plan.row.unit_name) not in map(fold, plan.known.units)


def _document(work: Work, plan: Plan) -> IdentityDocument:
    row, identity = plan.row, new_id()
    place = f"identity_document/{identity}".encode()
    original = work.keys.seal(row.id_original.encode(), place) if row.id_original else None
    number = work.keys.seal(row.id_number.encode(), place)
    source = f"import:{work.file.sha256[:16]}"
    return IdentityDocument(
        identity, plan.person_id, row.id_kind, number, plan.number_key, original, work.today, None, source
    )


def _name(plan: Plan, at: str) -> PersonName:
    return PersonName(new_id(), plan.person_id, plan.row.name, fold_name(plan.row.name), at, None, "import")


def _employment(plan: Plan, at: str) -> Employment:
    row = plan.row
    return Employment(new_id(), plan.person_id, row.unit_name, row.unit_code, row.region, at, None)


def _entry(work: Work, roster_id: str, plan: Plan, offices: Offices) -> Entry:
    """The entry with fresh salts and its commitments (formats.md 4)."""
    row, entry_id = plan.row, new_id()
    salts = {name: work.random_bytes(SALT_BYTES) for name in FIELDS}
    entry_salt = work.random_bytes(SALT_BYTES)
    values = {"name": row.name, "sex": row.sex, "birth": row.birth.isoformat(), "id": row.id_number}
    person = person_commitment(field_commitments(values, salts))
    target = Target(row.series, row.specialty, row.level, row.title, row.track, row.region, row.year)
    return Entry(
        id=entry_id,
        roster_id=roster_id,
        row_key=plan.row_key,
        position=row.position[1],
        person_id=plan.person_id,
        **target.to_json(),
        name=row.name,
        sex=row.sex,
        birth=values["birth"],
        unit_name=row.unit_name,
        unit_org_id=offices.find(row.unit_code, row.unit_name),
        columns=columns_of(row),
        sealed=seal_personal(work.keys, values, salts, entry_id, row.phone),
        entry_salt=entry_salt,
        person_commitment=person,
        commitment=entry_commitment(person, target, entry_salt),
        head_act=None,
        struck_by=None,
    )


def columns_of(row: RosterRow) -> dict[str, Any]:
    """The other cells of a row, under the names by which acts ask for facts."""
    cells = {name: cell for name, cell in row.cells().items() if name not in NOT_KEPT}
    named = {"position": list(row.position), "schooling": row.education}
    return cells | {name: cell for name, cell in named.items() if cell is not None}
