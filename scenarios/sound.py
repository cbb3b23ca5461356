"""What is in sound files: when a recording begins to be heard, and how loud an answer was."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from audio.decode import open_decoder
from audio.pcm import rms_dbfs
from audio.ports import SAMPLE_RATE
from relay.recording.reader import NoRecording, RecordingReader

QUIET_DBFS = -45.0
"""What is quieter is taken for the silence before the words."""
_STEP_MS = 10
_WINDOW_SAMPLES = SAMPLE_RATE // 10


def leading_silence_s(path: Path) -> float:
    """Seconds of silence at its beginning, to 10 ms; all of it if nothing in it is louder. Raises ``AudioError``."""
    decoder = open_decoder(path)
    try:
        step = decoder.rate_hz * _STEP_MS // 1_000 * 2
        silent, rest = 0, b""
        while block := decoder.read():
            rest += block
            while len(rest) >= step:
                if rms_dbfs(rest[:step]) > QUIET_DBFS:
                    return silent * _STEP_MS / 1_000
                silent, rest = silent + 1, rest[step:]
        return silent * _STEP_MS / 1_000
    finally:
        decoder.close()


def loudest_heard_dbfs(recording: Path, spans: Iterable[tuple[float, float]]) -> float | None:
    """RMS of the loudest 100 ms of the customer within ``spans`` (seconds on the recording's clock).

    None if there is nothing there, or the recording cannot be read.
    """
    loudest: float | None = None
    try:
        track = RecordingReader(recording).track("customer")
        if track is None:
            return None
        try:
            for start_s, end_s in spans:
                track.seek(round(start_s * SAMPLE_RATE))
                left = round((end_s - start_s) * SAMPLE_RATE)
                while left > 0 and (pcm := track.read(min(left, _WINDOW_SAMPLES))):
                    left -= _WINDOW_SAMPLES
                    loudest = max(loudest if loudest is not None else -120.0, rms_dbfs(pcm))
        finally:
            track.close()
    except (NoRecording, OSError, ValueError):
        return None
    return loudest
