"""What a server event makes the relay send, without a socket or a sink."""

from __future__ import annotations

from typing import Any

import pytest

from api_client.events import OutputAudioDelta, ResponseCreated, SpeechStarted, SpeechStopped, decode_event
from relay.config import RelayConfig
from relay.link.downlink import Downlink
from relay.link.item_ids import ItemIds
from relay.link.kept_speech import KeptSpeech
from relay.link.replay import Replay
from relay.measure.latency import LatencyTracker
from relay.output import Output
from relay.sound.playback import PlaybackQueue
from relay.stream import Notice, StreamEvent, decode, encode

MS = 48


class Posted:
    """An outbox that keeps what is posted."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def post(self, event: Any, *, on_sent: Any = None) -> None:
        self.events.append(event)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


class Bench:
    def __init__(self) -> None:
        self.emitted: list[StreamEvent] = []
        self.playback = PlaybackQueue()
        config = RelayConfig(server_url="http://127.0.0.1:9", token="t")
        output = Output(self.emitted.append)
        self.downlink = Downlink(config, output, self.playback, LatencyTracker(), KeptSpeech())
        self.outbox = Posted()
        self.downlink.connected(self.outbox, Replay(), ItemIds())  # type: ignore[arg-type]  # it only posts

    def audio(self, item_id: str, ms: int) -> None:
        event = OutputAudioDelta(response_id="r", item_id=item_id, delta=b"\x00\x10" * (24 * ms))
        self.downlink.handle(event, 1.0)

    def barge_in(self) -> None:
        self.downlink.handle(SpeechStarted(item_id="u", audio_start_ms=0), 2.0)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_received_and_not_heard_is_never_truncated(bench: Bench) -> None:
    bench.audio("a", 500)
    bench.barge_in()
    assert bench.outbox.types == []
    assert bench.playback.pull(240) == bytes(480)


def test_a_server_that_never_stops_speaking_fills_no_memory(bench: Bench) -> None:
    for _ in range(30):
        bench.audio("a", 30_000)
    assert bench.playback.buffered_ms == 600_000
    notices = [event for event in bench.emitted if isinstance(event, Notice)]
    assert [notice.code for notice in notices] == ["answer_too_long"]
    bench.barge_in()
    bench.downlink.handle(OutputAudioDelta(response_id="r2", item_id="b", delta=bytes(48 * 20)), 3.0)
    assert bench.playback.buffered_ms == 20


def test_what_was_heard_is_truncated_there(bench: Bench) -> None:
    bench.audio("a", 500)
    bench.audio("b", 500)
    bench.playback.pull(24 * 130)
    bench.barge_in()
    (truncate,) = bench.outbox.events
    assert (truncate.item_id, truncate.audio_end_ms, truncate.content_index) == ("a", 130, 0)


def test_a_barge_in_names_the_part_that_was_being_heard(bench: Bench) -> None:
    for part in (0, 1):
        pcm = b"\x00\x10" * (24 * 100)
        bench.downlink.handle(
            OutputAudioDelta(response_id="r", item_id="a", content_index=part, delta=pcm), 1.0
        )
    bench.playback.pull(24 * 130)
    bench.barge_in()
    (truncate,) = bench.outbox.events
    assert (truncate.content_index, truncate.audio_end_ms) == (1, 30)


def test_an_item_that_the_server_never_named_is_not_truncated(bench: Bench) -> None:
    bench.audio("", 500)
    bench.playback.pull(24 * 130)
    bench.barge_in()
    assert bench.outbox.types == []


def test_an_answer_heard_to_its_end_is_not_truncated(bench: Bench) -> None:
    bench.audio("a", 100)
    bench.playback.no_more("a")
    bench.playback.pull(24 * 200)
    bench.barge_in()
    assert bench.outbox.types == []


def test_heard_so_far_of_an_unfinished_answer_is_at_most_what_was_received(bench: Bench) -> None:
    bench.audio("a", 100)
    bench.playback.pull(24 * 200)
    bench.barge_in()
    (truncate,) = bench.outbox.events
    assert truncate.audio_end_ms == 100


def test_a_cancel_names_no_response_that_has_ended(bench: Bench) -> None:
    bench.downlink.answers.interrupt(cancel=True)
    assert bench.outbox.types == []
    created = decode_event(b'{"type":"response.created","response":{"id":"r"}}')
    assert isinstance(created, ResponseCreated)
    bench.downlink.handle(created, 1.0)
    bench.downlink.answers.interrupt(cancel=True)
    assert bench.outbox.types == ["response.cancel"]


@pytest.mark.parametrize(
    "message",
    [
        b'{"type":"error"}',
        b'{"type":"error","error":"words only"}',
        b'{"type":"error","error":{"message":null}}',
        b'{"type":"response.done","response":{"id":"r","status":"failed","status_details":null}}',
        b'{"type":"conversation.item.added","item":{"id":"f","type":"function_call"}}',
        b'{"type":"conversation.item.done","item":{"id":"m","role":"user","content":null}}',
        b'{"type":"conversation.item.input_audio_transcription.failed","item_id":"u"}',
        b'{"type":"response.output_audio.delta","delta":""}',
        b'{"type":"response.output_audio.delta","delta":"AA=="}',
        b'{"type":"rate_limits.updated","rate_limits":[]}',
        b'{"type":"input_audio_buffer.timeout_triggered","item_id":"u","audio_start_ms":0,"audio_end_ms":9}',
        b'{"type":"input_audio_buffer.speech_started","item_id":"u","audio_start_ms":640.5}',
        b'{"type":"never.heard.of"}',
        b"[]",
        b"",
        b"\xff",
    ],
)
def test_odd_messages_are_survived(bench: Bench, message: bytes) -> None:
    bench.downlink.handle(decode_event(message), 1.0)
    bench.audio("a", 20)
    assert bench.playback.buffered_ms == 20
    for emitted in bench.emitted:
        assert decode(encode(emitted)) == emitted  # the reader of the stream takes it as well


def test_speech_that_ends_before_anything_was_sent_gives_no_latency(bench: Bench) -> None:
    bench.downlink.handle(SpeechStopped(item_id="u", audio_end_ms=900), 1.0)
    bench.audio("a", 20)
    assert [event for event in bench.emitted if type(event).__name__ == "Latency"] == []
