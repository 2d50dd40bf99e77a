"""What a trust bundle has room for (docs/decisions/0044): a full one would stop every rotation, withdrawal and drill.

1. rows   – living keys of the authority and of the root, and all that have ended; who else lives, grants say
2. shed   – of more than ROWS those are left out that say least: rotated keys whose certificate has ended as well
3. refuse – nobody is enrolled, and later no office's key is rotated, while what must always be published still fits
"""

from collections.abc import Iterable

from sqlalchemy import Connection

from certsvc.core.chain import load_certificate
from certsvc.core.errors import Refused
from certsvc.core.kinds import KINDS
from certsvc.instance import Instance
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store.rows import SigningKey

#: Rows of keys that are published whatever they say: about half of what a trust bundle holds.
ROWS = 1_000
#: Percent of its size from which the doctor warns, nobody is enrolled, no office's key is rotated without need.
WARN, ENROL, ROTATE = 70, 80, 90
#: Seconds past the end of a certificate until which something signed under it may still be logged (format.md 6.2).
LOGGED_WITHIN = 2 * 86_400


def told_keys(connection: Connection, instance: Instance) -> list[SigningKey]:
    """The keys of which a trust bundle of now has a row, newest first."""
    own = ("ROOT", instance.settings.authority)
    found = [
        key
        for key in key_store.list_signing_keys(connection)
        if key.ended_reason or (key.use != "officer" and key.org_id in own)
    ]
    return shed(found, own, instance.now())


def shed(keys: list[SigningKey], own: Iterable[str], now: int) -> list[SigningKey]:
    """`keys` without those that say least, as far as there are more than ROWS.

    A rotated key is its holder's still, and nothing that was signed after the end of its certificate counts. What is
    stolen or withdrawn, and the keys of the offices in `own`, always stay.
    """
    over = len(keys) - ROWS
    if over <= 0:
        return keys
    idle = [key for key in keys if key.ended_reason == "rotated" and key.org_id not in own and _is_past(key, now)]
    gone = {key.jkt for key in sorted(idle, key=lambda key: (key.valid_to, key.jkt))[:over]}
    return [key for key in keys if key.jkt not in gone]


def _is_past(key: SigningKey, now: int) -> bool:
    return load_certificate(key.certificate).not_valid_after_utc.timestamp() + LOGGED_WITHIN < now


def used(connection: Connection) -> int:
    """How full the newest trust bundle is, in percent; 0 before the first."""
    newest = document_store.newest_document(connection, "trust+jwt", "trust")
    return 0 if newest is None else len(newest.body) * 100 // KINDS["trust+jwt"].max_bytes


def check_room(connection: Connection, most: int) -> None:
    """Returns while the trust bundle is less than `most` percent full. Raises Refused(trust_full)."""
    percent = used(connection)
    if percent >= most:
        zh = f"信任清单已用 {percent}%,余量留给停用、撤回和失密处置;旧密钥的证书到期后自动腾出"
        en = f"The trust bundle is {percent}% full; the rest is kept for ends, withdrawals and drills of keys."
        raise Refused("trust_full", zh, en, "certsvc doctor")
