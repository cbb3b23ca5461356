"""The sound of a recording: files of PCM16 mono on the recording's clock, written and read back."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

from audio.flac import FlacReader, FlacWriter, repair
from audio.ports import BYTES_PER_SAMPLE, SAMPLE_RATE
from audio.wav import HEADER_BYTES, WavWriter
from relay.recording.manifest import Track

PAD_OVER_S = 0.2
"""A gap longer than this is filled with silence; a shorter one is only late, not missing."""
_SILENCE_SAMPLES = 10 * SAMPLE_RATE

log = logging.getLogger(__name__)


class TrackWriter:
    """One track. FLAC; WAV where libsndfile is missing, because that needs no library to survive a kill.

    Raises ``OSError``; ``FileExistsError`` when there is such a file already.
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
        """Add ``pcm`` at the end. Raises ``OSError``."""
        self._file.write(pcm)

    def place(self, pcm: bytes, starts_at_s: float) -> None:
        """Add sound that began ``starts_at_s`` seconds after the recording did. Raises ``OSError``."""
        behind = starts_at_s - self._file.samples / SAMPLE_RATE
        if behind > PAD_OVER_S:
            missing = int(behind * SAMPLE_RATE)
            while missing > 0:
                piece = min(missing, _SILENCE_SAMPLES)
                self._file.write(bytes(piece * BYTES_PER_SAMPLE))
                missing -= piece
        self._file.write(pcm)

    def sync(self) -> None:
        """Let it survive a loss of power up to here. Raises ``OSError``."""
        self._file.sync()

    def close(self) -> None:
        """Complete the file. Raises ``OSError``."""
        self._file.close()


def rescue(path: Path) -> int:
    """Complete a track whose disk was full; gives the samples in it. Raises ``OSError``, ``ValueError``."""
    if path.suffix == ".flac":
        return repair(path, disk_was_full=True)
    track = WavReader(path)
    track.close()
    return track.samples


class TrackReader(Protocol):
    """PCM16 mono at 24 kHz."""

    samples: int
    """In all."""

    def read(self, samples: int) -> bytes:
        """At most ``samples`` from the present place; empty at the end."""
        ...

    def seek(self, sample: int) -> None:
        """Go on at ``sample``."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class WavReader:
    """A WAV of the recorder. Samples are counted in the file: a killed recorder leaves its header behind."""

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
        """Go on at ``sample``."""
        self._file.seek(HEADER_BYTES + min(max(0, sample), self.samples) * BYTES_PER_SAMPLE)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_track(path: Path) -> TrackReader:
    """The track in ``path``, by its ending. Raises ``OSError`` and ``ValueError``."""
    return FlacReader(path) if path.suffix == ".flac" else WavReader(path)
