"""X.509 says WHO: two fixed chain shapes under a pinned root (formats.md 2, RFC 5280). No path building.

Shape (a): key -> root. Shape (b): key -> issuing CA -> root. The use of a key is its one EKU, checked at both levels.
Chains are validated as of a given time with `cryptography.x509.verification` and our own extension policies.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import ExtensionPolicy

from certsvc.core.algorithms import algorithm_for
from certsvc.core.errors import Malformed
from certsvc.core.jose import thumbprint
from certsvc.core.kinds import CEREMONY_USES, INSTANCE_EXTENSION, ISSUED_USES, USE_OF_EKU
from certsvc.core.link import CA_POLICY, LEAF_POLICY, link_holds

#: DER of SEQUENCE { test BOOLEAN, logRequired BOOLEAN }, the value of the instance extension.
_INSTANCE = {
    bytes.fromhex(f"30060101{test}0101{log}"): (test == "ff", log == "ff")
    for test in ("00", "ff")
    for log in ("00", "ff")
}

#: More issuing CAs than authorities along any path; each costs a look at every signer.
MAX_ISSUING_CAS = 8

#: What `cryptography` raises, late, for certificates that are DER and yet not X.509 as it should be.
UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True)
class Identity:
    """Who a certified key belongs to, from its certificate and never from a payload."""

    jkt: str
    use: str
    org: str
    org_name: str
    officer: str | None
    """The officer's pseudonym, one per human across all organisations; None for organisation keys."""
    not_before: int
    not_after: int
    """Seconds since 1970 UTC; the intersection over the whole chain, both inclusive (RFC 5280 4.1.2.5)."""
    root: bytes
    """DER of the anchor above it."""
    log_required: bool
    """Whether that anchor says that everything under it is logged."""
    ca: str | None
    """Thumbprint of the key of the issuing CA between; None for a key right under the root."""
    certified_at: int
    """When its own certificate begins, in seconds."""

    def valid_at(self, at: int) -> bool:
        return self.not_before <= at <= self.not_after


@dataclass(frozen=True)
class Anchor:
    """A pinned root certificate and what it says about its instance."""

    certificate: x509.Certificate
    test: bool
    log_required: bool

    @cached_property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


class ChainFault(Exception):
    """The chain of a key is not acceptable; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def instance_extension(test: bool, log_required: bool) -> x509.UnrecognizedExtension:
    """The extension that every root and CA certificate of an instance carries."""
    value = next(der for der, flags in _INSTANCE.items() if flags == (test, log_required))
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(INSTANCE_EXTENSION), value)


def read_anchor(certificate: x509.Certificate) -> Anchor:
    """`certificate` as an anchor. Raises Malformed when it is no root of a certsvc instance."""
    flags = instance_flags(certificate)
    if flags is None or certificate.subject != certificate.issuer:
        raise Malformed("not_a_root", "不是本系统的根证书", "Not the root certificate of a certsvc instance.")
    return Anchor(certificate, *flags)


def instance_flags(certificate: x509.Certificate) -> tuple[bool, bool] | None:
    """(test, log required) of a root or CA certificate, or None."""
    try:
        extension = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(INSTANCE_EXTENSION))
    except (x509.ExtensionNotFound, *UNREADABLE):
        return None
    value = extension.value
    return _INSTANCE.get(value.value) if isinstance(value, x509.UnrecognizedExtension) else None


@lru_cache(maxsize=4096)
def load_certificate(der: bytes) -> x509.Certificate:
    """The certificate whose DER is exactly `der`. Raises Malformed."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        if certificate.public_bytes(Encoding.DER) != der:
            raise ValueError("trailing bytes")
        if not der.endswith(b"\x00" + certificate.signature):
            # The signature stands outside what is signed: a BIT STRING that calls its last zero bit unused would pass.
            raise ValueError("X.690 11.2.1: the signature has no unused bits")
        if not 0 < certificate.serial_number < 1 << 159:
            raise ValueError("RFC 5280 4.1.2.2: a serial number is positive and has at most 20 octets")
    except UNREADABLE as error:
        raise Malformed("certificate_form", "证书编码错误", "A certificate is not DER.") from error
    return certificate


