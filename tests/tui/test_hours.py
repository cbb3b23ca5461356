"""A conversation of hours: what the screen keeps does not grow with it."""

from __future__ import annotations

import gc
import os
import resource
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest
from textual.widget import Widget

from acceptance.progress import ConversationEvent
from relay import conversation_bounds
from relay.stream import (
    Item,
    Latency,
    LogLine,
    Playback,
    ProtocolEvent,
    Response,
    Role,
    Speech,
    Step,
    StreamEvent,
    Transcript,
)
from tests.tui import scripted
from tui.conversation.event_log import KEPT_LINES
from tui.conversation.feed import LiveFeed
from tui.conversation.transcript import KEPT_TURNS, earlier_words
from tui.conversation.watched_conversations import KEPT_EVENTS, WatchedConversations
from tui.navigation import Converse

HOURS = int(os.environ.get("SALESMIND_SIMULATED_HOURS", "2"))
"""``make test-hours`` simulates ten: 6,000 turns, 600,000 events."""
EXCHANGES_AN_HOUR = 300
"""A turn of each side, 12 s and 200 events together."""
AT_ONCE = 400
"""Events taken in by one tick of the screen."""
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


@pytest.mark.slow
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


def an_exchange(number: int) -> Iterator[StreamEvent]:
    """What a relay says of 12 s of conversation, the connection lost in every fifteenth of them."""
    t, user, answer = number * 12.0, f"u{number}", f"a{number}"
    if number % 15 == 0:
        for step in ("closed", "connecting", "connected", "created", "update_sent", "updated", "gate_open"):
            yield Step(t=t, step=step, connection=1 + number // 15)
    for n in range(120):
        yield scripted.meters(t + n / 10, chunks_sent=number * 300 + n)
    yield Speech(t=t, state="started", item_id=user, audio_ms=0)
    yield Speech(t=t + 3, state="stopped", item_id=user, audio_ms=3_000)
    yield Item(t=t + 3, item_id=user, role="user", previous_item_id=f"a{number - 1}" if number else None)
    yield Transcript(t=t + 3, item_id=user, role="user", text=f"question {number}", final=True)
    yield Response(t=t + 4, response_id=f"r{number}", state="created")
    yield Item(t=t + 4, item_id=answer, role="assistant", previous_item_id=user)
    yield Latency(
        t=t + 4, turn=number + 1, item_id=answer, response_latency_ms=500.0 + number, basis="speech"
    )
    yield Playback(t=t + 4, item_id=answer, state="started", heard_ms=0, received_ms=200)
    for n in range(20):
        yield Transcript(t=t + 4, item_id=answer, role="assistant", text=f"word {n} ", final=False)
    yield Transcript(t=t + 5, item_id=answer, role="assistant", text=f"answer {number} " * 5, final=True)
    yield Playback(t=t + 9, item_id=answer, state="finished", heard_ms=5_000, received_ms=5_000)
    yield Response(t=t + 5, response_id=f"r{number}", state="done", status="completed")
    for n in range(24):
        yield ProtocolEvent(t=t + 5, direction="in", type=f"kind.{n}", size_bytes=100 + n, connection=1)
        yield LogLine(t=t + 5, text=f"📩 メッセージ受信: kind.{n}")


def resident_bytes() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


@pytest.mark.slow
async def test_memory_is_flat_once_the_caches_are_full(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.post_message(Converse(session_of(1)))
        await until(pilot, lambda: type(app.screen).__name__ == "LiveScreen" and app.screen.feed is not None)
        screen = app.screen
        services.relay.script = scripted.talk()[:19]
        screen.tick()
        resident, widgets = [], []
        for hour in range(HOURS):
            exchanges = range(hour * EXCHANGES_AN_HOUR, (hour + 1) * EXCHANGES_AN_HOUR)
            events = chain.from_iterable(an_exchange(number) for number in exchanges)
            while portion := list(islice(events, AT_ONCE)):
                services.relay.script = portion
                services.now = 100.0 + portion[-1].t  # garbage is collected between turns, by this clock
                screen.tick()
                await pilot.pause()
            await until(pilot, lambda: live_widgets()["TurnBlock"] <= KEPT_TURNS + 5)
            resident.append(resident_bytes())
            widgets.append(sum(live_widgets().values()))
        state, spoken = screen.feed.state, HOURS * EXCHANGES_AN_HOUR
        print(
            f"resident after each hour: {', '.join(f'{size / 1e6:.1f}' for size in resident)} MB; widgets: {widgets}"
        )
        # What Textual remembers of painted lines, which is bounded, is full after two hours of so few paintings.
        assert resident[-1] <= resident[0] * 1.15
        assert resident[-1] <= resident[1] * 1.05
        assert max(widgets) - widgets[0] <= 5
        assert screen.events.line_count <= KEPT_LINES + 1
        assert len(state.turns) == conversation_bounds.KEPT_TURNS
        top = str(screen.query_one("#earlier").render())
        assert top == f"{2 * spoken - KEPT_TURNS} older turns are in the recording: 1"
        assert state.latency.n == spoken
        assert (state.latency.last, state.latency.p50) == (500.0 + spoken - 1, 500.0 + spoken / 2 - 1)


def test_where_older_turns_are() -> None:
    assert earlier_words(1, "2026-11-22") == "1 older turn is in the recording: 2026-11-22"
    assert earlier_words(5, "2026-11-22") == "5 older turns are in the recording: 2026-11-22"
    assert earlier_words(5, None) == "5 older turns are no longer shown; this conversation is not recorded."


def test_a_watched_conversation_of_hours_keeps_the_newest_events() -> None:
    conversations = WatchedConversations()

    def tell(name: str, events: list[StreamEvent]) -> None:
        for event in events:
            conversations.take(ConversationEvent(at=event.t, name=name, test=1, session_id="s", event=event))

    tell("first", [*scripted.opening(), *(event for n in range(2) for event in an_exchange(n))])
    first = conversations.newest
    assert first is not None
    early = LiveFeed(first.view(), lambda: 0.0, first.before)
    early.pull()
    for n in range(2, 120):
        tell("first", list(an_exchange(n)))
        early.pull()
    assert len(first.events) < KEPT_EVENTS < first.dropped + len(first.events)
    late = LiveFeed(first.view(), lambda: 0.0, first.before)
    late.pull()
    assert late.state == early.state
    assert late.state.started == scripted.opening()[0]
    assert late.state.latency.n == 120

    tell("second", scripted.opening())
    tell("first", scripted.end())
    second = conversations.newest
    assert second is not None
    assert (second.name, len(second.events)) == ("second", len(scripted.opening()))
    assert first.over and not second.over
