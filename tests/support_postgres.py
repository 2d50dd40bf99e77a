"""A private PostgreSQL server for tests, started and stopped by whoever needs one."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import psycopg
from support import needs

APT = "postgresql-15"
INITDB = ["-A", "trust", "-U", "certsvc", "-E", "UTF8", "--no-locale", "--no-sync"]
SERVER = ["listen_addresses=", "fsync=off", "max_connections=60"]


class Cluster:
    """A PostgreSQL server that listens on a socket in its own folder and nowhere else, so no port can be taken."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="certsvc-pg-", dir="/tmp"))  # a socket path may have 107 bytes
        self.user = _unprivileged()
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        data = self.folder / "data"
        # The folder is 0700: nobody else reaches the socket, so `trust` lets nobody else in.
        self._run(needs("initdb", APT), "-D", data, *INITDB)
        self.start()

    def start(self) -> None:
        """Starts the server and waits until it answers; after `crash` it first recovers."""
        flags = [part for option in [*SERVER, f"unix_socket_directories={self.folder}"] for part in ("-c", option)]
        with open(self.folder / "log", "ab") as log:
            command = [needs("postgres", APT), "-D", self.folder / "data", *flags]
            self.server = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self._as_user())
        self._wait()

    def crash(self) -> None:
        """Ends the server as if it had broken down: nobody's transaction is finished, nothing is written out."""
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait(30)

    def _as_user(self) -> dict[str, object]:
        return {} if self.user is None else {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid}

    def _run(self, *command: object) -> None:
        subprocess.run(list(map(str, command)), check=True, capture_output=True, cwd="/", **self._as_user())

    def _wait(self) -> None:
        until = time.monotonic() + 30
        while True:
            try:
                self.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self.server.poll() is not None:
                    raise
                time.sleep(0.05)

    def execute(self, sql: str) -> None:
        """Runs one statement outside any test database."""
        dsn = f"host={self.folder} user=certsvc dbname=postgres"
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(sql)

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
            self.server.wait(5)
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
