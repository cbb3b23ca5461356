"""Both sides of a recording mixed, and clipped where the sum is too loud."""

from __future__ import annotations

import numpy as np

from audio.ports import SAMPLE_RATE
from recordings.player.stretch import Samples
from relay.recording.reader import RecordingReader


class MixedTracks:
    """The tracks ``user`` and ``customer`` of a recording; ``seconds`` is 0 when neither can be read."""

    def __init__(self, reader: RecordingReader) -> None:
        self._tracks = [track for name in ("user", "customer") if (track := reader.track(name)) is not None]
        self.samples = max((track.samples for track in self._tracks), default=0)
        self.seconds = self.samples / SAMPLE_RATE
        self._at = 0

    def seek(self, t: float) -> None:
        """Go on at ``t`` seconds."""
        self._at = max(0, round(t * SAMPLE_RATE))
        for track in self._tracks:
            track.seek(min(self._at, track.samples))

    def read(self, samples: int) -> Samples:
        """The next ``samples``; fewer only at the end of the longer track. Raises ``OSError``."""
        wanted = max(0, min(samples, self.samples - self._at))
        mixed = np.zeros(wanted, dtype=np.int32)
        for track in self._tracks:
            pcm = np.frombuffer(track.read(wanted), dtype="<i2")
            mixed[: len(pcm)] += pcm
        self._at += wanted
        return np.clip(mixed, -32_768, 32_767).astype(np.int16)

    def close(self) -> None:
        """Close the files."""
        for track in self._tracks:
            track.close()
