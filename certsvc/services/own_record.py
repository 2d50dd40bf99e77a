"""What the register itself knows of somebody whom a roster file takes in: the title held already, a revocation for fraud.

A file says both about each row (现职称, 诚信限制) and acts sign it. Where the register knows otherwise a named officer is
asked before anything is signed: the file may be the one that is right (domain.md 5.4, 6.2; rules A09 and A16 of 7).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from certsvc.core.calendar import local_date, years_later
from certsvc.core.titles import level, level_rank
from certsvc.register.roster_rows import RosterRow
from certsvc.register.row_checks import ONE_STEP, STEPS
from certsvc.services import documents
from certsvc.services.import_plan import Plan, Question, Work
from certsvc.services.standing import standing_of
from certsvc.store import certificates as certificate_store
from certsvc.store import register as register_store
from certsvc.store import rosters as roster_store
from certsvc.store import status as status_store
from certsvc.store.rows import Entry

#: Codes of the questions, answered by "accept".
HELD, FRAUD = "title_held", "ban_not_stated"
#: Who obtained a title by fraud may not apply for so long (domain.md 5.4).
BAN_YEARS = 3


@dataclass(frozen=True)
class _Held:
    """A title that somebody has by the register, or is on the way to."""

    specialty: str
    level: str
    title: str
    given: bool
    """Not only on the way."""
    where: str
    """Number of a certificate, roster or import."""


def questions_on(work: Work, plans: Iterable[Plan]) -> Iterator[Question]:
    """What an officer has to say yes to, for every row of somebody whom the register knew before."""
    for plan in plans:
        if plan.known is None:
            continue
        entries = roster_store.list_entries_of_person(work.connection, plan.person_id)
        for code, found in ((HELD, _held_already(work, plan, entries)), (FRAUD, _unstated_ban(work, plan, entries))):
            if found is not None and not work.is_accepted(plan.row, code):
                yield Question(f"{plan.row.row_key}:{code}", *plan.row.position, code, *found)


# --- the title (A16) -----------------------------------------------------------------------------------------------


def _held_already(work: Work, plan: Plan, entries: Iterable[Entry]) -> tuple[str, str] | None:
    row = plan.row
    for held in _titles(work, plan, entries):
        if held.specialty in ("", row.specialty) or not row.specialty:
            current = level_rank(row.current_level) if row.current_level else 0
            if _is_no_step(row, held) or (held.given and level_rank(held.level) > current):
                return _held_words(row, held)
    return None


def _is_no_step(row: RosterRow, held: _Held) -> bool:
    """Whether the title applied for is not above the one held; a way on which the level stays asks for no more."""
    fewest, _ = STEPS.get(row.track) or ONE_STEP
    return level_rank(row.level) - level_rank(held.level) < min(1, fewest)


def _held_words(row: RosterRow, held: _Held) -> tuple[str, str]:
    has, stated = level(held.level), level(row.current_level) if row.current_level else None
    zh = (
        f"登记库中此人已有本系列同专业{has.zh}职称“{held.title}”({held.where}),"
        f"本行申报{level(row.level).zh},现职称级别为{stated.zh if stated else '无'};请核对"
    )
    en = (
        f"The register has a title of this person in the same series and specialty: {held.title}, {has.en} "
        f"({held.where}); the row applies for {level(row.level).en} from {stated.en if stated else 'no title'}."
    )
    return zh, en


def _titles(work: Work, plan: Plan, entries: Iterable[Entry]) -> Iterator[_Held]:
    """The titles of a person in the series of the row."""
    for entry in entries:
        if entry.series == plan.row.series and entry.replaced_by is None:
            found = standing_of(work.connection, entry, work.soundness)
            # A row that nobody has signed anything about leads nowhere yet.
            if found.stands and (found.number or (entry.head_act and entry.columns.get("passed") is not False)):
                where = found.number or entry.roster_id
                yield _Held(entry.specialty, entry.level, entry.title, found.number is not None, where)
    for one in register_store.list_standing_titles(work.connection, plan.person_id):
        if one.series == plan.row.series:
            yield _Held(one.specialty, one.level, one.title, True, one.import_id)


# --- the ban (A09) -------------------------------------------------------------------------------------------------


def _unstated_ban(work: Work, plan: Plan, entries: Iterable[Entry]) -> tuple[str, str] | None:
    today = local_date(work.now)
    if any(first <= today.isoformat() <= (last or "9999") for first, last in plan.row.bans or ()):
        return None
    for number, decided in _frauds(work, entries):
        over = years_later(decided, BAN_YEARS)
        if today < over:
            last = over - timedelta(days=1)
            zh = f"证书 {number} 于 {decided} 因弄虚作假撤销,至 {last} 不得申报;本行未写诚信限制,请核对"
            en = f"Certificate {number} was revoked for fraud on {decided}: no application up to {last}. No ban is stated."
            return zh, en
    return None


def _frauds(work: Work, entries: Iterable[Entry]) -> Iterator[tuple[str, date]]:
    """Certificates that were revoked for fraud, and the day on which that was decided."""
    for entry in entries:
        for one in certificate_store.list_versions(work.connection, entry.id):
            for event in status_store.list_events(work.connection, one.id):
                decide = documents.load_document(work.connection, event.decide_sha256, "act+jwt")
                if event.kind == "revoke" and decide.unverified_payload["reason"] == "fraud":
                    yield one.number, local_date(event.at)
