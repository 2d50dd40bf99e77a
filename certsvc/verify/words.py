"""Verdicts and findings in the reader's words: the same sentences for page, API and command line (experience.md 2).

The tables stand beside this file: `words_verdicts`, `words_faults`, `words_procedure`, `words_gaps`, `words_terms`.
A code without words is shown as the code itself, so a newer core never silences an older page.
"""

import re
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from certsvc.core.calendar import SHANGHAI, local_date
from certsvc.core.outcomes import About
from certsvc.verify import words_faults, words_gaps, words_procedure, words_terms, words_verdicts
from certsvc.verify.report import InWords, Link, Moment, Report, Row, to_json
from certsvc.verify.words_terms import LANGUAGES, Words

CODES: dict[str, Words] = {
    **words_faults.INTEGRITY,
    **words_faults.LOG,
    **words_faults.CHAIN,
    **words_faults.AUTHORITY,
    **words_faults.STATUS,
    **words_faults.DOCUMENT,
    **words_procedure.PROCEDURE,
    **words_gaps.UNKNOWN,
    **words_gaps.NOT_RUN,
    **words_gaps.LOOK_UP,
    **words_gaps.MALFORMED,
}

#: Verdict -> the lifecycle act that brings it about.
DECIDING_ACT = {"revoked": "revoke", "suspended": "suspend", "withdrawn": "withdraw", "superseded": "correct"}

_SOME_ORG: Words = ("有关机构", "the organisation concerned", "해당 기관")
_SOME_ACT: Words = ("有关环节", "an act", "해당 단계")
_SOME_ISSUER: Words = ("发证机关", "the issuing authority", "발급기관")
_SOME_REASON: Words = ("此处未载", "not told here", "여기에 없음")
_SOME_CAUSE: Words = (
    "有一项必要的检查没有结果。",
    "A required check has no result.",
    "필요한 검사 하나에 결과가 없습니다.",
)
#: Code of a finding that is kept back from whoever knows number and name alone (`services.public_view`).
WITHHELD = "withheld"
#: What is said in its place: outcome -> words.
_WITHHELD: dict[str, Words] = {
    "fail": (
        "有检查没有通过;详情请用查验码或证书文件核验。",
        "A check failed; for details verify by the code or the file.",
        "통과하지 못한 검사가 있습니다. 자세한 내용은 확인 코드나 증서 파일로 확인하십시오.",
    ),
    "unknown": (
        "有必要的检查没有结果;详情请用查验码或证书文件核验。",
        "A required check has no result; for details verify by the code or the file.",
        "결과가 없는 필수 검사가 있습니다. 자세한 내용은 확인 코드나 증서 파일로 확인하십시오.",
    ),
    "not_run": ("此项未查。", "This was not checked.", "검사하지 않았습니다."),
}
_NOT_SAID = "–"
_YEAR_2200 = 7_258_118_400

#: Figures that are times, in seconds.
_MOMENTS = ("signed", "earliest", "latest")
#: Figures that are told as a day, in seconds.
_DAYS = ("since",)
#: Figure -> the table that says its value; a value that stands in no table is shown as it is.
_FIGURE_TABLES: dict[str, dict[str, Words]] = {
    "act": words_terms.ACTS,
    "apart_from": words_terms.ACTS,
    "level": words_terms.LEVELS,
    "current_level": {**words_terms.LEVELS, "None": ("无职称", "no title", "자격 없음")},
    "value": words_terms.LEVELS,
    "roles": words_terms.ROLES,
    "dimension": words_terms.DIMENSIONS,
    "member": words_terms.MEMBERS,
    "stated": words_terms.MEMBERS,
    "changed": words_terms.MEMBERS,
    "typ": words_terms.THINGS,
    "what": words_terms.THINGS,
    "reason": words_terms.REASONS,
    "after": words_terms.ACTS,
    "follows": words_terms.ACTS,
    "before": words_terms.ACTS,
    "why": words_terms.ENDS,
    "ban_until": {"None": ("未定", "none decided", "미정")},
}


