"""Completing a killed recording: whole lines, sample counts in FLAC and WAV headers, a manifest."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from audio import flac, wav
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE
from relay.recording.manifest import FORMAT, Manifest, Tally, Track
from relay.recording.reader import EVENTS, TRACKS, WIRE, RecordingReader, is_being_written
from relay.recording.recorder import hashes, write_manifest


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was done to one recording."""

    manifest: Manifest
    changes: tuple[str, ...]
    """Names of the changed files; empty: it was complete."""


class StillBeingWritten(Exception):
    """The recording's conversation is still in progress."""


def needs_repair(directory: Path) -> bool:
    """Whether it is incomplete and no longer being written. Raises ``NoRecording``."""
    manifest = RecordingReader(directory).manifest
    return (manifest is None or manifest.ended is None) and not is_being_written(directory)


def repair(directory: Path) -> Repaired:
    """Complete the recording in ``directory``; a complete one is left alone.

    Raises ``NoRecording``, ``StillBeingWritten`` and ``OSError``.
    """
    reader = RecordingReader(directory)
    known = reader.manifest
    if known is not None and known.ended is not None:
        return Repaired(known, ())
    if is_being_written(directory):
        raise StillBeingWritten(str(directory))
    changes = [name for name in (EVENTS, WIRE) if _cut_last_line(directory / name)]
    tracks: dict[str, Track] = {}
    for name in TRACKS:
        for path in (directory / f"{name}.flac", directory / f"{name}.wav"):
            if path.is_file():
                tracks[name], changed = _complete_track(path)
                changes += [path.name] if changed else []
    tally = Tally().take_all(reader.events())
    described = msgspec.structs.replace(reader.described(), devices=tuple(tally.devices), tracks=tracks)
    manifest = msgspec.structs.replace(
        described,
        format=FORMAT,
        sha256=hashes(directory),
        ended=tally.ended(at=_when(described.started_at, tally.last_t)),
    )
    write_manifest(directory, manifest)
    return Repaired(manifest, (*changes, "manifest.json"))


def _cut_last_line(path: Path) -> bool:
    """Drop what follows the last newline; returns whether there was anything."""
    if not path.is_file():
        return False
    with path.open("r+b") as file:
        size = end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65_536)
            file.seek(start)
            at = file.read(end - start).rfind(b"\n")
            if at >= 0:
                end = start + at + 1
                break
            end = start
        if end != size:
            file.truncate(end)
        return end != size


def _complete_track(path: Path) -> tuple[Track, bool]:
    before = path.stat()
    if path.suffix == ".flac":
        with path.open("rb") as file:
            declared = flac.declared_samples(file.read(64))
        samples = flac.repair(path)
        return Track(file=path.name, codec="flac", rate_hz=SAMPLE_RATE, samples=samples), declared != samples
    samples = max(0, before.st_size - wav.HEADER_BYTES) // BYTES_PER_SAMPLE
    with path.open("r+b") as file:
        right = wav.header(samples * BYTES_PER_SAMPLE)
        changed = file.read(wav.HEADER_BYTES) != right
        if changed:
            file.seek(0)
            file.write(right)
    return Track(file=path.name, codec="wav", rate_hz=SAMPLE_RATE, samples=samples), changed


def _when(started_at: str, seconds: float) -> str:
    try:
        began = datetime.fromisoformat(started_at)
    except ValueError:
        return datetime.now(UTC).isoformat(timespec="seconds")
    return (began + timedelta(seconds=seconds)).isoformat(timespec="seconds")
