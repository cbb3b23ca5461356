"""How long ``salesmind serve`` takes from the start of its process to its first HTTP 200.

    python benchmarks/server_start.py [--runs 7] [--upstream engine|URL]

Each run starts the real command on a free port and asks /api/health/ from the first moment on; the time is
taken from just before the process is created until the answer has been read. ``fresh`` begins with an empty
directory (database, migration, demo account), ``existing`` with the database of the run before. Reported:
median, minimum and maximum of n runs; the first run, which may compile bytecode, is not counted.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GIVE_UP_S = 30.0
RETRY_S = 0.002


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def first_200_s(process: subprocess.Popen[bytes], port: int, started: float) -> float:
    """Seconds from ``started`` until /api/health/ has answered 200."""
    while process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=GIVE_UP_S)
        try:
            connection.request("GET", "/api/health/")
            if connection.getresponse().status == 200:
                return time.perf_counter() - started
        except ConnectionError:
            if time.perf_counter() - started > GIVE_UP_S:
                raise
        finally:
            connection.close()
        time.sleep(RETRY_S)
    sys.exit(f"the server ended with exit code {process.returncode}")


def measure(directory: Path, upstream: str) -> tuple[float, float]:
    """One start: seconds to the first 200 and to the first line on stdout, read after it."""
    port = free_port()
    command = [sys.executable, "-m", "tui.cli", "serve", "--port", str(port), "--data-dir", str(directory)]
    command += ["--upstream", upstream, "--log", str(directory / "server.log")]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            answered = first_200_s(process, port, started)
            assert process.stdout is not None
            json.loads(process.stdout.readline())
            return answered, time.perf_counter() - started
        finally:
            process.terminate()
            process.wait(GIVE_UP_S)


def report(name: str, seconds: list[float]) -> None:
    middle = statistics.median(seconds) * 1000
    print(
        f"{name:<10} {len(seconds):>3} {middle:>10.0f} {min(seconds) * 1000:>8.0f} {max(seconds) * 1000:>8.0f}   "
        f"{'within' if middle <= 1000 else 'OVER'} 1000 ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--upstream", default="engine")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}, upstream {given.upstream}"
    )
    print(f"{'database':<10} {'n':>3} {'median ms':>10} {'min ms':>8} {'max ms':>8}")
    with tempfile.TemporaryDirectory() as base:
        measure(Path(base) / "warm-up", given.upstream)
        fresh = [measure(Path(base) / str(run), given.upstream)[0] for run in range(given.runs)]
        report("fresh", fresh)
        existing = [measure(Path(base) / "0", given.upstream)[0] for _ in range(given.runs)]
        report("existing", existing)


if __name__ == "__main__":
    main()
