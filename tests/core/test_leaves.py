"""Log entries: closed shapes, exact commitments and once-tags, and never a word of what they commit to."""

import base64
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.encoding import b64, canonical
from certsvc.core.errors import Malformed
from certsvc.core.leaves import (
    LEAF,
    MAX_BYTES,
    MAX_TAGS,
    PUBLIC_KINDS,
    act_leaf,
    act_tags,
    archive_leaf,
    certificate_tag,
    commitment,
    parse_leaf,
    public_leaf,
    snapshot_leaf,
    status_leaf,
    trust_leaf,
    write_leaf,
)
from certsvc.core.statuslist import SLOTS

SALT, OTHER = bytes(range(32)), bytes([7]) * 32
SIGNER = b64(bytes([9]) * 32)
URI = "https://certs.example/status/1"
BUNDLES = Path(__file__).parents[1] / "vectors" / "format" / "bundles.json"
SALTS = st.binary(min_size=32, max_size=32)


def hashed(*parts: bytes) -> str:
    return base64.urlsafe_b64encode(sha256(b"".join(parts)).digest()).decode().rstrip("=")


def test_a_commitment_is_the_hash_that_the_format_says() -> None:
    assert commitment(b"document", SALT) == hashed(b"certsvc/commit/v1\x00", SALT, sha256(b"document").digest())


def test_the_tags_of_an_act_are_the_hashes_that_the_format_says_in_the_order_of_its_predecessors() -> None:
    expected = [hashed(b"certsvc/once-act/v1\x00", salt, b"evaluate\x0012") for salt in (SALT, OTHER)]
    assert act_tags([SALT, OTHER], "evaluate", 12) == expected


def test_the_tag_of_a_certificate_is_the_hash_that_the_format_says() -> None:
    assert certificate_tag(SALT, 2) == hashed(b"certsvc/once/v1\x00", SALT, b"issue\x002")


def test_a_tag_is_bound_to_everything_in_it() -> None:
    tags = [
        *act_tags([SALT, OTHER], "issue", 0), *act_tags([SALT], "approve", 0), *act_tags([SALT], "issue", 1),
        certificate_tag(SALT, 0), certificate_tag(SALT, 1), certificate_tag(OTHER, 1), commitment(b"", SALT),
    ]  # fmt: skip
    assert len(set(tags)) == len(tags)


def test_a_second_successor_of_one_act_for_one_step_repeats_its_tag_whatever_it_says() -> None:
    first = parse_leaf(act_leaf(SIGNER, b"first vote", SALT, act_tags([OTHER], "evaluate", 0)))
    second = parse_leaf(act_leaf(SIGNER, b"second vote", SALT, act_tags([OTHER], "evaluate", 0)))
    assert first["c"] != second["c"]
    assert first["u"] == second["u"]


GOOD: dict[str, tuple[bytes, str]] = {
    "act": (act_leaf(SIGNER, b"d", SALT, [hashed(b"u")]), f'{{"c":"{commitment(b"d", SALT)}","k":"act","o":"{SIGNER}","u":["{hashed(b"u")}"],"v":1}}'),
    "archive": (archive_leaf(SIGNER, b"d", SALT, hashed(b"u")), f'{{"c":"{commitment(b"d", SALT)}","k":"archive","o":"{SIGNER}","u":["{hashed(b"u")}"],"v":1}}'),
    "status": (status_leaf(SIGNER, b"d", SALT, uri=URI, slot=5, value=11, count=0), f'{{"c":"{commitment(b"d", SALT)}","i":5,"k":"status","l":"{URI}","o":"{SIGNER}","q":0,"s":11,"v":1}}'),
    "snapshot": (snapshot_leaf(URI, 70_000, b"list"), f'{{"d":"{hashed(b"list")}","k":"snapshot","l":"{URI}","n":70000,"v":1}}'),
    "trust": (trust_leaf(0, b"d"), f'{{"d":"{hashed(b"d")}","k":"trust","n":0,"v":1}}'),
    **{kind: (public_leaf(kind, b"d"), f'{{"d":"{hashed(b"d")}","k":"{kind}","v":1}}') for kind in PUBLIC_KINDS},
}  # fmt: skip


@pytest.mark.parametrize(("leaf", "text"), GOOD.values(), ids=GOOD.keys())
def test_a_leaf_is_written_in_one_way_and_read_back(leaf: bytes, text: str) -> None:
    assert leaf == text.encode()
    assert parse_leaf(leaf) == json.loads(text)


def test_there_is_a_builder_for_every_kind_of_leaf() -> None:
    assert set(GOOD) == set(LEAF.shapes)


def test_acts_and_certificates_are_not_told_apart() -> None:
    act = act_leaf(SIGNER, b"an act", SALT, act_tags([SALT], "issue", 0))
    certificate = act_leaf(SIGNER, b"a certificate", OTHER, [certificate_tag(SALT, 1)])
    blank = [re.sub(rb'(?<=")[\w-]{43}(?=")', b"", leaf) for leaf in (act, certificate)]
    assert blank[0] == blank[1] == b'{"c":"","k":"act","o":"","u":[""],"v":1}'


