"""What the reader wants: language and form of the answer (RFC 9110 12.5)."""

from flask import Request

from certsvc.verify.words_terms import LANGUAGES


def language(request: Request) -> str:
    """zh, en or ko: `?lang=` first, then Accept-Language, else zh."""
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        return asked
    return request.accept_languages.best_match(LANGUAGES, default="zh") or "zh"


def wants_json(request: Request) -> bool:
    """True if JSON is preferred over HTML; a reader who takes anything is a person."""
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]
