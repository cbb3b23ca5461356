"""Which files are a recording's own, and removing it: other recordings, or anybody's files, may lie beside it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from relay.recording.reader import EVENTS, MANIFEST, TRACKS, WIRE

NOTES = "notes.json"
"""What people say of it (``recordings.library``)."""
_NAMES = (
    *(f"{name}{suffix}" for name in TRACKS for suffix in (".flac", ".wav")),
    *(f"{name}{suffix}" for name in (MANIFEST, NOTES) for suffix in ("", ".new")),
    WIRE,
    EVENTS,
)


def files_of(directory: Path) -> list[Path]:
    """Those that are there; last the events, by which a recording is found: who is interrupted can begin again."""
    return [path for name in _NAMES if (path := directory / name).is_file() or path.is_symlink()]


def remove(directory: Path) -> None:
    """Remove the recording for good, its directory only if nothing else is in it. Raises ``OSError``."""
    for path in files_of(directory):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        directory.rmdir()
