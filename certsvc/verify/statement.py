"""An equivalence statement (双贯通对应说明): who signed it, might they, and is it what the directory row says.

It is judged by the same words as a certificate, but it is none: no act path, no status list. It stands in the place of
the only document of a path, and of the checks those are asked that make sense here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from certsvc.core.bundle import Shared
from certsvc.core.calendar import local_date
from certsvc.core.chain import Anchor
from certsvc.core.claims import Target
from certsvc.core.errors import Malformed
from certsvc.core.jose import Jws
from certsvc.core.outcomes import About, Fault, Unknown
from certsvc.core.statement import Statement, parse_statement
from certsvc.verify.authority import first_allowing, grant_nests, grants_for, keys_in_service
from certsvc.verify.chain import roots_above, shown_under
from certsvc.verify.integrity import certificates_used, grants_used, signatures_hold
from certsvc.verify.path import Path, anchors_above, kids_of, path_of, with_parents
from certsvc.verify.report import Report, Row
from certsvc.verify.verdict import decide

#: The track of equivalences; a grant names it like any other.
TRACK = "T15"


@dataclass(frozen=True)
class StatementCase:
    """One statement under judgement, by the roots we hold."""

    one: Statement
    anchors: tuple[Anchor, ...]
    now: int
    at: int
    """The time that is asked about, not after `now`."""
    known: int | None = None
    """Only what had been declared by this time counts; None: all that is known now."""

    @cached_property
    def path(self) -> Path:
        one, roots = self.one, tuple(anchor.der for anchor in self.anchors)
        shared = Shared((), one.grants, one.signed, (), one.trust, one.certs)
        return path_of(shared, one.trust, roots, target_of(one.signed), self.known)


def target_of(signed: Jws) -> Target:
    """What a grant has to cover for a statement."""
    said = signed.unverified_payload
    mapped = said["mapped"]
    title = mapped["series"], "*", mapped["level"], mapped["title"]
    return Target(*title, TRACK, said["region"], local_date(said["iat"]).year)


def verify_statement(data: bytes, anchors: tuple[Anchor, ...], now: int, at: int | None = None) -> Report:
    """The Report on the bytes of a statement file as of `at`, asked at `now`; `unreadable` for anything else.

    A past time is answered twice, as of a certificate: as is known now, and in `then` as was known at that time.
    """
    asked = now if at is None else min(at, now)
    try:
        case = StatementCase(parse_statement(data), anchors, now, asked)
    except Malformed as error:
        return Report("unreadable", error.code, About(), now, asked, any(anchor.test for anchor in anchors))
    test, (rows, verdict, row) = _is_test(case), _judged(case)
    reason, about = (row.code, row.about) if row else (None, About())
    then, then_about = _then(case) if asked < now else (None, About())
    return Report(verdict, reason, about, now, asked, test, rows=rows, then=then, then_about=then_about)


def _then(case: StatementCase) -> tuple[tuple[str, str | None], About]:
    """Verdict and reason as they were known at the time asked about, and what they name; of a certificate likewise."""
    rows, verdict, decided = _judged(replace(case, known=case.at))
    signed = all(row.outcome == "pass" for row in rows if row.family == "integrity")
    if case.at < case.one.said["iat"] and signed and verdict not in ("tampered", "not_issued"):
        return ("cannot_decide", "before_issue"), About()
    return ((verdict, decided.code), decided.about) if decided else ((verdict, None), About())


def _judged(case: StatementCase) -> tuple[tuple[Row, ...], str, Row | None]:
    """All rows, the verdict and the row that decided it."""
    rows = tuple(_row(case, *check) for check in CHECKS)
    return rows, *decide(rows)


def _is_test(case: StatementCase) -> bool:
    try:
        anchors = anchors_above(case.path, case.anchors)
    except Exception:
        # A statement of a day that no calendar has: the checks say so.
        anchors = case.anchors
    return any(anchor.test for anchor in anchors)


def _row(case: StatementCase, name: str, family: str, rule: str, run: Callable[[StatementCase], None]) -> Row:
    outcome, code, about = "pass", name, About()
    try:
        run(case)
    except Fault as fault:
        outcome, code, about = "fail", fault.code, fault.about
    except Unknown as gap:
        outcome, code, about = "unknown", gap.code, gap.about
    except Exception as error:
        # A check that raises proves nothing; it must not decide, and must not be lost.
        outcome, code, about = "unknown", "check_raised", About(figures={"error": type(error).__name__})
    return Row(name, family, outcome, code, about, rule, None, ("issue", case.one.said["iss"]))


def _signatures(case: StatementCase) -> None:
    for document in case.path.documents:
        signatures_hold(case.path, document)


def _nothing_unused(case: StatementCase) -> None:
    """A statement names no grant: every one is of its office or lists its key, or is above one of these."""
    path, office, seal = case.path, case.one.said["iss"], case.one.signed.signatures[0].unverified_kid
    for document in path.documents:
        # What is missing is told before what it leaves without use.
        path.certificate_of(document, 0)
    certificates_used(path)
    said = {grant.sha256: grant.unverified_payload for grant in path.grants_signed}
    own = [one for one, has in said.items() if has["sub"] == office or seal in [key["jkt"] for key in has["keys"]]]
    grants_used(path, with_parents(own, path.grants_signed))


def _signers(case: StatementCase) -> None:
    path = case.path
    home = roots_above(path, kids_of([case.one.signed]))
    # Which trust bundle and which grants lie beside a statement is signed by nobody, as of a certificate.
    shown_under(path, home, {"trust": [path.trust_signed], "grants": path.grants_signed})
    for document in case.path.documents:
        case.path.signer(document)
    if case.path.signer(case.one.signed).org != case.one.said["iss"]:
        raise Fault("issuer_mismatch", "issue", case.one.said["iss"])


def _granted(case: StatementCase) -> None:
    """The seal key was granted for issuing such a title, at that time, by a line that only narrows."""
    path, org, when = case.path, case.one.said["iss"], case.path.when(case.one.signed)
    for document in path.documents:
        keys_in_service(path, document)
    for document in path.grants_signed:
        grant_nests(path, document)
    jkt = path.signer(case.one.signed).jkt
    first_allowing(path, grants_for(path, org, jkt, "seal"), "issue", when)


def _mapped(case: StatementCase) -> None:
    """The directory maps the qualification to the title; nobody is asked what he never signed."""
    case.path.check_heard(case.one.signed)
    case.one.check_mapped()


def _known(case: StatementCase) -> None:
    """A withdrawal of its key or grant would be known by now; of what was known earlier, a bundle signed since tells."""
    trust = case.path.trust
    tells = case.known is not None and case.known <= trust["iat"]
    if case.now > trust["exp"] and not tells:
        raise Unknown("trust_expired")
    if case.at < case.one.said["iat"]:
        raise Unknown("before_issue")


#: id, family, rule, what is asked.
CHECKS: tuple[tuple[str, str, str, Callable[[StatementCase], None]], ...] = (
    ("signatures_hold", "integrity", "RFC 7515 5.2", _signatures),
    ("nothing_unused", "integrity", "docs/format.md 5.7", _nothing_unused),
    ("values_opened", "integrity", "docs/format.md 4.1, 5.7", lambda case: case.one.check_opened()),
    ("signers_known", "chain", "RFC 5280 6.1; docs/format.md 2", _signers),
    ("seal_granted", "authority", "docs/format.md 3.3, 5.7", _granted),
    ("title_mapped", "procedure", "吉林省2022年职称工作通知 一(一)2", _mapped),
    ("trust_current", "status", "RFC 7519 4.1.4; docs/format.md 7.1", _known),
)
