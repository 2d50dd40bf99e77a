"""Signers behind URIs. A signer signs; it never hands out its key, so an HSM fits the same protocol."""

from collections.abc import Callable
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from certsvc.core.errors import NotReady
from certsvc.signers.file import open_file_signer


class Signer(Protocol):
    """One private key. `algorithm` is a row name of `core.algorithms` ("ES256", "EdDSA")."""

    algorithm: str
    public_key: PublicKeyTypes

    def sign(self, message: bytes) -> bytes:
        """The JWS signature over `message` (RFC 7518 3.4: raw r||s with s <= n/2; RFC 8037: 64 bytes)."""
        ...


#: scheme -> opener of a whole URI. Add `pkcs11` (RFC 7512) here, in a file of its own.
SIGNER_FOR_URI_SCHEME: dict[str, Callable[[str], Signer]] = {"file": open_file_signer}


def open_signer(uri: str) -> Signer:
    """The signer behind `uri`, for example `file:/srv/certsvc/keys/credential.pem`. Raises NotReady."""
    scheme = uri.partition(":")[0]
    opener = SIGNER_FOR_URI_SCHEME.get(scheme)
    if opener is None:
        known = ", ".join(sorted(SIGNER_FOR_URI_SCHEME))
        raise NotReady(
            "signer_scheme_unknown", f"不支持的签名器地址:{scheme}", f"No signer for {scheme!r}; known: {known}."
        )
    return opener(uri)
