"""Verification: a pure function from evidence, anchors and two times to a Report. Start reading at `checks`."""

from dataclasses import replace
from typing import Any

from certsvc.core.bundle import Event
from certsvc.core.chain import Anchor
from certsvc.core.jose import Jws
from certsvc.core.outcomes import About, Fault, Unknown
from certsvc.verify.case import Case, Evidence, time_of
from certsvc.verify.checks import CHECKS, run_checks
from certsvc.verify.report import Moment, Report, Row
from certsvc.verify.status import effective_from
from certsvc.verify.verdict import decide


def verify(evidence: Evidence, anchors: tuple[Anchor, ...], at: int, now: int, max_age: int | None = None) -> Report:
    """The Report on `evidence` as of `at`, asked at `now` (seconds since 1970 UTC), under the roots we hold.

    Never raises for what the evidence says: a check that cannot run is `unknown` and never counts as passed.
    """
    case = Case(evidence, anchors, at, now, max_age)
    rows = run_checks(case)
    verdict, deciding = decide(rows)
    report = Report(
        verdict=verdict,
        reason=deciding.code if deciding else None,
        about=deciding.about if deciding else About(),
        decided_at=now,
        as_of=at,
        test=any(anchor.test for anchor in anchors),
        rows=rows,
    )
    return _with_claims(report, case) if _trusted(rows) else report


def without_evidence(verdict: str, reason: str, at: int, now: int, test: bool = False, **figures: str) -> Report:
    """The Report when there is nothing to run checks on: unreadable, broken beyond parsing, never issued."""
    rows = tuple(Row(check.id, check.family, "not_run", "no_evidence", About(), check.rule) for check in CHECKS)
    return Report(verdict, reason, About(figures=figures), now, at, test=test, rows=rows)


def _trusted(rows: tuple[Row, ...]) -> bool:
    """Claims are shown only when signature, chain and authority passed (design.md 4)."""
    gate = [row for row in rows if row.family in ("integrity", "chain", "authority")]
    # An old trust bundle leaves the verdict open, yet says nothing against what was signed.
    return bool(gate) and all(row.outcome == "pass" or row.code == "trust_expired" for row in gate)


def _with_claims(report: Report, case: Case) -> Report:
    """`report` with the parts that repeat what was signed."""
    listed = case.status_list.unverified_payload
    return replace(
        report,
        certificate=_certificate(case),
        record_source=case.credential["certificate"]["record_source"],
        status_as_of=listed["iat"],
        # formats.md 5: an online answer is fresh for half an hour.
        fresh_until=min(listed["exp"], listed["iat"] + 1800),
        path=_path(case, report.rows),
        timeline=_timeline(case),
    )


def _certificate(case: Case) -> dict[str, Any]:
    printed = case.credential["certificate"]
    target = printed["target"]
    copied = ("number", "version", "licence_id", "title_en", "series_zh", "committee", "track_word", "approval")
    return {
        **{name: printed[name] for name in copied},
        "holder_name": printed["name"],
        "title": target["title"],
        "level": target["level"],
        "series": target["series"],
        "specialty": target["specialty"],
        "granted_on": printed["award_date"],
        "issued_on": printed["issue_date"],
        "issuer": case.credential["issuer"]["name"],
        "validity_scope": printed["validity_scope"],
        "term_until": printed["term_until"],
        "photo": printed["photo"] is not None,
    }


def _path(case: Case, rows: tuple[Row, ...]) -> tuple[Moment, ...]:
    """The acts in order, each marked by the rows that name it; a required act that is absent stands in its place."""
    faulty = {row.about.act for row in rows if row.outcome == "fail"}
    order = [step["act"] for step in case.procedure["steps"]]
    moments = [_moment(case, step.act, "fail" if _kind(step.act) in faulty else "pass") for step in case.bundle.path]
    for absent in (str(row.about.act) for row in rows if row.code == "act_missing"):
        if absent in order:
            place = sum(order.index(moment.event) < order.index(absent) for moment in moments if moment.event in order)
            before = moments[place - 1].at if place else case.issued_at
            moments.insert(place, Moment(before, absent, "", "", "", "fail"))
    return tuple(moments)


def _timeline(case: Case) -> tuple[Moment, ...]:
    issuer = case.signer(case.bundle.credential)
    issued = Moment(
        case.issued_at, "issued", issuer.org, issuer.org_name, case.credential["certificate"]["approval"]["number"]
    )
    return (issued, *(_event_moment(case, event) for event in case.bundle.events))


def _event_moment(case: Case, event: Event) -> Moment:
    payload = event.decide.unverified_payload
    return replace(
        _moment(case, event.decide, "pass"),
        effective_from=payload["effective"]["from"],
        retroactive=payload["effective"]["retroactive"],
        at=time_of(event.decide) if not payload["effective"]["from"] else effective_from(case, event),
    )


def _moment(case: Case, act: Jws, outcome: str) -> Moment:
    payload = act.unverified_payload
    try:
        name = case.signer(act, 1).org_name
    except (Fault, Unknown):
        name = ""
    return Moment(time_of(act), payload["act"], payload["org"], name, payload["document"]["number"], outcome)


def _kind(act: Jws) -> str:
    return str(act.unverified_payload["act"])
