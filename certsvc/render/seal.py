"""A round red seal drawn from font outlines: never the national emblem, and in demo plainly a sample.

A deployment normally uses the artwork of its seal maker; this drawing shows where the seal stands (domain brief 3.3).
"""

import math
import threading
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

from certsvc.render.fonts import FontSet

RED = "#cf2a2e"
#: Drawing units are 0.1 mm: a seal of 42 mm, as for a provincial department.
RADIUS = 210
ARC_RADIUS = 172
#: The arc leaves the lowest quarter of the circle free, as on official seals.
WIDEST_ARC = 244.0

#: fontTools reads tables when they are first needed, which two threads must not do at once.
_drawing = threading.Lock()


def seal_svg(text: str, demo: bool, fonts: FontSet) -> str:
    """The seal as SVG, 42 mm wide. The first line of `text` runs along the arc, a second one under the star."""
    with _drawing:
        return _draw(text, demo, fonts.files)


@lru_cache(maxsize=256)
def _draw(text: str, demo: bool, files: tuple[Path, ...]) -> str:
    arc, _, below = text.partition("\n")
    middle = _sample_mark(files) if demo else _star(62) + _line(below, 105, 30, 210, files)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-RADIUS} {-RADIUS} {2 * RADIUS} {2 * RADIUS}" fill="{RED}"'
        f' stroke="{RED}" stroke-width="0.9">'
        f'<circle r="{RADIUS - 6}" fill="none" stroke-width="10"/>{_arc(arc, files)}{middle}</svg>'
    )


def _arc(text: str, files: tuple[Path, ...]) -> str:
    """`text` with heads outward, centred at the top; long names become smaller and narrower."""
    step = min(26.0, WIDEST_ARC / max(len(text) - 1, 1))
    room = math.radians(step) * (ARC_RADIUS - 20)
    size = min(50.0, room * 1.25)
    first = -step * (len(text) - 1) / 2
    return "".join(
        _glyph(char, size, min(1.0, room * 0.96 / size), (0, size * 0.88 - ARC_RADIUS - 18), first + i * step, files)
        for i, char in enumerate(text)
    )


def _line(text: str, baseline: float, size: float, width: float, files: tuple[Path, ...]) -> str:
    """`text` on a straight line, centred, at most `width` wide."""
    widths = [_advance(char, files) for char in text]
    size = min(size, width / max(sum(widths), 0.1))
    x = -size * sum(widths) / 2
    paths = []
    for char, advance in zip(text, widths, strict=True):
        paths.append(_glyph(char, size, 1.0, (x + size * advance / 2, baseline), 0, files))
        x += size * advance
    return "".join(paths)


def _sample_mark(files: tuple[Path, ...]) -> str:
    """The two words above and below the middle, where the date will stand."""
    return _line("样章", -34, 80, 210, files) + _line("SAMPLE", 76, 52, 210, files)


def _star(radius: float) -> str:
    """A plain five-pointed star, one point up."""
    spokes = (math.radians(36 * k - 90) for k in range(10))
    points = ((r * math.cos(a), r * math.sin(a)) for r, a in zip([radius, radius * 0.382] * 5, spokes, strict=True))
    return '<path d="M' + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + 'z"/>'


def _glyph(
    char: str, size: float, narrow: float, at: tuple[float, float], degrees: float, files: tuple[Path, ...]
) -> str:
    """One outline: centred on x, standing on y of `at`, turned about the centre of the seal."""
    font = _font_of(char, files)
    scale = size / font["head"].unitsPerEm
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = at[0] - size * narrow * _advance(char, files) / 2, at[1]
    pen = SVGPathPen(font.getGlyphSet(), ntos=lambda value: f"{value:.1f}".rstrip("0").rstrip("."))
    matrix = (
        cos * scale * narrow,
        sin * scale * narrow,
        sin * scale,
        -cos * scale,
        cos * x - sin * y,
        sin * x + cos * y,
    )
    font.getGlyphSet()[_glyph_name(char, font)].draw(TransformPen(pen, matrix))
    return f'<path d="{pen.getCommands()}"/>'


def _advance(char: str, files: tuple[Path, ...]) -> float:
    """Width of `char` in em."""
    font = _font_of(char, files)
    return font["hmtx"][_glyph_name(char, font)][0] / font["head"].unitsPerEm


def _glyph_name(char: str, font: TTFont) -> str:
    return font.getBestCmap().get(ord(char), ".notdef")


def _font_of(char: str, files: tuple[Path, ...]) -> TTFont:
    """The first face with `char`; the page's glyph check has already refused text that none has."""
    return next((font for font in map(_open, files) if ord(char) in font.getBestCmap()), _open(files[0]))


@lru_cache(maxsize=16)
def _open(path: Path) -> TTFont:
    # In memory, so that no file stays open for the life of the process.
    return TTFont(BytesIO(path.read_bytes()), lazy=True, fontNumber=0)
