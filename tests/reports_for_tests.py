"""One realistic Report per verdict, made by hand, for tests of words and pages. Every person and office is invented."""

from dataclasses import replace
from typing import Any

from certsvc.core.outcomes import About
from certsvc.verify.checks import CHECKS
from certsvc.verify.report import EXIT_CODES, NOT_COMPARED, InLog, Link, Moment, Report, Row

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


#: Checks with a row for each act, as CHECKS has them by its subjects.
PER_ACT = frozenset(
    [
        "act_signatures",
        "keys_certified",
        "signed_and_sealed",
        "keys_in_service",
        "acts_granted",
        "one_procedure",
        "entry_on_every_roster",
        "acts_linked",
        "acts_complete",
        "acts_logged",
        "log_order",
        "act_times_fit",
        "nothing_beyond",
        "enough_signers",
        "documents_dated",
    ]
)
#: Offices with a grant, from the top: (role, office, document number).
GRANTS = (
    ("hrss", HRSS, "示人社授〔2025〕1号"),
    ("issuer", HRSS, "示人社授〔2025〕2号"),
    ("committee_office", OFFICE, "示人社授〔2025〕9号"),
    ("committee", COMMITTEE, "示人社备〔2025〕31号"),
)
#: Facts of the meeting with the article that each rests on.
MEETING_FACTS = (("evaluate", COMMITTEE, "人社部令第40号 第十九条"), ("evaluate", COMMITTEE, "人社部令第40号 第二十条"))


def logged(index: int, stated: int) -> InLog:
    """What was signed at `stated`: two witnesses had not seen it then, and had a minute later."""
    return InLog(index, stated - 20, stated + 40, 2)


def chain(**changed: dict[str, Any]) -> tuple[Link, ...]:
    """Root, authority, grants, acts, certificate and status; `changed` says what differs (act or kind -> members)."""
    acts = [
        Link(
            "act", kind, *org, "pass", (), number, ISSUED - days * DAY, None, ("officer", "seal"), evidence=number,
            logged=logged(1200 + n, ISSUED - days * DAY),
        )
        for n, (kind, org, number, days) in enumerate(ACTS)
    ]  # fmt: skip
    grants = [
        Link("grant", role, *org, "pass", (), number, ISSUED - 700 * DAY, ISSUED + 395 * DAY, evidence=number,
             logged=logged(100 + n, ISSUED - 700 * DAY))
        for n, (role, org, number) in enumerate(GRANTS)
    ]  # fmt: skip
    links = (
        Link(
            "root", "", "ROOT", "CN=示例省人社厅根证书(样章)", "pass", (), "", ISSUED - 900 * DAY, ISSUED + 9000 * DAY
        ),
        Link("authority", "issuer", *HRSS, "pass"),
        *grants,
        *acts,
        Link(
            "certificate", "", *HRSS, "pass", (), "示人社评〔2026〕118号", ISSUED, evidence="credential",
            logged=logged(1234, ISSUED),
        ),
        Link("status", "in_force", *HRSS, "pass", (), "", NOW - 67, NOW + DAY, evidence="list"),
    )  # fmt: skip
    return tuple(replace(link, **changed.get(link.name or link.kind, {})) for link in links)


def rows(**changed: tuple[str, str, About]) -> tuple[Row, ...]:
    """All checks, with a row for each act: passed, no file given, and as `changed` says (check id -> outcome, code,
    about). Where the change names an act it replaces the row of that act."""
    return tuple(row for check in CHECKS for row in _rows(check, changed.get(check.id)))


def _rows(check: Any, change: tuple[str, str, About] | None) -> list[Row]:
    if change is None and check.family == "document":
        change = ("not_run", "no_file_given", About())
    passed = _passed(check)
    if change is None:
        return passed
    outcome, code, about = change
    place = next((n for n, row in enumerate(passed) if row.about.act == about.act), 0)
    passed[place] = passed[place]._replace(outcome=outcome, code=code, about=about)
    return passed


def _passed(check: Any) -> list[Row]:
    def row(act: str | None, org: str | None, rule: str, evidence: str | None) -> Row:
        within = ("grant" if act is None and org else "issue", HRSS[0])
        return Row(check.id, check.family, "pass", check.id, About(act, org), rule, evidence, within)

    if check.id in PER_ACT:
        return [row(kind, org[0], check.rule, number) for kind, org, number, _ in ACTS]
    if check.id == "grants_nest":
        return [row(None, org[0], check.rule, number) for _, org, number in GRANTS]
    if check.id == "meeting_facts":
        return [row(act, org[0], rule, "示工评〔2026〕3号") for act, org, rule in MEETING_FACTS]
    return [row(None, None, check.rule, None)]


