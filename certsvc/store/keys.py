"""Organisations, their officers, and the public half of every signing key, kept for ever (design.md 3)."""

from sqlalchemy import Connection, bindparam, select, update

from certsvc.core.errors import Refused
from certsvc.store.rows import Officer, Organisation, SigningKey
from certsvc.store.shelf import OFFICERS, ORGANISATIONS, SIGNING_KEYS, narrowed
from certsvc.store.tables import officer, organisation, signing_key

_ORGANISATION = ORGANISATIONS.select.where(organisation.c.id == bindparam("id"))
_ORGANISATIONS = ORGANISATIONS.select.order_by(organisation.c.id)
# NO KEY UPDATE: whoever adds a key or an officer of the organisation meanwhile does not have to wait.
_LOCK_ORGANISATION = (
    select(organisation.c.id).where(organisation.c.id == bindparam("id")).with_for_update(key_share=True)
)
_OFFICER = OFFICERS.select.where(officer.c.id == bindparam("id"))
_OFFICERS = OFFICERS.select.order_by(officer.c.id)
_KEY = SIGNING_KEYS.select.where(signing_key.c.jkt == bindparam("jkt"))
_KEYS = SIGNING_KEYS.select.order_by(signing_key.c.valid_from.desc(), signing_key.c.jkt)
_END_KEY = (
    update(signing_key)
    .where(signing_key.c.jkt == bindparam("key"), signing_key.c.ended_reason.is_(None))
    .values(valid_to=bindparam("at"), ended_reason=bindparam("reason"), good_before=bindparam("good_before"))
)
# An earlier end stays; a theft that comes to light later says more about the key than its rotation did.
_CONDEMN_KEY = (
    update(signing_key)
    .where(signing_key.c.jkt == bindparam("key"), signing_key.c.ended_reason.is_not(None))
    .values(ended_reason="compromised", good_before=bindparam("good_before"))
)
_RECERTIFY_KEY = (
    update(signing_key).where(signing_key.c.jkt == bindparam("key")).values(certificate=bindparam("certificate"))
)


def add_organisation(connection: Connection, item: Organisation) -> None:
    """Adds an organisation."""
    ORGANISATIONS.add(connection, item)


def find_organisation(connection: Connection, organisation_id: str) -> Organisation | None:
    """The organisation, or None."""
    return ORGANISATIONS.one(connection, _ORGANISATION, id=organisation_id)


def lock_organisation(connection: Connection, organisation_id: str) -> None:
    """Lets nobody else lock this organisation before the transaction ends. SQLite has one writer anyway."""
    connection.execute(_LOCK_ORGANISATION, {"id": organisation_id})


def list_organisations(connection: Connection, kind: str | None = None) -> tuple[Organisation, ...]:
    """All organisations (of `kind`) by id."""
    return ORGANISATIONS.all(connection, narrowed(_ORGANISATIONS, {organisation.c.kind: kind}))


def add_officer(connection: Connection, item: Officer) -> None:
    """Adds an officer of one organisation."""
    OFFICERS.add(connection, item)


def find_officer(connection: Connection, officer_id: str) -> Officer | None:
    """The officer, or None."""
    return OFFICERS.one(connection, _OFFICER, id=officer_id)


def list_officers(
    connection: Connection, *, org_id: str | None = None, pseudonym: str | None = None
) -> tuple[Officer, ...]:
    """All officers, of one organisation or of one human, by id."""
    wanted = {officer.c.org_id: org_id, officer.c.pseudonym: pseudonym}
    return OFFICERS.all(connection, narrowed(_OFFICERS, wanted))


def add_signing_key(connection: Connection, item: SigningKey) -> None:
    """Adds a key with its certificate. Keys are ended, never removed."""
    SIGNING_KEYS.add(connection, item)


def find_signing_key(connection: Connection, jkt: str) -> SigningKey | None:
    """The key of this RFC 7638 thumbprint, or None."""
    return SIGNING_KEYS.one(connection, _KEY, jkt=jkt)


def list_signing_keys(
    connection: Connection,
    *,
    use: str | None = None,
    org_id: str | None = None,
    officer_id: str | None = None,
    good_at: int | None = None,
) -> tuple[SigningKey, ...]:
    """The keys that fit every condition given, newest first; `good_at` (seconds) keeps only the unended valid ones."""
    wanted = {signing_key.c.use: use, signing_key.c.org_id: org_id, signing_key.c.officer_id: officer_id}
    statement = narrowed(_KEYS, wanted)
    if good_at is not None:
        statement = statement.where(
            signing_key.c.ended_reason.is_(None), signing_key.c.valid_from <= good_at, signing_key.c.valid_to > good_at
        )
    return SIGNING_KEYS.all(connection, statement)


def end_signing_key(connection: Connection, jkt: str, reason: str, at: int, good_before: int | None = None) -> None:
    """Ends a key for ever; `at` and `good_before` in seconds. Raises Refused(key_ended) the second time."""
    ended = connection.execute(_END_KEY, {"key": jkt, "at": at, "reason": reason, "good_before": good_before})
    if ended.rowcount != 1:
        raise Refused("key_ended", "该密钥不存在或已停用", "This key is unknown or has ended already.")


def condemn_signing_key(connection: Connection, jkt: str, good_before: int) -> None:
    """Notes that a key which has ended was stolen; only what it signed before `good_before` (seconds) stays good."""
    connection.execute(_CONDEMN_KEY, {"key": jkt, "good_before": good_before})


def recertify_signing_key(connection: Connection, jkt: str, certificate: bytes) -> None:
    """Puts another certificate (DER) of the same key, holder, use and term in the place of the one it has."""
    connection.execute(_RECERTIFY_KEY, {"key": jkt, "certificate": certificate})
