"""The Report (核验结果): every check row and one verdict; one object renders page, JSON and command line."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from certsvc.core.calendar import utc_text
from certsvc.core.outcomes import About

#: The twelve verdicts with the exit code of `certsvc verify` (experience.md 2.1).
EXIT_CODES: dict[str, int] = {
    "valid": 0,
    "superseded": 10,
    "suspended": 11,
    "revoked": 12,
    "withdrawn": 13,
    "out_of_term": 14,
    "void": 15,
    "tampered": 20,
    "not_issued": 21,
    "no_record": 22,
    "cannot_decide": 30,
    "unreadable": 40,
}
#: `valid`, but the paper is not of the person or title that was expected.
EXIT_MISMATCH = 23

FAMILIES = ("integrity", "chain", "authority", "procedure", "log", "status", "register", "document")
OUTCOMES = ("pass", "fail", "unknown", "not_applicable", "not_run")


#: match.*: match | mismatch | not_checked; `file` has identical | differs | not_checked.
NOT_COMPARED: dict[str, str] = {
    "name": "not_checked",
    "id_last4": "not_checked",
    "title": "not_checked",
    "file": "not_checked",
}


#: Kind of act and organisation id.
Whose = tuple[str, str | None]


class Row(NamedTuple):
    """What one check found."""

    id: str
    family: str
    outcome: str
    """pass | fail | unknown | not_applicable | not_run; only `pass` ever counts as passed."""
    code: str
    """What was found: why it is not `pass`, or the id of the check, a claim that is true then; stable, never reused."""
    about: About
    """What the finding itself names: it is marked in the chain, and told in the sentence."""
    rule: str
    """The source of the rule: document and article, or RFC section."""
    evidence: str | None = None
    """Hash of the signed document that the row is about; None when it is about the whole."""
    within: Whose = ("issue", None)
    """Act and organisation of that document, or of the whole, for what the finding does not name (`naming`). Without an
    organisation where there is no evidence, or none that may be believed."""

    @property
    def act(self) -> str:
        return self.about.act or self.within[0]

    @property
    def org(self) -> str | None:
        return self.about.org or self.within[1]

    @property
    def of_absent_act(self) -> bool:
        """Whether it says that nobody did an act: its empty place in the chain shows that, and no other link."""
        return self.code == "act_missing" and self.outcome != "not_run"


@dataclass(frozen=True)
class InLog:
    """Where and when something was logged, as far as it is proved."""

    index: int
    """Its place in the log, counted from 0."""
    earliest: int | None
    """Seconds since 1970 UTC. Until then witnesses had not seen it; None where no witnesses are named."""
    latest: int | None
    """By then they had."""
    witnesses: int
    """How many of those named signed the checkpoint before it, and the one with it; the smaller number."""


#: Kinds of links, in the order in which they may stand.
LINKS = ("root", "authority", "other", "grant", "act", "proposal", "decision", "certificate", "status")
#: Those that officer and seal sign.
SIGNED = ("act", "proposal", "decision")


@dataclass(frozen=True)
class Link:
    """One link of the chain from the root to the status, as a reader sees it."""

    kind: str
    """One of LINKS."""
    name: str
    """Machine value: kind of act, also of one that was proposed or decided about the certificate; role of a grant, value of
    a status; else empty."""
    org: str
    org_name: str
    outcome: str
    """pass | fail | unknown | not_run: the worst of the checks that name it."""
    codes: tuple[str, ...] = ()
    """Why it is not `pass`."""
    document: str = ""
    """Number of the paper behind it."""
    at: int | None = None
    """When it was signed, or begins, in seconds since 1970 UTC."""
    until: int | None = None
    signed_by: tuple[str, ...] = ()
    """officer | seal, as many as signed; what an absent signature leaves out."""
    roles: tuple[str, ...] = ()
    """For an act that nobody did: who was to do it."""
    evidence: str | None = None
    """Hash of the signed document."""
    logged: InLog | None = None
    """None where no proof is at hand, or none that holds."""
    rows: tuple[Row, ...] = field(default=(), compare=False, repr=False)
    """What did not pass and stands here; the Report JSON tells it among the checks, and here its `codes`."""


@dataclass(frozen=True)
class Moment:
    """One point of a certificate's history."""

    at: int
    """Seconds since 1970 UTC: when it was decided, or the beginning of the day that a revocation names."""
    event: str
    """Kind of act, or `issued`."""
    org: str
    org_name: str
    document: str
    effective_from: str | None = None
    """The day from which a revocation counts, where it names one (ISO date)."""
    retroactive: bool = False
    """Whether a revocation counts from the issue."""
    decided_at: int | None = None
    """When it was decided, in seconds since 1970 UTC; None for the issue."""
    of_later_version: bool = False
    """Whether it was decided about a later version, and ended this one with it."""

    @property
    def known_since(self) -> int:
        return self.at if self.decided_at is None else self.decided_at


