"""Whether an officer may propose a lifecycle act: its class of reason, its effect, the status before it (docs/format.md 5.4).

A pure rule, asked before anything is signed; the database refuses an unlawful step once more (migration 0003). Reasons and
effects stand in `core.lifecycle`, where a verifier asks for them too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from certsvc.core.calendar import utc_text
from certsvc.core.errors import Refused
from certsvc.core.lifecycle import DATED, KEY_COMPROMISED, REASONS
from certsvc.core.statuslist import AFTER

STATES = {0: "in_force", 1: "revoked", 2: "suspended", 3: "superseded", 11: "withdrawn"}
STATES_ZH = {0: "有效", 1: "已撤销", 2: "暂停使用", 3: "已换发", 11: "已注销"}
KINDS_ZH = {"suspend": "暂停", "reinstate": "恢复", "revoke": "撤销", "withdraw": "注销", "correct": "更正"}


@dataclass(frozen=True)
class Proposal:
    """What an officer proposes."""

    kind: str
    code_or_number: str
    officer_id: str
    document: Mapping[str, str]
    reason: str
    retroactive: bool = False
    effective_from: str | None = None
    changes: Mapping[str, str] | None = None
    """For `correct`: new values of name, sex, birth, id; none when it re-issues after a compromise."""


def check_proposal(proposal: Proposal, value: int, number: str) -> None:
    """Returns if the act may follow on the status `value` of certificate `number`.

    Raises Refused for an unlawful transition, a foreign reason class or an effect that the act cannot have.
    """
    again = f"certsvc status {proposal.kind} {number} --help"
    if proposal.kind not in AFTER[value]:
        zh, en = (
            f"证书当前状态为{STATES_ZH[value]},不能{KINDS_ZH[proposal.kind]}",
            f"A certificate that is {STATES[value]} cannot be: {proposal.kind}.",
        )
        raise Refused("status_illegal", zh, en, f"certsvc show {number}")
    if proposal.reason not in REASONS[proposal.kind]:
        known = ", ".join(REASONS[proposal.kind])
        raise Refused("reason_foreign", f"理由类别须为:{known}", f"The reason class must be one of: {known}.", again)
    dated = proposal.retroactive or proposal.effective_from is not None
    if dated and proposal.kind not in DATED:
        zh, en = "只有撤销可以追溯或指定日期", "Only a revocation can be retroactive or dated."
        raise Refused("effect_foreign", zh, en, again)
    if proposal.kind in DATED and proposal.retroactive == (proposal.effective_from is not None):
        zh, en = "须选择自始无效或自某日起", "Say --retroactive or --from DATE, one of them."
        raise Refused("effect_missing", zh, en, again)
    if (proposal.kind == "correct" and proposal.reason != KEY_COMPROMISED) != bool(proposal.changes):
        zh, en = "更正须给出新值,其他决定不得给出", "A correction names the new values, anything else names none."
        raise Refused("changes_missing", zh, en, again)


def check_dates(effective_from: str | None, paper: Mapping[str, str], issued: date, today: date, again: str) -> None:
    """Returns if neither the paper nor the effective day (ISO dates) lies ahead, and the day not before `issued`, the day on
    which the first version was.

    Days are of Asia/Shanghai. The status list shows a decision at once, so a day ahead would be two answers to one
    question (decision 22). What is no date at all is left to the schema of the act. Raises Refused; `again` is its hint.
    """
    day, written = _as_date(effective_from), _as_date(paper.get("date"))
    if written is not None and written > today:
        zh, en = f"文件日期 {written} 晚于今天 {today}", f"The paper is dated {written}, and today is {today}."
        raise Refused("paper_ahead", zh, en, again)
    if day is not None and day > today:
        zh = f"生效日期 {day} 晚于今天 {today};请到当日再决定"
        en = f"The effective day {day} lies ahead of today, {today}; decide on that day."
        raise Refused("effect_ahead", zh, en, again)
    if day is not None and day < issued:
        zh = f"生效日期 {day} 早于首版发证日期 {issued};自始无效请用 --retroactive"
        en = f"The effective day {day} is before the first issue, {issued}; void from the beginning is --retroactive."
        raise Refused("effect_before_issue", zh, en, again)


def check_clock(now: int, earliest: int) -> None:
    """Returns if `now` is not before `earliest`, both in seconds since 1970 UTC. Raises Refused(clock_behind).

    An act that is older than what it follows on is `order` for every verifier and for ever (docs/format.md 5.4).
    """
    if now < earliest:
        zh = f"本机时钟({utc_text(now)})早于此证书的上一事项({utc_text(earliest)}),请检查 NTP;未签署任何文件"
        en = f"Our clock, {utc_text(now)}, is before what this follows on, {utc_text(earliest)}; check NTP. Nothing was signed."
        raise Refused("clock_behind", zh, en, "timedatectl")


def _as_date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        return None
