"""Making keys and X.509 certificates in the two fixed shapes (formats.md 2). Ceremony work: randomness lives here."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from certsvc.core.chain import instance_extension
from certsvc.core.errors import NotReady
from certsvc.core.kinds import CEREMONY_USES, ISSUED_USES

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Holder:
    """Whose certificate it is: organisation id and name, and for officers the pseudonym and a printed name."""

    org: str
    org_name: str
    common_name: str
    pseudonym: str | None = None

    def name(self) -> x509.Name:
        parts = [
            (NameOID.ORGANIZATION_IDENTIFIER, self.org),
            # RFC 5280 ub-organization-name: 64 characters.
            (NameOID.ORGANIZATION_NAME, self.org_name[:64]),
            (NameOID.COMMON_NAME, self.common_name[:64]),
        ]
        if self.pseudonym:
            parts.append((NameOID.SERIAL_NUMBER, self.pseudonym))
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def new_key(use: str) -> PrivateKey:
    """A fresh private key for `use`: Ed25519 for log and witness, P-256 for everything else."""
    if use in ("log", "witness"):
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1())


def write_key(path: Path, key: PrivateKey) -> None:
    """Writes PKCS#8 PEM with mode 0600 and syncs it. Raises NotReady when the file exists: nothing is overwritten."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise NotReady("key_exists", f"密钥文件已存在:{path.name}", f"{path} exists already.") from error
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())


def read_ca_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The P-256 key of a root or CA, for certifying. Raises NotReady."""
    if not path.is_file():
        raise NotReady("key_missing", f"缺少密钥文件 {path.name}", f"{path} is missing.", "certsvc doctor")
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NotReady("key_kind", f"密钥类型不支持:{path.name}", f"{path} is no P-256 key.")
    return key


@dataclass(frozen=True)
class Authority:
    """A CA that certifies: its certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def mint_root(
    holder: Holder,
    key: ec.EllipticCurvePrivateKey,
    start: datetime,
    years: int,
    test: bool,
    log_required: bool = False,
) -> x509.Certificate:
    """The self-signed root; its extension says whether it is a test root, and whether evidence under it needs a log."""
    builder = _builder(holder.name(), holder.name(), key.public_key(), start, years)
    return _as_ca(builder, key, 1, instance_extension(test, log_required)).sign(key, SHA256())


def mint_issuing_ca(
    root: Authority,
    holder: Holder,
    key: ec.EllipticCurvePrivateKey,
    start: datetime,
    years: int,
    test: bool,
    log_required: bool = False,
) -> x509.Certificate:
    """An issuing CA: pathLen 0, an EKU list limited to shape (b), and the extension of its root, which alone counts."""
    usages = x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in ISSUED_USES.values()])
    builder = _builder(holder.name(), root.certificate.subject, key.public_key(), start, years)
    builder = builder.add_extension(usages, critical=False)
    builder = _with_authority(_as_ca(builder, key, 0, instance_extension(test, log_required)), root)
    return builder.sign(root.key, SHA256())


def mint_signer(
    issuer: Authority, holder: Holder, use: str, key: PrivateKey, start: datetime, years: int
) -> x509.Certificate:
    """The certificate of a signing key with exactly one EKU, the one of `use`."""
    return mint_certificate(issuer, holder, use, key.public_key(), start, years)


def mint_certificate(
    issuer: Authority, holder: Holder, use: str, public: PublicKeyTypes, start: datetime, years: int
) -> x509.Certificate:
    """As `mint_signer`, for a key that somebody else holds."""
    oid = (CEREMONY_USES | ISSUED_USES)[use]
    builder = (
        _builder(holder.name(), issuer.certificate.subject, public, start, years)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid)]), critical=True)
    )
    return _with_authority(builder, issuer).sign(issuer.key, SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, public: PublicKeyTypes, start: datetime, years: int
) -> x509.CertificateBuilder:
    start = start.astimezone(UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + years * 365 * DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _as_ca(
    builder: x509.CertificateBuilder, key: PrivateKey, path_length: int, flags: x509.UnrecognizedExtension
) -> x509.CertificateBuilder:
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(flags, critical=False)
    )


def _with_authority(builder: x509.CertificateBuilder, issuer: Authority) -> x509.CertificateBuilder:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return builder.add_extension(identifier, critical=False)


def _key_usage(**chosen: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: chosen.get(name, False) for name in names})
