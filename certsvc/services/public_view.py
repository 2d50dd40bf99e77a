"""What a Report tells whoever knows a certificate number and the name, and nothing else (docs/format.md, Annex A).

A list of what is told, never of what is not: a code of tomorrow is kept back until somebody decides that it may be told.
"""

from dataclasses import replace

from certsvc.core.names import mask_name
from certsvc.core.outcomes import About
from certsvc.verify import words_gaps
from certsvc.verify.report import FAMILIES, Report, Row
from certsvc.verify.words import WITHHELD

#: Outcomes from the worst to the best.
_WORST_FIRST = ("fail", "unknown", "not_run", "pass", "not_applicable")
#: What is told of the certificate.
PUBLIC_MEMBERS = ("number", "version", "holder_name", "title", "level", "series", "series_zh", "granted_on")
#: Code -> the figure of it that is told: the day of the lifecycle act that decided, which the timeline tells too, and
#: the end of a term, without which nobody knows what has ended.
PUBLIC_FIGURES = {
    **dict.fromkeys(("revoked", "suspended", "superseded", "withdrawn"), "decided"),
    "out_of_term": "until",
}
#: The codes that are told: the status, why nothing was looked at, and what is amiss with the service and nobody's fault.
PUBLIC_CODES = frozenset(
    [
        *PUBLIC_FIGURES,
        *words_gaps.NOT_RUN,
        "before_issue",
        "check_raised",
        "no_record",
        "not_in_force_yet",
        "register_differs",
        "service_trouble",
        "test_root",
        "trust_expired",
        "trust_from_future",
        "status_from_future",
        "waiting_for_log",
    ]
)


def public_only(report: Report) -> Report:
    """The part of a Report that number + name may know: no chain, no offices, no documents, no full name, no finding.

    What the committee wrote of a person, whoever may have barred him or her, and which check found it is nobody's business
    here: a family of checks is told by its worst outcome.
    """
    shown = None
    if report.certificate is not None:
        shown = {name: report.certificate[name] for name in PUBLIC_MEMBERS}
        shown["holder_name"] = mask_name(shown["holder_name"])
    return replace(
        report,
        reason=_public_code(report.reason),
        about=_public_about(report.reason, report.about),
        certificate=shown,
        rows=tuple(_public_row(family, report.rows) for family in FAMILIES if _of(family, report.rows)),
        chain=(),
        timeline=tuple(replace(moment, org="", org_name="", document="") for moment in report.timeline),
        then=report.then and (report.then[0], _public_code(report.then[1])),
        then_about=_public_about(report.then[1] if report.then else None, report.then_about),
        replaces=None,
        replaced_by=None,
    )


def _public_code(code: str | None) -> str | None:
    return code if code is None or code in PUBLIC_CODES else WITHHELD


def _public_about(code: str | None, about: About) -> About:
    """The one figure that is told of a finding, if any."""
    name = PUBLIC_FIGURES.get(code or "", "")
    return About(figures={name: about.figures[name]} if name in about.figures else {})


def _of(family: str, rows: tuple[Row, ...]) -> list[Row]:
    return [row for row in rows if row.family == family]


def _public_row(family: str, rows: tuple[Row, ...]) -> Row:
    """One row for a family, by the worst of its own; how many acts there were, and which check failed, is not told."""
    worst = min(_of(family, rows), key=lambda row: _WORST_FIRST.index(row.outcome))
    code = family if worst.outcome == "pass" else _public_code(worst.code)
    return Row(
        family, family, worst.outcome, code or WITHHELD, _public_about(worst.code, worst.about), "docs/format.md"
    )
