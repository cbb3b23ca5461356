"""Watching one connection's upstream while its gate is open: asks, and says when nothing answers."""

from __future__ import annotations

import asyncio
import time

from relay.codes import RelayCode
from relay.link.answers import Answers
from relay.link.ending import Ending
from relay.link.outbox import Outbox
from relay.link.server_errors import ServerErrors
from relay.link.uplink import Uplink
from relay.link.watchdog import SilenceWatch, probe
from relay.output import Output

_WATCH_EVERY_S = 0.5


class UpstreamWatch:
    """One per socket. ``concludes``: take a probe without an answer for a lost upstream; False for a server that is
    known to ignore probes."""

    def __init__(
        self,
        output: Output,
        uplink: Uplink,
        answers: Answers,
        errors: ServerErrors,
        number: int,
        *,
        concludes: bool,
    ) -> None:
        self._output = output
        self._uplink = uplink
        self._answers = answers
        self._errors = errors
        self._probes = number * 1_000
        self._concludes = concludes
        self._silence: SilenceWatch | None = None

    @property
    def answered(self) -> bool:
        """The server has answered a probe on this connection."""
        return self._silence is not None and self._silence.answered

    def received(self, at: float) -> None:
        """Anything came from the server."""
        if self._silence is not None:
            self._silence.received(at)

    async def run(self, outbox: Outbox) -> Ending:
        """Watch until the upstream is found lost."""
        self._silence = silence = SilenceWatch(opened_at=time.monotonic())
        while True:
            await asyncio.sleep(_WATCH_EVERY_S)
            now = time.monotonic()
            self._answers.check_time(now)
            match silence.check(now, self._uplink.last_sent_at, self._uplink.last_audible_at):
                case "probe":
                    self._probes += 1
                    question = probe(self._probes)
                    self._errors.expect(question.event_id or "")
                    outbox.post(question)
                case "silent":
                    message = self._say_silent(silence.quiet_s(now))
                    if self._concludes or silence.answered:
                        return Ending("lost", True, RelayCode.UPSTREAM_SILENT, message)
                case "wait":
                    pass

    def _say_silent(self, quiet_s: float) -> str:
        seconds = f"{quiet_s:.0f}"
        message = (
            f"Audio has gone out for {seconds} s and nothing has come back, not even the answer to a question: "
            "the server has probably lost its upstream."
        )
        self._output.notice(RelayCode.UPSTREAM_SILENT, message, seconds=seconds)
        return message
