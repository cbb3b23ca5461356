"""The clipboard of the operator's terminal, also from inside tmux and GNU screen.

OSC 52 asks a terminal to put text on its clipboard, and gets no answer. A multiplexer in between swallows it
unless told otherwise: tmux takes the text from its own command, screen passes on what is wrapped in DCS. Sources:
xterm's "Control Sequences"; tmux(1), ``set-clipboard``, ``allow-passthrough`` and ``load-buffer -w``; screen's "String
Escapes".
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Literal

LONGEST = 74_994
"""Bytes of base64 that terminals accept in one OSC 52; hterm, foot and others cut or drop more."""
LONGEST_TEXT = LONGEST // 4 * 3
"""Bytes of UTF-8 that become so much base64."""
TMUX_TIMEOUT_S = 2.0
_SCREEN_CHUNK = 512
"""screen accepts strings of up to 768 bytes."""

Multiplexer = Literal["tmux", "screen"]


def multiplexer(environ: Mapping[str, str]) -> Multiplexer | None:
    """The multiplexer between us and the terminal, from the environment, or from ``TERM`` over SSH."""
    term = environ.get("TERM", "")
    if environ.get("TMUX") or term.startswith("tmux"):
        return "tmux"
    if environ.get("STY") or term.startswith("screen"):
        return "screen"
    return None


def fits(text: str) -> bool:
    """Whether ``text`` fits into one OSC 52."""
    return len(text.encode()) <= LONGEST_TEXT


def newest_that_fit(lines: Sequence[str]) -> Sequence[str]:
    """As many of the last ``lines`` as fit into one OSC 52."""
    room = LONGEST_TEXT
    for place in range(len(lines) - 1, -1, -1):
        room -= len(lines[place].encode()) + 1
        if room < 0:
            return lines[place + 1 :]
    return lines


def wrapped(text: str, through: Multiplexer) -> str:
    """OSC 52 with ``text``, for the terminal behind a multiplexer."""
    return passed_through(f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07", through)


def passed_through(sequence: str, through: Multiplexer | None) -> str:
    """``sequence`` for the terminal behind a multiplexer, if there is one."""
    if through is None:
        return sequence
    if through == "tmux":
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    pieces = [sequence[start : start + _SCREEN_CHUNK] for start in range(0, len(sequence), _SCREEN_CHUNK)]
    return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)


async def into_tmux(text: str, environ: Mapping[str, str]) -> bool:
    """Give ``text`` to the surrounding tmux, which passes it to its terminal; whether it accepted it. Never raises."""
    if not environ.get("TMUX"):
        return False
    for options in (["-w"], []):  # -w is of tmux 3.2
        with suppress(OSError, TimeoutError):
            process = await asyncio.create_subprocess_exec(
                "tmux",
                "load-buffer",
                *options,
                "-",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                await asyncio.wait_for(process.communicate(text.encode()), TMUX_TIMEOUT_S)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
            if process.returncode == 0:
                return True
    return False
