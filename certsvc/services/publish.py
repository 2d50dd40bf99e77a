"""What the instance publishes about itself: status lists, trust bundle, keys."""

import base64
import time
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection

from certsvc.core.calendar import utc_text
from certsvc.core.chain import has_issued
from certsvc.core.checkpoint import WitnessPolicy
from certsvc.core.errors import NotReady
from certsvc.core.jose import Jws, parse_document, public_jwk, sign_compact
from certsvc.core.kinds import CERTIFYING_USES
from certsvc.core.logged import checkpoint_in
from certsvc.core.note import parse_note, verified_signatures
from certsvc.core.outcomes import Fault, Unknown
from certsvc.core.statuslist import encode_bitstring, pack, unpack, values_of
from certsvc.instance import Instance
from certsvc.services import certifiers, cosign, documents, log_leaves
from certsvc.services.log_evidence import LogEvidence, believed
from certsvc.services.log_leaves import WAITING
from certsvc.services.witness_list import is_strict
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import status as status_store
from certsvc.store.rows import SigningKey, StatusList
from certsvc.verify.authority import AHEAD
from certsvc.verify.log import LIST_LAG

#: A list is good for seven days (design.md 4) and signed anew after a quarter of an hour.
LIST_TERM, LIST_AGE = 7 * 86_400, 900
#: Lists of one second, or of two clocks that differ a little, follow each other by single seconds. A verifier allows
#: twice as much (status_fresh); what is further ahead was published before a demo's clock was set back.
SAME_MOMENT = 60
#: Where many are decided on in a few seconds lists run ahead of the clock: at so many seconds the next one waits for it.
MOST_AHEAD = 30
#: For so many seconds whoever decided waits with it; whoever asks for a list is given the last one.
PATIENCE = 5
#: How often, and with what pause in seconds, a list waits for an event of this moment.
TRIES, PAUSE = 3, 0.05
#: For so many pauses whoever decided looks whether another one gets the cosignatures that are wanting.
MOMENTS = 10
#: Codes of what keeps new lists from being signed, while the last one still holds.
STANDS_STILL = (WAITING, "clock_differs", "key_expired", "list_ahead")
#: Lists among which the last one that the log proves is looked for.
LOOK_BACK = 100


def list_uri(instance: Instance, number: int = 1) -> str:
    """The address of a status list; which ones there are says `services.slots`."""
    return f"{instance.public_url}/status/{number}"


def current_status_list(instance: Instance, uri: str) -> Jws:
    """The newest Token Status List of `uri`, signed anew when it is a quarter of an hour old or an event came since.

    While the log stands still and an event waits for it, the certificate of the status key has run out, or lists are ahead
    of the clock, no new one is signed: the last one is given as long as it holds, and says in `n` what it covers. Raises NotReady when there is none. Under a root that requires the log the
    newest one is given that the log proves, since a verifier believes no other; one without proof only before the first.
    """
    found = _current_list(instance, uri)
    if not is_strict(instance) or _is_proved(instance, found):
        return found
    # It was signed in this moment, here or by another process, and waits for its place or for the witnesses.
    log_leaves.settle(instance)
    return found if _is_proved(instance, found) else _last_proved(instance, uri) or found


def _is_proved(instance: Instance, listed: Jws) -> bool:
    with instance.engines.read.connect() as connection:
        return LogEvidence(instance, connection).of(listed) is not None


def _last_proved(instance: Instance, uri: str) -> Jws | None:
    """The newest list that still holds, that the log proves, and for which its key vouches."""
    with instance.engines.read.connect() as connection:
        logged = LogEvidence(instance, connection)
        for row in islice(status_store.list_status_lists(connection, uri), LOOK_BACK):
            listed = documents.load_document(connection, row.sha256, "statuslist+jwt")
            holds = listed.unverified_payload["exp"] > instance.now() and _vouches(connection, listed)
            if holds and logged.of(listed) is not None:
                return listed
    return None


def _current_list(instance: Instance, uri: str) -> Jws:
    with instance.engines.read.connect() as connection:
        newest = _newest_list(instance, connection, uri)
    if newest is not None:
        return newest
    try:
        return renew_status_list(instance, uri, patience=0)
    except NotReady as error:
        with instance.engines.read.connect() as connection:
            last = _last_list(connection, uri)
        if error.code not in STANDS_STILL or last is None or last.unverified_payload["exp"] <= instance.now():
            raise
        return last


