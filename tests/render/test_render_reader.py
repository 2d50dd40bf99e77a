"""Uploads: our file is accepted, and no change of any byte is (formats.md 7, and the attacks known against PDF)."""

import re
import zlib
from io import BytesIO

import pypdfium2
import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core, x509
from chain_for_tests import SIGNED_AT, make_chain
from faces_for_tests import ORDINARY
from made_for_tests import BUNDLE, fonts, gap_of, page_of, signed_anew, signed_of, with_cms
from PIL import Image
from pyhanko.pdf_utils.generic import NumberObject, TextStringObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from certsvc.core.algorithms import P256_ORDER
from certsvc.render.cms import CmsParts, der_signature, read_cms, write_cms
from certsvc.render.page import render_page
from certsvc.render.reader import MAX_BUNDLE_BYTES, MAX_PDF_BYTES, read_pdf
from certsvc.render.signature import sign_page


def updated(pdf: bytes, change) -> bytes:
    """`pdf` with an incremental update made by `change(writer)`."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def other_language(writer) -> None:
    writer.root[pdf_name("/Lang")] = TextStringObject("en")
    writer.update_root()


def other_page_size(writer) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page[pdf_name("/Rotate")] = NumberObject(180)
    writer.update_container(page)


def other_attachment(writer) -> None:
    file = writer.root["/Names"]["/EmbeddedFiles"]["/Names"][1]["/EF"].raw_get("/F")
    stream = file.get_object()
    stream._data, stream._encoded_data = b"{}", None
    writer.mark_update(file.reference)


def saved_anew(pdf: bytes) -> bytes:
    out = BytesIO()
    document = pypdfium2.PdfDocument(pdf)
    document.save(out)
    document.close()
    return out.getvalue()


def between(pdf: bytes, old: bytes, new: bytes) -> bytes:
    """The same length with other words, inside the signed part."""
    assert old in pdf and len(old) == len(new)
    return pdf.replace(old, new)


def byte_range_of(pdf: bytes) -> bytes:
    return re.search(rb"/ByteRange \[[^]]*\]", pdf)[0]


def with_byte_range(pdf: bytes, text: bytes) -> bytes:
    old = byte_range_of(pdf)
    return between(pdf, old, text.ljust(len(old)))


def wrapped(pdf: bytes) -> bytes:
    """Keys smuggled into the gap, which the byte range leaves out."""
    _, end = gap_of(pdf)
    smuggled = b"> /Reason (forged) /Was <"
    return pdf[: end - 200] + smuggled + pdf[end - 200 + len(smuggled) :]


def test_a_signed_page_is_ours_and_gives_its_bundle_and_signer_back():
    chain = make_chain()
    found = read_pdf(signed_of().pdf)
    assert found.faults == ()
    assert (found.is_pdf, found.looks_ours, found.bundle) == (True, True, BUNDLE)
    assert found.signature.signer_der == chain.certificate_der
    assert found.signature.issuing_ca_der == chain.issuing_ca_der
    assert found.signature.signing_time == SIGNED_AT
    assert found.signature.timestamp is None


def test_every_digit_of_contents_matters():
    pdf = bytearray(signed_of().pdf)
    start, end = gap_of(pdf)
    unseen = []
    for place in range(start, end):
        kept = pdf[place]
        pdf[place] = b"0123456789abcdef"[(int(chr(kept), 16) + 1) % 16]
        if not read_pdf(bytes(pdf)).faults:
            unseen.append(place - start)
        pdf[place] = kept
    assert unseen == []


def test_every_letter_of_contents_must_be_lower_case():
    pdf = bytearray(signed_of().pdf)
    start, end = gap_of(pdf)
    letters = [place for place in range(start, end) if chr(pdf[place]).isalpha()]
    assert letters
    for place in letters:
        pdf[place] ^= 0x20
        assert read_pdf(bytes(pdf)).faults == ("contents_hex",)
        pdf[place] ^= 0x20


def test_a_flipped_bit_anywhere_else_is_seen():
    pdf = bytearray(signed_of().pdf)
    start, end = gap_of(pdf)
    outside = [place for place in range(0, len(pdf), 499) if not start <= place < end]
    for place in [*outside, 0, start - 1, end, len(pdf) - 1]:
        pdf[place] ^= 0x01
        found = read_pdf(bytes(pdf))
        assert found.faults and found.bundle is None and found.signature is None, place
        assert found.looks_ours or not found.is_pdf
        pdf[place] ^= 0x01


def test_every_byte_of_the_attachment_is_under_the_signature():
    pdf = bytearray(signed_of().pdf)
    stream = re.search(rb"/EmbeddedFile.{0,400}?stream\r?\n(.*?)endstream", bytes(pdf), re.DOTALL)
    for place in range(*stream.span(1)):
        pdf[place] ^= 0x10
        found = read_pdf(bytes(pdf))
        assert found.looks_ours and found.faults == ("digest_differs",)
        pdf[place] ^= 0x10


ATTACKS = {
    "page_content_replaced": (lambda pdf: updated(pdf, other_page_size), "coverage"),
    "attachment_replaced": (lambda pdf: updated(pdf, other_attachment), "coverage"),
    "catalog_replaced": (lambda pdf: updated(pdf, other_language), "coverage"),
    "object_appended_without_xref": (lambda pdf: pdf + b"99 0 obj\n<</Lang (en)>>\nendobj\n", "coverage"),
    "junk_after_the_end": (lambda pdf: pdf + b"\n", "coverage"),
    "junk_before_the_header": (lambda pdf: b"GIF89a\n" + pdf, "coverage"),
    "truncated": (lambda pdf: pdf[:-1], "coverage"),
    "xref_without_trailer": (lambda pdf: pdf + b"xref\n0 1\n0000000000 65535 f \n", "coverage"),
    "byte_range_missing": (lambda pdf: between(pdf, b"/ByteRange", b"/ByteRongo"), "byte_range_count"),
    "byte_range_twice": (lambda pdf: pdf + b"/ByteRange [0 1 2 3]", "byte_range_count"),
    "byte_range_zero": (lambda pdf: with_byte_range(pdf, b"/ByteRange [0 0 0 0]"), "coverage"),
    "byte_range_negative": (lambda pdf: with_byte_range(pdf, b"/ByteRange [0 -1 5 9]"), "byte_range_form"),
    "byte_range_empty": (lambda pdf: with_byte_range(pdf, b"/ByteRange []"), "byte_range_form"),
    "byte_range_starts_later": (lambda pdf: with_byte_range(pdf, b"/ByteRange [1 2 3 4]"), "byte_range_form"),
    "gap_elsewhere": (lambda pdf: with_byte_range(pdf, b"/ByteRange [0 90 100 %d]" % (len(pdf) - 100)), "contents_hex"),
    "contents_zeroed": (lambda pdf: with_cms(pdf, b""), "cms_form"),
    "contents_null": (lambda pdf: with_cms(pdf, b"\x05\x00"), "cms_form"),
    "contents_only_a_header": (lambda pdf: with_cms(pdf, b"\x30\x82\xff\xff"), "cms_form"),
    "keys_in_the_gap": (wrapped, "contents_hex"),
    "padding_not_zero": (lambda pdf: with_cms(pdf, signed_of().cms + b"\x00\x01"), "contents_padding"),
    "saved_anew": (saved_anew, "byte_range_form"),
    "signature_stripped": (lambda pdf: page_of("ordinary"), "byte_range_count"),
    "signed_by_two": (lambda pdf: pdf + pdf[pdf.index(b"/Contents ") :], "byte_range_count"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_known_attack_is_a_fault_and_nothing_inside_is_believed(name):
    attack, fault = ATTACKS[name]
    found = read_pdf(attack(signed_of().pdf))
    assert found.looks_ours
    assert found.bundle is None and found.signature is None
    assert found.faults == (fault,)


def changed_cms(change) -> bytes:
    """The CMS of the signed page after `change(signed_data)`, encoded again."""
    info = asn1_cms.ContentInfo.load(signed_of().cms)
    change(info["content"])
    return info.dump(force=True)


def add_unsigned_attribute(signed) -> None:
    attribute = {"type": "1.2.3.4", "values": [core.OctetString(b"free room")]}
    signed["signer_infos"][0]["unsigned_attrs"] = [attribute]


def add_root(signed) -> None:
    root = asn1_cms.CertificateChoices("certificate", x509.Certificate.load(make_chain().root_der))
    signed["certificates"] = [*signed["certificates"], root]


def drop_issuing_ca(signed) -> None:
    signed["certificates"] = [c for c in signed["certificates"] if c.chosen.dump() != make_chain().issuing_ca_der]


def second_signer(signed) -> None:
    signed["signer_infos"] = [signed["signer_infos"][0], signed["signer_infos"][0].copy()]


def version_three(signed) -> None:
    signed["version"] = "v3"


def high_s(signed) -> None:
    parts = read_cms(signed_of().cms)
    s = P256_ORDER - int.from_bytes(parts.raw_signature[32:])
    signed["signer_infos"][0]["signature"] = der_signature(parts.raw_signature[:32] + s.to_bytes(32))


CMS_DEFECTS = {
    "unsigned_attribute": add_unsigned_attribute,
    "third_certificate": add_root,
    "one_certificate": drop_issuing_ca,
    "two_signer_infos": second_signer,
    "version_three": version_three,
    "high_s": high_s,
}


@pytest.mark.parametrize("name", CMS_DEFECTS)
def test_a_cms_that_is_written_otherwise_is_refused(name):
    altered = changed_cms(CMS_DEFECTS[name])
    assert altered != signed_of().cms
    assert read_pdf(with_cms(signed_of().pdf, altered)).faults == ("cms_form",)


def test_a_signature_by_another_key_than_the_certificates_is_false():
    parts = read_cms(signed_of().cms)
    forged = CmsParts(parts.document_sha256, parts.certificate_der, parts.issuing_ca_der, b"\x01" * 64, None)
    assert read_pdf(with_cms(signed_of().pdf, write_cms(forged))).faults == ("signature_false",)


STRUCTURES = {
    "permits_forms": (b"/P 1\n", b"/P 2\n", "not_certified"),
    "not_in_perms": (b"/Perms", b"/Parms", "not_certified"),
    "another_subfilter": (b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached", "subfilter"),
    "attachment_of_another_name": (rb"(certsvc\055bundle", rb"(certsva\055bundle", "bundle_missing"),
    "attachment_not_source": (b"/AFRelationship/Source", b"/AFRelationship/Sauces", "bundle_missing"),
    "field_is_no_signature": (b"/FT /Sig", b"/FT /Btn", "signature_count"),
    "gap_under_another_key": (b"/Contents <", b"/Contenta <", "contents_place"),
    "object_stream_named": (b"/Type/Catalog", b"/Type/ObjStm+", "pdf_structure"),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_well_signed_file_of_another_structure_is_refused(name):
    old, new, fault = STRUCTURES[name]
    pdf = signed_anew(between(signed_of().pdf, old, new))
    assert read_pdf(pdf).faults == (fault,)


def test_signing_anew_changes_nothing_by_itself():
    assert read_pdf(signed_anew(signed_of().pdf)).faults == ()


def test_an_attachment_beyond_the_limit_is_not_unfolded():
    chain = make_chain()
    page = render_page(ORDINARY, b'"' + b"a" * MAX_BUNDLE_BYTES + b'"', fonts())
    signed = sign_page(page, chain.signer, chain.certificate_der, chain.issuing_ca_der, SIGNED_AT)
    assert read_pdf(signed.pdf).faults == ("bundle_missing",)


def test_another_programs_pdf_is_not_ours():
    out = BytesIO()
    Image.new("L", (50, 50)).save(out, "PDF")
    found = read_pdf(out.getvalue())
    assert (found.is_pdf, found.looks_ours, found.faults) == (True, False, ("pdf_not_ours",))


HIDDEN = {
    "in_an_object_stream": b"1 0 obj\n<<>>\nstream\n" + zlib.compress(b"(certsvc-bundle.json)") + b"\nendstream",
    "in_utf_16": "certsvc-bundle".encode("utf-16-be"),
    "foreign_signature_field": b"<</FT /Sig /T (x)>>",
    "foreign_time_stamp": b"<</Type/DocTimeStamp>>",
}


@pytest.mark.parametrize("name", HIDDEN)
def test_a_mark_of_ours_is_found_wherever_it_hides(name):
    found = read_pdf(b"%PDF-1.7\n" + HIDDEN[name] + b"\n%%EOF\n")
    assert found.looks_ours and found.faults == ("byte_range_count",)


HOSTILE = {
    "empty": (b"", "not_pdf"),
    "picture": (b"\x89PNG\r\n", "not_pdf"),
    "only_a_header": (b"%PDF-1.7", "pdf_not_ours"),
    "too_large": (b"%PDF-1.7" + b" " * MAX_PDF_BYTES, "pdf_too_large"),
    "bomb": (b"%PDF-1.7 stream\n" + zlib.compress(bytes(2**27), 9), "pdf_not_ours"),
    "thousand_streams": (b"%PDF-1.7 " + (b"stream\n" + zlib.compress(bytes(2**20), 9)) * 1000, "pdf_not_ours"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_become_a_fault_and_never_an_exception(name):
    data, fault = HOSTILE[name]
    assert read_pdf(data).faults == (fault,)
