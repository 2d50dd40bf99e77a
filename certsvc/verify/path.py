"""The act path as steps of its procedure: which act did which step, under which role, over which list."""

from collections.abc import Iterator
from typing import Any

from certsvc.core.bundle import PathStep
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.case import Case


def acts_of(case: Case) -> list[Jws]:
    if not case.bundle.path:
        raise Unknown("path_missing")
    return [step.act for step in case.bundle.path]


def with_next(path: tuple[PathStep, ...]) -> Iterator[tuple[PathStep, PathStep | None]]:
    return zip(path, (*path[1:], None), strict=True)


def list_for(step: PathStep, following: PathStep | None) -> tuple[str, int]:
    """Root and count of the list that the path goes through: a part where the act divides its roster."""
    payload = step.act.unverified_payload
    parts = payload["parts"]
    if not parts:
        return payload["roster"]["root"], payload["roster"]["count"]
    index = following.act.unverified_payload["part"] if following is not None else 0
    if sum(part["count"] for part in parts) != payload["roster"]["count"] or not 0 <= index < len(parts):
        raise act_fault("parts_do_not_sum", step.act)
    return parts[index]["root"], parts[index]["count"]


def check_scope(case: Case, act: Jws) -> None:
    """From `evaluate` on a roster is homogeneous and says its scope (formats.md 4)."""
    payload = act.unverified_payload
    scope = payload["roster"]["scope"]
    late = payload["act"] in ("evaluate", "result_notice", "settle_objections", "approve", "file", "issue")
    if scope != case.target.scope() and (late or scope is not None):
        raise act_fault("target_changed", act)


def pair_steps(case: Case) -> list[tuple[dict[str, Any], list[Jws]]]:
    """Each step of the procedure with the acts that did it. Raises Fault for acts that fit no step in this order."""
    acts, pairs = acts_of(case), []
    position = 0
    for step in case.procedure["steps"]:
        start = position
        while position < len(acts) and acts[position].unverified_payload["act"] == step["act"]:
            position += 1
            if not step["each_role"]:
                break
        pairs.append((step, acts[start:position]))
    if position < len(acts):
        _raise_for_leftover(case, pairs, acts[position])
    return pairs


def _raise_for_leftover(case: Case, pairs: list[tuple[dict[str, Any], list[Jws]]], left: Jws) -> None:
    """Acts remain after the walk: one is missing, one is doubled, or they stand in another order."""
    present = [act.unverified_payload["act"] for act in acts_of(case)]
    absent = next((step for step, acts in pairs if not acts and step["act"] not in present), None)
    if absent is not None:
        raise Fault("act_missing", absent["act"], None, roles=",".join(absent["roles"]))
    raise act_fault("order", left)


def steps_of(case: Case) -> list[tuple[dict[str, Any], Jws]]:
    return [(step, act) for step, acts in pair_steps(case) for act in acts]


def role_of(case: Case, act: Jws, step: dict[str, Any]) -> str:
    """The role under which the act's organisation signed. Raises Fault when the step asks for another."""
    payload = act.unverified_payload
    own = [case.grants[one] for one in payload["grants"]]
    roles = {grant.payload["role"] for grant in own if grant.org == payload["org"]}
    fitting = [role for role in step["roles"] if role in roles]
    if not fitting:
        raise act_fault("role_not_allowed", act, roles=",".join(step["roles"]))
    return str(fitting[0])


def people_behind(case: Case, act: Jws) -> set[str]:
    """The organisation and the humans behind an act, from their certificates."""
    signers = [case.signer(act, position) for position in range(len(act.signatures))]
    return {"org:" + s.org for s in signers} | {"human:" + s.officer for s in signers if s.officer}


def act_fault(code: str, act: Jws, **figures: object) -> Fault:
    payload = act.unverified_payload
    return Fault(code, payload["act"], payload["org"], **figures)
