"""Pictures and foreign PDFs: codes are found, and size, form and time are limited before they hurt."""

import struct
import zlib
from io import BytesIO

import pypdfium2
import pytest
from made_for_tests import FACES, page_of, signed_of
from PIL import Image

from certsvc.core.errors import Malformed
from certsvc.render.picture import pdf_pictures, read_codes


def encoded(picture: Image.Image, form: str) -> bytes:
    out = BytesIO()
    picture.save(out, form)
    return out.getvalue()


def page_picture() -> Image.Image:
    document = pypdfium2.PdfDocument(page_of("ordinary"))
    picture = document[0].render(scale=150 / 72).to_pil().convert("RGB")
    document.close()
    return picture


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has no pixels."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0), b"IDAT")
    framed = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("turn", [0, 90, 180, 7])
def test_the_code_on_a_scan_is_read_whichever_way_it_lies(form, turn):
    scan = page_picture().rotate(turn, expand=True, fillcolor="white")
    assert read_codes(encoded(scan, form)) == [FACES["ordinary"].verify_url]


def test_a_picture_without_a_code_has_none():
    assert read_codes(encoded(Image.new("RGB", (300, 300), "white"), "PNG")) == []


@pytest.mark.parametrize("size", [(6400, 6400), (12000, 12000), (60000, 60000)])
def test_a_picture_with_too_many_pixels_is_refused_by_its_header(size):
    with pytest.raises(Malformed) as refused:
        read_codes(png_header(*size))
    assert refused.value.code == "image_too_large"


UNREADABLE = {
    "empty": b"",
    "text": b"hello",
    "gif": encoded(Image.new("P", (10, 10)), "GIF"),
    "webp": encoded(Image.new("RGB", (10, 10)), "WEBP"),
    "cut_short": encoded(Image.new("RGB", (300, 300), "red"), "JPEG")[:300],
    "header_only": png_header(10, 10),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_not_a_png_or_jpeg_is_refused(name):
    with pytest.raises(Malformed) as refused:
        read_codes(UNREADABLE[name])
    assert refused.value.code == "image_unreadable"


def test_the_pages_of_a_pdf_become_pictures_whose_codes_are_read():
    (picture,) = pdf_pictures(signed_of().pdf)
    assert read_codes(picture) == [FACES["ordinary"].verify_url]


def pdf_of_pages(count: int, size: tuple[float, float]) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for _ in range(count):
        document.new_page(*size)
    out = BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


def test_only_the_first_three_pages_are_drawn():
    assert len(pdf_pictures(pdf_of_pages(5, (50, 50)))) == 3


def test_a_giant_page_is_drawn_smaller():
    (picture,) = pdf_pictures(pdf_of_pages(1, (14400, 14400)))
    width, height = Image.open(BytesIO(picture)).size
    assert width * height <= 40_100_000


def nested_forms(levels: int) -> bytes:
    """A page whose form draws ten forms that each draw ten forms, and so on."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>",
        b"<</Length 5>>stream\n/F Do\nendstream",
    ]
    for level in range(levels):
        inner = b"/Resources<</XObject<</F %d 0 R>>>>" % (6 + level) if level < levels - 1 else b""
        work = b"/F Do " * 10 if inner else b"0 0 9 9 re f "
        head = b"<</Type/XObject/Subtype/Form/BBox[0 0 99 99]%s/Length %d>>" % (inner, len(work))
        objects.append(head + b"stream\n" + work + b"\nendstream")
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"trailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer


def test_a_pdf_that_never_ends_drawing_is_stopped():
    assert len(pdf_pictures(nested_forms(2))) == 1
    with pytest.raises(Malformed) as refused:
        pdf_pictures(nested_forms(12), cpu_seconds=1)
    assert refused.value.code == "pdf_unreadable"


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"hello"])
def test_what_is_not_a_pdf_is_refused(data):
    with pytest.raises(Malformed) as refused:
        pdf_pictures(data)
    assert refused.value.code == "pdf_unreadable"
