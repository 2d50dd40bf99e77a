"""Whole INSECURE-TEST bundles for the vectors of docs/format.md: people, acts, certificate, lifecycle acts."""

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from insecure_documents import (
    PERSON,
    SLOT,
    TARGET,
    URI,
    Recipe,
    calendar,
    grants,
    paper,
    procedure,
    status_list,
    trust,
)
from insecure_office import DAY, KEYS, START, Office, insecure_salt

from certsvc.core.acts import Roster, Row
from certsvc.core.bundle import Bundle, Entry, Event, PathStep, write_bundle
from certsvc.core.calendar import local_date, utc_text
from certsvc.core.claims import FIELDS, OPEN_FIELDS, entry_commitment, field_commitments, person_commitment
from certsvc.core.codes import certificate_number, licence_identifier
from certsvc.core.jose import Jws
from certsvc.core.statuslist import REVOKED, SUPERSEDED

NUMBER = certificate_number(2025, "2000", "05", "deputy_senior", 1)
USCC = "112200009999999985"
CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]
#: Lifecycle act -> (value, reason)
EVENTS = {"revoke": (REVOKED, "fraud"), "correct": (SUPERSEDED, "correction")}
#: act -> (organisation, day, signing keys)
PLAN: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "unit_notice": ("unit", 7, ("unit.officer", "unit.seal")),
    "evaluate": ("committee", 7, ("committee.officer", "committee.seal")),
    "approve": ("approver", 21, ("approver.officer", "approver.seal")),
    "issue": ("issuer", 25, ("issuer.first", "issuer.seal", "issuer.second")),
}


def person(name: str, values: dict[str, str], salted: dict[str, bytes] | None = None) -> Entry:
    """The entry of one person: commitments under salts named after the person, or under those given."""
    salts = salted or salts_of(name)
    return Entry(insecure_salt(f"{name} entry"), field_commitments(values, salts), TARGET)


def salts_of(name: str) -> dict[str, bytes]:
    return {field: insecure_salt(f"{name} {field}") for field in FIELDS}


def commitment_of(entry: Entry) -> str:
    return entry_commitment(person_commitment(entry.commitments), entry.target, entry.salt)


def path(office: Office, recipe: Recipe, given: dict[str, Jws], steps: Jws, days: Jws) -> list[PathStep]:
    """Four acts on a roster of three people; the path is that of the first."""
    entries = [commitment_of(person(name, PERSON)) for name in ("first", "second", "third")]
    votes = dict(zip(("yes", "no", "abstain"), recipe.votes, strict=True))
    done: list[PathStep] = []
    for act, (who, day, keys) in PLAN.items():
        meets = act == "evaluate"
        at = START + (day + recipe.notice_days * meets) * DAY
        rows = [
            Row(one, votes, insecure_salt(f"{act} row {n}")) if meets else Row(one) for n, one in enumerate(entries)
        ]
        roster = Roster(rows)
        payload = {
            "jti": f"a-{act}",
            "act": act,
            "org": KEYS[keys[1]][1],
            "officer": KEYS[keys[0]][3],
            "roster": {"root": roster.root, "count": roster.count, "scope": TARGET.scope()},
            "part": recipe.vote_on_part if meets else 0,
            "parts": [],
            "prev": [done[-1].act.sha256] if done else [],
            "procedure": steps.sha256,
            "grants": [given[who].sha256],
            "facts": {"members": 25, "present": 21} if meets else {},
            "calendar": days.sha256 if meets else None,
            "document": paper(str(day), at),
            "iat": at,
        }
        done.append(PathStep(office.act(keys, payload), roster.proof(roster.index_of()[entries[0]])))
    return done


def credential(
    office: Office, steps: list[PathStep], entry: Entry, values: dict[str, str], version: int, head: Jws
) -> Jws:
    """One version of the first person's certificate, naming the act that it rests on."""
    at = head.unverified_payload["iat"] + 3600
    jti, slot = f"urn:uuid:00000000-0000-4000-8000-{version:012d}", SLOT + version - 1
    acts = {step.act.unverified_payload["act"]: step.act.unverified_payload["document"] for step in steps}
    payload = {
        **_badge(jti, slot, head),
        "validFrom": utc_text(at),
        "awardedDate": f"{acts['evaluate']['date']}T00:00:00Z",
        "certificate": {
            "number": NUMBER,
            "version": version,
            "licence_id": licence_identifier(USCC + "001", USCC, NUMBER, version),
            **{field: values[field] for field in OPEN_FIELDS},
            "commitments": entry.commitments,
            "target": TARGET.to_json(),
            "title_en": "Senior Engineer",
            "series_zh": "工程技术人员",
            "track_word": "评审",
            "committee": "示例评委会",
            "approval": {"org": "示例职称处", **{name: acts["approve"][name] for name in ("number", "date")}},
            "award_date": acts["evaluate"]["date"],
            "issue_date": local_date(at).isoformat(),
            "validity_scope": None,
            "term_until": None,
            "photo": None,
            "record_source": "native",
        },
        "iss": "urn:certsvc:org:EX-HRSS",
        "sub": f"urn:certsvc:person:{person_commitment(entry.commitments)}",
        "jti": jti,
        "nbf": at,
        "status": {"status_list": {"idx": slot, "uri": URI}},
    }
    return office.sign("vc+jwt", "issuer.credential", payload)


