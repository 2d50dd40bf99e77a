"""Reading an uploaded PDF: is it one of our files, whole and unchanged, byte for byte (formats.md 7)?

1. find marks of ours (the attachment's name, any signature field); 2. the byte range must leave exactly the hexadecimal
gap; 3. the gap must hold exactly one CMS, written the one way; 4. hash and signature must hold; 5. pyHanko must agree
on coverage, certification and the single signature; 6. the bundle is taken out. Each stage runs only if the ones
before it passed, so hostile bytes meet cheap checks first. Trust in the certificates is judged elsewhere.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import TypeVar

from pyhanko.pdf_utils.decode_limits import DecodeLimits, StreamDecodeLimits
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from certsvc.render.cms import CmsParts, der_signature, read_cms, signature_math_holds, write_cms
from certsvc.render.page import ATTACHMENT_NAME
from certsvc.render.timestamp import Timestamp, read_timestamp

MAX_PDF_BYTES = 20 * 2**20
MAX_BUNDLE_BYTES = 4 * 2**20
#: What is inflated, altogether, in the search for marks inside compressed objects.
MAX_INFLATED_BYTES = 64 * 2**20
#: Of these a look into a stream costs so many, also where nothing is found: a file may name three million.
LOOK_BYTES = 1024
#: A stream is fed in pieces, and what comes of it taken in parts: zlib copies what it does not need yet of a piece, and
#: gives nothing back of a part in which the stream breaks off.
PIECE, PART = 4096, 65_536

#: Literal marks first: they are found in microseconds. The last pattern finds fields of any other signature.
_MARKS = (b"/ByteRange", b"ETSI.CAdES", b"certsvc-bundle", "certsvc-bundle".encode("utf-16-be"))
_FIELD = re.compile(rb"/(?:FT|Type)\s*/(?:Sig|DocTimeStamp)\b")
_BYTE_RANGE = re.compile(rb"/ByteRange ?\[0 (\d{1,9}) (\d{1,9}) (\d{1,9})\]")
_STREAM = re.compile(rb"stream\r?\n")
T = TypeVar("T")
_HEX = re.compile(rb"[0-9a-f]+")


@dataclass(frozen=True)
class PdfSignature:
    """Who signed the file, by its own account. The chain is not judged here; the signature's math is."""

    signer_der: bytes
    issuing_ca_der: bytes
    signing_time: datetime
    """Asserted by the signer, aware."""
    timestamp: Timestamp | None
    cms: bytes
    """The signature itself, DER."""


@dataclass(frozen=True)
class PdfFindings:
    """What an upload turned out to be. With any fault nothing inside is believed: no bundle, no signature."""

    is_pdf: bool
    looks_ours: bool
    """Carries our attachment's name or any signature: such a file must be faultless or it is tampered."""
    bundle: bytes | None
    signature: PdfSignature | None
    faults: tuple[str, ...]


def read_pdf(data: bytes) -> PdfFindings:
    """The findings about `data`. Never raises: whatever a library trips over is the fault `pdf_unreadable`."""
    # Viewers accept the header anywhere in the first 1,024 bytes, so such a file is a PDF to its reader.
    findings = PdfFindings(b"%PDF-" in data[:1024], False, None, None, ())
    if not findings.is_pdf:
        return replace(findings, faults=("not_pdf",))
    if len(data) > MAX_PDF_BYTES:
        return replace(findings, faults=("pdf_too_large",))
    findings = replace(findings, looks_ours=_has_marks(data))
    if not findings.looks_ours:
        return replace(findings, faults=("pdf_not_ours",))
    try:
        bundle, signature = _read_ours(data)
        return replace(findings, bundle=bundle, signature=signature)
    except _FaultError as fault:
        return replace(findings, faults=(fault.code,))
    except Exception:  # the border to hostile input: any trouble is a fault, whatever its class
        return replace(findings, faults=("pdf_unreadable",))


class _FaultError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _require(holds: bool, code: str) -> None:
    if not holds:
        raise _FaultError(code)


def _has_marks(data: bytes) -> bool:
    return _marked(data) or any(map(_marked, _inflated(data)))


def _marked(part: bytes) -> bool:
    return any(mark in part for mark in _MARKS) or _FIELD.search(part) is not None


def _inflated(data: bytes) -> Iterator[bytes]:
    """Deflated streams of `data`, each as far as 1 MB and all within the limit: names may hide in object streams."""
    left = MAX_INFLATED_BYTES
    for match in _STREAM.finditer(data):
        # A view: copying the rest of the file for every stream would cost the square of its size.
        part = _inflate(memoryview(data)[match.end() :], min(left, 2**20))
        yield part
        left -= max(len(part), LOOK_BYTES)
        if left <= 0:
            return


