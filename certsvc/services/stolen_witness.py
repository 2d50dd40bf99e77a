"""A witness of the log whose key was stolen, for the compromise drill: its key is in no table of ours, but in the list of
witnesses, and its end is an event like that of any other key."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from certsvc.core.errors import Refused
from certsvc.instance import Instance
from certsvc.services import documents, key_events
from certsvc.services.former_witnesses import former_witnesses, witness_jkt
from certsvc.services.witness_list import Witness, WitnessList, read_list
from certsvc.store.rows import SigningKey


def key_or_witness(instance: Instance, connection: Connection, jkt: str) -> SigningKey:
    """A registered key, or a witness of the log; one in service has no end. Raises NotFound."""
    for one in former_witnesses(connection, instance):
        if one.jkt == jkt:
            return one
    if _named(_list(instance).members, jkt):
        return SigningKey(jkt, "witness", None, None, "", b"", 0, instance.now(), None, None)
    return documents.key_by_jkt(connection, jkt)


def is_witness(key: SigningKey) -> bool:
    """Whether it is a witness of the log, which no office of ours holds, as it does the ceremony's key of that use."""
    return key.use == "witness" and key.org_id is None


def condemn_witness(instance: Instance, connection: Connection, key: SigningKey, since: int) -> None:
    """Signs that a witness that has ended was stolen at `since`.

    Raises Refused(witness_in_service), as the list comes first, and Refused(since_later) where nothing of it counts already.
    """
    if name := _named(_list(instance).members, key.jkt):
        zh, en = "见证人仍在任,请先停用", f"The witness {name} is in service; end it first."
        hint = f"certsvc witness end {name} --reason compromised --good-before TIME"
        raise Refused("witness_in_service", zh, en, hint)
    if key.ended_reason == "compromised" and key.good_before is None and since > key.valid_from:
        zh, en = (
            "该见证人的签名已全部不予采信,请用其开始时间",
            "Nothing that it cosigned counts: name the time when it began.",
        )
        raise Refused("since_later", zh, en, "certsvc keys history")
    name = _named(_list(instance).former, key.jkt)
    key_events.note(instance, connection, replace(key, org_id=name, ended_reason="compromised", good_before=since))


def _list(instance: Instance) -> WitnessList:
    return read_list(instance) or WitnessList(0, ())


def _named(witnesses: Iterable[Witness], jkt: str) -> str:
    """The name of the witness with that key; empty if there is none."""
    return next((one.key.name for one in witnesses if witness_jkt(one.key) == jkt), "")
