"""Keys that arrive together: a slow line, a script, a password manager. Each goes where those before it lead."""

from __future__ import annotations

from typing import Any

from textual.events import Key, Paste
from textual.widgets import Input, TextArea

from relay import commands
from tests.tui import scripted
from tui.navigation import Converse
from tui.sessions.new_session import NewSessionScreen
from tui.sessions.screen import SessionsScreen

KEYS = {"\t": "tab", "\r": "enter", " ": "space", "\x1b": "escape"}


def in_one_write(app: Any, text: str) -> None:
    for character in text:
        app.post_message(Key(KEYS.get(character, character), character))


async def test_password_after_a_tab_is_not_in_the_user_name(make_app: Any, until: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        in_one_write(app, "admin\tsecret-word")
        await until(pilot, lambda: app.screen.password.value == "secret-word")
        assert app.screen.username.value == "admin"


async def test_enter_in_a_field_leads_on_too(make_app: Any, services: Any, until: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        in_one_write(app, "admin\rsecret-word\r")
        await until(pilot, lambda: ("login", "admin", "secret-word") in services.server.calls)


async def test_line_that_opens_with_its_own_key_is_not_taken_for_keys(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.post_message(Converse(session_of(1)))
        await until(pilot, lambda: type(app.screen).__name__ == "LiveScreen" and app.screen.feed is not None)
        screen = app.screen
        services.relay.script = scripted.opening()
        await until(pilot, lambda: screen.check_action("sample", ()))
        in_one_write(app, "tmind the gap\r")
        await until(pilot, lambda: services.relay.sent)
        assert services.relay.sent == [commands.Say(text="mind the gap")]
        assert app.screen is screen


async def test_form_that_opens_takes_what_is_typed_behind_its_key(
    make_app: Any, services: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.push_screen(SessionsScreen())
        await until(pilot, lambda: any(call[0] == "list_sessions" for call in services.server.calls))
        in_one_write(app, "nabc\txyz")
        await until(pilot, lambda: app.screen.query("#value_proposition"))
        await until(pilot, lambda: app.screen.query_one("#value_proposition", TextArea).text == "xyz")
        assert app.screen.query_one("#industry", Input).value == "abc"


async def test_paste_keeps_its_place_among_the_keys(make_app: Any, until: Any) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        in_one_write(app, "admin\t")
        app.post_message(Paste("secret"))
        in_one_write(app, "!")
        await until(pilot, lambda: app.screen.password.value == "secret!")


async def test_widget_that_goes_away_holds_nothing_up(make_app: Any, services: Any, until: Any) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.push_screen(SessionsScreen())
        await until(pilot, lambda: any(call[0] == "list_sessions" for call in services.server.calls))
        in_one_write(app, "n\x1bnabc")  # open, close, open again
        await until(
            pilot, lambda: [one.value for one in app.screen.query("#industry").results(Input)] == ["abc"]
        )


async def test_a_form_closed_before_it_is_there_closes_without_harm(make_app: Any, until: Any) -> None:
    """As on a busy machine, where Escape comes before the form has been set up."""
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        form = NewSessionScreen()
        app.push_screen(form)
        form.dismiss(None)
        await until(pilot, lambda: not form.is_attached)
        assert app._exception is None
