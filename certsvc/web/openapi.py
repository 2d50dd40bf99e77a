"""The OpenAPI 3.1 document, kept as a table: one row per route, in the order in which a reader needs them."""

from dataclasses import dataclass
from typing import Any

from certsvc import __version__
from certsvc.core.bundle import MEDIA_TYPE
from certsvc.web import inputs
from certsvc.web.errors import PROBLEM_TYPE, PROBLEMS
from certsvc.web.schemas import EXPECT_FIELDS, SCHEMAS, Schema, text

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
    body_required: bool = True


def _form(required: list[str], **members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": required}


_FILE: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
_UPLOAD: Schema = _form(["file"], file=_FILE, at=text(inputs.TEXTS["at"]), **EXPECT_FIELDS)
_URLENCODED = "application/x-www-form-urlencoded"
_AT: dict[str, Schema] = {"at": {"type": "string", "maxLength": inputs.TEXTS["at"]}}
_PROBED: Schema = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}
_READY: Schema = {
    "type": "object",
    "properties": {
        "status": {"type": "string"},
        "status_list_age": {"type": "integer"},
        "log_waiting": {"type": "integer"},
        "log_waiting_since": {"type": ["integer", "null"]},
        "certificates_waiting": {"type": "integer"},
    },
    "required": ["status", "status_list_age", "log_waiting", "log_waiting_since", "certificates_waiting"],
}
_TOKENS: Schema = {"type": "array", "items": {"type": "string"}}
#: For verification offline: docs/format.md 7.4.
_UPDATE: Schema = {
    "type": "object",
    "properties": {
        "list": {"type": "string"},
        "log": {"type": ["object", "null"]},
        "trust": {"type": "string"},
        "grants": _TOKENS,
        "grant_logs": {"type": "array", "items": {"type": ["object", "null"]}},
        "certs": _TOKENS,
    },
    "required": ["list", "log", "trust", "grants", "grant_logs", "certs"],
}

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
        query=("at",),
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
        {_URLENCODED: _form([], **_AT, **EXPECT_FIELDS)},
        ("validation", "rate"),
    ),
    Route(
        "post",
        "/verify",
        "pages",
        "上传核验 / Verify an upload",
        {HTML: None, JSON: _REPORT},
        {"multipart/form-data": _form(["file"], file=_FILE, **_AT)},
        ("validation", "too_large", "rate"),
    ),
    Route(
        "post",
        "/number",
        "pages",
        "按编号和姓名 / By number and name",
        {HTML: None, JSON: _REPORT},
        {_URLENCODED: _form(["number", "name"], number=text(40), name=text(50), **_AT)},
        ("validation", "rate"),
    ),
    Route(
        "post",
        "/code",
        "pages",
        "输入查验码 / By typed code",
        {HTML: None},
        {_URLENCODED: _form(["code"], code=text(200), **_AT)},
        ("validation", "rate"),
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
    Route(
        "post",
        "/demo/{file}",
        "pages",
        "核验演示样本 / Verify a demo case",
        {HTML: None},
        {_URLENCODED: _form([], **_AT)},
        ("not_found", "validation"),
        body_required=False,
    ),
    Route("get", "/claim/{token}", "holder", "领取证书 / Claim page", {HTML: None}),
    Route(
        "post",
        "/claim/{token}",
        "holder",
        "凭证件号后四位领取 / Claim with the last four",
        {PDF: None, HTML: None},
        {_URLENCODED: _form(["id_last4"], id_last4=text(4))},
        ("refused", "rate"),
    ),
    Route(
        "get",
        "/status/{number}",
        "published",
        "状态表 / Token Status List",
        {"application/statuslist+jwt": None, "application/json": _UPDATE},
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
    Route(
        "get",
        "/log/checkpoint",
        "published",
        "公开日志检查点(C2SP tlog-checkpoint) / Checkpoint of the log",
        {"text/plain; charset=utf-8": None},
        problems=("not_found", "rate", "not_ready"),
    ),
    Route(
        "get",
        "/log/tile/{place}",
        "published",
        "公开日志分块(C2SP tlog-tiles) / A tile of the log",
        {"application/octet-stream": None},
        problems=("bad_request", "not_found", "rate"),
    ),
    Route("get", "/api/v1/openapi.json", "published", "本文档 / This document", {JSON: {"type": "object"}}),
    Route("get", "/healthz", "probes", "存活 / Liveness", {JSON: _PROBED}, problems=()),
    Route("get", "/readyz", "probes", "就绪 / Readiness", {JSON: _READY}, problems=("not_ready",)),
)

#: Path parameter -> what it is.
_PARAMETERS: dict[str, str] = {
    "code": "查验码,16 位 / verification code",
    "name": "错误名 / name of a problem",
    "file": "样本文件名 / file of the gallery",
    "token": "领取链接 / claim token",
    "number": "状态表号 / number of the list",
    "place": "分块路径 / name of a tile, L/N[.p/W]",
}
_QUERIES: dict[str, Schema] = {
    "at": {
        "type": "string",
        "maxLength": inputs.TEXTS["at"],
        "description": "所问时间:日期(北京时间当天结束时)或 RFC 3339 时间,不在将来 / "
        "time asked about: a date (its end in Asia/Shanghai) or an RFC 3339 time, not in the future",
    },
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
        operation["requestBody"] = {"required": route.body_required, "content": bodies}
    return operation


def _parameter(name: str) -> dict[str, Any]:
    kind = "integer" if name == "number" else "string"
    return {"name": name, "in": "path", "required": True, "description": _PARAMETERS[name], "schema": {"type": kind}}
