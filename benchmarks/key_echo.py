"""How soon a typed letter is on the terminal while 200 transcript deltas a second reach the screen.

    python benchmarks/key_echo.py [--keys 100]

The console holds a conversation with the scripted server, in a pty of 120 x 40, with its typing line open. Letters
that stand nowhere else on the screen are typed one by one; each is timed from the write to the pty until the pty has
brought it back.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.conversation import ScriptedServerProcess, open_live_screen
from benchmarks.lateness import DELTAS_PER_SECOND, rank
from benchmarks.terminal import Terminal

LETTERS = [chr(code) for code in range(ord("а"), ord("я") + 1)]
PAUSE_S = (0.05, 0.25)
"""Between two letters: at a random place between two paintings."""
LOST_AFTER_S = 2.0


def echo_ms(terminal: Terminal, letter: str) -> float:
    """From typing ``letter`` until it comes back, in ms."""
    seen = len(terminal.output)
    begun = time.perf_counter()
    terminal.send(letter)
    while time.perf_counter() - begun < LOST_AFTER_S:
        terminal.read_for(0.1, once=True)
        if letter.encode() in terminal.output[seen:]:
            return (time.perf_counter() - begun) * 1_000
    raise SystemExit(f"{letter} was not echoed within {LOST_AFTER_S:g} s")


def type_letters(terminal: Terminal, keys: int) -> list[float]:
    """Echo times of ``keys`` letters; the line is emptied after each alphabet."""
    times = []
    for number in range(keys):
        if number % len(LETTERS) == 0:
            terminal.send("\x15")  # Ctrl+U: from the cursor to the beginning of the line
        terminal.read_for(random.uniform(*PAUSE_S))
        times.append(echo_ms(terminal, LETTERS[number % len(LETTERS)]))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=100)
    keys = parser.parse_args().keys
    found = {}
    for deltas in (0, DELTAS_PER_SECOND):
        with (
            ScriptedServerProcess("--deltas-per-second", str(deltas)) as url,
            tempfile.TemporaryDirectory() as directory,
        ):
            environment = {
                "SALESMIND_STATE_DIR": directory,
                "XDG_CONFIG_HOME": directory,
                "SALESMIND_LANG": "en",
                "SALESMIND_SOURCE": "tone",
                "SALESMIND_SINK": "none",
                "TERM": "xterm-256color",
            }
            command = [str(Path(sys.executable).with_name("salesmind")), "--server", url]
            with Terminal(command, environment=environment) as terminal:
                open_live_screen(terminal)
                terminal.send("t")
                terminal.wait_for("Enter to send")
                found[f"{deltas} deltas/s"] = type_letters(terminal, keys)
    print(f"{'from key to echo, ms':24}{'p50':>8}{'p99':>8}{'max':>8}{'n':>6}")
    for name, times in found.items():
        print(f"{name:24}{rank(times, 50):8.1f}{rank(times, 99):8.1f}{max(times):8.1f}{len(times):6}")
    print("goals under 200 deltas/s: p50 at most 20 ms, p99 at most 60 ms, on a quiet machine")


if __name__ == "__main__":
    main()
