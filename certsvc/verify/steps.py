"""The steps of a procedure: each done where it belongs, by an office that was granted the act in a role it names."""

from collections.abc import Iterable

from certsvc.core.grants import Grant, covers
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.authority import grant_of
from certsvc.verify.batch import Batch
from certsvc.verify.pairing import Step, pairing
from certsvc.verify.path import Path, act_fault


def step_done(batch: Batch, step: Step, acts: tuple[Jws, ...]) -> None:
    """Returns if the step was done where it belongs, by the roles it names, from the lower to the higher.

    Raises Fault: act_missing (nobody did it), order, role_not_allowed, or that of `grant_of`; Unknown: act_left_out.
    """
    path = batch.path
    if not acts:
        misplaced = [act for act in pairing(path).strays if act.unverified_payload["act"] == step["act"]]
        if misplaced:
            raise act_fault("order", misplaced[0])
        check_left_out(batch, step["act"])
        raise _undone(path, step)
    ranks = [step["roles"].index(grant_for(path, act, step).payload["role"]) for act in acts]
    if ranks != sorted(set(ranks)):
        raise act_fault("order", acts[-1])


def check_left_out(view: Path | Batch, act: str) -> None:
    """Raises Unknown when a step seems undone because its act is not at hand: something names an act that is not here.

    Who was to do it may well have; the bundle does not show it. Where all acts name each other and the step is absent,
    nobody did it.
    """
    path = view if isinstance(view, Path) else view.path
    named = {one for signed in path.acts for one in signed.unverified_payload["prev"]}
    if isinstance(view, Batch) and not view.corrections:
        named.add(view.stated.head.rpartition(":")[2])
    here = {one.sha256 for one in path.acts}
    if not named <= here and any(not acts for _, acts in pairing(path).pairs):
        raise Unknown("act_left_out", act=act)


def grant_for(path: Path, act: Jws, step: Step) -> Grant:
    """The one grant that allowed the act and has a role of its step.

    Raises Fault: role_not_allowed (granted, in other roles only), or that of `grant_of` (not granted).
    """
    grant = grant_of(path, act)
    if grant.payload["role"] not in step["roles"]:
        raise act_fault("role_not_allowed", act, roles=",".join(step["roles"]))
    return grant


def people_behind(path: Path, act: Jws) -> set[str]:
    """The organisation and the humans behind an act, from their certificates."""
    signers = path.signers(act)
    return {"org:" + s.org for s in signers} | {"human:" + s.officer for s in signers if s.officer}


def missing(step: Step, holders: Iterable[str], beside: tuple[str, str, str]) -> Fault:
    """The Fault of a step that nobody did. It names who should have: `holders` of a grant for it, where any is known.

    Else the office that was to see it done: `beside` is ("after" or "before", kind, organisation) of the act next to it.
    """
    where, kind, org = beside
    able, roles = sorted(set(holders)), ",".join(step["roles"])
    if able:
        return Fault("act_missing", step["act"], able[0], roles=roles, holders=",".join(able))
    return Fault("act_missing", step["act"], org, **{"roles": roles, where: kind})


def _undone(path: Path, step: Step) -> Fault:
    held = path.grants_at_hand.values()
    holders = [grant.org for grant in held if covers(grant, step["roles"], step["act"], path.target)]
    pairs = pairing(path).pairs
    place = next(n for n, (one, _) in enumerate(pairs) if one is step)
    earlier = [act for _, acts in pairs[:place] for act in acts]
    # Without an earlier act it is the first at hand that should have waited for it.
    payload = (earlier[-1] if earlier else path.acts[0]).unverified_payload
    return missing(step, holders, ("after" if earlier else "before", payload["act"], payload["org"]))
