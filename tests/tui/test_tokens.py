"""Logins that are remembered: where, by whom they can be read, and how they are forgotten."""

from __future__ import annotations

import stat
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from textual.widgets import Checkbox, Input

from api_client.errors import NotAuthenticated
from tui.cli.group import salesmind
from tui.host import tokens
from tui.host.tokens import TokenStore

SERVER, TOKEN = "http://127.0.0.1:8000", "planted-token-7a1f"


class Keyring:
    """The functions of the `keyring` package, over a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, name: str, value: str) -> None:
        self.kept[service, name] = value

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    fake = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", fake)
    return fake


@pytest.fixture(autouse=True)
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """No keyring of whoever runs the tests."""
    monkeypatch.setitem(sys.modules, "keyring", None)


def files_with(directory: Path, text: str) -> list[str]:
    return [path.name for path in directory.rglob("*") if path.is_file() and text in path.read_text()]


def test_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "state")
    assert store.get(SERVER, "admin") is None
    assert store.keep(SERVER, "admin", TOKEN) == "file"
    assert TokenStore(tmp_path / "state").get(f"{SERVER}/", "admin") == TOKEN
    assert store.get(SERVER, "other") is None
    path = tmp_path / "state" / "tokens.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert store.forget(SERVER, "admin") == 1
    assert list(path.parent.iterdir()) == []


def test_the_keyring_where_there_is_one(tmp_path: Path, keyring: Keyring) -> None:
    store = TokenStore(tmp_path)
    assert store.keep(SERVER, "admin", TOKEN) == "keyring"
    assert files_with(tmp_path, TOKEN) == []
    assert store.get(SERVER, "admin") == TOKEN
    assert store.forget() == 1
    assert (keyring.kept, store.has(SERVER, "admin")) == ({}, False)


@pytest.mark.parametrize("how", ["raises", "forgets", "hangs"])
def test_a_keyring_that_does_not_work_is_none(
    tmp_path: Path, keyring: Keyring, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    over = threading.Event()
    monkeypatch.setattr(tokens, "LIMIT_S", 0.1)

    def broken(*_: Any) -> None:
        if how == "raises":
            raise RuntimeError("locked")
        if how == "hangs":
            over.wait(5)

    monkeypatch.setattr(keyring, "set_password", broken)
    store = TokenStore(tmp_path)
    assert store.keep(SERVER, "admin", TOKEN) == "file"
    assert store.get(SERVER, "admin") == TOKEN
    over.set()


@pytest.mark.parametrize("damaged", ["", "[]", '{"admin http://127.0.0.1:8000": 3}', "{", "\x00"])
def test_a_damaged_file_is_none(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "tokens.json").write_text(damaged)
    assert TokenStore(tmp_path).get(SERVER, "admin") is None
    assert TokenStore(tmp_path).keep(SERVER, "admin", TOKEN) == "file"


def test_logout_forgets_all_or_some(tmp_path: Path) -> None:
    environment = {
        "SALESMIND_STATE_DIR": str(tmp_path),
        "SALESMIND_LANG": "en",
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    store = TokenStore(tmp_path)
    for user in ("a", "b", "c"):
        store.keep(SERVER, user, TOKEN)

    def logout(*arguments: str) -> str:
        done = CliRunner().invoke(salesmind, ["logout", *arguments], env=environment)
        assert done.exit_code == 0
        return done.stderr.strip()

    assert logout("--username", "a") == "1 login was forgotten."
    assert logout("--server", "http://elsewhere") == "There was no remembered login."
    assert logout("--server", SERVER) == "2 logins were forgotten."
    assert logout() == "There was no remembered login."


async def log_in(app: Any, pilot: Any, until: Any, *, remember: bool) -> None:
    await pilot.pause()
    app.screen.query_one("#remember", Checkbox).value = remember
    app.screen.query_one("#username", Input).value = "admin"
    app.screen.query_one("#password", Input).value = "planted-password"
    await pilot.press("f3")
    await until(pilot, lambda: type(app.screen).__name__ == "SessionsScreen")


async def test_nothing_is_remembered_unasked(make_app: Any, until: Any, tmp_path: Path) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await log_in(app, pilot, until, remember=False)
    assert files_with(tmp_path, "t" * 40) == files_with(tmp_path, "planted-password") == []


async def test_a_remembered_login_needs_no_password_until_logging_out(
    make_app: Any, services: Any, until: Any, tmp_path: Path
) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await log_in(app, pilot, until, remember=True)
        await until(pilot, lambda: (tmp_path / "tokens.json").exists())
    assert files_with(tmp_path, "planted-password") == []
    services.server.calls.clear()
    app = make_app(username="admin")
    async with app.run_test() as pilot:
        await until(
            pilot, lambda: "Enter logs in" in str(app.screen.query_one("#password", Input).placeholder)
        )
        await pilot.press("enter")
        await until(pilot, lambda: type(app.screen).__name__ == "SessionsScreen")
        assert app.account.token == "t" * 40
        assert not any(call[0] == "login" for call in services.server.calls)
        await pilot.press("escape")
        await until(pilot, lambda: type(app.screen).__name__ == "LoginScreen")
        await until(pilot, lambda: not (tmp_path / "tokens.json").exists())


async def test_a_remembered_login_that_the_server_refuses_is_forgotten(
    make_app: Any, services: Any, until: Any, tmp_path: Path
) -> None:
    TokenStore(tmp_path).keep(SERVER, "admin", TOKEN)
    services.server.fail["list_sessions"] = NotAuthenticated("no")
    app = make_app(username="admin")
    async with app.run_test() as pilot:
        await until(
            pilot, lambda: "Enter logs in" in str(app.screen.query_one("#password", Input).placeholder)
        )
        await pilot.press("enter")
        await until(pilot, lambda: "no longer valid" in str(app.screen.query_one("#password-error").render()))
        assert not (tmp_path / "tokens.json").exists()
        assert app.screen.query_one("#password", Input).placeholder == ""
