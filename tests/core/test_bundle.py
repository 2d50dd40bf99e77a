"""Bundles: one form, read and written back byte for byte; whatever else is refused, cheaply and by name."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_forge import Forge
from support_instance import SmallInstance

from certsvc.core.bundle import (
    MAX_BYTES,
    MOST,
    REMEMBERED_BYTES,
    looks_like_bundle,
    parse_bundle,
    parse_shared,
    write_bundle,
)
from certsvc.core.encoding import b64, canonical
from certsvc.core.errors import Malformed
from certsvc.core.schemas import BUNDLE


def test_a_bundle_is_written_back_byte_for_byte(small_instance: SmallInstance) -> None:
    for person in range(3):
        data = small_instance.bundle(person)
        assert write_bundle(parse_bundle(data)) == data


def test_every_signed_document_of_a_bundle_is_among_its_documents(small_instance: SmallInstance) -> None:
    bundle = parse_bundle(small_instance.bundle())
    kinds = [document.typ for document in bundle.documents]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "vc+jwt": 1, "act+jwt": 9, "grant+jwt": 8, "procedure+jwt": 1, "calendar+jwt": 1, "trust+jwt": 1,
        "statuslist+jwt": 1,
    }  # fmt: skip


def test_the_salt_of_the_id_number_is_in_no_bundle(small_instance: SmallInstance) -> None:
    value = json.loads(small_instance.bundle())
    assert value["salts"].keys() == {"name", "sex", "birth"}
    assert "220000198506150" not in small_instance.bundle().decode()


@pytest.mark.parametrize("member", BUNDLE)
def test_every_member_of_a_bundle_is_required(member: str, small_instance: SmallInstance) -> None:
    value = json.loads(small_instance.bundle())
    del value[member]
    with pytest.raises(Malformed, match=r"^missing_member:"):
        parse_bundle(canonical(value))


LOGGED = [("log",), ("status", "log"), ("path", 0, "log"), ("path", 8, "log"), ("grant_logs", 0)]
HEAD = "example.invalid/log\n1\n" + "A" * 43 + "=\n"
NOTE = HEAD + "\n\u2014 example.invalid/log " + "A" * 92 + "\n"
PROOF = {"entry": "{}", "proof": f"c2sp.org/tlog-proof@v1\nindex 0\n\n{NOTE}", "before": NOTE}
BAD_LOGS: dict[str, dict[str, Any]] = {
    "an entry outside ASCII": {"entry": "\u8bc1"},
    "a proof of another format": {"proof": PROOF["proof"].replace("@v1", "@v2")},
    "a proof without a checkpoint": {"proof": "c2sp.org/tlog-proof@v1\nindex 0\n\nx\n"},
    "a proof with a padded index": {"proof": PROOF["proof"].replace("index 0", "index 00")},
    "a note that is no checkpoint": {"before": NOTE.replace("\n1\n", "\nx\n")},
    "a member nobody knows": {"more": "x"},
}


def with_log(data: bytes, place: tuple[Any, ...], log: Any) -> bytes:
    value = holder = json.loads(data)
    for part in place[:-1]:
        holder = holder[part]
    holder[place[-1]] = log
    return canonical(value)


@pytest.mark.parametrize("place", LOGGED, ids=lambda place: ".".join(map(str, place)))
def test_a_log_proof_stands_in_the_bundle_as_it_was_read(place: tuple[Any, ...], small_instance: SmallInstance) -> None:
    written = with_log(small_instance.bundle(), place, PROOF)
    assert write_bundle(parse_bundle(written)) == written
    assert parse_bundle(written) != parse_bundle(small_instance.bundle())


@pytest.mark.parametrize("place", LOGGED, ids=lambda place: ".".join(map(str, place)))
@pytest.mark.parametrize("change", BAD_LOGS.values(), ids=BAD_LOGS)
def test_a_malformed_log_proof_is_refused(
    change: dict[str, Any], place: tuple[Any, ...], small_instance: SmallInstance
) -> None:
    with pytest.raises(Malformed):
        parse_bundle(with_log(small_instance.bundle(), place, PROOF | change))


def test_a_bundle_has_one_log_member_for_each_grant(small_instance: SmallInstance) -> None:
    value = json.loads(small_instance.bundle())
    with pytest.raises(Malformed, match=r"^grant_logs:"):
        parse_bundle(canonical(value | {"grant_logs": value["grant_logs"][1:]}))


def test_a_bundle_without_an_entry_is_refused_by_name(small_instance: SmallInstance) -> None:
    value = json.loads(small_instance.bundle())
    value["entries"] = []
    with pytest.raises(Malformed, match=r"^entry_missing:"):
        parse_bundle(canonical(value))


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "json"),
    "one_byte_over_a_mebibyte": (b" " * (MAX_BYTES + 1), "bundle_size"),
    "a_mebibyte_of_brackets": (b"[" * MAX_BYTES, "bundle_size"),
    "a_mebibyte_of_quotes": (b'"' * MAX_BYTES, "json"),
    "a_mebibyte_of_backslashes": (b'"' + b"\\" * (MAX_BYTES - 1), "json"),
    "a_mebibyte_of_noughts": (b"0" * MAX_BYTES, "json"),
    "a_mebibyte_of_nines": (b"9" * MAX_BYTES, "json_number"),
    "ten_thousand_deep": (b'{"path":' * 10_000 + b"1" + b"}" * 10_000, "json_depth"),
    "a_hundred_thousand_members": (b"{" + b",".join(b'"%d":1' % n for n in range(90_000)) + b"}", "bundle_size"),
    "a_list": (b"[]", "member_form"),
    "null": (b"null", "member_form"),
}


@pytest.mark.parametrize(("data", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bytes_are_refused_by_name(data: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse_bundle(data)
    assert refused.value.code == code


def many(value: dict[str, Any], member: str, item: Any) -> bytes:
    """The bundle with one member filled up to the largest size."""
    size = len(canonical(item)) + 1
    room = MAX_BYTES - len(canonical(value)) - 16
    return canonical(value | {member: value[member] + [item] * (room // size)})


def test_ten_thousand_acts_are_refused_unread(small_instance: SmallInstance) -> None:
    value = json.loads(small_instance.bundle())
    act = {"payload": "", "signatures": []}
    step = {"act": act, "proof": {"index": 0, "row": None, "path": []}, "log": None}
    data = many(value, "path", step)
    assert data.count(b'"payload":""') > 10_000
    with pytest.raises(Malformed, match=r"^bundle_size:"):
        parse_bundle(data)


def test_a_hundred_thousand_certificates_are_refused_unread(small_instance: SmallInstance) -> None:
    data = many(json.loads(small_instance.bundle()), "certs", b64(b"AA"))
    assert data.count(b'"QUE"') > 100_000
    with pytest.raises(Malformed, match=r"^bundle_size:"):
        parse_bundle(data)


def test_a_bundle_may_hold_as_many_certificates_as_the_limit(small_instance: SmallInstance) -> None:
    value = json.loads(small_instance.bundle())
    value["certs"] += [b64(b"AA")] * (MOST["certs"] - len(value["certs"]))
    assert len(parse_bundle(canonical(value)).certs) == MOST["certs"]
    value["certs"].append(b64(b"AA"))
    with pytest.raises(Malformed, match=r"^bundle_size:"):
        parse_bundle(canonical(value))


def test_small_documents_are_remembered_and_large_ones_are_not(small_instance: SmallInstance) -> None:
    bundle = parse_bundle(small_instance.bundle())
    grant, listed = bundle.grants[0], bundle.status_list
    assert parse_shared(grant.body, "grant+jwt") is grant
    forge = Forge(small_instance)
    forge.tree["status"]["ttl"] = 1
    forge.tree["slots"] = dict(enumerate(random.Random(1).choices([0, 1, 2, 3], k=131_072)))
    large = forge.document("status")
    assert len(large) > REMEMBERED_BYTES >= len(listed.body)
    assert parse_shared(large, "statuslist+jwt") is not parse_shared(large, "statuslist+jwt")
    assert parse_shared(large, "statuslist+jwt") == parse_shared(large, "statuslist+jwt")


@pytest.mark.parametrize("member", ["certs", "entries", "salts"])
def test_what_is_not_base64url_inside_is_refused(member: str, small_instance: SmallInstance) -> None:
    value = json.loads(small_instance.bundle())
    if member == "certs":
        value["certs"][0] = "AB"
    elif member == "entries":
        value["entries"][0]["salt"] = "A" * 42 + "B"
    else:
        value["salts"]["name"] = "A" * 42 + "B"
    with pytest.raises(Malformed, match=r"^base64:"):
        parse_bundle(canonical(value))


@pytest.mark.parametrize("place", ["credential", "procedure", "trust"])
def test_a_document_with_other_than_ascii_is_refused(place: str, small_instance: SmallInstance) -> None:
    value = json.loads(small_instance.bundle())
    value[place] += "é"
    with pytest.raises(Malformed, match=r"^jws_form:"):
        parse_bundle(canonical(value))


@given(data=st.data())
@settings(max_examples=60)
def test_no_edit_of_a_bundle_makes_the_reader_raise_anything_but_malformed(
    data: st.DataObject, small_instance: SmallInstance
) -> None:
    genuine = small_instance.bundle()
    start = data.draw(st.integers(0, len(genuine)))
    end = data.draw(st.integers(start, min(start + 40, len(genuine))))
    changed = genuine[:start] + data.draw(st.binary(max_size=20)) + genuine[end:]
    try:
        bundle = parse_bundle(changed)
    except Malformed:
        return
    assert write_bundle(bundle) == changed


def test_a_broken_bundle_still_looks_like_one(small_instance: SmallInstance) -> None:
    genuine = small_instance.bundle()
    assert looks_like_bundle(genuine) and looks_like_bundle(b" \n" + genuine[:-1])
    assert not looks_like_bundle(b"{}") and not looks_like_bundle(genuine[1:])