def certificate_key(certificate: x509.Certificate) -> PublicKeyTypes:
    """The public key of `certificate`. Raises Malformed for a key kind that we do not use."""
    try:
        key: CertificatePublicKeyTypes = certificate.public_key()
    except UNREADABLE as error:
        raise Malformed("key_kind", "证书密钥错误", "A certificate holds no readable key.") from error
    named = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if algorithm_for(key) is None or named not in certificate.tbs_certificate_bytes:
        # RFC 5480 2.1.1: the curve is named; one that is spelled out could be any curve.
        raise Malformed("key_kind", "密钥类型不支持", "A certificate holds neither a P-256 nor an Ed25519 key.")
    return key


@lru_cache(maxsize=4096)
def key_in(der: bytes) -> PublicKeyTypes:
    """The public key of the certificate whose DER is exactly `der`. Raises Malformed."""
    return certificate_key(load_certificate(der))


@lru_cache(maxsize=4096)
def jkt_in(der: bytes) -> str:
    """The RFC 7638 thumbprint of the key of a certificate. Raises Malformed."""
    return thumbprint(key_in(der))


def identify(leaf_der: bytes, pool: tuple[bytes, ...], anchors: tuple[bytes, ...]) -> Identity:
    """The identity of the key in `leaf_der`, proved up to one of `anchors` (DER roots).

    `pool` holds the DER certificates that came with the evidence; of them at most one issuing CA is used.
    Raises ChainFault: `unknown_root`, `test_root`, `cert_use`, `cert_chain`, `cert_form`. Validity is not judged here
    but returned, since the caller knows the trusted time.
    """
    found = _identified(leaf_der, pool, anchors)
    if isinstance(found, str):
        raise ChainFault(found)
    return found


@lru_cache(maxsize=4096)
def _identified(leaf_der: bytes, pool: tuple[bytes, ...], anchors: tuple[bytes, ...]) -> Identity | str:
    """As `identify`, or the code of its fault: to find one out costs no less."""
    try:
        use = _use_of(load_certificate(leaf_der))
        path = [leaf_der] if use in CEREMONY_USES else [leaf_der, issuer_of(leaf_der, pool)]
        return _proved(path, _root_named(path, anchors), use)
    except ChainFault as fault:
        return fault.code
    except (Malformed, *UNREADABLE):
        return "cert_form"


def _proved(path: list[bytes], root: bytes, use: str) -> Identity:
    """The identity of the key in the first of `path`. Raises as `identify`, or Malformed."""
    try:
        jkt_in(path[0])
        _check_path([*path, root], use)
    except (ChainFault, Malformed, *UNREADABLE) as error:
        # Whoever only bears the name of our root is none of ours, whatever else is wrong.
        if not _signed(path[-1], root):
            raise _foreign(path) from error
        raise
    return _identity([*path, root], use)


def _identity(whole: list[bytes], use: str) -> Identity:
    leaf, flags = load_certificate(whole[0]), instance_flags(load_certificate(whole[-1]))
    named: dict[x509.ObjectIdentifier, list[str]] = {}
    for attribute in leaf.subject:
        named.setdefault(attribute.oid, []).append(str(attribute.value))
    first, last = _validity(whole)
    return Identity(
        jkt_in(whole[0]),
        use,
        _only(named, NameOID.ORGANIZATION_IDENTIFIER) or "",
        _only(named, NameOID.ORGANIZATION_NAME) or "",
        _only(named, NameOID.SERIAL_NUMBER) if use == "officer" else None,
        _seconds(first),
        _seconds(last),
        whole[-1],
        flags is not None and flags[1],
        jkt_in(whole[1]) if len(whole) > 2 else None,
        _seconds(leaf.not_valid_before_utc),
    )


