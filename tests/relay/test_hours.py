"""What a conversation of hours costs in memory: its own words, and next to nothing besides."""

from __future__ import annotations

import base64
import gc
import json
import logging
import math
import os
import resource
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api_client.events import ErrorEvent, ServerEvent, decode_event
from relay.config import RelayConfig
from relay.conversation_bounds import KEPT_CONNECTIONS, KEPT_TURNS
from relay.conversation_state import KEPT_REPORTS, LatencyFigures
from relay.link.downlink import Downlink
from relay.link.item_ids import ItemIds
from relay.link.kept_speech import KeptSpeech
from relay.link.replay import Replay
from relay.link.server_errors import ServerErrors
from relay.measure.latency import LatencyTracker
from relay.measure.meters import LatenessMeter, RateMeter
from relay.output import Output
from relay.sound.playback import PlaybackQueue
from relay.stream import Latency, Step, StreamEvent

HOURS = int(os.environ.get("SALESMIND_SIMULATED_HOURS", "2"))
"""``make test-hours`` simulates ten."""
AUDIO = base64.b64encode(bytes(9_600)).decode()
WORDS = "こんにちは、本日はお時間をいただきありがとうございます。"


class Nobody:
    """Reads the stream and the outbox, and keeps nothing."""

    def post(self, event: Any, *, on_sent: Any = None) -> None: ...

    def __call__(self, event: StreamEvent) -> None: ...


def bytes_per_round(play: Callable[[int], None], warm_up: int, rounds: int) -> float:
    for number in range(warm_up):
        play(number)
    gc.collect()
    tracemalloc.start()
    for number in range(warm_up, warm_up + rounds):
        play(number)
    gc.collect()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return grown / rounds


def resident_bytes() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def event(kind: str, **fields: Any) -> ServerEvent:
    return decode_event(json.dumps({"type": kind, **fields}))


def bench() -> tuple[Downlink, PlaybackQueue, Output]:
    output, playback = Output(Nobody()), PlaybackQueue()
    config = RelayConfig(server_url="http://127.0.0.1:9", token="t")
    downlink = Downlink(config, output, playback, LatencyTracker(), KeptSpeech())
    downlink.connected(Nobody(), Replay(), ItemIds())  # type: ignore[arg-type]  # it only posts
    return downlink, playback, output


def reconnect(downlink: Downlink, output: Output, number: int) -> None:
    """As ``relay.link.connections`` does: the new connection is told what was said, under ids of its own."""
    for step in ("connecting", "connected", "created", "updated", "gate_open", "closed"):
        output.emit(Step(t=number * 12.0, step=step, connection=number))
    said = output.conversation
    newest = said.turns[-1].item_id if said.turns else None
    replay = Replay(said.turns)
    downlink.connected(Nobody(), replay, ItemIds(number, output.taken_ids(), newest))  # type: ignore[arg-type]
    for place, turn in enumerate(replay.turns):
        item = {
            "id": f"echo_{number}_{place}",
            "role": turn.role,
            "content": [{"type": "input_text", "text": turn.text}],
        }
        downlink.handle(event("conversation.item.added", item=item), number * 12.0)


def turn_events(number: int) -> list[ServerEvent]:
    """One turn of each side: a second of answer in ten deltas. Every other answer is spoken into."""
    user, answer, response = f"item_u{number}", f"item_a{number}", f"resp_{number}"
    ids = {"response_id": response, "item_id": answer}
    spoken = "conversation.item.input_audio_transcription.completed"
    deltas = [
        event(f"response.{kind}.delta", delta=delta, **ids)
        for _ in range(5)
        for kind, delta in (("output_audio", AUDIO), ("output_audio_transcript", WORDS[:5]))
    ]
    ended = [
        event("response.output_audio.done", **ids),
        event("response.output_audio_transcript.done", transcript=WORDS, **ids),
    ]
    return [
        event("input_audio_buffer.speech_started", item_id=user, audio_start_ms=0),
        event("input_audio_buffer.speech_stopped", item_id=user, audio_end_ms=1_000),
        event("input_audio_buffer.committed", item_id=user, previous_item_id=f"item_a{number - 1}"),
        event(spoken, item_id=user, transcript=WORDS),
        event("response.created", response={"id": response}),
        event("conversation.item.added", item={"id": answer, "role": "assistant"}, previous_item_id=user),
        *deltas,
        *(ended if number % 2 else []),
        event("response.done", response={"id": response, "status": "completed"}),
    ]


def test_a_turn_costs_its_words() -> None:
    downlink, playback, output = bench()

    def play(number: int) -> None:
        for each in turn_events(number):
            downlink.handle(each, number * 10.0)
        for _ in range(10 if number % 2 else 40):
            playback.pull(960)
        playback.take_changes()

    assert bytes_per_round(play, 300, 300) < 1_600  # 1.2 kB measured, for 55 characters and two ids
    assert len(output.conversation.turns) == KEPT_TURNS
    assert len(output.words_of("user")) == 600


def test_a_flood_of_errors_costs_no_more_than_the_newest(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)  # which keeps them all
    output = Output(Nobody())
    errors = ServerErrors(output)
    error = {"type": "invalid_request_error", "code": "audio_ahead_of_real_time", "message": "slower"}

    def play(number: int) -> None:
        told = event("error", error=error)
        assert isinstance(told, ErrorEvent)
        errors.handle(told, float(number))

    assert bytes_per_round(play, 500, 2_500) < 50
    assert len(output.conversation.errors) == KEPT_REPORTS
    assert output.conversation.error_count == 3_000


def test_hours_of_chunks_cost_nothing() -> None:
    rate, lateness = RateMeter(), LatenessMeter()
    rate.open(0.0)

    def play(number: int) -> None:
        at = number / 25
        rate.add(at)
        lateness.add(at, at + 0.001 * (number % 1_000))

    assert bytes_per_round(play, 10_000, 40_000) < 0.5


def test_ten_hours_and_two_hundred_reconnections_stay_within_five_percent() -> None:
    """Of the first hour's resident memory. Each turn takes 6 s, each connection ends after 3 minutes."""
    downlink, playback, output = bench()
    lateness = LatenessMeter()
    turns_an_hour, chunks_a_turn = 600, 150
    resident = []
    for hour in range(HOURS):
        for number in range(hour * turns_an_hour // 2, (hour + 1) * turns_an_hour // 2):
            if number % (HOURS * turns_an_hour // 2 // 200) == 0:
                reconnect(downlink, output, number)
            for each in turn_events(number):
                downlink.handle(each, number * 12.0)
            output.emit(
                Latency(
                    t=number * 12.0,
                    turn=number,
                    item_id=f"item_a{number}",
                    response_latency_ms=number,
                    basis="speech",
                )
            )
            for _ in range(10 if number % 2 else 40):
                playback.pull(960)
            playback.take_changes()
            for chunk in range(2 * chunks_a_turn):
                due = number * 12.0 + chunk * 0.04
                lateness.add(due, due + (chunk * 7919 + number) % 100_003 / 1e6)
        output.conversation  # noqa: B018  as whoever reads it would fold what waits
        resident.append(resident_bytes())
    assert resident[-1] <= resident[0] * 1.05, [f"{size / 1e6:.1f} MB" for size in resident]
    state = output.conversation
    spoken = HOURS * turns_an_hour // 2
    assert len(state.turns) == KEPT_TURNS
    assert len(output.words_of("user")) == spoken
    assert state.latency == LatencyFigures(
        spoken, spoken - 1, math.ceil(spoken / 2) - 1, math.ceil(spoken * 0.95) - 1
    )
    assert len(state.connections) <= KEPT_CONNECTIONS