def say(words: Words, lang: str) -> str:
    """`words` in `lang` (zh, en or ko)."""
    return words[LANGUAGES.index(lang)]


def term(table: dict[str, Words], key: str | None, lang: str) -> str:
    """The word for a machine value, or the value itself where the table has none."""
    return say(table[key], lang) if key in table else key or _NOT_SAID


def headline(report: Report, lang: str) -> str:
    """The one word first."""
    return say(words_verdicts.VERDICTS[report.verdict].headline, lang)


def reason(report: Report, lang: str) -> str:
    """Why this verdict; where a check decided, with its sentence, which names the act and the organisation."""
    said = _as_told(report) or words_verdicts.VERDICTS[report.verdict]
    return _fill(say(said.reason, lang), _verdict_figures(report, lang))


def advice(report: Report, lang: str) -> str:
    """What the person who asked does next."""
    said = _as_told(report) or words_verdicts.VERDICTS[report.verdict]
    return _fill(say(said.advice, lang), _verdict_figures(report, lang))


def detail(report: Report, lang: str) -> str:
    """`detail` of the Report JSON: the same reason line that the page shows."""
    return reason(report, lang)


def row_sentence(report: Report, row: Row, lang: str) -> str:
    """What `row` found: what is wrong, who failed, and by which figures. Empty for a row that passed."""
    if row.outcome == "pass":
        return ""
    return _sentence(report, row.outcome, row.code, row.about, lang)


def row_detail(report: Report, row: Row, lang: str) -> str:
    """`detail` of a row of the Report JSON: its sentence, or the claim of its check where that is true."""
    return row_sentence(report, row, lang) or term(words_terms.CLAIMS, row.id, lang)


def row_about(report: Report, row: Row, lang: str) -> str:
    """Act and office that `row` is about, as one text."""
    return " · ".join(filter(None, _named(report, row, lang)))


def report_json(report: Report, lang: str) -> dict[str, Any]:
    """The Report JSON, in words: `detail` in `lang`, and everything in Chinese and English."""
    said = InWords(partial(detail, report), partial(row_detail, report), partial(row_about, report))
    return to_json(report, said, lang)


def row_place(report: Report, row: Row, lang: str) -> tuple[str, str]:
    """Act and office in a list of rows; both empty where no office can be believed, or none is told: that it is about the
    certificate goes without saying."""
    return _named(report, row, lang) if row.org or row.about.act else ("", "")


def _named(report: Report, row: Row, lang: str) -> tuple[str, str]:
    who = _holders(report, row.about, lang) or row.about.figures.get("org_name") or office(report, row.org)
    # A pair of acts that must be apart is named as one.
    acts = filter(None, (row.about.figures.get("apart_from"), row.act))
    return " ≠ ".join(term(words_terms.ACTS | words_terms.MADE, one, lang) for one in acts), who


def office(report: Report, org: str | None) -> str:
    """The name of an organisation as far as this report tells it; empty for what is none (a person, an address)."""
    if org is None or ":" in org:
        return ""
    root = next((link for link in report.chain if link.kind == "root" and link.org == org), None)
    return link_office(report, root) if root else _org_name(report, org) or ""


def is_absent(link: Link) -> bool:
    """Whether `link` is an act that nobody did; it stands in its place all the same."""
    return link.kind == "act" and link.evidence is None


def link_office(report: Report, link: Link) -> str:
    """Whose link of the chain it is; of a root the common name alone (RFC 4514 2)."""
    common = re.search(r"(?:^|,)CN=((?:\\.|[^,+])*)", link.org_name) if link.kind == "root" else None
    return common[1] if common else link.org_name or office(report, link.org)


