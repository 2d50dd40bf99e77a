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
PUBLIC_FIGURES = ("decided",)


def public_only(report: Report) -> Report:
    """The part of a Report that number + name may know: no chain, no offices, no documents, no full name."""
    shown = None
    if report.certificate is not None:
        shown = {name: report.certificate[name] for name in PUBLIC_MEMBERS}
        shown["holder_name"] = mask_name(shown["holder_name"])
    return replace(
        report,
        about=_public_about(report.about),
        certificate=shown,
        rows=tuple(_public_row(check, report.rows) for check in CHECKS),
        chain=(),
        timeline=tuple(replace(moment, org="", org_name="", document="") for moment in report.timeline),
        then=report.then and (report.then[0], None),
        then_about=_public_about(report.then_about),
        replaces=None,
        replaced_by=None,
    )


def _public_about(about: About) -> About:
    """The day of the lifecycle act that decided, which the timeline tells too."""
    return About(figures={name: about.figures[name] for name in PUBLIC_FIGURES if name in about.figures})


def _public_row(check: Check, rows: tuple[Row, ...]) -> Row:
    """One row for a check, the worst of its own: how many acts and grants there were is nobody's business here."""
    own = [row for row in rows if row.id == check.id]
    worst = min(own, key=lambda row: _WORST_FIRST.index(row.outcome))
    return Row(check.id, check.family, worst.outcome, worst.code, About(), check.rule)
