"""A PostgreSQL server of the tests' own, from the system's binaries."""

from __future__ import annotations

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
    """The folder with initdb and postgres, of the newest version installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: float(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


class Server:
    """Listens on a spare port of the loopback, with fsync on; everything lies in a folder of its own.

    The user is ``postgres`` where we are root, since initdb refuses root.
    """

    def __init__(self) -> None:
        self.port = _free_port()
        self.password = "s3cret-pass"
        self._numbers = itertools.count()
        self._folder = Path(tempfile.mkdtemp(prefix="hitl-postgres-"))
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as:
            shutil.chown(self._folder, "postgres")
        (secret := self._folder / "password").write_text(self.password)
        secret.chmod(0o644)
        self._run(
            "initdb", "-D", self._data, "-U", "hitl", "-A", "scram-sha-256", "--pwfile", secret,
            "-E", "UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _run(self, program: str, *arguments: object) -> None:
        bin_ = binaries()
        assert bin_ is not None
        command = [*self._as, str(bin_ / program), *map(str, arguments)]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        self._run(
            "pg_ctl", "start", "-w", "-D", self._data, "-l", self._folder / "log",
            "-o", f"{options} -c fsync=on -c synchronous_commit=on -c max_connections=100",
        )  # fmt: skip

    def stop(self) -> None:
        """Stop it in good order; connections are cut."""
        self._run("pg_ctl", "stop", "-w", "-m", "fast", "-D", self._data)

    def kill(self) -> None:
        """SIGKILL to the server and what it started, as when the machine dies."""
        pid = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in (pid, *map(int, children)):
            os.kill(each, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists() and b"Z" not in Path(f"/proc/{pid}/stat").read_bytes().split()[2]:
            time.sleep(0.02)

    def url(self, database: str = "postgres", password: str | None = None) -> str:
        """The address of a database, with the password in it."""
        return f"postgresql://hitl:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database; returns its address."""
        import psycopg

        name = f"hitl{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def remove(self) -> None:
        """Stop it, and leave nothing."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