def link_label(link: Link, lang: str) -> str:
    """What a link is called that is no station of every chain: an act, a decision, a grant, another office; else empty."""
    if link.kind == "grant":
        return term(words_terms.ROLES, link.name, lang)
    if link.kind in ("act", "decision"):
        return term(words_terms.ACTS, link.name, lang)
    if link.kind == "proposal":
        return say(words_terms.PROPOSED, lang).format(act=term(words_terms.ACTS, link.name, lang))
    return say(words_terms.ANOTHER_OFFICE, lang) if link.kind == "other" else ""


def link_rows(link: Link) -> list[Row]:
    """The rows that say what is wrong with a link of the chain, the worst first, and of those the one that the link is
    named by; none for one that passed."""
    told = ("fail", "unknown", "not_run")
    return sorted(link.rows, key=lambda row: (told.index(row.outcome), row.code != link.name))


def link_sentences(report: Report, link: Link, lang: str) -> list[str]:
    """What is wrong with a link, each thing once; the first says the most."""
    return list(dict.fromkeys(row_sentence(report, row, lang) for row in link_rows(link)))


def was_to_do(report: Report, link: Link, lang: str) -> str:
    """Who was to do an act that nobody did: the office where it is known, else the kinds of office."""
    name = link.org_name or office(report, link.org or None)
    roles = _figure("roles", ",".join(link.roles), lang)
    return f"{name}({roles})" if name and lang == "zh" else f"{name} ({roles})" if name else roles


def as_known_then(report: Report) -> Report | None:
    """The answer about the same time as it was known at that time; None when it is asked about now."""
    if report.then is None:
        return None
    verdict, code = report.then
    known = tuple(moment for moment in report.timeline if moment.known_since <= report.as_of)
    return replace(report, verdict=verdict, reason=code, about=report.then_about, timeline=known, then=None)


def deciding_moment(report: Report) -> Moment | None:
    """The lifecycle act behind the verdict, where the finding names it (figure `decided`) and it is told."""
    kind, decided = DECIDING_ACT.get(report.verdict), report.about.figures.get("decided")
    return next((one for one in report.timeline if (one.event, str(one.known_since)) == (kind, decided)), None)


def effect(moment: Moment, lang: str) -> str:
    """The day of a decision that is retroactive or dated, and from when it counts; empty for one that counts from its day.

    Of a decision about a later version also that it was.
    """
    if not moment.retroactive and moment.effective_from is None:
        return ""
    day = local_date(moment.known_since).isoformat()
    said = say(words_verdicts.DECIDED, lang).format(day=day, effect=_effect(moment, day, lang))
    return said + say(words_verdicts.OF_LATER_VERSION, lang) if moment.of_later_version else said


