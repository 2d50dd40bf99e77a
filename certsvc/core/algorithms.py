"""Signature algorithms, one row each. The algorithm comes from the key, never from a header (RFC 8725 2.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

#: Order of the P-256 group (SEC 2, 2.4.2). Signatures of ours have s <= n/2, so a document has one hash.
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ZERO, _HALF, _ORDER = (number.to_bytes(32) for number in (0, P256_ORDER // 2, P256_ORDER))


@dataclass(frozen=True)
class AlgorithmRow:
    """How one `alg` signs: which keys it takes, what its signatures must look like, and how one is verified."""

    name: str
    takes: Callable[[PublicKeyTypes], bool]
    well_formed: Callable[[bytes], bool]
    verify: Callable[[Any, bytes, bytes], None]
    """(key, message, signature); raises InvalidSignature."""


def _is_p256(key: PublicKeyTypes) -> bool:
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def _low_s(signature: bytes) -> bool:
    if len(signature) != 64:
        return False
    # Of one length, so that bytes compare as the numbers they stand for.
    return _ZERO < signature[:32] < _ORDER and _ZERO < signature[32:] <= _HALF


_ES256 = ec.ECDSA(SHA256())


def _verify_es256(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> None:
    # RFC 7518 3.4: r and s side by side; the library takes them as DER.
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    key.verify(encode_dss_signature(r, s), message, _ES256)


def _verify_eddsa(key: ed25519.Ed25519PublicKey, message: bytes, signature: bytes) -> None:
    # RFC 8032 5.1.7, by libsodium: twice as fast as OpenSSL, and keys of small order sign nothing (decision 17).
    try:
        crypto_sign_open(signature + message, key.public_bytes_raw())
    except BadSignatureError as error:
        raise InvalidSignature from error


ES256 = AlgorithmRow("ES256", _is_p256, _low_s, _verify_es256)
EDDSA = AlgorithmRow("EdDSA", lambda k: isinstance(k, ed25519.Ed25519PublicKey), lambda s: len(s) == 64, _verify_eddsa)
ALGORITHMS: tuple[AlgorithmRow, ...] = (ES256, EDDSA)


def algorithm_for(key: PublicKeyTypes) -> AlgorithmRow | None:
    """The row that takes `key`, or None for a key kind we do not use."""
    return next((row for row in ALGORITHMS if row.takes(key)), None)


def signature_holds(key: PublicKeyTypes, alg: str, message: bytes, signature: bytes) -> bool:
    """True if `signature` is well formed and `key` made it over `message` under `alg`."""
    opened = open_key(key)
    return opened is not None and opened.signed(alg, message, signature)


@dataclass(frozen=True)
class OpenKey:
    """A key with its algorithm, found once for all signatures it made."""

    key: PublicKeyTypes
    row: AlgorithmRow

    def signed(self, alg: str, message: bytes, signature: bytes) -> bool:
        """As `signature_holds`."""
        row = self.row
        if row.name != alg or not row.well_formed(signature):
            return False
        try:
            row.verify(self.key, message, signature)
        except (InvalidSignature, ValueError):
            return False
        return True


def open_key(key: PublicKeyTypes) -> OpenKey | None:
    """`key` with its algorithm, or None for a key kind we do not use."""
    row = algorithm_for(key)
    return None if row is None else OpenKey(key, row)


def raw_low_s(der: bytes) -> bytes:
    """A DER ECDSA signature (RFC 3279 2.2.3) as raw r||s, with s in the lower half."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(32) + min(s, P256_ORDER - s).to_bytes(32)
