"""What a certificate prints beside its entry, and what decides it (docs/format.md 5.1, decision 30).

Number and licence identifier say year, series, level and version again; the names of title and series are those of the
catalogue that the verifier holds. The office in the number, the licence's type and issuer, and the scope of validity are
decided by nothing in the evidence, and stated by the issuer alone.
"""

from certsvc.core.claims import Target
from certsvc.core.codes import award_in, award_of, names_version
from certsvc.core.outcomes import Fault
from certsvc.core.titles import TitleCatalogue
from certsvc.verify.case import Case
from certsvc.verify.path import Path


def printed_as_decided(case: Case) -> None:
    """Number and licence identifier are those of this award and version; title and series have the names they have."""
    printed, target = case.credential["certificate"], case.bundle.entries[-1].target
    number, title_en, series_zh = printed["number"], printed["title_en"], printed["series_zh"]
    # One award for all certificates of a path: its target has one year, series and level.
    if award_of(number) != case.path.remember("award", _award):
        raise Fault("cert_mismatch", "issue", member="number")
    if not names_version(printed["licence_id"], number, printed["version"]):
        raise Fault("cert_mismatch", "issue", member="licence_id")
    if (target.series, target.level, target.title, title_en, series_zh) not in case.titles.as_printed:
        _check_names(case.titles, target, title_en, series_zh)


def _award(path: Path) -> str:
    return award_in(path.target.year, path.target.series, path.target.level)


def _check_names(titles: TitleCatalogue, target: Target, title_en: str, series_zh: str) -> None:
    """What no row has word for word: a local title, a name folded, a title without English, or a false name."""
    titles.check_level(target.series, target.level, target.title)
    english = titles.english_of(target.series, target.level, target.title)
    if series_zh not in titles.series_names.get(target.series, {series_zh}):
        raise Fault("cert_mismatch", "issue", member="series_zh")
    # Before the catalogue had a name it was printed in Chinese on both sides.
    if english and title_en not in english | {target.title}:
        raise Fault("cert_mismatch", "issue", member="title_en")
