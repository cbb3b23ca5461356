"""The recordings of this machine: where they are, how long they are kept, and how to export one."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recordings.library import Entry, Library, UnknownRecording
from recordings.lines import spoken_lines
from relay.recording.reader import EVENTS, RecordingReader
from tui import i18n
from tui.host.memory import private_directory
from tui.i18n import _
from tui.settings import ConsoleSettings

BYTES_PER_GB = 1_000_000_000
FORMATS = ("wav", "flac", "opus", "srt", "vtt", "md", "html", "jsonl", "cast")
"""What a recording can be exported as, by the ending of the file."""


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording, and the library that it is in."""

    library: Library
    entry: Entry

    @property
    def key(self) -> str:
        """Its directory: unique among all libraries."""
        return str(self.entry.directory)


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


def libraries(settings: ConsoleSettings) -> tuple[Library, ...]:
    """The conversations recorded by the console and `talk`, and those of the acceptance runs."""
    return library(settings), Library(settings.state_directory / "checks")


def all_recordings(shelves: Sequence[Library]) -> list[Kept]:
    """What is in them, the newest first."""
    found = {
        kept.key: kept
        for library in shelves
        for entry in library.entries()
        for kept in [Kept(library, entry)]
    }
    return sorted(found.values(), key=lambda kept: kept.entry.started_at, reverse=True)


def find_recording(shelves: Sequence[Library], name: str) -> Entry:
    """Find one by its name, an unambiguous start of it, ``latest``, or the path of any recording.

    Raises ``UnknownRecording``, ``NoRecording`` and ``OSError``.
    """
    if name == "latest":
        kept = all_recordings(shelves)
        if not kept:
            raise UnknownRecording(name)
        return kept[0].entry
    candidates: list[str] = []
    for library in shelves:
        try:
            return library.find(name)
        except UnknownRecording as error:
            candidates += error.candidates
    raise UnknownRecording(name, candidates)


def export_recording(directory: Path, suffix: str, folder: Path) -> Path:
    """Write the recording in ``directory`` into ``folder`` as one of ``FORMATS``; gives the file.

    A file that is there already is kept: the new one gets a number. Raises ``NoSound``, ``NoRecording``, ``OSError``.
    """
    private_directory(folder)
    target = _new_file(folder, directory.name, suffix)
    try:
        if suffix in ("wav", "flac", "opus"):
            _export_sound(directory, suffix, target)
        elif suffix == "jsonl":
            shutil.copyfile(directory / EVENTS, target)
        else:
            target.write_text(_text(directory, suffix), encoding="utf-8")
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _new_file(folder: Path, name: str, suffix: str) -> Path:
    number = 1
    while True:
        path = folder / (f"{name}.{suffix}" if number == 1 else f"{name}-{number}.{suffix}")
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return path


def _export_sound(directory: Path, suffix: str, target: Path) -> None:
    from recordings.export.sound import write_stereo

    if suffix == "wav":
        write_stereo(RecordingReader(directory), target, "wav")
    elif suffix == "flac":
        write_stereo(RecordingReader(directory), target, "flac")
    else:
        write_stereo(RecordingReader(directory), target, "opus")


def _text(directory: Path, suffix: str) -> str:
    if suffix == "html":
        from recordings.export.page import html

        return html(directory, i18n.language(), directory.name)
    from recordings.export import asciicast, markdown, subtitles

    reader = RecordingReader(directory)
    lines = spoken_lines(reader.events())
    match suffix:
        case "srt":
            return subtitles.srt(lines, speaker)
        case "vtt":
            return subtitles.vtt(lines, speaker)
        case "md":
            return markdown.transcript(lines, reader.described(), speaker, directory.name)
        case _:
            return asciicast.asciicast(lines, reader.described(), speaker, directory.name)


def speaker(role: str) -> str:
    """Who a role is, in the current language."""
    return {"user": _("Salesperson"), "assistant": _("Customer")}.get(role, _("System"))
