"""What goes wrong with sound and recordings, and that the conversation goes on."""

from __future__ import annotations

import asyncio
import errno
import sys
from typing import Any

import pytest

from audio.pcm import level
from relay.commands import UseEcho, UseGain
from relay.recording.recorder import Recorder
from relay.stream import (
    InputSettings,
    Item,
    Meters,
    Playback,
    Problem,
    Recording,
    SinkState,
    SourceState,
    Step,
    StreamEvent,
    encode,
)
from tests.relay.fake_salesmind import FakeSalesMind
from tests.relay.held_conversation import Hold


async def test_a_recording_that_cannot_be_made_costs_only_itself(
    salesmind: FakeSalesMind, hold: Hold, tmp_path: Any
) -> None:
    (tmp_path / "taken").write_text("a file where the directory should be")
    run = hold(record_directory=str(tmp_path / "taken"))
    await run.until(Recording, state="failed")
    await run.until(Step, step="gate_open")
    summary = await run.stop()
    assert [problem.code for problem in summary.errors] == ["recording_failed"]
    assert summary.exit_code == 0


async def test_a_lost_sink_is_replaced_and_the_conversation_goes_on(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(960)
        writer.transport.abort()

    listener = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    run = hold(sink=f"tcp:127.0.0.1:{port}")
    await run.until(SinkState, state="failed")
    await run.until(SinkState, state="opened", spec="none")
    await run.until(Step, step="gate_open")
    await salesmind.respond(await salesmind.socket(), "resp_1", "item_a", "はい")
    await run.until(Playback, state="finished")
    await run.until(Item, item_id="item_a")
    listener.close()
    assert (await run.stop()).exit_code == 0


async def test_a_microphone_lost_in_mid_stream(salesmind: FakeSalesMind, hold: Hold, told_fault: Any) -> None:
    callers: list[asyncio.StreamWriter] = []  # kept, or Python 3.13 closes what nobody holds

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer)
        writer.write(b"\x00\x10" * 4_800)  # 200 ms, then gone
        await writer.drain()
        if len(callers) == 1:
            writer.close()

    listener = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    run = hold(source=f"tcp:127.0.0.1:{port}")
    problem = await run.until(Problem)
    await run.until(SourceState, state="opened", count=2)
    socket = await salesmind.socket()
    at = len(socket.audio)
    await socket.until(lambda: len(socket.audio) >= at + 9_600)
    summary = await run.stop()
    listener.close()
    assert (problem.where, problem.code, problem.fatal) == ("audio", "connection_lost", False)
    sources = run.of(SourceState)
    assert [event.state for event in sources] == ["opened", "failed", "opened"]
    assert summary.exit_code == 0
    told_fault(
        "Source (here on TCP) lost, and there again",
        seen="the error; the other stream goes on, silence is sent, and the same source is taken again",
        noticed_s=None,
        again_s=sources[2].t - sources[1].t,
        lost="what is said while there is no source",
    )


async def test_half_duplex_sends_silence_while_the_answer_plays(salesmind: FakeSalesMind, hold: Hold) -> None:
    run = hold(source="tone", echo="half-duplex")
    socket = await salesmind.socket()
    await socket.until(lambda: len(socket.audio) > 0)
    assert any(socket.audio)
    await salesmind.respond(socket, "resp_1", "item_a", "はい", ms=600)
    await run.until(Playback, state="started")
    during = len(socket.audio) + 2 * 1_920
    await run.until(Playback, state="finished")
    after = len(socket.audio) + 2 * 1_920
    await socket.until(lambda: len(socket.audio) >= after + 1_920)
    await run.stop()
    assert not any(socket.audio[during : during + 4 * 1_920])
    assert any(socket.audio[after : after + 1_920])


