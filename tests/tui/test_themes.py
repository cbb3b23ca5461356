"""Which colours a terminal gets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.color import Color, ColorSystem

from tui.app import SalesMindApp
from tui.settings import ConsoleSettings
from tui.themes import DARK, LIGHT, SIXTEEN, dark_theme


@pytest.mark.parametrize(
    ("color_system", "name"),
    [("standard", SIXTEEN.name), ("256", DARK.name), ("truecolor", DARK.name), (None, DARK.name)],
)
def test_a_terminal_of_sixteen_colours_gets_those(color_system: str | None, name: str) -> None:
    assert dark_theme(color_system).name == name


def test_no_two_of_the_sixteen_are_rounded_together() -> None:
    """A colour between two of them might be rounded to the one behind it, and be gone."""
    theme = [SIXTEEN.primary, SIXTEEN.foreground, SIXTEEN.background, SIXTEEN.success, SIXTEEN.error]
    colours = {value for value in (*theme, *SIXTEEN.variables.values()) if value}
    assert all(re.fullmatch(r"#(00|55|aa|ff){3}", colour) for colour in colours)
    numbers = {Color.parse(colour).downgrade(ColorSystem.STANDARD).number for colour in colours}
    assert len(numbers) == len(colours)


async def test_the_theme_key_goes_to_the_light_one_and_back(tmp_path: Path) -> None:
    app = SalesMindApp(ConsoleSettings(state_directory=tmp_path))
    async with app.run_test():
        dark = app.theme
        app.action_toggle_theme()
        assert app.theme == LIGHT.name
        app.action_toggle_theme()
        assert app.theme == dark
