"""An equivalence as tests propose it, and the verdict on its statement."""

from datetime import date
from typing import Any

from world_for_tests import World

from certsvc.core.encoding import digest
from certsvc.services.equivalence import Proposal
from certsvc.verify.statement import verify_statement

NUMBER, QUALIFICATION_NUMBER = "220000198506150012", "SAMPLE-ZJ-0042"
WANTED = Proposal(
    name="张示例",
    id_kind="resident_id",
    id_number=NUMBER,
    qualification="一级建造师",
    number=QUALIFICATION_NUMBER,
    issued_on=date(2019, 5, 20),
    evidence_sha256=digest(b"a scan"),
    officer_id="H1",
    paper={"number": "示例函〔2025〕7号", "title": "示例对应文件", "date": "2025-03-03"},
    region="220100",
    unit="示例机械研究所",
)


def judged(world: World, data: bytes, **changes: Any) -> tuple[str, str | None]:
    report = verify_statement(
        data, changes.get("anchors", world.instance.anchors), changes.get("now", world.instance.now())
    )
    return report.verdict, report.reason
