"""Status lists: IETF Token Status List, 4 bits a slot, and its one-bit Bitstring form (formats.md 5)."""

import gzip
import zlib

from certsvc.core.encoding import b64, unb64
from certsvc.core.errors import Malformed

VALID, REVOKED, SUSPENDED, SUPERSEDED, WITHDRAWN = 0, 1, 2, 3, 11

#: Slots per list. W3C Bitstring Status List 1.0, 6.1: at least 131,072, so that an index hides in a herd.
SLOTS = 131_072
#: Slots of a list that are given before the next list begins: three quarters, so that a free one is drawn in a few tries.
FILL = SLOTS * 3 // 4
#: Slot value -> what may come next. Terminal states are terminal.
AFTER: dict[int, dict[str, int]] = {
    VALID: {"suspend": SUSPENDED, "revoke": REVOKED, "withdraw": WITHDRAWN, "correct": SUPERSEDED},
    SUSPENDED: {"reinstate": VALID, "revoke": REVOKED, "withdraw": WITHDRAWN},
    REVOKED: {},
    SUPERSEDED: {},
    WITHDRAWN: {},
}


def pack(values: dict[int, int]) -> str:
    """`lst` of a 4-bit Token Status List: zlib of two slots a byte, the even slot in the low half."""
    raw = bytearray(SLOTS // 2)
    for slot, value in values.items():
        raw[slot // 2] |= value << 4 * (slot % 2)
    return b64(zlib.compress(bytes(raw), 9))


def unpack(lst: str) -> bytes:
    """The bytes behind `lst`. Raises Malformed when they are not exactly SLOTS // 2, so no bomb can grow."""
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(unb64(lst), SLOTS // 2 + 1)
    except zlib.error as error:
        raise _malformed() from error
    if len(raw) != SLOTS // 2 or not inflate.eof or inflate.unused_data:
        raise _malformed()
    return raw


def value_at(raw: bytes, slot: int) -> int:
    """The value of `slot`. Raises Malformed for an index outside the list."""
    if not 0 <= slot < SLOTS:
        raise _malformed()
    return raw[slot // 2] >> 4 * (slot % 2) & 0xF


def values_of(raw: bytes) -> dict[int, int]:
    """Slot -> value, of unpacked bytes, for the slots that are not 0."""
    halves = ((2 * place + half, byte >> 4 * half & 15) for place, byte in enumerate(raw) if byte for half in (0, 1))
    return {slot: value for slot, value in halves if value != VALID}


def encode_bitstring(values: dict[int, int]) -> str:
    """`encodedList`: multibase base64url of the gzip of one bit a slot, first slot leftmost (W3C, 3.1 and 2.2)."""
    raw = bytearray(SLOTS // 8)
    for slot, value in values.items():
        if value != VALID:
            raw[slot // 8] |= 0x80 >> slot % 8
    return "u" + b64(gzip.compress(bytes(raw), 9, mtime=0))


def _malformed() -> Malformed:
    return Malformed("status_form", "状态表格式错误", "The status list is not one of ours.")
