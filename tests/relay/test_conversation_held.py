"""Whole conversations against the scripted server: order, turns, commands, closing."""

from __future__ import annotations

from typing import Any

import pytest

from relay.commands import Interrupt, Mute, Say, UseSource
from relay.conversation import ConversationState, fold
from relay.stream import (
    Item,
    Latency,
    LogLine,
    Meters,
    Notice,
    Playback,
    Problem,
    ProtocolEvent,
    RealtimeMode,
    SourceState,
    Speech,
    Started,
    Step,
    Summary,
    Transcript,
    encode,
)
from tests.relay.fake_salesmind import FakeSalesMind
from tests.relay.held_conversation import Hold


@pytest.mark.parametrize("dialect", ["ga", "beta"])
async def test_order_of_a_connection(salesmind: FakeSalesMind, hold: Hold, dialect: str) -> None:
    salesmind.dialect = dialect
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await socket.until(lambda: len(socket.audio) >= 5_760)
    summary = await run.stop()
    assert socket.order[0] == "session.update"
    assert socket.order.count("session.update") == 1
    assert set(socket.order[1:]) == {"audio"}
    session = socket.of("session.update")[0]["session"]
    assert ("type" in session) == (dialect == "ga")
    steps = [event.step for event in run.of(Step)]
    assert steps == [
        "connecting", "connected", "created", "created", "update_sent", "updated", "gate_open",
        "closing", "closed",
    ]  # fmt: skip
    assert [event.detail for event in run.of(Step, step="created")] == ["relay", "gpt-realtime"]
    assert summary.session_updates_sent == 1
    assert summary.close_code == 1000
    assert summary.exit_code == 0
    assert socket.ws.close_code == 1000
    assert isinstance(run.events[0], Started)
    assert run.events[-1] is summary


async def test_the_role_travels_in_the_update(salesmind: FakeSalesMind, hold: Hold) -> None:
    salesmind.session["customer_pain"] = "配車係が毎朝三時間かけている"
    run = hold(voice="cedar")
    update = await (await salesmind.socket()).until_text("session.update")
    session = update["session"]
    assert "配車係が毎朝三時間かけている" in session["instructions"]
    assert "物流" in session["instructions"]
    assert session["audio"]["output"]["voice"] == "cedar"
    assert session["audio"]["input"]["transcription"]["language"] == "ja"
    await run.stop()


async def test_a_stub_alone_is_configured_in_the_ga_shape(salesmind: FakeSalesMind, hold: Hold) -> None:
    salesmind.upstream_created = False
    run = hold()
    await run.until(Step, step="gate_open")
    assert (await salesmind.socket()).of("session.update")[0]["session"]["type"] == "realtime"
    await run.stop()


async def test_the_dialect_waits_for_the_upstream_that_names_it(salesmind: FakeSalesMind, hold: Hold) -> None:
    salesmind.upstream_created = False
    run = hold()
    await run.until(Step, step="created", detail="relay")
    socket = await salesmind.socket()
    session = {"id": "sess_1", "model": "gpt-realtime", "modalities": ["audio", "text"]}
    await socket.send("session.created", session=session)
    await run.until(Step, step="gate_open")
    await run.stop()
    assert socket.of("session.update")[0]["session"]["modalities"] == ["audio", "text"]
    assert len(socket.of("session.update")) == 1


