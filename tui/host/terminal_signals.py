"""What the terminal's window is told beside the screen: its title, and that something failed. Pure.

Sources: xterm's "Control Sequences" (OSC 2, OSC 9, XTWINOPS 22 and 23); tmux(1), ``allow-passthrough``.
"""

from __future__ import annotations

from typing import Literal

from api_client.harmless import one_line
from tui.host.clipboard import Multiplexer, passed_through

Alert = Literal["off", "bell", "notification"]

SAVE_TITLE = "\x1b[22;2t"
RESTORE_TITLE = "\x1b[23;2t"
"""To what it was before; terminals without a stack of titles ignore both."""
BELL = "\x07"
LONGEST = 200
"""Characters."""


def title_of(text: str) -> str:
    """Make ``text`` the window's title. tmux and screen take it for their own pane."""
    return f"\x1b]2;{_plain(text)}\x1b\\"


def alert(kind: Alert, text: str, through: Multiplexer | None) -> str:
    """Ring the bell, or also ask for a desktop notification with ``text`` (OSC 9); empty for ``off``."""
    if kind == "off":
        return ""
    if kind == "bell":
        return BELL
    return BELL + passed_through(f"\x1b]9;{_plain(text)}\x07", through)


def _plain(text: str) -> str:
    return one_line(text)[:LONGEST]