def newest_status_list(connection: Connection, uri: str) -> Jws:
    """The list published last, of whatever age and key. Raises LookupError before the first."""
    latest = status_store.latest_status_list(connection, uri)
    if latest is None:
        raise LookupError(uri)
    return documents.load_document(connection, latest.sha256, "statuslist+jwt")


def list_within(instance: Instance, connection: Connection, uri: str) -> Jws:
    """The list published last, of whatever age and key; the first one is signed in this transaction."""
    try:
        return newest_status_list(connection, uri)
    except LookupError:
        return publish_status_list(instance, connection, uri)


def renew_status_list(instance: Instance, uri: str, patience: int = PATIENCE) -> Jws:
    """The list with every event decided so far, signed anew if the newest lacks one.

    Raises NotReady(waiting_for_log) while the log stands still and one of them has no place in it, and NotReady(list_ahead)
    where lists are ahead of the clock for more than `patience` seconds.
    """
    tries = TRIES
    while True:
        try:
            with log_leaves.transaction(instance) as connection:
                return publish_status_list(instance, connection, uri)
        except _Waits:
            # Somebody has decided in the moment between: what they logged gets its place here, or by them.
            log_leaves.settle(instance)
            if not tries or _stays_wanting(instance, MOMENTS if patience else 0):
                raise
            tries -= 1
            time.sleep(PAUSE)
        except _Ahead:
            if not patience:
                raise
            patience -= 1
            time.sleep(1)


def _stays_wanting(instance: Instance, moments: int) -> bool:
    """Whether the newest checkpoint goes on wanting cosignatures: of several who decide at once another one may still be
    asking the witnesses about it."""
    for _ in range(moments):
        if not cosign.is_wanting(instance):
            return False
        time.sleep(PAUSE)
    return cosign.is_wanting(instance)


class _Waits(NotReady):
    """An event has no published place in the log, or too few witnesses saw what is published."""


class _Ahead(NotReady):
    """So many lists were signed in this moment that the next one would be dated too far ahead."""


def publish_status_list(instance: Instance, connection: Connection, uri: str) -> Jws:
    """Signs the list as the published log says in this transaction, unless the newest one says just that and is young.

    Raises NotReady(waiting_for_log) for an event that the published log does not have yet, NotReady(list_ahead).
    """
    # Whoever publishes at the same moment waits here, and then sees the events of the one before.
    status_store.lock_status_lists(connection)
    newest, iat = _newest_list(instance, connection, uri), instance.now()
    if newest is not None:
        return newest
    # The size first: what is published meanwhile is left for the next list.
    size, checkpoint = LogEvidence(instance, connection).checkpoint()
    found = status_store.list_values(connection, uri)
    if found.size is None or found.size > size:
        zh = "决定已保存,等待写入公开日志;状态表尚未更新"
        en = "What was decided is kept and waits for the public log; until then no new status list is signed."
        raise _Waits(WAITING, zh, en, "certsvc log tick")
    latest = status_store.latest_status_list(connection, uri)
    if latest is not None and not _is_seen(instance, checkpoint, iat):
        zh = "见证人未答复;决定已保存,状态表尚未更新"
        en = "No witness answers, and nobody would believe a new status list; what was decided is kept."
        raise _Waits(WAITING, zh, en, "certsvc log tick")
    last = None if latest is None else documents.load_document(connection, latest.sha256, "statuslist+jwt")
    if last is not None:
        iat = _next_second(instance, last.unverified_payload["iat"], iat)
    document = _sign_list(instance, connection, uri, (size, checkpoint, found.slots), iat)
    document_store.add_document(connection, "statuslist+jwt", document.body, subject=uri, iat=iat)
    # The register keeps them in the order in which they were published, whatever the clock did meanwhile.
    place = iat if latest is None else max(iat, latest.iat + 1)
    status_store.add_status_list(connection, StatusList(uri, document.sha256, place))
    log_leaves.log_document(instance, connection, document)
    return document


