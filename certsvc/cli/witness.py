"""`witness`: a witness of transparency logs, for an archive, an audit office, or any other authority."""

import re
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click

from certsvc.cli import serving
from certsvc.cli.key_drill import drill_command
from certsvc.cli.options import Theft, opens_home
from certsvc.cli.say import done, next_step, out, paint, talk
from certsvc.instance import Instance
from certsvc.services import appointment, cosign, witness_list
from certsvc.services import witness as services
from certsvc.services.cosign import Said
from certsvc.services.witness import Answer, Witness

_VIEW = re.compile(r"/([0-9a-f]{64})/checkpoint")
#: Seconds for which a slow client may hold a thread.
PATIENCE = 10
#: Outcomes of a witness that somebody has to look at.
ALARMS = ("ahead", "forked")
HOME = click.option(
    "--home",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="见证人目录 · its folder",
)


@click.group("witness")
def witness_command() -> None:
    """公开日志的见证人,只签署前后一致的检查点 · A witness: it cosigns a log only as long as that never forks."""


@witness_command.command("init")
@click.argument("name")
@HOME
def init(name: str, home: Path) -> None:
    """建立见证人,输出其公钥 · Makes a witness and prints its verifier key."""
    vkey = services.create(home, name)
    done(f"见证人 {name} 已建立", f"the witness {name} is made")
    out(vkey)
    next_step(f"certsvc witness serve --home {home} --log-vkey VKEY")


@witness_command.command("serve")
@HOME
@click.option("--port", type=serving.PORT, default=8788, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址 · address to listen on")
@click.option("--log-vkey", "log_vkeys", multiple=True, required=True, metavar="VKEY", help="日志公钥 · key of a log")
def serve(home: Path, port: int, host: str, log_vkeys: tuple[str, ...]) -> None:
    """见证服务(C2SP tlog-witness) · Serves add-checkpoint."""
    witness = services.open_witness(home, log_vkeys)
    server = make_server(witness, host, port)
    talk(f"{paint('●', fg='green')} {witness.key.name}  http://{host}:{server.server_port}/  Ctrl-C 停止 · stops")
    try:
        server.serve_forever()
    finally:
        server.server_close()
        witness.engines.close()


@witness_command.command("add")
@click.argument("vkey")
@click.argument("url")
@click.option(
    "--threshold", type=click.IntRange(1), metavar="K", help="须有几名见证人签署 · how many must have cosigned"
)
@opens_home
def add(instance: Instance, vkey: str, url: str, threshold: int | None) -> None:
    """登记本日志的见证人,写入信任清单 · Appoints a witness of this log; the trust bundle says so at once."""
    said = appointment.appoint(instance, vkey, url, threshold)
    policy = cosign.policy(instance)
    if policy is None:
        _tell_missing(instance)
        return
    done(
        f"见证人 {len(policy.keys)} 名,须 {policy.threshold} 名签署",
        f"{policy.threshold} of {len(policy.keys)} witnesses must cosign",
    )
    tell_witnesses(said)
    if any(one.outcome != "cosigned" for one in said):
        # Most often it does not know our key yet, or is not there yet.
        next_step("certsvc log vkey && certsvc log tick")


@witness_command.command("end")
@click.argument("name")
@click.option("--reason", required=True, type=click.Choice(("withdrawn", "compromised")), help="理由 · reason")
@click.option(
    "--good-before", type=Theft(), help="失密前可信截止时间 · with compromised: what it cosigned earlier counts"
)
@opens_home
def end(instance: Instance, name: str, reason: str, good_before: int | None) -> None:
    """停用见证人,此前的见证仍有效 · Asks a witness no more; what it cosigned before counts on."""
    left, key = appointment.end(instance, name, reason, good_before)
    done(f"见证人 {name} 已停用,余 {left} 名", f"the witness has ended; {left} are left")
    next_step("certsvc keys history")
    if reason == "compromised":
        # What was logged since may have no proved time: the drill lists it, and signs it anew.
        next_step(drill_command(key.jkt, key.valid_from if good_before is None else good_before, "resign"))


def _tell_missing(instance: Instance) -> None:
    """How many are appointed so far; under a root that requires the log everything waits for the others."""
    found = witness_list.read_list(instance)
    if found is None:
        return
    zh, en = f"已登记 {len(found.members)}/{found.threshold} 名", f"{len(found.members)} of {found.threshold} appointed"
    if witness_list.is_strict(instance):
        zh, en = f"{zh};齐备之前不发布任何条目", f"{en}; nothing is published until then"
    done(zh, en)
    next_step(witness_list.ADD)


def tell_witnesses(said: Iterable[Said]) -> None:
    """What each witness did, in its colour."""
    for one in said:
        colour = "green" if one.outcome == "cosigned" else "red" if one.outcome in ALARMS else "yellow"
        talk(f"  {paint(one.outcome, fg=colour)}  {one.witness}  {one.detail}")


def make_server(witness: Witness, host: str, port: int) -> ThreadingHTTPServer:
    """A server that is bound and not yet serving; port 0 takes any free one."""

    class Handler(_Handler):
        of = witness

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    of: Witness
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > services.MAX_REQUEST:
            # What was not read would be taken for the next request.
            self.close_connection = True
            self._answer(Answer(413 if length.isdigit() else 411, b"a body of known and modest length\n"))
            return
        body = self.rfile.read(int(length))
        found = self.path == "/add-checkpoint"
        self._answer(services.add_checkpoint(self.of, body) if found else Answer(404, b"not found\n"))

    def do_GET(self) -> None:
        found = _VIEW.fullmatch(self.path)
        self._answer(services.checkpoint_of(self.of, found[1]) if found else Answer(404, b"not found\n"))

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(answer.body)

    def version_string(self) -> str:
        return "certsvc-witness"

    def log_message(self, format: str, *args: object) -> None:
        """Says method, path and status, and no address."""
        talk(f"  {self.command} {re.sub(r'[^ -~]', '?', self.path)[:100]} {args[1] if len(args) > 1 else ''}")
