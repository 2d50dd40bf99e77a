"""One act on one roster (`certsvc act KIND ROSTER --officer ID`): gather, decide, sign, apply.

1. gather  – the entries whose next step is this act, their heads, the procedure, the officers and their grants
2. decide  – pure, in `act_rules`: may this organisation do this, now, with these facts?
3. sign    – one payload, the officer's and the organisation's signature (a second officer where the step asks)
4. apply   – the act, its leaves and the entries' new head, in one transaction
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from certsvc.core.acts import Roster, Row
from certsvc.core.errors import NotFound, Refused
from certsvc.core.grants import Grant, covers
from certsvc.core.jose import Jws, parse_document, sign_general
from certsvc.core.outcomes import Fault
from certsvc.instance import Instance
from certsvc.services import documents, log_leaves
from certsvc.services.act_opening import days_opened
from certsvc.services.act_places import Steps, places_of, ranks_of, roles_done, roles_lacking
from certsvc.services.act_rules import YEARLY_TARGETS, Gathered, Order, decide, meeting_facts, row_facts, target_of
from certsvc.services.log_evidence import LogEvidence
from certsvc.services.register_only import refuse_register_only
from certsvc.services.soundness import Soundness
from certsvc.services.units import with_offices
from certsvc.services.witness_list import check_witnesses, is_strict
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import rosters as roster_store
from certsvc.store.rows import Act, ActEntry, Entry, Officer
from certsvc.store.rows import Roster as RosterRow
from certsvc.verify.steps import missing


@dataclass(frozen=True)
class Done:
    """What one order brought about."""

    sha256: str
    count: int
    struck: int
    remaining: int
    """Entries of the roster that still wait for this act (of other units, for example)."""
    over_target: tuple[int, int] | None = None
    """Awards of this track and year with these, and the year's target, when there are more; nothing is refused."""


def do_act(instance: Instance, order: Order) -> Done:
    """Signs the act. Raises Fault (the rule that forbids it), Refused, NotFound or NotReady; then nothing has happened."""
    check_witnesses(instance)
    with log_leaves.transaction(instance) as connection:
        # Two officers at the same moment: the second one sees what the first one signed, and is refused.
        roster_store.lock_roster(connection, order.roster_id)
        gathered = gather(instance, connection, order)
        _check_sound(connection, gathered)
        grants = _decide_standing(connection, gathered)
        return apply(instance, connection, gathered, grants)


def _check_sound(connection: Connection, g: Gathered) -> None:
    """Returns if all that was signed for these people before still counts: on the rest everything would be void.

    Raises Fault key_compromised, key_ended, grant_withdrawn: with the act below that counts no more, the office whose key
    or grant it was, and how many `people` of those who go further are concerned.
    """
    for spoilt in Soundness(connection).spoilt_for(g.entries):
        about = spoilt.fault.about
        raise Fault(spoilt.fault.code, about.act, about.org, **about.figures, people=len(spoilt.people))


def _decide_standing(connection: Connection, g: Gathered) -> tuple[Grant, ...]:
    """As `decide`, under grants that nothing withdraws. Raises Fault(grant_withdrawn) when one would have allowed it."""
    withdrawn = {one.sha256 for one in g.own_grants if documents.is_withdrawn(connection, one, g.now)}
    if not withdrawn:
        return decide(g)
    standing = replace(g, own_grants=tuple(one for one in g.own_grants if one.sha256 not in withdrawn))
    try:
        return decide(standing)
    except Fault:
        # Unless something else forbids it as well, it is the withdrawal that is in the way.
        decide(g)
        raise Fault("grant_withdrawn", g.order.kind, g.org) from None


# --- gather --------------------------------------------------------------------------------------------------------


