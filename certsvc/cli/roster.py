"""`roster`: the template, import with every fault named, how far a roster is, photos."""

import os
import re
import secrets
from collections.abc import Callable
from datetime import date
from pathlib import Path
from shlex import quote

import click

from certsvc import resources
from certsvc.cli.errors import fault_words
from certsvc.cli.import_text import tell_known
from certsvc.cli.options import Figure, acts_at_a_time, home_option, opens_home
from certsvc.cli.register_text import is_exam_file, take_titles
from certsvc.cli.say import bar, done, next_step, out, paint, plain, table, talk
from certsvc.core.calendar import local_date
from certsvc.core.errors import Refused
from certsvc.instance import Instance, open_instance
from certsvc.register.fault_report import fault_table, summary, write_json, write_xlsx
from certsvc.register.roster_reader import read_roster
from certsvc.register.roster_rows import RosterFile
from certsvc.register.roster_template import write_template
from certsvc.render.fonts import FontSet
from certsvc.services.import_plan import open_faults
from certsvc.services.import_roster import ImportResult, Question, import_roster
from certsvc.services.overview import RosterView, entries_of, offices, roster_view, rosters, sheet_of, units_of, who_may
from certsvc.services.roster_photos import add_photos
from certsvc.store.rows import Entry
from certsvc.verify.words_terms import ACTS, ROLES

_ROSTER_ID = re.compile(r"R\d{4,}")
#: Employers that are named, offices that are proposed.
SHOWN = 3
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
WRITERS: dict[str, Callable[[RosterFile, Path], None]] = {".xlsx": write_xlsx, ".json": write_json}


@click.group("roster")
def roster_command() -> None:
    """花名册:模板、导入、检查、照片 · Rosters: template, import, check, photos."""


@roster_command.command("template")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.xlsx")
def template(output: Path) -> None:
    """空白花名册 · An empty roster to fill in."""
    write_template(output)
    done(f"模板已写入 {output}", "template written")
    next_step(f"certsvc roster check {output}")


@roster_command.command("import")
@click.argument("file", type=_FILE)
@click.option("--dry-run", is_flag=True, help="只检查,不写入 · check everything, write nothing")
@click.option("--decide", "decisions", multiple=True, type=Figure(), metavar="KEY=ANSWER",
              help="逐条答复:new、人员代号或 accept · new, a person id, or accept")  # fmt: skip
@click.option("--officer", metavar="ID", help="作决定的经办人 · the officer who decides")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="问题报告 .xlsx/.json")
@acts_at_a_time
def import_file(
    instance: Instance,
    file: Path,
    dry_run: bool,
    decisions: tuple[tuple[str, str], ...],
    officer: str | None,
    report: Path | None,
) -> None:
    """导入评审结果;要么全部写入,要么什么都不写 · Import review results: all of it or nothing."""
    if decisions and officer is None:
        raise click.UsageError("--decide 须写明由谁决定 · names who decides: --officer ID")
    read = _read(file, instance.fonts, local_date(instance.now()))
    _tell_faults(read, report)
    if is_exam_file(read):
        return take_titles(instance, file, read, "exam", officer, decisions, dry_run=dry_run)
    with bar("登记 matching, writing") as progress:
        result = import_roster(
            instance.engines,
            instance.data_keys,
            read,
            now=instance.now(),
            officer=officer,
            decisions=dict(decisions),
            random_bytes=secrets.token_bytes,
            dry_run=dry_run,
            progress=progress,
        )
    _tell_result(file, result, _typed(file, officer, decisions) if dry_run else None)


def _read(file: Path, fonts: FontSet, today: date) -> RosterFile:
    with bar("读取 reading") as progress:
        return read_roster(
            file,
            titles=resources.titles(),
            regions=resources.regions(),
            today=today,
            progress=progress,
            drawable=lambda text: [char for char, _point in fonts.missing(text)],
        )


def _tell_faults(read: RosterFile, report: Path | None) -> None:
    told = summary(read)
    actions = told["actions"]
    out(
        f"{plain(read.name)}: {read.total} 行 rows · 须改正 stop {actions['stop']} · "
        f"待确认 decide {actions['decide']} · 已处理 fixed {actions['fixed']}"
    )
    serious = [fault for fault in read.faults if fault.action != "fixed"]
    if serious:
        out(fault_table(serious))
    if report is not None:
        writer = WRITERS.get(report.suffix.lower())
        if writer is None:
            raise click.UsageError("--report: .xlsx, .json")
        writer(read, report)
        talk(f"  报告 · report:  {report}")


