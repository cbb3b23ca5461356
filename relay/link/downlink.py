"""From the socket to the stream: what each server event means for the conversation.

Synchronous on purpose: handling an event never waits for the socket, so reading never stands behind
writing. What must be sent goes into the outbox.
"""

from __future__ import annotations

from api_client import events as ev
from api_client.client_events import item_truncate, response_cancel, response_create
from api_client.event_parts import ConversationItem, TurnDetection
from audio.ports import BYTES_PER_MS
from relay.config import RelayConfig
from relay.link.outbox import Outbox
from relay.link.replay import Replay
from relay.link.server_errors import ServerErrors
from relay.link.turn_taking import ResponseTurns, TypedTurns
from relay.measure.latency import LatencyTracker
from relay.measure.meters import RateMeter
from relay.output import Output
from relay.sound.playback import PlaybackQueue
from relay.stream import Item, Latency, Problem, Response, Role, Speech, Transcript, TranscriptFailed

LONGEST_WAIT_MS = 600_000
"""Answer audio that may wait to be played: 29 MB. The longest answer of the service is a third of it."""


class Downlink:
    """Handles the events of every connection of a run, one after the other."""

    def __init__(
        self, config: RelayConfig, output: Output, playback: PlaybackQueue, latency: LatencyTracker
    ) -> None:
        self._output = output
        self._playback = playback
        self._latency = latency
        self._silence_ms: float = config.turn_detection.silence_duration_ms
        self._server_interrupts = True
        self._answers = 0
        self._final: set[str] = set()
        self._told_too_long: str | None = None
        self._outbox: Outbox | None = None
        self.turns = ResponseTurns()
        self.typed = TypedTurns()
        self.replay = Replay()
        self.errors = ServerErrors(output)
        self.audio_received_bytes = 0
        self.audio_rate = RateMeter()
        """Milliseconds of answer audio per second."""

    def connected(self, outbox: Outbox, replay: Replay) -> None:
        """A new socket: what belonged to the old one is over."""
        self._outbox = outbox
        self.replay = replay
        self.turns.connected()
        self.typed.connected()
        self._latency.connected()
        self._playback.finish_all()

    def configured(self, detection: TurnDetection | None) -> None:
        """``session.updated`` named the turn detection that is in force."""
        if detection is None:
            return
        if detection.silence_duration_ms is not None:
            self._silence_ms = detection.silence_duration_ms
        self._server_interrupts = detection.interrupt_response is not False

    def want_response(self) -> None:
        """A typed turn wants its answer, now or when the running response has ended."""
        if self.turns.request():
            self.send_response_create()

    def send_response_create(self) -> None:
        """Ask for a response; its latency counts from the moment the request is handed over."""
        if self._outbox is not None:
            self._outbox.post(response_create(), on_sent=self._latency.response_requested)

    def interrupt(self, *, cancel: bool) -> None:
        """Stop playing and tell the server how much was heard; ``cancel``: also stop its response."""
        cut_short = self._playback.interrupt(frozenset(self.turns.open))
        if self._outbox is None:
            return
        if cancel and self.turns.open:
            self._outbox.post(response_cancel())
        for heard in cut_short:
            # A truncate at 0 is refused, and one at the full length says nothing.
            if heard.heard_ms > 0 and not heard.complete:
                self._outbox.post(item_truncate(heard.item_id, min(heard.heard_ms, heard.received_ms)))

    def handle(self, event: ev.ServerEvent, at: float) -> None:
        """Take one event in; ``at`` is ``time.monotonic()`` of its arrival."""
        t = self._output.at(at)
        match event:
            case ev.OutputAudioDelta():
                self._audio(event.item_id, event.response_id, event.delta, at)
            case ev.BinaryAudio():
                self._audio("", "", event.pcm, at)
            case ev.OutputTranscriptDelta() | ev.OutputTextDelta():
                self._text(self._answer_id(event.item_id), "assistant", event.delta, t, final=False)
            case ev.OutputTranscriptDone():
                self._text(self._answer_id(event.item_id), "assistant", event.transcript, t, final=True)
            case ev.OutputTextDone():
                self._text(self._answer_id(event.item_id), "assistant", event.text, t, final=True)
            case ev.OutputAudioDone():
                self._playback.no_more(self._answer_id(event.item_id))
            case ev.ResponseCreated() | ev.ResponseDone():
                self._response(event, t)
            case ev.ItemAdded():
                self._item(event.item, event.previous_item_id, t)
            case ev.ItemDone():
                self._item_done(event.item, t)
            case ev.ErrorEvent():
                if self.errors.handle(event, t):
                    self.turns.refused()
            case ev.MalformedEvent():
                name = event.type or "unnamed"
                self._output.notice(
                    "malformed_message",
                    f"The server sent a message that cannot be read ({name}): {event.reason}",
                    type=name,
                )
            case _:
                self._user_event(event, t)

    def _user_event(self, event: ev.ServerEvent, t: float) -> None:
        match event:
            case ev.SpeechStarted():
                self._output.emit(
                    Speech(
                        t=t, state="started", item_id=event.item_id, audio_ms=round(event.audio_start_ms or 0)
                    )
                )
                self.interrupt(cancel=not self._server_interrupts)
            case ev.SpeechStopped():
                # Without the time there is nothing to measure from.
                if event.audio_end_ms is not None:
                    self._latency.speech_stopped(event.audio_end_ms, self._silence_ms)
                self._output.emit(
                    Speech(
                        t=t, state="stopped", item_id=event.item_id, audio_ms=round(event.audio_end_ms or 0)
                    )
                )
            case ev.InputAudioCommitted():
                previous = self.replay.original(event.previous_item_id)
                self._output.emit(Item(t=t, item_id=event.item_id, role="user", previous_item_id=previous))
            case ev.InputTranscriptionDelta():
                self._text(event.item_id, "user", event.delta or "", t, final=False)
            case ev.InputTranscriptionCompleted():
                self._text(event.item_id, "user", event.transcript, t, final=True)
            case ev.InputTranscriptionFailed():
                self._output.emit(
                    TranscriptFailed(
                        t=t,
                        item_id=event.item_id,
                        code=event.error.code or event.error.type or "transcription_failed",
                        message=event.error.message or "",
                    )
                )
            case _:
                pass

    def _answer_id(self, item_id: str) -> str:
        """The item's id; a stand-in for the upstream may name none: then one item per response."""
        return item_id or f"answer-{self._answers}"

    def _audio(self, item_id: str, response_id: str, pcm: bytes, at: float) -> None:
        self.audio_received_bytes += len(pcm)
        self.audio_rate.add(at, len(pcm) / BYTES_PER_MS)
        item_id = self._answer_id(item_id)
        response_id = response_id or next(iter(self.turns.open), "")
        latency = self._latency.audio_received(response_id, at)
        if latency is not None:
            self._output.emit(
                Latency(
                    t=self._output.at(at),
                    turn=latency.turn,
                    item_id=item_id,
                    response_latency_ms=latency.response_latency_ms,
                    basis=latency.basis,
                )
            )
        if self._playback.buffered_ms < LONGEST_WAIT_MS:
            self._playback.add(item_id, response_id, pcm)
        elif self._told_too_long != item_id:
            self._told_too_long = item_id
            minutes = str(LONGEST_WAIT_MS // 60_000)
            self._output.notice(
                "answer_too_long",
                f"More than {minutes} minutes of answer wait to be played: what else comes of it is not kept.",
                minutes=minutes,
            )

    def _text(self, item_id: str, role: Role, text: str, t: float, *, final: bool) -> None:
        if final:
            self._final.add(item_id)
        self._output.emit(Transcript(t=t, item_id=item_id, role=role, text=text, final=final))

    def _item(self, item: ConversationItem, previous_item_id: str | None, t: float) -> None:
        role = _role(item)
        if role is None or self.replay.is_echo(item, role):
            return
        if role == "user":
            self.typed.confirmed(item.text)
        previous = self.replay.original(previous_item_id)
        self._output.emit(Item(t=t, item_id=item.id, role=role, previous_item_id=previous))
        if role != "assistant" and item.text and item.id not in self._final:
            self._text(item.id, role, item.text, t, final=True)

    def _item_done(self, item: ConversationItem, t: float) -> None:
        role = _role(item)
        if role is None or self.replay.original(item.id) != item.id or item.id in self._final:
            return
        # Usually said before by the transcript's own events; a server may send the finished item only.
        if item.text:
            self._text(item.id, role, item.text, t, final=True)

    def _response(self, event: ev.ResponseCreated | ev.ResponseDone, t: float) -> None:
        response = event.response
        if isinstance(event, ev.ResponseCreated):
            self._answers += 1
            self.turns.created(response.id)
            self._latency.response_created(response.id)
            self._output.emit(Response(t=t, response_id=response.id, state="created"))
            return
        details = response.status_details
        error = details.error if details is not None else None
        self._output.emit(
            Response(
                t=t,
                response_id=response.id,
                state="done",
                status=response.status,
                reason=details.reason if details is not None else None,
                code=error.code if error is not None else None,
                message=error.message if error is not None else None,
            )
        )
        if response.status == "failed":
            code = (error.code or error.type if error is not None else None) or "response_failed"
            words = (error.message if error is not None else None) or "no reason given"
            message = f"The answer failed: {words}"
            self._output.problem(
                Problem(t=t, where="server", code=code, message=message, params={"message": words})
            )
        self._latency.response_done(response.id)
        self._playback.response_over(response.id)
        if self.turns.done(response.id):
            self.send_response_create()


def _role(item: ConversationItem) -> Role | None:
    """Who said it; None for what nobody says, such as a function call."""
    match item.role:
        case "user" | "assistant" | "system" as role:
            return role
        case _:
            return None