def gather(instance: Instance, connection: Connection, order: Order) -> Gathered:
    """Reads what the decision needs. Raises NotFound, Refused, and Fault for an act that is not next."""
    refuse_register_only(connection, order.roster_id)
    roster = roster_store.find_roster(connection, order.roster_id)
    if roster is None:
        zh, en = f"花名册不存在:{order.roster_id}", f"No roster {order.roster_id}."
        raise NotFound("roster_unknown", zh, en, "certsvc roster list")
    officers = _officers(connection, order)
    live = with_offices(connection, roster_store.list_entries(connection, roster.id))
    heads = {e.head_act for e in live if e.head_act}
    previous = {name: documents.load_document(connection, name, "act+jwt") for name in heads}
    procedure = _procedure(instance, connection, roster, previous)
    steps: Steps = procedure.unverified_payload["steps"]
    own = [g.sha256 for g in documents.grants_of(connection, officers[0].org_id)]
    grants = documents.grants_with_parents(connection, own)
    places = places_of(connection, heads, steps)
    roles = {grants[name].payload["role"] for name in own}
    position = _position(order, officers[0].org_id, steps, roles, [places.get(e.head_act, -1) for e in live])
    ranks = ranks_of(connection, previous, places, steps, position)
    own_grants = [grants[name] for name in own]
    lacks = partial(_missing, connection, previous, officers[0].org_id, order.kind)
    done = roles_done(connection, heads, places, steps)
    lacking = roles_lacking(done, places, steps, roster.region)
    waiting, struck = _Places(order, officers[0].org_id, live, places, lacking, steps, position, lacks).sort(
        ranks, own_grants
    )
    return Gathered(
        order,
        instance.now(),
        roster,
        waiting,
        struck,
        previous,
        ranks,
        procedure,
        steps[position],
        steps[position - 1] if position else None,
        officers,
        tuple(documents.officer_key(connection, one.id) for one in officers),
        documents.own_key(connection, officers[0].org_id, "seal"),
        grants,
        tuple(own_grants),
        documents.calendar_for(connection, instance.now()),
        _hands(connection, {e.head_act for e in waiting if e.head_act}),
        done,
        _opened(instance, connection, previous) if is_strict(instance) else {},
        days_opened(connection, previous.values()) if _asks_for_bans(steps[position]) else {},
    )


def _asks_for_bans(step: Mapping[str, Any]) -> bool:
    return any(fact["name"] == "no_ban" for fact in step["row_facts"])


def _opened(instance: Instance, connection: Connection, heads: Mapping[str, Jws]) -> dict[str, int]:
    """Head act -> the second by which the log had it; now for one that no checkpoint proves yet."""
    logged = LogEvidence(instance, connection)
    times = ((name, logged.latest(document)) for name, document in heads.items())
    return {name: instance.now() if time is None else time for name, time in times}


def _officers(connection: Connection, order: Order) -> tuple[Officer, ...]:
    if not order.officer_ids:
        raise Refused("officer_missing", "未写明经办人", "No officer is named.", "certsvc keys list")
    return tuple(_officer(connection, one) for one in order.officer_ids)


def _officer(connection: Connection, officer_id: str) -> Officer:
    officer = key_store.find_officer(connection, officer_id)
    if officer is None:
        zh, en = f"经办人不存在:{officer_id}", f"No officer {officer_id}."
        raise NotFound("officer_unknown", zh, en, "certsvc keys list")
    return officer


def _procedure(instance: Instance, connection: Connection, roster: RosterRow, previous: Mapping[str, Jws]) -> Jws:
    """The procedure that the first act fixed, or the one in force now for a roster without acts."""
    for act in previous.values():
        return documents.load_document(connection, act.unverified_payload["procedure"], "procedure+jwt")
    return documents.procedure_for(connection, roster.track, instance.now())


def _position(order: Order, org: str, steps: Steps, roles: set[str], places: list[int]) -> int:
    """Which step is meant: of several of this kind the first that somebody waits for, under a role of this office."""
    fitting = [n for n, step in enumerate(steps) if step["act"] == order.kind]
    if not fitting:
        raise Fault("act_not_in_procedure", order.kind, org)
    awaited = [n for n in fitting if n - 1 in places or (steps[n]["each_role"] and n in places)]
    ours = [n for n in awaited if roles & set(steps[n]["roles"])]
    # Where nobody waits, the next one ahead tells what comes before it, the last one that all are done.
    ahead = [n for n in fitting if n > min(places, default=-1)]
    return (ours or awaited or ahead or fitting[-1:])[0]


