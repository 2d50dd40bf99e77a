"""The compromise drill (`certsvc keys compromised JKT --since TIME`, docs/key-drills.md).

1. find    – what the key signed and what stands on it, in `damage`
2. condemn – the key ends as `compromised`, grants it gave after the theft are withdrawn, another key takes its place
3. remedy  – suspect certificates are signed anew or revoked, suspect statements signed anew, one transaction each

What is done is read from the register, so the same command after an interruption goes on where it stopped.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from certsvc.core.errors import CertsvcError, NotFound, NotReady, Refused
from certsvc.core.kinds import CA, ROOT
from certsvc.core.outcomes import Fault
from certsvc.instance import Instance, next_home_command
from certsvc.services import documents, key_events, log_leaves, status
from certsvc.services.coming_into_force import finish_waiting
from certsvc.services.damage import OPEN, SUSPENDED, CertificateLine, Damage, grants_since
from certsvc.services.log_theft import check_dated, dates
from certsvc.services.publish import renew_status_list
from certsvc.services.recertification import replace_ca
from certsvc.services.restatement import Restated, restate
from certsvc.services.rotation import Rotated, covers, replace_key, same
from certsvc.services.slots import published_lists
from certsvc.services.stolen_witness import condemn_witness, is_witness, key_or_witness
from certsvc.services.withdrawal import withdraw_within
from certsvc.store import certificates as certificate_store
from certsvc.store import keys as key_store
from certsvc.store import status as status_store
from certsvc.store.rows import SigningKey

REASON = "key_compromised"
REMEDIES = ("resign", "revoke", "renew")


@dataclass(frozen=True)
class Officers:
    """Who proposes and who decides: two humans."""

    first: str
    second: str


@dataclass(frozen=True)
class Condemned:
    """What the drill did about the key itself. `replaced` is None for a key that had ended before."""

    replaced: Rotated | None
    withdrawn: tuple[str, ...]
    already: bool


@dataclass
class Settled:
    """What became of the suspect certificates. `left`: those not settled, with the code of what is in the way."""

    done: int = 0
    left: list[tuple[CertificateLine, str]] = field(default_factory=list)
    restated: Restated = field(default_factory=Restated)
    """What became of the suspect statements of equivalence."""


def check_officers(instance: Instance, officers: Officers) -> None:
    """Returns if these are two humans. Raises NotFound, Refused."""
    with instance.engines.read.connect() as connection:
        found = [key_store.find_officer(connection, one) for one in (officers.first, officers.second)]
    for name, officer in zip((officers.first, officers.second), found, strict=True):
        if officer is None:
            raise NotFound("officer_unknown", f"经办人不存在:{name}", f"No officer {name}.", "certsvc keys list")
    if len({officer.pseudonym for officer in found if officer is not None}) != 2:
        zh, en = "提出人与决定人不得为同一人", "The human who proposes cannot decide; name two."
        raise Refused("same_human", zh, en, "certsvc keys list")


def check_since(instance: Instance, since: int) -> None:
    """Returns for a time up to now. Raises Refused(since_future)."""
    if since > instance.now():
        zh, en = "时间不能晚于现在", "The theft cannot lie ahead."
        raise Refused("since_future", zh, en, "certsvc keys history")


def condemn(instance: Instance, jkt: str, since: int, document: Mapping[str, str]) -> Condemned:
    """Ends a stolen key and puts another in its place, in one transaction; the second call changes nothing.

    Raises NotFound, NotReady, and Refused for a time to come or a time later than one that was declared before.
    """
    check_since(instance, since)
    with log_leaves.transaction(instance, urgent=True) as connection:
        # Before anything else, as every change of keys and grants does: the second at a time waits here, and holds nothing.
        key_store.lock_organisation(connection, "ROOT")
        key = key_or_witness(instance, connection, jkt)
        if key.use == ROOT:
            zh, en = (
                "根密钥失密须重新举行密钥仪式",
                "A stolen root takes a new ceremony; verifiers exchange the anchor.",
            )
            raise Refused("key_use", zh, en, next_home_command(instance))
        if key.ended_reason == "compromised" and key.good_before is not None:
            if key.good_before < since:
                zh, en = "已按更早的时间停用,不能改晚", "An earlier time was declared already; it is never moved later."
                raise Refused("since_later", zh, en, history_command(key))
            if key.good_before == since:
                return Condemned(None, (), True)
        # A CA that was replaced certifies no more, and its thief dates what he certifies as he likes.
        if key.ended_reason is not None and since > key.valid_to and key.use != CA:
            zh = "该密钥此前已停用,停用之后的签名本就无效"
            en = "The key ended before that; what it signed after its end is void anyway."
            raise Refused("since_later", zh, en, history_command(key))
        replaced = _end(instance, connection, key, since)
        # A CA and a witness give no grants, and those that its keys gave stand on certificates of another CA now.
        withdrawn = () if key.use == CA or is_witness(key) else _withdraw(instance, connection, jkt, since, document)
        documents.publish_trust_within(instance, connection)
    if key.use == "status" or dates(key):
        # A list signed by a stolen key, or resting on its checkpoint, says nothing; the next one is there before anybody asks.
        _publish(instance)
    return Condemned(replaced, withdrawn, False)


def history_command(key: SigningKey) -> str:
    """The command that shows a key with those of its office; a witness of the log is of none."""
    return "certsvc keys history" if key.org_id is None else f"certsvc keys history --org {key.org_id}"


def _end(instance: Instance, connection: Connection, key: SigningKey, since: int) -> Rotated | None:
    if is_witness(key):
        condemn_witness(instance, connection, key, since)
        return None
    if key.use == CA and key.ended_reason != "compromised":
        new = replace_ca(instance, connection, key, since)
        return Rotated(documents.key_by_jkt(connection, key.jkt), new, ())
    if key.ended_reason is None:
        return replace_key(instance, connection, key, "compromised", instance.now(), since)
    # It was rotated or withdrawn long ago, or an earlier theft has come to light: nothing is left to replace.
    key_store.condemn_signing_key(connection, key.jkt, since)
    key_events.note(instance, connection, documents.key_by_jkt(connection, key.jkt))
    return None


def _withdraw(
    instance: Instance, connection: Connection, jkt: str, since: int, document: Mapping[str, str]
) -> tuple[str, ...]:
    """Withdraws the grants that the thief may have given, unless somebody has done so before."""
    gone = documents.withdrawals(connection)
    stolen = [one for one in grants_since(instance, connection, jkt, since) if one not in gone]
    for sha256 in stolen:
        withdraw_within(instance, connection, sha256, "compromised", document, since)
    _give_again(instance, connection, stolen)
    return tuple(stolen)


def _give_again(instance: Instance, connection: Connection, stolen: list[str]) -> None:
    """Successors that rotations gave to the authority since the theft, or its present keys would stand on nothing.

    Only those that allow no more than a sound grant, to keys in our register; every other grant a human has to judge.
    """
    org = instance.settings.authority
    registered = {(key.jkt, key.use) for key in key_store.list_signing_keys(connection, org_id=org)}
    sound = [one.unverified_payload for one in documents.living_grants_of(connection, org, instance.now())]
    for sha256 in reversed(stolen):
        payload = documents.load_document(connection, sha256, "grant+jwt").unverified_payload
        known = all((key["jkt"], key["use"]) in registered for key in payload["keys"])
        if payload["sub"] != org or not known or not any(same(payload, one) for one in sound):
            continue
        if not any(covers(one, payload) for one in sound):
            kept = {name: value for name, value in payload.items() if name not in ("jti", "iss", "iat")}
            documents.give_grant_within(instance, connection, kept)
            sound.append(payload)


def grants_to_give(instance: Instance, damage: Damage) -> list[tuple[str, str]]:
    """(office, role) of suspect grants that no other stands in for: a human judges them and gives anew those that are right.

    What an office held for keys that have ended, or that nobody registered, it needs no more.
    """
    with instance.engines.read.connect() as connection:
        lost = [one.name for one in damage.traces if one.kind == "grant+jwt" and not one.sound]
        found = {(said["sub"], said["role"]) for said in _wanting(instance, connection, lost)}
    return sorted(found)


def _wanting(instance: Instance, connection: Connection, lost: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Payloads of those grants whose office has living keys that no living grant names in the same role."""
    now, known = instance.now(), {key.jkt for key in key_store.list_signing_keys(connection) if not key.ended_reason}
    for sha256 in lost:
        said = documents.load_document(connection, sha256, "grant+jwt").unverified_payload
        living = documents.living_grants_of(connection, said["sub"], now)
        named = {key["jkt"] for one in living if one.unverified_payload["role"] == said["role"]
                 for key in one.unverified_payload["keys"]}  # fmt: skip
        if now <= said["exp"] and known & {key["jkt"] for key in said["keys"]} - named:
            yield said


