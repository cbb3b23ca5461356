"""Which colours a terminal gets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.color import Color, ColorSystem

from tui.app import SalesMindApp
from tui.contrast import TEXT, contrast, readable
from tui.settings import ConsoleSettings
from tui.themes import (
    CONTRAST,
    DARK,
    LIGHT,
    SIXTEEN,
    dark_theme,
    least_contrast,
    texts,
    theme_named,
    theme_names,
)


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


@pytest.mark.parametrize("name", theme_names())
def test_all_text_of_every_theme_can_be_read(name: str) -> None:
    """WCAG 2.2, 1.4.3 (AA)."""
    found = {pair: round(contrast(*colours), 2) for pair, *colours in texts(theme_named(name))}
    assert {pair: ratio for pair, ratio in found.items() if ratio < TEXT} == {}


def test_the_theme_of_high_contrast_has_more() -> None:
    """WCAG 2.2, 1.4.6 (AAA)."""
    assert least_contrast(CONTRAST) >= 7


def test_contrast_is_that_of_the_standard() -> None:
    """Figures of the WebAIM contrast checker."""
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#0000ff", "#ffffff") == pytest.approx(8.59, abs=0.01)
    assert contrast("#ff0000", "#ffff00") == pytest.approx(3.72, abs=0.01)


def test_a_colour_is_changed_only_as_far_as_needed() -> None:
    assert readable("#ffffff", ("#000000",)) == "#ffffff"
    mended = readable("#444444", ("#000000", "#222222"))
    assert 4.5 <= contrast(mended, "#222222") < 5.5
    assert readable("#808080", ("#000000", "#ffffff")) in ("#000000", "#ffffff")


@pytest.mark.parametrize("name", ["nord", "solarized-light", CONTRAST.name])
async def test_every_theme_has_all_colours_of_the_screens(tmp_path: Path, name: str) -> None:
    app = SalesMindApp(ConsoleSettings(state_directory=tmp_path, theme=name))
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.theme == name
        assert "#" in app.theme_variables["dim"]
