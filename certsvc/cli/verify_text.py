"""A Report as a page of plain text: one big word, why, what to compare, the chain, the checks, the next step."""

from collections.abc import Iterator

from certsvc.cli import verify_chain, verify_times
from certsvc.cli.say import pad, paint, plain, width
from certsvc.cli.verify_chain import INDENT
from certsvc.core.calendar import local_date
from certsvc.verify import words
from certsvc.verify.report import Moment, Report
from certsvc.verify.words_terms import ACTS, LEVELS, MATCHES

#: Verdict -> sign and colour; the sign says it without the colour.
SIGNS: dict[str, tuple[str, str]] = {
    "valid": ("✔", "green"),
    "superseded": ("↻", "blue"),
    "suspended": ("‖", "yellow"),
    "revoked": ("✖", "red"),
    "void": ("✖", "red"),
    "withdrawn": ("■", "white"),
    "out_of_term": ("◷", "white"),
    "tampered": ("✖", "red"),
    "not_issued": ("✖", "red"),
    "no_record": ("○", "white"),
    "unreadable": ("?", "white"),
    "cannot_decide": ("?", "yellow"),
}
#: The four things to compare with the paper, then what else was signed: member of the certificate -> label.
COMPARED = {"holder_name": "姓名 Name", "title": "职称 Title", "specialty": "专业 Specialty", "number": "编号 Number"}
FACTS = {
    "granted_on": "取得 Granted",
    "issued_on": "签发 Issued",
    "issuer": "机关 Issuer",
    "validity_scope": "范围 Scope",
    "term_until": "期限 Until",
}
LABEL = 16


def lines(report: Report, label: str, everything: bool = False, offline: bool = False) -> Iterator[str]:
    """The lines of the answer about `label`; `everything` tells also every check that passed, `offline` how old the
    status at hand is."""
    sign, colour = SIGNS[report.verdict]
    word = f" {sign} {words.headline(report, 'zh')} · {words.headline(report, 'en')} "
    yield f"{paint(word, bold=True, fg=colour, reverse=True)}  {paint(plain(label), dim=True)}"
    yield from _bands(report)
    for lang in ("zh", "en"):
        yield INDENT + plain(words.reason(report, lang))
    yield from verify_times.times(report, offline)
    yield from _answers(report)
    yield from _certificate(report)
    yield from verify_chain.chain(report, everything)
    yield from _history(report)
    yield from verify_chain.checks(report, everything)
    yield ""
    for sentence in (words.advice(report, "zh"), words.advice(report, "en")):
        yield f"{INDENT}→ {plain(sentence)}"


def _bands(report: Report) -> Iterator[str]:
    """Facts beside the verdict, above everything else."""
    for key, said in MATCHES.items():
        if report.match.get(key) == "mismatch":
            zh, en = ("证书属实,但", "The certificate is genuine, but ") if report.verdict == "valid" else ("", "")
            text = f"{zh}与您输入的{said[0]}不符 · {en}not for the {said[1]} you entered"
            yield INDENT + paint(f"✖ {text}", fg="red", bold=True)
        elif report.match.get(key) == "match":
            yield INDENT + paint(f"✔ {said[0]}相符 · {said[1]} fits", fg="green")
    if report.match.get("file") == "differs":
        text = "图片或打印件可被改动,请只以下列内容为准 · a picture may be edited: only what stands here counts"
        yield INDENT + paint(f"! {text}", fg="yellow")
    if report.test:
        yield INDENT + paint("▨ 测试证书,无效力 · TEST: no legal effect", fg="magenta")


def _certificate(report: Report) -> Iterator[str]:
    if report.certificate is None:
        return
    shown = dict(report.certificate)
    shown["title"] = f"{shown['title']}({LEVELS[shown['level']][0]})"
    yield ""
    for members, style in ((COMPARED, {"bold": True}), (FACTS, {})):
        for name, label in members.items():
            if shown.get(name):
                yield f"{INDENT}{pad(label, LABEL)}{paint(plain(shown[name]), **style)}"


def _answers(report: Report) -> Iterator[str]:
    """What was known at the time asked about and what is known now, where the time asked about is past."""
    then = words.as_known_then(report)
    if then is None:
        return
    yield ""
    yield f"{INDENT}关于 {words.clock(report.as_of)} 的两个答案 · Two answers"
    for zh, en, one in (("按当时已知", "As was known then", then), ("按现在所知", "As is known now", report)):
        sign, colour = SIGNS[one.verdict]
        word = f"{words.headline(one, 'zh')} · {words.headline(one, 'en')}"
        yield f"{INDENT}{pad(f'{zh} {en}', 30)}{paint(f'{sign} {word}', fg=colour, bold=True)}"
        yield from (f"{INDENT}{' ' * 30}{plain(words.reason(one, lang))}" for lang in ("zh", "en"))


def _history(report: Report) -> Iterator[str]:
    others = ((report.replaces, "前一版 Before it"), (report.replaced_by, "新版 Newer"))
    versions = [(other, label) for other, label in others if other is not None]
    if report.timeline or versions:
        yield ""
        yield f"{INDENT}经历 · History"
    if report.timeline:
        before, after = report.history
        yield from (*map(_moment, before), _asked(report), *map(_moment, after))
    for other, label in versions:
        yield f"{INDENT}{label}: 第 {other['version']} 版 version {other['version']}, {other['issued_on']}, {other['number']}"


def _asked(report: Report) -> str:
    """The time asked about, in its place among what happened."""
    word = f"{words.headline(report, 'zh')} · {words.headline(report, 'en')}"
    return f"{INDENT}{local_date(report.as_of).isoformat()}  {pad('所问时间 Time asked about', 28)}{word}"


def _moment(moment: Moment) -> str:
    zh, en, _ = ACTS.get(moment.event, (moment.event, "", ""))
    effect = " · ".join(said for said in (words.effect(moment, lang) for lang in ("zh", "en")) if said)
    who = " · ".join(plain(one) for one in (moment.org_name, moment.document) if one)
    first = f"{INDENT}{local_date(moment.at).isoformat()}  {pad(f'{zh} {en}', 28)}{who}".rstrip()
    return f"{first}\n{INDENT}{' ' * 12}{effect}" if effect else first


def rule(columns: int = 72) -> str:
    """The line between two answers."""
    return paint("─" * (columns // max(width("─"), 1)), dim=True)
