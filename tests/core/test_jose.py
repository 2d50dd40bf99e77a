"""The strict JWS reader: what it accepts, PyJWT and joserfc accept; of what they accept, it takes only our one form."""

import json
from multiprocessing import get_context
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from certsvc.core.encoding import b64, canonical, digest
from certsvc.core.errors import Malformed
from certsvc.core.jose import (
    key_id,
    parse_compact,
    parse_document,
    parse_general,
    public_jwk,
    sign_compact,
    sign_general,
    thumbprint,
)
from certsvc.core.kinds import KINDS
from certsvc.signers.file import EdDsaSigner, Es256Signer

KEY = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
SIGNER, OTHER = Es256Signer(KEY), Es256Signer(ec.derive_private_key(7, ec.SECP256R1()))
PAYLOAD: dict[str, Any] = {"name": "样章", "number": 1}
HEADER = {"alg": "ES256", "kid": thumbprint(SIGNER.public_key), "typ": "vc+jwt"}


def token(header: Any = HEADER, payload: bytes = canonical(PAYLOAD), signature: bytes = bytes(64)) -> bytes:
    head = header if isinstance(header, bytes) else canonical(header)
    return f"{b64(head)}.{b64(payload)}.{b64(signature)}".encode()


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in HEADER.items() if key != name}


REFUSED: dict[str, tuple[bytes, str]] = {
    "two_parts": (b"e30.e30", "jws_form"),
    "four_parts": (token() + b".e30", "jws_form"),
    "five_parts_of_an_encrypted_token": (b"e30.e30.e30.e30.e30", "jws_form"),
    "not_ascii": (token() + "é".encode(), "jws_form"),
    "padding": (token() + b"=", "base64"),
    "newline_at_the_end": (token() + b"\n", "base64"),
    "space_before": (b" " + token(), "base64"),
    "header_is_a_list": (token([]), "jws_header"),
    "header_is_text": (token("ES256"), "jws_header"),
    "no_kid": (token(without("kid")), "jws_header"),
    "no_alg": (token(without("alg")), "jws_header"),
    "no_typ": (token(without("typ")), "jws_header"),
    "crit": (token(HEADER | {"crit": []}), "jws_header"),
    "b64": (token(HEADER | {"b64": False}), "jws_header"),
    "zip": (token(HEADER | {"zip": "DEF"}), "jws_header"),
    "jwk": (token(HEADER | {"jwk": {}}), "jws_header"),
    "x5c": (token(HEADER | {"x5c": []}), "jws_header"),
    "x5u": (token(HEADER | {"x5u": "https://sample.invalid"}), "jws_header"),
    "alg_is_a_number": (token(HEADER | {"alg": 1}), "jws_header"),
    "kid_is_null": (token(HEADER | {"kid": None}), "jws_header"),
    "typ_of_an_act": (token(HEADER | {"typ": "act+jwt"}), "jws_typ"),
    "typ_of_a_login": (token(HEADER | {"typ": "JWT"}), "jws_typ"),
    "typ_in_capitals": (token(HEADER | {"typ": "VC+JWT"}), "jws_typ"),
    "alg_twice": (token(b'{"alg":"none","alg":"ES256","kid":"k","typ":"vc+jwt"}'), "json_duplicate"),
    "header_with_spaces": (token(json.dumps(HEADER).encode()), "json_canonical"),
    "header_out_of_order": (token(b'{"typ":"vc+jwt","alg":"ES256","kid":"k"}'), "json_canonical"),
    "header_with_byte_order_mark": (token(b"\xef\xbb\xbf" + canonical(HEADER)), "json"),
    "payload_is_a_list": (token(payload=b"[]"), "jws_payload"),
    "payload_is_empty": (token(payload=b""), "json"),
    "payload_with_spaces": (token(payload=b'{"a": 1}'), "json_canonical"),
    "payload_member_twice": (token(payload=b'{"a":1,"a":1}'), "json_duplicate"),
    "payload_of_a_thousand_levels": (token(payload=b'{"a":' * 1000), "json_depth"),
    "as_long_as_the_cap": (b"A" * KINDS["vc+jwt"].max_bytes, "jws_form"),
    "one_byte_over_the_cap": (b"A" * (KINDS["vc+jwt"].max_bytes + 1), "jws_size"),
}


