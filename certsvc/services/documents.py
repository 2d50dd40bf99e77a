"""Signed documents of the instance: grants, procedures, calendars and trust bundles are made and found here."""

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import chinese_calendar
from sqlalchemy import Connection

from certsvc import resources
from certsvc.core.bundle import parse_shared
from certsvc.core.calendar import local_date
from certsvc.core.errors import NotFound, NotReady
from certsvc.core.grants import Grant, check_nesting
from certsvc.core.jose import Jws, parse_document, sign_compact
from certsvc.instance import Instance
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store.rows import SigningKey

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


def _newest_living(newest_first: tuple[SigningKey, ...], whose: str, use: str) -> SigningKey:
    key = next((key for key in newest_first if key.ended_reason is None), None)
    if key is None:
        raise NotReady("key_absent", f"{whose} 没有 {use} 密钥", f"{whose} has no {use} key.", "certsvc keys list")
    return key


def key_by_jkt(connection: Connection, jkt: str) -> SigningKey:
    """The registered key. Raises NotFound."""
    key = key_store.find_signing_key(connection, jkt)
    if key is None:
        raise NotFound("key_unregistered", f"密钥未登记:{jkt}", f"No key {jkt} is registered.", "certsvc keys list")
    return key


def store_signed(
    instance: Instance, connection: Connection, key: SigningKey, typ: str, payload: dict[str, Any], subject: str
) -> Jws:
    """Signs `payload` with `key`, stores the exact bytes under their hash and gives the document back."""
    document = parse_document(sign_compact(payload, typ, instance.signer(key)), typ)
    document_store.add_document(connection, typ, document.body, subject=subject, iat=instance.now())
    return document


def give_grant(instance: Instance, payload: dict[str, Any]) -> str:
    """Signs a grant: a top grant with the policy key, another with the grant key of its parent. Returns its hash.

    `payload` is the grant without `jti`, `iss`. Raises Fault when it would be wider than its parent.
    """
    with instance.engines.write.begin() as connection:
        parent = payload["parent"]
        if parent is None:
            issuer, key = "ROOT", own_key(connection, "ROOT", "policy")
        else:
            issuer = str(load_document(connection, parent, "grant+jwt").unverified_payload["sub"])
            key = own_key(connection, issuer, "grant")
        whole = {"jti": f"g-{uuid4()}", "iss": issuer, "iat": instance.now(), **payload}
        document = store_signed(instance, connection, key, "grant+jwt", whole, payload["sub"])
        # Our own result is checked by the verifier's rule before the transaction ends.
        own = Grant(document.sha256, document.unverified_payload, key.jkt, key.use, issuer)
        check_nesting(own, {**grants_with_parents(connection, [parent] if parent else []), own.sha256: own})
    return document.sha256


def load_document(connection: Connection, sha256: str, typ: str) -> Jws:
    """A stored document. Raises NotFound."""

    def find() -> Jws:
        row = document_store.find_document(connection, sha256)
        if row is None or row.typ != typ:
            raise NotFound("document_unknown", f"文件不存在:{sha256}", f"No {typ} {sha256} is stored.")
        return parse_shared(row.body, typ)

    return _remembered(connection, typ, sha256, find)


def certificate_of(connection: Connection, jkt: str) -> bytes:
    """The DER certificate of a registered key. Raises NotFound."""
    return _remembered(connection, "certificate", jkt, lambda: key_by_jkt(connection, jkt).certificate)


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
    with instance.engines.write.begin() as connection:
        key = own_key(connection, "ROOT", "policy")
        for file in sorted(resources.path("procedures").glob("T*.json")):
            payload = json.loads(file.read_text(encoding="utf-8"))
            stored = document_store.list_documents(connection, "procedure+jwt", payload["track"])
            known = [parse_shared(row.body, row.typ).unverified_payload for row in stored]
            if payload not in [{name: p[name] for name in p if name != "iat"} for p in known]:
                whole = {**payload, "iat": instance.now()}
                store_signed(instance, connection, key, "procedure+jwt", whole, payload["track"])
                tracks.append(payload["track"])
    return tracks


def procedure_for(connection: Connection, track: str, at: int) -> Jws:
    """The newest procedure of `track` in force at `at`. Raises NotFound."""
    rows = document_store.list_documents(connection, "procedure+jwt", track)
    known = [parse_shared(row.body, row.typ) for row in rows]
    # An act names the hash of its procedure, so it cannot be older than the day on which that was signed.
    payloads = [(p, p.unverified_payload) for p in known]
    fitting = [p for p, said in payloads if max(said["nbf"], said["iat"]) <= at <= said["exp"]]
    if not fitting:
        zh, en = f"没有取得方式 {track} 的有效程序", f"No procedure for {track} is in force at that time."
        raise NotFound("procedure_absent", zh, en, "certsvc keys procedures")
    return max(fitting, key=lambda p: p.unverified_payload["version"])


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
    with instance.engines.write.begin() as connection:
        key = own_key(connection, "ROOT", "policy")
        return store_signed(instance, connection, key, "calendar+jwt", payload, "calendar").sha256


def current_calendar(connection: Connection) -> Jws:
    """The newest working-day calendar. Raises NotReady."""
    return _newest(connection, "calendar+jwt", "calendar")


def publish_trust(instance: Instance) -> Jws:
    """Signs the trust bundle: which procedures and calendars count, key history and hosts (formats.md 7)."""
    with instance.engines.write.begin() as connection:
        procedures = document_store.list_documents(connection, "procedure+jwt")
        payload = {
            "n": 0,
            "iat": instance.now(),
            "exp": instance.now() + TRUST_TERM,
            "withdrawn": [],
            "keys": [_key_history(key) for key in key_store.list_signing_keys(connection) if key.use != "officer"],
            "procedures": [
                {"track": row.subject, "sha256": row.sha256, "from_index": 0, "to_index": None} for row in procedures
            ],
            "calendars": [row.sha256 for row in document_store.list_documents(connection, "calendar+jwt")],
            "witness_policy": None,
            "log_vkeys": [],
            "hosts": [instance.host],
        }
        policy = own_key(connection, "ROOT", "policy")
        return store_signed(instance, connection, policy, "trust+jwt", payload, "trust")


def current_trust(connection: Connection) -> Jws:
    """The newest trust bundle. Raises NotReady."""
    return _newest(connection, "trust+jwt", "trust")


def today_of(instance: Instance) -> str:
    """Today in Asia/Shanghai by the instance's clock, as ISO text."""
    return local_date(instance.now()).isoformat()


def _newest(connection: Connection, typ: str, subject: str) -> Jws:
    row = document_store.newest_document(connection, typ, subject)
    if row is None:
        raise NotReady("document_absent", f"缺少 {typ}", f"No {typ} was published.", "certsvc doctor")
    return parse_shared(row.body, typ)


def _key_history(key: SigningKey) -> dict[str, Any]:
    ended = key.ended_reason
    return {
        "jkt": key.jkt,
        "use": key.use,
        "from": key.valid_from,
        "to": key.valid_to if ended else None,
        "reason": ended,
        "good_before": key.good_before,
    }
