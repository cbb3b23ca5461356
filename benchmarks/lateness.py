"""How late 20 ms frames are handed to the socket while 200 transcript deltas a second reach the screen.

    python benchmarks/lateness.py [--seconds 30]

Two designs hold the same conversation with the same scripted server, in a pty of 120 x 40, one after the other: a pump
on the screen's own loop (``ui_loop_pump.py``), and the console, whose relay is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path

from benchmarks.conversation import HERE, ScriptedServerProcess, open_live_screen
from benchmarks.terminal import Terminal

FRAME_BYTES = 960
DELTAS_PER_SECOND = 200


def on_the_screens_loop(url: str, seconds: float, directory: Path) -> list[float]:
    """Lateness of each frame, in ms."""
    result = directory / "lateness.json"
    command = [sys.executable, str(HERE / "ui_loop_pump.py"), url, str(seconds), str(result)]
    with Terminal(command, environment={"TERM": "xterm-256color"}) as terminal:
        for _ in range(int(seconds) + 60):
            terminal.read_for(1.0)
            if result.exists():
                break
    return [float(ms) for ms in json.loads(result.read_text())]


def in_a_process_of_its_own(url: str, seconds: float, directory: Path) -> dict[str, float]:
    """The summary of the console's conversation, from its recording."""
    environment = {
        "SALESMIND_STATE_DIR": str(directory),
        "XDG_CONFIG_HOME": str(directory),
        "SALESMIND_RECORD_DIR": str(directory / "recordings"),
        "SALESMIND_CHUNK_BYTES": str(FRAME_BYTES),
        "SALESMIND_LANG": "en",
        "SALESMIND_SOURCE": "tone",
        "SALESMIND_SINK": "none",
        "TERM": "xterm-256color",
    }
    command = [str(Path(sys.executable).with_name("salesmind")), "--server", url]
    with Terminal(command, environment=environment) as terminal:
        open_live_screen(terminal)
        terminal.read_for(seconds)
    recording = next((directory / "recordings").rglob("events.jsonl"))
    summary = json.loads(recording.read_text(encoding="utf-8").splitlines()[-1])
    if summary["kind"] != "summary":
        raise SystemExit("the recording has no summary")
    return dict(summary)


def rank(values: list[float], percent: float) -> float:
    """Nearest-rank percentile."""
    return sorted(values)[max(0, math.ceil(percent / 100 * len(values)) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    seconds = parser.parse_args().seconds
    with (
        ScriptedServerProcess("--deltas-per-second", str(DELTAS_PER_SECOND)) as url,
        tempfile.TemporaryDirectory() as directory,
    ):
        beside = on_the_screens_loop(url, seconds, Path(directory))
        ours = in_a_process_of_its_own(url, seconds, Path(directory))
    print(f"{'lateness of 20 ms frames, ms':32}{'p50':>8}{'p99':>8}{'max':>8}{'n':>8}")
    print(
        f"{'pump on the screen loop':32}{rank(beside, 50):8.1f}{rank(beside, 99):8.1f}{max(beside):8.1f}{len(beside):8}"
    )
    row = "".join(f"{ours[f'lateness_{name}_ms']:8.1f}" for name in ("p50", "p99", "max"))
    print(f"{'the console (own process)':32}{row}{ours['chunks_sent']:8}")
    print("goals: p99 at most 5 ms, max at most 20 ms, on a quiet machine")


if __name__ == "__main__":
    main()
