"""The OpenAPI 3.1 document, kept as a table: one row per route, in the order in which a reader needs them."""

from dataclasses import dataclass
from typing import Any

from certsvc import __version__
from certsvc.core.bundle import MEDIA_TYPE
from certsvc.verify.report import EXIT_CODES, FAMILIES, OUTCOMES
from certsvc.verify.words_terms import ACTS, LEVELS
from certsvc.web import inputs
from certsvc.web.errors import PROBLEM_TYPE, PROBLEMS

Schema = dict[str, Any]

HTML, JSON, PDF = "text/html", "application/json", "application/pdf"
_REPORT: Schema = {"$ref": "#/components/schemas/Report"}
_BYTES: Schema = {}  # OpenAPI 3.1, 4.8.14.2: raw bytes have no schema


@dataclass(frozen=True)
class Route:
    """One method on one path."""

    method: str
    path: str
    tag: str
    summary: str
    answers: dict[str, Schema | None]
    """Media type -> schema of the 200 answer; None for pages and bytes."""
    body: dict[str, Schema] | None = None
    problems: tuple[str, ...] = ("rate",)
    answer_status: str = "200"
    query: tuple[str, ...] = ()


def _form(required: list[str], **members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": required}


def _text(longest: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest}


_FILE: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
_EXPECT_FIELDS: Schema = {name: _text(longest) for name, longest in inputs.EXPECTED.items()}
_UPLOAD: Schema = _form(["file"], file=_FILE, at=_text(inputs.TEXTS["at"]), **_EXPECT_FIELDS)
_URLENCODED = "application/x-www-form-urlencoded"
_PROBED: Schema = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}

ROUTES: tuple[Route, ...] = (
    Route(
        "post",
        "/api/v1/verifications",
        "verify",
        "核验查验码、编号和姓名、令牌、证据包或文件 / Verify a code, number and name, token, bundle or file",
        {JSON: _REPORT},
        {
            JSON: {"$ref": "#/components/schemas/Question"},
            "multipart/form-data": _UPLOAD,
            PDF: _BYTES,
            "image/png": _BYTES,
            "image/jpeg": _BYTES,
            MEDIA_TYPE: _BYTES,
        },
        ("validation", "media_type", "too_large", "rate"),
    ),
    Route(
        "get",
        "/v/{code}",
        "verify",
        "核验结果页 / Verdict page",
        {HTML: None, JSON: _REPORT},
        query=("at", "lang"),
        problems=("validation", "rate"),
    ),
    Route(
        "get",
        "/api/v1/certificates/{code}/bundle",
        "verify",
        "证据包(可离线核验) / Evidence bundle",
        {MEDIA_TYPE: {"type": "object"}},
        problems=("not_found", "rate"),
    ),
    Route(
        "post",
        "/v/{code}",
        "pages",
        "比对姓名、证件号后四位 / Compare name or last four",
        {HTML: None},
        {_URLENCODED: _form([], **_EXPECT_FIELDS)},
        ("validation", "rate"),
    ),
    Route(
        "post",
        "/verify",
        "pages",
        "上传核验 / Verify an upload",
        {HTML: None, JSON: _REPORT},
        {"multipart/form-data": _form(["file"], file=_FILE)},
        ("validation", "too_large", "rate"),
    ),
    Route(
        "post",
        "/number",
        "pages",
        "按编号和姓名 / By number and name",
        {HTML: None, JSON: _REPORT},
        {_URLENCODED: _form(["number", "name"], number=_text(40), name=_text(50))},
    ),
    Route(
        "post",
        "/code",
        "pages",
        "输入查验码 / By typed code",
        {HTML: None},
        {_URLENCODED: _form(["code"], code=_text(200))},
    ),
    Route("get", "/", "pages", "首页 / Start page", {HTML: None}),
    *(
        Route("get", path, "pages", "回到首页 / Back to the start page", {}, answer_status="303")
        for path in ("/v/", "/code", "/verify", "/number")
    ),
    Route("get", "/photo/{code}", "pages", "照片 / Photo", {"image/jpeg": None}, problems=("not_found", "rate")),
    Route("get", "/problems/{name}", "pages", "错误说明 / About a problem", {HTML: None}, problems=("not_found",)),
    Route(
        "get",
        "/demo/{file}",
        "pages",
        "演示样本(仅演示) / Demo case",
        {PDF: None, "application/octet-stream": None},
        problems=("not_found", "rate"),
    ),
    Route("post", "/demo/{file}", "pages", "核验演示样本 / Verify a demo case", {HTML: None}, problems=("not_found",)),
    Route("get", "/claim/{token}", "holder", "领取证书 / Claim page", {HTML: None}),
    Route(
        "post",
        "/claim/{token}",
        "holder",
        "凭证件号后四位领取 / Claim with the last four",
        {PDF: None, HTML: None},
        {_URLENCODED: _form(["id_last4"], id_last4=_text(4))},
        ("refused", "rate"),
    ),
    Route(
        "get",
        "/status/{number}",
        "published",
        "状态表 / Token Status List",
        {"application/statuslist+jwt": None},
        problems=("not_found", "rate"),
    ),
    Route(
        "get",
        "/status/{number}/bitstring",
        "published",
        "比特串状态表 / Bitstring Status List",
        {"application/vc+jwt": None},
        problems=("not_found", "rate"),
    ),
    Route("get", "/.well-known/certsvc-trust.json", "published", "信任清单 / Trust bundle", {JSON: {"type": "object"}}),
    Route(
        "get", "/.well-known/jwks.json", "published", "公钥 / Keys", {"application/jwk-set+json": {"type": "object"}}
    ),
    Route("get", "/.well-known/did.json", "published", "DID 文档 / DID document", {"application/did+json": {}}),
    Route("get", "/.well-known/security.txt", "published", "安全联系人 / Security contact", {"text/plain": None}),
    Route("get", "/api/v1/openapi.json", "published", "本文档 / This document", {JSON: {"type": "object"}}),
    Route("get", "/healthz", "probes", "存活 / Liveness", {JSON: _PROBED}, problems=()),
    Route("get", "/readyz", "probes", "就绪 / Readiness", {JSON: _PROBED}, problems=("not_ready",)),
)

