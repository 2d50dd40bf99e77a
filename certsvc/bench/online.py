"""The verdict of a code as JSON over HTTP, beside a Flask "hello" on the same server with the same client."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median, quantiles

from certsvc.bench.measure import Figure
from certsvc.bench.server import HELLO, Server, served
from certsvc.bench.world import Sizes, World

OURS = "certsvc.cli.serving:make_app"
BASELINE = "Flask hello"
#: Seconds of the kernel's clock (USER_HZ).
TICK = 0.01


@dataclass
class Asked:
    """What a client saw of one server."""

    paths: list[str]
    server: Server
    seconds: list[float] = field(default_factory=list)
    """Of each request, over all rounds."""
    rates: list[float] = field(default_factory=list)
    """Requests per second of each round."""
    cpu: float = 0.0
    """CPU seconds of the server over all rounds."""

    def percentile(self, number: int) -> float:
        """Milliseconds."""
        return 1000 * quantiles(self.seconds, n=100, method="inclusive")[number - 1]

    def cpu_milliseconds(self) -> float:
        """Of the server, per request; never zero, since the clock of the kernel has ticks."""
        return 1000 * max(self.cpu, TICK) / len(self.seconds)


def measure(world: World) -> Iterator[Figure]:
    """p50, p99 and CPU of the server per request, and requests per second, with a few keep-alive connections."""
    sizes, home = world.sizes, world.instance.home
    codes = [f"/v/{one.code}" for one in world.issued]
    with served(OURS, home) as our_server, served(HELLO, home) as hello_server:
        ours, hello = Asked(codes, our_server), Asked(["/"], hello_server)
        for one in (ours, hello):
            # Unmeasured: every worker meets its first requests.
            _ask_from_all(one, sizes.web_warm_up, sizes.web_connections)
        for number in range(sizes.web_rounds):
            for one in (ours, hello) if number % 2 == 0 else (hello, ours):
                _measure_round(one, sizes)
            world.progress("online", number + 1, sizes.web_rounds)
    for name, place in (("online_p50", 50), ("online_p99", 99)):
        yield Figure(name, ours.percentile(place), "ms", BASELINE, hello.percentile(place))
    yield Figure("online_cpu", ours.cpu_milliseconds(), "ms", BASELINE, hello.cpu_milliseconds())
    yield Figure("online_rate", median(ours.rates), "1/s", BASELINE, median(hello.rates))


def _measure_round(asked: Asked, sizes: Sizes) -> None:
    cpu, start = asked.server.cpu_seconds(), time.perf_counter()
    seconds = _ask_from_all(asked, sizes.web_requests, sizes.web_connections)
    asked.rates.append(len(seconds) / (time.perf_counter() - start))
    asked.cpu += asked.server.cpu_seconds() - cpu
    asked.seconds += seconds


def _ask_from_all(asked: Asked, requests: int, connections: int) -> list[float]:
    """Asks from all connections at once; seconds of every request."""
    with ThreadPoolExecutor(connections) as pool:
        shares = pool.map(
            lambda n: _ask(asked.server.port, asked.paths[n::connections] or asked.paths, requests), range(connections)
        )
        return [second for share in shares for second in share]


def _ask(port: int, paths: list[str], requests: int) -> list[float]:
    """Asks one after another on one connection. The client is plain sockets, so that it costs little itself."""
    seconds = []
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(requests):
            start = time.perf_counter()
            path = paths[number % len(paths)]
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n".encode())
            _read_answer(connection)
            seconds.append(time.perf_counter() - start)
    return seconds


def _read_answer(connection: socket.socket) -> None:
    """Reads one answer with a Content-Length. Raises RuntimeError unless it is 200."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode("latin-1").partition("\r\n")[0])
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    missing = int(length.partition(b":")[2]) - len(body)
    while missing > 0:
        missing -= len(_receive(connection))


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise RuntimeError("the server closed the connection")
    return data
