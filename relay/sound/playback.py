"""The answer audio that waits to be played, and how much of it was actually heard.

The sink pulls from its own thread, the relay adds and interrupts from its loop. All positions are
counted in samples handed to the sink, never in wall-clock time (realtime-protocol, section 10): what
was pulled less than the sink's latency ago has not been heard yet.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from audio.ports import BYTES_PER_MS, BYTES_PER_SAMPLE
from relay.newest_ids import NewestIds
from relay.sound.recent import RecentAudio

SAMPLES_PER_MS = BYTES_PER_MS // BYTES_PER_SAMPLE


@dataclass(frozen=True, slots=True)
class Heard:
    """How much of one answer item was heard, in ms; never more than was received."""

    item_id: str
    heard_ms: int
    received_ms: int
    complete: bool
    """All of it was received and heard."""


@dataclass(frozen=True, slots=True)
class PlaybackChange:
    """An item's playback started, ended, or was cut short."""

    state: Literal["started", "finished", "interrupted"]
    heard: Heard
    at: float
    """``time.monotonic()`` when it happened."""


class _Item:
    """One answer item. Lengths and positions are in samples."""

    def __init__(self, item_id: str) -> None:
        self.item_id = item_id
        self.waiting: deque[memoryview] = deque()
        self.odd = b""
        self.received = 0
        self.pulled = 0
        self.heard = 0
        self.sounding: deque[tuple[int, int]] = deque()
        """(position in the sink's stream, length) of what was pulled and may not be heard yet."""
        self.started = False
        self.no_more = False

    def settle(self, heard_position: int) -> None:
        """Count everything before ``heard_position`` of the sink's stream as heard."""
        while self.sounding:
            start, length = self.sounding[0]
            audible = min(length, heard_position - start)
            if audible <= 0:
                return
            self.heard += audible
            if audible < length:
                self.sounding[0] = (start + audible, length - audible)
                return
            self.sounding.popleft()

    @property
    def done(self) -> bool:
        return self.no_more and self.heard == self.received

    def state(self) -> Heard:
        return Heard(
            self.item_id, self.heard // SAMPLES_PER_MS, self.received // SAMPLES_PER_MS, complete=self.done
        )


