"""Speech that the server may have missed: what was said while there was no connection, and what was sent last and
not transcribed before the connection was lost. It is sent on the next connection, before new speech."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from relay.config import BYTES_PER_SECOND
from relay.link.out_chunk import OutChunk

LONGEST_S = 30.0
"""Most speech kept, with pauses cut short."""
LONGEST_SENT_S = 15.0
"""Most speech kept of what was sent but not transcribed: it takes 5 to 12 s to notice a half-open connection."""
LONGEST_PAUSE_S = 1.0
"""Pauses are cut to this: long enough for the server's VAD to end a turn there."""
LEAD_S = 0.3
"""Kept from before speech, so that a VAD can detect its start."""


@dataclass(slots=True)
class _Kept:
    number: int
    chunk: OutChunk
    away: bool
    """Captured while nothing could be sent."""


class KeptSpeech:
    """Chunks in the order they were captured. Times are counted in bytes."""

    def __init__(self) -> None:
        self._kept: deque[_Kept] = deque()
        self._bytes = 0
        self._silent_bytes = 0
        """Silence at the end of what is kept."""
        self._count = 0
        self._committed: dict[str, int] = {}
        """Number of the last chunk of what the server made an item of."""

    def sent(self, chunk: OutChunk) -> None:
        """A chunk was handed to the socket."""
        self._add(chunk, away=False)

    def missed(self, chunk: OutChunk) -> None:
        """A chunk was captured while nothing could be sent."""
        self._add(chunk, away=True)

    def committed(self, item_id: str) -> None:
        """Everything sent so far became the item ``item_id``, or was not speech."""
        self._committed[item_id] = self._count

    def understood(self, item_id: str | None = None) -> None:
        """The item's text is known, so it can be replayed; None: everything committed was answered."""
        if item_id is None:
            last = max(self._committed.values(), default=0)
            self._committed.clear()
        else:
            last = self._committed.pop(item_id, 0)
        while self._kept and self._kept[0].number <= last:
            self._drop()

    def missed_seconds(self) -> float:
        """Kept speech that was captured while nothing could be sent, without pauses."""
        return _bytes(kept for kept in self._kept if kept.away and kept.chunk.audible) / BYTES_PER_SECOND

    def take(self, pause: bytes) -> list[OutChunk]:
        """Take everything kept, oldest first; empty if there was no speech.

        Speech that has ended is followed by ``pause`` (silence), so that it becomes a turn of its own.
        """
        kept = self._from_speech_on()
        ended = self._silent_bytes >= LEAD_S * BYTES_PER_SECOND
        self._kept.clear()
        self._bytes = self._silent_bytes = 0
        self._committed.clear()
        while kept and not kept[-1].chunk.audible:
            kept.pop()
        chunks = [each.chunk for each in kept]
        if chunks and ended:
            size = len(chunks[-1].pcm)
            chunks += [OutChunk(pause[at : at + size], None, False) for at in range(0, len(pause), size)]
        return chunks

    def _from_speech_on(self) -> list[_Kept]:
        kept = list(self._kept)
        budget = LONGEST_SENT_S * BYTES_PER_SECOND
        sent = [each for each in kept if not each.away]
        while sent and _bytes(sent) > budget:
            kept.remove(sent.pop(0))
        first = next((n for n, each in enumerate(kept) if each.chunk.audible), len(kept))
        lead = LEAD_S * BYTES_PER_SECOND
        while first > 0 and first < len(kept) and lead > 0:
            first -= 1
            lead -= len(kept[first].chunk.pcm)
        return kept[first:]

    def _add(self, chunk: OutChunk, *, away: bool) -> None:
        self._count += 1
        if chunk.audible:
            self._silent_bytes = 0
        elif self._silent_bytes >= LONGEST_PAUSE_S * BYTES_PER_SECOND:
            return
        else:
            self._silent_bytes += len(chunk.pcm)
        self._kept.append(_Kept(self._count, chunk, away))
        self._bytes += len(chunk.pcm)
        while self._bytes > LONGEST_S * BYTES_PER_SECOND:
            self._drop()

    def _drop(self) -> None:
        self._bytes -= len(self._kept.popleft().chunk.pcm)


def _bytes(kept: Iterable[_Kept]) -> int:
    return sum(len(each.chunk.pcm) for each in kept)
