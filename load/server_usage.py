"""CPU and memory of the server under load, where it runs on this machine."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import psutil

from load.figures import Usage

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def listening_process(server_url: str) -> int | None:
    """The process that listens where ``server_url`` points, if that is this machine and it may be seen."""
    parts = urlsplit(server_url)
    if parts.hostname not in LOOPBACK:
        return None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        listening = [
            connection.pid
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        ]
    except psutil.Error:
        return None
    return next((pid for pid in listening if pid), None)


class ServerUsage:
    """A process and its descendants, looked at again and again."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._cpu_s: dict[int, float] = {}
        self._at = time.monotonic()
        self.look()

    def look(self) -> Usage | None:
        """What was used since the last look; None once the process has gone."""
        now, cpu_s, memory = time.monotonic(), {}, 0
        try:
            root = psutil.Process(self._pid)
            for process in (root, *root.children(recursive=True)):
                times = process.cpu_times()
                cpu_s[process.pid] = times.user + times.system
                memory += process.memory_info().rss
        except psutil.Error:
            if self._pid not in cpu_s:
                return None
        used_s = sum(seconds - self._cpu_s.get(pid, seconds) for pid, seconds in cpu_s.items())
        elapsed_s, self._at, self._cpu_s = now - self._at, now, cpu_s
        return Usage(round(used_s / elapsed_s, 3) if elapsed_s > 0 else 0.0, round(memory / 2**20, 1))