#: Path parameter -> what it is.
_PARAMETERS: dict[str, str] = {
    "code": "查验码,16 位 / verification code",
    "name": "错误名 / name of a problem",
    "file": "样本文件名 / file of the gallery",
    "token": "领取链接 / claim token",
    "number": "状态表号 / number of the list",
}
_QUERIES: dict[str, Schema] = {
    "at": {"type": "string", "description": "日期或 RFC 3339 时间 / date or RFC 3339 time"},
    "lang": {"type": "string", "enum": ["zh", "en", "ko"]},
}


def describe(public_url: str) -> dict[str, Any]:
    """The document for the instance at `public_url`."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "certsvc",
            "version": __version__,
            "description": "核验结论一律为 200;404、429、5xx 与证书真假无关,应视为 cannot_decide。\n\n"
            "A verdict is always 200; 404, 429 and 5xx say nothing about a certificate: read them as cannot_decide.",
        },
        "servers": [{"url": public_url}],
        "paths": paths,
        "components": {"schemas": SCHEMAS},
    }


def _operation(route: Route) -> dict[str, Any]:
    content = {kind: ({} if schema is None else {"schema": schema}) for kind, schema in route.answers.items()}
    answers: dict[str, Any] = {route.answer_status: {"description": "OK", **({"content": content} if content else {})}}
    for name in route.problems:
        problem = PROBLEMS[name]
        said = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        answers[str(problem.status)] = {"description": f"{problem.title[0]} / {problem.title[1]}", "content": said}
    operation: dict[str, Any] = {"tags": [route.tag], "summary": route.summary, "responses": answers}
    parameters = [_parameter(part[1:-1]) for part in route.path.split("/") if part.startswith("{")]
    parameters += [{"name": name, "in": "query", "schema": _QUERIES[name]} for name in route.query]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        bodies = {kind: ({"schema": schema} if schema else {}) for kind, schema in route.body.items()}
        operation["requestBody"] = {"required": True, "content": bodies}
    return operation


def _parameter(name: str) -> dict[str, Any]:
    kind = "integer" if name == "number" else "string"
    return {"name": name, "in": "path", "required": True, "description": _PARAMETERS[name], "schema": {"type": kind}}


def _nullable(kind: str, **more: Any) -> Schema:
    return {"type": [kind, "null"], **more}


def _closed(required: list[str], **members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": required, "additionalProperties": False}


_COMPARED = {"type": "string", "enum": ["match", "mismatch", "not_checked"]}
_TIME = {"type": "string", "format": "date-time"}
_STRING: Schema = {"type": "string"}
_ABOUT: dict[str, Schema] = {"act": _nullable("string"), "org": _nullable("string")}

_CHECK = _closed(
    ["id", "family", "outcome", "code", "detail", "act", "org", "figures", "rule"],
    id=_STRING,
    family={"type": "string", "enum": list(FAMILIES)},
    outcome={"type": "string", "enum": list(OUTCOMES)},
    code=_nullable("string"),
    detail=_STRING,
    figures={"type": "object", "additionalProperties": _STRING},
    rule=_STRING,
    **_ABOUT,
)
_MOMENT = _closed(
    ["at", "event", "org", "org_name", "document", "outcome", "effective_from", "retroactive"],
    at=_TIME,
    event={"type": "string", "enum": sorted(ACTS)},
    org=_STRING,
    org_name=_STRING,
    document=_STRING,
    outcome={"type": "string", "enum": ["pass", "fail", "not_run"]},
    effective_from=_nullable("string"),
    retroactive={"type": "boolean"},
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
    **{name: _text(longest) for name, longest in inputs.TEXTS.items()},
    bundle={"type": "object"},
    expect=_closed([], **_EXPECT_FIELDS),
)
_QUESTION["oneOf"] = [{"required": sorted(names)} for names in inputs.SUBJECTS]

SCHEMAS: dict[str, Schema] = {
    "Question": _QUESTION,
    "Report": {
        "type": "object",
        "required": ["verdict", "reason", "detail", "decided_at", "as_of", "match", "checks", "path", "timeline"],
        "properties": {
            "verdict": {"type": "string", "enum": list(EXIT_CODES)},
            "reason": _nullable("string"),
            "detail": _STRING,
            "decided_at": _TIME,
            "as_of": _TIME,
            "status_as_of": _nullable("string", format="date-time"),
            "fresh_until": _nullable("string", format="date-time"),
            "record_source": _nullable("string", enum=["native", "archive", None]),
            "time_source": {"type": "string", "enum": ["asserted", "log"]},
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
            "path": {"type": "array", "items": _MOMENT},
            "timeline": {"type": "array", "items": _MOMENT},
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
                "items": _closed(["pointer", "code", "detail"], pointer=_STRING, code=_STRING, detail=_STRING),
            },
        },
    },
}
