"""A PostgreSQL server for the tests, from the system's binaries."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

__all__ = ["HOW", "Server", "binaries"]

HOW = "make postgres (as root), or apt-get install postgresql"


def binaries() -> Path | None:
    """The folder with initdb and postgres of the newest installed version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: float(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


class Server:
    """Listens on a free port of the loopback interface, with fsync on; all files are in its own folder.

    If run as root, the user is ``postgres``, because initdb refuses root.
    """

    def __init__(self) -> None:
        self.port = _free_port()
        self.password = "s3cret-pass"
        self._numbers = itertools.count()
        self._folder = Path(tempfile.mkdtemp(prefix="hitl-postgres-"))
        self._user = "postgres" if os.geteuid() == 0 else None
        self._bin = binaries() or Path()
        if self._user:
            shutil.chown(self._folder, self._user)
        (secret := self._folder / "password").write_text(self.password)
        secret.chmod(0o644)
        subprocess.run(
            [self._bin / "initdb", "-D", self._data, "-U", "hitl", "-A", "scram-sha-256", "--pwfile", secret,
             "-E", "UTF8", "--locale=C", "--no-sync"],
            cwd="/", user=self._user, check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start it as a child process, and wait until it answers."""
        import psycopg

        settings = {
            "port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self._folder,
            "fsync": "on", "synchronous_commit": "on", "max_connections": 100,
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, *options],
                cwd="/", user=self._user, stdout=log, stderr=log,
            )  # fmt: skip
        for _ in range(600):
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url()):
                return
            assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
            time.sleep(0.05)
        raise AssertionError((self._folder / "log").read_text()[-2000:])

    def stop(self) -> None:
        """Stop it cleanly; connections are closed."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(timeout=60)

    def kill(self) -> None:
        """Send SIGKILL to the server and its children, as in a crash of the machine."""
        pid = self._process.pid
        children = list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
        for each in (pid, *children):
            os.kill(each, signal.SIGKILL)
        self._process.wait()
        while any(_lives(each) for each in children):
            time.sleep(0.01)

    def url(self, database: str = "postgres", password: str | None = None) -> str:
        """The URL of a database, including the password."""
        return f"postgresql://hitl:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Create an empty database; returns its URL."""
        import psycopg

        name = f"hitl{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def remove(self) -> None:
        """Stop it, and remove all files."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