@dataclass(frozen=True)
class _Places:
    """Where everybody on a roster stands, seen from the step at `position`."""

    order: Order
    org: str
    live: tuple[Entry, ...]
    places: Mapping[str | None, int]
    """Head act -> the step that it did."""
    lacking: Mapping[str, list[str]]
    """Head act -> roles under which its step is still to be done."""
    steps: Steps
    position: int
    missing: Callable[[dict[str, Any], list[Entry]], Fault]
    """What is said of a step that these people still wait for."""

    def sort(self, ranks: Mapping[str, int], own: list[Grant]) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
        """Who goes further and who does not. Raises Refused, and Fault naming the step that comes first."""
        if not self.live:
            raise Refused("roster_empty", "花名册中没有在办人员", "Nobody on this roster is going further.")
        highest = max((self._rank(grant) for grant in own), default=-1)
        waiting = [e for e in self.live if self._waits(e, ranks, highest)]
        behind = [e for e in self.live if self._settled(e) < self.position - 1]
        if self.position == 0 and not any(e.unit_org_id == self.org for e in self.live) and self._is_own():
            zh, en = f"花名册中没有 {self.org} 的在办人员", f"Nobody on this roster belongs to {self.org}."
            raise Refused("unit_absent", zh, en, f"certsvc roster check {self.order.roster_id} --people")
        # People who were left behind go no further once they are struck, and then hold up nobody else.
        left = [e for e in behind if self._is_marked(e)]
        if not waiting or (len(left) < len(behind) and self.position > 1):
            self._raise_for_order([e for e in behind if e not in left] or list(self.live))
        struck = [e for e in waiting if self._leaves(e)]
        return tuple(e for e in waiting if e not in struck), (*struck, *left)

    def _waits(self, entry: Entry, ranks: Mapping[str, int], highest: int) -> bool:
        if self._is_own() and entry.unit_org_id != self.org:
            return False
        place = self._place(entry)
        if place == self.position and self.steps[place]["each_role"]:
            return ranks[str(entry.head_act)] < highest
        return place == self.position - 1 == self._settled(entry)

    def _is_own(self) -> bool:
        """Whether the act is each unit's own: it answers for its own people only."""
        return self.order.kind == "unit_notice"

    def _place(self, entry: Entry) -> int:
        """The step that an entry did last, -1 for none."""
        return self.places.get(entry.head_act, -1)

    def _settled(self, entry: Entry) -> int:
        """The last step that is wholly done for an entry: by each office that it calls for."""
        return self._place(entry) - (entry.head_act in self.lacking)

    def _rank(self, grant: Grant) -> int:
        roles, role = self.steps[self.position]["roles"], grant.payload["role"]
        return roles.index(role) if role in roles and self.order.kind in grant.payload["acts"] else -1

    def _leaves(self, entry: Entry) -> bool:
        """Whether a person goes no further: struck by hand, or not passed at the last vote."""
        votes = [n for n, step in enumerate(self.steps) if step["act"] == "evaluate"]
        return self._is_marked(entry) or (self.position in votes[-1:] and entry.columns.get("passed") is False)

    def _is_marked(self, entry: Entry) -> bool:
        return bool({entry.id, entry.row_key} & self.order.strike)

    def _raise_for_order(self, people: list[Entry]) -> None:
        if min(self._place(e) for e in people) >= self.position:
            raise Fault("act_done_already", self.order.kind, self.org)
        lowest = min(self._settled(e) for e in people)
        last = [e for e in people if self._settled(e) == lowest]
        step = self.steps[lowest + 1]
        roles = [self.lacking[str(e.head_act)][0] for e in last if e.head_act in self.lacking]
        raise self.missing({**step, "roles": roles[:1] or step["roles"]}, last)


def _missing(
    connection: Connection,
    previous: Mapping[str, Jws],
    org: str,
    kind: str,
    step: dict[str, Any],
    people: list[Entry],
) -> Fault:
    """The Fault that the verifier would give: who was to do the step for these people, by all grants that were given."""
    payloads = [previous[e.head_act].unverified_payload for e in people if e.head_act]
    beside = ("after", payloads[0]["act"], payloads[0]["org"]) if payloads else ("before", kind, org)
    if step["act"] == "unit_notice":
        # Each unit answers for its own people.
        return missing(step, [e.unit_org_id for e in people if e.unit_org_id], beside)
    given = [row.sha256 for row in document_store.list_documents(connection, "grant+jwt")]
    targets, grants = {target_of(e) for e in people}, documents.grants_with_parents(connection, given)
    able = [one.org for one in grants.values() if all(covers(one, step["roles"], step["act"], t) for t in targets)]
    return missing(step, able, beside)