ACT = json.loads(GOOD["act"][0])
STATUS = json.loads(GOOD["status"][0])
SNAPSHOT = json.loads(GOOD["snapshot"][0])
BAD: dict[str, Any] = {
    "not_an_object": [],
    "unknown_kind": {**ACT, "k": "receipt"},
    "kind_of_another_shape": {**ACT, "k": "grant"},
    "unknown_member": {**ACT, "name": "x"},
    "missing_member": {name: ACT[name] for name in ACT if name != "c"},
    "other_version": {**ACT, "v": 2},
    "no_tags": {**ACT, "u": []},
    "tag_twice": {**ACT, "u": ACT["u"] * 2},
    "tag_not_in_a_list": {**ACT, "u": ACT["u"][0]},
    "tag_with_loose_bits": {**ACT, "u": ["A" * 42 + "B"]},
    "short_hash": {**ACT, "c": ACT["c"][1:]},
    "negative_slot": {**STATUS, "i": -1},
    "slot_beyond_the_list": {**STATUS, "i": SLOTS},
    "unknown_value": {**STATUS, "s": 4},
    "negative_count": {**STATUS, "q": -1},
    "negative_size": {**SNAPSHOT, "n": -1},
    "list_without_name": {**SNAPSHOT, "l": ""},
    "not_ascii": {**SNAPSHOT, "l": "https://证书.example/status/1"},
    "one_tag_too_many": {**ACT, "u": [hashed(bytes([n])) for n in range(MAX_TAGS + 1)]},
}


@pytest.mark.parametrize("value", BAD.values(), ids=BAD.keys())
def test_what_is_no_leaf_is_neither_written_nor_read(value: Any) -> None:
    for refused in (lambda: write_leaf(value), lambda: parse_leaf(canonical(value))):
        with pytest.raises(Malformed):
            refused()


def test_as_many_tags_as_fit_are_written() -> None:
    leaf = act_leaf(SIGNER, b"d", SALT, [hashed(bytes([n])) for n in range(MAX_TAGS)])
    assert len(leaf) <= MAX_BYTES < len(leaf) + len('"",') + 43


NOT_CANONICAL = {
    "space": GOOD["trust"][0].replace(b":0,", b": 0,"),
    "order": b'{"v":1,"k":"grant","d":"' + hashed(b"d").encode() + b'"}',
    "duplicate": GOOD["trust"][0].replace(b'"n":0,', b'"n":0,"n":0,'),
    "fraction": GOOD["trust"][0].replace(b":0,", b":0.0,"),
}


@pytest.mark.parametrize("data", NOT_CANONICAL.values(), ids=NOT_CANONICAL.keys())
def test_a_leaf_in_another_form_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_leaf(data)


@given(st.binary(), SALTS, SALTS)
def test_a_salt_hides_the_document(document: bytes, salt: bytes, other: bytes) -> None:
    assert (commitment(document, salt) == commitment(document, other)) is (salt == other)
    assert commitment(document, salt) != hashed(document)


def documents() -> Iterator[bytes]:
    """Every signed document in the bundles of the format's vectors."""
    for text in json.loads(BUNDLES.read_text("utf-8"))["bundles"].values():
        bundle = json.loads(text)
        yield from (canonical(step["act"]) for step in bundle["path"])
        yield from (canonical(event[stage]) for event in bundle["events"] for stage in ("propose", "decide"))
        yield from (one.encode() for one in (bundle["credential"], bundle["procedure"], bundle["trust"]))
        yield from (one.encode() for one in (*bundle["grants"], *bundle["calendars"], bundle["status"]["list"]))


def words(document: bytes) -> set[str]:
    """Every text in the payload of a document, and every run of letters in it."""
    payload = json.loads(document)["payload"] if document.startswith(b"{") else document.decode().split(".")[1]
    text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    return {word for word in re.findall(r"\w{4,}", text) if not word.isdecimal()} | set(
        re.findall('"([^"]{4,})"', text)
    )


def test_no_leaf_holds_any_word_of_its_document() -> None:
    seen = 0
    for document in set(documents()):
        tags = [*act_tags([SALT], "evaluate", 0), certificate_tag(SALT, 1)]
        leaves = [
            act_leaf(SIGNER, document, SALT, tags),
            archive_leaf(SIGNER, document, SALT, tags[1]),
            # The address of the list is that of 131,072 certificates.
            status_leaf(SIGNER, document, SALT, uri=URI, slot=5, value=1, count=0).replace(URI.encode(), b""),
            trust_leaf(9, document),
            *(public_leaf(kind, document) for kind in PUBLIC_KINDS),
        ]
        found = words(document)
        assert len(found) > 5
        for leaf in leaves:
            spoken = leaf.decode().removesuffix(',"v":1}')
            assert not {word for word in found if word in re.sub('"k":"[a-z]+"', "", spoken)}
            # Besides member names nothing is said but hashes and small numbers.
            said = re.sub(r'"[\w-]{43}"|"[a-z]":|"[a-z]+"|[0-9]{1,6}', "", spoken)
            assert set(said) <= set('{}[],"')
        seen += 1
    assert seen > 20
