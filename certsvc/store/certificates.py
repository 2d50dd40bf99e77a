"""Certificate numbers, issue intents, certificates, their frozen bundles, renditions, and claim links."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, exists, func, or_, select, union, update

from certsvc.store.engine import insert_or, lock_table, refusing
from certsvc.store.rows import Certificate, ClaimLink, IssueIntent, Rendition, Version
from certsvc.store.shelf import CERTIFICATES, CLAIM_LINKS, INTENTS, RENDITIONS, narrowed
from certsvc.store.tables import certificate, claim_link, entry, issue_intent, number_counter, rendition

_INTENTS = INTENTS.select.order_by(issue_intent.c.created_at, issue_intent.c.id)
_INTENT = INTENTS.select.where(
    issue_intent.c.entry_id == bindparam("id"), issue_intent.c.version == bindparam("version")
)
# In the order of ids, so that two who hold the same ones wait for each other and never in a circle.
_HOLD_INTENTS = (
    select(issue_intent.c.id)
    .where(issue_intent.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(issue_intent.c.id)
    .with_for_update()
)
_INTENTS_OF = INTENTS.select.where(issue_intent.c.id.in_(bindparam("ids", expanding=True)))
_REMOVE_INTENT = issue_intent.delete().where(issue_intent.c.id == bindparam("of"))

_BY_ID = CERTIFICATES.select.where(certificate.c.id == bindparam("id"))
_BY_CODE_KEY = CERTIFICATES.select.where(certificate.c.code_key == bindparam("key"))
_BY_SHA256 = CERTIFICATES.select.where(certificate.c.sha256 == bindparam("sha256"))
_BY_NUMBER = CERTIFICATES.select.where(certificate.c.number == bindparam("number")).order_by(certificate.c.version)
_OF_ENTRY = CERTIFICATES.select.where(certificate.c.entry_id == bindparam("id")).order_by(certificate.c.version)
_OF_VERSION = select(certificate.c.number, certificate.c.version, certificate.c.issued_at).where(
    certificate.c.entry_id == bindparam("id"), certificate.c.version == bindparam("of")
)
_RENEWED = (
    select(certificate.c.entry_id, func.max(certificate.c.version))
    .where(certificate.c.version > 1)
    .group_by(certificate.c.entry_id)
)
_ISSUED_ENTRIES = (
    select(certificate.c.entry_id)
    .join(entry, entry.c.id == certificate.c.entry_id)
    .where(entry.c.roster_id == bindparam("id"))
)
_HOLDERS = (certificate, issue_intent)
_INDICES = union(*(select(one.c.idx).where(one.c.list_uri == bindparam("uri")) for one in _HOLDERS))
_IS_BEGUN = select(or_(*(exists().where(one.c.list_uri == bindparam("uri")) for one in _HOLDERS)))
_ONE = update(certificate).where(certificate.c.id == bindparam("of"))
_SET_STATE = _ONE.values(state=bindparam("to"))
_WAITING = CERTIFICATES.select.where(certificate.c.state == "waiting_for_log").order_by(
    certificate.c.issued_at, certificate.c.number, certificate.c.version
)
_STORED = select(certificate.c.id).where(certificate.c.id.in_(bindparam("ids", expanding=True)))
_COUNT_WAITING = select(func.count()).where(certificate.c.state == "waiting_for_log")
_BRING_INTO_FORCE = _ONE.where(certificate.c.state == "waiting_for_log").values(
    state="in_force", frozen_bundle=bindparam("bundle")
)
_RENDITION = RENDITIONS.select.where(
    rendition.c.certificate_id == bindparam("id"), rendition.c.fingerprint == bindparam("fingerprint")
)
_HAS_RENDITION = select(rendition.c.id).where(
    rendition.c.certificate_id == bindparam("id"), rendition.c.cms == bindparam("cms")
)
_CLAIM_LINK = CLAIM_LINKS.select.where(claim_link.c.token_key == bindparam("key"))
_SPEND_CLAIM_TRY = (
    update(claim_link)
    .where(claim_link.c.token_key == bindparam("of"), claim_link.c.dead.in_([False]), claim_link.c.tries_left > 0)
    .values(tries_left=claim_link.c.tries_left - 1)
    .returning(*claim_link.c)
)
_END_CLAIM_LINK = (
    update(claim_link)
    .where(claim_link.c.token_key == bindparam("of"), claim_link.c.dead.in_([False]))
    .values(dead=True)
)


def take_serial(connection: Connection, year: int, office: str, series: str, level: str) -> int:
    """The next serial of this counter, from 1, gap-free: a transaction that is rolled back gives it back.

    The counter row stays locked until the transaction ends, so two writers never get the same one (domain.md 3.2).
    """
    key = {"year": year, "office": office, "series": series, "level": level}
    counter = number_counter.c.next_serial
    statement = (
        insert_or(connection, number_counter)
        .values(next_serial=2, **key)
        .on_conflict_do_update(index_elements=list(key), set_={"next_serial": counter + 1})
        .returning(counter)
    )
    return int(connection.execute(statement).scalar_one()) - 1


def lock_intents(connection: Connection) -> None:
    """Lets nobody else store or remove an intent before the transaction ends; readers go on."""
    lock_table(connection, issue_intent)


def lock_slots(connection: Connection) -> None:
    """Lets nobody else choose a slot of a status list before the transaction ends; readers go on.

    To be called after `lock_intents` and after whatever was done to an intent, never before: two who lock in two orders
    wait in a circle. Slots have no table of their own; the one of the next serials is written by whoever intends alone.
    """
    lock_table(connection, number_counter)


def add_intent(connection: Connection, item: IssueIntent) -> None:
    """Keeps what is about to be signed. Raises Refused(intent_exists) if this version is being issued already."""
    with refusing("intent_exists", "该证书正在签发", "This version of the certificate is being issued already."):
        INTENTS.add(connection, item)


def find_intent(connection: Connection, entry_id: str, version: int) -> IssueIntent | None:
    """The intent for this version of an entry's certificate, or None."""
    return INTENTS.one(connection, _INTENT, id=entry_id, version=version)