class PlaybackQueue:
    """Answer items in order of arrival. Every method may be called from any thread.

    The lock is held for a few list operations at most, so ``pull`` is fit for an audio callback.
    """

    def __init__(self, on_played: Callable[[bytes], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._items: deque[_Item] = deque()
        self._by_id: dict[str, _Item] = {}
        self._dropped_items = NewestIds()
        self._dropped_responses = NewestIds()
        self._responses: dict[str, str] = {}
        self._position = 0
        self._latency = 0
        self._changes: deque[PlaybackChange] = deque()
        self._recent = RecentAudio()
        self._on_played = on_played

    def set_latency(self, latency_ms: float) -> None:
        """Set the delay from pulling a sample to hearing it, from the sink's ``StreamInfo``, in ms."""
        with self._lock:
            self._latency = max(0, round(latency_ms * SAMPLES_PER_MS))

    def add(self, item_id: str, response_id: str | None, pcm: bytes) -> int:
        """Queue PCM16 (any byte count); returns the ms it adds, 0 if its response was cancelled."""
        with self._lock:
            if item_id in self._dropped_items or response_id in self._dropped_responses:
                return 0
            item = self._by_id.get(item_id)
            if item is None:
                item = self._by_id[item_id] = _Item(item_id)
                self._items.append(item)
            if response_id is not None:
                self._responses[item_id] = response_id
            whole = item.odd + pcm
            cut = len(whole) - len(whole) % BYTES_PER_SAMPLE
            item.odd = whole[cut:]
            if cut:
                item.waiting.append(memoryview(whole)[:cut])
                item.received += cut // BYTES_PER_SAMPLE
            return len(pcm) // (BYTES_PER_SAMPLE * SAMPLES_PER_MS)

    def no_more(self, item_id: str) -> None:
        """The server has sent all of this item's audio."""
        with self._lock:
            item = self._by_id.get(item_id)
            if item is not None:
                item.no_more = True

    def response_over(self, response_id: str) -> None:
        """The server ended this response: its items get no more audio."""
        with self._lock:
            for item in self._items:
                if self._responses.get(item.item_id) == response_id:
                    item.no_more = True

    def pull(self, n_samples: int) -> bytes:
        """The next ``n_samples`` as ``2 * n_samples`` bytes, padded with silence."""
        parts: list[memoryview | bytes] = []
        with self._lock:
            missing = n_samples
            for item in self._items:
                while missing and item.waiting:
                    missing -= self._take(item, missing, parts, n_samples - missing)
                if not missing or not item.no_more:
                    break
            if missing:
                parts.append(bytes(missing * BYTES_PER_SAMPLE))
            self._position += n_samples
            self._settle()
            pcm = b"".join(parts)
            self._recent.add(pcm)
        if self._on_played is not None:
            self._on_played(pcm)
        return pcm

    def _take(self, item: _Item, wanted: int, parts: list[memoryview | bytes], offset: int) -> int:
        block = item.waiting.popleft()
        samples = min(len(block) // BYTES_PER_SAMPLE, wanted)
        cut = samples * BYTES_PER_SAMPLE
        if cut < len(block):
            item.waiting.appendleft(block[cut:])
        parts.append(block[:cut])
        item.pulled += samples
        item.sounding.append((self._position + offset, samples))
        if not item.started:
            item.started = True
            self._changes.append(PlaybackChange("started", item.state(), time.monotonic()))
        return samples

    def _settle(self) -> None:
        heard_position = self._position - self._latency
        for item in self._items:
            if not item.sounding and item.pulled == 0:
                break
            item.settle(heard_position)
        while self._items and self._items[0].done:
            item = self._items.popleft()
            self._forget(item)
            if item.started:
                self._changes.append(PlaybackChange("finished", item.state(), time.monotonic()))

    def _forget(self, item: _Item) -> None:
        self._by_id.pop(item.item_id, None)
        self._responses.pop(item.item_id, None)

    def interrupt(self, response_ids: frozenset[str] = frozenset()) -> list[Heard]:
        """Drop everything that waits: the next ``pull`` is silence. Later audio of these items, of their
        responses and of ``response_ids`` is ignored.

        Returns what was heard of each item that was cut short, in order.
        """
        with self._lock:
            for response_id in response_ids:
                self._dropped_responses.add(response_id)
            cut_short: list[Heard] = []
            for item in self._items:
                self._dropped_items.add(item.item_id)
                of_response = self._responses.get(item.item_id)
                if of_response is not None:
                    self._dropped_responses.add(of_response)
                heard = item.state()
                cut_short.append(heard)
                self._changes.append(PlaybackChange("interrupted", heard, time.monotonic()))
            self._items.clear()
            self._by_id.clear()
            self._responses.clear()
            return cut_short

    def finish_all(self) -> None:
        """The socket is gone: play out what was received; no more is coming."""
        with self._lock:
            for item in self._items:
                item.no_more = True

    def take_changes(self) -> list[PlaybackChange]:
        """Changes since the last call, oldest first."""
        with self._lock:
            changes = list(self._changes)
            self._changes.clear()
            return changes

    @property
    def buffered_ms(self) -> int:
        """Answer audio that waits to be pulled, in ms."""
        with self._lock:
            return sum(item.received - item.pulled for item in self._items) // SAMPLES_PER_MS

    @property
    def sounding(self) -> bool:
        """Whether audio waits, or was pulled but not fully heard yet."""
        with self._lock:
            return any(item.waiting or item.sounding for item in self._items)

    def recent(self) -> bytes:
        """The last 100 ms that were pulled, silence included; empty before the first pull."""
        with self._lock:
            return self._recent.pcm()
