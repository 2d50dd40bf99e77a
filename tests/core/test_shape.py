"""Closed schemas: every member named, required and typed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.core.errors import Malformed
from certsvc.core.schemas import BUNDLE, CREDENTIAL
from certsvc.core.shape import (
    ANY,
    DATE,
    HASH,
    SCALAR,
    TEXT,
    TIME,
    by_member,
    check_shape,
    compiled,
    mapping,
    nullable,
    one_of,
)

PERSON = {"name": TEXT, "age": int, "tags": [TEXT]}
BY_KIND = by_member("kind", {"a": {"kind": one_of("a"), "x": int}, "b": {"kind": one_of("b")}})

ACCEPTED: list[tuple[Any, Any]] = [
    ({"name": "样章", "age": 1, "tags": []}, PERSON),
    ("A" * 43, HASH),
    ("line\nbreak", TEXT),
    ("x" * 200, TEXT),
    ("2024-02-29", DATE),
    ([1, 2], [int, 2]),
    ("1900-01-01", DATE),
    ("2199-12-31", DATE),
    ("2025-01-05T23:59:59Z", TIME),
    (None, nullable(TEXT)),
    ("x", nullable(TEXT)),
    ({}, mapping(int)),
    ({"any": 1}, mapping(int)),
    (None, SCALAR),
    (True, SCALAR),
    ([1.5], ANY),
    ({"kind": "a", "x": 1}, BY_KIND),
    (4, one_of(4)),
    (True, bool),
]
REFUSED: dict[str, tuple[Any, Any, str]] = {
    "unknown_member": ({"name": "x", "age": 1, "tags": [], "more": 1}, PERSON, "unknown_member"),
    "missing_member": ({"name": "x", "age": 1}, PERSON, "missing_member"),
    "true_for_a_number": ({"name": "x", "age": True, "tags": []}, PERSON, "member_form"),
    "number_for_true": (1, bool, "member_form"),
    "text_for_a_number": ({"name": "x", "age": "1", "tags": []}, PERSON, "member_form"),
    "fraction_for_a_number": (1.0, int, "member_form"),
    "number_for_text": (1, TEXT, "member_form"),
    "null_for_text": (None, TEXT, "member_form"),
    "empty_text": ("", TEXT, "member_form"),
    "text_of_201": ("x" * 201, TEXT, "member_form"),
    "wrong_item": ({"name": "x", "age": 1, "tags": ["ok", 2]}, PERSON, "member_form"),
    "object_for_a_list": ({"name": "x", "age": 1, "tags": {}}, PERSON, "member_form"),
    "one_more_than_a_list_holds": ([1, 2, 3], [int, 2], "member_form"),
    "one_less_than_a_pair": (["x"], [TEXT, 2, 2], "member_form"),
    "one_more_than_a_pair": (["x", "y", "z"], [TEXT, 2, 2], "member_form"),
    "list_for_an_object": ([], PERSON, "member_form"),
    "list_for_a_mapping": ([], mapping(int), "member_form"),
    "wrong_value_in_a_mapping": ({"a": "b"}, mapping(int), "member_form"),
    "short_hash": ("A" * 42, HASH, "member_form"),
    "hash_with_padding": ("A" * 42 + "=", HASH, "member_form"),
    "hash_and_newline": ("A" * 43 + "\n", HASH, "member_form"),
    "leap_day_of_an_ordinary_year": ("2023-02-29", DATE, "member_form"),
    "month_thirteen": ("2025-13-01", DATE, "member_form"),
    "year_1": ("0001-01-01", DATE, "member_form"),
    "date_without_dashes": ("20250105", DATE, "member_form"),
    "full_width_digits": ("２０２５-01-05", DATE, "member_form"),
    "date_and_newline": ("2025-01-05\n", DATE, "member_form"),
    "hour_24": ("2025-01-05T24:00:00Z", TIME, "member_form"),
    "minute_60": ("2025-01-05T10:60:00Z", TIME, "member_form"),
    "other_zone": ("2025-01-05T10:00:00+08:00", TIME, "member_form"),
    "parts_of_a_second": ("2025-01-05T10:00:00.5Z", TIME, "member_form"),
    "time_of_a_day_that_is_none": ("2025-02-30T10:00:00Z", TIME, "member_form"),
    "true_is_not_one": (True, one_of(1), "member_form"),
    "other_choice": ("c", one_of("a", "b"), "member_form"),
    "list_for_a_scalar": ([], SCALAR, "member_form"),
    "fraction_for_a_scalar": (1.5, SCALAR, "member_form"),
    "unknown_kind": ({"kind": "c"}, BY_KIND, "member_form"),
    "kind_that_is_no_text": ({"kind": ["a"]}, BY_KIND, "member_form"),
    "no_kind": ({}, BY_KIND, "member_form"),
    "members_of_another_kind": ({"kind": "b", "x": 1}, BY_KIND, "unknown_member"),
    "nullable_of_another_form": (1, nullable(TEXT), "member_form"),
}


@pytest.mark.parametrize(("value", "shape"), ACCEPTED)
def test_a_value_of_its_shape_is_accepted(value: Any, shape: Any) -> None:
    check_shape(value, shape)


@pytest.mark.parametrize(("value", "shape", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_value_of_another_shape_is_refused(value: Any, shape: Any, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        check_shape(value, shape)
    assert refused.value.code == code


#: Case of REFUSED -> what the refusal says to a developer.
SAID = {
    "unknown_member": "unknown member $.more",
    "missing_member": "missing member $.tags",
    "true_for_a_number": "$.age must be int",
    "number_for_true": "$ must be bool",
    "number_for_text": "$ must be text of 1 to 200 characters",
    "wrong_item": "$.tags[1] must be text of 1 to 200 characters",
    "object_for_a_list": "$.tags must be list",
    "one_more_than_a_list_holds": "$ must be a list of at most 2",
    "one_less_than_a_pair": "$ must be a list of at least 2",
    "list_for_an_object": "$ must be object",
    "list_for_a_mapping": "$ must be object",
    "wrong_value_in_a_mapping": "$.a must be int",
    "short_hash": "$ must be SHA-256 in base64url",
    "month_thirteen": "$ must be date YYYY-MM-DD",
    "hour_24": "$ must be RFC 3339 UTC time",
    "other_choice": "$ must be one of ['a', 'b']",
    "list_for_a_scalar": "$ must be a string, an integer, true, false or null",
    "unknown_kind": "$.kind must be a known kind",
    "nullable_of_another_form": "$ must be text of 1 to 200 characters",
}


@pytest.mark.parametrize(("name", "said"), SAID.items())
def test_a_refusal_says_where_and_what_was_wanted(name: str, said: str) -> None:
    value, shape, code = REFUSED[name]
    with pytest.raises(Malformed) as refused:
        check_shape(value, shape)
    assert (refused.value.code, refused.value.en) == (code, said)


def test_a_refusal_names_the_path_of_the_member() -> None:
    with pytest.raises(Malformed, match=r"\$\.people\[1\]\.age must be int"):
        check_shape({"people": [{"age": 1}, {"age": None}]}, {"people": [{"age": int}]})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda i: st.lists(i) | st.dictionaries(st.text(), i),
    )
)
def test_no_value_makes_a_shape_raise_anything_but_malformed(value: Any) -> None:
    for shape in (CREDENTIAL, BUNDLE, BY_KIND, DATE):
        with pytest.raises(Malformed):
            check_shape(value, shape)


def test_a_refusal_inside_a_value_of_several_kinds_names_the_whole_path() -> None:
    with pytest.raises(Malformed, match=r"^member_form: \$\.in\.x must be int$"):
        check_shape({"in": {"kind": "a", "x": "no"}}, {"in": BY_KIND})


SHAPES: dict[str, Any] = {
    "an object": {"a": int, "b": [TEXT]}, "a list": [int], "a list of lists": [[int]], "a short list": [int, 1], "null or a number": nullable(int),
    "names that are data": mapping(int), "one of some": one_of(1, "x", None), "a scalar": SCALAR, "anything": ANY,
    "an object by its kind": BY_KIND, "a hash": HASH, "text": TEXT, "a date": DATE, "a time": TIME, "a number": int,
    "yes or no": bool,
}  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, 1, "", "x", "A" * 43, "A" * 42, "\u0662" * 43, "2024-02-29", "2023-02-29", "20\u0662\u0664-02-28",
    "2024-02-29x", "2024-02-29T00:00:00Z", "2023-02-29T00:00:00Z", "2024-02-29T00:00:00", [], [1], ["1"], [1, "1"], [[1]], [1, 2],
    [[]], [None], {}, {"a": 1}, {"a": "1"}, {"a": 1, "b": []}, {"a": 1, "b": ["x"]}, {"a": 1, "b": [1]}, {"a": 1, "b": "x"},
    {"a": None, "b": []}, {"a": 1, "b": [], "c": 1}, {"kind": "a", "x": 1}, {"kind": "a", "x": "1"}, {"kind": "a"},
    {"kind": "b"}, {"kind": "c"}, {"kind": 1}, {"kind": ["a"]}, {"x": 1}, 1.5, "x" * 201,
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_the_quick_answer_is_that_of_the_walk(value: Any, shape: Any) -> None:
    try:
        check_shape(value, shape)
        walked = True
    except Malformed:
        walked = False
    assert bool(compiled(shape)(value)) is walked
