"""`certsvc bench`: how fast, each figure beside its bare operation, both measured in turn in the same run.

What the figures mean and what one machine gave stands in docs/performance.md.
"""

import json
from collections.abc import Callable, Iterator

from certsvc.bench import (
    importing,
    issuing,
    log_auditing,
    log_proving,
    log_sequencing,
    online,
    pages,
    rosters,
    verifying,
)
from certsvc.bench.measure import Absent, Figure
from certsvc.bench.world import Sizes, World, measured_world
from certsvc.cli.say import out, stages, table
from certsvc.core.errors import NotFound

#: Name -> what is measured, in the order in which it runs; the first one issues what the later ones use.
BENCHES: dict[str, Callable[[World], Iterator[Figure | Absent]]] = {
    "issue": issuing.measure,
    "verify": verifying.measure,
    "parse": verifying.measure_parsing,
    "pdf": pages.measure,
    "online": online.measure,
    "import": importing.measure,
    "verify_many": rosters.measure,
    "log_issue": log_sequencing.measure_issue,
    "log_sequence": log_sequencing.measure,
    "log_proof": log_proving.measure,
    "log_audit": log_auditing.measure,
}


def run(names: tuple[str, ...], as_json: bool, sizes: Sizes | None = None) -> None:
    """Prints the figures of the named measurements, or of all: one JSON object per line, or a table.

    Everything happens in a temporary home. Raises NotFound for a name that is not in BENCHES.
    """
    _check_names(names)
    found: list[Figure | Absent] = []
    with stages() as progress, measured_world(sizes or Sizes(), progress) as world:
        for name in (one for one in BENCHES if not names or one in names):
            for figure in BENCHES[name](world):
                found.append(figure)
                if as_json:
                    out(json.dumps(figure.to_json()))
    if not as_json:
        table(("名称 name", "值 value", "单位 unit", "基准 baseline", "基准值 value", "比 ratio"), map(_cells, found))


def _check_names(names: tuple[str, ...]) -> None:
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        known = " ".join(BENCHES)
        zh, en = f"没有此项测量:{unknown[0]}(可选:{known})", f"No measurement {unknown[0]}; there are: {known}."
        raise NotFound("bench_unknown", zh, en, "certsvc bench")


def _cells(figure: Figure | Absent) -> tuple[object, ...]:
    if isinstance(figure, Absent):
        return (figure.name, "—", "", f"{figure.zh} · {figure.en}", "", "")
    shown = figure.to_json()
    return tuple(f"{shown[name]:g}" if isinstance(shown[name], float) else shown[name] for name in shown)
