"""An audio file as a source: played in real time, once or forever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from audio.decode import Decoder, open_decoder
from audio.errors import AudioError, AudioErrorCode, printable
from audio.pacing import Pacer
from audio.paths import from_home
from audio.pcm import Chunker
from audio.ports import BYTES_PER_SAMPLE, Chunk, SourceEnded, StreamInfo


class FileSource:
    """Anything soundfile reads (WAV, FLAC, Ogg, Opus, MP3, AIFF), of any rate and channel count.

    The clock starts with the first ``read``. Nothing of a file is lost: a consumer that stalls for longer than the
    pacer can make up hears the rest later, as if the player had been paused. The last chunk is padded
    with silence. Decoding runs in a thread, a second ahead.
    """

    dropped_chunks = 0

    def __init__(
        self,
        path: str,
        chunk_bytes: int,
        *,
        loop: bool,
        on_warning: Callable[[AudioError], None] | None = None,
    ) -> None:
        self._path = from_home(path)
        self._loop = loop
        self._chunker = Chunker(chunk_bytes)
        self._chunks: list[bytes] = []
        self._pacer = Pacer(chunk_bytes // BYTES_PER_SAMPLE)
        self._decoder: Decoder | None = None
        self._on_warning = on_warning
        self._warned = False
        self._ahead: asyncio.Task[bytes] | None = None
        self._ended = False

    async def open(self) -> StreamInfo:
        """Open the file and decode its beginning. Raises ``AudioError`` (``FILE_...``)."""
        self._decoder = await asyncio.to_thread(open_decoder, self._path, loop=self._loop)
        info = StreamInfo(printable(self._path.name), self._decoder.rate_hz)
        self._decode_ahead()
        try:
            await self._take_decoded()
        except AudioError:
            await self.close()
            raise
        if not self._chunks:
            await self.close()
            raise AudioError(
                AudioErrorCode.FILE_UNREADABLE, path=str(self._path), reason="there is no sound in it"
            )
        return info

    async def read(self) -> Chunk:
        """The next chunk, when it is due. Raises ``SourceEnded`` after the last, ``AudioError`` if broken."""
        if not self._chunks:
            await self._take_decoded()
        if not self._chunks:
            raise SourceEnded(self._path.name)
        self._pacer.skipped_samples()
        due = await self._pacer.wait()
        return Chunk(self._chunks.pop(), due)

    async def close(self) -> None:
        """Close the file; may be called twice, and before ``open``."""
        ahead, self._ahead = self._ahead, None
        decoder, self._decoder = self._decoder, None
        self._ended = True
        self._chunks.clear()
        if ahead is not None:
            # The thread cannot be stopped, and the file must not be closed under its feet.
            await asyncio.wait([ahead])
            ahead.exception()
        if decoder is not None:
            decoder.close()

    def _warn_of_channels(self) -> None:
        if self._on_warning is None or self._warned or self._decoder is None:
            return
        if self._decoder.channels_cancel:
            self._warned = True
            self._on_warning(AudioError(AudioErrorCode.CHANNELS_CANCEL, name=str(self._path)))

    def _decode_ahead(self) -> None:
        if self._decoder is not None:
            self._ahead = asyncio.create_task(asyncio.to_thread(self._decoder.read), name="decode ahead")

    async def _take_decoded(self) -> None:
        """Cut what was decoded into chunks (in reverse, for ``pop``) and start decoding the next block."""
        while not self._chunks and not self._ended and self._ahead is not None:
            pcm = await asyncio.shield(self._ahead)
            self._warn_of_channels()
            if pcm:
                self._chunks = list(self._chunker.feed(pcm))[::-1]
                self._decode_ahead()
            else:
                self._ended = True
                rest = self._chunker.flush()
                self._chunks = [rest] if rest else []
