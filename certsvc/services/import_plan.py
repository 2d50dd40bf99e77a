"""Who every row of a roster file means, and what only a person can answer (domain.md 6.3). Nothing is written here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from sqlalchemy import Connection

from certsvc.core.calendar import local_date
from certsvc.core.errors import NotFound
from certsvc.core.names import fold_name
from certsvc.register.faults import DECIDE, RULES, RowFault
from certsvc.register.file_checks import exclude_each_other
from certsvc.register.matching import REASONS, Incoming, match
from certsvc.register.roster_rows import RosterFile, RosterRow
from certsvc.register.sealing import DataKeys
from certsvc.services.soundness import Soundness
from certsvc.services.standing import IN_HAND, MISPLACED, Standing, standing_of
from certsvc.services.units import is_another
from certsvc.store import people as people_store
from certsvc.store import rosters as roster_store
from certsvc.store.engine import new_id
from certsvc.store.rows import Entry, KnownPerson

Progress = Callable[[int, int], None]
RandomBytes = Callable[[int], bytes]
NEW, ACCEPT = "new", "accept"
#: Decided by "accept": somebody who was struck, lost the certificate, or stands under another employer, is taken in for the
#: same title and year again.
AGAIN = "applies_again"
PROGRESS_EVERY = 500


@dataclass(frozen=True)
class Question:
    """What only a person can answer; `key` is the one in `decisions`."""

    key: str
    """A row key, answered by a person id or "new"; or "place:code", or "*:code" for all of them, by "accept"."""
    sheet: str
    row: int
    code: str
    zh: str
    en: str
    candidates: tuple[KnownPerson, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with one row."""

    row: RosterRow
    number_key: str
    row_key: str
    person_id: str
    known: KnownPerson | None
    """The person as the register knows them; None for one who is new."""
    first: bool
    """The first row of this file about this person."""
    has_number: bool
    """Whether the register knows the number already, as this person's or another's."""
    before: str | None = None
    """The entry of which this one takes the place."""


@dataclass(frozen=True)
class Met:
    """An entry that the register has for the person, title and year of a row."""

    sheet: str
    row: int
    name: str
    entry_id: str
    roster_id: str
    standing: Standing


@dataclass
class Gathered:
    """Everything the decision looks at."""

    plans: list[Plan] = field(default_factory=list)
    present: int = 0
    """Rows whose entry stands in the register as it is."""
    same: set[str] = field(default_factory=set)
    """Ids of the people whom the register knows already."""
    questions: list[Question] = field(default_factory=list)
    standing: list[Met] = field(default_factory=list)
    """What stands in the register, so that nothing is added."""
    again: dict[tuple[str, int], Met] = field(default_factory=dict)
    """Position of a row -> what stands in its way no more."""


@dataclass(frozen=True)
class Work:
    """What every step of one import needs."""

    connection: Connection
    keys: DataKeys
    file: RosterFile
    decisions: Mapping[str, str]
    now: int
    officer: str | None
    random_bytes: RandomBytes
    progress: Progress

    @property
    def today(self) -> str:
        return local_date(self.now).isoformat()

    @cached_property
    def soundness(self) -> Soundness:
        return Soundness(self.connection)

    def is_accepted(self, row: RosterRow, code: str) -> bool:
        """Whether an officer said yes to a question, of this row or of all."""
        return ACCEPT in {self.decisions.get(f"*:{code}"), self.decisions.get(f"{row.row_key}:{code}")}


#: Whether the register has what a row is about; it may add a question.
Stands = Callable[[Work, Plan, Gathered], bool]


def gather(work: Work, stands: Stands | None = None) -> Gathered:
    """A plan for every row that the register lacks, and the questions. `stands` says whether it has what a row is about."""
    has = stands or _stands
    gathered = Gathered(questions=list(open_faults(work.file, work.decisions)))
    met: dict[str, Plan] = {}
    total = len(work.file.rows)
    for done, row in enumerate(work.file.rows, start=1):
        plan = _plan(work, row, met, gathered.questions)
        if plan is not None and plan.known is not None:
            gathered.same.add(plan.person_id)
        if plan is not None and plan.known is not None and has(work, plan, gathered):
            gathered.present += 1
        elif plan is not None:
            met.setdefault(plan.number_key, plan)
            before = gathered.again.get(row.position)
            gathered.plans.append(plan if before is None else replace(plan, before=before.entry_id))
            gathered.questions.extend(_exclusions(work, plan))
        if done % PROGRESS_EVERY == 0 or done == total:
            work.progress(done, 2 * total)
    return gathered


def _plan(work: Work, row: RosterRow, met: Mapping[str, Plan], questions: list[Question]) -> Plan | None:
    """The plan of a row, or None with a question added."""
    number_key = work.keys.blind("id", row.id_number)
    row_key = work.keys.blind("row", row.row_key)
    if before := met.get(number_key):
        return Plan(row, number_key, row_key, before.person_id, before.known, False, True)
    bearer = people_store.find_person_by_number_key(work.connection, number_key)
    person = _person(work, row, number_key, bearer, questions)
    if person == "":
        return None
    known = None if person == NEW else _known(work, person, bearer)
    return Plan(row, number_key, row_key, known.person_id if known else new_id(), known, True, bearer is not None)


