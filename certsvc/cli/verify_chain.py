"""The chain of a Report as a ladder of text, and its checks as a list: the same links that the verdict page draws."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from certsvc.cli.say import pad, paint, plain, width
from certsvc.core.calendar import local_date
from certsvc.verify import words, words_times
from certsvc.verify.report import SIGNED, InLog, Link, Report, Row
from certsvc.verify.words_terms import CLAIMS, FAMILIES, OUTCOMES, SIGNATURES, STATES, Words

#: Outcome -> sign and colour: what was not looked at is never drawn as passed.
MARKS = {"pass": ("✔", "green"), "fail": ("✖", "red"), "unknown": ("?", "yellow")}
NO_MARK = ("–", "white")
INDENT, NO_DAY, NEVER = "  ", " " * 10, "—" * 10
#: Under a link, in the column of its label.
_UNDER = "│" + " " * 13

_KINDS: dict[str, Words] = {
    "root": ("根证书", "Root", ""),
    "authority": ("发证机关", "Issuing authority", ""),
    "certificate": ("证书", "Certificate", ""),
    "status": ("状态", "Status", ""),
}


def mark(outcome: str) -> str:
    """The sign of an outcome, in its colour."""
    sign, colour = MARKS.get(outcome, NO_MARK)
    return paint(sign, fg=colour)


def chain(report: Report, everything: bool) -> Iterator[str]:
    """Root, authority, grants, acts, certificate and status, each with its sign. Grants that passed are one line,
    unless `everything` is asked for."""
    if not report.chain:
        return
    columns = max(width(_label(link)[0]) for link in report.chain) + 2
    yield ""
    yield f"{INDENT}程序链 · Chain"
    for kind, links in groupby(report.chain, lambda link: link.kind):
        if kind == "grant":
            yield from _grants(report, list(links), columns, everything)
        else:
            for link in links:
                yield from _link(report, link, columns)


def _link(report: Report, link: Link, columns: int) -> Iterator[str]:
    zh, en = _label(link)
    absent = words.is_absent(link)
    day = NEVER if absent else NO_DAY if link.at is None else local_date(link.at).isoformat()
    office = "缺 missing" if absent else words.link_office(report, link)
    yield f"{INDENT}{mark(link.outcome)} {day}  {pad(zh, columns)}{plain(office)}".rstrip()
    beside = [en, link.document, *_signatures(link)]
    if absent:
        beside += [f"应由{words.was_to_do(report, link, 'zh')}办理 falls to {words.was_to_do(report, link, 'en')}"]
    yield f"{INDENT}{_UNDER}{' · '.join(plain(one) for one in beside if one)}"
    if link.logged is not None:
        yield f"{INDENT}{_UNDER}{_logged(link.logged)}"
    yield from _sentences(report, link)


def _grants(report: Report, links: list[Link], columns: int, everything: bool) -> Iterator[str]:
    """All grants as one link, and below it those that did not pass."""
    outcomes = [link.outcome for link in links]
    worst = next(one for one in ("fail", "unknown", "not_run", "pass") if one in outcomes)
    yield f"{INDENT}{mark(worst)} {NO_DAY}  {pad('授权', columns)}{len(links)} 份 grants"
    for link in links:
        if everything or link.outcome != "pass":
            office = plain(words.link_office(report, link))
            ends = " – ".join(local_date(at).isoformat() for at in (link.at, link.until) if at is not None)
            yield f"{INDENT}│ {mark(link.outcome)} {ends} {' · '.join(_label(link))} · {office} · {plain(link.document)}"
            if everything and link.logged is not None:
                yield f"{INDENT}{_UNDER}{_logged(link.logged)}"
            yield from _sentences(report, link)


def _logged(found: InLog) -> str:
    """Its place in the log, in both languages; the time, which is the same in both, once."""
    place = f"第 {found.index:,} 条 entry {found.index:,}"
    if found.earliest is None or found.latest is None:
        return f"已登入公开日志 in the public log · {place}"
    time = words_times.between(found.earliest, found.latest)
    return f"登记于 logged {time} · 见证 {found.witnesses} 方 witnesses · {place}"


def _sentences(report: Report, link: Link) -> Iterator[str]:
    for lang in ("zh", "en"):
        for sentence in words.link_sentences(report, link, lang)[:1]:
            yield f"{INDENT}{_UNDER}{mark(link.outcome)} {plain(sentence)}"


def _label(link: Link) -> tuple[str, str]:
    """What a link is, in Chinese and English."""
    named = words.link_label(link, "zh"), words.link_label(link, "en")
    if any(named):
        return named
    zh, en, _ = _KINDS[link.kind]
    if link.kind != "status":
        return zh, en
    return f"{zh}:{words.term(STATES, link.name, 'zh')}", f"{en}: {words.term(STATES, link.name, 'en')}"


def _signatures(link: Link) -> list[str]:
    """签字 and 盖章, each there or missing; nothing for a link that nobody signs so."""
    if link.kind not in SIGNED or words.is_absent(link):
        return []
    both = [_signature(link, use, use in link.signed_by) for use in ("officer", "seal")]
    others = [_signature(link, "officer", True)] * (link.signed_by.count("officer") - 1)
    return [*both, *others, *[f"? {' '.join(SIGNATURES['unknown'][:2])}"] * link.signed_by.count("unknown")]


def _signature(link: Link, use: str, there: bool) -> str:
    """One that is not there may have been taken away, unless the link failed."""
    zh, en, _ = SIGNATURES[use]
    return f"✔ {zh} {en}" if there else f"{'✖' if link.outcome == 'fail' else '?'} 缺 {zh} not {en}"


# --- checks --------------------------------------------------------------------------------------------------------


def checks(report: Report, everything: bool) -> Iterator[str]:
    """How many rows came out how, then those that did not pass; with `everything` all of them, by family and check."""
    if all(row.outcome == "not_run" for row in report.rows):
        return
    counts = "  ".join(f"{mark(o)} {sum(row.outcome == o for row in report.rows)}" for o in (*MARKS, "not_run"))
    yield ""
    yield f"{INDENT}检查 · Checks  {counts}"
    yield from _all(report) if everything else _open(report)


def _open(report: Report) -> Iterator[str]:
    for row in report.rows:
        if row.outcome in ("fail", "unknown"):
            yield from _finding(report, row)
    idle = [row for row in report.rows if row.outcome == "not_run"]
    for code in dict.fromkeys(row.code for row in idle):
        row = next(row for row in idle if row.code == code)
        count = sum(one.code == code for one in idle)
        zh, en = (plain(words.row_sentence(report, row, lang)) for lang in ("zh", "en"))
        yield f"{INDENT}{mark('not_run')} {count} 项未查 not run:{zh} {en}"
    if len(report.rows) > len(idle):
        yield f"{INDENT}{paint('--checks 列出每一项 · lists every row', dim=True)}"


def _all(report: Report) -> Iterator[str]:
    for family, rows in groupby(report.rows, lambda row: row.family):
        yield f"{INDENT}{' · '.join(FAMILIES[family][:2])}"
        for _, own in groupby(rows, lambda row: row.id):
            yield from _check(report, list(own))


def _check(report: Report, rows: list[Row]) -> Iterator[str]:
    """One check: its name, then a line for each of its rows with act, office, rule and what is wrong."""
    rule = max((row.rule for row in rows), key=[row.rule for row in rows].count)
    yield f"{INDENT}  {_name(rows[0])}  [{rule}]"
    # Documents of one office that came out alike (its grants, say) are told once.
    alike = {_key(report, row): row for row in reversed(rows)}
    labels = {key: _times(key[0], sum(_key(report, row) == key for row in rows)) for key in alike}
    columns = max(width(label) for label in labels.values()) + 2
    for key, row in reversed(alike.items()):
        yield f"{INDENT}    {mark(row.outcome)} {pad(labels[key], columns)}{_rule(row, rule)}".rstrip()
        if row.outcome != "pass":
            yield from _said(report, row, INDENT + " " * 6)


def _finding(report: Report, row: Row) -> Iterator[str]:
    yield f"{INDENT}{mark(row.outcome)} {_name(row)}"
    yield f"{INDENT}  {' · '.join(filter(None, (_place(report, row), _rule(row))))}"
    yield from _said(report, row, INDENT + "  ")


def _said(report: Report, row: Row, indent: str) -> Iterable[str]:
    sentences = [plain(words.row_sentence(report, row, lang)) for lang in ("zh", "en")]
    return [f"{indent}{OUTCOMES[row.outcome][0]}:{sentences[0]}", f"{indent}{OUTCOMES[row.outcome][1]}: {sentences[1]}"]


def _name(row: Row) -> str:
    return " · ".join(dict.fromkeys(words.term(CLAIMS, row.id, lang) for lang in ("zh", "en")))


def _key(report: Report, row: Row) -> tuple[str, str, str, str]:
    return _place(report, row), row.outcome, row.code, row.rule


def _times(label: str, count: int) -> str:
    return f"{label or '文件 document'} × {count}" if count > 1 else label


def _rule(row: Row, said: str = "") -> str:
    """Rule and code of a row, without what was said above it: the rule, or the check that passed."""
    code = "" if row.outcome == "pass" else row.code
    return " ".join(filter(None, ("" if row.rule == said else f"[{row.rule}]", code)))


def _place(report: Report, row: Row) -> str:
    """Act and office of a row, in both languages where there are two."""
    acts = [words.row_place(report, row, lang)[0] for lang in ("zh", "en")]
    return plain(" · ".join(filter(None, (" ".join(filter(None, acts)), words.row_place(report, row, "zh")[1]))))
