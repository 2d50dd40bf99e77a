"""One realistic Report per verdict, made by hand, for tests of words and pages. Every person and office is invented."""

from dataclasses import replace
from typing import Any

from certsvc.core.outcomes import About
from certsvc.verify.checks import CHECKS
from certsvc.verify.report import EXIT_CODES, NOT_COMPARED, Moment, Report, Row

DAY = 86_400
#: 2026-12-03 10:20 in Asia/Shanghai.
ISSUED = 1_796_264_400
NOW = ISSUED + 89 * DAY

COMMITTEE = ("o-committee", "示例市工程系列机械专业副高级评审委员会")
HRSS = ("o-hrss", "示例省人力资源和社会保障厅")
OFFICE = ("o-office", "示例市工程系列评委会办公室")

#: (kind, (organisation id, name), document number, days before issue)
ACTS = (
    ("unit_notice", ("o-unit", "示例机械制造有限公司"), "示机人字〔2026〕31号", 120),
    ("recommend", ("o-county", "示例县人力资源和社会保障局"), "示县人社荐〔2026〕8号", 104),
    ("recommend", ("o-city", "示例市人力资源和社会保障局"), "示市人社荐〔2026〕57号", 96),
    ("accept", OFFICE, "示工评办〔2026〕12号", 80),
    ("draw", OFFICE, "示工评办〔2026〕19号", 62),
    ("evaluate", COMMITTEE, "示工评〔2026〕3号", 55),
    ("result_notice", ("o-organiser", "示例市工业和信息化局"), "示工信公示〔2026〕6号", 50),
    ("settle_objections", ("o-supervisor", "示例市纪检监察组"), "示纪核〔2026〕6号", 36),
    ("approve", HRSS, "示人社评〔2026〕118号", 20),
    ("issue", HRSS, "示人社证〔2026〕204号", 0),
)
CERTIFICATE: dict[str, Any] = {
    "number": "22202600010520001233",
    "version": 1,
    "licence_id": "1.2.156.3005.2.11220000MB0000000Q001.11220000MB0000000Q.0000001.001.0",
    "holder_name": "王示例",
    "title": "高级工程师",
    "title_en": "Senior Engineer",
    "level": "deputy_senior",
    "series": "05",
    "series_zh": "工程技术人员",
    "specialty": "机械设计",
    "granted_on": "2026-11-13",
    "issued_on": "2026-12-03",
    "issuer": HRSS[1],
    "committee": COMMITTEE[1],
    "track_word": "评审",
    "approval": {"org": HRSS[1], "number": "示人社评〔2026〕118号", "date": "2026-11-13"},
    "validity_scope": "全省",
    "term_until": None,
    "photo": True,
}


def path(**outcomes: str) -> tuple[Moment, ...]:
    """The acts, with the outcome of the named kinds."""
    return tuple(
        Moment(ISSUED - days * DAY, kind, org[0], org[1], document, outcomes.get(kind, "pass"))
        for kind, org, document, days in ACTS
    )


def rows(**changed: tuple[str, str, About]) -> tuple[Row, ...]:
    """All checks: passed, no file given, and as `changed` says (check id -> outcome, code, about)."""
    return tuple(_row(check, changed.get(check.id)) for check in CHECKS)


def _row(check: Any, change: tuple[str, str, About] | None) -> Row:
    if change is None and check.family == "document":
        change = ("not_run", "no_file_given", About())
    outcome, code, about = change or ("pass", None, About())
    return Row(check.id, check.family, outcome, code, about, check.rule)


ISSUED_MOMENT = Moment(ISSUED, "issued", *HRSS, "示人社评〔2026〕118号")
VALID = Report(
    verdict="valid",
    reason=None,
    about=About(),
    decided_at=NOW,
    as_of=NOW,
    record_source="native",
    status_as_of=NOW - 67,
    fresh_until=NOW + 1733,
    certificate=CERTIFICATE,
    rows=rows(),
    path=path(),
    timeline=(ISSUED_MOMENT,),
)


def ended(verdict: str, act: str, document: str, reason: str, **moment: Any) -> Report:
    """VALID after one lifecycle act, thirty days before it is asked about."""
    about = About(act, HRSS[0], {"reason": reason})
    event = Moment(NOW - 30 * DAY, act, *HRSS, document, **moment)
    changed = rows(in_force=("fail", verdict, about))
    return replace(VALID, verdict=verdict, reason=verdict, about=about, rows=changed, timeline=(ISSUED_MOMENT, event))


def failed(verdict: str, check: str, code: str, outcome: str = "fail", about: About | None = None) -> Report:
    """VALID but for one check."""
    about = about or About()
    return replace(VALID, verdict=verdict, reason=code, about=about, rows=rows(**{check: (outcome, code, about)}))


def bare(verdict: str, code: str, **figures: str) -> Report:
    """A report without evidence."""
    nothing = tuple(Row(c.id, c.family, "not_run", "no_evidence", About(), c.rule) for c in CHECKS)
    return Report(verdict, code, About(figures=figures), NOW, NOW, rows=nothing)


def _broken() -> Report:
    about = About(None, None, {"typ": "vc+jwt"})
    found = tuple(
        row if row.id == "credential_signature" else replace(row, outcome="not_run", code="signature_failed")
        for row in rows(credential_signature=("fail", "sig_bad", about))
    )
    return Report("tampered", "sig_bad", about, NOW, NOW, rows=found)


QUORUM = About("evaluate", COMMITTEE[0], {"members": "21", "present": "13"})

REPORTS: dict[str, Report] = {
    "valid": VALID,
    "superseded": ended("superseded", "correct", "示人社更〔2027〕2号", "correction"),
    "suspended": ended("suspended", "suspend", "示人社停〔2027〕1号", "inquiry"),
    "revoked": ended("revoked", "revoke", "示人社撤〔2027〕3号", "fraud", retroactive=True),
    "withdrawn": ended("withdrawn", "withdraw", "示人社注〔2027〕9号", "holder_request"),
    "out_of_term": replace(
        failed("out_of_term", "within_term", "out_of_term", about=About(figures={"until": "2027-01-31"})),
        certificate={**CERTIFICATE, "term_until": "2027-01-31"},
    ),
    "void": replace(failed("void", "facts_hold", "fact_quorum_two_thirds", about=QUORUM), path=path(evaluate="fail")),
    "tampered": _broken(),
    "not_issued": bare("not_issued", "foreign_host", host="verify.example.invalid"),
    "no_record": bare("no_record", "no_record"),
    "cannot_decide": failed("cannot_decide", "status_fresh", "status_stale", "unknown", About(figures={"days": "9"})),
    "unreadable": bare("unreadable", "check_character"),
}
MISMATCH = replace(VALID, match={**NOT_COMPARED, "name": "mismatch", "id_last4": "match"})
BY_NUMBER = replace(
    VALID,
    certificate={
        **{name: CERTIFICATE[name] for name in ("number", "title", "level", "series", "series_zh", "granted_on")},
        "holder_name": "王*",
    },
    path=(),
    timeline=(),
)

if REPORTS.keys() != EXIT_CODES.keys():
    raise AssertionError("one report per verdict")
