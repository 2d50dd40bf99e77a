"""What `list`, `show`, `roster import` and `register` share about titles that enter the register only."""

import re
from collections.abc import Iterable
from pathlib import Path

import click

from certsvc.cli.say import bar, done, next_step, out, table
from certsvc.core.calendar import local_date
from certsvc.core.errors import Refused
from certsvc.instance import Instance
from certsvc.register.roster_rows import RosterFile
from certsvc.services import equivalence, register_titles
from certsvc.services.import_plan import Question
from certsvc.services.register_only import EXAM
from certsvc.verify.words_terms import LEVELS

_REGISTER_ID = re.compile(r"[EG]\d{4,}")
ORIGINS = {"exam": "考试 exam", "other_province": "外省 other province"}
HEADER = ("登记 id", "姓名 name", "职称 title", "级别", "取得 obtained", "来源 origin", "依据 by", "状态 state")


def is_register_id(text: str) -> bool:
    """Whether `text` names an import of titles (G0001) or an equivalence (E0001)."""
    return _REGISTER_ID.fullmatch(text) is not None


def is_exam_file(read: RosterFile) -> bool:
    """Whether every row of a roster file is a title by examination."""
    return bool(read.rows) and all(row.track == EXAM for row in read.rows)


def tell_register(instance: Instance, which: str = "", kinds: str = "GE") -> None:
    """Prints one import or equivalence, or all of `kinds`: G for imports, E for equivalences."""
    kinds, chosen = which[:1] or kinds, which or None
    titles = register_titles.title_lines(instance, chosen) if "G" in kinds else []
    equivalences = equivalence.lines(instance, chosen) if "E" in kinds else []
    table(HEADER, [*map(_title_row, titles), *map(_equivalence_row, equivalences)])
    if which:
        out("只登记入库,不办环节、不制证 · in the register only: no acts, no certificate")


def _title_row(line: register_titles.TitleLine) -> tuple[object, ...]:
    one = line.title
    origin, state = ORIGINS[line.held.origin], _state(line.held.approved_at, line.held.approved_by)
    return line.held.id, line.name, one.title, LEVELS[one.level][0], one.obtained_on, origin, one.issuing_body, state


def _equivalence_row(line: equivalence.Line) -> tuple[object, ...]:
    one = line.held
    state = _state(one.approved_at, one.approved_by)
    level = LEVELS[one.level][0]
    return one.id, line.name, one.title, level, one.issued_on, "双贯通 equivalence", one.qualification, state


def _state(at: int | None, officer: str | None) -> str:
    return "待批准 open" if at is None else f"{local_date(at)} {officer}"


def take_titles(
    instance: Instance,
    path: Path,
    read: RosterFile,
    source: str,
    officer: str | None,
    decisions: Iterable[tuple[str, str]],
    evidence_sha256: str | None = None,
    dry_run: bool = False,
) -> None:
    """Takes titles in and says what came of it. Raises Refused while questions are open."""
    if officer is None:
        raise click.UsageError("考试、外省职称须写明经办人 · names who takes them in: --officer ID")
    order = register_titles.TitleOrder(source, officer, evidence_sha256, dict(decisions), dry_run)
    with bar("登记 matching, writing") as progress:
        taken = register_titles.import_titles(instance, read, order, progress)
    if taken.open_questions:
        _tell_questions(path, source, taken.open_questions)
    out(f"职称 titles +{taken.titles} · 人员 people +{taken.people_new} · 已有 known {taken.present}")
    if taken.repeated:
        done(f"此文件已登记过:{taken.import_id}", "this very file was taken in before; nothing has changed")
        return
    if dry_run:
        return done("检查通过,未写入", "dry run: the file can be taken in")
    done(f"已登记,待另一人批准:{taken.import_id}", "taken in; another officer approves")
    next_step(f"certsvc register approve {taken.import_id} --officer OTHER")


def _tell_questions(path: Path, source: str, questions: list[Question]) -> None:
    rows = [(q.key, q.sheet, q.row, q.code, q.zh, ",".join(c.person_id for c in q.candidates)) for q in questions[:50]]
    table(("答复键 key", "表 sheet", "行 row", "代码 code", "问题 question", "候选人 candidates"), rows)
    count, key = len(questions), questions[0].key
    raise Refused(
        "decisions_open",
        f"有 {count} 个问题需要经办人决定,未写入任何内容",
        f"{count} questions wait for an officer; nothing was written.",
        f"certsvc register import {path} --source {source} --officer ID --decide {key}=…",
    )
