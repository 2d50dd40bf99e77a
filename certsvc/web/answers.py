"""A Report as a JSON answer in the reader's language; the shape is fixed (docs: Report JSON)."""

import orjson
from flask import Response, request

from certsvc.verify import words
from certsvc.verify.report import Report, to_json
from certsvc.web import negotiate


def report_json(report: Report) -> Response:
    """Always 200: a verdict is an answer, whatever it says."""
    lang = negotiate.language(request)
    value = to_json(report, words.detail(report, lang), lambda row: words.row_sentence(report, row, lang))
    return Response(orjson.dumps(value), content_type="application/json", headers={"Content-Language": lang})
