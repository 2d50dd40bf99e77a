"""What befalls a certificate, for tests: proposed by one officer, decided by the other, some days later."""

from collections.abc import Callable
from typing import Any

import pytest
from support_instance import DAY, SmallInstance
from world_for_tests import census

from certsvc.core.errors import CertsvcError
from certsvc.core.lifecycle import REASONS
from certsvc.core.outcomes import Fault
from certsvc.services.issue import Issued
from certsvc.services.status import approve, propose
from certsvc.services.status_rules import Proposal
from certsvc.services.verify_evidence import verify_code

PAPER = {"number": "示例决〔2025〕1号", "title": "示例决定书", "date": "2025-02-17"}


def order(small: SmallInstance, kind: str, person: int = 0, officer: str = "HRSS-1", **more: Any) -> Proposal:
    """A lawful proposal of this kind about one person's certificate."""
    if kind == "revoke" and not {"retroactive", "effective_from"} & more.keys():
        more["retroactive"] = True
    if kind == "correct" and "reason" not in more:
        more.setdefault("changes", {"name": "样章丁"})
    more.setdefault("reason", REASONS[kind][0])
    return Proposal(kind, more.pop("which", small.issued[person].code), officer, more.pop("document", PAPER), **more)


def do(small: SmallInstance, kind: str, person: int = 0, **more: Any) -> Issued | None:
    """Proposed by the one and decided by the other officer of the issuer."""
    return approve(small.instance, propose(small.instance, order(small, kind, person, **more)), "HRSS-2")


def refused(small: SmallInstance, act: Callable[[], object]) -> CertsvcError | Fault:
    """Why `act` is refused; nothing may have changed."""
    before = census(small.instance)
    with pytest.raises((CertsvcError, Fault)) as error:
        act()
    assert census(small.instance) == before
    assert isinstance(error.value, CertsvcError | Fault)
    return error.value


def days_later(small: SmallInstance, days: float) -> int:
    """Moves the clock; gives back the new time."""
    small.instance.set_clock(small.now + int(days * DAY))
    return small.instance.now()


def verdict(small: SmallInstance, person: int = 0, at: int | None = None) -> str:
    return verify_code(small.instance, small.issued[person].code, at=at).verdict
