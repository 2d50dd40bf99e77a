"""`serve`: the web server around a home."""

import os

import click

from certsvc.cli import serving
from certsvc.cli.options import home_option
from certsvc.cli.say import paint, talk
from certsvc.instance import open_instance


@click.command("serve")
@click.option("--port", type=serving.PORT, default=serving.DEFAULT_PORT, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址 · address to listen on")
@click.option(
    "--workers", type=click.IntRange(1, 64), help="进程数,默认等于 CPU 数 · processes, one per CPU by default"
)
@home_option
def serve_command(port: int, host: str, workers: int | None, home: str | None) -> None:
    """网页和接口服务 · Pages and API."""
    instance = open_instance(home)
    try:
        serving.check_port(instance, host, port)
        place, url = instance.home, instance.public_url
    finally:
        instance.close()
    talk(f"{paint('●', fg='green')} http://{host}:{port}/  → {url}/   Ctrl-C 停止 · stops")
    serving.run(place, host, port, workers or os.cpu_count() or 1)
    talk("已停止 · Stopped.")
