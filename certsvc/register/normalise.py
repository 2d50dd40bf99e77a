"""What a typed cell means: full-width digits, spaces, dots, identity numbers, and dates in every form of domain.md 6.2.

Each reader gives back the value with what was done to it; the raw cell stays with the caller. Nothing is guessed: a
cell that may mean two things is `decide`, and digits that a spreadsheet has lost are never repaired.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from certsvc.core.errors import Malformed
from certsvc.core.identity import check_uscc, fold_typed
from certsvc.core.names import check_name, tidy_name
from certsvc.core.titles import level_from_zh
from certsvc.register.columns import (
    LEVEL_SYNONYMS,
    NO_BAN_WORDS,
    PASSED_WORDS,
    SEX_WORDS,
    SOME_BAN_WORDS,
    TRACK_WORDS,
    fold,
)

#: (fault code, detail); a detail may be "Chinese\tEnglish".
Note = tuple[str, str]
MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Normal:
    """What a cell means."""

    value: object = None
    """None where the cell is empty or unusable."""
    notes: tuple[Note, ...] = ()
    precision: str = ""
    """"month" or "year" for a date that is not known to the day; the value is then the first day of it."""


@dataclass(frozen=True)
class Context:
    """What a reader must know besides the cell."""

    today: date
    date1904: bool
    series: Mapping[str, str]
    """Folded word -> series number."""
    regions: Mapping[str, str]
    """Folded word or code -> region code."""


EMPTY = Normal()


def read_text(raw: object, context: Context) -> Normal:
    """Text without spaces around and doubled inside; whole numbers lose the fraction that spreadsheets give them."""
    if not isinstance(raw, str):
        return _text_of_number(raw)
    text = " ".join(raw.replace("\u00a0", " ").replace("\u3000", " ").split()).removeprefix("'")
    notes = (("trimmed", ""),) if text != raw else ()
    hidden = next((char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Cn")), "")
    if hidden:
        return Normal(None, (("control_character", f"U+{ord(hidden):04X}"),))
    if len(text) > MAX_TEXT:
        return Normal(None, (("cell_too_long", ""),))
    return Normal(text or None, notes)


def _text_of_number(raw: object) -> Normal:
    if isinstance(raw, bool) or not isinstance(raw, int | float | date):
        return Normal(None, (("cell_error", ""),))
    if isinstance(raw, float):
        return Normal(str(int(raw)) if raw.is_integer() and abs(raw) < 1e15 else repr(raw))
    return Normal(raw.isoformat()[:10] if isinstance(raw, date) else str(raw))


def read_name(raw: object, context: Context) -> Normal:
    """A personal name with one kind of dot, checked by `core.names`; spaces between ideographs wait for a decision."""
    if not isinstance(raw, str):
        return Normal(None, (("cell_error", ""),))
    # A control character inside is for check_name to name; only what stands around the name is taken off.
    trimmed = raw.strip(" \t\r\n\u00a0\u3000").removeprefix("'")
    tidy = tidy_name(trimmed)
    notes = [("trimmed", "")] if trimmed != raw else []
    if "".join(trimmed.split()) != "".join(tidy.split()):
        notes.append(("name_dot_folded", ""))
    if len(re.findall(r"\s", trimmed)) != len(re.findall(r"\s", tidy)):
        notes.append(("name_space", ""))
    try:
        return Normal(check_name(tidy), tuple(notes)) if tidy else EMPTY
    except Malformed as error:
        return Normal(None, ((error.code, f"{error.zh}\t{error.en}"),))


def read_id(raw: object, context: Context) -> Normal:
    """An identity number in half-width upper case. A number stored as a number has lost digits and is refused."""
    if not isinstance(raw, str) or re.fullmatch(r"\s*\d(\.\d+)?[eE]\+?\d+\s*", raw):
        return Normal(None, (("EXCEL_PRECISION_LOSS", ""),))
    return _folded(raw)


def _folded(raw: str) -> Normal:
    text = fold_typed(raw.strip())
    narrow = unicodedata.normalize("NFKC", raw)
    steps = (
        ("width_folded", any(ord(char) > 0xFF00 for char in raw)),
        ("case_folded", narrow != narrow.upper()),
        ("trimmed", raw.startswith("'") or re.search(r"\s", raw) is not None),
    )
    return Normal(text or None, tuple((code, "") for code, done in steps if done))


def read_uscc(raw: object, context: Context) -> Normal:
    """A unified social credit code; one that does not fit is kept, since old data hold many (domain.md 4.3)."""
    if not isinstance(raw, str):
        return Normal(None, (("EXCEL_PRECISION_LOSS", ""),))
    folded = _folded(raw)
    try:
        check_uscc(str(folded.value))
    except Malformed as error:
        return Normal(folded.value, (*folded.notes, ("uscc_wrong", f"{error.zh}\t{error.en}")))
    return folded


def read_digits(raw: object, context: Context) -> Normal:
    """A phone number: digits only, without spaces and hyphens. Another form is kept as it is."""
    text = str(_text_of_number(raw).value or "") if not isinstance(raw, str) else raw
    folded = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).removeprefix("'")
    if not re.fullmatch(r"(\+?86)?1\d{10}", folded):
        return Normal(text[:MAX_TEXT].strip() or None, (("phone_form", ""),))
    return Normal(folded[-11:])


def read_count(raw: object, context: Context) -> Normal:
    """A whole number from 0 to 9999, also written 25人, 18票, 55% or in full width."""
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    text = unicodedata.normalize("NFKC", str(raw)).strip().rstrip("人票%").strip()
    if isinstance(raw, bool) or not re.fullmatch(r"\d{1,4}", text, re.ASCII):
        return Normal(None, (("number_form", ""),))
    return Normal(int(text))


def read_hours(raw: object, context: Context) -> Normal:
    """Hours of continuing education in the year of the application: 0 to 9999, also written 60学时 or 60.0."""
    text = unicodedata.normalize("NFKC", str(raw)).strip().removesuffix("时").removesuffix("学").strip()
    read = read_count(float(text) if re.fullmatch(r"\d+\.0+", text, re.ASCII) else text, context)
    return Normal(None, (("hours_form", ""),)) if read.value is None or isinstance(raw, bool) else read


def read_ban(raw: object, context: Context) -> Normal:
    """The first day of a ban, to the day; 无 gives False. 有 alone says no day and is refused."""
    word = fold(str(raw))
    if word in NO_BAN_WORDS:
        return Normal(False)
    if word in SOME_BAN_WORDS:
        return Normal(None, (("ban_without_day", ""),))
    read = read_term(raw, context)
    return read if read.value is not None else Normal(None, (("ban_form", ""),))


def read_ban_end(raw: object, context: Context) -> Normal:
    """The last day of a ban, or for how many years it was given (3年)."""
    years = re.fullmatch(r"([1-9]\d?)\s*年", unicodedata.normalize("NFKC", str(raw)).strip(), re.ASCII)
    read = Normal(int(years[1])) if years else read_term(raw, context)
    return read if read.value is not None else Normal(None, (("ban_end_form", ""),))


def read_year(raw: object, context: Context) -> Normal:
    """A year of four digits, not later than this year; 2022年 and 2022年度 are read too."""
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    found = re.fullmatch(r"((?:19|20)\d\d)\s*(?:年度?)?", unicodedata.normalize("NFKC", str(raw)).strip())
    if isinstance(raw, date) or not found:
        return Normal(None, (("year_form", ""),))
    year = int(found[1])
    return Normal(year) if year <= context.today.year else Normal(None, (("year_future", ""),))


def _word_reader(code: str, table: Callable[[Context], Mapping[str, object]]) -> Callable[[object, Context], Normal]:
    """A reader that looks a folded word up; `code` is the fault for a word that is not in the table."""

    def read(raw: object, context: Context) -> Normal:
        text = read_text(raw, context)
        found = table(context).get(fold(str(text.value)))
        return Normal(found) if found is not None else Normal(None, ((code, ""),))

    return read


def read_level(raw: object, context: Context) -> Normal:
    """A level token. 高级 and 初级 name two levels each and are refused."""
    text = str(read_text(raw, context).value)
    try:
        return Normal(level_from_zh(LEVEL_SYNONYMS.get(fold(text), text)))
    except Malformed as error:
        return Normal(None, ((error.code, f"{error.zh}\t{error.en}"),))


def read_region(raw: object, context: Context) -> Normal:
    """A region code from a code or a name, with or without 吉林省 and the prefecture in front."""
    word = fold(str(read_text(raw, context).value))
    if word in OLD_REGIONS:
        return Normal(OLD_REGIONS[word], (("region_old_code", OLD_REGIONS[word]),))
    tails = (word, word.removeprefix("吉林省"), word.removeprefix("吉林省").partition("市")[2])
    found = next((context.regions[tail] for tail in tails if tail in context.regions), None)
    return Normal(found) if found else Normal(None, (("region_unknown", ""),))


#: Abolished codes met in old data -> today's (domain.md 4.4).
OLD_REGIONS = {
    "220381": "220184",
    "220181": "220113",
    "220724": "220781",
    "220625": "220605",
    "220125": "220112",
    "220124": "220183",
}

DAY, MONTH, YEAR = "day", "month", "year"
PRECISION_WORDS = {MONTH: "月\tmonth", YEAR: "年\tyear"}
#: Written dates, with the midnight that some programs add.
WRITTEN = re.compile(
    r"(?P<year>\d{4}|\d{2})(?:[-/.年](?P<month>\d{1,2})(?:[-/.月](?P<day>\d{1,2})日?|月)?|年)?"
    r"(?:[T ]0?0:00(?::00)?(?:\.0+)?)?",
    re.ASCII,
)
COMPACT = re.compile(r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)?", re.ASCII)
#: 1930 to 2100 in the 1900 system: a serial is told from a year by its five digits.
SERIALS = range(10_000, 73_051)


def read_date(raw: object, context: Context) -> Normal:
    """A date not later than today, with its precision. See `WRITTEN`, `COMPACT` and `SERIALS` for the forms."""
    read = _read_any_date(raw, context)
    if isinstance(read.value, date) and read.value > context.today:
        return Normal(None, (("date_future", ""),))
    if read.precision:
        return Normal(read.value, (*read.notes, ("date_imprecise", PRECISION_WORDS[read.precision])), read.precision)
    return read


def read_term(raw: object, context: Context) -> Normal:
    """The last day of a term, which may lie ahead and must be known to the day."""
    read = _read_any_date(raw, context)
    return Normal(None, (("date_form", ""),)) if read.precision else read


def read_end_date(raw: object, context: Context) -> Normal:
    """A date that may lie ahead, known to the day."""
    read = _read_any_date(raw, context)
    return Normal(None, (("date_form", ""),)) if read.precision else read


def _read_any_date(raw: object, context: Context) -> Normal:
    if isinstance(raw, datetime):
        return Normal(raw.date())
    if isinstance(raw, date):
        return Normal(raw)
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return Normal(None, (("date_form", ""),))
    if isinstance(raw, str):
        return _written_date(unicodedata.normalize("NFKC", raw).strip().removeprefix("'").strip(), context)
    return _number_date(float(raw), context)


def _number_date(number: float, context: Context) -> Normal:
    if math.isfinite(number) and int(number) in SERIALS:
        return _serial(int(number), context)
    if number.is_integer():
        return _written_date(str(int(number)), context)
    if not math.isfinite(number) or round(number, 2) != number:
        return Normal(None, (("date_form", ""),))
    # 2022.10 in a number cell is 2022.1: October and January look alike; .11 and .12 are whole.
    decimals = f"{number:.2f}".partition(".")[2]
    month = decimals if decimals[1] != "0" else decimals[0]
    read = _calendar_date(f"{int(number):04d}", month, None, context)
    return Normal(read.value, (*read.notes, ("date_decimal", "")), read.precision) if month == "1" else read


def _serial(number: int, context: Context) -> Normal:
    # ECMA-376 18.17.4.1: day 1 is 1900-01-01 with a 29 February 1900 that never was, or day 0 is 1904-01-01.
    first = date(1904, 1, 1) if context.date1904 else date(1899, 12, 30)
    return Normal(first + timedelta(days=number), (("date_serial", "1904" if context.date1904 else "1900"),))


def _written_date(text: str, context: Context) -> Normal:
    if re.fullmatch(r"\d{5}(\.0+)?", text, re.ASCII) and int(text[:5]) in SERIALS:
        return _serial(int(text[:5]), context)
    found = COMPACT.fullmatch(text) or WRITTEN.fullmatch(re.sub(r"(?<=[年月])\s+|\s+(?=[年月日])", "", text))
    if not found or not found["year"] or (len(text) < 4):
        return Normal(None, (("date_form", ""),))
    return _calendar_date(found["year"], found["month"], found["day"], context, rewritten=text)


def _calendar_date(year: str, month: str | None, day: str | None, context: Context, rewritten: str = "") -> Normal:
    two_digits = len(year) == 2
    full = _full_year(int(year), context) if two_digits else int(year)
    try:
        value = date(full, int(month or 1), int(day or 1))
    except ValueError:
        return Normal(None, (("date_impossible", ""),))
    if not 1900 <= full <= 2100:
        return Normal(None, (("date_form", ""),))
    precision = "" if day else MONTH if month else YEAR
    notes: tuple[Note, ...] = (("date_two_digit_year", ""),) if two_digits else ()
    if not precision and rewritten not in ("", value.isoformat()):
        notes += (("date_rewritten", ""),)
    return Normal(value, notes, precision)


def _full_year(short: int, context: Context) -> int:
    """The latest year with these two digits that is not in the future."""
    century = context.today.year // 100 * 100
    return century + short if century + short <= context.today.year else century - 100 + short


READERS: dict[str, Callable[[object, Context], Normal]] = {
    "text": read_text,
    "unit": read_text,
    "name": read_name,
    "id": read_id,
    "uscc": read_uscc,
    "digits": read_digits,
    "count": read_count,
    "year": read_year,
    "date": read_date,
    "end_date": read_end_date,
    "term": read_term,
    "level": read_level,
    "region": read_region,
    "id_kind": read_text,
    "sex": _word_reader("sex_unknown", lambda _: SEX_WORDS),
    "track": _word_reader("track_unknown", lambda _: TRACK_WORDS),
    "series": _word_reader("series_unknown", lambda context: context.series),
    "passed": _word_reader("flag_unknown", lambda _: PASSED_WORDS),
    "hours": read_hours,
    "ban": read_ban,
    "ban_end": read_ban_end,
}
