"""What `roster import` says of rows that the register has already: who, on which roster, and what to do."""

from collections import Counter
from pathlib import Path

from certsvc.cli.say import next_step, table, talk
from certsvc.services.import_plan import AGAIN, Met
from certsvc.services.import_roster import ImportResult
from certsvc.services.standing import CERTIFIED, CONDEMNED, ENDED, IN_HAND, MISPLACED, STOLEN, STRUCK, VOID

#: Lines of the table; all are counted.
SHOWN = 20
#: Why an entry stands, or does not -> words.
WHY = {
    IN_HAND: "在办 on its way",
    CERTIFIED: "已有证书 has a certificate",
    VOID: "证书所依环节已失效 its certificate stands on acts that count no more",
    STRUCK: "已被剔除 was struck",
    ENDED: "证书已撤销或撤回 certificate revoked or withdrawn",
    CONDEMNED: "原环节已失效 its acts count no more",
    MISPLACED: "在办,单位与在册不同 the register has another employer",
    STOLEN: "证书因密钥失密撤销 certificate revoked for a stolen key",
}


def tell_known(file: Path, result: ImportResult) -> None:
    """The rows that add nothing, those that are done anew, and the commands that follow."""
    if result.again:
        talk(f"  重新办理 · Done anew: {len(result.again)} 人 people ({_rosters(result.again)})")
    if not result.standing:
        return
    count = len(result.standing)
    talk(
        f"! {count} 人在库中已有同年同职称记录,未新增 · {count} people stand in the register already: nothing is added"
    )
    rows = [
        (m.sheet, m.row, m.name, m.roster_id, m.standing.number or "", WHY[m.standing.why]) for m in result.standing
    ]
    table(("表 sheet", "行 row", "姓名", "花名册 roster", "证书 certificate", "状态 state"), rows[:SHOWN])
    if count > SHOWN:
        talk(f"  … 另有 {count - SHOWN} 人 · and {count - SHOWN} more: {_rosters(result.standing)}")
    _tell_next(file, result.standing)


def _rosters(found: list[Met]) -> str:
    counts = Counter(one.roster_id for one in found)
    return ", ".join(f"{roster}: {count}" for roster, count in sorted(counts.items()))


def _tell_next(file: Path, standing: list[Met]) -> None:
    reasons = {one.standing.why: one for one in standing}
    if one := reasons.get(IN_HAND):
        next_step(f"certsvc roster check {one.roster_id}")
    if one := reasons.get(CERTIFIED):
        next_step(f"certsvc show {one.standing.number}")
    if VOID in reasons:
        next_step("certsvc keys compromised JKT --since TIME --officer A --second B --document-number N --then revoke")
    if any(one.standing.asks for one in standing):
        next_step(f"certsvc roster import {file} --officer ID --decide '*:{AGAIN}=accept'")
