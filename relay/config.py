"""The configuration of one conversation."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from relay.chunk_bytes import DEFAULT_CHUNK_BYTES, LARGEST_CHUNK_BYTES, SMALLEST_CHUNK_BYTES
from relay.stream import Echo

BYTES_PER_SECOND = 48_000
"""PCM16 mono at 24 kHz (realtime-protocol, section 3)."""

ChunkBytes = Annotated[int, msgspec.Meta(ge=SMALLEST_CHUNK_BYTES, le=LARGEST_CHUNK_BYTES, multiple_of=2)]


GainDb = Annotated[float, msgspec.Meta(ge=-40.0, le=40.0)]


class TurnDetection(msgspec.Struct, frozen=True, kw_only=True):
    """Server VAD (realtime-protocol, section 4)."""

    threshold: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.5
    prefix_padding_ms: Annotated[int, msgspec.Meta(ge=0, le=5_000)] = 300
    silence_duration_ms: Annotated[int, msgspec.Meta(ge=50, le=10_000)] = 500
    idle_timeout_ms: Annotated[int, msgspec.Meta(ge=5_000, le=30_000)] | None = None
    """After how much silence the customer speaks up, from the end of the last answer; null: never. Only in the GA
    dialect."""


class RelayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation. ``repr`` leaves the token out."""

    server_url: str
    """Base URL of the SalesMind server, e.g. ``http://127.0.0.1:8000``."""
    token: str
    session_id: str | None = None
    """Null: a conversation outside any session, whose ``realtime_mode`` cannot be read."""
    insecure: bool = False
    """Accept a certificate even if it cannot be verified."""
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
    echo: Echo = "off"
    """cancel: needs the ``[aec]`` extra; half-duplex: silence is sent while the answer plays."""
    gain_db: GainDb = 0.0
    """How much louder than captured the user's voice is sent, in dB; what is beyond full scale is clipped."""
    seconds: float | None = None
    """Stop this many seconds after the gate first opened; null: only when told."""
    patience_s: float | None = 75.0
    """How long to retry a lost connection, in seconds; null: until stopped, and after an error that no
    retry can fix, wait for ``reconnect``."""
    renew_after_s: float | None = 3_300.0
    """Age in seconds at which a connection is renewed between two turns: the Realtime API ends it after 60 minutes.
    Null: never."""
    record_directory: str | None = None
    """Where the conversation is recorded (docs/recording.md), or in a new subdirectory `2`, `3`, ... if there
    already is a recording; null: nowhere."""
    answer_within_s: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """How long a server that accepts our audio may leave a probe, or every ping, unanswered before its connection is
    considered dead, in seconds. A server that analyses inline may think for 20 s and then continue."""
    line_answer_within_s: Annotated[float, msgspec.Meta(gt=0)] = 5.0
    """How long a connection may stay silent, in seconds, pings included, while the server answers on another one; then
    it is considered dead. More where several servers share an address and one of them may be blocked."""
    mode_poll_s: float = 2.0
    """How often ``realtime_mode`` is read while connected, in seconds. Reading it every second took a fifth of the
    relay's CPU (``benchmarks/conversation.py``); the screen shows its age."""

    def __repr__(self) -> str:
        return f"RelayConfig(server_url={self.server_url!r}, session_id={self.session_id!r})"
