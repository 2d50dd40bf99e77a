"""`demo`: builds or finds the invented province, says what there is to try, and serves it."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import qrcode

from certsvc.cli import serving
from certsvc.cli.options import home_option
from certsvc.cli.say import HOME_TYPED, done, in_this_home, out, paint, stages, table, talk
from certsvc.core.errors import NotReady, Refused
from certsvc.instance import Instance, home_path, open_instance, read_settings
from certsvc.services.overview import offices, rosters, who_may
from certsvc.services.sample_delegation import sample_rows
from certsvc.verify.words_terms import ROLES

DEMO_HOME = Path("var/demo")
PEOPLE, SEED = 500, 42
#: Verdicts of the files that the demo proposes to try.
SHOWN = ("valid", "void", "tampered")


@click.command("demo")
@click.option("--people", type=click.IntRange(1), help=f"人数,默认 {PEOPLE} · people")
@click.option("--seed", type=int, help=f"随机种子,默认 {SEED} · seed")
@click.option("--public-url", metavar="URL", help="手机可访问的地址,如 http://192.168.1.5:8787 · an address for phones")
@click.option("--no-serve", is_flag=True, help="只生成 · only build")
@click.option("--port", type=serving.PORT, help="默认取自网址 · taken from the address by default")
@click.option("--reset", is_flag=True, help="删除旧演示,重新生成 · delete the old demo and build anew")
@home_option
def demo_command(
    people: int | None,
    seed: int | None,
    public_url: str | None,
    no_serve: bool,
    port: int | None,
    reset: bool,
    home: str | None,
) -> None:
    """虚构的省份:机构、花名册、证书,以及每种核验结果的样本 · An invented province with a file for every verdict."""
    from certsvc.demo import build_demo

    place = home_path(home or os.environ.get("CERTSVC_HOME") or DEMO_HOME)
    if reset:
        _remove(place)
    # A demo lives in a file of its own; a database that was meant for another instance is left alone.
    os.environ.pop("CERTSVC_DATABASE_URL", None)
    was = _made_as(place) or {
        "people": PEOPLE,
        "seed": SEED,
        "public_url": f"http://127.0.0.1:{port or serving.DEFAULT_PORT}",
    }
    click.get_current_context().meta[HOME_TYPED] = shown_path(place)
    with stages() as progress:
        fresh = build_demo(
            place,
            people or was["people"],
            was["seed"] if seed is None else seed,
            (public_url or was["public_url"]).rstrip("/"),
            progress,
        )
    done(f"演示{'已生成' if fresh else '已存在'}:{place}", "demo built" if fresh else "the demo is there already")
    instance = open_instance(place)
    try:
        host, chosen = _listening(instance, port)
        _addresses(instance)
        if not no_serve:
            serving.check_port(instance, host, chosen)
            _qr(instance.public_url)
    finally:
        instance.close()
    if not no_serve:
        talk(f"  停止 · Stop: Ctrl-C     重做 · Reset: {in_this_home('certsvc demo --reset')}")
        serving.run(place, host, chosen, 1)
        talk("已停止 · Stopped.")


def _made_as(place: Path) -> dict[str, Any] | None:
    """With which people, seed and address the demo there was made; None where none is."""
    from certsvc.demo import STAMP

    stamp = place / STAMP
    return dict(json.loads(stamp.read_text(encoding="utf-8"))) if stamp.is_file() else None


def _remove(place: Path) -> None:
    """Deletes a demo home. Raises Refused for anything else: a reset never costs a real register."""
    if not place.exists():
        return
    try:
        is_demo = read_settings(place).demo
    except NotReady:
        is_demo = not any(place.iterdir())
    if not is_demo:
        zh, en = f"{place} 不是演示,不会删除", f"{place} is no demo and is not deleted."
        raise Refused("not_a_demo", zh, en, "certsvc demo --home ANOTHER")
    shutil.rmtree(place)


def _listening(instance: Instance, port: int | None) -> tuple[str, int]:
    """Address and port of a demo: those of its public address, which stands in every QR code."""
    parts = urlsplit(instance.public_url)
    own = parts.port or serving.DEFAULT_PORT
    if port is not None and port != own:
        talk(f"{paint('!', fg='yellow')} 二维码仍指向 · QR codes still lead to {instance.public_url}")
    return serving.address_for(parts.hostname or ""), port or own


def _addresses(instance: Instance) -> None:
    """Where to look and what to type."""
    url, folder = instance.public_url, instance.home / "demo"
    out(f"  打开 Open   {url}/")
    for name, verdict in _samples(folder):
        out(
            f"  试试 Try    {in_this_home(f'certsvc verify {shlex.quote(shown_path(folder / name))}'):<60}  → {verdict}"
        )
    _offices(instance)
    for command in _acts_to_try(instance):
        out(f"  办理 Act    {in_this_home(command)}")
    out(f"  更多 More   {in_this_home('certsvc roster list')}")


def _offices(instance: Instance) -> None:
    """Who may act: organisations with their officers and roles."""
    rows, sample = [], {row.id for row in sample_rows()}
    for office in offices(instance):
        if office.organisation.id in sample:
            continue
        roles = dict.fromkeys(ROLES[grant.role][0] for grant in office.grants)
        if office.officers:
            row = office.organisation
            rows.append(("", row.id, row.name_zh, " ".join(one.id for one in office.officers), " ".join(roles)))
    table((" ", "机构 org", "名称 name", "经办人 officers", "角色 roles"), rows)
    out(
        f"  授权 Grants {in_this_home('certsvc keys list')} · 另有 2022 年通知的 {len(sample)} 个机构 more, of the 2022 notice"
    )


def _acts_to_try(instance: Instance) -> list[str]:
    """The command of the next act of every roster that still waits for one."""
    found = []
    for view in rosters(instance):
        step = view.next_step
        for _org, officers in who_may(instance, view.roster, step)[:1] if step else ():
            found.append(f"certsvc act {step.act} {view.roster.id} " + " ".join(f"--officer {one}" for one in officers))
    return found


def _samples(folder: Path) -> list[tuple[str, str]]:
    """One file for each of three verdicts that differ, as the manifest has them."""
    manifest: dict[str, str] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for name, verdict in manifest.items():
        found.setdefault(verdict, name)
    return [(found[verdict], verdict) for verdict in SHOWN if verdict in found]


def shown_path(path: Path) -> str:
    """`path` from where the reader stands, when it lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _qr(url: str) -> None:
    """The address as a QR in the terminal; a pipe gets none."""
    if sys.stdout.isatty():
        code = qrcode.QRCode(border=2)
        code.add_data(url + "/")
        code.print_ascii(invert=True)
