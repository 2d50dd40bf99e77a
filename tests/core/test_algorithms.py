"""Signatures: Wycheproof's raw ECDSA cases, and the one rule of ours beyond them (s in the lower half)."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from certsvc.core.algorithms import ALGORITHMS, P256_ORDER, algorithm_for, raw_low_s, signature_holds

WYCHEPROOF = (
    Path(__file__).parents[2].parent / "shared" / "data" / "wycheproof" / "ecdsa_secp256r1_sha256_p1363_test.json"
)


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(0xC0FFEE, ec.SECP256R1())


def test_wycheproof_agrees_but_for_signatures_in_the_upper_half() -> None:
    if not WYCHEPROOF.is_file():
        pytest.skip(f"{WYCHEPROOF} is not beside this checkout")
    groups: list[dict[str, Any]] = json.loads(WYCHEPROOF.read_text("utf-8"))["testGroups"]
    seen = excepted = 0
    for group in groups:
        public = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        for test in group["tests"]:
            signature = bytes.fromhex(test["sig"])
            high = len(signature) == 64 and int.from_bytes(signature[32:]) > P256_ORDER // 2
            # The exception list: Wycheproof calls them valid; we refuse them, so that a document has one hash.
            expected = test["result"] == "valid" and not high
            assert signature_holds(public, "ES256", bytes.fromhex(test["msg"]), signature) == expected, test["tcId"]
            seen, excepted = seen + 1, excepted + (test["result"] == "valid" and high)
    assert seen > 200
    assert excepted > 0


def test_the_other_half_of_a_signature_is_refused(key: ec.EllipticCurvePrivateKey) -> None:
    raw = raw_low_s(key.sign(b"message", ec.ECDSA(SHA256())))
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    other = r.to_bytes(32) + (P256_ORDER - s).to_bytes(32)
    key.public_key().verify(encode_dss_signature(r, P256_ORDER - s), b"message", ec.ECDSA(SHA256()))
    assert signature_holds(key.public_key(), "ES256", b"message", raw)
    assert not signature_holds(key.public_key(), "ES256", b"message", other)


@pytest.mark.parametrize(
    ("r", "s"),
    [(0, 1), (1, 0), (P256_ORDER, 1), (1, P256_ORDER), (1, P256_ORDER // 2 + 1)],
    ids=["r_nought", "s_nought", "r_is_the_order", "s_is_the_order", "s_just_above_half"],
)
def test_numbers_outside_their_range_are_not_well_formed(r: int, s: int) -> None:
    assert not ALGORITHMS[0].well_formed(r.to_bytes(32) + s.to_bytes(32))


def test_s_of_exactly_half_the_order_is_well_formed() -> None:
    assert ALGORITHMS[0].well_formed((P256_ORDER - 1).to_bytes(32) + (P256_ORDER // 2).to_bytes(32))


@pytest.mark.parametrize("length", [0, 63, 65, 96])
def test_a_signature_of_another_length_is_refused(length: int, key: ec.EllipticCurvePrivateKey) -> None:
    assert not signature_holds(key.public_key(), "ES256", b"m", b"\x01" * length)


def test_a_der_signature_is_refused(key: ec.EllipticCurvePrivateKey) -> None:
    der = key.sign(b"m", ec.ECDSA(SHA256()))
    assert not signature_holds(key.public_key(), "ES256", b"m", der)
    r, s = decode_dss_signature(der)
    raw = raw_low_s(der)
    assert (int.from_bytes(raw[:32]), int.from_bytes(raw[32:])) == (r, min(s, P256_ORDER - s))


@pytest.mark.parametrize("alg", ["none", "HS256", "ES384", "EdDSA", "es256", ""])
def test_the_algorithm_comes_from_the_key_and_never_from_a_header(alg: str, key: ec.EllipticCurvePrivateKey) -> None:
    raw = raw_low_s(key.sign(b"m", ec.ECDSA(SHA256())))
    assert not signature_holds(key.public_key(), alg, b"m", raw)


def test_an_ed25519_signature_holds_for_its_message_only() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = key.sign(b"m")
    assert signature_holds(key.public_key(), "EdDSA", b"m", signature)
    assert not signature_holds(key.public_key(), "EdDSA", b"n", signature)
    assert not signature_holds(key.public_key(), "EdDSA", b"m", signature + b"\x00")
    assert not signature_holds(key.public_key(), "ES256", b"m", signature)


@pytest.mark.parametrize(
    "other",
    [
        ec.derive_private_key(7, ec.SECP384R1()),
        ec.derive_private_key(7, ec.SECP256K1()),
        ed448.Ed448PrivateKey.from_private_bytes(bytes(57)),
        rsa.generate_private_key(65537, 1024),  # noqa: S505 -- a key that is refused
    ],
    ids=["p384", "secp256k1", "ed448", "rsa"],
)
def test_keys_of_other_kinds_sign_nothing_here(other: Any) -> None:
    assert algorithm_for(other.public_key()) is None
    assert not signature_holds(other.public_key(), "ES256", b"m", bytes(63) + b"\x01")


#: Points of order 1, 2 and 4 (RFC 8032 5.1.2): everything is signed by them, by whoever likes.
SMALL = {
    "order 1": "01" + 31 * "00",
    "order 2": "ec" + 30 * "ff" + "7f",
    "order 4": 32 * "00",
}


@pytest.mark.parametrize("public", SMALL.values(), ids=SMALL.keys())
@pytest.mark.parametrize("point", SMALL.values(), ids=SMALL.keys())
def test_an_ed25519_key_of_small_order_signs_nothing(public: str, point: str) -> None:
    key = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    signature = bytes.fromhex(point) + bytes(32)
    assert not any(signature_holds(key, "EdDSA", b"%d" % n, signature) for n in range(16))


def test_an_ed25519_signature_has_one_form() -> None:
    """RFC 8032 5.1.7: S is below the order of the group."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = key.sign(b"m")
    order = 2**252 + 27742317777372353535851937790883648493
    other = int.from_bytes(signature[32:], "little") + order
    assert not signature_holds(key.public_key(), "EdDSA", b"m", signature[:32] + other.to_bytes(32, "little"))
