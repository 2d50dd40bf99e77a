"""Names against vectors: accepted, refused, masked, folded, tidied."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core import names
from certsvc.core.errors import Malformed

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "names.json").read_text(encoding="utf-8"))
any_text = st.text(max_size=60)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_name_vectors_come_out_as_written(vector: dict[str, Any]) -> None:
    call = getattr(names, vector["input"]["call"])
    if "error" not in vector:
        assert call(*vector["input"]["args"]) == vector["expected"]
        return
    with pytest.raises(Malformed) as caught:
        call(*vector["input"]["args"])
    assert caught.value.code == vector["error"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("样\u2f08", ("2", "U+2F08", "KANGXI RADICAL MAN", "部首")),
        ("样章\u202e", ("3", "U+202E", "RIGHT-TO-LEFT OVERRIDE", "双向")),
        ("\ue000", ("1", "U+E000", "<unnamed>", "专用区")),
        ("样\u200b", ("2", "U+200B", "ZERO WIDTH SPACE", "不可见")),
        ("样\ufe00", ("2", "U+FE00", "VARIATION SELECTOR-1", "异体字")),
        ("样\u2ff0", ("2", "U+2FF0", "IDEOGRAPHIC DESCRIPTION", "描述符")),
        ("样\ud800", ("2", "U+D800", "<unnamed>", "代理码位")),
        ("样\ufdd0", ("2", "U+FDD0", "<unnamed>", "非字符")),
        ("样\U0002ffff", ("2", "U+2FFFF", "<unnamed>", "非字符")),
        ("样\U000e0041", ("2", "U+E0041", "TAG LATIN CAPITAL LETTER A", "不可见")),
        ("样\x07", ("2", "U+0007", "<unnamed>", "控制字符")),
        ("样□", ("2", "U+25A1", "WHITE SQUARE", "占位符")),
        ("买买提•样", ("4", "U+2022", "BULLET", "U+00B7")),
    ],
)
def test_a_refusal_names_position_code_point_and_reason(name: str, words: tuple[str, ...]) -> None:
    with pytest.raises(Malformed) as caught:
        names.check_name(name)
    assert [word for word in words if word not in caught.value.zh] == []


@given(any_text)
def test_an_accepted_name_is_returned_unchanged_and_can_be_written_as_utf8(name: str) -> None:
    try:
        accepted = names.check_name(name)
    except Malformed as error:
        assert error.code in {"name_character", "name_length"}
        return
    assert accepted is name
    assert accepted.encode().decode() == name


@given(any_text)
def test_masking_never_fails(name: str) -> None:
    assert names.mask_name(name).endswith("*")


@given(st.text("张王丽样章欧阳·Aé", min_size=3, max_size=20))
def test_a_mask_never_tells_how_long_a_name_is(name: str) -> None:
    assert names.mask_name(name + "样") == names.mask_name(name)


@given(st.text("张王丽样章欧阳", min_size=2, max_size=6))
def test_a_mask_hides_at_least_the_last_character(name: str) -> None:
    shown = names.mask_name(name).removesuffix("*")
    assert name.startswith(shown)
    assert len(shown) < len(name)


@given(st.text("买提吐样 ·•・‧.∙⋅Aaéß\u0301\uf900Ａ", max_size=20))
def test_a_search_key_is_its_own_search_key(name: str) -> None:
    assert names.fold_name(names.fold_name(name)) == names.fold_name(name)


@given(st.text("买提吐样 ·•・‧.", min_size=1, max_size=20))
def test_tidying_twice_changes_nothing_more(name: str) -> None:
    assert names.tidy_name(names.tidy_name(name)) == names.tidy_name(name)


def test_every_surname_of_the_compound_table_has_two_characters_and_stands_once() -> None:
    pairs = [names._COMPOUNDS[at : at + 2] for at in range(0, len(names._COMPOUNDS), 2)]
    assert len(pairs) == len(set(pairs))
    assert all(len(pair) == 2 for pair in pairs)
    assert {"欧阳", "诸葛", "司马", "纳兰"} <= set(pairs)


@pytest.mark.parametrize(
    ("name", "place", "why"),
    [
        ("张\u200b三", 2, "U\\+200B ZERO WIDTH SPACE"),
        ("张三\ue000", 3, "U\\+E000 <unnamed>"),
        ("张3", 2, "not a character of names"),
        ("·张", 1, "a name begins with a letter"),
        ("张三·", 3, "a name does not end in a space or dot"),
    ],
)
def test_a_character_that_is_refused_is_named_with_its_place_and_why(name: str, place: int, why: str) -> None:
    with pytest.raises(Malformed, match=rf"^name_character: Character {place} of the name, .*{why}") as caught:
        names.check_name(name)
    assert f"第 {place} " in caught.value.zh


@pytest.mark.parametrize("char", ["\u3400", "\u9fff", "\uf900", "\ufaff", "\U00020000"])
def test_a_space_beside_an_ideograph_goes_and_one_beside_another_letter_stays(char: str) -> None:
    assert names.tidy_name(f"张 {char}") == f"张{char}" and names.tidy_name(f"{char} 张") == f"{char}张"
    for other in ("\u33ff", "\ua000", "\uf8ff", "\ufb00"):
        assert names.tidy_name(f"{char} {other}") == f"{char} {other}"
