"""Statements of equivalence that a theft made void: found, and signed anew with the present seal (docs/key-drills.md).

The thief had the seal key, or the one that gave the grant of the seal. What was approved stands; only its seal proves
nothing any more. So the same values are sealed anew, the holder gets the new file, and the old one stays void: a
signature of the thief looks just like it.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from certsvc.core.errors import CertsvcError
from certsvc.core.kinds import KINDS
from certsvc.core.outcomes import Fault
from certsvc.instance import Instance
from certsvc.services.damage import Damage
from certsvc.services.equivalence import TYP, present_statement, sign_statement
from certsvc.services.register_only import office_officer
from certsvc.services.statement_grants import stolen_behind
from certsvc.store import documents as document_store
from certsvc.store import register as register_store
from certsvc.store.register_rows import Equivalence

#: Uses of the keys on which a statement stands: they sign it, or the grants that list its seal.
USES = {use for typ in (TYP, "grant+jwt") for uses in KINDS[typ].uses for use in uses}


@dataclass
class Restated:
    """What became of the suspect statements, by the ids of their equivalences. `left` with the code of what is in the way."""

    done: list[str] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)


def open_statements(instance: Instance, damage: Damage) -> list[str]:
    """Ids of the equivalences that the stolen key of `damage` leaves without a statement that counts, oldest first."""
    if damage.key.use not in USES:
        return []
    with instance.engines.read.connect() as connection:
        held = reversed(register_store.list_equivalences(connection))
        return [one.id for one in held if _is_open(instance, connection, one, damage)]


def restate(instance: Instance, damage: Damage, officers: tuple[str, str]) -> Restated:
    """Signs anew what is open, each in a transaction of its own; an interrupted call is simply made again.

    `officers` are two officers of the office, as for the first statement; that they are two humans the caller knows.
    """
    restated = Restated()
    for equivalence_id in open_statements(instance, damage):
        try:
            if _restate(instance, damage, equivalence_id, officers):
                restated.done.append(equivalence_id)
        except (CertsvcError, Fault) as error:
            restated.left.append((equivalence_id, error.code))
    return restated


def _restate(instance: Instance, damage: Damage, equivalence_id: str, officers: tuple[str, str]) -> bool:
    """Whether it was done by this call."""
    with instance.engines.write.begin() as connection:
        held = register_store.find_equivalence(connection, equivalence_id)
        if held is None or held.statement_sha256 is None:
            return False
        # Of two at a time the second sees what the first has signed.
        document_store.lock_document(connection, held.statement_sha256)
        if not _is_open(instance, connection, held, damage):
            return False
        for officer in officers:
            office_officer(instance, connection, officer)
        sign_statement(instance, connection, held)
        return True


def _is_open(instance: Instance, connection: Connection, held: Equivalence, damage: Damage) -> bool:
    if held.statement_sha256 is None:
        return False
    signed, why = present_statement(instance, connection, held)
    return why is not None and damage.key.jkt in stolen_behind(connection, signed)
