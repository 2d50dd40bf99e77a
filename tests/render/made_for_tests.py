"""Pages made once per test process, and a way to sign any altered file so that only its structure is wrong."""

import hashlib
import re
from dataclasses import replace
from functools import cache

import pypdfium2
from chain_for_tests import SIGNED_AT, make_chain
from faces_for_tests import LONG, ORDINARY

from certsvc.render.cms import CmsParts, to_be_signed, write_cms
from certsvc.render.fonts import FontSet
from certsvc.render.page import render_page
from certsvc.render.photo import sample_portrait
from certsvc.render.signature import SignedPage, sign_page

BUNDLE = '{"certsvc":"示例证据包","rows":[1,2,3]}'.encode() * 40

FACES = {
    "ordinary": ORDINARY,
    "ordinary with photo in demo": replace(ORDINARY, photo_jpeg=sample_portrait(1, "F"), demo=True),
    "everything long": LONG,
    "everything long with photo in demo": replace(LONG, photo_jpeg=sample_portrait(2, "M"), demo=True),
    "rare name": replace(ORDINARY, holder="𬱖㛃䶮"),
    "one long word": replace(ORDINARY, holder="W" * 50, title_zh="师" * 60, committee="委" * 90, track="评聘结合"),
    "nothing optional": replace(ORDINARY, specialty="", approval_document=""),
}


@cache
def fonts() -> FontSet:
    return FontSet()


@cache
def page_of(name: str) -> bytes:
    return render_page(FACES[name], BUNDLE, fonts())


@cache
def signed_of(name: str = "ordinary") -> SignedPage:
    chain = make_chain()
    return sign_page(page_of(name), chain.signer, chain.certificate_der, chain.issuing_ca_der, SIGNED_AT)


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b]", "", text)


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    text = document[0].get_textpage().get_text_range()
    document.close()
    return squeezed(text)


def gap_of(pdf: bytes) -> tuple[int, int]:
    """Where the hexadecimal digits of /Contents begin and end."""
    match = re.search(rb"/Content[sa] <([0-9a-fA-F]{100,})>", pdf)
    return match.span(1)


def signed_anew(pdf: bytes) -> bytes:
    """`pdf` of the same length as a signed file, altered anywhere, with a fresh and mathematically right signature."""
    chain = make_chain()
    start, end = gap_of(pdf)
    digest = hashlib.sha256(pdf[: start - 1] + pdf[end + 1 :]).digest()
    raw = chain.signer.sign(to_be_signed(digest, chain.certificate_der, chain.issuing_ca_der))
    return with_cms(pdf, write_cms(CmsParts(digest, chain.certificate_der, chain.issuing_ca_der, raw, None)))


def with_cms(pdf: bytes, cms: bytes) -> bytes:
    """`pdf` with another CMS in its gap."""
    start, end = gap_of(pdf)
    return pdf[:start] + cms.hex().ljust(end - start, "0").encode() + pdf[end:]
