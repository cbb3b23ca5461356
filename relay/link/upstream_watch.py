"""Watching one connection's upstream while its gate is open: probes it, and reports when nothing answers."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from api_client.realtime import PING_INTERVAL_S
from relay.codes import RelayCode
from relay.link.answers import Answers
from relay.link.ending import Ending
from relay.link.outbox import Outbox
from relay.link.server_errors import ServerErrors
from relay.link.uplink import Uplink
from relay.link.watchdog import SilenceWatch, probe
from relay.output import Output

_WATCH_EVERY_S = 0.5
_PINGS_TELL_AFTER_S = 5 * PING_INTERVAL_S
"""Every server answers pings: one silent for this long has hung, whether or not it answers probes."""
_BETWEEN_TURNS_S = 2.0
"""After this much silence a new connection cuts nothing off."""


class Heard(Protocol):
    """The part of a connection that the watch needs."""

    @property
    def heard_at(self) -> float:
        """``time.monotonic()`` of the last data received, including pongs."""


class UpstreamWatch:
    """One per socket. ``concludes``: treat an unanswered probe as a lost upstream; False for a server
    known to ignore probes."""

    def __init__(
        self,
        output: Output,
        uplink: Uplink,
        answers: Answers,
        errors: ServerErrors,
        number: int,
        *,
        answer_within_s: float,
        renew_after_s: float | None,
        concludes: bool,
    ) -> None:
        self._output = output
        self._uplink = uplink
        self._answers = answers
        self._errors = errors
        self._probes = number * 1_000
        self._answer_within_s = answer_within_s
        self._renew_after_s = renew_after_s
        self._began = time.monotonic()
        self._concludes = concludes
        self._silence: SilenceWatch | None = None

    @property
    def answered(self) -> bool:
        """The server has answered a probe on this connection."""
        return self._silence is not None and self._silence.answered

    def received(self, at: float) -> None:
        """Something was received from the server."""
        if self._silence is not None:
            self._silence.received(at)

    async def run(self, socket: Heard, outbox: Outbox) -> Ending:
        """Watch until the upstream is considered lost."""
        self._silence = silence = SilenceWatch(time.monotonic(), self._answer_within_s)
        while True:
            await asyncio.sleep(_WATCH_EVERY_S)
            now = time.monotonic()
            self._answers.check_time(now)
            if self._renewal_is_due(now):
                return self._renew()
            heard = max(socket.heard_at, self._began)
            if now - heard >= max(self._answer_within_s, _PINGS_TELL_AFTER_S):
                return self._say_silent(now - heard, server_alive=False)
            match silence.check(now, self._uplink.last_sent_at, self._uplink.last_audible_at):
                case "probe":
                    self._probes += 1
                    question = probe(self._probes)
                    self._errors.expect(question.event_id or "")
                    outbox.post(question)
                case "late":
                    self._say_late(silence.quiet_s(now))
                case "silent":
                    asked = silence.probed_at or now
                    ending = self._say_silent(silence.quiet_s(now), server_alive=socket.heard_at > asked)
                    if self._concludes or silence.answered:
                        return ending
                case "wait":
                    pass

    def _renewal_is_due(self, now: float) -> bool:
        if self._renew_after_s is None or now - self._began < self._renew_after_s:
            return False
        spoken_at = self._uplink.last_audible_at
        return self._answers.resting and (spoken_at is None or now - spoken_at >= _BETWEEN_TURNS_S)

    def _renew(self) -> Ending:
        message = "The connection is made anew between two turns, before it reaches the longest time allowed."
        self._output.notice(RelayCode.SESSION_RENEWED, message)
        return Ending("asked", True, RelayCode.SESSION_RENEWED, message)

    def _say_late(self, quiet_s: float) -> None:
        seconds, limit = f"{quiet_s:.0f}", f"{self._answer_within_s:.0f}"
        self._output.notice(
            RelayCode.SERVER_DOES_NOT_ANSWER,
            f"The server takes our audio, but nothing has come back for {seconds} s, not even the answer to a "
            f"question: it is busy, or has lost its upstream. Its connection is given up {limit} s after the question.",
            seconds=seconds,
            limit=limit,
        )

    def _say_silent(self, quiet_s: float, *, server_alive: bool) -> Ending:
        seconds = f"{quiet_s:.0f}"
        if server_alive:
            code = RelayCode.UPSTREAM_SILENT
            what = "the server answers pings, but not the question: it has probably lost its upstream."
        else:
            code = RelayCode.SERVER_SILENT
            what = "the server answers nothing at all, not even pings: it hangs."
        message = f"Audio has gone out for {seconds} s and nothing has come back; {what}"
        self._output.notice(code, message, seconds=seconds)
        return Ending("lost", True, code, message, params={"seconds": seconds})
