"""Fonts: what can be drawn, what cannot, and the operator's own folder."""

import shutil
from dataclasses import replace

import pytest
from faces_for_tests import ORDINARY
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont
from made_for_tests import fonts, text_of

from certsvc.core.errors import Malformed, NotReady
from certsvc.render.fonts import PACKAGED, FontSet
from certsvc.render.page import render_page


def tiny_font(path, char: str, named: bool = True) -> None:
    """A font with one square as the glyph of `char`."""
    pen = TTGlyphPen(None)
    for step, point in enumerate([(100, 0), (100, 800), (900, 800), (900, 0)]):
        (pen.lineTo if step else pen.moveTo)(point)
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "one"])
    builder.setupCharacterMap({ord(char): "one"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "one": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "one": (1000, 100)})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    names = {"familyName": "Sample Rare", "styleName": "Regular", "fullName": "Sample Rare", "psName": "SampleRare"}
    builder.setupNameTable(names if named else {"familyName": "Sample Rare"})
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWinAscent=880, usWinDescent=120)
    builder.setupPost()
    builder.save(path)


@pytest.mark.parametrize("char", "䶮𬱖㛃㼆𠅤𫖯𣸣垚犇燊喆堃·〔〕")
def test_a_rare_character_of_the_general_table_is_drawable(char):
    assert fonts().missing(char) == []


def test_missing_characters_are_named_once_with_their_code_points():
    assert fonts().missing("林𤧬A𤧬\n𮯰") == [("𤧬", "U+249EC"), ("𮯰", "U+2EBF0")]


def test_text_that_cannot_be_drawn_is_refused_in_both_languages_with_the_way_out():
    with pytest.raises(Malformed) as refused:
        fonts().check_drawable("张𤧬")
    for words in (refused.value.zh, refused.value.en):
        assert "𤧬(U+249EC)" in words and "CERTSVC_FONTS" in words
    assert "CERTSVC_FONTS" in refused.value.hint


def test_drawable_text_passes():
    assert fonts().check_drawable("张三\nZhang San") is None


def test_a_font_in_the_operators_folder_fills_the_gap_after_the_packaged_ones(tmp_path):
    (tmp_path / "deep").mkdir()
    tiny_font(tmp_path / "deep" / "rare.ttf", "𤧬")
    (tmp_path / "readme.txt").write_text("not a font")
    extended = FontSet(tmp_path)
    assert extended.files == (*PACKAGED, tmp_path / "deep" / "rare.ttf")
    assert extended.families == ["Noto Serif SC", "Noto Sans SC", "Sample Rare"]
    assert extended.missing("张𤧬") == []
    assert "林𤧬" in text_of(render_page(replace(ORDINARY, holder="林𤧬"), b"{}", extended))


def test_a_font_that_the_renderer_would_skip_is_refused_by_name(tmp_path):
    tiny_font(tmp_path / "nameless.ttf", "𤧬", named=False)
    with pytest.raises(NotReady) as refused:
        FontSet(tmp_path)
    assert refused.value.code == "font_unusable" and "nameless.ttf" in refused.value.zh


def test_a_collection_is_read_face_by_face(tmp_path):
    collection = TTCollection()
    for char in "𤧬𮯰":
        tiny_font(tmp_path / f"{ord(char)}.ttf", char)
        collection.fonts.append(TTFont(tmp_path / f"{ord(char)}.ttf", lazy=False))
    (tmp_path / "both").mkdir()
    collection.save(tmp_path / "both" / "both.ttc")
    for font in collection.fonts:
        font.close()
    assert FontSet(tmp_path / "both").missing("𤧬𮯰") == []


def test_the_hash_changes_with_any_font(tmp_path):
    shutil.copy(PACKAGED[1], tmp_path / "again.otf")
    assert FontSet(tmp_path).sha256 != fonts().sha256 == FontSet().sha256
