"""What a lifecycle act may be: its class of reason, its effect, and on which status it may follow (docs/format.md 5.4).

A pure rule, asked before anything is signed; the database refuses an unlawful step once more (migration 0003).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from certsvc.core.errors import Refused
from certsvc.core.statuslist import AFTER

#: The one reason that has no new values: what was signed with a stolen key is signed again, word for word.
KEY_COMPROMISED = "key_compromised"
#: Lifecycle act -> the reason classes that go with it, the usual one first (domain.md 5.4; threats.md, compromise).
REASONS = {
    "suspend": ("inquiry",),
    "reinstate": ("cleared",),
    "revoke": ("fraud", "procedure", "issuing_error", KEY_COMPROMISED),
    "withdraw": ("holder_request",),
    "correct": ("correction", KEY_COMPROMISED),
}
STATES = {0: "in_force", 1: "revoked", 2: "suspended", 3: "superseded", 11: "withdrawn"}


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
            f"当前状态({STATES[value]})不能{proposal.kind}",
            f"A certificate that is {STATES[value]} cannot be: {proposal.kind}.",
        )
        raise Refused("status_illegal", zh, en, f"certsvc show {number}")
    if proposal.reason not in REASONS[proposal.kind]:
        known = ", ".join(REASONS[proposal.kind])
        raise Refused("reason_foreign", f"理由类别须为:{known}", f"The reason class must be one of: {known}.", again)
    dated = proposal.retroactive or proposal.effective_from is not None
    if dated and proposal.kind != "revoke":
        zh, en = "只有撤销可以追溯或指定日期", "Only a revocation can be retroactive or dated."
        raise Refused("effect_foreign", zh, en, again)
    if proposal.kind == "revoke" and proposal.retroactive == (proposal.effective_from is not None):
        zh, en = "须选择自始无效或自某日起", "Say --retroactive or --from DATE, one of them."
        raise Refused("effect_missing", zh, en, again)
    if (proposal.kind == "correct" and proposal.reason != KEY_COMPROMISED) != bool(proposal.changes):
        zh, en = "更正须给出新值,其他决定不得给出", "A correction names the new values, anything else names none."
        raise Refused("changes_missing", zh, en, again)
