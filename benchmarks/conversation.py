"""What a conversation with sound both ways costs: CPU and memory, beside a bare `websockets` client.

    python benchmarks/conversation.py [--seconds 60]

Three programs hold the same conversation with the same scripted server, one after another: a bare client, the relay
process alone, and the whole console (screen and relay) in a pty of 120 x 40. CPU is user and system time of the
conversation's seconds; memory is read at its end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.processes import Usage, tree, usage
from benchmarks.terminal import Terminal
from relay.client import RelayProcess
from relay.config import RelayConfig
from relay.stream import Step

HERE = Path(__file__).parent
TOKEN = "0" * 40
SESSION_ID = "00000000-0000-4000-8000-000000000001"


class ScriptedServerProcess:
    """``scripted_server.py`` as a child; a context that gives its URL."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "scripted_server.py"), *arguments], stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> str:
        assert self._process.stdout is not None
        return str(json.loads(self._process.stdout.readline())["url"])

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def bare_client(url: str, seconds: float) -> Usage:
    """The figures of ``bare_client.py``."""
    process = subprocess.Popen([sys.executable, str(HERE / "bare_client.py"), url, str(seconds + 5)])
    time.sleep(1.0)  # imports and handshake are not the conversation
    result = over(seconds, process.pid)
    process.terminate()
    process.wait()
    return result


async def relay_alone(url: str, seconds: float) -> Usage:
    """The figures of ``python -m relay`` with a tone as microphone and nobody listening."""
    config = RelayConfig(server_url=url, token=TOKEN, session_id=SESSION_ID, source="tone", sink="none")
    with tempfile.TemporaryDirectory() as directory:
        relay = await RelayProcess.start(config, log_path=Path(directory, "relay.log"))
        async for event in relay:
            if isinstance(event, Step) and event.step == "gate_open":
                break
        result = await asyncio.to_thread(over, seconds, relay.pid)
        await relay.stop()
    return result


def whole_console(url: str, seconds: float, directory: Path) -> Usage:
    """The figures of the console in a pty: logged in, in the live screen."""
    environment = {
        "SALESMIND_STATE_DIR": str(directory),
        "XDG_CONFIG_HOME": str(directory),
        "SALESMIND_LANG": "en",
        "SALESMIND_SOURCE": "tone",
        "SALESMIND_SINK": "none",
        "TERM": "xterm-256color",
    }
    command = [str(Path(sys.executable).with_name("salesmind")), "--server", url]
    with Terminal(command, environment=environment) as terminal:
        open_live_screen(terminal)
        pids = tree(terminal.pid)
        before = usage(pids)
        terminal.read_for(seconds)
        after = usage(pids)
    return Usage(after.cpu_s - before.cpu_s, after.rss_mib, after.pss_mib, after.processes)


def open_live_screen(terminal: Terminal) -> None:
    """Type the way from the login screen into the first session's conversation."""
    terminal.wait_for("Log in")
    terminal.wait_for("Server is up")
    for keys, then in (("admin\t", "admin"), ("admin123\r", "1 in all"), ("\r", "Conversation")):
        terminal.send(keys)
        terminal.wait_for(then)
    terminal.wait_for("chunks/sec")


def over(seconds: float, pid: int) -> Usage:
    """CPU of ``seconds`` of the process tree, and its memory at the end."""
    pids = tree(pid)
    before = usage(pids)
    time.sleep(seconds)
    after = usage(pids)
    return Usage(after.cpu_s - before.cpu_s, after.rss_mib, after.pss_mib, after.processes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    with ScriptedServerProcess() as url, tempfile.TemporaryDirectory() as directory:
        bare = bare_client(url, seconds)
        rows = {
            "bare websockets client": bare,
            "relay process": asyncio.run(relay_alone(url, seconds)),
            "whole console": whole_console(url, seconds, Path(directory)),
        }
    print(
        f"{seconds:.0f} s, sound both ways{'CPU s':>14}{'x bare':>10}{'RSS MiB':>10}{'PSS MiB':>10}{'processes':>11}"
    )
    for name, row in rows.items():
        ratio = row.cpu_s / bare.cpu_s
        print(
            f"{name:25}{row.cpu_s:12.2f}{ratio:10.2f}{row.rss_mib:10.1f}{row.pss_mib:10.1f}{row.processes:11}"
        )
    print("goals: relay at most 1.5 x bare; console at most 8 s of CPU per 60 s and 120 MB resident")


if __name__ == "__main__":
    main()
