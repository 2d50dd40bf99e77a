"""The acts of a path laid beside the steps of its procedure: which act did which step, under which role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from certsvc.core.grants import covers
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.core.regions import local_roles
from certsvc.verify.batch import Batch
from certsvc.verify.path import Path, act_fault

Step = dict[str, Any]


@dataclass(frozen=True)
class Pairing:
    """Each step with the acts that did it, in order; `strays` are acts that fit no step where they stand."""

    pairs: tuple[tuple[Step, tuple[Jws, ...]], ...]
    strays: tuple[Jws, ...]

    @property
    def done(self) -> list[tuple[Step, Jws]]:
        return [(step, act) for step, acts in self.pairs for act in acts]


def acts_of(path: Path) -> tuple[Jws, ...]:
    if not path.acts:
        raise Unknown("path_missing")
    return path.acts


def pairing(path: Path) -> Pairing:
    """Every act beside the next step of its kind. An act that comes too late, too early or twice is a stray."""
    found: Pairing = path.remember("pairing", lambda path: _pair(acts_of(path), path.procedure["steps"]))
    return found


def _pair(acts: tuple[Jws, ...], steps: list[Step]) -> Pairing:
    taken: list[list[Jws]] = [[] for _ in steps]
    strays, place = [], 0
    for act in acts:
        kind = act.unverified_payload["act"]
        fits = [n for n in range(place, len(steps)) if steps[n]["act"] == kind]
        if not fits:
            strays.append(act)
            continue
        place = fits[0]
        taken[place].append(act)
        place += not steps[place]["each_role"]
    return Pairing(tuple(zip(steps, map(tuple, taken), strict=True)), tuple(strays))


def step_done(batch: Batch, step: Step, acts: tuple[Jws, ...]) -> None:
    """Returns if the step was done where it belongs, by the roles it names, from the lower to the higher.

    Raises Fault: act_missing (nobody did it, or not each office above the unit), order, role_not_allowed; Unknown:
    act_left_out.
    """
    path = batch.path
    if not acts:
        misplaced = [act for act in pairing(path).strays if act.unverified_payload["act"] == step["act"]]
        if misplaced:
            raise act_fault("order", misplaced[0])
        check_left_out(batch, step["act"])
        raise _undone(path, step, step["roles"])
    ranks = [step["roles"].index(role_of(path, act, step)) for act in acts]
    if ranks != sorted(set(ranks)):
        raise act_fault("order", acts[-1])
    if lacking := _lacking(path, step, acts):
        check_left_out(batch, step["act"])
        raise _undone(path, step, lacking[:1])


def called_for(step: Mapping[str, Any], region: str) -> tuple[str, ...]:
    """The roles of a step each of which must have signed for a unit in `region` (逐级, 吉林省2022年职称工作通知 六(二)).

    Where it is none, one of the roles of the step is enough.
    """
    return tuple(role for role in step["roles"] if step["each_role"] and role in local_roles(region))


def _lacking(path: Path, step: Step, acts: tuple[Jws, ...]) -> list[str]:
    """The roles that the step calls for and that no act of it was done under."""
    done = [role for act in acts for role in _roles_of(path, act, step)[:1]]
    return [role for role in called_for(step, path.target.region) if role not in done]


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
    if not named <= here and any(not acts or _lacking(path, step, acts) for step, acts in pairing(path).pairs):
        raise Unknown("act_left_out", act=act)


def role_of(path: Path, act: Jws, step: Step) -> str:
    """The role under which the act's organisation signed. Raises Fault when the step asks for another."""
    fitting = _roles_of(path, act, step)
    if not fitting:
        raise act_fault("role_not_allowed", act, roles=",".join(step["roles"]))
    return fitting[0]


def _roles_of(path: Path, act: Jws, step: Step) -> list[str]:
    payload = act.unverified_payload
    own = [path.grants[one] for one in payload["grants"]]
    roles = {grant.payload["role"] for grant in own if grant.org == payload["org"]}
    return [role for role in step["roles"] if role in roles]


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


def _undone(path: Path, step: Step, roles: list[str]) -> Fault:
    held = path.grants_at_hand.values()
    holders = [grant.org for grant in held if covers(grant, roles, step["act"], path.target)]
    pairs = pairing(path).pairs
    place = next(n for n, (one, _) in enumerate(pairs) if one is step)
    earlier = [act for _, acts in pairs[:place] for act in acts]
    # Without an earlier act it is the first at hand that should have waited for it.
    payload = (earlier[-1] if earlier else path.acts[0]).unverified_payload
    return missing(
        {**step, "roles": roles}, holders, ("after" if earlier else "before", payload["act"], payload["org"])
    )
