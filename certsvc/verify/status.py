"""Status: what became of the certificate, at the time that is asked about. Status fails closed (formats.md 5)."""

from datetime import date, datetime, time
from functools import lru_cache

from certsvc.core.bundle import Event
from certsvc.core.calendar import SHANGHAI, local_date
from certsvc.core.errors import Malformed
from certsvc.core.jose import Jws
from certsvc.core.lifecycle import DATED, is_lawful
from certsvc.core.outcomes import Fault, Unknown
from certsvc.core.statuslist import AFTER, REVOKED, SUPERSEDED, SUSPENDED, VALID, WITHDRAWN, unpack, value_at
from certsvc.verify.authority import AHEAD, status_key_granted
from certsvc.verify.batch import Batch
from certsvc.verify.case import Case
from certsvc.verify.path import act_fault, time_of

#: Value of a slot -> verdict and code of the row.
CODES = {REVOKED: "revoked", SUSPENDED: "suspended", SUPERSEDED: "superseded", WITHDRAWN: "withdrawn"}


def event_lawful(case: Case, decide: Jws, q: int) -> None:
    """The lifecycle act is about this certificate, is lawful in itself and follows lawfully on the one before."""
    payload = decide.unverified_payload
    before = case.bundle.events[q - 1].decide if q else None
    value, earliest = (before.unverified_payload["value"], time_of(before)) if before else (VALID, case.issued_at)
    if not is_about(case, case.bundle.events[q]):
        raise act_fault("link_case", decide)
    if payload["q"] != q or AFTER[value].get(payload["act"]) != payload["value"] or not is_lawful(payload):
        raise act_fault("status_illegal", decide)
    if min(time_of(case.bundle.events[q].propose), time_of(decide)) < earliest:
        raise act_fault("order", decide)


def status_fresh(batch: Batch) -> None:
    """The newest status list at hand is not past its end (or `--max-age`), and not from the future.

    What was known at a time before it was signed, it tells for ever (docs/format.md, Then and now).
    """
    batch.path.check_heard(batch.status_list)
    payload = batch.status_list.unverified_payload
    if payload["iat"] > batch.now + AHEAD:
        raise Unknown("status_from_future")
    if batch.now > list_end(batch) and not batch.tells_of_then(payload["iat"]):
        raise Unknown("status_stale", days=(batch.now - payload["iat"]) // 86_400)


def list_end(batch: Batch) -> int:
    """Until when the newest status list at hand is believed, in seconds since 1970 UTC: its end, or what `--max-age` says."""
    payload, age = batch.status_list.unverified_payload, batch.max_age
    return int(payload["exp"] if age is None else payload["iat"] + age)


def events_complete(case: Case) -> None:
    """The last lifecycle act at hand is what the list says, so none is missing."""
    batch = case.batch
    for one in (batch.status_carried, *batch.lifecycle_acts):
        # What its signer may never have said is at odds with nothing.
        batch.path.check_heard(one)
    if _listed(case, batch.status_carried) != _last_value(case):
        raise Fault("status_diverges")


def in_force(case: Case) -> None:
    """The certificate was in force at the time asked about: not revoked, withdrawn, suspended or superseded."""
    if case.at < case.issued_at:
        raise Unknown("before_issue")
    value, event = status_at(case)
    if value != VALID:
        if event is None:
            raise Fault(CODES[value])
        payload = event.decide.unverified_payload
        raise act_fault(CODES[value], event.decide, reason=payload["reason"], decided=time_of(event.decide))


def within_term(case: Case) -> None:
    """A title or copy with a term is used within it."""
    until = case.credential["certificate"]["term_until"]
    if until is not None and local_date(case.at) > date.fromisoformat(until):
        raise Fault("out_of_term", until=until)


def status_at(case: Case) -> tuple[int, Event | None]:
    """Value of the slot at the time asked about, and the lifecycle act behind it when that is at hand.

    Acts decided later count from the day they take effect: a revocation from the beginning covers every time. Raises
    Unknown events_missing, and for a value that has no meaning here.
    """
    value, cause = VALID, None
    for event in case.batch.counted:
        if is_about(case, event) and effective_from(case, event) <= case.at:
            value, cause = int(event.decide.unverified_payload["value"]), event
    listed, last = _listed(case, case.batch.status_list), _last_value(case)
    # What was known before the list in the bundle was out is known without any list.
    counts = case.known is None or case.known > time_of(case.batch.status_carried)
    if counts and case.batch.remember("list speaks", _speaks):
        if _may_be_missing(case, listed, last):
            raise Unknown("events_missing")
        if listed != last:
            value, cause = listed, None
    if value != VALID and value not in CODES:
        raise Unknown("status_value", value=value)
    return value, cause


def listed_value(case: Case) -> int:
    """What the newest list at hand says of the certificate. Raises Unknown for a list that cannot be read."""
    return _listed(case, case.batch.status_list)


def _may_be_missing(case: Case, listed: int, last: int) -> bool:
    """Whether an act between the list in the bundle and the newest one, which is not at hand, may bear on the time asked about.

    Two values tell of an act that may reach back to any day; one value twice, unless it is final, leaves room for two
    acts that undo each other, of which neither does (docs/decisions/0038).
    """
    carried, newest = (time_of(one) for one in (case.batch.status_carried, case.batch.status_list))
    between = case.at > carried and bool(AFTER[last])
    return case.at < min(newest, case.now) and (listed != last or between)


def effective_from(case: Case, event: Event) -> int:
    """When a lifecycle act takes effect, in seconds since 1970 UTC; what may not be dated counts from its decision."""
    effective = event.decide.unverified_payload["effective"]
    if event.decide.unverified_payload["act"] not in DATED:
        return time_of(event.decide)
    if effective["retroactive"]:
        return case.issued_at
    if effective["from"] is not None:
        return int(datetime.combine(date.fromisoformat(effective["from"]), time(), SHANGHAI).timestamp())
    return time_of(event.decide)


def is_about(case: Case, event: Event) -> bool:
    """Whether a lifecycle act is about this very certificate and its slot; a neighbour's says nothing about it."""
    named, slot = event.decide.unverified_payload, case.credential["status"]["status_list"]
    return bool(named["certificate"] == case.bundle.credential.sha256 and named["slot"] == slot)


def _last_value(case: Case) -> int:
    own = [event for event in case.batch.heard if is_about(case, event)]
    return int(own[-1].decide.unverified_payload["value"]) if own else VALID


def _speaks(batch: Batch) -> bool:
    """Whether the newest list says anything about the certificate: it is the one that is named, of the issuer's own key,
    of today, and logged where that is required. What it lacks is told by rows of its own."""
    try:
        status_key_granted(batch)
        if batch.path.strict:
            batch.place(batch.status_list)
    except (Fault, Unknown):
        return False
    return time_of(batch.status_list) <= batch.now + AHEAD


def _listed(case: Case, status_list: Jws) -> int:
    try:
        slots = case.batch.remember(("slots", status_list.body), lambda _: _slots(status_list))
        return value_at(slots, case.credential["status"]["status_list"]["idx"])
    except Malformed as error:
        raise Unknown("status_form") from error


@lru_cache(maxsize=16)
def _slots(status_list: Jws) -> bytes:
    """The unpacked list; thousands of certificates share it."""
    return unpack(status_list.unverified_payload["status_list"]["lst"])
