"""双贯通对应: a listed qualification is a title. One officer proposes, another approves, the holder gets a statement.

The statement is signed by the authority's seal key under the grant for `issue`. It is no certificate: no number, no
verification code, no status list (decision 13).
"""

import json
import secrets
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from certsvc import resources
from certsvc.core.calendar import local_date
from certsvc.core.claims import FIELDS, OPEN_FIELDS, Target, field_commitment, field_commitments
from certsvc.core.encoding import b64, unb64
from certsvc.core.equivalence import Directory, Row, parse_directory
from certsvc.core.errors import Malformed, NotFound, Refused
from certsvc.core.identity import fold_typed, parse_id_document
from certsvc.core.jose import Jws
from certsvc.core.names import check_name
from certsvc.core.statement import Statement, write_statement
from certsvc.instance import Instance
from certsvc.register.roster_rows import RosterFile, RosterRow
from certsvc.services import documents
from certsvc.services.evidence import certs_of
from certsvc.services.evidence_grants import GrantsOf, allows_issuing
from certsvc.services.import_plan import Work, gather
from certsvc.services.import_roster import SALT_BYTES, write_people
from certsvc.services.register_only import EQUIVALENT, office_officer, refuse_same_human
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import people as people_store
from certsvc.store import register as register_store
from certsvc.store import rosters as roster_store
from certsvc.store.register_rows import Equivalence
from certsvc.verify.statement import TRACK, verify_statement

#: An office's own directory, inside the home; the packaged one is a sample.
OWN_DIRECTORY = "equivalences.csv"
TYP = "equivalence+jwt"


@dataclass(frozen=True)
class Proposal:
    """Who holds what, and who says so. `sex` and `birth` are needed where the ID number does not tell them."""

    name: str
    id_kind: str
    id_number: str = field(repr=False)
    qualification: str
    """As the certificate prints it, with its grade: 一级建造师."""
    number: str = field(repr=False)
    issued_on: date
    evidence_sha256: str
    officer_id: str
    paper: dict[str, str]
    region: str
    unit: str
    choice: str | None = None
    sex: str | None = None
    birth: date | None = None
    person: str = ""
    """Answer to the question who this is: a person id or "new"."""


@dataclass(frozen=True)
class Line:
    """One equivalence as an officer sees it, with the person's present name."""

    held: Equivalence
    name: str


def directory_of(instance: Instance) -> Directory:
    """The office's own directory where its home has one, else the packaged sample. Raises Malformed."""
    own = instance.home / OWN_DIRECTORY
    data = own.read_bytes() if own.is_file() else resources.path(OWN_DIRECTORY).read_bytes()
    return parse_directory(data, resources.titles())


# --- propose -------------------------------------------------------------------------------------------------------


def propose(instance: Instance, proposal: Proposal) -> Equivalence:
    """Records the proposal. Raises Refused, Malformed, NotFound; then nothing was written."""
    directory = directory_of(instance)
    row = directory.mapped(proposal.qualification, proposal.issued_on, proposal.choice)
    if row.sample and instance.settings.environment != "test":
        zh, en = "正式环境不得使用示例目录", "The sample directory is not for production; put your own into the home."
        raise Refused("directory_sample", zh, en, f"cp DIRECTORY.csv {instance.home / OWN_DIRECTORY}")
    if proposal.issued_on > local_date(instance.now()):
        raise Refused("qualification_future", "职业资格日期晚于今天", "The qualification is dated in the future.")
    wanted = _roster_row(proposal, row)
    number_key = instance.data_keys.blind("qualification", f"{row.name}/{fold_typed(proposal.number)}")
    with instance.engines.write.begin() as connection:
        # As imports do: of two at a time the second sees the people of the first.
        roster_store.lock_roster_files(connection)
        office_officer(instance, connection, proposal.officer_id)
        if known := register_store.find_equivalence_of_number(connection, number_key):
            zh, en = (
                f"此职业资格证书已登记:{known.id}",
                f"This qualification certificate is recorded already: {known.id}.",
            )
            raise Refused("equivalence_known", zh, en, f"certsvc show {known.id}")
        person_id = _person(instance, connection, proposal, wanted)
        return register_store.add_equivalence(
            connection,
            person_id=person_id,
            qualification=row.name,
            number_key=number_key,
            issued_on=proposal.issued_on.isoformat(),
            directory_sha256=directory.sha256,
            directory_row=row.to_json(),
            series=row.series,
            level=row.level,
            title=row.title,
            sealed=_seal(instance, person_id, number_key, wanted, proposal.number),
            evidence_sha256=proposal.evidence_sha256,
            paper=proposal.paper,
            proposed_by=proposal.officer_id,
            proposed_at=instance.now(),
        )


