"""When each turn reached its stages, and how that is shown, copied and compared."""

from __future__ import annotations

import json
from typing import Any

from relay.conversation import ConversationState, fold
from relay.stream import Item, Latency, Playback, Response, Speech, Step, StreamEvent, Transcript
from tests.tui import scripted
from tui.conversation.instruments.turn_rows import (
    as_json,
    as_text,
    outcome,
    scale_s,
    stage_lines,
    turn_line,
    wait_bar,
)
from tui.conversation.instruments.turn_times import KEPT_EXCHANGES, Exchange, TurnTimes
from tui.conversation.live import LiveScreen
from tui.conversation.turn_screen import TurnScreen
from tui.conversation.turns_screen import TurnsScreen
from tui.navigation import Converse


def told(*events: StreamEvent) -> tuple[Exchange, ...]:
    times = TurnTimes()
    times.take(events)
    return times.exchanges


SPOKEN: list[StreamEvent] = [
    Speech(t=2.0, state="started", item_id="u", audio_ms=0),
    Item(t=2.0, item_id="u", role="user"),
    Speech(t=5.5, state="stopped", item_id="u", audio_ms=0),
    Transcript(t=5.7, item_id="u", role="user", text="How do you count?", final=True),
    Response(t=5.8, response_id="r", state="created"),
    Item(t=5.8, item_id="a", role="assistant", previous_item_id="u"),
    Latency(t=7.8, turn=1, item_id="a", response_latency_ms=2_800.0, basis="speech"),
    Playback(t=7.9, item_id="a", state="started", heard_ms=0, received_ms=100),
    Transcript(t=8.0, item_id="a", role="assistant", text="By hand.", final=True),
    Playback(t=9.9, item_id="a", state="finished", heard_ms=2_000, received_ms=2_000),
]


def test_a_spoken_turn_has_all_its_stages() -> None:
    (turn,) = told(*SPOKEN)
    assert turn.reached == (
        ("speech_started", 2.0),
        ("speech_ended", 5.0),
        ("vad_stopped", 5.5),
        ("transcript", 5.7),
        ("response_created", 5.8),
        ("first_audio", 7.8),
        ("heard", 7.9),
        ("ended", 9.9),
    )
    assert turn.slowest is not None
    assert turn.slowest[0] == "first_audio"
    assert outcome(turn) == "2.0 s of 2.0 s heard"


def test_the_end_of_speech_is_not_guessed() -> None:
    (turn,) = told(*SPOKEN[:4])
    assert turn.speech_ended is None
    assert turn.waiting_since() == 5.5
    assert outcome(turn) == "answer owed"


def test_a_typed_turn_is_counted_from_the_request() -> None:
    (turn,) = told(
        Item(t=3.0, item_id="u", role="user"),
        Response(t=3.2, response_id="r", state="created"),
        Latency(t=4.0, turn=1, item_id="a", response_latency_ms=900.0, basis="text"),
    )
    assert (turn.basis, turn.latency_ms, turn.speech_started) == ("text", 900.0, None)


def test_a_greeting_answers_nobody() -> None:
    greeting, spoken = told(
        Response(t=1.0, response_id="g", state="created"),
        Playback(t=1.4, item_id="hello", state="started", heard_ms=0, received_ms=1),
        *SPOKEN,
    )
    assert (greeting.basis, greeting.answer_id, greeting.number) == ("greeting", "hello", 1)
    assert (spoken.answer_id, spoken.number) == ("a", 2)


def test_a_barge_in_is_told_from_a_key() -> None:
    cut = Playback(t=8.5, item_id="a", state="interrupted", heard_ms=600, received_ms=2_000)
    again = Speech(t=8.4, state="started", item_id="u2", audio_ms=0)
    by_key = told(*SPOKEN[:-1], cut)[0]
    by_voice = told(*SPOKEN[:-1], again, cut)[0]
    assert outcome(by_key) == "stopped by key: 0.6 s of 2.0 s heard"
    assert outcome(by_voice) == "stopped by your voice: 0.6 s of 2.0 s heard"


def test_what_goes_with_the_connection_is_owed_no_longer() -> None:
    (turn,) = told(*SPOKEN[:4], Step(t=6.0, step="closed", connection=1))
    assert turn.waiting_since() is None


def test_a_response_that_failed_is_owed_no_longer() -> None:
    failed = Response(t=6.0, response_id="r", state="done", status="failed")
    (turn,) = told(*SPOKEN[:5], failed)
    assert turn.waiting_since() is None
    assert turn.ended == 6.0


def test_the_bar_compares_turns_on_one_scale() -> None:
    (slow,) = told(*SPOKEN)
    whole = scale_s([slow])
    assert whole == 2.9000000000000004
    bar = "".join(text for text, _style in wait_bar(slow, whole, 29))
    assert bar == "v    t af" + " " * 19 + "p"
    line = "".join(text for text, _style in turn_line(slow, whole, 80))
    assert "2,800 ms" in line
    assert "f 2,000 ms" in line


def test_stages_say_how_long_after_the_end_of_speech() -> None:
    (turn,) = told(*SPOKEN)
    lines = ["".join(text for text, _style in line).split() for line in stage_lines(turn)]
    assert ["first", "audio", "7.800", "s", "2,800", "ms", "+2,000", "ms"] in lines


def test_a_turn_is_copied_as_text_and_as_json() -> None:
    (turn,) = told(*SPOKEN)
    state = fold(ConversationState(), SPOKEN)
    text = as_text(turn, state)
    assert text.startswith("Turn 1\nYou: How do you count?\nCustomer: By hand.\nResponse latency: 2,800 ms\n")
    copied = json.loads(as_json(turn, state))
    assert copied["stages"]["first_audio"] == 7.8
    assert copied["customer"] == "By hand."


def test_the_turns_kept_are_bounded() -> None:
    turns = told(
        *(
            Speech(t=float(n), state="started", item_id=f"u{n}", audio_ms=0)
            for n in range(KEPT_EXCHANGES + 50)
        )
    )
    assert len(turns) == KEPT_EXCHANGES
    assert turns[-1].number == KEPT_EXCHANGES + 50


async def test_v_leads_to_the_turns_enter_to_one_and_y_copies_it(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.post_message(Converse(session_of(1)))
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed)
        services.relay.script = scripted.talk()
        await until(pilot, lambda: len(app.screen.query(".turn")) == 4)
        blocks = [str(block.render()) for block in app.screen.query(".turn")]
        assert "Customer  812 ms" in blocks[1]
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, TurnsScreen))
        await pilot.press("up", "enter")
        await until(pilot, lambda: isinstance(app.screen, TurnScreen))
        await pilot.press("y")
        await until(pilot, lambda: services.copied.startswith("Turn 1"))
        await pilot.press("right", "j")
        await until(pilot, lambda: services.copied.startswith("{"))
        assert json.loads(services.copied)["turn"] == 2
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))
