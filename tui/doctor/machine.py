"""Python and the terminal."""

from __future__ import annotations

import os
import platform
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tui.doctor.finding import Finding
from tui.i18n import _
from tui.wording.cells import cells

OLDEST_PYTHON = (3, 11)
SMALLEST = (60, 20)
"""The smallest usable size, in columns and rows."""
COMFORTABLE = (80, 24)
WIDTH_SAMPLE = "在庫①…■"
"""Japanese, and signs whose width East Asian terminals may double."""
REPLY_TIMEOUT_S = 0.5


def check_python() -> Finding:
    found = f"Python {platform.python_version()}"
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", "Python", "failed", found, _("Install Python 3.11 or newer."))
    return Finding("python", "Python", "ok", found)


def check_terminal(environ: Mapping[str, str]) -> Finding:
    """Whether there is a terminal to draw on."""
    title = _("Terminal")
    term = environ.get("TERM", "")
    if not all(os.isatty(descriptor) for descriptor in (0, 1, 2)):
        return Finding(
            "terminal",
            title,
            "not_tried",
            _("standard input, output or error is not a terminal"),
            _("Run it in the terminal you want to use."),
        )
    if term in ("", "dumb", "unknown"):
        mend = _("Set TERM to what the terminal is, such as xterm-256color.")
        return Finding("terminal", title, "failed", f"TERM={term}", mend)
    return Finding("terminal", title, "ok", f"TERM={term}")


def check_colours(environ: Mapping[str, str]) -> Finding:
    """How many colours the terminal appears to support."""
    title = _("Colours")
    term = environ.get("TERM", "")
    if environ.get("NO_COLOR"):
        return Finding("colours", title, "warning", "NO_COLOR", _("Unset NO_COLOR to see colours."))
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or "direct" in term:
        return Finding("colours", title, "ok", _("16 million"))
    if "256color" in term:
        mend = _("If the terminal supports true colour, set COLORTERM=truecolor (often lost over SSH).")
        return Finding("colours", title, "ok", "256", mend)
    mend = _("Set TERM to a variant with 256 colours, such as screen-256color.")
    return Finding("colours", title, "warning", "16", mend)


def check_size() -> Finding:
    """Whether the screens fit."""
    title = _("Size")
    columns, rows = shutil.get_terminal_size()
    found = f"{columns} x {rows}"
    mend = _("Enlarge the window: {columns} x {rows} shows everything.").format(
        columns=COMFORTABLE[0], rows=COMFORTABLE[1]
    )
    if columns < SMALLEST[0] or rows < SMALLEST[1]:
        return Finding("size", title, "failed", found, mend)
    if columns < COMFORTABLE[0] or rows < COMFORTABLE[1]:
        return Finding("size", title, "warning", found, mend)
    return Finding("size", title, "ok", found)


def check_locale(encoding: str | None) -> Finding:
    """Whether Japanese can be shown; ``encoding`` is that of standard output."""
    title = _("Encoding")
    if (encoding or "").lower().replace("-", "") == "utf8":
        return Finding("locale", title, "ok", "UTF-8")
    mend = _("Set LANG to a locale with UTF-8, such as en_US.UTF-8 or ja_JP.UTF-8.")
    return Finding("locale", title, "failed", encoding or "-", mend)


def check_width() -> Finding:
    """Whether the terminal's text width matches ours, by asking for its cursor position."""
    title = _("Character width")
    expected = cells(WIDTH_SAMPLE)
    column = _column_after(WIDTH_SAMPLE)
    if column is None:
        return Finding("width", title, "not_tried", _("the terminal does not say where its cursor is"))
    taken = column - 1
    found = _("{taken} cells for {sample} (expected {expected})").format(
        taken=taken, sample=WIDTH_SAMPLE, expected=expected
    )
    if taken == expected:
        return Finding("width", title, "ok", found)
    mend = _("Set the terminal to show characters of ambiguous width in one cell.")
    return Finding("width", title, "warning", found, mend)


def _column_after(text: str) -> int | None:
    """The column of the cursor, from 1, after ``text`` on an empty line; None where the terminal does not tell."""
    if not (os.isatty(0) and os.isatty(1)):
        return None
    with _raw_input():
        os.write(1, f"\r{text}\x1b[6n".encode())
        reply, deadline = b"", time.monotonic() + REPLY_TIMEOUT_S
        while b"R" not in reply and (left := deadline - time.monotonic()) > 0:
            if select.select([0], [], [], left)[0]:
                reply += os.read(0, 64)
        os.write(1, b"\r\x1b[K")
    found = re.search(rb"\x1b\[\d+;(\d+)R", reply)
    return int(found[1]) if found else None


@contextmanager
def _raw_input() -> Iterator[None]:
    import termios
    import tty

    before = termios.tcgetattr(0)
    try:
        tty.setcbreak(0)
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def check_clipboard(environ: Mapping[str, str]) -> Finding:
    """Whether copied text gets past a multiplexer; no terminal tells whether it accepts it."""
    title = _("Clipboard")
    if environ.get("TMUX"):
        option = _tmux_option("set-clipboard")
        found = f"tmux: set-clipboard {option or '?'}"
        if option == "on":
            return Finding("clipboard", title, "ok", found)
        return Finding("clipboard", title, "warning", found, _("Run: tmux set -s set-clipboard on"))
    if environ.get("STY"):
        mend = _(
            "GNU screen does not pass it on by default. Copy with the terminal's own selection (--no-mouse)."
        )
        return Finding("clipboard", title, "warning", "GNU screen", mend)
    found = _("OSC 52 is sent; there is no way to ask whether the terminal accepts it")
    return Finding("clipboard", title, "not_tried", found, _("Copy something and paste it."))


def _tmux_option(name: str) -> str | None:
    try:
        done = subprocess.run(
            ["tmux", "show-options", "-sv", name], capture_output=True, text=True, timeout=2, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def check_machine(environ: Mapping[str, str]) -> Iterator[Finding]:
    """All of the above, each as soon as it is done."""
    yield check_python()
    terminal = check_terminal(environ)
    yield terminal
    if terminal.state != "not_tried":
        yield check_colours(environ)
        yield check_size()
        yield check_width()
        yield check_clipboard(environ)
    yield check_locale(getattr(sys.stdout, "encoding", None))
