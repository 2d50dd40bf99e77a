"""`issue`, `list`, `show`, `pdf`, `png`, `bundle`: certificates from the office's side."""

import csv
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

import click

from certsvc.cli.options import acts_at_a_time, opens_home
from certsvc.cli.register_text import is_register_id, tell_register
from certsvc.cli.say import bar, done, next_step, out, table, talk
from certsvc.core.calendar import local_date
from certsvc.core.codes import group_code
from certsvc.core.errors import NotFound, Refused
from certsvc.instance import Instance
from certsvc.register.fault_report import safe_cell
from certsvc.services.issue import Issued, Prepared, issue
from certsvc.services.overview import CertificateView, certificate_view, certificates, newest_versions
from certsvc.services.pdf import certificate_pdf, certificate_png
from certsvc.services.verify_evidence import fresh_bundle
from certsvc.store.rows import Certificate, Version
from certsvc.store.tables import STATES
from certsvc.verify.words_terms import ACTS, LEVELS

_OUTPUT = click.Path(dir_okay=False, path_type=Path)
LINKS_HEADER = b"number,name,link\r\n"
Note = Callable[[list[Prepared]], None]


@click.command("issue")
@click.argument("roster", metavar="ROSTER")
@click.option("--links", type=_OUTPUT, metavar="FILE.csv", help="领证链接,权限 0600 · claim links, mode 0600")
@click.option("--pdf", "draw", is_flag=True, help="同时签章 PDF · also sign every PDF now")
@acts_at_a_time
def issue_command(instance: Instance, roster: str, links: Path | None, draw: bool) -> None:
    """给已办 issue 环节的人员制证;中断后再次运行会接着做 · Issue; interrupted, run it again and it goes on."""
    made: list[Issued] = []
    with _link_file(instance, links) as note, bar("制证 issuing") as progress:
        for chunk in issue(instance, roster, progress, note):
            made += chunk
    if draw:
        with bar("签章 PDF") as progress:
            for number, one in enumerate(made, start=1):
                certificate_pdf(instance, one.code)
                progress(number, len(made))
    done(f"已签发 {len(made)} 份证书", "certificates issued")
    if links is not None:
        talk(f"  领证链接 · claim links (0600):  {links}")
    next_step(f"certsvc show {made[0].certificate.number}")


@contextmanager
def _link_file(instance: Instance, path: Path | None) -> Iterator[Note]:
    """Notes claim links chunk by chunk, each before its certificate is in force, so that an interruption loses none.

    What an interrupted run has noted already is not noted twice; a line that it left unfinished is written anew.
    """
    if path is None:
        yield lambda chunk: None
        return
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    os.fchmod(handle, 0o600)
    with os.fdopen(handle, "r+b") as raw, TextIOWrapper(raw, encoding="utf-8", newline="") as file:
        there = raw.read()
        if there[: len(LINKS_HEADER)] != LINKS_HEADER[: len(there)]:
            zh, en = f"{path} 不是领证链接文件", f"{path} holds something else than claim links."
            raise Refused("links_foreign", zh, en, "certsvc issue ROSTER --links NEW.csv")
        # A line may have been cut off anywhere, also within a character.
        whole = there[: there.rfind(b"\n") + 1].decode()
        raw.truncate(len(whole.encode()))
        file.seek(0, os.SEEK_END)
        writer = csv.writer(file)
        if not whole:
            raw.write(LINKS_HEADER)

        def note(chunk: list[Prepared]) -> None:
            for one in chunk:
                link = f"{instance.public_url}/claim/{one.claim_token}"
                if link not in whole:
                    writer.writerow((one.number, safe_cell(one.name), link))
            file.flush()
            os.fsync(handle)

        yield note


@click.command("list")
@click.option("--roster", metavar="ROSTER", help="只列此花名册 · only of this roster")
@click.option("--state", type=click.Choice(STATES), help="只列此状态 · only in this state")
@click.option("--register", "register_only", is_flag=True, help="只登记入库的职称 · titles without a certificate")
@opens_home
def list_command(instance: Instance, roster: str | None, state: str | None, register_only: bool) -> None:
    """已发证书;查验码见 show · Certificates; the verification code is in `show`."""
    if register_only:
        if roster or state:
            raise click.UsageError("--register")
        return tell_register(instance)
    newest = newest_versions(instance)
    rows = [
        (one.number, one.version, p["name"], p["target"]["title"], LEVELS[p["target"]["level"]][0], p["issue_date"],
         one.state, _neighbours(one, newest.get(one.entry_id, 1)))
        for one, p in certificates(instance, roster, state)
    ]  # fmt: skip
    table(("编号 number", "版", "姓名 name", "职称 title", "级别", "签发 issued", "状态 state", "换发 replaced"), rows)


