"""The relay's output: one typed event per line, as JSON, on standard output.

This is the only thing the live screen, the headless commands, the recorder and the acceptance
checkpoints know of a conversation. Every event has ``t``, the seconds since the relay started on the
monotonic clock, stamped where the bytes arrived, and ``kind``, its type. Kinds and fields are stable:
fields may be added, none is renamed or removed. ``docs/stream.md`` is generated from this file.

Codes (``Problem.code``, ``Notice.code``) are for programs; ``message`` is an English sentence for a log.
People read the translated wording that ``tui.wording.errors`` has for each code.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Echo = Literal["off", "cancel", "half-duplex"]
"""off: nothing is done; cancel: the customer's voice is removed; half-duplex: silence is sent while an answer plays."""
Role = Literal["user", "assistant", "system"]
ModePhase = Literal["before", "during", "after"]
StepName = Literal[
    "connecting", "connected", "created", "update_sent", "updated", "gate_open", "closing", "closed"
]


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    t: float
    """Seconds since the relay started, monotonic clock."""


class Started(_Event, frozen=True, kw_only=True, tag="started"):
    """The relay has read its configuration. Always the first line."""

    version: str
    server_url: str
    session_id: str | None
    source: str
    sink: str
    chunk_bytes: int
    """Bytes of PCM16 (24 kHz mono) in one binary message."""
    expected_chunk_rate: float
    """Expected chunks per second: 48 000 bytes per second / ``chunk_bytes``."""
    wall_time: str
    """ISO-8601, UTC: the wall-clock time at ``t``."""
    echo: Echo = "off"
    """How loudspeaker echo is to be handled, until ``input_settings`` says otherwise."""
    gain_db: float = 0.0
    """How much louder than captured the user's voice is sent, in dB."""


class LogLine(_Event, frozen=True, kw_only=True, tag="log"):
    """A client-side log line in the wording of the test summary document."""

    text: str


class Step(_Event, frozen=True, kw_only=True, tag="step"):
    """A connection reached a step. ``connection`` counts sockets of this run from 1."""

    step: StepName
    connection: int
    detail: str | None = None
    """created: ``relay`` (the server's stub) or the model's name; closed: the close reason."""
    close_code: int | None = None


class ProtocolEvent(_Event, frozen=True, kw_only=True, tag="protocol"):
    """One Realtime message in either direction. Audio and its deltas are counted in ``meters`` instead, text deltas
    are in ``transcript``."""

    direction: Literal["in", "out"]
    type: str
    size_bytes: int
    connection: int
    item_id: str | None = None
    response_id: str | None = None
    known: bool = True
    payload: dict[str, Any] | None = None
    """The whole message, kept only when its type is unknown and it has at most 64 KiB."""


class Speech(_Event, frozen=True, kw_only=True, tag="speech"):
    """The server's VAD heard the user start or stop. ``audio_ms`` is its offset in the audio sent."""

    state: Literal["started", "stopped"]
    item_id: str
    audio_ms: int


class Item(_Event, frozen=True, kw_only=True, tag="item"):
    """A conversation item was created; ``previous_item_id`` gives its position (null: first or unknown)."""

    item_id: str
    role: Role
    previous_item_id: str | None = None


class Transcript(_Event, frozen=True, kw_only=True, tag="transcript"):
    """Text of an item. ``final`` replaces everything partial; otherwise ``text`` is appended."""

    item_id: str
    role: Role
    text: str
    final: bool


class TranscriptFailed(_Event, frozen=True, kw_only=True, tag="transcript_failed"):
    """The server could not transcribe the user's speech."""

    item_id: str
    code: str
    message: str


class Response(_Event, frozen=True, kw_only=True, tag="response"):
    """A response began or ended."""

    response_id: str
    state: Literal["created", "done"]
    status: str | None = None
    """done: completed, cancelled, incomplete or failed."""
    reason: str | None = None
    """done, unless completed: turn_detected, client_cancelled, max_output_tokens or content_filter."""
    code: str | None = None
    """done, if failed: the server's code, with its ``message``."""
    message: str | None = None


class Latency(_Event, frozen=True, kw_only=True, tag="latency"):
    """Response latency of one turn, in ms: end of the user's speech to the first byte of answer audio.

    End of speech is when the sample at ``audio_end_ms - silence_duration_ms`` was handed to the socket
    (basis ``speech``); for a typed turn, when ``response.create`` was (basis ``text``).
    """

    turn: int
    """Of the user's, counted from 1."""
    item_id: str | None
    """The answer."""
    response_latency_ms: float
    basis: Literal["speech", "text"]


class Playback(_Event, frozen=True, kw_only=True, tag="playback"):
    """What the operator heard of an answer. ``heard_ms`` is counted in samples the sink has played."""

    item_id: str
    state: Literal["started", "finished", "interrupted"]
    heard_ms: int
    received_ms: int


class Meters(_Event, frozen=True, kw_only=True, tag="meters"):
    """Levels and counters, ten times a second. Rates are over the trailing ``window_s`` seconds."""

    gate_open: bool
    muted: bool
    mic_rms_dbfs: float | None
    """dBFS of the last 100 ms of input; null before any; -120 is digital silence."""
    mic_peak_dbfs: float | None
    speaker_rms_dbfs: float | None
    speaker_peak_dbfs: float | None
    chunks_sent: int
    bytes_sent: int
    chunk_rate: float | None
    """Measured chunks per second; null until the gate has been open for a second."""
    window_s: float
    lateness_p99_ms: float | None
    """How late chunks were handed to the socket against their schedule, this window."""
    lateness_max_ms: float | None
    dropped_chunks: int
    """Captured but never sent, because the socket could not keep up."""
    audio_received_ms: int
    received_ms_per_s: float | None
    """Milliseconds of answer audio that arrived per second."""
    playback_buffer_ms: int


