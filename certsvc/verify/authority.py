"""Authority: might this organisation do this act, for this target, on that day (formats.md 3)."""

from collections.abc import Iterable

from certsvc.core.grants import Grant, ancestry, check_allows, check_nesting
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.case import Case, time_of


def trust_current(case: Case) -> None:
    """The trust bundle is at hand and not past its end, so a withdrawal would be known."""
    trust = case.trust
    end = trust["exp"] if case.max_age is None else trust["iat"] + max(case.max_age, trust["exp"] - trust["iat"])
    if case.now > end:
        raise Unknown("trust_expired")


def keys_in_service(case: Case) -> None:
    """No key signed after it was ended, and none that signed was ever in other hands (trust bundle, `keys`).

    A stolen key can date its signatures as it likes. Until a log operates, nothing proves that one of them was made
    before the theft, so the answer is open and not no.
    """
    ended = {one["jkt"]: one for one in case.trust["keys"] if one["to"] is not None}
    stolen = None
    for document in (*case.bundle.documents, case.status_list):
        for position, signature in enumerate(document.signatures):
            end = ended.get(signature.unverified_kid)
            if end is not None and time_of(document) >= end["to"]:
                raise Fault("key_ended", org=case.signer(document, position).org, typ=document.typ)
            if end is not None and end["reason"] == "compromised":
                stolen = case.signer(document, position).org
    if stolen is not None:
        raise Unknown("key_compromised", org=stolen)


def grants_nest(case: Case) -> None:
    """Every grant comes from the policy key by steps that only narrow."""
    for grant in case.grants.values():
        check_nesting(grant, case.grants)


def acts_granted(case: Case) -> None:
    """Each act of the path was within a grant of its organisation, in scope and in time, by keys of that grant."""
    for step in case.bundle.path:
        _check_act(case, step.act)


def certificate_granted(case: Case) -> None:
    """The key that signed the certificate is the issuer's, granted for issuing to this target at that time."""
    who = case.signer(case.bundle.credential)
    held = _grants_with(case.grants.values(), who.org, who.jkt, "credential")
    if not held:
        raise Fault("key_not_granted", "issue", who.org)
    _any_allows(held, "issue", case, case.issued_at)


def lifecycle_granted(case: Case) -> None:
    """Each lifecycle act was proposed and decided by the issuer, or by one above it, and granted to do so."""
    issuer = case.signer(case.bundle.credential).org
    own = [grant for grant in case.grants.values() if grant.org == issuer]
    lawful = {grant.org for one in own for grant in ancestry(one, case.grants)}
    for act in (half for event in case.corrections_and_events for half in (event.propose, event.decide)):
        _check_act(case, act)
        payload = act.unverified_payload
        if payload["org"] not in lawful:
            raise Fault("status_org_foreign", payload["act"], payload["org"])


def status_key_granted(case: Case) -> None:
    """The status list is the one that the certificate names, signed by a key granted to its issuer."""
    signer = case.signer(case.status_list)
    issuer = case.signer(case.bundle.credential).org
    if case.status_list.unverified_payload["sub"] != case.credential["status"]["status_list"]["uri"]:
        # Somebody else's list says nothing about this certificate, neither good nor bad.
        raise Unknown("status_foreign", org=signer.org)
    held = _grants_with(case.grants.values(), issuer, signer.jkt, "status")
    if signer.org != issuer or not held:
        raise Unknown("status_key_not_granted", org=signer.org)
    if all(_is_withdrawn(case, grant) for grant in held):
        raise Unknown("grant_withdrawn", org=signer.org)


def _check_act(case: Case, act: Jws) -> None:
    """Raises the fault of the grant that comes nearest, so that the reason names what was lacking."""
    payload = act.unverified_payload
    named = [case.grants[one] for one in payload["grants"] if case.grants[one].org == payload["org"]]
    officers = {case.signer(act, position).jkt for position in range(len(act.signatures)) if position != 1}
    held = [
        g
        for g in named
        if g.has_key(case.signer(act, 1).jkt, "seal") and all(g.has_key(o, "officer") for o in officers)
    ]
    if not held:
        raise Fault("key_unknown_to_grant", payload["act"], payload["org"])
    _any_allows(held, payload["act"], case, time_of(act))


def _any_allows(held: list[Grant], act: str, case: Case, at: int) -> None:
    faults = []
    for grant in held:
        try:
            check_allows(grant, act, case.target, at)
            if _is_withdrawn(case, grant):
                raise Fault("grant_withdrawn", act, grant.org)
            return
        except Fault as fault:
            faults.append(fault)
    raise next((f for f in faults if f.code != "act_not_granted"), faults[0])


def _is_withdrawn(case: Case, grant: Grant) -> bool:
    """Whether the trust bundle withdraws `grant` or one of its ancestors.

    Until a log operates nothing proves that an act came before the withdrawal, so no act is excepted.
    """
    withdrawn = {one["sha256"] for one in case.trust["withdrawn"]}
    return any(step.sha256 in withdrawn for step in ancestry(grant, case.grants))


def _grants_with(grants: Iterable[Grant], org: str, jkt: str, use: str) -> list[Grant]:
    return [grant for grant in grants if grant.org == org and grant.has_key(jkt, use)]
