"""Requests are parsed at the edge: closed members, bounded texts, and a pointer at each slip."""

import json
from typing import Any

import pytest

from certsvc.core.calendar import utc_text
from certsvc.web.errors import Invalid
from certsvc.web.inputs import parse_form_terms, parse_question, parse_time

NOW = 1_796_264_400
CODE = "7K9Q-2MX4-TD8F-3WAE"

#: Name of the defect -> (body, pointers).
MALFORMED: dict[str, tuple[Any, list[str]]] = {
    "nothing asked": ({}, ["#"]),
    "code and token": ({"code": CODE, "token": "eyJ"}, ["#"]),
    "number without name": ({"number": "222"}, ["#"]),
    "code that is a number": ({"code": 7}, ["#/code"]),
    "empty code": ({"code": ""}, ["#/code"]),
    "code of 201 characters": ({"code": "A" * 201}, ["#/code"]),
    "lone surrogate": ({"number": "222", "name": "\ud800"}, ["#"]),
    "lone surrogate as a name": ({"\ud800": 1}, ["#"]),
    "unknown member": ({"code": CODE, "status": "valid"}, ["#/status"]),
    "unknown member with a slash": ({"code": CODE, "a/b~c": 1}, ["#/a~1b~0c"]),
    "unknown expectation": ({"code": CODE, "expect": {"level": "senior"}}, ["#/expect/level"]),
    "expectation that is a list": ({"code": CODE, "expect": []}, ["#/expect"]),
    "five last characters": ({"code": CODE, "expect": {"id_last4": "12345"}}, ["#/expect/id_last4"]),
    "bundle that is a text": ({"bundle": "{}"}, ["#/bundle"]),
    "time without offset": ({"code": CODE, "at": "2024-03-15T10:00:00"}, ["#/at"]),
    "thirteenth month": ({"code": CODE, "at": "2024-13-01"}, ["#/at"]),
    "two slips": ({"code": 7, "expect": {"name": ""}}, ["#/code", "#/expect/name"]),
    "list": ([], ["#"]),
}


def pointers(body: bytes) -> list[str]:
    with pytest.raises(Invalid) as caught:
        parse_question(body, NOW)
    return [slip.pointer for slip in caught.value.slips]


@pytest.mark.parametrize("defect", MALFORMED)
def test_a_malformed_request_is_refused_at_the_member(defect: str) -> None:
    body, expected = MALFORMED[defect]
    assert pointers(json.dumps(body).encode()) == expected


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"code":"A","code":"B"}', b'{"at":1e3}', b"[" * 5000, b'{"code":"\xff"}'],
    ids=["empty", "cut off", "twice the same member", "float", "deep nesting", "not UTF-8"],
)
def test_what_is_not_strict_json_is_refused(body: bytes) -> None:
    assert pointers(body) == ["#"]


def test_a_code_with_expectations_becomes_a_question() -> None:
    question = parse_question(
        json.dumps({"code": CODE, "expect": {"name": "王示例", "id_last4": "123X"}}).encode(), NOW
    )
    assert (question.code, question.terms.expect.name, question.terms.expect.id_last4) == (CODE, "王示例", "123X")
    assert question.terms.expect.title is None and question.terms.at is None


def test_a_bundle_in_json_is_taken_in_its_canonical_form() -> None:
    assert parse_question(b'{"bundle": {"b": 1, "a": [ ]}}', NOW).data == b'{"a":[],"b":1}'


def test_a_token_is_taken_as_it_is() -> None:
    assert parse_question(b'{"token": " eyJ.e30.sig "}', NOW).data == b"eyJ.e30.sig"


def test_a_day_means_its_last_second_in_shanghai() -> None:
    assert utc_text(parse_time("2024-03-15", NOW) or 0) == "2024-03-15T15:59:59Z"


def test_today_means_now() -> None:
    assert parse_time("2026-12-03", NOW) == NOW


def test_a_time_with_offset_is_taken_to_the_second() -> None:
    assert utc_text(parse_time("2024-03-15T10:00:00+08:00", NOW) or 0) == "2024-03-15T02:00:00Z"


def test_a_plus_that_an_address_turned_into_a_blank_is_still_an_offset() -> None:
    assert utc_text(parse_time("2024-03-15T10:00:00 08:00", NOW) or 0) == "2024-03-15T02:00:00Z"


@pytest.mark.parametrize("text", ["2024-03-15T02:00:00Z", "2024-03-15t02:00:00.5z", "2024-03-15 10:00:00+08:00"])
def test_every_spelling_of_rfc_3339_is_taken(text: str) -> None:
    assert utc_text(parse_time(text, NOW) or 0) == "2024-03-15T02:00:00Z"


@pytest.mark.parametrize("text", ["1000-01-01T00:00:00Z", "1969-12-31T15:59:59Z", "1970-01-01T00:00:00Z"])
def test_a_time_long_ago_is_taken(text: str) -> None:
    at = parse_time(text, NOW)
    assert at is not None and utc_text(at) == text


@pytest.mark.parametrize("text", [None, ""])
def test_no_time_stays_none(text: str | None) -> None:
    assert parse_time(text, NOW) is None


NO_TIMES = {
    "a word": "yesterday",
    "no such day": "2024-02-30",
    "week date": "2024-W11-5",
    "basic form": "20240315",
    "no offset": "2024-03-15T10:00:00",
    "no seconds": "2024-03-15T10:00Z",
    "other digits": "２０２４-03-15",
    "a number": "1710468000",
    "before year one in UTC": "0001-01-01T00:00:00+08:00",
    "a year of three digits": "0999-12-31T23:59:59Z",
    "a year of five digits in UTC": "9999-12-31T23:59:59-08:00",
    "a year of five digits in Shanghai": "9999-12-31T23:59:59Z",
}


@pytest.mark.parametrize("text", NO_TIMES.values(), ids=NO_TIMES.keys())
def test_what_is_neither_a_date_nor_rfc_3339_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_time(text, NOW)
    assert [(slip.pointer, slip.code) for slip in caught.value.slips] == [("#/at", "time")]


@pytest.mark.parametrize("text", ["2026-12-04", "2999-01-01T00:00:00Z"])
def test_what_is_still_to_come_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_time(text, NOW)
    assert [(slip.pointer, slip.code) for slip in caught.value.slips] == [("#/at", "future")]


def test_an_empty_form_field_is_no_expectation() -> None:
    terms = parse_form_terms({"name": " ", "id_last4": "", "other": "x"}, NOW)
    assert (terms.expect.name, terms.expect.id_last4, terms.at) == (None, None, None)


def test_a_form_field_that_is_too_long_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        parse_form_terms({"id_last4": "12345"}, NOW)
    assert [slip.pointer for slip in caught.value.slips] == ["#/id_last4"]
