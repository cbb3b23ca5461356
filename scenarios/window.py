"""What was seen of one turn: the events of its window, and whatever belongs to it and came later. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from acceptance.measurements import ModeReading
from acceptance.record import Record
from acceptance.results import Evidence
from relay.stream import Item, Playback, Role, Speech, StreamEvent, Transcript


@dataclass(frozen=True)
class Window:
    """One turn as it was seen, or the whole conversation."""

    record: Record
    """Of the whole conversation so far."""
    first: int = 0
    last: int | None = None
    """Index of the first event after it; None: it is still open, or the conversation's end closes it."""
    began_t: float | None = None
    """``t`` at which its action was carried out, where no event of the stream says so."""
    lead_s: float = 0.0
    """Silence at the beginning of what was spoken."""
    modes: tuple[ModeReading, ...] = ()
    """``realtime_mode``, read at the end of the window."""
    heard_dbfs: float | None = None
    """RMS of the loudest 100 ms of its answers in the recording; None as long as it has not been read."""
    skipped: Evidence | None = None
    """Why its action could not be carried out."""

    @cached_property
    def inside(self) -> Record:
        """The record of this window alone."""
        return self.record.window(self.first, self.last)

    @property
    def decided(self) -> bool:
        """Whether what has not come will not come."""
        return self.record.complete or (self.last is not None and self.record.own_failure is None)

    def items(self, role: Role) -> list[str]:
        """Items of ``role`` that were first named in the window, in order."""
        before = {item for event in self.record.events[: self.first] for item in _named(event, role)}
        found = [item for event in self.inside.events[self.first :] for item in _named(event, role)]
        return [item for item in dict.fromkeys(found) if item not in before]

    def texts(self, role: Role) -> list[tuple[Transcript, str]]:
        """The words of these items, each with its last event: final, or as far as they came."""
        found = []
        for item in self.items(role):
            pieces = self.record.of(Transcript, lambda event, item=item: event.item_id == item)  # type: ignore[misc]
            final = [event for event in pieces if event.final]
            text = final[-1].text if final else "".join(event.text for event in pieces)
            if text.strip():
                found.append(((final or pieces)[-1], text.strip()))
        return found

    def all_final(self, role: Role) -> bool:
        """Whether every one of these items has its final words."""
        final = {event.item_id for event in self.record.of(Transcript, lambda event: event.final)}
        return set(self.items(role)) <= final


def _named(event: StreamEvent, role: Role) -> tuple[str, ...]:
    match event:
        case Item() | Transcript() if event.role == role:
            return (event.item_id,)
        case Playback() if role == "assistant":
            return (event.item_id,)
        case Speech() if role == "user":
            return (event.item_id,)
        case _:
            return ()


def playbacks(window: Window) -> list[Playback]:
    """Of the answers that belong to the window."""
    items = set(window.items("assistant"))
    return [event for event in window.inside.of(Playback) if event.item_id in items]


def heard_spans(window: Window) -> list[tuple[float, float]]:
    """When the answers of the window were heard, on the stream's clock."""
    begun: dict[str, float] = {}
    spans = []
    for event in playbacks(window):
        if event.state == "started":
            begun[event.item_id] = event.t
        elif event.item_id in begun:
            spans.append((begun.pop(event.item_id), event.t))
    last = window.inside.events[-1].t if window.inside.events else 0.0
    return [*spans, *((start, last) for start in begun.values())]
