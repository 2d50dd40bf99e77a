"""A small chain for signing pages in tests: root -> issuing CA -> pdf signer, all P-256, made from fixed keys."""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from certsvc.core.kinds import ISSUED_USES
from certsvc.signers.file import Es256Signer

FROM, TO = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
SIGNED_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Chain:
    signer: Es256Signer
    key: ec.EllipticCurvePrivateKey
    certificate_der: bytes
    issuing_ca_der: bytes
    root_der: bytes


def make_chain(seed: int = 1, leaf_key=None) -> Chain:
    """The chain of `seed`: the same bytes in every process. The leaf may get another key, of any kind."""
    keys = [ec.derive_private_key(1000 * seed + step, ec.SECP256R1()) for step in (1, 2, 3)]
    keys[2] = leaf_key or keys[2]
    names = [_name(f"{word} (sample {seed})") for word in ("Sample root", "Sample issuing CA", "Sample page signer")]
    root = _certificate(names[0], names[0], keys[0], keys[0], 1, ca=1)
    issuing = _certificate(names[1], names[0], keys[1], keys[0], 2, ca=0)
    leaf = _certificate(names[2], names[1], keys[2], keys[1], 3, ca=None)
    return Chain(Es256Signer(keys[2]), keys[2], leaf, issuing, root)


def _name(text: str) -> x509.Name:
    words = {NameOID.ORGANIZATION_NAME: "示例", NameOID.COMMON_NAME: text}
    return x509.Name([x509.NameAttribute(oid, word) for oid, word in words.items()])


def _certificate(subject, issuer, key, issuer_key, serial: int, ca: int | None) -> bytes:
    builder = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), serial, FROM, TO)
        .add_extension(x509.BasicConstraints(ca is not None, ca), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
        .add_extension(_usage(ca is not None), True)
    )
    if ca is None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(ISSUED_USES["pdf"])]), False)
    return builder.sign(issuer_key, SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)


def _usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(not ca, not ca, False, False, False, ca, ca, False, False)
