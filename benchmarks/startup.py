"""From the command to a drawn login screen, beside a minimal Textual app with the same widgets.

    python benchmarks/startup.py [--runs 15]

Both are run in turn in a real pty of 120 x 40; the time is from fork until the last widget's text is drawn.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.terminal import Terminal

MINIMAL = """
from textual.app import App
from textual.containers import Center, Vertical
from textual.widgets import Button, Footer, Input, Label, Select, Static


class Minimal(App):
    def compose(self):
        yield Static("status")
        with Center(), Vertical():
            yield Label("Server profile")
            yield Select([("one", 1)], value=1)
            yield Label("Server")
            yield Input("http://127.0.0.1:8000")
            yield Static("health")
            yield Label("User name")
            yield Input()
            yield Label("Password")
            yield Input(password=True)
            yield Button("Log in to the minimal app")
        yield Footer()


Minimal().run()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as directory:
        minimal = Path(directory, "minimal.py")
        minimal.write_text(MINIMAL)
        environment = {
            "SALESMIND_STATE_DIR": directory,
            "SALESMIND_LANG": "en",
            "TERM": "xterm-256color",
            "XDG_CONFIG_HOME": directory,
            "PYTHONDONTWRITEBYTECODE": "",  # both start from cached bytecode, as an installed program does
        }
        programs = {
            "minimal Textual app": ([sys.executable, str(minimal)], "Log in to the minimal app"),
            "salesmind": ([str(Path(sys.executable).with_name("salesmind"))], "Log in"),
        }
        times: dict[str, list[float]] = {name: [] for name in programs}
        for run in range(runs + 1):
            for name, (arguments, text) in programs.items():
                with Terminal(arguments, environment=environment) as terminal:
                    seconds = terminal.wait_for(text)
                if run:  # the first run warms the disk cache
                    times[name].append(seconds * 1000)
    print(f"{'fork to drawn screen':24}{'median':>10}{'min':>10}{'max':>10}   (ms, n = {runs})")
    for name, values in times.items():
        print(f"{name:24}{statistics.median(values):10.0f}{min(values):10.0f}{max(values):10.0f}")
    minimal_ms, ours_ms = (statistics.median(values) for values in times.values())
    print(f"ratio of medians: {ours_ms / minimal_ms:.2f} (goal: at most 1.30)")


if __name__ == "__main__":
    main()
