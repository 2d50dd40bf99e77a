"""`bench` and `openapi`: for people who build and measure."""

import json

import click

from certsvc.cli.options import home_option
from certsvc.cli.say import out
from certsvc.cli.setup import DEFAULT_URL
from certsvc.core.errors import NotReady
from certsvc.instance import home_path, read_settings


@click.command("bench")
@click.argument("names", nargs=-1, metavar="[NAME…]")
@click.option("--json", "as_json", is_flag=True, help="每行一个对象 · one object per line")
def bench_command(names: tuple[str, ...], as_json: bool) -> None:
    """签发、核验、PDF、网页的速度,各与裸操作同时测量 · Speed, each measured beside its bare operation."""
    from certsvc.bench import run

    run(names, as_json)


@click.command("openapi")
@home_option
def openapi_command(home: str | None) -> None:
    """接口描述(OpenAPI 3.1) · The OpenAPI document."""
    from certsvc.web.openapi import describe

    try:
        url = read_settings(home_path(home)).public_url
    except NotReady:
        url = DEFAULT_URL
    out(json.dumps(describe(url), ensure_ascii=False, indent=2))
