"""Procedure in the model: order, roles, facts, notices, separations, corrections (docs/format.md 4 and 5.2 to 5.4)."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from model_grants import meant_for
from model_view import Finding, View, day_of
from values_for_tests import Event, Facts

#: 5.4: the reasons that go with an act.
REASONS = {
    "suspend": {"inquiry"},
    "reinstate": {"cleared"},
    "revoke": {"fraud", "procedure", "issuing_error", "key_compromised"},
    "withdraw": {"holder_request"},
    "correct": {"correction", "key_compromised"},
}


def acts_in_order(view: View) -> Iterator[Finding]:
    """4.5 links and 4.6 steps: every step once, in order, nothing older than what it names."""
    if [act.kind for act in view.path] != [step.act for step in view.facts.procedure.steps]:
        yield from (("procedure", "fail", code) for code in ("act_missing", "order"))
    times = [view.facts.procedure.iat, *(act.iat for act in view.path)]
    if any(late < early for early, late in pairwise(times)):
        yield from (("procedure", "fail", code) for code in ("order", "procedure_superseded"))
    if not 0 <= int(view.path[0].paper[:4]) - view.facts.target.year <= 1:
        yield "procedure", "fail", "application_year"
    # 4.6: the days of the papers, as ISO text.
    if any(late.paper < early.paper for early, late in pairwise(view.path)):
        yield "procedure", "fail", "document_order"
    if view.certificate.nbf < max(times):
        yield "procedure", "fail", "order"
    for before, act in zip([None, *view.path], view.path, strict=False):
        if act.prev != (before.name if before else None):
            yield from (("procedure", "fail", code) for code in ("link_case", "act_missing_before"))


def steps_hold(view: View) -> Iterator[Finding]:
    """4.6: roles, number of officers, facts, papers, of each act by its own step."""
    steps = {step.act: step for step in view.facts.procedure.steps}
    for act in view.path:
        step = steps[act.kind]
        if not meant_for(view, act):
            yield "procedure", "fail", "role_not_allowed"
        officers = [view.key(name).human for name in (act.by[0], *act.by[2:])]
        if len(officers) != step.signers or len(set(officers)) != step.signers:
            yield "procedure", "fail", "signer_not_distinct"
        row = act.rows.get(view.certificate.person, {})
        yield from (
            ("procedure", "fail", f"fact_{n}")
            for n in (*step.facts, *step.row_facts)
            if not PREDICATES[n]({**act.facts, "days": sorted((view.path[0].paper, day_of(act.iat).isoformat()))}, row)
        )
        oldest = day_of(act.iat) - timedelta(days=view.facts.procedure.lag_days)
        if not oldest <= date.fromisoformat(act.paper) <= day_of(act.iat):
            yield "procedure", "fail", "document_date"


#: 4.7.
PREDICATES: dict[str, Callable[[dict[str, Any], dict[str, Any]], bool]] = {
    "quorum_two_thirds": lambda act, row: (
        0 < act["present"] <= act["members"] and 3 * act["present"] >= 2 * act["members"]
    ),
    "votes_add_up": lambda act, row: row["yes"] + row["no"] + row["abstain"] == act["present"],
    "yes_two_thirds": lambda act, row: 3 * row["yes"] >= 2 * act["present"] and row["yes"] <= act["present"],
    # ISO days compare as text: no day from the first paper of the path to the act is one of the ban.
    "no_ban": lambda act, row: (
        not (row["ban_from"] and row["ban_from"] <= act["days"][1] and act["days"][0] <= (row["ban_until"] or "9"))
    ),
    "level_step": lambda act, row: row["current_level"] == "intermediate",
    "education_check": lambda act, row: (
        row["professional_hours"] >= 60 and row["professional_hours"] + row["public_hours"] >= 90
    ),
}


def notices_long_enough(view: View) -> Iterator[Finding]:
    """4.6: working days d with date(notice) <= d < date(closing act)."""
    least = {step.act: step.min_working_days for step in view.facts.procedure.steps}
    for notice, closing in pairwise(view.path):
        wanted, first = least[notice.kind], day_of(notice.iat)
        days = [first + timedelta(n) for n in range(max(0, (day_of(closing.iat) - first).days))]
        if wanted is not None and sum(is_worked(view.facts, day) for day in days) < wanted:
            yield "procedure", "fail", "interval_short"


def is_worked(facts: Facts, day: date) -> bool:
    """4.8."""
    name = day.isoformat()
    return name in facts.procedure.workdays if day.weekday() >= 5 else name not in facts.procedure.days_off


def powers_separated(view: View) -> Iterator[Finding]:
    """4.6 `apart`: neither organisation nor human in common; `apart_people`: no human in common. Each kind is done once."""
    humans = {act.kind: {view.key(name).human for name in act.by} - {None} for act in view.path}
    offices = {act.kind: {act.org} for act in view.path}
    procedure = view.facts.procedure
    for code, pairs, looked_at in (
        ("apart", procedure.apart, (humans, offices)),
        ("apart_people", procedure.apart_people, (humans,)),
    ):
        for one, other in pairs:
            if any(hands.get(one, set()) & hands.get(other, set()) for hands in looked_at):
                yield "procedure", "fail", code


def certificate_matches(view: View) -> Iterator[Finding]:
    """5.1: the award date is that of the act's paper."""
    papers = {act.kind: act.paper for act in view.path}
    if view.certificate.award_date != papers.get(view.facts.procedure.award_date):
        yield "procedure", "fail", "cert_mismatch"


def corrections_linked(view: View) -> Iterator[Finding]:
    """5.2 to 5.4: two humans, two halves that say the same, nothing older than what it rests on."""
    last = view.path[-1].iat
    for event in view.corrections:
        yield from (("procedure", "fail", code) for code in halves_differ(view, event))
        if not own_reason_and_effect(event):
            yield "procedure", "fail", "correction_form"
        if not in_time(view, event, last):
            yield "procedure", "fail", "order"
        last = event.decide.iat
    if view.certificate.nbf < last:
        yield "procedure", "fail", "order"


def in_time(view: View, event: Event, earliest: int) -> bool:
    """5.4: not older than the certificate or the event before; a decision not older than its proposal."""
    first = event.propose.iat if view.rules.proposals_follow else event.decide.iat
    return earliest <= first and event.propose.iat <= event.decide.iat


def own_reason_and_effect(event: Event) -> bool:
    """5.4: a reason of its own, and only a revocation reaches back or has a day, one of them."""
    if event.act != "revoke" and (event.retroactive or event.first_day is not None):
        return False
    return event.decide.reason in REASONS[event.act] and not (event.retroactive and event.first_day is not None)


def halves_differ(view: View, event: Event) -> Iterator[str]:
    """5.3: the decision repeats the proposal, is not older, and is another human's."""
    one, two = event.propose, event.decide
    if view.key(one.by[0]).human == view.key(two.by[0]).human:
        yield "decided_alone"
    if one.reason != two.reason:
        yield "proposal_differs"
