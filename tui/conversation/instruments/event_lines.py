"""Events of the conversation as lines of the event log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from relay.stream import (
    Connection,
    InputSettings,
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
from tui.wording.errors import of_event

PROBE_ITEM = "item_probe_"
"""Id prefix of the item that the relay's watchdog requests as a probe (``relay.link.watchdog``)."""
RECEIVED = "📩 メッセージ受信: "
"""Begins the log line that the test summary document asks for beside each message."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """One line. ``twin``: it repeats the line before it, so only a filter shows it."""

    text: str
    twin: bool = False


class EventLines:
    """Turns one conversation's events into lines, in order of arrival."""

    def __init__(self) -> None:
        self._mode_told: tuple[object, ...] = ()
        self._received: str | None = None
        self._probing = False

    def take(self, events: Sequence[StreamEvent]) -> list[EventLine]:
        """The lines for ``events``. A mode report that repeats the previous one is skipped."""
        troubles = {event.t for event in events if isinstance(event, Problem | Notice)}
        found: list[EventLine] = []
        for event in events:
            if isinstance(event, RealtimeMode):
                told, self._mode_told = self._mode_told, (event.value, event.phase, event.error)
                if told == self._mode_told:
                    continue
            if (text := event_line(event)) is not None:
                found.append(self._marked(event, EventLine(text), troubles))
        return found

    def _marked(self, event: StreamEvent, line: EventLine, troubles: set[float]) -> EventLine:
        match event:
            case LogLine():
                # The protocol's own line stands just before it, and says the size as well.
                return replace(line, twin=event.text == f"{RECEIVED}{self._received}")
            case ProtocolEvent(direction="in"):
                self._received = event.type
                # An error that means something brings a Problem or Notice of the same moment.
                if event.type == "error" and self._probing and event.t not in troubles:
                    self._probing = False
                    words = _("the expected answer to the probe, no error")
                    return EventLine(f"{line.text}  ({words})")
            case ProtocolEvent(direction="out") if (event.item_id or "").startswith(PROBE_ITEM):
                self._probing = True
                words = _("probe: does the other side still answer?")
                return EventLine(f"{line.text}  ({words})")
            case _:
                pass
        return line


def event_line(event: StreamEvent) -> str | None:
    """One line, or None for events shown elsewhere on the screen (levels, partial text)."""
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
        case InputSettings():
            return f"input echo {event.echo}, gain {event.gain_db:+g} dB"
        case Recording():
            return f"rec   {event.state} {event.directory}"
        case _:
            return None


def _answer(value: bool | None) -> str:
    return {True: "true", False: "false", None: "?"}[value]
