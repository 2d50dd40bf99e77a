"""`init`, `doctor`, `backup`, `restore`: making a home, finding what is wrong with it, keeping a copy."""

import os
import time
from pathlib import Path
from urllib.parse import urlsplit

import click

from certsvc.cli.errors import EXIT_REFUSED
from certsvc.cli.options import home_option
from certsvc.cli.say import done, next_step, out, paint, talk
from certsvc.core.errors import CertsvcError, NotReady
from certsvc.instance import home_path, open_instance
from certsvc.services.backup import back_up, restore
from certsvc.services.ceremony import Plan
from certsvc.services.doctor import BAD, OK, WARN, Finding, bring_up_to_date, visit
from certsvc.services.founding import found
from certsvc.services.witness_list import ADD

DEFAULT_URL = "http://127.0.0.1:8787"
SAMPLE_NAME = ("示例发证机关(样章 SAMPLE)", "Sample issuing authority")


@click.command("init")
@home_option
@click.option("--public-url", metavar="URL", help="对外网址,建立后不变 · public address, fixed for ever")
@click.option("--authority", default="HRSS", show_default=True, metavar="ID", help="发证机关代号 · id of the authority")
@click.option("--authority-name", metavar="NAME", help="发证机关名称 · its Chinese name")
@click.option("--authority-name-en", metavar="NAME", help="英文名称 · its English name")
@click.option("--uscc", metavar="CODE", help="统一社会信用代码 · its USCC")
@click.option(
    "--log-required", is_flag=True, help="证书须有日志证明才有效 · evidence is good only with proofs of the log"
)
@click.option("--test", is_flag=True, help="测试实例:根证书和证书均标明 · a test instance, marked so in its root")
def init_command(
    home: str | None,
    public_url: str | None,
    authority: str,
    authority_name: str | None,
    authority_name_en: str | None,
    uscc: str | None,
    log_required: bool,
    test: bool,
) -> None:
    """密钥仪式并建立实例;不覆盖任何东西 · Key ceremony and a new home; nothing is ever overwritten."""
    place = home_path(home)
    url = public_url or os.environ.get("CERTSVC_PUBLIC_URL") or DEFAULT_URL
    zh, en = authority_name or SAMPLE_NAME[0], authority_name_en or authority_name or SAMPLE_NAME[1]
    plan = Plan(url, authority, zh, en, authority_uscc=uscc, test=test, log_required=log_required)
    transcript = found(place, plan, int(time.time()))
    for line in transcript:
        out(str(line))
    done(f"实例已建立:{place}", f"home made: {place} ({'TEST' if test else 'production'})")
    _warn(test, authority_name, url)
    talk(f"  仪式记录 · transcript:  {place / 'ceremony.txt'}")
    talk(f"  根证书请公开发布,root.pem 请移到离线介质 · publish {place / 'roots.pem'}, move keys/root.pem offline")
    if log_required:
        next_step(ADD)
    next_step(f"certsvc keys officer H1 --org {authority} --name 姓名")


def _warn(test: bool, name: str | None, url: str) -> None:
    """What nobody would want in production, said while nothing depends on it yet."""
    doubts = {
        "未给出发证机关名称,用了示例名 · no --authority-name: a sample name is used": name is None,
        "正式实例的网址应为 https · a production address should be https": not url.startswith("https://"),
    }
    for text, applies in doubts.items():
        if applies and not test:
            talk(f"{paint('!', fg='yellow')} {text}")


_SIGNS = {OK: ("✔", "green"), WARN: ("!", "yellow"), BAD: ("✖", "red")}


@click.command("doctor")
@click.option("--upgrade", is_flag=True, help="先升级数据库 · bring the database up to date first")
@home_option
@click.pass_context
def doctor_command(ctx: click.Context, upgrade: bool, home: str | None) -> None:
    """查找问题并给出下一步 · What is wrong or missing, and the next command."""
    place = home_path(home)
    if upgrade:
        bring_up_to_date(place)
        done("数据库已是最新版本", "the database is up to date")
    worst = OK
    for finding in [*visit(place), *_port(place)]:
        sign, colour = _SIGNS[finding.state]
        out(f"{paint(sign, fg=colour)} {finding.zh} · {finding.en}")
        if finding.hint:
            next_step(finding.hint)
        worst = BAD if BAD in (worst, finding.state) else worst
    ctx.exit(EXIT_REFUSED if worst == BAD else 0)


def _port(place: Path) -> list[Finding]:
    """Whether the port of the public address is free, or has this instance behind it."""
    try:
        instance = open_instance(place)
    except CertsvcError:
        return []
    from certsvc.cli import serving

    port = urlsplit(instance.public_url).port or 8787
    try:
        serving.check_port(instance, "127.0.0.1", port)
        return [Finding(OK, f"端口 {port} 空闲", f"port {port} is free", "")]
    except NotReady as error:
        return [Finding(OK if error.code == "running_already" else WARN, error.zh, error.en, "")]
    finally:
        instance.close()


@click.command("backup")
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT.tar")
@click.option("--with-keys", is_flag=True, help="含密钥,须加密保管 · with the keys; keep it encrypted")
@home_option
def backup_command(output: Path, with_keys: bool, home: str | None) -> None:
    """备份,可在运行中进行 · A restorable copy, also of a running instance."""
    names = back_up(home_path(home), output, with_keys)
    done(f"已备份 {len(names)} 个文件到 {output}", f"{len(names)} files, mode 0600")
    if not with_keys:
        talk("  不含密钥,请另行保管 HOME/keys · without the keys: keep HOME/keys somewhere else")
    next_step(f"certsvc restore {output} --home NEWHOME")


@click.command("restore")
@click.argument("backup", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="BACKUP.tar")
@home_option
def restore_command(backup: Path, home: str | None) -> None:
    """由备份恢复到空目录 · A home from a backup; nothing is overwritten."""
    place = home_path(home)
    with_keys = restore(backup, place)
    done(f"已恢复到 {place}", "restored")
    if not with_keys:
        talk(f"  备份不含密钥,请放回 {place / 'keys'}(0700/0600)· put the keys back there")
    next_step("certsvc doctor")
