"""Where the times of a report come from, in the reader's words: from the public log and its witnesses, or from the
documents themselves (formats.md 6)."""

from certsvc.core.calendar import local_date
from certsvc.verify.report import InLog, Link, Report
from certsvc.verify.words import clock, say
from certsvc.verify.words_terms import Words

#: What has to be logged where a log is required.
_LOGGED_KINDS = ("grant", "act", "certificate", "decision")

PROVED: Words = (
    "时间由公开日志与 {witnesses} 个见证人证明。",
    "Times are proved by the public log and {some}.",
    "시각은 공개 로그와 증인 {witnesses}명이 증명합니다.",
)
LASTED: Words = (
    "从第一个环节到最后一个环节历时{lasted}。",
    "From the first act to the last it took {lasted}.",
    "첫 단계부터 마지막 단계까지 {lasted} 걸렸습니다.",
)
UNPROVED: Words = (
    "时间应由公开日志证明,但有 {count} 环缺少有效的日志证明,这些环节的时间不能确认。",
    "Times have to be proved by the public log; {count} of the links lack a proof that holds, so nobody knows when they were done.",
    "시각은 공개 로그로 증명되어야 하나 {count}개 단계에 유효한 증명이 없어 그 시각을 확인할 수 없습니다.",
)
ASSERTED: Words = (
    "时间以文件所写为准。",
    "Times are as the documents state them.",
    "시각은 문서에 적힌 대로입니다.",
)
LOGGED: Words = (
    "登记于 {time}(见证 {witnesses} 方)",
    "Logged {time} ({some})",
    "로그 등록 {time} (증인 {witnesses})",
)
LOGGED_ONLY: Words = ("已登入公开日志", "In the public log", "공개 로그에 있음")
#: With spaces that do not break a line.
PLACE: Words = ("第\u00a0{index}\u00a0条", "entry\u00a0{index}", "{index}번\u00a0항목")
_DAYS: Words = (" {n} 天", "{n} days", "{n}일")
_HOURS: Words = (" {n} 小时", "{n} hours", "{n}시간")
_MINUTES: Words = (" {n} 分钟", "{n} minutes", "{n}분")
#: Seconds of a unit, least length to be told in it, words.
_UNITS = ((86_400, 2 * 86_400, _DAYS), (3600, 2 * 3600, _HOURS), (60, 0, _MINUTES))


def source(report: Report, lang: str) -> str:
    """Where the times come from, in one sentence; empty where no chain is told."""
    if not report.chain:
        return ""
    if report.time_source != "log":
        return say(ASSERTED, lang)
    bare = sum(_is_bare(link) for link in report.chain)
    if bare:
        return say(UNPROVED, lang).format(count=bare)
    witnesses = min(link.logged.witnesses for link in report.chain if link.logged is not None)
    return say(PROVED, lang).format(witnesses=witnesses, some=_some(witnesses))


def _some(witnesses: int) -> str:
    return "1 witness" if witnesses == 1 else f"{witnesses} witnesses"


def _is_bare(link: Link) -> bool:
    """Whether a link that somebody signed has no proof of its time."""
    signed = link.kind == "certificate" or (link.kind in _LOGGED_KINDS and link.evidence is not None)
    return signed and (link.logged is None or link.logged.latest is None)


def lasted(report: Report, lang: str) -> str:
    """How long the procedure took at the most, where the log says it: who did everything in one night is seen by it."""
    acts = [link.logged for link in report.chain if link.kind == "act" and link.logged is not None]
    begun = [one.earliest for one in acts if one.earliest is not None]
    ended = [one.latest for one in acts if one.latest is not None]
    if report.time_source != "log" or len(acts) < 2 or not begun or not ended:
        return ""
    seconds = max(ended) - min(begun)
    unit, _, words = next(one for one in _UNITS if seconds >= one[1])
    return say(LASTED, lang).format(lasted=say(words, lang).format(n=max(seconds // unit, 1)))


def logged(found: InLog | None, lang: str) -> str:
    """Between which two times it was logged, who saw it, and where it stands; empty without a proof."""
    if found is None:
        return ""
    place = say(PLACE, lang).format(index=f"{found.index:,}")
    if found.earliest is None or found.latest is None:
        return f"{say(LOGGED_ONLY, lang)} · {place}"
    figures = {"witnesses": found.witnesses, "some": _some(found.witnesses)}
    said = say(LOGGED, lang).format(time=between(found.earliest, found.latest), **figures)
    return f"{said} · {place}"


def between(earliest: int, latest: int) -> str:
    """Two times to the minute, as faces show them; what both share is told once."""
    first, last = clock(earliest), clock(latest)
    if first == last:
        return first
    same_day = local_date(earliest) == local_date(latest)
    return f"{first} – {last[11:] if same_day else last}"
