"""The demo's province for the tests of services, with a committee for every track and the way each track goes.

Rosters are written as .xlsx files and imported as an office would; nothing is put into the store by hand.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

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
from certsvc.store import certificates, rosters
from certsvc.store.rows import Certificate, Entry
from certsvc.store.tables import metadata

URL = "https://sample.invalid"
PAPER = {"number": "示例函〔2025〕2号", "title": "示例授权文件", "date": "2025-03-02"}
#: What an officer answers to every question that a roster file of these tests raises.
ACCEPT = {f"*:{code}": "accept" for code in ("yes_short", "quorum_short", "level_skipped", "level_not_higher")}

Walk = tuple[tuple[int, str, tuple[str, ...]], ...]
_REVIEW: Walk = (
    (0, "unit_notice", ("U1",)),
    (9, "recommend", ("CC",)),
    (14, "accept", ("XC",)),
    (16, "draw", ("XC",)),
    (18, "evaluate", ("XC",)),
    (19, "result_notice", ("OR",)),
    (32, "settle_objections", ("SV",)),
    (36, "approve", ("AP",)),
    (39, "issue", ("H1", "H2")),
)


def _without(walk: Walk, *kinds: str, **swaps: str) -> Walk:
    return tuple((day, swaps.get(kind, kind), officers) for day, kind, officers in walk if kind not in kinds)


#: Track -> (days after the roster came in, act, officers); between a notice and its closing act lie >= 5 working days.
WALKS: dict[str, Walk] = {
    "T01": _REVIEW,
    "T03": _without(_REVIEW, "recommend", approve="file"),
    "T04": (
        (0, "accept", ("AF",)),
        (2, "draw", ("AF",)),
        (4, "evaluate", ("AF",)),
        (5, "result_notice", ("AF",)),
        (15, "file", ("AP",)),
        (18, "issue", ("H1", "H2")),
    ),
    "T05": _REVIEW,
    "T06": _without(_REVIEW, "draw", "settle_objections"),
    "T10": _REVIEW,
    "T14": _REVIEW,
}
ONE_UNIT = ("示例机械研究所",)


def _like(track: str, words: str, **changes: object) -> Batch:
    return replace(batch("T01", f"{track}.xlsx", 2, units=ONE_UNIT), track=words, **changes)  # type: ignore[arg-type]


#: Track -> a lawful roster file of it. T03 and T10 pass no more than their approved share.
BATCHES: dict[str, Batch] = {
    "T01": batch("T01", "T01.xlsx", 2, units=ONE_UNIT),
    "T03": _like("T03", "评聘结合", people=4, failed=2, extra=(("ratio_percent", 55), ("posts", 2))),
    "T04": batch("T04", "T04.xlsx", 2),
    "T05": _like("T05", "新业态评审", level="中级", title="工程师", current_title="助理工程师"),
    "T06": batch("T06", "T06.xlsx", 2, units=ONE_UNIT),
    "T10": _like(
        "T10", "中小学破格评聘", people=5, failed=2, series="中小学教师", title="高级教师", current_title="一级教师",
        extra=(("service_years", 30), ("ratio_percent", 60)),
    ),
    "T14": _like("T14", "乡村人才评审", series="乡村振兴人才", title="乡村振兴高级农艺师", current_title="无"),
}  # fmt: skip


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

    def walk(self, track: str, roster_id: str, until: str | None = None) -> None:
        """Signs the acts of the track on their days, up to and without `until`."""
        for day, kind, officers in WALKS[track]:
            self.at(day)
            if kind == until:
                return
            self.sign(kind, roster_id, *officers)

    def ready(self, people: int = 2, **changes: object) -> str:
        """A T01 roster whose issue act is signed; the clock stands a day later."""
        roster_id = self.take_in(replace(BATCHES["T01"], people=people, **changes))  # type: ignore[arg-type]
        self.walk("T01", roster_id)
        self.at(40)
        return roster_id

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


def census(instance: Instance) -> dict[str, int]:
    """How many rows every table has."""
    with instance.engines.read.connect() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def build_world(home: Path, url: str | None = None) -> None:
    """Makes a home with the demo's offices, a committee XC for all tracks, a county office, and no roster."""
    with database(url):
        hold_ceremony(home, world.plan(URL), int(DAY_ZERO.timestamp()) - 86_400)
    with opened(home, url) as instance:
        instance.set_clock(int(DAY_ZERO.timestamp()) - 80_000)
        world.populate(instance)
        for org, roles, region in (
            ("SL-XC", ("committee_office", "committee"), "220000"),
            ("SL-CO", ("county",), "220122"),
        ):
            enrol.enrol_organisation(instance, enrol.NewOrganisation(org, f"示例{org}", org, "office", None, region))
            enrol.enrol_officer(instance, org[-2:], org, "样章人")
            for role in roles:
                delegate(instance, Delegation(org, role, PAPER, narrowed={"regions": [region]}))
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
