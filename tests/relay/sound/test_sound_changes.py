"""Changing source and sink while devices are slow, lost or coming back: what was asked for last is what is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from audio.errors import AudioError, AudioErrorCode
from audio.ports import Chunk, PullPcm, SourceEnded, StreamInfo
from relay.commands import UseSource
from relay.config import RelayConfig
from relay.link.gate import Gate
from relay.link.kept_speech import KeptSpeech
from relay.link.uplink import Uplink
from relay.measure.latency import LatencyTracker
from relay.output import Output
from relay.sound.playback import PlaybackQueue
from relay.sound.sink import CurrentSink
from relay.sound.source import CurrentSource
from relay.stream import SourceState, StreamEvent
from tests.relay.fake_salesmind import FakeSalesMind
from tests.relay.held_conversation import Hold

LOST = AudioError(AudioErrorCode.DEVICE_LOST, device="USB")
WITHIN_S = 5.0


class Device:
    """A source and a sink in one, whose opening and closing take as long as the test says."""

    dropped_chunks = 0

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self.may_open = asyncio.Event()
        self.may_close = asyncio.Event()
        self.may_open.set()
        self.may_close.set()
        self.opening = asyncio.Event()
        self.closing = asyncio.Event()
        self.is_open = False
        self.ends = False
        self.lost: AudioError | None = None
        self.read_lost = asyncio.Event()
        self.reading = asyncio.Event()

    async def open(self, pull: PullPcm | None = None) -> StreamInfo:
        self.opening.set()
        try:
            await self.may_open.wait()
        finally:
            # As with PortAudio: a thread that is opening goes on although nobody waits for it any more.
            self.is_open = True
        return StreamInfo(self.spec, 24_000)

    async def read(self) -> Chunk:
        self.reading.set()
        if self.ends:
            raise SourceEnded
        await self.read_lost.wait()
        raise LOST

    async def close(self) -> None:
        self.closing.set()
        await self.may_close.wait()
        self.is_open = False


class Shelf:
    """Gives each specification its device, or a new one each time for those that are not prepared."""

    def __init__(self) -> None:
        self.prepared: dict[str, list[Device]] = {}
        self.given: list[Device] = []

    def prepare(self, spec: str) -> Device:
        device = Device(spec)
        self.prepared.setdefault(spec, []).append(device)
        return device

    def make(self, spec: str, **_: Any) -> Device:
        waiting = self.prepared.get(spec)
        device = waiting.pop(0) if waiting else Device(spec)
        self.given.append(device)
        return device

    @property
    def open(self) -> list[str]:
        return [device.spec for device in self.given if device.is_open]


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    made = Shelf()
    monkeypatch.setattr("relay.sound.source.make_source", made.make)
    monkeypatch.setattr("relay.sound.sink.make_sink", made.make)
    monkeypatch.setattr("relay.sound.reopening.REOPEN_DELAYS_S", (0.0, 0.0))
    return made


@pytest.fixture
async def source(shelf: Shelf) -> AsyncIterator[CurrentSource]:
    made = CurrentSource(Output(lambda event: None), 960)
    reading = asyncio.create_task(made.read())
    yield made
    reading.cancel()
    await asyncio.wait([reading])
    await made.close()


@pytest.fixture
async def sink(shelf: Shelf) -> AsyncIterator[CurrentSink]:
    made = CurrentSink(Output(lambda event: None), PlaybackQueue())
    yield made
    await made.close()


async def soon(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), WITHIN_S)


async def settle() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_microphone_that_is_being_opened_again_is_let_go_for_another(
    shelf: Shelf, source: CurrentSource
) -> None:
    first, again = shelf.prepare("mic:USB"), shelf.prepare("mic:USB")
    again.may_open.clear()
    await source.use("mic:USB")
    first.read_lost.set()
    await soon(again.opening)
    await source.use("mic:Built-in")
    await settle()
    assert shelf.open == ["mic:Built-in"]


async def test_a_microphone_chosen_while_the_lost_one_closes_stays(
    shelf: Shelf, source: CurrentSource
) -> None:
    first = shelf.prepare("mic:USB")
    first.may_close.clear()
    await source.use("mic:USB")
    first.read_lost.set()
    await soon(first.closing)
    await source.use("mic:Built-in")
    first.may_close.set()
    await settle()
    assert shelf.open == ["mic:Built-in"]


async def test_a_microphone_lost_while_another_is_opened_does_not_come_back(
    shelf: Shelf, source: CurrentSource
) -> None:
    first, other = shelf.prepare("mic:USB"), shelf.prepare("mic:Built-in")
    other.may_open.clear()
    await source.use("mic:USB")
    using = asyncio.create_task(source.use("mic:Built-in"))
    await soon(other.opening)
    first.read_lost.set()
    await soon(first.closing)
    other.may_open.set()
    await using
    await settle()
    assert shelf.open == ["mic:Built-in"]


async def test_a_microphone_that_comes_back_is_read_even_while_nothing_is_sent(shelf: Shelf) -> None:
    """Else what is sent first, when the connection is back, would be old."""
    config = RelayConfig(server_url="http://127.0.0.1:9", token="t")
    output = Output(lambda event: None)
    source = CurrentSource(output, config.chunk_bytes)
    uplink = Uplink(config, output, Gate(), source, PlaybackQueue(), LatencyTracker(), KeptSpeech())
    pumping = asyncio.create_task(uplink.run())
    first, again = shelf.prepare("mic:USB"), shelf.prepare("mic:USB")
    await source.use("mic:USB")
    await soon(first.reading)
    first.read_lost.set()
    await soon(again.reading)
    pumping.cancel()
    await asyncio.wait([pumping])
    await source.close()


async def test_a_source_is_opened_before_it_has_ended(shelf: Shelf) -> None:
    told: list[StreamEvent] = []
    source = CurrentSource(Output(told.append), 960)
    slow, short = shelf.prepare("mic:slow"), shelf.prepare("wav:short.wav")
    slow.may_close.clear()
    short.ends = True
    reading = asyncio.create_task(source.read())
    await source.use("mic:slow")
    using = asyncio.create_task(source.use("wav:short.wav"))
    await soon(short.reading)
    await settle()
    slow.may_close.set()
    await using
    reading.cancel()
    await asyncio.wait([reading])
    await source.close()
    states = [(event.spec, event.state) for event in told if isinstance(event, SourceState)]
    assert states == [("mic:slow", "opened"), ("wav:short.wav", "opened"), ("wav:short.wav", "ended")]


async def test_of_two_choices_the_later_counts(shelf: Shelf, source: CurrentSource) -> None:
    slow = shelf.prepare("mic:slow")
    slow.may_open.clear()
    first = asyncio.create_task(source.use("mic:slow"))
    await soon(slow.opening)
    second = asyncio.create_task(source.use("mic:quick"))
    await settle()
    slow.may_open.set()
    await asyncio.gather(first, second)
    assert shelf.open == ["mic:quick"]


async def test_a_change_that_is_cancelled_leaves_no_device_open(shelf: Shelf, source: CurrentSource) -> None:
    slow = shelf.prepare("mic:slow")
    slow.may_open.clear()
    using = asyncio.create_task(source.use("mic:slow"))
    await soon(slow.opening)
    using.cancel()
    await asyncio.wait([using])
    assert shelf.open == []


async def test_a_speaker_that_is_being_opened_again_is_let_go_for_another(
    shelf: Shelf, sink: CurrentSink
) -> None:
    first, again = shelf.prepare("speaker:USB"), shelf.prepare("speaker:USB")
    again.may_open.clear()
    await sink.use("speaker:USB")
    first.lost = LOST
    await sink.check()
    await soon(again.opening)
    await sink.use("speaker:Built-in")
    await settle()
    assert shelf.open == ["speaker:Built-in"]


async def test_a_speaker_chosen_while_the_lost_one_closes_stays(shelf: Shelf, sink: CurrentSink) -> None:
    first = shelf.prepare("speaker:USB")
    first.may_close.clear()
    await sink.use("speaker:USB")
    first.lost = LOST
    checking = asyncio.create_task(sink.check())
    await soon(first.closing)
    using = asyncio.create_task(sink.use("speaker:Built-in"))
    await settle()
    first.may_close.set()
    await asyncio.gather(checking, using)
    await settle()
    assert shelf.open == ["speaker:Built-in"]


async def test_a_speaker_that_comes_back_is_used_again(shelf: Shelf, sink: CurrentSink) -> None:
    first = shelf.prepare("speaker:USB")
    await sink.use("speaker:USB")
    first.lost = LOST
    await sink.check()
    await settle()
    assert shelf.open == ["speaker:USB"]
    assert not first.is_open


async def test_it_can_be_stopped_while_a_device_does_not_open(
    salesmind: FakeSalesMind, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = Device("speaker")
    stuck.may_open.clear()
    monkeypatch.setattr("relay.sound.sink.make_sink", lambda spec, **_: stuck)
    run = hold(sink="speaker")
    await soon(stuck.opening)
    run.command(UseSource(spec="silence"))
    summary = await asyncio.wait_for(run.stop(), WITHIN_S)
    assert summary.exit_code == 0
    assert not stuck.is_open
    assert not salesmind.sockets


async def test_a_source_asked_for_during_the_start_follows_the_first_one(
    salesmind: FakeSalesMind, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Device("speaker")
    slow.may_open.clear()
    monkeypatch.setattr("relay.sound.sink.make_sink", lambda spec, **_: slow)
    run = hold(sink="speaker", source="tone")
    await soon(slow.opening)
    run.command(UseSource(spec="tone:1000"))
    slow.may_open.set()
    await run.until(SourceState, state="opened", count=2)
    await run.stop()
    assert [event.spec for event in run.of(SourceState)] == ["tone", "tone:1000"]
