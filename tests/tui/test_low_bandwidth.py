"""Slow lines: when they are noticed, and what is written to them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import CursorPosition

from tests.tui import scripted
from tui import app as app_module
from tui.conversation.live import LiveScreen
from tui.conversation.pace import FULL, QUIET
from tui.host.line import ASK_EVERY_S, LATE_IN_A_ROW, QUESTION, SLOW_S, LineWatch
from tui.navigation import Converse


def _delays(*delays_s: float) -> LineWatch:
    watch, now = LineWatch(), 0.0
    for delay_s in delays_s:
        assert watch.due(now)
        assert not watch.due(now + delay_s / 2)  # one question at a time
        watch.answered(now + delay_s)
        assert not watch.due(now + delay_s + ASK_EVERY_S / 2)
        now += delay_s + ASK_EVERY_S + 0.001  # floats are not exact
    return watch


def test_a_line_is_slow_when_answers_are_late_several_times_in_a_row() -> None:
    assert _delays(1.6, 2.0, 9.0).slow
    assert not _delays(1.6, 2.0).slow
    assert not _delays(9.0, 9.0, 0.1, 9.0, 9.0).slow


@given(st.lists(st.floats(0, SLOW_S - 0.001), max_size=20))
def test_a_line_that_answers_in_time_is_not_slow(delays_s: list[float]) -> None:
    assert not _delays(*delays_s).slow


def test_a_terminal_that_never_answers_is_not_slow() -> None:
    watch = LineWatch()
    assert watch.due(0.0)
    assert not any(watch.due(moment) for moment in range(1, 1000))
    assert not watch.slow
    watch = LineWatch()
    watch.answered(5.0)  # not asked
    assert not watch.slow


async def test_a_slow_line_makes_the_console_quiet(
    make_app: Any, services: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "LOOK_AT_LINE_EVERY_S", 0.001)
    app = make_app()
    asked: list[float] = []
    monkeypatch.setattr(
        app, "write_to_terminal", lambda text: asked.append(services.now) if text == QUESTION else None
    )
    async with app.run_test() as pilot:
        assert (app.quiet, app.animation_level) == (False, "full")
        app._watch_line()
        for number in range(1, LATE_IN_A_ROW + 1):
            await until(pilot, lambda number=number: len(asked) == number)
            services.now += 3.0
            app.post_message(CursorPosition(0, 0))
            await pilot.pause()
            services.now += ASK_EVERY_S
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
