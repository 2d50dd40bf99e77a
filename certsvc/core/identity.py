"""Identity document numbers (GB 11643, the 2023 permanent residence card) and organisation codes (GB 32100, GB 11714).

Only the form is judged here: whether a person holds the document is the register's question.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from certsvc.core.errors import Malformed

#: What keyboards and spreadsheets do to a typed number: full-width forms, lower case, spaces. ASCII letters only, so
#: that no foreign letter (dotless i, long s) can become one of ours.
_TYPED = (
    {0xFF01 + i: 0x21 + i for i in range(94)}
    | {ord("a") + i: ord("A") + i for i in range(26)}
    | {0xFF41 + i: ord("A") + i for i in range(26)}
    | {ord(space): None for space in " \t\u00a0\u3000"}
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643: 2^(18-i) mod 11
_ID_CHECKS = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100: no I O S V Z
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)  # 3^(i-1) mod 31
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714
#: Nobody born earlier lived to hold a citizen number (first issued in 1984).
_EARLIEST_BIRTH_YEAR = 1850


@dataclass(frozen=True)
class IdDocument:
    """A well-formed document number and what it says by itself.

    `kind` is a key of KINDS; `number` is folded (ASCII, upper case, 18 digits where a 15-digit one was given);
    `birth` and `sex` ("M" or "F") are None where the number does not carry them; `original` is the 15-digit number
    that was converted, else None.
    """

    kind: str
    number: str
    birth: date | None
    sex: str | None
    original: str | None = None


def fold_typed(text: str) -> str:
    """`text` in upper-case ASCII width, without spaces and without the apostrophe that marks text in a spreadsheet."""
    return text.translate(_TYPED).removeprefix("'")


def parse_id_document(kind: str, number: str) -> IdDocument:
    """The document behind a typed number (full-width digits, lower-case x and spaces are folded).

    Raises Malformed: id_kind (unknown kind, or a number of another kind), id_form, id_birth_date, id_check_digit,
    id_century. No message repeats the number. Not checked: the address part, because abolished codes stay valid.
    """
    spec = KINDS.get(kind)
    if spec is None:
        raise Malformed(
            "id_kind", f"不支持的证件类型:{kind}", f"Unknown document kind {kind!r}; known: {', '.join(KINDS)}."
        )
    folded = fold_typed(number)
    for form, read in spec.forms:
        if form.fullmatch(folded):
            return read(kind, folded)
    raise _wrong_form(spec, folded)


def kind_from_zh(text: str) -> str:
    """The kind behind a Chinese document name, for example 护照 -> "passport". Raises Malformed(id_kind)."""
    wanted = fold_typed(text)
    for kind, spec in KINDS.items():
        if wanted in (spec.zh, *spec.also):
            return kind
    known = "、".join(spec.zh for spec in KINDS.values())
    raise Malformed("id_kind", f"不认识的证件类型:{text}。可用:{known}", f"Unknown document kind {text!r}.")


def check_character(first17: str) -> str:
    """The 18th character for 17 digits (GB 11643, ISO 7064 MOD 11-2). Raises Malformed(id_form)."""
    if not re.fullmatch("[0-9]{17}", first17):
        raise Malformed("id_form", "前 17 位应全部是数字", "The first 17 characters must be digits.")
    return _ID_CHECKS[sum(int(digit) * weight for digit, weight in zip(first17, _ID_WEIGHTS, strict=True)) % 11]


def check_uscc(code: str) -> None:
    """Nothing, if `code` is a unified social credit code (GB 32100) written in 18 upper-case characters.

    Raises Malformed: uscc_form, uscc_organisation_check (17th character), uscc_check_character (18th).
    """
    if not re.fullmatch(f"[{_USCC_ALPHABET}]{{2}}[0-9]{{6}}[{_USCC_ALPHABET}]{{10}}", code):
        raise Malformed(
            "uscc_form",
            "统一社会信用代码应为 18 位:2 位机构类别、6 位数字区划、10 位代码,不含 I O S V Z",
            "A unified social credit code has 18 characters: 2, then 6 digits, then 10; never I, O, S, V or Z.",
        )
    body = sum(int(char, 36) * weight for char, weight in zip(code[8:16], _ORGANISATION_WEIGHTS, strict=True))
    if code[16] != "0123456789X0"[11 - body % 11]:
        raise Malformed("uscc_organisation_check", "第 17 位(组织机构代码校验)不符", "The 17th character does not fit.")
    total = sum(_USCC_ALPHABET.index(char) * weight for char, weight in zip(code[:17], _USCC_WEIGHTS, strict=True))
    if code[17] != _USCC_ALPHABET[-total % 31]:
        raise Malformed("uscc_check_character", "第 18 位校验字符不符", "The 18th character does not fit.")


def _read_18(kind: str, number: str) -> IdDocument:
    birth = _birth(number[6:14])
    if check_character(number[:17]) != number[17]:
        raise Malformed(
            "id_check_digit", "第 18 位校验码不符,多为输错", "The 18th character does not fit; check the typing."
        )
    return IdDocument(kind, number, birth, "M" if int(number[16]) % 2 else "F")


def _read_15(kind: str, number: str) -> IdDocument:
    # Sequences 996-999 were kept for people born before 1900, so 19 must not be assumed for them.
    if number[12:] >= "996":
        raise Malformed(
            "id_century",
            "15 位号码顺序码 996–999 可能为 1900 年前出生,不能推定世纪,请提供 18 位号码",
            "A 15-digit number with sequence 996-999 may belong to someone born before 1900; give the 18 digits.",
        )
    first17 = number[:6] + "19" + number[6:]
    read = _read_18(kind, first17 + check_character(first17))
    return IdDocument(kind, read.number, read.birth, read.sex, original=number)


def _read_plain(kind: str, number: str) -> IdDocument:
    return IdDocument(kind, number, None, None)


def _birth(digits: str) -> date:
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    try:
        if year >= _EARLIEST_BIRTH_YEAR:
            return date(year, month, day)
    except ValueError:
        pass  # no such day: the same answer as for a year that cannot be
    raise Malformed(
        "id_birth_date", "号码中的出生日期不存在", "The date of birth inside the number does not exist."
    ) from None


Form = tuple[re.Pattern[str], Callable[[str, str], IdDocument]]


@dataclass(frozen=True)
class IdKind:
    """One row of the document table: names for people, other names met in files, and the accepted forms."""

    zh: str
    en: str
    rule_zh: str
    also: tuple[str, ...]
    forms: tuple[Form, ...]


def _form(pattern: str, read: Callable[[str, str], IdDocument] = _read_plain) -> Form:
    return re.compile(pattern), read


KINDS: dict[str, IdKind] = {
    "resident_id": IdKind(
        "居民身份证",
        "resident identity card",
        "18 位或 15 位,首位 1–8",
        ("身份证", "中国居民身份证", "中华人民共和国居民身份证", "公民身份号码"),
        (_form("(?!8[123]0000)[1-8][0-9]{16}[0-9X]", _read_18), _form("[1-8][0-9]{14}", _read_15)),
    ),
    "hmt_residence": IdKind(
        "港澳台居民居住证",
        "residence permit for Hong Kong, Macao and Taiwan residents",
        "18 位,以 810000、820000 或 830000 开头",
        ("港澳居民居住证", "台湾居民居住证", "中华人民共和国港澳居民居住证", "中华人民共和国台湾居民居住证"),
        (_form("8[123]0000[0-9]{11}[0-9X]", _read_18),),
    ),
    "foreign_residence": IdKind(
        "外国人永久居留身份证",
        "foreign permanent resident identity card",
        "18 位、首位 9(2023 版),或 3 个字母加 12 位数字(2017 版)",
        ("外国人永久居留证", "中华人民共和国外国人永久居留身份证"),
        (_form("9[0-9]{16}[0-9X]", _read_18), _form("[A-Z]{3}[0-9]{12}")),
    ),
    "hm_permit": IdKind(
        "港澳居民来往内地通行证",
        "mainland travel permit for Hong Kong and Macao residents",
        "H 或 M 加 8 位数字(旧证 10 位)",
        ("回乡证",),
        (_form("[HM](?:[0-9]{8}|[0-9]{10})"),),
    ),
    "tw_permit": IdKind(
        "台湾居民来往大陆通行证",
        "mainland travel permit for Taiwan residents",
        "8 位数字",
        ("台胞证",),
        (_form("[0-9]{8}"),),
    ),
    "passport": IdKind(
        "护照",
        "passport",
        "6–15 位字母和数字,至少一位数字",
        ("普通护照", "中国护照", "外国护照", "中华人民共和国护照"),
        (_form("(?=.*[0-9])[0-9A-Z]{6,15}"),),
    ),
}


def _wrong_form(spec: IdKind, folded: str) -> Malformed:
    """The most useful complaint: an 18-digit number of another kind is named, anything else is measured."""
    for other in KINDS.values():
        if any(read is _read_18 and form.fullmatch(folded) for form, read in other.forms):
            return Malformed(
                "id_kind",
                f"号码属于{other.zh},不是{spec.zh}",
                f"This is the number of a {other.en}, not of a {spec.en}.",
            )
    return Malformed(
        "id_form",
        f"{spec.zh}号码应为:{spec.rule_zh};现为 {len(folded)} 位",
        f"Not the form of a {spec.en}; got {len(folded)} characters.",
    )
