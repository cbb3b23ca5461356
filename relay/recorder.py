"""The recording of one run: events.jsonl, user.wav and customer.wav in one directory.

All writing is done by a thread of its own, so the send path only puts into a queue. Every event line is
flushed and the WAV headers are brought up to date each second of sound: a kill loses at most that.
Both WAV files begin when the recording does and keep its time, so they can be laid side by side.
"""

from __future__ import annotations

import errno
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from audio.wav import WavWriter
from relay.config import BYTES_PER_SECOND

MAX_WAITING = 10_000
"""Lines and stretches of sound that may wait for the disk: two minutes, 10 MB. Then the recording is given up."""
DISK_ANSWERS_WITHIN_S = 2.0
"""At the end: a network drive that is gone must not hold the end of the conversation up."""
PAD_OVER_S = 0.2
"""A gap longer than this is filled with silence; a shorter one is only late, not missing."""


class Track:
    """One WAV file on the recording's timeline. Times are seconds since the recording began."""

    def __init__(self, path: Path) -> None:
        self._wav = WavWriter(path)

    def write(self, pcm: bytes, starts_at: float) -> None:
        """Sound that began at ``starts_at``. Raises ``OSError``."""
        behind = starts_at - self._wav.samples * 2 / BYTES_PER_SECOND
        if behind > PAD_OVER_S:
            self._wav.write(bytes(int(behind * BYTES_PER_SECOND) // 2 * 2))
        self._wav.write(pcm)

    def close(self) -> None:
        """Finish the file. Raises ``OSError``."""
        self._wav.close()


class Recorder:
    """Writes what it is given until ``finish``. Files are for their owner only (0600), and so is a new directory.

    A recording that is there already is kept: the new one goes into a directory ``2``, ``3`` and so on below.
    Raises ``OSError`` when the directory or its files cannot be made. A failure later on is told once
    to ``on_failure``, from any thread, and kept in ``failure``; the conversation goes on without a
    recording.
    """

    def __init__(self, directory: Path, started_at: float, on_failure: Callable[[OSError], None]) -> None:
        self.directory, self._events = _begin_events(directory)
        self.failure: OSError | None = None
        self._started_at = started_at
        self._on_failure = on_failure
        self._user = Track(self.directory / "user.wav")
        self._customer = Track(self.directory / "customer.wav")
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def event(self, line: bytes) -> None:
        """Keep one line of the stream (without its newline)."""
        self._put(lambda: self._write_line(line))

    def user_audio(self, pcm: bytes, ended_at: float) -> None:
        """Keep a chunk that was sent; ``ended_at`` is the monotonic time of its last sample."""
        starts_at = ended_at - self._started_at - len(pcm) / BYTES_PER_SECOND
        self._put(lambda: self._write_sound(self._user, pcm, starts_at))

    def customer_audio(self, pcm: bytes, pulled_at: float) -> None:
        """Keep a block that the sink pulled at monotonic ``pulled_at``. Any thread."""
        starts_at = pulled_at - self._started_at
        self._put(lambda: self._write_sound(self._customer, pcm, starts_at))

    def flush(self) -> None:
        """Wait until everything so far is written, or has failed to be. Blocks."""
        written = threading.Event()
        self._queue.put(written.set)
        if not written.wait(DISK_ANSWERS_WITHIN_S):
            self._fail(_too_slow())

    def finish(self) -> None:
        """Write what is still queued, complete the files, end the thread. Blocks; may be called twice."""
        self._queue.put(None)
        self._thread.join(DISK_ANSWERS_WITHIN_S)

    def _put(self, task: Callable[[], None]) -> None:
        if self._queue.qsize() < MAX_WAITING:
            self._queue.put(task)
        else:
            self._fail(_too_slow())

    def _write_line(self, line: bytes) -> None:
        if self.failure is None:
            self._events.write(line + b"\n")

    def _write_sound(self, track: Track, pcm: bytes, starts_at: float) -> None:
        if self.failure is None:
            track.write(pcm, starts_at)

    def _run(self) -> None:
        while (task := self._queue.get()) is not None:
            self._try(task)
        for close in (self._events.close, self._user.close, self._customer.close):
            self._try(close)

    def _try(self, task: Callable[[], None]) -> None:
        try:
            task()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        if self.failure is None:
            self.failure = error
            self._on_failure(error)


def _too_slow() -> OSError:
    return OSError(errno.ETIMEDOUT, "the disk does not take it in time")


def _begin_events(directory: Path) -> tuple[Path, BinaryIO]:
    """Make the directory of a new recording and its events.jsonl."""
    place, number = directory, 1
    while True:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            # Exclusively: of two conversations that begin at once, each gets its own.
            descriptor = os.open(place / "events.jsonl", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            number += 1
            place = directory / str(number)
            continue
        # Unbuffered: each line is one write, and nothing waits in the process when it is killed.
        return place, os.fdopen(descriptor, "wb", buffering=0)
