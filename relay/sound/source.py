"""The source of a run: what is being read at the moment, and what takes its place when it ends or fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from audio.errors import AudioError, AudioErrorCode
from audio.open import make_source
from audio.ports import Chunk, Source, SourceEnded
from audio.spec import DeviceSpec, TcpSpec, parse_source
from relay.output import Output
from relay.problems import from_audio
from relay.sound.reopening import Reopening, close_quietly, open_or_close
from relay.stream import SourceState

SILENCE = "silence"

_REOPENED = frozenset({AudioErrorCode.DEVICE_LOST, AudioErrorCode.NO_FRAMES, AudioErrorCode.CONNECTION_LOST})


class Microphone:
    """Always gives chunks: of the source that was asked for, of silence where that has ended or failed.

    Silence keeps flowing after a file has ended, because the server's VAD ends a turn by hearing it.
    """

    def __init__(self, output: Output, chunk_bytes: int) -> None:
        self._output = output
        self._chunk_bytes = chunk_bytes
        self._source: Source = make_source(SILENCE, chunk_bytes=chunk_bytes)
        self._spec = SILENCE
        self._name = SILENCE
        self._live = False
        self._dropped = 0
        self._reader: asyncio.Task[object] | None = None
        """The task that waits in the source's ``read``."""
        self._left = asyncio.Event()
        """Set whenever no task is in there."""
        self._left.set()
        self._taken_over = False
        """That task was cancelled only to make it leave a source that is being replaced."""
        self._reopening = Reopening()
        self._using = asyncio.Lock()
        """Held by whoever opens another source: of two that overlap, the one asked for later counts."""
        self.on_change: Callable[[], None] | None = None
        """Called when another source takes over."""
        self.changes = 0
        """Counts the sources that were opened: whoever watches the source can see that it is another one."""

    @property
    def live(self) -> bool:
        """The source goes on whether it is read or not (a device, a socket), unlike a file."""
        return self._live

    @property
    def dropped_chunks(self) -> int:
        """Captured and never read, over all sources of the run."""
        return self._dropped + self._source.dropped_chunks

    async def use(self, spec: str) -> None:
        """Read from ``spec`` from now on; silence if it cannot be opened, which is told."""
        await self._reopening.stop()  # which may be opening something, and holds the lock then
        async with self._using:
            opened = await self._open(spec)
            # What was read until now may have been lost meanwhile. It must not come back in place of ``spec``.
            await self._reopening.stop()
            if not opened:
                await self._replace(self._silence(), SILENCE, live=False)

    async def read(self) -> Chunk:
        """The next chunk, when it is due. Never fails. One task at a time."""
        while True:
            source = self._source
            self._reader = reader = asyncio.current_task()
            self._left.clear()
            try:
                return await source.read()
            except asyncio.CancelledError:
                if reader is None or not self._taken_over or reader.uncancel():
                    raise
            except SourceEnded:
                self._leave()
                await self._ended()
            except AudioError as error:
                self._leave()
                await self._lost(error)
            finally:
                self._leave()

    def _leave(self) -> None:
        self._reader = None
        self._taken_over = False
        self._left.set()

    async def close(self) -> None:
        """Release the source."""
        await self._reopening.stop()
        await close_quietly(self._source)

    def _silence(self) -> Source:
        return make_source(SILENCE, chunk_bytes=self._chunk_bytes)

    async def _open(self, spec: str) -> bool:
        try:
            live = isinstance(parse_source(spec), DeviceSpec | TcpSpec)
            source = make_source(spec, chunk_bytes=self._chunk_bytes, on_warning=self._warn)
            if live and spec == self._spec:
                # A device cannot be opened a second time while we hold it.
                await self._replace(self._silence(), SILENCE, live=False)
            info = await open_or_close(source, source.open())
        except AudioError as error:
            self._failed(spec, error)
            return False
        now = self._output.now()
        # Before it takes over: a short file may have ended before the old source is closed.
        self._output.emit(SourceState(t=now, state="opened", spec=spec, name=info.name, rate_hz=info.rate_hz))
        self._name = info.name
        await self._replace(source, spec, live=live)
        return True

    async def _replace(self, source: Source, spec: str, *, live: bool) -> None:
        old, self._source = self._source, source
        self._spec = spec
        self._live = live
        self.changes += 1
        if self.on_change is not None:
            self.on_change()
        if self._reader is not None:
            # A source must not be closed under its reader; ``read`` goes on with the new one.
            if not self._taken_over:
                self._taken_over = True
                self._reader.cancel()
            await self._left.wait()
        self._dropped += old.dropped_chunks
        await close_quietly(old)

    async def _ended(self) -> None:
        self._output.emit(SourceState(t=self._output.now(), state="ended", spec=self._spec, name=self._name))
        await self._replace(self._silence(), SILENCE, live=False)

    async def _lost(self, error: AudioError) -> None:
        spec = self._spec
        self._failed(spec, error)
        silence = self._silence()
        await self._replace(silence, SILENCE, live=False)
        # Closing what is lost may take seconds, in which another source may have been chosen.
        if self._source is silence and error.code in _REOPENED:
            self._reopening.start(lambda: self._reopen(spec))

    async def _reopen(self, spec: str) -> bool:
        async with self._using:
            return await self._open(spec)

    def _failed(self, spec: str, error: AudioError) -> None:
        now = self._output.now()
        self._output.emit(SourceState(t=now, state="failed", spec=spec, name=spec))
        self._output.problem(from_audio(error, now))

    def _warn(self, error: AudioError) -> None:
        self._output.notice(str(error.code), str(error), **error.params)
