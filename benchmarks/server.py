"""What a conversation costs the server, beside a plain Channels + uvicorn relay: CPU, latency added, memory.

    python benchmarks/server.py [--conversations 50 200] [--seconds 10] [--rounds 2]

The relay is pinned to one core, the generator with both ends of all conversations (``many_conversations.py``) to
another. Rounds alternate between the relays, so that whatever else the machine does strikes them alike; the
table has the median of the rounds. ``direct`` is the generator talking to itself: what of the latency is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec

from benchmarks.many_conversations import Figures, Latency, Order
from benchmarks.processes import usage

HERE = Path(__file__).parent
CORES = sorted(os.sched_getaffinity(0))
LIMITS = ("MAX_CONNECTIONS", "ADDRESS_CONNECTIONS", "ACCOUNT_SOCKETS", "ADDRESS_SOCKETS")
"""Raised: all conversations come from one account and one address here."""
LATE_MS = 20
"""A generator that sends later than this at p99 measures itself."""


@contextmanager
def pinned(core: int, command: Sequence[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A child process on one core, its stdin and stdout piped; terminated at the end."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, **environment}, preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


class Generator:
    """``many_conversations.py`` as a child."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.upstream = str(json.loads(self._line())["upstream"])

    def _line(self) -> str:
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            sys.exit(
                "The generator ended: the relay refused it, or it could not keep up with the connections."
            )
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
    """A relay that runs: its process, where it is, and paths for as many conversations as are asked for."""

    name: str
    pid: int | None
    """None: there is no relay in between."""
    url: str
    paths: list[str]


@dataclass(frozen=True)
class Round:
    """One relay with so many conversations."""

    figures: Figures
    cpu_ms: float
    """CPU of the relay per conversation and second."""
    memory_kib: float
    """Per conversation."""


def plain(stack: ExitStack, upstream: str, core: int, implementation: str = "auto") -> Relay:
    """``plain_relay.py``."""
    command = [sys.executable, str(HERE / "plain_relay.py"), upstream, implementation]
    process = stack.enter_context(pinned(core, command))
    assert process.stdout is not None
    name = "plain" if implementation == "auto" else f"plain, {implementation}"
    return Relay(name, process.pid, json.loads(process.stdout.readline())["url"], [])


def ours(stack: ExitStack, upstream: str, core: int) -> Relay:
    """``salesmind serve``, with its database in a temporary directory."""
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    command = [
        sys.executable, "-m", "tui.cli", "serve", "--port", "0", "--data-dir", directory,
        "--upstream", upstream, "--log", str(Path(directory, "server.log")),
    ]  # fmt: skip
    limits = {f"SALESMIND_{name}": "10000" for name in LIMITS}
    process = stack.enter_context(pinned(core, command, **limits))
    assert process.stdout is not None
    return Relay("ours", process.pid, json.loads(process.stdout.readline())["url"], [])


def paths(relay: Relay, count: int) -> list[str]:
    """What to open for ``count`` conversations; each has a session of its own where there are sessions."""
    if relay.name != "ours":
        return ["/ws/realtime/"] * count
    with httpx.Client(base_url=relay.url, timeout=30) as http:
        login = http.post("/api/auth/login/", json={"username": "admin", "password": "admin123"})
        token = login.json()["token"]
        http.headers["Authorization"] = f"Token {token}"
        while len(relay.paths) < count:
            session = http.post(
                "/api/session/start/", json={"industry": "IT", "value_proposition": "benchmark"}
            )
            relay.paths.append(f"/ws/realtime/?session_id={session.json()['id']}&token={token}")
    return relay.paths[:count]


def measure(generator: Generator, relay: Relay, count: int, seconds: float) -> Round:
    """One round."""
    pids = [] if relay.pid is None else [relay.pid]
    parts = urlsplit(relay.url)
    idle = usage(pids)
    order = Order(parts.hostname or "", parts.port or 0, paths(relay, count), seconds)
    with generator.measuring(order):
        before, started = usage(pids), time.monotonic()
        figures = generator.figures()
        after, elapsed = usage(pids), time.monotonic() - started
    return Round(
        figures,
        (after.cpu_s - before.cpu_s) * 1000 / elapsed / count,
        (after.pss_mib - idle.pss_mib) * 1024 / count,
    )


HEADINGS = (
    "relay", "conversations", "CPU ms per conversation and second", "up p50 / p99 ms", "down p50 / p99 ms",
    "KiB each", "generator late p99 ms",
)  # fmt: skip


def row(name: str, count: int, rounds: list[Round]) -> str:
    """One line of the table: the medians of the rounds."""

    def both(latencies: list[Latency]) -> str:
        p50 = statistics.median(latency.p50 for latency in latencies)
        return f"{p50:.1f} / {statistics.median(latency.p99 for latency in latencies):.1f}"

    late = statistics.median(each.figures.lateness.p99 for each in rounds)
    cells = [
        name,
        f"{count}",
        f"{statistics.median(each.cpu_ms for each in rounds):.2f}",
        both([each.figures.up for each in rounds]),
        both([each.figures.down for each in rounds]),
        f"{statistics.median(each.memory_kib for each in rounds):.0f}",
        f"{late:.1f}" + (" **late**" if late > LATE_MS else ""),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--conversations", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--ws", nargs="*", default=[], help="also the plain relay with these --ws of uvicorn")
    parser.add_argument("--only", nargs="*", help="direct, plain, ours")
    arguments = parser.parse_args()
    print(f"| {' | '.join(HEADINGS)} |\n{'|---' * len(HEADINGS)}|", flush=True)
    for count in arguments.conversations:
        with ExitStack() as stack:
            command = [sys.executable, "-m", "benchmarks.many_conversations"]
            generator = Generator(stack.enter_context(pinned(CORES[-1], command)))
            relays = [
                Relay("direct", None, generator.upstream, []),
                plain(stack, generator.upstream, CORES[0]),
                *(plain(stack, generator.upstream, CORES[0], ws) for ws in arguments.ws),
                ours(stack, generator.upstream, CORES[0]),
            ]
            relays = [relay for relay in relays if not arguments.only or relay.name in arguments.only]
            rounds: dict[str, list[Round]] = {relay.name: [] for relay in relays}
            for _ in range(arguments.rounds):
                for relay in relays:
                    rounds[relay.name].append(measure(generator, relay, count, arguments.seconds))
        for name, measured in rounds.items():
            print(row(name, count, measured), flush=True)


if __name__ == "__main__":
    main()
