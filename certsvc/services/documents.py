"""Signed documents of the instance: grants, procedures, calendars and trust bundles are made and found here."""

import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import chinese_calendar
from sqlalchemy import Connection

from certsvc import resources
from certsvc.core.bundle import parse_shared
from certsvc.core.calendar import local_date
from certsvc.core.errors import NotFound, NotReady
from certsvc.core.grants import Grant, ancestry, check_nesting
from certsvc.core.jose import Jws, parse_compact, parse_document, sign_compact
from certsvc.core.kinds import KINDS
from certsvc.core.note import format_vkey
from certsvc.core.outcomes import Fault
from certsvc.instance import Instance
from certsvc.services import cosign, log, log_leaves, log_points, trust_room
from certsvc.services.editions import calendar_at, calendar_rows, procedure_at, procedure_rows
from certsvc.services.former_witnesses import former_witnesses
from certsvc.services.log_points import Points
from certsvc.services.trust_rows import key_row, withdrawn_rows
from certsvc.services.witness_list import policy_ever
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import log as log_store
from certsvc.store.rows import Document, SigningKey

#: How long a trust bundle stands (formats.md 7); a new one is published with every change and on demand.
TRUST_TERM = 730 * 86_400
#: Documents of one kind that a database connection keeps in memory.
REMEMBERED = 1024
T = TypeVar("T")


def own_key(connection: Connection, org: str, use: str) -> SigningKey:
    """The newest living key of an organisation for `use`. Raises NotReady."""
    return _newest_living(key_store.list_signing_keys(connection, org_id=org, use=use), org, use)


def officer_key(connection: Connection, officer_id: str) -> SigningKey:
    """The newest living key of an officer. Raises NotReady."""
    return _newest_living(key_store.list_signing_keys(connection, officer_id=officer_id), officer_id, "officer")


def key_in_service(instance: Instance, connection: Connection, org: str, use: str, at: int) -> SigningKey | None:
    """The key of an organisation that was in service at `at`, for completing what was begun then.

    A rotated key still completes what was begun before it was rotated; one that ended otherwise, or whose certificate did
    not hold then, completes nothing.
    """
    keys = key_store.list_signing_keys(connection, org_id=org, use=use)
    living = [key for key in keys if key.valid_from <= at < key.valid_to and key.ended_reason in (None, "rotated")]
    fitting = [key for key in living if instance.term_of(key).has(at)]
    # What was begun in the very second of a rotation may not know of the new key yet; the old one is good a little longer.
    return min(fitting, key=lambda key: (key.valid_from == at, -key.valid_from, key.ended_reason or ""), default=None)


def _newest_living(newest_first: tuple[SigningKey, ...], whose: str, use: str) -> SigningKey:
    key = next((key for key in newest_first if key.ended_reason is None), None)
    if key is None:
        hint = f"certsvc keys rotate --org {whose} --use {use}" if use in ("seal", "grant") else "certsvc keys list"
        raise NotReady("key_absent", f"{whose} 没有 {use} 密钥", f"{whose} has no {use} key.", hint)
    return key


def key_by_jkt(connection: Connection, jkt: str) -> SigningKey:
    """The registered key. Raises NotFound."""
    key = key_store.find_signing_key(connection, jkt)
    if key is None:
        raise NotFound("key_unregistered", f"密钥未登记:{jkt}", f"No key {jkt} is registered.", "certsvc keys history")
    return key


def store_signed(
    instance: Instance, connection: Connection, key: SigningKey, typ: str, payload: dict[str, Any], subject: str
) -> Jws:
    """Signs `payload` with `key`, stores the exact bytes under their hash and gives the document back."""
    document = parse_document(sign_compact(payload, typ, instance.signer(key)), typ)
    # Its place in time is the one it states: two bundles of one second follow each other by single seconds.
    document_store.add_document(connection, typ, document.body, subject=subject, iat=payload["iat"])
    log_leaves.log_document(instance, connection, document)
    return document


def give_grant(instance: Instance, payload: dict[str, Any]) -> str:
    """Signs a grant: a top grant with the policy key, another with the grant key of its parent. Returns its hash.

    `payload` is the grant without `jti`, `iss`. Raises Fault when it would be wider than its parent.
    """
    with log_leaves.transaction(instance) as connection:
        return give_grant_within(instance, connection, payload)


