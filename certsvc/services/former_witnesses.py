"""Witnesses that have ended (已停用的见证人): rows of the key history, as their own events tell."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection

from certsvc.core.bundle import parse_shared
from certsvc.core.errors import NotReady
from certsvc.core.jose import thumbprint
from certsvc.core.note import VerifierKey
from certsvc.instance import Instance
from certsvc.services.witness_list import read_list
from certsvc.store import documents as document_store
from certsvc.store.rows import SigningKey


def former_witnesses(connection: Connection, instance: Instance) -> list[SigningKey]:
    """The witnesses of the list that have ended, as their events tell. Raises NotReady for one without an event."""
    found = read_list(instance)
    return [] if found is None else [_former_witness(connection, one.key) for one in found.former]


def _former_witness(connection: Connection, key: VerifierKey) -> SigningKey:
    jkt = witness_jkt(key)
    events = document_store.list_documents(connection, "key+jwt", jkt)
    if not events:
        zh = f"见证人 {key.name} 未经命令停用;请删去标记后执行命令"
        en = f"{key.name} was marked as ended by hand; take the mark away and use the command, which signs the event."
        raise NotReady("witnesses_form", zh, en, f"certsvc witness end {key.name} --reason withdrawn")
    said = [parse_shared(one.body, one.typ).unverified_payload for one in events]
    # A time that was declared is never moved later.
    stolen = sorted((one for one in said if one["reason"] == "compromised"), key=lambda one: one["good_before"] or 0)
    told = stolen[0] if stolen else said[-1]
    return SigningKey(
        jkt, "witness", None, None, "", b"", told["from"], told["to"], told["reason"], told["good_before"]
    )


def witness_jkt(key: VerifierKey) -> str:
    """RFC 8037 thumbprint of a witness's key."""
    return thumbprint(Ed25519PublicKey.from_public_bytes(key.public))
