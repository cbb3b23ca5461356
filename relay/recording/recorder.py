"""The recording of one run: events, messages and audio in one directory (docs/recording.md).

A separate thread does all writing, so the send path only puts into a queue. Every line is one write and
audio is written as it is encoded: ``kill -9`` loses no event and less than 0.2 s of audio. Once a second the files are
synced, so that a power failure loses no more than that.
"""

from __future__ import annotations

import errno
import hashlib
import os
import queue
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from audio.ports import BYTES_PER_SAMPLE
from relay import stream
from relay.config import BYTES_PER_SECOND
from relay.recording import manifest as manifests
from relay.recording import wire
from relay.recording.manifest import How, Manifest, Tally
from relay.recording.reader import EVENTS, MANIFEST, WIRE, locked
from relay.recording.tracks import TrackWriter
from relay.recording.wire import AudioReference, Direction, WireMessage
from relay.stream import StreamEvent

MAX_WAITING = 10_000
"""Lines and blocks of audio that may wait for the disk: two minutes, 10 MB. Beyond that the recording is abandoned."""
DISK_ANSWERS_WITHIN_S = 2.0
"""Longest wait at the end (s): a lost network drive must not hold up the conversation's end."""
SYNC_EVERY_S = 1.0
PLACES = 4_096
"""Chunks whose position is kept: more than the 30 s that may be sent late, unless they are tiny."""


