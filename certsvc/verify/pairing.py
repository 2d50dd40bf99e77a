"""The acts of a path laid beside the steps of its procedure: which act did which step."""

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


def step_of(path: Path, act: Jws) -> Step | None:
    """The step that the act did; None when it is a stray."""
    done: dict[str, Step] = path.remember("steps", lambda path: {one.sha256: step for step, one in pairing(path).done})
    return done.get(act.sha256)


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
