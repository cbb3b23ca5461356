"""A recorded conversation, read back for a report: its events and waveforms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from acceptance.results import ConversationRecord
from audio.ports import SAMPLE_RATE
from relay.conversation import fold
from relay.conversation_state import ConversationState
from relay.recording.reader import NoRecording, RecordingReader
from relay.recording.tracks import TrackReader
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
        return read_recorded(place, record.name)
    except (NoRecording, OSError):
        return None


def read_recorded(directory: Path, name: str) -> RecordedConversation:
    """The recording in ``directory``, called ``name``. Raises ``NoRecording`` and ``OSError``."""
    reader = RecordingReader(directory)
    events = tuple(reader.events())
    return RecordedConversation(
        name=name,
        events=events,
        state=fold(ConversationState(), events),
        user=read_envelope(reader.track("user")),
        customer=read_envelope(reader.track("customer")),
    )


def read_envelope(track: TrackReader | None) -> Envelope | None:
    """The envelope of a track, read piece by piece: an hour is 170 MB. Closes it. None for None."""
    import numpy as np

    if track is None:
        return None
    low: list[float] = []
    high: list[float] = []
    n = track.samples
    columns = min(COLUMNS, n)
    try:
        for column in range(columns):
            samples = n * (column + 1) // columns - n * column // columns
            piece = np.frombuffer(track.read(samples), dtype="<i2")
            if not len(piece):
                break
            low.append(float(piece.min()) / _FULL_SCALE)
            high.append(float(piece.max()) / _FULL_SCALE)
    except (OSError, ValueError):
        return None
    finally:
        track.close()
    return Envelope(tuple(low), tuple(high), n / SAMPLE_RATE)
