"""One act on one roster (`certsvc act KIND ROSTER --officer ID`): gather, decide, sign, apply.

1. gather  – the entries whose next step is this act, their heads, the procedure, the officers and their grants
2. decide  – pure: may this organisation do this, now, with these facts? The verifier's own predicates are asked
3. sign    – one payload, the officer's and the organisation's signature (a second officer where the step asks)
4. apply   – the act, its leaves and the entries' new head, in one transaction
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from certsvc.core.acts import Roster, Row
from certsvc.core.calendar import local_date, working_days
from certsvc.core.claims import Target
from certsvc.core.errors import NotFound, Refused
from certsvc.core.facts import FactCase, fact_holds
from certsvc.core.grants import Grant, check_allows, check_nesting
from certsvc.core.jose import Jws, parse_document, sign_general
from certsvc.core.outcomes import Fault
from certsvc.instance import Instance
from certsvc.services import documents
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import rosters as roster_store
from certsvc.store.rows import Act, ActEntry, Entry, Officer, SigningKey
from certsvc.store.rows import Roster as RosterRow

#: fact of a procedure -> the figures that it needs from the roster file, of the meeting and of the person's row.
MEETING_FIGURES = {
    "quorum_two_thirds": ("members", "present"),
    "within_ratio": ("ratio_percent",),
    "within_posts": ("posts",),
}
ROW_FIGURES = {
    "yes_two_thirds": ("yes",),
    "votes_add_up": ("yes", "no", "abstain"),
    "level_step": ("current_level",),
    "education_check": ("education",),
    "no_ban": ("ban",),
}


@dataclass(frozen=True)
class Order:
    """What an officer asks for."""

    kind: str
    roster_id: str
    officer_ids: tuple[str, ...]
    document: Mapping[str, str] | None = None
    """number, title, date of the paper behind the act; a default is made from the roster when it is None."""
    facts: Mapping[str, int] = field(default_factory=dict)
    strike: frozenset[str] = frozenset()
    """Row keys or entry ids of people who do not go further."""


@dataclass(frozen=True)
class Gathered:
    """Everything the decision looks at. `entries` go further, `struck` do not."""

    order: Order
    now: int
    roster: RosterRow
    entries: tuple[Entry, ...]
    struck: tuple[Entry, ...]
    previous: Mapping[str, Jws]
    """Head act of every entry, by hash."""
    procedure: Jws
    step: Mapping[str, Any]
    previous_step: Mapping[str, Any] | None
    officers: tuple[Officer, ...]
    officer_keys: tuple[SigningKey, ...]
    seal: SigningKey
    grants: Mapping[str, Grant]
    own_grants: tuple[Grant, ...]
    calendar: Jws
    hands: Mapping[str, set[str]]
    """Act kind -> organisations and humans that signed it for these entries."""

    @property
    def org(self) -> str:
        return self.officers[0].org_id

    @property
    def target(self) -> Target:
        return target_of(self.entries[0])


@dataclass(frozen=True)
class Done:
    """What one order brought about."""

    sha256: str
    count: int
    struck: int
    remaining: int
    """Entries of the roster that still wait for this act (of other units, for example)."""


def do_act(instance: Instance, order: Order) -> Done:
    """Signs the act. Raises Fault (the rule that forbids it), Refused or NotFound; then nothing has happened."""
    with instance.engines.write.begin() as connection:
        gathered = gather(instance, connection, order)
        grants = decide(gathered)
        return apply(instance, connection, gathered, grants)


# --- gather --------------------------------------------------------------------------------------------------------


def gather(instance: Instance, connection: Connection, order: Order) -> Gathered:
    """Reads what the decision needs. Raises NotFound, Refused."""
    roster = roster_store.find_roster(connection, order.roster_id)
    if roster is None:
        zh, en = f"花名册不存在:{order.roster_id}", f"No roster {order.roster_id}."
        raise NotFound("roster_unknown", zh, en, "certsvc roster list")
    officers = tuple(_officer(connection, one) for one in order.officer_ids)
    live = roster_store.list_entries(connection, roster.id)
    if not live:
        raise Refused("roster_empty", "花名册中没有在办人员", "Nobody on this roster is going further.")
    heads = {e.head_act for e in live if e.head_act}
    previous = {name: documents.load_document(connection, name, "act+jwt") for name in heads}
    procedure = _procedure(instance, connection, roster, previous)
    steps = procedure.unverified_payload["steps"]
    position, waiting = _waiting(order, officers[0].org_id, live, previous, steps)
    struck = tuple(e for e in waiting if _leaves(e, order, steps[position]))
    own = [g.sha256 for g in documents.grants_of(connection, officers[0].org_id)]
    grants = documents.grants_with_parents(connection, own)
    return Gathered(
        order,
        instance.now(),
        roster,
        tuple(e for e in waiting if e not in struck),
        struck,
        previous,
        procedure,
        steps[position],
        steps[position - 1] if position else None,
        officers,
        tuple(_officer_key(connection, one) for one in officers),
        documents.own_key(connection, officers[0].org_id, "seal"),
        grants,
        tuple(grants[one] for one in own),
        documents.current_calendar(connection),
        _hands(connection, waiting),
    )


def _officer(connection: Connection, officer_id: str) -> Officer:
    officer = key_store.find_officer(connection, officer_id)
    if officer is None:
        zh, en = f"经办人不存在:{officer_id}", f"No officer {officer_id}."
        raise NotFound("officer_unknown", zh, en, "certsvc keys list")
    return officer


def _officer_key(connection: Connection, officer: Officer) -> SigningKey:
    return key_store.list_signing_keys(connection, officer_id=officer.id)[-1]


def _procedure(instance: Instance, connection: Connection, roster: RosterRow, previous: Mapping[str, Jws]) -> Jws:
    """The procedure that the first act fixed, or the one in force now for a roster without acts."""
    for act in previous.values():
        return documents.load_document(connection, act.unverified_payload["procedure"], "procedure+jwt")
    return documents.procedure_for(connection, roster.track, instance.now())


def _waiting(
    order: Order, org: str, live: tuple[Entry, ...], previous: Mapping[str, Jws], steps: list[dict[str, Any]]
) -> tuple[int, tuple[Entry, ...]]:
    """Position of the step, and the entries whose next step it is. Raises Fault naming the step that comes first."""
    kinds = [step["act"] for step in steps]
    if order.kind not in kinds:
        raise Fault("act_not_in_procedure", order.kind, org)
    position = kinds.index(order.kind)
    lawful = {position - 1} | ({position} if steps[position]["each_role"] else set())
    places = {e.id: _place(e, previous, kinds) for e in live}
    waiting = [e for e in live if places[e.id] in lawful]
    if order.kind == "unit_notice":
        # This act is each unit's own: it answers for its own people only.
        waiting = [e for e in waiting if e.unit_org_id == org]
    if not waiting:
        lowest = min(places.values())
        if lowest >= position:
            raise Fault("act_done_already", order.kind, org)
        raise Fault("act_missing", kinds[lowest + 1], None, roles=",".join(steps[lowest + 1]["roles"]))
    behind = [e for e in live if places[e.id] < position - 1]
    if behind and position > 1:
        raise Fault("act_missing", kinds[places[behind[0].id] + 1], None, roles="")
    return position, tuple(waiting)


def _place(entry: Entry, previous: Mapping[str, Jws], kinds: list[str]) -> int:
    return -1 if entry.head_act is None else kinds.index(previous[entry.head_act].unverified_payload["act"])


def _leaves(entry: Entry, order: Order, step: Mapping[str, Any]) -> bool:
    """Whether a person goes no further: struck by hand, or not passed at the vote."""
    if {entry.id, entry.row_key} & order.strike:
        return True
    return step["act"] == "evaluate" and entry.columns.get("passed") is False


def _hands(connection: Connection, entries: tuple[Entry, ...]) -> Mapping[str, set[str]]:
    hands: dict[str, set[str]] = {}
    for act in document_store.list_acts_of_entry(connection, entries[0].id):
        document = documents.load_document(connection, act.sha256, "act+jwt")
        found = hands.setdefault(act.kind, set())
        for signature in document.signatures:
            key = documents.key_by_jkt(connection, signature.unverified_kid)
            found.add(f"org:{key.org_id}")
            if key.officer_id:
                found.add(f"human:{_officer(connection, key.officer_id).pseudonym}")
    return hands


# --- decide: pure --------------------------------------------------------------------------------------------------


def decide(g: Gathered) -> tuple[Grant, ...]:
    """The grants under which the act is lawful. Raises Fault with the code that the verifier would give."""
    _check_people(g)
    grants = _allowing(g)
    _check_interval(g)
    _check_facts(g)
    _check_apart(g)
    return grants


def _check_people(g: Gathered) -> None:
    if len({o.pseudonym for o in g.officers}) != g.step["signers"]:
        raise Fault("signer_not_distinct", g.order.kind, g.org, needed=g.step["signers"], found=len(g.officers))
    if len({o.org_id for o in g.officers}) != 1:
        raise Fault("org_mismatch", g.order.kind, g.org)
    if not g.entries:
        raise Fault("roster_size", g.order.kind, g.org)


def _allowing(g: Gathered) -> tuple[Grant, ...]:
    """The first grant that allows every target with all keys; raises the fault of the one that comes nearest."""
    faults = [Fault("key_unknown_to_grant", g.order.kind, g.org)]
    keys = [(g.seal.jkt, "seal"), *((k.jkt, "officer") for k in g.officer_keys)]
    for grant in g.own_grants:
        try:
            check_nesting(grant, g.grants)
            if not all(grant.has_key(*key) for key in keys):
                continue
            if grant.payload["role"] not in g.step["roles"]:
                raise Fault("role_not_allowed", g.order.kind, g.org, roles=",".join(g.step["roles"]))
            for target in {target_of(e) for e in g.entries}:
                check_allows(grant, g.order.kind, target, g.now)
            return (grant,)
        except Fault as fault:
            faults.append(fault)
    raise next((f for f in faults if f.code not in ("act_not_granted", "key_unknown_to_grant")), faults[-1])


def _check_interval(g: Gathered) -> None:
    if g.previous_step is None or g.previous_step["min_working_days"] is None:
        return
    for act in g.previous.values():
        days = working_days(g.calendar.unverified_payload, act.unverified_payload["iat"], g.now)
        if act.unverified_payload["act"] == g.previous_step["act"] and days < g.previous_step["min_working_days"]:
            needed = g.previous_step["min_working_days"]
            raise Fault(
                "interval_short", g.previous_step["act"], act.unverified_payload["org"], days=days, needed=needed
            )


def _check_facts(g: Gathered) -> None:
    applied = sum(act.unverified_payload["roster"]["count"] for act in g.previous.values())
    meeting = meeting_facts(g)
    for entry in g.entries:
        row = row_facts(g.step, entry) or {}
        for fact in (*g.step["facts"], *g.step["row_facts"]):
            case = FactCase(meeting, row, target_of(entry).to_json(), fact["args"], applied, len(g.entries))
            if not fact_holds(fact["name"], case):
                who = entry.position if fact in g.step["row_facts"] else ""
                figures = {**meeting, **row, "applied": applied, "passed": len(g.entries), "row": who}
                raise Fault(f"fact_{fact['name']}", g.order.kind, g.org, **figures)


def _check_apart(g: Gathered) -> None:
    own = {f"org:{g.org}"} | {f"human:{o.pseudonym}" for o in g.officers}
    for first, second in g.procedure.unverified_payload["apart"]:
        other = {first: second, second: first}.get(g.order.kind)
        if other is not None and g.hands.get(other, set()) & own:
            raise Fault("apart", g.order.kind, g.org, apart_from=other)


def meeting_facts(g: Gathered) -> dict[str, int]:
    """The figures of the meeting: from the order, else from the roster file, where all rows must agree."""
    facts: dict[str, int] = {}
    for name in _figures(g.step["facts"], MEETING_FIGURES):
        stated = {e.columns.get(name) for e in (*g.entries, *g.struck)} - {None}
        if name in g.order.facts:
            facts[name] = g.order.facts[name]
        elif len(stated) == 1:
            facts[name] = int(stated.pop())
    return facts


def row_facts(step: Mapping[str, Any], entry: Entry) -> dict[str, Any] | None:
    """The facts about one person that the step asks for, from the roster file; None when it asks for none."""
    names = _figures(step["row_facts"], ROW_FIGURES)
    return {name: entry.columns.get(name) for name in names} or None


def _figures(facts: list[dict[str, Any]], table: Mapping[str, tuple[str, ...]]) -> list[str]:
    names = [
        name
        for fact in facts
        for name in table.get(fact["name"], tuple(fact["args"]) if fact["name"] == "at_least" else ())
    ]
    return list(dict.fromkeys(names))


def target_of(entry: Entry) -> Target:
    return Target(entry.series, entry.specialty, entry.level, entry.title, entry.track, entry.region, entry.year)


# --- sign and apply ------------------------------------------------------------------------------------------------


def apply(instance: Instance, connection: Connection, g: Gathered, grants: tuple[Grant, ...]) -> Done:
    """Signs and stores the act inside the caller's transaction."""
    rows = {e.commitment: e for e in g.entries}
    roster = Roster([_row(g.step, e) for e in g.entries])
    payload = _payload(g, roster, [grant.sha256 for grant in grants])
    signers = [instance.signer(g.officer_keys[0]), instance.signer(g.seal), *map(instance.signer, g.officer_keys[1:])]
    document = parse_document(sign_general(payload, "act+jwt", signers), "act+jwt")
    document_store.add_document(connection, "act+jwt", document.body, subject=g.roster.id, iat=g.now)
    act = Act(document.sha256, g.order.kind, g.roster.id, g.org, roster.root, roster.count, g.now)
    document_store.add_act(connection, act)
    document_store.add_act_entries(
        connection,
        (ActEntry(document.sha256, rows[r.entry].id, index, r.salt, r.facts) for index, r in enumerate(roster.rows)),
    )
    roster_store.set_heads(connection, {e.id: document.sha256 for e in g.entries})
    if g.struck:
        roster_store.strike(connection, [e.id for e in g.struck], document.sha256)
    live = roster_store.list_entries(connection, g.roster.id)
    remaining = sum(
        e.head_act in {p.head_act for p in g.entries} and e.id not in {p.id for p in g.entries} for e in live
    )
    return Done(document.sha256, roster.count, len(g.struck), remaining)


def _row(step: Mapping[str, Any], entry: Entry) -> Row:
    facts = row_facts(step, entry)
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
        "prev": sorted({e.head_act for e in g.entries if e.head_act}),
        "procedure": g.procedure.sha256,
        "grants": grants,
        "facts": meeting_facts(g),
        "calendar": g.calendar.sha256 if closes else None,
        "document": dict(g.order.document or _default_document(g)),
        "iat": g.now,
    }


def _default_document(g: Gathered) -> dict[str, str]:
    number = f"{g.roster.id}-{g.order.kind}"
    return {"number": number, "title": f"{g.roster.label} {g.order.kind}"[:200], "date": local_date(g.now).isoformat()}