def list_intents(connection: Connection) -> tuple[IssueIntent, ...]:
    """The intents that a restart must complete, oldest first."""
    return INTENTS.all(connection, _INTENTS)


def hold_intents(connection: Connection, intent_ids: Iterable[str]) -> set[str]:
    """Which of these intents still stand; nobody else can hold or remove them before the transaction ends."""
    return set(connection.execute(_HOLD_INTENTS, {"ids": list(intent_ids)}).scalars())


def find_intents(connection: Connection, intent_ids: Iterable[str]) -> dict[str, IssueIntent]:
    """Those of these intents that still stand, by id."""
    return {one.id: one for one in INTENTS.all(connection, _INTENTS_OF, ids=list(intent_ids))}


def remove_intent(connection: Connection, intent_id: str) -> None:
    """Forgets an intent, in the transaction that brings its certificate into force."""
    connection.execute(_REMOVE_INTENT, {"of": intent_id})


def add_certificate(connection: Connection, item: Certificate) -> None:
    """Adds a signed certificate. Raises Refused(certificate_exists) when any of its once-only values is taken."""
    en = "This version, number, code, document or status index is taken."
    with refusing("certificate_exists", "该版本、编号、查询码或状态序号已被占用", en):
        CERTIFICATES.add(connection, item)


def find_certificate(connection: Connection, certificate_id: str) -> Certificate | None:
    """The certificate of this row id, or None."""
    return CERTIFICATES.one(connection, _BY_ID, id=certificate_id)


def find_stored(connection: Connection, certificate_ids: Iterable[str]) -> set[str]:
    """Which of these ids have a certificate."""
    return set(connection.execute(_STORED, {"ids": list(certificate_ids)}).scalars())


def find_by_code_key(connection: Connection, code_key: str) -> Certificate | None:
    """The certificate whose verification code has this blind index, or None."""
    return CERTIFICATES.one(connection, _BY_CODE_KEY, key=code_key)


def find_by_sha256(connection: Connection, sha256: str) -> Certificate | None:
    """The certificate whose credential has this hash, or None."""
    return CERTIFICATES.one(connection, _BY_SHA256, sha256=sha256)


def find_by_number(connection: Connection, number: str) -> tuple[Certificate, ...]:
    """All versions under a certificate number, oldest first; empty if the number is unknown."""
    return CERTIFICATES.all(connection, _BY_NUMBER, number=number)


def list_versions(connection: Connection, entry_id: str) -> tuple[Certificate, ...]:
    """All versions of an entry's certificate, oldest first."""
    return CERTIFICATES.all(connection, _OF_ENTRY, id=entry_id)


def predecessor_of(connection: Connection, item: Certificate) -> Version | None:
    """The version that `item` replaces; None for the first."""
    return _version(connection, item.entry_id, item.version - 1)


def successor_of(connection: Connection, item: Certificate) -> Version | None:
    """The version that replaced `item`; None for the newest."""
    return _version(connection, item.entry_id, item.version + 1)


def _version(connection: Connection, entry_id: str, number: int) -> Version | None:
    # Versions of an entry count 1, 2, 3 … under one certificate number.
    row = connection.execute(_OF_VERSION, {"id": entry_id, "of": number}).first()
    return None if row is None else Version(*row)


