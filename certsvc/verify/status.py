"""Status: what became of the certificate, at the time that is asked about. Status fails closed (formats.md 5)."""

from datetime import date, datetime, time

from certsvc.core.bundle import Event
from certsvc.core.calendar import SHANGHAI, local_date
from certsvc.core.errors import Malformed
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.core.statuslist import AFTER, REVOKED, SUPERSEDED, SUSPENDED, VALID, WITHDRAWN, unpack, value_at
from certsvc.verify.case import Case, time_of
from certsvc.verify.certificate import check_decided_by_another
from certsvc.verify.path import act_fault

#: Value of a slot -> verdict and code of the row.
CODES = {REVOKED: "revoked", SUSPENDED: "suspended", SUPERSEDED: "superseded", WITHDRAWN: "withdrawn"}


def events_lawful(case: Case) -> None:
    """Each lifecycle act is about this certificate, follows lawfully on the one before, and was decided by another."""
    value, earliest = VALID, case.issued_at
    slot = case.credential["status"]["status_list"]
    for q, event in enumerate(case.bundle.events):
        payload = event.decide.unverified_payload
        if payload["certificate"] != case.bundle.credential.sha256 or payload["slot"] != slot:
            raise act_fault("link_case", event.decide)
        if payload["q"] != q or AFTER[value].get(payload["act"]) != payload["value"]:
            raise act_fault("status_illegal", event.decide)
        if time_of(event.decide) < earliest:
            raise act_fault("order", event.decide)
        check_decided_by_another(case, event.propose, event.decide)
        value, earliest = payload["value"], time_of(event.decide)


def status_fresh(case: Case) -> None:
    """The newest status list at hand is not past its end (or `--max-age`), and not from the future."""
    payload = case.status_list.unverified_payload
    if payload["iat"] > case.now + 120:
        raise Unknown("status_from_future")
    end = payload["exp"] if case.max_age is None else payload["iat"] + case.max_age
    if case.now > end:
        raise Unknown("status_stale", days=(case.now - payload["iat"]) // 86_400)


def events_complete(case: Case) -> None:
    """The last lifecycle act at hand is what the list says, so none is missing."""
    if _listed(case, case.bundle.status_list) != _last_value(case):
        raise Fault("status_diverges")


def in_force(case: Case) -> None:
    """The certificate was in force at the time asked about: not revoked, withdrawn, suspended or superseded."""
    if case.at < case.issued_at:
        raise Unknown("before_issue")
    value, event = status_at(case)
    if value != VALID:
        if event is None:
            raise Fault(CODES[value])
        raise act_fault(CODES[value], event.decide, reason=event.decide.unverified_payload["reason"])


def within_term(case: Case) -> None:
    """A title or copy with a term is used within it."""
    until = case.credential["certificate"]["term_until"]
    if until is not None and local_date(case.at) > date.fromisoformat(until):
        raise Fault("out_of_term", until=until)


def status_at(case: Case) -> tuple[int, Event | None]:
    """Value of the slot at the time asked about, and the lifecycle act behind it when that is at hand.

    Acts decided later count from the day they take effect: a revocation from the beginning covers every time. Raises
    Unknown for a value that has no meaning here.
    """
    value, cause = VALID, None
    for event in case.bundle.events:
        if effective_from(case, event) <= case.at:
            value, cause = int(event.decide.unverified_payload["value"]), event
    listed = _listed(case, case.status_list)
    if listed != _last_value(case):
        # An act that is not at hand may reach back to any day; only for the present does the list itself answer.
        if case.at < min(time_of(case.status_list), case.now):
            raise Unknown("events_missing")
        value, cause = listed, None
    if value != VALID and value not in CODES:
        raise Unknown("status_value", value=value)
    return value, cause


def effective_from(case: Case, event: Event) -> int:
    """When a lifecycle act takes effect, in seconds since 1970 UTC."""
    effective = event.decide.unverified_payload["effective"]
    if effective["retroactive"]:
        return case.issued_at
    if effective["from"] is not None:
        return int(datetime.combine(date.fromisoformat(effective["from"]), time(), SHANGHAI).timestamp())
    return time_of(event.decide)


def _last_value(case: Case) -> int:
    events = case.bundle.events
    return int(events[-1].decide.unverified_payload["value"]) if events else VALID


def _listed(case: Case, status_list: Jws) -> int:
    try:
        raw = unpack(status_list.unverified_payload["status_list"]["lst"])
        return value_at(raw, case.credential["status"]["status_list"]["idx"])
    except Malformed as error:
        raise Unknown("status_form") from error
