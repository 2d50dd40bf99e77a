"""Delegation: which grant a role usually needs, so that an operator names an organisation, a role and its officers.

1. the root gives the authority one top grant for its own keys (`give_top_grant`, at `certsvc init`), and another before that
   one ends (`renew_top_grant`, `certsvc keys renew`)
2. the authority, or a grant below, gives every organisation its role (`delegate`, `certsvc keys grant`)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from certsvc import resources
from certsvc.core.calendar import local_date
from certsvc.core.errors import Malformed, NotFound, NotReady, Refused
from certsvc.core.grants import Grant, check_nesting
from certsvc.core.outcomes import Fault
from certsvc.core.schemas import LIFECYCLE_ACTS, PATH_ACTS
from certsvc.core.titles import LEVELS
from certsvc.instance import Instance
from certsvc.services import documents, log_leaves
from certsvc.store import keys as key_store

#: Role -> the acts that go with it.
ROLE_ACTS: dict[str, tuple[str, ...]] = {
    "unit": ("unit_notice",),
    "county": ("recommend", "file"),
    "city": ("recommend", "file"),
    "department": ("recommend", "file"),
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
#: Days before its end from which the authority's own grant is given anew. All grants end with it, so it is said early.
RENEW_DAYS = 365
#: Private firms that review by themselves (吉林省2022年职称工作通知 一(二)2): a target, never a limit (domain.md 7, A14).
FIRMS_PLANNED = 100
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
    """The grant above by its hash, or an organisation: then its newest that may be passed on; None: the authority's."""
    depth: int = 0
    ratios: Mapping[str, int] = field(default_factory=dict)
    """Approved pass ratios, level -> percent; only an office of human resources may give them."""


def give_top_grant(instance: Instance) -> str:
    """The authority's own grant from the root, for its own keys; returns its hash."""
    paper = {"number": "ceremony.txt", "title": "密钥仪式记录 key ceremony", "date": documents.today_of(instance)}
    with log_leaves.transaction(instance) as connection:
        return documents.give_grant_within(instance, connection, _top(instance, connection, paper))


def _top(instance: Instance, connection: Connection, paper: Mapping[str, str]) -> dict[str, Any]:
    org, now = instance.settings.authority, instance.now()
    exp = now + TOP_DAYS * DAY
    return {
        "sub": org,
        "parent": None,
        "role": "issuer",
        "keys": [{"jkt": documents.own_key(connection, org, use).jkt, "use": use} for use in TOP_USES],
        "acts": [*PATH_ACTS, *LIFECYCLE_ACTS],
        "scope": _with_years_until(EVERYTHING, exp),
        "ratios": {},
        "depth": TOP_DEPTH,
        "nbf": now,
        "exp": exp,
        "document": dict(paper),
    }


def _with_years_until(scope: Mapping[str, Any], end: int) -> dict[str, Any]:
    """The scope, with award years at least up to that of the end of its grant: nothing wider is given before that."""
    years = scope["years"]
    return {**scope, "years": {**years, "to": max(years["to"], local_date(end).year)}}


def renew_top_grant(instance: Instance, paper: Mapping[str, str]) -> str:
    """The authority's own grant once more, for its keys of today; returns its hash. Its predecessor runs on to its end.

    It allows what the one did that ends last, of those that nobody withdrew. While that lives it begins when that began,
    as a successor does: what is signed next has a paper of before. Raises Refused for one that ends in more than a year.
    """
    with log_leaves.transaction(instance, urgent=True) as connection:
        # Of two who renew at once the second waits here, and then finds the grant of the first.
        key_store.lock_organisation(connection, "ROOT")
        fresh, last = _top(instance, connection, paper), last_top_grant(instance, connection)
        if last is None:
            return documents.give_grant_within(instance, connection, fresh)
        if last["exp"] > instance.now() + RENEW_DAYS * DAY:
            zh = f"现有总授权到 {local_date(last['exp'])} 才到期,期满前一年内续授"
            en = f"The authority's own grant lasts until {local_date(last['exp'])}; it is given anew within its last year."
            raise Refused("grant_lasts", zh, en, f"certsvc keys grants {last['sub']}")
        kept = {name: last[name] for name in ("role", "acts", "ratios", "depth")}
        kept |= {
            "scope": _with_years_until(last["scope"], fresh["exp"]),
            "keys": fresh["keys"] + _officers_of(connection, last),
        }
        begun = last["nbf"] if instance.now() <= last["exp"] else fresh["nbf"]
        return documents.give_grant_within(instance, connection, {**fresh, **kept, "nbf": begun})


def last_top_grant(instance: Instance, connection: Connection) -> Mapping[str, Any] | None:
    """The authority's own grant that ends last, living or not; None where all were withdrawn."""
    gone = documents.withdrawals(connection)
    given = documents.grants_of(connection, instance.settings.authority)
    top = [one.unverified_payload for one in given if one.sha256 not in gone]
    top = [one for one in top if one["parent"] is None and one["role"] == "issuer"]
    return max(top, key=lambda one: (one["exp"], one["iat"]), default=None)


def _officers_of(connection: Connection, grant: Mapping[str, Any]) -> list[dict[str, str]]:
    """The keys of today of the officers whom a grant names; who left has none."""
    named = (documents.key_by_jkt(connection, key["jkt"]) for key in grant["keys"] if key["use"] == "officer")
    officers = dict.fromkeys(str(key.officer_id) for key in named)
    held = (key_store.list_signing_keys(connection, officer_id=one) for one in officers)
    living = (next((key for key in keys if key.ended_reason is None), None) for keys in held)
    return [{"jkt": key.jkt, "use": "officer"} for key in living if key is not None]