def newest_versions(connection: Connection) -> dict[str, int]:
    """Entry id -> its newest version, for the few entries whose certificate was ever replaced."""
    return dict(connection.execute(_RENEWED).all())


def issued_entries(connection: Connection, roster_id: str) -> set[str]:
    """The ids of the entries of a roster that have a certificate."""
    return set(connection.execute(_ISSUED_ENTRIES, {"id": roster_id}).scalars())


def list_certificates(
    connection: Connection, *, roster_id: str | None = None, person_id: str | None = None, state: str | None = None
) -> tuple[Certificate, ...]:
    """The certificates that fit every condition given, by number and version."""
    statement = CERTIFICATES.select.order_by(certificate.c.number, certificate.c.version)
    if roster_id is not None or person_id is not None:
        statement = statement.join(entry, entry.c.id == certificate.c.entry_id)
    wanted = {entry.c.roster_id: roster_id, entry.c.person_id: person_id, certificate.c.state: state}
    return CERTIFICATES.all(connection, narrowed(statement, wanted))


def used_indices(connection: Connection, list_uri: str) -> set[int]:
    """The slots of a status list that certificates have, or intents keep for one; a slot is never used again."""
    return set(connection.execute(_INDICES, {"uri": list_uri}).scalars())


def is_begun(connection: Connection, list_uri: str) -> bool:
    """Whether any slot of this status list is taken."""
    return bool(connection.execute(_IS_BEGUN, {"uri": list_uri}).scalar_one())


def set_state(connection: Connection, certificate_id: str, state: str) -> None:
    """Moves a certificate to another state of `tables.STATES`."""
    connection.execute(_SET_STATE, {"of": certificate_id, "to": state})


def list_waiting(
    connection: Connection, *, roster_id: str | None = None, most: int | None = None
) -> tuple[Certificate, ...]:
    """The certificates that wait for the log, oldest first: those of a roster, at most so many."""
    statement = _WAITING.limit(most)
    if roster_id is not None:
        statement = statement.join(entry, entry.c.id == certificate.c.entry_id).where(entry.c.roster_id == roster_id)
    return CERTIFICATES.all(connection, statement)


def count_waiting(connection: Connection) -> int:
    """How many certificates wait for the log."""
    return int(connection.execute(_COUNT_WAITING).scalar_one())


def bring_into_force(connection: Connection, certificate_id: str, bundle: bytes) -> bool:
    """Puts a waiting certificate in force and keeps its bundle. False if it does not wait: it is done once."""
    return connection.execute(_BRING_INTO_FORCE, {"of": certificate_id, "bundle": bundle}).rowcount == 1


def keep_rendition(connection: Connection, item: Rendition) -> Rendition:
    """Adds a PDF signature, and gives back the one that counts: the first of this certificate and toolchain."""
    statement = insert_or(connection, rendition).values(RENDITIONS.values([item])[0])
    connection.execute(statement.on_conflict_do_nothing(index_elements=["certificate_id", "fingerprint"]))
    return find_rendition(connection, item.certificate_id, item.fingerprint) or item


def find_rendition(connection: Connection, certificate_id: str, fingerprint: str) -> Rendition | None:
    """The rendition of this toolchain, or None."""
    return RENDITIONS.one(connection, _RENDITION, id=certificate_id, fingerprint=fingerprint)


def has_rendition(connection: Connection, certificate_id: str, cms: bytes) -> bool:
    """Whether this very PDF signature was made for the certificate, under whatever toolchain."""
    return connection.execute(_HAS_RENDITION, {"id": certificate_id, "cms": cms}).first() is not None


def add_claim_link(connection: Connection, item: ClaimLink) -> None:
    """Adds a claim link."""
    CLAIM_LINKS.add(connection, item)


def find_claim_link(connection: Connection, token_key: str) -> ClaimLink | None:
    """The link, dead or alive, or None."""
    return CLAIM_LINKS.one(connection, _CLAIM_LINK, key=token_key)


def spend_claim_try(connection: Connection, token_key: str) -> ClaimLink | None:
    """The link with one try less, to be called before the answer is compared; None if it is unknown, dead or used up.

    One UPDATE, so that a hundred guesses at the same moment still are five guesses.
    """
    return CLAIM_LINKS.one(connection, _SPEND_CLAIM_TRY, of=token_key)


def end_claim_link(connection: Connection, token_key: str) -> bool:
    """Makes the link dead for ever: it was used, or another one took its place. False if it was dead before."""
    return connection.execute(_END_CLAIM_LINK, {"of": token_key}).rowcount == 1
