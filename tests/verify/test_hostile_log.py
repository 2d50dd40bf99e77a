"""Log proofs made to cost: refused for their size at once, and what is judged has its limit.

Processor time is measured as in test_hostile_cost, each time on signatures that were never seen before.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "vectors"))

from insecure_bundle import make_bundle
from insecure_documents import Recipe
from insecure_log import LOG, WITNESSES
from insecure_logged import Logbook, Story, strict_office
from insecure_office import DAY, START
from test_hostile_cost import cost as seconds

from certsvc.core.bundle import (
    MAX_BYTES,
    MAX_NOTE_BYTES,
    MAX_NOTES,
    MOST,
    Bundle,
    _der_remembered,
    _logged_once,
    parse_bundle,
    write_bundle,
)
from certsvc.core.checkpoint import MAX_PATH, Head, Proof, format_head, parse_head
from certsvc.core.encoding import canonical, parse_json
from certsvc.core.errors import Malformed
from certsvc.core.jose import Jws
from certsvc.core.leaves import public_leaf
from certsvc.core.logged import MAX_NOTE, Logged, _named
from certsvc.core.note import MAX_SIGNATURES, Note, NoteSignature, format_note, parse_note
from certsvc.verify import verify
from certsvc.verify.case import Evidence
from certsvc.verify.report import Report

#: Seconds of processor time: for a refusal, and for the worst that can be judged at all, 0.1 s where it was measured: 976
#: signatures of the log and its witnesses that hold, which nobody else can make (docs/performance.md).
LIMIT = 0.05
NOW = START + 29 * DAY
OFFICE = strict_office()
BOOK = Logbook(OFFICE, Story())
GENUINE = BOOK.bundle()
VALUE: dict[str, Any] = parse_json(write_bundle(GENUINE))
REVOKED = parse_json(make_bundle(OFFICE, Recipe(revoked_from="2025-04-10")))
_SIZES = count(10**6)


def fresh_note() -> bytes:
    """A checkpoint that the log and its witnesses signed and that nobody saw before."""
    text = format_head(Head(LOG.key.name, next(_SIZES), os.urandom(32)))
    known = [LOG.line(text), *(one.line(text, NOW) for one in WITNESSES.values())]
    return format_note(Note(text, tuple(known)))


def unsigned_note() -> bytes:
    """The same with signatures by nobody."""
    note = parse_note(fresh_note())
    lines = [one._replace(signature=one.signature[:-64] + os.urandom(64)) for one in note.signatures]
    return format_note(Note(note.text, tuple(lines)))


def costly(grant: Jws, note: Callable[[], bytes] = fresh_note) -> Logged:
    """A proof of a grant with the longest path, between two checkpoints of its own."""
    before = note()
    index = parse_head(parse_note(before).text).size
    path = tuple(os.urandom(32) for _ in range(MAX_PATH))
    return Logged(public_leaf("grant", grant.body), Proof(None, index, path, note()), before)


def with_grants(many: int, note: Callable[[], bytes] = fresh_note) -> Bundle:
    """So many grants of the issuer, all of them signed and none without use, each with a proof of its own."""
    (own,) = [one for one in GENUINE.grants if one.unverified_payload["sub"] == "EX-HRSS"]
    named = [{**own.unverified_payload, "jti": f"g-{next(_SIZES)}"} for _ in range(many - len(GENUINE.grants))]
    grants = (*GENUINE.grants, *(OFFICE.sign("grant+jwt", "policy", one) for one in named))
    return replace(GENUINE, grants=grants, grants_logged=tuple(costly(one, note) for one in grants))


def judge(data: bytes) -> Report:
    return verify(Evidence(parse_bundle(data)), (OFFICE.anchor,), NOW, NOW)


def refusal(data: bytes) -> str:
    try:
        parse_bundle(data)
    except Malformed as refused:
        return refused.code
    return "read"


def cost(run: Callable[[bytes], object], make: Callable[[], bytes], unit: str = "ES256") -> float:
    return seconds(run, lambda _: make(), unit)


def log_with(**changes: Any) -> bytes:
    """The bundle with something else in the log proof of its certificate."""
    return canonical({**VALUE, "log": {**VALUE["log"], **changes}})


def numbered(text: str) -> str:
    return f"{text}{next(_SIZES)}"


def everywhere(lines: int) -> bytes:
    """64 acts, 128 grants and 64 decisions, each with a proof of its own under a note of so many lines."""
    acts = [{**VALUE["path"][0], "log": strange_log(lines)} for _ in range(MOST["path"])]
    events = [{**REVOKED["events"][0], "log": strange_log(lines)} for _ in range(MOST["events"])]
    logs = [strange_log(lines) for _ in range(MOST["grants"])]
    grants = {"grants": VALUE["grants"][:1] * MOST["grants"], "grant_logs": logs}
    return canonical({**VALUE, **grants, "path": acts, "events": events})


def strange_log(lines: int) -> dict[str, Any]:
    text = format_head(Head(LOG.key.name, next(_SIZES), os.urandom(32)))
    note = format_note(Note(text, (NoteSignature("s", os.urandom(4), b"s"),) * lines)).decode()
    return {"entry": VALUE["log"]["entry"], "proof": f"c2sp.org/tlog-proof@v1\nindex 1\n\n{note}", "before": None}


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a note of 131,072 bytes": (lambda: log_with(before=numbered("x" * 131_000)), "bundle_size"),
    "a proof of a mebibyte": (lambda: log_with(proof=numbered("x" * 900_000)), "bundle_size"),
    "an entry of a mebibyte": (lambda: log_with(entry=numbered("x" * 900_000)), "bundle_size"),
    "a note of nothing but lines": (lambda: log_with(before=numbered("— a AAAAAAAA\n" * 400)), "note_form"),
    "a proof of nothing but hashes": (
        lambda: log_with(proof=numbered("c2sp.org/tlog-proof@v1\nindex 1\n" + "A\n" * 4000)), "checkpoint_form",
    ),
    "a salt of many bytes": (
        lambda: log_with(proof=numbered("c2sp.org/tlog-proof@v1\nextra " + "AAAA" * 2500 + "\nindex 1\n\n")),
        "leaf_form",
    ),
    "a proof for everything with one line each": (lambda: everywhere(1), "bundle_size"),
    "a proof for everything with 32 lines each": (lambda: everywhere(MAX_SIGNATURES), "bundle_size"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_log_proof_is_refused_at_once(make: Callable[[], bytes], code: str) -> None:
    assert refusal(make()) == code
    assert cost(refusal, make) < LIMIT


def test_what_is_refused_is_remembered_by_nobody() -> None:
    parse_bundle(canonical(VALUE))
    before = _logged_once.cache_info().currsize, _named.cache_info().currsize, _der_remembered.cache_info().currsize
    for make in (HOSTILE["a note of 131,072 bytes"][0], HOSTILE["an entry of a mebibyte"][0]):
        assert refusal(make()) == "bundle_size"
    assert refusal(canonical({**VALUE, "certs": [*VALUE["certs"], numbered("A" * 900_000)]})) in ("read", "base64")
    after = _logged_once.cache_info().currsize, _named.cache_info().currsize, _der_remembered.cache_info().currsize
    assert after == before


def test_one_more_checkpoint_than_a_bundle_may_hold_is_refused() -> None:
    own = {note for one in replace(GENUINE, grants_logged=()).logs for note in (one.proof.checkpoint, one.before)}
    most = with_grants((MAX_NOTES - len(own)) // 2)
    assert len({note for one in most.logs for note in (one.proof.checkpoint, one.before)}) == MAX_NOTES
    assert refusal(write_bundle(most)) == "read"
    more = with_grants(len(most.grants) + 1)
    last = replace(more.grants_logged[-1], before=next(iter(own)))
    assert refusal(write_bundle(replace(more, grants_logged=(*more.grants_logged[:-1], last)))) == "bundle_size"


def test_many_checkpoints_of_many_witnesses_are_refused_by_their_bytes() -> None:
    line = NoteSignature("w" * 100, b"wwww", bytes(72))
    wide = tuple(
        replace(
            costly(GENUINE.grants[0]), before=format_note(Note(parse_note(fresh_note()).text, (line,) * MAX_SIGNATURES))
        )
        for _ in range(MAX_NOTE_BYTES // 7000)
    )
    grants = replace(with_grants(len(wide)), grants_logged=wide)
    assert all(one.before is not None and len(one.before) <= MAX_NOTE for one in wide)
    assert refusal(write_bundle(grants)) == "bundle_size"
    half = replace(with_grants(len(wide) // 2), grants_logged=wide[: len(wide) // 2])
    assert refusal(write_bundle(half)) == "read"


def test_the_most_checkpoints_that_are_judged_have_their_limit() -> None:
    make = lambda: write_bundle(with_grants(MAX_NOTES // 2 - len(GENUINE.path) - 2))  # noqa: E731
    report = judge(make())
    assert (report.verdict, report.reason) == ("tampered", "inclusion_bad")
    assert len(make()) < MAX_BYTES
    # 400 signatures of log and witnesses, and few others.
    assert cost(judge, make, "EdDSA") < LIMIT


def test_the_most_checkpoints_that_nobody_signed_are_refused_at_once() -> None:
    """The first line that does not hold ends a checkpoint; every grant is genuine, or none would have been looked at."""
    make = lambda: write_bundle(with_grants(MAX_NOTES // 2 - len(GENUINE.path) - 2, unsigned_note))  # noqa: E731
    report = judge(make())
    assert (report.verdict, report.reason) == ("tampered", "checkpoint_bad")
    assert cost(judge, make) < LIMIT
