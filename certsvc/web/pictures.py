"""The chain of evidence, the timeline and the checks as pictures: lists that the templates draw with HTML and CSS.

A link says its state in a sign and a word, never by colour alone; a check that did not run is drawn as an open ring.
"""

from dataclasses import dataclass, replace
from itertools import groupby

from certsvc.core.calendar import local_date
from certsvc.verify import words, words_times
from certsvc.verify.report import FAMILIES, OUTCOMES, SIGNED, Link, Moment, Report, Row
from certsvc.verify.words_terms import ACTS, CLAIMS, SIGNATURES, STATES
from certsvc.verify.words_terms import FAMILIES as FAMILY_WORDS
from certsvc.verify.words_terms import OUTCOMES as OUTCOME_WORDS
from certsvc.web.texts import TEXTS

#: Outcomes from the worst to the best: what a bead of several checks shows.
_WORST_FIRST = ("fail", "unknown", "pass", "not_run", "not_applicable")
#: What is drawn where no chain may be told: (family, text).
_FAMILIES = (("integrity", "certificate"), ("chain", "root"), ("authority", "grant"), ("procedure", "acts"))
#: What follows the chain: a family that did not run at all is left out.
_AFTER = (("log", "log"), ("status", "status"), ("register", "register"), ("document", "file"))
#: Both marks that an act must bear.
_MARKS = ("officer", "seal")


@dataclass(frozen=True)
class Mark:
    """签字 or 盖章 on an act."""

    state: str
    """pass | fail | unknown: a missing one is shown as missing."""
    label: str


@dataclass(frozen=True)
class Bead:
    """One link of the chain as it is drawn."""

    state: str
    """pass | fail | unknown | not_run."""
    kind: str
    """root | authority | other | grants | grant | act | proposal | decision | certificate | status, or a family."""
    label: str
    who: str = ""
    day: str = ""
    document: str = ""
    logged: str = ""
    """Between which two times witnesses saw it enter the log, and its place there."""
    notes: tuple[str, ...] = ()
    """What is wrong, in sentences; empty for a link that passed."""
    marks: tuple[Mark, ...] = ()
    absent: bool = False
    """Nobody did it; `who` says who was to."""
    inner: tuple["Bead", ...] = ()
    """The single grants of the link that stands for them all."""

    @property
    def is_act(self) -> bool:
        """Whether it is one of many that officers and seals signed, and drawn smaller than the stations between them."""
        return self.kind in SIGNED


@dataclass(frozen=True)
class Stop:
    """One stop of the timeline."""

    label: str
    day: str
    who: str = ""
    document: str = ""
    effect: str = ""
    state: str = "pass"


@dataclass(frozen=True)
class Line:
    """One row of a check, in the list that opens."""

    state: str
    outcome: str
    act: str
    who: str
    note: str
    code: str
    rule: str
    """Empty where it is the check's own."""
    count: int = 1
    """How many rows say just this."""


@dataclass(frozen=True)
class CheckLines:
    """A check with all its rows."""

    state: str
    label: str
    outcome: str
    rule: str
    lines: tuple[Line, ...]


def chain(report: Report, lang: str) -> list[Bead]:
    """Root, authority, grants, acts in order, certificate, status, register and file, as far as this report tells.

    Empty when nothing ran, since a chain of open rings would look like evidence.
    """
    if all(row.outcome == "not_run" for row in report.rows):
        return []
    drawn = [bead for kind, links in groupby(report.chain, _kind) for bead in _run(report, kind, list(links), lang)]
    if not drawn:
        drawn = [_family_bead(report, *one, lang) for one in _FAMILIES]
    told = {bead.kind for bead in drawn}
    after = [one for one in _AFTER if one[0] not in told and _ran(report, one[0])]
    return [*drawn, *(_family_bead(report, *one, lang) for one in after)]


def timeline(report: Report, lang: str) -> list[Stop]:
    """What happened to the certificate, in the order of time, with the time that was asked about in its place."""
    if not report.timeline:
        return []
    asked = Stop(words.headline(report, lang), _day(report.as_of), words.say(TEXTS["now"], lang), state="now")
    before, after = report.history
    return [*(_stop(one, lang) for one in before), asked, *(_stop(one, lang) for one in after)]


def checks(report: Report, lang: str) -> list[tuple[str, list[CheckLines]]]:
    """(family, its checks with their rows), in the order in which they are told."""
    ordered = sorted(report.rows, key=lambda row: FAMILIES.index(row.family) if row.family in FAMILIES else 99)
    return [
        (words.term(FAMILY_WORDS, family, lang), [_check(report, list(r), lang) for _, r in groupby(rows, _id)])
        for family, rows in groupby(ordered, key=lambda row: row.family)
    ]


def counts(states: list[str]) -> dict[str, int]:
    """How often each outcome occurs."""
    return {outcome: states.count(outcome) for outcome in OUTCOMES}


# --- links ---------------------------------------------------------------------------------------------------------


