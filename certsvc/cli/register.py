"""`register`: titles by examination and of other provinces enter the register; they never get a certificate here."""

from pathlib import Path

import click

from certsvc import resources
from certsvc.cli.options import Figure, acts_at_a_time
from certsvc.cli.register_text import take_titles
from certsvc.cli.say import done, next_step
from certsvc.core.calendar import local_date
from certsvc.core.encoding import digest
from certsvc.instance import Instance
from certsvc.register.roster_reader import read_roster
from certsvc.services.register_titles import SOURCES, approve_titles

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("register")
def register_command() -> None:
    """考试、外省职称:只登记入库,不制证 · Titles that enter the register only."""


@register_command.command("import")
@click.argument("file", type=_FILE)
@click.option("--source", type=click.Choice(list(SOURCES)), required=True, help="考试、外省 · examination or province")
@click.option("--officer", required=True, metavar="ID", help="经办人 · who takes them in")
@click.option("--evidence", type=_FILE, metavar="FILE", help="依据文件,只存其散列值 · the paper; only its hash is kept")
@click.option("--dry-run", is_flag=True, help="只检查,不写入 · check everything, write nothing")
@click.option("--decide", "decisions", multiple=True, type=Figure(), metavar="KEY=ANSWER",
              help="逐条答复:new、人员代号或 accept · new, a person id, or accept")  # fmt: skip
@acts_at_a_time
def import_file(
    instance: Instance,
    file: Path,
    source: str,
    officer: str,
    evidence: Path | None,
    dry_run: bool,
    decisions: tuple[tuple[str, str], ...],
) -> None:
    """登记一份花名册格式的文件;要么全部写入,要么什么都不写 · A file in the form of a roster: all of it or nothing."""
    today = local_date(instance.now())
    read = read_roster(file, titles=resources.titles(), regions=resources.regions(), today=today)
    paper = digest(evidence.read_bytes()) if evidence else None
    take_titles(instance, file, read, source, officer, decisions, paper, dry_run)


@register_command.command("approve")
@click.argument("which", metavar="G…")
@click.option("--officer", required=True, metavar="OTHER", help="批准人,须是另一人 · another human")
@acts_at_a_time
def approve(instance: Instance, which: str, officer: str) -> None:
    """由另一人批准 · Approve; the human who took them in is refused."""
    count = approve_titles(instance, which, officer)
    done(f"{which} 已批准,{count} 个职称入库", "approved; the titles count")
    next_step(f"certsvc show {which}")