def _person(work: Work, row: RosterRow, number_key: str, bearer: KnownPerson | None, questions: list[Question]) -> str:
    """The id of the person a row means, "new", or an empty text with a question added (never by name alone)."""
    fold, birth = fold_name(row.name), row.birth.isoformat()
    alike = () if bearer else people_store.find_candidates(work.connection, fold, birth, row.sex)
    found = match(Incoming(row.id_kind, number_key, fold, birth, row.sex, row.unit_name), bearer, alike)
    if found.outcome != "ask":
        return found.person_id or NEW
    answer = work.decisions.get(row.row_key, "")
    if not answer:
        zh, en = REASONS[found.reason]
        questions.append(Question(row.row_key, *row.position, found.reason, zh, en, found.candidates))
    elif answer != NEW and answer not in {one.person_id for one in found.candidates}:
        zh, en = f"所选人员不在候选人中:{answer}", f"{answer} is none of the candidates of this row."
        raise NotFound("decision_unknown", zh, en, f"certsvc roster check {work.file.name}")
    return answer


def _known(work: Work, person_id: str, bearer: KnownPerson | None) -> KnownPerson:
    if bearer is not None and bearer.person_id == person_id:
        return bearer
    name = people_store.list_names(work.connection, person_id)[-1].name
    person = people_store.find_person(work.connection, person_id)
    if person is None:  # only a broken foreign key could do this
        raise LookupError(person_id)
    folds = tuple(one.name_fold for one in people_store.list_names(work.connection, person_id))
    units = tuple(one.unit_name for one in people_store.list_employments(work.connection, person_id))
    return KnownPerson(person_id, name, folds, person.birth, person.sex, units)


def _stands(work: Work, plan: Plan, gathered: Gathered) -> bool:
    """Whether the register has this entry. One that differs in title, track or region is a question of its own."""
    row = plan.row
    entry = roster_store.find_entry_of_target(
        work.connection, plan.person_id, series=row.series, specialty=row.specialty, level=row.level, year=row.year
    )
    if entry is None:
        return False
    found = standing_of(work.connection, entry, work.soundness)
    if found.why == IN_HAND and entry.head_act is None and is_another(row, entry):
        found = Standing(MISPLACED)
    met = Met(*row.position, row.name, entry.id, entry.roster_id, found)
    if not found.stands and (not found.asks or work.is_accepted(row, AGAIN)):
        gathered.again[row.position] = met
        return False
    gathered.standing.append(met)
    if found.stands and entry.row_key != plan.row_key:
        en = f"Roster {entry.roster_id} has this person's title already, with another track, region or name of title."
        zh = f"花名册 {entry.roster_id} 已有此人同年同级职称,取得方式、地区或名称不同"
        gathered.questions.append(Question(row.row_key, *row.position, "entry_differs", zh, en))
    return True


def _exclusions(work: Work, plan: Plan) -> Iterator[Question]:
    """An award of the same round in the register that A13 keeps apart from this one, unless an officer accepts it."""
    row, code = plan.row, "round_exclusion"
    if plan.known is None or not row.passed or work.is_accepted(row, code):
        return
    for entry in roster_store.list_entries_of_person(work.connection, plan.person_id):
        excluded = exclude_each_other((row.track, row.year), (entry.track, entry.year))
        if excluded and entry.columns.get("passed") is not False and _counts(work, entry):
            zh = RULES[code].zh.format(c="", d=f"花名册 {entry.roster_id}")
            en = RULES[code].en.format(c="", d=f"roster {entry.roster_id}")
            yield Question(f"{row.row_key}:{code}", *row.position, code, zh, en)
            return


def _counts(work: Work, entry: Entry) -> bool:
    return entry.replaced_by is None and standing_of(work.connection, entry, work.soundness).stands


def open_faults(file: RosterFile, decisions: Mapping[str, str]) -> Iterator[Question]:
    """The findings of the file that wait for a decision and have none: by row and code, or by code for all rows."""
    keys = {row.position: row.row_key for row in file.rows}
    for fault in file.faults:
        if fault.action != DECIDE or decisions.get(f"*:{fault.code}") == ACCEPT:
            continue
        key = decision_key(fault, keys)
        if decisions.get(key) != ACCEPT:
            column = f"{fault.column}:" if fault.column else ""
            yield Question(key, fault.sheet, fault.row, fault.code, column + fault.zh, fault.en)


def decision_key(fault: RowFault, keys: Mapping[tuple[str, int], str]) -> str:
    """The key under which a finding is accepted: "row key:code", or "sheet:code" for one about a whole sheet."""
    return f"{keys.get((fault.sheet, fault.row), fault.sheet)}:{fault.code}"
