"""One registry of actions: binding, footer, palette and help cannot disagree."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.tui import scripted, scripted_check, scripted_scenarios
from tui import i18n
from tui.acceptance.note import NoteScreen
from tui.acceptance.question import QuestionScreen
from tui.acceptance.run_options import RunOptionsScreen
from tui.acceptance.screen import AcceptanceScreen
from tui.actions import APP_ACTIONS, Action
from tui.app import SalesMindApp
from tui.conversation.event_screen import EventScreen
from tui.conversation.inspector import InspectorScreen
from tui.conversation.live import LiveScreen
from tui.conversation.source_picker import SourcePicker
from tui.conversation.turn_screen import TurnScreen
from tui.conversation.turns_screen import TurnsScreen
from tui.conversation.watch import WatchScreen
from tui.devices.screen import DevicesScreen
from tui.frame.confirm import ConfirmScreen
from tui.frame.help import HelpScreen
from tui.frame.jump import JumpScreen
from tui.frame.screen import ConsoleScreen
from tui.login.again import LoginAgainScreen
from tui.login.screen import LoginScreen
from tui.microphone.screen import MicrophoneScreen
from tui.navigation import BrowseRecordings, BrowseScenarios, CheckServer, Converse, Replay
from tui.recordings.compare import CompareScreen
from tui.recordings.export import ExportScreen
from tui.recordings.replay import ReplayScreen
from tui.recordings.screen import RecordingsScreen
from tui.scenarios.screen import ScenariosScreen
from tui.sessions.history import HistoryScreen
from tui.sessions.new_session import NewSessionScreen
from tui.sessions.screen import SessionsScreen
from tui.sessions.template_name import TemplateNameScreen
from tui.settings_screen.choice import ChoiceScreen
from tui.settings_screen.profile import ProfileScreen
from tui.settings_screen.screen import SettingsScreen
from tui.tour.screen import TourScreen

TUI = Path(__file__).parents[2] / "tui"
SCREENS: list[type[ConsoleScreen[Any]]] = [
    LoginScreen,
    LoginAgainScreen,
    SessionsScreen,
    LiveScreen,
    NewSessionScreen,
    SourcePicker,
    ConfirmScreen,
    HelpScreen,
    AcceptanceScreen,
    WatchScreen,
    QuestionScreen,
    NoteScreen,
    RunOptionsScreen,
    TurnsScreen,
    TurnScreen,
    InspectorScreen,
    EventScreen,
    ScenariosScreen,
    RecordingsScreen,
    ReplayScreen,
    ExportScreen,
    MicrophoneScreen,
    DevicesScreen,
    SettingsScreen,
    ChoiceScreen,
    ProfileScreen,
    HistoryScreen,
    TemplateNameScreen,
    JumpScreen,
    TourScreen,
    CompareScreen,
]
# Multiplexers take the first three; the others are Backspace, Tab, line feed and Enter in most terminals.
TAKEN = {"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m"}


@pytest.mark.parametrize("owner", [SalesMindApp, *SCREENS])
def test_every_action_is_complete(owner: Any) -> None:
    for action in owner.ACTIONS:
        assert callable(getattr(owner, f"action_{action.name}")), action.id
        assert action.help
        assert ": " in action.palette, action.palette
        keys = action.keys.split(",")
        assert not TAKEN & set(keys), action.id
        letters = [key for key in keys if len(key) == 1]
        assert not letters or len(keys) > len(letters), f"{action.id}: a letter may not arrive with an IME on"


def test_ids_are_unique() -> None:
    # Two screens may share an action: then it is one and the same.
    actions = {*SalesMindApp.ACTIONS, *(action for screen in SCREENS for action in screen.ACTIONS)}
    ids = [action.id for action in actions]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("screen", SCREENS)
def test_no_key_means_two_things_on_a_screen(screen: type[ConsoleScreen[Any]]) -> None:
    keys = [key for action in (*screen.ACTIONS, *APP_ACTIONS) for key in action.keys.split(",")]
    doubled = {key for key in keys if keys.count(key) > 1}
    assert doubled <= {"f1", "question_mark"}  # close the help that they opened


def _footer(app: Any) -> list[str]:
    shown: dict[str, str] = {}
    for active in app.screen.active_bindings.values():
        if active.binding.show:
            key = app.get_key_display(active.binding)
            shown.setdefault(active.binding.action, f" {key} {active.binding.description} ")
    return list(shown.values())


@pytest.mark.parametrize("language", i18n.LANGUAGES)
async def test_footer_fits_eighty_columns(
    make_app: Any, services: Any, session_of: Any, until: Any, record: Any, language: i18n.Language
) -> None:
    i18n.set_language(language)
    services.server.sessions = [session_of(n) for n in range(1, 40)]
    app = make_app(logged_in=True, demo=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        seen = {"login": _footer(app)}
        app.push_screen(SessionsScreen())
        await until(pilot, lambda: app.screen.query("#table") and app.screen.query_one("#table").row_count)
        await pilot.press("f7")
        await until(pilot, lambda: app.screen.check_action("newer", ()))
        seen["sessions"] = _footer(app)
        app.post_message(Converse(session_of(1)))
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed is not None)
        services.relay.script = scripted.talk()
        await until(pilot, lambda: app.screen.check_action("interrupt", ()))
        seen["live"] = _footer(app)
        await pilot.press("k")
        await until(pilot, lambda: app.screen.check_action("talk", ()))
        seen["live, push to talk"] = _footer(app)
        await pilot.press("space")
        seen["live, talking"] = _footer(app)
        await pilot.press("k")
        await pilot.press("t")
        seen["live, typing"] = _footer(app)
        await pilot.press("escape")
        app.post_message(CheckServer())
        await until(pilot, lambda: isinstance(app.screen, AcceptanceScreen) and app.screen.options)
        await pilot.press("a")
        await until(pilot, lambda: services.check.running)
        seen["acceptance, running"] = _footer(app)
        services.check.end(*scripted_check.whole_run(frozenset({"t1.order"})))
        await until(pilot, lambda: app.screen.check_action("run_failed", ()))
        seen["acceptance"] = _footer(app)
        services.shelf = scripted_scenarios.SHELF
        app.post_message(BrowseScenarios())
        await until(pilot, lambda: isinstance(app.screen, ScenariosScreen) and app.screen.query("#page"))
        seen["scenarios"] = _footer(app)
        await pilot.press("a")
        await until(pilot, lambda: services.check.running)
        seen["scenarios, running"] = _footer(app)
        services.check.end(*scripted_scenarios.whole_run())
        await until(pilot, lambda: app.screen.check_action("run_failed", ()))
        seen["scenarios, over"] = _footer(app)
        directory = record()
        app.post_message(BrowseRecordings())
        await until(pilot, lambda: isinstance(app.screen, RecordingsScreen) and app.screen.chosen)
        seen["recordings"] = _footer(app)
        await pilot.press("x")
        await until(pilot, lambda: app.screen.check_action("undo", ()))
        await pilot.press("z")
        await until(pilot, lambda: app.screen.chosen)
        await pilot.press("m")
        await until(pilot, lambda: app.screen.chosen.entry.notes.marked)
        seen["recordings, marked"] = _footer(app)
        app.action_devices()
        await until(pilot, lambda: isinstance(app.screen, DevicesScreen) and services.soundcheck.told)
        seen["devices"] = _footer(app)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, DevicesScreen))
        app.action_settings()
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen) and app.screen.chosen)
        seen["settings"] = _footer(app)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, SettingsScreen))
        app.post_message(Replay(directory))
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen) and app.screen.replay)
        seen["replay"] = _footer(app)
    for place, entries in seen.items():
        assert len(entries) <= 8, f"{place}: {entries}"
        assert sum(map(cell_len, entries)) <= 80, f"{place}: {entries}"


async def test_palette_offers_what_can_be_done_now(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test() as pilot:
        await pilot.pause()

        def titles() -> set[str]:
            return {command.title for command in app.get_system_commands(app.screen)}

        assert {"Login: Log in", "Program: Quit"} <= titles()
        assert "Login: Fill in the demo account" not in titles()  # no demo server
        app.post_message(Converse(session_of(1)))
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed is not None)
        assert "Microphone: Mute or unmute" in titles()
        assert "Screen: Switch language" in titles()
        assert "Customer: Interrupt" not in titles()
        services.relay.ended = True
        await until(pilot, lambda: app.screen.feed.finished)
        assert "Microphone: Mute or unmute" not in titles()


async def test_palette_runs_an_action(make_app: Any, until: Any) -> None:
    app = make_app(demo=True)
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: app.screen.query("CommandInput"))
        await pilot.press(*"demo account")
        await until(pilot, lambda: app.screen.query("CommandList").first().option_count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("#username"))
        await until(pilot, lambda: app.screen.query_one("#username").value == "admin")


async def test_help_lists_every_action_with_the_keys_in_force(make_app: Any, until: Any) -> None:
    app = make_app(demo=True, keys={"login.demo": "f9"})
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        svg = app.export_screenshot().replace("&#160;", " ")
        for action in (*LoginScreen.ACTIONS, *APP_ACTIONS):
            assert action.id in svg
            assert action.help.split("(")[0].split(";")[0].strip() in svg
        assert ">f9" in svg
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LoginScreen))
        await pilot.press("f9")
        assert app.screen.query_one("#username").value == "admin"


async def test_bindings_are_translated_when_shown(make_app: Any) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.screen.active_bindings["f5"].binding.description == "Check server"
        i18n.set_language("ja")
        assert app.screen.active_bindings["f5"].binding.description == "サーバー確認"
        assert app.screen.active_bindings["f5"].tooltip == "サーバーをもう一度確認します"


def test_an_action_without_keymap_keeps_its_keys() -> None:
    from tui.actions import keys_of

    action = Action("a.b", "x,f4", "b", "B", "A: B", "Does b")
    assert keys_of(action, {}) == ["x", "f4"]
    assert keys_of(action, {"a.b": "f9"}) == ["f9"]


async def test_a_name_that_settings_have_wrong_is_told(make_app: Any, until: Any) -> None:
    app = make_app(keys={"live.mute": "f4", "live.moot": "f5"}, theme="no-such")
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: len(app._notifications) == 2)
        said = " ".join(notification.message for notification in app._notifications)
    assert "live.moot" in said
    assert "live.mute" not in said
    assert "no-such" in said
    assert "salesmind-light" in said


def _shown_words() -> list[tuple[str, str]]:
    """Every string of the screens that is marked for translation, with its file."""
    found = []
    for path in sorted(TUI.rglob("*.py")):
        if path.is_relative_to(TUI / "cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "N_", "ngettext"):
                found += [(path.name, arg.value) for arg in node.args if isinstance(arg, ast.Constant)]
    return [(name, words) for name, words in found if isinstance(words, str)]


NAMES_A_KEY = re.compile(r"\bF\d{1,2}\b|\bEsc\b|[Cc]trl[+-]|\b[Pp]ress \w\b|\b[b-z] (speaks|goes|resumes)\b")


def test_no_sentence_names_a_key_of_its_own() -> None:
    words = _shown_words()
    assert len(words) > 300
    assert [pair for pair in words if NAMES_A_KEY.search(pair[1])] == []


def _text(app: Any, selector: str) -> str:
    return " ".join(str(widget.render()) for widget in app.screen.query(selector))


async def test_hints_name_the_keys_in_force(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    keys = {"live.sample": "f11", "live.back": "q", "sessions.new": "z,f12"}
    app = make_app(logged_in=True, keys=keys, conversation_language="ja")
    async with app.run_test(size=(120, 40)) as pilot:
        app.push_screen(SessionsScreen())
        await until(pilot, lambda: "Press z (or F12)" in _text(app, "#empty"))
        app.post_message(Converse(session_of(1)))
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed is not None)
        hint = _text(app, "#hint")
        assert "Press F11\n" in hint
        assert "Press t (or F3)\n" in hint
        assert "q to close" in app.screen.query_one("#say").placeholder
