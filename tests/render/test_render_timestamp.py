"""Time-stamps inside the signature: asked for, trimmed to one certificate, and checked byte for byte."""

from dataclasses import replace

import pytest
from asn1crypto import cms, tsp, x509
from chain_for_tests import SIGNED_AT, make_chain
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from made_for_tests import gap_of, page_of, with_cms
from tsa_for_tests import STAMPED_AT, make_token, time_stamping_service

from certsvc.core.algorithms import P256_ORDER
from certsvc.core.errors import NotReady
from certsvc.render.cms import der_signature, read_cms, write_cms
from certsvc.render.reader import read_pdf
from certsvc.render.signature import SignedPage, reinsert, sign_page
from certsvc.render.timestamp import lean_token, read_timestamp


def answered(token: bytes) -> bytes:
    status = {"status": "granted"}
    return tsp.TimeStampResp({"status": status, "time_stamp_token": cms.ContentInfo.load(token)}).dump()


def honest(query: bytes) -> bytes:
    """The answer of a service that stamps the imprint in the query."""
    imprint = tsp.TimeStampReq.load(query)["message_imprint"].native
    return answered(make_token(b"", lambda facts: facts.update(message_imprint=imprint)))


def signed_through(answer) -> SignedPage:
    chain = make_chain()
    with time_stamping_service(answer) as url:
        return sign_page(page_of("ordinary"), chain.signer, chain.certificate_der, chain.issuing_ca_der, SIGNED_AT, url)


@pytest.fixture(scope="module")
def stamped() -> SignedPage:
    return signed_through(honest)


def test_a_stamped_page_tells_the_time_and_the_services_certificate(stamped):
    found = read_pdf(stamped.pdf)
    assert found.faults == ()
    assert found.signature.timestamp.time == STAMPED_AT
    assert found.signature.timestamp.certificate_der == make_chain(7).certificate_der


def test_a_stamped_page_is_made_again_from_its_cms(stamped):
    assert reinsert(page_of("ordinary"), stamped.cms, SIGNED_AT) == stamped.pdf


def test_every_digit_of_a_stamped_signature_matters(stamped):
    pdf = bytearray(stamped.pdf)
    start, _ = gap_of(pdf)
    unseen = []
    for place in range(start, start + 2 * len(stamped.cms), 11):
        kept = pdf[place]
        pdf[place] = b"0123456789abcdef"[(int(chr(kept), 16) + 1) % 16]
        if not read_pdf(bytes(pdf)).faults:
            unseen.append(place - start)
        pdf[place] = kept
    assert unseen == []


WRONG_ANSWERS = {
    "not_a_response": lambda query: b"<html>busy</html>",
    "rejected": lambda query: tsp.TimeStampResp({"status": {"status": "rejection"}}).dump(),
    "stamp_over_something_else": lambda query: answered(make_token(b"something else")),
}


@pytest.mark.parametrize("name", WRONG_ANSWERS)
def test_an_answer_that_is_no_stamp_of_ours_stops_the_signing(name):
    with pytest.raises(NotReady) as refused:
        signed_through(WRONG_ANSWERS[name])
    assert refused.value.code == "timestamp_failed"


def foreign_certificate(token: cms.ContentInfo) -> None:
    other = x509.Certificate.load(make_chain(8).certificate_der)
    token["content"]["certificates"] = [cms.CertificateChoices("certificate", other)]


def unsigned_attribute(token: cms.ContentInfo) -> None:
    token["content"]["signer_infos"][0]["unsigned_attrs"] = [{"type": "1.2.3.4", "values": []}]


def later_time(token: cms.ContentInfo) -> None:
    facts = token["content"]["encap_content_info"]["content"].parsed.copy()
    facts["gen_time"] = STAMPED_AT.replace(year=2027)
    token["content"]["encap_content_info"]["content"] = cms.ParsableOctetString(facts.dump(force=True))


def false_signature(token: cms.ContentInfo) -> None:
    token["content"]["signer_infos"][0]["signature"] = der_signature(b"\x01" * 64)


def twin_signature(token: cms.ContentInfo) -> None:
    signer = token["content"]["signer_infos"][0]
    r, s = decode_dss_signature(signer["signature"].native)
    signer["signature"] = encode_dss_signature(r, P256_ORDER - s)


DEFECTS = {
    f.__name__: f for f in (foreign_certificate, unsigned_attribute, later_time, false_signature, twin_signature)
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_token_with_a_defect_is_a_fault(name, stamped):
    parts = read_cms(stamped.cms)
    token = cms.ContentInfo.load(parts.timestamp_token)
    DEFECTS[name](token)
    altered = write_cms(replace(parts, timestamp_token=token.dump(force=True)))
    assert read_pdf(with_cms(stamped.pdf, altered)).faults == ("timestamp_form",)


def test_a_token_is_trimmed_to_the_services_own_certificate():
    whole = make_token(b"signature")
    lean = lean_token(whole)
    assert len(cms.ContentInfo.load(whole)["content"]["certificates"]) == 3
    assert len(cms.ContentInfo.load(lean)["content"]["certificates"]) == 1
    assert read_timestamp(lean, b"signature").time == STAMPED_AT


def test_a_token_with_the_whole_chain_inside_is_refused():
    with pytest.raises(ValueError):
        read_timestamp(make_token(b"signature"), b"signature")


KEYS = {
    "p256": ec.derive_private_key(77, ec.SECP256R1()),
    "p384": ec.derive_private_key(77, ec.SECP384R1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("name", KEYS)
def test_services_with_usual_keys_are_understood(name):
    # Several serial numbers, so that ECDSA gives both lower and upper s.
    for serial in range(6):
        token = make_token(b"signature", lambda facts, n=serial: facts.update(serial_number=n), KEYS[name])
        assert read_timestamp(lean_token(token), b"signature").time == STAMPED_AT


def test_a_service_with_another_kind_of_key_is_refused():
    with pytest.raises(ValueError):
        lean_token(make_token(b"signature", key=ec.derive_private_key(77, ec.SECP521R1())))
