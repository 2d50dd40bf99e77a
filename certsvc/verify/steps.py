"""The acts of a path laid beside the steps of its procedure: which act did which step, under which role."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from certsvc.core.grants import covers
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.batch import Batch
from certsvc.verify.path import Path, act_fault

Step = dict[str, Any]


@dataclass(frozen=True)
class Pairing:
    """Each step with the acts that did it, in order; `strays` are acts that fit no step where they stand."""

    pairs: tuple[tuple[Step, tuple[Jws, ...]], ...]
    strays: tuple[Jws, ...]
    places: Mapping[str, int]
    """Hash of an act -> which step it did, counted from 0; strays have none."""

    @property
    def done(self) -> list[tuple[Step, Jws]]:
        return [(step, act) for step, acts in self.pairs for act in acts]


def acts_of(path: Path) -> tuple[Jws, ...]:
    if not path.acts:
        raise Unknown("path_missing")
    return path.acts


def pairing(path: Path) -> Pairing:
    """Every act beside the next step of its kind. An act that comes too late, too early or twice is a stray."""
    found: Pairing = path.remember("pairing", lambda path: _pair(path, acts_of(path), path.procedure["steps"]))
    return found


def _pair(path: Path, acts: tuple[Jws, ...], steps: list[Step]) -> Pairing:
    taken: list[list[Jws]] = [[] for _ in steps]
    strays, places, place = [], {}, 0
    for number, act in enumerate(acts):
        kind = act.unverified_payload["act"]
        fits = [n for n in range(place, len(steps)) if steps[n]["act"] == kind]
        if not fits:
            strays.append(act)
            continue
        place = fits[0]
        if len(fits) > 1 and _names_absent(path, act):
            # The steps before it are no guide when their acts were left out: then what follows on it tells which it is.
            place = next((n for n in fits if _lines_up(path, acts[number:], steps[n:])), place)
        taken[place].append(act)
        places[act.sha256] = place
        place += not steps[place]["each_role"]
    return Pairing(tuple(zip(steps, map(tuple, taken), strict=True)), tuple(strays), places)


def _lines_up(path: Path, acts: Sequence[Jws], steps: Sequence[Step]) -> bool:
    """Whether `acts` did `steps` one after another, up to the next place where one may be left out."""
    place = 0
    for number, act in enumerate(acts):
        if number and _names_absent(path, act):
            return True
        if number and not (steps[place]["each_role"] and steps[place]["act"] == act.unverified_payload["act"]):
            place += 1
        if place == len(steps) or not _fits(path, act, steps[place]):
            return False
    return True


def _fits(path: Path, act: Jws, step: Step) -> bool:
    """Whether an act says of itself that it did this step: by its kind, its role and its stage."""
    payload, roles = act.unverified_payload, _roles_said(path, act)
    stages = [fact["args"].get("stage") for fact in step["facts"] if fact["name"] == "stage"]
    return (
        payload["act"] == step["act"]
        and (not roles or not roles.isdisjoint(step["roles"]))
        and all(payload["facts"].get("stage") == one for one in stages)
    )


def _roles_said(path: Path, act: Jws) -> set[str]:
    """The roles of its organisation in those of its grants that are at hand, as these say; whether they may, others ask."""
    payload = act.unverified_payload
    own = [one.unverified_payload for one in path.grants_signed if one.sha256 in payload["grants"]]
    return {one["role"] for one in own if one["sub"] == payload["org"]}


def step_done(batch: Batch, step: Step, acts: tuple[Jws, ...]) -> None:
    """Returns if the step was done where it belongs, by the roles it names, from the lower to the higher.

    Raises Fault: act_missing (nobody did it), order, role_not_allowed; Unknown: act_left_out.
    """
    path = batch.path
    if not acts:
        misplaced = [act for act in pairing(path).strays if act.unverified_payload["act"] == step["act"]]
        if misplaced:
            raise act_fault("order", misplaced[0])
        if _undone_for_want_of_evidence(batch, step):
            raise Unknown("act_left_out", act=step["act"])
        raise _undone(path, step)
    ranks = [step["roles"].index(role_of(path, act, step)) for act in acts]
    if ranks != sorted(set(ranks)):
        raise act_fault("order", acts[-1])


def _undone_for_want_of_evidence(batch: Batch, step: Step) -> bool:
    pairs = pairing(batch.path).pairs
    later = [act for _, acts in pairs[_number(pairs, step) + 1 :] for act in acts]
    return _names_absent(batch.path, later[0]) if later else left_out_after(batch)


def left_out_before(path: Path, act: Jws) -> bool:
    """Whether the act before this one may merely be left out of the evidence (docs/decisions/0020).

    It names acts and none of them is at hand, and the procedure has room for one more between it and the act before.
    """
    place = path.places[act.sha256]
    return _names_absent(path, act) and _room(path, path.acts[place - 1] if place else None, act)


def left_out_after(batch: Batch) -> bool:
    """The same of what follows the last act at hand: the certificate names it, or where it was corrected nothing does."""
    path, head = batch.path, batch.stated.head.rpartition(":")[2]
    named = bool(batch.corrections) or (head != "" and head not in path.places)
    return named and _room(path, acts_of(path)[-1], None)


def _names_absent(path: Path, act: Jws) -> bool:
    named = act.unverified_payload["prev"]
    return bool(named) and path.places.keys().isdisjoint(named)


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
    said = _roles_said(path, act)
    rank = next((n for n, role in enumerate(step["roles"]) if role in said), None)
    if not step["each_role"] or rank is None:
        return range(first, first + _width(step))
    return range(first + rank, first + rank + 1)


def _width(step: Step) -> int:
    return len(step["roles"]) if step["each_role"] else 1


def role_of(path: Path, act: Jws, step: Step) -> str:
    """The role under which the act's organisation signed. Raises Fault when the step asks for another."""
    payload = act.unverified_payload
    own = [path.grants[one] for one in payload["grants"]]
    roles = {grant.payload["role"] for grant in own if grant.org == payload["org"]}
    fitting = [role for role in step["roles"] if role in roles]
    if not fitting:
        raise act_fault("role_not_allowed", act, roles=",".join(step["roles"]))
    return str(fitting[0])


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
    earlier = [act for _, acts in pairs[: _number(pairs, step)] for act in acts]
    # Without an earlier act it is the first at hand that should have waited for it.
    payload = (earlier[-1] if earlier else path.acts[0]).unverified_payload
    return missing(step, holders, ("after" if earlier else "before", payload["act"], payload["org"]))


def _number(pairs: Iterable[tuple[Step, tuple[Jws, ...]]], step: Step) -> int:
    return next(n for n, (one, _) in enumerate(pairs) if one is step)