def _roster_row(proposal: Proposal, row: Row) -> RosterRow:
    """The proposal as a row of a roster file, so that people are matched and written as imports do."""
    document = parse_id_document(proposal.id_kind, proposal.id_number)
    sex, birth = document.sex or proposal.sex, document.birth or proposal.birth
    if sex is None or birth is None:
        zh, en = "证件号码不含性别、出生日期,须填写", "The number does not tell sex and birth; give both."
        raise Malformed("birth_missing", zh, en, "--sex M|F --birth DATE")
    if proposal.sex not in (None, sex) or proposal.birth not in (None, birth):
        raise Malformed("birth_conflicts_id", "性别或出生日期与证件不符", "Sex or birth disagrees with the number.")
    if proposal.region not in resources.regions():
        raise Malformed("region_unknown", "区划代码不存在", f"No region {proposal.region}.")
    return RosterRow(
        position=("", 0),
        row_key="person",
        name=check_name(proposal.name),
        sex=sex,
        birth=birth,
        id_kind=document.kind,
        id_number=document.number,
        id_original=document.original,
        unit_name=proposal.unit,
        region=proposal.region,
        series=row.series,
        level=row.level,
        title=row.title,
        track=EQUIVALENT,
        year=proposal.issued_on.year,
        passed=True,
    )


def _person(instance: Instance, connection: Connection, proposal: Proposal, row: RosterRow) -> str:
    """The id of the person, who is written where new. Raises Refused(person_unclear) naming the candidates."""
    file = RosterFile(proposal.evidence_sha256, "", [row], [], False, 1)
    answers = {row.row_key: proposal.person} if proposal.person else {}
    args = answers, instance.now(), proposal.officer_id, secrets.token_bytes, lambda done, total: None
    work = Work(connection, instance.data_keys, file, *args)
    try:
        gathered = gather(work, lambda work, plan, gathered: False)
    except NotFound as error:
        raise NotFound(error.code, error.zh, error.en, "--person ID|new") from error
    for question in gathered.questions:
        ids = ", ".join(one.person_id for one in question.candidates)
        zh, en = f"{question.zh};候选人:{ids}", f"{question.en} Candidates: {ids}."
        raise Refused("person_unclear", zh, en, "--person ID|new")
    write_people(work, gathered.plans)
    return gathered.plans[0].person_id


def _seal(instance: Instance, person_id: str, number_key: str, row: RosterRow, number: str) -> bytes:
    values = {"name": row.name, "sex": row.sex, "birth": row.birth.isoformat(), "id": row.id_number}
    salts = {name: b64(secrets.token_bytes(SALT_BYTES)) for name in (*FIELDS, "number")}
    plain = {"values": values, "number": fold_typed(number), "salts": salts}
    return instance.data_keys.seal(json.dumps(plain).encode(), _place(person_id, number_key))


def _place(person_id: str, number_key: str) -> bytes:
    return f"equivalence/{person_id}/{number_key}".encode()


# --- approve -------------------------------------------------------------------------------------------------------


def approve(instance: Instance, equivalence_id: str, officer_id: str) -> str:
    """Another human approves, and the statement is signed; returns its hash. Raises Refused, NotFound, NotReady."""
    with instance.engines.write.begin() as connection:
        held = _held(connection, equivalence_id)
        officer = office_officer(instance, connection, officer_id)
        refuse_same_human(connection, held.proposed_by, officer, f"certsvc equivalence approve {held.id}")
        if held.approved_at is not None:
            raise Refused(
                "equivalence_approved", f"{held.id} 已批准", f"{held.id} was approved.", f"certsvc show {held.id}"
            )
        signed = sign_statement(instance, connection, held)
        register_store.approve_equivalence(connection, held.id, officer.id, instance.now(), signed.sha256)
        return signed.sha256


def sign_statement(instance: Instance, connection: Connection, held: Equivalence) -> Jws:
    """Signs and stores the statement, from what was sealed when it was proposed. Raises Refused(own_check_failed), NotReady."""
    key = documents.own_key(connection, instance.settings.authority, "seal")
    payload = _payload(instance, connection, held)
    signed = documents.store_signed(instance, connection, key, TYP, payload, held.id)
    report = verify_statement(_file(instance, connection, held, signed), instance.anchors, instance.now())
    if report.verdict != "valid":
        zh = f"自检未通过,未出具:{report.verdict}({report.reason})"
        en = f"Our own check says {report.verdict} ({report.reason}); nothing was signed."
        raise Refused("own_check_failed", zh, en, "certsvc doctor")
    return signed


def _held(connection: Connection, equivalence_id: str) -> Equivalence:
    held = register_store.find_equivalence(connection, equivalence_id)
    if held is None:
        zh, en = f"没有此对应登记:{equivalence_id}", f"No equivalence {equivalence_id}."
        raise NotFound("equivalence_unknown", zh, en, "certsvc equivalence list")
    return held


