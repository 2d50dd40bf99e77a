"""A Report as a JSON answer in the reader's language; the shape is fixed (docs: Report JSON)."""

import orjson
from flask import Response, request

from certsvc.verify import words
from certsvc.verify.report import Report
from certsvc.web import negotiate


def report_json(report: Report) -> Response:
    """Always 200: a verdict is an answer, whatever it says."""
    lang = negotiate.language(request)
    return Response(
        orjson.dumps(words.report_json(report, lang)),
        content_type="application/json",
        headers={"Content-Language": lang},
    )
