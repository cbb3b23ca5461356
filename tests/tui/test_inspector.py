"""The event inspector: folded rows, filters, search, pairs, and JSON without secrets or audio."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from relay.recording import wire
from relay.stream import LogLine, ProtocolEvent, RealtimeMode, Speech, Started, StreamEvent, encode
from tests.tui import scripted
from tui.conversation.event_screen import EventScreen
from tui.conversation.inspector import InspectorScreen
from tui.conversation.instruments.event_detail import event_json, message_json, recorded_message, wall_time
from tui.conversation.instruments.event_rows import EventRows, Filter, ShownRows, answered
from tui.conversation.instruments.signals import Line
from tui.conversation.live import LiveScreen
from tui.navigation import Converse


def told(*events: StreamEvent, kept: int = 1_000) -> EventRows:
    rows = EventRows(kept=kept)
    rows.take(events)
    return rows


def texts(rows: EventRows) -> list[str]:
    return [rows[at].text() for at in rows.numbers]


def message(t: float, direction: Any, type_: str, **more: Any) -> ProtocolEvent:
    return ProtocolEvent(t=t, direction=direction, type=type_, size_bytes=90, connection=1, **more)


def test_audio_is_counted_on_one_row() -> None:
    def sent(begin: float, end: float) -> list[StreamEvent]:
        ticks = range(round(begin * 10), round(end * 10))
        return [scripted.meters(n / 10, chunks_sent=int(n * 2.5), audio_received_ms=0) for n in ticks]

    speech = Speech(t=4.0, state="started", item_id="u", audio_ms=1)
    rows = told(*sent(1.0, 4.0), speech, *sent(4.0, 6.0))
    assert texts(rows) == ["audio sent  x 122, 24.9/s", "vad   started 1 ms"]
    # A row in which nothing else happened goes on and on; another begins some seconds after something has.
    rows.take(sent(6.0, 30.0))
    assert [text.split("  ")[0] for text in texts(rows)] == ["audio sent", "vad", "audio sent"]


def test_what_repeats_by_the_clock_is_folded_although_it_takes_turns() -> None:
    events: list[StreamEvent] = []
    for tick in range(30):
        events += [
            LogLine(t=float(tick), text="音声送信中"),
            scripted.meters(tick + 0.1, chunks_sent=tick * 25, audio_received_ms=tick * 100),
            RealtimeMode(t=tick + 0.2, value=True, phase="during"),
        ]
    assert len(told(*events).numbers) == 4
    assert "log   音声送信中  x 30, 1.0/s" in texts(told(*events))
    assert any(text.startswith("audio received 2,900 ms, ") for text in texts(told(*events)))


def test_neighbours_that_say_the_same_are_one_row() -> None:
    events = [message(float(n), "in", "rate_limits.updated") for n in range(3)]
    assert texts(told(*events)) == ["in    rate_limits.updated  90 B  x 3, 1.0/s"]


def test_a_log_line_that_repeats_a_message_is_no_row() -> None:
    rows = told(
        message(1.0, "in", "response.created"),
        message(1.0, "in", "response.done"),
        LogLine(t=1.1, text="📩 メッセージ受信: response.created"),
        LogLine(t=1.1, text="📩 メッセージ受信: session.created"),
    )
    assert [text.split()[1] for text in texts(rows)] == ["response.created", "response.done", "📩"]


def test_rows_are_bounded_and_keep_their_numbers() -> None:
    rows = told(*(message(float(n), "in", f"type.{n}") for n in range(250)), kept=100)
    assert len(rows.numbers) <= 110
    assert rows[249].words.startswith("in    type.249")
    shown = ShownRows(rows)
    shown.catch_up()
    rows.take([message(300.0 + n, "in", f"late.{n}") for n in range(100)])
    shown.catch_up()
    assert shown.number(0) == rows.numbers.start


def test_filters_are_toggles() -> None:
    rows = told(
        message(1.0, "out", "session.update"), message(2.0, "in", "session.updated"), LogLine(t=3.0, text="x")
    )
    shown = ShownRows(rows)
    shown.set_filter(Filter().without("log").without("out"))
    assert [row.words for row in shown] == ["in    session.updated  90 B"]
    shown.set_filter(shown.filter.without("out"))
    assert len(shown) == 2


def test_search_goes_round_both_ways() -> None:
    rows = told(*(message(float(n), "in", f"type.{n}") for n in range(10)))
    shown = ShownRows(rows)
    shown.catch_up()
    assert shown.found("TYPE.3", 0, 1) == 3
    assert shown.found("type.3", 3, 1) == 3
    assert shown.found("type.9", 2, -1) == 9
    assert shown.found("nothing", 0, 1) is None


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (message(1.0, "out", "session.update"), message(1.25, "in", "session.updated")),
        (message(1.0, "out", "response.create"), message(1.25, "in", "response.created", response_id="r")),
        (
            message(1.0, "in", "response.created", response_id="r"),
            message(1.25, "in", "response.done", response_id="r"),
        ),
        (
            Speech(t=1.0, state="started", item_id="u", audio_ms=0),
            Speech(t=1.25, state="stopped", item_id="u", audio_ms=0),
        ),
    ],
)
def test_an_event_knows_what_it_answers(asked: StreamEvent, answer: StreamEvent) -> None:
    rows = told(asked, message(1.1, "in", "rate_limits.updated"), answer)
    assert answered(rows, 2) == (0, 0.25)
    assert answered(rows, 0) is None


def test_another_response_is_not_the_one_that_is_answered() -> None:
    rows = told(
        message(1.0, "in", "response.created", response_id="other"),
        message(2.0, "in", "response.done", response_id="r"),
    )
    assert answered(rows, 1) is None


def test_secrets_are_cut_and_audio_is_shortened() -> None:
    shown = message_json({"client_secret": "hunter2", "delta": "QUJD" * 1_000, "text": "a\u202eb", "n": [1]})
    assert "hunter2" not in shown
    assert "4,000 characters of base64" in shown
    assert "\u202e" not in shown
    assert len(shown) < 200
    words = message_json(
        {"delta": "Words of an answer that is longer than sixty-four characters, with blanks."}
    )
    assert "with blanks." in words


def test_both_clocks_are_told() -> None:
    started = Started(
        t=0.5,
        version="0",
        server_url="u",
        session_id=None,
        source="mic",
        sink="none",
        chunk_bytes=1920,
        expected_chunk_rate=25.0,
        wall_time="2026-11-22T10:05:00Z",
    )
    assert wall_time(message(2.0, "in", "x"), started) == "2026-11-22T10:05:01.500+00:00"
    assert wall_time(message(2.0, "in", "x"), None) is None
    odd = msgspec.structs.replace(started, wall_time="yesterday")
    assert wall_time(message(2.0, "in", "x"), odd) is None


def _record(directory: Path, *messages: wire.WireMessage) -> None:
    directory.mkdir()
    (directory / "events.jsonl").write_bytes(b"")
    (directory / "wire.jsonl").write_bytes(b"".join(wire.encode(one) + b"\n" for one in messages))


def test_the_message_itself_comes_from_the_recording(tmp_path: Path) -> None:
    def kept(t: float, text: str) -> wire.WireMessage:
        event = {"type": "error", "message": text}
        return wire.WireMessage(t=t, direction="in", connection=1, size_bytes=90, event=event)

    _record(tmp_path / "run", kept(1.0, "far"), kept(2.001, "near"), kept(2.3, "next"))
    found = recorded_message(tmp_path / "run", message(2.0, "in", "error"))
    assert found is not None
    assert found["message"] == "near"
    assert recorded_message(tmp_path / "run", message(9.0, "in", "error")) is None
    assert recorded_message(tmp_path / "no", message(2.0, "in", "error")) is None


def test_an_event_of_the_stream_reads_as_it_was_told() -> None:
    event = message(2.0, "in", "session.created")
    assert json.loads(event_json(event)) == json.loads(encode(event))


async def test_a_long_conversation_is_looked_into_by_key(
    make_app: Any, services: Any, session_of: Any, until: Any
) -> None:
    app = make_app(logged_in=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.post_message(Converse(session_of(1)))
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.feed)
        live = app.screen
        live.feed.rows.take(message(n / 50, "in", f"type.{n}") for n in range(100_000))
        services.relay.script = scripted.talk()
        await until(pilot, lambda: live.query(".turn"))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, InspectorScreen))
        inspector = app.screen
        made: list[int] = []
        row: Callable[[int, int], Line] = inspector._row

        def counted(index: int, width: int) -> Line:
            made.append(index)
            return row(index, width)

        inspector.rows._make_row = counted
        await pilot.press("home")
        await until(pilot, lambda: inspector.rows.cursor == 0)
        await pilot.press("slash", *"type.99999", "enter")
        await until(pilot, lambda: "type.99999" in inspector._shown[inspector.rows.cursor].words)
        assert max(made) - min(made) > 90_000
        assert len(made) < 5_000  # only rows in view are ever made
        await pilot.press("2")
        await until(pilot, lambda: len(inspector._shown) < 100)
        await pilot.press("2", "enter")
        await until(pilot, lambda: isinstance(app.screen, EventScreen))
        await pilot.press("y")
        await until(pilot, lambda: '"kind"' in services.copied)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is live)
