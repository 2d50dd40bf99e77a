"""What the instance publishes about itself: status lists, trust bundle, keys."""

import base64
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection

from certsvc.core.calendar import utc_text
from certsvc.core.jose import Jws, parse_document, public_jwk, sign_compact
from certsvc.core.statuslist import encode_bitstring, pack
from certsvc.instance import Instance
from certsvc.services import documents, log_leaves
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import status as status_store
from certsvc.store.rows import StatusList

#: A list is good for seven days (design.md 4) and signed anew after a quarter of an hour.
LIST_TERM, LIST_AGE = 7 * 86_400, 900
#: Lists of one second, or of two clocks that differ a little, follow each other by single seconds. A verifier allows
#: twice as much (status_fresh); what is further ahead was published before a demo's clock was set back.
SAME_MOMENT = 60


def list_uri(instance: Instance, number: int = 1) -> str:
    return f"{instance.public_url}/status/{number}"


def current_status_list(instance: Instance, uri: str) -> Jws:
    """The newest Token Status List of `uri`, signed anew when it is a quarter of an hour old."""
    with instance.engines.read.connect() as connection:
        newest = _newest_list(instance, connection, uri)
    if newest is not None:
        return newest
    with log_leaves.transaction(instance) as connection:
        return publish_status_list(instance, connection, uri)


def publish_status_list(instance: Instance, connection: Connection, uri: str) -> Jws:
    """Signs the list as the events stand in this transaction, unless the newest one says just that and is young."""
    # Whoever publishes at the same moment waits here, and then sees the events of the one before.
    status_store.lock_status_lists(connection)
    newest, iat = _newest_list(instance, connection, uri), instance.now()
    latest = status_store.latest_status_list(connection, uri)
    values = {"bits": 4, "lst": pack(status_store.list_values(connection, uri))}
    if newest is not None and newest.unverified_payload["status_list"] == values:
        return newest
    last = None if latest is None else documents.load_document(connection, latest.sha256, "statuslist+jwt")
    if last is not None and last.unverified_payload["iat"] - iat < SAME_MOMENT:
        # Of two lists of one second nobody could tell which one lacks a revocation.
        iat = max(iat, last.unverified_payload["iat"] + 1)
    document = _sign_list(instance, connection, uri, values, iat)
    document_store.add_document(connection, "statuslist+jwt", document.body, subject=uri, iat=iat)
    # The register keeps them in the order in which they were published, whatever the clock did meanwhile.
    place = iat if latest is None else max(iat, latest.iat + 1)
    status_store.add_status_list(connection, StatusList(uri, document.sha256, place))
    log_leaves.log_document(instance, connection, document)
    return document


def _newest_list(instance: Instance, connection: Connection, uri: str) -> Jws | None:
    """The list published last, if it is young enough to be handed out and of the present key."""
    latest = status_store.latest_status_list(connection, uri)
    if latest is None:
        return None
    document = documents.load_document(connection, latest.sha256, "statuslist+jwt")
    if not -SAME_MOMENT < instance.now() - document.unverified_payload["iat"] < LIST_AGE:
        return None
    key = documents.own_key(connection, instance.settings.authority, "status")
    # A key that has ended vouches for nothing new; above all when it was stolen.
    return document if document.signatures[0].unverified_kid == key.jkt else None


def _sign_list(instance: Instance, connection: Connection, uri: str, values: dict[str, Any], iat: int) -> Jws:
    payload = {
        "iss": f"urn:certsvc:org:{instance.settings.authority}",
        "sub": uri,
        "iat": iat,
        "exp": iat + LIST_TERM,
        "ttl": LIST_AGE,
        "n": 0,
        "checkpoint": None,
        "status_list": values,
    }
    key = documents.own_key(connection, instance.settings.authority, "status")
    return parse_document(sign_compact(payload, "statuslist+jwt", instance.signer(key)), "statuslist+jwt")


def current_bitstring(instance: Instance, uri: str) -> Jws:
    """The W3C Bitstring Status List of `uri`: the same events, one bit a slot."""
    now = instance.now()
    payload = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": f"{uri}/bitstring",
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": f"urn:certsvc:org:{instance.settings.authority}",
        "validFrom": utc_text(now),
        "validUntil": utc_text(now + LIST_TERM),
        "credentialSubject": {
            "id": f"{uri}/bitstring#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": _bits(instance, uri),
        },
    }
    with instance.engines.read.connect() as connection:
        key = documents.own_key(connection, instance.settings.authority, "status")
    return parse_document(sign_compact(payload, "bitstring+jwt", instance.signer(key)), "bitstring+jwt")


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
    issuing = x509.load_pem_x509_certificate((instance.home / "issuing-ca.crt").read_bytes())
    with instance.engines.read.connect() as connection:
        keys = [key for key in key_store.list_signing_keys(connection) if key.officer_id is None]
    return {"keys": [_jwk(key.certificate, key.jkt, key.use, issuing.public_bytes(Encoding.DER)) for key in keys]}


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


def _jwk(certificate: bytes, jkt: str, use: str, issuing: bytes) -> dict[str, Any]:
    leaf = x509.load_der_x509_certificate(certificate)
    chain = [certificate, issuing] if use not in ("policy", "log", "witness", "archive") else [certificate]
    alg = "EdDSA" if use in ("log", "witness") else "ES256"
    jwk = public_jwk(leaf.public_key())  # type: ignore[arg-type]
    return {**jwk, "kid": jkt, "use": "sig", "alg": alg, "x5c": [base64.b64encode(der).decode() for der in chain]}


def _bits(instance: Instance, uri: str) -> str:
    with instance.engines.read.connect() as connection:
        return encode_bitstring(status_store.list_values(connection, uri))