async def test_realtime_mode_before_during_and_after(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold(mode_poll_s=0.05)
    await run.until(RealtimeMode, phase="during", value=True, count=2)
    summary = await run.stop()
    assert (summary.realtime_mode.before, summary.realtime_mode.during) == (False, True)
    assert summary.realtime_mode.after is False
    assert [event.value for event in run.of(RealtimeMode, phase="before")] == [False]


async def test_the_mode_is_read_again_as_soon_as_the_conversation_can_begin(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    salesmind.mode_withheld = True
    salesmind.ignore = {"session.update"}
    run = hold(mode_poll_s=600)
    await run.until(RealtimeMode, phase="during", value=False)
    salesmind.mode_withheld = False
    socket = await salesmind.socket()
    await socket.send("session.updated", session={"type": "realtime", "id": "sess_1"})
    await run.until(RealtimeMode, phase="during", value=True)
    summary = await run.stop()
    assert summary.realtime_mode.during is True


async def test_a_mode_that_stays_true_is_reported_as_true(
    salesmind: FakeSalesMind, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.link.mode_poller.FALSE_WITHIN_S", 0.6)
    salesmind.mode_stuck = True
    run = hold()
    await run.until(Step, step="gate_open")
    summary = await run.stop()
    assert summary.realtime_mode.after is True
    assert len(run.of(RealtimeMode, phase="after")) >= 2


async def test_without_a_session_nothing_is_asked(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold(session_id=None)
    await run.until(Step, step="gate_open")
    summary = await run.stop()
    assert salesmind.requests == 0
    assert summary.realtime_mode.during is None


async def test_a_spoken_turn(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold(source="tone")
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await socket.until(lambda: len(socket.audio) >= 48 * 700)
    await salesmind.hear(socket, "item_u", "はじめまして", end_ms=1_000)
    await salesmind.respond(socket, "resp_1", "item_a", "こんにちは。ご用件は?", ms=300, after="item_u")
    latency = await run.until(Latency)
    await run.until(Playback, state="finished")
    summary = await run.stop()
    assert latency.basis == "speech"
    # The user spoke until 600 ms of the audio sent (1000 less 400 of silence), and 700 had been sent.
    assert 60 <= latency.response_latency_ms < 2_000
    assert summary.user_transcripts == ["はじめまして"]
    assert summary.assistant_transcripts == ["こんにちは。ご用件は?"]
    assert summary.audio_received_ms == 300
    assert summary.response_latency_ms == [latency.response_latency_ms]
    assert [event.state for event in run.of(Speech)] == ["started", "stopped"]
    finished = run.of(Playback, state="finished")[0]
    assert (finished.item_id, finished.heard_ms, finished.received_ms) == ("item_a", 300, 300)
    turns = fold(ConversationState(), run.events).turns
    assert [(turn.item_id, turn.text) for turn in turns] == [
        ("item_u", "はじめまして"),
        ("item_a", "こんにちは。ご用件は?"),
    ]
    assert not run.of(Problem)


async def test_barge_in_stops_playback_and_tells_what_was_heard(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await salesmind.begin_answer(socket, "resp_1", "item_a", ms=5_000)
    await run.until(Playback, state="started")
    while not any(event.playback_buffer_ms < 4_800 for event in run.of(Meters)[-1:]):
        await run.until(Meters, count=len(run.of(Meters)) + 1)
    await socket.send("input_audio_buffer.speech_started", audio_start_ms=100, item_id="item_u")
    truncate = await socket.until_text("conversation.item.truncate")
    interrupted = await run.until(Playback, state="interrupted")
    await salesmind.audio(socket, "resp_1", "item_a", 1_000)
    await salesmind.end_answer(socket, "resp_1", "item_a", "途中まで", status="cancelled")
    later = await run.until(Meters, count=len(run.of(Meters)) + 2)
    await run.stop()
    assert truncate["item_id"] == "item_a"
    assert truncate["content_index"] == 0
    assert 0 < truncate["audio_end_ms"] < 5_000
    assert truncate["audio_end_ms"] == interrupted.heard_ms
    assert later.playback_buffer_ms == 0
    assert not socket.of("response.cancel")


async def test_the_client_cancels_where_the_server_would_not(salesmind: FakeSalesMind, hold: Hold) -> None:
    salesmind.interrupt_response = False
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await salesmind.begin_answer(socket, "resp_1", "item_a", ms=5_000)
    await run.until(Playback, state="started")
    await socket.send("input_audio_buffer.speech_started", audio_start_ms=100, item_id="item_u")
    await socket.until_text("response.cancel")
    await run.stop()


async def test_nothing_heard_is_never_truncated(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await salesmind.begin_answer(socket, "resp_1", "item_a", ms=0)
    await socket.send("input_audio_buffer.speech_started", audio_start_ms=100, item_id="item_u")
    await run.until(Speech)
    run.command(Say(text="もしもし"))
    await socket.until_text("conversation.item.create")
    await run.stop()
    assert not socket.of("conversation.item.truncate")


async def test_interrupt_cancels_and_truncates(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await salesmind.begin_answer(socket, "resp_1", "item_a", ms=5_000)
    await run.until(Meters, count=len(run.of(Meters)) + 3)
    run.command(Interrupt())
    await socket.until_text("response.cancel")
    assert (await socket.until_text("conversation.item.truncate"))["audio_end_ms"] > 0
    await run.stop()


async def test_a_typed_turn_needs_no_audio(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    run.command(Say(text="お時間をいただけますか"))  # typed before there is a connection
    latency = await run.until(Latency)
    await run.until(Transcript, item_id="item_typed", final=True)
    summary = await run.stop()
    assert latency.basis == "text"
    assert summary.user_transcripts == ["お時間をいただけますか"]
    assert summary.assistant_transcripts == ["はい、承知しました。"]


async def test_one_outstanding_response(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await salesmind.begin_answer(socket, "resp_1", "item_a")
    await run.until(Item, item_id="item_a")
    run.command(Say(text="もう一つ"))
    await socket.until_text("conversation.item.create")
    await run.until(Meters, count=len(run.of(Meters)) + 2)
    assert not socket.of("response.create")
    await salesmind.end_answer(socket, "resp_1", "item_a", "はい")
    await socket.until_text("response.create")
    await run.stop()


async def test_benign_errors_are_information(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    error = {"type": "invalid_request_error", "code": "response_cancel_not_active", "message": "x"}
    await socket.send("error", error=error)
    await run.until(Notice, code="response_cancel_not_active")
    error = {"type": "invalid_request_error", "code": "something_new", "message": "strange"}
    await socket.send("error", error=error)
    problem = await run.until(Problem)
    assert (problem.where, problem.code, problem.fatal) == ("server", "something_new", False)
    await socket.until(lambda: len(socket.audio) > 0)
    assert (await run.stop()).exit_code == 0


async def test_mute_sends_silence(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold(source="tone")
    socket = await salesmind.socket()
    await socket.until(lambda: len(socket.audio) > 0)
    assert any(socket.audio)
    run.command(Mute(on=True))
    await run.until(Meters, muted=True)
    sent = len(socket.audio) + 1_920  # one chunk may be on its way
    await socket.until(lambda: len(socket.audio) >= sent + 3 * 1_920)
    await run.stop()
    assert not any(socket.audio[sent:])


async def test_silence_follows_a_file_that_has_ended(
    salesmind: FakeSalesMind, hold: Hold, tmp_path: Any
) -> None:
    from audio.wav import WavWriter

    path = tmp_path / "said.wav"
    with WavWriter(path) as wav:
        wav.write(b"\x00\x20" * 2_400)
    run = hold(source=f"wav:{path}")
    ended = await run.until(SourceState, state="ended")
    assert (ended.spec, ended.name) == (f"wav:{path}", "said.wav")
    socket = await salesmind.socket()
    heard = len(socket.audio)
    await socket.until(lambda: len(socket.audio) >= heard + 4_800)
    assert socket.audio.rstrip(b"\0").count(b"\x20") == 2_400  # all of it, from its first sample
    run.command(UseSource(spec=f"wav:{path}"))
    await run.until(SourceState, state="ended", count=2)
    await run.stop()


async def test_a_source_that_cannot_be_opened_costs_only_itself(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold(source="wav:no-such-file.wav", sink="wav:no-such-folder/out.wav")
    problem = await run.until(Problem)
    assert (problem.where, problem.code) == ("audio", "file_not_found")
    run.command(Say(text="聞こえますか"))
    await run.until(Playback, state="finished")
    summary = await run.stop()
    assert summary.exit_code == 0
    assert summary.chunks_sent > 0
    assert len(summary.errors) == 2


async def test_log_lines_are_those_of_the_summary_document(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold(chunk_bytes=8_192)
    line = await run.until(LogLine, text="🎤 音声送信中: 6 chunks/sec (8192 bytes/chunk)")
    await run.stop()
    lines = [event.text for event in run.of(LogLine)]
    assert lines[:7] == [
        "Connecting to Realtime API...",
        "WebSocket connected",
        "📩 メッセージ受信: session.created",
        "📩 メッセージ受信: session.created",
        "📤 セッション設定送信",
        "📩 メッセージ受信: session.updated",
        "🎤 音声送信準備完了",
    ]
    assert line.t > 0


async def test_unknown_events_are_kept_and_deltas_are_not_listed(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await salesmind.audio(socket, "resp_1", "item_a", 100)
    await socket.send("brand.new", value=1)
    await socket.ws.send("this is not JSON")
    unknown = await run.until(ProtocolEvent, type="brand.new")
    await run.until(Notice, code="malformed_message")
    await run.stop()
    assert not unknown.known
    assert unknown.payload is not None
    assert unknown.payload["value"] == 1
    assert not [event for event in run.of(ProtocolEvent) if event.type.endswith("delta")]


async def test_no_message_makes_a_line_that_cannot_be_read(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    socket = await salesmind.socket()
    await socket.send("brand.new", filler="x" * 5_000_000)
    await socket.send("y" * 5_000_000)
    big = await run.until(ProtocolEvent, type="brand.new")
    await run.until(ProtocolEvent, type="y" * 100)
    await run.stop()
    assert big.size_bytes > 5_000_000
    assert big.payload is None
    assert max(len(encode(event)) for event in run.events) < 10_000


async def test_it_stops_by_itself(salesmind: FakeSalesMind, hold: Hold) -> None:
    summary = await hold(seconds=0.3).ended()
    assert summary.exit_code == 0
    assert summary.chunks_sent >= 5
    assert summary.lateness_p50_ms is not None
    assert summary.lateness_p99_ms is not None
    assert summary.lateness_max_ms is not None
    assert 0 < summary.lateness_p50_ms <= summary.lateness_p99_ms <= summary.lateness_max_ms < 1_000
    assert isinstance(summary, Summary)


async def test_the_token_is_nowhere_in_the_stream(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold()
    await run.until(Step, step="gate_open")
    await run.stop()
    assert not [event for event in run.events if b"5f3a5f3a" in encode(event)]
