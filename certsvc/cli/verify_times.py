"""When: where the times of an answer come from, and how old the status is that an offline answer rests on."""

from collections.abc import Iterator

from certsvc.cli.say import paint, plain
from certsvc.verify import words, words_times
from certsvc.verify.report import Report

INDENT = "  "
#: What is said of an age: least seconds, seconds of the unit, Chinese, English.
_AGES = ((2 * 86_400, 86_400, "天", "days"), (2 * 3600, 3600, "小时", "hours"), (0, 60, "分钟", "minutes"))
_TOO_OLD = ("status_stale", "trust_expired")
_NEWER = (
    "换较新的状态:--status list.json(取自证书所指的 /status/N),可加 --log 检查点;或联网核验,不加 --offline",
    "Bring a newer status: --status list.json (the certificate names its /status/N), and --log CHECKPOINT; or go online, without --offline",
)


def times(report: Report, offline: bool) -> Iterator[str]:
    """The lines under the reason."""
    for lang, space in (("zh", ""), ("en", " ")):
        said = space.join(filter(None, (words_times.source(report, lang), words_times.lasted(report, lang))))
        if said:
            yield INDENT + paint(plain(said), dim=True)
    if offline and report.status_as_of is not None:
        yield from _status_age(report, report.status_as_of)


def _status_age(report: Report, since: int) -> Iterator[str]:
    zh, en = age(report.decided_at - since)
    at, colour = words.clock(since), "yellow" if _too_old(report) else "white"
    yield INDENT + paint(f"状态截至 {at},距今 {zh} · Status as of {at}, {en} old", fg=colour)
    if _too_old(report):
        for sentence in _NEWER:
            yield f"{INDENT}→ {sentence}"
        return
    if report.good_until is not None:
        until = words.clock(report.good_until)
        yield f"{INDENT}此后的变化未查;此状态可用至 {until} · What came later was not looked at; good until then"


def _too_old(report: Report) -> bool:
    return any(row.outcome == "unknown" and row.code in _TOO_OLD for row in report.rows)


def age(seconds: int) -> tuple[str, str]:
    """A length of time in one unit, in Chinese and English: 2 天, 2 days."""
    _, unit, zh, en = next((one for one in _AGES if seconds >= one[0]), _AGES[-1])
    count = max(seconds // unit, 0)
    return f"{count} {zh}", f"{count} {en[:-1] if count == 1 else en}"