def give_grant_within(instance: Instance, connection: Connection, payload: dict[str, Any]) -> str:
    """As `give_grant`, inside the caller's transaction. `payload` may also say `iat`."""
    parent = payload["parent"]
    issuer, key = grantor(connection, parent)
    above = grants_with_parents(connection, [parent] if parent else [])
    if parent is not None:
        check_standing(connection, above[parent], instance.now())
    whole = {"jti": f"g-{uuid4()}", "iss": issuer, "iat": instance.now(), **payload}
    document = store_signed(instance, connection, key, "grant+jwt", whole, payload["sub"])
    # Our own result is checked by the verifier's rule before the transaction ends.
    own = Grant(document.sha256, document.unverified_payload, key.jkt, key.use, issuer)
    check_nesting(own, {**above, own.sha256: own})
    return document.sha256


def grantor(connection: Connection, parent: str | None) -> tuple[str, SigningKey]:
    """Who gives grants under `parent`, and with which key: the root for a top grant. Raises NotFound, NotReady."""
    if parent is None:
        return "ROOT", own_key(connection, "ROOT", "policy")
    issuer = str(load_document(connection, parent, "grant+jwt").unverified_payload["sub"])
    return issuer, own_key(connection, issuer, "grant")


def withdrawer(connection: Connection, parent: str | None) -> tuple[str, SigningKey]:
    """Who withdraws grants under `parent`: who gives them or, without a living key for that, the nearest office above."""
    try:
        return grantor(connection, parent)
    except NotReady:
        if parent is None:
            raise
        above = load_document(connection, parent, "grant+jwt").unverified_payload["parent"]
        return withdrawer(connection, above)


def load_document(connection: Connection, sha256: str, typ: str) -> Jws:
    """A stored document. Raises NotFound."""

    def find() -> Jws:
        row = document_store.find_document(connection, sha256)
        if row is None or row.typ != typ:
            hint = "certsvc keys grants" if typ == "grant+jwt" else "certsvc doctor"
            raise NotFound("document_unknown", f"文件不存在:{sha256}", f"No {typ} {sha256} is stored.", hint)
        return parse_shared(row.body, typ)

    return _remembered(connection, typ, sha256, find)


def certificate_of(connection: Connection, jkt: str, ca: str) -> bytes:
    """The DER certificate of a registered key, remembered while `ca` is the newest issuing CA. Raises NotFound."""
    return _remembered(connection, "certificate", f"{ca}/{jkt}", lambda: key_by_jkt(connection, jkt).certificate)


def _remembered(connection: Connection, kind: str, name: str, find: Callable[[], T]) -> T:
    """What `find` gives, asked once per database connection: what a hash names never changes.

    Ten thousand certificates of one roster share their acts, grants and keys.
    """
    memory: dict[str, T] = connection.info.setdefault(f"certsvc/{kind}", {})
    if name not in memory:
        if len(memory) >= REMEMBERED:
            memory.clear()
        memory[name] = find()
    return memory[name]


def grants_of(connection: Connection, org: str) -> list[Jws]:
    """All grants to an organisation, oldest first."""
    return [parse_shared(row.body, row.typ) for row in document_store.list_documents(connection, "grant+jwt", org)]


def withdrawals(connection: Connection) -> Mapping[str, Mapping[str, Any]]:
    """Grant hash -> payload of the first withdrawal of it."""
    return {grant: document.unverified_payload for grant, document in first_withdrawals(connection).items()}


def first_withdrawals(connection: Connection) -> Mapping[str, Jws]:
    """Grant hash -> the first withdrawal of it."""
    found: dict[str, Jws] = {}
    for row in document_store.list_documents(connection, "ungrant+jwt"):
        document = parse_shared(row.body, row.typ)
        found.setdefault(document.unverified_payload["grant"], document)
    return found


def withdrawn_from(payload: Mapping[str, Any]) -> int:
    """From when on nothing may be done under a grant, by the payload of its withdrawal; seconds."""
    if payload["reason"] != "compromised":
        return int(payload["from"])
    return int(payload["good_before"] or 0)


def is_withdrawn(connection: Connection, grant: Grant, at: int) -> bool:
    """Whether `grant`, or one that it stands on, is withdrawn for what is done at `at`."""
    ended = withdrawals(connection)
    line = ancestry(grant, grants_with_parents(connection, [grant.sha256])) if ended else ()
    return any(step.sha256 in ended and withdrawn_from(ended[step.sha256]) <= at for step in line)


def check_standing(connection: Connection, grant: Grant, at: int, act: str | None = None) -> None:
    """Returns if nothing withdraws `grant` for what is done at `at`. Raises Fault."""
    if is_withdrawn(connection, grant, at):
        raise Fault("grant_withdrawn", act, grant.org)


def living_grants_of(connection: Connection, org: str, at: int) -> list[Jws]:
    """The grants of an organisation that are neither withdrawn nor past their end at `at`, oldest first."""
    given = [one for one in grants_of(connection, org) if at <= one.unverified_payload["exp"]]
    known = grants_with_parents(connection, [one.sha256 for one in given])
    return [one for one in given if not is_withdrawn(connection, known[one.sha256], at)]


