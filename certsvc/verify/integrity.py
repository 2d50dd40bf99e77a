"""Integrity: every signature holds over the exact bytes, and the bundle holds nothing that is not used."""

from functools import lru_cache

from certsvc.core.bundle import REMEMBERED_BYTES, parse_shared
from certsvc.core.chain import certificate_key, has_issued, load_certificate
from certsvc.core.errors import Malformed
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault
from certsvc.verify.case import Case

#: More issuing CAs than authorities along any path; each costs a look at every signer.
MAX_ISSUING_CAS = 8


def credential_signature(case: Case) -> None:
    """The certificate's own signature holds."""
    _signatures_hold(case, case.bundle.credential)


def act_signatures(case: Case) -> None:
    """Both signatures of every act and lifecycle act hold, and no act lacks one."""
    for step in case.bundle.path:
        _signatures_hold(case, step.act)
    for event in case.corrections_and_events:
        _signatures_hold(case, event.propose)
        _signatures_hold(case, event.decide)


def authority_signatures(case: Case) -> None:
    """The signatures of grants, procedure, calendars and trust bundle hold."""
    bundle = case.bundle
    for document in (*bundle.grants, bundle.procedure, *bundle.calendars, bundle.trust):
        _signatures_hold(case, document)


def status_signature(case: Case) -> None:
    """The signature of the status list holds."""
    _signatures_hold(case, case.bundle.status_list)
    if case.status_list is not case.bundle.status_list:
        _signatures_hold(case, case.status_list)


def nothing_unused(case: Case) -> None:
    """Every grant, calendar and certificate in the bundle is named by something in it, and stands there once."""
    bundle = case.bundle
    named = {kid for document in bundle.documents for kid in (s.unverified_kid for s in document.signatures)}
    signers = [case.certs_by_jkt[kid] for kid in sorted(named & case.certs_by_jkt.keys())]
    others = [der for jkt, der in case.certs_by_jkt.items() if jkt not in named]
    if len(others) > MAX_ISSUING_CAS or not all(any(has_issued(ca, one) for one in signers) for ca in others):
        raise Fault("unused_evidence", what="certificate")
    calendars = {step.act.unverified_payload["calendar"] for step in bundle.path}
    _all_named([document.sha256 for document in bundle.calendars], calendars, "calendar")
    _all_named([document.sha256 for document in bundle.grants], _named_grants(case), "grant")
    if len(case.certs_by_jkt) != len(bundle.certs):
        raise Fault("unused_evidence", what="certificate")


def _named_grants(case: Case) -> set[str]:
    # The credential's and the status list's keys are found through the issuer's own grants.
    issuer = case.credential["iss"].rpartition(":")[2]
    own = {grant.sha256 for grant in case.bundle.grants if grant.unverified_payload["sub"] == issuer}
    return case.named_grants | own


def _all_named(present: list[str], named: set[str], what: str) -> None:
    if len(set(present)) != len(present) or not set(present) <= named:
        raise Fault("unused_evidence", what=what)


def _signatures_hold(case: Case, document: Jws) -> None:
    # A large document is not kept: see `parse_shared`.
    holds = _holds if len(document.body) <= REMEMBERED_BYTES else _holds.__wrapped__
    for position in range(len(document.signatures)):
        if not holds(document.body, document.typ, position, case.certificate_of(document, position)):
            payload = document.unverified_payload
            raise Fault("sig_bad", payload.get("act"), payload.get("org"), typ=document.typ)


@lru_cache(maxsize=16_384)
def _holds(body: bytes, typ: str, position: int, der: bytes) -> bool:
    """Whether the key in `der` made the signature. Remembered, since acts and grants are shared by whole rosters."""
    try:
        key = certificate_key(load_certificate(der))
    except Malformed:
        return False
    return parse_shared(body, typ).signed_by(key, position)
