"""The payload of every signed document as a closed schema (formats.md 3 to 7): this page is what is signed."""

from certsvc.core.shape import (
    ANY,
    DATE,
    HASH,
    LONG_TEXT,
    SALT,
    SCALAR,
    TEXT,
    TIME,
    Shape,
    by_member,
    mapping,
    nullable,
    one_of,
)

LEVEL = one_of("senior", "deputy_senior", "intermediate", "assistant", "junior")

#: The closed list of acts (行为) along a path, in their usual order (design.md 2).
PATH_ACTS = (
    "unit_notice",
    "recommend",
    "accept",
    "draw",
    "evaluate",
    "result_notice",
    "settle_objections",
    "approve",
    "file",
    "issue",
)
#: Acts about one certificate, each proposed by one officer and decided by another.
LIFECYCLE_ACTS = ("suspend", "reinstate", "revoke", "withdraw", "correct")
#: What a grant may allow besides those: importing historical awards.
GRANTABLE_ACTS = (*PATH_ACTS, *LIFECYCLE_ACTS, "archive_import")

#: Role an organisation plays under a grant; a procedure step names the roles that may sign it.
ROLES = (
    "unit",
    "county",
    "city",
    "department",
    "committee_office",
    "committee",
    "organiser",
    "supervisor",
    "hrss",
    "issuer",
)
REASONS = (
    "fraud",
    "procedure",
    "issuing_error",
    "inquiry",
    "cleared",
    "holder_request",
    "correction",
    "key_compromised",
)

#: Why a grant or a key ended. Only what was compromised has a point up to which it was good.
UNGRANT_REASONS = ("expired", "withdrawn", "compromised")
KEY_END_REASONS = ("rotated", "withdrawn", "compromised")

DOCUMENT: Shape = {"number": TEXT, "title": TEXT, "date": DATE}
TARGET: Shape = {
    "series": TEXT,
    "specialty": TEXT,
    "level": LEVEL,
    "title": TEXT,
    "track": TEXT,
    "region": TEXT,
    "year": int,
}
ROSTER_SCOPE: Shape = {"series": TEXT, "level": LEVEL, "track": TEXT, "region": TEXT, "year": int}
COMMITMENTS: Shape = {"name": HASH, "sex": HASH, "birth": HASH, "id": HASH}

GRANT: Shape = {
    "jti": TEXT,
    "iss": TEXT,
    "sub": TEXT,
    "parent": nullable(HASH),
    "role": one_of(*ROLES),
    "keys": [{"jkt": HASH, "use": one_of("seal", "officer", "grant", "credential", "status", "pdf", "receipt")}],
    "acts": [one_of(*GRANTABLE_ACTS)],
    "scope": {
        "series": [TEXT],
        "specialties": [TEXT],
        "levels": [LEVEL],
        "regions": [TEXT],
        "tracks": [TEXT],
        "years": {"from": int, "to": int},
    },
    # Share of applicants that may pass, in percent, as approved by the grantor; empty where none was approved.
    "ratios": mapping(int),
    "depth": int,
    "iat": int,
    "nbf": int,
    "exp": int,
    "document": DOCUMENT,
}
#: Withdrawal of a grant (撤回授权) by whoever gave it, or an office above.
UNGRANT: Shape = {
    "jti": TEXT,
    "iss": TEXT,
    "grant": HASH,
    "reason": one_of(*UNGRANT_REASONS),
    "from": int,
    "good_before": nullable(int),
    "document": DOCUMENT,
    "iat": int,
}
#: A key begins or ends (密钥事件).
KEY_EVENT: Shape = {
    "jti": TEXT,
    "jkt": HASH,
    "use": TEXT,
    "org": TEXT,
    "from": int,
    "to": nullable(int),
    "reason": nullable(one_of(*KEY_END_REASONS)),
    "good_before": nullable(int),
    "iat": int,
}

FACT: Shape = {"name": TEXT, "args": mapping(ANY)}
STEP: Shape = {
    "act": one_of(*PATH_ACTS),
    "roles": [one_of(*ROLES)],
    "each_role": bool,
    "signers": one_of(1, 2),
    "facts": [FACT, 16],
    "row_facts": [FACT, 16],
    "min_working_days": nullable(int),
    "rule": TEXT,
}
PROCEDURE: Shape = {
    "jti": TEXT,
    "track": TEXT,
    "version": int,
    "title": {"zh": TEXT, "en": TEXT},
    "word": TEXT,
    "iat": int,
    "nbf": int,
    "exp": int,
    "levels": [LEVEL],
    "series": [TEXT],
    "award_date": one_of(*PATH_ACTS),
    "document_lag_days": int,
    "steps": [STEP, 32],
    **{name: [[one_of(*PATH_ACTS), 2, 2]] for name in ("apart", "apart_people")},
    "sources": [TEXT],
}

