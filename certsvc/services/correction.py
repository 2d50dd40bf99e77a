"""Corrections (更正): the personal half of a certificate's next version (docs/format.md 5).

Only printed spelling and personal fields can be corrected; another title is a new case.
"""

import secrets
from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection

from certsvc.core.claims import FIELDS, entry_commitment, field_commitments, person_commitment
from certsvc.core.errors import Malformed, Refused
from certsvc.core.identity import IdDocument, parse_id_document
from certsvc.core.lifecycle import is_another_person
from certsvc.core.names import check_name
from certsvc.instance import Instance
from certsvc.services import private
from certsvc.services.act_rules import target_of
from certsvc.store import people as people_store
from certsvc.store import rosters as roster_store
from certsvc.store.rows import Certificate, CorrectedEntry, Entry


def correct(
    instance: Instance,
    connection: Connection,
    certificate: Certificate,
    entry: Entry,
    changes: Mapping[str, str] | None,
) -> CorrectedEntry:
    """The old values with `changes` and the same target; None re-issues the old values as they are.

    What does not change keeps its commitment, so that anyone sees that nothing else did. Raises Refused, Malformed.
    """
    old = private.personal_of(instance, connection, entry, certificate.version)
    values = _changed(instance, connection, entry, old.values, changes) if changes else old.values
    kept = {field: salt for field, salt in old.salts.items() if values[field] == old.values[field]}
    salts = {field: kept.get(field) or secrets.token_bytes(32) for field in FIELDS}
    commitments = field_commitments(values, salts)
    if is_another_person(private.personal_of(instance, connection, entry, 1).commitments, commitments):
        raise _another_person(certificate)
    person = person_commitment(commitments)
    entry_salt = secrets.token_bytes(32)
    return CorrectedEntry(
        entry.id,
        certificate.version + 1,
        values["name"],
        values["sex"],
        values["birth"],
        private.seal_personal(instance.data_keys, values, salts, entry.id),
        entry_salt,
        person,
        entry_commitment(person, target_of(entry), entry_salt),
    )


def _another_person(certificate: Certificate) -> Refused:
    zh = "更正不得改成另一人的证书:与首版相比,姓名、证件号码与性别或出生日期都改变了;发错人的证书应撤销,另行办理"
    en = "Since the first version name, number, and sex or birth would all change: no correction, but another human. Revoke it."
    return Refused("correction_person", zh, en, f"certsvc status revoke {certificate.number} --help")


def _changed(
    instance: Instance, connection: Connection, entry: Entry, old: Mapping[str, str], changes: Mapping[str, str]
) -> dict[str, str]:
    foreign = sorted(changes.keys() - set(FIELDS))
    if foreign:
        zh = f"不能更正 {foreign[0]};可更正的是 {', '.join(FIELDS)}"
        en = f"{foreign[0]} is nothing that can be corrected; what can be is {', '.join(FIELDS)}."
        raise Malformed("field_foreign", zh, en, "certsvc status correct --help")
    values = {**old, **changes}
    if values == old:
        zh, en = "更正没有改变任何内容", "The correction changes nothing."
        raise Refused("changes_none", zh, en, "certsvc status correct --help")
    _check_values(instance, values)
    if changes.keys() & {"sex", "birth", "id"}:
        _check_agrees(_document(connection, entry, values["id"], "id" in changes), values)
    return values


def stated(
    instance: Instance,
    connection: Connection,
    certificate: Certificate,
    entry: Entry,
    corrected: CorrectedEntry,
    changes: Mapping[str, str] | None,
) -> dict[str, object]:
    """What the act says about a correction: both entries and the changed fields, and no value."""
    old = private.personal_of(instance, connection, entry, certificate.version)
    before = entry_commitment(person_commitment(old.commitments), target_of(entry), old.entry_salt)
    fields = sorted(field for field, value in (changes or {}).items() if value != old.values[field])
    return {"old_entry": before, "new_entry": corrected.commitment, "fields": fields}


def is_current(connection: Connection, certificate: Certificate, said: Mapping[str, str]) -> bool:
    """Whether what a proposal stated is what the register would print: a later proposal may have taken its place."""
    corrected = roster_store.find_corrected(connection, certificate.entry_id, certificate.version + 1)
    return corrected is not None and corrected.commitment == said["new_entry"]


def _document(connection: Connection, entry: Entry, number: str, changed: bool) -> IdDocument | None:
    """What the number says by itself, read as one of the kinds the person holds; raises Malformed for a new one."""
    held = [one.kind for one in people_store.list_identity_documents(connection, entry.person_id)]
    problem = None
    for kind in dict.fromkeys([*reversed(held), "resident_id"]):
        try:
            return parse_id_document(kind, number)
        except Malformed as error:
            problem = problem or error
    if changed and problem is not None:
        raise problem
    return None


def _check_values(instance: Instance, values: Mapping[str, str]) -> None:
    check_name(values["name"])
    instance.fonts.check_drawable(values["name"])
    if values["sex"] not in ("M", "F"):
        raise Malformed("sex_unknown", "性别应为 M 或 F", "Sex is M or F.")
    _day(values["birth"])


def _check_agrees(document: IdDocument | None, values: Mapping[str, str]) -> None:
    """Returns if the number does not speak against birth and sex. Raises Refused."""
    if document is not None and document.birth not in (None, _day(values["birth"])):
        zh, en = "出生日期与证件号码不符", "The birth date does not agree with the identity number."
        raise Refused("birth_conflicts_id", zh, en)
    if document is not None and document.sex not in (None, values["sex"]):
        raise Refused("sex_conflicts_id", "性别与证件号码不符", "Sex does not agree with the identity number.")


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise Malformed("birth_form", "出生日期应为 YYYY-MM-DD", "A birth date is written YYYY-MM-DD.")
    return day
