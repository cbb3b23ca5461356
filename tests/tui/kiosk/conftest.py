"""A kiosk on fakes: a box of plain values, a clock that stands still."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from api_client.box import Visit
from api_client.errors import ApiError
from tests.tui.fake_services import FakeServices
from tui.kiosk import app as kiosk_app
from tui.kiosk import holding
from tui.kiosk.app import KioskApp, KioskOptions
from tui.kiosk.services import VisitorServices
from tui.kiosk.welcome import WelcomeScreen
from tui.sessions.screen import SessionsScreen
from tui.settings import AudioDefaults, ConsoleSettings

ADMITTED = Visit(id="v1", visitors=1, limit=2, username="visitor-1", token="t" * 40, left_seconds=1200.0)
WAITING = Visit(id="v1", place=3, visitors=2, limit=2)


@dataclass
class FakeBox:
    """``standing`` is what a report is answered with, ``fail`` what is raised instead."""

    standing: Visit = ADMITTED
    fail: ApiError | None = None
    arrivals: list[tuple[str, float | None]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)

    def _answer(self) -> Visit:
        if self.fail is not None:
            raise self.fail
        return self.standing

    async def arrive(self, language: str, stay_s: float | None) -> Visit:
        self.arrivals.append((language, stay_s))
        return self._answer()

    async def report(self, visit_id: str, **news: Any) -> Visit:
        self.reports.append(news)
        return self._answer()

    async def leave(self, visit_id: str, outcome: str) -> None:
        self.left.append((visit_id, outcome))

    async def aclose(self) -> None:
        pass


class FakeVisitorServices(VisitorServices, FakeServices):  # type: ignore[misc]  # the walls stand outside
    """The walls of a visitor around the fakes."""


@pytest.fixture(autouse=True)
def brisk_kiosk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "REPORT_S", 0.02)
    monkeypatch.setattr(kiosk_app, "LOOK_EVERY_S", 0.02)


@pytest.fixture
def box() -> FakeBox:
    return FakeBox()


@pytest.fixture
def make_kiosk(box: FakeBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., KioskApp]:
    """Makes a kiosk; keywords are ``KioskOptions``, and ``source`` and ``sink``."""
    monkeypatch.setattr(KioskApp, "_box_client", lambda self: _give(self, box))

    def make(source: str | None = None, sink: str | None = None, **options: Any) -> KioskApp:
        audio = AudioDefaults(source=source, sink=sink)
        settings = ConsoleSettings(state_directory=tmp_path, audio=audio)
        services = FakeVisitorServices(source or "silence", sink or "none")
        return KioskApp(settings, KioskOptions("http://127.0.0.1:8000", "s" * 40, **options), services)

    return make


def _give(app: Any, box: FakeBox) -> FakeBox:
    app._box = box
    return box


@pytest.fixture
def enter(until: Any) -> Callable[..., Awaitable[None]]:
    """From the welcome into the sessions."""

    async def go(app: KioskApp, pilot: Any) -> None:
        await until(pilot, lambda: isinstance(app.screen, WelcomeScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.table.row_count)

    return go
