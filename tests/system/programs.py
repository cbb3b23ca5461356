"""Programs that a test starts for itself, on ports and in directories of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import SALESMIND

TIMEOUT_S = 30.0


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens on a port of the loopback address."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command: list[str], log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A program for as long as the context lasts, its output in ``log``."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, **options)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(
    process: subprocess.Popen[bytes] | subprocess.Popen[str], log: Path, ready: Callable[[], object]
) -> None:
    """Return when ``ready()`` holds; fail with the log when the program ends before."""
    deadline = time.monotonic() + TIMEOUT_S
    while not ready():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        os.sched_yield()


@contextmanager
def box_server(directory: Path) -> Iterator[tuple[str, Path]]:
    """The server of a demo box, with its engine: its URL, and the file with its secret."""
    secret, log = directory / "box.secret", directory / "server.log"
    command = [
        *SALESMIND,
        "serve",
        "--port",
        "0",
        "--data-dir",
        str(directory),
        "--box-secret-file",
        str(secret),
    ]
    process = subprocess.Popen(
        [*command, "--log", str(log)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    try:
        yield str(json.loads(process.stdout.readline())["url"]), secret
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
