"""Signed notes and the keys that sign them (C2SP signed-note), with the cosignatures of witnesses (C2SP tlog-cosignature).

A note is text, a blank line, and signature lines. Two kinds of signatures are known here: a log's Ed25519 over the text
(0x01), and a witness's Ed25519 over a time and the text (0x04, cosignature/v1). Lines of other keys are ignored.
"""

import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from certsvc.core.algorithms import EDDSA, OpenKey
from certsvc.core.errors import Malformed
from certsvc.core.outcomes import Fault

ED25519, COSIGNATURE = 0x01, 0x04

#: signed-note wants room for 16 signatures, and warns of post-quantum ones of nearly 5 kB (6.7 kB in base64).
MAX_SIGNATURES = 32
MAX_BYTES = 131_072
#: tlog-cosignature: a time must not exceed 2^63 - 1.
MAX_TIME = 2**63 - 1

_VKEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+(.+)")
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True)
class VerifierKey:
    """A key whose notes are believed, as its owner publishes it (vkey)."""

    name: str
    kind: int
    """Signature type: ED25519 or COSIGNATURE."""
    public: bytes
    """32 bytes (RFC 8032)."""

    @cached_property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || type || public key)[:4]: a hint that anyone can collide, never an identity."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @cached_property
    def line(self) -> tuple[str, bytes]:
        """What its lines are known by."""
        return self.name, self.key_id

    @cached_property
    def opened(self) -> OpenKey:
        return OpenKey(Ed25519PublicKey.from_public_bytes(self.public), EDDSA)


class NoteSignature(NamedTuple):
    """One signature line, not verified: who is said to have signed, and the bytes behind the key ID."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class Note:
    """A parsed note. Nothing in it is verified yet."""

    text: str
    """What is signed (as UTF-8), with its final newline and without the blank line."""
    signatures: tuple[NoteSignature, ...]


def parse_vkey(text: str) -> VerifierKey:
    """The key written as name+hex(key ID)+base64(type || public key). Raises Malformed.

    Split at the first two plus signs, since base64 has its own. Only the two kinds above are taken.
    """
    parts = _VKEY.fullmatch(text)
    if parts is None or not _is_name(parts[1]) or not parts[1].isprintable():
        raise Malformed("vkey_form", "日志公钥格式错误", "A verifier key is name+id+base64.")
    raw = decode_base64(parts[3])
    if len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE):
        raise Malformed("vkey_form", "日志公钥类型不支持", "A verifier key is Ed25519 of type 1 or 4.")
    key = VerifierKey(parts[1], raw[0], raw[1:])
    if key.key_id.hex() != parts[2]:
        raise Malformed("vkey_form", "日志公钥编号不符", "The id of a verifier key is not that of its name and key.")
    return key


def format_vkey(key: VerifierKey) -> str:
    return f"{key.name}+{key.key_id.hex()}+{encode_base64(bytes([key.kind]) + key.public)}"


def parse_note(data: bytes) -> Note:
    """The note written in `data`. Raises Malformed for control characters, odd lines and too much of anything."""
    if len(data) > MAX_BYTES:
        raise _malformed(f"longer than {MAX_BYTES} bytes")
    try:
        written = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed("not UTF-8") from error
    if _CONTROL.search(data) or not written.endswith("\n"):
        raise _malformed("control characters, or no newline at the end")
    # The text may have blank lines of its own: the last one divides.
    text, blank, lines = written[:-1].rpartition("\n\n")
    if not blank or not text:
        raise _malformed("no text, no blank line or no signature")
    signatures = lines.split("\n")
    if len(signatures) > MAX_SIGNATURES:
        raise _malformed(f"more than {MAX_SIGNATURES} signatures")
    return Note(text + "\n", tuple(_parse_line(line) for line in signatures))


def format_note(note: Note) -> bytes:
    return (note.text + "\n" + "".join(map(format_line, note.signatures))).encode()


def format_line(line: NoteSignature) -> str:
    """One signature line with its newline; also what a witness answers."""
    return f"\u2014 {line.name} {encode_base64(line.key_id + line.signature)}\n"


def signed_line(key: VerifierKey, signature: bytes, time: int | None = None) -> NoteSignature:
    """The line for a raw Ed25519 `signature` over `message_to_sign(key, text, time)`."""
    stamp = b"" if time is None else time.to_bytes(8)
    return NoteSignature(key.name, key.key_id, stamp + signature)


def message_to_sign(key: VerifierKey, text: str, time: int | None = None) -> bytes:
    """What a log signs (the text) or a witness (cosignature/v1, its time in seconds, the text)."""
    if key.kind == ED25519:
        return text.encode()
    return f"cosignature/v1\ntime {time or 0}\n{text}".encode()


def verified_signatures(note: Note, keys: Iterable[VerifierKey]) -> dict[VerifierKey, int | None]:
    """Which of `keys` signed the note, each with the time that it states (None for a log's signature).

    A line is known by name and key ID together; all others are ignored. Raises Fault `checkpoint_bad` when a known
    key's signature is bad or comes twice: one key says one thing. Whether a time lies in the future is not checked.
    """
    known = {key.line: key for key in keys}
    found: dict[VerifierKey, int | None] = {}
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        if key in found:
            raise Fault("checkpoint_bad", why="signed_twice", key=key.name)
        found[key] = _verified(key, note.text, line.signature)
    return found


@lru_cache(maxsize=4096)
def _verified(key: VerifierKey, text: str, signature: bytes) -> int | None:
    """The time that a line states. Remembered: the log's own stays the same however often witnesses add theirs."""
    time = None
    if key.kind == COSIGNATURE:
        time, signature = int.from_bytes(signature[:8]), signature[8:]
    if (time or 0) > MAX_TIME or not key.opened.signed("EdDSA", message_to_sign(key, text, time), signature):
        raise Fault("checkpoint_bad", why="signature", key=key.name)
    return time


def _parse_line(line: str) -> NoteSignature:
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if mark != "\u2014" or not _is_name(name):
        raise _malformed("a signature line is an em dash, a name and base64")
    raw = decode_base64(encoded)
    if len(raw) < 5:
        raise _malformed("a signature is a key ID of 4 bytes and more")
    return NoteSignature(name, raw[:4], raw[4:])


@lru_cache(maxsize=1024)
def _is_name(name: str) -> bool:
    """signed-note: not empty, no Unicode spaces, no plus sign."""
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 4), as all C2SP log formats write it."""
    return binascii.b2a_base64(data, newline=False).decode()


def decode_base64(text: str) -> bytes:
    """The bytes of standard base64 in its one form. Raises Malformed for other characters and loose tail bits."""
    try:
        raw = binascii.a2b_base64(text)
    except ValueError as error:  # also binascii.Error
        raise Malformed("base64", "数据格式不符合规范", "Not base64.") from error
    # The reader passes over what is foreign; only the one spelling comes back.
    if encode_base64(raw) != text:
        raise Malformed("base64", "数据格式不符合规范", "Base64 with loose tail bits.")
    return raw


def _malformed(en: str) -> Malformed:
    return Malformed("note_form", "日志签名文本格式错误", f"The signed note is malformed: {en}.")
