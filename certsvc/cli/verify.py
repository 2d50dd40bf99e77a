"""`verify`: any number of files, codes and look-ups, online or with a root alone; the exit code is the verdict's."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
from cryptography import x509

from certsvc.cli.options import Moment, Span, home_option
from certsvc.cli.say import out
from certsvc.cli.verify_inputs import Question, questions, read_at_most
from certsvc.cli.verify_text import lines, rule
from certsvc.core.bundle import MAX_BYTES
from certsvc.core.calendar import local_date
from certsvc.core.chain import Anchor, read_anchor
from certsvc.core.errors import Malformed, NotReady
from certsvc.core.names import fold_name
from certsvc.core.note import MAX_BYTES as MAX_NOTE
from certsvc.instance import Instance, home_path, open_instance, read_anchors
from certsvc.services import verify_evidence
from certsvc.services.beside import list_for, read_update
from certsvc.services.seen import Seen
from certsvc.services.verify_evidence import Asked, Expect, Found
from certsvc.verify import words
from certsvc.verify.report import Report

Answer = Callable[[Question], Report]
_PEM = click.Path(exists=True, dir_okay=False, path_type=Path)
_DIR = click.Path(file_okay=False, path_type=Path)


@click.command("verify")
@click.argument("what", nargs=-1, metavar="FILE|CODE|TOKEN…")
@click.option("--number", metavar="N", help="证书编号 · certificate number")
@click.option("--name", metavar="X", help="姓名全名 · full name")
@click.option("--offline", is_flag=True, help="只凭根证书,不用实例 · with the root alone")
@click.option("--root", type=_PEM, metavar="PEM", help="离线用的根证书(默认 HOME/roots.pem)· root for --offline")
@click.option(
    "--status",
    "lists",
    type=_PEM,
    multiple=True,
    metavar="FILE",
    help="离线用的较新状态表,可重复 · a newer status list; may be repeated, each file takes its own",
)
@click.option(
    "--log",
    "checkpoint",
    type=_PEM,
    metavar="CHECKPOINT",
    help="离线用的日志检查点 · a checkpoint that you have of the log",
)
@click.option(
    "--seen", type=_DIR, metavar="DIR", help="记住见过的最新状态表,旧表不再算数 · refuse lists older than seen"
)
@click.option("--max-age", type=Span(), help="状态表最大年龄,如 24h · oldest acceptable status list")
@click.option(
    "--at", type=Moment(), help="所问时间:按当时已知、按现在所知各答一次 · as of this time, as known then and now"
)
@click.option("--expect-name", metavar="N", help="比对姓名 · name to compare")
@click.option("--expect-id-last4", metavar="X", help="比对身份证后四位 · last four of the ID number")
@click.option("--checks", is_flag=True, help="列出每一项检查 · every check with its rule")
@click.option("--json", "as_json", is_flag=True, help="每行一个 Report · one Report object per line")
@home_option
@click.pass_context
def verify_command(
    ctx: click.Context,
    what: tuple[str, ...],
    number: str | None,
    name: str | None,
    offline: bool,
    root: Path | None,
    lists: tuple[Path, ...],
    checkpoint: Path | None,
    seen: Path | None,
    max_age: int | None,
    at: int | None,
    expect_name: str | None,
    expect_id_last4: str | None,
    checks: bool,
    as_json: bool,
    home: str | None,
) -> None:
    """核验 PDF、图片、证据包、查验码、网址、编号与姓名 · Verify anything of ours.

    \b
    0 有效 valid          10 换新版 superseded   11 暂停 suspended
    12 撤销 revoked       13 注销 withdrawn      14 过期 out_of_term
    15 程序无效 void      20 被改动 tampered     21 非本厅 not_issued
    22 无记录 no_record   23 属实但不符 mismatch 30 无法判定 cannot_decide
    40 无法识别 unreadable     (取最大者 · the highest wins)
    """
    if not offline and (root or lists or checkpoint or seen or max_age is not None):
        raise click.UsageError("--root, --status, --log, --seen, --max-age 只用于 --offline · go with --offline")
    expect = Expect(expect_name, expect_id_last4) if expect_name or expect_id_last4 else None
    asked = questions(what, number, name, at, expect)
    if offline:
        newer = tuple(_status_list(one) for one in lists)
        answer = _offline(pinned_roots(root, home), _beside(checkpoint, max_age), newer, seen)
        ctx.exit(_answer_all(asked, answer, as_json, checks, offline=True))
    instance = _home(home)
    try:
        code = _answer_all(asked, _online(instance), as_json, checks)
    finally:
        instance.close()
    ctx.exit(code)


def _home(home: str | None) -> Instance:
    """The open home. Who has none is told how to verify without one."""
    try:
        return open_instance(home)
    except NotReady as error:
        if error.code != "home_missing":
            raise
        raise NotReady(error.code, error.zh, error.en, "certsvc verify --offline --root roots.pem FILE") from error


def _answer_all(asked: list[Question], answer: Answer, as_json: bool, everything: bool, offline: bool = False) -> int:
    """Prints every answer and gives back the highest exit code."""
    highest = 0
    for position, question in enumerate(asked):
        report = answer(question)
        highest = max(highest, report.exit_code)
        if as_json:
            out(json.dumps(words.report_json(report, "zh"), ensure_ascii=False))
            continue
        if position:
            out("\n" + rule())
        for line in lines(report, question.label, everything, offline):
            out(line)
    return highest


def asked_at(at: int | None, now: int) -> int | None:
    """The time asked about; today means now. Raises UsageError for a day to come, which has no answer yet."""
    if at is not None and local_date(at) > local_date(now):
        raise click.UsageError("--at 在将来,还没有答案 · --at lies in the future and has no answer yet")
    return None if at is None else min(at, now)


def _online(instance: Instance) -> Answer:
    def answer(question: Question) -> Report:
        asked = {"at": asked_at(question.at, instance.now()), "expect": question.expect}
        if question.number is not None:
            return verify_evidence.verify_number(instance, question.number, question.name or "", **asked)
        if question.data is not None:
            return verify_evidence.verify_file(instance, question.data, **asked)
        found = verify_evidence.read_text(question.text or "", instance.host)
        return verify_evidence.verify_found(instance, found, **asked)

    return answer


# --- offline -------------------------------------------------------------------------------------------------------


def pinned_roots(root: Path | None, home: str | None) -> tuple[Anchor, ...]:
    """The pinned roots: --root, else CERTSVC_ROOT, else HOME/roots.pem. Raises NotReady, Malformed."""
    named = root or (Path(os.environ["CERTSVC_ROOT"]) if os.environ.get("CERTSVC_ROOT") else None)
    if named is None:
        place = home_path(home)
        if not (place / "roots.pem").is_file():
            zh, en = "离线核验需要根证书", f"Offline verification needs a root; there is none in {place}."
            raise NotReady("root_missing", zh, en, "certsvc verify --offline --root roots.pem FILE")
        return read_anchors(place)
    try:
        return tuple(read_anchor(one) for one in x509.load_pem_x509_certificates(named.read_bytes()))
    except ValueError as error:
        raise Malformed("not_a_root", f"不是 PEM 根证书:{named}", f"{named} holds no PEM certificate.") from error


def _status_list(path: Path) -> bytes:
    """What is brought beside the files that it is about. Raises Malformed: that is no fault of theirs."""
    body = read_at_most(path, MAX_BYTES)
    read_update(body)
    return body


def _beside(checkpoint: Path | None, max_age: int | None) -> Asked:
    """What is brought beside every file. Raises Malformed: that is no fault of the files."""
    note = None if checkpoint is None else read_at_most(checkpoint, MAX_NOTE)
    if note is not None:
        verify_evidence.read_checkpoint(note)
    return Asked(0, 0, max_age, checkpoint=note)


def _offline(anchors: tuple[Anchor, ...], beside: Asked, lists: tuple[bytes, ...], seen: Path | None) -> Answer:
    judge = verify_evidence.verify_offline if seen is None else Seen(seen).verify

    def answer(question: Question) -> Report:
        now = int(time.time())
        at = asked_at(question.at, now)
        found = _found_offline(question)
        newer = list_for(found.bundle, lists)
        report = judge(found, anchors, replace(beside, at=now if at is None else at, now=now, newer_status=newer))
        return _compared(report, question.expect)

    return answer


def _found_offline(question: Question) -> Found:
    """What can be read without a register. A number and a name say nothing by themselves."""
    if question.number is not None:
        return Found()
    if question.data is not None:
        return verify_evidence.read_anything(question.data, None)
    return verify_evidence.read_text(question.text or "", None)


def _compared(report: Report, expect: Expect | None) -> Report:
    """Name against what was signed. The ID number is in no file of ours, so its last four stay not_checked."""
    if expect is None or expect.name is None or report.certificate is None:
        return report
    same = fold_name(expect.name) == fold_name(report.certificate["holder_name"])
    return replace(report, match={**report.match, "name": "match" if same else "mismatch"})
