"""Where the acts of a roster stand: which step each did, and for which of the offices that the step calls for."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from certsvc.core.jose import Jws
from certsvc.services import documents
from certsvc.verify.steps import called_for

Steps = list[dict[str, Any]]


def places_of(connection: Connection, acts: Iterable[str], steps: Steps) -> dict[str | None, int]:
    """Act -> the step of the procedure that it did. The kind alone does not tell, for a kind may occur twice."""
    places: dict[str | None, int] = {}
    waiting = list(acts)
    while waiting:
        payload = documents.load_document(connection, waiting[-1], "act+jwt").unverified_payload
        if unknown := [name for name in payload["prev"] if name not in places]:
            waiting += unknown
        else:
            before = [places[name] for name in payload["prev"]] or [-1]
            places[waiting.pop()] = max(_next_place(payload["act"], place, steps) for place in before)
    return places


def _next_place(kind: str, place: int, steps: Steps) -> int:
    """The step that an act of this kind does after the step at `place`: as the verifier lays acts beside steps."""
    again = place >= 0 and steps[place]["each_role"] and steps[place]["act"] == kind
    later = range(place if again else place + 1, len(steps))
    return next((n for n in later if steps[n]["act"] == kind), place)


def ranks_of(
    connection: Connection, previous: Mapping[str, Jws], places: Mapping[str | None, int], steps: Steps, position: int
) -> dict[str, int]:
    """Of the heads that did this very step already, the place of their role in it."""
    at = [name for name in previous if places[name] == position]
    return {name: steps[position]["roles"].index(_role(connection, name, steps[position])[0]) for name in at}


def _role(connection: Connection, act: str, step: Mapping[str, Any]) -> list[str]:
    """The role of the step under which an act was signed, in a list; empty for an act that does not belong there."""
    named = documents.load_document(connection, act, "act+jwt").unverified_payload["grants"]
    grants = [documents.load_document(connection, one, "grant+jwt") for one in named]
    roles = {grant.unverified_payload["role"] for grant in grants}
    return [role for role in step["roles"] if role in roles][:1]


def roles_done(
    connection: Connection, heads: Iterable[str], places: Mapping[str | None, int], steps: Steps
) -> dict[str, frozenset[str]]:
    """Head act of a step for each of several roles -> those under which it was done for all its people."""

    def done(name: str) -> frozenset[str]:
        place = places[name]
        before = documents.load_document(connection, name, "act+jwt").unverified_payload["prev"]
        earlier = [done(one) if places[one] == place else frozenset() for one in before]
        shared = frozenset.intersection(*earlier) if earlier else frozenset()
        return shared.union(_role(connection, name, steps[place]))

    return {name: done(name) for name in heads if steps[places[name]]["each_role"]}


def roles_lacking(
    done: Mapping[str, frozenset[str]], places: Mapping[str | None, int], steps: Steps, region: str
) -> dict[str, list[str]]:
    """Head act whose step calls for further offices, from the lower to the higher -> their roles."""
    found = {
        name: [role for role in called_for(steps[places[name]], region) if role not in roles]
        for name, roles in done.items()
    }
    return {name: roles for name, roles in found.items() if roles}