def _typed(file: Path, officer: str | None, decisions: tuple[tuple[str, str], ...]) -> str:
    """The import as it was typed, but for the dry run."""
    who = f" --officer {officer}" if officer else ""
    return f"certsvc roster import {file}{who}" + "".join(f" --decide {quote('='.join(one))}" for one in decisions)


def _tell_result(file: Path, result: ImportResult, rest: str | None) -> None:
    """Says what came of the import, or of a dry run after which `rest` is typed. Raises Refused while questions are open."""
    if result.open_questions:
        _tell_questions(result.open_questions)
        key = result.open_questions[0].key
        count = len(result.open_questions)
        raise Refused(
            "decisions_open",
            f"有 {count} 个问题需要经办人决定,未写入任何内容",
            f"{count} questions wait for an officer; nothing was written.",
            _asked(file, key),
        )
    figures = f"人员 people +{result.people_new} (={result.people_same}) · 条目 entries +{result.entries}"
    out(f"{figures} · 已有 known {result.entries_same}")
    tell_known(file, result)
    if result.repeated and not result.rosters:
        talk(
            "! 此文件已读过,当时没有新增条目 · this very file was read before: it added nothing, and no roster was made"
        )
    elif result.repeated:
        done(f"此文件已导入过:{', '.join(result.rosters)}", "this very file was imported before; nothing has changed")
    elif rest is not None:
        done("检查通过,未写入", "dry run: the file can be imported")
        next_step(rest)
    elif not result.rosters:
        talk("! 没有新增条目,未建花名册 · nothing was added, and no roster made")
    else:
        done(f"已导入:{', '.join(result.rosters)}", "imported")
        for roster in result.rosters[:1]:
            next_step(f"certsvc roster check {roster}")


def _asked(file: Path, key: str) -> str:
    """The command with which an officer answers a question."""
    return f"certsvc roster import {file} --officer ID --decide {key}=…"


def _tell_questions(questions: list[Question]) -> None:
    rows = []
    for one in questions[:50]:
        who = "; ".join(f"{c.person_id} {c.name} {c.birth} {','.join(c.units)}" for c in one.candidates)
        rows.append((one.key, one.sheet, one.row, one.code, one.zh, who))
    table(("答复键 key", "表 sheet", "行 row", "代码 code", "问题 question", "候选人 candidates"), rows)


@roster_command.command("list")
@opens_home
def list_rosters(instance: Instance) -> None:
    """全部花名册 · All rosters."""
    rows = [
        (v.roster.id, v.roster.label, v.roster.track, v.people, v.struck, v.issued, _act(v.next_step))
        for v in rosters(instance)
    ]
    table(("花名册", "内容 what", "方式", "人数", "剔除", "已发证", "下一环节 next"), rows)


def _act(step: object) -> str:
    kind = getattr(step, "act", None)
    return "—" if kind is None else f"{kind} {ACTS[kind][0]}"


@roster_command.command("check")
@click.argument("target", metavar="FILE|ROSTER")
@click.option("--people", is_flag=True, help="列出人员 · list the people")
@home_option
def check(target: str, people: bool, home: str | None) -> None:
    """检查文件的问题,或花名册办到哪一步 · The faults of a file, or how far a roster is."""
    if not _ROSTER_ID.fullmatch(target):
        return _check_file(Path(target))
    instance = open_instance(home)
    try:
        _check_roster(instance, target)
        if people:
            _tell_people(instance, target)
    finally:
        instance.close()


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise click.UsageError(f"没有此文件 · no such file: {path}")
    fonts = os.environ.get("CERTSVC_FONTS")
    read = _read(path, FontSet(Path(fonts) if fonts else None), date.today())
    _tell_faults(read, None)
    if read.stopped:
        raise Refused(
            "roster_stopped", "有须改正的问题", "There are faults to correct.", f"certsvc roster check {path}"
        )
    waiting = list(open_faults(read, {}))
    if waiting:
        count = len(waiting)
        talk(
            f"! {count} 个问题须由经办人决定后才能导入 · {count} questions wait for an officer before it can be imported"
        )
        next_step(_asked(path, waiting[0].key))
        return
    done("可以导入", "the file can be imported")
    next_step(f"certsvc roster import {path}")


def _check_roster(instance: Instance, roster_id: str) -> None:
    view = roster_view(instance, roster_id)
    out(
        f"{roster_id}  {view.roster.label}  {view.people} 人 people, 剔除 struck {view.struck}, 已发证 issued {view.issued}"
    )
    if view.again:
        rosters = ", ".join(sorted(set(view.again)))
        talk(f"  另册重新办理 {len(view.again)} 人 · taken in anew: {len(view.again)}, on {rosters}")
    for step in view.steps:
        past = step.done >= view.people > 0
        sign = paint("✔", fg="green") if past else "…" if step.done else "·"
        when = ", ".join(f"{local_date(act.iat)} {act.org_id}" for act in step.acts)
        roles = "/".join(ROLES[role][0] for role in step.roles)
        out(f"  {sign} {step.act:<18}{ACTS[step.act][0]}  ({roles}) {when}".rstrip())
    _tell_spoilt(instance, view)
    _suggest(instance, view)


