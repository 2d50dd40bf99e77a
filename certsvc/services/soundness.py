"""Whether signed acts still count after a theft or a withdrawal: what every verifier will say of a path, known before.

The rule is the verifier's (docs/format.md 3.2, 7.1; `keys_in_service`, `acts_granted`), asked of the newest trust
bundle: what was signed comes before the end of each of its keys and, of what was stolen, before the point up to which
it was good. Under a root that requires the log its place there decides, under others its own word.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from certsvc.core.bundle import parse_shared
from certsvc.core.chain import instance_flags, load_certificate
from certsvc.core.grants import Grant, ancestry
from certsvc.core.jose import Jws
from certsvc.core.kinds import ROOT
from certsvc.core.outcomes import Fault
from certsvc.services import documents, log_points
from certsvc.store import documents as document_store
from certsvc.store import keys as key_store
from certsvc.store import traces
from certsvc.store.rows import Entry
from certsvc.verify.authority import LOGGED, came_before
from certsvc.verify.trusted import When, time_of


@dataclass(frozen=True)
class Spoilt:
    """People for whom nothing more may be signed: every verifier would call it void."""

    fault: Fault
    """key_compromised, key_ended or grant_withdrawn, with the act and the office whose key or grant it was."""
    people: frozenset[str]
    """Entry ids."""


class Soundness:
    """Look-ups on one connection, by what is published now."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        newest = document_store.newest_document(connection, "trust+jwt", "trust")
        said = (
            {"keys": [], "withdrawn": []}
            if newest is None
            else parse_shared(newest.body, newest.typ).unverified_payload
        )
        self._ended = {row["jkt"]: row for row in said["keys"] if row["to"] is not None}
        self._withdrawn = {row["sha256"]: row for row in said["withdrawn"]}
        self._strict = _is_strict(connection)
        self._known: dict[str, Fault | None] = {}

    def spoilt_for(self, entries: Iterable[Entry]) -> list[Spoilt]:
        """Whose acts do not count any more, and why: each of `entries` under the first act that does not, in their order."""
        open_ = {one.id: one.head_act for one in entries if one.head_act}
        found = []
        for name, fault in self.spoilt_on(set(open_.values())).items():
            people = traces.entries_on(self._connection, [name]) & open_.keys()
            if people:
                found.append(Spoilt(fault, frozenset(people)))
            open_ = {one: head for one, head in open_.items() if one not in people}
        return found

    def spoilt_on(self, heads: Iterable[str]) -> dict[str, Fault]:
        """Of the acts that lead to `heads` those that do not count any more, and why, oldest first; nothing where all do."""
        if not self._ended and not self._withdrawn:
            return {}
        waiting, found = list(heads), {}
        seen = set(waiting)
        while waiting:
            name = waiting.pop()
            if (fault := self.fault_of(name)) is not None:
                found[name] = fault
            fresh = set(documents.load_document(self._connection, name, "act+jwt").unverified_payload["prev"]) - seen
            waiting += fresh
            seen |= fresh
        return dict(sorted(found.items(), key=lambda one: self._signed_at(one[0])))

    def _signed_at(self, act: str) -> int:
        return int(documents.load_document(self._connection, act, "act+jwt").unverified_payload["iat"])

    def first_fault(self, acts: Iterable[str]) -> Fault | None:
        """Why the first of these acts that does not count any more does not; None where all count."""
        if not self._ended and not self._withdrawn:
            return None
        return next((fault for fault in map(self.fault_of, acts) if fault is not None), None)

    def fault_of(self, act: str) -> Fault | None:
        """Why an act does not count any more: key_compromised, key_ended, grant_withdrawn, with act and office."""
        if act not in self._known:
            self._known[act] = self._fault_of(documents.load_document(self._connection, act, "act+jwt"))
        return self._known[act]

    def _fault_of(self, act: Jws) -> Fault | None:
        payload = act.unverified_payload
        grants = documents.grants_with_parents(self._connection, payload["grants"])
        for document in (act, *self._beside(act, grants)):
            for signature in document.signatures:
                ended = self._ended.get(signature.unverified_kid)
                if ended is not None and not self._came_before(document, ended, "to"):
                    code = "key_compromised" if ended["reason"] == "compromised" else "key_ended"
                    owner = documents.key_by_jkt(self._connection, signature.unverified_kid).org_id
                    return Fault(code, payload["act"], owner, typ=document.typ)
        if not any(self._stands(act, grants[name], grants) for name in payload["grants"]):
            return Fault("grant_withdrawn", payload["act"], payload["org"])
        return None

    def _beside(self, act: Jws, grants: Mapping[str, Grant]) -> list[Jws]:
        """What an act stands on: its grants with those above, its procedure, its calendar."""
        payload = act.unverified_payload
        named = [(name, "grant+jwt") for name in sorted(grants)] + [(payload["procedure"], "procedure+jwt")]
        named += [(payload["calendar"], "calendar+jwt")] if payload["calendar"] is not None else []
        return [documents.load_document(self._connection, *one) for one in named]

    def _stands(self, act: Jws, grant: Grant, known: Mapping[str, Grant]) -> bool:
        ended = [self._withdrawn.get(step.sha256) for step in ancestry(grant, known)]
        return all(one is None or self._came_before(act, one, "from") for one in ended)

    def _came_before(self, document: Jws, ended: Mapping[str, Any], since: str) -> bool:
        """As the verifier has it, of a document that stands in the register."""
        logged, place = self._strict and document.typ in LOGGED, None
        if logged:
            place = log_points.places(self._connection, [document.sha256]).get(document.sha256)
        at = time_of(document)
        return came_before(ended, since, When(at, at, at, place), logged)


def _is_strict(connection: Connection) -> bool:
    """Whether a root of this register requires a log, as `witness_list.is_strict` says of the files of a home."""
    roots = key_store.list_signing_keys(connection, use=ROOT)
    return any((instance_flags(load_certificate(root.certificate)) or (False, False))[1] for root in roots)
