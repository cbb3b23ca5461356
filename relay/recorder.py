"""The recording of one run: events.jsonl, user.wav and customer.wav in one directory.

All writing is done by a thread of its own, so the send path only puts into a queue. Every event line is
flushed and the WAV headers are brought up to date each second of sound: a kill loses at most that.
Both WAV files begin when the recording does and keep its time, so they can be laid side by side.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from audio.wav import WavWriter

BYTES_PER_SECOND = 48_000
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
    """Writes what it is given until ``finish``. Files are for their owner only (0700 and 0600).

    Raises ``OSError`` when the directory or its files cannot be made. A failure later on is told once
    to ``on_failure``, from the writing thread; the conversation goes on without a recording.
    """

    def __init__(self, directory: Path, started_at: float, on_failure: Callable[[OSError], None]) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        directory.chmod(0o700)
        self._started_at = started_at
        self._on_failure = on_failure
        self._events = _open_private(directory / "events.jsonl")
        self._user = Track(directory / "user.wav")
        self._customer = Track(directory / "customer.wav")
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def event(self, line: bytes) -> None:
        """Keep one line of the stream (without its newline)."""
        self._queue.put(lambda: self._write_line(line))

    def user_audio(self, pcm: bytes, ended_at: float) -> None:
        """Keep a chunk that was sent; ``ended_at`` is the monotonic time of its last sample."""
        starts_at = ended_at - self._started_at - len(pcm) / BYTES_PER_SECOND
        self._queue.put(lambda: self._user.write(pcm, starts_at))

    def customer_audio(self, pcm: bytes, pulled_at: float) -> None:
        """Keep a block that the sink pulled at monotonic ``pulled_at``. Any thread."""
        starts_at = pulled_at - self._started_at
        self._queue.put(lambda: self._customer.write(pcm, starts_at))

    def finish(self) -> None:
        """Write what is still queued, complete the files, end the thread. Blocks; may be called twice."""
        self._queue.put(None)
        self._thread.join()

    def _write_line(self, line: bytes) -> None:
        self._events.write(line + b"\n")

    def _run(self) -> None:
        failed = False
        while (task := self._queue.get()) is not None:
            if failed:
                continue
            try:
                task()
            except OSError as error:
                failed = True
                self._on_failure(error)
        for close in (self._events.close, self._user.close, self._customer.close):
            try:
                close()
            except OSError as error:
                if not failed:
                    failed = True
                    self._on_failure(error)


def _open_private(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    # Unbuffered: each line is one write, and nothing waits in the process when it is killed.
    return os.fdopen(descriptor, "wb", buffering=0)
