"""The one place that turns an error into HTTP: RFC 9457 for programs, a bilingual page for people."""

import logging
import traceback
from dataclasses import dataclass, field

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from certsvc.core.errors import CertsvcError, Malformed, NotFound, NotReady, Refused
from certsvc.verify.words import say
from certsvc.verify.words_terms import Words
from certsvc.web import context, negotiate, pages
from certsvc.web.limits import TooMany

log = logging.getLogger("certsvc.web")

PROBLEM_TYPE = "application/problem+json"
#: Below these paths programs ask, whatever they say they accept.
_FOR_PROGRAMS = ("/api/", "/log/", "/status/", "/.well-known/", "/photo/", "/healthz", "/readyz")


@dataclass(frozen=True)
class Problem:
    """One kind of error: HTTP status, title and what it means."""

    status: int
    title: Words
    text: Words


PROBLEMS: dict[str, Problem] = {
    "bad_request": Problem(
        400,
        ("请求无法识别", "Bad request", "잘못된 요청"),
        ("请返回重试。", "Go back and try again.", "돌아가 다시 시도하십시오."),
    ),
    "not_found": Problem(
        404,
        ("没有这个页面或资料", "Not found", "찾을 수 없음"),
        (
            "地址有误,或资料不存在。这与证书真假无关。",
            "The address is wrong, or there is nothing here. This says nothing about a certificate.",
            "주소가 잘못되었거나 자료가 없습니다. 증서의 진위와는 무관합니다.",
        ),
    ),
    "method": Problem(
        405,
        ("不支持这种请求方式", "Method not allowed", "허용되지 않는 방식"),
        ("请返回首页重新操作。", "Begin again at the start page.", "첫 화면에서 다시 시작하십시오."),
    ),
    "too_large": Problem(
        413,
        ("文件太大", "Too large", "너무 큼"),
        (
            "文件不超过 10 MB,JSON 不超过 1.5 MB。也可手工输入 16 位查验码。",
            "A file may have 10 MB, JSON 1.5 MB. You can also type the 16-character code.",
            "파일은 10MB, JSON은 1.5MB 이하입니다. 16자리 코드를 입력해도 됩니다.",
        ),
    ),
    "media_type": Problem(
        415,
        ("不支持这种内容类型", "Unsupported media type", "지원하지 않는 형식"),
        (
            "请用 application/json、multipart/form-data、application/pdf 或 image/png、image/jpeg。",
            "Use application/json, multipart/form-data, application/pdf, image/png or image/jpeg.",
            "application/json, multipart/form-data, application/pdf, image/png, image/jpeg를 쓰십시오.",
        ),
    ),
    "validation": Problem(
        422,
        ("请求内容有误", "The request is malformed", "요청 내용 오류"),
        ("请按 errors 中的说明改正。", "Correct what `errors` points at.", "errors에 적힌 곳을 고치십시오."),
    ),
    "refused": Problem(
        409,
        ("不能办理", "Refused", "처리할 수 없음"),
        ("规定不允许这一步。", "A rule forbids this step.", "규정상 허용되지 않습니다."),
    ),
    "rate": Problem(
        429,
        ("查询过于频繁", "Too many requests", "요청이 너무 많음"),
        (
            "请稍后再试。这与证书真假无关。",
            "Try again in a while. This says nothing about a certificate.",
            "잠시 뒤 다시 시도하십시오. 증서의 진위와는 무관합니다.",
        ),
    ),
    "trouble": Problem(
        500,
        ("服务出现故障", "Something went wrong here", "서비스 장애"),
        (
            "这是我们的问题,与证书真假无关。请稍后再试。",
            "This is our fault and says nothing about a certificate. Try again later.",
            "저희 쪽 문제이며 증서의 진위와는 무관합니다. 나중에 다시 시도하십시오.",
        ),
    ),
    "not_ready": Problem(
        503,
        ("服务尚未就绪", "Not ready", "준비되지 않음"),
        (
            "请稍后再试。这与证书真假无关。",
            "Try again in a while. This says nothing about a certificate.",
            "잠시 뒤 다시 시도하십시오. 증서의 진위와는 무관합니다.",
        ),
    ),
}
_BY_STATUS = {problem.status: name for name, problem in PROBLEMS.items()}
_BY_ERROR: dict[type[CertsvcError], str] = {
    Malformed: "validation",
    Refused: "refused",
    NotReady: "not_ready",
    NotFound: "not_found",
}


