"""The entry: this person's line on the roster of every act, and what each act says about that person (formats.md 4)."""

from certsvc.core.acts import MAX_ROSTER
from certsvc.core.bundle import PathStep
from certsvc.core.claims import row_commitment
from certsvc.core.encoding import rewrite
from certsvc.core.jose import Jws
from certsvc.core.merkle import climb, leaf_hash
from certsvc.core.outcomes import Fault
from certsvc.verify.case import Case
from certsvc.verify.path import Path, act_fault
from certsvc.verify.procedure import check_fact
from certsvc.verify.steps import Step

#: No roster has more than 65,536 leaves, so no proof is longer.
MAX_PROOF = 16
#: Nodes remembered of one tree.
KNOWN_NODES = 8192


def entry_on_roster(case: Case, act: Jws, place: int) -> None:
    """The entry stands, unchanged, on the roster of the act at `place` of the path."""
    proof, found = case.bundle.path[place].proof, case.path.lists[place]
    if isinstance(found, Fault):
        raise found
    root, count = found
    if not 1 <= count <= MAX_ROSTER:
        raise act_fault("roster_size", act)
    said = proof.row_salt is not None
    if not said and case.proved.get(root) == (proof.index, count, proof.path):
        # Acts that say nothing of each person have one list and one root, and so one proof.
        return
    leaf = leaf_hash(case.entry_bytes + row_commitment(proof.row_facts, proof.row_salt))
    if not _leads(case.path, leaf, proof.index, count, proof.path, root):
        raise act_fault("inclusion_bad", act)
    if not said:
        case.proved[root] = (proof.index, count, proof.path)


def _leads(path: Path, leaf: bytes, index: int, size: int, proof: tuple[bytes, ...], root: bytes) -> bool:
    """As `inclusion_holds`, and as soon as a node is met that led to this root before, the rest must be the same.

    That siblings have 32 bytes is the business of whoever reads a bundle: its schema knows no other hash.
    """
    known = path.nodes.setdefault(root, {})
    node, first, last = leaf, index, size - 1
    trail: list[tuple[tuple[bytes, int, int], tuple[bytes, ...]]] = []
    if not 0 <= index < size or len(proof) > MAX_PROOF:
        return False
    for place, sibling in enumerate(proof):
        before = known.get((node, first, last))
        if before is not None:
            if before != proof[place:]:
                return False
            break
        if last == 0:
            return False
        trail.append(((node, first, last), proof[place:]))
        node, first, last = climb(node, first, last, sibling)
    else:
        if last != 0 or node != root:
            return False
    # Of the leaf itself nobody else has need.
    known.update(trail[1:] if len(known) < KNOWN_NODES else ())
    return True


def row_facts_hold(case: Case, _act: Jws, place: int, asked: Step) -> None:
    """Every fact that the step asks about a person is true of this person's row: votes, level, checks.

    Raises the first Fault that is found. Many people have the same figures, so what was found is remembered.
    """
    step, path = case.bundle.path[place], case.path
    row = step.proof.row_facts or {}
    found = path.remember(("row", step.act.sha256, rewrite(row)), lambda path: _first_fault(path, step, asked))
    if found is not None:
        raise found


def _first_fault(path: Path, step: PathStep, asked: Step) -> Fault | None:
    for fact in asked["row_facts"]:
        try:
            check_fact(path, step.act, fact, step.proof.row_facts or {})
        except Fault as fault:
            return fault
    return None
