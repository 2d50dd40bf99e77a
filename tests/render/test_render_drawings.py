"""QR, seal, frame and face: the small drawings and the printed words."""

import math
import re
from dataclasses import replace
from datetime import date
from io import BytesIO
from xml.etree import ElementTree

import pytest
import typst
import zxingcpp
from faces_for_tests import LONG, ORDINARY
from made_for_tests import fonts
from PIL import Image

from certsvc.render import ornament
from certsvc.render.qr import qr_svg
from certsvc.render.seal import seal_svg

SVG = "{http://www.w3.org/2000/svg}"
DEMO_URL = "https://certificates.hrss.jilin.example.gov.cn/v/7K9Q2MX4TD8F3WAE"


def drawn(svg: str, width_mm: int = 40) -> Image.Image:
    source = f"#set page(width: {width_mm}mm, height: auto, margin: 0mm)\n#image(bytes(sys.inputs.svg), width: 100%)"
    compiler = typst.Compiler(source.encode())
    return Image.open(BytesIO(compiler.compile(format="png", ppi=254, sys_inputs={"svg": svg}))).convert("RGB")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8787/v/7K9Q2MX4TD8F3WAE", DEMO_URL, "https://h.cn/v/" + "Z" * 57])
def test_the_qr_code_is_one_path_of_level_q_with_a_quiet_zone(url):
    svg = ElementTree.fromstring(qr_svg(url))  # noqa: S314 - our own drawing
    assert len(svg.findall(f"{SVG}path")) == 1
    (code,) = zxingcpp.read_barcodes(drawn(qr_svg(url)))
    assert (code.text, code.ec_level) == (url, "Q")
    size = int(svg.get("viewBox").split()[3])
    rows = [int(y) for y in re.findall(r"M\d+ (\d+)", svg.find(f"{SVG}path").get("d"))]
    assert min(rows) == 4 and max(rows) == size - 5


def test_the_same_text_gives_the_same_qr_code():
    assert qr_svg(DEMO_URL) == qr_svg(DEMO_URL) != qr_svg(DEMO_URL[:-1] + "F")


@pytest.mark.parametrize("text", [ORDINARY.seal_text, LONG.seal_text, "短", "示例" * 30])
@pytest.mark.parametrize("demo", [True, False])
def test_the_seal_stays_within_its_round_and_has_no_text_elements(text, demo):
    svg = ElementTree.fromstring(seal_svg(text, demo, fonts()))  # noqa: S314 - our own drawing
    assert not svg.findall(f".//{SVG}text")
    for path in svg.findall(f"{SVG}path"):
        numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", path.get("d"))]
        assert max(map(abs, numbers)) <= 200
    picture = drawn(seal_svg(text, demo, fonts()))
    corner = math.ceil(picture.width * 0.1)
    assert {picture.getpixel((x, y)) for x in range(corner) for y in range(corner)} == {(255, 255, 255)}


def test_the_seal_of_the_demo_says_sample_and_has_no_star():
    demo, real = (seal_svg(ORDINARY.seal_text, flag, fonts()) for flag in (True, False))
    glyphs = len(ORDINARY.seal_text.split("\n")[0])
    assert demo.count("<path") == glyphs + len("样章SAMPLE")
    assert real.count("<path") == glyphs + len("职称证书专用章") + 1


def test_a_seal_is_always_drawn_the_same():
    assert seal_svg("示例章", False, fonts()) == seal_svg("示例章", False, fonts())


def test_the_frame_leaves_the_inside_of_the_page_empty():
    frame = drawn(ornament.frame_svg(), 297)
    inset = round(frame.width * 19 / 297)
    inside = frame.crop((inset, inset, frame.width - inset, frame.height - inset))
    assert inside.getextrema() == ((255, 255),) * 3
    assert drawn(ornament.rosette_svg(), 140).getextrema()[2][0] > 180  # pale enough to read black text upon


def test_a_face_prints_words_and_not_machine_values():
    words = replace(ORDINARY, sex="M", birth="1990-11", term_until=date(2027, 1, 5)).to_json()
    assert words["sex"] == "男 Male"
    assert words["birth"] == "1990年11月"
    assert (words["award_date"], words["issue_date"]) == ("2026年9月18日", "2026年11月20日")
    assert words["term_until"] == "2027年1月5日"
    assert words["code"] == "7K9Q-2MX4-TD8F-3WAE"
    assert "photo_jpeg" not in words


def test_the_printed_text_covers_every_word_of_a_face():
    printed = LONG.printed_text()
    for word in (LONG.holder, LONG.committee, LONG.validity_scope, LONG.seal_text, "2027年12月31日", "7K9Q-2MX4"):
        assert word in printed