def grants_with_parents(connection: Connection, names: list[str]) -> Mapping[str, Grant]:
    """The named grants and their ancestors with their signers, as the verifier sees them."""
    found: dict[str, Grant] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _remembered(connection, "grant", name, lambda name=name: _grant(connection, name))
            waiting += [p for p in [found[name].payload["parent"]] if p is not None]
    return found


def _grant(connection: Connection, name: str) -> Grant:
    document = load_document(connection, name, "grant+jwt")
    key = key_by_jkt(connection, document.signatures[0].unverified_kid)
    return Grant(name, document.unverified_payload, key.jkt, key.use, key.org_id or "")


def publish_procedures(instance: Instance) -> list[str]:
    """Signs every procedure that ships with the package and is not stored yet; returns the tracks."""
    tracks = []
    with log_leaves.transaction(instance) as connection:
        key = own_key(connection, "ROOT", "policy")
        for code, track in resources.tracks().items():
            known = [one.unverified_payload for one in standing_documents(connection, "procedure+jwt", code)]
            if track.procedure not in [{name: p[name] for name in p if name != "iat"} for p in known]:
                whole = {**track.procedure, "iat": instance.now()}
                store_signed(instance, connection, key, "procedure+jwt", whole, code)
                tracks.append(code)
    return tracks


def procedure_for(connection: Connection, track: str, at: int) -> Jws:
    """The newest procedure of `track` that has begun by `at`. Raises NotFound where there is none, or it has ended."""
    found = procedure_at(standing_documents(connection, "procedure+jwt", track), at)
    if found is None:
        zh = f"没有取得方式 {track} 的有效程序;新版随程序升级提供"
        en = f"No procedure for {track} is in force at that time; newer ones come with an update of certsvc."
        raise NotFound("procedure_absent", zh, en, "certsvc keys procedures")
    return found


def publish_calendar(instance: Instance) -> str:
    """Signs the working-day calendar of the years that the kept library knows; returns its hash."""
    first, last = date(2022, 1, 1), date(max(chinese_calendar.constants.holidays).year, 12, 31)
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    payload = {
        "jti": f"calendar-{first:%Y}-{last:%Y}",
        "iat": instance.now(),
        "first": first.isoformat(),
        "last": last.isoformat(),
        "days_off": [d.isoformat() for d in days if d.weekday() < 5 and not chinese_calendar.is_workday(d)],
        "workdays": [d.isoformat() for d in days if d.weekday() >= 5 and chinese_calendar.is_workday(d)],
        "source": "国务院办公厅放假安排 (PyPI chinesecalendar)",
    }
    with log_leaves.transaction(instance) as connection:
        key = own_key(connection, "ROOT", "policy")
        return store_signed(instance, connection, key, "calendar+jwt", payload, "calendar").sha256


def current_calendar(connection: Connection) -> Jws:
    """The newest working-day calendar. Raises NotReady."""
    known = standing_documents(connection, "calendar+jwt", "calendar")
    if not known:
        raise _absent("calendar+jwt", "certsvc keys calendar")
    return known[-1]


def calendar_for(connection: Connection, at: int) -> Jws:
    """The calendar by which a notice that is closed at `at` is counted. Raises NotReady."""
    found = calendar_at(standing_documents(connection, "calendar+jwt", "calendar"), at)
    if found is None:
        raise _absent("calendar+jwt", "certsvc keys calendar")
    return found


def standing_documents(connection: Connection, typ: str, subject: str | None = None) -> list[Jws]:
    """Documents of the policy key, oldest first, without those that it signed when somebody else had it."""
    keys = key_store.list_signing_keys(connection, use="policy")
    stolen = {key.jkt: key.good_before or 0 for key in keys if key.ended_reason == "compromised"}
    found = [parse_shared(row.body, row.typ) for row in document_store.list_documents(connection, typ, subject)]
    if not stolen:
        return found
    return [
        one
        for one in found
        if one.unverified_payload["iat"] < stolen.get(one.signatures[0].unverified_kid, sys.maxsize)
    ]


def publish_trust(instance: Instance) -> Jws:
    """Signs the trust bundle: which procedures and calendars count, key history and hosts (formats.md 7)."""
    with log_leaves.transaction(instance) as connection:
        return publish_trust_within(instance, connection)