async def test_echo_cancelling_that_is_not_installed_costs_only_itself(
    salesmind: FakeSalesMind, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    run = hold(echo="cancel")
    problem = await run.until(Problem)
    await run.until(Step, step="gate_open")
    assert problem.code == "aec_missing"
    assert (await run.stop()).exit_code == 0


async def test_half_duplex_can_be_switched_on_and_off_in_mid_conversation(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    run = hold(source="tone")
    socket = await salesmind.socket()
    await socket.until(lambda: len(socket.audio) > 0)
    run.command(UseEcho(mode="half-duplex"))
    told = await run.until(InputSettings)
    assert (told.echo, told.gain_db) == ("half-duplex", 0.0)
    await salesmind.respond(socket, "resp_1", "item_a", "はい", ms=800)
    await run.until(Playback, state="started")
    during = len(socket.audio) + 2 * 1_920
    await socket.until(lambda: len(socket.audio) >= during + 2 * 1_920)
    run.command(UseEcho(mode="off"))
    await run.until(InputSettings, count=2)
    after = len(socket.audio) + 2 * 1_920
    await socket.until(lambda: len(socket.audio) >= after + 1_920)
    await run.stop()
    assert not any(socket.audio[during : during + 2 * 1_920])
    assert any(socket.audio[after : after + 1_920])


async def test_a_canceller_that_is_missing_leaves_the_echo_as_it_was(
    salesmind: FakeSalesMind, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    run = hold(source="tone", echo="half-duplex")
    await run.until(Step, step="gate_open")
    run.command(UseEcho(mode="cancel"))
    assert (await run.until(Problem)).code == "aec_missing"
    assert (await run.until(InputSettings)).echo == "half-duplex"
    assert (await run.stop()).exit_code == 0


async def test_gain_is_heard_by_the_server_and_shown_by_the_meters(
    salesmind: FakeSalesMind, hold: Hold
) -> None:
    run = hold(source="tone", gain_db=6.0)
    socket = await salesmind.socket()
    louder = await run.until(
        Meters, such=lambda event: event.mic_peak_dbfs is not None and event.mic_peak_dbfs > -15
    )
    assert louder.mic_peak_dbfs == pytest.approx(-14, abs=0.2)  # the tone has -20
    run.command(UseGain(db=40.0))
    assert (await run.until(InputSettings)).gain_db == 40.0
    await run.until(Meters, such=lambda event: event.mic_peak_dbfs is not None and event.mic_peak_dbfs > -0.1)
    size = len(socket.audio)
    await socket.until(lambda: len(socket.audio) >= size + 3 * 1_920)
    await run.stop()
    loudest = level(bytes(socket.audio[-1_920:])).peak_dbfs
    assert loudest == pytest.approx(0, abs=0.01), "clipped, not wrapped around"


async def test_echo_cancelling_keeps_the_pace(salesmind: FakeSalesMind, hold: Hold) -> None:
    pytest.importorskip("pywebrtc_audio")
    run = hold(source="tone", echo="cancel")
    socket = await salesmind.socket()
    await salesmind.respond(socket, "resp_1", "item_a", "はい", ms=200)
    await run.until(Playback, state="finished")
    await socket.until(lambda: len(socket.audio) >= 48_000 // 2)
    summary = await run.stop()
    assert summary.bytes_sent == summary.chunks_sent * 1_920
    assert not summary.errors


async def test_a_recording_holds_the_whole_stream(
    salesmind: FakeSalesMind, hold: Hold, tmp_path: Any
) -> None:
    run = hold(record_directory=str(tmp_path / "recording"))
    await run.until(Step, step="gate_open")
    await run.stop()
    lines = (tmp_path / "recording" / "events.jsonl").read_bytes().splitlines()
    assert lines == [encode(event) for event in run.events]


async def test_a_disk_that_fills_up_at_the_very_end_is_told_before_the_summary(
    salesmind: FakeSalesMind, hold: Hold, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_event(recorder: Recorder, event: StreamEvent) -> None:
        if isinstance(event, Step) and event.step == "closed":
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Recorder, "_write_event", write_event)
    run = hold(record_directory=str(tmp_path / "recording"), session_id=None)
    await run.until(Step, step="gate_open")
    summary = await run.stop()
    assert run.events[-1] is summary
    assert [event.state for event in run.of(Recording)] == ["started", "failed"]
    assert [problem.code for problem in summary.errors] == ["recording_failed"]
