"""Lifecycle of one certificate: one officer proposes, another decides (`certsvc status …`, docs/format.md 5).

Both halves are signed acts, and the decision is told to the holder in a notice. Once it stands in the log the status
list is published: a list covers what the log has. A correction makes the next version, which supersedes the one before.
"""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from certsvc.core.calendar import local_date
from certsvc.core.claims import Target
from certsvc.core.codes import check_certificate_number, parse_verification_code
from certsvc.core.errors import Malformed, NotFound, Refused
from certsvc.core.grants import check_allows, check_nesting
from certsvc.core.jose import Jws, parse_document, sign_general
from certsvc.core.outcomes import Fault
from certsvc.core.statuslist import AFTER, VALID
from certsvc.instance import Instance
from certsvc.services import correction, documents, issue, log_leaves, notices
from certsvc.services.act_rules import target_of
from certsvc.services.annulment import first_issued
from certsvc.services.coming_into_force import check_path, check_unlogged
from certsvc.services.credential import describe
from certsvc.services.open_proposals import check_decidable, open_proposal
from certsvc.services.publish import WAITING, check_status_key, list_within, renew_status_list
from certsvc.services.room import check_event
from certsvc.services.slots import free_slots
from certsvc.services.status_rules import STATES, Proposal, check_clock, check_dates, check_proposal
from certsvc.services.witness_list import check_witnesses
from certsvc.store import certificates as certificate_store
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import rosters as roster_store
from certsvc.store import status as status_store
from certsvc.store.rows import Certificate, CorrectedEntry, Entry, IssueIntent, Officer, StatusEvent, StatusProposal

__all__ = [
    "STATES",
    "Proposal",
    "approve",
    "approve_within",
    "find_certificate",
    "propose",
    "propose_within",
]


def propose(instance: Instance, proposal: Proposal) -> str:
    """Signs and stores the proposal; returns its id. Raises Fault, Refused, Malformed, NotFound."""
    with log_leaves.transaction(instance) as connection:
        return propose_within(instance, connection, proposal)


def propose_within(instance: Instance, connection: Connection, proposal: Proposal) -> str:
    """As `propose`, inside the caller's transaction."""
    check_witnesses(instance)
    # The proposals first and then the certificate, as a decision does: two who lock in two orders wait in a circle.
    identity = status_store.next_proposal_id(connection)
    certificate = find_certificate(instance, connection, proposal.code_or_number)
    entry = _entry(connection, certificate)
    # From here on nobody else changes this certificate, so what is checked is what is signed.
    q = status_store.next_q(connection, certificate.id)
    check_proposal(proposal, _value(connection, certificate), certificate.number)
    _check_dates(instance, connection, certificate, proposal.kind, proposal.effective_from, proposal.document)
    check_clock(instance.now(), _last_time(connection, certificate))
    if proposal.kind == "suspend" and certificate.state == WAITING:
        # It would come back in force without ever having been proved; an end needs no proof.
        raise Refused(WAITING, "证书尚未生效,不能暂停", "It is not in force yet.", "certsvc log tick")
    check_event(instance, connection, certificate, proposal.kind)
    corrected = None
    if proposal.kind == "correct":
        corrected = correction.correct(instance, connection, certificate, entry, proposal.changes)
        # After a theft thousands are signed anew, and the drill knows already which of them stand on sound acts.
        if proposal.reason != "key_compromised":
            check_path(instance, connection, certificate, f"certsvc status revoke {certificate.number} --help")
    officer = _officer(connection, proposal.officer_id)
    payload = _payload(instance, connection, certificate, entry, proposal, corrected, q)
    document = _sign(instance, connection, payload, officer, target_of(entry))
    row = StatusProposal(
        identity, certificate.id, proposal.kind, document.sha256, officer.pseudonym, "open", instance.now()
    )
    status_store.add_proposal(connection, row)
    if corrected is not None:
        roster_store.add_corrected(connection, corrected)
    return identity


def approve(instance: Instance, proposal_id: str, officer_id: str) -> issue.Issued | None:
    """Another human decides; returns the next version after a correction.

    Raises Refused for the same human, and as `check_decidable` for a proposal that can be decided no more.
    Raises NotReady(key_expired) where the certificate of a key that signs, or would sign the list, has run out: nothing is
    decided then. Raises NotReady(waiting_for_log) when the decision is kept and the log does not answer: list and next version wait.
    """
    with log_leaves.transaction(instance) as connection:
        issued = approve_within(instance, connection, proposal_id, officer_id)
        uri = _list_of(connection, proposal_id)
    renew_status_list(instance, uri)
    if issued is None:
        return None
    done = issue.complete(instance, [issued])
    # Somebody else may have completed it in the moment between.
    return done[0] if done else issued


