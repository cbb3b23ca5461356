"""The source of a run: what is being read, and what replaces it when it ends or fails."""

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


class _Reading:
    """A task that reads one source into a queue, one chunk per request.

    It does not read ahead: a file must not start before there is somebody to hear it.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._wanted = asyncio.Event()
        self._read: asyncio.Queue[Chunk | Exception | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def next(self) -> Chunk | Exception | None:
        """The next chunk, or why there is none; None if the source was closed meanwhile."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="source")
        self._wanted.set()
        return await self._read.get()

    async def close(self) -> None:
        """Stop reading, then release the source: it must not be closed during a ``read``."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._read.put_nowait(None)
        await close_quietly(self.source)

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                self._read.put_nowait(await self.source.read())
            except Exception as why:  # noqa: BLE001 - handed over whole, raised by ``CurrentSource.read``
                self._read.put_nowait(why)


class CurrentSource:
    """Always delivers chunks: from the requested source, or silence if it has ended or failed.

    Silence keeps flowing after a file has ended, because the server's VAD ends a turn by hearing it.
    """

    def __init__(self, output: Output, chunk_bytes: int) -> None:
        self._output = output
        self._chunk_bytes = chunk_bytes
        self._reading = _Reading(make_source(SILENCE, chunk_bytes=chunk_bytes))
        self._spec = SILENCE
        self._name = SILENCE
        self._live = False
        self._dropped = 0
        self._reopening = Reopening()
        self._using = asyncio.Lock()
        """Held by whoever opens another source: of two that overlap, the one asked for later counts."""
        self.on_change: Callable[[], None] | None = None
        """Called when another source takes over."""
        self.changes = 0
        """Counts the sources that were opened: whoever watches the source can see that it is another one."""

    @property
    def live(self) -> bool:
        """Whether the source continues even if it is not read (a device, a socket), unlike a file."""
        return self._live

    @property
    def spec(self) -> str:
        """The current source, as requested."""
        return self._spec

    @property
    def dropped_chunks(self) -> int:
        """Captured and never read, over all sources of the run."""
        return self._dropped + self._reading.source.dropped_chunks

    async def use(self, spec: str) -> None:
        """Read from ``spec`` from now on; if it cannot be opened, report that and read silence."""
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
            reading = self._reading
            match await reading.next():
                case Chunk() as chunk:
                    return chunk
                case SourceEnded() if reading is self._reading:
                    await self._ended()
                case AudioError() as error if reading is self._reading:
                    await self._lost(error)
                case Exception() as fault if reading is self._reading:
                    raise fault
                case _:
                    pass  # another source has taken over

    async def close(self) -> None:
        """Release the source."""
        await self._reopening.stop()
        await self._reading.close()

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
        old, self._reading = self._reading, _Reading(source)
        self._spec = spec
        self._live = live
        self.changes += 1
        if self.on_change is not None:
            self.on_change()
        self._dropped += old.source.dropped_chunks
        await old.close()

    async def _ended(self) -> None:
        self._output.emit(SourceState(t=self._output.now(), state="ended", spec=self._spec, name=self._name))
        await self._replace(self._silence(), SILENCE, live=False)

    async def _lost(self, error: AudioError) -> None:
        spec = self._spec
        self._failed(spec, error)
        silence = self._silence()
        await self._replace(silence, SILENCE, live=False)
        # Closing what is lost may take seconds, in which another source may have been chosen.
        if self._reading.source is silence and error.code in _REOPENED:
            self._reopening.start(lambda: self._reopen(spec))

    async def _reopen(self, spec: str) -> bool:
        async with self._using:
            return await self._open(spec)

    def _failed(self, spec: str, error: AudioError) -> None:
        now = self._output.now()
        self._output.emit(SourceState(t=now, state="failed", spec=spec, name=spec))
        self._output.problem(from_audio(error, now))

    def _warn(self, error: AudioError) -> None:
        self._output.notice(error.code, str(error), **error.params)
