"""The signature of a page: PAdES B-B, certified with P=1, and the same file again from a stored CMS.

ETSI EN 319 142-1 (ETSI.CAdES.detached), ISO 32000-2 12.8. pyHanko lays the objects; the CMS is written in `cms.py`.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from pyhanko.pdf_utils.generic import ArrayObject, ByteStringObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from certsvc.core.errors import Refused
from certsvc.render.cms import CmsParts, der_signature, read_cms, to_be_signed, write_cms
from certsvc.render.timestamp import fetch_timestamp
from certsvc.signers import Signer

FIELD_NAME = "certsvc"
#: Hexadecimal digits kept for the CMS: two certificates need about 4,000, a lean timestamp token 6,000 more.
HEX_RESERVED = 12_288


@dataclass(frozen=True)
class SignedPage:
    """A signed PDF and the CMS inside it; with the page they were made from, `cms` alone gives `pdf` again."""

    pdf: bytes
    cms: bytes


@dataclass(frozen=True)
class _Prepared:
    """A page with an empty signature: bytes, hash of all but the gap, and where `<` stands."""

    pdf: bytes
    sha256: bytes
    gap: int


def sign_page(
    page: bytes,
    signer: Signer,
    certificate_der: bytes,
    issuing_ca_der: bytes,
    signed_at: datetime,
    timestamp_url: str | None = None,
) -> SignedPage:
    """`page` (as `render_page` made it) signed by `signer` at `signed_at` (aware).

    With `timestamp_url` the signature value is time-stamped (RFC 3161); raises NotReady `timestamp_failed` without it.
    """
    prepared = _prepare(page, signed_at)
    raw = signer.sign(to_be_signed(prepared.sha256, certificate_der, issuing_ca_der))
    token = fetch_timestamp(timestamp_url, der_signature(raw)) if timestamp_url else None
    cms = write_cms(CmsParts(prepared.sha256, certificate_der, issuing_ca_der, raw, token))
    return SignedPage(_fill(prepared, cms), cms)


def reinsert(page: bytes, cms: bytes, signed_at: datetime) -> bytes:
    """The signed file again, without a key: `page` rendered anew, with the stored `cms` and time.

    Raises Refused `page_changed` if the page is no longer the one that was signed.
    """
    prepared = _prepare(page, signed_at)
    if read_cms(cms).document_sha256 != prepared.sha256:
        raise Refused(
            "page_changed",
            "证书版面与签名时不一致，无法还原原文件",
            "The page differs from the one that was signed; sign a new rendition.",
        )
    return _fill(prepared, cms)


class _FixedWriter(IncrementalPdfFileWriter):
    """An incremental writer without chance and clock: same page, same bytes."""

    @classmethod
    def _handle_id(cls, prev: PdfFileReader) -> ArrayObject:
        # ISO 32000-2 14.4 asks for a changed second half; pyHanko draws it at random.
        first = getattr(prev.trailer["/ID"][0], "original_bytes", prev.trailer["/ID"][0])
        second = hashlib.sha256(prev.stream.getvalue()).digest()[:16]
        return ArrayObject([ByteStringObject(first), ByteStringObject(second)])

    def _update_meta(self) -> None:
        # pyHanko would write "modified now" into the XMP packet; the page's own metadata stay as they are.
        pass


def _prepare(page: bytes, signed_at: datetime) -> _Prepared:
    writer = _FixedWriter(BytesIO(page))
    steps = PdfCMSEmbedder(SigFieldSpec(FIELD_NAME)).write_cms(FIELD_NAME, writer)
    next(steps)
    placeholder = SignatureObject(timestamp=signed_at, subfilter=SigSeedSubFilter.PADES, bytes_reserved=HEX_RESERVED)
    certify = SigMDPSetup("sha256", certify=True, docmdp_perms=MDPPerm.NO_CHANGES)
    steps.send(SigObjSetup(placeholder, certify))
    digest, output = steps.send(SigIOSetup("sha256"))
    return _Prepared(output.getvalue(), digest.document_digest, digest.reserved_region_start)


def _fill(prepared: _Prepared, cms: bytes) -> bytes:
    """The file with `cms` in lower-case hexadecimal, zero padded (formats.md 7); pyHanko itself writes upper case."""
    if 2 * len(cms) > HEX_RESERVED:
        raise Refused("cms_too_long", "签名数据过长", f"The CMS has {len(cms)} bytes, {HEX_RESERVED // 2} fit.")
    start = prepared.gap + 1
    return prepared.pdf[:start] + cms.hex().ljust(HEX_RESERVED, "0").encode() + prepared.pdf[start + HEX_RESERVED :]
