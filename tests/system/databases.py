"""A PostgreSQL and a Redis of the test's own: ports, passwords and directories that nobody else uses."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.system.programs import TIMEOUT_S, answers, free_port, running, wait_for

DATABASE_PASSWORD = "it's a p@ss/w:rd #1"
REDIS_PASSWORD = "redis-password"


def find_postgresql() -> Path | None:
    """The directory of PostgreSQL's programs. Debian keeps each version's off everybody's path."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((program.parent for program in versions), default=None)


class PostgreSQL:
    """A database server of the test's own, with its data in ``directory``."""

    def __init__(self, directory: Path) -> None:
        programs = find_postgresql()
        assert programs is not None
        self._programs = programs
        self._directory = directory
        self._port = free_port()
        self._stack = ExitStack()
        # It refuses to run as root; the package has an account for it.
        self._user: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        self.url = (
            f"postgresql://salesmind:{quote(DATABASE_PASSWORD, safe='')}@127.0.0.1:{self._port}/postgres"
        )
        self._make_cluster()
        self.start()

    def _make_cluster(self) -> None:
        password = self._directory / "password"
        password.write_text(DATABASE_PASSWORD)
        if self._user:
            for path in (self._directory, password):
                shutil.chown(path, pwd.getpwnam("postgres").pw_uid)
        self._run(
            "initdb", "--no-sync", "--encoding=UTF8", "--auth=scram-sha-256", "--username=salesmind",
            f"--pwfile={password}", f"--pgdata={self._directory / 'data'}",
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> int:
        return subprocess.run(
            [str(self._programs / program), *arguments],
            cwd=self._directory, capture_output=True, check=program == "initdb", **self._user,
        ).returncode  # fmt: skip

    def start(self) -> None:
        """Returns when it answers."""
        command = [
            str(self._programs / "postgres"), "-D", str(self._directory / "data"), "-p", str(self._port), "-c",
            "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._directory}", "-c", "fsync=off",
        ]  # fmt: skip
        log = self._directory / "postgres.log"
        process = self._stack.enter_context(running(command, log, cwd=self._directory, **self._user))
        probe = ("-h", "127.0.0.1", "-p", str(self._port))
        wait_for(process, log, lambda: self._run("pg_isready", *probe) == 0)
        self._process = process

    def stop(self) -> None:
        """As a restart does it: open connections are cut."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(TIMEOUT_S)
        self._stack.close()


class Redis:
    """A broker of the test's own, with a password and nothing on disk."""

    def __init__(self, directory: Path) -> None:
        self._log = directory / "redis.log"
        self._port = free_port()
        self._command = [
            "redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(directory),
            "--save", "", "--requirepass", REDIS_PASSWORD,
        ]  # fmt: skip
        self._stack = ExitStack()
        self.url = f"redis://:{REDIS_PASSWORD}@127.0.0.1:{self._port}/0"
        self.start()

    def start(self) -> None:
        """Returns when it answers."""
        process = self._stack.enter_context(running(self._command, self._log))
        wait_for(process, self._log, lambda: answers(self._port))

    def stop(self) -> None:
        """It forgets everything."""
        self._stack.close()
