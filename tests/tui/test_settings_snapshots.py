"""What the settings screen and its theme picker look like.

After a change of looks: ``pytest tests/tui/test_settings_snapshots.py --snapshot-update``, and look at the report.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tui import i18n
from tui.settings import Profile
from tui.settings_screen.choice import ChoiceScreen
from tui.settings_screen.screen import SettingsScreen
from tui.themes import CONTRAST, LIGHT, SIXTEEN

FACTS: dict[str, Any] = {
    "config_path": Path("/home/tester/.config/salesmind/config.toml"),
    "profiles": (Profile("staging", "https://staging.example", "tester"),),
    "username": "tester",
    "origins": {"username": "file", "insecure": "environment"},
}


async def open_settings(pilot: Any, until: Any, services: Any) -> None:
    await until(pilot, lambda: ("health",) in services.server.calls)
    pilot.app.action_settings()
    await until(pilot, lambda: isinstance(pilot.app.screen, SettingsScreen) and pilot.app.screen.chosen)
    await pilot.press("down", "down")
    await until(pilot, lambda: pilot.app.screen.chosen.key == "insecure")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_settings(
    make_app: Any,
    services: Any,
    until: Any,
    snap_compare: Any,
    language: i18n.Language,
    size: tuple[int, int],
) -> None:
    i18n.set_language(language)

    async def arrange(pilot: Any) -> None:
        await open_settings(pilot, until, services)

    assert snap_compare(make_app(**FACTS), terminal_size=size, run_before=arrange)


@pytest.mark.parametrize("theme", [LIGHT.name, SIXTEEN.name])
def test_settings_in_other_colours(
    make_app: Any, services: Any, until: Any, snap_compare: Any, theme: str
) -> None:
    async def arrange(pilot: Any) -> None:
        await open_settings(pilot, until, services)

    assert snap_compare(make_app(theme=theme, **FACTS), terminal_size=(80, 24), run_before=arrange)


def test_the_high_contrast_theme_is_shown_while_it_is_chosen(
    make_app: Any, services: Any, until: Any, snap_compare: Any
) -> None:
    async def arrange(pilot: Any) -> None:
        await open_settings(pilot, until, services)
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await pilot.press("down", "down", "down")
        await until(pilot, lambda: pilot.app.theme == CONTRAST.name)

    assert snap_compare(make_app(**FACTS), terminal_size=(100, 30), run_before=arrange)
