"""A recording's own files, and removing them: other recordings, or other files, may lie beside them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from relay.recording.reader import EVENTS, MANIFEST, TRACKS, WIRE

NOTES = "notes.json"
"""Its mark and note (``recordings.library``)."""
_NAMES = (
    *(f"{name}{suffix}" for name in TRACKS for suffix in (".flac", ".wav")),
    *(f"{name}{suffix}" for name in (MANIFEST, NOTES) for suffix in ("", ".new")),
    WIRE,
    EVENTS,
)


def files_of(directory: Path) -> list[Path]:
    """The files present, events last: they identify a recording, so an interrupted removal can be repeated."""
    return [path for name in _NAMES if (path := directory / name).is_file() or path.is_symlink()]


def remove(directory: Path) -> None:
    """Delete the recording, and its directory if nothing else is in it. Raises ``OSError``."""
    for path in files_of(directory):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        directory.rmdir()
