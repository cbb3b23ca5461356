"""The settings screen, on a configuration file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Checkbox, Input, OptionList, Static

from tests.evil_strings import EVIL, harm_in
from tui import i18n
from tui.app import SalesMindApp
from tui.frame.confirm import ConfirmScreen
from tui.host import memory
from tui.login.screen import LoginScreen
from tui.settings import SettingsError, load_settings
from tui.settings.change import read_value
from tui.settings.values import OPTIONS, option_named
from tui.settings_screen.choice import ChoiceScreen
from tui.settings_screen.profile import ProfileScreen
from tui.settings_screen.rows import ProfileRow, SettingRow, rows
from tui.settings_screen.screen import SettingsScreen
from tui.themes import CONTRAST, theme_names

FILE = """\
# mine
[audio]
voice = "cedar"  # warm

[[profiles]]
name = "staging"
server_url = "https://staging.example"
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return {"SALESMIND_CONFIG": str(path), "SALESMIND_STATE_DIR": str(tmp_path), "SALESMIND_KEEP_DAYS": "7"}


@pytest.fixture
def app(services: Any, environ: dict[str, str]) -> SalesMindApp:
    flags = {"server_url": "http://127.0.0.1:8000", "chunk_bytes": 8192}
    return SalesMindApp(load_settings(flags, environ), services)


@pytest.fixture
def open_at(until: Any) -> Any:
    """Opens the screen with the cursor on the row ``key``."""

    async def go(app: Any, pilot: Any, key: str) -> SettingsScreen:
        await pilot.pause()
        app.action_settings()
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen) and app.screen.chosen)
        screen: SettingsScreen = app.screen
        await at(pilot, screen, key)
        return screen

    async def at(pilot: Any, screen: SettingsScreen, key: str) -> None:
        screen.table.move_cursor(row=list(screen.table.shown).index(key), animate=False)
        await until(pilot, lambda: screen.chosen is not None and screen.chosen.key == key)

    return go


def contents(environ: dict[str, str]) -> str:
    return Path(environ["SALESMIND_CONFIG"]).read_text()


def overwrite(environ: dict[str, str], words: str) -> None:
    Path(environ["SALESMIND_CONFIG"]).write_text(words)


