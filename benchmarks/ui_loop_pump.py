"""What lateness would be if the sending stood on the screen's own loop: the design we did not take.

    python benchmarks/ui_loop_pump.py URL SECONDS RESULT_FILE     (started by lateness.py, in a pty)

A Textual screen with a transcript, meters and a log, repainted at 10 Hz, and a 20 ms pump on the same loop.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from textual.app import App, ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Footer, Log, Static
from websockets.asyncio.client import ClientConnection, connect

CHUNK_MS = 20


class PumpOnTheScreensLoop(App[None]):
    CSS = "#side { width: 40; } Log { height: 8; }"

    def __init__(self, url: str, seconds: float, result: Path) -> None:
        super().__init__()
        self.url, self.seconds, self.result = url, seconds, result
        self.lateness: list[float] = []
        self.turns: list[str] = []
        self.lines: list[str] = []

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield VerticalScroll(id="transcript")
            yield Static(id="side", markup=False)
        yield Log()
        yield Footer()

    def on_mount(self) -> None:
        self.set_interval(0.1, self.paint)
        self.run_worker(self.converse())

    def paint(self) -> None:
        transcript = self.query_one("#transcript", VerticalScroll)
        with self.batch_update():
            while len(transcript.children) < len(self.turns):
                transcript.mount(Static(markup=False))
                transcript.anchor()
            if self.turns:
                transcript.query(Static).last().update(self.turns[-1])
            self.query_one("#side", Static).update(
                "\n".join(f"chunks {len(self.lateness)}" for _ in range(15))
            )
            self.query_one(Log).write_lines(self.lines)
            self.lines.clear()

    async def converse(self) -> None:
        address = self.url.replace("http://", "ws://") + "/ws/realtime/?token=" + "0" * 40
        async with connect(address, compression=None, max_size=None) as socket:
            await socket.recv()
            await socket.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
            pump = asyncio.create_task(self.pump(socket))
            try:
                async with asyncio.timeout(self.seconds):
                    async for message in socket:
                        self.take(json.loads(message))
            except TimeoutError:
                pump.cancel()
        self.result.write_text(json.dumps(self.lateness))
        self.exit()

    async def pump(self, socket: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += CHUNK_MS / 1000
            await asyncio.sleep(max(0, due - loop.time()))
            await socket.send(bytes(48 * CHUNK_MS))
            self.lateness.append((loop.time() - due) * 1000)

    def take(self, event: dict[str, str]) -> None:
        self.lines.append(event["type"])
        if event["type"] == "conversation.item.added":
            self.turns.append("")
        elif event["type"].endswith("transcript.delta"):
            self.turns[-1] += event["delta"]


if __name__ == "__main__":
    PumpOnTheScreensLoop(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])).run()