CALENDAR: Shape = {
    "jti": TEXT,
    "iat": int,
    "first": DATE,
    "last": DATE,
    "days_off": [DATE],
    "workdays": [DATE],
    "source": TEXT,
}

PATH_ACT: Shape = {
    "jti": TEXT,
    "act": one_of(*PATH_ACTS),
    "org": TEXT,
    "officer": TEXT,
    "roster": {"root": HASH, "count": int, "scope": nullable(ROSTER_SCOPE)},
    "part": int,
    "parts": [{"root": HASH, "count": int}],
    "prev": [HASH],
    "procedure": HASH,
    "grants": [HASH],
    "facts": mapping(SCALAR),
    "calendar": nullable(HASH),
    "document": DOCUMENT,
    "iat": int,
}
LIFECYCLE_ACT: Shape = {
    "jti": TEXT,
    "act": one_of(*LIFECYCLE_ACTS),
    "stage": one_of("propose", "decide"),
    "org": TEXT,
    "officer": TEXT,
    "certificate": HASH,
    "slot": {"uri": TEXT, "idx": int},
    "q": int,
    "value": one_of(0, 1, 2, 3, 11),
    "prev": [HASH],
    "grants": [HASH],
    "reason": one_of(*REASONS),
    "effective": {"retroactive": bool, "from": nullable(DATE)},
    "correction": nullable({"old_entry": HASH, "new_entry": HASH, "fields": [one_of("name", "sex", "birth", "id")]}),
    "document": DOCUMENT,
    "iat": int,
}

#: One `typ`, two payloads, told apart by the kind of act.
ACT: Shape = by_member("act", {**dict.fromkeys(PATH_ACTS, PATH_ACT), **dict.fromkeys(LIFECYCLE_ACTS, LIFECYCLE_ACT)})

CREDENTIAL: Shape = {
    "@context": [TEXT],
    "id": TEXT,
    "type": [TEXT],
    "name": TEXT,
    "issuer": {"id": TEXT, "type": [TEXT], "name": TEXT},
    "validFrom": TIME,
    "awardedDate": TIME,
    "credentialSubject": {
        "type": [TEXT],
        "licenseNumber": TEXT,
        "achievement": {
            "id": TEXT,
            "type": [TEXT],
            "name": TEXT,
            "description": TEXT,
            "criteria": {"narrative": TEXT},
            "fieldOfStudy": TEXT,
        },
    },
    "credentialStatus": {
        "id": TEXT,
        "type": one_of("BitstringStatusListEntry"),
        "statusPurpose": one_of("revocation"),
        "statusListIndex": TEXT,
        "statusListCredential": TEXT,
    },
    "evidence": [{"id": TEXT, "type": [TEXT], "name": TEXT}],
    "certificate": {
        "number": TEXT,
        "version": int,
        "licence_id": TEXT,
        "name": TEXT,
        "sex": one_of("M", "F"),
        "birth": DATE,
        "commitments": COMMITMENTS,
        "target": TARGET,
        "title_en": TEXT,
        "series_zh": TEXT,
        "track_word": TEXT,
        "committee": TEXT,
        "approval": {"org": TEXT, "number": TEXT, "date": DATE},
        "award_date": DATE,
        "issue_date": DATE,
        "validity_scope": nullable(TEXT),
        "term_until": nullable(DATE),
        "photo": nullable(HASH),
        "record_source": one_of("native", "archive"),
    },
    "iss": TEXT,
    "sub": TEXT,
    "jti": TEXT,
    "nbf": int,
    "status": {"status_list": {"idx": int, "uri": TEXT}},
}

#: IETF Token Status List, with the log size and checkpoint it covers (formats.md 5).
STATUS_LIST: Shape = {
    "iss": TEXT,
    "sub": TEXT,
    "iat": int,
    "exp": int,
    "ttl": int,
    "n": int,
    "checkpoint": nullable(LONG_TEXT),
    "status_list": {"bits": one_of(4), "lst": LONG_TEXT},
}

#: W3C Bitstring Status List v1.0: the same events for readers of Open Badges; a bit is 1 iff the value is not 0.
BITSTRING: Shape = {
    "@context": [TEXT],
    "id": TEXT,
    "type": [TEXT],
    "issuer": TEXT,
    "validFrom": TIME,
    "validUntil": TIME,
    "credentialSubject": {
        "id": TEXT,
        "type": one_of("BitstringStatusList"),
        "statusPurpose": one_of("revocation"),
        "encodedList": LONG_TEXT,
    },
}

