"""The procedures that are signed and stand: which track follows which, and since when."""

from dataclasses import dataclass
from typing import Any

from certsvc.core.errors import NotFound
from certsvc.instance import Instance
from certsvc.services import documents


@dataclass(frozen=True)
class Signed:
    """One signed procedure."""

    sha256: str
    payload: dict[str, Any]
    newest: bool
    """Nothing newer of its track is signed."""


def procedures(instance: Instance, track: str | None = None) -> tuple[Signed, ...]:
    """All signed procedures (of one track), by track and version."""
    with instance.engines.read.connect() as connection:
        found = documents.standing_documents(connection, "procedure+jwt", track)
    ordered = sorted(found, key=lambda one: (one.unverified_payload["track"], one.unverified_payload["version"]))
    last = {one.unverified_payload["track"]: one for one in ordered}
    return tuple(
        Signed(one.sha256, one.unverified_payload, last[one.unverified_payload["track"]] is one) for one in ordered
    )


def ends_of(instance: Instance) -> dict[str, int]:
    """Track -> end of its newest procedure, in seconds."""
    return {one.payload["track"]: one.payload["exp"] for one in procedures(instance) if one.newest}


def procedure_of(instance: Instance, track: str) -> Signed:
    """The newest signed procedure of a track. Raises NotFound."""
    found = procedures(instance, track)
    if not found:
        zh, en = f"没有取得方式 {track} 的程序", f"No procedure of {track} is signed."
        raise NotFound("procedure_absent", zh, en, "certsvc procedure list")
    return found[-1]
