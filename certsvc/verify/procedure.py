"""Procedure: the acts that the track prescribes, each once, in order, with facts, intervals and separations that hold.

A result reached outside the prescribed procedure is void (结果一律无效, 吉林省2022年职称工作通知 六(二)), so every
rule here is recomputed from signed numbers and names the act and the organisation that failed it.
"""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from certsvc.core.acts import MAX_ROSTER
from certsvc.core.calendar import local_date, working_days
from certsvc.core.claims import roster_leaf, row_commitment
from certsvc.core.encoding import unb64
from certsvc.core.facts import FactCase, fact_holds
from certsvc.core.jose import Jws
from certsvc.core.merkle import inclusion_holds, leaf_hash
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.case import Case, time_of
from certsvc.verify.path import (
    act_fault,
    acts_of,
    check_scope,
    list_for,
    pair_steps,
    people_behind,
    role_of,
    steps_of,
    with_next,
)


def procedure_in_force(case: Case) -> None:
    """All acts follow one procedure: the track's, trusted, and in force when the first act was signed."""
    name, procedure = case.bundle.procedure.sha256, case.procedure
    for step in case.bundle.path:
        if step.act.unverified_payload["procedure"] != name:
            raise act_fault("procedure_changed", step.act)
    if procedure["track"] != case.target.track:
        raise Fault("procedure_track", track=case.target.track)
    listed = [one for one in case.trust["procedures"] if one["sha256"] == name]
    if not listed or listed[0]["track"] != procedure["track"]:
        raise Fault("procedure_unlisted", track=procedure["track"])
    # The first act names the procedure's hash, so one dated before the procedure was signed is back-dated.
    if not max(procedure["nbf"], procedure["iat"]) <= time_of(acts_of(case)[0]) <= procedure["exp"]:
        raise Fault("procedure_superseded", track=procedure["track"])
    if case.target.level not in procedure["levels"]:
        raise Fault("level_beyond_track", level=case.target.level)
    if "*" not in procedure["series"] and case.target.series not in procedure["series"]:
        raise Fault("series_beyond_track", series=case.target.series)


def entry_on_every_roster(case: Case) -> None:
    """The entry stands, unchanged, on the roster of every act, and each roster is of the entry's own scope."""
    first = case.commitments[0]
    for step, following in with_next(case.bundle.path):
        root, count = list_for(step, following)
        leaf = leaf_hash(roster_leaf(first, row_commitment(step.proof.row_facts, step.proof.row_salt)))
        if not 1 <= count <= MAX_ROSTER:
            raise act_fault("roster_size", step.act)
        if not inclusion_holds(leaf, step.proof.index, count, list(step.proof.path), unb64(root)):
            raise act_fault("inclusion_bad", step.act)
        check_scope(case, step.act)


def acts_linked(case: Case) -> None:
    """Each act names the one before it, and none is older than the one before it."""
    previous: Jws | None = None
    for act in acts_of(case):
        named = act.unverified_payload["prev"]
        if previous is None and named:
            raise act_fault("act_missing_before", act)
        if previous is not None and previous.sha256 not in named:
            raise act_fault("link_case", act)
        if previous is not None and time_of(act) < time_of(previous):
            raise act_fault("order", act)
        previous = act


def acts_complete(case: Case) -> None:
    """The path visits every required step once and in order, and ends in the act that the certificate names."""
    for step, acts in pair_steps(case):
        if not acts:
            raise Fault("act_missing", step["act"], None, roles=",".join(step["roles"]))
        roles = [role_of(case, act, step) for act in acts]
        ranks = [step["roles"].index(role) for role in roles]
        if ranks != sorted(set(ranks)):
            raise act_fault("order", acts[-1])
    head = acts_of(case)[-1] if not case.bundle.corrections else case.bundle.corrections[-1].decide
    if case.credential["evidence"][0]["id"] != f"urn:certsvc:act:{head.sha256}":
        raise act_fault("evidence_head", head)
    if case.issued_at < time_of(head):
        raise act_fault("order", head)


def enough_signers(case: Case) -> None:
    """Each act bears the officers that its step asks for, counted as distinct people."""
    for step, act in steps_of(case):
        officers = {case.signer(act, position).officer for position in range(len(act.signatures)) if position != 1}
        if len(act.signatures) - 1 != step["signers"] or len(officers) != step["signers"]:
            raise act_fault("signer_not_distinct", act, needed=step["signers"], found=len(officers))