def _inflate(stream: memoryview, most: int) -> bytes:
    """What comes of `stream` until it ends or breaks off, `most` bytes of it."""
    inflater, found, place = zlib.decompressobj(), bytearray(), 0
    with suppress(zlib.error):
        while len(found) < most and place < len(stream) and not inflater.eof:
            found += inflater.decompress(stream[place : place + PIECE], min(PART, most - len(found)))
            place += PIECE - len(inflater.unconsumed_tail)
    return bytes(found)


def _read_ours(data: bytes) -> tuple[bytes, PdfSignature]:
    before, gap, after = _split_at_gap(data)
    digest = hashlib.sha256(before + after).digest()
    parts = _read_gap(gap, digest)
    _require(parts.document_sha256 == digest, "digest_differs")
    _require(signature_math_holds(parts), "signature_false")
    timestamp = _guard(lambda: _timestamp_of(parts), "timestamp_form")
    reader, embedded = _single_signature(data)
    signing_time = _guard(lambda: embedded.self_reported_timestamp, "pdf_structure")
    _require(signing_time is not None, "pdf_structure")
    bundle = _guard(lambda: _attached_bundle(reader), "bundle_missing")
    signature = PdfSignature(parts.certificate_der, parts.issuing_ca_der, signing_time, timestamp, write_cms(parts))
    return bundle, signature


def _split_at_gap(data: bytes) -> tuple[bytes, bytes, bytes]:
    """(signed bytes before, hexadecimal digits, signed bytes after): together with < and > the whole file."""
    _require(data.count(b"/ByteRange") == 1, "byte_range_count")
    match = _BYTE_RANGE.search(data)
    _require(match is not None, "byte_range_form")
    first, second, length = (int(group) for group in match.groups())  # type: ignore[union-attr]
    _require(0 < first < second and second + length == len(data), "coverage")
    gap = data[first:second]
    _require(gap[:1] == b"<" and gap[-1:] == b">" and _HEX.fullmatch(gap[1:-1]) is not None, "contents_hex")
    _require(data[:first].endswith(b"/Contents "), "contents_place")
    return data[:first], gap[1:-1], data[second:]


def _read_gap(digits: bytes, digest: bytes) -> CmsParts:
    """The one CMS in the gap, followed only by the digit 0. A CMS over this `digest` has its bytes somewhere."""
    der = bytes.fromhex(digits.decode())
    size = _der_size(der)
    _require(0 < size <= len(der), "cms_form")
    _require(not any(der[size:]), "contents_padding")
    _require(digest in der, "digest_differs")
    return _guard(lambda: read_cms(der[:size]), "cms_form")


def _der_size(der: bytes) -> int:
    """Length of the SEQUENCE that `der` begins with, header included (X.690 8.1.3, two length bytes); 0 if none."""
    if len(der) < 4 or der[:2] != b"\x30\x82":
        return 0
    return 4 + int.from_bytes(der[2:4])


def _timestamp_of(parts: CmsParts) -> Timestamp | None:
    token = parts.timestamp_token
    return read_timestamp(token, der_signature(parts.raw_signature)) if token else None


def _single_signature(data: bytes) -> tuple[PdfFileReader, EmbeddedPdfSignature]:
    """A second opinion by pyHanko: one certifying signature, P=1, over the entire file, in a classic file."""
    # Our files have neither object streams nor cross-reference streams nor encryption: nothing can unfold in here.
    _require(b"/ObjStm" not in data and b"/XRef" not in data and b"/Encrypt" not in data, "pdf_structure")
    limits = DecodeLimits(per_stream=StreamDecodeLimits(max_output_size=MAX_BUNDLE_BYTES))
    reader = PdfFileReader(BytesIO(data), strict=True, decode_limits=limits)
    _require(len(reader.embedded_signatures) == 1 and len(reader.embedded_regular_signatures) == 1, "signature_count")
    (embedded,) = reader.embedded_regular_signatures
    _require(embedded.sig_object["/SubFilter"] == "/ETSI.CAdES.detached", "subfilter")
    embedded.compute_integrity_info(skip_diff=True)
    _require(embedded.coverage == SignatureCoverageLevel.ENTIRE_FILE, "coverage")
    certified = reader.root["/Perms"]["/DocMDP"] if "/Perms" in reader.root else None
    _require(certified == embedded.sig_object and embedded.docmdp_level == MDPPerm.NO_CHANGES, "not_certified")
    return reader, embedded


def _attached_bundle(reader: PdfFileReader) -> bytes:
    name, file = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    if name != ATTACHMENT_NAME or file.get_object()["/AFRelationship"] != "/Source":
        raise ValueError("another attachment")
    return file.get_object()["/EF"]["/F"].data


def _guard(work: Callable[[], T], code: str) -> T:
    """The result of `work`; whatever it raises is the fault `code`."""
    try:
        return work()
    except Exception as error:
        raise _FaultError(code) from error
