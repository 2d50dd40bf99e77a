"""What a certificate says: the payload of docs/format.md 5, from what was decided about an entry."""

from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from certsvc import resources
from certsvc.core.calendar import local_date, utc_text
from certsvc.core.claims import person_commitment
from certsvc.core.codes import licence_identifier
from certsvc.core.encoding import digest
from certsvc.core.errors import NotFound
from certsvc.instance import Instance
from certsvc.services import documents, private
from certsvc.services.act_rules import target_of
from certsvc.services.evidence import acts_of_entry
from certsvc.services.slots import Slot
from certsvc.store import keys as key_store
from certsvc.store import people as people_store
from certsvc.store.rows import Entry, Organisation

#: Type of licence in the identifier: defining body's USCC + three digits (domain.md 4.1).
TYPE_SEQUENCE = "001"
VC_CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]


def describe(
    instance: Instance, connection: Connection, entry: Entry, version: int, number: str, slot: Slot, head: str
) -> dict[str, Any]:
    """The payload of a certificate: what was decided about this entry, in the form of docs/format.md 5."""
    issuer, now = _issuer(instance, connection), instance.now()
    personal = private.personal_of(instance, connection, entry, version)
    procedure, awarded, approval, committee = _decisive_acts(connection, entry)
    jti, iss = f"urn:uuid:{uuid4()}", f"urn:certsvc:org:{issuer.id}"
    decided = {
        "number": number,
        "version": version,
        "licence_id": _licence(issuer, number, version),
        "track_word": procedure["word"],
        "approval": approval,
        "award_date": awarded["date"],
        "issue_date": local_date(now).isoformat(),
    }
    return {
        "@context": VC_CONTEXT,
        "id": jti,
        "type": ["VerifiableCredential", "AchievementCredential"],
        "name": f"{instance.settings.certificate_zh} / {instance.settings.certificate_en}",
        "issuer": {"id": iss, "type": ["Profile"], "name": issuer.name_zh},
        "validFrom": utc_text(now),
        "awardedDate": f"{awarded['date']}T00:00:00Z",
        "credentialSubject": _subject(entry, number, procedure["sources"]),
        "credentialStatus": _status_entry(slot),
        "evidence": [{"id": head, "type": ["Evidence"], "name": "certsvc act path"}],
        "certificate": {**decided, **_printed(connection, entry, personal), "committee": committee},
        "iss": iss,
        "sub": f"urn:certsvc:person:{person_commitment(personal.commitments)}",
        "jti": jti,
        "nbf": now,
        "status": {"status_list": {"idx": slot.idx, "uri": slot.uri}},
    }


def _subject(entry: Entry, number: str, sources: list[str]) -> dict[str, Any]:
    """The title as an achievement of Open Badges 3.0."""
    series_zh = resources.titles().series[entry.series][0]
    return {
        "type": ["AchievementSubject"],
        "licenseNumber": number,
        "achievement": {
            "id": f"urn:certsvc:title:{entry.series}:{entry.level}:{digest(entry.title.encode())[:16]}",
            "type": ["Achievement"],
            "name": entry.title,
            "description": f"{series_zh} {entry.title}",
            "criteria": {"narrative": "、".join(sources)[:200]},
            "fieldOfStudy": entry.specialty or series_zh,
        },
    }


def _status_entry(slot: Slot) -> dict[str, str]:
    """Where W3C readers look for the status (Bitstring Status List 1.0)."""
    return {
        "id": f"{slot.uri}/bitstring#{slot.idx}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(slot.idx),
        "statusListCredential": f"{slot.uri}/bitstring",
    }


def _printed(connection: Connection, entry: Entry, personal: private.Personal) -> dict[str, Any]:
    """The person and the title, as the page prints them."""
    titles = resources.titles()
    title = titles.find(entry.series, entry.title, entry.level)
    return {
        "name": personal.values["name"],
        "sex": personal.values["sex"],
        "birth": personal.values["birth"],
        "commitments": personal.commitments,
        "target": target_of(entry).to_json(),
        "title_en": title.title_en if title is not None else entry.title,
        "series_zh": titles.series[entry.series][0],
        "validity_scope": entry.columns.get("validity_scope"),
        "term_until": entry.columns.get("term_until"),
        "photo": _photo(connection, entry),
        "record_source": "native",
    }


def _issuer(instance: Instance, connection: Connection) -> Organisation:
    issuer = key_store.find_organisation(connection, instance.settings.authority)
    if issuer is None:
        raise NotFound("org_unknown", "发证机关未登记", "The issuing authority is not registered.", "certsvc doctor")
    return issuer


def _decisive_acts(connection: Connection, entry: Entry) -> tuple[dict[str, Any], dict[str, str], dict[str, str], str]:
    """The procedure, the document that fixes the award date, who approved or filed, and who voted, from the act path.

    Where nobody voted the roster says the committee.
    """
    # Of several acts of one kind the last by their links, as the verifier has it: one second may have held them all.
    payloads = {str(p["act"]): p for p in (act.unverified_payload for act in acts_of_entry(connection, entry.id))}
    name = payloads["issue"]["procedure"]
    procedure = documents.load_document(connection, name, "procedure+jwt").unverified_payload
    approved = payloads.get("approve") or payloads.get("file") or payloads["issue"]
    document, voted = approved["document"], payloads.get("evaluate")
    approval = {"org": _name(connection, approved), "number": document["number"], "date": document["date"]}
    committee = _name(connection, voted) if voted else entry.columns.get("committee") or "—"
    return procedure, payloads[procedure["award_date"]]["document"], approval, committee


def _name(connection: Connection, act: dict[str, Any]) -> str:
    """The name of the office that did an act."""
    organisation = key_store.find_organisation(connection, act["org"])
    return organisation.name_zh if organisation else str(act["org"])


def _licence(issuer: Organisation, number: str, version: int) -> str:
    uscc = issuer.uscc or "0" * 18
    return licence_identifier(uscc + TYPE_SEQUENCE, uscc, number, version)


def _photo(connection: Connection, entry: Entry) -> str | None:
    photo = people_store.find_photo(connection, entry.person_id)
    return photo.sha256 if photo else None
