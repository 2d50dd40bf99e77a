"""Certificate numbers, verification codes and licence identifiers, each ending in an ISO/IEC 7064 check character.

Three different things: the number is printed and guessable, the code is the secret behind the QR, the identifier
(电子证照标识, GB/T 36904) names one version of the electronic licence.
"""

import re
from functools import lru_cache

from certsvc.core.errors import Malformed
from certsvc.core.identity import check_uscc, fold_typed
from certsvc.core.titles import level as level_of

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_BITS = 75
#: What readers confuse, and what they write between groups.
_CODE_FOLD = str.maketrans("OIL", "011", "-\u2010\u2011\u2012\u2013\u2014\u2212")
_CODE_FORM = re.compile(f"[{_CROCKFORD}]{{16}}")

#: 22, award year, issuing office, series, level, serial (from 1), check character.
_NUMBER_BODY = "22(?:19|20|21)[0-9]{2}[0-9A-Z]{4}(?:[0-9]{2}|[LX][1-9])[1-5](?!000000)[0-9]{6}"
_NUMBER_FORM = re.compile(f"{_NUMBER_BODY}[0-9A-Z]")

#: Characters of year, office, series and level at the beginning of a certificate number, and of type and issuer at that
#: of a licence identifier: what certificates of one roster have in common.
_NUMBER_LIKE, _LICENCE_LIKE = 13, 39
_LICENCE_ROOT = "1.2.156.3005.2"
#: Type (the defining body's code and 3 digits), issuer (a body, or an area code as seen in the field), serial, version.
_LICENCE_FORM = re.compile(
    re.escape(_LICENCE_ROOT)
    + r"\.[0-9A-Z]{18}[0-9]{3}\.(?:[0-9A-Z]{18}|[0-9]{6})\.[0-9A-Z]{7,32}\.(?!000)[0-9]{3}\.[0-9A-Z]"
)


def hybrid_check(body: str, alphabet: str, like: int = 0) -> str:
    """The check character of ISO/IEC 7064's hybrid systems, MOD M+1,M with M = len(alphabet).

    What the first `like` characters come to is remembered, since many bodies begin alike.
    Every single-character error is found when 2 is invertible modulo M+1, so for every even M.
    """
    size = len(alphabet)
    p = _run(body[like:], _begun(body[:like], alphabet), alphabet)
    return alphabet[(size + 1 - p) % size]


def _run(text: str, p: int, alphabet: str) -> int:
    steps = _STEPS[alphabet]
    for char in text:
        p = steps[char][p]
    return p


@lru_cache(maxsize=4096)
def _begun(text: str, alphabet: str) -> int:
    return _run(text, len(alphabet), alphabet)


def _hybrid_steps(alphabet: str) -> dict[str, list[int]]:
    """character -> what becomes of each value of p."""
    size = len(alphabet)
    values = enumerate(alphabet)
    return {char: [2 * ((p + value) % size or size) % (size + 1) for p in range(size + 1)] for value, char in values}


_STEPS = {alphabet: _hybrid_steps(alphabet) for alphabet in (_ALPHANUMERIC, _CROCKFORD)}


def mod_37_36(body: str, like: int = 0) -> str:
    """The MOD 37,36 check character of upper-case letters and digits (GB/T 36904)."""
    return hybrid_check(body, _ALPHANUMERIC, like)


def certificate_number(year: int, office: str, series: str, level: str, serial: int) -> str:
    """The 20-character certificate number; `level` is a machine value, `serial` counts from 1 to 999999.

    Raises Malformed: number_form, level_unknown.
    """
    body = f"22{year:04d}{office}{series}{level_of(level).digit}{serial:06d}"
    if not re.fullmatch(_NUMBER_BODY, body):
        raise _bad_number_form()
    return body + mod_37_36(body)


def check_certificate_number(text: str) -> str:
    """The number in upper case without spaces or hyphens. Says nothing about whether it was ever issued.

    Raises Malformed: number_form, number_check_character.
    """
    number = text
    if not _NUMBER_FORM.fullmatch(number):
        # Not as it is printed: somebody typed it.
        number = fold_typed(text).replace("-", "")
        if not _NUMBER_FORM.fullmatch(number):
            raise _bad_number_form()
    if mod_37_36(number[:-1], _NUMBER_LIKE) != number[-1]:
        raise _bad_check("number_check_character", len(number))
    return number


