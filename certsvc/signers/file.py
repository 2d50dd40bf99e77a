"""`file:` signers: a PKCS#8 PEM file that only its owner can read."""

import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certsvc.core.algorithms import raw_low_s
from certsvc.core.errors import NotReady


class Es256Signer:
    """ECDSA P-256 with SHA-256. Nonces are deterministic (RFC 6979), so the same input gives the same bytes."""

    algorithm = "ES256"

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        self._private_key = private_key
        self.public_key: PublicKeyTypes = private_key.public_key()

    def sign(self, message: bytes) -> bytes:
        return raw_low_s(self._private_key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))


class EdDsaSigner:
    """Ed25519 (RFC 8032), for the log and witness keys."""

    algorithm = "EdDSA"

    def __init__(self, private_key: ed25519.Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.public_key: PublicKeyTypes = private_key.public_key()

    def sign(self, message: bytes) -> bytes:
        return self._private_key.sign(message)


def open_file_signer(uri: str) -> Es256Signer | EdDsaSigner:
    """The signer for `file:/absolute/path.pem`. Raises NotReady when the file is missing or others may read it."""
    path = Path(unquote(urlsplit(uri).path))
    if not path.is_file():
        raise NotReady("key_missing", f"缺少密钥文件 {path.name}", f"Key file {path} is missing.", "certsvc doctor")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise NotReady("key_mode", f"密钥文件权限过宽:{path.name}", f"{path} is open to others.", f"chmod 600 {path}")
    key = load_pem_private_key(path.read_bytes(), password=None)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return Es256Signer(key)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return EdDsaSigner(key)
    raise NotReady("key_kind", f"密钥类型不支持:{path.name}", f"{path} holds neither a P-256 nor an Ed25519 key.")
