"""X.509 certificates as our minting would never make them, from data: tests/vectors/chain.json.

`make_certificate` builds one lawful certificate but for what is said. `patch` changes the part that is signed, byte by
byte, and signs it again: for what no writer of certificates would write.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certsvc.core.chain import instance_extension
from certsvc.core.kinds import ARC, CEREMONY_USES, ISSUED_USES
from certsvc.signers.minting import DAY, Authority, Holder, mint_issuing_ca, mint_root

START = datetime(2025, 1, 5, tzinfo=UTC)
EKUS = {**CEREMONY_USES, **ISSUED_USES, "tls_server": "1.3.6.1.5.5.7.3.1", "unknown": f"{ARC}.3.99"}
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
#: `left out` in a description.
NONE = "none"


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


@cache
def authority(name: str) -> Authority:
    """`root`, `ca`, and the same of two other instances: `other_root`, `other_ca`, `test_root`, `test_ca`.

    All have the same names and different keys.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    test = name.startswith("test")
    if name.endswith("root"):
        return Authority(mint_root(Holder("ROOT", "示例根", "root"), key, START, 20, test), key)
    above = authority(name.removesuffix("ca") + "root")
    return Authority(mint_issuing_ca(above, Holder("HRSS", "示例厅", "ca"), key, START, 10, test), key)


@cache
def _key(kind: str, name: str) -> Any:
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:]))
    return ec.generate_private_key({"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p192": ec.SECP192R1}[kind]())


def made(name: str, described: dict[str, dict[str, Any]]) -> Authority:
    """A certificate with its key: one of `authority`, or one that a vector describes under `name`."""
    if name not in described:
        return authority(name)
    wanted = described[name]
    by, key = made(wanted.get("by", "ca"), described), _key(wanted.get("key", "p256"), name)
    return Authority(make_certificate(wanted, by, key), key)


def make_certificate(wanted: dict[str, Any], by: Authority, key: Any) -> x509.Certificate:
    """What `wanted` describes, for `key`, certified by `by`. Raises ValueError when a patch leaves no DER."""
    first, last = wanted.get("days", [0, 365])
    builder = x509.CertificateBuilder(
        by.certificate.subject, _subject(wanted), key.public_key(), wanted.get("serial", 7),
        START + first * DAY, START + last * DAY,
    )  # fmt: skip
    for extension, critical in _extensions(wanted, by):
        builder = builder.add_extension(extension, critical)
    digest = SHA384() if wanted.get("digest") == "sha384" else SHA256()
    return builder.sign(by.key, digest)


def _subject(wanted: dict[str, Any]) -> x509.Name:
    if wanted.get("subject") == "ca":
        return authority("ca").certificate.subject
    name = Holder(wanted.get("org", "COMM"), wanted.get("org_name", "示例评委会"), wanted.get("name", "key")).name()
    serials = [x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, one) for one in wanted.get("pseudonyms", [])]
    return x509.Name([*name, *serials])


def _extensions(wanted: dict[str, Any], by: Authority) -> list[tuple[x509.ExtensionType, bool]]:
    """Basic constraints, key usage, extended key usage, identifiers, and one that nobody knows."""
    found: list[tuple[x509.ExtensionType, bool]] = []
    basic, usage = wanted.get("basic", {"ca": False}), wanted.get("usage", ["digital_signature"])
    if basic != NONE:
        path_length = basic.get("path_length")
        found.append((x509.BasicConstraints(basic["ca"], path_length), wanted.get("basic_critical", True)))
    if usage != NONE:
        found.append((x509.KeyUsage(**{name: name in usage for name in USAGES}), wanted.get("usage_critical", True)))
    if wanted.get("ekus") != NONE:
        oids = [x509.ObjectIdentifier(EKUS[use]) for use in wanted.get("ekus", ["seal"])]
        found.append((x509.ExtendedKeyUsage(oids), wanted.get("ekus_critical", True)))
    if "unknown_extension" in wanted:
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{ARC}.9"), b"\x05\x00")
        found.append((extension, wanted["unknown_extension"] == "critical"))
    if "instance" in wanted:
        found.append((instance_extension(wanted["instance"] == "test", False), False))
    issuer = _key("p256", "nobody") if wanted.get("loop") else by.key
    return [*found, (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False)]


# --- bytes that no writer writes -----------------------------------------------------------------------------------


def tlv(tag: int, content: bytes) -> bytes:
    """One DER element (X.690 8.1)."""
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes(
        (size.bit_length() + 7) // 8
    )  # fmt: skip
    return bytes([tag]) + length + content


def parts(content: bytes) -> list[bytes]:
    """The DER elements that stand one after another in `content`."""
    found = []
    while content:
        wide = content[1] & 0x7F if content[1] & 0x80 else 0
        size = int.from_bytes(content[2 : 2 + wide]) if wide else content[1]
        end = 2 + wide + size
        found.append(content[:end])
        content = content[end:]
    return found


