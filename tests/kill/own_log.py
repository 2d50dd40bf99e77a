"""The formats of the log read once more, from their specifications and with nothing of certsvc: trees, notes, proofs,
signed documents and status lists. What this and the program agree on is not one mistake made twice.

RFC 6962 2.1 (trees), C2SP signed-note, tlog-cosignature, tlog-tiles and tlog-proof, RFC 7515 (JWS), IETF Token Status List.
"""

import base64
import json
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

LOG, WITNESS = 1, 4
_LINE = re.compile(r"— ([^ +]+) ([A-Za-z0-9+/=]+)")
_TILE = re.compile(r"tile/(entries|[0-9]+)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]+))?")


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- trees -----------------------------------------------------------------------------------------------------------


def leaf_of(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_of(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: list[bytes]) -> bytes:
    """MTH by its recursive definition."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"").digest()
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node_of(fold(hashes[:split]), fold(hashes[split:]))


def roots_of(entries: Iterable[bytes]) -> list[bytes]:
    """The root of every beginning of a log, by its size: place n is the root of the first n entries."""
    roots, whole = [sha256(b"").digest()], list[tuple[int, bytes]]()
    for entry in entries:
        whole.append((1, leaf_of(entry)))
        while len(whole) > 1 and whole[-1][0] == whole[-2][0]:
            (size, right), (_, left) = whole.pop(), whole.pop()
            whole.append((2 * size, node_of(left, right)))
        root = whole[-1][1]
        for _, left in reversed(whole[:-1]):
            root = node_of(left, root)
        roots.append(root)
    return roots


def is_included(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162 2.1.3.2."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for hash_ in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_of(hash_, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node_of(found, hash_)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def tile_bytes(place: str, entries: list[bytes], leaves: list[bytes]) -> bytes | None:
    """What a tile or entry bundle of this name holds in a log of these entries; None if there is no such tile."""
    found = _TILE.fullmatch(place)
    if found is None:
        return None
    n, width = int(re.sub("[x/]", "", found[2])), int(found[3] or 256)
    if found[1] == "entries":
        part = entries[n * 256 : n * 256 + width]
        return b"".join(len(one).to_bytes(2) + one for one in part) if len(part) == width else None
    under = 256 ** int(found[1])
    if (n * 256 + width) * under > len(leaves):
        return None
    slots = range(n * 256, n * 256 + width)
    return b"".join(fold(leaves[slot * under : (slot + 1) * under]) for slot in slots)


# --- notes -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """A key that signs notes."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]


@dataclass(frozen=True)
class Note:
    """A signed head: its text, what it says, and its signature lines (name, key id, signature)."""

    text: str
    origin: str
    size: int
    root: bytes
    lines: tuple[tuple[str, bytes, bytes], ...]

    def signed_by(self, key: Key) -> bool:
        """True if the key signed it, and no line of the key is wrong."""
        own = [raw for name, key_id, raw in self.lines if (name, key_id) == (key.name, key.id)]
        return bool(own) and all(_holds(key, self.text, raw) for raw in own)


def _holds(key: Key, text: str, raw: bytes) -> bool:
    message, signature = text, raw
    if key.kind == WITNESS:
        message, signature = f"cosignature/v1\ntime {int.from_bytes(raw[:8])}\n{text}", raw[8:]
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message.encode())
    except InvalidSignature:
        return False
    return True


def read_note(note: bytes | str) -> Note:
    """Raises ValueError for what is no signed head."""
    whole = note.decode() if isinstance(note, bytes) else note
    text, blank, signatures = whole.rpartition("\n\n")
    parts = text.split("\n")
    if not blank or len(parts) != 3:
        raise ValueError("a signed head is three lines, a blank one and signatures")
    lines = [_LINE.fullmatch(line) for line in signatures.removesuffix("\n").split("\n")]
    if None in lines:
        raise ValueError("no signature line")
    raw = [(line[1], base64.b64decode(line[2], validate=True)) for line in lines if line]
    root = base64.b64decode(parts[2], validate=True)
    return Note(f"{text}\n", parts[0], int(parts[1]), root, tuple((name, data[:4], data[4:]) for name, data in raw))


def read_vkey(text: str) -> Key:
    name, _, rest = text.partition("+")
    raw = base64.b64decode(rest.partition("+")[2])
    return Key(name, raw[0], raw[1:])


@dataclass(frozen=True)
class Proof:
    """A tlog-proof, not verified."""

    index: int
    path: list[bytes]
    note: Note

    def holds(self, entry: bytes) -> bool:
        return is_included(leaf_of(entry), self.index, self.note.size, self.path, self.note.root)


def read_proof(text: str) -> Proof:
    """Raises ValueError for what is no proof."""
    front, _, note = text.partition("\n\n")
    first, *lines = front.split("\n")
    if first != "c2sp.org/tlog-proof@v1":
        raise ValueError("no tlog-proof")
    lines = [line for line in lines if not line.startswith("extra ")]
    path = [base64.b64decode(line, validate=True) for line in lines[1:]]
    return Proof(int(lines[0].removeprefix("index ")), path, read_note(note))


# --- documents -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Document:
    """A JWS: its payload, and of each signature the key id, what is signed and the signature."""

    payload: dict[str, Any]
    signatures: tuple[tuple[str, bytes, bytes], ...]


def read_document(body: bytes) -> Document:
    """Compact or general form. Raises ValueError."""
    if body.startswith(b"{"):
        value = json.loads(body)
        middle, rows = value["payload"], [(row["protected"], row["signature"]) for row in value["signatures"]]
    else:
        head, middle, signature = body.decode().split(".")
        rows = [(head, signature)]
    signatures = [(json.loads(unb64url(h))["kid"], f"{h}.{middle}".encode(), unb64url(s)) for h, s in rows]
    return Document(json.loads(unb64url(middle)), tuple(signatures))


def is_signed(certificate: bytes, signed: bytes, signature: bytes) -> bool:
    """True if the key in the X.509 certificate (DER) made the signature."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    try:
        if isinstance(key, EllipticCurvePublicKey):
            pair = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
            key.verify(pair, signed, ECDSA(SHA256()))
        elif isinstance(key, Ed25519PublicKey):
            key.verify(signature, signed)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def list_values(lst: str) -> dict[int, int]:
    """Slot -> value of a status list, for all that are not 0."""
    raw = zlib.decompress(unb64url(lst))
    return {
        2 * n + half: byte >> 4 * half & 15 for n, byte in enumerate(raw) for half in (0, 1) if byte >> 4 * half & 15
    }