EDITION: Shape = {"from": int, "to": nullable(int), "from_index": int, "to_index": nullable(int)}
GOOD: Shape = {"good_before": nullable(int), "good_before_index": nullable(int)}
TRUST: Shape = {
    "n": int,
    "iat": int,
    "exp": int,
    # Points are times in seconds, beside them log indices; an edition ends where its successor begins (decision 28).
    "withdrawn": [
        {
            "sha256": HASH,
            "reason": one_of(*UNGRANT_REASONS),
            "from": int,
            "from_index": nullable(int),
            **GOOD,
        }
    ],
    "keys": [
        {
            "jkt": HASH,
            "use": TEXT,
            "from": int,
            "to": nullable(int),
            "to_index": nullable(int),
            # When the reason was known: a theft may come to light long after the key had ended.
            "declared": nullable(int),
            "reason": nullable(one_of(*KEY_END_REASONS)),
            **GOOD,
        }
    ],
    "procedures": [{"track": TEXT, "sha256": HASH, **EDITION}],
    "calendars": [{"sha256": HASH, **EDITION}],
    "witness_policy": nullable({"threshold": int, "vkeys": [TEXT]}),
    "log_vkeys": [TEXT],
    "hosts": [TEXT],
}

#: A row of the directory of qualifications (双贯通目录), as a statement file carries it.
DIRECTORY_ROW: Shape = {
    "qualification": TEXT,
    "grade": nullable(TEXT),
    "series": TEXT,
    "level": LEVEL,
    "title": TEXT,
    "choice": bool,
    "valid_from": nullable(DATE),
    "valid_to": nullable(DATE),
    "source": TEXT,
    "sample": bool,
}
#: A qualification is a title (双贯通对应, T15). It is no certificate, and the number of the qualification stays closed.
EQUIVALENCE: Shape = {
    "jti": TEXT,
    "iss": TEXT,
    "person": COMMITMENTS,
    "qualification": TEXT,
    "qualification_number_commitment": HASH,
    "issued_on": DATE,
    "directory": {"sha256": HASH, "row": HASH},
    "mapped": {"series": TEXT, "level": LEVEL, "title": TEXT},
    "region": TEXT,
    "document": DOCUMENT,
    "iat": int,
}
#: What a holder is given: the statement, the directory row behind it, and everything needed to check both offline.
STATEMENT: Shape = {
    "v": one_of(1),
    "statement": LONG_TEXT,
    "values": {"name": TEXT, "sex": one_of("M", "F"), "birth": DATE},
    "salts": {"name": SALT, "sex": SALT, "birth": SALT},
    "row": DIRECTORY_ROW,
    "grants": [LONG_TEXT],
    "trust": LONG_TEXT,
    "certs": [LONG_TEXT],
}

ROSTER_PROOF: Shape = {
    "index": int,
    "row": nullable({"salt": SALT, "facts": mapping(SCALAR)}),
    "path": [HASH],
}
#: That a document was logged: its entry, a tlog-proof of it, and a checkpoint that has it not (`core.logged`).
LOGGED: Shape = nullable({"entry": LONG_TEXT, "proof": LONG_TEXT, "before": nullable(LONG_TEXT)})
JWS_GENERAL: Shape = {"payload": LONG_TEXT, "signatures": [{"protected": LONG_TEXT, "signature": LONG_TEXT}]}
#: `log` is about the decision: it names the proposal by its hash.
EVENT: Shape = {"propose": JWS_GENERAL, "decide": JWS_GENERAL, "log": LOGGED}
BUNDLE: Shape = {
    "v": one_of(1),
    "credential": LONG_TEXT,
    "log": LOGGED,
    "entries": [{"salt": SALT, "commitments": COMMITMENTS, "target": TARGET}],
    "salts": {"name": SALT, "sex": SALT, "birth": SALT},
    "path": [{"act": JWS_GENERAL, "proof": ROSTER_PROOF, "log": LOGGED}],
    "corrections": [EVENT],
    "events": [EVENT],
    "grants": [LONG_TEXT],
    # One for each of `grants`, in their order.
    "grant_logs": [LOGGED],
    "procedure": LONG_TEXT,
    "calendars": [LONG_TEXT],
    "trust": LONG_TEXT,
    "status": {"list": LONG_TEXT, "log": LOGGED},
    "certs": [LONG_TEXT],
}
#: What is laid beside a file (docs/format.md 7.4): a newer list and trust bundle, with the grants and certificates of their keys.
UPDATE: Shape = {
    "list": nullable(LONG_TEXT),
    "log": LOGGED,
    "trust": nullable(LONG_TEXT),
    "grants": [LONG_TEXT],
    "grant_logs": [LOGGED],
    "certs": [LONG_TEXT],
}