def award_in(year: int, series: str, level: str) -> str:
    """What the number of a certificate says of its award, as `award_of` reads it. Raises Malformed(level_unknown)."""
    return f"22{year:04d}{series}{level_of(level).digit}"


def award_of(number: str) -> str:
    """Year, series and level digit of a certificate number; between year and series stands the issuing office."""
    return number[:6] + number[10:13]


def names_version(identifier: str, number: str, version: int) -> bool:
    """Whether a licence identifier has this certificate number as its serial, and this version."""
    return identifier.endswith(f".{number}.{version:03d}.", 0, -1)


def verification_code(random75: int) -> str:
    """16 Crockford base32 characters: 75 random bits, big-endian, and the check character.

    The randomness comes from the caller (`secrets.randbits(75)`). Raises ValueError outside 0 <= random75 < 2**75.
    """
    if not 0 <= random75 < 1 << _CODE_BITS:
        raise ValueError("random75 must have at most 75 bits")
    body = "".join(_CROCKFORD[random75 >> shift & 31] for shift in range(_CODE_BITS - 5, -1, -5))
    return body + hybrid_check(body, _CROCKFORD)


def parse_verification_code(text: str) -> str:
    """The 16 characters of a code as people type it: O is 0, I and L are 1, case, hyphens and spaces are free.

    Raises Malformed: code_form, check_character. Not checked: whether the code was ever issued.
    """
    code = fold_typed(text).translate(_CODE_FOLD)
    if not _CODE_FORM.fullmatch(code):
        raise Malformed(
            "code_form",
            f"核验码应为 16 位数字和字母(不含 U),现为 {len(code)} 位",
            f"A verification code has 16 digits and letters (never U); got {len(code)} characters.",
        )
    if hybrid_check(code[:-1], _CROCKFORD) != code[-1]:
        raise _bad_check("check_character", len(code))
    return code


def group_code(code: str) -> str:
    """The code in four groups of four, as it is printed: "7K9Q-2MX4-TD8F-3WAE"."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def licence_identifier(type_code: str, issuer_uscc: str, serial: str, version: int) -> str:
    """The electronic licence identifier of version 1 to 999.

    `type_code` is the defining body's USCC and a 3-digit sequence; `serial` is 7 to 32 of 0-9 and A-Z.
    Raises Malformed: licence_form, uscc_form, uscc_organisation_check, uscc_check_character.
    """
    check_uscc(type_code[:18])
    check_uscc(issuer_uscc)
    parts = (type_code, issuer_uscc, serial, f"{version:03d}")
    body = "".join(parts)
    if not re.fullmatch("[0-9A-Z]+", body):
        raise _bad_licence_form()
    return check_licence_identifier(".".join((_LICENCE_ROOT, *parts, mod_37_36(body))))


def check_licence_identifier(text: str) -> str:
    """The identifier in upper case. Issuers may be area codes and old USCCs, so these are not checked by themselves.

    Raises Malformed: licence_form, licence_check_character.
    """
    identifier = text
    if not _LICENCE_FORM.fullmatch(identifier):
        identifier = fold_typed(text)
        if not _LICENCE_FORM.fullmatch(identifier):
            raise _bad_licence_form()
    body = identifier[len(_LICENCE_ROOT) : -1].replace(".", "")
    if mod_37_36(body, _LICENCE_LIKE) != identifier[-1]:
        raise _bad_check("licence_check_character", len(identifier))
    return identifier


def _bad_check(code: str, position: int) -> Malformed:
    return Malformed(
        code,
        f"第 {position} 位校验不符,多为输错:常见 0/O、1/I",
        f"The check character (position {position}) does not fit; often 0/O or 1/I were mixed up.",
    )


def _bad_number_form() -> Malformed:
    return Malformed(
        "number_form",
        "证书编号应为 20 位:22、4 位年份、4 位机构、2 位系列、1 位级别(1–5)、6 位流水号、1 位校验",
        "A certificate number has 20 characters: 22, year, office (4), series (2), level (1-5), serial (6), check.",
    )


def _bad_licence_form() -> Malformed:
    return Malformed(
        "licence_form",
        f"电子证照标识应为 {_LICENCE_ROOT}.类型(21).机构(18).流水号(7–32).版本(3).校验(1)",
        f"A licence identifier is {_LICENCE_ROOT}.type(21).issuer(18).serial(7-32).version(3).check(1).",
    )
