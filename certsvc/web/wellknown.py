"""What everybody may fetch and keep: status lists, trust bundle, keys, contact; and probes for operators."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, abort, request

from certsvc.services import log_leaves, slots
from certsvc.services import publish as services
from certsvc.services.beside import published_update, update_json
from certsvc.services.coming_into_force import waiting_certificates
from certsvc.web import context
from certsvc.web.errors import log_trouble
from certsvc.web.headers import publish

wellknown = Blueprint("wellknown", __name__)

#: Seconds for which a document may be kept.
KEEP_LIST, KEEP_KEYS = 300, 3600
LIST_TYPE = "application/statuslist+jwt"
#: RFC 9116 2.5.5: recommended to be less than a year ahead.
SECURITY_TERM = timedelta(days=180)


@wellknown.get("/status/<int:number>")
def status_list(number: int) -> Response:
    """The newest Token Status List (draft-ietf-oauth-status-list 8); as JSON with the proof that it was logged, the trust
    bundle and the keys of both, which is what `certsvc verify --offline --status` takes."""
    if request.accept_mimetypes.best_match((LIST_TYPE, "application/json")) == "application/json":
        response = _json(update_json(published_update(context.instance(), _uri(number))), "application/json", KEEP_LIST)
    else:
        body = services.current_status_list(context.instance(), _uri(number)).body
        response = publish(Response(body, content_type=LIST_TYPE), KEEP_LIST)
    response.vary.add("Accept")
    return response


@wellknown.get("/status/<int:number>/bitstring")
def bitstring(number: int) -> Response:
    """The same list as a W3C Bitstring Status List credential. Its ETag is weak: each process signs its own."""
    listed = services.current_status_list(context.instance(), _uri(number))
    response = Response(services.bitstring_of(context.instance(), listed).body, content_type="application/vc+jwt")
    response.set_etag(listed.sha256, weak=True)
    return publish(response, KEEP_LIST)


@wellknown.get("/.well-known/certsvc-trust.json")
def trust() -> Response:
    return _json(services.trust_document(context.instance()), "application/json", KEEP_LIST)


@wellknown.get("/.well-known/jwks.json")
def jwks() -> Response:
    return _json(services.jwks(context.instance()), "application/jwk-set+json", KEEP_KEYS)


@wellknown.get("/.well-known/did.json")
def did() -> Response:
    return _json(services.did_document(context.instance()), "application/did+json", KEEP_KEYS)


@wellknown.get("/.well-known/security.txt")
def security() -> Response:
    """Whom to tell about a weakness (RFC 9116)."""
    inst = context.instance()
    end = datetime.fromtimestamp(inst.now(), UTC) + SECURITY_TERM
    lines = (
        "Contact: tel:12333;phone-context=+86",
        f"Contact: {inst.public_url}/",
        f"Expires: {end:%Y-%m-%dT00:00:00Z}",
        "Preferred-Languages: zh, en",
        f"Canonical: {inst.public_url}/.well-known/security.txt",
    )
    return publish(Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8"), KEEP_KEYS)


@wellknown.get("/healthz")
def healthz() -> Response:
    """200 while the process answers; asks nothing else."""
    return Response(b'{"status":"ok"}', content_type="application/json")


@wellknown.get("/readyz")
def readyz() -> Response:
    """200 when database and status key work and the key's certificate has not run out; with the age in seconds of the status list that is oldest, how many leaves
    wait for the log since when (null: nothing waits), and how many certificates wait with them. A log that refuses stops no verification."""
    inst = context.instance()
    try:
        with inst.engines.read.connect() as connection:
            services.check_status_key(inst, connection)
        issued = min(int(one.unverified_payload["iat"]) for one in slots.current_lists(inst))
        waiting, since = log_leaves.waiting_since(inst)
        certificates = waiting_certificates(inst)
    except Exception as error:  # whatever is wrong, this node is not ready
        log_trouble(error)
        return Response(b'{"status":"not_ready"}', 503, {"Retry-After": "10"}, content_type="application/json")
    value = {"status": "ok", "status_list_age": max(0, inst.now() - issued)}
    value |= {"log_waiting": waiting, "log_waiting_since": since, "certificates_waiting": certificates}
    return Response(orjson.dumps(value), content_type="application/json")


def _uri(number: int) -> str:
    # A number of which nobody has a slot must not make the service sign a new list.
    if not slots.is_list(context.instance(), number):
        abort(404)
    return services.list_uri(context.instance(), number)


def _json(value: dict[str, Any], kind: str, keep: int) -> Response:
    return publish(Response(orjson.dumps(value), content_type=kind), keep)
