"""The invented people of all histories: values, salts and commitments as functions of a name and a version."""

import hashlib
from functools import cache

from certsvc.core.claims import Target, entry_commitment, field_commitments, person_commitment
from certsvc.core.statuslist import pack

_PACKED: dict[tuple[tuple[int, int], ...], str] = {}


def packed_of(values: dict[int, int]) -> str:
    key = tuple(sorted(values.items()))
    if key not in _PACKED:
        _PACKED[key] = pack(values)
    return _PACKED[key]


def paper_of(day: str) -> dict[str, str]:
    return {"number": "示例〔2025〕1号", "title": "示例", "date": day}


@cache
def salt_of(person: str, version: int, what: str) -> bytes:
    return hashlib.sha256(f"{person}/{version}/{what}".encode()).digest()


def values_of(person: str, version: int) -> dict[str, str]:
    return {"name": f"样章{'甲乙丙丁'[version - 1]}", "sex": "M", "birth": "1985-06-15"}


@cache
def commitments_of(person: str, version: int) -> dict[str, str]:
    values = {**values_of(person, version), "id": f"220000{person}"}
    return field_commitments(values, salts_of(person, version))


@cache
def entry_commitment_of(person: str, version: int, target: Target) -> str:
    return entry_commitment(
        person_commitment(commitments_of(person, version)), target, salt_of(person, version, "entry")
    )


@cache
def salts_of(person: str, version: int) -> dict[str, bytes]:
    """A correction changes the name only; what stays keeps its salt."""
    return {
        field: salt_of(person, version if field == "name" else 1, field) for field in ("name", "sex", "birth", "id")
    }
