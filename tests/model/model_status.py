"""Status in the model: which events are lawful, which list counts, what was in force when (docs/format.md 5.4, 5.5)."""

from collections.abc import Iterator
from datetime import UTC, datetime

from model_path import halves_differ, in_time, own_reason_and_effect
from model_view import CLOCK_SKEW, SHANGHAI, Finding, View, day_of
from values_for_tests import Event

VALID, REVOKED, SUSPENDED, SUPERSEDED, WITHDRAWN = 0, 1, 2, 3, 11
WORDS = {REVOKED: "revoked", SUSPENDED: "suspended", SUPERSEDED: "superseded", WITHDRAWN: "withdrawn"}

#: 5.4: what an act makes of a slot.
TRANSITIONS = {
    (VALID, "suspend"): SUSPENDED,
    (VALID, "revoke"): REVOKED,
    (VALID, "withdraw"): WITHDRAWN,
    (VALID, "correct"): SUPERSEDED,
    (SUSPENDED, "reinstate"): VALID,
    (SUSPENDED, "revoke"): REVOKED,
    (SUSPENDED, "withdraw"): WITHDRAWN,
}


def events_lawful(view: View) -> Iterator[Finding]:
    value, time = VALID, view.certificate.nbf
    for place, event in enumerate(view.judged):
        lawful = TRANSITIONS.get((value, event.act)) == event.value and own_reason_and_effect(event)
        if event.q != place or not lawful:
            yield "status", "fail", "status_illegal"
        yield from (("status", "fail", code) for code in halves_differ(view, event))
        if not in_time(view, event, time):
            yield "status", "fail", "order"
        value, time = event.value, event.decide.iat


def status_fresh(view: View) -> Iterator[Finding]:
    if view.newest.at > view.question.now + CLOCK_SKEW:
        yield "status", "unknown", "status_from_future"
    if view.question.now > view.newest.list_until and not view.tells_of_then(view.newest.at):
        yield "status", "unknown", "status_stale"


def events_complete(view: View) -> Iterator[Finding]:
    """The list in the bundle shows the value of the last event."""
    if view.edition.values.get(view.certificate.slot, VALID) != last_value(view.all_events):
        yield "status", "fail", "status_diverges"


def last_value(events: list[Event]) -> int:
    return events[-1].value if events else VALID


def in_force(view: View) -> Iterator[Finding]:
    at, listed = view.question.at, view.newest.values.get(view.certificate.slot, VALID)
    if at < view.certificate.nbf:
        yield "status", "unknown", "before_issue"
        return
    value = status_at(view, at)
    if list_counts(view) and listed != last_value(view.all_events):
        # The newest list decides for the present; before it, an act that is missing might reach back.
        if at < min(view.newest.at, view.question.now):
            yield "status", "unknown", "events_missing"
            return
        value = listed
    elif list_counts(view) and hidden_pair(view, at):
        yield "status", "unknown", "events_missing"
        return
    if value != VALID:
        yield "status", "fail", WORDS[value]


def hidden_pair(view: View, at: int) -> bool:
    """5.5: between two lists of one value, a suspension and its end may lie, or a reinstatement and another suspension."""
    unfinished = any(before == last_value(view.all_events) for before, _ in TRANSITIONS)
    inside = view.edition.at < at < view.newest.at and at < view.question.now
    return view.rules.pairs_between_lists and unfinished and inside


def list_counts(view: View) -> bool:
    """Of what was known while the list of the bundle was new, nothing is missing from the bundle."""
    if view.known is None:
        return True
    return view.rules.lists_known_then and view.known > view.edition.at


def status_at(view: View, at: int) -> int:
    """5.4: that of the last event, in order of q, that takes effect at or before `at`."""
    reached = [event for event in view.events if takes_effect(view, event) <= at]
    return last_value(reached)


def takes_effect(view: View, event: Event) -> int:
    if event.act != "revoke":
        return event.decide.iat
    if event.retroactive and view.rules.retroactive:
        return view.certificate.nbf
    if event.first_day is not None:
        return int(datetime.fromisoformat(event.first_day).replace(tzinfo=SHANGHAI).astimezone(UTC).timestamp())
    return event.decide.iat


def within_term(view: View) -> Iterator[Finding]:
    """5.1 `term_until`: the last day on which it is in term."""
    if view.certificate.term_until is not None and day_of(view.question.at).isoformat() > view.certificate.term_until:
        yield "status", "fail", "out_of_term"


def not_annulled_since(view: View) -> Iterator[Finding]:
    """Annex A: no later version was revoked from the beginning, or from a day not after that of its issue."""
    asked = view.rules.register and view.question.at >= view.certificate.nbf
    for later in view.later_versions if asked else ():
        told = [view.facts.events[name] for name in view.edition.events]
        for event in (one for one in told if one.certificate == later.name and one.act == "revoke"):
            reaches = event.first_day is not None and event.first_day <= day_of(later.nbf).isoformat()
            counts = event.retroactive or (reaches and str(event.first_day) <= day_of(view.question.at).isoformat())
            if counts and (view.known is None or event.decide.iat <= view.known):
                yield "register", "fail", "revoked"
