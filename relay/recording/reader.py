"""A recording read back, of any version and however it ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from relay import stream
from relay.recording import wire
from relay.recording.manifest import Manifest, Tally, decode
from relay.recording.tracks import TrackReader, open_track
from relay.recording.wire import WireMessage
from relay.stream import StreamEvent, Transcript

MANIFEST = "manifest.json"
EVENTS = "events.jsonl"
WIRE = "wire.jsonl"
_BLOCK_BYTES = 1024 * 1024
_A_TRANSCRIPT = b'"kind":"transcript"'
TRACKS = ("user", "customer", "received")


class NoRecording(Exception):
    """The directory contains no readable recording."""


class RecordingReader:
    """The recording in ``directory``. Raises ``NoRecording``.

    Unreadable lines (cut short by a kill, or of a kind from a newer version) are skipped.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        if not (directory / EVENTS).is_file():
            raise NoRecording(f"no {EVENTS} in {directory}")
        self.manifest = read_manifest(directory)
        """None: format 1, or a manifest that cannot be read."""

    def events(self) -> Iterator[StreamEvent]:
        """Every event of the stream, in order. Raises ``OSError``."""
        for line in _lines(self.directory / EVENTS):
            if (event := _decoded(line)) is not None:
                yield event

    def transcripts(self) -> Iterator[Transcript]:
        """Every transcript of the stream, in order; the other lines are not even cut. Raises ``OSError``."""
        with (self.directory / EVENTS).open("rb") as file:
            rest = b""
            while block := file.read(_BLOCK_BYTES):
                lines, newline, rest = (rest + block).rpartition(b"\n")
                lines += newline
                found = lines.find(_A_TRANSCRIPT)
                while found >= 0:
                    end = lines.index(b"\n", found)
                    event = _decoded(lines[lines.rfind(b"\n", 0, found) + 1 : end])
                    if isinstance(event, Transcript):
                        yield event
                    found = lines.find(_A_TRANSCRIPT, end)

    def wire(self) -> Iterator[WireMessage]:
        """Every message of the WebSockets, in order; none in format 1. Raises ``OSError``."""
        path = self.directory / WIRE
        if not path.is_file():
            return
        for line in _lines(path):
            try:
                yield wire.decode(line)
            except (ValueError, RecursionError):
                continue

    def track(self, name: str) -> TrackReader | None:
        """``user``, ``customer`` or ``received``; None if there is no readable one."""
        for suffix in (".flac", ".wav"):
            path = self.directory / f"{name}{suffix}"
            try:
                if path.is_file():
                    return open_track(path)
            except (OSError, ValueError):
                continue
        return None

    def described(self) -> Manifest:
        """Its manifest; for a recording without one, or a killed one, derived from its events."""
        known = self.manifest
        if known is not None and known.ended is not None:
            return known
        tally = Tally().take_all(self.events())
        started = tally.started
        if known is None:
            known = Manifest(
                format=1,
                id=self.directory.name,
                started_at=started.wall_time if started else "",
                versions={"salesmind": started.version} if started else {},
                server_url=started.server_url if started else None,
                session_id=started.session_id if started else None,
            )
        ended = tally.ended(at=known.started_at)
        return msgspec.structs.replace(known, devices=tuple(tally.devices), ended=ended)


def is_being_written(directory: Path) -> bool:
    """Whether a recorder is writing there: it holds a lock that the kernel releases however it ends."""
    try:
        with (directory / EVENTS).open("rb") as file:
            locked(file, shared=True)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def locked(file: BinaryIO, *, shared: bool = False) -> BinaryIO:
    """Lock ``file`` for as long as it is open. Raises ``BlockingIOError`` if it is locked already."""
    try:
        import fcntl
    except ImportError:  # Windows: recordings are told apart by their manifest alone
        return file
    fcntl.flock(file.fileno(), (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    return file


def read_manifest(directory: Path) -> Manifest | None:
    """The manifest in ``directory``; None if there is no readable one."""
    try:
        return decode((directory / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None


def _decoded(line: bytes) -> StreamEvent | None:
    try:
        return stream.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield line.rstrip(b"\n")
