"""Reading back a conversation's recording."""

from __future__ import annotations

from pathlib import Path

from acceptance.measurements import RecordingFiles
from audio.pcm import DIGITAL_SILENCE_DBFS, rms_dbfs
from audio.ports import SAMPLE_RATE
from relay.recording.reader import EVENTS, NoRecording, RecordingReader

_WINDOW_SAMPLES = SAMPLE_RATE // 10


def loudest_dbfs(directory: Path) -> float | None:
    """RMS of the loudest 100 ms that the operator could hear, in dBFS; -120 for silence, None if it cannot be read."""
    loudest = DIGITAL_SILENCE_DBFS
    try:
        track = RecordingReader(directory).track("customer")
        if track is None:
            return None
        try:
            while pcm := track.read(_WINDOW_SAMPLES):
                loudest = max(loudest, rms_dbfs(pcm))
        finally:
            track.close()
    except (NoRecording, OSError, ValueError):
        return None
    return loudest


def read_recording(directory: Path) -> RecordingFiles | None:
    """The recording in ``directory``; None when there is none."""
    try:
        lines = (directory / EVENTS).read_bytes().splitlines()
        reader = RecordingReader(directory)
    except (NoRecording, OSError):
        return None
    return RecordingFiles(
        events=tuple(lines),
        user_seconds=_seconds(reader, "user"),
        customer_seconds=_seconds(reader, "customer"),
    )


def _seconds(reader: RecordingReader, name: str) -> float | None:
    track = reader.track(name)
    if track is None:
        return None
    track.close()
    return track.samples / SAMPLE_RATE
