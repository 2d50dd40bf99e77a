"""CHECKS: every check of a certificate in the order in which it is told. Start reading here.

1. integrity  – every signature holds over the exact bytes, and nothing unused is carried along
2. chain      – every key is certified for its use up to a root we hold
3. authority  – every organisation was granted what it did, in scope and in time
4. procedure  – the track's acts stand, each once, in order, with true facts, intervals and separations
5. log        – all of it stands in the public log, in order, when it says, and enough witnesses saw it
6. status     – nothing has ended or paused the certificate at the time asked about
7. register   – the talent register holds the same bytes
8. document   – the file is the one that was signed

Where a signature does not hold nothing else is run, since nothing else in the evidence can be believed; otherwise everything
is, and each act, grant and fact has a row of its own. What a check may look at – the path that a roster shares, the
batch that was issued together, or the one certificate – stands with what it is asked about (`subjects`). What rests on
evidence that nobody signed is left out in the end (`unheard`, `unfit`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from certsvc.verify import (
    authority,
    certificate,
    chain,
    document,
    entry,
    integrity,
    log,
    printed,
    procedure,
    register,
    status,
    steps,
)
from certsvc.verify import subjects as each
from certsvc.verify.case import Case
from certsvc.verify.judge import BATCH, HEAD, PATH, STATUS_LIST, Check, with_a
from certsvc.verify.report import Row
from certsvc.verify.unfit import unfit_left_out
from certsvc.verify.unheard import unheard_left_out
from certsvc.verify.verdict import REQUIRED, decide

#: Sources of the rules. What rests on `FORMAT` alone is a rule of our own (docs/decisions/0026).
FORMAT, JWS, ACT = "docs/format.md", "RFC 7515 5.2", "RFC 7515 7.2.1"
X509, ENDED = f"RFC 5280 6.1; {FORMAT} 2", f"RFC 5280 5.3.1, 5.3.2; {FORMAT} 3.5, 7.1"
DECREE, NOTICE = "人社部令第40号", "吉林省2022年职称工作通知"
IN_SCOPE, IN_TURN, TRACEABLE = f"{NOTICE} 六(一)", f"{NOTICE} 六(二)", f"{NOTICE} 五(一)"
LIST, VC, JWT = "draft-ietf-oauth-status-list", "W3C VC Data Model 2.0", "RFC 7519"
C2SP, ONE_LOG = "C2SP tlog-proof; RFC 9162 2.1.3.2", "C2SP tlog-checkpoint; RFC 9162 11.3"
SEEN = f"C2SP tlog-cosignature; {FORMAT} 6.2"
LOGGED = with_a("log_asked", "log_not_required")
FILE = with_a("file", "no_file_given")

#: Asked before any signature is verified.
GATE = Check("keys_at_home", "chain", X509, chain.keys_at_home, BATCH)

CHECKS: tuple[Check, ...] = (
    Check("credential_signature", "integrity", JWS, integrity.credential_signature),
    Check("act_signatures", "integrity", ACT, integrity.signatures_hold, each.acts),
    Check("authority_signatures", "integrity", JWS, integrity.signatures_hold, each.authorities),
    Check("lifecycle_signatures", "integrity", ACT, integrity.own_signature, each.lifecycle_acts),
    Check("status_signature", "integrity", JWS, integrity.own_signature, each.lists),
    Check("nothing_unused", "integrity", f"{FORMAT} 7.2", integrity.nothing_unused, BATCH),
    GATE,
    Check("keys_certified", "chain", X509, chain.keys_certified, each.documents),
    Check("issuer_certified", "chain", X509, chain.issuer_certified, BATCH),
    Check("own_keys_certified", "chain", X509, chain.own_keys_certified, each.own_documents),
    Check("signed_and_sealed", "chain", IN_TURN, chain.signed_and_sealed, each.acts),
    Check("lifecycle_signed_and_sealed", "chain", IN_TURN, chain.own_signed_and_sealed, each.counted_acts),
    Check("one_root", "chain", X509, chain.one_root, HEAD),
    Check("issuer_named", "chain", f"{JWT} 4.1.1; {VC} 4.7; {FORMAT} 2", chain.issuer_named, BATCH),
    Check("trust_current", "authority", f"{JWT} 4.1.4; {FORMAT} 7.1", authority.trust_current, BATCH),
    Check("keys_in_service", "authority", ENDED, authority.keys_in_service, each.documents),
    Check("issuer_key_in_service", "authority", ENDED, authority.issuer_key_in_service, BATCH),
    Check("own_keys_in_service", "authority", ENDED, authority.own_keys_in_service, each.own_documents),
    Check("grants_nest", "authority", f"{DECREE} 第八条; {FORMAT} 3.2", authority.grant_nests, each.grants),
    Check(
        "acts_granted", "authority", f"{DECREE} 第三十八条; {IN_SCOPE}; {FORMAT} 3.3", authority.act_granted, each.acts
    ),
    Check("certificate_granted", "authority", f"{TRACEABLE}; {FORMAT} 3.3", authority.certificate_granted, BATCH),
    Check("lifecycle_granted", "authority", f"{FORMAT} 3.3, 5.3", authority.lifecycle_granted, each.counted_acts),
    Check(
        "status_key_granted", "authority", f"{LIST} 8.3; {FORMAT} 3.3, 5.5", authority.status_key_granted, STATUS_LIST
    ),
    Check("procedure_in_force", "procedure", f"{IN_SCOPE}; {FORMAT} 4.6", procedure.procedure_in_force, PATH),
    Check("one_procedure", "procedure", f"{FORMAT} 4.5", procedure.one_procedure, each.acts),
    Check(
        "entry_on_every_roster",
        "procedure",
        f"RFC 6962 2.1.1; {FORMAT} 4.2, 4.5",
        entry.entry_on_roster,
        each.places,
        entry.entry_on_rosters,
    ),
    Check("acts_linked", "procedure", f"{IN_TURN}; {FORMAT} 4.5", procedure.act_linked, each.acts),
    Check("acts_complete", "procedure", IN_TURN, steps.step_done, each.steps),
    Check("nothing_beyond", "procedure", IN_TURN, procedure.nothing_beyond, each.acts),
    Check("head_named", "procedure", f"{VC} 5.6; {FORMAT} 4.6", certificate.head_named, BATCH),
    Check("enough_signers", "procedure", IN_TURN, procedure.enough_signers, each.steps_done),
    Check("meeting_facts", "procedure", f"{DECREE} 第十九、二十条", procedure.meeting_fact_holds, each.meeting_facts),
    Check(
        "person_facts", "procedure", f"{DECREE} 第二十条", entry.row_fact_holds, each.row_facts, entry.row_facts_hold
    ),
    Check("notices_long_enough", "procedure", f"{DECREE} 第十六、二十六条", procedure.notice_long_enough, each.notices),
    Check("powers_separated", "procedure", IN_TURN, procedure.powers_separated, each.separations),
    Check(
        "documents_dated",
        "procedure",
        f"党政机关公文处理工作条例 第九条; {FORMAT} 4.6",
        procedure.document_dated,
        each.acts,
    ),
    Check("acts_quoted", "procedure", f"{TRACEABLE}; {FORMAT} 5.1", certificate.acts_quoted, BATCH),
    Check("dates_agree", "procedure", f"{JWT} 4.1.1, 4.1.5; {VC} 4.9; {FORMAT} 5.1", certificate.dates_agree, BATCH),
    Check(
        "certificate_matches_entry",
        "procedure",
        f"{JWT} 4.1.2, 4.1.7; {VC} 4.8; {FORMAT} 4.1",
        certificate.certificate_matches_entry,
    ),
    Check("versions_linked", "procedure", f"{TRACEABLE}; {FORMAT} 5.2", certificate.versions_linked, BATCH),
    Check(
        "corrections_linked", "procedure", f"{TRACEABLE}; {FORMAT} 5.3", certificate.correction_linked, each.corrections
    ),
    Check(
        "corrections_decided", "procedure", f"{FORMAT} 5.3", certificate.decided_by_another, each.corrections_proposed
    ),
    Check("printed_as_decided", "procedure", f"{TRACEABLE}; {FORMAT} 5.1", printed.printed_as_decided),
    Check("grants_logged", "log", C2SP, log.logged, each.logged_grants),
    Check("acts_logged", "log", C2SP, log.logged, each.logged_acts),
    Check("log_order", "log", f"RFC 9162 2.1.4; {FORMAT} 6.2", log.act_in_order, each.logged_acts),
    Check("grant_times_fit", "log", SEEN, log.time_fits, each.timed_grants),
    Check("act_times_fit", "log", SEEN, log.time_fits, each.timed_acts),
    Check("certificate_logged", "log", C2SP, log.certificate_logged, LOGGED),
    Check("certificate_time_fits", "log", SEEN, log.certificate_in_order, BATCH),
    Check("decisions_logged", "log", C2SP, log.decision_logged, each.decisions),
    Check("lists_logged", "log", C2SP, log.list_logged, each.lists_proved),
    Check(
        "lists_follow_log",
        "log",
        f"C2SP tlog-checkpoint, tlog-cosignature; {FORMAT} 6.2",
        log.list_covers,
        each.lists_bound,
    ),
    Check("one_log", "log", ONE_LOG, log.one_log, BATCH),
    Check("log_not_forked", "log", ONE_LOG, log.not_forked, each.checkpoints),
    Check("events_lawful", "status", f"{LIST} 7; {FORMAT} 5.4", status.event_lawful, each.events),
    Check("events_decided", "status", f"{FORMAT} 5.3", certificate.decided_by_another, each.events_proposed),
    Check("status_fresh", "status", f"{LIST} 8.3", status.status_fresh, STATUS_LIST),
    Check("events_complete", "status", f"{LIST} 8.3; {FORMAT} 5.5", status.events_complete),
    Check("in_force", "status", f"{LIST} 7; {FORMAT} 5.4", status.in_force),
    Check("within_term", "status", f"{FORMAT} 5.1", status.within_term),
    Check(
        "registered_as_signed",
        "register",
        f"{NOTICE} 五(一)、五(三); {FORMAT} 8",
        register.registered_as_signed,
        with_a("register", "offline"),
    ),
    Check(
        "not_annulled_since",
        "register",
        f"{TRACEABLE}; {FORMAT} 8",
        register.not_annulled_since,
        with_a("register", "offline"),
    ),
    Check("file_untouched", "document", f"ISO 32000-2 12.8; {FORMAT} 7.3", document.file_untouched, FILE),
    Check("file_signed_by_issuer", "document", f"RFC 5280 6.1; {FORMAT} 7.3", document.file_signed_by_issuer, FILE),
)


@dataclass(frozen=True)
class Finding:
    """What all checks found together."""

    parts: tuple[tuple[Row, ...], ...]
    """The rows of each check."""
    required: tuple[str, ...] = REQUIRED
    """The families without which nothing is valid."""

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for part in self.parts for row in part)

    @cached_property
    def odd(self) -> tuple[Row, ...]:
        """The rows that did not pass, and might have."""
        return tuple(row for row in self.rows if row.outcome in ("fail", "unknown"))

    @cached_property
    def drawn(self) -> tuple[Row, ...]:
        """The rows that mark a link: those that did not pass, and those that had to and were not run for want of evidence."""
        return tuple(
            row
            for row in self.rows
            if row.outcome in ("fail", "unknown") or (row.outcome == "not_run" and row.family in self.required)
        )

    @cached_property
    def decision(self) -> tuple[str, Row | None]:
        return decide(self.rows, self.required)


def find(case: Case, checks: tuple[Check, ...] = CHECKS) -> Finding:
    """The rows of all checks, in order. All certificates of a batch that pass have one finding."""
    shared = _shared(case, checks)
    if shared is None:
        return Finding(tuple(GATE.rows(case) if check is GATE else check.not_run("keys_foreign") for check in checks))
    first = shared.others is None
    if first:
        signed = shared.signatures.rows(case)
        if _failed(signed):
            return _unbelieved(shared, signed)
        shared.others = _ask(case, shared.rest)
        if any(row.outcome != "pass" for rows in signed for row in rows):
            return _together(shared, case)
    questions = shared.questions(first)
    if questions is None:
        return _together(shared, case)
    try:
        for run, arguments in questions:
            run(case, *arguments)
    except Exception:
        # Something did not pass: every check is asked for its rows.
        return _together(shared, case)
    if shared.passed is None:
        shared.passed = _together(shared, case, passed=True)
    return shared.passed


Rows = tuple[Row, ...]
Questions = tuple[tuple[Callable[..., None], tuple[Any, ...]], ...]


@dataclass(frozen=True)
class _Asked:
    """Checks with what is known of them for all certificates of a batch."""

    checks: tuple[Check, ...]
    parts: tuple[Rows | None, ...]
    """The rows of each check that looks at path or batch alone, or has nothing to look at in it; else None."""
    questions: Questions | None
    """All that is asked about one certificate; None where certificates have lifecycle acts, and so questions, of
    their own."""

    def rows(self, case: Case, passed: bool = False) -> tuple[Rows, ...]:
        """The rows of each check; with `passed` every question about the certificate was asked already, and none raised."""
        pairs = zip(self.checks, self.parts, strict=True)
        return tuple(
            (check.passed(case) if passed else check.rows(case)) if rows is None else rows for check, rows in pairs
        )


@dataclass
class _Shared:
    """What all certificates of a batch have in common."""

    checks: tuple[Check, ...]
    rest: tuple[Check, ...]
    """The checks after those of integrity."""
    signatures: _Asked
    """The checks of integrity."""
    others: _Asked | None = None
    """The rest; None until the signatures held for one certificate: nothing is asked of what somebody altered."""
    passed: Finding | None = None
    """The finding about each certificate for which no question raises."""

    def questions(self, signed: bool) -> Questions | None:
        """What is asked about one certificate; where it is `signed`, the signatures were asked already."""
        first, then = self.signatures.questions, self.others.questions if self.others else None
        if first is None or then is None:
            return None
        return then if signed else (*first, *then)


def _shared(case: Case, checks: tuple[Check, ...]) -> _Shared | None:
    """None where too much was signed by strangers, or by nobody at hand, to be verified at all."""
    known: _Shared | None = case.batch.memory.get("shared")
    if known is None or known.checks is not checks:
        if GATE in checks and GATE.rows(case)[0].outcome != "pass":
            return None
        first = tuple(check for check in checks if check.family == "integrity")
        rest = tuple(check for check in checks if check.family != "integrity")
        known = case.batch.memory["shared"] = _Shared(checks, rest, _ask(case, first))
    return known


def _ask(case: Case, checks: tuple[Check, ...]) -> _Asked:
    parts = tuple(check.idle(case.batch) if check.each.view == "case" else check.rows(case) for check in checks)
    own = [check.questions(case.path) for check, rows in zip(checks, parts, strict=True) if rows is None]
    asked = None if None in own else tuple(one for questions in own for one in questions or ())
    return _Asked(checks, parts, asked)


def _together(shared: _Shared, case: Case, passed: bool = False) -> Finding:
    """All rows; `passed` as in `_Asked.rows`."""
    signed = shared.signatures.rows(case, passed)
    if _failed(signed) or shared.others is None:
        return _unbelieved(shared, signed)
    required = (*REQUIRED, "log") if case.path.strict else REQUIRED
    others = unheard_left_out(case, signed, shared.others.rows(case, passed))
    return Finding((*signed, *unfit_left_out(case, others)), required)


def _failed(signed: tuple[Rows, ...]) -> bool:
    """Whether a signature does not hold."""
    return any(row.code == "sig_bad" for rows in signed for row in rows)


def _unbelieved(shared: _Shared, signed: tuple[Rows, ...]) -> Finding:
    """Nothing else can be believed, so nothing else is asked, nor said to have passed or failed."""
    return Finding((*signed, *(check.not_run("signature_failed") for check in shared.rest)))