def approve_within(
    instance: Instance, connection: Connection, proposal_id: str, officer_id: str
) -> issue.Issued | None:
    """As `approve`, inside the caller's transaction; what comes after it is the caller's: the list, the log's word."""
    check_witnesses(instance)
    status_store.lock_proposal(connection, proposal_id)
    row = open_proposal(connection, proposal_id)
    officer = _officer(connection, officer_id)
    if officer.pseudonym == row.pseudonym:
        zh, en = "提出人与决定人不得为同一人", "The human who proposed cannot decide."
        raise Refused("same_human", zh, en, f"certsvc status approve {proposal_id} --officer OTHER")
    certificate = certificate_store.find_certificate(connection, row.certificate_id)
    if certificate is None:
        raise LookupError(row.certificate_id)
    proposed = documents.load_document(connection, row.sha256, "act+jwt")
    check_decidable(instance, connection, certificate, row, proposed)
    check_status_key(instance, connection)
    decided = _decide(instance, connection, certificate, proposed, officer)
    status_store.close_proposal(connection, proposal_id)
    _record(instance, connection, certificate, proposed, decided)
    notices.write_notice(instance, connection, certificate, decided.unverified_payload)
    if row.kind != "correct":
        return None
    # Decision and next version stand or fall together: nobody is left with a superseded certificate only.
    intent = _intend_next(instance, connection, certificate, decided)
    issued = issue.issued_of(instance, intent, issue.sign_intent(instance, intent))
    # It may be the first certificate of its list, and in another than the version before.
    uri = issued.certificate.list_uri
    try:
        check_unlogged(instance, connection, [issued.certificate], {uri: list_within(instance, connection, uri)})
    except Refused:
        check_path(instance, connection, certificate, f"certsvc status drop {proposal_id}")
        raise
    issue.store(instance, connection, issued)
    return issued


def find_certificate(instance: Instance, connection: Connection, code_or_number: str) -> Certificate:
    """The certificate of a verification code, or the newest version of a number. Raises NotFound."""
    try:
        key = instance.data_keys.blind("code", parse_verification_code(code_or_number))
        found = certificate_store.find_by_code_key(connection, key)
    except Malformed:
        try:
            versions = certificate_store.find_by_number(connection, check_certificate_number(code_or_number))
        except Malformed:
            versions = ()
        found = max(versions, key=lambda c: c.version) if versions else None
    if found is None:
        zh, en = "没有此查验码或编号的证书", "No certificate with this code or number."
        raise NotFound("certificate_unknown", zh, en, "certsvc list")
    return found


def _payload(
    instance: Instance,
    connection: Connection,
    certificate: Certificate,
    entry: Entry,
    proposal: Proposal,
    corrected: CorrectedEntry | None,
    q: int,
) -> dict[str, Any]:
    said = None
    if corrected is not None:
        said = correction.stated(instance, connection, certificate, entry, corrected, proposal.changes)
    return {
        "act": proposal.kind,
        "stage": "propose",
        "certificate": certificate.sha256,
        "slot": {"uri": certificate.list_uri, "idx": certificate.idx},
        "q": q,
        "value": AFTER[_value(connection, certificate)][proposal.kind],
        "prev": [],
        "reason": proposal.reason,
        "effective": {"retroactive": proposal.retroactive, "from": proposal.effective_from},
        "correction": said,
        "document": dict(proposal.document),
    }


def _decide(
    instance: Instance, connection: Connection, certificate: Certificate, proposed: Jws, officer: Officer
) -> Jws:
    """The decision repeats the proposal word for word."""
    payload = proposed.unverified_payload
    # A proposal may be older than this rule, or than a clock that was set back.
    _check_dates(instance, connection, certificate, payload["act"], payload["effective"]["from"], payload["document"])
    check_clock(instance.now(), max(payload["iat"], _last_time(connection, certificate)))
    repeated = {**payload, "stage": "decide", "prev": [proposed.sha256]}
    return _sign(instance, connection, repeated, officer, target_of(_entry(connection, certificate)))


def _check_dates(
    instance: Instance,
    connection: Connection,
    certificate: Certificate,
    act: str,
    effective_from: str | None,
    paper: Mapping[str, str],
) -> None:
    issued, today = first_issued(connection, certificate), local_date(instance.now())
    check_dates(effective_from, paper, issued, today, f"certsvc status {act} {certificate.number} --help")


