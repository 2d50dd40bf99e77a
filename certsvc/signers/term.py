"""How long the certificate of a key holds: as long as it and every certificate above it do (RFC 5280 6.1; docs/format.md 2)."""

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature

from certsvc.core.chain import UNREADABLE, load_certificate

#: Key, issuing CA, root: no chain of ours is longer.
LONGEST = 3


@dataclass(frozen=True)
class Term:
    """From when to when, in seconds since 1970 UTC, both included (RFC 5280 4.1.2.5)."""

    first: int
    last: int

    def has(self, at: int) -> bool:
        return self.first <= at <= self.last


def own_term(der: bytes) -> Term:
    """What a certificate (DER) says itself. Raises Malformed."""
    certificate = load_certificate(der)
    return Term(int(certificate.not_valid_before_utc.timestamp()), int(certificate.not_valid_after_utc.timestamp()))


def whole_term(der: bytes, above: Iterable[bytes]) -> Term | None:
    """The time in which `der` holds and each certificate above it; None where those in `above` lead to no root.

    `above` are the issuing CAs and roots that may have certified it (DER). Raises Malformed.
    """
    chain, known = [der], tuple(above)
    while load_certificate(chain[-1]).subject != load_certificate(chain[-1]).issuer:
        over = next((one for one in known if _certified(one, chain[-1])), None)
        if over is None or len(chain) == LONGEST:
            return None
        chain.append(over)
    terms = [own_term(one) for one in chain]
    return Term(max(one.first for one in terms), min(one.last for one in terms))


def _certified(above: bytes, der: bytes) -> bool:
    certificate, issuer = load_certificate(der), load_certificate(above)
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, *UNREADABLE):
        return False
    return True
