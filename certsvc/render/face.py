"""Everything that is printed on one certificate, as one value (domain brief 3.1, column "face")."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from certsvc.core.codes import group_code

#: GB/T 2261.1 as printed.
SEX_WORDS = {"M": "男 Male", "F": "女 Female"}


@dataclass(frozen=True)
class Face:
    """The printed words of one certificate version. Nothing here is secret, and nothing is looked up later."""

    name_zh: str
    """The licence's own name, for example 吉林省专业技术资格证书."""
    name_en: str
    number: str
    licence_id: str
    version: int
    holder: str
    """The holder's name exactly as on the identity document."""
    sex: str
    """"M" or "F"."""
    birth: str
    """"YYYY-MM"."""
    series: str
    specialty: str
    """May be empty: some series have no specialty."""
    title_zh: str
    """The title as awarded, never the modern name for it."""
    title_en: str
    level_zh: str
    level_en: str
    track: str
    """评审, 认定, 考核认定, 确认, 评聘结合 or 自主评审."""
    committee: str
    approval_org: str
    approval_document: str
    award_date: date
    issuer_zh: str
    issuer_en: str
    issue_date: date
    validity_scope: str | None
    """Printed only when the title is limited, for example 限基层有效."""
    term_until: date | None
    """End of use of an annotated copy; titles themselves have no end."""
    code: str
    """16 characters without hyphens."""
    verify_url: str
    official_host: str
    """The one host to trust, in words: printed as 只认 HOST."""
    photo_jpeg: bytes | None
    seal_text: str
    """Organisation name for the arc; a second line, if any, stands under the star."""
    demo: bool

    def to_json(self) -> dict[str, Any]:
        """The printed strings for the template; pictures travel apart."""
        words = {name: value for name, value in vars(self).items() if isinstance(value, str)}
        return words | {
            "version": self.version,
            "sex": SEX_WORDS[self.sex],
            "birth": _month_words(self.birth),
            "award_date": _day_words(self.award_date),
            "issue_date": _day_words(self.issue_date),
            "issue_date_en": self.issue_date.isoformat(),
            "validity_scope": self.validity_scope,
            "term_until": self.term_until and _day_words(self.term_until),
            "code": group_code(self.code),
            "demo": self.demo,
        }

    def printed_text(self) -> str:
        """All characters that the page will need, for the glyph check."""
        return "".join(str(value) for value in self.to_json().values() if value is not None)


def _month_words(birth: str) -> str:
    year, month = birth.split("-")
    return f"{year}年{int(month)}月"


def _day_words(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
