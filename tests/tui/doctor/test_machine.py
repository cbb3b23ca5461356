"""What the doctor says of Python and the terminal."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys

import pytest

from tui.doctor import machine


@pytest.mark.parametrize(
    ("environ", "state", "found"),
    [
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "ok", "16 million"),
        ({"TERM": "xterm-256color"}, "ok", "256"),
        ({"TERM": "screen"}, "warning", "16"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "warning", "NO_COLOR"),
    ],
)
def test_colours(environ: dict[str, str], state: str, found: str) -> None:
    finding = machine.check_colours(environ)
    assert (finding.state, finding.found) == (state, found)


@pytest.mark.parametrize(
    ("size", "state"), [((120, 40), "ok"), ((80, 24), "ok"), ((79, 24), "warning"), ((59, 40), "failed")]
)
def test_size(size: tuple[int, int], state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size(size))
    finding = machine.check_size()
    assert finding.state == state
    assert bool(finding.mend) is (state != "ok")


@pytest.mark.parametrize(
    ("encoding", "state"), [("utf-8", "ok"), ("UTF8", "ok"), ("iso8859-1", "failed"), (None, "failed")]
)
def test_encoding(encoding: str | None, state: str) -> None:
    assert machine.check_locale(encoding).state == state


def test_a_clipboard_that_cannot_be_asked_is_not_called_good() -> None:
    assert machine.check_clipboard({}).state == "not_tried"
    assert machine.check_clipboard({"STY": "1.pts"}).state == "warning"


@pytest.mark.parametrize(("option", "state"), [("on", "ok"), ("external", "warning"), (None, "warning")])
def test_tmux_passes_the_clipboard_on_only_if_told_to(
    option: str | None, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_tmux_option", lambda name: option)
    assert machine.check_clipboard({"TMUX": "/tmp/x"}).state == state


WIDTH = "from tui.doctor.machine import check_width; f = check_width(); print('FOUND', f.state, f.found)"


@pytest.mark.parametrize(
    ("column", "says"), [(8, b"FOUND ok"), (10, b"FOUND warning"), (None, b"FOUND not_tried")]
)
def test_width_is_what_the_terminal_says(column: int | None, says: bytes) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", WIDTH], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    asked = False
    while says not in seen:
        try:
            seen += os.read(ours, 4096)
        except OSError:
            break
        if b"\x1b[6n" in seen and not asked:
            asked = True
            if column is not None:
                os.write(ours, f"\x1b[5;{column}R".encode())
    assert says in seen
    process.wait(10)
    os.close(ours)
