"""What stands in the register without a certificate: who may put it there, and that nothing further follows from it.

Titles by examination (T21), other provinces' titles, and qualifications that are titles (T15, 双贯通): register facts,
not certificates of ours (吉林省2022年职称工作通知 五(一): what was obtained through the province's own review).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from certsvc.core.errors import NotFound, Refused
from certsvc.core.grants import OFFICES
from certsvc.instance import Instance
from certsvc.register.roster_rows import RosterFile
from certsvc.services import documents
from certsvc.store import keys as key_store
from certsvc.store import register as register_store
from certsvc.store import rosters as roster_store
from certsvc.store.rows import Officer

EXAM, EQUIVALENT = "T21", "T15"


@dataclass(frozen=True)
class NoCertificate:
    """Why no certificate follows, and what there is to do instead."""

    code: str
    zh: str
    en: str
    hint: str


#: What it is -> why it gets no act and no certificate; `{id}` is its number.
REASONS: dict[str, NoCertificate] = {
    "exam": NoCertificate(
        "register_only",
        "{id} 是考试取得的职称,只登记入库,不办环节、不编号、不制证;证书由考试机构核发",
        "{id} are titles by examination: they enter the register only, and the examining body gives the certificate.",
        "certsvc show {id}",
    ),
    "other_province": NoCertificate(
        "register_only",
        "{id} 是外省职称,只登记入库,不办环节、不编号、不制证;要本省证书的,按“外省确认”(T18c)另报花名册",
        "{id} are other provinces' titles and enter the register only; for a certificate of ours import a roster of "
        "track T18c.",
        "certsvc roster import FILE",
    ),
    "equivalence": NoCertificate(
        "equivalence_only",
        "{id} 是职业资格对应的职称,不经评审,不制证;出具的是对应说明",
        "{id} is a qualification that is a title: it gets an equivalence statement, not a certificate.",
        "certsvc equivalence statement {id} -o FILE",
    ),
    EXAM: NoCertificate(
        "track_register_only",
        "{id} 为考试取得(T21),只登记入库,不办环节、不制证;请单独成表登记",
        "{id}: titles by examination (T21) enter the register only; import them as a file of their own.",
        "certsvc register import FILE --source exam --officer ID",
    ),
    EQUIVALENT: NoCertificate(
        "track_equivalence",
        "{id} 为双贯通对应(T15),不经评审、不制证;请逐人登记对应",
        "{id}: qualifications that are titles (T15) are recorded one by one and get a statement.",
        "certsvc equivalence propose",
    ),
}


def refuse_register_only(connection: Connection, roster_id: str) -> None:
    """Returns for anything that may have acts. Raises Refused for an import, an equivalence, a roster of T15 or T21."""
    found = register_store.find_register_import(connection, roster_id)
    roster = roster_store.find_roster(connection, roster_id)
    if found is not None:
        raise _refusal(found.origin, roster_id)
    if register_store.find_equivalence(connection, roster_id) is not None:
        raise _refusal("equivalence", roster_id)
    if roster is not None and roster.track in REASONS:
        raise _refusal(roster.track, roster_id)


def refuse_rows(file: RosterFile) -> None:
    """Returns for a file whose rows may all become entries of rosters. Raises Refused naming rows of T15 or T21."""
    for track in (EXAM, EQUIVALENT):
        rows = [row.position for row in file.rows if row.track == track]
        if rows:
            raise _refusal(track, named(rows))


def _refusal(kind: str, which: str) -> Refused:
    reason = REASONS[kind]
    zh, en, hint = (text.format(id=which) for text in (reason.zh, reason.en, reason.hint))
    return Refused(reason.code, zh, en, hint)


def named(rows: Iterable[tuple[str, int]]) -> str:
    """The first few rows by sheet and number, as people look them up."""
    listed = list(rows)
    return ", ".join(f"{sheet}:{number}" for sheet, number in listed[:5]) + (" …" if len(listed) > 5 else "")


def office_officer(instance: Instance, connection: Connection, officer_id: str) -> Officer:
    """An officer of the issuing authority or of an office that approves. Raises NotFound, NotReady, Refused."""
    officer = key_store.find_officer(connection, officer_id)
    if officer is None:
        zh, en = f"经办人不存在:{officer_id}", f"No officer {officer_id}."
        raise NotFound("officer_unknown", zh, en, "certsvc keys list")
    key = {"jkt": documents.officer_key(connection, officer.id).jkt, "use": "officer"}
    grants = (one.unverified_payload for one in documents.living_grants_of(connection, officer.org_id, instance.now()))
    if not any(grant["role"] in OFFICES and key in grant["keys"] for grant in grants):
        zh = f"{officer_id} 不是发证机关或核准机关的经办人,不能登记"
        en = f"{officer_id} is no officer of the issuing authority or of an approving office."
        raise Refused("officer_not_office", zh, en, "certsvc keys list")
    return officer


def refuse_same_human(connection: Connection, proposed_by: str, officer: Officer, command: str) -> None:
    """Returns if `officer` is another human than the one who proposed. Raises Refused(same_human)."""
    proposer = key_store.find_officer(connection, proposed_by)
    if proposer is None or proposer.pseudonym == officer.pseudonym:
        zh, en = "提出人与批准人不得为同一人", "The human who proposed cannot approve."
        raise Refused("same_human", zh, en, f"{command} --officer OTHER")
