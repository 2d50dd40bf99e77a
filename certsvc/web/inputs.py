"""What strangers send, parsed once at the edge: closed members, bounded texts, times. Slips point at the member."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from certsvc.core.bundle import MAX_MARKS
from certsvc.core.calendar import day_ends, local_date, seconds_typed
from certsvc.core.encoding import marks_in, parse_json, rewrite
from certsvc.core.errors import Malformed
from certsvc.services.verify_evidence import Expect
from certsvc.verify.words_terms import Words
from certsvc.web.asking import Terms
from certsvc.web.errors import Invalid, Slip

#: Member -> longest text. A token is a credential of at most 16 KB (core.kinds).
TEXTS: dict[str, int] = {"code": 200, "number": 40, "name": 50, "token": 16_384, "at": 40}
EXPECTED: dict[str, int] = {"name": 50, "id_last4": 4, "title": 60}
#: Seconds by which the clock of whoever asks may be ahead.
CLOCK_SKEW = 300
#: Commas, colons and opening brackets of a request: those of a bundle, and what may stand around it.
MOST_MARKS = MAX_MARKS + 500
#: An answer names no more slips: a million would be ten times as long as what was sent.
MOST_SLIPS = 16
#: What identifies the thing asked about; exactly one of these sets is present.
SUBJECTS: tuple[frozenset[str], ...] = tuple(map(frozenset, (("code",), ("number", "name"), ("token",), ("bundle",))))

UNKNOWN_MEMBER: Words = ("没有这个成员。", "There is no such member.", "그런 항목이 없습니다.")
WRONG_TYPE: Words = ("应为对象。", "Must be an object.", "객체여야 합니다.")
NOT_A_TEXT: Words = (
    "应为非空文本,且不过长。",
    "Must be a text, not empty and not too long.",
    "비어 있지 않은 짧은 글이어야 합니다.",
)
NOT_JSON: Words = ("不是规范的 JSON。", "Not well-formed JSON.", "올바른 JSON이 아닙니다.")
TOO_MANY_PARTS: Words = ("请求的内容过多。", "The request has too many parts.", "요청에 항목이 너무 많습니다.")
NOT_A_TIME: Words = (
    "应为日期(2024-03-15)或 RFC 3339 时间。",
    "Must be a date (2024-03-15) or an RFC 3339 time.",
    "날짜(2024-03-15) 또는 RFC 3339 시각이어야 합니다.",
)
IN_THE_FUTURE: Words = (
    "所问时间在将来,还没有答案。请填今天或以前的日期。",
    "That time lies in the future and has no answer yet. Give today or a day before.",
    "미래 시각은 답할 수 없습니다. 오늘이나 그 이전 날짜를 쓰십시오.",
)
ONE_SUBJECT: Words = (
    "请提供且只提供一项:code,或 number 和 name,或 token,或 bundle。",
    "Give exactly one of: code; number and name; token; bundle.",
    "code, number와 name, token, bundle 중 하나만 주십시오.",
)
NO_FILE: Words = ("请选择文件。", "Choose a file.", "파일을 선택하십시오.")


@dataclass(frozen=True)
class Question:
    """A parsed request: one of code, number with name, or data (a token or bundle)."""

    terms: Terms
    code: str | None = None
    number: str | None = None
    name: str | None = None
    data: bytes | None = None


def parse_question(body: bytes, now: int) -> Question:
    """The question in a JSON body. Raises Invalid with a pointer for each member that is wrong, MOST_SLIPS at most."""
    value = _parse(body)
    slips = list(islice(_slips(value), MOST_SLIPS))
    if slips:
        raise Invalid(*sorted(slips, key=lambda slip: slip.pointer))
    data = _data(value)
    terms = Terms(parse_time(value.get("at"), now), Expect(**value.get("expect", {})))
    return Question(terms, value.get("code"), value.get("number"), value.get("name"), data)


def parse_form_terms(form: dict[str, str], now: int) -> Terms:
    """The terms that came in form fields beside a file; empty fields were not filled in."""
    given = {name: text.strip() for name, text in form.items() if name in (*EXPECTED, "at") and text.strip()}
    slips = [Slip(f"#/{name}", "text", NOT_A_TEXT) for name, text in given.items() if len(text) > _longest(name)]
    if slips:
        raise Invalid(*slips)
    return Terms(parse_time(given.pop("at", None), now), Expect(**given))


def parse_time(text: str | None, now: int) -> int | None:
    """Seconds since 1970 UTC of a date or RFC 3339 time; None for none or an empty text. Raises Invalid.

    A date means its last second in Asia/Shanghai, and today means now: whoever asks about a day means what had become
    of the certificate by then. What is still to come cannot be asked about.
    """
    if not text:
        return None
    try:
        at = seconds_typed(text)
    except ValueError as error:
        raise Invalid(Slip("#/at", "time", NOT_A_TIME)) from error
    # Clocks differ by a little; a day that has begun is not the future.
    if at > max(now + CLOCK_SKEW, day_ends(local_date(now))):
        raise Invalid(Slip("#/at", "future", IN_THE_FUTURE))
    return min(at, now)


def _longest(name: str) -> int:
    return EXPECTED.get(name) or TEXTS[name]


def _parse(body: bytes) -> dict[str, Any]:
    if marks_in(body) > MOST_MARKS:
        raise Invalid(Slip("#", "parts", TOO_MANY_PARTS))
    try:
        value = parse_json(body)
    except Malformed as error:
        raise Invalid(Slip("#", "json", NOT_JSON)) from error
    if not isinstance(value, dict):
        raise Invalid(Slip("#", "type", WRONG_TYPE))
    return value


def _slips(value: dict[str, Any]) -> Iterator[Slip]:
    """What is wrong with the members that there are, and then those that there are not."""
    if frozenset(value) & _SUBJECT_MEMBERS not in SUBJECTS:
        yield Slip("#", "subject", ONE_SUBJECT)
    yield from (Slip(f"#/{name}", "text", NOT_A_TEXT) for name in TEXTS if name in value and not _text(value, name))
    if not isinstance(value.get("bundle", {}), dict):
        yield Slip("#/bundle", "type", WRONG_TYPE)
    yield from _slips_expected(value.get("expect", {}))
    yield from (Slip(_pointer(name), "unknown_member", UNKNOWN_MEMBER) for name in value if name not in _MEMBERS)


def _slips_expected(expect: Any) -> Iterator[Slip]:
    if not isinstance(expect, dict):
        yield Slip("#/expect", "type", WRONG_TYPE)
        return
    wrong = (name for name in EXPECTED if name in expect and not _short_text(expect[name], EXPECTED[name]))
    yield from (Slip(f"#/expect/{name}", "text", NOT_A_TEXT) for name in wrong)
    odd = (name for name in expect if name not in EXPECTED)
    yield from (Slip("#/expect" + _pointer(name)[1:], "unknown_member", UNKNOWN_MEMBER) for name in odd)


_SUBJECT_MEMBERS = frozenset().union(*SUBJECTS)
_MEMBERS = _SUBJECT_MEMBERS | {"expect", "at"}


def _text(value: dict[str, Any], name: str) -> bool:
    return _short_text(value[name], TEXTS[name])


def _short_text(value: Any, longest: int) -> bool:
    # JSON can write a lone surrogate, which is no character and which nothing could encode.
    return isinstance(value, str) and 0 < len(value) <= longest and not any("\ud800" <= c <= "\udfff" for c in value)


def _pointer(name: str) -> str:
    # RFC 6901 3; a stranger's member name is repeated, but not at any length.
    return "#/" + name[:40].replace("~", "~0").replace("/", "~1")


def _data(value: dict[str, Any]) -> bytes | None:
    if "token" in value:
        return str(value["token"]).strip().encode()
    # A bundle inside JSON has lost its spelling, so its canonical form is what was meant (RFC 8785).
    return rewrite(value["bundle"]) if "bundle" in value else None
