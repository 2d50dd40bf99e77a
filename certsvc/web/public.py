"""Pages for employers: the start page, the verdict page, look-ups by file and by number, and the demo's gallery.

Number and name go by POST, so that a name is never in an address (PIPL; threats.md 5).
"""

from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Answer

from certsvc.core.calendar import utc_text
from certsvc.core.codes import group_code, parse_verification_code
from certsvc.core.errors import Malformed
from certsvc.services.gallery import GalleryCase, case_file, gallery
from certsvc.services.photo import photo_of
from certsvc.verify import words
from certsvc.verify.report import Report
from certsvc.verify.words_verdicts import VERDICTS
from certsvc.web import context, errors, inputs, limits, negotiate, pages
from certsvc.web.answers import report_json
from certsvc.web.asking import Terms, ask_code, ask_file, ask_number

public = Blueprint("public", __name__)

#: First bytes of a picture -> its type; anything else is not served as a picture (H12, F12).
_PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}


@public.get("/")
def home() -> str:
    lang = negotiate.language(request)
    return pages.render("home", context.site(), lang, "/", gallery=_gallery(gallery(context.instance()), lang))


@public.post("/code")
def code() -> Answer | str:
    """A typed code goes to its own address, where it can be read again; anything else is answered at once."""
    text = _typed("code")
    try:
        known = group_code(parse_verification_code(text))
    except Malformed:
        # An address was pasted, or something was mistyped; a foreign host is told apart by the service.
        report = ask_code(text, Terms(_asked_at()))
        return _page(report, urlsplit(text).path.rpartition("/")[2] if report.certificate else None)
    at = _asked_at()
    return redirect(
        f"/v/{known}?lang={negotiate.language(request)}{f'&at={utc_text(at)}' if at is not None else ''}", 303
    )


@public.get("/v/<code>")
def verdict(code: str) -> Answer | str:
    """The verdict page; the same Report as JSON when that is preferred. `?at=` asks about another time."""
    at = inputs.parse_time(request.args.get("at"), context.instance().now())
    report = ask_code(code, Terms(at))
    if report.certificate is None:
        limits.wait_out_a_miss()
    return report_json(report) if negotiate.wants_json(request) else _page(report, code)


@public.post("/v/<code>")
def compare(code: str) -> str:
    """The verdict page with the comparison of a name or the last four of an ID number."""
    terms = inputs.parse_form_terms(request.form.to_dict(), context.instance().now())
    report = ask_code(code, terms)
    return _page(report, code, tries=terms.expect.id_last4 is None or report.match["id_last4"] != "not_checked")


@public.post("/verify")
def verify() -> Answer | str:
    """The verdict on an uploaded PDF, picture or bundle."""
    report, code = ask_file(_uploaded().read(), Terms(_asked_at()))
    return report_json(report) if negotiate.wants_json(request) else _page(report, code if report.certificate else None)


@public.post("/number")
def number() -> Answer | str:
    """The verdict on number + name. Every kind of miss is answered alike and after the same time (H1, H2)."""
    report = ask_number(_typed("number"), _typed("name"), Terms(_asked_at()))
    limits.wait_out_a_miss()
    return report_json(report) if negotiate.wants_json(request) else _page(report)


@public.get("/v/")
@public.get("/code")
@public.get("/verify")
@public.get("/number")
def to_home() -> Answer:
    """A reader who reloads or bookmarks the answer to a form finds the forms again."""
    return redirect(f"/?lang={negotiate.language(request)}", 303)


@public.get("/photo/<code>")
def photo(code: str) -> Response:
    """The holder's photo, only behind the unguessable code (R-09)."""
    data = photo_of(context.instance(), code)
    kind = next((kind for start, kind in _PICTURES.items() if data and data.startswith(start)), None)
    if data is None or kind is None:
        limits.wait_out_a_miss()
        abort(404)
    return Response(data, content_type=kind)


@public.get("/problems/<name>")
def problem(name: str) -> str:
    """What a problem of the API means, for the people who integrate it."""
    if name not in errors.PROBLEMS:
        abort(404)
    found, lang = errors.PROBLEMS[name], negotiate.language(request)
    texts = {"title": words.say(found.title, lang), "text": words.say(found.text, lang)}
    return pages.render("error", context.site(), lang, f"/problems/{name}", request_id="", **texts)


@public.get("/demo/<path:file>")
def demo_file(file: str) -> Response:
    """A case of the demo's gallery, to be tried with the command line. Only listed names are ever opened (H10)."""
    data = case_file(context.instance(), file).read_bytes()
    kind = "application/pdf" if file.endswith(".pdf") else "application/octet-stream"
    name = file.rpartition("/")[2]
    return Response(data, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@public.post("/demo/<path:file>")
def demo_verdict(file: str) -> str:
    """The verdict on a case of the gallery."""
    data = case_file(context.instance(), file).read_bytes()
    asked = next(case.look_up for case in gallery(context.instance()) if case.file == file)
    terms = Terms(_asked_at())
    if asked and "code" in asked:
        return _page(ask_code(asked["code"], terms))
    if asked:
        return _page(ask_number(asked["number"], asked["name"], terms))
    report, code = ask_file(data, terms)
    return _page(report, code if report.certificate else None)


def _page(report: Report, code: str | None = None, tries: bool = True) -> str:
    try:
        grouped = group_code(parse_verification_code(code or ""))
    except Malformed:
        grouped = None
    here = f"/v/{grouped}" if grouped else "/"
    return pages.verdict_page(context.site(), report, negotiate.language(request), here, grouped, tries)


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()[: inputs.TEXTS[name]]


def _asked_at() -> int | None:
    """The time that a form asks about; an empty field asks about now."""
    return inputs.parse_time(request.form.get("at"), context.instance().now())


def _uploaded() -> FileStorage:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise errors.Invalid(errors.Slip("#/file", "file", inputs.NO_FILE))
    return upload


def _gallery(cases: list[GalleryCase], lang: str) -> list[dict[str, object]]:
    """The cases by verdict, in the order in which verdicts first occur."""
    groups: dict[str, list[dict[str, str | None]]] = {}
    for case in cases:
        shown = {"file": case.file, "code": case.code, "text": case.zh if lang == "zh" else case.en}
        groups.setdefault(case.verdict, []).append(shown)
    said = {verdict: words.say(VERDICTS[verdict].headline, lang) for verdict in groups}
    return [{"verdict": verdict, "headline": said[verdict], "cases": shown} for verdict, shown in groups.items()]