def clock(seconds: int) -> str:
    """A time as faces show it: Asia/Shanghai, to the minute."""
    return datetime.fromtimestamp(seconds, SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _as_told(report: Report) -> words_verdicts.VerdictWords | None:
    """The words for a lifecycle act that is not told, or that another has ended; None for those of the verdict."""
    if report.verdict not in DECIDING_ACT:
        return None
    if deciding_moment(report) is None:
        return words_verdicts.UNDATED[report.verdict]
    return None if _end_of_suspension(report) is None else words_verdicts.SUSPENDED_UNTIL


def _end_of_suspension(report: Report) -> Moment | None:
    """What was decided after the suspension behind the verdict; None while nothing was."""
    moment = deciding_moment(report)
    if report.verdict != "suspended" or moment is None:
        return None
    later = report.timeline[report.timeline.index(moment) + 1 :]
    return later[0] if later else None


def _cause(report: Report, lang: str) -> str:
    if report.reason is None:
        return say(_SOME_CAUSE, lang)
    # What failed and is no verdict of its own is a contradiction, which decides nothing either.
    failed = any(row.outcome == "fail" and row.code == report.reason for row in report.rows)
    outcome = "fail" if failed or report.verdict != "cannot_decide" else "unknown"
    return _sentence(report, outcome, report.reason, report.about, lang)


def _sentence(report: Report, outcome: str, code: str, about: About, lang: str) -> str:
    if code == WITHHELD:
        return say(_WITHHELD[outcome], lang)
    figures = about.figures
    nobody = next((words_procedure.MISSING[name] for name in words_procedure.MISSING if name in figures), None)
    said = words_gaps.OF_OUTCOME.get((outcome, code)) or (nobody if code == "act_missing" else None) or CODES.get(code)
    if said is None:
        return code
    spoken = {name: _figure(name, value, lang) for name, value in figures.items()}
    # An Unknown carries act and org among its figures, a Fault beside them.
    act, org = about.act or figures.get("act"), about.org or figures.get("org")
    spoken["act"] = term(words_terms.ACTS, act, lang) if act else say(_SOME_ACT, lang)
    spoken["org"] = figures.get("org_name") or _org_name(report, org) or say(_SOME_ORG, lang)
    spoken["holders"] = _holders(report, about, lang)
    return _fill(say(said, lang), spoken)


def _holders(report: Report, about: About, lang: str) -> str:
    """The names of all who were granted what nobody did; empty where that is not said."""
    ids = [one for one in about.figures.get("holders", "").split(",") if one]
    names = [(about.figures.get("org_name") if one == about.org else None) or _org_name(report, one) for one in ids]
    return {"zh": "、"}.get(lang, ", ").join(name for name in names if name)


def _figure(name: str, value: str, lang: str) -> str:
    if name in _MOMENTS:
        return clock(int(value))
    if name in _DAYS:
        return _civil_day(int(value))
    table = _FIGURE_TABLES.get(name, {})
    return {"zh": "、"}.get(lang, ", ").join(term(table, part, lang) for part in value.split(","))


def _civil_day(seconds: int) -> str:
    """The day as faces show it; a time that no calendar can show is not said."""
    return local_date(seconds).isoformat() if 0 <= seconds < _YEAR_2200 else _NOT_SAID


def _org_name(report: Report, org: str | None) -> str | None:
    """The name an organisation is certified under, as far as this report tells; else its identifier."""
    named = (link.org_name for link in report.chain if link.org == org and link.org_name)
    return next(named, org)


def _verdict_figures(report: Report, lang: str) -> dict[str, str]:
    figures, moment = report.about.figures, deciding_moment(report)
    certificate = report.certificate or {}
    decided_on, end = _day(moment), _end_of_suspension(report)
    return {
        "issuer": str(certificate.get("issuer") or say(_SOME_ISSUER, lang)),
        "T": clock(report.as_of),
        "D": decided_on,
        "E": _effect(moment, decided_on, lang),
        "end": _day(end),
        "outcome": term(words_terms.ACTS, end.event if end else None, lang),
        "class": _reason_class(report, lang),
        "until": figures.get("until") or str(certificate.get("term_until") or _NOT_SAID),
        "cause": _cause(report, lang),
    }


def _day(moment: Moment | None) -> str:
    return local_date(moment.known_since).isoformat() if moment else _NOT_SAID


def _reason_class(report: Report, lang: str) -> str:
    """The class of reason of a lifecycle act, and never more: the public sees no case (experience.md 6)."""
    if "reason" in report.about.figures:
        return _figure("reason", report.about.figures["reason"], lang)
    return say(words_terms.REASONS["correction"] if report.verdict == "superseded" else _SOME_REASON, lang)


def _effect(moment: Moment | None, decided_on: str, lang: str) -> str:
    if moment is not None and moment.retroactive:
        return say(words_verdicts.FROM_THE_START, lang)
    day = moment.effective_from if moment is not None and moment.effective_from else decided_on
    return say(words_verdicts.FROM_A_DAY, lang).format(day=day)


class _Figures(dict[str, str]):
    """A figure that a report lacks is shown as a dash; words never make a page fail."""

    def __missing__(self, name: str) -> str:
        return _NOT_SAID


def _fill(sentence: str, figures: dict[str, str]) -> str:
    return sentence.format_map(_Figures(figures))
