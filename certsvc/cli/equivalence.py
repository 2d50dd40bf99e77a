"""`equivalence`: a listed qualification is a title. One officer proposes, another approves, the holder gets a statement."""

import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import click

from certsvc.cli.errors import fault_words
from certsvc.cli.options import IsoDate, Moment, acts_at_a_time, home_option, names_a_paper, opens_home
from certsvc.cli.register_text import tell_register
from certsvc.cli.say import done, next_step, out, table, talk
from certsvc.cli.verify import asked_at, pinned_roots
from certsvc.cli.verify_inputs import read_at_most
from certsvc.core.bundle import MAX_BYTES
from certsvc.core.encoding import digest
from certsvc.core.identity import KINDS
from certsvc.core.statement import parse_statement
from certsvc.instance import Instance
from certsvc.services import equivalence
from certsvc.services.equivalence import Proposal
from certsvc.verify.report import Report
from certsvc.verify.statement import verify_statement
from certsvc.verify.words import as_known_then, clock
from certsvc.verify.words_terms import LEVELS
from certsvc.verify.words_verdicts import VERDICTS

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("equivalence")
def equivalence_command() -> None:
    """双贯通:职业资格对应职称,出具说明,不制证 · Qualifications that are titles: a statement, no certificate."""


@equivalence_command.command("directory")
@opens_home
def directory(instance: Instance) -> None:
    """对应目录 · The directory."""
    rows = [
        (one.name, one.title, LEVELS[one.level][0], one.valid_from or "", one.valid_to or "",
         "任选 choice" if one.choice else "", "示例 sample" if one.sample else "", one.source)
        for one in equivalence.directory_of(instance).rows
    ]  # fmt: skip
    table(("职业资格 qualification", "职称 title", "级别", "起 from", "止 to", "", "", "来源 source"), rows)


@equivalence_command.command("propose")
@click.option("--name", required=True, metavar="X", help="姓名 · full name")
@click.option("--id-kind", type=click.Choice(list(KINDS)), default="resident_id", show_default=True, help="证件类型")
@click.option("--sex", type=click.Choice(("M", "F")), help="证件号码不含时填写 · where the number does not tell it")
@click.option("--birth", type=IsoDate(), help="同上 · the same")
@click.option("--unit", required=True, metavar="U", help="工作单位 · employer")
@click.option("--region", required=True, metavar="CODE", help="区划代码 · region")
@click.option("--qualification", required=True, metavar="Q", help="职业资格,含等级:一级建造师 · with its grade")
@click.option("--issued-on", type=IsoDate(), required=True, help="职业资格日期 · day of the qualification")
@click.option("--choice", metavar="TITLE", help="可任选时选定的职称 · the title chosen, where there are several")
@click.option(
    "--evidence", type=_FILE, required=True, help="职业资格证书扫描件,只存其散列值 · scan; only its hash is kept"
)
@click.option("--person", default="", metavar="ID|new", help="人员不明时的答复 · who it is, when that is asked")
@click.option("--officer", required=True, metavar="ID", help="提出人 · who proposes")
@acts_at_a_time
@names_a_paper(required=True)
def propose(
    instance: Instance, evidence: Path, officer: str, issued_on: str, birth: str | None, document: Any, **said: Any
) -> None:
    """提出登记;两个号码由提示或标准输入读取,不写在命令行上 · Both numbers are asked for, or read from stdin."""
    wanted = Proposal(
        id_number=_ask("证件号码 · ID number"),
        number=_ask("职业资格证书编号 · number of the qualification"),
        issued_on=date.fromisoformat(issued_on),
        birth=date.fromisoformat(birth) if birth else None,
        evidence_sha256=digest(evidence.read_bytes()),
        officer_id=officer,
        paper=document,
        **said,
    )
    held = equivalence.propose(instance, wanted)
    if held.directory_row["sample"]:
        talk("! 对应目录为示例数据 · the directory is sample data")
    done(f"已提出:{held.id} {held.qualification} → {held.title}", "proposed")
    next_step(f"certsvc equivalence approve {held.id} --officer OTHER")


def _ask(what: str) -> str:
    """A number that must not stand in the history of a shell; on a terminal it is not shown either."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, err=True))
    if said := sys.stdin.readline().strip():
        return said
    raise click.UsageError(f"标准输入中缺少 · missing on stdin: {what}")


@equivalence_command.command("approve")
@click.argument("which", metavar="E…")
@click.option("--officer", required=True, metavar="OTHER", help="批准人,须是另一人 · another human")
@acts_at_a_time
def approve(instance: Instance, which: str, officer: str) -> None:
    """由另一人批准,并签章 · Approve and sign; the human who proposed is refused."""
    equivalence.approve(instance, which, officer)
    done(f"{which} 已批准,说明已签章", "approved; the statement is signed")
    next_step(f"certsvc equivalence statement {which} -o {which}.json")


@equivalence_command.command("list")
@opens_home
def list_equivalences(instance: Instance) -> None:
    """全部对应登记 · All of them."""
    tell_register(instance, kinds="E")


@equivalence_command.command("statement")
@click.argument("which", metavar="E…")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, metavar="FILE")
@opens_home
def statement(instance: Instance, which: str, output: Path) -> None:
    """给持有人的对应说明 · The statement for the holder."""
    equivalence.check_handed_out(instance, which)
    data = equivalence.statement_file(instance, which)
    output.write_bytes(data)
    done(f"已写入 {output}", f"written, {len(data):,} bytes")
    next_step(f"certsvc equivalence check {output}")


@equivalence_command.command("check")
@click.argument("file", type=_FILE)
@click.option("--root", type=_FILE, metavar="PEM", help="根证书,默认 HOME/roots.pem · the root")
@click.option("--at", type=Moment(), help="所问的时间,默认现在 · the time asked about, now by default")
@home_option
@click.pass_context
def check(ctx: click.Context, file: Path, root: Path | None, at: int | None, home: str | None) -> None:
    """核对说明文件,不需要实例;退出码同 verify · Check a statement without an instance; exit codes as of `verify`."""
    data, now = read_at_most(file, MAX_BYTES), int(time.time())
    report = verify_statement(data, pinned_roots(root, home), now, asked_at(at, now))
    _answer(report)
    if report.verdict == "valid":
        _tell(data)
    then = as_known_then(report)
    if then is not None:
        out(f"以上按现在所知;{clock(report.as_of)} 当时所知 · Above as is known now; as was known then:")
        _answer(then)
    if report.test:
        out("测试根证书,没有法律效力 · a test root, without legal effect")
    ctx.exit(report.exit_code)


def _answer(report: Report) -> None:
    out(f"{VERDICTS[report.verdict].headline[0]} · {report.verdict}")
    for sentence in fault_words(report.reason, report.about) if report.reason is not None else ():
        out(sentence)


def _tell(data: bytes) -> None:
    """What a valid statement says."""
    one = parse_statement(data)
    said = one.signed.unverified_payload
    mapped = said["mapped"]
    out(f"{one.values['name']}  {one.values['sex']}  {one.values['birth']}")
    out(f"{said['qualification']} ({said['issued_on']}) → {mapped['title']} ({LEVELS[mapped['level']][0]})")
    out(f"出具 issued by {said['iss']}  {said['document']['number']} {said['document']['date']}")
    if one.row.sample:
        out("对应目录为示例数据 · the directory is sample data")
    out("这是对应说明,不是职称证书 · a statement of equivalence, not a certificate")
