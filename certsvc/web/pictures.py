"""The chain of evidence and the timeline as pictures: lists of links that the templates draw with HTML and CSS.

A link says its state in a sign and a word, never by colour alone; a check that did not run is drawn as an open ring.
"""

from dataclasses import dataclass
from itertools import groupby

from certsvc.core.calendar import local_date
from certsvc.verify import words
from certsvc.verify.report import FAMILIES, OUTCOMES, Moment, Report, Row
from certsvc.verify.words_terms import ACTS, CHECKS
from certsvc.verify.words_terms import FAMILIES as FAMILY_WORDS
from certsvc.verify.words_terms import OUTCOMES as OUTCOME_WORDS
from certsvc.web.texts import TEXTS

#: Outcomes from the worst to the best: what a link of several checks shows.
_WORST_FIRST = ("fail", "unknown", "pass", "not_run", "not_applicable")
#: Links before the acts and after them: (family, text). A family that did not run at all is left out of the second.
_BEFORE = (("chain", "root"), ("authority", "grant"))
_AFTER = (("integrity", "certificate"), ("status", "status"), ("register", "register"), ("document", "file"))


@dataclass(frozen=True)
class Link:
    """One link of the chain."""

    state: str
    """pass | fail | unknown | not_run."""
    kind: str
    """chain | authority | act | integrity | status | register | document."""
    label: str
    who: str = ""
    day: str = ""
    document: str = ""
    note: str = ""
    """What is wrong, in a sentence; empty for a link that passed."""


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
class CheckLine:
    """One check in the list that opens."""

    state: str
    label: str
    outcome: str
    note: str
    rule: str


def chain(report: Report, lang: str) -> list[Link]:
    """Root, authority, every act in order, certificate, status, register and file, as far as this report tells.

    Empty when nothing ran, since a chain of open rings would look like evidence.
    """
    if all(row.outcome == "not_run" for row in report.rows):
        return []
    before = [_family_link(report, family, text, lang) for family, text in _BEFORE]
    after = [_family_link(report, family, text, lang) for family, text in _AFTER if _ran(report, family)]
    return [*before, *_act_links(report, lang), *after]


def timeline(report: Report, lang: str) -> list[Stop]:
    """What happened to the certificate since it was issued, and the time that was asked about."""
    if not report.timeline:
        return []
    stops = [_stop(moment, lang) for moment in report.timeline]
    verdict = words.headline(report, lang)
    return [*stops, Stop(verdict, _day(report.as_of), who=words.say(TEXTS["now"], lang), state="now")]


def checks(report: Report, lang: str) -> list[tuple[str, list[CheckLine]]]:
    """(family, its checks), in the order in which they are told."""
    ordered = sorted(report.rows, key=lambda row: FAMILIES.index(row.family) if row.family in FAMILIES else 99)
    return [
        (words.term(FAMILY_WORDS, family, lang), [_check_line(report, row, lang) for row in rows])
        for family, rows in groupby(ordered, key=lambda row: row.family)
    ]


def counts(states: list[str]) -> dict[str, int]:
    """How often each outcome occurs."""
    return {outcome: states.count(outcome) for outcome in OUTCOMES}


def _family_link(report: Report, family: str, text: str, lang: str) -> Link:
    rows = [row for row in report.rows if row.family == family]
    state = next((s for s in _WORST_FIRST if s in {row.outcome for row in rows}), "not_run")
    note = next((words.row_sentence(report, row, lang) for row in rows if row.outcome == state != "pass"), "")
    return Link(state, family, words.say(TEXTS[text], lang), who=_who(report, family, state, lang), note=note)


def _who(report: Report, family: str, state: str, lang: str) -> str:
    """The small line under a link that passed."""
    if state != "pass":
        return ""
    organisations = {moment.org for moment in report.path if moment.org}
    if family == "authority" and organisations:
        return words.say(TEXTS["grant_orgs"], lang).format(count=len(organisations))
    if family == "status" and report.status_as_of:
        return words.say(TEXTS["status_at"], lang).format(time=words.clock(report.status_as_of))
    return str((report.certificate or {}).get("issuer", "")) if family == "integrity" else ""


def _act_links(report: Report, lang: str) -> list[Link]:
    """The acts of the path; without a path that may be shown, one link for the procedure as a whole."""
    if not report.path:
        return [_family_link(report, "procedure", "acts", lang)] if _ran(report, "procedure") else []
    notes = {
        row.about.act: words.row_sentence(report, row, lang) for row in reversed(report.rows) if row.outcome == "fail"
    }
    return [
        Link(
            moment.outcome,
            "act",
            words.term(ACTS, moment.event, lang),
            moment.org_name,
            _day(moment.at) if moment.document else "",
            moment.document,
            notes.get(moment.event, "") if moment.outcome == "fail" else "",
        )
        for moment in report.path
    ]


def _stop(moment: Moment, lang: str) -> Stop:
    effect = ""
    if moment.retroactive:
        effect = words.say(TEXTS["retroactive"], lang)
    elif moment.effective_from:
        effect = words.say(TEXTS["effective"], lang).format(day=moment.effective_from)
    label = words.term(ACTS, moment.event, lang)
    return Stop(label, _day(moment.at), moment.org_name, moment.document, effect, moment.event)


def _check_line(report: Report, row: Row, lang: str) -> CheckLine:
    note = words.row_sentence(report, row, lang)
    outcome = words.term(OUTCOME_WORDS, row.outcome, lang)
    return CheckLine(row.outcome, words.term(CHECKS, row.id, lang), outcome, note, row.rule)


def _ran(report: Report, family: str) -> bool:
    return any(row.family == family and row.outcome not in ("not_run", "not_applicable") for row in report.rows)


def _day(seconds: int) -> str:
    return local_date(seconds).isoformat()
