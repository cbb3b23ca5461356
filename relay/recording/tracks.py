"""The audio of a recording: PCM16 mono files on the recording's clock, written and read back."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

from audio.flac import FlacReader, FlacWriter
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE
from audio.wav import HEADER_BYTES, WavWriter
from relay.recording.manifest import Track

PAD_OVER_S = 0.2
"""Longer gaps (s) are filled with silence; a shorter one is only jitter."""
_SILENCE_SAMPLES = 10 * SAMPLE_RATE

log = logging.getLogger(__name__)


class TrackWriter:
    """One track. FLAC, or WAV if libsndfile is missing, which survives a kill without any library.

    Raises ``OSError``; ``FileExistsError`` if the file exists.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self._file: FlacWriter | WavWriter
        try:
            self._file = FlacWriter(directory / f"{name}.flac")
        except FileExistsError:
            raise
        except (ImportError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's doing, not the library's
            log.warning("No FLAC here (%s): recording WAV", error)
            self._file = WavWriter(directory / f"{name}.wav")

    @property
    def samples(self) -> int:
        """Samples so far."""
        return self._file.samples

    @property
    def track(self) -> Track:
        """As the manifest names it, without its length."""
        codec = "flac" if isinstance(self._file, FlacWriter) else "wav"
        return Track(file=self._file.path.name, codec=codec, rate_hz=SAMPLE_RATE)  # type: ignore[arg-type]

    def append(self, pcm: bytes) -> None:
        """Append ``pcm``. Raises ``OSError``."""
        self._file.write(pcm)

    def place(self, pcm: bytes, starts_at_s: float) -> None:
        """Add audio that started ``starts_at_s`` seconds into the recording. Raises ``OSError``."""
        behind = starts_at_s - self._file.samples / SAMPLE_RATE
        if behind > PAD_OVER_S:
            missing = int(behind * SAMPLE_RATE)
            while missing > 0:
                piece = min(missing, _SILENCE_SAMPLES)
                self._file.write(bytes(piece * BYTES_PER_SAMPLE))
                missing -= piece
        self._file.write(pcm)

    def sync(self) -> None:
        """Sync to disk, so that a power failure loses nothing up to here. Raises ``OSError``."""
        self._file.sync()

    def close(self) -> None:
        """Complete the file. Raises ``OSError``."""
        self._file.close()


class TrackReader(Protocol):
    """PCM16 mono at 24 kHz."""

    samples: int
    """Total length in samples."""

    def read(self, samples: int) -> bytes:
        """At most ``samples`` from the present place; empty at the end."""
        ...

    def seek(self, sample: int) -> None:
        """Continue at ``sample``."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class WavReader:
    """The recorder's WAV. Samples are counted from the file's size: a killed recorder leaves its header out of date."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        head = self._file.read(HEADER_BYTES)
        if head[:4] != b"RIFF" or head[8:12] != b"WAVE" or head[36:40] != b"data":
            self._file.close()
            raise ValueError("not a WAV file of the recorder")
        self.samples = (path.stat().st_size - HEADER_BYTES) // BYTES_PER_SAMPLE

    def read(self, samples: int) -> bytes:
        """At most ``samples`` from the present place; empty at the end."""
        data = self._file.read(samples * BYTES_PER_SAMPLE)
        return data[: len(data) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE]

    def seek(self, sample: int) -> None:
        """Continue at ``sample``."""
        self._file.seek(HEADER_BYTES + min(max(0, sample), self.samples) * BYTES_PER_SAMPLE)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_track(path: Path) -> TrackReader:
    """Open the track in ``path``, by its suffix. Raises ``OSError`` and ``ValueError``."""
    return FlacReader(path) if path.suffix == ".flac" else WavReader(path)
