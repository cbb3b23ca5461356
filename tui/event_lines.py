"""Events of the conversation as lines of the event log."""

from __future__ import annotations

from relay.stream import (
    Connection,
    Latency,
    LogLine,
    Meters,
    Notice,
    Playback,
    Problem,
    ProtocolEvent,
    RealtimeMode,
    Recording,
    Response,
    SinkState,
    SourceState,
    Speech,
    Started,
    Step,
    StreamEvent,
    Summary,
    Transcript,
    TranscriptFailed,
)
from tui.i18n import _
from tui.wording import of_event


def event_line(event: StreamEvent) -> str | None:
    """One line, or None for what has a place of its own on the screen (levels, partial text)."""
    words = _words(event)
    return None if words is None else f"{event.t:8.3f}  {words}"


def _words(event: StreamEvent) -> str | None:
    match event:
        case Meters() | Summary():
            return None
        case LogLine(text=text):
            return f"log   {text}"
        case ProtocolEvent():
            unknown = "" if event.known else _("unknown type")
            return f"{event.direction:<5} {event.type}  {event.size_bytes} B  {unknown}".rstrip()
        case Transcript():
            return f"text  {event.role}: {event.text}" if event.final else None
        case Problem():
            return f"ERROR {of_event(event)} [{event.code}]"
        case Notice():
            return f"note  {of_event(event)} [{event.code}]"
        case TranscriptFailed():
            return "ERROR " + _("Not transcribed") + f" [{event.code}]"
        case _:
            return _quiet_words(event)


def _quiet_words(event: StreamEvent) -> str | None:
    match event:
        case Started():
            return f"start {event.version}  {event.server_url}  {event.source} > {event.sink}"
        case Step():
            code = "" if event.close_code is None else f" {event.close_code}"
            return f"step  #{event.connection} {event.step}{code} {event.detail or ''}".rstrip()
        case Speech():
            return f"vad   {event.state} {event.audio_ms} ms"
        case Response():
            return f"resp  {event.state} {event.status or ''} {event.code or ''}".rstrip()
        case Latency():
            return "time  " + _("response latency") + f" {event.response_latency_ms:.0f} ms ({event.basis})"
        case Playback():
            return f"play  {event.state} {event.heard_ms}/{event.received_ms} ms"
        case RealtimeMode():
            return f"mode  realtime_mode={_answer(event.value)} ({event.phase})"
        case Connection():
            wait = "" if event.delay_s is None else f" {event.delay_s:.1f} s"
            return f"conn  {event.state} {event.attempt or ''}{wait} {event.reason or ''}".rstrip()
        case SourceState():
            return f"mic   {event.state} {event.name}"
        case SinkState():
            return f"spkr  {event.state} {event.name}"
        case Recording():
            return f"rec   {event.state} {event.directory}"
        case _:
            return None


def _answer(value: bool | None) -> str:
    return {True: "true", False: "false", None: "?"}[value]