def delegate(instance: Instance, wanted: Delegation) -> str:
    """Signs the grant with the grant key above; returns its hash. Raises Fault when it would be wider, NotFound."""
    return delegate_all(instance, [wanted])[0]


def delegate_all(instance: Instance, wanted: Sequence[Delegation]) -> list[str]:
    """As `delegate`, for several grants at once, of which either all are given or none; none stands on another."""
    with instance.engines.read.connect() as connection:
        payloads = [_payload(instance, connection, one) for one in wanted]
    with log_leaves.transaction(instance) as connection:
        return [documents.give_grant_within(instance, connection, payload) for payload in payloads]


def firms_beyond_plan(instance: Instance, org: str) -> int | None:
    """How many firms review by themselves, where that is more than planned and `org` is one of them (A14); else None."""
    with instance.engines.read.connect() as connection:
        firms = [firm.id for firm in key_store.list_organisations(connection, "firm")]
        able = [firm for firm in firms if _reviews_by_itself(connection, firm, instance.now())]
    return len(able) if org in able and len(able) > FIRMS_PLANNED else None


def _reviews_by_itself(connection: Connection, org: str, at: int) -> bool:
    """Whether a living grant lets it evaluate on track T04 (自主评审)."""
    held = [one.unverified_payload for one in documents.living_grants_of(connection, org, at)]
    return any("evaluate" in one["acts"] and not {"*", "T04"}.isdisjoint(one["scope"]["tracks"]) for one in held)


def _payload(instance: Instance, connection: Connection, wanted: Delegation) -> dict[str, Any]:
    """The grant but for what is added when it is signed."""
    if key_store.find_organisation(connection, wanted.org) is None:
        zh, en = f"机构不存在:{wanted.org}", f"No organisation {wanted.org}."
        raise NotFound("org_unknown", zh, en, f"certsvc keys org {wanted.org} --name …")
    _check_wanted(instance, wanted)
    parent = _parent(instance, connection, wanted)
    keys = [{"jkt": documents.own_key(connection, wanted.org, "seal").jkt, "use": "seal"}]
    keys += [{"jkt": jkt, "use": "officer"} for jkt in _officer_keys(connection, wanted)]
    if wanted.depth:
        keys.append({"jkt": documents.own_key(connection, wanted.org, "grant").jkt, "use": "grant"})
    now, above = instance.now(), parent.payload
    term = now + TERM_DAYS[wanted.role] * DAY if wanted.role in TERM_DAYS else above["exp"]
    return {
        "sub": wanted.org,
        "parent": parent.sha256,
        "role": wanted.role,
        "keys": keys,
        "acts": list(wanted.acts or ROLE_ACTS[wanted.role]),
        "scope": {**above["scope"], **wanted.narrowed},
        "ratios": dict(wanted.ratios),
        "depth": wanted.depth,
        "nbf": now,
        "exp": min(term, above["exp"]) if wanted.until is None else wanted.until,
        "document": dict(wanted.document),
    }


def _check_wanted(instance: Instance, wanted: Delegation) -> None:
    """Returns if what is granted exists, and ends in a time to come. Raises Malformed."""
    titles, again = resources.titles(), f"certsvc keys grant {wanted.org} --help"
    known = {"series": titles.series, "tracks": resources.tracks()}
    for name, codes in known.items():
        foreign = [one for one in wanted.narrowed.get(name, ()) if one != "*" and one not in codes]
        if foreign:
            zh, en = f"没有此代码:{name} {foreign[0]}", f"There is no {foreign[0]} among the {name}."
            raise Malformed("scope_unknown", zh, en, again)
    if wanted.until is not None and wanted.until <= instance.now():
        zh, en = "授权止期已过", "The grant would have ended already."
        raise Malformed("until_past", zh, en, again)


def _parent(instance: Instance, connection: Connection, wanted: Delegation) -> Grant:
    """The grant to stand on: the named one, or the newest living one of that office that may be passed on."""
    giver = wanted.parent or instance.settings.authority
    names = [row.sha256 for row in reversed(documents.grants_of(connection, giver))] or [giver]
    known, now = documents.grants_with_parents(connection, names), instance.now()
    withdrawn = None
    for name in names:
        grant = known[name]
        if grant.payload["depth"] <= wanted.depth or not grant.payload["nbf"] <= now <= grant.payload["exp"]:
            continue
        try:
            check_nesting(grant, known)
            documents.check_standing(connection, grant, now)
        except Fault as fault:
            withdrawn = fault if fault.code == "grant_withdrawn" else withdrawn
            continue
        # The predecessors of a grant whose key was rotated stay for what was signed before, and give nothing more.
        if grant.has_key(documents.own_key(connection, grant.org, "grant").jkt, "grant"):
            return grant
    if withdrawn is not None:
        raise withdrawn
    zh, en = "没有可以下放的授权", "There is no living grant that may be passed on."
    last = last_top_grant(instance, connection)
    ended = last is None or last["exp"] < now
    hint = "certsvc keys renew --document-number 文号" if ended else "certsvc keys grants"
    raise NotReady("grant_absent", zh, en, hint)


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