@pytest.mark.parametrize(("data", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_token_in_another_form_is_refused_before_any_key_is_touched(data: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse_compact(data, "vc+jwt")
    assert refused.value.code == code


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 1_000_000])
@pytest.mark.parametrize("letter", [b"A", b".", b"\x00", b"\xff", b"["])
def test_garbage_of_any_size_is_malformed_and_nothing_worse(size: int, letter: bytes) -> None:
    for read in (parse_compact, parse_general, parse_document):
        for typ in ("vc+jwt", "act+jwt", "statuslist+jwt"):
            with pytest.raises(Malformed):
                read(letter * size, typ)


@given(st.binary(max_size=80))
def test_no_bytes_make_the_reader_raise_anything_but_malformed(data: bytes) -> None:
    for typ in KINDS:
        with pytest.raises(Malformed):
            parse_document(data, typ)


JSON_OBJECTS = st.dictionaries(st.text('abcé样\n"\\', max_size=4), st.integers(-9, 9) | st.text(max_size=5), max_size=4)


@given(JSON_OBJECTS)
def test_what_we_sign_and_read_pyjwt_and_joserfc_read_the_same(payload: dict[str, Any]) -> None:
    try:
        body = sign_compact(payload, "vc+jwt", SIGNER)
    except Malformed:  # half a character has no canonical form
        return
    ours = parse_compact(body, "vc+jwt")
    assert ours.signed_by(SIGNER.public_key) and not ours.signed_by(OTHER.public_key)
    assert ours.unverified_payload == payload
    assert jwt.PyJWS().decode(body, SIGNER.public_key, algorithms=["ES256"]) == canonical(payload)
    assert jws.deserialize_compact(body, ECKey.import_key(public_jwk(SIGNER.public_key))).payload == canonical(payload)


@given(st.data())
def test_what_we_accept_with_a_key_the_libraries_accept_with_it(data: st.DataObject) -> None:
    """Any mixture of two genuine tokens: if ours says that the key signed it, so do the others."""
    one = sign_compact({"a": 1}, "vc+jwt", SIGNER).split(b".")
    two = sign_compact({"a": 2}, "vc+jwt", OTHER).split(b".")
    body = b".".join(data.draw(st.sampled_from(pair)) for pair in zip(one, two, strict=True))
    for signer in (SIGNER, OTHER):
        if parse_compact(body, "vc+jwt").signed_by(signer.public_key):
            jwt.PyJWS().decode(body, signer.public_key, algorithms=["ES256"])
            jws.deserialize_compact(body, ECKey.import_key(public_jwk(signer.public_key)))
            assert body in (b".".join(one), b".".join(two))


def test_tokens_that_pyjwt_accepts_and_we_refuse_are_only_other_forms_of_ours() -> None:
    duplicate = b'{"alg":"none","alg":"ES256","kid":"k","typ":"vc+jwt"}'
    head, middle = b64(duplicate), b64(canonical(PAYLOAD))
    body = f"{head}.{middle}.{b64(SIGNER.sign(f'{head}.{middle}'.encode()))}".encode()
    assert jwt.PyJWS().decode(body, SIGNER.public_key, algorithms=["ES256"])
    with pytest.raises(Malformed, match=r"^json_duplicate:"):
        parse_compact(body, "vc+jwt")


# --- General JSON --------------------------------------------------------------------------------------------------

ACT = sign_general(PAYLOAD, "act+jwt", [SIGNER, OTHER])


def changed(**members: Any) -> bytes:
    return canonical(json.loads(ACT) | members)


def rows(number: int) -> list[Any]:
    return [json.loads(ACT)["signatures"][0]] * number


GENERAL: dict[str, tuple[bytes, str]] = {
    "no_signature": (changed(signatures=[]), "jws_form"),
    "four_signatures": (changed(signatures=rows(4)), "jws_form"),
    "signatures_are_null": (changed(signatures=None), "jws_form"),
    "signatures_are_a_number": (changed(signatures=2), "jws_form"),
    "signatures_are_an_object": (changed(signatures={}), "jws_form"),
    "a_further_member": (changed(header={}), "jws_form"),
    "payload_is_an_object": (changed(payload={}), "jws_form"),
    "unprotected_header": (changed(signatures=[rows(1)[0] | {"header": {}}, *rows(1)]), "jws_form"),
    "signature_is_null": (changed(signatures=[rows(1)[0] | {"signature": None}, *rows(1)]), "jws_form"),
    "protected_is_a_number": (changed(signatures=[rows(1)[0] | {"protected": 1}, *rows(1)]), "jws_form"),
    "signature_is_a_text": (changed(signatures=["x", "y"]), "jws_form"),
    "a_list": (b"[]", "jws_form"),
    "with_a_space": (ACT.replace(b",", b", ", 1), "json_canonical"),
    "not_base64": (changed(payload="*"), "base64"),
}


@pytest.mark.parametrize(("data", "code"), GENERAL.values(), ids=GENERAL.keys())
def test_an_act_in_another_form_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse_general(data, "act+jwt")
    assert refused.value.code == code


def test_each_signature_of_an_act_holds_for_its_own_key() -> None:
    act = parse_general(ACT, "act+jwt")
    assert [act.signed_by(SIGNER.public_key, n) for n in (0, 1)] == [True, False]
    assert [act.signed_by(OTHER.public_key, n) for n in (0, 1)] == [False, True]


def test_an_act_with_one_signature_is_read_so_that_the_missing_one_can_be_named() -> None:
    act = parse_general(changed(signatures=rows(1)), "act+jwt")
    assert len(act.signatures) == 1 and act.signed_by(SIGNER.public_key)


def test_a_document_is_named_by_its_bytes_with_its_signatures() -> None:
    act = parse_general(ACT, "act+jwt")
    assert act.sha256 == digest(ACT)
    assert act.sha256 != parse_general(sign_general(PAYLOAD, "act+jwt", [OTHER, SIGNER]), "act+jwt").sha256


def test_signing_twice_gives_the_same_bytes() -> None:
    assert sign_compact(PAYLOAD, "vc+jwt", SIGNER) == sign_compact(PAYLOAD, "vc+jwt", SIGNER)


def nonces(number: int) -> set[bytes]:
    """The half of a signature that follows from its nonce, of many documents."""
    return {SIGNER.sign(b"%d" % n)[:32] for n in range(number)}


def test_no_two_documents_are_signed_with_one_nonce_even_in_two_copies_of_a_machine() -> None:
    """Two documents under one nonce give the key away; a copied machine would draw the same random numbers again."""
    assert len(nonces(2000)) == 2000
    with get_context("fork").Pool(2) as copies:
        first, second = copies.map(nonces, [300, 300])
    # RFC 6979: the nonce follows from the document, so both copies agree about each and about no two.
    assert first == second and len(first) == 300


def test_a_payload_outside_its_schema_is_no_document() -> None:
    with pytest.raises(Malformed, match=r"unknown_member|missing_member"):
        parse_document(sign_compact(PAYLOAD, "grant+jwt", SIGNER), "grant+jwt")


@pytest.mark.parametrize("typ", KINDS)
def test_a_document_of_one_kind_is_never_read_as_another(typ: str) -> None:
    body = sign_compact(PAYLOAD, typ, SIGNER)
    for other in KINDS.keys() - {typ}:
        with pytest.raises(Malformed, match=r"^jws_typ:"):
            parse_compact(body, other)


# --- keys ----------------------------------------------------------------------------------------------------------


def test_a_thumbprint_is_that_of_rfc_7638() -> None:
    assert thumbprint(SIGNER.public_key) == ECKey.import_key(public_jwk(SIGNER.public_key)).thumbprint()
    # RFC 8037 A.3.
    raw = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    key = ed25519.Ed25519PublicKey.from_public_bytes(raw)
    assert thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_an_ed25519_key_signs_documents_too() -> None:
    signer = EdDsaSigner(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))
    document = parse_compact(sign_compact(PAYLOAD, "trust+jwt", signer), "trust+jwt")
    assert document.signed_by(signer.public_key)
    assert document.signatures[0].alg == "EdDSA"


def test_other_keys_have_no_thumbprint() -> None:
    with pytest.raises(Malformed, match=r"^key_kind:"):
        thumbprint(ed448.Ed448PrivateKey.from_private_bytes(bytes(57)).public_key())


def test_two_keys_have_two_ids() -> None:
    assert key_id(SIGNER.public_key) != key_id(OTHER.public_key)
