"""Three rosters that break one rule each. Our own services refuse them, so the demo signs past the decision.

The keys and organisations are real; only the step `decide` is left out. The verifier must find what is wrong.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from certsvc.core.bundle import write_bundle
from certsvc.core.grants import Grant
from certsvc.demo.story import PLAN, Story, batch
from certsvc.services.act import Gathered, Order, apply, gather
from certsvc.services.coming_into_force import enter
from certsvc.services.evidence import gather_bundle
from certsvc.services.issue import Issued, intend, issued_of, sign_intent, store, waiting
from certsvc.services.log_leaves import transaction
from certsvc.services.publish import current_status_list
from certsvc.store import documents as document_store

Steps = tuple[tuple[int, str, tuple[str, ...]], ...]


def tell(story: Story) -> None:
    """A committee beyond its level, a notice of four working days, a missing act."""
    lawful = PLAN["T01"]
    beyond = tuple((d, k, ("MC",) if o == ("EC",) else o) for d, k, o in lawful)
    # 2025-05-12 is a Monday: four working days later is Friday 2025-05-16.
    short = tuple((4 if k == "recommend" else d, k, o) for d, k, o in lawful)
    missing = tuple(step for step in lawful if step[1] != "result_notice")
    _irregular(story, "irregular-committee-level.xlsx", beyond)
    _irregular(story, "irregular-notice-four-days.xlsx", short)
    _irregular(story, "irregular-missing-notice.xlsx", missing)


def _irregular(story: Story, file: str, steps: Steps, days: int = 70) -> None:
    roster_id = story.take_in(batch("T01", file, 2, units=("示例机械研究所",)), days)
    for offset, kind, officers in steps:
        if officers == ("U2",):
            continue
        story.at(days + offset, hour=10)
        order = Order(kind, roster_id, officers, story.document(kind))
        with transaction(story.instance) as connection:
            gathered = _gather(story, connection, order)
            apply(story.instance, connection, gathered, _grants(gathered))
    story.issued[file] = _issue_unchecked(story, roster_id)


def _gather(story: Story, connection: Connection, order: Order) -> Gathered:
    """As the service gathers, but for an act whose predecessor is missing the step is set by hand."""
    kinds = [kind for _, kind, _ in PLAN["T01"]]
    done = _done_kinds(story, connection, order.roster_id)
    before = kinds[kinds.index(order.kind) - 1]
    if order.kind in ("unit_notice", "recommend") or before in done:
        return gather(story.instance, connection, order)
    gathered = gather(story.instance, connection, replace(order, kind=before))
    steps: list[dict[str, Any]] = gathered.procedure.unverified_payload["steps"]
    step = next(one for one in steps if one["act"] == order.kind)
    return replace(gathered, order=order, step=step, previous_step=None)


def _done_kinds(story: Story, connection: Connection, roster_id: str) -> set[str]:
    return {act.kind for act in document_store.list_acts(connection, roster_id)}


def _grants(gathered: Gathered) -> tuple[Grant, ...]:
    """The grant that comes nearest: the organisation's own with the right role, lawful or not."""
    fitting = [g for g in gathered.own_grants if g.payload["role"] in gathered.step["roles"]]
    return tuple(fitting[:1])


def _issue_unchecked(story: Story, roster_id: str) -> list[Issued]:
    """Issue without the check of our own result."""
    instance = story.instance
    with instance.engines.read.connect() as connection:
        entries = waiting(connection, roster_id)
    done = [issued_of(instance, intent, sign_intent(instance, intent)) for intent in intend(instance, entries)]
    with transaction(instance) as connection:
        for one in done:
            store(instance, connection, one)
    for one in done:
        status_list = current_status_list(instance, one.certificate.list_uri)
        with transaction(instance) as connection:
            bundle = write_bundle(gather_bundle(instance, connection, one.certificate, status_list))
            enter(connection, one.certificate.id, bundle)
    return done
