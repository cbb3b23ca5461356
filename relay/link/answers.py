"""The customer's answers: requested, received, played, interrupted."""

from __future__ import annotations

import time
from collections import OrderedDict

from api_client import events as ev
from api_client.client_events import item_truncate, response_cancel, response_create
from api_client.error_codes import error_meaning
from audio.ports import BYTES_PER_MS
from relay.codes import RelayCode
from relay.link.item_ids import ItemIds
from relay.link.outbox import Outbox
from relay.link.turn_taking import ResponseTurns
from relay.measure.latency import LatencyTracker
from relay.measure.meters import RateMeter
from relay.output import Output
from relay.sound.playback import Heard, PlaybackQueue
from relay.stream import Latency, Problem, Response

LONGEST_WAIT_MS = 600_000
"""Most answer audio that may wait to be played: 29 MB, three times the service's longest answer."""
_ITEMS_WITH_PARTS = 8
"""Answers whose content parts are remembered; only an answer still playing can be truncated."""


class Answers:
    """Handles the responses of every connection of a run, one after the other."""

    def __init__(self, output: Output, playback: PlaybackQueue, latency: LatencyTracker) -> None:
        self._output = output
        self._playback = playback
        self._latency = latency
        self._outbox: Outbox | None = None
        self._ids = ItemIds()
        self._count = 0
        self._told_too_long: str | None = None
        self._parts: OrderedDict[str, dict[int, int]] = OrderedDict()
        """Bytes of audio by item and content part."""
        self._owed = False
        """The user's last turn has no answer yet that was said to its end, or stopped by the user."""
        self.turns = ResponseTurns()
        self.audio_bytes = 0
        self.audio_rate = RateMeter()
        """Milliseconds of answer audio per second."""

    def connected(self, outbox: Outbox, ids: ItemIds, *, asked: bool) -> None:
        """A new socket: drop what belonged to the old one. ``asked``: the replay ends with an unanswered question."""
        self._outbox = outbox
        self._ids = ids
        self.turns.connected(wanted=asked and self._owed)
        self._latency.connected()
        self._playback.finish_all()

    # --- asking ------------------------------------------------------------------------------------

    @property
    def resting(self) -> bool:
        """Whether no answer is wanted, pending or playing."""
        return not (self._owed or self.turns.busy or self._playback.sounding)

    def owe(self) -> None:
        """The user spoke, and the server will answer by itself."""
        self._owed = True

    def told_whole(self) -> None:
        """An answer's text is complete."""
        self._owed = False

    def want(self) -> None:
        """Request an answer to a turn, now or when the running response has ended."""
        self._owed = True
        if self.turns.request(time.monotonic()):
            self.send_create()

    def send_create(self) -> None:
        """Request a response; its latency counts from the moment the request is handed over."""
        if self._outbox is not None:
            request = response_create(event_id=self.turns.request_id)
            self._outbox.post(request, on_sent=self._latency.response_requested)

    def resume(self) -> None:
        """The session is configured: send requests that waited for it."""
        if self.turns.resume(time.monotonic()):
            self.send_create()

    def refused(self, event_id: str | None, *, other_is_running: bool) -> None:
        """The server answered with an error; ``event_id``: to which of our events, if it says so."""
        now = time.monotonic()
        if self.turns.refused(event_id, other_is_running=other_is_running, now=now):
            self.send_create()

    def check_time(self, now: float) -> None:
        """Give up on a response that has not started or has stalled."""
        if self.turns.expire(now):
            self.send_create()

    def interrupt(self, *, cancel: bool) -> None:
        """Stop playback and tell the server how much was heard; ``cancel``: also cancel its response."""
        if self.turns.open:
            self._owed = False
        cut_short = self._playback.interrupt(frozenset(self.turns.open))
        if self._outbox is None:
            return
        if cancel and self.turns.open:
            self._outbox.post(response_cancel())
        for heard in cut_short:
            # A truncate at 0 is refused, and one at the full length says nothing.
            if heard.heard_ms > 0 and not heard.complete:
                self._truncate(heard, self._outbox)

    def _truncate(self, heard: Heard, outbox: Outbox) -> None:
        item_id = self._ids.on_server(heard.item_id)
        if item_id is None:  # of an earlier connection, or never named: this server knows no such item
            return
        end_ms = min(heard.heard_ms, heard.received_ms)
        part = 0
        for part, size in sorted(self._parts.get(heard.item_id, {0: 0}).items()):  # noqa: B007
            if end_ms <= size // BYTES_PER_MS:
                break
            end_ms -= size // BYTES_PER_MS
        outbox.post(item_truncate(item_id, end_ms, content_index=part))

    # --- receiving ---------------------------------------------------------------------------------

    def shown_id(self, item_id: str) -> str:
        """The item's id in the stream; a stand-in upstream may name none: then one item per response."""
        return self._ids.shown(item_id) if item_id else f"answer-{self._count}"

    def audio(self, event: ev.OutputAudioDelta, at: float) -> None:
        """Answer audio."""
        self._take(self.shown_id(event.item_id), event.response_id, event.content_index, event.delta, at)

    def binary_audio(self, event: ev.BinaryAudio, at: float) -> None:
        """Raw answer audio, without ids."""
        self._take(self.shown_id(""), "", 0, event.pcm, at)

    def audio_done(self, event: ev.OutputAudioDone, _at: float) -> None:
        """A content part's audio is complete, and with it the item's if it has no other part."""
        item_id = self.shown_id(event.item_id)
        if event.content_index == 0 and len(self._parts.get(item_id, ())) <= 1:
            self._playback.no_more(item_id)

    def created(self, event: ev.ResponseCreated, at: float) -> None:
        """A response started, ours or one that the server's VAD requested."""
        self._count += 1
        self._owed = True
        self.turns.created(event.response.id, at)
        self._latency.response_created(event.response.id)
        self._output.emit(Response(t=self._output.at(at), response_id=event.response.id, state="created"))

    def done(self, event: ev.ResponseDone, at: float) -> None:
        """A response ended."""
        t = self._output.at(at)
        response = event.response
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
            code = (error.code or error.type if error is not None else None) or RelayCode.RESPONSE_FAILED
            words = (error.message if error is not None else None) or "no reason given"
            message = f"The answer failed: {words}"
            said = error_meaning(code, None, words).said if error is not None and error.message else ""
            params = {"message": words, **({"said": said} if said else {})}
            self._output.problem(Problem(t=t, where="server", code=code, message=message, params=params))
        self._owed = False
        self._latency.response_done(response.id)
        self._playback.response_over(response.id)
        if self.turns.done(response.id, at):
            self.send_create()

    def unreadable_done(self, at: float) -> None:
        """A response ended, but which one and how cannot be read."""
        for response_id in tuple(self.turns.open):
            self._playback.response_over(response_id)
            self._output.emit(Response(t=self._output.at(at), response_id=response_id, state="done"))
        if self.turns.all_done(at):
            self.send_create()

    def _take(self, item_id: str, response_id: str, part: int, pcm: bytes, at: float) -> None:
        self.audio_bytes += len(pcm)
        self.audio_rate.add(at, len(pcm) / BYTES_PER_MS)
        self.turns.alive(at)
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
            self._count_part(item_id, part, len(pcm))
            self._playback.add(item_id, response_id, pcm)
        elif self._told_too_long != item_id:
            self._told_too_long = item_id
            minutes = str(LONGEST_WAIT_MS // 60_000)
            self._output.notice(
                RelayCode.ANSWER_TOO_LONG,
                f"More than {minutes} minutes of answer wait to be played: what else comes of it is not kept.",
                minutes=minutes,
            )

    def _count_part(self, item_id: str, part: int, size: int) -> None:
        parts = self._parts.setdefault(item_id, {})
        parts[part] = parts.get(part, 0) + size
        if len(self._parts) > _ITEMS_WITH_PARTS:
            self._parts.popitem(last=False)
