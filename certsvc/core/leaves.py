"""Log entries (formats.md 6): canonical JSON that says which organisation acted, and to nobody else for whom.

A leaf holds a salted commitment and once-tags, never a word of the document. Whoever has document and salt builds the
same bytes again, and proves those included: the verifier and the writer share the builders below.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from certsvc.core.encoding import b64, canonical, digest, parse_json, tagged
from certsvc.core.errors import Malformed
from certsvc.core.shape import TEXT, Shape, by_member, check_shape, compiled, one_of, pattern
from certsvc.core.statuslist import SLOTS

#: The largest leaf: beside one organisation and one commitment there is room for MAX_TAGS once-tags.
MAX_BYTES = 512
MAX_TAGS = 8

#: Documents that are public as a whole: the leaf is their hash.
PUBLIC_KINDS = ("grant", "ungrant", "procedure", "key", "calendar")

#: A hash in its one spelling: loose tail bits would let one once-tag look like two.
HASH = pattern("SHA-256 in canonical base64url", r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")

_HEAD: Shape = {"v": one_of(1), "k": str}
_COMMITTED: Shape = {**_HEAD, "o": HASH, "c": HASH}
LEAF: Shape = by_member(
    "k",
    {
        # Acts (行为) and certificates (证书) alike; `o`: thumbprint of the seal or credential key; `u`: once-tags.
        "act": {**_COMMITTED, "u": [HASH]},
        "archive": {**_COMMITTED, "u": [HASH]},
        # `l`: URI of the list; `i`: slot; `s`: its new value; `q`: counter of the slot's events.
        "status": {**_COMMITTED, "l": TEXT, "i": int, "s": one_of(0, 1, 2, 3, 11), "q": int},
        # The list `l` as a function of the log's first `n` entries has the hash `d`.
        "snapshot": {**_HEAD, "l": TEXT, "n": int, "d": HASH},
        "trust": {**_HEAD, "n": int, "d": HASH},
        **{kind: {**_HEAD, "d": HASH} for kind in PUBLIC_KINDS},
    },
)
#: Says yes quickly; `check_shape` then says which member is wrong.
_fits = compiled(LEAF)
#: Exclusive upper bounds of the numbers in a leaf; none is negative.
_BELOW = {"i": SLOTS, "q": 2**53, "n": 2**53}


def parse_leaf(data: bytes) -> dict[str, Any]:
    """The members of the leaf written in `data`. Raises Malformed for anything that `write_leaf` would not write."""
    if len(data) > MAX_BYTES or not data.isascii():
        raise _malformed(f"longer than {MAX_BYTES} bytes, or not ASCII")
    value = parse_json(data, canonical_only=True)
    if not _fits(value):
        check_shape(value, LEAF)
    if any(not 0 <= value.get(name, 0) < bound for name, bound in _BELOW.items()):
        raise _malformed("a number out of range")
    tags = value.get("u", ["one"])
    if not tags or len(set(tags)) != len(tags):
        raise _malformed("no once-tag, or one that comes twice")
    return dict(value)


def write_leaf(value: dict[str, Any]) -> bytes:
    """The bytes of a leaf, which are what the log hashes. Raises Malformed."""
    data = canonical(value)
    parse_leaf(data)
    return data


def commitment(document: bytes, salt: bytes) -> str:
    """`c`: H("certsvc/commit/v1" 0x00 || salt32 || H(document)). The salt is 32 random bytes, made for this leaf."""
    return b64(tagged("commit", salt, sha256(document).digest()))


def act_tags(secrets: Iterable[bytes], act: str, part: int) -> list[str]:
    """`u` of an act: one tag for each leaf salt of its `prev`, in their order; for a first act, of its case secret.

    H("certsvc/once-act/v1" 0x00 || secret32 || act kind || 0x00 || part), `part` in ASCII decimal. A second successor
    of one act for the same step and part repeats the tag, and says nothing else to those who lack the secret.
    """
    return [b64(tagged("once-act", secret, act.encode(), b"\x00", b"%d" % part)) for secret in secrets]


def certificate_tag(entry_salt: bytes, version: int) -> str:
    """`u` of a certificate: H("certsvc/once/v1" 0x00 || entry salt || "issue" || 0x00 || version in ASCII decimal)."""
    return b64(tagged("once", entry_salt, b"issue", b"\x00", b"%d" % version))


def act_leaf(signer: str, document: bytes, salt: bytes, tags: Iterable[str]) -> bytes:
    """The leaf of an act or a certificate; `signer` is the thumbprint of its seal or credential key."""
    return write_leaf(_committed("act", signer, document, salt) | {"u": list(tags)})


def certificate_leaf(signer: str, document: bytes, salt: bytes, tag: str) -> bytes:
    """As `act_leaf` for a document with one once-tag, written straight out: this is done for a million certificates."""
    c = commitment(document, salt)
    return f'{{"c":"{c}","k":"act","o":"{signer}","u":["{tag}"],"v":1}}'.encode()


def archive_leaf(signer: str, document: bytes, salt: bytes, tag: str) -> bytes:
    """The leaf of an imported historical award, of a kind of its own so that anyone can count them (formats.md 3)."""
    return write_leaf(_committed("archive", signer, document, salt) | {"u": [tag]})


def status_leaf(signer: str, decision: bytes, salt: bytes, *, uri: str, slot: int, value: int, count: int) -> bytes:
    """The leaf of a decided lifecycle act: `slot` of the list at `uri` has `value`, as its event number `count`."""
    event = {"l": uri, "i": slot, "s": value, "q": count}
    return write_leaf(_committed("status", signer, decision, salt) | event)


def snapshot_leaf(uri: str, size: int, status_list: bytes) -> bytes:
    """The leaf of a signed status list over the first `size` entries of the log."""
    return write_leaf({"v": 1, "k": "snapshot", "l": uri, "n": size, "d": digest(status_list)})


def trust_leaf(size: int, document: bytes) -> bytes:
    """The leaf of a trust bundle over the first `size` entries of the log."""
    return write_leaf({"v": 1, "k": "trust", "n": size, "d": digest(document)})


def public_leaf(kind: str, document: bytes) -> bytes:
    """The leaf of a document of one of PUBLIC_KINDS."""
    return write_leaf({"v": 1, "k": kind, "d": digest(document)})


def _committed(kind: str, signer: str, document: bytes, salt: bytes) -> dict[str, Any]:
    return {"v": 1, "k": kind, "o": signer, "c": commitment(document, salt)}


def _malformed(en: str) -> Malformed:
    return Malformed("leaf_form", "日志条目格式错误", f"The log entry is malformed: {en}.")
