"""`init`, `doctor`, `backup`, `restore`: making a home, finding what is wrong with it, keeping a copy."""

import os
import time

import click

from certsvc.cli.options import home_option
from certsvc.cli.say import done, next_step, out, paint, talk
from certsvc.instance import home_path
from certsvc.services.ceremony import Plan
from certsvc.services.founding import found

DEFAULT_URL = "http://127.0.0.1:8787"
SAMPLE_NAME = ("示例发证机关(样章 SAMPLE)", "Sample issuing authority")


@click.command("init")
@home_option
@click.option("--public-url", metavar="URL", help="对外网址,建立后不变 · public address, fixed for ever")
@click.option("--authority", default="HRSS", show_default=True, metavar="ID", help="发证机关代号 · id of the authority")
@click.option("--authority-name", metavar="NAME", help="发证机关名称 · its Chinese name")
@click.option("--authority-name-en", metavar="NAME", help="英文名称 · its English name")
@click.option("--uscc", metavar="CODE", help="统一社会信用代码 · its USCC")
@click.option("--test", is_flag=True, help="测试实例:根证书和证书均标明 · a test instance, marked so in its root")
def init_command(
    home: str | None,
    public_url: str | None,
    authority: str,
    authority_name: str | None,
    authority_name_en: str | None,
    uscc: str | None,
    test: bool,
) -> None:
    """密钥仪式并建立实例;不覆盖任何东西 · Key ceremony and a new home; nothing is ever overwritten."""
    place = home_path(home)
    url = public_url or os.environ.get("CERTSVC_PUBLIC_URL") or DEFAULT_URL
    zh, en = authority_name or SAMPLE_NAME[0], authority_name_en or authority_name or SAMPLE_NAME[1]
    transcript = found(place, Plan(url, authority, zh, en, authority_uscc=uscc, test=test), int(time.time()))
    for line in transcript:
        out(str(line))
    done(f"实例已建立:{place}", f"home made: {place} ({'TEST' if test else 'production'})")
    _warn(test, authority_name, url)
    talk(f"  仪式记录 · transcript:  {place / 'ceremony.txt'}")
    talk(f"  根证书请公开发布,root.pem 请移到离线介质 · publish {place / 'roots.pem'}, move keys/root.pem offline")
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
