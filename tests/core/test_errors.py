"""Errors: a code for programs, a sentence in each language for people, and what to type next where that helps."""

import pytest

from certsvc.core.errors import Malformed, NotFound, NotReady, Refused


@pytest.mark.parametrize("kind", [Malformed, Refused, NotReady, NotFound])
def test_an_error_has_a_code_two_sentences_and_a_next_step_only_where_one_is_given(kind: type[Malformed]) -> None:
    plain, helped = kind("some_code", "一句", "A sentence."), kind("some_code", "一句", "A sentence.", "certsvc help")
    assert (plain.code, plain.zh, plain.en, plain.hint) == ("some_code", "一句", "A sentence.", "")
    assert helped.hint == "certsvc help"
    assert str(plain) == "some_code: A sentence."