def _validity(whole: Sequence[bytes]) -> tuple[datetime, datetime]:
    """The time in which all of them are valid; empty when the first comes after the last."""
    certificates = [load_certificate(der) for der in whole]
    return max(c.not_valid_before_utc for c in certificates), min(c.not_valid_after_utc for c in certificates)


def _use_of(leaf: x509.Certificate) -> str:
    """The one key use that the EKU of `leaf` names."""
    try:
        usages = list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound as error:
        raise ChainFault("cert_use") from error
    if len(usages) != 1 or usages[0].dotted_string not in USE_OF_EKU:
        raise ChainFault("cert_use")
    return USE_OF_EKU[usages[0].dotted_string]


@lru_cache(maxsize=4096)
def issuer_of(leaf_der: bytes, pool: tuple[bytes, ...]) -> bytes:
    """The issuing CA of a leaf in `pool`, exactly one level up. Its signature is proved with the whole path.

    Raises ChainFault cert_chain where none bears the name, or more do than are looked at, or of several none has the key
    that the leaf names, or it did not sign.
    """
    named = _named(_issuer_in(leaf_der), pool)
    if len(named) > MAX_ISSUING_CAS:
        raise ChainFault("cert_chain")
    # Only where several bear the name the leaf must tell whose key it is: no signature is tried by any other.
    fitting = named if len(named) == 1 else _with_key(_key_above(load_certificate(leaf_der)), named)
    if not fitting or (len(named) > 1 and not _signed(leaf_der, fitting[0])):
        raise ChainFault("cert_chain")
    return fitting[0]


def _key_above(leaf: x509.Certificate) -> bytes | None:
    """What the authorityKeyIdentifier of `leaf` calls the key that signed it."""
    try:
        return leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return None


def _with_key(key_id: bytes | None, cas: list[bytes]) -> list[bytes]:
    """Those of `cas` whose key has this identifier, whatever they call it themselves."""
    return [] if key_id is None else [ca for ca in cas if _key_id(ca) == key_id]


@lru_cache(maxsize=4096)
def _key_id(ca_der: bytes) -> bytes | None:
    """RFC 5280 4.2.1.2 (1), from the key of a CA; None of a key that is not P-256, as that of a CA is."""
    try:
        key = key_in(ca_der)
    except Malformed:
        return None
    return x509.SubjectKeyIdentifier.from_public_key(key).digest if isinstance(key, EllipticCurvePublicKey) else None


def issuers_of(leaves: Iterable[bytes], pool: tuple[bytes, ...]) -> frozenset[bytes]:
    """The issuing CAs in `pool` whose keys signed any of `leaves`; each leaf costs one signature at most."""
    found: set[bytes] = set()
    for leaf in leaves:
        with suppress(ChainFault, Malformed, *UNREADABLE):
            ca = issuer_of(leaf, pool)
            if ca in found or has_issued(ca, leaf):
                found.add(ca)
    return frozenset(found)


@lru_cache(maxsize=256)
def _named(name: bytes, pool: tuple[bytes, ...]) -> list[bytes]:
    """The certificates in `pool` whose subject is `name`; few CAs issue all of them. Raises Malformed."""
    return [der for der in pool if _subject_of(der) == name]


@lru_cache(maxsize=4096)
def _subject_of(der: bytes) -> bytes:
    """The subject of a certificate as it is encoded. Raises Malformed."""
    return load_certificate(der).subject.public_bytes()


@lru_cache(maxsize=4096)
def _issuer_in(der: bytes) -> bytes:
    """The issuer that a certificate names, as it is encoded. Raises Malformed."""
    return load_certificate(der).issuer.public_bytes()