def _hands(connection: Connection, heads: set[str]) -> Mapping[str, set[str]]:
    """Who signed the acts that lead to `heads`, for any of the people."""
    hands: dict[str, set[str]] = {}
    waiting, seen = list(heads), set(heads)
    while waiting:
        document = documents.load_document(connection, waiting.pop(), "act+jwt")
        found = hands.setdefault(document.unverified_payload["act"], set())
        for signature in document.signatures:
            key = documents.key_by_jkt(connection, signature.unverified_kid)
            found.add(f"org:{key.org_id}")
            if key.officer_id:
                found.add(f"human:{_officer(connection, key.officer_id).pseudonym}")
        fresh = set(document.unverified_payload["prev"]) - seen
        waiting += fresh
        seen |= fresh
    return hands


# --- sign and apply ------------------------------------------------------------------------------------------------


def apply(instance: Instance, connection: Connection, g: Gathered, grants: tuple[Grant, ...]) -> Done:
    """Signs and stores the act inside the caller's transaction."""
    rows = {e.commitment: e for e in g.entries}
    roster = Roster([_row(g.step, e, g.began.get(e.id, g.written)) for e in g.entries])
    payload = _payload(g, roster, [grant.sha256 for grant in grants])
    signers = [instance.signer(g.officer_keys[0]), instance.signer(g.seal), *map(instance.signer, g.officer_keys[1:])]
    document = parse_document(sign_general(payload, "act+jwt", signers), "act+jwt")
    document_store.add_document(connection, "act+jwt", document.body, subject=g.roster.id, iat=g.now)
    act = Act(document.sha256, g.order.kind, g.roster.id, g.org, roster.root, roster.count, g.now)
    document_store.add_act(connection, act)
    log_leaves.log_document(instance, connection, document)
    document_store.add_act_entries(
        connection,
        (ActEntry(document.sha256, rows[r.entry].id, index, r.salt, r.facts) for index, r in enumerate(roster.rows)),
    )
    roster_store.set_heads(connection, {e.id: document.sha256 for e in g.entries})
    roster_store.strike(connection, [e.id for e in g.struck], document.sha256)
    live = roster_store.list_entries(connection, g.roster.id)
    heads, gone = {e.head_act for e in g.entries}, {e.id for e in g.entries}
    remaining = sum(e.head_act in heads and e.id not in gone for e in live)
    return Done(document.sha256, roster.count, len(g.struck), remaining, _over_target(connection, g))


def _over_target(connection: Connection, g: Gathered) -> tuple[int, int] | None:
    """A14 (domain.md 7): the awards approved so far and the target, when an approval went beyond it."""
    target = YEARLY_TARGETS.get(g.roster.track)
    if target is None or g.order.kind != "approve":
        return None
    alike = [r for r in roster_store.list_rosters(connection) if (r.track, r.year) == (g.roster.track, g.roster.year)]
    acts = [act for roster in alike for act in document_store.list_acts(connection, roster.id)]
    approved = sum(act.count for act in acts if act.kind == "approve")
    return (approved, target) if approved > target else None


def _row(step: Mapping[str, Any], entry: Entry, day: date) -> Row:
    facts = row_facts(step, entry, day)
    return Row(entry.commitment, facts, secrets.token_bytes(32) if facts is not None else None)


def _payload(g: Gathered, roster: Roster, grants: list[str]) -> dict[str, Any]:
    closes = g.previous_step is not None and g.previous_step["min_working_days"] is not None
    return {
        "jti": f"a-{uuid4()}",
        "act": g.order.kind,
        "org": g.org,
        "officer": g.officers[0].pseudonym,
        "roster": {"root": roster.root, "count": roster.count, "scope": g.target.scope()},
        "part": 0,
        "parts": [],
        "prev": sorted(g.heads),
        "procedure": g.procedure.sha256,
        "grants": grants,
        "facts": meeting_facts(g),
        "calendar": g.calendar.sha256 if closes else None,
        "document": g.document,
        "iat": g.now,
    }
