"""The sink of a run: opened, changed, watched, and replaced by ``none`` when it fails."""

from __future__ import annotations

import asyncio

from audio.errors import AudioError
from audio.open import make_sink
from audio.ports import Sink
from relay.output import Output
from relay.problems import from_audio
from relay.sound.playback import PlaybackQueue
from relay.sound.reopening import Reopening, close_quietly, open_or_close
from relay.stream import Playback, SinkState

NO_SINK = "none"


class CurrentSink:
    """Plays the queue through the current sink. Without a working one the answers are discarded in real
    time, so that the conversation keeps its pace."""

    def __init__(self, output: Output, queue: PlaybackQueue) -> None:
        self._output = output
        self._queue = queue
        self._sink: Sink | None = None
        self._spec = NO_SINK
        self._reopening = Reopening()
        self._changing = asyncio.Lock()
        """One change of the sink at a time, in the order they are asked for."""

    async def use(self, spec: str) -> None:
        """Play through ``spec`` from now on."""
        async with self._changing:
            await self._reopening.stop()
            await self._open_or_none(spec)

    async def check(self) -> None:
        """Detect a sink lost during playback, and report playback changes since the last check."""
        for change in self._queue.take_changes():
            self._output.emit(
                Playback(
                    t=self._output.at(change.at),
                    item_id=change.heard.item_id,
                    state=change.state,
                    heard_ms=change.heard.heard_ms,
                    received_ms=change.heard.received_ms,
                )
            )
        lost = self._sink.lost if self._sink is not None else None
        if isinstance(lost, AudioError):
            async with self._changing:
                spec = self._spec
                self._failed(spec, lost)
                await self._close()
                await self._open(NO_SINK)
                self._reopening.start(lambda: self._open_or_none(spec))

    async def close(self) -> None:
        """Release the sink."""
        await self._reopening.stop()
        await self._close()

    async def _open_or_none(self, spec: str) -> bool:
        opened = await self._open(spec)
        if self._sink is None:
            await self._open(NO_SINK)
        return opened

    async def _open(self, spec: str) -> bool:
        try:
            sink = make_sink(spec)
            # The old sink goes first: one device cannot be opened twice, and two would both pull.
            await self._close()
            info = await open_or_close(sink, sink.open(self._queue.pull))
        except AudioError as error:
            self._failed(spec, error)
            return False
        self._sink = sink
        self._spec = spec
        self._queue.set_latency(info.latency_ms)
        self._output.emit(
            SinkState(t=self._output.now(), state="opened", spec=spec, name=info.name, rate_hz=info.rate_hz)
        )
        return True

    def _failed(self, spec: str, error: AudioError) -> None:
        now = self._output.now()
        self._output.emit(SinkState(t=now, state="failed", spec=spec, name=spec))
        self._output.problem(from_audio(error, now))

    async def _close(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            await close_quietly(sink)
