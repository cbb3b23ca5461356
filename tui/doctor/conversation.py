"""The WebSocket and the speech service behind it, by a conversation outside any session."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from api_client.harmless import one_line
from audio.samples import samples
from relay.client import RelayProcess
from relay.commands import UseSource
from relay.config import RelayConfig
from relay.stream import Latency, Problem, Step, StreamEvent, Transcript
from tui import i18n
from tui.doctor.finding import Finding
from tui.i18n import _
from tui.wording.errors import of_event

OPENING_TIMEOUT_S = 30.0
TURN_TIMEOUT_S = 60.0
STUB = "relay"
"""``session.created`` of the SalesMind server itself: the speech service has not spoken yet."""


class Heard:
    """What a conversation has shown so far. Pure."""

    def __init__(self) -> None:
        self.steps: set[str] = set()
        self.model: str | None = None
        """As the speech service names itself; None while only the server has greeted us."""
        self.trouble = ""
        self.said = ""
        self.answer = ""
        self.latency_ms: float | None = None

    def take(self, event: StreamEvent) -> None:
        """Note what ``event`` says."""
        match event:
            case Step(step="created", detail=detail) if detail not in (None, STUB):
                self.model = one_line(str(detail))
            case Step(step=step):
                self.steps.add(step)
            case Problem():
                self.trouble = of_event(event)
            case Transcript(role="user", final=True, text=text):
                self.said = one_line(text.strip())
            case Transcript(role="assistant", final=True, text=text):
                self.answer = one_line(text.strip())
            case Latency(response_latency_ms=ms):
                self.latency_ms = ms

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return "closed" in self.steps

    @property
    def answered(self) -> bool:
        """Whether one turn was spoken, understood, and answered with audio."""
        return bool(self.said and self.answer) and self.latency_ms is not None

    def findings(self, *, spoken: bool) -> Iterator[Finding]:
        """The findings that follow."""
        yield self._websocket()
        yield self._upstream()
        if spoken:
            yield self._turn()

    def _websocket(self) -> Finding:
        if "connected" in self.steps:
            return Finding("websocket", "WebSocket", "ok", _("accepted"))
        mend = _("Check that the proxy in front of the server forwards /ws/ with its Upgrade header.")
        return Finding("websocket", "WebSocket", "failed", self.trouble or _("not accepted"), mend)

    def _upstream(self) -> Finding:
        """Passes only if the speech service itself opened a session and accepted our configuration."""
        title = _("Speech service")
        if "connected" not in self.steps:
            return Finding("upstream", title, "not_tried", _("there is no connection"))
        if self.model is None or "updated" not in self.steps:
            mend = _("Ask whoever runs the server: its log says why it cannot reach its speech service.")
            return Finding("upstream", title, "failed", self.trouble or _("it did not answer"), mend)
        return Finding(
            "upstream", title, "ok", _("{model} (as reported by the service)").format(model=self.model)
        )

    def _turn(self) -> Finding:
        title = _("Spoken turn")
        if "gate_open" not in self.steps:
            return Finding("turn", title, "not_tried", _("there is no connection"))
        if not self.answered or self.latency_ms is None:
            found = self.trouble or _("no answer")
            return Finding(
                "turn",
                title,
                "failed",
                found,
                _("Start a conversation in the console and look at its events."),
            )
        found = _('"{said}" was answered after {ms:.0f} ms: "{answer}"').format(
            said=self.said, ms=self.latency_ms, answer=self.answer
        )
        return Finding("turn", title, "ok", found)


async def check_conversation(url: str, token: str, *, insecure: bool, speak: bool) -> list[Finding]:
    """Open a conversation and, with ``speak``, play a sample recording in it."""
    config = RelayConfig(server_url=url, token=token, insecure=insecure, language=i18n.language())
    heard = Heard()
    with tempfile.TemporaryDirectory(prefix="salesmind-doctor-") as directory:
        try:
            relay = await RelayProcess.start(config, log_path=Path(directory) / "relay.log")
        except OSError as error:
            return [Finding("websocket", "WebSocket", "failed", error.strerror or str(error))]
        try:
            await _listen(relay, heard, speak=speak)
        finally:
            await relay.stop()
    return list(heard.findings(spoken=speak))


async def _listen(relay: RelayProcess, heard: Heard, *, speak: bool) -> None:
    """Listen until everything was heard, the conversation ended, or time ran out."""
    begun = False
    with suppress(TimeoutError):
        async with asyncio.timeout(OPENING_TIMEOUT_S) as limit:
            async for event in relay:
                heard.take(event)
                ready = "gate_open" in heard.steps
                if heard.over or heard.answered or (ready and not speak):
                    return
                if ready and not begun:
                    begun = True
                    limit.reschedule(asyncio.get_running_loop().time() + TURN_TIMEOUT_S)
                    sample = samples(i18n.language())[0]
                    await relay.send(UseSource(spec=f"wav:{sample.path}"))
