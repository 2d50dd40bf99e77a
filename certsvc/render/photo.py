"""Portraits: an upload becomes a small clean JPEG; people of the demo get a drawn one that is plainly a sample."""

import random
from collections.abc import Callable
from io import BytesIO

import pylopdf_fonts_zh_cn
from PIL import Image, ImageDraw, ImageFont, ImageOps

from certsvc.core.errors import Malformed
from certsvc.render.picture import open_picture

#: One inch by Chinese custom: 25 x 35 mm at 300 dpi.
SIZE = (295, 413)
MAX_BYTES = 50 * 1024
MAX_PIXELS = 24_000_000
QUALITIES = (90, 85, 80, 70, 60, 45, 30, 20, 10)

BACKGROUNDS = ("#c9d8e6", "#d7dde3", "#bfd3e6", "#dfe3e8")
CLOTHES = ("#39465a", "#4a3f4f", "#2f4a48", "#5a4738", "#33384f")
SKINS = ("#e2bd9e", "#d6a984", "#ecccb0", "#c99a77")
HAIR = ("#2b2523", "#3a2f2a", "#1f1d1f", "#55504d")


def clean_photo(data: bytes) -> bytes:
    """A portrait as JPEG of 295 x 413 pixels, at most 50 KB, without EXIF. Raises Malformed.

    Codes: `image_unreadable` (neither PNG nor JPEG), `image_too_large` (pixels), `photo_too_small`.
    """
    picture = open_picture(data, MAX_PIXELS)
    if picture.width < SIZE[0] or picture.height < SIZE[1]:
        raise Malformed(
            "photo_too_small",
            f"照片至少为 {SIZE[0]}×{SIZE[1]} 像素，现为 {picture.width}×{picture.height}",
            f"A photo needs {SIZE[0]} x {SIZE[1]} pixels or more; this has {picture.width} x {picture.height}.",
        )
    upright = _on_white(_upright(picture))
    return _small_jpeg(ImageOps.fit(upright, SIZE, Image.Resampling.LANCZOS, centering=(0.5, 0.4)))


def sample_portrait(seed: int, sex: str) -> bytes:
    """An invented silhouette ("M" or "F", varied by `seed`) as JPEG of 295 x 413 pixels, marked 样片 SAMPLE."""
    pick = random.Random(seed)  # noqa: S311 - a drawing, not a secret
    large = Image.new("RGB", (SIZE[0] * 3, SIZE[1] * 3), pick.choice(BACKGROUNDS))
    _draw_person(ImageDraw.Draw(large), sex, pick)
    portrait = large.resize(SIZE, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(portrait)
    draw.rectangle((0, 372, SIZE[0], SIZE[1]), fill="#f4efe4")
    font = ImageFont.truetype(pylopdf_fonts_zh_cn.sans_path(), 24)
    draw.text((SIZE[0] / 2, 392), "样片 SAMPLE", "#8f1d18", font, anchor="mm")
    return _small_jpeg(portrait)


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # a broken EXIF block only loses its say in the orientation
        return picture


def _on_white(picture: Image.Image) -> Image.Image:
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _small_jpeg(portrait: Image.Image) -> bytes:
    """The best quality that fits; even noise fits at the last one."""
    encoded = (_jpeg(portrait, quality) for quality in QUALITIES)
    return next(data for data in encoded if len(data) <= MAX_BYTES)


def _jpeg(portrait: Image.Image, quality: int) -> bytes:
    out = BytesIO()
    # A fresh picture carries neither EXIF nor colour profile of the upload.
    Image.frombytes("RGB", portrait.size, portrait.tobytes()).save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def _draw_person(draw: ImageDraw.ImageDraw, sex: str, pick: random.Random) -> None:
    """Shoulders, neck, head, hair; a face without features, so it is nobody."""
    skin, hair, clothes = pick.choice(SKINS), pick.choice(HAIR), pick.choice(CLOTHES)
    wide, tall = pick.randint(158, 176), pick.randint(204, 226)
    pick.choice(HAIRSTYLES[sex])(draw, wide, tall, hair)
    _ellipse(draw, 442, 1300, pick.randint(400, 440), 470, clothes)
    draw.polygon([(322, 850), (562, 850), (442, 1060)], fill="#f2f2f0")
    draw.rounded_rectangle((372, 690, 512, 905), 66, fill=skin)
    _ellipse(draw, 442, 570, wide, tall, skin)
    draw.chord((442 - wide - 8, 560 - tall - 26, 442 + wide + 8, 560 + tall - 110), 190, 350, fill=hair)


def _short_hair(draw: ImageDraw.ImageDraw, wide: int, tall: int, hair: str) -> None:
    _ellipse(draw, 442, 522, wide + 16, tall - 6, hair)


def _long_hair(draw: ImageDraw.ImageDraw, wide: int, tall: int, hair: str) -> None:
    draw.rounded_rectangle((442 - wide - 40, 430, 442 + wide + 40, 930), 120, fill=hair)
    _ellipse(draw, 442, 520, wide + 40, tall + 4, hair)


def _tied_hair(draw: ImageDraw.ImageDraw, wide: int, tall: int, hair: str) -> None:
    _ellipse(draw, 442, 300, 74, 66, hair)
    _ellipse(draw, 442, 522, wide + 20, tall, hair)


HAIRSTYLES: dict[str, tuple[Callable[[ImageDraw.ImageDraw, int, int, str], None], ...]] = {
    "M": (_short_hair,),
    "F": (_long_hair, _tied_hair, _short_hair),
}


def _ellipse(draw: ImageDraw.ImageDraw, x: int, y: int, rx: int, ry: int, fill: str) -> None:
    draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=fill)
