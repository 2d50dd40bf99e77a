"""Issue (`certsvc issue ROSTER`), the story of docs/format.md 8; a crash leaves an intent that a restart completes.

1. gather – entries whose head is the `issue` act and that have no certificate yet
2. decide – the payload of each certificate, in `credential`
3. intend – number, code and payload are stored before anything is signed
4. sign   – the credential key signs the stored payload
5. check  – our own result passes every check of the verifier but those of log and status
6. apply  – certificate, claim link and log leaf in one transaction; the certificate waits for the log
7. log    – sequenced, published, cosigned, checked as a whole, in force, frozen: `coming_into_force`
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from certsvc.core.bundle import Bundle
from certsvc.core.codes import certificate_number, verification_code
from certsvc.core.encoding import b64, canonical, parse_json, unb64
from certsvc.core.errors import NotFound, Refused
from certsvc.core.jose import Jws, parse_document, sign_compact
from certsvc.instance import Instance
from certsvc.services import documents, log_leaves
from certsvc.services.coming_into_force import bring_into_force, check_unlogged, lists_of
from certsvc.services.credential import describe
from certsvc.services.register_only import refuse_register_only
from certsvc.services.slots import FreeSlots, Slot, free_slots
from certsvc.services.witness_list import check_witnesses, is_strict
from certsvc.store import certificates as certificate_store
from certsvc.store import documents as document_store
from certsvc.store import rosters as roster_store
from certsvc.store.rows import Certificate, ClaimLink, Entry, IssueIntent

#: Certificates per transaction. stack.md 3: chunks of about 1,000 keep one status change waiting below 0.1 s.
CHUNK = 200
CLAIM_TRIES = 5
#: Age of an intent in seconds at which it is dated anew under a root that requires a log; it has to be logged within
#: an hour of its date (verify: time_mismatch).
DATED_ANEW = 1_800
#: Local code of the issuing office inside the certificate number (domain.md 3.2; a local dictionary, not a GB code).
OFFICE = "2000"


@dataclass(frozen=True)
class Issued:
    """One certificate that came into force, with the one-time claim token for its holder."""

    certificate: Certificate
    code: str
    claim_token: str


@dataclass(frozen=True)
class Prepared:
    """One certificate a moment before it comes into force: what its claim link needs."""

    number: str
    name: str
    claim_token: str


def issue(
    instance: Instance,
    roster_id: str,
    progress: Callable[[int, int], None] | None = None,
    prepared: Callable[[list[Prepared]], None] | None = None,
) -> Iterator[list[Issued]]:
    """Issues what the roster still lacks, chunk by chunk; each chunk that is given out is in force and durable.

    What an interruption left, waiting for the log or only intended, is completed first. `prepared` is told of a chunk before it is in force, and
    again after an interruption: a claim token stands nowhere else in clear, so it has to be kept by then.
    Raises NotFound; Refused (the verdict on our own result); NotReady(waiting_for_log) when the log or its witnesses do
    not answer: what is stored then waits, and the same command or `certsvc log tick` completes it.
    """
    check_witnesses(instance)
    with instance.engines.read.connect() as connection:
        refuse_register_only(connection, roster_id)
        if roster_store.find_roster(connection, roster_id) is None:
            raise NotFound(
                "roster_unknown", f"花名册不存在:{roster_id}", f"No roster {roster_id}.", "certsvc roster list"
            )
        entries = waiting(connection, roster_id)
        left = certificate_store.list_waiting(connection, roster_id=roster_id)
    tell, given = prepared or (lambda told: None), 0
    for start in range(0, len(left) + len(entries), CHUNK):
        # What an interruption left waiting for the log comes first.
        chunk = [*left, *entries][start : start + CHUNK]
        # Somebody else may issue the same roster at this moment; each certificate is given out by one of the two.
        if issued := _issue_chunk(instance, chunk, tell):
            given += len(issued)
            yield issued
        if progress:
            progress(start + len(chunk), len(left) + len(entries))
    if not given:
        zh, en = "没有待制证人员", "Nobody here has the issue act and no certificate yet."
        raise Refused("nothing_to_issue", zh, en, f"certsvc roster check {roster_id}")


def waiting(connection: Connection, roster_id: str) -> list[Entry]:
    """The entries of a roster that have the issue act and no certificate."""
    issue_acts = {act.sha256 for act in document_store.list_acts(connection, roster_id) if act.kind == "issue"}
    issued = certificate_store.issued_entries(connection, roster_id)
    entries = roster_store.list_entries(connection, roster_id)
    return [e for e in entries if e.head_act in issue_acts and e.id not in issued]


def _issue_chunk(
    instance: Instance, chunk: list[Certificate | Entry], prepared: Callable[[list[Prepared]], None]
) -> list[Issued]:
    left = [one for one in chunk if isinstance(one, Certificate)]
    intents = intend(instance, [one for one in chunk if isinstance(one, Entry)])
    signed = [(intent, sign_intent(instance, intent)) for intent in intents]
    if left:
        log_leaves.settle(instance)
    begun = _begun(instance, left)
    prepared([_prepared(instance, *one) for one in (*begun, *signed)])
    return complete(instance, [issued_of(instance, *one) for one in begun]) + apply(instance, signed)


def _begun(instance: Instance, left: list[Certificate]) -> list[tuple[IssueIntent, Jws]]:
    """The intents of certificates that wait for the log, with what was signed."""
    with instance.engines.read.connect() as connection:
        intents = certificate_store.find_intents(connection, [one.id for one in left])
    return [(intents[one.id], parse_document(one.credential, "vc+jwt")) for one in left if one.id in intents]


def _prepared(instance: Instance, intent: IssueIntent, document: Jws) -> Prepared:
    name = document.unverified_payload["certificate"]["name"]
    return Prepared(intent.number, name, _open(instance, intent)["claim"])


# --- intend --------------------------------------------------------------------------------------------------------


def intend(instance: Instance, entries: list[Entry]) -> list[IssueIntent]:
    """Stores one intent per entry that has no certificate yet, or finds the one that an interruption left."""
    with instance.engines.write.begin() as connection:
        certificate_store.lock_intents(connection)
        if entries:
            check_keys(instance, connection)
        free = free_slots(instance, connection)
        intents = []
        for entry in entries:
            if certificate_store.list_versions(connection, entry.id):
                continue
            found = certificate_store.find_intent(connection, entry.id, 1)
            if found is not None and not (_can_sign(instance, connection, found) and _is_young(instance, found)):
                found = _renew(instance, connection, entry, found)
            intents.append(found or _new_intent(instance, connection, entry, free))
        return intents


def check_keys(instance: Instance, connection: Connection) -> None:
    """Returns if everything that a certificate of now will need is certified now: its own key, that of its page, which is
    signed as of this day whenever somebody asks for it, and that of its status list. Raises NotReady(key_expired)."""
    for use in ("credential", "pdf", "status"):
        instance.check_holds(documents.own_key(connection, instance.settings.authority, use))


def _can_sign(instance: Instance, connection: Connection, intent: IssueIntent) -> bool:
    """Whether the key of the day of the intent may still complete it: not when it was stolen or withdrawn since or its
    certificate has run out, nor, where a log is required, when it was rotated: its end stands in the log before the
    certificate would."""
    org = instance.settings.authority
    key = documents.key_in_service(instance, connection, org, "credential", intent.created_at)
    return key is not None and instance.holds(key) and (key.ended_reason is None or not is_strict(instance))


def _is_young(instance: Instance, intent: IssueIntent) -> bool:
    """Whether the log could still say that the certificate was made when it says: where a log is required, it does."""
    return not is_strict(instance) or instance.now() - intent.created_at <= DATED_ANEW


def _renew(instance: Instance, connection: Connection, entry: Entry, old: IssueIntent) -> IssueIntent:
    """The same certificate dated today: number, code, slot and claim token stay, since somebody may have been told."""
    slot, head = Slot(old.list_uri, old.idx), f"urn:certsvc:act:{entry.head_act}"
    body = describe(instance, connection, entry, old.version, old.number, slot, head)
    inner = {**_open(instance, old), "credential": b64(canonical(body))}
    sealed = instance.data_keys.seal(json.dumps(inner).encode(), f"intent/{old.id}".encode())
    certificate_store.remove_intent(connection, old.id)
    renewed = replace(old, payload=sealed, created_at=body["nbf"])
    certificate_store.add_intent(connection, renewed)
    return renewed


def _new_intent(instance: Instance, connection: Connection, entry: Entry, free: FreeSlots) -> IssueIntent:
    serial = certificate_store.take_serial(connection, entry.year, OFFICE, entry.series, entry.level)
    number = certificate_number(entry.year, OFFICE, entry.series, entry.level, serial)
    body = describe(instance, connection, entry, 1, number, free.take(), f"urn:certsvc:act:{entry.head_act}")
    return add_intent(instance, connection, entry, 1, number, body)


def add_intent(
    instance: Instance, connection: Connection, entry: Entry, version: int, number: str, body: dict[str, Any]
) -> IssueIntent:
    """Keeps what will be signed, with a fresh verification code and claim token, both sealed."""
    code, token = verification_code(secrets.randbits(75)), secrets.token_urlsafe(24)
    intent_id = str(uuid4())
    inner = {"credential": b64(canonical(body)), "code": code, "claim": token}
    sealed = instance.data_keys.seal(json.dumps(inner).encode(), f"intent/{intent_id}".encode())
    key = instance.data_keys.blind("code", code)
    slot = body["status"]["status_list"]
    row = (intent_id, entry.id, version, sealed, number, key, slot["uri"], slot["idx"], body["nbf"])
    intent = IssueIntent(*row)
    certificate_store.add_intent(connection, intent)
    return intent


# --- sign, check, apply --------------------------------------------------------------------------------------------


def sign_intent(instance: Instance, intent: IssueIntent) -> Jws:
    """The credential over the stored payload. Signing the same intent again gives the same bytes (RFC 6979)."""
    payload = parse_json(unb64(_open(instance, intent)["credential"]))
    org = instance.settings.authority
    with instance.engines.read.connect() as connection:
        # What was begun before a rotation is completed with the key of that moment, whose grant was in force then.
        of_that_day = documents.key_in_service(instance, connection, org, "credential", payload["nbf"])
        key = (None if is_strict(instance) else of_that_day) or documents.own_key(connection, org, "credential")
    return parse_document(sign_compact(payload, "vc+jwt", instance.signer(key)), "vc+jwt")


def apply(instance: Instance, signed: list[tuple[IssueIntent, Jws]]) -> list[Issued]:
    """Checks, stores with claim link and leaf, and brings into force what the log then has; all or nothing is stored.

    What somebody else has applied in the meantime is left out. Raises Refused(own_check_failed); NotReady when the log
    or its witnesses do not answer, and then the certificates wait.
    """
    issued = [issued_of(instance, *one) for one in signed]
    if not issued:
        return []
    certificates = [one.certificate for one in issued]
    lists = lists_of(instance, certificates)
    with instance.engines.read.connect() as connection:
        drafts = check_unlogged(instance, connection, certificates, lists)
    with log_leaves.transaction(instance) as connection:
        held = certificate_store.hold_intents(connection, [intent.id for intent, _ in signed])
        stored = certificate_store.find_stored(connection, held)
        done = [one for one in issued if one.certificate.id in held - stored]
        for one in done:
            store(instance, connection, one)
    return complete(instance, done, drafts)


def complete(instance: Instance, issued: list[Issued], drafts: Mapping[str, Bundle] | None = None) -> list[Issued]:
    """Those that came into force by this call. Raises as `bring_into_force`."""
    done = bring_into_force(instance, [one.certificate for one in issued], drafts)
    ours = [one for one in issued if one.certificate.id in done]
    return [replace(one, certificate=replace(one.certificate, state="in_force")) for one in ours]


def issued_of(instance: Instance, intent: IssueIntent, document: Jws) -> Issued:
    """What an intent and its signature make, as it is stored while it waits for the log."""
    inner, payload = _open(instance, intent), document.unverified_payload
    sealed_code = instance.data_keys.seal(inner["code"].encode(), f"code/{intent.id}".encode())
    status = payload["status"]["status_list"]
    certificate = Certificate(
        intent.id,
        intent.entry_id,
        intent.version,
        intent.number,
        payload["certificate"]["licence_id"],
        sealed_code,
        intent.code_key,
        document.sha256,
        document.body,
        status["uri"],
        status["idx"],
        "waiting_for_log",
        payload["nbf"],
    )
    return Issued(certificate, inner["code"], inner["claim"])


def store(instance: Instance, connection: Connection, issued: Issued) -> None:
    """Keeps a certificate with its leaf and claim link. Its intent stays until it is in force: an interruption that
    leaves it waiting must not lose the claim token."""
    certificate = issued.certificate
    certificate_store.add_certificate(connection, certificate)
    log_leaves.log_document(instance, connection, parse_document(certificate.credential, "vc+jwt"))
    token_key = instance.data_keys.blind("claim", issued.claim_token)
    link = ClaimLink(token_key, certificate.id, CLAIM_TRIES, False, instance.now())
    certificate_store.add_claim_link(connection, link)


def _open(instance: Instance, intent: IssueIntent) -> dict[str, str]:
    return dict(json.loads(instance.data_keys.unseal(intent.payload, f"intent/{intent.id}".encode())))
