"""The acts of a path laid beside the steps of its procedure: which act did which step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from certsvc.core.jose import Jws
from certsvc.core.outcomes import Unknown
from certsvc.verify.path import Path

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


def step_of(path: Path, act: Jws) -> Step | None:
    """The step that the act did; None when it is a stray."""
    place = pairing(path).places.get(act.sha256)
    return None if place is None else path.procedure["steps"][place]


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
        if len(fits) > 1 and names_absent(path, act):
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
        if number and names_absent(path, act):
            return True
        if number and not (steps[place]["each_role"] and steps[place]["act"] == act.unverified_payload["act"]):
            place += 1
        if place == len(steps) or not _fits(path, act, steps[place]):
            return False
    return True


def _fits(path: Path, act: Jws, step: Step) -> bool:
    """Whether an act says of itself that it did this step: by its kind, its role and its stage."""
    payload = act.unverified_payload
    if payload["act"] != step["act"]:
        return False
    roles = roles_said(path, act)
    stages = [fact["args"].get("stage") for fact in step["facts"] if fact["name"] == "stage"]
    return (not roles or not roles.isdisjoint(step["roles"])) and all(
        payload["facts"].get("stage") == one for one in stages
    )


def roles_said(path: Path, act: Jws) -> set[str]:
    """The roles of its organisation in those of its grants that are at hand, as these say; whether they may, others ask."""
    return path.remember(("roles said", act.sha256), lambda one: _roles_said(one, act.unverified_payload))


def _roles_said(path: Path, payload: Mapping[str, Any]) -> set[str]:
    named = set(payload["grants"])
    own = [one.unverified_payload for one in path.grants_signed if one.sha256 in named]
    return {one["role"] for one in own if one["sub"] == payload["org"]}


def names_absent(path: Path, act: Jws) -> bool:
    """Whether the act names others before it, and none of them is at hand."""
    named = act.unverified_payload["prev"]
    return bool(named) and path.places.keys().isdisjoint(named)
