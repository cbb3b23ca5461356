"""A recording's description: ``manifest.json``, and the tally of its events that describes how it ended.

``docs/recording.md`` describes the whole format; ``docs/recording.schema.json`` is generated from these types.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from api_client.harmless import harmless_text
from relay.conversation_state import percentile
from relay.stream import (
    Connection,
    Latency,
    Problem,
    Recording,
    SinkState,
    SourceState,
    Started,
    StreamEvent,
    Summary,
    Transcript,
)

FORMAT = 2
"""Recordings of version 0.1 are format 1: events.jsonl and two WAV files, without a manifest."""

How = Literal[
    "stopped", "interrupted", "connection", "timeout", "failed", "disk", "recording_stopped", "killed"
]
"""disk: writing failed; recording_stopped: stopped on request. After both, the conversation
may have continued. killed: set by repair."""
_BY_EXIT_CODE: dict[int, How] = {0: "stopped", 3: "connection", 4: "timeout", 130: "interrupted"}


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """One file of PCM16 mono."""

    file: str
    codec: Literal["flac", "wav"]
    rate_hz: int
    samples: int | None = None
    """Null until the recording is complete."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended and what it contains: enough for a list without reading the events."""

    how: How
    at: str
    """ISO-8601, UTC. For a killed one: the time of its last event."""
    seconds: float
    exit_code: int | None = None
    turns: int = 0
    """Final transcripts of either side."""
    reconnects: int = 0
    errors: tuple[str, ...] = ()
    """Distinct codes, in order of first appearance."""
    latency_p50_ms: float | None = None
    """Response latency of the spoken turns, nearest-rank; null without any, and in recordings of version 0.1."""
    latency_n: int = 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """``manifest.json``. Written when the recording starts, and again when it is complete."""

    format: int = FORMAT
    id: str
    """Name of its directory."""
    started_at: str
    """ISO-8601, UTC, at ``t`` 0 of the events."""
    versions: dict[str, str] = {}
    """Of the program, Python and the operating system."""
    server_url: str | None = None
    session_id: str | None = None
    settings: dict[str, Any] = {}
    """Chunk size, language, voice, VAD, echo, source and sink, as requested."""
    devices: tuple[str, ...] = ()
    """Distinct names of the sources and sinks that were opened."""
    tracks: dict[str, Track] = {}
    """user: what was sent; customer: what was heard, both on the recording's clock; received: answers as they
    arrived."""
    sha256: dict[str, str] = {}
    """Of every file but this one; empty until the recording is complete."""
    ended: Ended | None = None
    """Null: still being written, or killed (``salesmind runs repair`` completes it)."""


@dataclass(slots=True)
class Tally:
    """Counts events for the manifest. Feed it every event in order."""

    started: Started | None = None
    summary: Summary | None = None
    last_t: float = 0.0
    devices: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    reconnects: int = 0
    stopped: bool = False
    """The recording was stopped before its conversation ended."""
    _said: set[str] = field(default_factory=set)
    _latencies_ms: list[float] = field(default_factory=list)

    def take(self, event: StreamEvent) -> None:
        """Count one event."""
        self.last_t = max(self.last_t, event.t)
        match event:
            case Started():
                self.started = self.started or event
            case Summary():
                self.summary = event
            case Transcript(final=True, item_id=item_id, text=text) if text.strip():
                self._said.add(item_id)
            case Latency(basis="speech", response_latency_ms=latency_ms):
                self._latencies_ms.append(latency_ms)
            case Connection(state="restored"):
                self.reconnects += 1
            case Recording(state="stopped"):
                self.stopped = True
            case Problem(code=code) if code not in self.errors:
                self.errors.append(code)
            case SourceState(state="opened", name=name) | SinkState(state="opened", name=name):
                if name not in self.devices:
                    self.devices.append(name)
            case _:
                pass

    def take_all(self, events: Iterable[StreamEvent]) -> Tally:
        """Count all ``events``; returns itself."""
        for event in events:
            self.take(event)
        return self

    def ended(self, how: How | None = None, at: str | None = None) -> Ended:
        """How it ended: ``how``, or else what the summary says."""
        exit_code = None if self.summary is None else self.summary.exit_code
        if how is None and self.stopped:
            how = "recording_stopped"
        elif how is None:
            how = "killed" if exit_code is None else _BY_EXIT_CODE.get(exit_code, "failed")
        return Ended(
            how=how,
            at=at or datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(self.last_t, 3),
            exit_code=exit_code,
            turns=len(self._said),
            reconnects=self.reconnects,
            errors=tuple(self.errors),
            latency_p50_ms=percentile(self._latencies_ms, 50),
            latency_n=len(self._latencies_ms),
        )


def encode(manifest: Manifest) -> bytes:
    """The file's contents, formatted for people; U+FFFD stands for what UTF-8 cannot hold (a device's odd name)."""
    try:
        data = msgspec.json.encode(manifest)
    except UnicodeEncodeError:
        data = msgspec.json.encode(_encodable(msgspec.to_builtins(manifest)))
    return msgspec.json.format(data, indent=1) + b"\n"


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return harmless_text(value)
        case dict():
            return {_encodable(key): _encodable(one) for key, one in value.items()}
        case list() | tuple():
            return [_encodable(one) for one in value]
        case _:
            return value


def decode(data: bytes) -> Manifest:
    """Parse a manifest file. Raises ``ValueError`` for anything else, or for a newer format."""
    manifest = msgspec.json.decode(data, type=Manifest)
    if manifest.format > FORMAT:
        raise ValueError(f"format {manifest.format} is newer than this program knows ({FORMAT})")
    return manifest
