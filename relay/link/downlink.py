"""From the socket to the stream: which part of a run takes which event of the server's.

Synchronous on purpose: handling an event never waits for the socket, so reading never stands behind
writing. What must be sent goes into the outbox.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api_client import events as ev
from api_client.event_parts import TurnDetection
from relay.codes import RelayCode
from relay.config import RelayConfig
from relay.link.answers import Answers
from relay.link.item_ids import ItemIds
from relay.link.kept_speech import KeptSpeech
from relay.link.outbox import Outbox
from relay.link.replay import Replay
from relay.link.transcripts import Transcripts
from relay.link.turn_taking import TypedTurns
from relay.measure.latency import LatencyTracker
from relay.output import Output
from relay.sound.playback import PlaybackQueue
from relay.stream import Speech

Handler = Callable[[Any, float], None]
"""Takes an event and ``time.monotonic()`` of its arrival."""


class Downlink:
    """Handles the events of every connection of a run, one after the other."""

    def __init__(
        self,
        config: RelayConfig,
        output: Output,
        playback: PlaybackQueue,
        latency: LatencyTracker,
        kept: KeptSpeech,
    ) -> None:
        self._output = output
        self._kept = kept
        self._latency = latency
        self._silence_ms: float = config.turn_detection.silence_duration_ms
        self._server_interrupts = True
        self._ids = ItemIds()
        self.typed = TypedTurns()
        self.answers = Answers(output, playback, latency)
        self._transcripts = Transcripts(output, self.typed)
        self._handlers: dict[type, Handler] = self._routes()

    def _routes(self) -> dict[type, Handler]:
        answers, transcripts = self.answers, self._transcripts
        return {
            ev.OutputAudioDelta: answers.audio,
            ev.BinaryAudio: answers.binary_audio,
            ev.OutputAudioDone: answers.audio_done,
            ev.OutputTranscriptDelta: self._answer_delta,
            ev.OutputTextDelta: self._answer_delta,
            ev.OutputTranscriptDone: self._answer_done,
            ev.OutputTextDone: self._answer_done,
            ev.ResponseCreated: answers.created,
            ev.ResponseDone: self._response_done,
            ev.ItemAdded: self._timed(transcripts.added),
            ev.ItemDone: self._timed(transcripts.done),
            ev.InputAudioCommitted: self._committed,
            ev.InputTranscriptionDelta: self._timed(transcripts.user_delta),
            ev.InputTranscriptionCompleted: self._user_done,
            ev.InputTranscriptionFailed: self._user_failed,
            ev.SpeechStarted: self._speech_started,
            ev.SpeechStopped: self._speech_stopped,
            ev.MalformedEvent: self._malformed,
        }

    def connected(self, outbox: Outbox, replay: Replay, ids: ItemIds) -> None:
        """A new socket: what belonged to the old one is over."""
        self._ids = ids
        self._transcripts.connected(replay, ids)
        self.answers.connected(outbox, ids, asked=replay.asks)
        self.typed.connected()

    def configured(self, detection: TurnDetection | None) -> None:
        """``session.updated`` named the turn detection that is in force."""
        if detection is None:
            return
        if detection.silence_duration_ms is not None:
            self._silence_ms = detection.silence_duration_ms
        self._server_interrupts = detection.interrupt_response is not False

    def handle(self, event: ev.ServerEvent, at: float) -> None:
        """Take one event in; ``at`` is ``time.monotonic()`` of its arrival. Most kinds need nothing to be done."""
        # A beta name is a subclass of its GA event.
        for kind in type(event).__mro__:
            handler = self._handlers.get(kind)
            if handler is not None:
                handler(event, at)
                return

    def _timed(self, handler: Handler) -> Handler:
        """``handler`` takes ``t`` of the stream."""
        return lambda event, at: handler(event, self._output.at(at))

    def _answer_delta(self, event: ev.OutputTranscriptDelta | ev.OutputTextDelta, at: float) -> None:
        self.answers.turns.alive(at)
        item_id = self.answers.shown_id(event.item_id)
        self._transcripts.answer_delta(item_id, event.delta, self._output.at(at))

    def _answer_done(self, event: ev.OutputTranscriptDone | ev.OutputTextDone, at: float) -> None:
        item_id = self.answers.shown_id(event.item_id)
        words = event.text if isinstance(event, ev.OutputTextDone) else event.transcript
        self.answers.told_whole()
        self._transcripts.answer_done(item_id, event.content_index, words or "", self._output.at(at))

    def _response_done(self, event: ev.ResponseDone, at: float) -> None:
        self._transcripts.answers_over()
        self._kept.understood()
        self.answers.done(event, at)

    def _committed(self, event: ev.InputAudioCommitted, at: float) -> None:
        self._kept.committed(event.item_id)
        self.answers.owe()
        self._transcripts.committed(event, self._output.at(at))

    def _user_done(self, event: ev.InputTranscriptionCompleted, at: float) -> None:
        self._kept.understood(event.item_id)
        self._transcripts.user_done(event, self._output.at(at))

    def _user_failed(self, event: ev.InputTranscriptionFailed, at: float) -> None:
        self._kept.understood(event.item_id)
        self._transcripts.user_failed(event, self._output.at(at))

    def _speech_started(self, event: ev.SpeechStarted, at: float) -> None:
        self._emit_speech("started", event.item_id, event.audio_start_ms, at)
        self.answers.interrupt(cancel=not self._server_interrupts)

    def _speech_stopped(self, event: ev.SpeechStopped, at: float) -> None:
        # Without the time there is nothing to measure from.
        if event.audio_end_ms is not None:
            self._latency.speech_stopped(event.audio_end_ms, self._silence_ms)
        self._emit_speech("stopped", event.item_id, event.audio_end_ms, at)

    def _emit_speech(self, state: Any, item_id: str, audio_ms: float | None, at: float) -> None:
        t = self._output.at(at)
        shown = self._ids.shown(item_id)
        self._output.emit(Speech(t=t, state=state, item_id=shown, audio_ms=round(audio_ms or 0)))

    def _malformed(self, event: ev.MalformedEvent, at: float) -> None:
        name = event.type or "unnamed"
        self._output.notice(
            RelayCode.MALFORMED_MESSAGE,
            f"The server sent a message that cannot be read ({name}): {event.reason}",
            type=name,
        )
        if event.type == "response.done":
            self.answers.unreadable_done(at)
