"""Portraits: whatever comes in, a small clean JPEG goes out, or a clear refusal."""

import random
from io import BytesIO

import pytest
from PIL import Image

from certsvc.core.errors import Malformed
from certsvc.render.photo import MAX_BYTES, SIZE, clean_photo, sample_portrait


def encoded(picture: Image.Image, form: str = "PNG", **options) -> bytes:
    out = BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(1).randbytes(3 * width * height))


KINDS = {
    "rgb": Image.new("RGB", (600, 840), "#336699"),
    "exact_size": Image.new("RGB", SIZE, "#336699"),
    "wide": Image.new("RGB", (1600, 500), "#336699"),
    "grey": Image.new("L", (600, 840), 120),
    "palette": Image.new("P", (600, 840)),
    "sixteen_bit": Image.new("I;16", (600, 840)),
    "transparent": Image.new("RGBA", (600, 840), (10, 20, 30, 0)),
    "noise": noise(900, 1200),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_photo_becomes_a_small_jpeg_of_one_size(name):
    photo = clean_photo(encoded(KINDS[name]))
    assert len(photo) <= MAX_BYTES
    assert (opened(photo).format, opened(photo).size, opened(photo).mode) == ("JPEG", SIZE, "RGB")


def test_transparent_parts_become_white():
    assert opened(clean_photo(encoded(KINDS["transparent"]))).getpixel((50, 50)) == (255, 255, 255)


def test_exif_comments_and_profiles_do_not_survive():
    exif = Image.Exif()
    exif[0x010F] = "Secret camera of the holder"
    data = encoded(KINDS["rgb"], "JPEG", exif=exif, comment=b"secret words", icc_profile=b"secret profile")
    assert b"secret" in data.lower()
    photo = clean_photo(data)
    assert b"secret" not in photo.lower() and not opened(photo).getexif()
    assert "icc_profile" not in opened(photo).info and "comment" not in opened(photo).info


def test_a_photo_taken_with_the_camera_turned_is_set_upright():
    lying = Image.new("RGB", (840, 600), "white")
    lying.paste("black", (0, 0, 420, 600))  # its left half is the top of the upright picture
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = opened(clean_photo(encoded(lying, "JPEG", exif=exif)))
    assert photo.getpixel((150, 40))[0] < 30 and photo.getpixel((150, 380))[0] > 225


def test_the_same_upload_gives_the_same_photo():
    assert clean_photo(encoded(KINDS["noise"])) == clean_photo(encoded(KINDS["noise"]))


REFUSED = {
    "too_narrow": (encoded(Image.new("RGB", (294, 900))), "photo_too_small"),
    "too_low": (encoded(Image.new("RGB", (900, 412))), "photo_too_small"),
    "too_many_pixels": (encoded(Image.new("1", (6000, 4001))), "image_too_large"),
    "gif": (encoded(Image.new("P", (600, 840)), "GIF"), "image_unreadable"),
    "not_a_picture": (b"%PDF-1.7", "image_unreadable"),
    "cut_short": (encoded(noise(600, 840), "JPEG")[:5000], "image_unreadable"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_photo_that_cannot_serve_is_refused_with_a_reason(name):
    data, code = REFUSED[name]
    with pytest.raises(Malformed) as refused:
        clean_photo(data)
    assert refused.value.code == code
    assert refused.value.zh and refused.value.en


def test_a_sample_portrait_varies_with_its_seed_and_is_the_same_again():
    portraits = [sample_portrait(seed, sex) for seed in range(20) for sex in "MF"]
    assert len(set(portraits)) >= 35
    assert sample_portrait(3, "F") == sample_portrait(3, "F")
    assert all(opened(p).size == SIZE and len(p) <= MAX_BYTES for p in portraits)


def test_a_sample_portrait_bears_the_words_on_a_strip():
    strip = opened(sample_portrait(1, "M")).convert("RGB").crop((0, 374, *SIZE))
    data = strip.tobytes()
    assert sum(r > 90 and g < 80 for r, g in zip(data[::3], data[1::3], strict=True)) > 200