def facts_hold(case: Case) -> None:
    """Every fact that a step names is true of the signed numbers: quorum, votes, ratio, level, checks of the person."""
    proofs = {step.act.sha256: step.proof for step in case.bundle.path}
    counts = {act.sha256: act.unverified_payload["roster"]["count"] for act in acts_of(case)}
    for step, act in steps_of(case):
        payload = act.unverified_payload
        row = proofs[act.sha256].row_facts or {}
        for fact in (*step["facts"], *step["row_facts"]):
            applied = _applied(payload, counts, fact["name"])
            inputs = FactCase(
                payload["facts"], row, case.target.to_json(), fact["args"], applied, payload["roster"]["count"]
            )
            if not fact_holds(fact["name"], inputs):
                raise act_fault(f"fact_{fact['name']}", act, **_figures(inputs))


def notices_long_enough(case: Case) -> None:
    """Each public notice lasted the working days its step asks for, by the calendar that the closing act names."""
    calendars = {one.sha256: one for one in case.bundle.calendars}
    steps = steps_of(case)
    for (step, act), (_, closing) in pairwise(steps):
        if step["min_working_days"] is None:
            continue
        name = closing.unverified_payload["calendar"]
        if name is None or name not in calendars:
            raise Unknown("calendar_missing", act=closing.unverified_payload["act"])
        if name not in case.trust["calendars"]:
            raise act_fault("calendar_unlisted", closing)
        days = working_days(calendars[name].unverified_payload, time_of(act), time_of(closing))
        if days < step["min_working_days"]:
            raise act_fault("interval_short", act, days=days, needed=step["min_working_days"])


def powers_separated(case: Case) -> None:
    """Acts that must be apart come from different organisations and different people."""
    for first, second in case.procedure["apart"]:
        for one in (a for s, a in steps_of(case) if s["act"] == first):
            for other in (a for s, a in steps_of(case) if s["act"] == second):
                if people_behind(case, one) & people_behind(case, other):
                    raise act_fault("apart", other, apart_from=first)


def documents_dated(case: Case) -> None:
    """Each act's document is dated within the procedure's lag before the act, and the certificate quotes them."""
    lag = timedelta(days=case.procedure["document_lag_days"])
    for act in acts_of(case):
        signed, written = local_date(time_of(act)), date.fromisoformat(act.unverified_payload["document"]["date"])
        if not signed - lag <= written <= signed:
            raise act_fault("document_date", act, date=written.isoformat())
    _check_quoted(case, {act.unverified_payload["act"]: act for act in acts_of(case)})


def _check_quoted(case: Case, last: dict[str, Jws]) -> None:
    """The certificate quotes the day of the award, the approval or filing behind it, and the track, as they were."""
    printed = case.credential["certificate"]
    awarded = last[case.procedure["award_date"]]
    approved = next(last[kind] for kind in ("approve", "file", "issue") if kind in last)
    paper = approved.unverified_payload["document"]
    # RFC 5280 ub-organization-name: a key certificate holds 64 characters of a name.
    said = {**printed["approval"], "org": printed["approval"]["org"][:64]}
    signed = {"org": case.signer(approved, 1).org_name, "number": paper["number"], "date": paper["date"]}
    if printed["award_date"] != awarded.unverified_payload["document"]["date"]:
        raise act_fault("cert_mismatch", awarded, member="award_date")
    if said != signed:
        raise act_fault("cert_mismatch", approved, member="approval")
    if printed["track_word"] != case.procedure["word"]:
        raise act_fault("cert_mismatch", approved, member="track_word")


def _applied(payload: dict[str, Any], counts: dict[str, int], fact: str) -> int:
    """Sum of the counts of all acts before; they must be at hand only where a ratio is asked."""
    missing = [one for one in payload["prev"] if one not in counts]
    if missing and fact == "within_ratio":
        raise Unknown("prev_missing", act=payload["act"])
    return sum(counts[one] for one in payload["prev"] if one in counts)


def _figures(case: FactCase) -> dict[str, Any]:
    return {**case.facts, **case.row, "applied": case.applied, "passed": case.passed}
