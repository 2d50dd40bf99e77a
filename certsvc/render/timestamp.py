"""RFC 3161 time-stamps over a signature value: asking for one, and checking one."""

import hashlib
import urllib.request
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, core, tsp, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509 import load_der_x509_certificate

from certsvc.core.algorithms import P256_ORDER
from certsvc.core.errors import NotReady

TIMEOUT_SECONDS = 10
HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
#: Group orders (SEC 2, 2.4.2 and 2.5.1).
ORDERS = {
    "secp256r1": P256_ORDER,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
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
    """`token` written the one way: its signer's certificate alone, plain algorithm names, low s, nothing unsigned.

    A token's signature covers its content and signed attributes; everything else here follows from these two and from
    the certificate that they name, so no byte of a lean token is free. Raises ValueError for kinds not in the tables.
    """
    signed = cms.ContentInfo.load(token)["content"]
    (signer,) = signed["signer_infos"]
    digest = signer["digest_algorithm"]["algorithm"].native
    certificate = _own_certificate(signed, _attributes(signer))
    key = load_der_x509_certificate(certificate.dump()).public_key()
    sid = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    lean_signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier({"issuer_and_serial_number": cms.IssuerAndSerialNumber(sid)}),
        "digest_algorithm": {"algorithm": digest},
        "signed_attrs": signer["signed_attrs"],
        "signature_algorithm": {"algorithm": f"{digest}_{'rsa' if isinstance(key, rsa.RSAPublicKey) else 'ecdsa'}"},
        "signature": _lean_signature(key, signer["signature"].native),
    }
    content = signed["encap_content_info"]["content"].parsed
    lean = {
        "version": "v3",
        "digest_algorithms": [{"algorithm": digest}],
        "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(content.dump())},
        "certificates": [cms.CertificateChoices("certificate", certificate)],
        "signer_infos": [lean_signer],
    }
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(lean)}).dump()


def read_timestamp(token: bytes, signature: bytes) -> Timestamp:
    """The time in `token`. Raises ValueError unless it is a lean token over `signature`, well signed."""
    if lean_token(token) != token:
        raise ValueError("not a lean token")
    signed = cms.ContentInfo.load(token, strict=True)["content"]
    (signer,) = signed["signer_infos"]
    facts = signed["encap_content_info"]["content"].parsed
    digest = HASHES[signer["digest_algorithm"]["algorithm"].native]()
    imprint = facts["message_imprint"]
    wanted = [
        (imprint["hash_algorithm"]["algorithm"].native, "sha256"),
        (imprint["hashed_message"].native, hashlib.sha256(signature).digest()),
        (_attributes(signer)["message_digest"].native, hashlib.new(digest.name, facts.dump()).digest()),
    ]
    if any(found != expected for found, expected in wanted):
        raise ValueError("the token is not over this signature")
    certificate = signed["certificates"][0].chosen.dump()
    _check_signature(certificate, signer["signature"].native, signer["signed_attrs"].untag().dump(), digest)
    return Timestamp(facts["gen_time"].native, certificate)


def _attributes(signer: cms.SignerInfo) -> dict[str, core.Asn1Value]:
    return {attribute["type"].native: attribute["values"][0] for attribute in signer["signed_attrs"]}


def _own_certificate(signed: cms.SignedData, attributes: dict[str, core.Asn1Value]) -> x509.Certificate:
    """The certificate named in the signed attributes by SHA-256 (RFC 5816). Raises ValueError if it is not there."""
    named = attributes["signing_certificate_v2"]["certs"][0]["cert_hash"].native
    for choice in signed["certificates"]:
        if hashlib.sha256(choice.chosen.dump()).digest() == named:
            return choice.chosen
    raise ValueError("the token does not carry its signer's certificate")


def _lean_signature(key: PublicKeyTypes, signature: bytes) -> bytes:
    """An RSA signature as it is; of an ECDSA signature and its twin (r, n-s) always the one with the lower s."""
    if isinstance(key, rsa.RSAPublicKey):
        return signature
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in ORDERS:
        raise ValueError("a time-stamping key that is neither RSA nor P-256 nor P-384")
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, min(s, ORDERS[key.curve.name] - s))


def _check_signature(certificate: bytes, signature: bytes, message: bytes, digest: hashes.HashAlgorithm) -> None:
    key = load_der_x509_certificate(certificate).public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(digest))
    except InvalidSignature as error:
        raise ValueError("the token's signature is false") from error
