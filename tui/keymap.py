"""The keys table of the configuration, held against the actions that there are."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any

from tui.actions import APP_ACTIONS
from tui.frame.screen import ConsoleScreen

SCREEN_ROOMS = ("frame", "login", "sessions", "conversation", "acceptance")


def unknown_ids(keymap: Mapping[str, str]) -> list[str]:
    """The ids that name no action. Imports every screen, so ask only about a table that is not empty."""
    for room in SCREEN_ROOMS:
        package = importlib.import_module(f"tui.{room}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    known = {action.id for action in APP_ACTIONS}
    known |= {action.id for screen in _kinds_of(ConsoleScreen) for action in screen.ACTIONS}
    return sorted(keymap.keys() - known)


def _kinds_of(screen: type[ConsoleScreen[Any]]) -> Iterator[type[ConsoleScreen[Any]]]:
    yield screen
    for kind in screen.__subclasses__():
        yield from _kinds_of(kind)