@lru_cache(maxsize=4096)
def has_issued(ca_der: bytes, leaf_der: bytes) -> bool:
    """True if `ca_der` is an issuing CA whose key signed `leaf_der`; a root is none, since it comes from the anchors."""
    try:
        ca, leaf = load_certificate(ca_der), load_certificate(leaf_der)
        return ca.subject != ca.issuer and ca.subject == leaf.issuer and _signed(leaf_der, ca_der)
    except (Malformed, *UNREADABLE):
        return False


def _root_named(path: list[bytes], anchors: tuple[bytes, ...]) -> bytes:
    """The root we hold that the last of `path` names; of several that one which signed it."""
    named = _named(load_certificate(path[-1]).issuer.public_bytes(), anchors)
    fitting = named if len(named) == 1 else [root for root in named if _signed(path[-1], root)]
    if not fitting:
        raise _foreign(path)
    return fitting[0]


def _foreign(path: list[bytes]) -> ChainFault:
    """Why no root of ours stands above `path`."""
    leaf, top = path[0], path[-1]
    if top is not leaf and not _signed(leaf, top):
        # A CA that only bears the name says nothing about where the key comes from.
        return ChainFault("cert_chain")
    # Unauthenticated, and only used to choose words: a foreign CA that calls itself a test instance.
    flags = instance_flags(load_certificate(top))
    return ChainFault("test_root" if flags and flags[0] else "unknown_root")


@lru_cache(maxsize=4096)
def _signed(child: bytes, parent: bytes) -> bool:
    """False without a look at the signature where `parent` has no P-256 key: others may take ten times as long."""
    try:
        if _key_id(parent) is None:
            return False
        load_certificate(child).verify_directly_issued_by(load_certificate(parent))
    except (InvalidSignature, TypeError, *UNREADABLE):
        return False
    return True


def _check_path(whole: list[bytes], use: str) -> None:
    """Every link of leaf, issuing CA if there is one, and root holds, and at some time all of them are valid."""
    leaf, *_, root = whole
    first, last = _validity(whole)
    if first > last:
        raise ChainFault("cert_chain")
    for ca in whole[1:-1]:
        _check_issuing_ca(ca, root, use)
    _check_link(leaf, whole[1], LEAF_POLICY)


def _check_issuing_ca(ca: bytes, root: bytes, use: str) -> None:
    """An issuing CA has pathLen 0 and an EKU list inside shape (b) that contains the leaf's use (formats.md 2)."""
    usages = _proved_usages(ca, root)
    if isinstance(usages, str):
        raise ChainFault(usages)
    if not usages <= set(ISSUED_USES.values()) or ISSUED_USES.get(use) not in usages:
        raise ChainFault("cert_use")


@lru_cache(maxsize=4096)
def _proved_usages(ca: bytes, root: bytes) -> frozenset[str] | str:
    """The EKU list of a CA that stands under `root` as an issuing CA should, whatever it lists; else the fault's code."""
    issuing, anchor = load_certificate(ca).extensions, load_certificate(root).extensions
    try:
        lengths = [one.get_extension_for_class(x509.BasicConstraints).value.path_length for one in (issuing, anchor)]
        usages = issuing.get_extension_for_class(x509.ExtendedKeyUsage).value
        if lengths[0] != 0 or lengths[1] == 0:
            return "cert_chain"
        _check_link(ca, root, CA_POLICY)
    except (x509.ExtensionNotFound, ChainFault):
        return "cert_chain"
    return frozenset(one.dotted_string for one in usages)


def _check_link(child: bytes, parent: bytes, policy: ExtensionPolicy) -> None:
    if not link_holds(load_certificate(child), load_certificate(parent), policy):
        raise ChainFault("cert_chain")


def _only(named: Mapping[x509.ObjectIdentifier, list[str]], oid: x509.ObjectIdentifier) -> str | None:
    values = named.get(oid, [])
    return values[0] if len(values) == 1 else None


def _seconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp())
