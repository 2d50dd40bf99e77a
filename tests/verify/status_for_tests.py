"""Histories of one certificate and lists beside them, by days of the calendar of `support_changes`."""

from typing import Any

from support_changes import apply_changes, day
from support_forge import Forge, judge
from support_instance import SmallInstance

from certsvc.verify.report import Report


def event(act: str, at: int, **other: Any) -> dict[str, Any]:
    return {"do": "event", "act": act, "at": day(at), **other}


def revoked_from(at: int, first: str | None) -> dict[str, Any]:
    return event("revoke", at, reason="fraud", effective={"retroactive": first is None, "from": first})


def report_of(small: SmallInstance, events: list[dict[str, Any]], at: float, now: float = 60, **asked: Any) -> Report:
    forge = apply_changes(Forge(small), events)
    forge.tree["status"] |= {"iat": day(now) - 60, "exp": day(now + 7)}
    return judge(small, forge.build(), at=day(at), now=day(now), **asked)


def list_of(small: SmallInstance, iat: float, value: int = 0, **other: Any) -> bytes:
    """A status list signed on another day, with a value in the person's slot."""
    forge = apply_changes(Forge(small), [{"do": "list", "value": value}])
    forge.tree["status"] |= {"iat": day(iat), "exp": day(iat + 7)} | other
    return forge.document("status")


def with_list(small: SmallInstance, brought: bytes, at: float, now: float) -> Report:
    return judge(small, small.bundle(), at=day(at), now=day(now), newer_status=brought)
