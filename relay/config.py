"""What one conversation is started with."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from relay.chunk_bytes import DEFAULT_CHUNK_BYTES, LARGEST_CHUNK_BYTES, SMALLEST_CHUNK_BYTES

BYTES_PER_SECOND = 48_000
"""PCM16 mono at 24 kHz (realtime-protocol, section 3)."""

ChunkBytes = Annotated[int, msgspec.Meta(ge=SMALLEST_CHUNK_BYTES, le=LARGEST_CHUNK_BYTES, multiple_of=2)]


class TurnDetection(msgspec.Struct, frozen=True, kw_only=True):
    """Server VAD (realtime-protocol, section 4)."""

    threshold: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.5
    prefix_padding_ms: Annotated[int, msgspec.Meta(ge=0, le=5_000)] = 300
    silence_duration_ms: Annotated[int, msgspec.Meta(ge=50, le=10_000)] = 500


class RelayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation. ``repr`` leaves the token out."""

    server_url: str
    """Base URL of the SalesMind server, e.g. ``http://127.0.0.1:8000``."""
    token: str
    session_id: str | None = None
    """Null: a conversation outside any session; ``realtime_mode`` cannot be read then."""
    insecure: bool = False
    """Accept a certificate that cannot be verified."""
    source: str = "silence"
    """As ``audio.spec`` reads it: ``mic``, ``wav:PATH``, ``tcp:HOST:PORT``, ``tone``, ``silence``."""
    sink: str = "none"
    """``speaker``, ``wav:PATH``, ``tcp:HOST:PORT`` or ``none``."""
    chunk_bytes: ChunkBytes = DEFAULT_CHUNK_BYTES
    """Bytes of one binary message: whole samples of two bytes."""
    language: Literal["ja", "en"] = "ja"
    """Language of the conversation: of the instructions and of the transcription."""
    voice: str = "marin"
    transcription_model: str = "gpt-4o-mini-transcribe"
    turn_detection: TurnDetection = TurnDetection()
    echo: Literal["off", "cancel", "half-duplex"] = "off"
    """cancel: needs the ``[aec]`` extra; half-duplex: silence is sent while the answer plays."""
    seconds: float | None = None
    """Stop by itself so long after the gate first opened; null: when told."""
    patience_s: float | None = 75.0
    """How long a lost connection is tried again, in seconds; null: for as long as nobody stops it, and after what no
    attempt can mend, ``reconnect`` is waited for."""
    renew_after_s: float | None = 3_300.0
    """A connection of this age is made anew between two turns, in seconds: the Realtime API ends it after 60 minutes.
    Null: never."""
    record_directory: str | None = None
    """Where the conversation is recorded (docs/recording.md), or in a new directory `2`, `3`, ... below where a
    recording is already; null: nowhere."""
    answer_within_s: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """How long a server that takes our audio may leave a question, or every ping, unanswered before its connection is
    given up for dead, in seconds. One that analyses inline thinks for 20 s and then goes on."""
    mode_poll_s: float = 2.0
    """How often ``realtime_mode`` is read while connected, in seconds. Every second, it was a fifth of the relay's
    CPU (``benchmarks/conversation.py``); its age is shown beside it."""

    def __repr__(self) -> str:
        return f"RelayConfig(server_url={self.server_url!r}, session_id={self.session_id!r})"
