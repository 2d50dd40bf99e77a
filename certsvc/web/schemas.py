"""The shapes that the OpenAPI document names: a question, a Report and a problem (JSON Schema 2020-12)."""

from typing import Any

from certsvc.verify.report import EXIT_CODES, FAMILIES, LINKS, OUTCOMES
from certsvc.verify.words_terms import ACTS, LEVELS, ROLES, SIGNATURES
from certsvc.web import inputs

Schema = dict[str, Any]


def text(longest: int) -> Schema:
    """A text that is not empty and not longer than this."""
    return {"type": "string", "minLength": 1, "maxLength": longest}


EXPECT_FIELDS: Schema = {name: text(longest) for name, longest in inputs.EXPECTED.items()}


def _nullable(kind: str, **more: Any) -> Schema:
    return {"type": [kind, "null"], **more}


def _or_null(schema: Schema, description: str) -> Schema:
    return {**schema, "type": ["object", "null"], "description": description}


def _closed(required: list[str], **members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": required, "additionalProperties": False}


_COMPARED = {"type": "string", "enum": ["match", "mismatch", "not_checked"]}
_TIME = {"type": "string", "format": "date-time"}
_STRING: Schema = {"type": "string"}
_BOTH = _closed(["zh", "en"], zh=_STRING, en=_STRING)
_ABOUT: dict[str, Schema] = {
    "act": {**_STRING, "description": "所涉环节;涉及整张证书的为 issue / act; `issue` for the certificate as a whole"},
    "org": _nullable("string", description="所涉机构;没有可信证据时为 null / null where no evidence can be believed"),
}

_CHECK = _closed(
    ["id", "family", "outcome", "code", "detail", "details", "act", "org", "about", "figures", "rule", "evidence"],
    id=_STRING,
    family={"type": "string", "enum": list(FAMILIES)},
    outcome={"type": "string", "enum": list(OUTCOMES)},
    code={
        **_STRING,
        "description": "未通过的原因;通过时为本项检查的 id / why it did not pass; the id of the check where it did",
    },
    detail=_STRING,
    details=_BOTH,
    about={**_BOTH, "description": "环节和机构,以文字表述 / act and organisation in words"},
    figures={"type": "object", "additionalProperties": _STRING},
    rule=_STRING,
    evidence=_nullable("string"),
    **_ABOUT,
)
_IN_LOG = _closed(
    ["index", "earliest", "latest", "witnesses"],
    index={"type": "integer", "minimum": 0},
    earliest=_nullable("string", format="date-time"),
    latest=_nullable("string", format="date-time"),
    witnesses={"type": "integer", "minimum": 0},
)
_LINK = _closed(
    [
        "kind",
        "name",
        "org",
        "org_name",
        "outcome",
        "codes",
        "document",
        "at",
        "until",
        "signed_by",
        "roles",
        "evidence",
        "logged",
    ],
    kind={"type": "string", "enum": list(LINKS)},
    name=_STRING,
    org=_STRING,
    org_name=_STRING,
    outcome={"type": "string", "enum": ["pass", "fail", "unknown", "not_run"]},
    codes={"type": "array", "items": _STRING},
    document=_STRING,
    at=_nullable("string", format="date-time"),
    until=_nullable("string", format="date-time"),
    signed_by={"type": "array", "items": {"type": "string", "enum": sorted(SIGNATURES)}},
    roles={"type": "array", "items": {"type": "string", "enum": list(ROLES)}},
    evidence=_nullable("string"),
    logged=_or_null(
        _IN_LOG, "公开日志中的位置与登记时间,仅在已证明时 / place and time in the public log, where proved"
    ),
)
_THEN = _closed(["verdict", "reason"], verdict={"type": "string", "enum": list(EXIT_CODES)}, reason=_nullable("string"))
_VERSION = _closed(["number", "version", "issued_on"], number=_STRING, version={"type": "integer"}, issued_on=_STRING)
_MOMENT = _closed(
    ["at", "event", "org", "org_name", "document", "effective_from", "retroactive", "decided_at", "of_later_version"],
    at=_TIME,
    event={"type": "string", "enum": sorted(ACTS)},
    org=_STRING,
    org_name=_STRING,
    document=_STRING,
    effective_from=_nullable("string"),
    retroactive={"type": "boolean"},
    decided_at=_nullable("string", format="date-time"),
    of_later_version={"type": "boolean"},
)
_CERTIFICATE: Schema = {
    "type": ["object", "null"],
    "description": "按编号和姓名查询时只有一部分 / only a part for number + name",
    "properties": {
        **dict.fromkeys(("number", "holder_name", "title", "title_en", "series", "series_zh"), _STRING),
        **dict.fromkeys(("specialty", "granted_on", "issued_on", "issuer", "committee", "track_word"), _STRING),
        "licence_id": _STRING,
        "version": {"type": "integer"},
        "level": {"type": "string", "enum": sorted(LEVELS)},
        "approval": {"type": "object"},
        "validity_scope": _nullable("string"),
        "term_until": _nullable("string"),
        "photo": {"type": "boolean"},
    },
}
_QUESTION = _closed(
    [],
    **{name: text(longest) for name, longest in inputs.TEXTS.items()},
    bundle={"type": "object"},
    expect=_closed([], **EXPECT_FIELDS),
)
_QUESTION["oneOf"] = [{"required": sorted(names)} for names in inputs.SUBJECTS]

SCHEMAS: dict[str, Schema] = {
    "Question": _QUESTION,
    "Report": {
        "type": "object",
        "required": [
            "verdict",
            "reason",
            "detail",
            "details",
            "decided_at",
            "as_of",
            "match",
            "checks",
            "then",
            "chain",
            "timeline",
        ],
        "properties": {
            "verdict": {"type": "string", "enum": list(EXIT_CODES)},
            "reason": _nullable("string"),
            "detail": _STRING,
            "details": _BOTH,
            "decided_at": _TIME,
            "as_of": _TIME,
            "status_as_of": _nullable("string", format="date-time"),
            "fresh_until": _nullable("string", format="date-time"),
            "record_source": _nullable("string", enum=["native", "archive", None]),
            "time_source": {
                "type": "string",
                "enum": ["asserted", "log"],
                "description": "log:时间由公开日志证明;asserted:以文件所写为准 / proved by the log, or as documents state them",
            },
            "test": {"type": "boolean"},
            "certificate": _CERTIFICATE,
            "match": _closed(
                ["name", "id_last4", "title", "file"],
                name=_COMPARED,
                id_last4=_COMPARED,
                title=_COMPARED,
                file={"type": "string", "enum": ["identical", "differs", "not_checked"]},
            ),
            "checks": {"type": "array", "items": _CHECK},
            "then": _or_null(_THEN, "所问时间当时已知的结论;问现在时为空 / as was known at the time asked about"),
            "chain": {"type": "array", "items": _LINK},
            "timeline": {"type": "array", "items": _MOMENT},
            "replaces": _or_null(_VERSION, "前一版 / the version before"),
            "replaced_by": _or_null(_VERSION, "新版 / the version after"),
            "receipt": _nullable("string"),
        },
    },
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": _STRING,
            "status": {"type": "integer"},
            "detail": _STRING,
            "code": _STRING,
            "request_id": _STRING,
            "help": {"type": "string", "format": "uri"},
            "errors": {
                "type": "array",
                "maxItems": inputs.MOST_SLIPS,
                "items": _closed(["pointer", "code", "detail"], pointer=_STRING, code=_STRING, detail=_STRING),
            },
        },
    },
}
