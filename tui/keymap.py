"""The configuration's keys table, checked against the existing actions."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any

from tui.actions import APP_ACTIONS, Action, keys_of
from tui.frame.screen import ConsoleScreen

SCREEN_ROOMS = (
    "frame",
    "login",
    "sessions",
    "conversation",
    "acceptance",
    "scenarios",
    "recordings",
    "devices",
    "settings_screen",
    "tour",
)


def action_groups() -> Iterator[tuple[Action, ...]]:
    """The actions of each screen, after those of the app, which every screen has. Imports every screen."""
    for room in SCREEN_ROOMS:
        package = importlib.import_module(f"tui.{room}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    yield APP_ACTIONS
    groups = dict.fromkeys(tuple(screen.ACTIONS) for screen in _kinds_of(ConsoleScreen) if screen.ACTIONS)
    yield from sorted(groups, key=lambda actions: actions[0].id)


def unknown_ids(keymap: Mapping[str, str]) -> list[str]:
    """The ids that name no action. Imports every screen, so call it only for a non-empty table."""
    known = {action.id for actions in action_groups() for action in actions}
    return sorted(keymap.keys() - known)


def conflicts(keymap: Mapping[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    """Keys that ``keymap`` assigns twice on a screen, with the ids of their actions.

    If the console itself binds a key on both a screen and the app, the screen wins: F1 closes the help.
    """
    found: dict[tuple[str, tuple[str, ...]], None] = {}
    for actions in action_groups():
        meant: dict[str, list[str]] = {}
        for action in dict.fromkeys((*actions, *APP_ACTIONS)):
            for key in keys_of(action, keymap):
                meant.setdefault(key, []).append(action.id)
        for key, ids in meant.items():
            if len(ids) > 1 and not keymap.keys().isdisjoint(ids):
                found[key, tuple(ids)] = None
    return list(found)


def _kinds_of(screen: type[ConsoleScreen[Any]]) -> Iterator[type[ConsoleScreen[Any]]]:
    yield screen
    for kind in screen.__subclasses__():
        yield from _kinds_of(kind)
