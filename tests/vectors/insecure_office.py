"""INSECURE-TEST keys and X.509 certificates for the vectors of docs/format.md, the same bytes every time.

Every key comes from a string that is printed here, so everything these keys sign is INSECURE-TEST and proves nothing.
Only the randomness of serial numbers and signatures is taken away; the rest is certsvc's own code.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256, sha512
from itertools import count
from typing import Any
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certsvc.core.algorithms import P256_ORDER
from certsvc.core.chain import Anchor, read_anchor
from certsvc.core.jose import Jws, parse_document, sign_compact, sign_general, thumbprint
from certsvc.signers.file import Es256Signer
from certsvc.signers.minting import Authority, Holder, mint_issuing_ca, mint_root, mint_signer

SEED = "certsvc INSECURE-TEST"
DAY = 86_400
#: 2025-03-03 09:00 in Shanghai, a Monday.
START = 1_740_963_600
YEARS = 10


def insecure_key(name: str) -> ec.EllipticCurvePrivateKey:
    """The P-256 key whose scalar is SHA-512("certsvc INSECURE-TEST key NAME") mod (n - 1) + 1."""
    number = int.from_bytes(sha512(f"{SEED} key {name}".encode()).digest())
    return ec.derive_private_key(number % (P256_ORDER - 1) + 1, ec.SECP256R1())


def insecure_salt(name: str) -> bytes:
    """SHA-256("certsvc INSECURE-TEST salt NAME")."""
    return sha256(f"{SEED} salt {name}".encode()).digest()


@contextmanager
def without_chance() -> Iterator[None]:
    """X.509 with serial numbers 1, 2, 3 … and RFC 6979 signatures."""
    real, serials = x509.CertificateBuilder.sign, count(1)

    def sign(self: x509.CertificateBuilder, key: Any, algorithm: Any) -> x509.Certificate:
        return real(self, key, algorithm, ecdsa_deterministic=True)

    with (
        mock.patch.object(x509.CertificateBuilder, "sign", sign),
        mock.patch.object(x509, "random_serial_number", lambda: next(serials)),
    ):
        yield


#: key -> (use, organisation id, organisation name, pseudonym of the officer)
KEYS: dict[str, tuple[str, str, str, str | None]] = {
    "policy": ("policy", "ROOT", "INSECURE-TEST root authority", None),
    "issuer.credential": ("credential", "EX-HRSS", "示例省人社厅", None),
    "issuer.seal": ("seal", "EX-HRSS", "示例省人社厅", None),
    "issuer.status": ("status", "EX-HRSS", "示例省人社厅", None),
    "issuer.grant": ("grant", "EX-HRSS", "示例省人社厅", None),
    "issuer.first": ("officer", "EX-HRSS", "示例省人社厅", "p-first"),
    "issuer.second": ("officer", "EX-HRSS", "示例省人社厅", "p-second"),
    "unit.seal": ("seal", "EX-UNIT", "示例研究所", None),
    "unit.officer": ("officer", "EX-UNIT", "示例研究所", "p-unit"),
    "committee.seal": ("seal", "EX-COMM", "示例评委会", None),
    "committee.officer": ("officer", "EX-COMM", "示例评委会", "p-committee"),
    "approver.seal": ("seal", "EX-APPR", "示例职称处", None),
    "approver.officer": ("officer", "EX-APPR", "示例职称处", "p-approver"),
}


class Office:
    """All keys with their certificates, under a root of this name."""

    def __init__(self, root_name: str = "root", log_required: bool = False) -> None:
        start = datetime.fromtimestamp(START - 30 * DAY, UTC)
        root_key, ca_key = insecure_key(root_name), insecure_key(f"{root_name} issuing ca")
        holder = Holder("ROOT", "INSECURE-TEST root authority", f"INSECURE-TEST {root_name}")
        with without_chance():
            root = Authority(mint_root(holder, root_key, start, YEARS, True, log_required), root_key)
            ca_holder = Holder("EX-HRSS", "示例省人社厅", "INSECURE-TEST issuing CA")
            ca = Authority(mint_issuing_ca(root, ca_holder, ca_key, start, YEARS, True, log_required), ca_key)
            self.certificates = {
                name: mint_signer(
                    root if use == "policy" else ca, Holder(org, zh, name, who), use, insecure_key(name), start, YEARS
                )
                for name, (use, org, zh, who) in KEYS.items()
            }
        self.root, self.ca = root.certificate, ca.certificate
        self.signers = {name: Es256Signer(insecure_key(name)) for name in KEYS}
        self.jkt = {name: thumbprint(signer.public_key) for name, signer in self.signers.items()}
        self.jkt["ca"] = thumbprint(ca_key.public_key())

    @property
    def anchor(self) -> Anchor:
        return read_anchor(self.root)

    def named(self, *names: str) -> list[dict[str, str]]:
        """`keys` of a grant."""
        return [{"jkt": self.jkt[name], "use": KEYS[name][0]} for name in names]

    def sign(self, typ: str, key: str, payload: dict[str, Any]) -> Jws:
        return parse_document(sign_compact(payload, typ, self.signers[key]), typ)

    def act(self, keys: tuple[str, ...], payload: dict[str, Any]) -> Jws:
        return parse_document(sign_general(payload, "act+jwt", [self.signers[key] for key in keys]), "act+jwt")
