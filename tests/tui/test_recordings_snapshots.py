"""What the list of recordings and a replay look like, at 80x24 and 120x40, in both languages.

After a change of looks: ``pytest tests/tui/test_recordings_snapshots.py --snapshot-update``, and look at the report.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from recordings.player.protocol import Opened
from tui import i18n
from tui.host.recordings import libraries
from tui.navigation import Replay

SIZES = [(80, 24), (120, 40)]
Arrange = Callable[[Any], Awaitable[None]]


@pytest.fixture(params=i18n.LANGUAGES)
def language(request: pytest.FixtureRequest) -> i18n.Language:
    chosen: i18n.Language = request.param
    i18n.set_language(chosen)
    return chosen


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def look(
    make_app: Any, snap_compare: Any, language: i18n.Language, request: pytest.FixtureRequest
) -> Callable[[Arrange], bool]:
    """Compares the screen that ``arrange`` leads to."""

    def compare(arrange: Arrange) -> bool:
        return bool(snap_compare(make_app(logged_in=True), terminal_size=request.param, run_before=arrange))

    return compare


@pytest.fixture
def in_list(services: Any, until: Any) -> Arrange:
    async def arrange(pilot: Any) -> None:
        from tui.recordings.screen import RecordingsScreen

        await until(pilot, lambda: ("health",) in services.server.calls)
        pilot.app.push_screen(RecordingsScreen(libraries(pilot.app.settings)))
        await until(
            pilot, lambda: isinstance(pilot.app.screen, RecordingsScreen) and pilot.app.screen._read_once
        )
        for kept in pilot.app.screen.recordings:
            # Its size is that of compressed sound, and differs with the version of the encoder.
            object.__setattr__(kept.entry, "size_bytes", 1_200_000)
        pilot.app.screen._show()
        await pilot.pause()

    return arrange


def test_recordings(
    look: Any, in_list: Arrange, record: Callable[..., Path], scripted: ModuleType, until: Any
) -> None:
    devices = ("在庫マイク", "Built-in Output")
    record("20261124-c", started_at="2026-11-24T10:05:00+00:00", devices=devices)
    events = [*scripted.talk(), scripted.problem(13.5, "device_lost", device="Mic"), *scripted.end()]
    marked = record(
        "20261123-b", events, started_at="2026-11-23T10:05:00+00:00", server_url="https://other.example"
    )
    (marked / "notes.json").write_text('{"marked":true,"note":"雑音がひどい"}')
    record("20261122-a", scripted.talk(), started_at="2026-11-22T10:05:00+00:00", cut_off=True)

    async def arrange(pilot: Any) -> None:
        await in_list(pilot)
        await pilot.press("down")
        await pilot.pause()

    assert look(arrange)


def test_no_recordings(look: Any, in_list: Arrange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.recordings.words.one_line", lambda _path: "~/.local/state/salesmind/recordings")
    assert look(in_list)


def test_export(look: Any, in_list: Arrange, record: Callable[..., Path], until: Any) -> None:
    record()

    async def arrange(pilot: Any) -> None:
        await in_list(pilot)
        await pilot.press("e")
        await until(pilot, lambda: pilot.app.screen.query("#formats"))
        await pilot.pause()

    assert look(arrange)


def test_replay(
    look: Any, services: Any, record: Callable[..., Path], scripted: ModuleType, until: Any
) -> None:
    events = [*scripted.talk(), scripted.problem(13.5, "device_lost", device="Mic"), *scripted.end()]
    directory = record("20261122-a", events)
    services.player.script = [Opened(name="Built-in", seconds=14.0)]

    async def arrange(pilot: Any) -> None:
        from tui.recordings.replay import ReplayScreen

        app = pilot.app
        await until(pilot, lambda: ("health",) in services.server.calls)
        app.post_message(Replay(directory))
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen) and app.screen.replay is not None)
        screen = app.screen
        await pilot.press("space", "right", "l", "right", "l")
        await until(pilot, lambda: screen.replay.head.t == 5.0 and screen.replay.head.playing)
        await pilot.press("space", "right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: screen.replay.head.t == 9.0 and services.player.told)
        painted = screen._ticks
        await until(pilot, lambda: screen._ticks > painted + 6)

    assert look(arrange)