def remedy(
    instance: Instance,
    damage: Damage,
    then: str,
    officers: Officers,
    document: Mapping[str, str],
    progress: Callable[[int, int], None] | None = None,
) -> Settled:
    """Settles the suspect certificates of `damage` that are open: `resign` those that it mends, `revoke` all of them.
    `renew` issues the next version of sound ones that no file is believed of without the register (`Damage.pages`).

    Each in a transaction of its own, with the status read inside it, so that nobody is settled twice. `resign` signs
    suspect statements of equivalence anew as well; they have no status that could be revoked. Raises as `check_officers`,
    and NotReady(waiting_for_log) while too few have seen the log since the theft of its key, or of a witness.
    """
    check_officers(instance, officers)
    if dates(damage.key) and then != "revoke":
        check_dated(instance, damage.key, damage.since)
    settled = Settled()
    waiting = [one for one in (damage.pages if then == "renew" else damage.certificates) if one.open]
    for count, one in enumerate(waiting, 1):
        code = _settle(instance, one, then, officers, document)
        if code is None:
            settled.done += 1
        else:
            settled.left.append((one, code))
        if progress:
            progress(count, len(waiting))
    if settled.done:
        _publish(instance)
        with suppress(NotReady, Refused):
            finish_waiting(instance)
    if then == "resign":
        settled.restated = restate(instance, damage, (officers.first, officers.second))
    return settled


def _publish(instance: Instance) -> None:
    """What was decided stands, whether the log answers or not: `certsvc doctor` and the heartbeat see to the rest."""
    for uri in published_lists(instance):
        with suppress(NotReady):
            renew_status_list(instance, uri)


def _settle(
    instance: Instance, one: CertificateLine, then: str, officers: Officers, document: Mapping[str, str]
) -> str | None:
    """None, or the code of what is in the way."""
    if then != "revoke" and not one.resignable:
        return SUSPENDED if one.mendable else "not_resignable"
    kind = "revoke" if then == "revoke" else "correct"
    wanted = status.Proposal(kind, one.number, officers.first, document, REASON, retroactive=kind == "revoke")
    try:
        with log_leaves.transaction(instance) as connection:
            # From here on nobody else changes this certificate. The proposals first, as whoever proposes does.
            status_store.lock_proposals(connection)
            status_store.next_q(connection, one.id)
            present = certificate_store.find_certificate(connection, one.id)
            if present is not None and present.state in OPEN:
                proposal = status.propose_within(instance, connection, wanted)
                status.approve_within(instance, connection, proposal, officers.second)
    except (CertsvcError, Fault) as error:
        return error.code
    return None
