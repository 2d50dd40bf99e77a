"""Mutants as they are read, chosen and counted."""

import collections
import json
import math
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Mutant = dict[str, Any]


def key(mutant: Mutant) -> tuple[str, ...]:
    """By what a mutant is known from one version of the code to the next."""
    return tuple(mutant[name] for name in ("file", "function", "was", "now"))


def sample(mutants: list[Mutant], size: int, seed: int) -> list[Mutant]:
    """`size` mutants, of each file its share and at least four, chosen by `seed`; all of them when size is 0."""
    if not size:
        return mutants
    files = collections.defaultdict(list)
    for mutant in mutants:
        files[mutant["file"]].append(mutant)
    chance = random.Random(seed)
    share = {name: max(4, round(size * len(rows) / len(mutants))) for name, rows in files.items()}
    chosen = [one for name, rows in files.items() for one in chance.sample(rows, min(len(rows), share[name]))]
    chance.shuffle(chosen)  # when time runs out, those judged are still a fair choice
    return chosen


def table(results: list[tuple[str, str]]) -> Iterator[str]:
    """One line per file, one per package."""
    yield f"{'':36}{'mutants':>8}{'killed':>8}{'alive':>8}{'equal':>8}   score"
    parts = sorted({name for name, _ in results}) + sorted({os.path.dirname(name) + "/" for name, _ in results})
    for part in parts:
        found = collections.Counter(what for name, what in results if name.startswith(part) and what != "no mutant")
        dead, alive = found["killed"] + found["timeout"], found["survived"]
        low, high = interval(dead, dead + alive)
        numbers = f"{found.total():8}{dead:8}{alive:8}{found['equivalent']:8}"
        yield f"{part:36}{numbers}   {100 * dead / max(1, dead + alive):5.1f} % ({low:.1f}–{high:.1f})"


def interval(good: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share in percent, after Wilson."""
    if not total:
        return 0.0, 100.0
    z, share = 1.96, good / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return 100 * (middle - half), 100 * (middle + half)


def read(file: str) -> list[Mutant]:
    """Mutants from JSON lines."""
    return [json.loads(line) for line in Path(file).read_text("utf-8").splitlines()]
