"""Which panels are shown, at which size, and by which key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.tui import scripted
from tui.conversation.live import LiveScreen
from tui.conversation.signals_panel import extent_for
from tui.host.terminal import ascii_only
from tui.navigation import Converse


@pytest.fixture
def talking(
    make_app: Any, services: Any, session_of: Any, until: Callable[..., Awaitable[None]]
) -> Callable[..., Any]:
    @asynccontextmanager
    async def talk(size: tuple[int, int], **settings: Any) -> AsyncIterator[tuple[Any, Any]]:
        app = make_app(logged_in=True, **settings)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.post_message(Converse(session_of(1)))
            await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed)
            services.relay.script = scripted.talk()
            await until(pilot, lambda: len(app.screen.query(".turn")) == 4)
            await until(pilot, lambda: str(app.screen.query_one("#health").render()))
            yield pilot, app.screen

    return talk


def shown(screen: Any) -> set[str]:
    names = ("talk", "side", "signals", "health", "news", "events")
    return {name for name in names if screen.query_one(f"#{name}").region.area}


@pytest.mark.parametrize(
    ("size", "panels", "extent"),
    [
        ((80, 24), {"talk", "health", "news", "events"}, "off"),
        ((100, 30), {"talk", "side", "signals", "health", "news", "events"}, "strip"),
        ((120, 40), {"talk", "side", "signals", "health", "news", "events"}, "plots"),
        ((200, 60), {"talk", "side", "signals", "health", "news", "events"}, "tall"),
    ],
)
async def test_each_size_shows_what_it_has_room_for(
    talking: Any, until: Any, size: tuple[int, int], panels: set[str], extent: str
) -> None:
    async with talking(size) as (pilot, screen):
        await until(pilot, lambda: shown(screen) == panels)
        assert screen.signals.extent == extent
        assert screen.query_one("#transcript").size.height >= 5
        if "signals" in panels:
            await until(
                pilot, lambda: screen.signals.size.height == screen.signals.plain_text.count("\n") + 1
            )


async def test_keys_show_more_and_less(talking: Any, until: Any) -> None:
    async with talking((80, 24)) as (pilot, screen):
        await pilot.press("s")
        await until(pilot, lambda: "last 60 s" in screen.signals.plain_text)
        await pilot.press("minus")
        await until(pilot, lambda: "last 300 s" in screen.signals.plain_text)
        await pilot.press("minus", "plus", "plus", "plus")
        await until(pilot, lambda: "last 30 s" in screen.signals.plain_text)
        await pilot.press("s", "s", "s")
        await until(pilot, lambda: "signals" not in shown(screen))
        await pilot.press("g")
        await until(pilot, lambda: "side" in shown(screen))
        await pilot.press("g")
        await until(pilot, lambda: "side" not in shown(screen))


async def test_one_panel_after_the_other_is_enlarged(talking: Any, until: Any) -> None:
    async with talking((120, 40)) as (pilot, screen):
        before = shown(screen)
        for panels in ({"talk"}, {"signals"}, {"events"}):
            await pilot.press("x")
            await until(pilot, lambda panels=panels: shown(screen) == panels | {"health", "news"})
        await pilot.press("x")
        await until(pilot, lambda: shown(screen) == before)


async def test_the_summary_is_shown_whatever_was_enlarged(talking: Any, until: Any, services: Any) -> None:
    async with talking((80, 24)) as (pilot, screen):
        await pilot.press("x", "x")
        services.relay.script = scripted.end()
        services.relay.ended = True
        await until(pilot, lambda: screen.feed.finished and "side" in shown(screen))
        assert "has ended" in str(screen.query_one("#health").render())


async def test_held_still_the_signals_stay_and_go_on_counting(
    talking: Any, until: Any, services: Any
) -> None:
    async with talking((120, 40)) as (pilot, screen):
        await pilot.press("p")
        before = screen.signals.plain_text
        services.relay.script = [scripted.meters(30 + tick / 10) for tick in range(20)]
        await until(pilot, lambda: screen.feed.history.samples[-1].t == 31.9)
        assert screen.signals.plain_text == before
        await pilot.press("p")
        await until(pilot, lambda: screen.signals.plain_text != before)


async def test_plain_signals_on_a_terminal_without_braille(
    talking: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "linux")
    assert ascii_only()
    async with talking((120, 40)) as (pilot, screen):
        await until(pilot, lambda: "Chunks sent" in screen.signals.plain_text)
        assert screen.signals.plain_text.isascii()


def test_a_tall_terminal_shows_more() -> None:
    assert [extent_for(rows) for rows in (20, 24, 30, 40, 60)] == ["off", "off", "strip", "plots", "tall"]


async def test_panels_are_as_they_were_left(
    make_app: Any, services: Any, session_of: Any, until: Any, tmp_path: Path
) -> None:
    async def arranged(keys: list[str]) -> tuple[str, int, bool, bool]:
        app, services.relay.ended = make_app(logged_in=True), False
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            app.post_message(Converse(session_of(1)))
            await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed is not None)
            services.relay.script = scripted.talk()
            await until(pilot, lambda: app.screen.feed.state.turns)
            await pilot.press(*keys)
            await pilot.pause()
            screen = app.screen
            signals = screen.signals
            return (
                signals.extent,
                signals.window_s,
                screen.has_class("-readings"),
                screen.has_class("-enlarged-talk"),
            )

    assert await arranged([]) == ("plots", 60, True, False)
    changed = ("tall", 300, False, True)
    assert await arranged(["s", "minus", "g", "x"]) == changed
    assert await arranged([]) == changed, "the next start"
    assert await arranged(["ctrl+l"]) == changed, "in the other language"
    (tmp_path / "state.json").write_text('{"panels": {"signals": "huge", "window_s": "x", "enlarged": []}}')
    assert await arranged([]) == ("plots", 60, True, False), "what nobody knows is ignored"
