"""`certsvc demo`: an invented province with a past, and at least one file for each of the twelve verdicts.

1. world      – two witnesses of the log, organisations, officers, grants, procedures
2. irregular  – four small rosters that break a rule each, signed by real keys
3. story      – three rosters (T01, T04, T06) come in as .xlsx, acts are signed on their days, certificates are issued
4. lifecycle  – suspended, revoked twice, withdrawn, corrected
5. cases      – files that were altered, forged or spoiled, and the manifests that say what each must verify to
6. delegation – the kinds of office of the 2022 notice with their grants, for `certsvc keys list`
"""

import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from certsvc.core.errors import Refused
from certsvc.demo import cases, irregular, lifecycle, world
from certsvc.demo.people import Crowd
from certsvc.demo.story import DAY_ZERO, Progress, Story, batch
from certsvc.instance import open_instance
from certsvc.services.ceremony import hold_ceremony
from certsvc.services.documents import publish_trust
from certsvc.services.log_leaves import together
from certsvc.services.sample_delegation import enrol_sample

STAMP = "demo/demo.json"
#: Share of the people on each of the three rosters.
SHARES = (("T01", "roster-T01-engineers.xlsx", 0.6), ("T04", "roster-T04-motor-group.xlsx", 0.25))
TRY_IT = "roster-T01-try-it-yourself.xlsx"
TIME_LIMITED = "roster-T01-time-limited.xlsx"
#: The smallest demo has enough certificates of each roster for every case.
MIN_PEOPLE = 30


def build_demo(home: Path, people: int, seed: int, public_url: str, progress: Progress) -> bool:
    """Makes the demo home; False when it was there already. Raises Refused for one of another seed, size or address.

    Built beside its place and moved there last, so an interrupted demo is simply built again.
    """
    wanted = {"people": people, "seed": seed, "public_url": public_url}
    if (home / STAMP).is_file():
        _check_stamp(home, wanted)
        return False
    if people < MIN_PEOPLE:
        raise Refused("demo_people", f"演示至少 {MIN_PEOPLE} 人", f"A demo needs at least {MIN_PEOPLE} people.")
    if home.exists() and any(home.iterdir()):
        zh, en = f"{home} 已有其他内容", f"{home} holds something that is no demo."
        raise Refused("home_exists", zh, en, "certsvc demo --home ANOTHER")
    draft = home.with_name(home.name + ".building")
    shutil.rmtree(draft, ignore_errors=True)
    draft.parent.mkdir(parents=True, exist_ok=True)
    _without_database(lambda: _build(draft, people, seed, public_url, progress))
    (draft / STAMP).write_text(json.dumps(wanted) + "\n", encoding="utf-8")
    shutil.rmtree(home, ignore_errors=True)
    draft.rename(home)
    return True


def _build(home: Path, people: int, seed: int, public_url: str, progress: Progress) -> None:
    hold_ceremony(home, world.plan(public_url), int(DAY_ZERO.timestamp()) - 86_400)
    instance = open_instance(home)
    try:
        instance.set_clock(int(DAY_ZERO.timestamp()) - 80_000)
        world.populate(instance)
        folder = home / "demo"
        folder.mkdir()
        story = Story(instance, folder, Crowd(seed), progress)
        irregular.tell(story)
        last = _regular_rosters(story, people)
        lifecycle.tell(story)
        # One roster nobody has touched yet, so that a visitor can sign its acts by hand.
        story.take_in(batch("T01", TRY_IT, 4), 470)
        # The last roster is issued today, so that its frozen status list is fresh and its files verify offline.
        instance.set_clock(None)
        publish_trust(instance)
        story.issue(last, "roster-T06-grass-roots.xlsx")
        cases.make(story, seed)
        # Last, so that the story's own bundles do not carry the keys of a hundred firms in their trust bundle.
        with together(instance):
            enrol_sample(instance, partial(progress, "sample delegation"))
    finally:
        instance.close()


def _regular_rosters(story: Story, people: int) -> str:
    """Three rosters on their way; the last one is not issued yet, and its id is given back."""
    days = 7
    for track, file, share in SHARES:
        roster_id = story.take_in(batch(track, file, round(people * share), failed=2 if track == "T01" else 0), days)
        story.walk(track, roster_id, days)
        story.issue(roster_id, file)
        days += 190
    limited = batch("T01", TIME_LIMITED, 2, extra=(("term_until", "2026-06-30"), ("validity_scope", "限本单位")))
    roster_id = story.take_in(limited, 14)
    story.walk("T01", roster_id, 14)
    story.issue(roster_id, TIME_LIMITED)
    rest = people - sum(round(people * share) for _, _, share in SHARES)
    last = story.take_in(batch("T06", "roster-T06-grass-roots.xlsx", rest), days)
    story.walk("T06", last, days)
    return last


def _check_stamp(home: Path, wanted: dict[str, object]) -> None:
    there = json.loads((home / STAMP).read_text(encoding="utf-8"))
    if there != wanted:
        zh = f"已有的演示与此不同:{there}"
        en = f"The demo that is there was made with {there}."
        raise Refused("demo_differs", zh, en, f"certsvc demo --home {home} --reset")


def _without_database(work: Callable[[], None]) -> None:
    """A demo is embedded: a database meant for another instance is left alone."""
    kept = os.environ.pop("CERTSVC_DATABASE_URL", None)
    try:
        work()
    finally:
        if kept is not None:
            os.environ["CERTSVC_DATABASE_URL"] = kept
