"""Thousands of histories of grants, keys, acts and status: the verifier answers every question as the model does.

The model (model.py) is written from docs/format.md and shares no line with certsvc.verify. CERTSVC_HISTORIES=N runs N
histories, the same ones every time: hypothesis draws them without chance.
"""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from history_for_tests import History
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from model import Expected, expected
from model_view import Rules
from offices_for_tests import (
    ACT_FAULTS,
    CHANGE_FAULTS,
    GRANT_FAULTS,
    HOLDERS,
    ISSUE_FAULTS,
    LIFECYCLE,
    ONLY_AT,
    PATH,
    ROLES,
    all_keys,
)
from ring_for_tests import Ring
from signing_for_tests import Writer
from values_for_tests import DAY, HOUR, Facts, Question

from certsvc.core.jose import parse_document
from certsvc.verify import verify
from certsvc.verify.case import Evidence
from certsvc.verify.report import Report

HISTORIES = int(os.environ.get("CERTSVC_HISTORIES", "2000"))
STEPS = 14
#: About so many questions are asked at the end of a history.
LAST_QUESTIONS = 10
AGREED = Rules()
ENDLESS = settings(
    max_examples=HISTORIES, stateful_step_count=STEPS, derandomize=True, database=None, deadline=None,
    suppress_health_check=list(HealthCheck), print_blob=False, report_multiple_bugs=False,
)  # fmt: skip
#: Finds one disagreement and leaves it as long as it is.
SEARCH = settings(ENDLESS, max_examples=600, phases=[Phase.generate])


#: Verdicts and codes that questions were answered with.
SEEN: Counter[str] = Counter()
#: What a thousand histories must have come across, or they say little.
EXPECTED = {
    *("valid", "void", "revoked", "suspended", "superseded", "cannot_decide"),
    *("key_compromised", "grant_withdrawn", "before_issue"),
}
ENOUGH = 1_000


@cache
def ring() -> Ring:
    return Ring(all_keys())


class Disagreement(AssertionError):
    """Model and verifier answer a question differently."""


def fits(answer: tuple[str, str | None], wanted: Expected) -> bool:
    """Same verdict, and a reason that the model knows of."""
    verdict, reason = answer
    return verdict == wanted.verdict and (reason in wanted.reasons if wanted.reasons else reason is None)


def compare(writer: Writer, facts: Facts, question: Question, rules: Rules) -> Expected:
    """Asks verifier and model. Raises Disagreement."""
    evidence = Evidence(writer.parsed(question.certificate, question.taken))
    if question.brought is not None:
        newer = parse_document(writer.status_list(question.brought), "statuslist+jwt")
        evidence = Evidence(evidence.bundle, newer_status=newer)
    report = verify(evidence, writer.ring.anchors, question.at, question.now)
    now, then = (expected(facts, question, rules, known) for known in (None, question.at))
    found = (report.verdict, report.reason)
    if not fits(found, now):
        raise Disagreement(told(facts, question, report, "known now", found, now))
    if question.at < question.now and not fits(report.then or found, then):
        raise Disagreement(told(facts, question, report, "known then", report.then or found, then))
    return now


def told(facts: Facts, question: Question, report: Report, when: str, found: Any, wanted: Expected) -> str:
    """The whole history in plain values."""
    lines = [f"{when}: verifier {found}, model {wanted}", str(question)]
    lines += [
        f"  {row.id} {row.outcome} {row.code} {row.about}" for row in report.rows if row.outcome in ("fail", "unknown")
    ]
    for kind in ("grants", "acts", "certificates", "events"):
        lines += [str(one) for one in getattr(facts, kind).values()]
    return "\n".join([*lines, *map(str, [*facts.withdrawals, *facts.ends, *facts.editions])])


# --- what may happen -------------------------------------------------------------------------------------------------


