"""A conversation of hours: what the screen keeps does not grow with it."""

from __future__ import annotations

import gc
from collections import Counter
from typing import Any

from textual.widget import Widget

from relay.stream import Item, Response, Role, StreamEvent, Transcript
from tests.tui import scripted
from tui.conversation.event_log import KEPT_LINES
from tui.conversation.transcript import KEPT_TURNS
from tui.navigation import Converse

TURNS = 240
"""Of both sides together, in a stretch: some twenty minutes. More than stay on screen."""
PORTION = 40


def a_stretch(stretch: int) -> list[list[StreamEvent]]:
    """Turns in portions as ticks would take them in; the footer changes with each: who speaks, and muted or not."""
    portions: list[list[StreamEvent]] = []
    for number in range(stretch * TURNS, (stretch + 1) * TURNS, PORTION):
        t = 20.0 + number * 6
        turns: list[StreamEvent] = []
        for n in range(number, number + PORTION):
            role: Role = "user" if n % 2 else "assistant"
            turns.append(Item(t=t, item_id=f"i{n}", role=role, previous_item_id=f"i{n - 1}" if n else None))
            turns.append(Transcript(t=t, item_id=f"i{n}", role=role, text=f"turn {n}", final=True))
        portions.append([*turns, Response(t=t, response_id=f"r{number}", state="created")])
        portions.append([scripted.meters(t + 1, muted=True)])
        done = Response(t=t + 2, response_id=f"r{number}", state="done", status="completed")
        portions.append([done, scripted.meters(t + 2)])
    return portions


def live_widgets() -> Counter[str]:
    gc.collect()
    return Counter(type(thing).__name__ for thing in gc.get_objects() if isinstance(thing, Widget))


async def test_widgets_do_not_grow_with_the_hours(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.post_message(Converse(session_of(1)))
        await until(pilot, lambda: type(app.screen).__name__ == "LiveScreen" and app.screen.feed is not None)
        screen = app.screen
        services.relay.script = scripted.opening()
        counts = []
        for stretch in range(3):
            for portion in a_stretch(stretch):
                services.relay.script = portion
                await until(pilot, lambda: not services.relay.script)
            await until(pilot, lambda: len(screen.query(".turn")) == KEPT_TURNS)
            await until(pilot, lambda: live_widgets()["TurnBlock"] <= KEPT_TURNS + 5)
            counts.append(live_widgets())
        assert f"turn {3 * TURNS - 1}" in str(screen.query(".turn").last().render())
        assert counts[1] == counts[0]
        assert counts[2] == counts[0]
        assert screen.events.line_count <= KEPT_LINES + 1
