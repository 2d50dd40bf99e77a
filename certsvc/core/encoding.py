"""Base64url (RFC 4648 5, no padding), strict JSON (RFC 8259 without duplicates) and canonical JSON (RFC 8785)."""

import binascii
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import orjson
import rfc8785

from certsvc.core.errors import Malformed

#: Deepest nesting any document of ours has is 9; hostile input stops here, before recursion costs anything.
MAX_DEPTH = 32

#: The closing quote may be missing: what begins like a string is looked at once.
_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
_URL_SAFE, _STANDARD = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")
#: Longer than a signature: payloads and certificates. Every letter of base64url is an A here, everything else a blank.
_ENCODED = b"A" * 128
_LETTERS = bytes(65 if bytes([one]).isalnum() or one in b"-_" else 32 for one in range(256))
#: RFC 8785 3.2.2.3: wider integers have no exact canonical form.
_WIDEST = 2**53 - 1
_OPENING, _CLOSING = frozenset((b"[", b"{")), frozenset((b"]", b"}"))


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE, b"=").decode("ascii")


def unb64(text: str) -> bytes:
    """The bytes of canonical base64url. Raises Malformed for padding, foreign characters or loose tail bits."""
    try:
        raw = binascii.a2b_base64(text.encode("ascii").translate(_STANDARD) + b"=" * (-len(text) % 4))
    except ValueError as error:  # also binascii.Error
        raise _malformed("base64", "not base64url") from error
    # The reader passes over what is foreign; only the one spelling comes back.
    if b64(raw) != text:
        raise _malformed("base64", "base64url with padding or loose tail bits")
    return raw


def digest(data: bytes) -> str:
    """SHA-256 as base64url: the name of a document everywhere in our JSON (formats.md 1)."""
    return b64(hashlib.sha256(data).digest())


def tagged(name: str, *parts: bytes) -> bytes:
    """H("certsvc/<name>/v1" 0x00 || parts): every hash of ours is separated by its domain tag (formats.md 1)."""
    return hashlib.sha256(tag(name) + b"".join(parts)).digest()


def tag(name: str) -> bytes:
    """What `tagged` puts before the parts."""
    return b"certsvc/%b/v1\x00" % name.encode()


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of `value`. Raises Malformed for what JCS cannot write."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise _malformed("json", "no canonical form") from error


def parse_json(data: bytes, *, canonical_only: bool = False) -> Any:
    """`data` as JSON without duplicate members, floats, NaN or deep nesting. Raises Malformed.

    With `canonical_only` the bytes must be their own RFC 8785 form, so no byte may change and still mean the same.
    """
    if canonical_only:
        return _parse_canonical(data)
    _check_depth(data)
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
            parse_int=_bounded_int,
        )
    except (ValueError, RecursionError) as error:
        raise _malformed("json", "not JSON") from error
    if b"\\u" in data:
        _check_characters(value)
    return value


def _check_characters(value: Any) -> None:
    """Half of a surrogate pair can be written in JSON, and is no character: nothing could be done with it (RFC 7493 2.1)."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise _malformed("json_canonical", "half of a surrogate pair") from error


def marks_in(data: bytes) -> int:
    """How many commas, colons and opening brackets stand in `data`: what its JSON costs to read."""
    return len(data) - len(data.translate(None, b",:[{"))


def marks_inside(data: bytes) -> int:
    """The same in whatever stands in `data` as base64url: the payloads of documents, each of which has to be read."""
    runs = (run.translate(_STANDARD) for run in _encoded(data))
    return sum(marks_in(binascii.a2b_base64(run[: len(run) // 4 * 4])) for run in runs)


def _encoded(data: bytes) -> Iterator[bytes]:
    """Every run of base64url that is as long as _ENCODED. A pattern would begin anew at each letter of a shorter one."""
    letters = data.translate(_LETTERS)
    start = letters.find(_ENCODED)
    while start >= 0:
        end = letters.find(b" ", start)
        end = len(data) if end < 0 else end
        yield data[start:end]
        start = letters.find(_ENCODED, end)


def rewrite(value: Any) -> bytes:
    """The RFC 8785 bytes of a value that came from `parse_json`, a hundred times faster than `canonical`.

    Such a value has no floats and no wide integers, so a plain sorting writer gives the same bytes; only the order of
    names beyond the basic plane (RFC 8785 3.2.3, UTF-16) is not the writer's. Raises Malformed as `canonical` does.
    """
    try:
        data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return canonical(value)
    return data if data.isascii() or not _astral(data) else canonical(value)


def _astral(data: bytes) -> bool:
    """Whether UTF-8 has the first byte of a character beyond the basic plane. Written out: five looks at memory."""
    return b"\xf0" in data or b"\xf1" in data or b"\xf2" in data or b"\xf3" in data or b"\xf4" in data


def _parse_canonical(data: bytes) -> Any:
    """What a fast reader reads and writes back byte for byte is canonical; else the strict reader says what is wrong.

    A member that stands twice, white space or another spelling never survives the round; what does, and is not ours
    (a float, a wide integer, deep nesting), is found by a walk over the value.
    """
    try:
        value = orjson.loads(data)
        if _is_plain(value, MAX_DEPTH) and rewrite(value) == data:
            return value
    except (orjson.JSONDecodeError, RecursionError):
        pass
    parse_json(data)
    raise _malformed("json_canonical", "JSON that is not in RFC 8785 form")


def _is_plain(value: Any, depth: int) -> bool:
    """True if nothing in `value` is a float, an integer beyond 2^53-1, or nested deeper than `depth`."""
    level = [value]
    while level:
        inner: list[Any] = []
        for one in level:
            kind = type(one)
            if kind is str:
                continue
            if kind is dict or kind is list:
                if depth == 0:
                    return False
                inner += one.values() if kind is dict else one
            elif kind is float or (kind is int and abs(one) > _WIDEST):
                return False
        level, depth = inner, depth - 1
    return True


def _check_depth(data: bytes) -> None:
    """Counts brackets outside strings, so that 10,000 nested arrays cost one scan and no stack."""
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(data):
        mark = token[0]
        if mark in _OPENING:
            depth += 1
            if depth > MAX_DEPTH:
                raise _malformed("json_depth", f"JSON nested deeper than {MAX_DEPTH}")
        elif mark in _CLOSING:
            depth -= 1


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _malformed("json_duplicate", "duplicate JSON member")
    return members


def _refuse_number(text: str) -> Any:
    raise _malformed("json_number", f"number {text[:20]} is not an integer")


def _bounded_int(text: str) -> int:
    # RFC 8785 3.2.2.3: integers beyond 2^53-1 have no exact canonical form.
    if len(text) > 17 or abs(int(text)) > _WIDEST:
        raise _malformed("json_number", "integer beyond 2^53-1")
    return int(text)


def _malformed(code: str, en: str) -> Malformed:
    return Malformed(code, "数据格式不符合规范", f"The data are malformed: {en}.")