@dataclass(frozen=True)
class Report:
    """The whole answer about one piece of evidence."""

    verdict: str
    reason: str | None
    """Code of the row that decided; None for `valid`."""
    about: About
    decided_at: int
    as_of: int
    test: bool = False
    """True when the anchor is a test root."""
    time_source: str = "asserted"
    record_source: str | None = None
    status_as_of: int | None = None
    fresh_until: int | None = None
    good_until: int | None = None
    """Until when the same evidence will be answered alike, if nothing is brought beside it: neither list is too old by then."""
    certificate: dict[str, Any] | None = None
    """What was signed; None unless signature, chain and authority passed."""
    match: dict[str, str] = field(default_factory=lambda: dict(NOT_COMPARED))
    rows: tuple[Row, ...] = ()
    chain: tuple[Link, ...] = ()
    """Root, authority, grants, acts in order, certificate, status; empty unless every signature held."""
    timeline: tuple[Moment, ...] = ()
    """What happened to the certificate since, in the order of decision; `history` has it in the order of time."""
    then: tuple[str, str | None] | None = None
    """Verdict and reason about the same time as they were known at that time; None when it is asked about now."""
    then_about: About = field(default_factory=About)
    """What the finding named that decided then."""
    replaces: dict[str, Any] | None = None
    """The version before: number, version, issued_on. Known to the register only."""
    replaced_by: dict[str, Any] | None = None
    """The version after."""

    @property
    def history(self) -> tuple[list[Moment], list[Moment]]:
        """The timeline by the time from which each counts: what counts at the time asked about, and what counts later. What
        counts from one time stays in the order of decision."""
        told = sorted(self.timeline, key=lambda one: one.at)
        return [one for one in told if one.at <= self.as_of], [one for one in told if one.at > self.as_of]

    @property
    def exit_code(self) -> int:
        if self.verdict == "valid" and "mismatch" in self.match.values():
            return EXIT_MISMATCH
        return EXIT_CODES[self.verdict]


#: Every Report JSON tells everything in these; `detail` alone is in the reader's language.
ALWAYS_TOLD = ("zh", "en")


class InWords(NamedTuple):
    """How a Report is put into words; each is given the language last."""

    detail: Callable[[str], str]
    """Why this verdict."""
    row: Callable[[Row, str], str]
    """What a row found."""
    about: Callable[[Row, str], str]
    """Act and organisation of a row."""


def to_json(report: Report, said: InWords, lang: str) -> dict[str, Any]:
    """The Report JSON of design.md 6: `detail` in `lang`, `details` of report and rows in Chinese and English."""
    return {
        "verdict": report.verdict,
        "reason": report.reason,
        "detail": said.detail(lang),
        "details": _both(said.detail),
        "decided_at": utc_text(report.decided_at),
        "as_of": utc_text(report.as_of),
        "status_as_of": _time(report.status_as_of),
        "fresh_until": _time(report.fresh_until),
        "record_source": report.record_source,
        "time_source": report.time_source,
        "test": report.test,
        "certificate": report.certificate,
        "match": report.match,
        "checks": [_row_json(row, said, lang) for row in report.rows],
        "then": report.then and {"verdict": report.then[0], "reason": report.then[1]},
        "chain": [_link_json(link) for link in report.chain],
        "timeline": [_moment_json(moment) for moment in report.timeline],
        "replaces": report.replaces,
        "replaced_by": report.replaced_by,
        "receipt": None,
    }


def _both(tell: Callable[[str], str]) -> dict[str, str]:
    return {lang: tell(lang) for lang in ALWAYS_TOLD}


def _row_json(row: Row, said: InWords, lang: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "family": row.family,
        "outcome": row.outcome,
        "code": row.code,
        "detail": said.row(row, lang),
        "details": _both(partial(said.row, row)),
        "act": row.act,
        "org": row.org,
        "about": _both(partial(said.about, row)),
        "figures": row.about.figures,
        "rule": row.rule,
        "evidence": row.evidence,
    }


def _link_json(link: Link) -> dict[str, Any]:
    logged = link.logged and {
        **link.logged.__dict__, "earliest": _time(link.logged.earliest), "latest": _time(link.logged.latest)
    }  # fmt: skip
    told = {name: value for name, value in link.__dict__.items() if name != "rows"}
    return {**told, "at": _time(link.at), "until": _time(link.until), "logged": logged}


def _moment_json(moment: Moment) -> dict[str, Any]:
    return {**moment.__dict__, "at": utc_text(moment.at), "decided_at": _time(moment.decided_at)}


def _time(seconds: int | None) -> str | None:
    return None if seconds is None else utc_text(seconds)
