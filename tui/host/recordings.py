"""This machine's recordings: where they are and how long they are kept, from the settings."""

from __future__ import annotations

import logging

from recordings.library import Library
from tui.settings import ConsoleSettings

BYTES_PER_GB = 1_000_000_000

log = logging.getLogger(__name__)


def library(settings: ConsoleSettings) -> Library:
    """All of them."""
    return Library(settings.recordings_directory)


def expire(settings: ConsoleSettings) -> int:
    """Delete expired recordings and return their number. Never raises. Blocks."""
    keep = settings.recording
    try:
        removed = library(settings).expire(keep.keep_days or None, round(keep.keep_gb * BYTES_PER_GB) or None)
    except OSError as error:
        log.warning("Old recordings could not be removed: %s", error)
        return 0
    for entry in removed:
        log.info("Removed the recording %s (%d bytes)", entry.name, entry.size_bytes)
    return len(removed)
