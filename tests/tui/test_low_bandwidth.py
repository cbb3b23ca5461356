"""Slow lines: when they are noticed, and what is written to them."""

from __future__ import annotations

import os
import pty
import select
from contextlib import suppress
from typing import Any

import pytest

from tests.tui import scripted
from tui.conversation.live import LiveScreen
from tui.conversation.pace import FULL, QUIET
from tui.host import line
from tui.host.line import SAMPLES, LineWatch, has_room
from tui.navigation import Converse


def test_a_line_is_slow_when_it_takes_nothing_half_of_the_time() -> None:
    watch = LineWatch()
    assert not any(watch.sample(number % 2 == 0) for number in range(SAMPLES - 1))
    assert watch.sample(False)


def test_a_short_stall_is_not_a_slow_line() -> None:
    watch = LineWatch()
    assert not any(watch.sample(number >= SAMPLES // 4) for number in range(4 * SAMPLES))


def test_a_terminal_that_is_not_read_has_no_room() -> None:
    ours, theirs = pty.openpty()
    try:
        assert has_room(theirs)
        os.set_blocking(theirs, False)
        # What does not fit is taken a moment later, until the other side's buffer is full as well.
        while select.select([], [theirs], [], 0.3)[1]:
            with suppress(BlockingIOError):
                os.write(theirs, b"x" * 65_536)
        assert not has_room(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


async def test_a_slow_line_makes_the_console_quiet(
    make_app: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "SAMPLE_EVERY_S", 0.001)
    monkeypatch.setattr(line, "has_room", lambda _descriptor: False)
    app = make_app()
    async with app.run_test() as pilot:
        assert (app.quiet, app.animation_level) == (False, "full")
        app._watch_line()
        await until(pilot, lambda: app.quiet)
        assert app.animation_level == "none"


@pytest.mark.parametrize("low", [False, True])
async def test_a_quiet_screen_paints_less_and_counts_all_the_same(
    make_app: Any, services: Any, session_of: Any, until: Any, low: bool
) -> None:
    app = make_app(logged_in=True, low_bandwidth=low)
    painted: list[int] = []
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.post_message(Converse(session_of(1)))
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed is not None)
        screen = app.screen
        original = screen.paint_instruments

        def counted(feed: Any) -> None:
            painted.append(screen._ticks)
            original(feed)

        screen.paint_instruments = counted
        services.relay.script = scripted.talk()
        begun = screen._ticks
        await until(pilot, lambda: screen._ticks > begun + 100)
        pace = QUIET if low else FULL
        most = 100 / (pace.ticks * pace.signals_every)
        assert 0 < len(painted) <= most + 2
        state = screen.feed.state
        assert [turn.text for turn in state.turns]
        shown = "".join(str(one.render()) for one in screen.query("#audio"))
        assert f"n={state.latency.n}" in shown
