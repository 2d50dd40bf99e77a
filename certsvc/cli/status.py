"""`status`: lifecycle of one certificate. One officer proposes, another decides, the holder is told."""

from collections.abc import Callable
from typing import Any

import click

from certsvc.cli.errors import fault_words
from certsvc.cli.options import Figure, IsoDate, acts_at_a_time, names_a_paper, opens_home
from certsvc.cli.say import done, next_step, out, plain, table
from certsvc.core.calendar import local_date
from certsvc.core.codes import group_code
from certsvc.core.errors import Refused
from certsvc.core.lifecycle import REASONS
from certsvc.core.outcomes import Fault
from certsvc.instance import Instance
from certsvc.services.notices import notice_of, notices, record_delivery
from certsvc.services.open_proposals import drop, next_command
from certsvc.services.overview import offices, proposals
from certsvc.services.status import approve, propose
from certsvc.services.status_rules import Proposal
from certsvc.verify.words_terms import ACTS


@click.group("status")
def status_command() -> None:
    """暂停、恢复、撤销、注销、更正:一人提出,另一人决定 · One officer proposes, another decides."""


def _lawfully(instance: Instance, act: Callable[[], Any]) -> Any:
    """Runs `act`; a rule that forbids it is told with the names of organisations."""
    try:
        return act()
    except Fault as fault:
        names = {office.organisation.id: office.organisation.name_zh for office in offices(instance)}
        raise Refused(fault.code, *fault_words(fault.code, fault.about, names), "certsvc keys list") from fault


def _add(kind: str) -> None:
    """The command that proposes `kind`, with the options that go with it."""
    reasons = REASONS[kind]
    # A revocation says why; anything else has one usual reason. To click even `default=None` is an answer.
    asked: dict[str, Any] = {"required": True} if kind == "revoke" else {"default": reasons[0], "show_default": True}

    @click.argument("which", metavar="CODE|NUMBER")
    @click.option("--officer", required=True, metavar="ID", help="提出人 · who proposes")
    @click.option("--reason", type=click.Choice(reasons), help="理由类别 · class of reason", **asked)
    @acts_at_a_time
    @names_a_paper(required=True)
    def run(instance: Instance, which: str, officer: str, reason: str, document: dict[str, str], **more: Any) -> None:
        changes = dict(more.get("changes") or ()) or None
        retroactive, day = bool(more.get("retroactive")), more.get("effective_from")
        wanted = Proposal(kind, which, officer, document, reason, retroactive, day, changes)
        identity = _lawfully(instance, lambda: propose(instance, wanted))
        done(f"{ACTS[kind][0]}申请已提出:{identity}", f"{kind} proposed")
        next_step(f"certsvc status approve {identity} --officer OTHER")

    for option in _OWN_OPTIONS.get(kind, ()):
        run = option(run)
    run.__doc__ = f"{ACTS[kind][0]} · Propose: {ACTS[kind][1].lower()}."
    status_command.command(kind)(run)


_OWN_OPTIONS: dict[str, tuple[Callable[[Any], Any], ...]] = {
    "revoke": (
        click.option("--retroactive", is_flag=True, help="自始无效 · void from the beginning"),
        click.option("--from", "effective_from", type=IsoDate(), help="自某日起无效 · void from this day"),
    ),
    "correct": (
        click.option(
            "--set",
            "changes",
            multiple=True,
            type=Figure(),
            metavar="FIELD=VALUE",
            help="新值:name sex birth id;密钥失密重新签发时不填 · new values; none with key_compromised",
        ),
    ),
}
for _kind in REASONS:
    _add(_kind)


@status_command.command("approve")
@click.argument("proposal", metavar="ID")
@click.option("--officer", required=True, metavar="OTHER", help="决定人,须是另一人 · another human")
@acts_at_a_time
def approve_proposal(instance: Instance, proposal: str, officer: str) -> None:
    """由另一人决定 · Decide; the human who proposed is refused."""
    issued = _lawfully(instance, lambda: approve(instance, proposal, officer))
    done(f"{proposal} 已决定,状态表已更新", "decided; the status list is published anew")
    if issued is not None:
        out(f"新版 new version  {issued.certificate.number} v{issued.certificate.version}  {group_code(issued.code)}")
    next_step("certsvc status notices --open")


@status_command.command("drop")
@click.argument("proposal", metavar="ID")
@acts_at_a_time
def drop_proposal(instance: Instance, proposal: str) -> None:
    """作废不能再决定的申请 · Take a proposal that cannot be decided any more off the list."""
    row, number = drop(instance, proposal)
    done(f"{proposal} 已作废", "dropped")
    next_step(next_command(instance, row, number))


@status_command.command("list")
@click.option("--all", "everything", is_flag=True, help="含已办结、已作废 · decided and dropped ones too")
@opens_home
def list_proposals(instance: Instance, everything: bool) -> None:
    """待决定的申请 · Proposals that wait for a decision."""
    rows = [
        (
            p.id,
            p.kind,
            ACTS[p.kind][0],
            c.number if c else "",
            c.version if c else "",
            p.state,
            local_date(p.created_at),
        )
        for p, c in proposals(instance, None if everything else "open")
    ]
    table(("申请 id", "类别 kind", "", "编号 number", "版", "状态 state", "日期"), rows)


# --- notices -------------------------------------------------------------------------------------------------------


@status_command.command("notices")
@click.option("--open", "open_only", is_flag=True, help="只列未送达 · only those not delivered yet")
@opens_home
def list_notices(instance: Instance, open_only: bool) -> None:
    """给持证人的告知书 · Letters to holders, and whether they were delivered."""
    found = notices(instance, open_only)
    rows = [
        (
            n.id,
            n.kind,
            ACTS[n.kind][0],
            c.number if c else "",
            c.version if c else "",
            local_date(n.created_at),
            "未送达 open" if n.delivered_at is None else f"{local_date(n.delivered_at)} {n.delivered_by} {n.way}",
        )
        for n, c in found
    ]
    table(("告知书 id", "类别 kind", "", "编号 number", "版", "日期", "送达 delivered"), rows)
    waiting = next((n.id for n, _ in found if n.delivered_at is None), None)
    if waiting is not None:
        next_step(f"certsvc status notice {waiting}")


@status_command.command("notice")
@click.argument("notice", metavar="ID")
@opens_home
def show_notice(instance: Instance, notice: str) -> None:
    """打印一份告知书 · Print one letter, Chinese and English."""
    found = notice_of(instance, notice)
    for line in f"{found.text_zh}\n{found.text_en}".splitlines():
        out(plain(line))
    if found.delivered_at is None:
        next_step(f"certsvc status notified {notice} --officer OFFICER --way 当面送达")


@status_command.command("notified")
@click.argument("notice", metavar="ID")
@click.option("--officer", required=True, metavar="OFFICER", help="送达人 · who delivered it")
@click.option("--way", required=True, metavar="送达方式", help="当面、邮寄…… · how: in person, by post …")
@acts_at_a_time
def deliver_notice(instance: Instance, notice: str, officer: str, way: str) -> None:
    """登记送达,一份一次 · Record that the letter was delivered, once."""
    record_delivery(instance, notice, officer, way)
    done(f"{notice} 已登记送达", "delivery recorded")
    next_step("certsvc status notices --open")
