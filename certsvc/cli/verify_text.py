"""A Report as a page of plain text: one big word, why, what to compare, the chain of acts, the next step."""

from collections.abc import Iterator

from certsvc.cli.say import pad, paint, plain, width
from certsvc.core.calendar import local_date
from certsvc.verify import words
from certsvc.verify.report import Moment, Report, Row
from certsvc.verify.words_terms import ACTS, CHECKS, LEVELS, MATCHES

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
#: Outcome -> sign: what was not looked at is never drawn as passed.
MARKS = {"pass": ("✔", "green"), "fail": ("✖", "red"), "unknown": ("?", "yellow")}
NO_MARK = ("–", "white")
#: The four things to compare with the paper, then what else was signed: member of the certificate -> label.
COMPARED = {"holder_name": "姓名 Name", "title": "职称 Title", "specialty": "专业 Specialty", "number": "编号 Number"}
FACTS = {
    "granted_on": "取得 Granted",
    "issued_on": "签发 Issued",
    "issuer": "机关 Issuer",
    "validity_scope": "范围 Scope",
    "term_until": "期限 Until",
}
LABEL, INDENT = 16, "  "


def lines(report: Report, label: str) -> Iterator[str]:
    """The lines of the answer about `label`."""
    sign, colour = SIGNS[report.verdict]
    word = f" {sign} {words.headline(report, 'zh')} · {words.headline(report, 'en')} "
    yield f"{paint(word, bold=True, fg=colour, reverse=True)}  {paint(plain(label), dim=True)}"
    yield from _bands(report)
    for lang in ("zh", "en"):
        yield INDENT + plain(words.reason(report, lang))
    yield from _certificate(report)
    yield from _path(report)
    yield from _history(report)
    yield from _checks(report)
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


def _path(report: Report) -> Iterator[str]:
    if report.path:
        yield ""
        yield f"{INDENT}程序 · Acts"
        yield from (_moment(one) for one in report.path)


def _history(report: Report) -> Iterator[str]:
    if len(report.timeline) > 1:
        yield ""
        yield f"{INDENT}经历 · Since issue"
        yield from (_moment(one) for one in report.timeline)


def _moment(moment: Moment) -> str:
    mark = _mark(moment.outcome)
    day = local_date(moment.at).isoformat() if moment.org else "——————————"
    act = ACTS.get(moment.event, (moment.event, moment.event, ""))
    who = plain(moment.org_name or moment.org) if moment.org else "缺 missing"
    effect = "  自始无效 from the beginning" if moment.retroactive else ""
    return f"{INDENT}{mark} {day}  {pad(act[0], 24)}{who}{effect}"


def _checks(report: Report) -> Iterator[str]:
    """How many checks said what, then each one that did not pass with its sentence and its rule."""
    ran = [row for row in report.rows if row.outcome in MARKS]
    if not ran:
        return
    counts = "  ".join(f"{_mark(o)} {sum(row.outcome == o for row in report.rows)}" for o in (*MARKS, "not_run"))
    yield ""
    yield f"{INDENT}检查 · Checks  {counts}"
    for row in ran:
        if row.outcome != "pass":
            yield from _finding(report, row)


def _finding(report: Report, row: Row) -> Iterator[str]:
    sentence = plain(words.row_sentence(report, row, "zh"))
    yield f"{INDENT}{_mark(row.outcome)} {CHECKS[row.id][0]}:{sentence}"
    yield f"{INDENT}  {plain(words.row_sentence(report, row, 'en'))}  [{row.rule}]"


def _mark(outcome: str) -> str:
    sign, colour = MARKS.get(outcome, NO_MARK)
    return paint(sign, fg=colour)


def rule(columns: int = 72) -> str:
    """The line between two answers."""
    return paint("─" * (columns // max(width("─"), 1)), dim=True)
