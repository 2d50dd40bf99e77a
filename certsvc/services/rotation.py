"""Rotation of a key without downtime (`certsvc keys rotate`): the new key takes over in one transaction.

1. certify   – a new key for the same holder and use, and the signed event that it begins
2. succeed   – every living grant that names the old key gets a successor that names the new one; the old grants stay
3. end       – the old key ends as `rotated`, a minute from now, and a trust bundle says so

Nobody sees a state between these, so nothing has to wait: before it the old key signs, after it the new one does.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from certsvc.core.errors import NotFound, NotReady, Refused
from certsvc.core.jose import Jws
from certsvc.core.kinds import CA
from certsvc.instance import Instance
from certsvc.services import certifiers, documents, enrol, key_events, log_leaves, trust_room
from certsvc.store import keys as key_store
from certsvc.store.rows import SigningKey

#: Seconds for which the old key still counts: what was being signed is finished with it, and lists of one moment may be
#: dated a little ahead of the clock (publish.SAME_MOMENT).
HANDOVER = 60
#: What tells a grant from its successor.
OWN = ("jti", "iss", "iat", "keys", "parent")
#: Keys of an office that it may lack: one was never made, or ended without another in its place.
MAY_LACK = ("seal", "grant")
Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Rotated:
    """The key that ended, the key that took its place, and the hashes of the successor grants."""

    old: SigningKey | None
    """None where no key was living."""
    new: SigningKey
    grants: tuple[str, ...]
    ungiven: tuple[str, ...] = ()
    """Hashes of the grants of a stolen key that nobody could give a successor: they have to be given anew."""


def rotate_key(instance: Instance, org: str, use: str) -> Rotated:
    """A new key of an organisation for `use`; a seal or a grant key also where none is living, and then its grants have
    to be given anew. Raises NotFound, NotReady, Refused."""
    with log_leaves.transaction(instance, urgent=True) as connection:
        if key_store.find_organisation(connection, org) is None:
            zh, en = f"机构不存在:{org}", f"No organisation {org}."
            raise NotFound("org_unknown", zh, en, "certsvc keys list")
        if use == "officer":
            zh, en = "经办人的密钥按经办人轮换", "The key of an officer is rotated by the officer's id."
            raise Refused("key_use", zh, en, "certsvc keys rotate --officer ID")
        if use in MAY_LACK and org != "ROOT":
            # Of two who make the missing key at once the second waits here, and then rotates it.
            key_store.lock_organisation(connection, "ROOT")
            if all(key.ended_reason for key in key_store.list_signing_keys(connection, org_id=org, use=use)):
                return _make_missing(instance, connection, org, use)
        return _rotate(instance, connection, documents.own_key(connection, org, use))


def _make_missing(instance: Instance, connection: Connection, org: str, use: str) -> Rotated:
    trust_room.check_room(connection, trust_room.ENROL)
    new = enrol.make_missing(instance, connection, org, use)
    key_events.certify(instance, connection, [new])
    return Rotated(None, new, ())


def rotate_officer(instance: Instance, officer_id: str) -> Rotated:
    """A new key of an officer. Raises NotFound, NotReady."""
    with log_leaves.transaction(instance, urgent=True) as connection:
        if key_store.find_officer(connection, officer_id) is None:
            zh, en = f"经办人不存在:{officer_id}", f"No officer {officer_id}."
            raise NotFound("officer_unknown", zh, en, "certsvc keys list")
        return _rotate(instance, connection, documents.officer_key(connection, officer_id))


def _rotate(instance: Instance, connection: Connection, old: SigningKey) -> Rotated:
    if old.use == CA:
        certifiers.check_another(instance, connection)
    if old.org_id not in ("ROOT", instance.settings.authority):
        trust_room.check_room(connection, trust_room.ROTATE)
    done = replace_key(instance, connection, old, "rotated", instance.now() + HANDOVER)
    documents.publish_trust_within(instance, connection)
    return done


def replace_key(
    instance: Instance, connection: Connection, old: SigningKey, reason: str, at: int, good_before: int | None = None
) -> Rotated:
    """Replaces a living key inside the caller's transaction, who publishes the trust bundle afterwards.

    A grant that nobody can give a successor stands in the way of a rotation (NotReady) and of no theft (`ungiven`).
    """
    _check_place(instance, old)
    # Nobody takes away the CA meanwhile that certifies the new key.
    key_store.lock_organisation(connection, "ROOT")
    # A grant of the old key has to be known as living before that key ends.
    living = documents.living_grants_of(connection, str(old.org_id), instance.now())
    new = enrol.make_successor(instance, connection, old)
    key_store.add_signing_key(connection, new)
    ended = key_events.end(connection, old, reason, at, good_before)
    for key in (new, ended):
        key_events.note(instance, connection, key)
    named = [one for one in living if _names(one.unverified_payload, old.jkt)]
    others = [one.unverified_payload for one in living if one not in named]
    ungiven: list[str] | None = [] if reason == "compromised" else None
    given = tuple(_succeed(instance, connection, named, others, (old, new), ungiven))
    return Rotated(ended, new, given, tuple(ungiven or ()))


def _check_place(instance: Instance, old: SigningKey) -> None:
    """Keys that a token or another machine holds are made there. Raises NotReady."""
    variable = f"CERTSVC_SIGNER_{old.use.upper()}"
    foreign = old.org_id == instance.settings.authority and old.officer_id is None and variable in os.environ
    if foreign or not old.uri.startswith("file:"):
        zh, en = "该密钥不在本实例的密钥目录中,须在其所在设备上更换", f"This {old.use} key is held outside HOME/keys."
        raise NotReady("signer_elsewhere", zh, en, f"env -u {variable} certsvc keys rotate …" if foreign else "")


def _succeed(
    instance: Instance,
    connection: Connection,
    named: Iterable[Jws],
    others: Iterable[Payload],
    keys: tuple[SigningKey, SigningKey],
    ungiven: list[str] | None,
) -> Iterable[str]:
    """Gives the successors of the grants in `named`; one that another living grant already covers is left out.

    One that nobody can give is added to `ungiven`; without such a list raises NotReady.
    """
    old, new = keys
    standing = list(others)
    wanted = [(one.sha256, _renewed(connection, one.unverified_payload, old.jkt, new.jkt)) for one in named]
    # Of the grants that earlier rotations left, the one with most living keys is the one in use.
    for name, payload in sorted(wanted, key=lambda one: -len(one[1]["keys"])):
        if any(covers(other, payload) for other in standing):
            continue
        try:
            parent = _giving_parent(instance, connection, payload["parent"])
        except NotReady:
            if ungiven is None:
                raise
            ungiven.append(name)
            continue
        standing.append(payload)
        body = {name: value for name, value in payload.items() if name not in OWN}
        # Dated as the new key is: what was begun in this second is completed with both.
        body |= {"keys": payload["keys"], "parent": parent, "iat": max(new.valid_from, payload["iat"])}
        yield documents.give_grant_within(instance, connection, body)


def _giving_parent(instance: Instance, connection: Connection, parent: str | None) -> str | None:
    """As `standing_parent`, of which the key is at hand as well. Raises NotReady."""
    found = standing_parent(connection, parent, instance.now())
    instance.signer(documents.grantor(connection, found)[1])
    return found


def _renewed(connection: Connection, payload: Payload, old: str, new: str) -> dict[str, Any]:
    """A grant with the new key in place of the old one, and without keys that ended before."""
    swapped = [{**key, "jkt": new if key["jkt"] == old else key["jkt"]} for key in payload["keys"]]
    living = [key for key in swapped if documents.key_by_jkt(connection, key["jkt"]).ended_reason is None]
    return {**payload, "keys": living}


def standing_parent(connection: Connection, parent: str | None, now: int) -> str | None:
    """The grant to stand on for a successor: the same parent, or its own successor once its grant key was rotated.

    Raises NotReady when no living grant of the parent's organisation names its present grant key.
    """
    if parent is None:
        return None
    above = documents.load_document(connection, parent, "grant+jwt").unverified_payload
    key = documents.own_key(connection, above["sub"], "grant")
    if _names(above, key.jkt):
        return parent
    for one in reversed(documents.living_grants_of(connection, above["sub"], now)):
        if _names(one.unverified_payload, key.jkt) and same(one.unverified_payload, above):
            return one.sha256
    zh, en = f"{above['sub']} 没有可以下放的授权", f"{above['sub']} has no living grant that may be passed on."
    raise NotReady("grant_absent", zh, en, f"certsvc keys grants {above['sub']}")


def _names(payload: Payload, jkt: str) -> bool:
    return any(key["jkt"] == jkt for key in payload["keys"])


def covers(one: Payload, other: Payload) -> bool:
    """Whether `one` allows what `other` does, and names all its keys."""
    return same(one, other) and all(key in one["keys"] for key in other["keys"])


def same(one: Payload, other: Payload) -> bool:
    """Whether two grants allow the same: all but their keys and their place in the chain."""
    return all(one[name] == other[name] for name in one.keys() - set(OWN))
