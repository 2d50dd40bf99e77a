"""The steps of a procedure: each done where it belongs, by an office that was granted the act in a role it names."""

from collections.abc import Iterable, Mapping
from typing import Any

from certsvc.core.grants import Grant, covers
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.core.regions import local_roles
from certsvc.verify.authority import grant_of
from certsvc.verify.batch import Batch
from certsvc.verify.pairing import Step, acts_of, names_absent, pairing, roles_said
from certsvc.verify.path import Path, act_fault


def step_done(batch: Batch, step: Step, acts: tuple[Jws, ...]) -> None:
    """Returns if the step was done where it belongs, by the roles it names, from the lower to the higher.

    Raises Fault: act_missing (nobody did it, or not each office above the unit), order, role_not_allowed, or that of
    `grant_of`; Unknown: act_left_out.
    """
    path = batch.path
    if not acts:
        misplaced = [act for act in pairing(path).strays if act.unverified_payload["act"] == step["act"]]
        if misplaced:
            raise act_fault("order", misplaced[0])
        if _for_want_of_evidence(batch, step):
            raise Unknown("act_left_out", act=step["act"])
        raise _undone(path, step, step["roles"], ())
    roles = [grant_for(path, act, step).payload["role"] for act in acts]
    ranks = [step["roles"].index(role) for role in roles]
    if ranks != sorted(set(ranks)):
        raise act_fault("order", acts[-1])
    lacking = [role for role in called_for(step, path.target.region) if role not in roles]
    if lacking:
        following = [act for act, rank in zip(acts, ranks, strict=True) if rank > step["roles"].index(lacking[0])]
        if _for_want_of_evidence(batch, step, following):
            raise Unknown("act_left_out", act=step["act"])
        before = [act for act in acts if act not in following]
        raise _undone(path, step, lacking[:1], before)


def called_for(step: Mapping[str, Any], region: str) -> tuple[str, ...]:
    """The roles of a step each of which must have signed for a unit in `region` (逐级, 吉林省2022年职称工作通知 六(二)).

    Where it is none, one of the roles of the step is enough.
    """
    return tuple(role for role in step["roles"] if step["each_role"] and role in local_roles(region))


def _for_want_of_evidence(batch: Batch, step: Step, following: Iterable[Jws] = ()) -> bool:
    """Whether an act of the step may merely be left out; `following` did the same step after it."""
    pairs = pairing(batch.path).pairs
    later = [*following, *(act for _, acts in pairs[_number(pairs, step) + 1 :] for act in acts)]
    return names_absent(batch.path, later[0]) if later else left_out_after(batch)


def left_out_before(path: Path, act: Jws) -> bool:
    """Whether the act before this one may merely be left out of the evidence (docs/decisions/0020).

    It names acts and none of them is at hand, and the procedure has room for one more between it and the act before.
    """
    place = path.places[act.sha256]
    return names_absent(path, act) and _room(path, path.acts[place - 1] if place else None, act)


def left_out_after(batch: Batch) -> bool:
    """The same of what follows the last act at hand: the certificate names it, or where it was corrected nothing does."""
    path, head = batch.path, batch.stated.head.rpartition(":")[2]
    named = bool(batch.corrections) or (head != "" and head not in path.places)
    return named and _room(path, acts_of(path)[-1], None)


def _room(path: Path, before: Jws | None, after: Jws | None) -> bool:
    """Whether a lawful path may have an act between these two: a step, or another role of a step that each role does."""
    low = range(-1, 0) if before is None else _turns(path, before)
    end = sum(map(_width, path.procedure["steps"]))
    high = range(end, end + 1) if after is None else _turns(path, after)
    return len(low) > 0 and len(high) > 0 and high[-1] - low[0] > 1


def _turns(path: Path, act: Jws) -> range:
    """Whose turn it is when an act is done: its place where each step counts once, and each role of a step with `each_role`.

    A step's whole width where no grant at hand says the role; nothing for a stray.
    """
    number, steps = pairing(path).places.get(act.sha256), path.procedure["steps"]
    if number is None:
        return range(0)
    step, first = steps[number], sum(map(_width, steps[:number]))
    said = roles_said(path, act)
    rank = next((n for n, role in enumerate(step["roles"]) if role in said), None)
    if not step["each_role"] or rank is None:
        return range(first, first + _width(step))
    return range(first + rank, first + rank + 1)


def _width(step: Step) -> int:
    return len(step["roles"]) if step["each_role"] else 1


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


def _undone(path: Path, step: Step, roles: list[str], lower: Iterable[Jws]) -> Fault:
    """The Fault of a step that none of `roles` did; those below them did it by the acts `lower`."""
    held = path.grants_at_hand.values()
    holders = [grant.org for grant in held if covers(grant, roles, step["act"], path.target)]
    pairs = pairing(path).pairs
    earlier = [*(act for _, acts in pairs[: _number(pairs, step)] for act in acts), *lower]
    # Without an earlier act it is the first at hand that should have waited for it.
    payload = (earlier[-1] if earlier else path.acts[0]).unverified_payload
    said = {**step, "roles": roles}
    return missing(said, holders, ("after" if earlier else "before", payload["act"], payload["org"]))


def _number(pairs: Iterable[tuple[Step, tuple[Jws, ...]]], step: Step) -> int:
    return next(n for n, (one, _) in enumerate(pairs) if one is step)
