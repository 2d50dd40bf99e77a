"""What happened in the invented province: rosters come in, acts are signed on their days, certificates are issued."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from certsvc import resources
from certsvc.core.calendar import SHANGHAI, local_date
from certsvc.demo.people import Batch, Crowd, write_roster
from certsvc.instance import Instance
from certsvc.register.roster_reader import read_roster
from certsvc.render.photo import sample_portrait
from certsvc.services import photo
from certsvc.services.act import Order, do_act
from certsvc.services.import_roster import import_roster
from certsvc.services.issue import Issued, issue

#: Day 0 of the story. The dates are fixed, so that the working-day calendar always covers them.
DAY_ZERO = datetime(2025, 3, 3, 9, 0, tzinfo=SHANGHAI)
Progress = Callable[[str, int, int], None]

#: Track -> (days after the roster came in, act, officers). Between a notice and its closing act lie >= 5 working days.
PLAN: dict[str, tuple[tuple[int, str, tuple[str, ...]], ...]] = {
    "T01": (
        (0, "unit_notice", ("U1",)),
        (0, "unit_notice", ("U2",)),
        (9, "recommend", ("CC",)),
        (14, "accept", ("EC",)),
        (16, "draw", ("EC",)),
        (18, "evaluate", ("EC",)),
        (19, "result_notice", ("OR",)),
        (32, "settle_objections", ("SV",)),
        (36, "approve", ("AP",)),
        (39, "issue", ("H1", "H2")),
    ),
    "T04": (
        (0, "accept", ("AF",)),
        (2, "draw", ("AF",)),
        (4, "evaluate", ("AF",)),
        (5, "result_notice", ("AF",)),
        (14, "file", ("CC",)),
        (15, "file", ("AP",)),
        (18, "issue", ("H1", "H2")),
    ),
    "T06": (
        (0, "unit_notice", ("U4",)),
        (8, "recommend", ("CO",)),
        (9, "recommend", ("CC",)),
        (14, "accept", ("GC",)),
        (18, "evaluate", ("GC",)),
        (19, "result_notice", ("OR",)),
        (30, "approve", ("AP",)),
        (33, "issue", ("H1", "H2")),
    ),
}

ENGINEERING = ("机械设计", "电气工程", "测绘工程", "软件工程")


def batch(track: str, file: str, people: int, **changes: object) -> Batch:
    """One of the three kinds of roster of the demo."""
    base = {
        "T01": ("05", "deputy_senior", "高级工程师", "工程师", "长春市", ENGINEERING, ("示例机械研究所", "示例勘测设计院"),
                "示例工程系列高级评委会"),
        "T04": ("05", "intermediate", "工程师", "助理工程师", "长春市", ("汽车工程", "电子信息"), ("示例汽车集团(自主评审)",),
                "示例汽车集团评委会"),
        "T06": ("06", "deputy_senior", "高级农艺师", "农艺师", "农安县", ("农艺",), ("示例县农业技术站",),
                "示例基层农业评委会"),
    }[track]  # fmt: skip
    series, level, title, current, region, specialties, units, committee = base
    words = {"T01": "评审", "T04": "自主评审", "T06": "基层直接认定"}
    zh = {"deputy_senior": "副高级", "intermediate": "中级"}
    names = resources.titles().series[series][0]
    extra = (("service_years", 31), ("level_years", 12), ("validity_scope", "限基层")) if track == "T06" else ()
    whole = {
        "file": file,
        "heading": f"示例省2025年{names}{zh[level]}评审结果名单(演示,均为虚构)",
        "track": words[track],
        "series": names,
        "level": zh[level],
        "title": title,
        "current_title": current,
        "region": region,
        "specialties": specialties,
        "units": units,
        "committee": committee,
        "year": 2025,
        "people": people,
        "extra": extra,
    }
    return Batch(**{**whole, **changes})  # type: ignore[arg-type]


@dataclass
class Story:
    """The instance with its moving clock, and what came out of it."""

    instance: Instance
    folder: Path
    crowd: Crowd
    progress: Progress
    issued: dict[str, list[Issued]] = field(default_factory=dict)
    """Roster file -> its certificates."""

    def at(self, days: int, hour: int = 9) -> None:
        """Moves the clock to a day of the story."""
        moment = DAY_ZERO + timedelta(days=days)
        self.instance.set_clock(int(moment.replace(hour=hour).timestamp()))

    def take_in(self, roster: Batch, days: int, portraits: bool = True) -> str:
        """Writes the roster file, reads it back as an office would send it, and imports it; returns the roster id."""
        self.at(days)
        path = self.folder / roster.file
        rows = write_roster(path, roster, self.crowd)
        today = local_date(self.instance.now())
        titles, regions = resources.titles(), resources.regions()
        file = read_roster(path, titles=titles, regions=regions, today=today, drawable=self._missing)
        result = import_roster(
            self.instance.engines,
            self.instance.data_keys,
            file,
            now=self.instance.now(),
            officer=None,
            decisions={},
            random_bytes=secrets.token_bytes,
        )
        if len(result.rosters) != 1:
            raise RuntimeError(f"{roster.file}: {file.faults[:3]} {result.open_questions[:3]}")
        if portraits:
            for seed, row in enumerate(rows):
                picture = sample_portrait(seed, "M" if row["sex"] == "男" else "F")
                photo.add_photo(self.instance, str(row["id_number"]), picture)
        return result.rosters[0]

    def walk(self, track: str, roster_id: str, days: int, until: str = "issue") -> None:
        """Signs the acts of the track on their days, up to and with `until`."""
        for offset, kind, officers in PLAN[track]:
            self.at(days + offset, hour=10)
            document = self.document(kind)
            do_act(self.instance, Order(kind, roster_id, officers, document))
            if kind == until:
                return

    def issue(self, roster_id: str, label: str) -> list[Issued]:
        """Issues the roster at the present clock."""
        done: list[Issued] = []
        for chunk in issue(self.instance, roster_id, lambda n, total: self.progress(label, n, total)):
            done += chunk
        self.issued[label] = done
        return done

    def document(self, kind: str) -> dict[str, str]:
        """The invented paper behind an act of today."""
        today = local_date(self.instance.now())
        title = ACT_PAPERS.get(kind, "示例文件")
        return {"number": f"示例函〔{today.year}〕{today:%j}号", "title": title, "date": today.isoformat()}

    def _missing(self, text: str) -> list[str]:
        return [char for char, _ in self.instance.fonts.missing(text)]


ACT_PAPERS = {
    "unit_notice": "单位审核公示情况表",
    "recommend": "推荐函",
    "accept": "受理名单",
    "draw": "专家抽取记录",
    "evaluate": "评审会议纪要",
    "result_notice": "评审结果公示",
    "settle_objections": "异议核查意见",
    "approve": "核准文件",
    "file": "备案回执",
    "issue": "制证通知",
}
