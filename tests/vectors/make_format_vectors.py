"""Makes tests/vectors/format/*.json: `python tests/vectors/make_format_vectors.py`. Same input, same bytes.

What the files hold, and how another implementation runs them, stands in README.md beside this file.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from insecure_bundle import commitment_of, make_bundle, path, person
from insecure_documents import PERSON, RECIPES, TARGET, Recipe, calendar, grants, procedure
from insecure_logged import STRICT, Logbook, Story, strict_office
from insecure_office import DAY, START, Office, insecure_key, insecure_salt
from logged_cases import CASES as LOG_CASES
from logged_cases import stories

from certsvc.core.acts import Roster, Row
from certsvc.core.algorithms import P256_ORDER
from certsvc.core.bundle import parse_bundle
from certsvc.core.chain import Anchor
from certsvc.core.claims import FIELDS, person_commitment
from certsvc.core.encoding import b64, unb64
from certsvc.core.errors import Malformed
from certsvc.core.jose import thumbprint
from certsvc.verify import verify
from certsvc.verify.case import Evidence

FOLDER = Path(__file__).parent / "format"
NOTE = "INSECURE-TEST: every key follows from a public string. Made by tests/vectors/make_format_vectors.py."

NOW = START + 29 * DAY
AFTER = START + 44 * DAY
APRIL = 1_743_500_000
"""2025-04-01T09:33:20Z."""


@dataclass(frozen=True)
class Case:
    """One question about a bundle, with its one edit: every occurrence of `old` (there is one) becomes `new`."""

    id: str
    prose: str
    bundle: str
    at: int = NOW
    now: int = NOW
    edit: tuple[str, str] | None = None
    roots: str = "root"


def edits(text: str) -> dict[str, tuple[str, str]]:
    """Edits of the valid bundle, each a string that occurs once and what to write instead."""
    value = json.loads(text)
    _head, body, signature = value["credential"].split(".")
    changed = b64(unb64(body).replace(b'"birth":"1985', b'"birth":"1984'))
    raw = unb64(signature)
    twin = b64(raw[:32] + (P256_ORDER - int.from_bytes(raw[32:])).to_bytes(32))
    evaluate = json.dumps(value["path"][1], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    certs = value["certs"]
    return {
        "payload": (body, changed),
        "high_s": (signature, twin),
        "space": ('{"calendars"', '{ "calendars"'),
        "member": (',"v":1}', ',"v":1,"x":1}'),
        "twice": (',"v":1}', ',"v":1,"v":1}'),
        "log": ('"log":null,"path":[', '"log":"x","path":['),
        "act": (evaluate + ",", ""),
        "signer": (f'"{certs[0]}",', ""),
        "order": (f'"{certs[0]}","{certs[1]}"', f'"{certs[0]}","{certs[0]}"'),
        "salt": (value["salts"]["birth"], b64(bytes(32))),
    }


CASES: tuple[Case, ...] = (
    Case("valid", "the day after the status list was signed", "valid"),
    Case("status_stale", "nine days later the status list is past its end", "valid", START + 37 * DAY, START + 37 * DAY),
    Case("before_issue", "asked about a day on which it was not issued yet", "valid", at=START),
    Case("trust_expired", "three years later the trust bundle is past its end too", "valid", START + 1095 * DAY, START + 1095 * DAY),
    Case("other_root", "judged by another root, which did not certify these keys", "valid", roots="other root"),
    Case("no_root", "judged by no root at all", "valid", roots=""),
    Case("interval_short", "a notice of four working days where five are asked", "notice_of_four_days"),
    Case("level_out_of_scope", "a committee that may judge the intermediate level judged a deputy senior", "committee_beyond_its_level"),
    Case("votes_short", "13 of 21 is less than two thirds", "votes_short_of_two_thirds"),
    Case("revoked", "asked about a day after the revocation took effect", "revoked_from_a_date", AFTER, AFTER),
    Case("not_yet_revoked", "asked later about a day before it took effect", "revoked_from_a_date", APRIL, AFTER),
    Case("never_valid", "a revocation from the beginning covers every day", "revoked_from_the_beginning", APRIL, AFTER),
    Case("corrected", "version 2, with the correction that led to it", "corrected", AFTER, AFTER),
    Case("payload", "the year of birth in the credential is another, the signature is the old one", "valid", edit=("payload", "")),
    Case("high_s", "the twin (r, n-s) of the credential's signature", "valid", edit=("high_s", "")),
    Case("space", "a space that changes nothing but the bytes", "valid", edit=("space", "")),
    Case("member", "a member that the schema does not know", "valid", edit=("member", "")),
    Case("twice", "a member that stands twice", "valid", edit=("twice", "")),
    Case("log", "a log proof that is a text", "valid", edit=("log", "")),
    Case("act", "the act `evaluate` was left out of the path", "valid", edit=("act", "")),
    Case("signer", "the certificate of one signer was left out", "valid", edit=("signer", "")),
    Case("twin_certificate", "one certificate stands twice and another is missing", "valid", edit=("order", "")),
    Case("salt", "another salt for the date of birth", "valid", edit=("salt", "")),
)  # fmt: skip


def answer(case: Case, data: bytes, anchors: tuple[Anchor, ...]) -> dict[str, Any]:
    """What certsvc says: verdict, deciding code and the outcome of each check; no rows where nothing could be read."""
    try:
        bundle = parse_bundle(data)
    except Malformed as error:
        return {"verdict": "tampered", "reason": error.code, "rows": []}
    report = verify(Evidence(bundle), anchors, case.at, case.now)
    rows = [[row.id, row.outcome, row.code] for row in report.rows]
    return {"verdict": report.verdict, "reason": report.reason, "rows": rows}


def bundle_vectors() -> dict[str, Any]:
    offices = {"root": Office(), "other root": Office("other root")}
    bundles = {name: make_bundle(offices["root"], recipe).decode() for name, recipe in RECIPES.items()}
    known = edits(bundles["valid"])
    cases = []
    for case in CASES:
        edit = known[case.edit[0]] if case.edit else None
        text = bundles[case.bundle]
        if edit and text.count(edit[0]) != 1:
            raise ValueError(f"{case.id}: the edit does not fit one place")
        data = (text.replace(*edit) if edit else text).encode()
        anchors = (offices[case.roots].anchor,) if case.roots else ()
        asked = {"bundle": case.bundle, "edit": edit and list(edit), "roots": [case.roots] if case.roots else []}
        times = {"at": case.at, "now": case.now}
        cases.append({"id": case.id, "prose": case.prose, **asked, **times, "expected": answer(case, data, anchors)})
    roots = {name: b64(office.root.public_bytes(Encoding.DER)) for name, office in offices.items()}
    return {"note": NOTE, "roots": roots, "bundles": bundles, "cases": cases}


# --- bundles with log proofs ---------------------------------------------------------------------------------------


def difference(old: Any, new: Any, pointer: str = "") -> list[dict[str, Any]]:
    """RFC 6902: the replacements that make `new` of `old`; lists of one length are compared member by member."""
    if old == new:
        return []
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        return [one for name in old for one in difference(old[name], new[name], f"{pointer}/{name}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return [one for n, (left, right) in pairs for one in difference(left, right, f"{pointer}/{n}")]
    return [{"op": "replace", "path": pointer, "value": new}]


def logged_vectors() -> dict[str, Any]:
    """Bundles under a root that requires a log, as changes of one that is valid. Raises ValueError for a wrong answer."""
    office = strict_office()
    base, cases = Logbook(office, Story()).data(), []
    for case in LOG_CASES:
        now = START + case.after * DAY
        for kind, story in stories(case).items():
            data = Logbook(office, story).data()
            expected = answer(Case(case.id, case.prose, "", now, now), data, (office.anchor,))
            wanted = (case.verdict, case.reason) if kind == "case" else ("valid", None)
            if (expected["verdict"], expected["reason"]) != wanted:
                raise ValueError(f"{case.id} ({kind}): {expected['verdict']}, {expected['reason']}")
            name = case.id if kind == "case" else f"{case.id} (harmless)"
            asked = {"at": now, "now": now, "patch": difference(json.loads(base), json.loads(data))}
            cases.append({"id": name, "prose": case.prose if kind == "case" else "", **asked, "expected": expected})
    roots = {STRICT: b64(office.root.public_bytes(Encoding.DER))}
    return {"note": NOTE, "roots": roots, "bundle": base.decode(), "cases": cases}


# --- small vectors -------------------------------------------------------------------------------------------------


def commitment_vectors() -> dict[str, Any]:
    """One person on the way from fields to the leaf of a roster."""
    salts = {field: insecure_salt(f"first {field}") for field in FIELDS}
    entry = person("first", PERSON)
    facts, row_salt = {"yes": 17, "no": 3, "abstain": 1}, insecure_salt("evaluate row 0")
    row = Row(commitment_of(entry), facts, row_salt)
    return {
        "note": NOTE,
        "fields": [
            {"field": field, "value": PERSON[field], "salt": b64(salts[field]), "commitment": entry.commitments[field]}
            for field in FIELDS
        ],
        "person": person_commitment(entry.commitments),
        "entry": {"salt": b64(entry.salt), "target": TARGET.to_json(), "commitment": commitment_of(entry)},
        "row": {"salt": b64(row_salt), "facts": facts, "commitment": b64(row.leaf[32:])},
        "empty_row": b64(Row(commitment_of(entry)).leaf[32:]),
        "leaf": b64(row.leaf),
    }


def roster_vectors() -> dict[str, Any]:
    """Roots and proofs of rosters of 1 to 8 people, entries being SHA-256 of "entry N"."""
    rosters = []
    for size in (1, 2, 3, 5, 8):
        rows = [Row(b64(sha256(f"entry {n}".encode()).digest())) for n in range(size)]
        roster = Roster(rows)
        proofs = [[b64(one) for one in roster.proof(index).siblings] for index in range(size)]
        entries = [row.entry for row in roster.rows]
        rosters.append({"entries": entries, "root": roster.root, "proofs": proofs})
    return {"note": NOTE, "rosters": rosters}


def document_vectors() -> dict[str, Any]:
    """A key, its thumbprint, and a compact and a general document with their hashes."""
    office = Office()
    signer = office.signers["policy"]
    numbers = insecure_key("policy").private_numbers()
    point = numbers.public_numbers
    days, given, steps = calendar(office), grants(office, Recipe()), procedure(office)
    first = path(office, Recipe(), given, steps, days)[0].act
    return {
        "note": NOTE,
        "key": {
            "name": "policy",
            "d": b64(numbers.private_value.to_bytes(32)),
            "jwk": {"crv": "P-256", "kty": "EC", "x": b64(point.x.to_bytes(32)), "y": b64(point.y.to_bytes(32))},
            "thumbprint": thumbprint(signer.public_key),
        },
        "compact": {"typ": "calendar+jwt", "body": days.body.decode(), "sha256": days.sha256},
        "general": {"typ": "act+jwt", "body": first.body.decode(), "sha256": first.sha256},
    }


def build() -> dict[str, str]:
    """File name -> text of every vector file."""
    values = {
        "commitments.json": commitment_vectors(),
        "rosters.json": roster_vectors(),
        "documents.json": document_vectors(),
        "bundles.json": bundle_vectors(),
        "logged.json": logged_vectors(),
    }
    return {name: json.dumps(value, ensure_ascii=False, indent=1) + "\n" for name, value in values.items()}


if __name__ == "__main__":
    for file_name, text in build().items():
        (FOLDER / file_name).write_text(text, encoding="utf-8")
