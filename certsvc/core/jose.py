"""JWS over exact bytes (RFC 7515): the strict reader that stands before every key, and the writer.

Reading order, cheapest refusal first: size, form, header allow-list, `typ`, canonical payload. Nothing is
re-serialised to be verified, and no key is touched here: `Jws.signed_by` asks one key about one signature.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from certsvc.core.algorithms import signature_holds
from certsvc.core.encoding import b64, canonical, digest, marks_in, parse_json, rewrite, unb64
from certsvc.core.errors import Malformed
from certsvc.core.kinds import KINDS
from certsvc.core.shape import check_shape

#: RFC 7515 header names we write; any other name, `crit` above all, is refused.
HEADER_NAMES = {"alg", "typ", "kid"}
#: Characters of a header with the names above and a thumbprint, with room to spare; longer ones are not remembered.
_USUAL_HEADER = 256
#: Commas, colons and brackets, of which a trust bundle of 1,240 keys has as many; a million cost half a second to read.
MAX_MARKS = 24_000


class SignsBytes(Protocol):
    """What the writer needs of a signer (see certsvc.signers.Signer)."""

    @property
    def algorithm(self) -> str: ...

    @property
    def public_key(self) -> PublicKeyTypes: ...

    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True)
class Signature:
    """One signature of a JWS. `unverified_kid` is a hint to find a key, nothing more."""

    unverified_kid: str
    alg: str
    signing_input: bytes
    signature: bytes


@dataclass(frozen=True, eq=False)
class Jws:
    """A parsed document whose signatures are not verified yet. Equal when kind and bytes are equal."""

    typ: str
    body: bytes
    unverified_payload: dict[str, Any]
    signatures: tuple[Signature, ...]

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Jws) and (self.typ, self.body) == (other.typ, other.body))

    def __hash__(self) -> int:
        return hash(self.body)

    @cached_property
    def sha256(self) -> str:
        """The name of this document: the hash of its stored bytes including signatures (formats.md 1)."""
        return digest(self.body)

    def signed_by(self, key: PublicKeyTypes, position: int = 0) -> bool:
        """True if `key` made signature number `position`."""
        one = self.signatures[position]
        return signature_holds(key, one.alg, one.signing_input, one.signature)


def thumbprint(key: PublicKeyTypes) -> str:
    """The RFC 7638 thumbprint of a P-256 or Ed25519 key. Raises Malformed for other keys."""
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        # As the line below writes it, straight out: every key certificate that is met for the first time comes by here.
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        x, y = b64(point[1:33]), b64(point[33:])
        return digest(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode())
    return digest(rewrite(dict(public_jwk(key))))


def public_jwk(key: PublicKeyTypes) -> dict[str, str]:
    """The required JWK members (RFC 7518 6.2, RFC 8037 2) of `key`."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        jwk = ECAlgorithm.to_jwk(key, as_dict=True)
    elif isinstance(key, ed25519.Ed25519PublicKey):
        jwk = OKPAlgorithm.to_jwk(key, as_dict=True)
    else:
        raise Malformed("key_kind", "密钥类型不支持", "Neither a P-256 nor an Ed25519 key.")
    return {name: str(jwk[name]) for name in ("crv", "kty", "x", "y") if name in jwk}


