"""What the instance publishes about itself: status lists, trust bundle, keys."""

import base64
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection

from certsvc.core.bundle import parse_shared
from certsvc.core.calendar import utc_text
from certsvc.core.jose import Jws, parse_document, public_jwk, sign_compact
from certsvc.core.statuslist import encode_bitstring, pack
from certsvc.instance import Instance
from certsvc.services import documents
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import status as status_store
from certsvc.store.rows import StatusList

#: A list is good for seven days (design.md 4) and signed anew after a quarter of an hour.
LIST_TERM, LIST_AGE = 7 * 86_400, 900


def list_uri(instance: Instance, number: int = 1) -> str:
    return f"{instance.public_url}/status/{number}"


def current_status_list(instance: Instance, uri: str) -> Jws:
    """The newest Token Status List of `uri`, signed anew when it is a quarter of an hour old."""
    with instance.engines.read.connect() as connection:
        latest = status_store.latest_status_list(connection, uri)
        if latest is not None and 0 <= instance.now() - latest.iat < LIST_AGE:
            row = document_store.find_document(connection, latest.sha256)
            if row is not None:
                return parse_shared(row.body, "statuslist+jwt")
    with instance.engines.write.begin() as connection:
        return publish_status_list(instance, connection, uri)


def publish_status_list(instance: Instance, connection: Connection, uri: str) -> Jws:
    """Signs the list as the events stand in this transaction."""
    now = instance.now()
    payload = {
        "iss": f"urn:certsvc:org:{instance.settings.authority}",
        "sub": uri,
        "iat": now,
        "exp": now + LIST_TERM,
        "ttl": LIST_AGE,
        "n": 0,
        "checkpoint": None,
        "status_list": {"bits": 4, "lst": pack(status_store.list_values(connection, uri))},
    }
    key = documents.own_key(connection, instance.settings.authority, "status")
    document = parse_document(sign_compact(payload, "statuslist+jwt", instance.signer(key)), "statuslist+jwt")
    document_store.add_document(connection, "statuslist+jwt", document.body, subject=uri, iat=now)
    latest = status_store.latest_status_list(connection, uri)
    if latest is None or latest.sha256 != document.sha256:
        # The same values in the same second make the same bytes, which are published already.
        status_store.add_status_list(connection, StatusList(uri, document.sha256, now))
    return document


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
    """did:web document with the credential key (W3C DID 1.0)."""
    did = "did:web:" + instance.host.replace(":", "%3A")
    with instance.engines.read.connect() as connection:
        key = documents.own_key(connection, instance.settings.authority, "credential")
    method = f"{did}#{key.jkt}"
    jwk = public_jwk(instance.signer(key).public_key)
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jws/v1"],
        "id": did,
        "verificationMethod": [{"id": method, "type": "JsonWebKey", "controller": did, "publicKeyJwk": jwk}],
        "assertionMethod": [method],
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
