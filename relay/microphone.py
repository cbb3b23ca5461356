"""The source of a run: what is being read at the moment, and what takes its place when it ends or fails."""

from __future__ import annotations

import asyncio
import contextlib

from audio.errors import AudioError, AudioErrorCode
from audio.open import make_source
from audio.ports import Chunk, Source, SourceEnded
from audio.spec import DeviceSpec, TcpSpec, parse_source
from relay.output import Output
from relay.problems import from_audio
from relay.stream import SourceState

REOPEN_DELAYS_S = (1.0, 2.0, 4.0, 8.0)
"""When a device or sender that was lost is tried again, in seconds after each failure."""

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
        self._live = False
        self._dropped = 0
        self._reader: asyncio.Task[object] | None = None
        """The task that waits in the source's ``read``."""
        self._left: asyncio.Event | None = None
        """Set when that task has come out, because the source is to be replaced."""
        self._reopening: asyncio.Task[None] | None = None
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
        self._stop_reopening()
        if not await self._open(spec):
            await self._replace(make_source(SILENCE, chunk_bytes=self._chunk_bytes), SILENCE, live=False)

    async def read(self) -> Chunk:
        """The next chunk, when it is due. Never fails. One task at a time."""
        while True:
            source = self._source
            self._reader = asyncio.current_task()
            try:
                return await source.read()
            except asyncio.CancelledError:
                if self._left is None or self._reader is None:
                    raise
                # Not the task is cancelled, only this read: another source takes over.
                if self._reader.uncancel():
                    raise
            except SourceEnded:
                self._reader = None
                await self._ended()
            except AudioError as error:
                self._reader = None
                await self._lost(error)
            finally:
                self._reader = None
                if self._left is not None:
                    self._left.set()

    async def close(self) -> None:
        """Release the source."""
        self._stop_reopening()
        await _close(self._source)

    async def _open(self, spec: str) -> bool:
        try:
            live = isinstance(parse_source(spec), DeviceSpec | TcpSpec)
            source = make_source(spec, chunk_bytes=self._chunk_bytes, on_warning=self._warn)
            if live and spec == self._spec:
                # A device cannot be opened a second time while we hold it.
                await self._replace(make_source(SILENCE, chunk_bytes=self._chunk_bytes), SILENCE, live=False)
            info = await source.open()
        except AudioError as error:
            self._failed(spec, error)
            return False
        await self._replace(source, spec, live=live)
        now = self._output.now()
        self._output.emit(SourceState(t=now, state="opened", spec=spec, name=info.name, rate_hz=info.rate_hz))
        return True

    async def _replace(self, source: Source, spec: str, *, live: bool) -> None:
        old, self._source = self._source, source
        self._spec = spec
        self._live = live
        self.changes += 1
        if self._reader is not None:
            # A source must not be closed under its reader; ``read`` goes on with the new one.
            self._left = asyncio.Event()
            self._reader.cancel()
            await self._left.wait()
            self._left = None
        self._dropped += old.dropped_chunks
        await _close(old)

    async def _ended(self) -> None:
        spec = self._spec
        await self._replace(make_source(SILENCE, chunk_bytes=self._chunk_bytes), SILENCE, live=False)
        self._output.emit(SourceState(t=self._output.now(), state="ended", spec=spec, name=spec))

    async def _lost(self, error: AudioError) -> None:
        spec = self._spec
        self._failed(spec, error)
        await self._replace(make_source(SILENCE, chunk_bytes=self._chunk_bytes), SILENCE, live=False)
        if error.code in _REOPENED:
            self._reopening = asyncio.create_task(self._reopen(spec), name="reopen-source")

    async def _reopen(self, spec: str) -> None:
        for delay in REOPEN_DELAYS_S:
            await asyncio.sleep(delay)
            if await self._open(spec):
                return

    def _stop_reopening(self) -> None:
        task, self._reopening = self._reopening, None
        if task is not None:
            task.cancel()

    def _failed(self, spec: str, error: AudioError) -> None:
        now = self._output.now()
        self._output.emit(SourceState(t=now, state="failed", spec=spec, name=spec))
        self._output.problem(from_audio(error, now))

    def _warn(self, error: AudioError) -> None:
        self._output.notice(str(error.code), str(error), **error.params)


async def _close(source: Source) -> None:
    with contextlib.suppress(AudioError):
        await source.close()
