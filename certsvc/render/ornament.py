"""The security-print look of the page: a guilloche frame and a rosette, drawn from sines by code of ours."""

import math
from collections.abc import Callable, Iterable
from functools import lru_cache

PAPER, GOLD, PALE, CRIMSON = "#fdfaf2", "#b4925a", "#f1e9d8", "#9c2b23"
#: Units are mm on A4 landscape.
WIDTH, HEIGHT = 297.0, 210.0
#: Centre line of the woven band, and half its height.
INSET, HALF = 13.5, 3.2
#: Rules along the band: distance from its centre line, colour, thickness.
RULES = ((-4.7, GOLD, 0.7), (-3.7, GOLD, 0.18), (3.7, GOLD, 0.18), (4.5, CRIMSON, 0.25))

Point = tuple[float, float]


@lru_cache(maxsize=1)
def frame_svg() -> str:
    """The frame of a whole A4 landscape page as SVG in mm."""
    strands = [points for start, end in _sides() for points in _weave(start, end)]
    rules = [_rule(INSET + shift, colour, width) for shift, colour, width in RULES]
    corners = [_corner(x, y) for x in (INSET, WIDTH - INSET) for y in (INSET, HEIGHT - INSET)]
    return _svg(WIDTH, HEIGHT, [_stroke(strands, GOLD, 0.14), *rules, *corners])


@lru_cache(maxsize=1)
def rosette_svg() -> str:
    """The pale rosette behind the text, 140 mm square."""
    rings = enumerate((36, 30, 24, 18))
    curves = [_ring(63 - 9 * ring, 5.5, lobes, turn / 5, (70, 70)) for ring, lobes in rings for turn in range(5)]
    return _svg(140, 140, [_stroke(curves, PALE, 0.22, closed=True)])


def _sides() -> Iterable[tuple[Point, Point]]:
    """The four centre lines of the band, clockwise."""
    left, top, right, bottom = INSET, INSET, WIDTH - INSET, HEIGHT - INSET
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return zip(corners, corners[1:] + corners[:1], strict=True)


def _weave(start: Point, end: Point) -> Iterable[list[Point]]:
    """Strands of one side: two families of sines whose crests and knots interlace."""
    for turn in range(7):
        yield _along(start, end, lambda t, phase=turn / 7: _wide(t, math.tau * phase))
    for turn in range(2):
        yield _along(start, end, lambda t, phase=turn / 2: 0.3 * math.sin(2 * t + math.tau * phase))


def _wide(t: float, phase: float) -> float:
    """A sine whose height breathes once in two periods."""
    return math.sin(t + phase) * (0.62 + 0.38 * math.cos(t / 2) ** 2)


def _along(start: Point, end: Point, swing: Callable[[float], float]) -> list[Point]:
    """A curve that swings by `swing` half bands about the line from `start` to `end`."""
    length = math.dist(start, end)
    periods = round(length / 11)
    ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    places = ((step / (7 * periods)) for step in range(7 * periods + 1))
    moves = ((length * place, HALF * swing(math.tau * periods * place)) for place in places)
    return [(start[0] + ux * s - uy * d, start[1] + uy * s + ux * d) for s, d in moves]


def _ring(radius: float, swing: float, lobes: int, turn: float, centre: Point) -> list[Point]:
    """A closed sine about a circle."""
    angles = [math.tau * step / (7 * lobes) for step in range(7 * lobes)]
    polar = [(a, radius + swing * math.sin(lobes * a + math.tau * turn)) for a in angles]
    return [(centre[0] + r * math.cos(a), centre[1] + r * math.sin(a)) for a, r in polar]


def _corner(x: float, y: float) -> str:
    """A medallion that covers the joint of two sides."""
    side = HALF + 1.5
    ground = (
        f'<rect x="{x - side}" y="{y - side}" width="{2 * side}" height="{2 * side}"'
        f' fill="{PAPER}" stroke="{GOLD}" stroke-width="0.35"/>'
    )
    outer = [_ring(2.6, 1.6, 8, turn / 5, (x, y)) for turn in range(5)]
    inner = [_ring(1.0, 0.55, 6, turn / 2, (x, y)) for turn in range(2)]
    return ground + _stroke(outer + inner, GOLD, 0.13, closed=True)


def _rule(inset: float, colour: str, width: float) -> str:
    w, h = WIDTH - 2 * inset, HEIGHT - 2 * inset
    place = f'x="{inset}" y="{inset}" width="{w}" height="{h}"'
    return f'<rect {place} fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _stroke(curves: list[list[Point]], colour: str, width: float, closed: bool = False) -> str:
    """One path through all `curves`, smooth (Catmull-Rom splines as cubic Béziers)."""
    path = "".join(_spline([c[-1], *c, *c[:2]] if closed else [c[0], *c, c[-1]]) for c in curves)
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _spline(points: list[Point]) -> str:
    """A curve from the second to the last but one of `points`."""
    parts = [f"M{points[1][0]:.2f} {points[1][1]:.2f}"]
    for a, b, c, d in zip(points, points[1:], points[2:], points[3:], strict=False):
        parts.append(
            f"C{b[0] + (c[0] - a[0]) / 6:.2f} {b[1] + (c[1] - a[1]) / 6:.2f} "
            f"{c[0] - (d[0] - b[0]) / 6:.2f} {c[1] - (d[1] - b[1]) / 6:.2f} {c[0]:.2f} {c[1]:.2f}"
        )
    return "".join(parts)


def _svg(width: float, height: float, parts: list[str]) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">{"".join(parts)}</svg>'
