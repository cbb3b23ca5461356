"""What the live screen writes to a real terminal while next to nothing changes."""

from __future__ import annotations

import os
import pty
import select
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path

import pytest

ROWS, COLUMNS = 40, 120
TICKS = 30
# A bell before and after the ticks that are looked at.
PROGRAM = f"""
import asyncio, sys
from pathlib import Path
from tests.tui import scripted
from tests.tui.fake_services import FakeServices, make_session
from tui.app import SalesMindApp
from tui.host.services import ServerAccount
from tui.navigation import Converse, LoggedIn
from tui.settings import ConsoleSettings

services = FakeServices()
services.server.sessions = [make_session(1)]
account = ServerAccount("http://127.0.0.1:8000", "admin", "t" * 40)

async def drained():
    while services.relay.script:
        await asyncio.sleep(0.01)

async def drive(pilot):
    app = pilot.app
    app.post_message(LoggedIn(account))
    while ("get_session", make_session(1).id) not in services.server.calls:
        await asyncio.sleep(0.01)
    app.post_message(Converse(make_session(1)))
    while services.relay.config is None:
        await asyncio.sleep(0.01)
    services.relay.script = scripted.talk()
    await drained()
    for tick in range({TICKS} + 10):
        if tick == 10:
            app.bell()
        services.now += 0.1
        services.relay.script = [scripted.meters(14 + tick / 10, mic_rms_dbfs=-21.0 - tick % 4)]
        await drained()
    app.bell()
    app.exit(0)

settings = ConsoleSettings(server_url="http://127.0.0.1:8000", state_directory=Path(sys.argv[1]))
SalesMindApp(settings, services).run(auto_pilot=drive)
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What went to the terminal between the bells."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path_factory.mktemp("state"))],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "SALESMIND_LANG": "en"},
    )
    os.close(slave)
    seen = b""
    try:
        while select.select([master], [], [], 30.0)[0]:
            try:
                seen += os.read(master, 65_536)
            except OSError:
                break
    finally:
        process.kill()
        process.wait()
        os.close(master)
    parts = seen.split(b"\x07")
    assert len(parts) >= 3, seen[-2_000:]
    return parts[-2]


def test_no_whole_frame_is_written_while_nothing_else_changes(written: bytes) -> None:
    assert b"\x1b[" in written
    # The footer has not changed, so only a whole frame goes to its row.
    assert written.count(f"\x1b[{ROWS};1H".encode()) == 0


def test_a_tick_costs_about_a_kilobyte(written: bytes) -> None:
    per_tick = len(written) / TICKS
    assert per_tick < 1_500, per_tick
