"""Verification: a pure function from evidence, anchors and two times to a Report. Start reading at `checks`."""

from dataclasses import replace
from typing import Any

from certsvc.core.bundle import Event
from certsvc.core.chain import Anchor
from certsvc.core.jose import Jws
from certsvc.core.lifecycle import DATED
from certsvc.core.outcomes import About
from certsvc.core.titles import NO_TITLES, TitleCatalogue
from certsvc.verify.authority import trust_end
from certsvc.verify.case import Case, Evidence
from certsvc.verify.checks import CHECKS, Finding, find
from certsvc.verify.links import draw, showable
from certsvc.verify.path import anchors_above, time_of
from certsvc.verify.report import Moment, Report, Row
from certsvc.verify.status import effective_from, is_about, list_end

_NOBODY = About()


def judge(
    evidence: Evidence,
    anchors: tuple[Anchor, ...],
    at: int,
    now: int,
    max_age: int | None = None,
    titles: TitleCatalogue = NO_TITLES,
) -> Finding:
    """Every check and the verdict, without a Report: what a million certificates are asked for.

    Never raises for what the evidence says: a check that cannot run is `unknown` and never counts as passed.
    """
    return find(Case(evidence, anchors, at, now, max_age, titles=titles))


def verify(
    evidence: Evidence,
    anchors: tuple[Anchor, ...],
    at: int,
    now: int,
    max_age: int | None = None,
    titles: TitleCatalogue = NO_TITLES,
) -> Report:
    """The Report on `evidence` as of `at`, asked at `now` (seconds since 1970 UTC), under the roots and `titles` we hold.

    As `judge`, and told: what was signed, the chain as a reader sees it, and what was known at that time.
    """
    case = Case(evidence, anchors, at, now, max_age, titles=titles)
    finding = find(case)
    verdict, deciding = finding.decision
    then, then_about = _then(case) if at < now else (None, _NOBODY)
    return Report(
        verdict=verdict,
        reason=deciding.code if deciding else None,
        about=deciding.about if deciding else _NOBODY,
        decided_at=now,
        as_of=at,
        test=any(anchor.test for anchor in anchors_above(case.path, anchors)),
        time_source="log" if case.path.strict else "asserted",
        rows=finding.rows,
        chain=draw(case, finding.drawn) if _signatures_hold(finding) else (),
        then=then,
        then_about=then_about,
        **(_claims(case) if _trusted(finding) else {}),
    )


def _then(case: Case) -> tuple[tuple[str, str | None], About]:
    """Verdict and reason about the time asked about, with only what had been declared by that time; what it names.

    Before the issue nothing could be known of it, whatever is wrong with it; what is not ours or was altered proves no issue.
    """
    finding = find(case.as_known_at(case.at))
    verdict, deciding = finding.decision
    if case.at < case.issued_at and _signatures_hold(finding) and verdict != "tampered":
        return ("cannot_decide", "before_issue"), _NOBODY
    return ((verdict, deciding.code), deciding.about) if deciding else ((verdict, None), _NOBODY)


def _signatures_hold(finding: Finding) -> bool:
    """Offices are named only when every signature held and a root of ours stands above them."""
    return bool(finding.rows) and not any(
        row.family == "integrity" or row.code in ("unknown_root", "test_root") for row in finding.odd
    )


def without_evidence(verdict: str, reason: str, at: int, now: int, test: bool = False, **figures: str) -> Report:
    """The Report when there is nothing to run checks on: unreadable, broken beyond parsing, never issued."""
    rows = tuple(Row(check.id, check.family, "not_run", "no_evidence", About(), check.rule) for check in CHECKS)
    return Report(verdict, reason, About(figures=figures), now, at, test=test, rows=rows)


def _trusted(finding: Finding) -> bool:
    """Claims are shown only when signature, chain and authority passed (design.md 4)."""
    # An old trust bundle leaves the verdict open, yet says nothing against what was signed.
    odd = [row for row in finding.drawn if row.code != "trust_expired"]
    return bool(finding.rows) and not any(row.family in ("integrity", "chain", "authority") for row in odd)


def _claims(case: Case) -> dict[str, Any]:
    """The parts of a report that repeat what was signed."""
    listed = case.batch.status_list.unverified_payload
    return {
        "certificate": _certificate(case),
        "record_source": case.credential["certificate"]["record_source"],
        "status_as_of": listed["iat"],
        # formats.md 5: an online answer is fresh for half an hour.
        "fresh_until": min(listed["exp"], listed["iat"] + 1800),
        "good_until": showable(min(list_end(case.batch), trust_end(case.batch))),
        "timeline": _timeline(case),
    }


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


def _timeline(case: Case) -> tuple[Moment, ...]:
    issuer, paper = case.batch.issuer, case.credential["certificate"]["approval"]["number"]
    issued = Moment(case.issued_at, "issued", issuer.org, issuer.org_name, paper)
    own = [_moment(case, event) for event in case.bundle.events if is_about(case, event)]
    annulled = case.evidence.annulled
    if annulled is None:
        return (issued, *own)
    # The register gives the decision without its proposal.
    return (issued, *own, replace(_moment(case, Event(annulled, annulled)), of_later_version=True))


def _moment(case: Case, event: Event) -> Moment:
    act: Jws = event.decide
    payload, decided = act.unverified_payload, time_of(act)
    told = Moment(
        decided, payload["act"], payload["org"], case.path.org_names.get(payload["org"], ""),
        payload["document"]["number"], decided_at=decided,
    )  # fmt: skip
    if payload["act"] not in DATED:
        return told
    first_day, beginning = payload["effective"]["from"], payload["effective"]["retroactive"]
    at = effective_from(case, event) if first_day else decided
    return replace(told, at=at, effective_from=first_day, retroactive=beginning)
