"""Certificates of keys as an attacker makes them, as data: tests/vectors/chain.json says how, and why they are nobody's.

`certs` describes certificates by name, `leaf` being the one that is asked about; `pool` are the certificates that came
with the evidence, `anchors` the roots that are held, `at_day` the day of use. `harmless` is a sibling that is somebody's.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support_x509 import START, authority, der, made, patched

from certsvc.core.chain import ChainFault, identify

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "vectors" / "chain.json").read_text("utf-8"))
IDS = [vector["id"] for vector in VECTORS]
REFUSED = [pytest.param(one, id=one["id"]) for one in VECTORS]


def outcome(vector: dict[str, Any]) -> str | None:
    """Why the leaf is nobody's, or None."""
    certs = vector["certs"]
    pool = tuple(_der(name, certs) for name in vector.get("pool", ["ca"]))
    anchors = tuple(der(authority(name).certificate) for name in vector.get("anchors", ["root"]))
    try:
        identity = identify(_der("leaf", certs), pool, anchors)
    except ChainFault as fault:
        return fault.code
    at = START + timedelta(days=vector["at_day"]) if "at_day" in vector else None
    return None if at is None or identity.valid_at(int(at.timestamp())) else "cert_time"


def _der(name: str, certs: dict[str, dict[str, Any]]) -> bytes:
    one, described = made(name, certs), certs.get(name, {})
    if "patch" not in described:
        return der(one.certificate)
    return patched(one.certificate, made(described.get("by", "ca"), certs), described["patch"])


@pytest.mark.parametrize("vector", REFUSED)
def test_a_key_of_an_attacker_is_nobodys_for_its_own_reason(vector: dict[str, Any]) -> None:
    assert outcome(vector) == vector["expected"]


@pytest.mark.parametrize("vector", VECTORS, ids=IDS)
def test_the_harmless_sibling_of_a_key_is_somebodys(vector: dict[str, Any]) -> None:
    assert outcome(vector["harmless"]) is None