def _sign(instance: Instance, connection: Connection, payload: dict[str, Any], officer: Officer, target: Target) -> Jws:
    """Both signatures over one half of a lifecycle act, under a grant that allows it. Raises Fault."""
    key = documents.officer_key(connection, officer.id)
    seal = documents.own_key(connection, officer.org_id, "seal")
    keys = ((seal.jkt, "seal"), (key.jkt, "officer"))
    grant = _allowing(connection, officer.org_id, keys, payload["act"], target, instance.now())
    _check_org(instance, connection, officer.org_id, payload["act"])
    whole = {
        **payload,
        "jti": f"s-{uuid4()}",
        "org": officer.org_id,
        "officer": officer.pseudonym,
        "grants": [grant],
        "iat": instance.now(),
    }
    body = sign_general(whole, "act+jwt", [instance.signer(key), instance.signer(seal)])
    document_store.add_document(connection, "act+jwt", body, subject=payload["certificate"], iat=instance.now())
    document = parse_document(body, "act+jwt")
    log_leaves.log_document(instance, connection, document)
    return document


def _allowing(
    connection: Connection, org: str, keys: tuple[tuple[str, str], ...], act: str, target: Target, now: int
) -> str:
    """The first grant of the organisation that allows the act with these keys. Raises Fault."""
    names = [g.sha256 for g in documents.grants_of(connection, org)]
    grants = documents.grants_with_parents(connection, names)
    fault = Fault("key_unknown_to_grant", act, org)
    for name in names:
        try:
            check_nesting(grants[name], grants)
            if all(grants[name].has_key(*one) for one in keys):
                check_allows(grants[name], act, target, now)
                documents.check_standing(connection, grants[name], now, act)
                return name
        except Fault as refused:
            fault = refused
    raise fault


def _check_org(instance: Instance, connection: Connection, org: str, act: str) -> None:
    """The issuer changes the status of its certificates, or an office above it. Raises Fault for any other."""
    own = [g.sha256 for g in documents.grants_of(connection, instance.settings.authority)]
    above = {grant.org for grant in documents.grants_with_parents(connection, own).values()}
    if org not in above:
        raise Fault("status_org_foreign", act, org)


def _record(instance: Instance, connection: Connection, certificate: Certificate, proposed: Jws, decided: Jws) -> None:
    payload = decided.unverified_payload
    event = StatusEvent(
        certificate.id,
        payload["q"],
        payload["act"],
        payload["value"],
        proposed.sha256,
        decided.sha256,
        payload["effective"]["retroactive"],
        payload["effective"]["from"],
        instance.now(),
    )
    status_store.add_event(connection, event)
    certificate_store.set_state(connection, certificate.id, STATES[payload["value"]])
    # One that never came into force does not either from now on.
    certificate_store.remove_intent(connection, certificate.id)


def _intend_next(instance: Instance, connection: Connection, certificate: Certificate, decided: Jws) -> IssueIntent:
    """The intent of the next version, whose head is the decision. Raises as `issue.check_keys`."""
    issue.check_keys(instance, connection)
    entry = _entry(connection, certificate)
    version, slot = certificate.version + 1, free_slots(instance, connection).take()
    head = f"urn:certsvc:act:{decided.sha256}"
    body = describe(instance, connection, entry, version, certificate.number, slot, head)
    return issue.add_intent(instance, connection, entry, version, certificate.number, body)


def _list_of(connection: Connection, proposal_id: str) -> str:
    """The status list of the certificate that a proposal is about."""
    proposal = status_store.find_proposal(connection, proposal_id)
    certificate = proposal and certificate_store.find_certificate(connection, proposal.certificate_id)
    if certificate is None:
        raise LookupError(proposal_id)
    return certificate.list_uri


def _entry(connection: Connection, certificate: Certificate) -> Entry:
    entry = roster_store.find_entry(connection, certificate.entry_id)
    if entry is None:
        raise LookupError(certificate.entry_id)
    return entry


def _officer(connection: Connection, officer_id: str) -> Officer:
    officer = key_store.find_officer(connection, officer_id)
    if officer is None:
        raise NotFound(
            "officer_unknown", f"经办人不存在:{officer_id}", f"No officer {officer_id}.", "certsvc keys list"
        )
    return officer


def _value(connection: Connection, certificate: Certificate) -> int:
    events = status_store.list_events(connection, certificate.id)
    return events[-1].value if events else VALID


def _last_time(connection: Connection, certificate: Certificate) -> int:
    """When the last thing happened to a certificate, in seconds since 1970 UTC: its issue, or its last event."""
    events = status_store.list_events(connection, certificate.id)
    return max(certificate.issued_at, events[-1].at if events else 0)
