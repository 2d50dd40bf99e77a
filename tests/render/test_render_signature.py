"""The signed file: standard for other programs, the same in every process, and made again without a key."""

import hashlib
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from io import BytesIO

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import x509
from chain_for_tests import SIGNED_AT, make_chain
from made_for_tests import gap_of, page_of, signed_of
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore
from support import needs

from certsvc.core.errors import NotReady, Refused
from certsvc.render.cms import CmsParts, write_cms
from certsvc.render.signature import HEX_RESERVED, _fill, _prepare, reinsert, sign_page

IN_ANOTHER_PROCESS = """
import hashlib
from made_for_tests import signed_of
print(hashlib.sha256(signed_of("everything long with photo in demo").pdf).hexdigest())
"""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hash_from_a_new_process(seed: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed, "TZ": "UTC" + seed}
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_two_other_processes_sign_the_same_file():
    here = sha256(signed_of("everything long with photo in demo").pdf)
    assert hash_from_a_new_process("1") == hash_from_a_new_process("2") == here


def test_the_stored_cms_gives_the_identical_file_without_a_key():
    signed = signed_of()
    assert reinsert(page_of("ordinary"), signed.cms, SIGNED_AT) == signed.pdf


@pytest.mark.parametrize("other", ["page", "time"])
def test_a_cms_is_not_put_into_another_page_or_time(other):
    page = page_of("rare name" if other == "page" else "ordinary")
    moment = SIGNED_AT if other == "page" else datetime(2026, 11, 21, tzinfo=UTC)
    with pytest.raises(Refused) as refused:
        reinsert(page, signed_of().cms, moment)
    assert refused.value.code == "page_changed"


def test_a_cms_that_does_not_fit_is_refused():
    chain = make_chain()
    token = asn1_cms.ContentInfo({"content_type": "data", "content": bytes(HEX_RESERVED // 2)}).dump()
    parts = CmsParts(bytes(32), chain.certificate_der, chain.issuing_ca_der, b"\x01" * 64, token)
    assert len(write_cms(parts)) * 2 > HEX_RESERVED
    with pytest.raises(Refused) as refused:
        _fill(_prepare(page_of("ordinary"), SIGNED_AT), write_cms(parts))
    assert refused.value.code == "cms_too_long"


def test_contents_are_lower_case_hex_with_zero_padding():
    start, end = gap_of(signed_of().pdf)
    digits = signed_of().pdf[start:end].decode()
    assert digits == signed_of().cms.hex() + "0" * (HEX_RESERVED - 2 * len(signed_of().cms))


def test_the_cms_is_what_the_format_says():
    chain = make_chain()
    signed = asn1_cms.ContentInfo.load(signed_of().cms)["content"]
    assert signed["version"].native == "v1"
    assert [row["algorithm"].native for row in signed["digest_algorithms"]] == ["sha256"]
    assert {c.chosen.dump() for c in signed["certificates"]} == {chain.certificate_der, chain.issuing_ca_der}
    (info,) = signed["signer_infos"]
    assert info["unsigned_attrs"].native is None
    assert info["signature_algorithm"]["algorithm"].native == "sha256_ecdsa"
    assert {a["type"].native for a in info["signed_attrs"]} == {
        "content_type",
        "message_digest",
        "signing_certificate_v2",
    }


def test_the_original_page_is_kept_byte_for_byte_at_the_front():
    assert signed_of().pdf.startswith(page_of("ordinary"))


def test_the_first_new_object_stands_on_a_line_of_its_own():
    assert re.match(rb"%%EOF\n\d+ 0 obj", signed_of().pdf[len(page_of("ordinary")) - 6 :])


def test_pyhanko_finds_an_intact_trusted_certification_over_the_whole_file():
    chain = make_chain()
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(chain.root_der)],
        other_certs=SimpleCertificateStore(),
        allow_fetching=False,
        moment=SIGNED_AT,
    )
    reader = PdfFileReader(BytesIO(signed_of().pdf))
    status = validate_pdf_signature(reader.embedded_signatures[0], context)
    assert status.intact and status.valid and status.trusted
    assert status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert status.docmdp_ok


def test_pdfsig_finds_the_signature_valid_and_the_whole_document_signed(tmp_path):
    pdfsig = needs("pdfsig", "poppler-utils")
    (tmp_path / "signed.pdf").write_bytes(signed_of().pdf)
    said = subprocess.run([pdfsig, "-nocert", tmp_path / "signed.pdf"], capture_output=True, text=True, check=True)
    assert "Signature is Valid" in said.stdout
    assert "Total document signed" in said.stdout
    assert "ETSI.CAdES.detached" in said.stdout
    assert said.stdout.count("Signature #") == 1


def test_pdftotext_finds_the_name_and_the_number(tmp_path):
    (tmp_path / "signed.pdf").write_bytes(signed_of("rare name").pdf)
    command = [needs("pdftotext", "poppler-utils"), tmp_path / "signed.pdf", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "𬱖㛃䶮" in said and "22202200000520001238" in said


def test_a_time_stamp_service_that_is_away_is_named():
    chain = make_chain()
    with pytest.raises(NotReady) as refused:
        sign_page(
            page_of("ordinary"),
            chain.signer,
            chain.certificate_der,
            chain.issuing_ca_der,
            SIGNED_AT,
            "http://127.0.0.1:9/tsa",
        )
    assert refused.value.code == "timestamp_failed" and "127.0.0.1:9" in refused.value.en