@dataclass(frozen=True)
class Slip:
    """One member of a request that is wrong; `pointer` is a JSON Pointer in a fragment (RFC 6901 6)."""

    pointer: str
    code: str
    text: Words


class Invalid(Exception):
    """A malformed request: every member that is wrong."""

    def __init__(self, *slips: Slip) -> None:
        super().__init__(*(slip.code for slip in slips))
        self.slips = slips


@dataclass(frozen=True)
class _Answer:
    name: str
    code: str
    slips: tuple[Slip, ...] = ()
    text: Words | None = None
    headers: dict[str, str] = field(default_factory=dict)


def init(app: Flask) -> None:
    """Every error of the application ends in `_respond`."""
    app.register_error_handler(HTTPException, lambda error: _respond(_of_http(error)))
    app.register_error_handler(TooMany, lambda e: _respond(_Answer("rate", "rate", headers=_retry(e.retry_after))))
    app.register_error_handler(Invalid, lambda error: _respond(_Answer("validation", "validation", error.slips)))
    app.register_error_handler(CertsvcError, lambda error: _respond(_of_ours(error)))
    app.register_error_handler(Exception, _of_any)


def log_trouble(error: BaseException) -> None:
    """Logs the kind of error and where it arose, never its message: messages of libraries repeat values (H24)."""
    place = " <- ".join(f"{f.name}:{f.lineno}" for f in reversed(traceback.extract_tb(error.__traceback__)[-6:]))
    log.error("%s at %s request=%s", type(error).__name__, place, getattr(g, "request_id", "-"))


def _of_http(error: HTTPException) -> _Answer:
    status = error.code or 500
    name = _BY_STATUS.get(status, "bad_request" if status < 500 else "trouble")
    headers = {key: value for key, value in error.get_headers() if key in ("Allow", "Retry-After")}
    return _Answer(name, name, headers=headers)


def _of_ours(error: CertsvcError) -> _Answer:
    if isinstance(error, NotReady):
        # Names of files and hints for the operator are none of a stranger's business.
        log.error("not ready: %s request=%s", error.code, getattr(g, "request_id", "-"))
        return _Answer("not_ready", "not_ready", headers=_retry(30))
    name = next(name for kind, name in _BY_ERROR.items() if isinstance(error, kind))
    return _Answer(name, error.code, text=(error.zh, error.en, error.en))


def _of_any(error: Exception) -> Response:
    log_trouble(error)
    return _respond(_Answer("trouble", "trouble"))


def _respond(answer: _Answer) -> Response:
    problem, lang = PROBLEMS[answer.name], negotiate.language(request)
    for_program = request.path.startswith(_FOR_PROGRAMS) or negotiate.wants_json(request)
    body = _problem_json(answer, problem, lang) if for_program else _page(answer, problem, lang)
    kind = PROBLEM_TYPE if for_program else "text/html; charset=utf-8"
    return Response(body, problem.status, answer.headers, content_type=kind)


def _problem_json(answer: _Answer, problem: Problem, lang: str) -> bytes:
    address = f"{context.instance().public_url}/problems/{answer.name}"
    value = {
        "type": address,
        "title": say(problem.title, lang),
        "status": problem.status,
        "detail": say(answer.text or problem.text, lang),
        "code": answer.code,
        "request_id": g.request_id,
        "help": address,
    }
    if answer.slips:
        value["errors"] = [{"pointer": s.pointer, "code": s.code, "detail": say(s.text, lang)} for s in answer.slips]
    return orjson.dumps(value)


def _page(answer: _Answer, problem: Problem, lang: str) -> str:
    slips = " ".join(say(slip.text, lang) for slip in answer.slips)
    text = slips or say(answer.text or problem.text, lang)
    title = say(problem.title, lang)
    return pages.render("error", context.site(), lang, "/", title=title, text=text, request_id=g.request_id)


def _retry(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}
