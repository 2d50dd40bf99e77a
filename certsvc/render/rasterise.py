"""A process that draws the first pages of a hostile PDF: PDF on stdin, length-prefixed PNG pictures on stdout."""

import math
import resource
import sys
from io import BytesIO

import pypdfium2

PAGES, DPI, MAX_PIXELS = 3, 150, 40_000_000
MEMORY_BYTES = 2**30


def main(cpu_seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    for number in range(min(PAGES, len(document))):
        picture = _png(document[number])
        sys.stdout.buffer.write(len(picture).to_bytes(4) + picture)


def _png(page: pypdfium2.PdfPage) -> bytes:
    width, height = page.get_size()
    scale = min(DPI / 72, math.sqrt(MAX_PIXELS / (width * height)))
    out = BytesIO()
    page.render(scale=scale, grayscale=True).to_pil().save(out, "PNG", compress_level=1)
    return out.getvalue()


if __name__ == "__main__":
    main(int(sys.argv[1]))
