"""Both sides in one stereo file: the salesperson left, the customer right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

from audio.ports import SAMPLE_RATE
from relay.recording.reader import RecordingReader
from relay.recording.tracks import TrackReader

Codec = Literal["wav", "flac", "opus"]
_FORMATS: dict[Codec, tuple[str, str]] = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "opus": ("OGG", "OPUS"),
}
_BLOCK = SAMPLE_RATE


class NoSound(Exception):
    """The recording has no track that can be read."""


def write_stereo(reader: RecordingReader, target: Path | IO[bytes], codec: Codec) -> float:
    """Write both tracks, the shorter one filled with silence; gives the seconds.

    Raises ``NoSound`` and ``OSError``.
    """
    import numpy as np
    import soundfile

    tracks = [reader.track("user"), reader.track("customer")]
    if not any(tracks):
        raise NoSound(str(reader.directory))
    container, subtype = _FORMATS[codec]
    samples = 0
    try:
        with soundfile.SoundFile(
            target, "w", samplerate=SAMPLE_RATE, channels=2, format=container, subtype=subtype
        ) as file:
            for left, right in _blocks(tracks):
                sides = [np.frombuffer(side, dtype="<i2") for side in (left, right)]
                longest = max(len(side) for side in sides)
                stereo = np.zeros((longest, 2), dtype="<i2")
                for channel, side in enumerate(sides):
                    stereo[: len(side), channel] = side
                file.write(stereo)
                samples += longest
    except soundfile.LibsndfileError as error:
        raise OSError(str(error)) from None
    finally:
        for track in tracks:
            if track is not None:
                track.close()
    return samples / SAMPLE_RATE


def _blocks(tracks: list[TrackReader | None]) -> Iterator[tuple[bytes, bytes]]:
    while True:
        left, right = (b"" if track is None else track.read(_BLOCK) for track in tracks)
        if not left and not right:
            return
        yield left, right
