"""The grant that travels with a statement of equivalence, and the stolen keys that leave a statement without one.

A statement names no grant, and every grant of its file has to count (docs/format.md 5.7): one that a thief may have given
would make void what stands on another. It has no log either: the verifier goes by the word of each document, and so it
is done here (docs/decisions/0034).
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from certsvc.core.claims import Target
from certsvc.core.grants import Grant, ancestry, check_allows
from certsvc.core.jose import Jws
from certsvc.core.outcomes import Fault
from certsvc.services import documents
from certsvc.verify.authority import came_before
from certsvc.verify.trusted import When, by_its_word

Line = tuple[Grant, ...]
"""A grant that lists the seal, then those above it up to the top one."""
Ended = Mapping[str, Mapping[str, Any]]
"""Thumbprint -> row of the trust bundle of each key that has ended."""


def carried_grants(connection: Connection, signed: Jws, target: Target) -> list[Jws]:
    """Of the issuer's grants that list the seal of a statement one, with those above it: the first that counts and allows
    it; where none does, the first that counts, or the first of all, so that what it lacks is the verifier's answer.
    """
    lines, ended = _lines(connection, signed), _ended(connection)
    sound = [line for line in lines if not any(_is_late(one, ended) for one in line)]
    able = [line for line in sound if _allows(connection, line[0], target, by_its_word(signed).stated)]
    names = sorted(one.sha256 for line in (able or sound or lines)[:1] for one in line)
    return [documents.load_document(connection, name, "grant+jwt") for name in names]


def stolen_behind(connection: Connection, signed: Jws) -> set[str]:
    """Thumbprints of the stolen keys that may have signed, since the theft, a statement or a grant that lists its seal."""
    ended, seal = _ended(connection), signed.signatures[0].unverified_kid
    late = {one.signer_jkt for line in _lines(connection, signed) for one in line if _is_late(one, ended)}
    if seal in ended and not came_before(ended[seal], "to", by_its_word(signed), logged=False):
        late.add(seal)
    return {jkt for jkt in late if ended[jkt]["reason"] == "compromised"}


def _lines(connection: Connection, signed: Jws) -> list[Line]:
    """One for each grant of the issuer that lists the seal, oldest first."""
    seal = {"jkt": signed.signatures[0].unverified_kid, "use": "seal"}
    given = documents.grants_of(connection, signed.unverified_payload["iss"])
    names = [one.sha256 for one in given if seal in one.unverified_payload["keys"]]
    known = documents.grants_with_parents(connection, names)
    return [tuple(ancestry(known[name], known)) for name in names]


def _ended(connection: Connection) -> Ended:
    trust = documents.current_trust(connection).unverified_payload
    return {row["jkt"]: row for row in trust["keys"] if row["to"] is not None}


def _is_late(grant: Grant, ended: Ended) -> bool:
    """Whether its key did not come before its end, or a stolen one before the theft, by the grant's own word."""
    row, at = ended.get(grant.signer_jkt), grant.payload["iat"]
    return row is not None and not came_before(row, "to", When(at, at, at), logged=False)


def _allows(connection: Connection, grant: Grant, target: Target, at: int) -> bool:
    try:
        check_allows(grant, "issue", target, at)
    except Fault:
        return False
    return not documents.is_withdrawn(connection, grant, at)
