"""Starting and ending: what is loaded before the first paint, what is logged, and no traceback."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pty
import select
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from acceptance.redaction import redact
from tui.exit_codes import ExitCode
from tui.frame.screen import ConsoleScreen
from tui.host import terminal
from tui.host.journal import open_journal

HEAVY = ["httpx", "websockets", "numpy", "sounddevice", "soundfile", "soxr", "django", "msgspec"]
ROOT = Path(__file__).parents[2]


def test_the_login_screen_loads_nothing_heavy() -> None:
    code = (
        "import json, sys; import tui.app; from tui.settings import load_settings; "
        f"print(json.dumps([name for name in {HEAVY} if name in sys.modules]), "
        "json.dumps([n for n in sys.modules if n.startswith('tui.') and n.endswith('screen')]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    heavy, screens = result.stdout.strip().split("] [")
    assert json.loads(heavy + "]") == []
    assert sorted(json.loads("[" + screens)) == ["tui.frame.screen", "tui.login.screen"]


@pytest.mark.parametrize(
    "secret",
    [
        "ws://h/ws/realtime/?token=0123456789abcdef&session_id=1",
        "Authorization: Token 0123456789abcdef",
        "authorization: bearer 0123456789abcdef",
        "sk-0123456789abcdef",
    ],
)
def test_secrets_are_taken_out(secret: str) -> None:
    assert "0123456789abcdef" not in redact(secret)
    assert redact("session_id=1 stays") == "session_id=1 stays"


def test_log_file_is_private_and_redacted(tmp_path: Path) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        path = open_journal(tmp_path / "state")
        failure = ValueError("?token=0123456789abcdef")
        logging.getLogger("tui.test").error("it failed", exc_info=failure)
        written = path.read_text(encoding="utf-8")
        assert "it failed" in written
        assert "ValueError" in written
        assert "?token=***" in written
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        for handler in set(root.handlers) - set(before):
            root.removeHandler(handler)
            handler.close()
        root.setLevel(level)


async def test_failed_background_job_is_worded_and_the_app_goes_on(
    make_app: Any, services: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    services.server.fail["login"] = ZeroDivisionError("token of mine")  # no ApiError: a bug
    app = make_app(username="admin")
    async with app.run_test() as pilot:
        await until(pilot, lambda: ("health",) in services.server.calls)
        app.screen.query_one("#password").value = "secret"
        await pilot.press("f3")
        await until(pilot, lambda: app._notifications)
        note = next(iter(app._notifications)).message
        assert "log file" in note
        assert "Traceback" not in note
        assert "ZeroDivisionError" in caplog.text
        assert app.is_running


async def test_unexpected_exception_leaves_with_a_sentence(
    make_app: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(ConsoleScreen[None]):
        def on_mount(self) -> None:
            secret = "t" * 40
            raise RuntimeError(f"a bug {secret[:0]}")

    app = make_app()
    with pytest.raises(RuntimeError, match="a bug"):
        async with app.run_test() as pilot:
            app.push_screen(Broken())
            await pilot.pause()
    assert app.return_code == ExitCode.CRASHED
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "log file" in told


def test_hung_up_terminal_is_seen() -> None:
    ours, theirs = pty.openpty()
    assert not terminal.is_gone(theirs)
    os.close(ours)
    assert terminal.is_gone(theirs)
    os.close(theirs)


def test_writing_to_a_terminal_that_has_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would end the thread with which Textual writes, and the app would wait for it for ever."""
    ours, theirs = pty.openpty()
    file = os.fdopen(theirs, "w", buffering=1)
    monkeypatch.setattr(sys, "__stderr__", file)
    terminal.keep_output_writable()
    output = sys.__stderr__
    assert output is not None
    assert output.isatty()
    os.close(ours)
    with pytest.raises(OSError, match=r"\[Errno"):
        os.write(theirs, b"x")
    output.write("x\n")
    output.flush()
    monkeypatch.undo()
    with contextlib.suppress(OSError):
        file.close()


PROGRAM = """
import sys
from pathlib import Path
from tui.app import run_console
from tui.settings import ConsoleSettings
sys.exit(run_console(ConsoleSettings(server_url="http://127.0.0.1:9", state_directory=Path(sys.argv[1]))))
"""


@pytest.mark.parametrize("how", ["hang up", "close"])
def test_program_ends_with_its_terminal(tmp_path: Path, how: str) -> None:
    """With SIGHUP, and without it: an SSH connection that drops does not always send one."""
    process, master = _on_a_terminal(tmp_path)
    try:
        _read_until(master, b"SalesMind")
        if how == "hang up":
            os.kill(process.pid, signal.SIGHUP)
            drain = True
        else:
            os.close(master)
            master, drain = -1, False
        deadline = time.monotonic() + 15
        while process.poll() is None and time.monotonic() < deadline:
            if drain:
                _read_some(master)
            else:
                process.wait(15)
        assert process.poll() == ExitCode.TERMINAL_GONE
        assert "terminal is gone" in (tmp_path / "console.log").read_text(encoding="utf-8")
    finally:
        process.kill()
        process.wait()
        if master >= 0:
            os.close(master)


def test_pasted_control_characters_press_no_keys(tmp_path: Path) -> None:
    """Ctrl+Q and Ctrl+G among them, after an ESC that begins no sequence."""
    process, master = _on_a_terminal(tmp_path)
    try:
        _read_until(master, b"User name")
        pasted = b"ab\x1b\x11\x1b\x1b[\x11\x07\x1b" + b"\x1b\x07" * 50 + b"cd\x1bef" + b"y" * 33_000
        sent = b"\x1b[200~" + pasted + b"\x1b[201~"
        while sent:
            sent = sent[os.write(master, sent[:2_000]) :]
        _read_until(master, b"yyyyy")
        os.write(master, b"\x1b[H")  # to the beginning
        _read_until(master, b"ab[cdefyyy")
        assert process.poll() is None
        assert not (tmp_path / "screenshots").exists()
    finally:
        process.kill()
        process.wait()
        os.close(master)


CRASHING = """
from tui.login.screen import LoginScreen
def fall(self):
    raise RuntimeError("a bug")
LoginScreen.action_check = fall
"""


def test_a_crash_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    process, master = _on_a_terminal(tmp_path, CRASHING + PROGRAM)
    try:
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            _read_some(master)
        assert process.poll() == ExitCode.CRASHED
        assert "a bug" in (tmp_path / "console.log").read_text(encoding="utf-8")
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _on_a_terminal(state: Path, program: str = PROGRAM) -> tuple[subprocess.Popen[bytes], int]:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(state)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        # A session of its own without a controlling terminal: closing the pty sends no SIGHUP by itself.
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(slave)
    return process, master


def _read_some(master: int) -> bytes:
    ready, _, _ = select.select([master], [], [], 0.2)
    try:
        return os.read(master, 65_536) if ready else b""
    except OSError:
        return b""


def _read_until(master: int, wanted: bytes) -> None:
    seen = b""
    deadline = time.monotonic() + 20
    while wanted not in seen:
        assert time.monotonic() < deadline, seen[-500:]
        seen += _read_some(master)
