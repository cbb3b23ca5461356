"""The relays that the benchmarks of the server compare, and the generator that measures them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec

from benchmarks.many_conversations import Figures, Order
from benchmarks.processes import usage

HERE = Path(__file__).parent
CORES = sorted(os.sched_getaffinity(0))
LIMITS = {
    f"SALESMIND_{name}": "10000"
    for name in ("MAX_CONNECTIONS", "ADDRESS_CONNECTIONS", "ACCOUNT_SOCKETS", "ADDRESS_SOCKETS")
}
"""Raised: all conversations come from one account and one address here. Everything else is at its default."""
PASSWORD = "correct-horse-battery"
START_TIMEOUT_S = 30.0


@contextmanager
def pinned(core: int | None, command: Sequence[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A child process on one core (or any), its stdin and stdout piped; terminated at the end."""
    cores = CORES if core is None else {core}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, **environment}, preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


class GeneratorEnded(Exception):
    """The relay refused a conversation, or did not get all of them going within half a minute."""


class Generator:
    """``many_conversations.py`` as a child."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.upstream = str(json.loads(self._line())["upstream"])

    def _line(self) -> str:
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise GeneratorEnded
        return line

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.decode() + "\n")
        self._process.stdin.flush()

    @contextmanager
    def measuring(self, order: Order) -> Iterator[None]:
        """From the start of measuring until the block ends; ``figures`` must be read within it."""
        self._write(msgspec.json.encode(order))
        assert self._line() == "measuring\n"
        yield
        self._write(b"")

    def figures(self) -> Figures:
        return msgspec.json.decode(self._line(), type=Figures)


@dataclass
class Relay:
    """A relay that runs."""

    name: str
    pid: int | None
    """None: there is no relay in between."""
    url: str
    account: tuple[str, str] | None = None
    """Who logs in; None where nobody has to."""
    sessions: list[str] = field(default_factory=list)
    idle_mib: float | None = None
    """Its memory before the first conversation."""

    def paths(self, count: int) -> list[str]:
        """What to open for ``count`` conversations; each has a session of its own where there are sessions."""
        if self.account is None:
            return ["/ws/realtime/"] * count
        with httpx.Client(base_url=self.url, timeout=30) as http:
            username, password = self.account
            login = http.post("/api/auth/login/", json={"username": username, "password": password})
            token = login.json()["token"]
            http.headers["Authorization"] = f"Token {token}"
            while len(self.sessions) < count:
                new = {"industry": "IT", "value_proposition": "benchmark"}
                self.sessions.append(http.post("/api/session/start/", json=new).json()["id"])
        return [f"/ws/realtime/?session_id={session}&token={token}" for session in self.sessions[:count]]


@dataclass(frozen=True)
class Round:
    """One relay with so many conversations."""

    figures: Figures
    cpu_ms: float
    """CPU of the relay per conversation and second."""
    memory_kib: float
    """Per conversation: what the process has grown by since it had none."""


def generator(stack: ExitStack) -> Generator:
    """A generator on the last core."""
    command = [sys.executable, str(HERE / "many_conversations.py")]
    return Generator(stack.enter_context(pinned(CORES[-1], command)))


def plain(stack: ExitStack, upstream: str, implementation: str = "auto") -> Relay:
    """``plain_relay.py``."""
    command = [sys.executable, str(HERE / "plain_relay.py"), upstream, implementation]
    process = stack.enter_context(pinned(CORES[0], command))
    assert process.stdout is not None
    name = "plain" if implementation == "auto" else f"plain, {implementation}"
    return Relay(name, process.pid, json.loads(process.stdout.readline())["url"])


def ours(stack: ExitStack, upstream: str, *, core: int | None = CORES[0]) -> Relay:
    """``salesmind serve``, with its database in a temporary directory; ``upstream`` may be ``engine``."""
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    command = [
        sys.executable, "-m", "tui.cli", "serve", "--port", "0", "--data-dir", directory,
        "--upstream", upstream, "--log", str(Path(directory, "server.log")),
    ]  # fmt: skip
    process = stack.enter_context(pinned(core, command, **LIMITS))
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    return Relay("ours, uvicorn", process.pid, url, ("admin", "admin123"))


def daphne(stack: ExitStack, upstream: str) -> Relay:
    """The same application on Daphne, as ``deploy/`` runs it, but for nginx in front."""
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    environment = {
        "DJANGO_SETTINGS_MODULE": "backend.settings", "SALESMIND_DATA_DIR": directory,
        "SALESMIND_REALTIME_URL": upstream, "SALESMIND_RFC_CLOSE_CODES": "0",
        "SALESMIND_ADMIN_PASSWORD": PASSWORD, **LIMITS,
    }  # fmt: skip
    for command in ("migrate", "adminpassword"):
        subprocess.run(
            [sys.executable, "-m", "django", command], env={**os.environ, **environment}, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    arguments = ["--bind", "127.0.0.1", "--port", str(port), "--ping-interval", "5", "--ping-timeout", "15"]
    log = ["--access-log", "/dev/null", "backend.asgi:application"]
    process = stack.enter_context(
        pinned(CORES[0], [sys.executable, "-m", "daphne", *arguments, *log], **environment)
    )
    url = f"http://127.0.0.1:{port}"
    _wait_for(url)
    return Relay("ours, Daphne", process.pid, url, ("admin", PASSWORD))


def _wait_for(url: str) -> None:
    ends = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            httpx.get(f"{url}/api/health/").raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
        else:
            return


def measure(generator: Generator, relay: Relay, count: int, seconds: float) -> Round:
    """One round."""
    pids = [] if relay.pid is None else [relay.pid]
    parts = urlsplit(relay.url)
    if relay.idle_mib is None:
        relay.idle_mib = usage(pids).pss_mib
    order = Order(parts.hostname or "", parts.port or 0, relay.paths(count), seconds)
    with generator.measuring(order):
        before, started = usage(pids), time.monotonic()
        figures = generator.figures()
        after, elapsed = usage(pids), time.monotonic() - started
    return Round(
        figures,
        (after.cpu_s - before.cpu_s) * 1000 / elapsed / count,
        (after.pss_mib - relay.idle_mib) * 1024 / count,
    )