def publish_trust_within(instance: Instance, connection: Connection) -> Jws:
    """As `publish_trust`, inside the caller's transaction."""
    # Of two who publish at once the second waits here, and then says what the first one has changed as well.
    key_store.lock_organisation(connection, "ROOT")
    newest = document_store.newest_document(connection, "trust+jwt", "trust")
    # Of two bundles of one second nobody could tell which one lacks a withdrawal.
    iat = instance.now() if newest is None else max(instance.now(), newest.iat + 1)
    payload = {"iat": iat, "exp": iat + TRUST_TERM, **_trusted(instance, connection, newest)}
    policy = own_key(connection, "ROOT", "policy")
    return store_signed(instance, connection, policy, "trust+jwt", payload, "trust")


def renew_trust(instance: Instance) -> None:
    """Publishes a trust bundle where the newest has the form of an earlier version, in which nobody reads it any more."""
    with log_leaves.transaction(instance) as connection:
        newest = document_store.newest_document(connection, "trust+jwt", "trust")
        if newest and not KINDS[newest.typ].fits(parse_compact(newest.body, newest.typ).unverified_payload):
            publish_trust_within(instance, connection)


def _trusted(instance: Instance, connection: Connection, before: Document | None) -> dict[str, Any]:
    """What a trust bundle says beside its dates; `before` is the one that it follows."""
    # The living keys of other offices are left out: there are thousands of them, and a bundle travels with every
    # certificate. A verifier asks it which keys have ended, and learns from grants and certificates which ones live.
    gone = first_withdrawals(connection)
    procedures = standing_documents(connection, "procedure+jwt")
    calendars = standing_documents(connection, "calendar+jwt")
    others = len(gone) + len(procedures) + len(calendars)
    keys = [*trust_room.told_keys(connection, instance, others), *former_witnesses(connection, instance)]
    ends = {key.jkt: _end_events(connection, key) for key in keys if key.ended_reason}
    told = [event for events in ends.values() for event in events]
    names = [one.sha256 for one in (*gone.values(), *procedures, *calendars, *told)]
    payloads = [one.unverified_payload for one in gone.values()]
    moments = {one["good_before"] for one in payloads} | {key.good_before for key in keys}
    points = Points(log_points.places(connection, names), _bounds(instance, connection, moments, before))
    return {
        "n": log_store.read_state(connection).pub_size,
        "withdrawn": withdrawn_rows(payloads, {sha256: one.sha256 for sha256, one in gone.items()}, points),
        "keys": [key_row(key, ends.get(key.jkt, ()), points) for key in keys],
        "procedures": procedure_rows(procedures, points),
        "calendars": calendar_rows(calendars, points),
        "witness_policy": cosign.policy_row(instance),
        "log_vkeys": [format_vkey(key) for key in log.all_log_keys(instance, connection)],
        "hosts": [instance.host],
    }


def _end_events(connection: Connection, key: SigningKey) -> tuple[Jws, ...]:
    """The events that a key has ended; a second one tells of a theft that came to light later."""
    events = [parse_shared(row.body, row.typ) for row in document_store.list_documents(connection, "key+jwt", key.jkt)]
    return tuple(one for one in events if one.unverified_payload["to"] is not None)


def _bounds(
    instance: Instance, connection: Connection, moments: Iterable[int | None], before: Document | None
) -> Mapping[int, int]:
    """The points up to which something was good, as log sizes.

    Those of the last bundle stay: another policy, which no old checkpoint satisfies, takes back nothing.
    """
    # Its form may be that of an earlier version, which had these rows as well.
    said = (
        {"withdrawn": [], "keys": []} if before is None else parse_compact(before.body, before.typ).unverified_payload
    )
    rows = (row for row in (*said["withdrawn"], *said["keys"]) if row["good_before_index"] is not None)
    known = {row["good_before"]: row["good_before_index"] for row in rows}
    wanted = {moment for moment in moments if moment is not None}
    return log_points.bounds(connection, policy_ever(instance), wanted, known)


def bound_of(instance: Instance, connection: Connection, moment: int) -> int | None:
    """What a trust bundle of now says had been good before `moment` (seconds): a size of the log, None without witnesses."""
    before = document_store.newest_document(connection, "trust+jwt", "trust")
    return _bounds(instance, connection, [moment], before).get(moment)


def current_trust(connection: Connection) -> Jws:
    """The newest trust bundle. Raises NotReady."""
    return _newest(connection, "trust+jwt", "trust")


def today_of(instance: Instance) -> str:
    """Today in Asia/Shanghai by the instance's clock, as ISO text."""
    return local_date(instance.now()).isoformat()


def _newest(connection: Connection, typ: str, subject: str) -> Jws:
    row = document_store.newest_document(connection, typ, subject)
    if row is None:
        raise _absent(typ, "certsvc doctor")
    return parse_shared(row.body, typ)


def _absent(typ: str, hint: str) -> NotReady:
    return NotReady("document_absent", f"缺少 {typ}", f"No {typ} was published.", hint)
