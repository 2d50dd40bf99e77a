"""What a trust bundle has room for (docs/decisions/0044): a full one would stop every rotation, withdrawal and drill.

1. rows   – living keys of the authority and of the root, and all that have ended; who else lives, grants say
2. shed   – beyond KEEP those are left out that say least: rotated keys whose certificate has ended as well
3. refuse – nobody is enrolled, and later no office's key is rotated, while what must always be published still fits
"""

from collections.abc import Iterable

from sqlalchemy import Connection

from certsvc.core.chain import load_certificate
from certsvc.core.encoding import marks_in, unb64
from certsvc.core.errors import Refused
from certsvc.core.jose import MAX_MARKS
from certsvc.core.kinds import KINDS
from certsvc.instance import Instance
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store.rows import SigningKey

#: Percent of what a reader takes up to which rows of keys are published whatever they say.
KEEP = 60
#: Commas, colons and brackets of a row: of a key, and at most of anything else. Of these a trust bundle is full before its
#: bytes are: some 1,240 keys.
KEY_PARTS, OTHER_PARTS = 19, 13
#: Percent of its size from which the doctor warns, nobody is enrolled, no office's key is rotated without need.
WARN, ENROL, ROTATE = 70, 80, 90
#: Seconds past the end of a certificate until which something signed under it may still be logged (format.md 6.2).
LOGGED_WITHIN = 2 * 86_400


def told_keys(connection: Connection, instance: Instance, others: int) -> list[SigningKey]:
    """The keys of which a trust bundle of now has a row, newest first; `others`: its rows of anything else."""
    own = ("ROOT", instance.settings.authority)
    found = [
        key
        for key in key_store.list_signing_keys(connection)
        if key.ended_reason or (key.use != "officer" and key.org_id in own)
    ]
    return shed(found, own, instance.now(), rows_beside(others))


def rows_beside(others: int) -> int:
    """How many rows of keys are published whatever they say, beside `others` of withdrawals, procedures and calendars."""
    return max(0, MAX_MARKS * KEEP // 100 - others * OTHER_PARTS) // KEY_PARTS


def shed(keys: list[SigningKey], own: Iterable[str], now: int, most: int) -> list[SigningKey]:
    """`keys` without those that say least, as far as there are more than `most`.

    A rotated key is its holder's still, and nothing that was signed after the end of its certificate counts. What is
    stolen or withdrawn, and the keys of the offices in `own`, always stay.
    """
    over = len(keys) - most
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
    return 0 if newest is None else fullness(newest.body)


def fullness(body: bytes) -> int:
    """How much of what a reader takes a trust bundle has, in percent: of bytes or of parts, whichever is more."""
    parts = marks_in(unb64(body.split(b".")[1].decode("ascii")))
    return max(len(body) * 100 // KINDS["trust+jwt"].max_bytes, parts * 100 // MAX_MARKS)


def check_room(connection: Connection, most: int) -> None:
    """Returns while the trust bundle is less than `most` percent full. Raises Refused(trust_full)."""
    percent = used(connection)
    if percent >= most:
        zh = f"信任清单已用 {percent}%,余量留给停用、撤回和失密处置;旧密钥的证书到期后自动腾出"
        en = f"The trust bundle is {percent}% full; the rest is kept for ends, withdrawals and drills of keys."
        raise Refused("trust_full", zh, en, "certsvc doctor")
