"""Is a home whole? One program that asks everything, and shares no line with the program that wrote the home.

`python tests/kill/invariants.py HOME [--url DATABASE] [--seen FILE] [--mirror DIR] [--witness DIR …] [--midway]`

It reads the database with plain SQL and the rest as files, rebuilds the log with its own code, and prints one line for
each invariant: `pass`, or `BREACH` and what is wrong. It ends with 1 on a breach. SEEN is what processes wrote down as
acknowledged or shown before they were killed (`worker.py`); without it only what the home says of itself is checked.
Midway, before recovery, what the next tick or `issue` completes may still be open.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import invariants_log as of_log
import invariants_register as of_register
from evidence_read import Evidence, read_seen, read_tables

#: Breaches of one invariant that are named.
NAMED = 5
#: Name -> what finds its breaches. L1 to L12 are the invariants of the log, R1 to R13 those of the register beside it.
INVARIANTS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "L1": of_log.places,
    "L2": of_log.acknowledged_once,
    "L3": of_log.prefixes,
    "L4": of_log.monotone,
    "L5": of_log.tiles,
    "L6": of_log.one_root,
    "L7": of_log.nothing_beyond,
    "L8": of_log.old_proofs,
    "L9": of_log.mark,
    "L10": of_log.proved,
    "L11": of_log.status_lists,
    "L12": of_log.said_once,
    "R1": of_register.named_once,
    "R2": of_register.nothing_lost,
    "R3": of_register.intended,
    "R4": of_register.imports_whole,
    "R5": of_register.leaves_match,
    "R6": of_register.acts_whole,
    "R7": of_register.events_lawful,
    "R8": of_register.slots_unique,
    "R9": of_register.serials,
    "R10": of_register.anchored,
    "R11": of_register.same_answer,
    "R12": of_register.agree,
}


@dataclass(frozen=True)
class Finding:
    """What one invariant brought."""

    name: str
    words: str
    breaches: tuple[str, ...]


def check(evidence: Evidence, without: tuple[str, ...] = ()) -> list[Finding]:
    """Every invariant but those named in `without`. What cannot even be read is a breach of whoever reads it."""
    return [_ask(name, evidence) for name in INVARIANTS if name not in without]


def _ask(name: str, evidence: Evidence) -> Finding:
    words = (INVARIANTS[name].__doc__ or "").split("\n")[0]
    try:
        return Finding(name, words, tuple(INVARIANTS[name](evidence)))
    except (ValueError, KeyError, IndexError, TypeError, OSError) as error:
        return Finding(name, words, (f"cannot be read: {type(error).__name__} {error}",))


def counts(evidence: Evidence) -> dict[str, int]:
    """How much was looked at."""
    tables = ("certificate", "act", "entry", "roster_file", "status_event", "log_checkpoint", "log_cosignature")
    whole = {name: len(evidence.tables[name]) for name in tables}
    return {"entries": len(evidence.placed), **whole, "seen": len(evidence.seen)}


def report(evidence: Evidence, findings: list[Finding]) -> Iterator[str]:
    """The lines for people."""
    for one in findings:
        yield f"{one.name:<4} {'BREACH' if one.breaches else 'pass  '} {one.words}"
        yield from (f"       {breach}" for breach in islice(one.breaches, NAMED))
        if len(one.breaches) > NAMED:
            yield f"       … {len(one.breaches)} in all"
    yield " · ".join(f"{count} {name}" for name, count in counts(evidence).items())


def evidence_of(arguments: argparse.Namespace) -> Evidence:
    seen = read_seen(arguments.seen) if arguments.seen else []
    tables = read_tables(arguments.home, arguments.url)
    return Evidence(arguments.home, tables, seen, arguments.mirror, arguments.witness, settled=not arguments.midway)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--url", help="the database, when it is not in the home: postgresql://…")
    parser.add_argument("--seen", type=Path, help="what processes wrote down before they were killed")
    parser.add_argument("--mirror", type=Path, help="an exported mirror of the log")
    parser.add_argument("--witness", type=Path, action="append", default=[], help="the folder of a witness")
    parser.add_argument("--midway", action="store_true", help="recovery has not run yet")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    evidence = evidence_of(arguments)
    findings = check(evidence)
    broken = any(one.breaches for one in findings)
    if arguments.json:
        print(json.dumps({"breaches": {f.name: f.breaches for f in findings if f.breaches}, **counts(evidence)}))
    else:
        print("\n".join(report(evidence, findings)))
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
