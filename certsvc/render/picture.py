"""QR codes out of uploaded pictures and PDFs. Sizes are judged before anything is decoded."""

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import zxingcpp
from PIL import Image

from certsvc.core.errors import Malformed

#: A4 at 600 dpi is 35 million pixels.
MAX_PIXELS = 40_000_000
FORMATS = ("PNG", "JPEG")
RASTERISE = Path(__file__).with_name("rasterise.py")


def read_codes(data: bytes) -> list[str]:
    """The texts of all QR codes in a PNG or JPEG. Raises Malformed `image_too_large` or `image_unreadable`."""
    picture = open_picture(data, MAX_PIXELS).convert("L")
    return [code.text for code in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)]


def open_picture(data: bytes, max_pixels: int) -> Image.Image:
    """`data` as a wholly decoded picture. Raises Malformed as `read_codes` does; nothing else leaves here."""
    try:
        picture = Image.open(BytesIO(data), formats=FORMATS)
        if picture.width * picture.height > max_pixels:
            raise _too_large(max_pixels)
        picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(max_pixels) from error
    except Malformed:
        raise
    except Exception as error:  # Pillow meets broken files with many classes, SyntaxError and struct.error among them
        raise Malformed(
            "image_unreadable", "图片无法读取，请上传 PNG 或 JPEG", "Not a readable PNG or JPEG picture."
        ) from error
    return picture


def pdf_pictures(data: bytes, cpu_seconds: int = 10) -> list[bytes]:
    """The first three pages of a PDF as PNG at 150 dpi. Raises Malformed `pdf_unreadable`.

    A process of its own draws them, with limits on time and memory: the file comes from anybody.
    """
    command = [sys.executable, str(RASTERISE), str(cpu_seconds)]
    try:
        drawn = subprocess.run(command, input=data, capture_output=True, timeout=2 * cpu_seconds)
    except subprocess.TimeoutExpired as error:
        raise _unreadable_pdf() from error
    if drawn.returncode != 0:
        raise _unreadable_pdf()
    return _split(drawn.stdout)


def _split(stream: bytes) -> list[bytes]:
    """Undoes the length prefixes of rasterise.py."""
    pictures = []
    while stream:
        size = int.from_bytes(stream[:4])
        pictures.append(stream[4 : 4 + size])
        stream = stream[4 + size :]
    return pictures


def _too_large(max_pixels: int) -> Malformed:
    millions = max_pixels // 1_000_000
    return Malformed("image_too_large", f"图片超过 {millions} 百万像素", f"The picture exceeds {millions} megapixels.")


def _unreadable_pdf() -> Malformed:
    return Malformed("pdf_unreadable", "PDF 无法读取", "The PDF cannot be drawn.")
