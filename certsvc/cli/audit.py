"""`log audit`: somebody else's log, or a mirror of it, derived again from its entries; exit codes for monitoring."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from certsvc.cli.errors import show
from certsvc.cli.options import home_option
from certsvc.cli.say import Bar, bar, out, paint, plain, table, talk
from certsvc.core.bundle import check_amount
from certsvc.core.checkpoint import WitnessPolicy, parse_log_keys, parse_policy
from certsvc.core.encoding import parse_json
from certsvc.core.errors import Malformed, NotReady
from certsvc.core.jose import parse_document
from certsvc.core.logged import log_keys
from certsvc.instance import open_instance
from certsvc.services import audit_state, log
from certsvc.services.audit import Finding, Question, Result, Trusted, audit
from certsvc.services.audit_source import open_source, read_document
from certsvc.services.audit_status import MAX_LIST

#: Code of a finding -> what it means.
WORDS: dict[str, tuple[str, str]] = {
    "bad_checkpoint": ("检查点不成立", "a checkpoint does not hold"),
    "bad_entry": ("条目不是已签署的内容", "an entry is not what was signed"),
    "bad_tile": ("散列瓦片不是已签署的内容", "a hash tile is not what was signed"),
    "not_consistent": ("与上次所见不一致,日志分叉", "not the log that was seen before: a fork"),
    "shrunk": ("日志比上次所见短", "shorter than what was seen before"),
    "double_tag": ("同一环节或同一证书办了两次", "one step was taken, or one certificate made, twice"),
    "status_differs": ("状态表与日志不符", "a status list is not what the log says"),
    "status_order": ("状态变更的次序不合规定", "a status change that the rules do not allow"),
    "missing": ("缺少", "missing"),
}
#: A bar for jobs of more than this many seconds.
SHORT = 2.0
#: The largest trust file.
MAX_TRUST = 1_048_576


def _trusted(log_vkeys: tuple[str, ...], trust: Path | None, home: str | None) -> Trusted:
    """The keys that were typed, or the keys and the policy of a trust file, or the keys of a home. Raises NotReady."""
    if log_vkeys and trust:
        raise click.UsageError("--log-vkey, --trust")
    found = Trusted(parse_log_keys(log_vkeys)) if log_vkeys else _known(trust, home)
    if not found.keys:
        zh, en = "没有日志公钥", "No key of the log is known."
        raise NotReady("log_keys", zh, en, "certsvc log audit WHERE --log-vkey VKEY")
    return found


def _known(trust: Path | None, home: str | None) -> Trusted:
    if trust is not None:
        data = read_document(str(trust), MAX_TRUST)
        check_amount(data, "trust_form", ("信任文件过大", "A trust file"))
        value = parse_json(data)
        if not isinstance(value, dict) or not isinstance(value.get("trust"), str):
            raise Malformed("trust_form", "不是信任文件", f"{trust} is not a certsvc-trust.json.")
        payload = parse_document(value["trust"].encode(), "trust+jwt").unverified_payload
        known = log_keys(payload)
        # Those that have ended are believed for what they signed before.
        return Trusted(known.log, known.policy, known.limits)
    instance = open_instance(home)
    try:
        with instance.engines.read.connect() as connection:
            return Trusted(log.log_keys(instance, connection))
    finally:
        instance.close()


def _policy(threshold: int | None, vkeys: tuple[str, ...]) -> WitnessPolicy:
    return parse_policy(len(vkeys) if threshold is None else threshold, vkeys)


@click.command("audit")
@click.argument("where", metavar="URL|DIR")
@click.option("--log-vkey", "log_vkeys", multiple=True, metavar="VKEY", help="日志公钥 · key of the log")
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="从可信渠道得到的 certsvc-trust.json · one from a source that you trust",
)
@click.option("--witness-vkey", "witness_vkeys", multiple=True, metavar="VKEY", help="见证人公钥 · key of a witness")
@click.option("--witnesses", type=click.IntRange(1), metavar="K", help="至少几名见证人,默认全部 · at least K of them")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="上次所见的检查点 · the checkpoint seen last",
)
@click.option("--status", "lists", multiple=True, metavar="FILE|URL", help="要比对的状态表 · a status list to compare")
@click.option(
    "--org", "orgs", multiple=True, metavar="THUMBPRINT", help="列出以该密钥名义的条目 · all acts in its name"
)
@click.option("--json", "as_json", is_flag=True, help="每行一个 JSON 对象 · one JSON object per line")
@home_option
@click.pass_context
def audit_command(
    ctx: click.Context,
    where: str,
    log_vkeys: tuple[str, ...],
    trust: Path | None,
    witness_vkeys: tuple[str, ...],
    witnesses: int | None,
    state: Path | None,
    lists: tuple[str, ...],
    orgs: tuple[str, ...],
    as_json: bool,
    home: str | None,
) -> None:
    """审计整个日志:逐条重算并与上次所见比对 · Derives the whole log again from its entries, and compares.

    \b
    0 无误 sound   1 未能读全 could not read all of it   3 有问题 a fault was found
    """
    source = open_source(where)
    trusted = _trusted(log_vkeys, trust, home)
    if witness_vkeys or witnesses:
        trusted = replace(trusted, policy=_policy(witnesses, witness_vkeys))
    # The lists first: the log has the snapshot of a list before anybody is given it.
    served = tuple((one, read_document(one, MAX_LIST)) for one in lists)
    told = _tell_json if as_json else _tell
    with bar("审计 · audit") as progress:
        place = state or audit_state.default_path(source.name)
        result = audit(source, trusted, place, Question(served, frozenset(orgs)), told, unless_short(progress))
    (_say_json if as_json else _say)(result)
    if result.stopped is not None:
        show(result.stopped)
    ctx.exit(result.exit_code)


def unless_short(progress: Bar) -> Callable[[int, int], None]:
    """`progress`, once the job has taken SHORT seconds."""

    def told(done: int, total: int) -> None:
        if time.monotonic() - progress.started > SHORT:
            progress(done, total)

    return told


def _tell(index: int, leaf: dict[str, Any]) -> None:
    rest = {name: value for name, value in leaf.items() if name in ("l", "i", "s", "q")}
    out(plain(" ".join([f"{index:>9}", f"{leaf['k']:<8}", leaf["c"], *(f"{n}={v}" for n, v in rest.items())])))


def _tell_json(index: int, leaf: dict[str, Any]) -> None:
    out(json.dumps({"index": index, "leaf": leaf}))


def _say(result: Result) -> None:
    head = result.checkpoint
    if head is not None:
        table(("条目 · leaf", "数量 · count"), [(kind, f"{n:,}") for kind, n in sorted(result.kinds.items())])
        for uri, count in sorted(result.lists.items()):
            out(plain(f"{uri}: {count:,} 个非有效 · not valid"))
        before = "首次 · first audit" if result.previous is None else f"上次 · last time {result.previous:,}"
        out(plain(f"{head.origin}  {head.size:,}  {head.root.hex()}  {before}"))
    for one in result.findings:
        _say_finding(one)
    for code, count in sorted(result.counts.items()):
        talk(f"{paint('✖', fg='red')} {code}  {count:,}  {' · '.join(WORDS[code])}")
    if result.exit_code == 0:
        talk(f"{paint('✔', fg='green')} 无误 · sound")


def _say_finding(one: Finding) -> None:
    out(plain(f"{one.code}  {one.where}  {one.detail}".rstrip()))


def _say_json(result: Result) -> None:
    for one in result.findings:
        out(json.dumps({"finding": asdict(one)}))
    head = result.checkpoint
    summary = {
        "origin": head and head.origin,
        "size": head and head.size,
        "root": head and head.root.hex(),
        "witnesses": head and head.witness_times,
        "previous": result.previous,
        "kinds": result.kinds,
        "lists": result.lists,
        "counts": result.counts,
        "stopped": result.stopped and result.stopped.code,
        "exit": result.exit_code,
    }
    out(json.dumps({"summary": summary}))
