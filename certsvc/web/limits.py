"""All limits of the web layer in one table: how often, how large, how long (threats.md 2.8 H1, H4, H21).

Rates count per network of the asker: an IPv4 address or an IPv6 /64. `X-Forwarded-For` is believed for exactly
CERTSVC_PROXY_HOPS proxies, none by default. With CERTSVC_REDIS_URL all nodes count together.
"""

import ipaddress
import os
import time
from dataclasses import dataclass
from typing import cast

from flask import Flask, Response, g, request
from limits import RateLimitItem, parse
from limits.errors import ConfigurationError
from limits.storage import Storage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from werkzeug.middleware.proxy_fix import ProxyFix

from certsvc.core.errors import NotReady
from certsvc.web import context

KB, MB = 1024, 1024 * 1024
MAX_JSON = 1536 * KB
MAX_UPLOAD = 10 * MB
#: The form around an uploaded file.
FORM_ROOM = 16 * KB
#: Parts of one multipart form; bytes of its fields that are no files, and of the 64 KB that the parser reads at a time.
MAX_FORM_PARTS, MAX_FORM_MEMORY = 12, 256 * KB
#: A form without a file, which no limit of parts holds for: ten megabytes of its fields cost five seconds.
MAX_FIELDS = 16 * KB
#: Longest time a stranger's file may be read, and how long an asker waits for a free reader, in seconds.
READ_SECONDS, QUEUE_SECONDS = 15.0, 5.0
#: Address space of the process that reads a stranger's file.
READ_MEMORY = 1536 * MB
READERS = 2
#: Every miss of one kind of look-up takes at least this long, so that time does not tell which kind of miss (H3).
MISS_FLOOR_SECONDS = 0.05


@dataclass(frozen=True)
class Limit:
    """One row: `rate` per network on a public instance, `demo_rate` on one's own machine, the body in bytes."""

    rate: str | None
    demo_rate: str | None
    max_bytes: int = MAX_FIELDS


LIMITS: dict[str, Limit] = {
    "page": Limit("600/minute", "12000/minute"),
    "number": Limit("20/minute", "200/minute"),
    "upload": Limit("30/minute", "300/minute", MAX_UPLOAD + FORM_ROOM),
    "api": Limit("600/minute", "12000/minute", MAX_UPLOAD + FORM_ROOM),
    "claim": Limit("10/minute", "60/minute"),
    "published": Limit("1200/minute", "12000/minute"),
    # A mirror fetches every tile: 100 a second, each one look-up.
    "log": Limit("6000/minute", "60000/minute"),
    "probe": Limit(None, None),
}
#: Endpoint -> row of LIMITS. An endpoint that stands nowhere is refused when the application is made.
ENDPOINTS: dict[str, str] = {
    "public.home": "page",
    "public.code": "page",
    "public.verdict": "page",
    "public.compare": "page",
    "public.verify": "upload",
    "public.number": "number",
    "public.to_home": "page",
    "public.photo": "page",
    "public.problem": "page",
    "public.demo_file": "page",
    "public.demo_verdict": "upload",
    "api.verifications": "api",
    "api.bundle": "api",
    "api.openapi": "published",
    "claim.show": "claim",
    "claim.collect": "claim",
    "wellknown.status_list": "published",
    "wellknown.bitstring": "published",
    "wellknown.trust": "published",
    "wellknown.jwks": "published",
    "wellknown.did": "published",
    "wellknown.security": "published",
    "log.checkpoint": "log",
    "log.tile": "log",
    "wellknown.healthz": "probe",
    "wellknown.readyz": "probe",
}


class TooMany(Exception):
    """The network of the asker has used up a rate; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


def init(app: Flask) -> None:
    """Puts the table in force. Raises NotReady for a bad CERTSVC_PROXY_HOPS or CERTSVC_REDIS_URL."""
    app.config["MAX_FORM_PARTS"] = MAX_FORM_PARTS
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_FORM_MEMORY
    limiter = SlidingWindowCounterRateLimiter(_storage())
    hops = _proxy_hops()
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=0, x_host=0)  # type: ignore[method-assign]

    @app.before_request
    def spend() -> None:
        name = ENDPOINTS.get(request.endpoint or "", "page")
        limit = LIMITS[name]
        fields = request.mimetype == "application/x-www-form-urlencoded"
        request.max_content_length = MAX_FIELDS if fields else limit.max_bytes
        rate = limit.demo_rate if context.instance().demo else limit.rate
        if rate is not None:
            _spend(limiter, parse(rate), name)

    @app.after_request
    def tell(response: Response) -> Response:
        # draft-ietf-httpapi-ratelimit-headers: what is left, and when it is full again.
        for header, value in getattr(g, "rate_headers", {}).items():
            response.headers[header] = value
        return response


def check_table(app: Flask) -> None:
    """Returns if every endpoint has a limit and every limit an endpoint. Raises LookupError."""
    odd = {rule.endpoint for rule in app.url_map.iter_rules()} ^ ENDPOINTS.keys()
    if odd:
        raise LookupError(f"endpoints and limits do not agree: {sorted(odd)}")


def network_of(address: str | None) -> str:
    """What a rate counts by: an IPv4 address, or the /64 that one IPv6 customer holds."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return str(ipaddress.ip_network((ip, 64), strict=False))
        return str(ip.ipv4_mapped)
    return str(ip)


def wait_out_a_miss() -> None:
    """Sleeps until the request has lasted MISS_FLOOR_SECONDS."""
    time.sleep(max(0.0, g.started + MISS_FLOOR_SECONDS - time.perf_counter()))


def _spend(limiter: SlidingWindowCounterRateLimiter, rate: RateLimitItem, name: str) -> None:
    key = network_of(request.remote_addr)
    allowed = limiter.hit(rate, name, key)
    window = limiter.get_window_stats(rate, name, key)
    wait = max(1, round(window.reset_time - time.time()))
    g.rate_headers = {
        "RateLimit-Policy": f'"{name}";q={rate.amount};w={rate.get_expiry()}',
        "RateLimit": f'"{name}";r={window.remaining};t={wait}',
    }
    if not allowed:
        raise TooMany(wait)


def _storage() -> Storage:
    url = os.environ.get("CERTSVC_REDIS_URL")
    try:
        return cast(Storage, storage_from_string(url or "memory://"))
    except (ConfigurationError, ValueError) as error:
        en = "CERTSVC_REDIS_URL cannot be used; it needs a redis:// address and the package redis."
        raise NotReady("redis_url", "CERTSVC_REDIS_URL 无法使用", en, "pip install redis") from error


def _proxy_hops() -> int:
    text = os.environ.get("CERTSVC_PROXY_HOPS", "0")
    if not text.isascii() or not text.isdigit():
        en = "CERTSVC_PROXY_HOPS is the number of proxies in front, for example 1."
        raise NotReady("proxy_hops", "CERTSVC_PROXY_HOPS 应为代理层数", en, "export CERTSVC_PROXY_HOPS=1")
    return int(text)
