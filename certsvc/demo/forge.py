"""How files are altered, re-made and spoiled, for the gallery of forgeries. Nothing here knows a key of the instance."""

import io
import random
import re
import zlib

import pypdfium2
import qrcode
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from certsvc.core.encoding import b64, unb64
from certsvc.render.fonts import PACKAGED


def flip_one_byte_of_token(bundle: bytes) -> bytes:
    """The bundle with one byte of the certificate's payload changed: the last digit of the year of birth."""
    start = bundle.index(b'"credential":"') + len(b'"credential":"')
    _, payload, _ = bundle[start : bundle.index(b'"', start)].split(b".")
    body = bytearray(unb64(payload.decode()))
    place = body.index(b'"birth":"19', body.index(b'"approval"')) + len(b'"birth":"19x')
    body[place] = ord("0") if body[place] != ord("0") else ord("1")
    return bundle.replace(payload, b64(bytes(body)).encode())


def change_text_layer(pdf: bytes) -> bytes:
    """The PDF with another text behind the same picture: the ToUnicode maps exchange two code points each."""
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(pdf)))
    for reference in list(writer.objects.values()):
        deflated = isinstance(reference, generic.StreamObject) and reference.get("/Filter") == "/FlateDecode"
        if deflated and b"beginbf" in reference.data:
            reference._data = _swap_targets(reference.data)
            reference._encoded_data = None
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _swap_targets(cmap: bytes) -> bytes:
    """A ToUnicode CMap whose first two mappings have exchanged their targets."""
    found = re.findall(rb"<[0-9A-Fa-f]+>\s*<([0-9A-Fa-f]+)>", cmap)
    if len(found) < 2:
        return cmap
    one, other = found[0], found[1]
    return cmap.replace(one, b"#").replace(other, one).replace(b"#", other)


def append_revision(pdf: bytes) -> bytes:
    """The PDF with a later revision that changes its title: the signed bytes are untouched, the file is not."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    writer.set_info(generic.DictionaryObject({generic.pdf_name("/Title"): generic.TextStringObject("Changed")}))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def picture_of(pdf: bytes) -> Image.Image:
    """The first page as a colour picture at 150 dpi."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[0].render(scale=150 / 72).to_pil().convert("RGB")
    finally:
        document.close()


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def scanned_pdf(picture: Image.Image) -> bytes:
    """A PDF as a scanner makes it: one picture and nothing else."""
    out = io.BytesIO()
    picture.save(out, "PDF", resolution=150)
    return out.getvalue()


def forged_paper(picture: Image.Image, name: str) -> Image.Image:
    """The page with another name pasted over the holder's; the QR stays genuine."""
    forged = picture.copy()
    wide, tall = forged.size
    draw = ImageDraw.Draw(forged)
    left, top = round(wide * 0.245), round(tall * 0.272)
    draw.rectangle((left, top, round(wide * 0.43), round(tall * 0.335)), fill=forged.getpixel((left - 8, top)))
    large, small = (ImageFont.truetype(str(PACKAGED[0]), round(tall * share)) for share in (0.042, 0.016))
    draw.text((left, top + 2), name, font=large, fill=(20, 20, 20))
    draw.text((round(wide * 0.35), round(tall * 0.31)), "伪造样本 FORGED", font=small, fill=(180, 30, 30))
    return forged


def blurred(picture: Image.Image) -> Image.Image:
    """A photo nobody can read."""
    small = picture.resize((picture.width // 6, picture.height // 6))
    return small.filter(ImageFilter.GaussianBlur(9)).resize((900, 640))


def qr_card(texts: list[str], words: str) -> Image.Image:
    """A picture with one or more QR codes and a line of words."""
    codes = [qrcode.make(text, error_correction=qrcode.constants.ERROR_CORRECT_Q).get_image() for text in texts]
    wide = sum(code.width for code in codes) + 40 * (len(codes) + 1)
    card = Image.new("RGB", (wide, max(code.height for code in codes) + 110), "white")
    left = 40
    for code in codes:
        card.paste(code.convert("RGB"), (left, 20))
        left += code.width + 40
    font = ImageFont.truetype(str(PACKAGED[0]), 26)
    ImageDraw.Draw(card).text((40, card.height - 70), words, font=font, fill="black")
    return card


def noise(seed: int) -> bytes:
    """Bytes that are no file of any kind."""
    return zlib.compress(random.Random(seed).randbytes(600))  # noqa: S311 -- a spoiled file, not a secret