def _next_second(instance: Instance, last: int, now: int) -> int:
    """When the list after that of the second `last` is dated: of two of one second, or the other way round, nobody could tell
    which one lacks a revocation. Raises NotReady(list_ahead).
    """
    real = instance.clock is None
    if last - now >= (AHEAD if real else SAME_MOMENT):
        # No verifier believes that one any more: the clock was put back.
        return now
    if real and last - now >= MOST_AHEAD:
        zh, en = (
            "刚刚签发了多份状态表,下一份稍后签发",
            "Many status lists were signed just now; the next one is signed in a moment.",
        )
        raise _Ahead("list_ahead", zh, en, "certsvc log tick")
    return max(now, last + 1)


def _newest_list(instance: Instance, connection: Connection, uri: str) -> Jws | None:
    """The list published last, if it is young enough to be handed out, of the present key, and lacks no event."""
    document = _own_list(instance, connection, uri)
    if document is None:
        return None
    payload = document.unverified_payload
    young = -SAME_MOMENT < instance.now() - payload["iat"] < LIST_AGE
    if not young or status_store.has_uncovered(connection, uri, payload["n"]):
        return None
    seen = _is_seen(instance, payload["checkpoint"], payload["iat"]) and _counts(
        instance, connection, payload["checkpoint"]
    )
    # One of a time when the witnesses were away is replaced once they are back.
    return document if seen or not log_leaves.is_fresh(instance) else None


def _is_seen(instance: Instance, checkpoint: str | None, iat: int) -> bool:
    """Whether enough witnesses saw this checkpoint lately enough for a list of `iat`; nobody has to where none is named."""
    policy = cosign.policy(instance)
    if policy is None:
        return True
    times = sorted(_times(checkpoint, policy)) if checkpoint else []
    # As the verifier does (core.trusted_time): one clock that is ahead proves nothing.
    return len(times) >= policy.threshold and iat - times[-policy.threshold] <= LIST_LAG


def _counts(instance: Instance, connection: Connection, checkpoint: str | None) -> bool:
    """Whether the log may have signed this checkpoint: not with a key that had been stolen by then."""
    try:
        return checkpoint is None or bool(checkpoint_in(checkpoint.encode(), believed(instance, connection)))
    except (Fault, Unknown):
        return False


@lru_cache(maxsize=64)
def _times(checkpoint: str, policy: WitnessPolicy) -> tuple[int, ...]:
    signed = verified_signatures(parse_note(checkpoint.encode()), policy.keys)
    return tuple(time for time in signed.values() if time is not None)


def _own_list(instance: Instance, connection: Connection, uri: str) -> Jws | None:
    """The list published last, if it is of the present key: one that has ended vouches for nothing new."""
    document = _last_list(connection, uri)
    return document if document and document.signatures[0].unverified_kid == _status_key(instance, connection) else None


def _last_list(connection: Connection, uri: str) -> Jws | None:
    """The list published last, if its key vouches for it."""
    latest = status_store.latest_status_list(connection, uri)
    document = None if latest is None else newest_status_list(connection, uri)
    return document if document and _vouches(connection, document) else None


def _vouches(connection: Connection, listed: Jws) -> bool:
    """Whether the key of a list lives or was merely rotated after it: every verifier goes on believing it (docs/format.md
    3.5). One that was stolen says nothing any more."""
    key = key_store.find_signing_key(connection, listed.signatures[0].unverified_kid)
    rotated_since = key and key.ended_reason == "rotated" and listed.unverified_payload["iat"] < key.valid_to
    return bool(key and (key.ended_reason is None or rotated_since))


def _status_key(instance: Instance, connection: Connection) -> str:
    return documents.own_key(connection, instance.settings.authority, "status").jkt


def check_status_key(instance: Instance, connection: Connection) -> None:
    """Returns if new lists can be signed. Raises NotReady(key_expired) and whatever else is wrong with the key."""
    instance.check_holds(documents.own_key(connection, instance.settings.authority, "status"))


def _sign_list(
    instance: Instance, connection: Connection, uri: str, said: tuple[int, str | None, dict[int, int]], iat: int
) -> Jws:
    size, checkpoint, values = said
    payload = {
        "iss": f"urn:certsvc:org:{instance.settings.authority}",
        "sub": uri,
        "iat": iat,
        "exp": iat + LIST_TERM,
        "ttl": LIST_AGE,
        "n": size,
        "checkpoint": checkpoint,
        "status_list": {"bits": 4, "lst": pack(values)},
    }
    key = documents.own_key(connection, instance.settings.authority, "status")
    return parse_document(sign_compact(payload, "statuslist+jwt", instance.signer(key)), "statuslist+jwt")


