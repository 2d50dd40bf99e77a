"""A real instance and the plain values of what is done with it: every deed is done by the services and written down.

The instance is a copy of the small instance of support_instance.py: nine offices, one T01 roster, three certificates.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from model_status import TRANSITIONS, last_value
from model_view import day_of, line
from offices_for_tests import LIFECYCLE
from support_instance import ISSUED_DAY, OFFICES, SCHEDULE, START, SmallInstance
from support_instance import TARGET as PLAIN_TARGET
from values_for_tests import (
    DAY,
    Act,
    Certificate,
    Edition,
    Event,
    Facts,
    Grant,
    Half,
    Key,
    KeyEnd,
    Procedure,
    Question,
    Scope,
    Step,
    Target,
    Withdrawal,
)

from certsvc import resources
from certsvc.core.errors import Refused
from certsvc.core.lifecycle import REASONS
from certsvc.instance import Instance
from certsvc.services import documents, rotation, status, withdrawal
from certsvc.services.compromise import condemn
from certsvc.services.rotation import HANDOVER
from certsvc.services.status_rules import Proposal

PAPER = {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-02-17"}
YEARS_9 = 9 * 365 * DAY
LEVELS = ("senior", "deputy_senior", "intermediate", "assistant", "junior")
SCOPE = Scope(("*",), LEVELS, ("220000",), (2022, 2030))
TOP_ACTS = (*(kind for kind, _, _ in SCHEDULE), "file", *LIFECYCLE)
#: 国办发明电〔2024〕12号: days off on workdays, worked weekends, as far as the roster's notices reach.
DAYS_OFF = frozenset(
    {"2025-01-01", *(f"2025-01-{day}" for day in range(28, 32)), *(f"2025-02-0{day}" for day in range(1, 5))}
)
WORKDAYS = frozenset({"2025-01-26", "2025-02-08"})
#: What can be rotated and stolen: the holder's name here, organisation, use.
ROTATABLE = (
    "HRSS.credential",
    "HRSS.seal",
    "HRSS.status",
    "HRSS.grant",
    "COMM.seal",
    "HRSS-1",
    "HRSS-2",
    "COMM-1",
    "ROOT.policy",
)
STEALABLE = ("HRSS.credential", "HRSS.seal", "HRSS.status", "COMM.seal", "HRSS-1", "COMM-1")


@dataclass
class Code:
    """A verification code that was handed out, and the version behind it."""

    text: str
    certificate: str


class Office:
    """One instance, its certificates by code, and the values that the model reads."""

    def __init__(self, instance: Instance, small: SmallInstance) -> None:
        self.instance = instance
        self.newest: dict[str, str] = {}
        self.hashes: dict[str, str] = {}
        self.facts = Facts(procedure(), Target(**PLAIN_TARGET.to_json()))
        self._register_keys()
        self._write_grants()
        path = self._write_acts()
        self.codes = []
        for n, issued in enumerate(small.issued):
            award = self.facts.acts["evaluate"].paper
            key, nbf = self.newest["HRSS.credential"], START + ISSUED_DAY * DAY
            one = Certificate(f"certificate-{n}", "HRSS", key, nbf, f"person-{n}", path, n, award_date=award)
            self.facts.certificates[one.name] = one
            self.codes.append(Code(issued.code, one.name))
        self.instance.set_clock(START + ISSUED_DAY * DAY)

    # --- what build_small_instance did ---------------------------------------------------------------------------------

    def _register_keys(self) -> None:
        holders = [("ROOT", use) for use in ("policy",)] + [
            ("HRSS", use) for use in ("credential", "seal", "status", "grant")
        ]
        for org, use in [*holders, *((org, "seal") for org in OFFICES)]:
            self._add_key(f"{org}.{use}", org, use, None, START)
        for org in ("HRSS", *OFFICES):
            for number in ("1", "2") if org == "HRSS" else ("1",):
                self._add_key(f"{org}-{number}", org, "officer", f"{org}-{number}", START)

    def _add_key(self, holder: str, org: str, use: str, human: str | None, begins: int) -> str:
        name = f"{holder}#{sum(key.startswith(holder + '#') for key in self.facts.keys)}"
        self.facts.keys[name] = Key(name, org, use, human, begins, begins + YEARS_9)
        self.newest[holder] = name
        return name

    def keys_of(self, org: str) -> tuple[str, ...]:
        """The keys in use of an organisation."""
        return tuple(sorted(name for name in self.newest.values() if self.facts.keys[name].org == org))

    def _write_grants(self) -> None:
        with self.instance.engines.read.connect() as connection:
            top = documents.grants_of(connection, "HRSS")
            given = {
                (one.unverified_payload["sub"], one.unverified_payload["role"]): one.sha256
                for org in ("HRSS", *OFFICES)
                for one in documents.grants_of(connection, org)
            }
        self._add_grant("ROOT", "HRSS", None, "issuer", TOP_ACTS, 3, START, START + 8 * 365 * DAY, top[0].sha256)
        for org, (_, roles) in OFFICES.items():
            for role, acts in roles.items():
                self._add_grant("HRSS", org, "grant-0", role, acts, 0, START, START + 2 * 365 * DAY, given[org, role])

    def _add_grant(
        self,
        iss: str,
        sub: str,
        parent: str | None,
        role: str,
        acts: tuple[str, ...],
        depth: int,
        at: int,
        exp: int,
        sha256: str,
    ) -> str:
        name = f"grant-{len(self.facts.grants)}"
        by = self.newest["ROOT.policy" if parent is None else f"{iss}.grant"]
        self.facts.grants[name] = Grant(
            name, iss, sub, parent, role, by, self.keys_of(sub), acts, SCOPE, depth, at, START, exp
        )  # fmt: skip
        self.hashes[name] = sha256
        return name

    def _write_acts(self) -> tuple[str, ...]:
        last: str | None = None
        people = [f"person-{n}" for n in range(3)]
        for kind, officers, days in SCHEDULE:
            org, at = officers[0].rpartition("-")[0], START + days * DAY
            by = (f"{officers[0]}#0", f"{org}.seal#0", *(f"{one}#0" for one in officers[1:]))
            grants = tuple(g.name for g in self.facts.grants.values() if g.sub == org and kind in g.acts)
            facts, row = (
                ({"members": 25, "present": 20}, {"yes": 15, "no": 4, "abstain": 1})
                if kind == "evaluate"
                else ({}, ROWS.get(kind, {}))
            )
            self.facts.acts[kind] = Act(
                kind, kind, org, by, grants, last, at, day_of(at).isoformat(), facts, dict.fromkeys(people, row)
            )
            last = kind
        return tuple(self.facts.acts)

    # --- deeds ---------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        return self.instance.now()

    def wait(self, seconds: int) -> None:
        self.instance.set_clock(self.now + seconds)

    def value(self, certificate: str) -> int:
        return last_value([event for event in self.facts.events.values() if event.certificate == certificate])

    def change(self, place: int, act: str, retroactive: bool = False, day: int | None = None) -> None:
        """A lifecycle act, proposed by HRSS-1 now and decided by HRSS-2 an hour later. Not lawful: nothing happens."""
        code = self.codes[place]
        value = TRANSITIONS.get((self.value(code.certificate), act))
        if value is None or self.standing("HRSS") is None:
            return
        first_day = None if retroactive or day is None or act != "revoke" else day_of(self.now + day * DAY).isoformat()
        beginning = act == "revoke" and first_day is None
        changes = {"name": f"样章{'乙丙丁戊己庚辛壬'[len(self.codes) % 8]}"} if act == "correct" else None
        proposal = Proposal(act, code.text, "HRSS-1", PAPER, REASONS[act][0], beginning, first_day, changes)
        if first_day is not None and not self._may_begin(code, first_day):
            with pytest.raises(Refused):
                status.propose(self.instance, proposal)
            return
        before, name = self._half("HRSS-1", REASONS[act][0]), f"event-{len(self.facts.events)}"
        number = status.propose(self.instance, proposal)
        self.wait(3_600)
        after = self._half("HRSS-2", REASONS[act][0])
        issued = status.approve(self.instance, number, "HRSS-2")
        q = sum(event.certificate == code.certificate for event in self.facts.events.values())
        self.facts.events[name] = Event(name, act, code.certificate, q, value, before, after, beginning, first_day)
        if issued is not None:
            self._next_version(code, issued.code, name)

    def _may_begin(self, code: Code, first_day: str) -> bool:
        """5.4: neither before the issue of version 1 nor ahead of today."""
        person, known = self.facts.certificates[code.certificate].person, self.facts.certificates.values()
        issued = day_of(min(one.nbf for one in known if one.person == person)).isoformat()
        return issued <= first_day <= day_of(self.now).isoformat()

    def _half(self, officer: str, reason: str) -> Half:
        signed_by = (self.newest[officer], self.newest["HRSS.seal"])
        return Half("HRSS", signed_by, (str(self.standing("HRSS")),), self.now, reason)

    def _next_version(self, code: Code, text: str, event: str) -> None:
        old = self.facts.certificates[code.certificate]
        name = f"certificate-{len(self.facts.certificates)}"
        self.facts.certificates[name] = replace(
            old, name=name, key=self.newest["HRSS.credential"], nbf=self.now, slot=len(self.facts.certificates),
            version=old.version + 1, corrections=(*old.corrections, event),
        )  # fmt: skip
        self.codes.append(Code(text, name))

    def standing(self, org: str, role: str | None = None) -> str | None:
        """The oldest grant of an organisation that lists all its keys in use, and that nothing withdraws."""
        for grant in self.facts.grants.values():
            listed = set(self.keys_of(org)) <= set(grant.keys)
            if (
                grant.sub == org
                and (role is None or grant.role == role)
                and listed
                and not self._is_withdrawn(grant.name)
            ):
                return grant.name
        return None

    def _is_withdrawn(self, grant: str) -> bool:
        gone = {one.grant for one in self.facts.withdrawals}
        return any(one.name in gone for one in line(self.facts, grant))

    def withdraw(self, pick: int, reason: str, back: int | None) -> None:
        """Withdraws one of the grants that stand."""
        names = [name for name in self.facts.grants if not self._is_withdrawn(name)]
        if not names:
            return
        good = self.now - back * DAY if reason == "compromised" and back is not None else None
        name = names[pick % len(names)]
        withdrawal.withdraw_grant(self.instance, self.hashes[name], reason, PAPER, good)
        self.facts.withdrawals.append(Withdrawal(name, reason, self.now, good))

    def rotate(self, holder: str) -> None:
        if self._can_be_replaced(holder):
            org, _, use = holder.rpartition(".")
            done = (
                rotation.rotate_key(self.instance, org, use) if org else rotation.rotate_officer(self.instance, holder)
            )
            self._replaced(holder, KeyEnd(self.newest[holder], "rotated", self.now + HANDOVER), done.grants)

    def steal(self, holder: str, back: int) -> None:
        """A key turns out to be stolen since `back` days ago: the drill of services/compromise.py."""
        if self._can_be_replaced(holder):
            since = self.now - back * DAY
            done = condemn(self.instance, self._jkt(holder), since, PAPER)
            assert done.replaced is not None
            self._replaced(holder, KeyEnd(self.newest[holder], "compromised", self.now, since), done.replaced.grants)

    def _can_be_replaced(self, holder: str) -> bool:
        """An organisation without a grant gets no successor, and one that may not give any gives none."""
        org = self.facts.keys[self.newest[holder]].org
        return org == "ROOT" or (self.standing(org) is not None and self.standing("HRSS") is not None)

    def _jkt(self, holder: str) -> str:
        org, _, use = holder.rpartition(".")
        with self.instance.engines.read.connect() as connection:
            key = documents.own_key(connection, org, use) if org else documents.officer_key(connection, holder)
        return key.jkt

    def _replaced(self, holder: str, end: KeyEnd, grants: tuple[str, ...]) -> None:
        """The new key takes over: every role with a living grant that named the old key gets a successor."""
        old = self.facts.keys[end.key]
        self.facts.ends.append(end)
        self._add_key(holder, old.org, old.use, old.human, self.now)
        given = {}
        with self.instance.engines.read.connect() as connection:
            for sha256 in grants:
                given[documents.load_document(connection, sha256, "grant+jwt").unverified_payload["role"]] = sha256
        for grant in list(self.facts.grants.values()):
            if (
                grant.sub == old.org
                and end.key in grant.keys
                and not self._is_withdrawn(grant.name)
                and grant.role in given
            ):
                parent = None if grant.parent is None else self.standing("HRSS")
                sha256 = given.pop(grant.role)
                self._add_grant(
                    grant.iss, grant.sub, parent, grant.role, grant.acts, grant.depth, self.now, grant.exp, sha256
                )

    # --- questions -----------------------------------------------------------------------------------------------------

    def question(self, place: int, at: int) -> Question:
        """About the certificate behind a code, asked now of the instance, which publishes anew for it."""
        events, ends = tuple(self.facts.events), tuple(self.facts.ends)
        values = {one.slot: self.value(one.name) for one in self.facts.certificates.values()}
        edition = Edition(
            self.now, self.newest["ROOT.policy"], self.newest["HRSS.status"], self.now + 730 * DAY, self.now + 7 * DAY,
            tuple(self.facts.withdrawals), ends, events, values, tuple(self.facts.grants),
        )  # fmt: skip
        self.facts.editions.append(edition)
        return Question(self.codes[place].certificate, len(self.facts.editions) - 1, at, self.now)


#: What the acts of the small instance say about each person.
ROWS: dict[str, dict[str, Any]] = {
    "accept": {
        "current_level": "intermediate", "professional_hours": 60, "public_hours": 30, "ban_from": None, "ban_until": None,
    },
}  # fmt: skip


def procedure() -> Procedure:
    """T01 as its table says."""
    table = json.loads(resources.text("procedures/T01.json"))
    steps = [
        Step(
            one["act"], tuple(one["roles"]), one["signers"], tuple(f["name"] for f in one["facts"]),
            tuple(f["name"] for f in one["row_facts"]), one["min_working_days"],
        )
        for one in table["steps"]
    ]  # fmt: skip
    apart, people = (tuple((one, other) for one, other in table[name]) for name in ("apart", "apart_people"))
    return Procedure(
        table["track"], tuple(steps), apart, people, table["award_date"], table["document_lag_days"], DAYS_OFF, WORKDAYS,
        "ROOT.policy#0", START,
    )  # fmt: skip
