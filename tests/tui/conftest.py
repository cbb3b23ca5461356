"""A console on fakes: no network, no child process, a clock that stands still."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from textual.events import Key
from textual.widgets import Input

from api_client.models import (
    Session,
)
from relay.recording.manifest import Manifest, decode, encode
from relay.recording.recorder import Recorder
from relay.stream import StreamEvent
from tests.tui import scripted
from tests.tui.fake_services import FakeServices, make_session
from tui import i18n
from tui.acceptance import run_screen
from tui.app import SalesMindApp
from tui.conversation import collector
from tui.conversation import screen as conversation
from tui.devices import screen as devices
from tui.host.services import ServerAccount
from tui.sessions import list_screen as sessions
from tui.settings import ConsoleSettings


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Tests read English unless they say otherwise; the language is process-wide."""
    before = i18n.language()
    i18n.set_language("en")
    yield
    i18n.set_language(before)


@pytest.fixture(autouse=True)
def same_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A blinking cursor would make every other snapshot differ, and so would whose terminal the tests run in."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _self: None)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLORTERM", "truecolor")


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause meant for people is short, and a whole test run's garbage is not collected with every screen."""
    monkeypatch.setattr(sessions, "DETAIL_DELAY_S", 0.02)
    # Pilot takes 20 ms with next to no work for idle; what the tests wait for, they wait for by ``until``.
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", 1 / 200)
    monkeypatch.setattr("textual._wait.SLEEP_IDLE", 1 / 1000)
    still = dict.fromkeys(("collect", "freeze", "unfreeze"), lambda: 0)
    thresholds = {name: getattr(gc, name) for name in ("get_threshold", "set_threshold")}
    monkeypatch.setattr(collector, "gc", SimpleNamespace(**still, **thresholds))
    monkeypatch.setattr(conversation, "TICK_S", 0.02)
    monkeypatch.setattr(run_screen, "TICK_S", 0.02)
    monkeypatch.setattr(devices, "TICK_S", 0.02)


@pytest.fixture(autouse=True, scope="module")
def rare_collections() -> Iterator[None]:
    """Screens make objects by the hundred thousand: collecting after every 700 takes a fifth of the tests' time."""
    thresholds = gc.get_threshold()
    gc.set_threshold(20_000, 5, 20)
    gc.freeze()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.fixture
def services() -> FakeServices:
    """Fakes to be set up before the app is made."""
    return FakeServices()


@pytest.fixture
def make_app(services: FakeServices, tmp_path: Path) -> Callable[..., SalesMindApp]:
    """Makes an app on ``services``; keywords are settings. ``logged_in=True`` starts at the sessions."""

    def make(*, logged_in: bool = False, **settings: Any) -> SalesMindApp:
        settings.setdefault("server_url", "http://127.0.0.1:8000")
        app = SalesMindApp(ConsoleSettings(state_directory=tmp_path, **settings), services)
        app.memory.tour_over = True
        if logged_in:
            app.account = ServerAccount("http://127.0.0.1:8000", "admin", "t" * 40)
        return app

    return make


@pytest.fixture
def session_of() -> Callable[..., Session]:
    """Makes sessions."""
    return make_session


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Waits for a state of the app; fails when it does not come."""

    async def wait(pilot: Any, condition: Callable[[], object], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the awaited state did not come"
            await asyncio.sleep(0.005)
        await pilot.pause()

    return wait


@pytest.fixture
def burst() -> Callable[..., None]:
    """Presses a key several times in one breath, as a held key or a slow line does."""

    def press(app: SalesMindApp, key: str, times: int = 2) -> None:
        for _ in range(times):
            app.post_message(Key(key, None))

    return press


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """Writes a recording where the console looks for them; ``how``: that of its manifest, else as it ended."""

    def write(
        name: str = "20261122-a",
        events: list[StreamEvent] | None = None,
        *,
        cut_off: bool = False,
        **facts: Any,
    ) -> Path:
        begun = Manifest(
            id="",
            **{
                "started_at": "2026-11-22T10:05:00+00:00",
                "server_url": "http://127.0.0.1:8000",
                "session_id": scripted.SESSION_ID,
                "versions": {"salesmind": "0.1.0"},
            }
            | facts,
        )
        failures: list[OSError] = []
        directory = tmp_path / "recordings" / name
        recorder = Recorder(directory, 0.0, failures.append, begun)
        for event in scripted.talk() + scripted.end() if events is None else events:
            recorder.event(event)
        recorder.user_audio(b"\x00\x20\x00\xe0" * 12_000, 5.0)
        recorder.finish()
        assert not failures
        if cut_off:
            written = decode((directory / "manifest.json").read_bytes())
            (directory / "manifest.json").write_bytes(encode(replace(written, ended=None, sha256={})))
        return directory

    return write
