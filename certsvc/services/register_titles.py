"""Titles by examination and of other provinces enter the register: a file, two officers, no certificate.

1. read   – an ordinary roster file; every row is of one track, passed, and says when and by whom the title was given
2. match  – people as in any import; what the register has already is left out; open questions write nothing
3. write  – people and titles in one transaction; the same file again changes nothing
4. approve – by another human; from then on the titles count
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from certsvc.core.errors import NotFound, Refused
from certsvc.instance import Instance
from certsvc.register.fault_report import summary
from certsvc.register.roster_rows import RosterFile, RosterRow
from certsvc.services.import_plan import Gathered, Plan, Progress, Question, Work, gather
from certsvc.services.import_roster import write_people
from certsvc.services.register_only import named, office_officer, refuse_same_human
from certsvc.store import people as people_store
from certsvc.store import register as register_store
from certsvc.store import rosters as roster_store
from certsvc.store.engine import new_id
from certsvc.store.register_rows import RegisterImport, RegisterTitle
from certsvc.store.rows import RosterFile as StoredFile

#: Where the titles come from, as one types it -> (origin in the register, track of every row).
SOURCES: dict[str, tuple[str, str]] = {"exam": ("exam", "T21"), "province": ("other_province", "T18c")}
#: Precision of a date -> how much of its ISO form is known.
KNOWN = {"year": 4, "month": 7}


@dataclass(frozen=True)
class TitleOrder:
    """Who takes which file in, from where, on what evidence."""

    source: str
    """A name in SOURCES."""
    officer_id: str
    evidence_sha256: str | None = None
    """Base64url hash of the paper behind the file; the file itself when None."""
    decisions: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    """Check everything, write nothing."""


@dataclass(frozen=True)
class Taken:
    """What came of it, or would; with open questions, or in a dry run, nothing was written and there is no id."""

    import_id: str = ""
    titles: int = 0
    present: int = 0
    """Rows that the register has already."""
    people_new: int = 0
    repeated: bool = False
    open_questions: list[Question] = field(default_factory=list)


@dataclass(frozen=True)
class TitleLine:
    """One title as an officer sees it. The original number is left out: some bodies use the ID number for it."""

    held: RegisterImport
    title: RegisterTitle
    name: str


def import_titles(instance: Instance, file: RosterFile, order: TitleOrder, progress: Progress | None = None) -> Taken:
    """Takes the file in, all or nothing. Raises Refused (with rows named), NotFound."""
    _check_file(file, SOURCES[order.source][1])
    with instance.engines.write.begin() as connection:
        roster_store.lock_roster_files(connection)
        officer = office_officer(instance, connection, order.officer_id)
        if known := register_store.find_import_of_file(connection, file.sha256):
            return Taken(known.id, present=len(file.rows), repeated=True)
        told = progress or (lambda done, total: None)
        work = Work(
            connection, instance.data_keys, file, order.decisions, instance.now(), officer.id, secrets.token_bytes, told
        )
        gathered = gather(work, _stands)
        if gathered.questions:
            return Taken(open_questions=gathered.questions)
        return _write(work, order, gathered)


def _check_file(file: RosterFile, track: str) -> None:
    """Returns if every row is a title that was given. Raises Refused naming the rows."""
    if file.stopped:
        zh, en = f"文件有须改正的问题:{file.name}", f"{file.name} has faults that must be corrected."
        raise Refused("roster_stopped", zh, en, f"certsvc roster check {file.name}")
    for code, zh, en, is_wrong in (
        ("register_track", f"取得方式应为 {track}", f"the track must be {track}", lambda row: row.track != track),
        ("register_not_passed", "结果不是“通过”", "not passed", lambda row: not row.passed),
        ("register_row_incomplete", "缺取得时间或发证机关", "no award date or no issuing body", _is_incomplete),
    ):
        rows = [row.position for row in file.rows if is_wrong(row)]
        if rows:
            raise Refused(code, f"{named(rows)}:{zh}", f"{named(rows)}: {en}.", f"certsvc roster check {file.name}")


def _is_incomplete(row: RosterRow) -> bool:
    return row.award_date is None or not row.issuer_name


def _stands(work: Work, plan: Plan, gathered: Gathered) -> bool:
    """Whether an approved import gave this person this title already."""
    row = plan.row
    held = register_store.list_standing_titles(work.connection, plan.person_id)
    return any(_same(one, row.series, row.specialty, row.level, row.title) for one in held)


def _same(one: RegisterTitle, *title: str) -> bool:
    return (one.series, one.specialty, one.level, one.title) == title


def _write(work: Work, order: TitleOrder, gathered: Gathered) -> Taken:
    if not gathered.plans:
        zh, en = "文件中的职称均已在库", "Every title of this file is in the register already."
        raise Refused("register_nothing_new", zh, en, "certsvc list --register")
    new = sum(plan.first and plan.known is None for plan in gathered.plans)
    if order.dry_run:
        return Taken("", len(gathered.plans), gathered.present, new)
    file, connection, officer = work.file, work.connection, order.officer_id
    stored = StoredFile(file.sha256, file.name, work.now, officer, file.total, summary(file))
    roster_store.add_roster_file(connection, stored)
    write_people(work, [plan for plan in gathered.plans if plan.first])
    held = register_store.add_register_import(
        connection,
        file_sha256=file.sha256,
        origin=SOURCES[order.source][0],
        evidence_sha256=order.evidence_sha256 or file.sha256,
        proposed_by=officer,
        proposed_at=work.now,
    )
    register_store.add_register_titles(connection, (_title(held.id, plan) for plan in gathered.plans))
    return Taken(held.id, len(gathered.plans), gathered.present, new)


def _title(import_id: str, plan: Plan) -> RegisterTitle:
    row = plan.row
    day = str(row.award_date)[: KNOWN.get(dict(row.imprecise).get("award_date", ""), 10)]
    # A number of another body that is, or holds, the ID number is not kept in clear.
    number = row.original_cert_no if row.id_number not in (row.original_cert_no or "") else None
    return RegisterTitle(
        new_id(),
        import_id,
        row.position[1],
        plan.person_id,
        row.series,
        row.specialty,
        row.level,
        row.title,
        day,
        str(row.issuer_name),
        number,
    )


def approve_titles(instance: Instance, import_id: str, officer_id: str) -> int:
    """Another human approves; gives back how many titles count now. Raises Refused, NotFound."""
    with instance.engines.write.begin() as connection:
        register_store.lock_register_imports(connection)
        held = _held(connection, import_id)
        officer = office_officer(instance, connection, officer_id)
        refuse_same_human(connection, held.proposed_by, officer, f"certsvc register approve {import_id}")
        titles = register_store.list_register_titles(connection, import_id)
        for one in titles:
            standing = register_store.list_standing_titles(connection, one.person_id)
            # The titles of this very import stand when it was approved before; that is told by its own code.
            other = [o for o in standing if o.import_id != import_id]
            if any(_same(o, one.series, one.specialty, one.level, one.title) for o in other):
                zh, en = (
                    f"第 {one.position} 行的职称已由另一次登记入库",
                    f"Row {one.position} came in by another import.",
                )
                raise Refused("register_title_known", zh, en, "certsvc list --register")
        register_store.approve_register_import(connection, import_id, officer.id, instance.now())
        return len(titles)


def _held(connection: Connection, import_id: str) -> RegisterImport:
    held = register_store.find_register_import(connection, import_id)
    if held is None:
        zh, en = f"没有此登记:{import_id}", f"No register import {import_id}."
        raise NotFound("register_import_unknown", zh, en, "certsvc list --register")
    return held


def title_lines(instance: Instance, import_id: str | None = None) -> list[TitleLine]:
    """The titles of one import, or of all, newest import first. Raises NotFound."""
    with instance.engines.read.connect() as connection:
        chosen = [_held(connection, import_id)] if import_id else register_store.list_register_imports(connection)
        return [
            TitleLine(held, one, people_store.list_names(connection, one.person_id)[-1].name)
            for held in chosen
            for one in register_store.list_register_titles(connection, held.id)
        ]
