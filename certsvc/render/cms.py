"""The one way to write our CMS (RFC 5652, ETSI EN 319 122-1 B-B): the reader rebuilds it and compares bytes.

Both certificates are named by hash inside the signed attributes (RFC 5035), so no byte of them can change unseen.
"""

import hashlib
from dataclasses import dataclass

from asn1crypto import cms, core, tsp, x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509 import load_der_x509_certificate

from certsvc.core.algorithms import raw_low_s, signature_holds


@dataclass(frozen=True)
class CmsParts:
    """What a CMS of ours is made of, in the order in which it comes to be."""

    document_sha256: bytes
    certificate_der: bytes
    issuing_ca_der: bytes
    raw_signature: bytes
    """r||s, 64 bytes."""
    timestamp_token: bytes | None
    """DER of an RFC 3161 token over the signature value, if the signer asked for one."""


def to_be_signed(document_sha256: bytes, certificate_der: bytes, issuing_ca_der: bytes) -> bytes:
    """The DER of the signed attributes: the bytes that the key signs (RFC 5652 5.4)."""
    return _signed_attributes(document_sha256, certificate_der, issuing_ca_der).dump()


def write_cms(parts: CmsParts) -> bytes:
    """The DER ContentInfo of `parts`: SignedData version 1, SHA-256, two certificates, one SignerInfo."""
    signed = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "data"},
        "certificates": [_certificate(parts.certificate_der), _certificate(parts.issuing_ca_der)],
        "signer_infos": [_signer_info(parts)],
    }
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()


def read_cms(der: bytes) -> CmsParts:
    """The parts of `der`. Raises ValueError unless `write_cms` of the parts gives exactly `der`."""
    signed = cms.ContentInfo.load(der, strict=True)["content"]
    (info,) = signed["signer_infos"]
    attributes = {attribute["type"].native: attribute["values"] for attribute in info["signed_attrs"]}
    certificate, issuing_ca = _certificates_in_order(signed, attributes)
    parts = CmsParts(
        attributes["message_digest"][0].native,
        certificate,
        issuing_ca,
        _raw_signature(info["signature"].native),
        _token_of(info),
    )
    if write_cms(parts) != der:
        raise ValueError("not the one way to write this CMS")
    return parts


def signature_math_holds(parts: CmsParts) -> bool:
    """True if the key of the certificate made the signature, with s <= n/2. No chain is judged."""
    key = load_der_x509_certificate(parts.certificate_der).public_key()
    message = to_be_signed(parts.document_sha256, parts.certificate_der, parts.issuing_ca_der)
    return isinstance(key, ec.EllipticCurvePublicKey) and signature_holds(key, "ES256", message, parts.raw_signature)


def der_signature(raw: bytes) -> bytes:
    """r||s as the DER that CMS wants (RFC 5753 7.2)."""
    return encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))


def _signed_attributes(document_sha256: bytes, certificate_der: bytes, issuing_ca_der: bytes) -> cms.CMSAttributes:
    hashes = [{"cert_hash": hashlib.sha256(der).digest()} for der in (certificate_der, issuing_ca_der)]
    values = {
        "content_type": "data",
        "message_digest": document_sha256,
        "signing_certificate_v2": tsp.SigningCertificateV2({"certs": hashes}),
    }
    return cms.CMSAttributes([cms.CMSAttribute({"type": name, "values": [value]}) for name, value in values.items()])


def _signer_info(parts: CmsParts) -> cms.SignerInfo:
    certificate = x509.Certificate.load(parts.certificate_der)
    sid = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    info = {
        "version": "v1",
        "sid": cms.SignerIdentifier({"issuer_and_serial_number": cms.IssuerAndSerialNumber(sid)}),
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": _signed_attributes(parts.document_sha256, parts.certificate_der, parts.issuing_ca_der),
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": der_signature(parts.raw_signature),
    }
    if parts.timestamp_token:
        token = cms.ContentInfo.load(parts.timestamp_token, strict=True)
        info["unsigned_attrs"] = [{"type": "signature_time_stamp_token", "values": [token]}]
    return cms.SignerInfo(info)


def _certificates_in_order(signed: cms.SignedData, attributes: dict[str, core.Asn1Value]) -> tuple[bytes, bytes]:
    """(signer, issuing CA) by the order of their hashes in the signed attributes."""
    by_hash = {hashlib.sha256(der).digest(): der for der in (c.chosen.dump() for c in signed["certificates"])}
    named = [entry["cert_hash"].native for entry in attributes["signing_certificate_v2"][0]["certs"]]
    if len(named) != 2 or set(named) != by_hash.keys():
        raise ValueError("certificates other than the two named")
    return by_hash[named[0]], by_hash[named[1]]


def _token_of(info: cms.SignerInfo) -> bytes | None:
    attributes = info["unsigned_attrs"]
    if not isinstance(attributes, cms.CMSAttributes):
        return None
    ((attribute),) = attributes
    (token,) = attribute["values"]
    return token.dump()


def _raw_signature(der: bytes) -> bytes:
    """r||s of a DER signature. Raises ValueError for s > n/2: that twin would be a second file for one act."""
    raw = raw_low_s(der)
    if der_signature(raw) != der:
        raise ValueError("high s or loose DER")
    return raw


def _certificate(der: bytes) -> cms.CertificateChoices:
    return cms.CertificateChoices("certificate", x509.Certificate.load(der))
