"""Login: servers, their health, and errors where they can be mended."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Button, Input, Select, Static

from api_client.errors import (
    AccountRefused,
    BadCredentials,
    NoTls,
    ServerTimeout,
    TlsError,
    UnexpectedRedirect,
    ValidationFailed,
)
from relay.commands import UseToken
from tests.tui import scripted
from tui.host.memory import load
from tui.login.again import LoginAgainScreen
from tui.navigation import Converse
from tui.settings import Profile


def text(app: Any, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


async def test_health_is_shown_before_a_password_is_typed(make_app: Any, services: Any, until: Any) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await until(pilot, lambda: "answered in 12 ms" in text(app, "#health"))
        assert app.status.place == "127.0.0.1:8000"
        assert ("health",) in services.server.calls
        assert not any(call[0] == "login" for call in services.server.calls)


async def test_typed_address_is_checked_once_typing_pauses(make_app: Any, services: Any, until: Any) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await until(pilot, lambda: services.asked)
        url = app.screen.query_one("#url", Input)
        url.focus()
        url.value = ""
        await pilot.press(*"http://h:1")
        await until(pilot, lambda: services.asked[-1][0] == "http://h:1")
        # Once per pause, not once per key.
        assert [address for address, _ in services.asked] == ["http://127.0.0.1:8000", "http://h:1"]
        assert app.status.place == "h:1"


@pytest.mark.parametrize("key", ["f1", "ctrl+p"])
async def test_help_and_palette_leave_the_password(make_app: Any, until: Any, key: str) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await pilot.pause()
        login = app.screen
        login.password.value = "secret"
        await pilot.press(key)
        await until(pilot, lambda: app.screen is not login)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is login)
        assert login.password.value == "secret"


async def test_language_and_theme_are_remembered(make_app: Any, until: Any, tmp_path: Any) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.screen.password.value = "secret"
        await pilot.press("ctrl+l", "ctrl+t")
        await until(pilot, lambda: load(tmp_path).theme == "salesmind-light")
        assert load(tmp_path).language == "ja"
        assert app.screen.password.value == "secret"
        assert "secret" not in (tmp_path / "state.json").read_text(encoding="utf-8")
    assert make_app().theme == "salesmind-light"
    assert make_app(theme="salesmind-dark").theme == "salesmind-dark"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ServerTimeout("x"), "did not answer in time"),
        (TlsError("x"), "--insecure"),
        (NoTls("x"), "http://"),
        (UnexpectedRedirect("x", location="https://other"), "https://other"),
    ],
)
async def test_trouble_with_the_server_is_told_at_the_server(
    make_app: Any, services: Any, until: Any, error: Any, says: str
) -> None:
    services.server.fail["login"] = error
    app = make_app(username="admin")
    async with app.run_test() as pilot:
        await until(pilot, lambda: "answered" in text(app, "#health"))
        app.screen.query_one("#password", Input).value = "secret"
        await pilot.press("f3")
        await until(pilot, lambda: says in text(app, "#health"))
        assert text(app, "#password-error") == ""


@pytest.mark.parametrize(
    ("error", "says"),
    [(BadCredentials("x"), "wrong"), (AccountRefused("x", summary="無効です"), "無効です")],
)
async def test_refused_account_is_told_at_the_account(
    make_app: Any, services: Any, until: Any, error: Any, says: str
) -> None:
    services.server.fail["login"] = error
    app = make_app(username="admin")
    async with app.run_test() as pilot:
        app.screen.query_one("#password", Input).value = "secret"
        await pilot.press("f3")
        await until(pilot, lambda: says in text(app, "#password-error"))
        assert app.focused is app.screen.query_one("#password", Input)
        assert not app.screen.query_one("#submit", Button).disabled


async def test_what_is_missing_is_asked_for_until_it_is_typed(make_app: Any, until: Any) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await pilot.press("f3")
        await until(pilot, lambda: "fill this in" in text(app, "#username-error"))
        assert app.focused is app.screen.query_one("#username", Input)
        await pilot.press("b")
        await until(pilot, lambda: text(app, "#username-error") == "")
        assert "fill this in" in text(app, "#password-error")


async def test_fields_take_the_servers_own_messages(make_app: Any, services: Any, until: Any) -> None:
    services.server.fail["login"] = ValidationFailed("x", fields={"username": ("この項目は[空]です。",)})
    app = make_app(username="admin")
    async with app.run_test() as pilot:
        app.screen.query_one("#password", Input).value = "secret"
        await pilot.press("f3")
        await until(pilot, lambda: "この項目は[空]です。" in text(app, "#username-error"))


async def test_empty_fields_are_not_sent(make_app: Any, services: Any, until: Any) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await pilot.press("f3")
        await until(pilot, lambda: "fill" in text(app, "#password-error"))
        assert app.focused is app.screen.query_one("#username", Input)
        assert not any(call[0] == "login" for call in services.server.calls)


async def test_demo_account_with_one_key(make_app: Any, services: Any, until: Any) -> None:
    app = make_app(demo=True)
    async with app.run_test() as pilot:
        assert "admin / admin123" in text(app, "#demo")
        await pilot.press("f2", "enter")
        await until(pilot, lambda: type(app.screen).__name__ == "SessionsScreen")
        assert ("login", "admin", "admin123") in services.server.calls
        assert app.status.user == "admin"
        assert "t" * 40 not in repr(app.account)
        kept = load(app.settings.state_directory)
        assert kept.recent_servers == ["http://127.0.0.1:8000"]
        state = (app.settings.state_directory / "state.json").read_text()
        assert "admin123" not in state
        assert "t" * 40 not in state


async def test_without_demo_there_is_no_demo_key(make_app: Any) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await pilot.press("f2")
        assert not app.screen.query("#demo")
        assert app.screen.query_one("#username", Input).value == ""


async def test_profile_brings_its_address_user_and_insecurity(
    make_app: Any, services: Any, until: Any
) -> None:
    profiles = (
        Profile("demo", "http://127.0.0.1:8000"),
        Profile("staging", "https://staging.example", "tester", insecure=True),
    )
    app = make_app(profiles=profiles, server_url=None, profile="staging")
    async with app.run_test() as pilot:
        await until(pilot, lambda: ("https://staging.example", True) in services.asked)
        assert app.status.place == "staging@staging.example"
        assert app.status.insecure
        assert app.screen.query_one("#username", Input).value == "tester"
        select = app.screen.query_one("#server", Select)
        select.value = app.screen._choices[0]
        await until(pilot, lambda: app.status.place == "demo@127.0.0.1:8000")
        assert not app.status.insecure
        await until(pilot, lambda: ("http://127.0.0.1:8000", False) in services.asked)


async def test_language_is_switched_in_place(make_app: Any, until: Any) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await pilot.press("ctrl+l")
        await until(pilot, lambda: str(app.screen.query_one("#submit", Button).label) == "ログイン")


async def test_switching_the_language_keeps_what_was_typed(make_app: Any, services: Any, until: Any) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await until(pilot, lambda: "answered" in text(app, "#health"))
        for name, value in (("#url", "http://h:1"), ("#username", "tester"), ("#password", "secret")):
            app.screen.query_one(name, Input).value = value
        await until(pilot, lambda: services.asked[-1][0] == "http://h:1")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "12 ms" in text(app, "#health") and "正常" in text(app, "#health"))
        typed = [app.screen.query_one(name, Input).value for name in ("#url", "#username", "#password")]
        assert typed == ["http://h:1", "tester", "secret"]


async def test_without_an_address_nothing_is_sent_and_it_is_asked_for(
    make_app: Any, services: Any, until: Any
) -> None:
    app = make_app(demo=True)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "answered" in text(app, "#health"))
        await pilot.press("f2")
        app.screen.query_one("#url", Input).value = ""
        await pilot.press("f3")
        await until(pilot, lambda: app.focused is app.screen.query_one("#url", Input))
        assert "Type the address" in text(app, "#health")
        assert not any(call[0] == "login" for call in services.server.calls)


async def test_a_known_user_is_asked_for_the_password_at_once(make_app: Any) -> None:
    app = make_app(username="tester")
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press(*"secret")
        assert app.screen.query_one("#username", Input).value == "tester"
        assert app.screen.query_one("#password", Input).value == "secret"


async def test_a_login_that_is_no_longer_valid_comes_up_over_the_conversation(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.post_message(Converse(session_of(1)))
        await until(pilot, lambda: type(app.screen).__name__ == "LiveScreen" and app.screen.feed is not None)
        live = app.screen
        services.relay.script = [*scripted.opening(), scripted.problem(9, "bad_token", fatal=True)]
        await until(pilot, lambda: isinstance(app.screen, LoginAgainScreen))
        assert "goes on where it was" in text(app, "#why")
        services.server.fail["login"] = BadCredentials("no")
        await pilot.press(*"wrong", "enter")
        await until(pilot, lambda: "Error: " in text(app, "#problem"))
        services.server.fail.clear()
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is live)
        assert ("login", "admin", "wrong") in services.server.calls
        await until(pilot, lambda: UseToken(token="t" * 40) in services.relay.sent)
        assert live.running
        assert "Logged in again" in text(app, "#news")


async def test_whoever_does_not_log_in_again_keeps_the_conversation(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.post_message(Converse(session_of(1)))
        await until(pilot, lambda: type(app.screen).__name__ == "LiveScreen" and app.screen.feed is not None)
        services.relay.script = [*scripted.opening(), scripted.problem(9, "bad_token", fatal=True)]
        await until(pilot, lambda: isinstance(app.screen, LoginAgainScreen))
        await pilot.press("escape")
        await until(pilot, lambda: type(app.screen).__name__ == "LiveScreen")
        assert "asks for it again" in text(app, "#news")
        assert app.screen.running
        services.relay.script = [scripted.problem(12, "bad_token", fatal=True)]  # r was pressed meanwhile
        await until(pilot, lambda: isinstance(app.screen, LoginAgainScreen))
