"""Measuring two things in turn: a busy machine then slows both alike, and their ratio stays honest."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

#: One batch of work: takes the number of the round, gives back how many units it did.
Batch = Callable[[int], int]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Figure:
    """One line of `certsvc bench`."""

    name: str
    value: float
    unit: str
    baseline: str
    """The bare operation, in words."""
    baseline_value: float
    """In the same unit."""

    @property
    def ratio(self) -> float:
        """value / baseline_value: of a rate, the share of the bare rate; of a time, how many bare operations long."""
        return self.value / self.baseline_value

    def to_json(self) -> dict[str, Any]:
        numbers = {"value": self.value, "baseline_value": self.baseline_value, "ratio": self.ratio}
        rounded = {name: float(f"{number:.4g}") for name, number in numbers.items()}
        return {
            "name": self.name,
            "value": rounded["value"],
            "unit": self.unit,
            "baseline": self.baseline,
            "baseline_value": rounded["baseline_value"],
            "ratio": rounded["ratio"],
        }


@dataclass(frozen=True)
class Absent:
    """A line of `certsvc bench` that this machine cannot give, and why."""

    name: str
    zh: str
    en: str

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "absent": self.en}


def in_turn(
    rounds: int,
    ours: Batch,
    bare: Batch,
    prepare: Callable[[int], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[float]:
    """Median seconds per unit of `ours`, then of `bare`, batch by batch in turn; who begins changes every round.

    `prepare` runs unmeasured before each batch of ours. `clock` is `time.process_time` for work that waits for nothing
    and has one thread: other programs then do not count at all.
    """
    seconds: dict[Batch, list[float]] = {ours: [], bare: []}
    for number in range(rounds):
        for batch in (ours, bare) if number % 2 == 0 else (bare, ours):
            if batch is ours and prepare is not None:
                prepare(number)
            start = clock()
            units = batch(number)
            seconds[batch].append((clock() - start) / units)
    yield median(seconds[ours])
    yield median(seconds[bare])


def per_second(name: str, baseline: str, seconds: Iterator[float]) -> Figure:
    """The figure of a rate, from what `in_turn` gives."""
    ours, bare = seconds
    return Figure(name, 1 / ours, "1/s", baseline, 1 / bare)


def milliseconds(name: str, baseline: str, seconds: Iterator[float]) -> Figure:
    """The figure of a time, from what `in_turn` gives."""
    ours, bare = seconds
    return Figure(name, 1000 * ours, "ms", baseline, 1000 * bare)


def microseconds(name: str, baseline: str, seconds: Iterator[float]) -> Figure:
    """The figure of a short time, from what `in_turn` gives."""
    ours, bare = seconds
    return Figure(name, 1e6 * ours, "µs", baseline, 1e6 * bare)