ISSUED_MOMENT = Moment(ISSUED, "issued", *HRSS, "示人社评〔2026〕118号")
VALID = Report(
    verdict="valid",
    reason=None,
    about=About(),
    decided_at=NOW,
    as_of=NOW,
    time_source="log",
    record_source="native",
    status_as_of=NOW - 67,
    fresh_until=NOW + 1733,
    good_until=NOW + DAY,
    certificate=CERTIFICATE,
    rows=rows(),
    chain=chain(),
    timeline=(ISSUED_MOMENT,),
)


def marked(report: Report) -> Report:
    """With the rows on each link whose codes it has."""
    chain = [replace(one, rows=tuple(row for row in report.rows if row.code in one.codes)) for one in report.chain]
    return replace(report, chain=tuple(chain))


def ended(verdict: str, act: str, document: str, reason: str, **moment: Any) -> Report:
    """VALID after one lifecycle act, thirty days before it is asked about."""
    about = About(act, HRSS[0], {"reason": reason, "decided": str(NOW - 30 * DAY)})
    event = Moment(NOW - 30 * DAY, act, *HRSS, document, **moment)
    changed = rows(in_force=("fail", verdict, about))
    links = chain(in_force={"name": verdict, "outcome": "fail", "codes": (verdict,), "document": document})
    timeline = (ISSUED_MOMENT, event)
    return marked(
        replace(VALID, verdict=verdict, reason=verdict, about=about, rows=changed, chain=links, timeline=timeline)
    )


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
        row if row.id == "credential_signature" else row._replace(outcome="not_run", code="signature_failed")
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
    "void": marked(
        replace(
            failed("void", "meeting_facts", "fact_quorum_two_thirds", about=QUORUM),
            chain=chain(evaluate={"outcome": "fail", "codes": ("fact_quorum_two_thirds",)}),
        )
    ),
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
    chain=(),
    timeline=(),
)
#: The notice of results was never given: the office that was to give it stands in its place.
ABSENT = About("result_notice", "o-organiser", {"roles": "organiser", "org_name": "示例市工业和信息化局"})
ABSENT_ACT = marked(replace(
    failed("void", "acts_complete", "act_missing", about=ABSENT),
    rows=tuple(
        row._replace(evidence=None) if row.code == "act_missing" else row
        for row in rows(acts_complete=("fail", "act_missing", ABSENT))
    ),
    chain=chain(
        result_notice={
            "outcome": "fail", "codes": ("act_missing",), "document": "", "at": None, "signed_by": (),
            "roles": ("organiser",), "evidence": None, "logged": None,
        }
    ),
))  # fmt: skip
#: Under a root that requires no log: times are as stated.
ASSERTED = replace(VALID, time_source="asserted", chain=tuple(replace(link, logged=None) for link in VALID.chain))
#: The proof of one act is missing.
UNPROVED = marked(
    replace(
        failed("cannot_decide", "acts_logged", "log_proof_missing", "unknown", About("evaluate", COMMITTEE[0])),
        chain=chain(evaluate={"outcome": "unknown", "codes": ("log_proof_missing",), "logged": None}),
    )
)
#: The committee dated its act back by thirty days.
BACKDATED = marked(
    replace(
        failed("void", "act_times_fit", "time_mismatch", about=About("evaluate", COMMITTEE[0])),
        chain=chain(
            evaluate={"outcome": "fail", "codes": ("time_mismatch",), "logged": logged(1205, ISSUED - 25 * DAY)}
        ),
    )
)
#: The committee evaluated and did not seal.
UNSEALED = marked(
    replace(
        failed("void", "signed_and_sealed", "seal_missing", about=About("evaluate", COMMITTEE[0])),
        chain=chain(evaluate={"outcome": "fail", "codes": ("seal_missing",), "signed_by": ("officer",)}),
    )
)
#: Revoked from the beginning, asked about a day before the revocation was decided.
KNOWN_LATER = replace(
    REPORTS["revoked"], as_of=NOW - 60 * DAY, then=("valid", None), rows=REPORTS["revoked"].rows, status_as_of=NOW - 67
)
CORRECTED = replace(
    VALID,
    certificate={**CERTIFICATE, "version": 2},
    replaces={"number": CERTIFICATE["number"], "version": 1, "issued_on": "2026-11-20"},
)

if REPORTS.keys() != EXIT_CODES.keys():
    raise AssertionError("one report per verdict")
