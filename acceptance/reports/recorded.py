"""What a run recorded of a conversation, read back for a report: its events and the shape of its sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from acceptance.results import ConversationRecord
from audio.ports import SAMPLE_RATE
from audio.wav import HEADER_BYTES
from relay import stream
from relay.conversation import fold
from relay.conversation_state import ConversationState
from relay.stream import StreamEvent

COLUMNS = 880
"""Values in an envelope: about one for each unit of a chart's width."""
_FULL_SCALE = 32_768

Event = TypeVar("Event", bound=StreamEvent)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Lowest and highest sample of each of at most ``COLUMNS`` equal stretches, from -1 to 1."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    seconds: float

    @property
    def peak(self) -> float:
        """The largest distance from zero, 0 to 1."""
        return max((max(-low, high) for low, high in zip(self.low, self.high, strict=True)), default=0.0)


@dataclass(frozen=True, slots=True)
class RecordedConversation:
    """The recording of one conversation. The tracks begin at ``t`` 0 of the events."""

    name: str
    events: tuple[StreamEvent, ...]
    user: Envelope | None
    """None: it cannot be read."""
    customer: Envelope | None
    state: ConversationState
    """The conversation as it was at its end."""

    @property
    def seconds(self) -> float:
        """Where the last of it ends."""
        tracks = [track.seconds for track in (self.user, self.customer) if track is not None]
        return max([1.0, *tracks, *(event.t for event in self.events)])

    def of(self, kind: type[Event]) -> list[Event]:
        """Events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]


def read_conversation(record: ConversationRecord, directory: Path | None) -> RecordedConversation | None:
    """The recording of ``record`` in the run's ``directory``; None if there is none (any more)."""
    if record.directory is None or directory is None:
        return None
    place = directory / record.directory
    # A result may come from anywhere: it must not name files outside its run.
    if not place.resolve().is_relative_to(directory.resolve()):
        return None
    try:
        lines = (place / "events.jsonl").read_bytes().splitlines()
    except OSError:
        return None
    events = tuple(event for event in map(_event, lines) if event is not None)
    return RecordedConversation(
        name=record.name,
        events=events,
        state=fold(ConversationState(), events),
        user=read_envelope(place / "user.wav"),
        customer=read_envelope(place / "customer.wav"),
    )


def _event(line: bytes) -> StreamEvent | None:
    try:
        return stream.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None  # a line that a kill cut short, or a kind that a newer version wrote


def read_envelope(path: Path) -> Envelope | None:
    """The envelope of a track of the recorder; None for anything else.

    The samples are counted in the file, not taken from its header: a killed recorder leaves that behind.
    """
    import numpy as np

    try:
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
        if head[:4] != b"RIFF" or head[8:12] != b"WAVE" or head[36:40] != b"data":
            return None
        n = (path.stat().st_size - HEADER_BYTES) // 2
        if n == 0:
            return Envelope((), (), 0.0)
        # Mapped, not read: an hour is 170 MB.
        pcm = np.memmap(path, dtype="<i2", mode="r", offset=HEADER_BYTES, shape=(n,))
    except (OSError, ValueError):
        return None
    starts = np.unique(np.linspace(0, n, min(COLUMNS, n), endpoint=False).astype(np.int64))
    low = np.minimum.reduceat(pcm, starts) / _FULL_SCALE
    high = np.maximum.reduceat(pcm, starts) / _FULL_SCALE
    return Envelope(tuple(low.tolist()), tuple(high.tolist()), n / SAMPLE_RATE)
