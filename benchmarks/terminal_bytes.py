"""How much the live screen writes to its terminal: what an SSH line has to carry.

    python benchmarks/terminal_bytes.py [--seconds 15]

The console holds a conversation with the scripted server in a pty of 120 x 40 and of 80 x 24: idle (the server says
nothing), busy (it speaks without pause), and with a transcript that grows by ten deltas a second besides; the last
also with `--low-bandwidth`. A whole frame is one that goes to the footer's row too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.conversation import ScriptedServerProcess, open_live_screen
from benchmarks.terminal import Terminal

GOALS_KIB_S = {"idle": 16, "busy": 20, "text": 32, "quiet": 8}
SERVERS = {"idle": ("--silent",), "busy": (), "text": ("--deltas-per-second", "10")}
SERVERS["quiet"] = SERVERS["text"]
SIZES = ((120, 40), (80, 24))


def written(url: str, columns: int, rows: int, seconds: float, *, quiet: bool) -> tuple[float, float]:
    """KiB and whole frames per second, once the conversation runs. ``quiet``: with ``--low-bandwidth``."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {
            "SALESMIND_STATE_DIR": directory,
            "XDG_CONFIG_HOME": directory,
            "SALESMIND_LANG": "en",
            "SALESMIND_SOURCE": "tone",
            "SALESMIND_SINK": "none",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        command = [str(Path(sys.executable).with_name("salesmind")), "--server", url]
        command += ["--low-bandwidth"] if quiet else []
        with Terminal(command, columns=columns, rows=rows, environment=environment) as terminal:
            open_live_screen(terminal)
            terminal.read_for(3.0)
            before = len(terminal.output)
            terminal.read_for(seconds)
            output = bytes(terminal.output[before:])
    return len(output) / 1024 / seconds, output.count(f"\x1b[{rows};1H".encode()) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=15)
    seconds = parser.parse_args().seconds
    print(f"{seconds:.0f} s each{'KiB/s':>22}{'whole frames/s':>18}")
    for columns, rows in SIZES:
        for name, arguments in SERVERS.items():
            with ScriptedServerProcess(*arguments) as url:
                rate, frames = written(url, columns, rows, seconds, quiet=name == "quiet")
            print(f"{name}, {columns} x {rows}{rate:21.1f}{frames:18.2f}")
    goals = ", ".join(f"{name} {goal} KiB/s" for name, goal in GOALS_KIB_S.items())
    print(f"goals at 120 x 40: {goals}, no whole frame while nothing changes")


if __name__ == "__main__":
    main()
