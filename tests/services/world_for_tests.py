"""The demo's province for the tests of services, with a committee for every track and the way each track goes.

Rosters are written as .xlsx files and imported as an office would; nothing is put into the store by hand.
"""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import certsvc
from certsvc import resources
from certsvc.core.calendar import local_date
from certsvc.demo import world
from certsvc.demo.people import Batch, Crowd, write_roster
from certsvc.demo.story import DAY_ZERO, batch
from certsvc.instance import Instance, open_instance
from certsvc.register.roster_reader import read_roster
from certsvc.services import act, documents, enrol, issue
from certsvc.services.ceremony import hold_ceremony
from certsvc.services.delegation import Delegation, delegate
from certsvc.services.import_roster import ImportResult, import_roster
from certsvc.services.witness_list import FILE
from certsvc.store import certificates, keys, rosters
from certsvc.store.rows import Certificate, Entry
from certsvc.store.tables import metadata

URL = "https://sample.invalid"
PAPER = {"number": "示例函〔2025〕2号", "title": "示例授权文件", "date": "2025-03-02"}
#: What an officer answers to every question that a roster file of these tests raises.
ACCEPT = {f"*:{code}": "accept" for code in ("yes_short", "quorum_short", "level_skipped", "level_not_higher")}

Walk = tuple[tuple[int, str, tuple[str, ...]], ...]
#: Track -> how a lawful roster of it goes; see tests/vectors/README.md.
_DATA = json.loads((Path(__file__).parents[1] / "vectors" / "walks.json").read_text(encoding="utf-8"))
#: Track -> (days after the roster came in, act, officers); between a notice and its closing act lie >= 5 working days.
WALKS: dict[str, Walk] = {
    track: tuple((day, kind, tuple(officers)) for day, kind, officers, *_ in one["walk"])
    for track, one in _DATA.items()
}
#: (track, day) -> figures of the meeting that the roster file does not have: which of three meetings it was.
FIGURES: dict[tuple[str, int], dict[str, int]] = {
    (track, day): figures[0] for track, one in _DATA.items() for day, _, _, *figures in one["walk"] if figures
}
ONE_UNIT = ("示例机械研究所",)
#: What the committee XC may pass where its grant says how many (T03).
RATIOS = {"senior": 45, "deputy_senior": 55, "intermediate": 70}


#: The office looked at one paper of special evidence.
PAPERS = ("evidence_items", 1)


def _batch(track: str, like: str, changes: dict[str, Any]) -> Batch:
    """A roster of the demo with changes; lists and the extra columns are tuples."""
    told = {
        name: tuple(v.items() if name == "extra" else v) for name, v in changes.items() if isinstance(v, list | dict)
    }
    return replace(batch(like, f"{track}.xlsx", 2), **changes | told)


#: Track -> a lawful roster file of it. T03 and T10 pass no more than their approved share.
BATCHES: dict[str, Batch] = {track: _batch(track, one["like"], one["roster"]) for track, one in _DATA.items()}