def _neighbours(one: Certificate, newest: int) -> str:
    """The versions that `one` replaces and is replaced by, of the same number."""
    before = f"替代 replaces v{one.version - 1}" if one.version > 1 else ""
    after = f"已被替代 replaced by v{one.version + 1}" if one.version < newest else ""
    return ", ".join(filter(None, (before, after)))


@click.command("show")
@click.argument("which", metavar="NUMBER|CODE|G…|E…")
@opens_home
def show_command(instance: Instance, which: str) -> None:
    """一份证书的全貌,含查验码 · Everything about one certificate, with its verification code."""
    if is_register_id(which):
        return tell_register(instance, which)
    view = certificate_view(instance, which)
    code = group_code(view.code)
    facts = {
        "编号 number": view.certificate.number,
        "版次 version": f"{view.certificate.version} / {len(view.versions)}",
        "状态 state": view.certificate.state,
        "替代 replaces": _version(view.replaces),
        "被替代 replaced by": _version(view.replaced_by),
        "姓名 name": view.printed["name"],
        "职称 title": f"{view.printed['target']['title']}({LEVELS[view.printed['target']['level']][0]})",
        "取得 granted": view.printed["award_date"],
        "签发 issued": view.printed["issue_date"],
        "电子证照标识": view.certificate.licence_id,
        "花名册 roster": view.roster_id,
        "查验码 code": code,
        "网页 page": f"{instance.public_url}/v/{view.code}",
    }
    for name, value in facts.items():
        if value:
            out(f"{name:<14}\t{value}")
    _tell_events(view)
    next_step(f"certsvc pdf {code} -o {view.certificate.number}.pdf")


def _version(other: Version | None) -> str:
    return "" if other is None else f"{other.number} v{other.version} ({local_date(other.issued_at)})"


def _tell_events(view: CertificateView) -> None:
    for event in view.events:
        effect = "自始 from the beginning" if event.retroactive else ""
        if event.effective_from:
            effect = f"自 {event.effective_from} 起 from {event.effective_from}"
        out(f"{local_date(event.at)}\t{event.kind} {ACTS[event.kind][0]} {effect}".rstrip())


def _writes(data: bytes, output: Path) -> None:
    output.write_bytes(data)
    done(f"已写入 {output}", f"written, {len(data):,} bytes")


@click.command("pdf")
@click.argument("which", metavar="CODE|NUMBER")
@click.option("-o", "--output", type=_OUTPUT, required=True, metavar="FILE")
@opens_home
def pdf_command(instance: Instance, which: str, output: Path) -> None:
    """签章 PDF,每次下载逐字节相同 · The signed PDF, the same bytes every time."""
    _writes(certificate_pdf(instance, certificate_view(instance, which).code), output)
    next_step(f"certsvc verify {output}")


@click.command("png")
@click.argument("which", metavar="CODE|NUMBER")
@click.option("-o", "--output", type=_OUTPUT, required=True, metavar="FILE")
@opens_home
def png_command(instance: Instance, which: str, output: Path) -> None:
    """加水印的预览图 · A watermarked preview."""
    _writes(certificate_png(instance, certificate_view(instance, which).code), output)


@click.command("bundle")
@click.argument("which", metavar="CODE|NUMBER")
@click.option("-o", "--output", type=_OUTPUT, metavar="FILE", help="默认标准输出 · stdout by default")
@opens_home
def bundle_command(instance: Instance, which: str, output: Path | None) -> None:
    """含今日状态的证据包,可离线核验 · The evidence bundle with today's status, for offline verification."""
    data = fresh_bundle(instance, certificate_view(instance, which).code)
    if data is None:
        raise NotFound("certificate_unknown", "没有此证书", "No such certificate.", "certsvc list")
    if output is None:
        click.echo(data, nl=False)
    else:
        _writes(data, output)
        next_step(f"certsvc verify --offline {output}")
