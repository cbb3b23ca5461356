"""The gate: open while a configured connection accepts audio."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class AudioSocket(Protocol):
    """The part of a connection that the uplink needs."""

    @property
    def line_full(self) -> bool:
        """Whether what was handed over waits here, because the network takes no more."""
        ...

    async def send_audio(self, pcm: bytes) -> None:
        """Hand one binary message to the socket. Raises ``ApiError`` when the connection is gone."""


class Gate:
    """One per run. ``on_open`` registers a listener for the moment audio may be sent."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []
        self._earlier_seconds = 0.0
        self.socket: AudioSocket | None = None
        """Where audio goes; None while the gate is closed."""
        self.opened_at = 0.0
        """``time.monotonic()`` of the last opening."""
        self.openings = 0

    @property
    def is_open(self) -> bool:
        """Whether audio may be sent."""
        return self.socket is not None

    def on_open(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` at each opening, in order of registration."""
        self._listeners.append(listener)

    def open(self, socket: AudioSocket) -> None:
        """After ``session.updated``: send audio to ``socket`` from now on."""
        self.socket = socket
        self.opened_at = time.monotonic()
        self.openings += 1
        for listener in self._listeners:
            listener()

    def close(self) -> None:
        """No more audio to this socket."""
        if self.socket is not None:
            self._earlier_seconds += time.monotonic() - self.opened_at
        self.socket = None

    def open_seconds(self) -> float:
        """How long it has been open, over all connections."""
        current = time.monotonic() - self.opened_at if self.is_open else 0.0
        return self._earlier_seconds + current
