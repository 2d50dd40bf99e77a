"""Tokens as an attacker writes them, as data: tests/vectors/jws.json says how one is made and why it is refused.

Each is made from one genuine calendar; `harmless` makes a sibling in the same place that is read and whose signature
holds. What is not said is as in the genuine token. `@own` is the thumbprint of the trusted key.
"""

import hashlib
import hmac
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certsvc.core.algorithms import P256_ORDER as N
from certsvc.core.encoding import b64, canonical, unb64
from certsvc.core.errors import Malformed
from certsvc.core.jose import parse_document, public_jwk, thumbprint
from certsvc.signers.file import EdDsaSigner, Es256Signer

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "vectors" / "jws.json").read_text("utf-8"))
IDS = [vector["id"] for vector in VECTORS]

OWN, OTHER = (Es256Signer(ec.derive_private_key(scalar, ec.SECP256R1())) for scalar in (0xC0FFEE, 7))
ED25519 = EdDsaSigner(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))
#: Keys of kinds that we do not use, by the name that the vectors give them.
FOREIGN: dict[str, PrivateKeyTypes] = {
    "p384": ec.derive_private_key(7, ec.SECP384R1()),
    "p521": ec.derive_private_key(7, ec.SECP521R1()),
    "secp256k1": ec.derive_private_key(7, ec.SECP256K1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}
FOREIGN["rsa_pss"] = FOREIGN["rsa"]
DIGESTS: dict[str, hashes.HashAlgorithm] = {"p384": hashes.SHA384(), "p521": hashes.SHA512()}
#: The keys that are held, by thumbprint; a kind without a thumbprint stands under its name.
HELD: dict[str, Any] = {
    thumbprint(OWN.public_key): OWN.public_key,
    thumbprint(ED25519.public_key): ED25519.public_key,
    **{name: key.public_key() for name, key in FOREIGN.items()},
}
PAYLOAD: dict[str, Any] = {
    "jti": "c", "iat": 1_736_042_400, "first": "2025-01-01", "last": "2025-12-31",
    "days_off": [], "workdays": [], "source": "s",
}  # fmt: skip


def outcome(token: bytes) -> str | None:
    """Why `token` is refused by whoever holds HELD, or None."""
    try:
        document = parse_document(token, "calendar+jwt")
    except Malformed as refused:
        return refused.code
    key = HELD.get(document.signatures[0].unverified_kid)
    if key is None:
        return "key_unknown"
    return None if document.signed_by(key) else "sig_bad"


def make(changes: dict[str, Any]) -> bytes:
    head, payload = b64(_header(changes)), b64(_payload(changes))
    if changes.get("form") == "nested":
        payload = b64(f"{head}.{payload}.{b64(OWN.sign(f'{head}.{payload}'.encode()))}".encode())
    signature = _sign(changes.get("sign", "own"), f"{head}.{payload}".encode())
    signature = _respell(changes.get("signature", "as_made"), signature)
    token = _FORMS[changes.get("form", "compact")](head, payload, b64(signature))
    return (changes.get("prefix", "") + token + changes.get("suffix", "")).encode()


def _header(changes: dict[str, Any]) -> bytes:
    sign = changes.get("sign", "own")
    kid = sign if sign in FOREIGN else thumbprint((ED25519 if sign == "ed25519" else OWN).public_key)
    if "header_text" in changes:
        return str(changes["header_text"]).replace("@own", kid).encode()
    header = {"alg": "ES256", "kid": kid, "typ": "calendar+jwt"} | changes.get("header", {})
    if changes.get("kid_letters"):
        header["kid"] = "k" * changes["kid_letters"]
    header = {name: kid if value == "@own" else value for name, value in header.items()}
    return canonical({name: header[name] for name in header.keys() - set(changes.get("header_remove", ()))})


def _payload(changes: dict[str, Any]) -> bytes:
    if "payload_text" in changes:
        return str(changes["payload_text"]).encode()
    letters = {"source": "s" * changes["payload_letters"]} if "payload_letters" in changes else {}
    return canonical(PAYLOAD | changes.get("payload", {}) | letters)


def _sign(by: str, message: bytes) -> bytes:
    if by == "nobody":
        return b""
    if by.startswith("hmac_"):
        return hmac.new(_secret(by.removeprefix("hmac_")), message, hashlib.sha256).digest()
    if by in FOREIGN:
        return _sign_foreign(by, message)
    return {"own": OWN, "other": OTHER, "ed25519": ED25519}[by].sign(message)  # type: ignore[attr-defined,no-any-return]


def _secret(form: str) -> bytes:
    key = OWN.public_key
    if form == "jwk":
        return canonical(public_jwk(key))
    return key.public_bytes(Encoding.PEM if form == "pem" else Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _sign_foreign(name: str, message: bytes) -> bytes:
    key, digest = FOREIGN[name], DIGESTS.get(name, hashes.SHA256())
    if isinstance(key, rsa.RSAPrivateKey):
        salted = padding.PSS(padding.MGF1(digest), 32) if name == "rsa_pss" else padding.PKCS1v15()
        return key.sign(message, salted, digest)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
    wide = (key.curve.key_size + 7) // 8
    return r.to_bytes(wide) + s.to_bytes(wide)


def _respell(name: str, signature: bytes) -> bytes:
    """`signature` in a form that means the same to somebody, or nothing."""
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    forms: dict[str, Any] = {
        "as_made": signature, "der": encode_dss_signature(r, s), "bytes_63": signature[:63],
        "bytes_65": signature + b"\x00", "bytes_96": signature + bytes(32),
        "r_zero": (0, s), "s_zero": (r, 0), "both_zero": (0, 0), "r_order": (N, s), "s_order": (r, N),
        "both_order": (N, N), "r_and_order": ((r + N) % 2**256, s), "all_ones": b"\xff" * 64,
        "halves_swapped": (s, r), "high_s": (r, N - s),
    }  # fmt: skip
    form = forms[name]
    return form if isinstance(form, bytes) else form[0].to_bytes(32) + form[1].to_bytes(32)


def _loose_tail(head: str, payload: str, signature: str) -> str:
    """The last character of 64 bytes in base64 has four bits to spare."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return f"{head}.{payload}.{signature[:-1]}{alphabet[alphabet.index(signature[-1]) + 1]}"


_FORMS: dict[str, Any] = {
    "compact": lambda h, p, s: f"{h}.{p}.{s}",
    "nested": lambda h, p, s: f"{h}.{p}.{s}",
    "two_parts": lambda h, p, s: f"{h}.{p}",
    "four_parts": lambda h, p, s: f"{h}.{p}.{s}.{s}",
    "five_parts": lambda h, p, s: f"{h}.{p}.{p}.{p}.{s}",
    "flattened": lambda h, p, s: json.dumps({"payload": p, "protected": h, "signature": s}),
    "general": lambda h, p, s: json.dumps({"payload": p, "signatures": [{"protected": h, "signature": s}]}),
    "standard_alphabet": lambda h, p, s: f"{h}.{p}." + "+/" + s[2:],
    "loose_tail": _loose_tail,
    "space_inside": lambda h, p, s: f"{h}.{p}.{s[:10]} {s[10:]}",
}


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a connection to look for a key fails the test."""

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("vector", VECTORS, ids=IDS)
def test_a_token_of_an_attacker_is_refused_for_its_own_reason(vector: dict[str, Any]) -> None:
    assert outcome(make(vector["make"])) == vector["expected"]


@pytest.mark.parametrize("vector", VECTORS, ids=IDS)
def test_the_harmless_sibling_of_a_token_is_read_and_its_signature_holds(vector: dict[str, Any]) -> None:
    assert outcome(make(vector["harmless"])) is None


def test_the_other_half_of_a_signature_is_what_libraries_accept() -> None:
    """The vector is a good one: without our rule about s the key would have made this signature."""
    token = make({"signature": "high_s"})
    message, _, signature = token.rpartition(b".")
    raw = unb64(signature.decode())
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    OWN.public_key.verify(der, message, ec.ECDSA(hashes.SHA256()))  # type: ignore[union-attr,call-arg]
