"""Pages as text: a Report and a language in, HTML out. Nothing here knows about requests, so pages can be previewed."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from certsvc import resources
from certsvc.core.calendar import SHANGHAI, local_date, utc_text
from certsvc.verify import words, words_times
from certsvc.verify.report import Report
from certsvc.verify.words_terms import LANGUAGES, LEVELS, MATCHES, OUTCOMES
from certsvc.verify.words_verdicts import PHONE
from certsvc.web import pictures
from certsvc.web.texts import TEXTS

#: The four things to compare (experience.md 0): (text, member of the certificate, shown in figures' type).
_COMPARED = (("name", "holder_name", False), ("title", "title", False), ("specialty", "specialty", False))
_NUMBER = ("number", "number", True)
#: What else was signed: (text, member).
_FACTS = (
    ("granted", "granted_on"),
    ("issued", "issued_on"),
    ("issuer", "issuer"),
    ("series", "series_zh"),
    ("track", "track_word"),
    ("committee", "committee"),
    ("scope", "validity_scope"),
    ("term", "term_until"),
    ("version", "version"),
    ("licence", "licence_id"),
)


#: Outcome -> its sign in a row; with the word beside it, so that neither colour nor sign is needed.
MARKS = {"pass": "✓", "fail": "✗", "unknown": "?", "not_run": "·", "not_applicable": "·"}


@dataclass(frozen=True)
class Site:
    """What every page says about where it comes from."""

    host: str
    band: str | None = None
    """demo | test | None: the striped band on instances whose papers have no legal effect."""


def render(name: str, site: Site, lang: str, here: str, **values: Any) -> str:
    """The page `name` of templates/public. `here` is the path to which the language links lead."""

    def text(key: str) -> str:
        return words.say(TEXTS[key], lang)

    template = _environment().get_template(f"public/{name}.html")
    said = {"t": text, "lang": lang, "here": here, "host": site.host, "band": site.band, "phone": PHONE, "more": ""}
    return template.render(css=_style(), **said | values)


def verdict_page(site: Site, report: Report, lang: str, here: str, code: str | None = None, tries: bool = True) -> str:
    """The verdict page. With `code` (grouped or not) it has photo, compare box and the evidence to download."""
    certificate = report.certificate
    chain = pictures.chain(report, lang)
    states = [row.outcome for row in report.rows]
    at = utc_text(report.as_of) if report.as_of != report.decided_at else None
    return render(
        "verdict",
        site,
        lang,
        here,
        report=report,
        certificate=certificate,
        headline=words.headline(report, lang),
        others=[words.headline(report, other) for other in LANGUAGES if other != lang],
        reason=words.reason(report, lang),
        advice=words.advice(report, lang),
        mismatched=[words.say(MATCHES[key], lang) for key in MATCHES if report.match.get(key) == "mismatch"],
        comma="、" if lang == "zh" else ", ",
        colon=":" if lang == "zh" else ": ",
        compared=_compared(certificate or {}, lang),
        facts=_facts(certificate or {}),
        limited=certificate is not None and "issuer" not in certificate,
        ticking=report.verdict == "valid",
        source=_source(report),
        status_of=_near(report.status_as_of, report.decided_at),
        fresh=_near(report.fresh_until, report.decided_at),
        time_source=words_times.source(report, lang),
        lasted=words_times.lasted(report, lang),
        photo=f"/photo/{code}" if code and (certificate or {}).get("photo") else None,
        box=f"/v/{code}" if code and report.verdict == "valid" else None,
        past=f"/v/{code}" if code else None,
        at=at,
        more=f"&at={at}" if at and code else "",
        answers=_answers(report, lang),
        first_day=local_date(report.timeline[0].at).isoformat() if report.timeline else None,
        today=local_date(report.decided_at).isoformat(),
        versions=_versions(report, lang),
        compared_now=_compared_now(report, lang),
        no_tries=not tries,
        bundle=f"/api/v1/certificates/{code}/bundle" if code and certificate else None,
        chain=chain,
        chain_line=_chain_line(chain, lang),
        timeline=pictures.timeline(report, lang),
        checks=[(family, lines, _tally(lines, lang)) for family, lines in pictures.checks(report, lang)],
        marks=MARKS,
        checks_line=_checks_line(states, lang),
        states={state: words.say(said, lang) for state, said in OUTCOMES.items()},
    )


@cache
def stylesheet() -> str:
    """The one style sheet, put into every page so that a verdict is one response."""
    text = (resources.templates_dir() / "public" / "style.css").read_text(encoding="utf-8")
    return text.replace("\n", "")


def _style() -> Markup:
    # Our own file, without any value of a request: the one text of a page that is not escaped.
    return Markup(stylesheet())  # noqa: S704


@cache
def stylesheet_hash() -> str:
    """The CSP source that allows exactly this style sheet (CSP Level 3, 2.3.1)."""
    return "sha256-" + b64encode(hashlib.sha256(stylesheet().encode()).digest()).decode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(resources.templates_dir()), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["clock"] = words.clock
    environment.filters["clock_s"] = _clock_with_seconds
    return environment


def _clock_with_seconds(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _near(seconds: int | None, now: int) -> str:
    """A time of the same day without its date: a phone has little room."""
    text = _clock_with_seconds(seconds or now)
    return text[11:] if text[:10] == _clock_with_seconds(now)[:10] else text


def _source(report: Report) -> str | None:
    """native | archive, where the page may say so: a procedure that failed is not called proved."""
    procedure = {row.outcome for row in report.rows if row.family == "procedure"}
    if report.record_source == "native" and "pass" in procedure <= {"pass", "not_applicable"} and report.chain:
        return "native"
    return "archive" if report.record_source == "archive" else None


def _compared(certificate: Mapping[str, Any], lang: str) -> list[tuple[str, str, bool]]:
    shown = dict(certificate)
    if "title" in shown:
        level = words.term(LEVELS, shown.get("level"), lang)
        english = f"{shown['title_en']} · " if lang != "zh" and shown.get("title_en") else ""
        shown["title"] = (
            f"{shown['title']}({english}{level})" if lang == "zh" else f"{shown['title']} ({english}{level})"
        )
    return [(key, str(shown[member]), mono) for key, member, mono in (*_COMPARED, _NUMBER) if shown.get(member)]


def _facts(certificate: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [(key, str(certificate[member])) for key, member in _FACTS if certificate.get(member)]
    approval = certificate.get("approval")
    if approval:
        facts.append(("approval", f"{approval['org']} · {approval['number']} · {approval['date']}"))
    return facts


def _compared_now(report: Report, lang: str) -> list[tuple[str, str]]:
    asked = [(words.say(MATCHES[key], lang), report.match.get(key, "not_checked")) for key in MATCHES]
    return [pair for pair in asked if pair[1] != "not_checked"]


def _answers(report: Report, lang: str) -> list[tuple[str, str, str, str]]:
    """(verdict, label, headline, reason) as was known at the time asked about, and as is known now."""
    then = words.as_known_then(report)
    both = [("known_then", then), ("known_now", report)] if then else []
    return [
        (one.verdict, words.say(TEXTS[label], lang), words.headline(one, lang), words.reason(one, lang))
        for label, one in both
        if one is not None
    ]


def _versions(report: Report, lang: str) -> list[str]:
    """The versions before and after this one, as far as the register tells."""
    both = (("replaces", report.replaces), ("replaced_by", report.replaced_by))
    return [words.say(TEXTS[key], lang).format(**other) for key, other in both if other is not None]


def _tally(lines: list[pictures.CheckLines], lang: str) -> str:
    """How the rows of one family came out, in a few words."""
    found = pictures.counts([line.state for check in lines for line in check.lines for _ in range(line.count)])
    return "  ".join(f"{MARKS[name]} {n} {words.say(OUTCOMES[name], lang)}" for name, n in found.items() if n)


def _chain_line(chain: list[pictures.Bead], lang: str) -> str:
    found = pictures.counts([link.state for link in chain])
    open_ = len(chain) - found["pass"] - found["fail"]
    key = "chain_all" if found["pass"] == len(chain) else "chain_some"
    figures = {"count": len(chain), "passed": found["pass"], "failed": found["fail"], "open": open_}
    return words.say(TEXTS[key], lang).format(**figures)


def _checks_line(states: list[str], lang: str) -> str:
    found = pictures.counts(states)
    not_run = found["not_run"] + found["not_applicable"]
    said = words.say(TEXTS["checks_sum"], lang)
    return said.format(pass_=found["pass"], fail=found["fail"], unknown=found["unknown"], not_run=not_run)
