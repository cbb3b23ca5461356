"""What is done to the user's voice before it is sent, and can be changed in mid conversation: gain and echo."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from audio.errors import AudioError
from relay.link.uplink import Uplink
from relay.output import Output
from relay.problems import from_audio
from relay.stream import Echo, InputSettings

if TYPE_CHECKING:
    from audio.echo import EchoCanceller


class InputControl:
    """Sets the uplink, and answers each request with what is then in force.

    Meters follow the gain: they show what is sent.
    """

    def __init__(self, output: Output, uplink: Uplink) -> None:
        self._output = output
        self._uplink = uplink
        self._echo: Echo = "off"
        self._asked: Echo = "off"
        self._played_to: Callable[[bytes], None] | None = None

    def begin(self, echo: Echo, gain_db: float) -> None:
        """Set the beginning; said only if the echo cannot be handled so."""
        self._uplink.gain_db = gain_db
        try:
            self._apply(echo, _canceller() if echo == "cancel" else None)
        except AudioError as error:
            self._refused(error)

    def use_gain(self, gain_db: float) -> None:
        """Amplify by ``gain_db`` from the next chunk on."""
        self._uplink.gain_db = gain_db
        self._tell()

    async def use_echo(self, echo: Echo) -> None:
        """Handle the echo so from now on; of several requests the last counts. If that is impossible, nothing changes.

        A new canceller knows nothing of the room: it learns for the first two seconds of the customer's voice.
        """
        self._asked = echo
        try:
            # Its package takes longer to import than a chunk lasts.
            canceller = await asyncio.to_thread(_canceller) if echo == "cancel" else None
        except AudioError as error:
            self._refused(error)
            return
        if self._asked == echo:
            self._apply(echo, canceller)
        self._tell()

    def played(self, pcm: bytes) -> None:
        """``pcm`` was handed to the sink. Any thread; quick."""
        if self._played_to is not None:
            self._played_to(pcm)

    def _apply(self, echo: Echo, canceller: EchoCanceller | None) -> None:
        self._echo = self._asked = echo
        self._uplink.half_duplex = echo == "half-duplex"
        self._uplink.echo = canceller
        self._played_to = None if canceller is None else canceller.played

    def _refused(self, error: AudioError) -> None:
        self._output.problem(from_audio(error, self._output.now()))
        self._tell()

    def _tell(self) -> None:
        event = InputSettings(t=self._output.now(), echo=self._echo, gain_db=self._uplink.gain_db)
        self._output.emit(event)


def _canceller() -> EchoCanceller:
    from audio.echo import EchoCanceller  # loads numpy

    return EchoCanceller()
