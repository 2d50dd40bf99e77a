"""What a Report tells whoever knows a certificate number and the name, and nothing else (design.md 4, who sees what)."""

from dataclasses import replace

from certsvc.core.names import mask_name
from certsvc.core.outcomes import About
from certsvc.verify.checks import CHECKS
from certsvc.verify.judge import Check
from certsvc.verify.report import Report, Row

#: Outcomes from the worst to the best.
_WORST_FIRST = ("fail", "unknown", "not_run", "pass", "not_applicable")
#: What number + name may know (design.md 4, who sees what).
PUBLIC_MEMBERS = ("number", "version", "holder_name", "title", "level", "series", "series_zh", "granted_on")
#: Code -> the figures of it that are told: the day of the lifecycle act that decided, which the timeline tells too, and
#: the end of a term, without which nobody knows what has ended.
PUBLIC_FIGURES = {
    **dict.fromkeys(("revoked", "suspended", "superseded", "withdrawn"), "decided"),
    "out_of_term": "until",
}


def public_only(report: Report) -> Report:
    """The part of a Report that number + name may know: no chain, no offices, no documents, no full name."""
    shown = None
    if report.certificate is not None:
        shown = {name: report.certificate[name] for name in PUBLIC_MEMBERS}
        shown["holder_name"] = mask_name(shown["holder_name"])
    return replace(
        report,
        about=_public_about(report.reason, report.about),
        certificate=shown,
        rows=tuple(_public_row(check, report.rows) for check in CHECKS),
        chain=(),
        timeline=tuple(replace(moment, org="", org_name="", document="") for moment in report.timeline),
        then_about=_public_about(report.then[1] if report.then else None, report.then_about),
        replaces=None,
        replaced_by=None,
        withheld=True,
    )


def _public_about(code: str | None, about: About) -> About:
    """The one figure that is told of a finding, if any."""
    name = PUBLIC_FIGURES.get(code or "", "")
    return About(figures={name: about.figures[name]} if name in about.figures else {})


def _public_row(check: Check, rows: tuple[Row, ...]) -> Row:
    """One row for a check, the worst of its own: how many acts and grants there were is nobody's business here."""
    own = [row for row in rows if row.id == check.id]
    worst = min(own, key=lambda row: _WORST_FIRST.index(row.outcome))
    about = _public_about(worst.code, worst.about)
    return Row(check.id, check.family, worst.outcome, worst.code, about, check.rule)
