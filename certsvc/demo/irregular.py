"""Four rosters that break one rule each. Our own services refuse them, so the demo signs past the decision.

The keys and organisations are real; only the step `decide` is left out. The verifier must find what is wrong.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from certsvc.core.bundle import write_bundle
from certsvc.core.calendar import local_date
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
    """A committee beyond its level, a notice of four working days, a missing act, and all acts in one night."""
    lawful = PLAN["T01"]
    beyond = tuple((d, k, ("MC",) if o == ("EC",) else o) for d, k, o in lawful)
    # 2025-05-12 is a Monday: four working days later is Friday 2025-05-16.
    short = tuple((4 if k == "recommend" else d, k, o) for d, k, o in lawful)
    missing = tuple(step for step in lawful if step[1] != "result_notice")
    _irregular(story, "irregular-committee-level.xlsx", beyond)
    _irregular(story, "irregular-notice-four-days.xlsx", short)
    _irregular(story, "irregular-missing-notice.xlsx", missing)
    _in_one_night(story, "irregular-one-night.xlsx")


#: What the papers of the night claim: days before it, in the order of the acts. Each notice would have been long enough.
CLAIMED = (28, 19, 18, 16, 14, 13, 4, 2, 0)
NIGHT, FROM, MINUTES = 110, 20, 12


def _in_one_night(story: Story, file: str) -> None:
    """Everything is signed one evening, an act every twelve minutes, over papers that are dated as the rules ask.

    Each paper is young enough for its act, and the order is right: only the log shows that no notice lasted a day.
    """
    roster_id = story.take_in(batch("T01", file, 2, units=("示例机械研究所",)), NIGHT)
    steps = [step for step in PLAN["T01"] if step[2] != ("U2",)]
    for place, ((_, kind, officers), before) in enumerate(zip(steps, CLAIMED, strict=True)):
        story.at(NIGHT, FROM)
        document = {**story.document(kind), **_dated(story, before)}
        story.instance.set_clock(story.instance.now() + place * MINUTES * 60)
        _sign(story, Order(kind, roster_id, officers, document))
    story.issued[file] = _issue_unchecked(story, roster_id)


def _dated(story: Story, before: int) -> dict[str, str]:
    day = local_date(story.instance.now()) - timedelta(days=before)
    return {"number": f"示例函〔{day.year}〕{day:%j}号", "date": day.isoformat()}


def _irregular(story: Story, file: str, steps: Steps, days: int = 70) -> None:
    roster_id = story.take_in(batch("T01", file, 2, units=("示例机械研究所",)), days)
    for offset, kind, officers in steps:
        if officers == ("U2",):
            continue
        story.at(days + offset, hour=10)
        _sign(story, Order(kind, roster_id, officers, story.document(kind)))
    story.issued[file] = _issue_unchecked(story, roster_id)


def _sign(story: Story, order: Order) -> None:
    """The act, signed and stored as the service does it, without the decision whether it may be."""
    with transaction(story.instance) as connection:
        gathered = _gather(story, connection, order)
        apply(story.instance, connection, gathered, _grants(gathered))


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
