"""Signature algorithms, one row each. The algorithm comes from the key, never from a header (RFC 8725 2.1)."""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwt.algorithms import Algorithm, ECAlgorithm, OKPAlgorithm

#: Order of the P-256 group (SEC 2, 2.4.2). Signatures of ours have s <= n/2, so a document has one hash.
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class AlgorithmRow:
    """How one `alg` signs: the PyJWT object, which keys it takes, and what its signatures must look like."""

    name: str
    jwa: Algorithm
    takes: Callable[[PublicKeyTypes], bool]
    well_formed: Callable[[bytes], bool]


def _is_p256(key: PublicKeyTypes) -> bool:
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def _low_s(signature: bytes) -> bool:
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    return 0 < r < P256_ORDER and 0 < s <= P256_ORDER // 2


ALGORITHMS: tuple[AlgorithmRow, ...] = (
    AlgorithmRow("ES256", ECAlgorithm(ECAlgorithm.SHA256, ec.SECP256R1), _is_p256, _low_s),
    AlgorithmRow("EdDSA", OKPAlgorithm(), lambda k: isinstance(k, ed25519.Ed25519PublicKey), lambda s: len(s) == 64),
)


def algorithm_for(key: PublicKeyTypes) -> AlgorithmRow | None:
    """The row that takes `key`, or None for a key kind we do not use."""
    return next((row for row in ALGORITHMS if row.takes(key)), None)


def signature_holds(key: PublicKeyTypes, alg: str, message: bytes, signature: bytes) -> bool:
    """True if `signature` is well formed and `key` made it over `message` under `alg`."""
    row = algorithm_for(key)
    if row is None or row.name != alg or not row.well_formed(signature):
        return False
    try:
        return bool(row.jwa.verify(message, key, signature))
    except (InvalidSignature, ValueError):
        return False


def raw_low_s(der: bytes) -> bytes:
    """A DER ECDSA signature (RFC 3279 2.2.3) as raw r||s, with s in the lower half."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(32) + min(s, P256_ORDER - s).to_bytes(32)