def _opened(instance: Instance, held: Equivalence) -> tuple[dict[str, str], dict[str, bytes], str]:
    """Printed values with the ID number, salts by field, number of the qualification."""
    plain = json.loads(instance.data_keys.unseal(held.sealed, _place(held.person_id, held.number_key)))
    return plain["values"], {name: unb64(salt) for name, salt in plain["salts"].items()}, plain["number"]


def _payload(instance: Instance, connection: Connection, held: Equivalence) -> dict[str, Any]:
    values, salts, number = _opened(instance, held)
    authority = key_store.find_organisation(connection, instance.settings.authority)
    if authority is None:  # only a broken home could do this
        raise LookupError(instance.settings.authority)
    return {
        "jti": f"e-{uuid4()}",
        "iss": authority.id,
        "person": field_commitments(values, salts),
        "qualification": held.qualification,
        "qualification_number_commitment": field_commitment("qualification_number", number, salts["number"]),
        "issued_on": held.issued_on,
        "directory": {"sha256": held.directory_sha256, "row": Row(**held.directory_row).sha256},
        "mapped": {"series": held.series, "level": held.level, "title": held.title},
        "region": authority.region,
        "document": held.paper,
        "iat": instance.now(),
    }


# --- statement -----------------------------------------------------------------------------------------------------


def statement_file(instance: Instance, equivalence_id: str) -> bytes:
    """The file for the holder, with the statement that counts; where none does, the last. Raises Refused before the
    approval, NotFound.
    """
    with instance.engines.read.connect() as connection:
        held = _held(connection, equivalence_id)
        if held.statement_sha256 is None:
            zh, en = f"{held.id} 尚未批准", f"{held.id} was not approved yet."
            raise Refused("equivalence_open", zh, en, f"certsvc equivalence approve {held.id} --officer OTHER")
        signed, _suspect = present_statement(connection, held)
        return _file(instance, connection, held, signed)


def check_handed_out(instance: Instance, equivalence_id: str) -> None:
    """Returns unless a theft leaves only a statement that every verifier calls void. Raises Refused, NotFound."""
    with instance.engines.read.connect() as connection:
        held = _held(connection, equivalence_id)
        signed, suspect = present_statement(connection, held) if held.statement_sha256 else (None, False)
    if signed is not None and suspect:
        zh, en = (
            f"{held.id} 的说明由失密密钥签章,须先重签",
            f"A stolen key sealed {held.id}; it has to be signed anew first.",
        )
        drill = f"certsvc keys compromised --since TIME --then resign --officer A --second B --document-number N -- {kid_of(signed)}"
        raise Refused("statement_suspect", zh, en, drill)


def present_statement(connection: Connection, held: Equivalence) -> tuple[Jws, bool]:
    """The last statement that counts, and False; where a theft left none, the last one, and True. It was approved before."""
    rows = document_store.list_documents(connection, TYP, held.id)
    signed = [documents.load_document(connection, row.sha256, TYP) for row in rows]
    sound = [one for one in signed if not _is_suspect(connection, one)]
    return (sound or signed)[-1], not sound


def _is_suspect(connection: Connection, signed: Jws) -> bool:
    """Whether the seal key was in other hands by then. No log says when a statement was made: its own word counts."""
    key = documents.key_by_jkt(connection, kid_of(signed))
    return key.ended_reason == "compromised" and signed.unverified_payload["iat"] >= (key.good_before or 0)


def kid_of(signed: Jws) -> str:
    """Which seal key signed a statement."""
    return signed.signatures[0].unverified_kid


def _file(instance: Instance, connection: Connection, held: Equivalence, signed: Jws) -> bytes:
    values, salts, _number = _opened(instance, held)
    said, row = signed.unverified_payload, Row(**held.directory_row)
    title = Target(row.series, "*", row.level, row.title, TRACK, said["region"], local_date(said["iat"]).year)
    own = GrantsOf(instance, connection, said["iss"])
    names = own.listing(kid_of(signed), "seal", said["iat"], lambda grant: allows_issuing(grant, title, said["iat"]))
    line = sorted(documents.grants_with_parents(connection, names))
    grants = tuple(documents.load_document(connection, name, "grant+jwt") for name in line)
    trust = documents.current_trust(connection)
    certs = tuple(certs_of(instance, connection, (signed, *grants, trust)))
    # The salts of the ID number and of the qualification's number stay here.
    opened = {name: salts[name] for name in OPEN_FIELDS}
    return write_statement(Statement(signed, values, opened, row, grants, trust, certs))


def lines(instance: Instance, equivalence_id: str | None = None) -> list[Line]:
    """One equivalence, or all, newest first. Raises NotFound."""
    with instance.engines.read.connect() as connection:
        chosen = [_held(connection, equivalence_id)] if equivalence_id else register_store.list_equivalences(connection)
        return [Line(one, people_store.list_names(connection, one.person_id)[-1].name) for one in chosen]
