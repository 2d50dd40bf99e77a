"""Authority: might this organisation do this act, for this target, on that day (formats.md 3)."""

from collections.abc import Iterable

from certsvc.core.grants import Grant, check_allows, check_nesting
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.case import Case, time_of


def trust_current(case: Case) -> None:
    """The trust bundle is at hand and not past its end, so a withdrawal would be known."""
    trust = case.trust
    end = trust["exp"] if case.max_age is None else trust["iat"] + max(case.max_age, trust["exp"] - trust["iat"])
    if case.now > end:
        raise Unknown("trust_expired")


def grants_nest(case: Case) -> None:
    """Every grant comes from the policy key by steps that only narrow, and none was withdrawn."""
    withdrawn = {one["sha256"] for one in case.trust["withdrawn"]}
    for grant in case.grants.values():
        check_nesting(grant, case.grants)
        if grant.sha256 in withdrawn:
            raise Fault("grant_withdrawn", org=grant.org)


def acts_granted(case: Case) -> None:
    """Each act of the path was within a grant of its organisation, in scope and in time, by keys of that grant."""
    for step in case.bundle.path:
        _check_act(case, step.act)


def certificate_granted(case: Case) -> None:
    """The key that signed the certificate is the issuer's, granted for issuing to this target at that time."""
    who = case.signer(case.bundle.credential)
    grant = _grant_with(case.grants.values(), who.org, who.jkt, "credential")
    if grant is None:
        raise Fault("key_not_granted", "issue", who.org)
    check_allows(grant, "issue", case.target, case.issued_at)


def lifecycle_granted(case: Case) -> None:
    """Each lifecycle act was proposed and decided by an organisation granted to do so."""
    for event in case.corrections_and_events:
        _check_act(case, event.propose)
        _check_act(case, event.decide)


def status_key_granted(case: Case) -> None:
    """The status list is the one that the certificate names, signed by a key granted to its issuer."""
    signer = case.signer(case.status_list)
    issuer = case.signer(case.bundle.credential).org
    if case.status_list.unverified_payload["sub"] != case.credential["status"]["status_list"]["uri"]:
        raise Fault("status_foreign", org=signer.org)
    if signer.org != issuer or _grant_with(case.grants.values(), issuer, signer.jkt, "status") is None:
        raise Fault("status_key_not_granted", org=signer.org)


def _check_act(case: Case, act: Jws) -> None:
    """Raises the fault of the grant that comes nearest, so that the reason names what was lacking."""
    payload = act.unverified_payload
    missing = [one for one in payload["grants"] if one not in case.grants]
    if missing:
        raise Unknown("grant_missing", act=payload["act"], org=payload["org"])
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
            return check_allows(grant, act, case.target, at)
        except Fault as fault:
            faults.append(fault)
    raise next((f for f in faults if f.code != "act_not_granted"), faults[0])


def _grant_with(grants: Iterable[Grant], org: str, jkt: str, use: str) -> Grant | None:
    return next((grant for grant in grants if grant.org == org and grant.has_key(jkt, use)), None)
