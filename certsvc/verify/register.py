"""Register: the talent register holds this very certificate. Asked only online."""

from certsvc.core.calendar import local_date
from certsvc.core.jose import Jws
from certsvc.core.outcomes import NotRun, Unknown
from certsvc.verify.case import Case
from certsvc.verify.path import act_fault, time_of


def registered_as_signed(case: Case) -> None:
    """The register's certificate of this number and version is byte for byte this one."""
    registered = case.evidence.registered
    if registered is None:
        raise NotRun("offline")
    if registered != case.bundle.credential.sha256:
        # Two sources disagree. That is a matter for the office, not a finding about the paper.
        raise Unknown("register_differs")


def not_annulled_since(case: Case) -> None:
    """No later version was revoked for the time asked about: that ends the title, in whatever version it was printed."""
    revocation = annulling(case)
    if revocation is not None:
        reason = revocation.unverified_payload["reason"]
        raise act_fault("revoked", revocation, reason=reason, decided=time_of(revocation))


def annulling(case: Case) -> Jws | None:
    """The decision about a later version that ended this one with it at the time asked about; None where none counts, and
    before this one was issued."""
    revocation = case.evidence.annulled
    if revocation is None or case.at < case.issued_at or (case.known is not None and time_of(revocation) > case.known):
        return None
    effective = revocation.unverified_payload["effective"]
    counts = effective["retroactive"] or effective["from"] <= local_date(case.at).isoformat()
    return revocation if counts else None
