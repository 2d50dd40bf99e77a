"""The page: every printed word is there, inside the frame, apart from the others, and the same bytes every time."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from io import BytesIO
from itertools import combinations

import pypdfium2
import pytest
import zxingcpp
from faces_for_tests import LONG, ORDINARY
from made_for_tests import BUNDLE, FACES, fonts, page_of, squeezed, text_of
from PIL import Image

from certsvc.core.errors import Malformed
from certsvc.render.fonts import FontSet
from certsvc.render.page import render_page, render_png, toolchain_fingerprint

MM = 72 / 25.4
#: Inner rule of the frame, in points.
FRAME = 18 * MM


def boxes_of(pdf: bytes) -> list[tuple[float, float, float, float]]:
    """(left, bottom, right, top) of every run of text, in points."""
    document = pypdfium2.PdfDocument(pdf)
    words = document[0].get_textpage()
    boxes = [words.get_rect(i) for i in range(words.count_rects())]
    document.close()
    return boxes


def picture_of(pdf: bytes, dpi: int) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    picture = document[0].render(scale=dpi / 72).to_pil().convert("RGB")
    document.close()
    return picture


@pytest.mark.parametrize("name", FACES)
def test_every_field_is_found_as_text(name):
    found = text_of(page_of(name))
    words = FACES[name].to_json()
    pictures = {"seal_text", "verify_url", "demo", "version", "issue_date_en"}
    missing = {k: v for k, v in words.items() if v and k not in pictures and squeezed(v) not in found}
    assert missing == {}
    assert "本证书为电子证书，以在线核验结果为准" in found
    assert f"只认{FACES[name].official_host}" in found


@pytest.mark.parametrize("name", FACES)
def test_it_is_one_landscape_a4_page_with_all_text_inside_the_frame(name):
    document = pypdfium2.PdfDocument(page_of(name))
    assert len(document) == 1
    width, height = document[0].get_size()
    document.close()
    assert (round(width / MM), round(height / MM)) == (297, 210)
    for left, bottom, right, top in boxes_of(page_of(name)):
        assert left > FRAME and bottom > FRAME and right < width - FRAME and top < height - FRAME


@pytest.mark.parametrize("name", FACES)
def test_no_two_runs_of_text_overlap(name):
    for a, b in combinations(boxes_of(page_of(name)), 2):
        across, up = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        assert across < 0.8 or up < 0.8, (a, b)


@pytest.mark.parametrize("name", FACES)
def test_the_qr_code_is_read_at_150_dpi(name):
    (code,) = zxingcpp.read_barcodes(picture_of(page_of(name), 150))
    assert code.text == FACES[name].verify_url
    assert code.ec_level == "Q"


@pytest.mark.parametrize("name", ["ordinary", "everything long"])
def test_the_qr_symbol_is_at_least_25_mm_wide(name):
    (code,) = zxingcpp.read_barcodes(picture_of(page_of(name), 300))
    corners = code.position
    assert (corners.top_right.x - corners.top_left.x) / 300 * 25.4 >= 25


def test_the_demo_band_is_striped_and_the_real_page_has_none():
    demo = picture_of(page_of("ordinary with photo in demo"), 72)
    strip = {demo.getpixel((x, round(22.7 * MM))) for x in range(round(30 * MM), round(95 * MM))}
    assert (244, 198, 61) in strip and (43, 38, 32) in strip
    assert "测试/DEMO" in text_of(page_of("ordinary with photo in demo"))
    assert "DEMO" not in text_of(page_of("ordinary"))


def test_a_limited_title_and_an_annotated_copy_say_so_and_others_do_not():
    assert "适用范围" in text_of(page_of("everything long")) and "2027年12月31日" in text_of(page_of("everything long"))
    assert "适用范围" not in text_of(page_of("ordinary")) and "有效期" not in text_of(page_of("ordinary"))


def test_a_series_without_specialty_prints_none():
    assert "取得工程技术系列高级工程师" in text_of(page_of("nothing optional"))


def test_a_name_that_no_font_draws_is_refused_by_name_and_code_point():
    face = replace(ORDINARY, holder="林𤧬")
    for draw in (lambda: render_page(face, BUNDLE, fonts()), lambda: render_png(face, fonts())):
        with pytest.raises(Malformed) as refused:
            draw()
        assert refused.value.code == "glyph_missing"
        assert "𤧬" in refused.value.zh and "U+249EC" in refused.value.zh and "U+249EC" in refused.value.en


def test_words_of_the_holder_are_never_template_code():
    face = replace(ORDINARY, holder='#eval("1+1") $x$ *b* //')
    assert squeezed(face.holder) in text_of(render_page(face, BUNDLE, fonts()))


def test_the_same_face_gives_the_same_bytes_and_another_day_others():
    assert render_page(LONG, BUNDLE, fonts()) == page_of("everything long")
    later = replace(ORDINARY, issue_date=date(2026, 11, 21))
    assert render_page(later, BUNDLE, fonts()) != page_of("ordinary")


def test_the_document_date_is_midnight_of_the_issue_date_in_china():
    document = pypdfium2.PdfDocument(page_of("ordinary"))
    assert document.get_metadata_value("CreationDate").startswith("D:20261119160000")
    assert document.get_metadata_value("Title") == "吉林省专业技术资格证书 22202200000520001238"
    document.close()


def test_the_bundle_is_the_only_attachment():
    document = pypdfium2.PdfDocument(page_of("ordinary"))
    assert document.count_attachments() == 1
    attachment = document.get_attachment(0)
    assert attachment.get_name() == "certsvc-bundle.json"
    assert bytes(attachment.get_data()) == BUNDLE
    document.close()


def test_the_file_ends_with_a_line_end():
    assert page_of("ordinary").endswith(b"%%EOF\n")


def test_a_preview_is_marked_across_the_page():
    preview = Image.open(BytesIO(render_png(ORDINARY, fonts())))
    page = picture_of(page_of("ordinary"), 96).resize(preview.size)
    assert preview.size == (1123, 794)
    pairs = zip(preview.convert("L").tobytes(), page.convert("L").tobytes(), strict=True)
    differing = sum(abs(a - b) > 16 for a, b in pairs)
    assert differing > 0.02 * preview.width * preview.height


def test_the_fingerprint_names_the_toolchain(tmp_path):
    (tmp_path / "Extra.otf").write_bytes(fonts().files[1].read_bytes())
    assert toolchain_fingerprint(fonts()) == toolchain_fingerprint(FontSet())
    assert re.fullmatch(r"[0-9a-f]{64}", toolchain_fingerprint(fonts()))
    assert toolchain_fingerprint(FontSet(tmp_path)) != toolchain_fingerprint(fonts())


def test_threads_draw_at_the_same_time():
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda _: render_page(ORDINARY, BUNDLE, fonts()), range(12)))
    assert set(pages) == {page_of("ordinary")}
