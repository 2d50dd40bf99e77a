"""Key history (密钥事件): every beginning and end of a key is signed by the policy key (docs/format.md 3)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from certsvc.core.bundle import parse_shared
from certsvc.core.chain import has_issued
from certsvc.core.errors import NotReady, Refused
from certsvc.core.kinds import CA
from certsvc.core.note import parse_vkey
from certsvc.instance import Instance
from certsvc.services import documents, log_leaves
from certsvc.services.former_witnesses import witness_jkt
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store.rows import SigningKey


@dataclass(frozen=True)
class KeyLine:
    """One key of the history; times in seconds, `to`, `reason` and `good_before` None while it lives."""

    jkt: str
    use: str
    org: str
    start: int
    to: int | None
    reason: str | None
    good_before: int | None
    officer: str | None
    certified_until: int | None
    """End of the certificate of a living key, None for one that has ended."""


def certify(instance: Instance, connection: Connection, keys: Iterable[SigningKey]) -> None:
    """Registers keys that were certified and signs the beginning of each. The policy key has to be registered first.

    Raises NotReady(ca_changed) for one that was certified by an issuing CA which turned out to be stolen meanwhile.
    """
    key_store.lock_organisation(connection, "ROOT")
    stolen = [ca for ca in key_store.list_signing_keys(connection, use=CA) if ca.ended_reason == "compromised"]
    for key in keys:
        if any(has_issued(ca.certificate, key.certificate) for ca in stolen):
            zh, en = "签发 CA 刚被更换,请重新登记", "The issuing CA was replaced in this very moment; enrol once more."
            raise NotReady("ca_changed", zh, en, "certsvc keys list")
        key_store.add_signing_key(connection, key)
        note(instance, connection, key)


def note(instance: Instance, connection: Connection, key: SigningKey) -> None:
    """Signs what the register says about a key now."""
    ended = key.ended_reason is not None
    payload = {
        "jti": f"k-{uuid4()}",
        "jkt": key.jkt,
        "use": key.use,
        "org": key.org_id or "",
        "from": key.valid_from,
        "to": key.valid_to if ended else None,
        "reason": key.ended_reason,
        "good_before": key.good_before,
        "iat": instance.now(),
    }
    policy = documents.own_key(connection, "ROOT", "policy")
    documents.store_signed(instance, connection, policy, "key+jwt", payload, key.jkt)


def end(connection: Connection, key: SigningKey, reason: str, at: int, good_before: int | None = None) -> SigningKey:
    """Ends a key in the register; gives it back as it stands now. Raises Refused for a key that has ended already.

    Signing the event is the caller's next step: after a rotation of the policy key its successor signs.
    """
    # The register keeps no key that ended before it began.
    key_store.end_signing_key(connection, key.jkt, reason, max(at, key.valid_from + 1), good_before)
    return documents.key_by_jkt(connection, key.jkt)


def end_key(instance: Instance, jkt: str, reason: str = "withdrawn") -> SigningKey:
    """Ends a key that nothing replaces, of an officer who leaves for example, and publishes it. Raises Refused,
    also for a grant key on which grants stand."""
    if reason != "withdrawn":
        zh, en = "轮换与泄露各有命令", "A rotation and a compromise have commands of their own."
        raise Refused("key_end_reason", zh, en, f"certsvc keys compromised {jkt} --since TIME --dry-run")
    with log_leaves.transaction(instance) as connection:
        # Before anything else, as every change of keys and grants does: the second at a time waits here, and holds nothing.
        key_store.lock_organisation(connection, "ROOT")
        key = documents.key_by_jkt(connection, jkt)
        needed = key.org_id in ("ROOT", instance.settings.authority) and key.officer_id is None
        if needed and not _is_former_ca(connection, key):
            zh, en = (
                "发证机关的密钥只轮换,不单独停用",
                "A key of the authority is rotated; without it the work would stop.",
            )
            raise Refused("key_use", zh, en, f"certsvc keys rotate --org {key.org_id} --use {key.use}")
        _check_passes_nothing_on(instance, connection, key)
        # What was signed in this very second was signed before.
        ended = end(connection, key, reason, instance.now() + 1)
        note(instance, connection, ended)
        documents.publish_trust_within(instance, connection)
    return ended


def _check_passes_nothing_on(instance: Instance, connection: Connection, key: SigningKey) -> None:
    """Returns unless grants stand on those of the office whose grant key this is. Raises Refused(grant_key_needed).

    Without one nobody below it could be given another key.
    """
    if key.use != "grant":
        return
    own = {one.sha256 for one in documents.grants_of(connection, str(key.org_id))}
    given = [parse_shared(row.body, row.typ) for row in document_store.list_documents(connection, "grant+jwt")]
    below = [one for one in given if one.unverified_payload["parent"] in own]
    known, now = documents.grants_with_parents(connection, [one.sha256 for one in below]), instance.now()
    for one in below:
        org = one.unverified_payload["sub"]
        if now <= one.unverified_payload["exp"] and not documents.is_withdrawn(connection, known[one.sha256], now):
            zh = f"{key.org_id} 下放给 {org} 的授权仍有效,须先撤回,或改为轮换"
            en = f"A grant that {key.org_id} gave to {org} stands: withdraw it first, or rotate the key."
            raise Refused("grant_key_needed", zh, en, f"certsvc keys rotate --org {key.org_id} --use grant")


def _is_former_ca(connection: Connection, key: SigningKey) -> bool:
    """Whether it is an issuing CA, and another one certifies what comes."""
    living = [ca for ca in key_store.list_signing_keys(connection, use=CA) if ca.ended_reason is None]
    return key.use == CA and living[0] != key


def history(instance: Instance, org: str | None = None) -> list[KeyLine]:
    """Every key that was ever registered (for one organisation), newest first, and then the witnesses of the log.

    Root, issuing CAs, officers and those who have left are among them. A witness is in nobody's register: it begins with
    the first trust bundle that names it.
    """
    with instance.engines.read.connect() as connection:
        keys = [_line(key) for key in key_store.list_signing_keys(connection, org_id=org)]
        return keys + [line for line in _witnesses(connection) if org in (None, line.org)]


def _witnesses(connection: Connection) -> Iterator[KeyLine]:
    """The witnesses that trust bundles named, by the name that they have as an organisation."""
    first: dict[str, int] = {}
    ended: dict[str, Mapping[str, Any]] = {}
    for row in document_store.list_documents(connection, "trust+jwt", "trust"):
        said = parse_shared(row.body, row.typ).unverified_payload
        for vkey in () if said["witness_policy"] is None else said["witness_policy"]["vkeys"]:
            first.setdefault(vkey, row.iat)
        ended |= {one["jkt"]: one for one in said["keys"] if one["use"] == "witness" and one["to"] is not None}
    for vkey, start in first.items():
        key = parse_vkey(vkey)
        jkt = witness_jkt(key)
        end = ended.get(jkt, {"to": None, "reason": None, "good_before": None})
        yield KeyLine(jkt, "witness", key.name, start, end["to"], end["reason"], end["good_before"], None, None)


def _line(key: SigningKey) -> KeyLine:
    living = key.ended_reason is None
    return KeyLine(
        key.jkt,
        key.use,
        key.org_id or "",
        key.valid_from,
        None if living else key.valid_to,
        key.ended_reason,
        key.good_before,
        key.officer_id,
        key.valid_to if living else None,
    )