@dataclass
class World:
    """An open instance with a clock that the test moves, and what it needs to act in it."""

    instance: Instance
    folder: Path
    url: str | None = None
    """The database, when it is not the SQLite file inside the home."""
    crowd: Crowd = field(default_factory=lambda: Crowd(2025))

    @property
    def home(self) -> Path:
        return self.instance.home

    @contextmanager
    def another(self) -> Iterator["World"]:
        """The same province as a second program sees it, with the same clock."""
        with opened(self.home, self.url) as instance:
            instance.clock = self.instance.clock
            yield World(instance, self.folder, self.url)

    def at(self, day: float, hour: int = 10) -> None:
        """Moves the clock to an hour (Asia/Shanghai) of a day; day 0 is Monday 2025-03-03."""
        self.instance.set_clock(int((DAY_ZERO + timedelta(days=day)).replace(hour=hour).timestamp()))

    def pseudonym(self, officer_id: str) -> str:
        """The human behind an officer, as certificates name him."""
        with self.instance.engines.read.connect() as connection:
            officer = keys.find_officer(connection, officer_id)
        assert officer is not None
        return officer.pseudonym

    def file(self, roster: Batch) -> Path:
        """The roster file, written."""
        path = self.folder / roster.file
        write_roster(path, roster, self.crowd)
        return path

    def import_file(self, path: Path, decisions: Mapping[str, str] = ACCEPT) -> ImportResult:
        """Reads and imports a roster file at the present clock."""
        today = local_date(self.instance.now())
        read = read_roster(path, titles=resources.titles(), regions=resources.regions(), today=today)
        return import_roster(
            self.instance.engines,
            self.instance.data_keys,
            read,
            now=self.instance.now(),
            officer=None,
            decisions=decisions,
            random_bytes=secrets.token_bytes,
        )

    def take_in(self, roster: Batch) -> str:
        """Imports the one roster of a file on day 0; gives back its id."""
        self.at(0, hour=9)
        result = self.import_file(self.file(roster))
        assert not result.open_questions, result.open_questions
        (roster_id,) = result.rosters
        return roster_id

    def sign(self, kind: str, roster_id: str, *officers: str, **order: object) -> act.Done:
        """One act at the present clock."""
        return act.do_act(self.instance, act.Order(kind, roster_id, officers, **order))  # type: ignore[arg-type]

    def walk(self, track: str, roster_id: str, until: str | int | None = None) -> None:
        """Signs the acts of the track on their days, up to and without `until`: the first of a kind, or a day."""
        for day, kind, officers in WALKS[track]:
            self.at(day)
            if until in (kind, day):
                return
            who = self._lowest(roster_id) if officers == ("CO",) else officers
            if who:
                self.sign(kind, roster_id, *who, facts=FIGURES.get((track, day), {}))

    def _lowest(self, roster_id: str) -> tuple[str, ...]:
        """Who recommends below the city: the county, another office in other districts, nobody in the city itself."""
        region = self.entries(roster_id)[0].region
        return () if region == "220100" else ("CO",) if region == "220122" else ("DI",)

    def ready(self, people: int = 2, **changes: object) -> str:
        """A T01 roster whose issue act is signed; the clock stands a day later."""
        roster_id = self.take_in(replace(BATCHES["T01"], people=people, **changes))  # type: ignore[arg-type]
        self.walk("T01", roster_id)
        self.at(40)
        return roster_id

    def certified(self, number: int, people: int = 2) -> list[issue.Issued]:
        """A T01 roster from import to certificates; each number sixteen weeks after the one before."""
        shift = number * 112
        roster = replace(BATCHES["T01"], file=f"T01-{number}.xlsx", people=people, units=ONE_UNIT)
        self.at(shift, hour=9)
        (roster_id,) = self.import_file(self.file(roster)).rosters
        for day, kind, officers in WALKS["T01"]:
            self.at(shift + day)
            self.sign(kind, roster_id, *officers)
        self.at(shift + 40)
        return self.issue(roster_id)

    def issue(self, roster_id: str) -> list[issue.Issued]:
        """Everything that `issue` gives out, in one list."""
        return [one for chunk in issue.issue(self.instance, roster_id) for one in chunk]

    def entries(self, roster_id: str, live_only: bool = True) -> tuple[Entry, ...]:
        with self.instance.engines.read.connect() as connection:
            return rosters.list_entries(connection, roster_id, live_only)

    def certificates(self, roster_id: str | None = None) -> tuple[Certificate, ...]:
        with self.instance.engines.read.connect() as connection:
            return certificates.list_certificates(connection, roster_id=roster_id)

    def census(self) -> dict[str, int]:
        """How many rows every table has."""
        return census(self.instance)


@contextmanager
def witnesses_away(world: World, only: str = "") -> Iterator[None]:
    """Nobody, or nobody of the name `only`, is where the list of witnesses says; their keys stay the policy."""
    path = world.home / FILE
    kept = path.read_text(encoding="utf-8")
    value = json.loads(kept)
    for one in value["witnesses"]:
        one["url"] += "-away" if one["vkey"].startswith(only) else ""
    path.write_text(json.dumps(value), encoding="utf-8")
    yield
    path.write_text(kept, encoding="utf-8")


def census(instance: Instance) -> dict[str, int]:
    """How many rows every table has."""
    with instance.engines.read.connect() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def build_world(home: Path, url: str | None = None) -> None:
    """Makes a home with the demo's offices, a committee XC for all tracks, and no roster."""
    with database(url):
        hold_ceremony(home, world.plan(URL), int(DAY_ZERO.timestamp()) - 86_400)
    with opened(home, url) as instance:
        instance.set_clock(int(DAY_ZERO.timestamp()) - 80_000)
        world.populate(instance)
        for org, roles, region in (
            ("SL-XC", ("committee_office", "committee"), "220000"),
            ("SL-XD", ("department",), "220000"),
            ("SL-DI", ("county",), "220100"),
        ):
            enrol.enrol_organisation(instance, enrol.NewOrganisation(org, f"示例{org}", org, "office", None, region))
            enrol.enrol_officer(instance, org[-2:], org, "样章人")
            for role in roles:
                ratios = RATIOS if role == "committee" else {}
                delegate(instance, Delegation(org, role, PAPER, narrowed={"regions": [region]}, ratios=ratios))
        documents.publish_trust(instance)


@contextmanager
def database(url: str | None) -> Iterator[None]:
    """Inside, an instance is opened on the database at `url`, or on the SQLite file inside its home."""
    with pytest.MonkeyPatch.context() as patch:
        if url is None:
            patch.delenv("CERTSVC_DATABASE_URL", raising=False)
        else:
            patch.setenv("CERTSVC_DATABASE_URL", url)
        yield


@contextmanager
def opened(home: Path, url: str | None = None) -> Iterator[Instance]:
    """The instance in `home` on that database. Not to be entered by two threads at a time."""
    with database(url):
        instance = open_instance(home)
    try:
        yield instance
    finally:
        instance.close()


def environment(home: Path, url: str | None) -> dict[str, str]:
    """The variables under which another process opens the same instance."""
    kept = {name: value for name, value in os.environ.items() if name != "CERTSVC_DATABASE_URL"}
    own = {"CERTSVC_HOME": str(home), "PYTHONPATH": str(Path(certsvc.__file__).parents[1])}
    return kept | own | ({} if url is None else {"CERTSVC_DATABASE_URL": url})
