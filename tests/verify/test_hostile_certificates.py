"""Certificates made to cost: of one name, of slow curves, in a bundle or in an update that is laid beside it.

Each is written anew for every run, so that no signature of it is remembered. Measured as in test_hostile_cost.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from support_changes import apply_changes
from support_forge import Forge, judge
from support_instance import SmallInstance
from test_hostile_cost import LIMIT, cost, nobodys

from certsvc.core.bundle import MOST
from certsvc.core.encoding import b64, canonical, parse_json, unb64
from certsvc.core.jose import thumbprint

P256, P521, SLOWEST = ec.SECP256R1(), ec.SECP521R1(), ec.BrainpoolP512R1()
DAY = 86_400


@dataclass
class Forger:
    """Certificates in the names of a genuine issuing CA and of those whom it certifies."""

    small: SmallInstance
    keys: list[ec.EllipticCurvePrivateKey] = field(
        default_factory=lambda: [ec.generate_private_key(P256) for _ in range(MOST["certs"])]
    )

    @cached_property
    def forge(self) -> Forge:
        return Forge(self.small)

    @cached_property
    def bundle(self) -> dict[str, Any]:
        genuine: dict[str, Any] = parse_json(self.small.bundle())
        return genuine

    def authorities(self, keys: Sequence[ec.EllipticCurvePrivateKey]) -> list[str]:
        """Issuing CAs with the name of the real one; signed by one of the forger's keys in the name of the root."""
        real, root = self.forge.authority("issuing-ca").certificate, self.forge.authority("root").certificate
        return [self._signed(real, root.subject, key.public_key(), self.keys[0], self.keys[0]) for key in keys]

    def leaves(
        self, number: int, named: ec.EllipticCurvePrivateKey, signs: ec.EllipticCurvePrivateKey | None = None
    ) -> list[str]:
        """Certificates of seals that name `named` as the key that signed them; another one did, unless it `signs`."""
        seal = x509.load_der_x509_certificate(self.forge.certificate("UNIT.seal"))
        by = signs or self.keys[0]
        return [self._signed(seal, seal.issuer, key.public_key(), named, by) for key in self.keys[-number:]]

    def _signed(
        self,
        like: x509.Certificate,
        issuer: x509.Name,
        public: ec.EllipticCurvePublicKey,
        named: ec.EllipticCurvePrivateKey,
        by: ec.EllipticCurvePrivateKey,
    ) -> str:
        serial = x509.random_serial_number() >> 2
        builder = x509.CertificateBuilder().subject_name(like.subject).issuer_name(issuer).public_key(public)
        builder = builder.serial_number(serial).not_valid_before(like.not_valid_before_utc)
        builder = builder.not_valid_after(like.not_valid_after_utc)
        for one in like.extensions:
            own = isinstance(one.value, x509.AuthorityKeyIdentifier)
            value = x509.AuthorityKeyIdentifier.from_issuer_public_key(named.public_key()) if own else one.value
            builder = builder.add_extension(value, one.critical)
        return b64(builder.sign(by, hashes.SHA256()).public_bytes(Encoding.DER))


@pytest.fixture(scope="module")
def forger(small_instance: SmallInstance) -> Forger:
    return Forger(small_instance)


def keys_of(curve: ec.EllipticCurve, number: int) -> list[ec.EllipticCurvePrivateKey]:
    return [ec.generate_private_key(curve) for _ in range(number)]


STRAY: dict[str, tuple[ec.EllipticCurve, int, int]] = {
    "one_authority_and_two_hundred_keys": (P256, 1, 200),
    "seven_authorities_and_all_other_keys": (P256, 7, 220),
    "eight_authorities_and_all_other_keys": (P256, 8, 219),
    "one_authority_of_a_slow_curve": (P521, 1, 200),
    "seven_authorities_of_a_slow_curve": (P521, 7, 200),
    "seven_authorities_of_the_slowest_curve": (SLOWEST, 7, 220),
}


