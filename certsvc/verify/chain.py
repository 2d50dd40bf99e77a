"""Chain: every key belongs to whom it should, by X.509 up to a root we hold (formats.md 2)."""

from certsvc.core.outcomes import Fault
from certsvc.verify.case import Case


def keys_certified(case: Case) -> None:
    """Every signing key has a certificate for its use, valid when it signed, up to a pinned root."""
    for document in case.bundle.documents:
        for position in range(len(document.signatures)):
            case.signer(document, position)
    if case.status_list is not case.bundle.status_list:
        case.signer(case.status_list)


def offices_match_keys(case: Case) -> None:
    """Officer, seal and payload of every act name one organisation, and the issuer's name is the certificate's."""
    acts = [step.act for step in case.bundle.path]
    acts += [act for event in case.corrections_and_events for act in (event.propose, event.decide)]
    for act in acts:
        payload = act.unverified_payload
        people = [case.signer(act, position) for position in range(len(act.signatures))]
        if any(one.org != payload["org"] for one in people):
            raise Fault("org_mismatch", payload["act"], payload["org"])
        if people[0].officer is None or people[0].officer != payload["officer"]:
            raise Fault("officer_mismatch", payload["act"], payload["org"])
    issuer = case.signer(case.bundle.credential)
    stated = case.credential["issuer"]
    if case.credential["iss"] != f"urn:certsvc:org:{issuer.org}" or stated["name"] != issuer.org_name:
        raise Fault("issuer_mismatch", "issue", issuer.org)
