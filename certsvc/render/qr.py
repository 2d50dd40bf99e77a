"""The main QR symbol as one vector path (GB/T 18284, ISO/IEC 18004), level Q with a fixed mask."""

from itertools import groupby

import qrcode
from qrcode.constants import ERROR_CORRECT_Q

#: A fixed mask costs 1 ms where the search for the best one costs 8; every decoder reads it.
MASK = 3
#: ISO/IEC 18004 6.3.8: four light modules on every side.
QUIET = 4


def qr_svg(text: str) -> str:
    """`text` as an SVG, one unit per module including the quiet zone, black on white."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, mask_pattern=MASK, border=QUIET)
    code.add_data(text, optimize=0)
    code.make()
    matrix = code.get_matrix()
    path = "".join(_row_path(row, y) for y, row in enumerate(matrix))
    size = len(matrix)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{path}" fill="#000"/></svg>'
    )


def _row_path(row: list[bool], y: int) -> str:
    """Dark runs of one row as closed rectangles."""
    runs = []
    x = 0
    for dark, modules in groupby(row):
        width = len(list(modules))
        if dark:
            runs.append(f"M{x} {y}h{width}v1h-{width}z")
        x += width
    return "".join(runs)