def _badge(jti: str, slot: int, head: Jws) -> dict[str, Any]:
    """The part that readers of Open Badges know."""
    return {
        "@context": CONTEXT,
        "id": jti,
        "type": ["VerifiableCredential", "AchievementCredential"],
        "name": "INSECURE-TEST",
        "issuer": {"id": "urn:certsvc:org:EX-HRSS", "type": ["Profile"], "name": "示例省人社厅"},
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "licenseNumber": NUMBER,
            "achievement": {
                "id": "urn:certsvc:title:05:deputy_senior:INSECURE-TEST",
                "type": ["Achievement"],
                "name": TARGET.title,
                "description": "INSECURE-TEST",
                "criteria": {"narrative": "INSECURE-TEST"},
                "fieldOfStudy": TARGET.specialty,
            },
        },
        "credentialStatus": {
            "id": f"{URI}/bitstring#{slot}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(slot),
            "statusListCredential": f"{URI}/bitstring",
        },
        "evidence": [{"id": f"urn:certsvc:act:{head.sha256}", "type": ["Evidence"], "name": "certsvc act path"}],
    }


def lifecycle(
    office: Office,
    kind: str,
    certificate: Jws,
    grant: Jws,
    start: str | None = None,
    correction: dict[str, Any] | None = None,
) -> Event:
    """Proposed by one officer of the issuer and decided by the other, on 14 April 2025."""
    at = START + 42 * DAY
    value, reason = EVENTS[kind]
    proposed = {
        "jti": "s-propose",
        "act": kind,
        "stage": "propose",
        "org": "EX-HRSS",
        "officer": KEYS["issuer.first"][3],
        "certificate": certificate.sha256,
        "slot": {"uri": URI, "idx": SLOT},
        "q": 0,
        "value": value,
        "prev": [],
        "grants": [grant.sha256],
        "reason": reason,
        "effective": {"retroactive": start == "beginning", "from": None if start == "beginning" else start},
        "correction": correction,
        "document": paper("42", at),
        "iat": at,
    }
    first = office.act(("issuer.first", "issuer.seal"), proposed)
    varies = {"jti": "s-decide", "stage": "decide", "officer": KEYS["issuer.second"][3], "prev": [first.sha256]}
    second = office.act(("issuer.second", "issuer.seal"), {**proposed, **varies, "iat": at + 3600})
    return Event(first, second)


def make_bundle(office: Office, recipe: Recipe) -> bytes:
    """The whole bundle of version 1, or of version 2 where the recipe has a correction."""
    given, steps, days = grants(office, recipe), procedure(office), calendar(office)
    way = path(office, recipe, given, steps, days)
    salts, values, entries, corrections, events = salts_of("first"), PERSON, [person("first", PERSON)], [], []
    certificate = credential(office, way, entries[0], values, 1, way[-1].act)
    if recipe.corrected_name:
        # What was not corrected keeps its salt and so its commitment.
        salts = {**salts, "name": insecure_salt("first corrected name")}
        values = {**PERSON, "name": recipe.corrected_name}
        entries.append(person("first corrected", values, salts))
        stated = {"old_entry": commitment_of(entries[0]), "new_entry": commitment_of(entries[1]), "fields": ["name"]}
        corrections.append(lifecycle(office, "correct", certificate, given["issuer"], correction=stated))
        certificate = credential(office, way, entries[1], values, 2, corrections[0].decide)
    if recipe.revoked_from:
        events.append(lifecycle(office, "revoke", certificate, given["issuer"], recipe.revoked_from))
    draft = Bundle(
        b"",
        certificate,
        tuple(entries),
        {field: salts[field] for field in OPEN_FIELDS},
        tuple(way),
        tuple(corrections),
        tuple(events),
        tuple(sorted(given.values(), key=lambda one: one.sha256)),
        steps,
        (days,),
        trust(office, steps, days),
        status_list(office, recipe.listed),
        (),
    )
    return write_bundle(replace(draft, certs=_certificates(office, draft)))


def _certificates(office: Office, draft: Bundle) -> tuple[bytes, ...]:
    """The certificate of every key that signed something, by thumbprint, then the issuing CA."""
    kids = {one.unverified_kid for document in draft.documents for one in document.signatures}
    by_jkt = {office.jkt[name]: certificate for name, certificate in office.certificates.items()}
    return tuple(one.public_bytes(Encoding.DER) for one in [*(by_jkt[kid] for kid in sorted(kids)), office.ca])
