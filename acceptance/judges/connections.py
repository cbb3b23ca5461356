"""The connections of a conversation, one after another: each is judged by its own steps and times."""

from __future__ import annotations

from dataclasses import dataclass, field

from acceptance.record import Record
from relay.stream import Connection, Meters, Step

SETTLED_S = 0.15
"""A server that closes right after confirming is noticed within this time; what was sent meanwhile proves nothing."""


@dataclass(slots=True)
class Dialled:
    """One connection attempt and its outcome. Times are the stream's."""

    number: int
    steps: dict[str, Step] = field(default_factory=dict)
    """The first time that it reached each step, up to its end."""
    ended: Step | Connection | None = None
    """Closed by us, closed by the server, or lost, whichever was seen first; None: the stream ends before that."""

    def step(self, name: str) -> Step | None:
        """When it reached the step ``name``; None if it never did."""
        return self.steps.get(name)

    def holds(self, t: float, since: str = "connected") -> bool:
        """Whether it was up at ``t``, past the step ``since``."""
        begun = self.step(since)
        return begun is not None and begun.t <= t and (self.ended is None or t < self.ended.t)


def connections(record: Record) -> list[Dialled]:
    """Every attempt, in order. Failed attempts share their number with the next one."""
    found: list[Dialled] = []
    for event in record.events[record.first :]:
        if isinstance(event, Step):
            if not found or event.step == "connecting" or event.connection != found[-1].number:
                found.append(Dialled(event.connection))
            _reached(found[-1], event)
        elif isinstance(event, Connection) and event.state == "lost" and found and found[-1].ended is None:
            found[-1].ended = event
    return found


def _reached(dialled: Dialled, step: Step) -> None:
    if dialled.ended is not None:
        return
    if step.step in ("closing", "closed"):
        dialled.ended = step
    else:
        dialled.steps.setdefault(step.step, step)


def first_flow(record: Record, dialled: Dialled) -> Meters | None:
    """The first meters that show audio going out once this connection has settled.

    Chunks are counted over all connections.
    """
    gate = dialled.step("gate_open")
    if gate is None:
        return None
    before = 0
    for meters in record.of(Meters):
        if meters.t < gate.t:
            before = meters.chunks_sent
        elif meters.t < gate.t + SETTLED_S:
            continue
        elif meters.gate_open and meters.chunks_sent > before and dialled.holds(meters.t, "gate_open"):
            return meters
    return None


def sent_before_gate(record: Record, dialled: Dialled) -> bool:
    """Whether audio was sent between dialling and the open gate."""
    gate, dial = dialled.step("gate_open"), dialled.step("connecting")
    if gate is None or dial is None:
        return False
    counts = [meters.chunks_sent for meters in record.of(Meters) if dial.t <= meters.t < gate.t]
    # The first count of a later connection holds what the one before it sent last.
    known = 0 if dialled.number == 1 else min(counts, default=0)
    return any(count > known for count in counts)
