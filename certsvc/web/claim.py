"""The holder's claim link: the last four of the ID number, five tries, then the file or the end of the link."""

from flask import Blueprint, Response, request

from certsvc.services.claim import claim_pdf, claim_state
from certsvc.web import context, limits, negotiate, pages

claim = Blueprint("claim", __name__, url_prefix="/claim")


@claim.get("/<token>")
def show(token: str) -> str:
    """The form; a link that never existed looks like one that is used up."""
    dead = claim_state(context.instance(), token) == "dead"
    limits.wait_out_a_miss()
    return _page(token, dead=dead)


@claim.post("/<token>")
def collect(token: str) -> Response | str:
    """The PDF when the four characters fit, else the tries that are left."""
    found = claim_pdf(context.instance(), token, request.form.get("id_last4", "")[:8])
    limits.wait_out_a_miss()
    if found.pdf is None:
        return _page(token, dead=found.tries_left == 0, left=found.tries_left)
    name = {"Content-Disposition": f'attachment; filename="{found.number or "certificate"}.pdf"'}
    return Response(found.pdf, content_type="application/pdf", headers=name)


def _page(token: str, dead: bool, left: int | None = None) -> str:
    here, lang = f"/claim/{token}", negotiate.language(request)
    return pages.render("claim", context.site(), lang, here, dead=dead, left=left)
