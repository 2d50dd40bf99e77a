"""Commitments to a person, an entry and a row (formats.md 4): what a roster binds without saying it aloud.

All salts are 32 random bytes made by the caller. The salt of the field `id` never leaves the register.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from certsvc.core.encoding import b64, rewrite, tag, unb64

#: The fields of a person that a roster commits to, and those of them that a bundle opens.
FIELDS = ("name", "sex", "birth", "id")
OPEN_FIELDS = ("name", "sex", "birth")

_FIELD, _PERSON, _ENTRY, _ROW = (tag(name) for name in ("field", "person", "entry", "row"))
#: Leaf data of a row without facts (formats.md 4).
NO_ROW = bytes(32)


@dataclass(frozen=True)
class Target:
    """What a person applies for; fixed at the first act and constant along the path."""

    series: str
    specialty: str
    level: str
    title: str
    track: str
    region: str
    year: int

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def scope(self) -> dict[str, Any]:
        """The part of a target that every entry of one roster shares."""
        return {name: getattr(self, name) for name in ("series", "level", "track", "region", "year")}


def field_commitment(field: str, value: str, salt: bytes) -> str:
    """H("certsvc/field/v1" 0x00 || salt32 || field name || 0x00 || UTF-8 value) in base64url."""
    return b64(sha256(b"%b%b%b\x00%b" % (_FIELD, salt, field.encode(), value.encode())).digest())


def field_commitments(values: dict[str, str], salts: dict[str, bytes]) -> dict[str, str]:
    """The commitment of each of FIELDS; `values` and `salts` have exactly these names."""
    return {field: field_commitment(field, values[field], salts[field]) for field in FIELDS}


def person_commitment(commitments: dict[str, str]) -> str:
    """H("certsvc/person/v1" 0x00 || JCS({field: commitment})) in base64url."""
    return b64(sha256(_PERSON + rewrite(commitments)).digest())


def entry_commitment(person: str, target: Target, salt: bytes) -> str:
    """H("certsvc/entry/v1" 0x00 || salt32 || H(JCS({person, series, …, year}))) in base64url."""
    return b64(entry_digest(person, target, salt))


def entry_digest(person: str, target: Target, salt: bytes) -> bytes:
    """As `entry_commitment`, in 32 bytes."""
    return sha256(_ENTRY + salt + sha256(rewrite({"person": person, **target.__dict__})).digest()).digest()


def row_commitment(facts: dict[str, Any] | None, salt: bytes | None) -> bytes:
    """H("certsvc/row/v1" 0x00 || salt32 || H(JCS(facts))), or 32 zero bytes for a row without facts."""
    return NO_ROW if facts is None or salt is None else row_digest(rewrite(facts), salt)


def row_digest(facts: bytes, salt: bytes) -> bytes:
    """As `row_commitment`, of facts that are written in their canonical form."""
    return sha256(_ROW + salt + sha256(facts).digest()).digest()


def roster_leaf(entry: str, row: bytes) -> bytes:
    """Leaf data: entry commitment || row commitment, 64 bytes."""
    return unb64(entry) + row
