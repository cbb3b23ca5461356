"""What a visitor's console uses outside the screen: what ``Services`` has, behind a wall.

The screens offer a visitor no path, device or address; here none would be accepted either. What the relay tells has
the machine's own names taken out.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from relay.commands import Command, Interrupt, Mute, Reconnect, Say, Stop, StopRecording, UseSink, UseSource
from relay.stream import Notice, Problem, Recording, SinkState, SourceState, Started, StreamEvent
from tui.host.devices import Devices
from tui.host.services import ConversationRelay, Services
from tui.i18n import _

if TYPE_CHECKING:
    from audio.samples import Sample
    from relay.config import RelayConfig

log = logging.getLogger(__name__)

NO_VOICE = "silence"
NOWHERE = "none"
_PLACES = ("log", "path", "directory")
"""Parameters of sentences that name a place on this machine."""


class VisitorServices(Services):
    """Sound from ``source`` and to ``sink`` only, sample lines, and nothing else of this machine."""

    def __init__(self, source: str, sink: str) -> None:
        super().__init__()
        self._source, self._sink = source, sink
        self._lines: dict[str, str] = {}
        """Specs of the sample lines: as the screens know them, and as they are."""

    def lend(self, source: str, sink: str) -> None:
        """Let the next conversation use these."""
        self._source, self._sink = source, sink

    def samples(self, language: str) -> list[Sample]:
        """The sample lines by name, without where they are."""
        found = super().samples(language)
        self._lines |= {f"wav:{sample.id}": f"wav:{sample.path}" for sample in found}
        return [dataclasses.replace(sample, path=Path(sample.id)) for sample in found]

    async def start_relay(self, config: RelayConfig, log_path: Path) -> ConversationRelay:
        """Start a conversation, between walls. Raises ``OSError``."""
        config = msgspec.structs.replace(config, source=self._source, sink=self._sink)
        relay = await super().start_relay(config, log_path)
        return WalledRelay(
            relay, frozenset({self._source, NO_VOICE}), frozenset({self._sink, NOWHERE}), self._lines
        )

    async def devices(self) -> Devices:
        """None: they are not a visitor's."""
        return Devices()

    async def into_tmux(self, text: str) -> bool:
        """Never: a multiplexer around the kiosk is the operator's."""
        return False


class WalledRelay:
    """A conversation that takes sound from nothing but ``sources`` and ``lines``, and plays to nothing but ``sinks``.

    ``lines`` maps the spec that the screens know to the real one.
    """

    def __init__(
        self,
        relay: ConversationRelay,
        sources: frozenset[str],
        sinks: frozenset[str],
        lines: Mapping[str, str],
    ) -> None:
        self._relay = relay
        self._sources, self._sinks, self._lines = sources, sinks, lines

    @property
    def ended(self) -> bool:
        """Whether nothing will follow what ``drain`` returns now."""
        return self._relay.ended

    def drain(self) -> list[StreamEvent]:
        """Everything that arrived since the last call."""
        return [self._shown(event) for event in self._relay.drain()]

    async def send(self, command: Command) -> None:
        """Send it a command, if it is one that a visitor may give."""
        if (permitted := self._permitted(command)) is None:
            log.warning("A visitor's command was refused: %s", type(command).__name__)
        else:
            await self._relay.send(permitted)

    def stop(self) -> Awaitable[None]:
        """End the conversation cleanly; its last events stay to drain."""
        return self._relay.stop()

    def _permitted(self, command: Command) -> Command | None:
        match command:
            case UseSource(spec=spec):
                real = self._lines.get(spec, spec if spec in self._sources else None)
                return None if real is None else UseSource(spec=real)
            case UseSink(spec=spec):
                return command if spec in self._sinks else None
            case Say() | Mute() | Interrupt() | Reconnect() | StopRecording() | Stop():
                return command
            case _:
                return None

    def _shown(self, event: StreamEvent) -> StreamEvent:
        """``event`` without names of this machine."""
        match event:
            case Started():
                return msgspec.structs.replace(
                    event, server_url="", source=self._spec(event.source), sink=self._spec(event.sink)
                )
            case SourceState() | SinkState():
                spec = self._spec(event.spec)
                name = spec.removeprefix("wav:") if spec.startswith("wav:") else event.name
                return msgspec.structs.replace(event, spec=spec, name=name)
            case Recording():
                return msgspec.structs.replace(event, directory="")
            case Problem() | Notice():
                places = {name: value for name, value in event.params.items() if name in _PLACES}
                message = event.message
                for place in places.values():
                    message = message.replace(place, "...")
                params = event.params | dict.fromkeys(places, _("(on this box)"))
                return msgspec.structs.replace(event, message=message, params=params)
            case _:
                return event

    def _spec(self, real: str) -> str:
        if not real.startswith("wav:"):
            return real
        return next((shown for shown, line in self._lines.items() if line == real), "wav:")
