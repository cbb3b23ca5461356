"""What a recording of a conversation holds, read back."""

from __future__ import annotations

import wave
from pathlib import Path

from acceptance.measurements import RecordingFiles
from audio.pcm import DIGITAL_SILENCE_DBFS, rms_dbfs
from audio.ports import SAMPLE_RATE

_WINDOW_SAMPLES = SAMPLE_RATE // 10


def loudest_dbfs(path: Path) -> float | None:
    """RMS of the loudest 100 ms of a PCM16 mono WAV, in dBFS; -120 for silence, None if it cannot be read."""
    loudest = DIGITAL_SILENCE_DBFS
    try:
        with wave.open(str(path), "rb") as sound:
            while pcm := sound.readframes(_WINDOW_SAMPLES):
                loudest = max(loudest, rms_dbfs(pcm))
    except (OSError, wave.Error, EOFError, ValueError):
        return None
    return loudest


def read_recording(directory: Path) -> RecordingFiles | None:
    """The recording in ``directory``; None when there is none."""
    try:
        lines = (directory / "events.jsonl").read_bytes().splitlines()
    except OSError:
        return None
    return RecordingFiles(
        events=tuple(lines),
        user_seconds=_seconds(directory / "user.wav"),
        customer_seconds=_seconds(directory / "customer.wav"),
    )


def _seconds(path: Path) -> float | None:
    try:
        with wave.open(str(path), "rb") as sound:
            return sound.getnframes() / sound.getframerate()
    except (OSError, wave.Error, EOFError):
        return None
