"""The entry: this person's line on the roster of every act, and what each act says about that person (formats.md 4).

Rosters are signed; where a person stands on them is shown by nobody's signature. A proof that does not fit says nothing
about any office (docs/decisions/0027).
"""

from collections.abc import Mapping
from functools import partial

from certsvc.core.acts import MAX_ROSTER
from certsvc.core.bundle import PathStep, RosterProof
from certsvc.core.claims import NO_ROW, row_digest
from certsvc.core.encoding import unb64
from certsvc.core.jose import Jws
from certsvc.core.merkle import leaf_hash
from certsvc.core.outcomes import Fault, NotRun, Unknown
from certsvc.verify.case import Case
from certsvc.verify.nodes import leads
from certsvc.verify.pairing import Step, pairing, step_of
from certsvc.verify.parts import parts_fit
from certsvc.verify.path import Path, act_fault
from certsvc.verify.procedure import check_inputs, inputs_of
from certsvc.verify.steps import left_out_after, left_out_before
from certsvc.verify.trusted import raised

#: Parts of a list that a proof is tried on; beyond them one that fits another part is told as one that fits none.
MOST_PARTS = 16


def entry_on_roster(case: Case, act: Jws, place: int) -> None:
    """The entry stands, unchanged, on the roster of the act at `place` of the path.

    Raises Fault inclusion_bad (the proof fits no signed list), part_of_others, or of the list; Unknown: act_left_out,
    correction_missing, row_missing.
    """
    proof = case.bundle.path[place].proof
    try:
        _check_place(case.path, act, place, proof, _leaf(case.entry_bytes, proof))
    except Fault as fault:
        if _part_untold(case, act, place):
            raise Unknown("act_left_out", act=act.unverified_payload["act"]) from None
        if fault.code == "inclusion_bad":
            _check_shown(case, act, place)
        raise


def _check_shown(case: Case, act: Jws, place: int) -> None:
    """Raises what is to be said of a proof that does not fit before it is called altered: a part of it is missing, or the
    list that it does fit is another part of those that the act signed."""
    if case.credential["certificate"]["version"] > len(case.bundle.entries):
        # Lists have the first version's entry, and that may be the one that is missing.
        raise Unknown("correction_missing")
    if _row_left_out(case, act, place):
        raise Unknown("row_missing", act=act.unverified_payload["act"])
    proof, nodes = case.bundle.path[place].proof, case.path.nodes
    leaf = _leaf(case.entry_bytes, proof)
    for part in act.unverified_payload["parts"][:MOST_PARTS]:
        root, size = unb64(part["root"]), part["count"]
        if leads(nodes.setdefault(root, {}), leaf, proof.index, proof.path, root, size):
            raise act_fault("part_of_others", (*case.path.acts[place + 1 : place + 2], act)[0])


def _row_left_out(case: Case, act: Jws, place: int) -> bool:
    step = step_of(case.path, act)
    return case.bundle.path[place].proof.row_salt is None and step is not None and bool(step["row_facts"])


def entry_shown(case: Case) -> bool:
    """Whether the first entry stands on a list that was signed, so that it is as an office saw it."""
    return any(fits_roster(case, act, place) for place, act in enumerate(case.path.acts))


def fits_roster(case: Case, act: Jws, place: int) -> bool:
    """Whether the first entry stands on the list of the act at `place`."""
    if place not in case.shown:
        try:
            entry_on_roster(case, act, place)
        except (Fault, Unknown):
            case.shown[place] = False
        else:
            case.shown[place] = True
    return case.shown[place]


def _part_untold(case: Case, act: Jws, place: int) -> bool:
    """Whether the act divides its roster as it should, and the one that says which part is meant may be left out."""
    if not parts_fit(act.unverified_payload):
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


def row_fact_holds(case: Case, act: Jws, place: int, asked: Step, number: int) -> None:
    """Fact `number` that the step asks about a person is true of this person's row: votes, level, checks.

    A row that no signed list has makes nothing false. Raises Unknown row_missing, NotRun evidence_unfit.
    """
    refused = _refused(case, place, asked).get(number)
    if isinstance(refused, Fault) and not fits_roster(case, act, place):
        if _row_left_out(case, act, place):
            raise Unknown("row_missing", act=act.unverified_payload["act"])
        raise NotRun("evidence_unfit")
    raised(refused)


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
