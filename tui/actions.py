"""One registry of what the operator can do.

An ``Action`` is written once and becomes a key binding, a footer label, an entry of the command palette
and a line of the help screen, so that the four cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from textual.binding import Binding, BindingType
from textual.keys import format_key

from tui.i18n import N_, _


@dataclass(frozen=True, slots=True)
class Action:
    """Something the operator can do. The three texts are marked with ``N_`` and translated when shown."""

    id: str
    """Stable name for the keys table of the configuration, ``place.verb``."""
    keys: str
    """Comma-separated. A letter is always joined by a key that arrives with an input method on."""
    name: str
    """The method ``action_<name>``."""
    label: str
    """For the footer: a word."""
    palette: str
    """For the palette: ``Noun: Verb``."""
    help: str
    """What it does, for the help screen and the tooltip."""
    show: bool = True
    """Whether the footer shows it."""
    priority: bool = False
    """Whether it comes before the focused widget's own keys."""


def bindings(actions: Iterable[Action]) -> list[BindingType]:
    """The Textual bindings of ``actions``."""
    return [
        Binding(
            action.keys,
            action.name,
            action.label,
            show=action.show,
            priority=action.priority,
            tooltip=action.help,
            id=action.id,
        )
        for action in actions
    ]


def keys_of(action: Action, keymap: Mapping[str, str]) -> list[str]:
    """The effective keys: the configuration's, or else the action's own."""
    return keymap.get(action.id, action.keys).split(",")


class KeyNames:
    """Keys for use in sentences: the effective ones under ``keymap`` (binding id to comma-separated keys)."""

    def __init__(self, keymap: Mapping[str, str]) -> None:
        self._keymap = keymap

    def first(self, action: Action, *, typing: bool = False) -> str:
        """The first key: ``n``. ``typing``: the first that does not write a letter instead, ``F2``."""
        keys = keys_of(action, self._keymap)
        return _key_name(next((key for key in keys if typing and _writes_nothing(key)), keys[0]))

    def all(self, action: Action) -> str:
        """The first key, and the second beside it: ``n (or F2)``."""
        names = [_key_name(key) for key in keys_of(action, self._keymap)]
        return names[0] if len(names) == 1 else _("{key} (or {other})").format(key=names[0], other=names[1])


def _writes_nothing(key: str) -> bool:
    return "+" in key or key == "escape" or (key[:1] == "f" and key[1:].isdigit())


def _key_name(key: str) -> str:
    if key == "escape":
        return "Esc"
    if key[:1] == "f" and key[1:].isdigit():
        return key.upper()
    *modifiers, last = key.split("+")
    return "+".join([*modifiers, format_key(last)])


HELP = Action(
    "app.help",
    "f1,question_mark",
    "help",
    N_("Help"),
    N_("Help: Show keys"),
    N_("Show what this screen is for, and every key"),
)
JUMP = Action(
    "app.jump",
    "ctrl+o,shift+f10,f22",
    "jump",
    N_("Jump"),
    N_("Screen: Jump to a place"),
    N_("Put a letter on every panel, field and button; pressing it goes there"),
    show=False,
    priority=True,
)
TOUR = Action(
    "app.tour",
    "shift+f1,f13",
    "tour",
    N_("Tour"),
    N_("Help: Take the tour"),
    N_("Show the console in five steps"),
    show=False,
)
QUIT = Action(
    "app.quit",
    "ctrl+q",
    "quit",
    N_("Quit"),
    N_("Program: Quit"),
    N_("Quit; asks first during a conversation"),
    priority=True,
)
APP_ACTIONS: tuple[Action, ...] = (
    HELP,
    Action(
        "app.palette",
        "ctrl+p",
        "command_palette",
        N_("Commands"),
        N_("Commands: Search"),
        N_("Search everything that can be done here"),
        priority=True,
    ),
    JUMP,
    TOUR,
    Action(
        "app.theme",
        "ctrl+t",
        "toggle_theme",
        N_("Theme"),
        N_("Screen: Switch between dark and light"),
        N_("Switch between the dark and the light theme"),
        show=False,
    ),
    Action(
        "app.language",
        "ctrl+l",
        "toggle_language",
        N_("Language"),
        N_("Screen: Switch language"),
        N_("Switch between Japanese and English"),
        show=False,
    ),
    Action(
        "app.devices",
        "ctrl+n,shift+f8,f20",
        "devices",
        N_("Devices"),
        N_("Devices: Try microphones and loudspeakers"),
        N_("Try microphones and loudspeakers, and choose the ones to use"),
        show=False,
    ),
    Action(
        "app.settings",
        "ctrl+y,shift+f9,f21",
        "settings",
        N_("Settings"),
        N_("Settings: Show and change"),
        N_("Show and change the settings, profiles and theme"),
        show=False,
    ),
    Action(
        "app.screenshot",
        "ctrl+g",
        "save_screenshot",
        N_("Screenshot"),
        N_("Screen: Save a screenshot"),
        N_("Save a screenshot as SVG"),
        show=False,
    ),
    Action(
        "app.suspend",
        "ctrl+z",
        "suspend_process",
        N_("Suspend"),
        N_("Program: Suspend"),
        N_("Back to the shell; `fg` returns, and a conversation continues in the meantime"),
        show=False,
    ),
    QUIT,
)
