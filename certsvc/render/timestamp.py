"""RFC 3161 time-stamps over a signature value: asking for one, and checking one."""

import hashlib
import urllib.request
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, core, tsp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import load_der_x509_certificate

from certsvc.core.errors import NotReady

TIMEOUT_SECONDS = 10
HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


@dataclass(frozen=True)
class Timestamp:
    """What a token says. Its chain is not judged here."""

    time: datetime
    certificate_der: bytes


def fetch_timestamp(url: str, signature: bytes) -> bytes:
    """A token (DER ContentInfo) over `signature` from the service at `url`. Raises NotReady `timestamp_failed`."""
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(signature).digest()}
    query = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "cert_req": True}).dump()
    try:
        # The address is the operator's own configuration, never a visitor's.
        request = urllib.request.Request(url, query, {"Content-Type": "application/timestamp-query"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            token = lean_token(tsp.TimeStampResp.load(answer.read(65_536))["time_stamp_token"].dump())
        read_timestamp(token, signature)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise NotReady(
            "timestamp_failed", "时间戳服务不可用", f"No usable time-stamp from {url}: {error}", "certsvc doctor"
        ) from error
    return token


def lean_token(token: bytes) -> bytes:
    """`token` with no certificate but its signer's, and no revocation data: members outside the token's signature."""
    info = cms.ContentInfo.load(token)
    signed = info["content"]
    serial = signed["signer_infos"][0]["sid"].chosen["serial_number"].native
    keep = [c for c in signed["certificates"] if c.chosen.serial_number == serial]
    lean = {name: signed[name] for name in ("version", "digest_algorithms", "encap_content_info", "signer_infos")}
    return cms.ContentInfo(
        {"content_type": "signed_data", "content": cms.SignedData(lean | {"certificates": keep})}
    ).dump(force=True)


def read_timestamp(token: bytes, signature: bytes) -> Timestamp:
    """The time in `token`. Raises ValueError unless it is a strict DER token over `signature`, well signed."""
    info = cms.ContentInfo.load(token, strict=True)
    if info.copy().dump(force=True) != token:
        raise ValueError("not DER")
    signed = info["content"]
    (signer,), (choice,) = signed["signer_infos"], signed["certificates"]
    certificate = choice.chosen.dump()
    facts = signed["encap_content_info"]["content"].parsed
    imprint = facts["message_imprint"]
    attributes = {a["type"].native: a["values"][0] for a in signer["signed_attrs"]}
    digest = signer["digest_algorithm"]["algorithm"].native
    wanted = [
        (signed["encap_content_info"]["content_type"].native, "tst_info"),
        (imprint["hash_algorithm"]["algorithm"].native, "sha256"),
        (imprint["hashed_message"].native, hashlib.sha256(signature).digest()),
        (attributes["message_digest"].native, hashlib.new(digest, facts.dump()).digest()),
        (_named_certificate(attributes), hashlib.sha256(certificate).digest()),
        (isinstance(signer["unsigned_attrs"], core.Void), True),
        (isinstance(signed["crls"], core.Void), True),
    ]
    if any(found != expected for found, expected in wanted):
        raise ValueError("the token is not over this signature")
    _check_signature(certificate, signer["signature"].native, signer["signed_attrs"].untag().dump(), HASHES[digest]())
    return Timestamp(facts["gen_time"].native, certificate)


def _named_certificate(attributes: dict[str, core.Asn1Value]) -> bytes:
    return attributes["signing_certificate_v2"]["certs"][0]["cert_hash"].native


def _check_signature(certificate: bytes, signature: bytes, message: bytes, digest: hashes.HashAlgorithm) -> None:
    key = load_der_x509_certificate(certificate).public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(digest))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), digest)
        else:
            raise ValueError("a time-stamping key that is neither RSA nor EC")
    except InvalidSignature as error:
        raise ValueError("the token's signature is false") from error
