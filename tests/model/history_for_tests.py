"""What organisations do, right or wrong: grants, keys, acts, certificates, changes of status, publication.

Every method appends plain values. It does the lawful thing by default; a fault is named by a word.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from model_status import TRANSITIONS, VALID, last_value
from model_view import day_of
from offices_for_tests import (
    GENERATIONS,
    GRANT_FAULTS,
    HOLDERS,
    MOST_VERSIONS,
    PATH,
    PEOPLE_A_ROSTER,
    PROCEDURE,
    ROLES,
    SIGNERS,
    USUAL_REASON,
)
from values_for_tests import (
    DAY,
    HOUR,
    START,
    Act,
    Certificate,
    Edition,
    Event,
    Facts,
    Grant,
    Half,
    Key,
    KeyEnd,
    Scope,
    Withdrawal,
)


class History:
    """The plain values so far, and the clock."""

    def __init__(self, keys: dict[str, Key]) -> None:
        self.clock = START
        self.facts = Facts(PROCEDURE, keys=keys)
        self.generation = dict.fromkeys(HOLDERS, 0)
        self.rosters: dict[str, list[str]] = {}
        for role in ROLES:
            self.give_grant(role)

    def key(self, holder: str) -> str:
        return f"{holder}#{self.generation[holder]}"

    def _name(self, kind: str, among: dict[str, Any]) -> str:
        return f"{kind}{len(among)}"

    def wait(self, seconds: int) -> None:
        self.clock += seconds

    # --- grants and keys -----------------------------------------------------------------------------------------------

    def give_grant(self, role: str, fault: str | None = None, days: int | None = None, later: int = 0) -> str:
        """A grant of a role with today's keys. `days`: how long; `later`: how many seconds until it begins."""
        giver, receiver, above, acts, depth, usual = ROLES[role]
        parent = self.grant_for(above) if above else None
        by = self.key("ROOT.policy" if above is None else f"{giver}.grant")
        keys = tuple(self.key(holder) for holder, (org, *_) in HOLDERS.items() if org == receiver)
        nbf = self.clock + later
        exp = nbf + (usual if days is None else days) * DAY
        if parent is not None and fault is None and days is None:
            exp = min(exp, self.facts.grants[parent].exp)
        grant = Grant(
            self._name("grant-", self.facts.grants), giver, receiver, parent, role.partition("@")[0], by, keys, acts,
            Scope(), depth, self.clock, nbf, exp,
        )  # fmt: skip
        return self._add_grant(replace(grant, **GRANT_FAULTS[fault]) if fault else grant)

    def _add_grant(self, grant: Grant) -> str:
        self.facts.grants[grant.name] = grant
        return grant.name

    def grant_for(self, role: str) -> str:
        """The newest grant of a role, but not one that was withdrawn if there is another."""
        _, receiver, *_ = ROLES[role]
        plain = role.partition("@")[0]
        found = [g.name for g in self.facts.grants.values() if (g.sub, g.role) == (receiver, plain)]
        gone = {one.grant for one in self.facts.withdrawals}
        return [*(name for name in found if name in gone), *(name for name in found if name not in gone)][-1]

    def withdraw_grant(self, grant: str, reason: str, since: int, good_before: int | None) -> None:
        if all(one.grant != grant for one in self.facts.withdrawals):
            self.facts.withdrawals.append(Withdrawal(grant, reason, since, good_before))

    def end_key(self, holder: str, reason: str, to: int, good_before: int | None = None) -> None:
        """Ends the key in use; the next one takes its place in grants of its own, as long as there is a next one."""
        old = self.key(holder)
        self.facts.ends = [one for one in self.facts.ends if one.key != old]
        self.facts.ends.append(KeyEnd(old, reason, to, good_before))
        if self.generation[holder] + 1 < GENERATIONS:
            self.generation[holder] += 1
            for role, (_, receiver, *_) in ROLES.items():
                if receiver == HOLDERS[holder][0]:
                    self.give_grant(role)

    def condemn_old_key(self, holder: str, good_before: int | None) -> None:
        """It turns out that a key that was rotated long ago had been stolen."""
        if self.generation[holder]:
            old = f"{holder}#{self.generation[holder] - 1}"
            ended = min((one.to for one in self.facts.ends if one.key == old), default=self.clock)
            self.facts.ends = [one for one in self.facts.ends if one.key != old]
            self.facts.ends.append(KeyEnd(old, "compromised", ended, good_before, self.clock))

    # --- acts of a path ------------------------------------------------------------------------------------------------

    def open_roster(self) -> str:
        name = self._name("roster-", self.rosters)
        self.rosters[name] = []
        return name

    def people(self, roster: str) -> list[str]:
        return [f"{roster}-{n}" for n in range(PEOPLE_A_ROSTER)]

    def next_act(self, roster: str) -> str | None:
        """The kind of the act that comes next on a roster; None when it was issued."""
        kinds = [self.facts.acts[name].kind for name in self.rosters[roster]]
        place = PATH.index(kinds[-1]) + 1 if kinds else 0
        return PATH[place] if place < len(PATH) else None

    def sign_next(self, roster: str, fault: str | None = None, any_grant: int = 0) -> None:
        """The next act, an hour after the last one, or two weeks after a notice."""
        kind = self.next_act(roster)
        if fault == "skipped" and kind not in (None, "unit_notice", "issue"):
            kind = PATH[PATH.index(str(kind)) + 1]
        if kind is None:
            return
        self.wait(14 * DAY if kind == "accept" and fault != "at_once" else HOUR)
        org, officers, role = SIGNERS[kind]
        last = self.rosters[roster][-1] if self.rosters[roster] else None
        by = (self.key(officers[0]), self.key(f"{org}.seal"), *(self.key(one) for one in officers[1:]))
        act = Act(
            self._name("act-", self.facts.acts), kind, org, by, (self.grant_for(role),), last, self.clock,
            day_of(self.clock).isoformat(), self._facts(kind, fault), self._rows(kind, roster, fault),
        )  # fmt: skip
        act = self._spoilt(act, fault, list(self.facts.grants)[any_grant % len(self.facts.grants)])
        self.facts.acts[act.name] = act
        self.rosters[roster].append(act.name)

    def _facts(self, kind: str, fault: str | None) -> dict[str, Any]:
        return {"members": 25, "present": 16 if fault == "no_quorum" else 20} if kind == "evaluate" else {}

    def _rows(self, kind: str, roster: str, fault: str | None) -> dict[str, dict[str, Any]]:
        """What the act says of each person; a fault is about the first only."""
        present = 16 if fault == "no_quorum" else 20
        votes = {"yes": present - 2, "no": 2, "abstain": 0}
        began, eve, today = ((day_of(self.clock) - timedelta(days=n)).isoformat() for n in (365, 1, 0))
        opened = self.facts.acts[self.rosters[roster][0]].paper if self.rosters[roster] else today
        before = (date.fromisoformat(opened) - timedelta(days=1)).isoformat()
        rows: dict[str, dict[str, Any]] = {"accept": {"ban_from": None, "ban_until": None}, "evaluate": votes}
        spoilt: dict[str, dict[str, Any]] = {
            "banned": {"ban_from": today, "ban_until": None}, "banned_after_the_paper": {"ban_from": today, "ban_until": None},
            "banned_to_the_day": {"ban_from": began, "ban_until": today},
            "ban_ended_meanwhile": {"ban_from": began, "ban_until": eve},
            "ban_is_over": {"ban_from": began, "ban_until": before}, "votes_missing": {**votes, "no": 1}, "minority": {"yes": 13, "no": 7, "abstain": 0},
        }  # fmt: skip
        row = rows.get(kind, {})
        first = {**row, **{name: value for name, value in spoilt.get(fault or "", {}).items() if name in row}}
        return {who: first if n == 0 else row for n, who in enumerate(self.people(roster))}

    def _spoilt(self, act: Act, fault: str | None, any_grant: str) -> Act:
        other_officer, other_seal = ("A1", "AUTH.seal") if act.org != "AUTH" else ("U1", "UNIT.seal")
        spoilt: dict[str, dict[str, Any]] = {
            "another_grant": {"grants": (any_grant,)},
            "two_grants": {"grants": tuple(sorted({any_grant, *act.grants}))},
            "foreign_officer": {"by": (self.key(other_officer), *act.by[1:])},
            "foreign_seal": {"by": (act.by[0], self.key(other_seal), *act.by[2:])},
            "first_keys": {"by": tuple(f"{name[:-1]}0" for name in act.by)},
            "chair_at_approval": {"by": (self.key("PC"), act.by[1])} if act.kind == "approve" else {},
            "issuer_at_approval": {"by": (self.key("PI"), act.by[1])} if act.kind == "approve" else {},
            "chair_at_the_notice": {"by": (self.key("UC"), act.by[1])} if act.kind == "unit_notice" else {},
            "banned_after_the_paper": {"paper": day_of(act.iat - DAY).isoformat()},
            "one_officer": {"by": act.by[:2]},
            "officer_twice": {"by": (act.by[0], act.by[1], act.by[0])},
            "backdated": {"iat": act.iat - 10 * DAY, "paper": day_of(act.iat - 10 * DAY).isoformat()},
            "old_paper": {"paper": day_of(act.iat - 31 * DAY).isoformat()},
            "early_paper": {"paper": day_of(act.iat - 2 * DAY).isoformat()},
            "tomorrows_paper": {"paper": day_of(act.iat + DAY).isoformat()},
            "forged": {"forged": True},
        }
        return replace(act, **spoilt.get(fault or "", {}))

    # --- certificates --------------------------------------------------------------------------------------------------

    def issue(self, roster: str, person: int, fault: str | None = None) -> str | None:
        """A certificate for one person of a roster that is through."""
        if not self.rosters[roster] or self.next_act(roster) is not None:
            return None
        who = self.people(roster)[person]
        if any(one.person == who for one in self.facts.certificates.values()):
            return None
        acts = [self.facts.acts[name] for name in self.rosters[roster]]
        award = next((act.paper for act in acts if act.kind == "evaluate"), acts[-1].paper)
        one = Certificate(
            self._name("certificate-", self.facts.certificates), "ISSU", self.key("ISSU.credential"), self.clock, who,
            tuple(self.rosters[roster]), len(self.facts.certificates), award_date=award,
        )  # fmt: skip
        spoilt: dict[str, dict[str, Any]] = {
            "first_key": {"key": "ISSU.credential#0"},
            "seal_key": {"key": self.key("ISSU.seal")},
            "another_award_date": {"award_date": day_of(self.clock - 90 * DAY).isoformat()},
            "backdated": {"nbf": self.clock - 5 * DAY},
            "short_term": {"term_until": day_of(self.clock + 20 * DAY).isoformat()},
        }
        self.facts.certificates[one.name] = replace(one, **spoilt.get(fault or "", {}))
        return one.name

    def events_of(self, certificate: str) -> list[Event]:
        return [event for event in self.facts.events.values() if event.certificate == certificate]

    def value(self, certificate: str) -> int:
        return last_value(self.events_of(certificate))

    def change(
        self,
        certificate: str,
        act: str,
        retroactive: bool = False,
        day: int | None = None,
        fault: str | None = None,
        any_grant: int = 0,
    ) -> Event | None:
        """A lifecycle act, proposed now and decided an hour later. `day`: it counts from so many days after today."""
        before = self.value(certificate)
        value = TRANSITIONS.get((before, act))
        if value is None and fault != "unlawful_value":
            return None
        reason = USUAL_REASON[act]
        halves = [self._half("I1", self.clock, reason), self._half("I2", self.clock + HOUR, reason)]
        first_day = None if day is None else day_of(self.clock + day * DAY).isoformat()
        event = Event(
            self._name("event-", self.facts.events), act, certificate, len(self.events_of(certificate)),
            VALID if value is None else value, halves[0], halves[1], retroactive, first_day,
        )  # fmt: skip
        event = self._spoilt_event(event, fault, list(self.facts.grants)[any_grant % len(self.facts.grants)])
        self.facts.events[event.name] = event
        self.wait(2 * HOUR)
        return event

    def _half(self, officer: str, time: int, reason: str, org: str = "ISSU", role: str = "issuer") -> Half:
        return Half(org, (self.key(officer), self.key(f"{org}.seal")), (self.grant_for(role),), time, reason)

    def _spoilt_event(self, event: Event, fault: str | None, any_grant: str) -> Event:
        one, two = event.propose, event.decide
        issued = self.facts.certificates[event.certificate].nbf
        first = tuple(f"{name[:-1]}0" for name in two.by)
        foreign = "cleared" if event.act == "suspend" else "inquiry"
        spoilt: dict[str, dict[str, Any]] = {
            "same_human": {"decide": replace(two, by=one.by)},
            "wrong_number": {"q": event.q + 1},
            "by_the_approver": {"decide": self._half("P2", two.iat, two.reason, "APPR", "hrss")},
            "by_the_authority": {"decide": self._half("A2", two.iat, two.reason, "AUTH", "hrss@AUTH")},
            "decided_before_proposed": {"decide": replace(two, iat=one.iat - HOUR)},
            "before_issue": {"propose": replace(one, iat=issued - 2 * HOUR)},
            "halves_differ": {"decide": replace(two, reason="procedure")},
            "foreign_reason": {"propose": replace(one, reason=foreign), "decide": replace(two, reason=foreign)},
            "dated": {"first_day": day_of(one.iat - 10 * DAY).isoformat()},
            "from_the_beginning": {"retroactive": True},
            "another_grant": {"decide": replace(two, grants=(any_grant,))},
            "first_keys": {"decide": replace(two, by=first)},
        }
        return replace(event, **spoilt.get(fault or "", {}))

    def correct(self, certificate: str, fault: str | None = None) -> str | None:
        """A correction and the next version."""
        old = self.facts.certificates[certificate]
        event = None if old.version == MOST_VERSIONS else self.change(certificate, "correct", fault=fault)
        if event is None:
            return None
        name = self._name("certificate-", self.facts.certificates)
        self.facts.certificates[name] = replace(
            old, name=name, key=self.key("ISSU.credential"), nbf=self.clock, slot=len(self.facts.certificates),
            version=old.version + 1, corrections=(*old.corrections, event.name),
        )  # fmt: skip
        return name

    # --- what is published ---------------------------------------------------------------------------------------------

    def publish(self, old_list: bool = False) -> int:
        """A trust bundle and a status list of this moment. `old_list`: the last event is missing from the list."""
        events = tuple(self.facts.events)
        values = {n: self.value(name) for n, name in enumerate(self.facts.certificates)}
        if old_list and self.facts.editions:
            values = self.facts.editions[-1].values
        edition = Edition(
            self.clock, self.key("ROOT.policy"), self.key("ISSU.status"), self.clock + 90 * DAY, self.clock + 7 * DAY,
            tuple(self.facts.withdrawals), tuple(self.facts.ends), events,
            {slot: value for slot, value in values.items() if value}, tuple(self.facts.grants),
        )  # fmt: skip
        self.facts.editions.append(edition)
        return len(self.facts.editions) - 1