class Recorder:
    """Writes what it is given until ``finish``. Files (0600) and a new directory are for their owner only.

    An existing recording is kept: the new one goes into a subdirectory ``2``, ``3`` and so on.
    Raises ``OSError`` if the directory or its files cannot be created. A later failure is reported once
    to ``on_failure``, from any thread, and kept in ``failure``; the conversation continues without a recording.
    """

    def __init__(
        self,
        directory: Path,
        started_at: float,
        on_failure: Callable[[OSError], None],
        manifest: Manifest | None = None,
    ) -> None:
        self.directory, self._events = _begin_events(directory)
        self.failure: OSError | None = None
        self._started_at = started_at
        self._on_failure = on_failure
        self._wire = _new_file(self.directory / WIRE)
        self._tracks = {name: TrackWriter(self.directory, name) for name in ("user", "customer", "received")}
        self._tally = Tally()
        self._places: OrderedDict[float, int] = OrderedDict()
        """Where in the track ``user`` the newest chunks are, in samples, by the time of their end."""
        self._late: deque[float | None] = deque()
        self._manifest = msgspec.structs.replace(
            manifest or Manifest(id="", started_at=""),
            id=self.directory.name,
            tracks={name: track.track for name, track in self._tracks.items()},
        )
        write_manifest(self.directory, self._manifest)
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._synced_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def event(self, event: StreamEvent) -> None:
        """Record one event of the stream."""
        self._put(lambda: self._write_event(event))

    def user_audio(self, pcm: bytes, ended_at: float) -> None:
        """Record a chunk that was sent; ``ended_at`` is the monotonic time of its last sample."""
        starts_at = ended_at - self._started_at - len(pcm) / BYTES_PER_SECOND
        self._put(lambda: self._place_user(pcm, starts_at, ended_at))

    def sending_late(self, ended_at: float | None) -> None:
        """The next binary message carries the chunk that was given to ``user_audio`` with this time, not the last one;
        None: it carries generated silence."""
        self._put(lambda: self._late.append(ended_at))

    def customer_audio(self, pcm: bytes, pulled_at: float) -> None:
        """Record a block that the sink pulled at monotonic ``pulled_at``. Any thread."""
        starts_at = pulled_at - self._started_at
        self._put(lambda: self._tracks["customer"].place(pcm, starts_at))

    def message(self, direction: Direction, message: str | bytes, at: float, connection: int) -> None:
        """Record a WebSocket message, sent or received at monotonic ``at``.

        For a sent binary message only its position in the track ``user`` is recorded: pass its audio to
        ``user_audio`` first.
        """
        self._put(lambda: self._write_message(direction, message, at - self._started_at, connection))

    def flush(self) -> None:
        """Wait until everything so far is written or has failed. Blocks."""
        written = threading.Event()
        self._queue.put(written.set)
        if not written.wait(DISK_ANSWERS_WITHIN_S):
            self._fail(_too_slow())

    def finish(self) -> None:
        """Write the queue, complete the files, end the thread. Blocks; may be called twice."""
        self._queue.put(None)
        self._thread.join(DISK_ANSWERS_WITHIN_S)

    def _put(self, task: Callable[[], None]) -> None:
        if self._queue.qsize() < MAX_WAITING:
            self._queue.put(task)
        else:
            self._fail(_too_slow())

    # --- on the recorder's thread --------------------------------------------------------------

    def _write_event(self, event: StreamEvent) -> None:
        self._tally.take(event)
        self._events.write(stream.encode(event) + b"\n")

    def _write_message(self, direction: Direction, message: str | bytes, t: float, connection: int) -> None:
        t = round(t, 6)
        if isinstance(message, str):
            received = self._tracks["received"]
            event, pcm = wire.without_audio(message, received.samples)
            if pcm:
                received.append(pcm)
            size = len(message.encode("utf-8", "surrogatepass"))
            kept = WireMessage(t=t, direction=direction, connection=connection, size_bytes=size)
            line = (
                msgspec.structs.replace(kept, text=event)
                if isinstance(event, str)
                else msgspec.structs.replace(kept, event=event)
            )
        else:
            line = WireMessage(
                t=t,
                direction=direction,
                connection=connection,
                size_bytes=len(message),
                audio=self._binary(direction, message),
            )
        self._wire.write(wire.encode(line) + b"\n")

    def _binary(self, direction: Direction, message: bytes) -> AudioReference | None:
        samples = len(message) // BYTES_PER_SAMPLE
        if direction == "out":
            if self._late:
                offset = self._places.get(self._late.popleft() or 0.0)
                return None if offset is None else AudioReference("user", offset, samples)
            return AudioReference("user", max(0, self._tracks["user"].samples - samples), samples)
        received = self._tracks["received"]
        offset = received.samples
        received.append(message[: samples * BYTES_PER_SAMPLE])
        return AudioReference("received", offset, samples)

    def _place_user(self, pcm: bytes, starts_at: float, ended_at: float) -> None:
        track = self._tracks["user"]
        track.place(pcm, starts_at)
        self._late.clear()  # what was announced was never sent
        self._places[ended_at] = track.samples - len(pcm) // BYTES_PER_SAMPLE
        if len(self._places) > PLACES:
            self._places.popitem(last=False)

    def _run(self) -> None:
        while (task := self._queue.get()) is not None:
            if self.failure is None:
                self._try(task)
                self._try(self._sync)
            elif isinstance(getattr(task, "__self__", None), threading.Event):
                task()  # whoever waits in ``flush`` is told
        for close in (self._events.close, self._wire.close, *(t.close for t in self._tracks.values())):
            self._try(close)
        self._try(self._complete)

    def _sync(self) -> None:
        now = time.monotonic()
        if now - self._synced_at < SYNC_EVERY_S:
            return
        self._synced_at = now
        for file in (self._events, self._wire):
            os.fdatasync(file.fileno())
        for track in self._tracks.values():
            track.sync()

    def _complete(self) -> None:
        how: How | None = "disk" if self.failure is not None else None
        tracks = {
            name: msgspec.structs.replace(track.track, samples=track.samples)
            for name, track in self._tracks.items()
        }
        complete = msgspec.structs.replace(
            self._manifest,
            devices=tuple(self._tally.devices),
            tracks=tracks,
            sha256=hashes(self.directory),
            ended=self._tally.ended(how),
        )
        write_manifest(self.directory, complete)

    def _try(self, task: Callable[[], None]) -> None:
        try:
            task()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        if self.failure is None:
            self.failure = error
            self._on_failure(error)


def hashes(directory: Path) -> dict[str, str]:
    """SHA-256 of each file of the recording except manifest and notes. Raises ``OSError``."""
    found = {}
    for path in sorted(directory.iterdir()):
        if path.suffix in (".jsonl", ".flac", ".wav") and path.is_file():
            with path.open("rb") as file:
                found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Replace ``manifest.json`` in one step. Raises ``OSError``."""
    temporary = directory / f"{MANIFEST}.new"
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(manifests.encode(manifest))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(directory / MANIFEST)


def _too_slow() -> OSError:
    return OSError(errno.ETIMEDOUT, "the disk does not take it in time")


def _begin_events(directory: Path) -> tuple[Path, BinaryIO]:
    """Create a new recording's directory and events.jsonl; one that already has our files is left alone."""
    place, number = directory, 1
    while True:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not any(path.suffix in (".flac", ".wav", ".jsonl") for path in place.iterdir()):
            try:
                # Exclusively: of two conversations that begin at once, each gets its own.
                return place, locked(_new_file(place / EVENTS))
            except FileExistsError:
                pass
        number += 1
        place = directory / str(number)


def _new_file(path: Path) -> BinaryIO:
    """Create a new file. Unbuffered: nothing is lost in the process when it is killed."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(descriptor, "wb", buffering=0)