def _run(report: Report, kind: str, links: list[Link], lang: str) -> list[Bead]:
    """The beads of consecutive links of one kind; all grants become one that opens."""
    beads = [_bead(report, link, lang) for link in links]
    if kind != "grant":
        return beads
    said = words.say(TEXTS["grant_count"], lang).format(count=len(beads))
    notes = tuple(dict.fromkeys(note for bead in beads for note in bead.notes))
    state = _worst([bead.state for bead in beads])
    return [Bead(state, "grants", words.say(TEXTS["grant"], lang), said, notes=notes, inner=tuple(beads))]


def _bead(report: Report, link: Link, lang: str) -> Bead:
    absent = words.is_absent(link)
    return Bead(
        link.outcome,
        link.kind,
        _label(link, lang),
        words.was_to_do(report, link, lang) if absent else words.link_office(report, link),
        _stated(link, lang),
        link.document,
        words_times.logged(link.logged, lang),
        tuple(words.link_sentences(report, link, lang)),
        () if absent else _signatures(link, lang),
        absent,
    )


def _label(link: Link, lang: str) -> str:
    named = words.link_label(link, lang)
    if named:
        return named
    label = words.say(TEXTS[link.kind], lang)
    state = words.term(STATES, link.name, lang) if link.kind == "status" else ""
    return f"{label} · {state}" if state else label


def _stated(link: Link, lang: str) -> str:
    """The day that a link states; said to be only that where the log refutes it."""
    period = _period(link)
    return words.say(TEXTS["stated"], lang).format(day=period) if "time_mismatch" in link.codes else period


def _period(link: Link) -> str:
    """The day of a link; of what lasts, both ends."""
    if link.at is None:
        return ""
    lasts = link.until is not None and link.kind != "status"
    return f"{_day(link.at)} – {_day(link.until)}" if lasts and link.until is not None else _day(link.at)


def _signatures(link: Link, lang: str) -> tuple[Mark, ...]:
    """Officer and seal, each there or missing; then whoever else signed. One that is not there may have been taken away,
    unless the link failed."""
    if link.kind not in SIGNED:
        return ()
    others, lacks = list(link.signed_by), "fail" if link.outcome == "fail" else "unknown"
    marks = []
    for use in _MARKS:
        there = use in others
        if there:
            others.remove(use)
        text = words.say(SIGNATURES[use], lang)
        marks.append(Mark("pass", text) if there else Mark(lacks, words.say(TEXTS["lacks"], lang).format(what=text)))
    second = [Mark("pass" if use in _MARKS else "fail", words.term(SIGNATURES, use, lang)) for use in others]
    return (*marks, *second)


def _family_bead(report: Report, family: str, text: str, lang: str) -> Bead:
    rows = [row for row in report.rows if row.family == family]
    state = _worst([row.outcome for row in rows])
    said = [words.row_sentence(report, row, lang) for row in rows if row.outcome == state != "pass"]
    return Bead(state, family, words.say(TEXTS[text], lang), notes=tuple(dict.fromkeys(said))[:1])


# --- timeline ------------------------------------------------------------------------------------------------------


def _stop(moment: Moment, lang: str) -> Stop:
    label, effect = words.term(ACTS, moment.event, lang), words.effect(moment, lang)
    return Stop(label, _day(moment.at), moment.org_name, moment.document, effect, moment.event)


# --- checks --------------------------------------------------------------------------------------------------------


def _check(report: Report, rows: list[Row], lang: str) -> CheckLines:
    state, rule = _worst([row.outcome for row in rows]), _common_rule(rows)
    lines = [_line(report, row, rule, lang) for row in rows]
    told = tuple(replace(line, count=lines.count(line)) for line in dict.fromkeys(lines))
    label = words.term(CLAIMS, rows[0].id, lang)
    return CheckLines(state, label, words.term(OUTCOME_WORDS, state, lang), rule, told)


def _line(report: Report, row: Row, rule: str, lang: str) -> Line:
    act, who = words.row_place(report, row, lang)
    outcome, note = words.term(OUTCOME_WORDS, row.outcome, lang), words.row_sentence(report, row, lang)
    code = "" if row.outcome == "pass" else row.code
    return Line(row.outcome, outcome, act, who, note, code, "" if row.rule == rule else row.rule)


def _common_rule(rows: list[Row]) -> str:
    """The rule that most rows of a check share; a row with another says its own."""
    rules = [row.rule for row in rows]
    return max(dict.fromkeys(rules), key=rules.count)


def _id(row: Row) -> str:
    return row.id


def _kind(link: Link) -> str:
    return link.kind


def _worst(states: list[str]) -> str:
    return next((state for state in _WORST_FIRST if state in states), "not_run")


def _ran(report: Report, family: str) -> bool:
    return any(row.family == family and row.outcome not in ("not_run", "not_applicable") for row in report.rows)


def _day(seconds: int) -> str:
    return local_date(seconds).isoformat()
