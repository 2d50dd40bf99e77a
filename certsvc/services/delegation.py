"""Delegation: which grant a role usually needs, so that an operator names an organisation, a role and its officers.

1. the root gives the authority one top grant for its own keys (`give_top_grant`, at `certsvc init`)
2. the authority, or a grant below, gives every organisation its role (`delegate`, `certsvc keys grant`)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from certsvc.core.errors import NotFound, NotReady, Refused
from certsvc.core.grants import Grant, check_nesting
from certsvc.core.outcomes import Fault
from certsvc.core.schemas import LIFECYCLE_ACTS, PATH_ACTS
from certsvc.core.titles import LEVELS
from certsvc.instance import Instance
from certsvc.services import documents
from certsvc.store import keys as key_store

#: Role -> the acts that go with it.
ROLE_ACTS: dict[str, tuple[str, ...]] = {
    "unit": ("unit_notice",),
    "county": ("recommend",),
    "city": ("recommend",),
    "department": ("recommend",),
    "committee_office": ("accept", "draw"),
    "committee": ("evaluate",),
    "organiser": ("result_notice",),
    "supervisor": ("settle_objections",),
    "hrss": ("approve", "file"),
    "issuer": ("issue", *LIFECYCLE_ACTS),
}
#: Keys of the authority that its top grant names. The qr and receipt keys are named by the trust bundle alone.
TOP_USES = ("seal", "credential", "status", "pdf", "grant", "receipt")
#: A committee's filing lasts three years at most (人社部令第40号 第八条), so new grants end a little earlier.
TERM_DAYS = {"committee": 3 * 365, "committee_office": 3 * 365}
TOP_DEPTH, TOP_DAYS = 3, 9 * 365
DAY = 86_400
EVERYTHING: dict[str, Any] = {
    "series": ["*"],
    "specialties": ["*"],
    "levels": [level.token for level in LEVELS],
    "regions": ["220000"],
    "tracks": ["*"],
    "years": {"from": 2022, "to": 2040},
}


@dataclass(frozen=True)
class Delegation:
    """Who may do what. What is left out is taken from the grant above."""

    org: str
    role: str
    document: Mapping[str, str]
    officers: tuple[str, ...] = ()
    """Officer ids; all officers of the organisation when empty."""
    acts: tuple[str, ...] = ()
    narrowed: Mapping[str, Any] = field(default_factory=dict)
    """Dimensions of the scope that are narrower than above."""
    until: int | None = None
    """End, in seconds; None: as long as the role and the grant above allow."""
    parent: str | None = None
    depth: int = 0


def give_top_grant(instance: Instance) -> str:
    """The authority's own grant from the root, for its own keys; returns its hash."""
    org, now = instance.settings.authority, instance.now()
    with instance.engines.read.connect() as connection:
        keys = [{"jkt": documents.own_key(connection, org, use).jkt, "use": use} for use in TOP_USES]
    paper = {"number": "ceremony.txt", "title": "密钥仪式记录 key ceremony", "date": documents.today_of(instance)}
    return documents.give_grant(
        instance,
        {
            "sub": org,
            "parent": None,
            "role": "issuer",
            "keys": keys,
            "acts": [*PATH_ACTS, *LIFECYCLE_ACTS],
            "scope": EVERYTHING,
            "depth": TOP_DEPTH,
            "nbf": now,
            "exp": now + TOP_DAYS * DAY,
            "document": paper,
        },
    )


def delegate(instance: Instance, wanted: Delegation) -> str:
    """Signs the grant with the grant key above; returns its hash. Raises Fault when it would be wider, NotFound."""
    with instance.engines.read.connect() as connection:
        if key_store.find_organisation(connection, wanted.org) is None:
            zh, en = f"机构不存在:{wanted.org}", f"No organisation {wanted.org}."
            raise NotFound("org_unknown", zh, en, f"certsvc keys org {wanted.org} --name …")
        parent = _parent(instance, connection, wanted)
        keys = [{"jkt": documents.own_key(connection, wanted.org, "seal").jkt, "use": "seal"}]
        keys += [{"jkt": jkt, "use": "officer"} for jkt in _officer_keys(connection, wanted)]
        if wanted.depth:
            keys.append({"jkt": documents.own_key(connection, wanted.org, "grant").jkt, "use": "grant"})
    now, above = instance.now(), parent.payload
    term = now + TERM_DAYS[wanted.role] * DAY if wanted.role in TERM_DAYS else above["exp"]
    return documents.give_grant(
        instance,
        {
            "sub": wanted.org,
            "parent": parent.sha256,
            "role": wanted.role,
            "keys": keys,
            "acts": list(wanted.acts or ROLE_ACTS[wanted.role]),
            "scope": {**above["scope"], **wanted.narrowed},
            "depth": wanted.depth,
            "nbf": now,
            "exp": min(term, above["exp"]) if wanted.until is None else wanted.until,
            "document": dict(wanted.document),
        },
    )


def _parent(instance: Instance, connection: Connection, wanted: Delegation) -> Grant:
    """The grant to stand on: the named one, or the newest living one of the authority that may be passed on."""
    rows = documents.grants_of(connection, instance.settings.authority)
    names = [wanted.parent] if wanted.parent else [row.sha256 for row in reversed(rows)]
    known = documents.grants_with_parents(connection, names)
    for name in names:
        grant = known[name]
        if grant.payload["depth"] <= wanted.depth or not grant.payload["nbf"] <= instance.now() <= grant.payload["exp"]:
            continue
        try:
            check_nesting(grant, known)
        except Fault:
            continue
        return grant
    zh, en = "没有可以下放的授权", "There is no living grant that may be passed on."
    raise NotReady("grant_absent", zh, en, "certsvc keys list")


def _officer_keys(connection: Connection, wanted: Delegation) -> list[str]:
    """Thumbprints of the officers' keys. Raises NotFound, Refused for an officer of another organisation."""
    own = {one.id: one for one in key_store.list_officers(connection, org_id=wanted.org)}
    if not own:
        zh, en = f"{wanted.org} 还没有经办人", f"{wanted.org} has no officer yet."
        raise NotFound("officer_absent", zh, en, f"certsvc keys officer ID --org {wanted.org} --name …")
    foreign = [one for one in wanted.officers if one not in own]
    if foreign:
        zh, en = f"{foreign[0]} 不是 {wanted.org} 的经办人", f"{foreign[0]} is no officer of {wanted.org}."
        raise Refused("officer_foreign", zh, en, "certsvc keys list")
    return [documents.officer_key(connection, one).jkt for one in (wanted.officers or sorted(own))]