def text(app: Any, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def cells(app: Any, key: str) -> list[str]:
    return [str(app.screen.table.get_cell(key, column)).strip() for column in ("name", "value", "origin")]


async def test_every_setting_is_there_with_value_and_origin(app: SalesMindApp, open_at: Any) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_at(app, pilot, "audio.voice")
        shown = {row.key for row in screen.table.shown.values() if isinstance(row, SettingRow)}
        assert shown == {option.key for option in OPTIONS if option.in_file}
        assert cells(app, "audio.voice") == ["voice", "cedar", "file"]
        assert cells(app, "audio.chunk_bytes") == ["chunk_bytes", "8192", "--chunk-bytes"]
        assert cells(app, "recording.keep_days") == ["keep_days", "7", "SALESMIND_KEEP_DAYS"]
        assert cells(app, "audio.echo") == ["echo", "off", "default"]
        assert "Default: marin." in text(app, "#explained")
        assert cells(app, "[[profiles]] 0") == ["staging", "https://staging.example", "file"]


async def test_a_typed_value_is_checked_with_the_sentence_of_config_set(
    app: SalesMindApp, open_at: Any, until: Any, environ: dict[str, str]
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await open_at(app, pilot, "audio.vad_silence_ms")
        await pilot.press("enter")
        field = app.screen.query_one("#value", Input)
        await until(pilot, lambda: field.has_focus and field.value == "500")
        for wrong in ("20", "soon", "12.5"):
            field.value = wrong
            await pilot.press("enter")
            with pytest.raises(SettingsError) as caught:
                read_value(option_named("vad_silence_ms"), wrong)
            await until(pilot, lambda caught=caught: str(caught.value) in text(app, "#settings-news"))
        field.value = "800"
        await pilot.press("enter")
        await until(pilot, lambda: app.settings.audio.vad_silence_ms == 800)
        await until(pilot, lambda: cells(app, "audio.vad_silence_ms")[1:] == ["800", "file"])
        assert load_settings({}, environ).audio.vad_silence_ms == 800
        assert contents(environ).startswith('# mine\n[audio]\nvoice = "cedar"  # warm')
        await pilot.press("x")
        await until(pilot, lambda: cells(app, "audio.vad_silence_ms")[1:] == ["500", "default"])
        assert load_settings({}, environ).audio.vad_silence_ms == 500


async def test_escape_leaves_the_value_as_it_was(
    app: SalesMindApp, open_at: Any, until: Any, environ: dict[str, str]
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_at(app, pilot, "audio.voice")
        await pilot.press("f2", *"zzz", "escape")
        await until(pilot, lambda: not screen.typing)
        assert contents(environ) == FILE
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LoginScreen))


async def test_true_or_false_is_toggled_and_a_choice_is_chosen(
    app: SalesMindApp, open_at: Any, until: Any, environ: dict[str, str]
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await open_at(app, pilot, "recording.on")
        await pilot.press("enter")
        await until(pilot, lambda: not app.settings.recording.on)
        screen: Any = app.screen
        screen.table.move_cursor(row=list(screen.table.shown).index("audio.echo"), animate=False)
        await until(pilot, lambda: screen.chosen.key == "audio.echo")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("end", "enter")
        await until(pilot, lambda: app.settings.audio.echo == "half-duplex")
        kept = load_settings({}, environ)
        assert (kept.recording.on, kept.audio.echo) == (False, "half-duplex")


async def test_what_a_flag_hides_is_saved_and_said(
    app: SalesMindApp, open_at: Any, until: Any, environ: dict[str, str]
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await open_at(app, pilot, "audio.chunk_bytes")
        await pilot.press("enter")
        app.screen.query_one("#value", Input).value = "960"
        await pilot.press("enter")
        await until(pilot, lambda: "--chunk-bytes takes precedence" in text(app, "#settings-news"))
        assert app.settings.audio.chunk_bytes == 8192
        assert load_settings({}, environ).audio.chunk_bytes == 960


async def test_a_theme_is_seen_before_it_is_chosen(
    app: SalesMindApp, open_at: Any, until: Any, environ: dict[str, str]
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await open_at(app, pilot, "theme")
        before = app.theme
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        options = app.screen.query_one("#values", OptionList)
        assert [option.id for option in options.options] == list(theme_names())
        await pilot.press("down")
        await until(pilot, lambda: app.theme != before)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        assert app.theme == before
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        app.screen.query_one("#values", OptionList).highlighted = theme_names().index(CONTRAST.name)
        await pilot.press("enter")
        await until(pilot, lambda: app.settings.theme == CONTRAST.name)
        assert app.theme == CONTRAST.name
        assert load_settings({}, environ).theme == CONTRAST.name


async def test_a_language_takes_effect_at_once(
    app: SalesMindApp, open_at: Any, until: Any, tmp_path: Path
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await open_at(app, pilot, "language")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("home", "enter")
        await until(pilot, lambda: i18n.language() == "ja" and "設定" in text(app, "#heading"))
        assert memory.load(tmp_path).language == "ja"


async def test_a_profile_is_added_changed_and_deleted(
    app: SalesMindApp, open_at: Any, until: Any, environ: dict[str, str]
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_at(app, pilot, "audio.voice")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, ProfileScreen))
        await pilot.press(*"staging", "f2")
        await until(pilot, lambda: "the same name" in text(app, "#name-error"))
        assert "needs a server_url" in text(app, "#server_url-error")
        app.screen.query_one("#name", Input).value = "local"
        app.screen.query_one("#server_url", Input).value = "localhost:8000"
        await pilot.press("f2")
        await until(pilot, lambda: "must begin with http://" in text(app, "#server_url-error"))
        app.screen.query_one("#server_url", Input).value = "http://localhost:8000"
        app.screen.query_one("#insecure", Checkbox).value = True
        await pilot.press("f2")
        await until(pilot, lambda: len(app.settings.profiles) == 2)
        kept = load_settings({}, environ).profiles
        assert kept[1].server_url == "http://localhost:8000" and kept[1].insecure
        await until(pilot, lambda: "[[profiles]] 1" in screen.table.shown)
        login = app.screen_stack[0]
        assert isinstance(login, LoginScreen)
        await until(pilot, lambda: any("local" in choice.title for choice in login._choices))

        screen.table.move_cursor(row=len(screen.table.shown) - 1, animate=False)
        await until(pilot, lambda: isinstance(screen.chosen, ProfileRow) and screen.chosen.index == 1)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ProfileScreen))
        assert app.screen.query_one("#name", Input).value == "local"
        app.screen.query_one("#username", Input).value = "tester"
        await pilot.press("f2")
        await until(pilot, lambda: app.settings.profiles[1].username == "tester")

        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: len(app.settings.profiles) == 1)
        assert [one.name for one in load_settings({}, environ).profiles] == ["staging"]


async def test_a_file_that_cannot_be_written_is_said_and_nothing_changes(
    app: SalesMindApp, open_at: Any, until: Any, environ: dict[str, str]
) -> None:
    overwrite(environ, "audio = 3\n")  # changed meanwhile, in an editor
    async with app.run_test(size=(120, 40)) as pilot:
        await open_at(app, pilot, "recording.on")
        await pilot.press("enter")
        await until(pilot, lambda: "line 1: audio: must be a table" in text(app, "#settings-news"))
        assert app.settings.recording.on


def test_the_selected_profile_follows_its_name_and_goes_with_it(environ: dict[str, str]) -> None:
    from tui.settings.change import change, change_profile

    settings = change(load_settings({}, environ), option_named("profile"), "staging").settings
    renamed = change_profile(settings, 0, {"name": "stage", "server_url": "https://s.example"})
    assert load_settings({}, environ).profile == renamed.profile == "stage"
    gone = change_profile(renamed, 0, None)
    assert load_settings({}, environ).profile is gone.profile is None
    with pytest.raises(SettingsError, match="no profile nowhere"):
        change(gone, option_named("profile"), "nowhere")
    again = change_profile(gone, None, {"name": "b", "server_url": "http://b"})
    assert load_settings({}, environ).profiles == again.profiles


async def test_values_cannot_harm_the_terminal(services: Any, open_at: Any, environ: dict[str, str]) -> None:
    from dataclasses import replace

    for evil in EVIL:
        settings = load_settings({}, environ)
        app = SalesMindApp(replace(settings, username=evil), services)
        [row] = [one for one in rows(app.settings) if one.key == "username"]
        assert isinstance(row, SettingRow)
        from tui.settings_screen.rows import shown

        assert not harm_in(shown(row.value))
