"""`keys compromised`: the drill for a stolen key, from the list of what is suspect to the last certificate."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from certsvc.cli.key_care import lawfully, moment
from certsvc.cli.options import Theft, acts_at_a_time, names_a_paper
from certsvc.cli.say import bar, done, next_step, out, table, talk
from certsvc.core.schemas import PATH_ACTS
from certsvc.instance import Instance
from certsvc.services import compromise
from certsvc.services.compromise import REMEDIES, Condemned, Officers, Settled
from certsvc.services.damage import SUSPENDED, Damage, find_damage
from certsvc.services.restatement import Restated, open_statements

#: Lines of each table; the CSV has all of them.
SHOWN = 20
_SOUND, _SUSPECT = "可信 sound", "存疑 suspect"
_THEN = "对证书:重签、撤销,或为没有可信文件的换发新版 · sign them anew, revoke them, or renew those without a file to believe"
_BARS = {"resign": "重签 resign", "revoke": "撤销 revoke", "renew": "换发 renew"}
_CSV = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command("compromised")
@click.argument("jkt")
@click.option(
    "--since",
    required=True,
    type=Theft(),
    help="自此时起存疑;只写日期即当日零时 · from this time on it is suspect; of a date its beginning",
)
@click.option("--dry-run", is_flag=True, help="只列出,不做 · list only")
@click.option("--then", type=click.Choice(REMEDIES), help=_THEN)
@click.option("--officer", metavar="A", help="提出人 · who proposes")
@click.option("--second", metavar="B", help="决定人,须是另一人 · another human, who decides")
@click.option("--out", "path", type=_CSV, metavar="FILE", help="全部明细写入 CSV · everything as CSV")
@acts_at_a_time
@names_a_paper(required=False)
def compromised(
    instance: Instance,
    jkt: str,
    since: int,
    dry_run: bool,
    then: str | None,
    officer: str | None,
    second: str | None,
    path: Path | None,
    document: dict[str, str] | None,
) -> None:
    """密钥泄露处置:列明、停用、更换、重签或撤销;中断后再次执行即可 · Compromise drill; run it again to go on."""
    compromise.check_since(instance, since)
    if dry_run:
        damage = find_damage(instance, jkt, since)
        _show(damage, path)
        _tell_pages(damage, (jkt, since), Settled())
        next_step(drill_command(jkt, since, then or "resign"))
        return
    if officer is None or second is None or document is None:
        raise click.UsageError("--officer A --second B --document-number N, 或 · or --dry-run")
    officers = Officers(officer, second)
    compromise.check_officers(instance, officers)
    _tell(lawfully(instance, lambda: compromise.condemn(instance, jkt, since, document)))
    damage = find_damage(instance, jkt, since)
    _show(damage, path)
    settled = Settled()
    if then is not None:
        with bar(_BARS[then]) as progress:
            settled = compromise.remedy(instance, damage, then, officers, document, progress)
        done(f"已处理 {settled.done} 份证书", f"{settled.done} certificates settled")
    damage = find_damage(instance, jkt, since)
    _tell_statements(open_statements(instance, damage), settled.restated, (jkt, since))
    _tell_pages(damage, (jkt, since), settled if then == "renew" else Settled())
    _tell_taken([one.number for one in damage.certificates if "taken" in one.causes])
    if not _tell_open(damage, settled, (jkt, since, then)):
        done("没有待处理的证书", "no certificate is left to settle")
        _tell_anew(instance.settings.authority, damage, compromise.grants_to_give(instance, damage))


def drill_command(jkt: str, since: int, then: str) -> str:
    """The whole command, for `next_step`; `since` in seconds."""
    # Thumbprints may begin with a hyphen, which would be read as an option.
    return f"certsvc keys compromised --since {_stamp(since)} --then {then} --officer A --second B --document-number N -- {jkt}"


def _stamp(seconds: int) -> str:
    return f"{moment(seconds).replace(' ', 'T')}+08:00"


def _tell(condemned: Condemned) -> None:
    if condemned.already:
        talk("  该密钥此前已按此时间停用 · The key was ended with this very time before.")
        return
    done("密钥已停用并公布", "the key is ended as compromised, and the trust bundle says so")
    if condemned.replaced is not None:
        done(f"新密钥 {condemned.replaced.new.jkt}", f"{len(condemned.replaced.grants)} grants follow to the new key")
        for sha256 in condemned.replaced.ungiven:
            done(f"授权 {sha256} 无人可续,须重新授予", "nobody could give this grant a successor: give it anew")
    for sha256 in condemned.withdrawn:
        done(f"已撤回授权 {sha256}", "grant of the stolen key withdrawn")


def _show(damage: Damage, path: Path | None) -> None:
    out(f"{damage.key.jkt}  {damage.key.use}  {damage.key.org_id or ''}  自 since {moment(damage.since)}")
    if damage.size is not None:
        out(
            f"以日志为准,此前见证人已见 {damage.size:,} 条 · By the log: witnesses had seen {damage.size:,} entries before it"
        )
    counts = Counter((kind, sound) for kind, sound, _row in _rows(damage))
    kinds = sorted({kind for kind, _sound in counts})
    table(("类别 kind", _SOUND, _SUSPECT), [(kind, counts[kind, True], counts[kind, False]) for kind in kinds])
    for title, sound in ((_SUSPECT, False), (_SOUND, True)):
        rows = [row for _kind, is_sound, row in _rows(damage) if is_sound is sound]
        out()
        out(f"{title}:{len(rows)}")
        if rows:
            table(("类别 kind", "名称 name", "内容 what", "时间 time", "缘由 because", "状态 state"), rows[:SHOWN])
        if len(rows) > SHOWN:
            out(f"… 另有 {len(rows) - SHOWN} 项,见 --out FILE · and {len(rows) - SHOWN} more, see --out FILE")
    if path is not None:
        _write(path, damage)


def _rows(damage: Damage) -> Iterator[tuple[str, bool, tuple[str, ...]]]:
    """(kind, sound, columns of one line), certificates first."""
    for one in damage.certificates:
        name, causes = f"{one.number} v{one.version}", ",".join(one.causes)
        yield "vc+jwt", one.sound, ("vc+jwt", name, "证书 certificate", moment(one.issued_at), causes, one.state)
    for one in damage.pages:
        name = f"{one.number} v{one.version}"
        yield "pdf", True, ("pdf", name, "文件 file", moment(one.issued_at), ",".join(one.causes), one.state)
    for trace in damage.traces:
        row = (trace.kind, trace.name, trace.what, moment(trace.at), trace.cause, "")
        yield trace.kind, trace.sound, row


def _write(path: Path, damage: Damage) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("verdict", "kind", "name", "what", "time", "because", "state"))
        writer.writerows(("sound" if sound else "suspect", *row) for _kind, sound, row in _rows(damage))
    done(f"明细已写入 {path}", "written")


def _tell_statements(left: list[str], restated: Restated, asked: tuple[str, int]) -> None:
    """The statements of equivalence that were signed anew, and those that are still to be."""
    if restated.done:
        done(f"已重签 {len(restated.done)} 份对应说明", f"{len(restated.done)} statements of equivalence signed anew")
        for one in restated.done[:SHOWN]:
            next_step(f"certsvc equivalence statement {one} -o {one}.json")
    if left:
        talk(f"  待重签的对应说明 · Statements of equivalence to sign anew: {len(left)} ({', '.join(left[:SHOWN])})")
        _tell_reasons(code for _one, code in restated.left)
        next_step(drill_command(*asked, "resign"))


def _tell_pages(damage: Damage, asked: tuple[str, int], settled: Settled) -> None:
    """The sound certificates whose holders have no file that is believed without the register, and the command for them."""
    if damage.pages:
        talk(f"  证书可信,但没有脱机可验的文件 · Sound, without a file to believe offline: {len(damage.pages)}")
        _tell_reasons(code for _one, code in settled.left)
        if held := [one.number for one in damage.pages if one.state == SUSPENDED]:
            _tell_held(held)
        next_step(drill_command(*asked, "renew"))


def _tell_taken(numbers: list[str]) -> None:
    """The certificates that a suspect decision ended, which no command gives back, and the way to another one."""
    if numbers:
        zh = f"被存疑决定撤销或注销的证书 {len(numbers)} 份,不能恢复,本人须重新收录办理"
        en = f"{len(numbers)} certificates were ended by a suspect decision, for ever; take these people in on a new roster:"
        talk(f"  {zh} · {en} {', '.join(numbers[:SHOWN])}")
        next_step("certsvc roster import NEW.xlsx --officer A --decide '*:applies_again=accept'")


def _tell_open(damage: Damage, settled: Settled, asked: tuple[str, int, str | None]) -> bool:
    """The certificates that are left to settle, and the command for them; False if there are none."""
    jkt, since, then = asked
    waiting = [one for one in damage.certificates if one.open]
    if not waiting:
        return False
    mendable = sum(one.resignable for one in waiting)
    talk(f"  待处理 · Left: {len(waiting)} 份证书 certificates,其中可重签 of them resignable: {mendable}")
    _tell_reasons(code for _one, code in settled.left)
    held = [one.number for one in waiting if one.mendable and not one.resignable]
    if held and then != "revoke":
        _tell_held(held)
    sign = then != "revoke" and (held or (mendable and then in (None, "renew")))
    next_step(drill_command(jkt, since, "resign" if sign else "revoke"))
    return True


def _tell_anew(authority: str, damage: Damage, wanting: list[tuple[str, str]]) -> None:
    """What has to be done again by hand: acts of paths, grants, and the command for each."""
    acts = sum(one.kind == "act+jwt" and one.what in PATH_ACTS and not one.sound for one in damage.traces)
    if acts:
        talk(f"  存疑环节 {acts} 个,须重新办理 · {acts} suspect acts have to be done anew, on a new roster:")
        next_step("certsvc roster import NEW.xlsx")
    if wanting:
        zh, en = (
            "存疑授权已撤回,确应有的须重新授予",
            "suspect grants are withdrawn; those that are right have to be given anew:",
        )
        talk(f"  {zh} · {len(wanting)} {en}")
        # The authority's own comes first: the others stand on it.
        own = ["certsvc keys renew" for org, _role in wanting if org == authority]
        commands = (
            own + [f"certsvc keys grant {org} --role {role}" for org, role in wanting if org != authority][:SHOWN]
        )
        for command in dict.fromkeys(commands):
            next_step(f"{command} --document-number N")
    next_step(compromise.history_command(damage.key))


def _tell_held(numbers: list[str]) -> None:
    """The certificates that are as good as new once they are reinstated, and the commands that come before the next one."""
    zh = f"其中暂停使用 {len(numbers)} 份:查清的先恢复使用,再重签;撤销则不能恢复"
    talk(f"    {zh} · {len(numbers)} suspended: reinstate what is cleared, then sign anew; a revocation is for ever:")
    for number in numbers[:SHOWN]:
        next_step(f"certsvc status reinstate {number} --officer A --document-number N")


def _tell_reasons(codes: Iterable[str]) -> None:
    for code, count in Counter(codes).most_common():
        talk(f"    {code}: {count}")