def _tell_spoilt(instance: Instance, view: RosterView) -> None:
    """The acts that count no more, with the office, for how many, and that these have to be taken in anew."""
    names = {office.organisation.id: office.organisation.name_zh for office in offices(instance)} if view.spoilt else {}
    for one in view.spoilt:
        about = one.fault.about
        zh, en = fault_words(one.fault.code, about, names)
        talk(f"! {ACTS[str(about.act)][0]} {about.act} ({about.org}): {len(one.people)} 人 people [{one.fault.code}]")
        talk(f"  {zh}")
        talk(f"  {en}")
    if view.spoilt:
        talk("  以上人员须重新导入、重新办理;其余人员可另行继续(act --strike) · These have to be taken in anew")
        next_step("certsvc roster import NEW.xlsx")


def _suggest(instance: Instance, view: RosterView) -> None:
    if view.people and sum(len(one.people) for one in view.spoilt) == view.people:
        return
    step = view.next_step
    if step is None:
        if view.issued < view.people:
            next_step(f"certsvc issue {view.roster.id}")
        return
    able = who_may(instance, view.roster, step)
    if step.act == "unit_notice":
        _suggest_units(instance, view, {org for org, _officers in able})
    elif not able:
        next_step(f"certsvc keys grant ORG --role {step.roles[0]} --document-number 文号")
    for _org, officers in able[:SHOWN]:
        chosen = " ".join(f"--officer {one}" for one in officers)
        chosen += f" --fact stage={step.stage}" if step.stage is not None else ""
        next_step(f"certsvc act {step.act} {view.roster.id} {chosen}")


def _suggest_units(instance: Instance, view: RosterView, able: set[str]) -> None:
    """The act is each employer's own: who has to be enrolled, and who needs a grant."""
    known, unknown = units_of(instance, view.roster.id)
    for one in unknown[:SHOWN]:
        talk(f"! 单位未登记 · employer without an office: {plain(one.name)}  {one.people} 人 people")
        if one.several:
            talk("  有多个机构同名,请在文件中写明代码 · several offices bear this name: give the code in the file")
            next_step("certsvc roster import NEW.xlsx")
            continue
        code = f" --uscc {one.code}" if one.code else ""
        next_step(f"certsvc keys org ID --name {quote(one.name)}{code} --region {one.region}")
    if len(unknown) > SHOWN:
        talk(f"  … 另有 {len(unknown) - SHOWN} 家 · and {len(unknown) - SHOWN} more")
    if unknown:
        talk("  单位写错的,改正文件后重新导入 · where the employer is misspelt, import the corrected file")
    for org in sorted(known - able)[:SHOWN]:
        next_step(f"certsvc keys grant {org} --role unit --document-number 文号")


def _tell_people(instance: Instance, roster_id: str) -> None:
    spoilt = {name for one in roster_view(instance, roster_id).spoilt for name in one.people}
    rows = [
        (
            sheet_of(e),
            e.position,
            e.name,
            e.birth[:4],
            e.unit_name,
            e.unit_org_id or "—",
            e.title,
            _state(e, spoilt),
        )
        for e in entries_of(instance, roster_id)
    ]
    table(("表 sheet", "行 row", "姓名", "出生", "单位 unit", "机构 org", "职称 title", "剔除 struck"), rows)


def _state(entry: Entry, spoilt: set[str]) -> str:
    if entry.replaced_by:
        return f"→ {entry.replaced_by}"
    return "是" if entry.struck_by else "失效 void" if entry.id in spoilt else ""


@roster_command.command("photos")
@click.argument("roster", metavar="ROSTER")
@click.argument("listing", type=_FILE, metavar="LIST.csv")
@opens_home
def photos(instance: Instance, roster: str, listing: Path) -> None:
    """照片:LIST.csv 两列 row,file,文件名不必含证件号码 · Photos, by a CSV of row,file beside the pictures."""
    kept, faults = add_photos(instance, roster, listing)
    if faults:
        table(("行 row", "文件 file", "问题", "what"), [(f.row, f.file, f.zh, f.en) for f in faults])
        raise Refused(
            "photos_failed",
            f"{kept} 张已保存,{len(faults)} 张有问题",
            f"{kept} photos kept, {len(faults)} failed.",
            f"certsvc roster photos {roster} {listing}",
        )
    done(f"已保存 {kept} 张照片", "photos kept")