def key_id(key: PublicKeyTypes) -> str:
    """SHA-256 of the SubjectPublicKeyInfo, for caches."""
    return digest(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def parse_compact(token: bytes, typ: str) -> Jws:
    """The compact JWS `token` as a document of kind `typ`. Raises Malformed."""
    _check_size(token, typ)
    parts = token.split(b".")
    if len(parts) != 3:
        raise _malformed("jws_form", "not three parts")
    head, payload, signature = (_ascii(part) for part in parts)
    one = _parse_signature(head, payload, signature, typ)
    return Jws(typ, token, _parse_payload(payload), (one,))


def parse_general(body: bytes, typ: str) -> Jws:
    """The JWS General JSON `body` (RFC 7515 7.2.1, in RFC 8785 form) as a document of kind `typ`. Raises Malformed."""
    _check_size(body, typ)
    value = parse_json(body, canonical_only=True)
    if not isinstance(value, dict) or value.keys() != {"payload", "signatures"}:
        raise _malformed("jws_form", "members other than payload and signatures")
    rows = value["signatures"]
    # One signature alone is read, so that the verifier can say whose is missing.
    if not isinstance(rows, list) or not 1 <= len(rows) <= len(KINDS[typ].uses):
        raise _malformed("jws_form", "wrong number of signatures")
    payload = value["payload"]
    if not isinstance(payload, str):
        raise _malformed("jws_form", "payload is not a string")
    signatures = tuple(_parse_row(row, payload, typ) for row in rows)
    return Jws(typ, body, _parse_payload(payload), signatures)


def parse_document(body: bytes, typ: str) -> Jws:
    """A document of kind `typ` whose payload fits its schema; acts are General JSON. Raises Malformed."""
    document = parse_general(body, typ) if typ == "act+jwt" else parse_compact(body, typ)
    if not KINDS[typ].fits(document.unverified_payload):
        check_shape(document.unverified_payload, KINDS[typ].shape)
    return document


def sign_compact(payload: dict[str, Any], typ: str, signer: SignsBytes) -> bytes:
    """The compact JWS over the canonical bytes of `payload`."""
    middle = b64(canonical(payload))
    head, signature = _sign(middle, typ, signer)
    return f"{head}.{middle}.{signature}".encode()


def sign_general(payload: dict[str, Any], typ: str, signers: list[SignsBytes]) -> bytes:
    """The JWS General JSON with one signature per signer over one payload, in RFC 8785 form."""
    middle = b64(canonical(payload))
    pairs = (_sign(middle, typ, signer) for signer in signers)
    rows = [{"protected": head, "signature": signature} for head, signature in pairs]
    return canonical({"payload": middle, "signatures": rows})


def _sign(middle: str, typ: str, signer: SignsBytes) -> tuple[str, str]:
    head = b64(canonical({"alg": signer.algorithm, "kid": thumbprint(signer.public_key), "typ": typ}))
    return head, b64(signer.sign(f"{head}.{middle}".encode()))


def _parse_row(row: Any, payload: str, typ: str) -> Signature:
    if not isinstance(row, dict) or row.keys() != {"protected", "signature"}:
        raise _malformed("jws_form", "signature members")
    if not isinstance(row["protected"], str) or not isinstance(row["signature"], str):
        raise _malformed("jws_form", "signature members are not strings")
    return _parse_signature(row["protected"], payload, row["signature"], typ)


def _parse_signature(head: str, payload: str, signature: str, typ: str) -> Signature:
    read = _read_header if len(head) <= _USUAL_HEADER else _read_header.__wrapped__
    return Signature(*read(head, typ), f"{head}.{payload}".encode(), unb64(signature))


@lru_cache(maxsize=4096)
def _read_header(head: str, typ: str) -> tuple[str, str]:
    """`kid` and `alg` of a header. Remembered, since few keys sign very much."""
    header = parse_json(unb64(head), canonical_only=True)
    if not isinstance(header, dict) or header.keys() != HEADER_NAMES:
        raise _malformed("jws_header", "header names other than alg, typ, kid")
    if header["typ"] != typ:
        raise _malformed("jws_typ", f"typ is not {typ}")
    if not isinstance(header["alg"], str) or not isinstance(header["kid"], str):
        raise _malformed("jws_header", "alg and kid must be strings")
    return header["kid"], header["alg"]


def _parse_payload(payload: str) -> dict[str, Any]:
    data = unb64(payload)
    if len(data) > MAX_MARKS and marks_in(data) > MAX_MARKS:
        raise _malformed("jws_size", f"a payload of more than {MAX_MARKS} parts")
    value = parse_json(data, canonical_only=True)
    if not isinstance(value, dict):
        raise _malformed("jws_payload", "payload is not an object")
    return value


def _check_size(body: bytes, typ: str) -> None:
    if len(body) > KINDS[typ].max_bytes:
        raise _malformed("jws_size", f"longer than {KINDS[typ].max_bytes} bytes")


def _ascii(part: bytes) -> str:
    try:
        return part.decode("ascii")
    except UnicodeDecodeError as error:
        raise _malformed("jws_form", "not ASCII") from error


def _malformed(code: str, en: str) -> Malformed:
    return Malformed(code, "签名文件格式不符合规范", f"Not a signed document of ours: {en}.")
