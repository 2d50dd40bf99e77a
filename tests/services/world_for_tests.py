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


def _with(walk: Walk, *more: tuple[int, str, tuple[str, ...]]) -> Walk:
    return tuple(sorted((*walk, *more)))


#: Local offices take note before the province does (A15); what a firm asks for is approved before anybody is drawn.
_LOCAL_FILING = (34, "file", ("CC",))
_APPROVED_AHEAD = (15, "approve", ("AP",))
#: Recognition: no experts are drawn, and nobody else settles objections.
_RECOGNITION = _without(_REVIEW, "draw", "settle_objections")

#: A unit in a county is recommended by the county first, then by the city.
_COUNTY = (8, "recommend", ("CO",))

#: Track -> (days after the roster came in, act, officers); between a notice and its closing act lie >= 5 working days.
WALKS: dict[str, Walk] = {
    "T01": _REVIEW,
    "T02": _with(_REVIEW, _APPROVED_AHEAD),
    "T03": _with(_without(_REVIEW, "recommend", approve="file"), _LOCAL_FILING),
    "T04": (
        (0, "accept", ("AF",)),
        (2, "draw", ("AF",)),
        (4, "evaluate", ("AF",)),
        (5, "result_notice", ("AF",)),
        (14, "file", ("CC",)),
        (15, "file", ("AP",)),
        (18, "issue", ("H1", "H2")),
    ),
    "T05": _REVIEW,
    "T06": _with(_RECOGNITION, _COUNTY),
    "T07": _with(_without(_RECOGNITION, "evaluate"), _COUNTY),
    "T08": _with(_REVIEW, _COUNTY),
    "T09": _with(_RECOGNITION, _COUNTY),
    "T10": _with(_REVIEW, _COUNTY),
    "T11": _with(
        _without(_RECOGNITION, "unit_notice"), (16, "evaluate", ("XC",)), (17, "evaluate", ("XC",)),
    ),
    "T12a": _REVIEW,
    "T12b": _REVIEW,
    "T13a": _REVIEW,
    "T13b": _RECOGNITION,
    "T14": _with(_REVIEW, (8, "recommend", ("XD",))),
    "T16": _REVIEW,
    "T17": _without(_RECOGNITION, "evaluate", "result_notice"),
    "T18a": _without(_RECOGNITION, "unit_notice"),
    "T18b": _without(_RECOGNITION, "unit_notice"),
    "T18c": _without(_RECOGNITION, "unit_notice"),
    "T19": _REVIEW,
    "T20": _with(_REVIEW, _APPROVED_AHEAD),
}  # fmt: skip
#: (track, day) -> figures of the meeting that the roster file does not have: which of three meetings it was.
FIGURES: dict[tuple[str, int], dict[str, int]] = {("T11", day): {"stage": n} for n, day in enumerate((16, 17, 18), 1)}
ONE_UNIT = ("示例机械研究所",)
#: What the committee XC may pass where its grant says how many (T03).
RATIOS = {"senior": 45, "deputy_senior": 55, "intermediate": 70}


#: The office looked at one paper of special evidence.
PAPERS = ("evidence_items", 1)


def _like(track: str, words: str, **changes: object) -> Batch:
    return replace(batch("T01", f"{track}.xlsx", 2, units=ONE_UNIT), track=words, **changes)  # type: ignore[arg-type]


#: Track -> a lawful roster file of it. T03 and T10 pass no more than their approved share.
BATCHES: dict[str, Batch] = {
    "T01": batch("T01", "T01.xlsx", 2, units=ONE_UNIT),
    "T03": _like("T03", "评聘结合", people=4, failed=2, extra=(("posts", 2),)),
    "T04": batch("T04", "T04.xlsx", 2),
    "T05": _like(
        "T05", "新业态评审", level="中级", title="工程师", current_title="助理工程师", extra=(("occupation", "物联网"),)
    ),
    "T06": batch("T06", "T06.xlsx", 2, units=ONE_UNIT),
    "T10": _like(
        "T10", "中小学破格评聘", people=5, failed=2, series="中小学教师", title="高级教师", current_title="一级教师",
        region="农安县", extra=(("service_years", 30), ("level_years", 6), ("appraisals", 6)),
    ),
    "T14": _like(
        "T14", "乡村人才评审", series="乡村振兴人才", title="乡村振兴高级农艺师", current_title="无", extra=(PAPERS,)
    ),
    "T02": _like("T02", "破格评审", extra=(PAPERS,)),
    "T07": _like(
        "T07", "基层博士认定", region="农安县", current_title="无", extra=(("degree", "博士"), ("contract_years", 3))
    ),
    "T08": _like("T08", "基层单独评定", region="农安县", extra=(("service_years", 3),)),
    "T09": _like(
        "T09", "中小学直接认定", series="中小学教师", title="高级教师", current_title="一级教师",
        region="农安县", extra=(("service_years", 30), ("level_years", 10)),
    ),
    "T11": _like("T11", "高层次人才直接评定", people=3, failed=1, current_title="无", extra=(PAPERS,)),
    "T12a": _like("T12a", "博士后评审", current_title="无", extra=(("degree", "博士"),)),
    "T12b": _like(
        "T12b", "博士后跨级评审", level="正高级", title="正高级工程师", extra=(("degree", "博士后"), PAPERS)
    ),
    "T13a": _like("T13a", "抗疫提前评审", extra=(PAPERS,)),
    "T13b": _like("T13b", "抗疫单独评定", people=4, failed=2, extra=(("level_years", 3), PAPERS)),
    "T16": _like("T16", "高技能人才评审", extra=(("skill", "高级技师"),)),
    "T17": _like(
        "T17", "考核认定", level="中级", title="工程师", current_title="无",
        extra=(("degree", "硕士"), ("probation_months", 12)),
    ),
    "T18a": _like("T18a", "机关调转", level="中级", title="工程师", current_title="无", extra=(PAPERS,)),
    "T18b": _like("T18b", "部队转业", level="中级", title="工程师", current_title="无", extra=(PAPERS,)),
    "T18c": _like("T18c", "外省确认", current_title="高级工程师", extra=(PAPERS,)),
    "T19": _like("T19", "民营高管评审", extra=(PAPERS,)),
    "T20": _like("T20", "卡脖子特殊评定", extra=(PAPERS,)),
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
def witnesses_away(world: World) -> Iterator[None]:
    """Nobody is where the list of witnesses says; their keys stay the policy."""
    path = world.home / FILE
    kept = path.read_text(encoding="utf-8")
    value = json.loads(kept)
    for one in value["witnesses"]:
        one["url"] += "-away"
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