@pytest.mark.parametrize(("curve", "authorities", "leaves"), STRAY.values(), ids=STRAY.keys())
def test_certificates_that_nothing_names_are_not_proved(
    forger: Forger, curve: ec.EllipticCurve, authorities: int, leaves: int
) -> None:
    """A genuine bundle with others: whoever looks for the CA above each of them has several to try."""
    keys = keys_of(curve, authorities)

    def make(_: int) -> bytes:
        others = [*forger.authorities(keys), *forger.leaves(leaves, keys[-1], keys[-1])]
        return canonical({**forger.bundle, "certs": [*others, *forger.bundle["certs"]][: MOST["certs"]]})

    report = judge(forger.small, make(0))
    assert (report.verdict, report.reason) == ("tampered", "unused_evidence")
    assert cost(lambda data: judge(forger.small, data), make) < LIMIT


@pytest.mark.parametrize("number", [1, 7])
def test_sixty_four_strangers_with_authorities_of_one_name_are_known_at_once(forger: Forger, number: int) -> None:
    """As many as may be asked about: each signed something, and names another of the forger's authorities."""
    keys = keys_of(P256, number)
    genuine, grant = forger.bundle, forger.bundle["grants"][0]

    def make(_: int) -> bytes:
        grants = [_signed_by(grant, key) for key in forger.keys[-64:]]
        certs = [*forger.authorities(keys), *forger.leaves(64, keys[-1]), *genuine["certs"]]
        return canonical(
            {
                **genuine,
                "certs": certs,
                "grants": [*genuine["grants"], *grants],
                "grant_logs": [*genuine["grant_logs"], *[None] * 64],
            }
        )

    report = judge(forger.small, make(0))
    assert (report.verdict, report.reason) == ("tampered", "sig_bad")
    assert cost(lambda data: judge(forger.small, data), make) < LIMIT


def _signed_by(grant: str, key: ec.EllipticCurvePrivateKey, **members: Any) -> str:
    """The grant under another identifier, with a signature of the right form by nobody, as that of `key`."""
    _, payload, signature = nobodys(grant).split(".")
    header = b64(canonical({"alg": "ES256", "kid": thumbprint(key.public_key()), "typ": "grant+jwt"}))
    return f"{header}.{b64(canonical({**parse_json(unb64(payload)), **members}))}.{signature}"


BROUGHT: dict[str, tuple[ec.EllipticCurve, int, int]] = {
    "as_many_keys_and_authorities_as_fit": (P256, 32, 220),
    "as_many_keys_as_fit_and_seven_authorities": (P256, 32, 7),
    "authorities_of_the_slowest_curve": (SLOWEST, 30, 30),
    "seven_authorities_of_the_slowest_curve": (SLOWEST, 32, 7),
}


@pytest.mark.parametrize(("curve", "leaves", "authorities"), BROUGHT.values(), ids=BROUGHT.keys())
def test_an_update_laid_beside_costs_no_search(
    forger: Forger, curve: ec.EllipticCurve, leaves: int, authorities: int
) -> None:
    """Grants by keys whose certificates name one of many authorities of one name, none of which signed them."""
    small, data, keys = forger.small, forger.small.bundle(), keys_of(curve, authorities)
    listed = apply_changes(
        Forge(small),
        [
            {"do": "set", "at": "status.iat", "to": "@day:43+60"},
            {"do": "mint", "label": "Y.status", "like": "HRSS.status"},
            {"do": "sign", "document": "status", "by": ["Y.status"]},
        ],
    )
    token, grant = listed.document("status").decode(), forger.forge.document("grants.committee").decode()
    named = [{"jkt": parse_json(unb64(token.split(".")[0]))["kid"], "use": "status"}]

    def make(_: int) -> bytes:
        grants = [_signed_by(grant, key, keys=named, jti=f"g-{os.urandom(8).hex()}") for key in forger.keys[-leaves:]]
        certs = [*forger.leaves(leaves, keys[-1]), *forger.authorities(keys)]
        logs = [None] * leaves
        return canonical(
            {"list": token, "log": None, "trust": None, "grants": grants, "grant_logs": logs, "certs": certs}
        )

    def ask(update: bytes) -> Any:
        return judge(small, data, newer_status=update, now=small.now + 120, at=small.now + 120)

    report = ask(make(0))
    assert (report.verdict, report.reason) == ("cannot_decide", "key_unknown")
    assert cost(ask, make) < LIMIT
