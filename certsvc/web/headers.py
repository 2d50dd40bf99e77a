"""Headers of every answer: a strict content policy, no cookies, no referrer, no sniffing; and gzip.

There is no CSRF token anywhere on the public pages: they set no cookie and know no session, so a foreign page can
make a visitor ask a question, but never in anybody's name.
"""

import gzip
import logging
import re
import secrets
import time

from flask import Flask, Response, g, request

from certsvc.web import context
from certsvc.web.pages import stylesheet_hash

log = logging.getLogger("certsvc.web")

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")
#: Nothing is loaded but our own pictures; the one style sheet is named by its hash (CSP Level 3).
_POLICY = (
    "default-src 'none'; style-src '{style}'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
}
#: Bodies that gzip makes smaller. Pages hold no secret beside what a stranger can put into them, so BREACH finds none.
_ZIPPED = ("text/html", "application/json", "application/problem+json", "application/vnd.certsvc.bundle+json")
_WORTH_ZIPPING = 1024


def init(app: Flask) -> None:
    """Begins and ends every request."""
    policy = _POLICY.format(style=stylesheet_hash())

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else "req_" + secrets.token_hex(10)

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Request-Id"] = g.request_id
        if context.instance().public_url.startswith("https://"):
            response.headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        if "Cache-Control" not in response.headers:
            # What a look-up answers is about a person; only signed lists and keys are for every cache (H20).
            response.headers["Cache-Control"] = "no-store"
        response.headers.add("Vary", "Accept, Accept-Language, Accept-Encoding")
        _zip(response)
        _log(response)
        return response


def publish(response: Response, max_age: int) -> Response:
    """`response` as a public, cacheable document with an ETag, for any origin."""
    response.headers["Cache-Control"] = f"public, max-age={max_age}, stale-if-error={max_age}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.add_etag()
    response.make_conditional(request)
    return response


def _zip(response: Response) -> None:
    if (
        response.mimetype not in _ZIPPED
        or response.direct_passthrough
        or "gzip" not in request.headers.get("Accept-Encoding", "")
        or len(response.get_data()) < _WORTH_ZIPPING
    ):
        return
    response.set_data(gzip.compress(response.get_data(), compresslevel=6, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    if response.headers.get("ETag"):
        # RFC 9110 8.8.3: another coding is another representation.
        response.headers["ETag"] = "W/" + response.headers["ETag"].removeprefix("W/")


def _log(response: Response) -> None:
    """One line per request. The rule and never the path: paths hold codes and tokens, queries are not logged at all."""
    took = (time.perf_counter() - g.started) * 1000
    response.headers["Server-Timing"] = f"app;dur={took:.1f}"
    rule = request.url_rule.rule if request.url_rule else "-"
    log.info("%s %s %s %.1fms request=%s", request.method, rule, response.status_code, took, g.request_id)
