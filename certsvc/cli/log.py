"""`log`: the transparency log on the command line; for cron (`tick`), for mirrors (`export`), for monitors (`audit`)
and after a restore."""

from pathlib import Path

import click

from certsvc.cli.audit import audit_command
from certsvc.cli.options import opens_home
from certsvc.cli.say import bar, done, next_step, out, paint, talk
from certsvc.cli.witness import ALARMS, tell_witnesses
from certsvc.core.errors import NotFound
from certsvc.core.note import format_vkey
from certsvc.instance import Instance
from certsvc.services import cosign, heartbeat, log, log_backfill, mirror
from certsvc.services.coming_into_force import finish_waiting
from certsvc.services.log_proofs import proof_at
from certsvc.services.log_reading import checkpoint_shown
from certsvc.services.publish import current_status_list
from certsvc.services.slots import published_lists

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group("log")
def log_command() -> None:
    """公开日志:检查点、证明、镜像、审计 · The transparency log: checkpoint, proofs, mirrors, audits."""


@log_command.command("checkpoint")
@opens_home
def show_checkpoint(instance: Instance) -> None:
    """当前检查点 · The newest checkpoint, as /log/checkpoint serves it."""
    note = checkpoint_shown(instance)
    if note is None:
        raise NotFound("log_unpublished", "日志尚未发布检查点", "The log has no checkpoint yet.", "certsvc log tick")
    click.echo(note.decode(), nl=False)


@log_command.command("vkey")
@opens_home
def show_keys(instance: Instance) -> None:
    """日志公钥,供见证人和监测者配置 · The log's public keys, for witnesses and monitors."""
    with instance.engines.read.connect() as connection:
        for key in log.log_keys(instance, connection):
            out(format_vkey(key))


@log_command.command("prove")
@click.argument("index", type=click.IntRange(0))
@opens_home
def prove(instance: Instance, index: int) -> None:
    """某一条目的离线证明 · The offline proof of one entry (C2SP tlog-proof)."""
    with instance.engines.read.connect() as connection:
        click.echo(proof_at(connection, index).decode(), nl=False)


@log_command.command("tick")
@opens_home
def tick(instance: Instance) -> None:
    """写入、发布、请见证人签名;由定时任务调用 · Integrate, publish, ask the witnesses; for cron, every few minutes."""
    cosign.learn(instance)
    beat = heartbeat.beat(instance, ask=True)
    done(f"已发布 {beat.checkpoint.size:,} 条", f"{beat.checkpoint.size:,} entries are published")
    tell_witnesses(beat.said)
    _finish(instance)
    if any(one.outcome in ALARMS for one in beat.said):
        log.check_not_rolled_back(instance)
        click.get_current_context().exit(1)


def _finish(instance: Instance) -> None:
    """What waited for the log and its witnesses: certificates come into force, and the status lists say the rest."""
    with bar("生效 in force") as progress:
        count = finish_waiting(instance, progress=progress)
    if count:
        done(f"{count:,} 份证书已生效", f"{count:,} certificates came into force")
    for uri in published_lists(instance):
        current_status_list(instance, uri)


@log_command.command("backfill")
@opens_home
def backfill(instance: Instance) -> None:
    """为日志启用前签署的文件补登条目 · Leaves for what was signed before the log existed; may be interrupted."""
    with bar("补登 backfill") as progress:
        filled = log_backfill.backfill(instance, progress)
    done(f"补登 {filled.added:,} 份文件", f"{filled.added:,} documents got their leaf")
    for sha256, code in filled.refused.items():
        talk(f"{paint('!', fg='yellow')} {sha256}  {code}")
    if filled.refused:
        click.get_current_context().exit(1)


@log_command.command("export")
@click.argument("folder", type=FOLDER, metavar="DIR")
@opens_home
def export(instance: Instance, folder: Path) -> None:
    """静态镜像,任何网页服务器都可提供 · A static mirror that any web server can serve."""
    made = mirror.export(instance, folder)
    done(
        f"{folder}:{made.size:,} 条,写入 {made.files:,} 个文件", f"{made.size:,} entries, {made.files:,} files written"
    )


@log_command.command("recover")
@click.argument("folder", type=click.Path(file_okay=False, exists=True, path_type=Path), metavar="MIRROR")
@opens_home
def recover(instance: Instance, folder: Path) -> None:
    """数据库早于已签署的日志时,从镜像补齐 · Replays a mirror into a database that is behind what was signed."""
    found = mirror.recover(instance, folder)
    done(f"日志共 {found.size:,} 条,补入 {found.entries:,} 条", f"{found.size:,} entries, {found.entries:,} replayed")
    if found.repeated:
        zh, en = f"{found.repeated} 个环节恢复后又重复办理", f"{found.repeated} acts were done again after the restore"
        talk(f"{paint('!', fg='yellow')} {zh} · {en}")
    next_step("certsvc log tick")


log_command.add_command(audit_command)