class RealtimeMode(_Event, frozen=True, kw_only=True, tag="realtime_mode"):
    """``session.realtime_mode`` as the server reported it over REST at ``t``. Null: it did not answer."""

    value: bool | None
    phase: ModePhase
    round_trip_ms: float | None = None
    error: str | None = None
    """The code of what prevented an answer."""


class Connection(_Event, frozen=True, kw_only=True, tag="connection"):
    """The socket was lost, is being retried, is back, or was given up."""

    state: Literal["lost", "retrying", "restored", "given_up"]
    attempt: int = 0
    """Consecutive attempts, including this one; 0 while nothing is known to be wrong."""
    delay_s: float | None = None
    """retrying: seconds until the attempt."""
    close_code: int | None = None
    reason: str | None = None
    """The server's own words, if any, otherwise the code of the ``error`` that says what happened."""


class SourceState(_Event, frozen=True, kw_only=True, tag="source"):
    """The audio source: opened, ended (a file that is not looped), or failed (see ``error``)."""

    state: Literal["opened", "ended", "failed"]
    spec: str
    name: str
    rate_hz: int | None = None
    """The device's or file's own rate; the relay resamples to 24 000 Hz."""


class SinkState(_Event, frozen=True, kw_only=True, tag="sink"):
    """The audio sink: opened or failed (see ``error``)."""

    state: Literal["opened", "failed"]
    spec: str
    name: str
    rate_hz: int | None = None


class InputSettings(_Event, frozen=True, kw_only=True, tag="input_settings"):
    """What is done to the user's voice from now on: after a command, or because the configured way is impossible."""

    echo: Echo
    gain_db: float
    """How much louder than captured it is sent, in dB. Levels in ``meters`` are those after it."""


class Recording(_Event, frozen=True, kw_only=True, tag="recording"):
    """The recording in ``directory`` (``docs/recording.md``). stopped: on request, before the conversation's end;
    deleted: it follows ``stopped``."""

    state: Literal["started", "finished", "failed", "stopped", "deleted"]
    directory: str


class Problem(_Event, frozen=True, kw_only=True, tag="error"):
    """Something went wrong. ``where`` says in which room; ``fatal``: no more attempts are made."""

    where: Literal["audio", "connection", "server", "relay"]
    code: str
    """Stable, for programs; ``message`` is English, and ``params`` what a translation of it needs. ``params.said`` is
    what the server said itself, harmless and on one line, to be shown beside our words."""
    message: str
    fatal: bool = False
    params: dict[str, str] = {}


class Notice(_Event, frozen=True, kw_only=True, tag="notice"):
    """Something noteworthy that is not an error, e.g. ``chunk_rate_suggests_44100``, ``upstream_silent``."""

    code: str
    message: str
    params: dict[str, str] = {}


class ModeReports(msgspec.Struct, frozen=True, kw_only=True):
    """``realtime_mode`` as the server reported it before, during and after; null where it never answered."""

    before: bool | None = None
    during: bool | None = None
    """True if the server ever said so while the gate was open; otherwise its last answer."""
    during_true_s: float | None = None
    """How long it said so while the gate was open, in seconds, from the first to the last of such answers in a
    row. Null: never."""
    after: bool | None = None


class Summary(_Event, frozen=True, kw_only=True, tag="summary"):
    """The last line: the whole run in figures. A killed relay writes none; then its parent (the console,
    `talk`) ends the stream with an ``error`` of the code ``relay_crashed``."""

    session_id: str | None
    seconds: float
    session_updates_sent: int
    """On the last connection; exactly 1 when the relay behaved."""
    connections: int
    chunks_sent: int
    bytes_sent: int
    chunk_bytes: int
    chunk_rate: float | None
    """Mean over the time the gate was open, all connections."""
    expected_chunk_rate: float
    user_transcripts: list[str]
    assistant_transcripts: list[str]
    audio_received_ms: int
    response_latency_ms: list[float]
    """Of the spoken turns, the newest 10,000."""
    realtime_mode: ModeReports
    reconnects: int
    errors: list[Problem]
    """The latest 200."""
    close_code: int | None
    lateness_p50_ms: float | None = None
    """Of all chunks; percentiles to three digits."""
    lateness_p99_ms: float | None = None
    lateness_max_ms: float | None = None
    exit_code: int = 0
    """The process's: 0 ended as requested, 2 a recording that could not be played, 3 connection or login, 4 timeout,
    130 interrupted."""


StreamEvent = (
    Started
    | LogLine
    | Step
    | ProtocolEvent
    | Speech
    | Item
    | Transcript
    | TranscriptFailed
    | Response
    | Latency
    | Playback
    | Meters
    | RealtimeMode
    | Connection
    | SourceState
    | SinkState
    | InputSettings
    | Recording
    | Problem
    | Notice
    | Summary
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[StreamEvent] = msgspec.json.Decoder(StreamEvent)


def encode(event: StreamEvent) -> bytes:
    """One line of the stream, without its newline."""
    return _encoder.encode(event)


def decode(line: bytes | str) -> StreamEvent:
    """The event of one line. Raises ``msgspec.DecodeError`` for anything else."""
    try:
        return _decoder.decode(line)
    except (UnicodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from None
