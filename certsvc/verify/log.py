"""Log: everything stands in the public log, in its order, under checkpoints that enough witnesses saw (log.md 4.3, V7).

What a proof shows is found in `trusted`; here is what must be so. A stolen key cannot enter the past, so whoever dates
back by more than a day, or does in one night what takes weeks, is found by the log's time, whatever documents say.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from certsvc.core.calendar import utc_text
from certsvc.core.checkpoint import Checkpoint, verify_checkpoint
from certsvc.core.jose import Jws
from certsvc.core.leaves import certificate_leaf, certificate_tag
from certsvc.core.logged import Logged, Span, check_stands, checkpoint_in
from certsvc.core.merkle import leaf_hash
from certsvc.core.note import Note
from certsvc.core.outcomes import Fault, NotRun, Unknown
from certsvc.verify.authority import AHEAD
from certsvc.verify.batch import Batch
from certsvc.verify.case import Case
from certsvc.verify.certificate import head_of, names
from certsvc.verify.entry import entry_shown
from certsvc.verify.nodes import leads
from certsvc.verify.path import Path, act_fault
from certsvc.verify.trusted import Place, act_entry, check_entry, check_not_ahead, check_stated, outcome_of

Found = TypeVar("Found")

#: A status list is signed within a quarter of an hour of the checkpoint that it covers (formats.md 5).
LIST_LAG = 900


def logged(path: Path, document: Jws) -> None:
    """The act or grant stands in the log: its entry is about it, and names the act before by its once-tag."""
    path.log.place(document)


def act_in_order(path: Path, act: Jws) -> None:
    """The act was logged after the one before it, and after every grant that it stands on."""
    place, index = path.places[act.sha256], path.log.place(act).index
    if place and path.log.place(path.acts[place - 1]).index >= index:
        raise act_fault("order", act)
    named = set(act.unverified_payload["grants"])
    if any(path.log.place(grant).index >= index for grant in path.grants_signed if grant.sha256 in named):
        raise act_fault("grant_not_yet", act)


def time_fits(path: Path, document: Jws) -> None:
    """What the act says of its time fits the log: signed within the day before, and not dated back.

    A grant may have waited: it counts from its place on.
    """
    path.log.place(document)
    check = check_not_ahead if document.typ == "grant+jwt" else check_stated
    try:
        check(path.when(document))
    except Fault as fault:
        about = act_fault if document.typ == "act+jwt" else _grant_fault
        raise about(fault.code, document, **fault.about.figures) from fault


def _grant_fault(code: str, grant: Jws, **figures: object) -> Fault:
    return Fault(code, None, grant.unverified_payload["sub"], **figures)


def certificate_logged(case: Case) -> None:
    """The certificate stands in the log, once, after all that it rests on."""
    logged, log = case.bundle.logged, case.path.log
    if logged is None or (log.strict and logged.before is None):
        raise log.missing()
    wrong = _tag_wrong(case, logged)
    _check_climbed(case, logged)
    if wrong is not None:
        raise wrong
    if any(logged.proof.index <= before for before in _indices_before(case.batch)):
        raise Fault("order", "issue", case.batch.issuer.org)


def _tag_wrong(case: Case, logged: Logged) -> Exception | None:
    """What is wrong with the once-tag, which comes from the salt of the first entry and the version.

    Entry and salt are signed by nobody: the one counts where it stands in the log, the other where its entry is on a list.
    Raises Fault commit_mismatch where the entry is about something else than this certificate.
    """
    credential, version = case.bundle.credential, case.credential["certificate"]["version"]
    tag = certificate_tag(case.bundle.entries[0].salt, version)
    if logged.entry == certificate_leaf(case.batch.kid, credential.body, logged.proof.extra or b"", tag):
        return None
    if tag not in check_entry(logged, act_entry(credential))["u"]:
        if version > len(case.bundle.entries):
            return Unknown("correction_missing")
        if not entry_shown(case):
            return case.path.log.missing()
    return Fault("once_tag")


def _check_climbed(case: Case, logged: Logged) -> None:
    """The entry leads to the root under which the certificates of this batch were logged, and lies within their span."""
    span, index, siblings = case.batch.span, logged.proof.index, b"".join(logged.proof.path)
    known, having = case.path.nodes.setdefault(span.having.root, {}), span.having
    inside = span.without is None or span.without.size <= index
    if not inside or not leads(known, leaf_hash(logged.entry), index, siblings, having.root, having.size):
        check_stands(logged, span)
        raise Fault("inclusion_bad")


def _indices_before(batch: Batch) -> tuple[int, ...]:
    """Places of the last act and of the last correction, after which the certificates were logged; without proof, none."""
    return batch.remember("before", lambda batch: tuple(_known_indices(batch)))


def _known_indices(batch: Batch) -> Iterator[int]:
    head = [lambda: batch.path.log.place(batch.path.acts[-1])]
    # A correction that it does not name may be anybody's.
    corrected = [lambda: batch.place(head_of(batch))] if batch.corrections and names(batch, head_of(batch)) else []
    for place in (*head, *corrected):
        found = outcome_of(place)
        if isinstance(found, Place):
            yield found.index


def certificate_in_order(batch: Batch) -> None:
    """The certificate was logged when it says that it was issued."""
    _ = batch.span
    if not batch.path.strict:
        raise NotRun("log_not_required")
    check_stated(batch.when)


def decision_logged(batch: Batch, decision: Jws) -> None:
    """The decision stands in the log as what it does to the slot, when it says that it was made."""
    batch.place(decision)
    if batch.path.strict:
        check_stated(batch.when_of(decision))


def list_logged(batch: Batch, listed: Jws) -> None:
    """The status list stands in the log as it is: nobody was shown another one of that size.

    One that was brought beside the evidence says nothing about the certificate when its proof does not hold: it may
    well be signed by a key of the log that is younger than the trust bundle at hand.
    """
    if listed is batch.status_brought:
        _believed(lambda: batch.place(listed))
    else:
        batch.place(listed)


def list_covers(batch: Batch, listed: Jws) -> None:
    """The status list says up to which checkpoint it follows the log, and that is as young as the list."""
    payload, log = listed.unverified_payload, batch.path.log
    if payload["checkpoint"] is None:
        raise log.missing()
    covered = _believed(lambda: checkpoint_in(payload["checkpoint"].encode(), log.keys))
    if covered.size != payload["n"]:
        raise Unknown("status_checkpoint", n=payload["n"], size=covered.size)
    if not log.strict:
        return
    # Of any k witnesses one is believed, so the k-th latest is no later than the truth (`core.trusted_time`).
    seen = sorted(covered.witness_times.values())[-log.keys.policy.threshold]
    if not -AHEAD <= payload["iat"] - seen <= LIST_LAG:
        raise Unknown("status_checkpoint_old", seen=utc_text(seen))


def not_forked(batch: Batch, note: Note) -> None:
    """The checkpoint that was brought and those of the evidence are of one log: none of one size with another root."""
    keys = batch.path.log.keys
    brought = _believed(lambda: verify_checkpoint(note, keys.log, keys.policy, closed=False))
    seen = _checkpoints(batch)
    for one in seen:
        if one.origin != brought.origin:
            raise Unknown("log_foreign", origin=brought.origin)
        if one.size == brought.size and one.root != brought.root:
            raise Fault("log_forked", size=one.size)
    if brought.size < max((one.size for one in seen), default=0):
        raise Unknown("checkpoint_older", size=brought.size)


def one_log(batch: Batch) -> None:
    """All checkpoints of the evidence are of one log: none of one size with another root."""
    roots: dict[int, bytes] = {}
    for one in _checkpoints(batch):
        if roots.setdefault(one.size, one.root) != one.root:
            raise Fault("log_forked", size=one.size)


def _believed(verified: Callable[[], Found]) -> Found:
    """What is laid beside says nothing about the certificate when it does not hold, neither good nor bad."""
    try:
        return verified()
    except Fault as fault:
        raise Unknown(fault.code, **fault.about.figures) from fault


def _checkpoints(batch: Batch) -> list[Checkpoint]:
    """All that hold; what is wrong with the others is said where they stand."""
    path = batch.path
    of_path = [partial(path.log.place, one) for one in (*path.acts, *path.grants_signed)]
    own = [partial(batch.place, event.decide) for event in (*batch.corrections, *batch.events)]
    own += [partial(batch.place, one) for one in (batch.status_carried, batch.status_brought) if one is not None]
    places = (outcome_of(ask) for ask in (*of_path, *own))
    spans = [outcome_of(lambda: batch.span), *(one.span for one in places if isinstance(one, Place))]
    pairs = ((one.without, one.having) for one in spans if isinstance(one, Span))
    return [one for pair in pairs for one in pair if one is not None]
