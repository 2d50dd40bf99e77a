"""A private PostgreSQL server for a measurement or a test: its own folder, its own socket, gone afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from certsvc.core.errors import NotReady
from certsvc.store.engine import open_engines

APT = "postgresql-15"
INITDB = ("-A", "trust", "-U", "certsvc", "-E", "UTF8", "--no-locale", "--no-sync")
SERVER = ("listen_addresses=", "max_connections=60")
#: Where Debian keeps the programs of each version.
DEBIAN = Path("/usr/lib/postgresql")
START_SECONDS, STOP_SECONDS = 30, 5


def find_program(name: str) -> str | None:
    """The path of a program, also where Debian keeps those of the server, out of PATH; the newest version first."""
    bins = sorted(DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, bins)]))


class Cluster:
    """A PostgreSQL server that listens on a socket in its own folder and nowhere else, so no port can be taken.

    `settings` are lines of postgresql.conf; without any, a commit waits for the disk. Raises NotReady without the
    programs, or when the server does not start.
    """

    def __init__(self, settings: Sequence[str] = ()) -> None:
        initdb, postgres = find_program("initdb"), find_program("postgres")
        if initdb is None or postgres is None:
            zh, en = "未安装 PostgreSQL 服务器", "The PostgreSQL server is not installed."
            raise NotReady("tool_missing", zh, en, f"apt-get install {APT}")
        # A socket path may have 107 bytes, so the folder of temporary files that was chosen may be too deep.
        self.folder = Path(tempfile.mkdtemp(prefix="certsvc-pg-", dir="/tmp"))
        self.user = _unprivileged()
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        data = str(self.folder / "data")
        # The folder is 0700: nobody else reaches the socket, so `trust` lets nobody else in.
        subprocess.run([initdb, "-D", data, *INITDB], check=True, capture_output=True, cwd="/", **self._as_user())
        options = [*SERVER, *settings, f"unix_socket_directories={self.folder}"]
        self._command = [postgres, "-D", data, *(part for option in options for part in ("-c", option))]
        self.start()

    def start(self) -> None:
        """Starts the server and waits until it answers; after `crash` it first recovers."""
        with open(self.folder / "log", "ab") as log:
            self.server = subprocess.Popen(self._command, stdout=log, stderr=log, cwd="/", **self._as_user())
        self._wait()

    def crash(self) -> None:
        """Ends the server as if it had broken down: nobody's transaction is finished, nothing is written out."""
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait(START_SECONDS)

    def _as_user(self) -> dict[str, Any]:
        return {} if self.user is None else {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid}

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                self.execute("SELECT 1")
                return
            except OperationalError as error:
                if time.monotonic() > until or self.server.poll() is not None:
                    self.stop()
                    zh, en = "PostgreSQL 没有启动", "The private PostgreSQL server did not start."
                    raise NotReady("database_start", zh, en, "certsvc bench log_sequence") from error
                time.sleep(0.05)

    def execute(self, sql: str) -> None:
        """Runs one statement outside any database of ours. Raises NotReady without a driver."""
        engines = open_engines(self.url("postgres"))
        try:
            with engines.write.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql(sql)
        finally:
            engines.close()

    def create(self, template: str = "template0") -> str:
        """The name of a new database, a copy of `template`."""
        name = f"t{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def url(self, name: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://certsvc@/{name}?host={self.folder}"

    def stop(self) -> None:
        """Ends the server at once, without waiting for anybody's farewell, and removes its folder."""
        self.server.send_signal(signal.SIGINT)
        try:
            self.server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _unprivileged() -> str | None:
    """Whom to become, as PostgreSQL refuses to run as root; None if we are not root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def private_database() -> Iterator[str]:
    """The address of an empty database of a server that runs while the block does. Raises NotReady as `Cluster`."""
    cluster = Cluster()
    try:
        yield cluster.url(cluster.create())
    finally:
        cluster.stop()