def bitstring_of(instance: Instance, listed: Jws) -> Jws:
    """The W3C Bitstring Status List with the values and the term of the Token Status List `listed`, one bit a slot.

    It is signed once for each list: who asks again gets the same bytes from this process.
    """
    made: dict[str, tuple[str, Jws]] = instance.keep("bitstrings", dict, dict.clear)
    payload = listed.unverified_payload
    uri = payload["sub"]
    known, document = made.get(uri, (None, None))
    if document is None or known != listed.sha256:
        document = _sign_bitstring(instance, listed)
        # Only the newest of each address: it would be as many as there are lists.
        made[uri] = listed.sha256, document
    return document


def _sign_bitstring(instance: Instance, original: Jws) -> Jws:
    listed = original.unverified_payload
    uri, values = listed["sub"], values_of(unpack(listed["status_list"]["lst"]))
    payload = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": f"{uri}/bitstring",
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": listed["iss"],
        "validFrom": utc_text(listed["iat"]),
        "validUntil": utc_text(listed["exp"]),
        "credentialSubject": {
            "id": f"{uri}/bitstring#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encode_bitstring(values),
        },
    }
    with instance.engines.read.connect() as connection:
        key = documents.own_key(connection, instance.settings.authority, "status")
    # It says no more than the list does, of the same moment: it is there for as long, whichever process is asked.
    moment = listed["iat"] if key.jkt == original.signatures[0].unverified_kid else None
    return parse_document(sign_compact(payload, "bitstring+jwt", instance.signer(key, moment)), "bitstring+jwt")


def trust_document(instance: Instance) -> dict[str, Any]:
    """The JSON of /.well-known/certsvc-trust.json: roots, the signed trust bundle, official hosts."""
    with instance.engines.read.connect() as connection:
        trust = documents.current_trust(connection)
    return {
        "roots": [anchor.certificate.public_bytes(Encoding.PEM).decode() for anchor in instance.anchors],
        "test": any(anchor.test for anchor in instance.anchors),
        "hosts": [instance.host],
        "trust": trust.body.decode(),
    }


def jwks(instance: Instance) -> dict[str, Any]:
    """Every public key that signs documents, with its certificate chain (RFC 7517)."""
    with instance.engines.read.connect() as connection:
        signing = [key for key in key_store.list_signing_keys(connection) if key.use not in CERTIFYING_USES]
        cas = [ca.certificate for ca in certifiers.list_cas(instance, connection)]
    return {"keys": [_jwk(key, cas) for key in signing if key.officer_id is None]}


def did_document(instance: Instance) -> dict[str, Any]:
    """did:web document with the credential keys (W3C DID 1.0): retired ones stay readable, the present one asserts."""
    did = "did:web:" + instance.host.replace(":", "%3A")
    org = instance.settings.authority
    with instance.engines.read.connect() as connection:
        present = documents.own_key(connection, org, "credential")
        keys = key_store.list_signing_keys(connection, org_id=org, use="credential")
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jws/v1"],
        "id": did,
        "verificationMethod": [
            {
                "id": f"{did}#{key.jkt}",
                "type": "JsonWebKey",
                "controller": did,
                "publicKeyJwk": public_jwk(x509.load_der_x509_certificate(key.certificate).public_key()),  # type: ignore[arg-type]
            }
            for key in keys
            if key.ended_reason != "compromised"
        ],
        "assertionMethod": [f"{did}#{present.jkt}"],
    }


def _jwk(key: SigningKey, cas: Iterable[bytes]) -> dict[str, Any]:
    chain = [key.certificate, *(ca for ca in cas if has_issued(ca, key.certificate))]
    alg = "EdDSA" if key.use in ("log", "witness") else "ES256"
    jwk = public_jwk(x509.load_der_x509_certificate(key.certificate).public_key())  # type: ignore[arg-type]
    return {**jwk, "kid": key.jkt, "use": "sig", "alg": alg, "x5c": [base64.b64encode(der).decode() for der in chain]}