def seldom(words: Any) -> st.SearchStrategy[str | None]:
    """One of the words, one time in six."""
    return st.sampled_from([None] * (5 * len(words)) + list(words))


PICK = st.integers(0, 1_000)
DAYS_BACK = st.sampled_from([0, 0, 0, 0, 0, 1, 5, 15, 16, 30, 60, None])


class Organisations(RuleBasedStateMachine):
    """Rules are what organisations do."""

    switches = AGREED

    def __init__(self) -> None:
        super().__init__()
        self.history = History(ring().keys)
        self.writer = Writer(ring(), self.history.facts)
        self.since: dict[str, int] = {}

    # --- acts and certificates

    @initialize(act=st.sampled_from(range(5)), fault=seldom(ACT_FAULTS), any_grant=PICK, issued=seldom(ISSUE_FAULTS))
    def first_roster(self, act: int, fault: str | None, any_grant: int, issued: str | None) -> None:
        self.walk(5, act, fault, any_grant, issued)
        self.publish(False)

    @rule(
        acts=st.sampled_from([1, 2, 5]),
        at=st.sampled_from(range(5)),
        fault=seldom(ACT_FAULTS),
        any_grant=PICK,
        issued=seldom(ISSUE_FAULTS),
    )
    def walk(self, acts: int, at: int, fault: str | None, any_grant: int, issued: str | None) -> None:
        """Some acts of the roster that is under way, one of them perhaps wrong; at the end, a certificate."""
        h = self.history
        open_ones = [name for name in h.rosters if not h.rosters[name] or h.next_act(name)]
        roster = open_ones[0] if open_ones else h.open_roster()
        for _ in range(acts):
            right = h.next_act(roster) != ONLY_AT.get(fault or "", PATH[at])
            h.sign_next(roster, None if right else fault, any_grant)
        h.wait(HOUR)
        self.note(h.issue(roster, 0, issued))

    def note(self, certificate: str | None) -> None:
        if certificate is not None:
            self.since[certificate] = len(self.history.facts.editions)

    @rule(fault=seldom(ISSUE_FAULTS), any_roster=PICK, person=st.sampled_from([0, 1]))
    def issue(self, fault: str | None, any_roster: int, person: int) -> None:
        names = list(self.history.rosters)
        self.note(self.history.issue(names[any_roster % len(names)], person, fault))

    def certificate(self, pick: int) -> str:
        names = list(self.since)
        return names[pick % len(names)]

    @precondition(lambda self: self.since)
    @rule(
        pick=PICK, act=st.sampled_from(LIFECYCLE[:-1]), retroactive=st.booleans(), fault=seldom(CHANGE_FAULTS), any_grant=PICK,
        day=st.sampled_from([None, None, -20, -1, 0, 1, 10]),
        listed=st.booleans(),
    )  # fmt: skip
    def change_status(
        self, pick: int, act: str, retroactive: bool, fault: str | None, any_grant: int, day: int | None, listed: bool
    ) -> None:
        beginning = retroactive and act == "revoke"
        first = day if act == "revoke" and not beginning else None
        self.history.change(self.certificate(pick), act, beginning, first, fault, any_grant)
        if listed:
            self.publish(False)

    @precondition(lambda self: self.since)
    @rule(pick=PICK, fault=seldom([one for one in CHANGE_FAULTS if one not in ("unlawful_value", "wrong_number")]))
    def correct(self, pick: int, fault: str | None) -> None:
        self.note(self.history.correct(self.certificate(pick), fault))

    # --- grants and keys

    @rule(
        role=st.sampled_from(sorted(ROLES)), fault=seldom(GRANT_FAULTS), days=st.sampled_from([None, None, None, 10, 40, 1_100]),
        later=st.sampled_from([0, 0, 0, 20 * DAY]),
    )  # fmt: skip
    def give_grant(self, role: str, fault: str | None, days: int | None, later: int) -> None:
        self.history.give_grant(role, fault, days, later)

    @rule(
        pick=PICK, reason=st.sampled_from(["expired", "withdrawn", "compromised"]), moved=st.sampled_from([-30, -1, 0, 0, 0, 15]),
        back=DAYS_BACK,
    )  # fmt: skip
    def withdraw_grant(self, pick: int, reason: str, moved: int, back: int | None) -> None:
        h, names = self.history, list(self.history.facts.grants)
        since = h.clock + moved * DAY
        good = since - back * DAY if reason == "compromised" and back is not None else None
        h.withdraw_grant(names[pick % len(names)], reason, since, good)

    @rule(holder=st.sampled_from(sorted(HOLDERS)), reason=st.sampled_from(["rotated", "rotated", "withdrawn"]))
    def rotate_key(self, holder: str, reason: str) -> None:
        self.history.end_key(holder, reason, self.history.clock)

    @rule(holder=st.sampled_from(sorted(HOLDERS)), back=DAYS_BACK, old=st.booleans())
    def compromise_key(self, holder: str, back: int | None, old: bool) -> None:
        good = None if back is None else self.history.clock - back * DAY
        if old:
            self.history.condemn_old_key(holder, good)
        else:
            self.history.end_key(holder, "compromised", self.history.clock, good)

    # --- time, publication, questions

    @rule(hours=st.sampled_from([1, 7, 24, 60, 7 * 24, 20 * 24, 50 * 24]))
    def let_time_pass(self, hours: int) -> None:
        self.history.wait(hours * HOUR)

    @rule(old_list=st.sampled_from([False, False, False, True]))
    def publish(self, old_list: bool) -> None:
        self.history.publish(old_list)

    @precondition(lambda self: any(n < len(self.history.facts.editions) for n in self.since.values()))
    @rule(pick=PICK, edition=PICK, newer=st.none() | PICK, when=st.lists(PICK, min_size=1, max_size=4), asked=st.sampled_from([0, 1, HOUR, 7 * DAY, 7 * DAY + 1, -120, -121, 90 * DAY + 1]))  # fmt: skip
    def ask(self, pick: int, edition: int, newer: int | None, when: list[int], asked: int) -> None:
        editions = self.history.facts.editions
        askable = [name for name, first in self.since.items() if first < len(editions)]
        name = askable[pick % len(askable)]
        taken = self.since[name] + edition % (len(editions) - self.since[name])
        brought = (
            None if newer is None or taken + 1 == len(editions) else taken + 1 + newer % (len(editions) - taken - 1)
        )
        now = editions[taken if brought is None else brought].at + asked
        times = [at for at in moments(self.history.facts, name) if at <= now] or [now]
        for one in when:
            self.compare(Question(name, taken, times[one % len(times)], now, brought))

    def compare(self, question: Question) -> None:
        answer = compare(self.writer, self.history.facts, question, self.switches)
        SEEN.update([answer.verdict, *answer.reasons])

    def teardown(self) -> None:
        """In the end everything is published, and every certificate is asked about, at moments that matter."""
        last, now = self.history.publish(), self.history.clock
        asked = [(name, at) for name in self.since for at in moments(self.history.facts, name) if at <= now]
        # A few of many, the last ones always among them.
        for name, at in asked[:: -max(1, len(asked) // LAST_QUESTIONS)]:
            self.compare(Question(name, last, at, now))


def moments(facts: Facts, name: str) -> list[int]:
    """Times around everything that may change the answer about a certificate."""
    turns = {facts.certificates[name].nbf, facts.editions[-1].at}
    turns |= {event.decide.iat for event in facts.events.values() if event.certificate == name}
    turns |= {one.since for one in facts.withdrawals} | {one.to for one in facts.ends}
    first = facts.certificates[name].nbf - 1
    return sorted({turn + move for turn in turns for move in (-1, 0, 12 * HOUR) if turn + move >= first})


# --- tests -----------------------------------------------------------------------------------------------------------


def run(rules: Rules, how: settings) -> None:
    machine = type("Organisations", (Organisations,), {"switches": rules})
    run_state_machine_as_test(machine, settings=how)


def test_every_history_is_judged_as_the_model_judges_it() -> None:
    SEEN.clear()
    run(AGREED, ENDLESS)
    assert HISTORIES < ENOUGH or set(SEEN) >= EXPECTED, EXPECTED - set(SEEN)


def one_certificate() -> tuple[History, str]:
    """One lawful certificate, published an hour after its issue."""
    history = History(ring().keys)
    roster = history.open_roster()
    while history.next_act(roster):
        history.sign_next(roster)
    name = history.issue(roster, 0)
    assert name is not None
    history.wait(HOUR)
    history.publish()
    history.wait(DAY)
    return history, name


def later_acts_unjudged() -> tuple[History, Question]:
    """Suspended by one human alone, a day after the time asked about."""
    history, name = one_certificate()
    history.change(name, "suspend", fault="same_human")
    return history, Question(name, history.publish(), history.facts.editions[0].at, history.clock)


def lists_known_then() -> tuple[History, Question]:
    """Suspended; asked with the evidence of the day before and the list of that day, about an hour after the list."""
    history, name = one_certificate()
    history.change(name, "suspend")
    later = history.publish()
    return history, Question(name, 0, history.clock + HOUR, history.clock + DAY, later)


def proposals_follow() -> tuple[History, Question]:
    """Suspended on a proposal that is older than the certificate, and reinstated."""
    history, name = one_certificate()
    history.change(name, "suspend", fault="before_issue")
    history.change(name, "reinstate")
    return history, Question(name, history.publish(), history.clock, history.clock)


def pairs_between_lists() -> tuple[History, Question]:
    """Suspended and reinstated; asked about the time between, with the evidence of before and the list of after."""
    history, name = one_certificate()
    history.change(name, "suspend")
    asked = history.clock
    history.change(name, "reinstate")
    return history, Question(name, 0, asked, history.clock + HOUR, history.publish())


def then_does_not_age() -> tuple[History, Question]:
    """Asked a year later about a day before the list, what was known on it."""
    history, name = one_certificate()
    asked = history.clock
    history.wait(DAY)
    return history, Question(name, history.publish(), asked, history.clock + 365 * DAY)


SHORT = [later_acts_unjudged, lists_known_then, pairs_between_lists, proposals_follow, then_does_not_age]


@pytest.mark.parametrize("history", SHORT)
def test_short_histories_that_once_told_model_and_verifier_apart_are_judged_alike(
    history: Callable[[], tuple[History, Question]],
) -> None:
    told, question = history()
    writer = Writer(ring(), told.facts)
    compare(writer, told.facts, question, AGREED)
    with pytest.raises(Disagreement):
        compare(writer, told.facts, question, replace(AGREED, **{history.__name__: False}))


def test_a_term_and_a_missing_event_are_judged_alike() -> None:
    """What thousands of histories come across too seldom."""
    history, name = one_certificate()
    other = history.issue("roster-0", 1, "short_term")
    assert other is not None
    taken = history.publish()
    history.wait(22 * DAY)
    history.change(name, "suspend")
    newer, now = history.publish(), history.clock
    writer = Writer(ring(), history.facts)
    term = compare(writer, history.facts, Question(other, newer, now, now), AGREED)
    missing = compare(writer, history.facts, Question(name, taken, now - DAY, now, newer), AGREED)
    assert (term.verdict, missing.reasons) == ("out_of_term", {"events_missing"})


@pytest.mark.parametrize("left_out", ["withdrawal", "retroactive", "good_before"])
def test_a_model_without_one_of_its_rules_is_found_out(left_out: str) -> None:
    with pytest.raises(Disagreement):
        run(replace(AGREED, **{left_out: False}), SEARCH)
