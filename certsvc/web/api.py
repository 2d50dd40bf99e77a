"""The API for programs: verifications, evidence bundles and the document that describes them (experience.md 4)."""

from dataclasses import replace

import orjson
from flask import Blueprint, Response, abort, request

from certsvc.core.bundle import MEDIA_TYPE
from certsvc.services.verify_evidence import fresh_bundle
from certsvc.verify.report import Report
from certsvc.web import context, errors, inputs, limits
from certsvc.web import openapi as document
from certsvc.web.answers import report_json
from certsvc.web.asking import Terms, ask_code, ask_data, ask_file, ask_number
from certsvc.web.headers import publish

api = Blueprint("api", __name__, url_prefix="/api/v1")

#: Media types whose body is the thing itself.
RAW = ("application/pdf", "image/png", "image/jpeg", MEDIA_TYPE)


@api.post("/verifications")
def verifications() -> Response:
    """The Report on what was sent, always 200; a malformed request is 422, another kind of body 415.

    `?at=` says what time is asked about where the body does not.
    """
    now = context.instance().now()
    at = inputs.parse_time(request.args.get("at"), now)
    if request.mimetype == "application/json":
        report = _ask(inputs.parse_question(_json_body(), now), at)
    elif request.mimetype == "multipart/form-data":
        report = _ask_upload(inputs.parse_form_terms(request.form.to_dict(), now), at)
    elif request.mimetype in RAW:
        report, _ = ask_file(request.get_data(cache=False), Terms(at))
    else:
        abort(415)
    if report.certificate is None:
        limits.wait_out_a_miss()
    return report_json(report)


@api.get("/certificates/<code>/bundle")
def bundle(code: str) -> Response:
    """The evidence with today's status. Every kind of miss has the same status, body and time."""
    data = fresh_bundle(context.instance(), code)
    if data is None:
        limits.wait_out_a_miss()
        abort(404)
    name = {"Content-Disposition": 'attachment; filename="certificate.bundle.json"', "Access-Control-Allow-Origin": "*"}
    return Response(data, content_type=MEDIA_TYPE, headers=name)


@api.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI 3.1 document of this instance."""
    value = document.describe(context.instance().public_url)
    return publish(Response(orjson.dumps(value), content_type="application/json"), 300)


def _ask(question: inputs.Question, at: int | None) -> Report:
    terms = _at(question.terms, at)
    if question.code is not None:
        return ask_code(question.code, terms)
    if question.data is not None:
        return ask_data(question.data, terms)
    return ask_number(str(question.number), str(question.name), terms)


def _at(terms: Terms, at: int | None) -> Terms:
    return terms if terms.at is not None else replace(terms, at=at)


def _ask_upload(terms: Terms, at: int | None) -> Report:
    upload = request.files.get("file")
    if upload is None:
        raise errors.Invalid(errors.Slip("#/file", "file", inputs.NO_FILE))
    return ask_file(upload.read(), _at(terms, at))[0]


def _json_body() -> bytes:
    request.max_content_length = limits.MAX_JSON
    return request.get_data(cache=False)