def inner(element: bytes) -> bytes:
    return element[2 + (element[1] & 0x7F if element[1] & 0x80 else 0) :]


#: Places in a TBSCertificate (RFC 5280 4.1) with an explicit version.
VERSION, SERIAL, ALGORITHM, _ISSUER, _VALIDITY, SUBJECT, KEY, EXTENSIONS = range(8)


def patched(certificate: x509.Certificate, by: Authority, patch: str) -> bytes:
    """DER of `certificate` with one thing in it changed and signed again by `by`, or with its outside changed."""
    if patch in _OUTSIDE:
        return _OUTSIDE[patch](der(certificate))
    tbs = parts(inner(certificate.tbs_certificate_bytes))
    _INSIDE[patch](tbs)
    body = tlv(0x30, b"".join(tbs))
    signature = by.key.sign(body, ec.ECDSA(SHA256()))
    return tlv(0x30, body + parts(inner(der(certificate)))[1] + tlv(0x03, b"\x00" + signature))


def _put(place: int, element: bytes) -> Any:
    def change(tbs: list[bytes]) -> None:
        tbs[place] = element

    return change


def _replace(place: int, old: bytes, new: bytes) -> Any:
    def change(tbs: list[bytes]) -> None:
        assert old in tbs[place]
        tbs[place] = tbs[place].replace(old, new, 1)

    return change


def _version_one(tbs: list[bytes]) -> None:
    """RFC 5280 4.1.2.1: version 1 is left out, and has no extensions."""
    del tbs[EXTENSIONS], tbs[VERSION]


def _extension_twice(tbs: list[bytes]) -> None:
    listed = parts(inner(inner(tbs[EXTENSIONS])))
    tbs[EXTENSIONS] = tlv(0xA3, tlv(0x30, b"".join([listed[0], *listed])))


def _point_off_the_curve(tbs: list[bytes]) -> None:
    tbs[KEY] = tbs[KEY][:-1] + bytes([tbs[KEY][-1] ^ 1])


def _explicit_curve(tbs: list[bytes]) -> None:
    """RFC 3279 2.3.5 specifiedCurve: P-256 spelled out, as no certificate may (RFC 5480 2.1.1)."""
    algorithm, point = parts(inner(tbs[KEY]))
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    base = ec.derive_private_key(1, ec.SECP256R1()).public_key()
    field = tlv(0x30, bytes.fromhex("06072a8648ce3d0101") + _whole(prime))
    curve = tlv(0x30, tlv(0x04, (prime - 3).to_bytes(32)) + tlv(0x04, b.to_bytes(32)))
    generator = tlv(0x04, base.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    spelled = tlv(0x30, _whole(1) + field + curve + generator + _whole(order) + _whole(1))
    tbs[KEY] = tlv(0x30, tlv(0x30, parts(inner(algorithm))[0] + spelled) + point)


def _whole(number: int) -> bytes:
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1))


_P256, _UTF8_NAME = bytes.fromhex("06082a8648ce3d030107"), "示例评委会".encode()
_INSIDE: dict[str, Any] = {
    "nothing": lambda tbs: None,
    "serial_zero": _put(SERIAL, b"\x02\x01\x00"),
    "serial_negative": _put(SERIAL, b"\x02\x01\xf9"),
    "serial_of_21_bytes": _put(SERIAL, tlv(0x02, b"\x01" * 21)),
    "serial_of_20_bytes": _put(SERIAL, tlv(0x02, b"\x01" * 20)),
    "version_one": _version_one,
    "version_two": _put(VERSION, b"\xa0\x03\x02\x01\x01"),
    "extension_twice": _extension_twice,
    "point_off_the_curve": _point_off_the_curve,
    "explicit_curve": _explicit_curve,
    "unknown_curve": _replace(KEY, _P256, _P256[:-1] + b"\x63"),
    "inner_algorithm_sha1": _put(ALGORITHM, bytes.fromhex("300906072a8648ce3d0401")),
    "name_not_utf8": _replace(SUBJECT, _UTF8_NAME, b"\xff" * len(_UTF8_NAME)),
}
_OUTSIDE: dict[str, Any] = {
    "byte_behind": lambda data: data + b"\x00",
    "byte_before": lambda data: b"\x00" + data,
    "cut_off": lambda data: data[:-1],
    "empty": lambda data: b"",
    "indefinite_length": lambda data: b"\x30\x80" + inner(data) + b"\x00\x00",
    "pem": lambda data: x509.load_der_x509_certificate(data).public_bytes(Encoding.PEM),
    "text": lambda data: b"junk",
}
