"""`keys history|rotate|end|grants|ungrant`: what became of keys and grants, and what an officer does about it."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from certsvc.cli.errors import fault_words
from certsvc.cli.options import Theft, acts_at_a_time, names_a_paper, opens_home
from certsvc.cli.say import done, next_step, out, table
from certsvc.core.calendar import SHANGHAI, local_date
from certsvc.core.errors import Refused
from certsvc.core.kinds import CA, USE_OF_EKU
from certsvc.core.outcomes import Fault
from certsvc.core.schemas import UNGRANT_REASONS
from certsvc.instance import Instance
from certsvc.services import key_events, rotation, withdrawal
from certsvc.services.key_events import KeyLine
from certsvc.services.overview import offices


def moment(seconds: int | None) -> str:
    """A time as people here read it, to the second: what counts before it and what after is decided by seconds."""
    return "—" if seconds is None else datetime.fromtimestamp(seconds, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def lawfully(instance: Instance, act: Callable[[], Any], above: str | None = None) -> Any:
    """Runs `act`; a rule that forbids it is told with the names of organisations, and with the command that shows the
    grants of `above`, an organisation that gives them, or all grants."""
    try:
        return act()
    except Fault as fault:
        names = {office.organisation.id: office.organisation.name_zh for office in offices(instance)}
        hint = f"certsvc keys grants {above}" if above in names else "certsvc keys grants"
        raise Refused(fault.code, *fault_words(fault.code, fault.about, names), hint) from fault


@click.command("history")
@click.option("--org", metavar="ORG", help="只看一家机构 · of one organisation")
@click.option("--json", "as_json", is_flag=True, help="每行一个 · one object per line")
@opens_home
def history(instance: Instance, org: str | None, as_json: bool) -> None:
    """每把密钥的始末 · Every key: from, to, reason, good before."""
    lines = key_events.history(instance, org)
    if as_json:
        for line in lines:
            out(json.dumps(_as_json(line), ensure_ascii=False))
        return
    header = ("密钥 jkt", "用途 use", "机构 org", "自 from", "至 to", "原因 reason", "此前可信 good before")
    rows = [(o.jkt, o.use, o.org, moment(o.start), moment(o.to), o.reason or "—", moment(o.good_before)) for o in lines]
    table(header, rows)


def _as_json(line: KeyLine) -> dict[str, Any]:
    return {
        "jkt": line.jkt,
        "use": line.use,
        "org": line.org,
        "from": line.start,
        "to": line.to,
        "reason": line.reason,
        "good_before": line.good_before,
    }


@click.command("rotate")
@click.option("--org", metavar="ORG", help="机构 · organisation")
@click.option("--use", type=click.Choice(sorted([*USE_OF_EKU.values(), CA])), help="用途 · use")
@click.option("--officer", metavar="ID", help="经办人 · officer")
@acts_at_a_time
def rotate(instance: Instance, org: str | None, use: str | None, officer: str | None) -> None:
    """换新密钥,业务不中断 · A new key takes over; nothing stops."""
    if (officer is None) == (org is None) or (org is None) != (use is None):
        raise click.UsageError("--org ORG --use USE 或 · or --officer ID")
    if officer is not None:
        changed = lawfully(instance, lambda: rotation.rotate_officer(instance, officer))
    else:
        changed = lawfully(instance, lambda: rotation.rotate_key(instance, str(org), str(use)))
    if changed.old is None:
        done(f"已制作密钥:{changed.new.org_id} {changed.new.use}", "key made; no grant names it yet")
        out(f"新 new  {changed.new.jkt}  至 until {moment(changed.new.valid_to)}")
        next_step(f"certsvc keys grant {changed.new.org_id} --role ROLE --document-number 文号")
        return
    done(f"密钥已轮换:{changed.old.org_id} {changed.old.use}", f"key rotated, {len(changed.grants)} grants follow")
    out(f"旧 old  {changed.old.jkt}  至 until {moment(changed.old.valid_to)}")
    out(f"新 new  {changed.new.jkt}  至 until {moment(changed.new.valid_to)}")
    next_step(f"certsvc keys history --org {changed.new.org_id}")


@click.command("end")
@click.argument("jkt")
@acts_at_a_time
def end(instance: Instance, jkt: str) -> None:
    """停用一把密钥,不换新,如经办人离岗 · End a key that nothing replaces, as when an officer leaves."""
    key = key_events.end_key(instance, jkt)
    done(f"密钥已停用:{key.org_id} {key.use},自 {moment(key.valid_to)}", "key ended; what it signed stays good")
    next_step(f"certsvc keys history --org {key.org_id}")


@click.command("grants")
@click.argument("org", required=False)
@opens_home
def grants(instance: Instance, org: str | None) -> None:
    """授权及其状态,新的在前 · Grants with their state, newest first."""
    found = withdrawal.list_grants(instance, org)
    rows = []
    for one in found:
        acts = ",".join(one.acts) if len(one.acts) <= 3 else f"{','.join(one.acts[:2])} … ({len(one.acts)})"
        state = one.state if one.reason is None else f"{one.state} ({one.reason})"
        above = "" if one.by in (None, one.sha256) else f"← {str(one.by)[:12]}"
        days = (local_date(one.given), local_date(one.until))
        rows.append((one.sha256[:12], one.org, one.role, acts, *days, state, moment(one.since), above))
    header = (
        "授权 grant",
        "机构 org",
        "角色 role",
        "环节 acts",
        "授予 given",
        "至 until",
        "状态 state",
        "自 since",
        "",
    )
    table(header, rows)


@click.command("ungrant")
@click.argument("sha256")
@click.option("--reason", required=True, type=click.Choice(UNGRANT_REASONS), help="理由 · reason")
@click.option("--good-before", type=Theft(), help="泄露前可信截止时间 · with compromised: what is earlier stays good")
@acts_at_a_time
@names_a_paper(required=True)
def ungrant(instance: Instance, sha256: str, reason: str, good_before: int | None, document: dict[str, str]) -> None:
    """撤回授权 · Withdraw a grant; the beginning of its hash is enough."""
    name = withdrawal.find_grant(instance, sha256)
    withdrawal.withdraw_grant(instance, name, reason, document, good_before)
    done(f"授权已撤回:{name}", "grant withdrawn, trust bundle published")
    (line,) = (one for one in withdrawal.list_grants(instance) if one.sha256 == name)
    next_step(f"certsvc keys grants {line.org}")
