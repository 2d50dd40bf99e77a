"""CHECKS: every check of a certificate in the order in which it is told. Start reading here.

1. integrity  – every signature holds over the exact bytes, and nothing unused is carried along
2. chain      – every key is certified for its use up to a root we hold
3. authority  – every organisation was granted what it did, in scope and in time
4. procedure  – the track's acts stand, each once, in order, with true facts, intervals and separations
5. status     – nothing has ended or paused the certificate at the time asked about
6. register   – the talent register holds the same bytes
7. document   – the file is the one that was signed

Unless integrity passed nothing else is run, since nothing else in the evidence can be believed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from certsvc.core.errors import Malformed
from certsvc.core.outcomes import About, Fault, NotRun, Unknown
from certsvc.verify import authority, certificate, chain, document, integrity, procedure, register, status
from certsvc.verify.case import Case
from certsvc.verify.report import Row


@dataclass(frozen=True)
class Check:
    """One claim that can be true. `run` returns when it is, and raises Fault, Unknown or NotRun when it is not."""

    id: str
    family: str
    rule: str
    run: Callable[[Case], None]


CHECKS: tuple[Check, ...] = (
    Check("credential_signature", "integrity", "RFC 7515 5.2", integrity.credential_signature),
    Check("act_signatures", "integrity", "RFC 7515 7.2.1", integrity.act_signatures),
    Check("authority_signatures", "integrity", "RFC 7515 5.2", integrity.authority_signatures),
    Check("status_signature", "integrity", "RFC 7515 5.2", integrity.status_signature),
    Check("nothing_unused", "integrity", "docs/format.md 7", integrity.nothing_unused),
    Check("keys_certified", "chain", "RFC 5280 6.1; docs/format.md 2", chain.keys_certified),
    Check("offices_match_keys", "chain", "docs/format.md 2", chain.offices_match_keys),
    Check("trust_current", "authority", "docs/format.md 7", authority.trust_current),
    Check("keys_in_service", "authority", "docs/format.md 6, 7", authority.keys_in_service),
    Check("grants_nest", "authority", "docs/format.md 3; 人社部令第40号 第八条", authority.grants_nest),
    Check("acts_granted", "authority", "吉林省2022年职称工作通知 六(一)", authority.acts_granted),
    Check("certificate_granted", "authority", "docs/format.md 3", authority.certificate_granted),
    Check("lifecycle_granted", "authority", "docs/format.md 3", authority.lifecycle_granted),
    Check("status_key_granted", "authority", "docs/format.md 3", authority.status_key_granted),
    Check("procedure_in_force", "procedure", "docs/format.md 4", procedure.procedure_in_force),
    Check("entry_on_every_roster", "procedure", "RFC 6962 2.1.1; docs/format.md 4", procedure.entry_on_every_roster),
    Check("acts_linked", "procedure", "docs/format.md 4", procedure.acts_linked),
    Check("acts_complete", "procedure", "吉林省2022年职称工作通知 六(二)", procedure.acts_complete),
    Check("enough_signers", "procedure", "吉林省2022年职称工作通知 六(二)", procedure.enough_signers),
    Check("facts_hold", "procedure", "人社部令第40号 第十九、二十条", procedure.facts_hold),
    Check("notices_long_enough", "procedure", "人社部令第40号 第十六、二十六条", procedure.notices_long_enough),
    Check("powers_separated", "procedure", "吉林省2022年职称工作通知 六(二)", procedure.powers_separated),
    Check("documents_dated", "procedure", "docs/format.md 4", procedure.documents_dated),
    Check("certificate_matches_entry", "procedure", "docs/format.md 4", certificate.certificate_matches_entry),
    Check("corrections_linked", "procedure", "docs/format.md 5", certificate.corrections_linked),
    Check("events_lawful", "status", "docs/format.md 5", status.events_lawful),
    Check("status_fresh", "status", "draft-ietf-oauth-status-list 8.3", status.status_fresh),
    Check("events_complete", "status", "docs/format.md 5", status.events_complete),
    Check("in_force", "status", "draft-ietf-oauth-status-list 7", status.in_force),
    Check("within_term", "status", "docs/format.md 5", status.within_term),
    Check("registered_as_signed", "register", "docs/format.md 8", register.registered_as_signed),
    Check("file_untouched", "document", "ETSI EN 319 142-1; docs/format.md 7", document.file_untouched),
    Check("file_signed_by_issuer", "document", "docs/format.md 7", document.file_signed_by_issuer),
)


def run_checks(case: Case, checks: tuple[Check, ...] = CHECKS) -> tuple[Row, ...]:
    """One row per check, in order."""
    rows: list[Row] = []
    for check in checks:
        code = None if check.family == "integrity" else _why_not_believed(rows)
        rows.append(_row(check, "not_run", code) if code else _run(check, case))
    return tuple(rows)


def _why_not_believed(rows: list[Row]) -> str | None:
    """Code for all that follows a signature that failed, or could not be judged; None when all of them hold."""
    outcomes = {row.outcome for row in rows if row.family == "integrity"}
    return "signature_failed" if "fail" in outcomes else None if outcomes <= {"pass"} else "signature_unknown"


def _run(check: Check, case: Case) -> Row:
    try:
        check.run(case)
    except Fault as fault:
        return _row(check, "fail", fault.code, _named(fault.about, case))
    except Unknown as unknown:
        return _row(check, "unknown", unknown.code, unknown.about)
    except NotRun as not_run:
        return _row(check, "not_run", not_run.code)
    except Malformed as error:
        return _row(check, "unknown", error.code)
    except Exception as error:  # a check that raises proves nothing; it must not decide, and must not be lost
        return _row(check, "unknown", "check_raised", About(figures={"error": type(error).__name__}))
    return _row(check, "pass", None)


def _named(about: About, case: Case) -> About:
    """`about` with the certified name of its organisation beside the identifier."""
    name = case.org_names.get(about.org) if about.org else None
    return replace(about, figures={**about.figures, "org_name": name}) if name else about


def _row(check: Check, outcome: str, code: str | None, about: About | None = None) -> Row:
    return Row(check.id, check.family, outcome, code, about or About(), check.rule)
