"""The vectors of docs/format.md: made again byte for byte, and followed with nothing but hashlib, json and joserfc."""

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

VECTORS = Path(__file__).parents[1] / "vectors"
sys.path.insert(0, str(VECTORS))

import make_format_vectors as maker  # noqa: E402

BUNDLES = json.loads((VECTORS / "format" / "bundles.json").read_text(encoding="utf-8"))


def read(name: str) -> Any:
    return json.loads((VECTORS / "format" / f"{name}.json").read_text(encoding="utf-8"))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jcs(value: Any) -> bytes:
    """RFC 8785 for what stands in these vectors: no floats, all member names in ASCII."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def tagged(name: str, *parts: bytes) -> str:
    return b64(hashlib.sha256(f"certsvc/{name}/v1\0".encode() + b"".join(parts)).digest())


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return maker.build()


def test_the_generator_gives_the_committed_files(made: dict[str, str]) -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in (VECTORS / "format").glob("*.json")}
    assert made.keys() == committed.keys()
    for name, text in made.items():
        assert text == committed[name], f"{name}: python tests/vectors/make_format_vectors.py"


def test_the_generator_gives_the_same_bytes_twice(made: dict[str, str]) -> None:
    assert maker.build() == made


def test_commitments_are_tagged_hashes_over_salts_and_values() -> None:
    vector = read("commitments")
    for one in vector["fields"]:
        parts = (unb64(one["salt"]), one["field"].encode(), b"\0", one["value"].encode())
        assert tagged("field", *parts) == one["commitment"]
    person = tagged("person", jcs({one["field"]: one["commitment"] for one in vector["fields"]}))
    assert person == vector["person"]
    entry, row = vector["entry"], vector["row"]
    assert tagged("entry", unb64(entry["salt"]), sha(jcs({"person": person, **entry["target"]}))) == entry["commitment"]
    assert tagged("row", unb64(row["salt"]), sha(jcs(row["facts"]))) == row["commitment"]
    assert unb64(vector["leaf"]) == unb64(entry["commitment"]) + unb64(row["commitment"])
    assert unb64(vector["empty_row"]) == bytes(32)


def tree(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 2.1, as it stands there."""
    if len(leaves) == 1:
        return sha(b"\0" + leaves[0])
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1" + tree(leaves[:left]) + tree(leaves[left:]))


def audit_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 2.1.1, as it stands there."""
    if len(leaves) == 1:
        return []
    left = 1 << (len(leaves) - 1).bit_length() - 1
    if index < left:
        return [*audit_path(index, leaves[:left]), tree(leaves[left:])]
    return [*audit_path(index - left, leaves[left:]), tree(leaves[:left])]


def test_a_roster_is_the_tree_of_rfc_6962_over_its_sorted_entries() -> None:
    for roster in read("rosters")["rosters"]:
        entries = [unb64(one) for one in roster["entries"]]
        leaves = [entry + bytes(32) for entry in entries]
        assert entries == sorted(entries)
        assert b64(tree(leaves)) == roster["root"]
        for index, proof in enumerate(roster["proofs"]):
            assert [b64(one) for one in audit_path(index, leaves)] == proof


def test_a_thumbprint_is_the_one_of_rfc_7638() -> None:
    key = read("documents")["key"]
    assert ECKey.import_key(key["jwk"]).thumbprint() == key["thumbprint"]


def test_a_document_is_named_by_the_hash_of_its_stored_bytes() -> None:
    vector = read("documents")
    for form in ("compact", "general"):
        assert b64(sha(vector[form]["body"].encode())) == vector[form]["sha256"]


def test_other_software_accepts_the_signature_of_a_compact_document() -> None:
    vector = read("documents")
    key = ECKey.import_key({**vector["key"]["jwk"], "alg": "ES256"})
    found = jws.deserialize_compact(vector["compact"]["body"], key, algorithms=["ES256"])
    assert found.headers() == {"alg": "ES256", "kid": vector["key"]["thumbprint"], "typ": "calendar+jwt"}
    assert jcs(json.loads(found.payload)) == found.payload


@pytest.mark.parametrize("name", BUNDLES["bundles"])
def test_a_bundle_is_its_own_canonical_form(name: str) -> None:
    text = BUNDLES["bundles"][name]
    assert jcs(json.loads(text)) == text.encode()


def test_the_cases_reach_every_verdict_that_a_bundle_alone_can_have() -> None:
    verdicts = {case["expected"]["verdict"] for case in BUNDLES["cases"]}
    assert verdicts == {"valid", "revoked", "void", "tampered", "not_issued", "cannot_decide"}


@pytest.mark.parametrize("case", BUNDLES["cases"], ids=lambda case: case["id"])
def test_a_case_that_is_not_valid_names_what_decided(case: dict[str, Any]) -> None:
    expected = case["expected"]
    codes = {code for _, outcome, code in expected["rows"] if outcome in ("fail", "unknown")}
    if expected["rows"]:
        assert (expected["reason"] in codes) == (expected["verdict"] != "valid")
    else:
        assert expected["verdict"] == "tampered"
