"""The entry: this person's line on the roster of every act, and what each act says about that person (formats.md 4)."""

from collections.abc import Mapping
from functools import partial

from certsvc.core.acts import MAX_ROSTER
from certsvc.core.bundle import PathStep, RosterProof
from certsvc.core.claims import NO_ROW, row_digest
from certsvc.core.jose import Jws
from certsvc.core.merkle import leaf_hash
from certsvc.core.outcomes import Fault, Unknown
from certsvc.verify.case import Case
from certsvc.verify.nodes import leads
from certsvc.verify.pairing import Step, pairing
from certsvc.verify.path import Path, act_fault
from certsvc.verify.procedure import check_inputs, inputs_of
from certsvc.verify.steps import left_out_after, left_out_before
from certsvc.verify.trusted import raised


def entry_on_roster(case: Case, act: Jws, place: int) -> None:
    """The entry stands, unchanged, on the roster of the act at `place` of the path."""
    proof = case.bundle.path[place].proof
    try:
        _check_place(case.path, act, place, proof, _leaf(case.entry_bytes, proof))
    except Fault:
        if _part_untold(case, act, place):
            raise Unknown("act_left_out", act=act.unverified_payload["act"]) from None
        raise


def _part_untold(case: Case, act: Jws, place: int) -> bool:
    """Whether the act divides its roster as it should, and the one that says which part is meant may be left out."""
    parts, count = act.unverified_payload["parts"], act.unverified_payload["roster"]["count"]
    if not parts or sum(part["count"] for part in parts) != count:
        return False
    following = case.path.acts[place + 1 : place + 2]
    return left_out_before(case.path, following[0]) if following else left_out_after(case.batch)


def entry_on_rosters(case: Case) -> None:
    """As `entry_on_roster` for every act: acts that say nothing of each person have one list, and so one proof."""
    path, entry = case.path, case.entry_bytes
    plain = leaf_hash(entry + NO_ROW)
    proved: dict[tuple[bytes, int], RosterProof] = {}
    for place, (step, found) in enumerate(zip(case.bundle.path, path.lists, strict=True)):
        proof = step.proof
        if proof.row_salt is not None or isinstance(found, Fault):
            _check_place(path, step.act, place, proof, _leaf(entry, proof))
            continue
        before = proved.setdefault(found, proof)
        if before is proof or before.path != proof.path or before.index != proof.index:
            _check_place(path, step.act, place, proof, plain)


def _leaf(entry: bytes, proof: RosterProof) -> bytes:
    salt = proof.row_salt
    return leaf_hash(entry + (NO_ROW if salt is None else row_digest(proof.row_json, salt)))


def _check_place(path: Path, act: Jws, place: int, proof: RosterProof, leaf: bytes) -> None:
    found = path.lists[place]
    if isinstance(found, Fault):
        raise found
    root, size = found
    if not 1 <= size <= MAX_ROSTER:
        raise act_fault("roster_size", act)
    if not leads(path.nodes.setdefault(root, {}), leaf, proof.index, proof.path, root, size):
        raise act_fault("inclusion_bad", act)


def row_fact_holds(case: Case, _act: Jws, place: int, asked: Step, number: int) -> None:
    """Fact `number` that the step asks about a person is true of this person's row: votes, level, checks."""
    raised(_refused(case, place, asked).get(number))


def row_facts_hold(case: Case) -> None:
    """As `row_fact_holds` for every fact of every act."""
    for place, asked in case.path.remember("row acts", _row_acts):
        for refused in _refused(case, place, asked).values():
            raised(refused)


def _row_acts(path: Path) -> list[tuple[int, Step]]:
    return [(path.places[act.sha256], step) for step, act in pairing(path).done if step["row_facts"]]


def _refused(case: Case, place: int, asked: Step) -> Mapping[int, Exception]:
    """Number of each fact that is not true of this person's row -> why; many people have the same figures."""
    step, path = case.bundle.path[place], case.path
    key = ("row", place, step.proof.row_json)
    # Asked here rather than by `remember`: this is done for each of ten thousand certificates.
    return path.memory[key] if key in path.memory else path.remember(key, lambda path: _ask(path, step, asked))


def _ask(path: Path, step: PathStep, asked: Step) -> dict[int, Exception]:
    act, row, found = step.act, step.proof.row_facts or {}, {}
    for number, fact in enumerate(asked["row_facts"]):
        try:
            inputs = path.remember(("row fact", act.sha256, number), partial(inputs_of, act=act, fact=fact))
            check_inputs(act, fact["name"], inputs._replace(row=row))
        except Exception as refused:
            # Whatever it is, it says nothing about the other facts; `judge` tells false from unknown.
            found[number] = refused
    return found
