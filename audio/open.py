"""Builds the source or sink of a specification. What each needs is imported on demand."""

from __future__ import annotations

from collections.abc import Callable

from audio.errors import AudioError
from audio.ports import BYTES_PER_MS, BYTES_PER_SAMPLE, Sink, Source
from audio.spec import (
    DeviceSpec,
    FileSpec,
    NoneSpec,
    SilenceSpec,
    TcpSpec,
    ToneSpec,
    parse_sink,
    parse_source,
)

OnWarning = Callable[[AudioError], None]
"""Called once for a problem that does not stop the source; again only after it has gone away.

Called on the event loop, from within the source.
"""


def make_source(spec: str, *, chunk_bytes: int, on_warning: OnWarning | None = None) -> Source:
    """The source for ``spec``, not yet opened, delivering chunks of ``chunk_bytes``.

    Raises ``AudioError`` with ``BAD_SPEC``, and ``ValueError`` if a chunk is not a whole number of samples.
    """
    if chunk_bytes <= 0 or chunk_bytes % BYTES_PER_SAMPLE:
        raise ValueError(f"a chunk is a whole number of 2-byte samples, not {chunk_bytes} bytes")
    match parse_source(spec):
        case DeviceSpec(wanted):
            from audio.microphone import MicrophoneSource

            return MicrophoneSource(wanted, chunk_bytes, on_warning)
        case FileSpec(path, loop):
            from audio.file_source import FileSource

            return FileSource(path, chunk_bytes, loop=loop, on_warning=on_warning)
        case TcpSpec() as tcp:
            from audio.tcp import TcpSource

            return TcpSource(tcp, chunk_bytes)
        case ToneSpec(hz):
            from audio.generated import ToneSource

            return ToneSource(hz, chunk_bytes)
        case SilenceSpec():
            from audio.generated import SilenceSource

            return SilenceSource(chunk_bytes)


def make_sink(spec: str, *, block_ms: int = 20) -> Sink:
    """The sink for ``spec``, not yet opened, pulling ``block_ms`` at a time.

    Raises ``AudioError`` with ``BAD_SPEC``.
    """
    block_samples = block_ms * BYTES_PER_MS // BYTES_PER_SAMPLE
    match parse_sink(spec):
        case DeviceSpec(wanted):
            from audio.speaker import SpeakerSink

            return SpeakerSink(wanted, block_samples)
        case FileSpec(path):
            from audio.file_sink import FileSink

            return FileSink(path, block_samples)
        case TcpSpec() as tcp:
            from audio.tcp import TcpSink

            return TcpSink(tcp, block_samples)
        case NoneSpec():
            from audio.paced_sink import NullSink

            return NullSink(block_samples)
