"""What a lifecycle act may be: the reasons and the effects that go with it (docs/format.md 5.4, decision 29).

One table for the office before it signs and for everybody who verifies.
"""

from collections.abc import Mapping
from typing import Any

from certsvc.core.claims import FIELDS

#: The one reason that has no new values: what was signed with a stolen key is signed again, word for word.
KEY_COMPROMISED = "key_compromised"
#: Lifecycle act -> the reason classes that go with it, the usual one first (domain.md 5.4; threats.md, compromise).
REASONS: dict[str, tuple[str, ...]] = {
    "suspend": ("inquiry",),
    "reinstate": ("cleared",),
    "revoke": ("fraud", "procedure", "issuing_error", KEY_COMPROMISED),
    "withdraw": ("holder_request",),
    "correct": ("correction", KEY_COMPROMISED),
}
#: The acts that may take effect on another day than that of their decision; all others count from it.
DATED = ("revoke",)


def is_lawful(payload: Mapping[str, Any]) -> bool:
    """Whether a signed lifecycle act gives one of its own reasons and takes effect in a way that it may.

    Not asked: on which status it follows, and whether its day lies between issue and decision (decision 22).
    """
    effective = payload["effective"]
    named = int(effective["retroactive"]) + (effective["from"] is not None)
    return payload["reason"] in REASONS[payload["act"]] and named <= int(payload["act"] in DATED)


def is_another_person(first: Mapping[str, str], last: Mapping[str, str]) -> bool:
    """Whether corrections led from one human to another: name and number both changed, and sex or birth did too.

    Takes the field commitments of the first version and of a later one; what never changed has kept its salt.
    """
    changed = {field for field in FIELDS if first[field] != last[field]}
    return {"name", "id"} <= changed and bool(changed & {"sex", "birth"})
