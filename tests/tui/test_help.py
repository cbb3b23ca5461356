"""What teaches: help, tour, palette, jump labels."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Static

from tui import i18n
from tui.actions import Action, KeyNames
from tui.frame.help import HelpScreen, by_noun
from tui.frame.jump import JumpScreen
from tui.frame.screen import ConsoleModal, ConsoleScreen
from tui.host import memory
from tui.keymap import action_groups
from tui.sessions.screen import SessionsScreen
from tui.tour.screen import TourScreen
from tui.tour.steps import steps
from tui.wording.kana import as_typed, reading


def whole_screens() -> list[type[ConsoleScreen[Any]]]:
    """Every screen with actions that is no dialog."""
    list(action_groups())  # imports them
    found: list[type[ConsoleScreen[Any]]] = []
    todo: list[type[ConsoleScreen[Any]]] = [ConsoleScreen]
    while todo:
        kind = todo.pop()
        todo += kind.__subclasses__()
        if kind.ACTIONS and not issubclass(kind, ConsoleModal):
            found.append(kind)
    return found


def text(app: Any, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def test_every_screen_says_what_it_is_for_in_both_languages() -> None:
    screens = whole_screens()
    assert len(screens) > 12
    i18n.set_language("ja")
    assert [one.__name__ for one in screens if not one.ABOUT or i18n._(one.ABOUT) == one.ABOUT] == []


def test_actions_are_grouped_by_what_they_are_done_to() -> None:
    actions = [Action(f"x.{n}", "f2", n, n, f"{n[0]}: {n}", n) for n in ("a1", "b1", "a2", "c1")]
    grouped = [(title, [one.name for one in group]) for title, group in by_noun(actions, "rest")]
    assert grouped == [("rest", ["b1", "c1"]), ("a", ["a1", "a2"])]
    assert by_noun([], "rest") == []


@pytest.mark.parametrize("key", ["f1", "question_mark"])
async def test_help_says_what_the_screen_is_for(make_app: Any, until: Any, key: str) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        app.push_screen(SessionsScreen())
        await until(pilot, lambda: app.screen.query("#table"))
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert "Choose one to talk in" in text(app, "#about")
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))


async def test_a_question_mark_is_typed_into_a_field(make_app: Any, until: Any) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.screen.query_one("#username").focus()
        await pilot.press("question_mark")
        await until(pilot, lambda: app.screen.query_one("#username").value.endswith("?"))


def test_the_tour_has_five_steps_with_the_keys_in_force() -> None:
    shown = steps(KeyNames({"sessions.new": "f11"}))
    assert len(shown) == 5
    assert shown[0].keys[0] == ("F11", "Start a new session")


async def test_the_tour_is_offered_until_it_is_over(make_app: Any, until: Any, tmp_path: Any) -> None:
    app = make_app(logged_in=True)
    app.memory.tour_over = False
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        app.push_screen(SessionsScreen())
        await until(
            pilot, lambda: app.screen.query("#tour-offer") and app.screen.query_one("#tour-offer").display
        )
        await pilot.press("f1", "t")
        await until(pilot, lambda: isinstance(app.screen, TourScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
        assert not memory.load(tmp_path).tour_over
        await pilot.press("f13")
        await until(pilot, lambda: isinstance(app.screen, TourScreen))
        for n in (2, 3, 4, 5):
            await pilot.press("enter")
            await until(pilot, lambda n=n: text(app, "#title").startswith(f"{n} of 5"))
        await pilot.press("left")
        await until(pilot, lambda: text(app, "#title").startswith("4 of 5"))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
        await until(pilot, lambda: not app.screen.query_one("#tour-offer").display)
        assert memory.load(tmp_path).tour_over


def test_every_japanese_palette_entry_can_be_found_by_kana() -> None:
    i18n.set_language("ja")
    words = {i18n._(action.palette) for actions in action_groups() for action in actions}
    unread = {entry: reading(entry) for entry in words if re.search(r"[\u3400-\u9fff々]", reading(entry))}
    assert not unread, "add the words to tui/wording/kana.py"


@given(st.text())
def test_a_reading_is_found_by_what_it_is_typed_as(words: str) -> None:
    assert as_typed(reading(words)) == reading(words)


@pytest.mark.parametrize("typed", ["けんさく", "ケンサク", "検索", "search", "ｓｅａｒｃｈ"])
async def test_palette_finds_readings_and_english(make_app: Any, until: Any, typed: str) -> None:
    i18n.set_language("ja")
    app = make_app(logged_in=True)
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        app.push_screen(SessionsScreen())
        await until(pilot, lambda: app.screen.query("#table"))
        await pilot.press("ctrl+p")
        await until(pilot, lambda: app.screen.query("CommandInput"))
        app.screen.query_one("CommandInput").value = typed

        def found() -> list[str]:
            options = app.screen.query("CommandList").first().options
            return [str(option.prompt) for option in options]

        await until(pilot, lambda: any("検索" in entry for entry in found()))
        assert "検索" in found()[0]


async def test_a_letter_leads_to_every_place(make_app: Any, until: Any) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.push_screen(SessionsScreen())
        await until(pilot, lambda: app.screen.query("#table") and app.focused is not None)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, JumpScreen))
        labels = list(app.screen.query(".label"))
        assert [str(label.render()).strip() for label in labels] == ["a", "s"]
        await until(pilot, lambda: labels[1].region.x > 60)  # where the details are
        await pilot.press("s")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "details")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, JumpScreen))
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen))
        assert app.focused is not None and app.focused.id == "details"
